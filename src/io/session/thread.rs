//! The session's thread: inputs in, events out, in one order.

use super::hands::Hands;
use super::options::SessionOptions;
use crate::bench::{Action, Bench, Effect};
use crate::console::LogStamp;
use crate::event::{Deadline, Event, Fact, Texts, Trouble, UpgradeId};
use crate::io::clock::Clock;
use crate::io::console::{LogPlan, LogWriter};
use crate::io::recorder::Recorder;
use crate::io::tail::Tail;
use crate::io::{Inbox, InboxReader, Input};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// Inputs taken in before readers are told: a flood costs few wake-ups, a single event none of the wait.
const BATCH: usize = 512;
/// How long to wait when nothing is due.
const NEVER: Duration = Duration::from_hours(1);

/// Everything the thread owns.
pub struct Core {
    clock: Clock,
    seq: u64,
    bench: Bench,
    recorder: Option<Recorder>,
    hands: Hands,
    logs: Option<PathBuf>,
    log_writer: Option<LogWriter>,
    inbox: Inbox,
    tail: Arc<Tail>,
    texts: Texts,
    fresh: Vec<Arc<Event>>,
}

impl Core {
    /// A core at rest.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn new(clock: Clock, recorder: Option<Recorder>, tail: Arc<Tail>, inbox: Inbox) -> Result<Self, Trouble> {
        let bench = Bench::new(clock.began_unix_ms());
        let hands = Hands::new(inbox.clone())?;
        let (logs, log_writer) = (None, None);
        let (texts, fresh) = (Texts::default(), Vec::new());
        Ok(Self { clock, seq: 0, bench, recorder, hands, logs, log_writer, inbox, tail, texts, fresh })
    }

    /// Works until it is told to stop.
    pub fn run(mut self, receiver: &InboxReader, options: SessionOptions) {
        self.hands.prepare(options.tls.folder.clone(), options.tls.trust.clone());
        self.logs.clone_from(&options.logs);
        // Before the broker listens: nobody slips in meanwhile.
        options.hand_secrets_to(&self.hands.keyring());
        for action in options.first_actions() {
            self.take(Input::Action(action));
        }
        self.hand_over();
        while self.step(receiver) {
            self.hand_over();
        }
        self.hands.stop();
        // What the adapters had to say to the end is part of the session.
        while let Ok(input) = receiver.try_recv() {
            if let Input::Fact(fact) = input {
                self.record(fact);
            }
        }
        self.hand_over();
        if let Some(recorder) = self.recorder.take() {
            recorder.finish(&self.bench);
        }
        self.log_writer = None;
        self.tail.end();
    }

    /// Waits for the next input or deadline and takes in all that is there. False at the end.
    fn step(&mut self, receiver: &InboxReader) -> bool {
        let deadline = self.bench.poll_timeout().map(|(at, ..)| at);
        let look = self.recorder.as_ref().and_then(Recorder::poll_timeout);
        let due = deadline.into_iter().chain(self.hands.poll_timeout()).chain(look).min();
        let due = due.map_or(NEVER, |at| self.clock.until(at));
        match receiver.recv_timeout(due) {
            Ok(input) => {
                let more = std::iter::from_fn(|| receiver.try_recv().ok()).take(BATCH);
                for input in std::iter::once(input).chain(more) {
                    if matches!(input, Input::Stop) {
                        return false;
                    }
                    self.take(input);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        self.fire_deadlines();
        for fact in self.hands.handle_timeout(self.clock.now(), &self.bench) {
            self.record(fact);
        }
        true
    }

    fn fire_deadlines(&mut self) {
        while let Some((at, upgrade, deadline)) = self.bench.poll_timeout()
            && at <= self.clock.now()
        {
            self.fire(upgrade, deadline);
        }
    }

    fn fire(&mut self, upgrade: UpgradeId, deadline: Deadline) {
        self.record(Fact::DeadlineReached { upgrade, deadline });
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Fact(fact) => self.record(fact),
            Input::Action(Action::LogConsoles(stamp)) => self.log_consoles(stamp),
            Input::Action(action) => {
                for fact in self.hands.act(action, &self.bench) {
                    self.record(fact);
                }
            }
            Input::Publish(sending) => {
                if let Some(fact) = self.hands.publish(*sending) {
                    self.record(fact);
                }
            }
            Input::Prepared(prepared) => {
                for fact in self.hands.take_prepared(prepared, &self.bench) {
                    self.record(fact);
                }
            }
            Input::Stop => {}
        }
    }

    fn log_consoles(&mut self, stamp: Option<LogStamp>) {
        self.log_writer = None;
        let started_unix_ms = self.clock.began_unix_ms();
        if let (Some(stamp), Some(folder)) = (stamp, self.logs.clone()) {
            match LogWriter::start(LogPlan { folder, stamp, started_unix_ms }, self.inbox.clone()) {
                Ok(writer) => {
                    // Whose ports these are was told before there was a log.
                    for (device, _) in self.bench.devices() {
                        let Some(port) = self.bench.port_of_device(device) else { continue };
                        let fact = Fact::PortBound { port: port.into(), device: Some(device.clone()) };
                        writer.take(&Arc::new(Event { seq: self.seq, at: self.clock.now(), fact }));
                    }
                    self.log_writer = Some(writer);
                }
                Err(trouble) => self.record(Fact::TroubleMet { trouble }),
            }
        }
    }

    /// Records a fact first, then applies it: a crash keeps the event that caused it.
    fn record(&mut self, fact: Fact) {
        let mut next = Some(fact);
        let mut following = VecDeque::new();
        while let Some(mut fact) = next {
            self.texts.share(&mut fact);
            self.seq += 1;
            let event = Arc::new(Event { seq: self.seq, at: self.clock.now(), fact });
            if let Some(recorder) = &mut self.recorder {
                recorder.record(&event);
            }
            if let Some(writer) = &self.log_writer {
                writer.take(&event);
            }
            self.hands.replays.hear(&event.fact);
            let ended = self.ended();
            for effect in self.bench.apply(&event) {
                following.extend(self.perform(effect));
            }
            if self.ended() != ended
                && let Some(recorder) = &mut self.recorder
            {
                recorder.sync();
            }
            self.fresh.push(event);
            next = following.pop_front();
        }
    }

    fn perform(&mut self, effect: Effect) -> Option<Fact> {
        match effect {
            Effect::Publish(message) => self.hands.publish(message),
            Effect::Withdraw(order) => {
                self.hands.withdraw(&order);
                None
            }
            Effect::ServeBlock { device, dialect, reply, block } => {
                self.hands.serve_block(device, dialect, &reply, &block)
            }
            Effect::TellPassword { device, dialect, reply } => self.hands.tell_password(&device, dialect, &reply),
            Effect::TellFault { upgrade, fault, place } => {
                Some(Fact::FaultActed { upgrade, fault: fault.into(), place, request: None })
            }
            Effect::TurnAway { device, client, millis } => {
                self.hands.turn_away(device, client, millis);
                None
            }
            Effect::LoseAck { upgrade, client, topic } => {
                self.hands.lose_ack(upgrade, client, topic);
                None
            }
        }
    }

    /// How many verdicts there are.
    fn ended(&self) -> usize {
        self.bench.cases().iter().filter(|case| case.ended.is_some()).count()
    }

    fn hand_over(&mut self) {
        let now = self.clock.now();
        let told = self.recorder.as_mut().and_then(|recorder| {
            recorder.flush();
            recorder.attend(now)
        });
        if let Some(fact) = told {
            self.record(fact);
        }
        self.tail.put(&mut self.fresh, &self.bench);
    }
}
