//! Keeps the time of a replay: each step at its instant, counted from the first, so that no error adds up.

use super::board::{Board, Books, Line, Phase};
use super::line::{self, Identity, Mouth, Place};
use super::{ReplayerOptions, Route};
use crate::bench::{Action, OnDrop, Publication, ReplayAct, ReplayOrder, ReplayStep, Speed};
use crate::event::{Fact, Micros, ReplayId, Trouble, UpgradeOrder};
use crate::io::broker_url::BrokerUrl;
use crate::io::client::qos;
use crate::io::{Inbox, Input};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// A thread that is to wake at an instant wakes a little later: it is up so long before, and gives the processor away
/// again and again until then.
const EARLY: Duration = Duration::from_micros(300);
/// Messages handed over and not on the wire at once.
const MOST_HANDED: usize = 32;
/// Messages on the wire and not acknowledged at once: fewer than rumqttc's packet ids.
const MOST_UNACKNOWLEDGED: usize = 64;
/// How long the target may take to let a speaker in, or to acknowledge the last messages.
const PATIENCE: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Why a replay does not go on.
enum End {
    /// The operator stopped it, or the session is over.
    Stopped,
    Failed(Trouble),
}

/// The replay's own clock: it stands still while the replay waits.
struct Play {
    began: Instant,
    /// How far it had come when it last stood still.
    stands_at: Option<Duration>,
}

impl Play {
    fn begin() -> Self {
        Self { began: now(), stands_at: None }
    }

    /// Stops the clock, at this point at least.
    fn stand(&mut self, at_least: Duration) {
        let here = self.stands_at.unwrap_or_else(|| now().saturating_duration_since(self.began));
        self.stands_at = Some(if self.stands_at.is_some() { here.max(at_least) } else { here });
    }

    fn go_on(&mut self) {
        if let Some(here) = self.stands_at.take()
            && let Some(began) = now().checked_sub(here)
        {
            self.began = began;
        }
    }

    fn instant(&self, due: Micros) -> Instant {
        self.began + Duration::from_micros(due.0)
    }
}

/// The thread that keeps the time.
pub(super) struct Pacer {
    replay: ReplayId,
    order: ReplayOrder,
    place: Option<Place>,
    judged: bool,
    inbox: Inbox,
    board: Arc<Board>,
    runtime: Runtime,
    identities: Vec<Identity>,
    mouths: Vec<Option<Mouth>>,
    /// What the session published itself.
    published: u64,
    play: Play,
    /// Whether it was told that it waits for the operator.
    told: bool,
}

impl Pacer {
    pub fn new(options: ReplayerOptions, broker: Option<BrokerUrl>, board: Arc<Board>) -> Result<Self, Trouble> {
        let ReplayerOptions { replay, order, route, judged, inbox } = options;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("replay mqtt")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        let place = broker.zip(match route {
            Route::Broker { trust, .. } => Some(trust),
            Route::Cloud => None,
        });
        let place = place.map(|(broker, trust)| Place { broker, trust });
        let identities: Vec<_> = order.speakers.iter().map(|speaker| Identity::of(speaker, order.downstream)).collect();
        let mouths = identities.iter().map(|_| None).collect();
        let play = Play::begin();
        Ok(Self {
            replay,
            order,
            place,
            judged,
            inbox,
            board,
            runtime,
            identities,
            mouths,
            published: 0,
            play,
            told: false,
        })
    }

    /// Runs to its end, and tells of it.
    pub fn run(mut self) {
        let trouble = match self.play_all() {
            Ok(()) | Err(End::Stopped) => None,
            Err(End::Failed(trouble)) => Some(trouble),
        };
        self.leave_all();
        let sent = self.published + self.board.lock().lines.iter().map(|line| line.sent).sum::<u64>();
        let _ = self.inbox.fact(Fact::ReplayEnded { replay: self.replay, sent, of: self.order.total(), trouble });
    }

    fn play_all(&mut self) -> Result<(), End> {
        let steps = Arc::clone(&self.order.steps);
        for number in self.speaking() {
            self.come(number)?;
        }
        for number in self.speaking() {
            if let Some((trouble, _)) = self.wait_until_up(number)? {
                return Err(End::Failed(trouble));
            }
        }
        self.play = Play::begin();
        let mut number = 0;
        for round in 0..self.order.rounds {
            for step in &*steps {
                self.wait_for(round, step)?;
                self.perform(number, step)?;
                number += 1;
            }
        }
        self.settle()
    }

    /// The speakers that need a connection.
    fn speaking(&self) -> Vec<usize> {
        let all = 0..self.identities.len();
        let speaks = |number: &usize| {
            self.order.steps.iter().any(|step| step.speaker == *number && !matches!(step.act, ReplayAct::Upgrade(_)))
        };
        all.filter(|number| self.place.is_some() && speaks(number)).collect()
    }

    /// Waits for a step's instant, for the operator, and for a target that went away.
    fn wait_for(&mut self, round: u64, step: &ReplayStep) -> Result<(), End> {
        let mut due = self.order.due(round, step.after);
        let counts = step.act.is_message(self.order.downstream);
        let board = Arc::clone(&self.board);
        loop {
            let mut books = board.lock();
            if books.wishes.stop {
                return Err(End::Stopped);
            }
            if let Some(number) = lost(&books) {
                drop(books);
                self.take_up_again(number)?;
                continue;
            }
            if let Some(pace) = books.wishes.pace.take().filter(|_| self.order.speed == Speed::Step) {
                drop(books);
                self.order.speed = pace;
                due = self.order.due(round, step.after);
                self.play.stands_at = Some(Duration::from_micros(due.0));
                self.tell(Fact::ReplayResumed { replay: self.replay })?;
                continue;
            }
            if books.wishes.paused || self.order.speed == Speed::Step {
                if books.wishes.steps > 0 {
                    books.wishes.steps -= u64::from(counts);
                    drop(books);
                    self.play.stand(Duration::from_micros(due.0));
                    return Ok(());
                }
                if books.wishes.no_more_steps {
                    return Err(End::Stopped);
                }
                if books.wishes.paused && !self.told && self.order.speed != Speed::Step {
                    self.told = true;
                    drop(books);
                    self.play.stand(Duration::ZERO);
                    self.tell(Fact::ReplayPaused { replay: self.replay, trouble: None })?;
                    continue;
                }
                drop(board.wait(books, None));
                continue;
            }
            if self.told || self.play.stands_at.is_some() {
                drop(books);
                self.play.go_on();
                if std::mem::take(&mut self.told) {
                    self.tell(Fact::ReplayResumed { replay: self.replay })?;
                }
                continue;
            }
            let at = self.play.instant(due);
            let early = at.checked_sub(EARLY).unwrap_or(at);
            if now() >= early {
                drop(books);
                while now() < at {
                    std::thread::yield_now();
                }
                return Ok(());
            }
            drop(board.wait(books, Some(early)));
        }
    }

    fn perform(&mut self, number: u64, step: &ReplayStep) -> Result<(), End> {
        match &step.act {
            ReplayAct::Say { .. } => self.say(number, step),
            ReplayAct::Upgrade(order) if self.judged => {
                let (order, serve) = (self.as_ours(order), self.order.downstream);
                // Counted as a message where it stands for one.
                self.published += u64::from(serve);
                self.put(Input::Action(Action::OrderAgain { order, serve }))
            }
            ReplayAct::Come if self.place.is_some() => {
                self.come(step.speaker)?;
                match self.wait_until_up(step.speaker)? {
                    None => Ok(()),
                    Some(_) => self.take_up_again(step.speaker),
                }
            }
            ReplayAct::Leave if self.place.is_some() => {
                self.wait_while(Some(now() + PATIENCE), |books| !books.lines[step.speaker].is_settled())?;
                self.leave(step.speaker);
                self.wait_while(Some(now() + PATIENCE), |books| books.lines[step.speaker].phase == Phase::Up)
            }
            _ => Ok(()),
        }
    }

    /// A captured order as ours: no other replay is to take it for the operator's.
    fn as_ours(&self, order: &UpgradeOrder) -> Arc<UpgradeOrder> {
        Arc::new(UpgradeOrder { replay: Some(self.replay), ..order.clone() })
    }

    fn say(&mut self, number: u64, step: &ReplayStep) -> Result<(), End> {
        let ReplayAct::Say { topic, payload, qos, retain } = &step.act else { return Ok(()) };
        let client = (!self.order.downstream).then(|| self.identities[step.speaker].client.clone());
        // Told first, or the message could come up before it is known to be a replay's.
        self.tell(Fact::MessageReplayed {
            replay: self.replay,
            of: step.of,
            client,
            topic: topic.clone().into(),
            payload: payload.clone(),
            qos: *qos,
            retain: *retain,
        })?;
        if self.place.is_some() {
            return self.hand_over(step.speaker, number);
        }
        self.published += 1;
        let message = Publication { topic: topic.clone(), payload: payload.to_vec(), qos: *qos, retain: *retain };
        self.put(Input::Action(Action::Publish(message)))
    }

    /// Hands a message to its connection, as soon as there is room.
    fn hand_over(&mut self, speaker: usize, number: u64) -> Result<(), End> {
        let full = |books: &Books| {
            let line = &books.lines[speaker];
            line.phase == Phase::Up
                && (line.handed.len() >= MOST_HANDED || line.unacknowledged.len() >= MOST_UNACKNOWLEDGED)
        };
        self.wait_while(None, full)?;
        if self.board.change(|books| {
            let line = &mut books.lines[speaker];
            line.handed.push_back(number);
            line.phase != Phase::Up
        }) {
            // It goes out with what the lost connection left over.
            return self.take_up_again(speaker);
        }
        self.send(speaker, number);
        Ok(())
    }

    fn send(&self, speaker: usize, number: u64) {
        let steps = &self.order.steps;
        let place = usize::try_from(number % steps.len() as u64).unwrap_or_default();
        if let (ReplayAct::Say { topic, payload, qos: level, retain }, Some(mouth)) =
            (&steps[place].act, &self.mouths[speaker])
        {
            // There is room: fewer are handed over at once than it holds. A lost connection is seen on the board.
            let _ = mouth.requests.try_publish(topic.as_str(), qos(*level), *retain, payload.to_vec());
        }
    }

    /// A connection broke off: connects again and sends what was left over, or ends.
    fn take_up_again(&mut self, number: usize) -> Result<(), End> {
        let why = match &self.board.lock().lines[number].phase {
            Phase::Lost { why, refused } if *refused || self.order.on_drop == OnDrop::Stop => {
                return Err(End::Failed(why.clone()));
            }
            Phase::Lost { why, .. } => why.clone(),
            _ => return Ok(()),
        };
        self.play.stand(Duration::ZERO);
        self.tell(Fact::ReplayPaused { replay: self.replay, trouble: Some(why) })?;
        let mut pause = FIRST_PAUSE;
        loop {
            self.wait_while(Some(now() + pause), |_| true)?;
            self.come(number)?;
            match self.wait_until_up(number)? {
                None => break,
                Some((trouble, true)) => return Err(End::Failed(trouble)),
                Some((_, false)) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
        let left_over = self.board.change(|books| {
            let line = &mut books.lines[number];
            let left_over = line.take_left_over();
            line.handed.extend(&left_over);
            left_over
        });
        for message in left_over {
            self.send(number, message);
        }
        self.tell(Fact::ReplayResumed { replay: self.replay })
    }

    fn come(&mut self, number: usize) -> Result<(), End> {
        let Some(place) = &self.place else { return Ok(()) };
        let opened = line::open(place, &self.identities[number], &self.board, number, &self.runtime);
        self.mouths[number] = Some(opened.map_err(End::Failed)?);
        Ok(())
    }

    fn leave(&mut self, number: usize) {
        if let Some(mouth) = self.mouths[number].take() {
            mouth.leave();
        }
    }

    /// Until a speaker is signed in; or why it is not, and whether trying again is of no use.
    fn wait_until_up(&self, number: usize) -> Result<Option<(Trouble, bool)>, End> {
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
    fn settle(&mut self) -> Result<(), End> {
        let patience = now() + PATIENCE;
        loop {
            let unsettled = |books: &Books| books.lines.iter().any(|line| !line.is_settled()) && lost(books).is_none();
            self.wait_while(Some(patience), unsettled)?;
            let number = {
                let books = self.board.lock();
                lost(&books).filter(|number| !books.lines[*number].is_settled())
            };
            match number {
                Some(number) => self.take_up_again(number)?,
                None if self.board.lock().lines.iter().all(Line::is_settled) => return Ok(()),
                None => {
                    let detail = "no acknowledgement";
                    let why = Trouble::new("replay-lost").with("address", self.address()).with("detail", detail);
                    return Err(End::Failed(why));
                }
            }
        }
    }

    /// Waits as long as something is so, at most until then, or until the operator stops it.
    fn wait_while(&self, until: Option<Instant>, so: impl Fn(&Books) -> bool) -> Result<(), End> {
        let mut books: MutexGuard<'_, Books> = self.board.lock();
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

    fn leave_all(&mut self) {
        self.mouths.iter().flatten().for_each(Mouth::leave);
        let until = now() + line::GOODBYE * 4 / 3;
        let mut books = self.board.lock();
        while now() < until && books.lines.iter().any(|line| line.phase == Phase::Up) {
            books = self.board.wait(books, Some(until));
        }
    }

    fn tell(&self, fact: Fact) -> Result<(), End> {
        self.put(Input::Fact(fact))
    }

    fn put(&self, input: Input) -> Result<(), End> {
        self.inbox.put(input).map_err(|_| End::Stopped)
    }
}

/// A speaker whose connection is lost.
fn lost(books: &Books) -> Option<usize> {
    books.lines.iter().position(|line| matches!(line.phase, Phase::Lost { .. }))
}

#[expect(clippy::disallowed_methods, reason = "an adapter reads the clock")]
fn now() -> Instant {
    Instant::now()
}
