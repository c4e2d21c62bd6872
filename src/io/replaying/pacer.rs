//! Keeps the time of a replay: each step at its instant, counted from the first, so that no error adds up.

use super::board::Board;
use super::books::{Line, Phase};
use super::line::{self, Identity, Mouth, Place};
use super::play::{Play, now};
use super::target::PATIENCE;
use super::trials::Trials;
use super::{ReplayerOptions, Route};
use crate::bench::{Action, ReplayAct, ReplayOrder, ReplayStep, Speed};
use crate::event::{Fact, ReplayId, Trouble, UpgradeOrder};
use crate::io::broker_url::BrokerUrl;
use crate::io::{Inbox, Input};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A thread that is to wake at an instant wakes a little later: it is up so long before, and gives the processor away
/// again and again until then.
const EARLY: Duration = Duration::from_micros(300);
/// How long the last messages may take when the operator stops it.
const LAST_CALL: Duration = Duration::from_millis(300);

/// Why a replay does not go on.
pub(super) enum End {
    /// The operator stopped it, or the session is over.
    Stopped,
    Failed(Trouble),
}

/// The thread that keeps the time.
pub(super) struct Pacer {
    pub replay: ReplayId,
    pub order: ReplayOrder,
    /// Where it signs in; without one it speaks as the session's cloud.
    pub place: Option<Place>,
    judged: bool,
    inbox: Inbox,
    pub board: Arc<Board>,
    pub runtime: Runtime,
    pub identities: Vec<Identity>,
    pub mouths: Vec<Option<Mouth>>,
    pub trials: Vec<Trials>,
    /// The steps that say something.
    pub says: Vec<usize>,
    /// How many messages were said.
    said: u64,
    /// The connection that said the last one.
    pub speaks: Option<usize>,
    /// Upgrades that the session was asked to order again.
    pub asked: u64,
    pub play: Play,
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
        if place.is_none() {
            board.change(|books| books.lines[0].note_up(now()));
        }
        let identities: Vec<_> = order.speakers.iter().map(|speaker| Identity::of(speaker, order.downstream)).collect();
        let mouths = identities.iter().map(|_| None).collect();
        let trials = identities.iter().map(|_| Trials::default()).collect();
        let says = order.steps.iter().enumerate().filter(|(_, step)| matches!(step.act, ReplayAct::Say { .. }));
        Ok(Self {
            says: says.map(|(place, _)| place).collect(),
            replay,
            order,
            place,
            judged,
            inbox,
            board,
            runtime,
            identities,
            mouths,
            trials,
            said: 0,
            speaks: None,
            asked: 0,
            play: Play::begin(),
            told: false,
        })
    }

    /// Runs to its end, and tells of it.
    pub fn run(mut self) {
        let trouble = match self.play_all() {
            Ok(()) => None,
            Err(End::Stopped) => {
                self.wait_for_the_last();
                None
            }
            Err(End::Failed(trouble)) => Some(trouble),
        };
        self.leave_all();
        let sent = self.sent();
        let _ = self.inbox.fact(Fact::ReplayEnded { replay: self.replay, sent, of: self.order.total(), trouble });
    }

    /// What has surely arrived, and the upgrades that were ordered in the place of their pushes.
    fn sent(&self) -> u64 {
        let books = self.board.lock();
        // Counted as messages where they stand for one.
        if self.order.downstream { books.ordered + books.arrived() } else { books.arrived() }
    }

    fn play_all(&mut self) -> Result<(), End> {
        let steps = Arc::clone(&self.order.steps);
        let speaking = self.speaking();
        for number in &speaking {
            self.come(*number)?;
        }
        for number in &speaking {
            if let Some((trouble, _)) = self.wait_until_up(*number)? {
                return Err(End::Failed(trouble));
            }
        }
        self.play = Play::begin();
        for round in 0..self.order.rounds {
            for number in &speaking {
                // It went away at the end of the round before.
                self.come_again(*number)?;
            }
            for step in &*steps {
                self.wait_for(round, step)?;
                self.perform(step)?;
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
            if let Some(number) = books.troubled() {
                drop(books);
                self.take_up_again(number)?;
                continue;
            }
            if let Some(pace) = books.wishes.pace.take().filter(|_| self.order.speed == Speed::Step) {
                drop(books);
                self.order.speed = pace;
                due = self.order.due(round, step.after);
                self.play.stand_at(Duration::from_micros(due.0));
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
                    drop(books);
                    self.play.stand(Duration::ZERO);
                    self.tell_paused()?;
                    continue;
                }
                drop(board.wait(books, None));
                continue;
            }
            if self.told || self.play.stands() {
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

    fn perform(&mut self, step: &ReplayStep) -> Result<(), End> {
        match &step.act {
            ReplayAct::Say { .. } => self.say(step),
            ReplayAct::Upgrade(order) if self.judged => {
                // What was said before it belongs to the upgrade before.
                self.settle()?;
                let (order, serve) = (self.as_ours(order), self.order.downstream);
                self.asked += 1;
                self.put(Input::Action(Action::OrderAgain { replay: self.replay, order, serve }))
            }
            ReplayAct::Come if self.place.is_some() => self.come_again(step.speaker),
            ReplayAct::Leave if self.place.is_some() => {
                self.settle_one(step.speaker)?;
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

    fn say(&mut self, step: &ReplayStep) -> Result<(), End> {
        let ReplayAct::Say { topic, payload, qos, retain } = &step.act else { return Ok(()) };
        let client = (!self.order.downstream).then(|| self.identities[step.speaker].client.clone());
        let open = self.board.lock().lines.iter().filter_map(Line::first_open).min();
        let waiting = open.map_or(0, |first| self.said - first);
        // Told first, or the message could come up before it is known to be a replay's.
        self.tell(Fact::MessageReplayed {
            replay: self.replay,
            of: step.of,
            client,
            topic: topic.clone().into(),
            payload: payload.clone(),
            qos: *qos,
            retain: *retain,
            waiting: Some(u32::try_from(waiting).unwrap_or(u32::MAX)),
        })?;
        let number = self.said;
        self.said += 1;
        self.hand_over(if self.place.is_some() { step.speaker } else { 0 }, number)
    }

    /// It was stopped: what is under way may still arrive.
    fn wait_for_the_last(&self) {
        let until = now() + LAST_CALL;
        let mut books = self.board.lock();
        while now() < until && books.lines.iter().any(|line| line.phase == Phase::Up && !line.is_idle()) {
            books = self.board.wait(books, Some(until));
        }
    }

    fn leave_all(&mut self) {
        self.mouths.iter().flatten().for_each(Mouth::leave);
        let until = now() + line::GOODBYE * 4 / 3;
        let mut books = self.board.lock();
        while now() < until && self.place.is_some() && books.lines.iter().any(|line| line.phase == Phase::Up) {
            books = self.board.wait(books, Some(until));
        }
    }

    /// It goes on, or waits for the operator as it did before.
    pub fn tell_goes_on(&mut self) -> Result<(), End> {
        if self.board.lock().wishes.paused && self.order.speed != Speed::Step {
            return self.tell_paused();
        }
        self.told = false;
        self.tell(Fact::ReplayResumed { replay: self.replay })
    }

    fn tell_paused(&mut self) -> Result<(), End> {
        self.told = true;
        self.tell(Fact::ReplayPaused { replay: self.replay, trouble: None })
    }

    pub fn tell(&self, fact: Fact) -> Result<(), End> {
        self.put(Input::Fact(fact))
    }

    pub fn put(&self, input: Input) -> Result<(), End> {
        self.inbox.put(input).map_err(|_| End::Stopped)
    }
}
