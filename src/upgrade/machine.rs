//! The state machine of one upgrade: what is said, seen and asked goes in; what is to be sent comes out.

use super::{Failure, PushWhen, ReplyTo, Report, Rules, State, SuccessRule};
use crate::event::{Deadline, Micros};

/// How long a device may stay silent after it got the push before the bench says so.
const SILENCE: Micros = Micros::from_secs(20);
/// The same for a device that has begun, or is back from its restart.
const STALL: Micros = Micros::from_secs(30);
/// A request this soon after a push crossed it on the way: a second push would start a second download.
const CROSSING: Micros = Micros::from_secs(3);

/// What is to be sent to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Send {
    /// The push.
    Push,
    /// The push, as the answer to a request.
    Answer(ReplyTo),
    /// The cancellation.
    Cancel,
}

/// One device's upgrade of one module.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen, and none follows from another")]
pub struct Upgrade {
    rules: Rules,
    target: String,
    source: Option<String>,
    own_timeout: Option<Micros>,
    state: State,
    /// Sent without knowing whether anybody listens: the first sign of life gets it once more.
    blind: bool,
    /// The device has been connected ever since the push went out.
    unbroken: bool,
    /// Online again after the restart, and its cloud still waits for the version.
    back: bool,
    silent: bool,
    requested_at: Micros,
    offered_at: Option<Micros>,
    progressed_at: Option<Micros>,
    ended_at: Option<Micros>,
    /// The latest report, request or answer since the push.
    life_at: Option<Micros>,
    /// Where it stood when it ended: what a diagnosis looks at.
    ended_from: Option<State>,
}

impl Upgrade {
    /// The operator pressed Push. `online` is `None` where presence cannot be known: an external broker.
    ///
    /// `timeout` is the engineer's own, counted from here; without it the cloud's rule stands.
    pub fn new(
        rules: Rules,
        target: &str,
        source: Option<&str>,
        online: Option<bool>,
        timeout: Option<Micros>,
        now: Micros,
    ) -> (Self, Option<Send>) {
        let mut upgrade = Self {
            rules,
            target: target.to_owned(),
            source: source.map(str::to_owned),
            own_timeout: timeout,
            state: State::Queued,
            blind: online.is_none(),
            unbroken: false,
            back: false,
            silent: false,
            requested_at: now,
            offered_at: None,
            progressed_at: None,
            ended_at: None,
            life_at: None,
            ended_from: None,
        };
        let send = upgrade.may_offer(online).then(|| upgrade.offer(now));
        (upgrade, send)
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The version the device ran before, where known.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Whether the device has let pass the time in which devices begin or go on, without a word or a request.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether the device came online again after its restart.
    #[must_use]
    pub const fn is_back(&self) -> bool {
        self.back
    }

    /// Where it stands, or stood when it ended.
    #[must_use]
    pub fn last_open(&self) -> &State {
        self.ended_from.as_ref().unwrap_or(&self.state)
    }

    /// When Push was pressed.
    #[must_use]
    pub const fn requested_at(&self) -> Micros {
        self.requested_at
    }

    /// When it ended.
    #[must_use]
    pub const fn ended_at(&self) -> Option<Micros> {
        self.ended_at
    }

    /// Takes in what the device said. A report that makes no sense here changes nothing.
    pub fn handle_report(&mut self, report: &Report, now: Micros) -> Option<Send> {
        if self.state.outcome().is_some() {
            return None;
        }
        // A version is said by a clock, or by habit.
        if !matches!(report, Report::Version { .. }) {
            self.handle_life(now);
        }
        match report {
            Report::Asked { version, reply } => return self.handle_asked(version.as_deref(), reply.as_ref(), now),
            Report::Version { version } => return self.handle_version(version, now),
            Report::Begun => self.progress(State::Upgrading, now),
            Report::Downloading { percent } => self.progress(State::Downloading { percent: *percent }, now),
            Report::Burning { percent } => self.progress(State::Burning { percent: *percent }, now),
            Report::Succeeded { version } => self.handle_success(version.as_deref(), now),
            Report::Failed { code, text } => {
                if self.state.is_open() {
                    self.end(State::Failed(Failure::Reported { code: *code, text: text.clone() }), now);
                }
            }
            Report::Received => self.blind = false,
            Report::BlockAsked { .. } | Report::PasswordAsked { .. } => {}
        }
        None
    }

    /// The device came online or went away.
    pub fn handle_presence(&mut self, online: bool, now: Micros) -> Option<Send> {
        self.unbroken &= online;
        match &self.state {
            State::Queued if online && self.rules.push_when == PushWhen::Online => Some(self.offer(now)),
            State::Downloading { percent: 100 } | State::Burning { .. } if !online => {
                self.state = State::Restarting;
                None
            }
            State::Restarting if online => {
                self.back = true;
                self.handle_life(now);
                None
            }
            _ => None,
        }
    }

    /// The device gave a sign of life: a report, or the firmware server saw it ask.
    pub const fn handle_life(&mut self, now: Micros) {
        self.life_at = Some(now);
        self.silent = false;
    }

    /// The operator cancelled it, or replaced it by a newer push.
    pub fn handle_cancel(&mut self, now: Micros) -> Option<Send> {
        if self.state.outcome().is_some() {
            return None;
        }
        let told = self.state.is_open();
        self.end(State::Cancelled, now);
        told.then_some(Send::Cancel)
    }

    /// The operator wants the same push sent again, to a device that now runs `source`.
    pub fn handle_retry(&mut self, source: Option<&str>, online: Option<bool>, now: Micros) -> Option<Send> {
        self.source = source.map(str::to_owned).or(self.source.take());
        (self.ended_at, self.ended_from) = (None, None);
        (self.progressed_at, self.back) = (None, false);
        self.requested_at = now;
        self.state = State::Queued;
        self.blind = online.is_none();
        self.may_offer(online).then(|| self.offer(now))
    }

    /// Whether the push can go out at once. A task names the version it is from: without it, it waits for the device's word.
    fn may_offer(&self, online: Option<bool>) -> bool {
        online != Some(false) && (self.rules.push_when != PushWhen::Reported || self.source.is_some())
    }

    /// The push leaves only then: until it has, a device's silence is none.
    pub fn handle_delay(&mut self, until: Micros) {
        if self.state == State::Offered {
            self.offered_at = Some(until);
        }
    }

    /// A deadline of [`Self::poll_timeout`] fired.
    pub fn handle_deadline(&mut self, deadline: Deadline, now: Micros) {
        match deadline {
            Deadline::Silence => self.silent = true,
            Deadline::Upgrade if self.state.outcome().is_none() => {
                self.silent |= matches!(self.state, State::Offered);
                self.end(State::Failed(Failure::TimedOut), now);
            }
            Deadline::Upgrade | Deadline::LatePush => {}
        }
    }

    /// The next deadline and its reason; `None` when nothing is waited for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Micros, Deadline)> {
        if self.state.outcome().is_some() {
            return None;
        }
        let own = self.own_timeout.map(|span| self.requested_at + span);
        let cloud = || Some(self.progressed_at? + self.rules.timeout?);
        let upgrade = own.or_else(cloud).map(|at| (at, Deadline::Upgrade));
        let silence = self.patience().filter(|_| !self.silent).map(|at| (at, Deadline::Silence));
        upgrade.into_iter().chain(silence).min_by_key(|(at, _)| *at)
    }

    /// Until when the device may keep quiet. Writing flash takes what it takes.
    fn patience(&self) -> Option<Micros> {
        match (&self.state, self.life_at) {
            (State::Offered, life) => Some(self.offered_at?.max(life.unwrap_or_default()) + SILENCE),
            (State::Upgrading | State::Downloading { .. }, Some(at)) => Some(at + STALL),
            (State::Restarting, Some(at)) if self.back => Some(at + STALL),
            _ => None,
        }
    }

    fn offer(&mut self, now: Micros) -> Send {
        self.state = State::Offered;
        self.offered_at = Some(now);
        self.unbroken = true;
        (self.silent, self.life_at, self.back) = (false, None, false);
        Send::Push
    }

    fn progress(&mut self, state: State, now: Micros) {
        if self.state.is_open() {
            self.progressed_at.get_or_insert(now);
            self.blind = false;
            self.state = state;
        }
    }

    fn end(&mut self, state: State, now: Micros) {
        self.silent &= state != State::Succeeded;
        self.ended_from = Some(std::mem::replace(&mut self.state, state));
        self.ended_at = Some(now);
    }

    fn handle_success(&mut self, version: Option<&str>, now: Micros) {
        if !self.state.is_open() {
            return;
        }
        let end = match (self.rules.success, version) {
            (SuccessRule::Reported, Some(version)) if version != self.target => {
                State::Failed(Failure::WrongVersion { reported: version.to_owned() })
            }
            (SuccessRule::Reported, Some(_)) | (SuccessRule::TaskDone, None) => State::Succeeded,
            _ => return,
        };
        self.end(end, now);
    }

    fn handle_asked(&mut self, version: Option<&str>, reply: Option<&ReplyTo>, now: Micros) -> Option<Send> {
        if version == Some(self.target.as_str()) {
            return None;
        }
        let crossed = matches!(self.state, State::Offered)
            && !self.blind
            && self.unbroken
            && self.offered_at.is_some_and(|at| now.since(at) < CROSSING);
        if crossed && reply.is_none() {
            return None;
        }
        self.blind = false;
        let push = if self.state.in_progress() { Send::Push } else { self.offer(now) };
        Some(reply.map_or(push, |to| Send::Answer(to.clone())))
    }

    fn handle_version(&mut self, version: &str, now: Micros) -> Option<Send> {
        if self.rules.placeholder_versions.contains(&version) {
            return None;
        }
        if self.rules.push_when == PushWhen::Reported {
            return self.handle_waited_for(version, now);
        }
        // Until it begins, the device may be flashed by hand: it is upgraded from what it last said.
        if self.source.is_none() || !self.state.in_progress() && version != self.target {
            self.source = Some(version.to_owned());
        }
        let known = self.source.as_deref().unwrap_or_default();
        if self.rules.success != SuccessRule::Informed {
            return None;
        }
        if version == self.target && self.state.is_open() {
            self.end(State::Succeeded, now);
        } else if self.state.in_progress() && version != known && version != self.target {
            self.end(State::Failed(Failure::WrongVersion { reported: version.to_owned() }), now);
        } else if matches!(self.state, State::Offered) && self.blind {
            self.blind = false;
            return Some(self.offer(now));
        }
        None
    }

    /// A version reported to a cloud that sends a push, once more after each absence, to a device that runs its source.
    fn handle_waited_for(&mut self, version: &str, now: Micros) -> Option<Send> {
        let source = self.source.get_or_insert_with(|| version.to_owned());
        let missed = self.state == State::Queued || self.blind || !self.unbroken;
        if source != version || version == self.target || !missed {
            return None;
        }
        self.blind = false;
        Some(self.offer(now))
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
