//! A replay and its target: hands messages over, waits for acknowledgements, and takes a lost connection up again.

use super::board::Books;
use super::books::{Line, Phase};
use super::line;
use super::pacer::{End, Pacer};
use super::play::now;
use super::trials::{Trials, Verdict};
use crate::bench::{OnDrop, ReplayAct};
use crate::dialect::Outgoing;
use crate::event::{Fact, Trouble};
use crate::io::Input;
use crate::io::client::qos;
use crate::io::outbox::{Receipt, Sending};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

/// How long the target may take to let a speaker in, or out.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// A target that takes and acknowledges nothing for so long is taken for lost.
const SILENCE: Duration = Duration::from_secs(30);
/// After so long it is told that the replay waits for acknowledgements.
const WORTH_TELLING: Duration = Duration::from_secs(2);
/// A wait that is longer stops the clock: what comes after it keeps its distances instead of leaving in a burst.
const STALL: Duration = Duration::from_millis(250);
/// So long a connection is watched before more is said, when the last one did not hold.
const QUIET: Duration = Duration::from_secs(1);

/// What became of a message on its way to a connection.
enum Handing {
    Done,
    Away,
    Troubled,
    Full,
}

impl Pacer {
    /// Hands a message to its connection, as soon as there is room, and what another one says before it has arrived: each
    /// connection keeps an order of its own, and the target is to see that of the capture.
    pub fn hand_over(&mut self, line: usize, number: u64) -> Result<(), End> {
        if let Some(other) = self.speaks.replace(line).filter(|other| *other != line) {
            self.settle_one(other)?;
        }
        loop {
            let handing = self.board.change(|books| {
                let line = &mut books.lines[line];
                match line.phase {
                    Phase::Away => Handing::Away,
                    Phase::Up if line.again.is_empty() && line.is_full() => Handing::Full,
                    Phase::Up if line.again.is_empty() => {
                        line.hand_over(number, now());
                        Handing::Done
                    }
                    _ => Handing::Troubled,
                }
            });
            match handing {
                Handing::Done => return self.send(line, number),
                Handing::Away => self.come_again(line)?,
                Handing::Troubled => self.take_up_again(line)?,
                Handing::Full => self.await_target(line, Line::is_full)?,
            }
        }
    }

    fn send(&self, line: usize, number: u64) -> Result<(), End> {
        let place = self.says[usize::try_from(number % self.says.len() as u64).unwrap_or_default()];
        let ReplayAct::Say { topic, payload, qos: level, retain } = &self.order.steps[place].act else { return Ok(()) };
        if self.place.is_none() {
            let message = Outgoing { topic: topic.clone(), payload: payload.to_vec(), qos: *level };
            let board = Arc::clone(&self.board);
            let tell = move |out| board.change(|books| books.lines[line].note_published(number, out, now()));
            let sending = Sending { retain: *retain, receipt: Some(Receipt::new(tell)), ..message.into() };
            return self.put(Input::Publish(Box::new(sending)));
        }
        if let Some(mouth) = &self.mouths[line] {
            // There is room: fewer are handed over at once than it holds. A lost connection is seen on the board.
            let _ = mouth.requests.try_publish(topic.as_str(), qos(*level), *retain, payload.to_vec());
        }
        Ok(())
    }

    /// A connection broke off: connects again and sends what was left over, or ends.
    pub fn take_up_again(&mut self, line: usize) -> Result<(), End> {
        let lost = match &self.board.lock().lines[line].phase {
            Phase::Lost { why, refused } => Some((why.clone(), *refused)),
            Phase::Up | Phase::Away | Phase::Coming => None,
        };
        let Some((why, refused)) = lost else {
            // Its messages fell, and it did not: the session's broker is just being changed.
            self.wait_while(Some(now() + STALL), |books| books.lines[line].phase == Phase::Up)?;
            self.come_again(line)?;
            return self.send_again(line);
        };
        if refused || self.order.on_drop == OnDrop::Stop {
            return Err(End::Failed(why));
        }
        self.play.stand(Duration::ZERO);
        self.reconnect(line, why)?;
        self.send_again(line)?;
        // Lost again meanwhile: that is told next.
        if self.board.lock().troubled().is_none() { self.tell_goes_on() } else { Ok(()) }
    }

    fn reconnect(&mut self, number: usize, why: Trouble) -> Result<(), End> {
        let verdict = self.board.change(|books| {
            let line = &mut books.lines[number];
            if self.place.is_some() {
                line.take_back();
            }
            self.trials[number].judge(line, now())
        });
        let (why, mut pause) = match verdict {
            Verdict::TakenOver(times, pause) if self.place.is_some() => (self.taken_over(number, times), pause),
            Verdict::Chance(pause) | Verdict::TakenOver(_, pause) => (why, pause),
            Verdict::Stuck { message, times } => return Err(End::Failed(self.stuck(message, times))),
        };
        self.tell(Fact::ReplayPaused { replay: self.replay, trouble: Some(why) })?;
        if self.place.is_none() {
            return self.await_broker(number);
        }
        loop {
            self.wait_while(Some(now() + pause), |_| true)?;
            self.come(number)?;
            match self.wait_until_up(number)? {
                None => break,
                Some((trouble, true)) => return Err(End::Failed(trouble)),
                Some((_, false)) => pause = Trials::longer(pause),
            }
        }
        if self.trials[number].want_quiet() {
            self.wait_while(Some(now() + QUIET), |books| books.lines[number].phase == Phase::Up)?;
        }
        Ok(())
    }

    /// Until the session has a broker again.
    fn await_broker(&self, number: usize) -> Result<(), End> {
        self.wait_while(None, |books| !books.lines[number].is_back)?;
        self.board.change(|books| {
            let line = &mut books.lines[number];
            if line.is_back {
                line.is_back = false;
                line.begin();
                line.note_up(now());
            }
        });
        Ok(())
    }

    /// Sends what a lost connection left over, as long as this one holds.
    fn send_again(&mut self, number: usize) -> Result<(), End> {
        let careful = self.trials[number].are_careful();
        loop {
            let in_the_way = |line: &Line| if careful { !line.is_idle() } else { line.is_full() };
            self.await_target(number, in_the_way)?;
            let next = self.board.change(|books| {
                let line = &mut books.lines[number];
                let next = line.again.first().copied().filter(|_| line.phase == Phase::Up && !in_the_way(line))?;
                line.hand_over(next, now());
                Some(next)
            });
            match next {
                Some(next) => self.send(number, next)?,
                None => return Ok(()),
            }
        }
    }

    fn taken_over(&self, number: usize, times: u32) -> Trouble {
        let client = &self.identities[number].client;
        Trouble::new("replay-taken-over").with("address", self.address()).with("client", client).with("n", times)
    }

    fn stuck(&self, message: u64, times: u32) -> Trouble {
        let place = self.says[usize::try_from(message % self.says.len() as u64).unwrap_or_default()];
        let step = &self.order.steps[place];
        let topic = if let ReplayAct::Say { topic, .. } = &step.act { topic.as_str() } else { "" };
        Trouble::new("replay-stuck")
            .with("address", self.address())
            .with("event", step.of)
            .with("topic", topic.escape_debug())
            .with("n", times)
    }

    /// A speaker that is away comes.
    pub fn come_again(&mut self, number: usize) -> Result<(), End> {
        if self.board.lock().lines[number].phase != Phase::Away {
            return Ok(());
        }
        let begun = now();
        self.come(number)?;
        let failed = self.wait_until_up(number)?.is_some();
        self.stand_if_long(begun);
        if failed { self.take_up_again(number) } else { Ok(()) }
    }

    pub fn come(&mut self, number: usize) -> Result<(), End> {
        let Some(place) = &self.place else { return Ok(()) };
        if let Some(mouth) = self.mouths[number].take() {
            mouth.abandon();
        }
        let opened = line::open(place, &self.identities[number], &self.board, number, &self.runtime);
        self.mouths[number] = Some(opened.map_err(End::Failed)?);
        Ok(())
    }

    pub fn leave(&mut self, number: usize) {
        if let Some(mouth) = self.mouths[number].take() {
            mouth.leave();
        }
        self.board.change(|books| {
            let phase = &mut books.lines[number].phase;
            if matches!(phase, Phase::Lost { .. }) {
                *phase = Phase::Away;
            }
        });
    }

    /// Until a speaker is signed in; or why it is not, and whether trying again is of no use.
    pub fn wait_until_up(&self, number: usize) -> Result<Option<(Trouble, bool)>, End> {
        self.wait_while(Some(now() + PATIENCE), |books| books.lines[number].phase == Phase::Coming)?;
        let phase = &mut self.board.lock().lines[number].phase;
        if matches!(phase, Phase::Away | Phase::Coming) {
            let why = Trouble::new("replay-unreachable").with("address", self.address()).with("detail", "no answer");
            *phase = Phase::Lost { why, refused: false };
        }
        Ok(match phase {
            Phase::Lost { why, refused } => Some((why.clone(), *refused)),
            _ => None,
        })
    }

    fn address(&self) -> String {
        self.place.as_ref().map(|place| place.broker.address()).unwrap_or_default()
    }

    /// Until everything handed over has arrived.
    pub fn settle(&mut self) -> Result<(), End> {
        loop {
            let unsettled = self.board.lock().lines.iter().position(|line| !line.is_settled());
            let Some(number) = unsettled else { return self.wait_for_orders() };
            self.settle_one(number)?;
        }
    }

    /// Until the session has answered whether it ordered the upgrades.
    fn wait_for_orders(&self) -> Result<(), End> {
        self.wait_while(Some(now() + PATIENCE), |books| books.ordered + books.refused < self.asked)
    }

    /// Until everything handed over to this connection has arrived.
    pub fn settle_one(&mut self, number: usize) -> Result<(), End> {
        loop {
            let troubled = {
                let line = &self.board.lock().lines[number];
                if line.is_settled() {
                    return Ok(());
                }
                line.phase != Phase::Up || !line.again.is_empty()
            };
            if troubled {
                self.take_up_again(number)?;
            } else {
                self.await_target(number, |line| !line.is_idle())?;
            }
        }
    }

    /// Waits as long as something is so of a connection that holds, and as long as its target goes on taking anything.
    fn await_target(&mut self, number: usize, so: impl Fn(&Line) -> bool) -> Result<(), End> {
        let (begun, mut told) = (now(), false);
        let board = Arc::clone(&self.board);
        loop {
            let books = board.lock();
            if books.wishes.stop {
                return Err(End::Stopped);
            }
            let line = &books.lines[number];
            if line.phase != Phase::Up || !so(line) {
                break;
            }
            let dead = line.news.unwrap_or(begun) + SILENCE;
            let (tell_at, dead) = (begun + WORTH_TELLING, self.place.is_some().then_some(dead));
            if dead.is_some_and(|dead| now() >= dead) {
                drop(books);
                self.give_up(number);
                break;
            }
            if !told && now() >= tell_at {
                told = true;
                drop(books);
                let why = Trouble::new("replay-awaits-answer").with("address", self.address());
                self.tell(Fact::ReplayPaused { replay: self.replay, trouble: Some(why) })?;
                continue;
            }
            let until = if told { dead } else { Some(dead.map_or(tell_at, |dead| dead.min(tell_at))) };
            drop(board.wait(books, until));
        }
        self.stand_if_long(begun);
        if told && self.board.lock().troubled().is_none() { self.tell_goes_on() } else { Ok(()) }
    }

    /// The target no longer answers.
    fn give_up(&self, number: usize) {
        if let Some(mouth) = &self.mouths[number] {
            mouth.abandon();
        }
        let detail = format!("no acknowledgement for {} s", SILENCE.as_secs());
        let why = Trouble::new("replay-lost").with("address", self.address()).with("detail", detail);
        self.board.change(|books| books.lines[number].phase = Phase::Lost { why, refused: false });
    }

    fn stand_if_long(&mut self, begun: Instant) {
        if now().saturating_duration_since(begun) > STALL {
            self.play.stand_since(begun);
        }
    }

    /// Waits as long as something is so, at most until then, or until the operator stops it.
    pub fn wait_while(&self, until: Option<Instant>, so: impl Fn(&Books) -> bool) -> Result<(), End> {
        let mut books: MutexGuard<'_, _> = self.board.lock();
        loop {
            if books.wishes.stop {
                return Err(End::Stopped);
            }
            if !so(&books) || until.is_some_and(|until| now() >= until) {
                return Ok(());
            }
            books = self.board.wait(books, until);
        }
    }
}
