//! The rows of the Messages pane: one per fact worth reading, requests joined with their answers.

mod row;

pub use row::{Answer, Crashed, Row, Way};

use crate::bench::{Bench, Service};
use crate::console::Crash;
use crate::dialect::{self, Decoded};
use crate::event::{DeviceId, Event, Fact, Micros, Text};
use row::More;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

/// Requests whose answer is awaited; more than this at once and the oldest are shown without theirs.
const AWAITED: usize = 1_024;

/// Answers remembered, for whoever worked something out of their rows before: more than come between two frames.
const REMEMBERED: usize = 8_192;

/// Crashes of one kind on one port that are no further apart than this are one row.
const STORM: Micros = Micros::from_secs(10);
/// Devices and topics whose names are kept to be shared; past them one begins anew.
const DEVICES: usize = 4_096;
const TOPICS: usize = 4_096;
/// Rows of crashes kept; a board that crashes for days adds to those there are.
const CRASHES: usize = 10_000;

/// All rows kept, by an index that never changes.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    rows: VecDeque<Row>,
    first: u64,
    awaited: BTreeMap<u64, u64>,
    /// The rows that got their answer last.
    answered: VecDeque<u64>,
    answers: u64,
    /// The latest crash of each kind on each port, and how many rows of crashes there are.
    crashed: BTreeMap<(String, &'static str), u64>,
    crashes: usize,
    /// The devices that rows name.
    devices: BTreeSet<Arc<DeviceId>>,
    /// Whose topics they are.
    topics: BTreeMap<Text, Arc<DeviceId>>,
}

impl Feed {
    /// Takes in an event, after the bench has, with what a device says in it.
    pub fn take(&mut self, event: &Event, bench: &Bench, heard: Option<&Decoded>) {
        if let Fact::RangeServed { request, status, sent, complete, .. } = &event.fact {
            let answer = Answer { seq: event.seq, status: *status, sent: *sent, complete: *complete };
            if self.join(*request, answer) {
                return;
            }
        }
        let Some(way) = way(&event.fact).filter(|_| !comes_up(&event.fact, bench)) else { return };
        let answer = match &event.fact {
            Fact::RangeServed { status, sent, complete, .. } => {
                Some(Answer { seq: event.seq, status: *status, sent: *sent, complete: *complete })
            }
            _ => None,
        };
        if let Fact::RequestReceived { request, .. } = &event.fact {
            self.await_answer(*request);
        }
        let device = match heard {
            Some(decoded) => Some(self.name(&decoded.device)),
            None => self.device(&event.fact, bench),
        };
        self.rows.push_back(Row {
            seq: event.seq,
            at: event.at,
            way,
            device,
            flawed: is_flawed(&event.fact) || heard.is_some_and(|decoded| !decoded.defects.is_empty()),
            replayed: bench.is_replayed(event.seq),
            more: answer.map(|answer| Box::new(More::Answer(answer))),
        });
    }

    /// Whose row it is, where known.
    fn device(&mut self, fact: &Fact, bench: &Bench) -> Option<Arc<DeviceId>> {
        let (Fact::MessageDelivered { topic, .. }
        | Fact::MessageAcknowledged { topic, .. }
        | Fact::MessagePublished { topic, .. }
        | Fact::MessageReceived { topic, .. }) = fact
        else {
            return device(fact, bench).map(|device| self.name(&device));
        };
        // Whose topic it is is found once: there are many messages and few topics.
        if let Some(known) = self.topics.get(topic).filter(|device| bench.device(device).is_some()) {
            return Some(Arc::clone(known));
        }
        let device = self.name(&device(fact, bench)?);
        if of_topic(topic, bench).is_some() {
            if self.topics.len() == TOPICS {
                self.topics.clear();
            }
            self.topics.insert(topic.clone(), Arc::clone(&device));
        }
        Some(device)
    }

    /// A device as all its rows name it.
    fn name(&mut self, device: &DeviceId) -> Arc<DeviceId> {
        if let Some(known) = self.devices.get(device) {
            return Arc::clone(known);
        }
        if self.devices.len() == DEVICES {
            self.devices.clear();
        }
        let device = Arc::new(device.clone());
        self.devices.insert(Arc::clone(&device));
        device
    }

    /// Takes in what a console told of. The same again, soon after, adds to the row that is there.
    pub fn crash(&mut self, event: &Event, port: &str, crash: Crash) {
        let key = (port.to_owned(), crash.kind.key());
        let full = self.crashes >= CRASHES;
        let latest = self.crashed.get(&key).and_then(|index| index.checked_sub(self.first));
        let latest = latest.and_then(|place| self.rows.get_mut(usize::try_from(place).ok()?)?.crash_mut());
        if let Some(latest) = latest.filter(|latest| full || crash.at.since(latest.until) <= STORM) {
            latest.times += 1;
            latest.until = crash.at;
            return;
        }
        self.crashed.insert(key, self.range().end);
        self.crashes += 1;
        self.rows.push_back(Row {
            seq: event.seq,
            at: event.at,
            way: Way::Bench,
            device: None,
            flawed: crash.bad,
            replayed: false,
            more: Some(Box::new(More::Crash(Crashed { port: port.to_owned(), until: crash.at, crash, times: 1 }))),
        });
    }

    /// Notes that the window fell behind and so many events are not shown.
    pub fn skip(&mut self, events: u64, seq: u64, at: Micros) {
        let way = Way::Bench;
        self.rows.push_back(Row {
            seq,
            at,
            way,
            device: None,
            flawed: true,
            replayed: false,
            more: Some(Box::new(More::Skipped(events))),
        });
    }

    /// Lets go of rows whose events are gone.
    pub fn forget_before(&mut self, seq: u64) {
        while let Some(row) = self.rows.pop_front_if(|row| row.seq < seq) {
            self.crashes -= usize::from(row.crash().is_some());
            self.first += 1;
        }
    }

    /// The indices of the rows kept.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.first..self.first + self.rows.len() as u64
    }

    /// A row by its index.
    #[must_use]
    pub fn row(&self, index: u64) -> Option<&Row> {
        self.rows.get(usize::try_from(index.checked_sub(self.first)?).ok()?)
    }

    /// The first row at or after an instant.
    #[must_use]
    pub fn index_at(&self, at: Micros) -> u64 {
        self.first + self.rows.partition_point(|row| row.at < at) as u64
    }

    /// The first row after an event.
    #[must_use]
    pub fn index_after(&self, seq: u64) -> u64 {
        self.first + self.rows.partition_point(|row| row.seq <= seq) as u64
    }

    /// The row that stands for an event; a request's row stands for its answer too.
    #[must_use]
    pub fn index_of(&self, seq: u64) -> Option<u64> {
        let after = self.rows.partition_point(|row| row.seq <= seq);
        let exact = after.checked_sub(1)?;
        if self.rows[exact].seq == seq {
            return Some(self.first + exact as u64);
        }
        let recent = self.rows.range(..after).enumerate().rev().take(AWAITED);
        let place = recent.into_iter().find(|(_, row)| row.answer().is_some_and(|answer| answer.seq == seq));
        Some(self.first + place.map_or(exact, |(place, _)| place) as u64)
    }

    /// Rows that got their answer so far: what was worked out from them may have to be looked at again.
    #[must_use]
    pub const fn answers(&self) -> u64 {
        self.answers
    }

    /// The first row of those that got their answer since so many had theirs.
    #[must_use]
    pub fn answered_since(&self, answers: u64) -> Option<u64> {
        let new = usize::try_from(self.answers.saturating_sub(answers)).unwrap_or(usize::MAX);
        if new > self.answered.len() {
            return Some(self.first);
        }
        self.answered.range(self.answered.len() - new..).min().copied()
    }

    fn await_answer(&mut self, request: u64) {
        self.awaited.insert(request, self.range().end);
        if self.awaited.len() > AWAITED {
            self.awaited.pop_first();
        }
    }

    fn join(&mut self, request: u64, answer: Answer) -> bool {
        let Some(index) = self.awaited.remove(&request) else { return false };
        let Some(at) = index.checked_sub(self.first).and_then(|at| usize::try_from(at).ok()) else { return false };
        let Some(row) = self.rows.get_mut(at) else { return false };
        row.flawed = !answer.complete || answer.status >= 400;
        row.more = Some(Box::new(More::Answer(answer)));
        self.answers += 1;
        if self.answered.len() == REMEMBERED {
            self.answered.pop_front();
        }
        self.answered.push_back(index);
        true
    }
}

/// Whether a message of a replay is shown as the message that comes up here.
fn comes_up(fact: &Fact, bench: &Bench) -> bool {
    let Fact::MessageReplayed { replay, .. } = fact else { return false };
    let here = match bench.broker() {
        Service::Running { address, .. } => Some(address),
        _ => None,
    };
    bench.replay(*replay).is_some_and(|replay| Some(&replay.target) == here)
}

/// Which way a fact goes; none for what other panes show.
const fn way(fact: &Fact) -> Option<Way> {
    Some(match fact {
        Fact::BytesReceived { .. }
        | Fact::BytesSent { .. }
        | Fact::FileProgressed { .. }
        | Fact::RangeProgressed { .. } => return None,
        Fact::MessageReceived { .. } | Fact::MessageAcknowledged { .. } | Fact::AccessRefused { .. } => Way::Up,
        Fact::MessagePublished { .. }
        | Fact::MessageDelivered { .. }
        | Fact::MessageDropped { .. }
        | Fact::BlockServed { .. } => Way::Down,
        Fact::RequestReceived { .. }
        | Fact::RangeServed { .. }
        | Fact::FileDelivered { .. }
        | Fact::RequestRefused { .. } => Way::Http,
        _ => Way::Bench,
    })
}

fn is_flawed(fact: &Fact) -> bool {
    match fact {
        Fact::BrokerFailed { .. }
        | Fact::ServerFailed { .. }
        | Fact::TlsFailed { .. }
        | Fact::TlsRefused { .. }
        | Fact::RequestRefused { .. }
        | Fact::ImageTroubled { .. }
        | Fact::ClientRefused { .. }
        | Fact::AccessRefused { .. }
        | Fact::MessageDropped { .. }
        | Fact::PortClosed { trouble: Some(_), .. }
        | Fact::FileEnded { trouble: Some(_), .. }
        | Fact::ReplayPaused { trouble: Some(_), .. }
        | Fact::ReplayEnded { trouble: Some(_), .. }
        | Fact::TroubleMet { .. }
        | Fact::FaultActed { .. }
        | Fact::Gap { .. } => true,
        Fact::RangeServed { status, complete, .. } => *status >= 400 || !complete,
        Fact::BlockServed { code, .. } => *code != 200,
        _ => false,
    }
}

fn device(fact: &Fact, bench: &Bench) -> Option<DeviceId> {
    match fact {
        Fact::DeviceAdded { device, .. } | Fact::DeviceRemoved { device } | Fact::SecretSet { device, .. } => {
            Some(device.clone())
        }
        Fact::ClientConnected { client } | Fact::ClientRefused { client, .. } => {
            dialect::identify(&client.name, client.username.as_deref()).map(|(_, device)| device)
        }
        Fact::ClientDisconnected { client, .. }
        | Fact::AccessRefused { client, .. }
        | Fact::Subscribed { client, .. }
        | Fact::Unsubscribed { client, .. } => of_client(client, bench),
        Fact::MessageDelivered { topic, client, .. } | Fact::MessageAcknowledged { topic, client } => {
            of_topic(topic, bench).or_else(|| of_client(client, bench))
        }
        Fact::MessageReceived { topic, .. }
        | Fact::MessageReplayed { topic, .. }
        | Fact::MessagePublished { topic, .. }
        | Fact::MessageDropped { topic, .. } => of_topic(topic, bench),
        Fact::RequestReceived { .. } | Fact::RangeServed { .. } | Fact::FileDelivered { .. } => {
            bench.case_served(fact).map(|case| case.order.device.clone())
        }
        Fact::BlockServed { device, .. } => Some((**device).clone()),
        Fact::PortBound { device, .. } => device.clone(),
        Fact::ReplayStarted { device, .. } => device.as_deref().cloned(),
        Fact::UpgradeRequested { order } => Some(order.device.clone()),
        Fact::UpgradeCancelled { upgrade }
        | Fact::UpgradeRetried { upgrade }
        | Fact::FaultActed { upgrade, .. }
        | Fact::DeadlineReached { upgrade, .. } => bench.case(*upgrade).map(|case| case.order.device.clone()),
        _ => None,
    }
}

fn of_client(client: &str, bench: &Bench) -> Option<DeviceId> {
    let mut devices = bench.devices();
    devices.find(|(_, device)| device.client.as_deref() == Some(client)).map(|(id, _)| id.clone())
}

/// Every cloud puts product and device side by side somewhere in a topic.
fn of_topic(topic: &str, bench: &Bench) -> Option<DeviceId> {
    let levels: Vec<_> = topic.split('/').collect();
    levels.windows(2).map(|pair| DeviceId::new(pair[0], pair[1])).find(|id| bench.device(id).is_some())
}
