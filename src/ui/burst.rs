//! Many rows of the Messages pane in one: the requests of a download, or a storm of whatever a mad device does.

use super::feed::{Feed, Row, Way};
use super::listing::Item;
use super::summary::REPLAYED;
use super::words::{self, say, tell};
use crate::event::{DeviceId, Micros};
use std::collections::VecDeque;
use std::sync::Arc;

/// Fewer requests of a download than this in a row are shown one by one.
const FEWEST_ROUTINE: u64 = 3;
/// As many rows that are no routine, within a second, are a storm.
const FEWEST_IN_STORM: u64 = 100;
const STORM_WITHIN: Micros = Micros::from_secs(1);
/// A pause as long as this ends a storm.
const LULL: Micros = Micros::from_millis(100);

/// How thick and fast rows come.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace(VecDeque<Micros>);

impl Pace {
    /// One more row; whether there may be a storm.
    pub fn note(&mut self, row: &Row) -> bool {
        if !row.is_routine() {
            self.0.push_back(row.at);
        }
        if self.0.len() as u64 > FEWEST_IN_STORM {
            self.0.pop_front();
        }
        self.0.len() as u64 == FEWEST_IN_STORM && self.0.front().is_some_and(|at| row.at.since(*at) <= STORM_WITHIN)
    }
}

/// Rows one after another, told in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// The first of its rows.
    pub first: u64,
    /// The last of its rows.
    pub last: u64,
    /// How many messages, to and fro.
    pub messages: u64,
    /// How many requests.
    pub requests: u64,
    /// How many of the requests were not answered with what they asked for.
    pub refused: u64,
    /// Bytes served.
    pub bytes: u64,
    from: Micros,
    until: Micros,
    /// Whether a replay sent them.
    replayed: bool,
    /// Whose rows; those of nobody known go with anybody's.
    device: Option<Arc<DeviceId>>,
}

impl Burst {
    /// What stands at one place of the list; nothing for a row that is in no burst.
    pub(super) fn of(item: &Item, feed: &Feed) -> Option<Self> {
        let index = match item {
            Item::Burst(burst) => return Some(burst.clone()),
            Item::Row(index) => *index,
        };
        let row = feed.row(index).filter(|row| row.is_traffic())?;
        let mut burst = Self {
            first: index,
            last: index,
            messages: 0,
            requests: 0,
            refused: 0,
            bytes: 0,
            from: row.at,
            until: row.at,
            replayed: row.replayed,
            device: None,
        };
        burst.add(index, row);
        Some(burst)
    }

    /// Both in one, if they can be: requests of one download, or what happened shortly before `now`.
    pub(super) fn followed_by(mut self, later: Option<&Self>, now: Micros) -> Option<Self> {
        let Some(later) = later else { return Some(self) };
        let routine = self.is_routine() && later.is_routine() && self.device == later.device;
        let fits = routine || (self.is_with(later.device.as_deref()) && now.since(self.from) <= STORM_WITHIN);
        self.last = later.last;
        self.until = later.until;
        self.messages += later.messages;
        self.requests += later.requests;
        self.refused += later.refused;
        self.bytes += later.bytes;
        self.device = self.device.or_else(|| later.device.clone());
        (fits && self.replayed == later.replayed).then_some(self)
    }

    pub(super) const fn is_long_enough(&self) -> bool {
        self.messages + self.refused >= FEWEST_IN_STORM || self.is_routine() && self.requests >= FEWEST_ROUTINE
    }

    /// Whether the next row goes on with it.
    pub(super) fn takes(&self, row: &Row) -> bool {
        if self.is_routine() {
            return row.is_routine() && self.device == row.device;
        }
        row.replayed == self.replayed
            && row.is_traffic()
            && self.is_with(row.device.as_deref())
            && row.at.since(self.until) < LULL
    }

    pub(super) fn add(&mut self, index: u64, row: &Row) {
        (self.last, self.until) = (index, row.at);
        if row.way == Way::Http {
            self.requests += 1;
            self.refused += u64::from(!row.is_routine());
            self.bytes += row.answer().map_or(0, |answer| answer.sent);
        } else {
            self.messages += 1;
        }
        if self.device.is_none() {
            self.device.clone_from(&row.device);
        }
    }

    /// What it comes to, in words.
    #[must_use]
    pub fn words(&self) -> String {
        if self.is_routine() {
            let (n, bytes) = (words::count(self.requests), words::bytes(self.bytes));
            return tell("messages.burst", &[("n", &n), ("bytes", &bytes)]);
        }
        let counts = [
            ("messages.storm-messages", self.messages),
            ("messages.storm-requests", self.requests),
            ("messages.storm-refused", self.refused),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0);
        let parts: Vec<_> = counts.map(|(key, count)| tell(key, &[("n", &words::count(count))])).collect();
        let span = words::duration(self.until.since(self.from));
        let told = tell("messages.storm", &[("parts", &parts.join(&say("messages.storm-comma"))), ("span", &span)]);
        if self.replayed { format!("{REPLAYED} {told}") } else { told }
    }

    pub(super) const fn is_routine(&self) -> bool {
        self.messages == 0 && self.refused == 0
    }

    fn is_with(&self, device: Option<&DeviceId>) -> bool {
        self.device.as_deref().zip(device).is_none_or(|(mine, other)| mine == other)
    }
}
