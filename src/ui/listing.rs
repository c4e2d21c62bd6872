//! Which rows the Messages pane lists: filtered, and long runs of range requests drawn together.

use super::feed::{Row, Way};
use super::model::Model;
use super::summary;
use crate::event::{DeviceId, Fact};
use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

/// Rows looked at in one frame; a filter over millions of rows takes several.
const ROWS_A_FRAME: u64 = 20_000;
/// Fewer requests than this in a row are shown one by one.
const SHORTEST_BURST: usize = 3;

/// Which kind of rows to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All.
    #[default]
    All,
    /// What devices said.
    FromDevice,
    /// What was sent to devices.
    ToDevice,
    /// Firmware requests.
    Http,
    /// What happened on the bench.
    Bench,
    /// What has a problem.
    Flawed,
}

impl Kind {
    /// Every kind, in the order of the menu.
    pub const ALL: [Self; 6] = [Self::All, Self::FromDevice, Self::ToDevice, Self::Http, Self::Bench, Self::Flawed];

    /// The key of its name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::All => "messages.kind-all",
            Self::FromDevice => "messages.kind-up",
            Self::ToDevice => "messages.kind-down",
            Self::Http => "messages.kind-http",
            Self::Bench => "messages.kind-bench",
            Self::Flawed => "messages.kind-flawed",
        }
    }

    fn takes(self, row: &Row) -> bool {
        match self {
            Self::All => true,
            Self::FromDevice => row.way == Way::Up,
            Self::ToDevice => row.way == Way::Down,
            Self::Http => row.way == Way::Http,
            Self::Bench => row.way == Way::Bench,
            Self::Flawed => row.flawed,
        }
    }
}

/// What is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Words the row or its message holds, in any case.
    pub text: String,
    /// Of this device only.
    pub device: Option<DeviceId>,
    /// Of this kind only.
    pub kind: Kind,
    /// Whether runs of range requests are shown one by one.
    pub ungrouped: bool,
}

/// One place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A row of the feed.
    Row(u64),
    /// Routine requests one after another.
    Burst(Burst),
}

/// Routine requests one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burst {
    /// The first of its rows.
    pub first: u64,
    /// The last of its rows.
    pub last: u64,
    /// How many.
    pub requests: u64,
    /// Bytes served.
    pub bytes: u64,
}

impl Item {
    /// The feed's row it begins with.
    #[must_use]
    pub const fn first(&self) -> u64 {
        match self {
            Self::Row(row) => *row,
            Self::Burst(burst) => burst.first,
        }
    }

    /// The feed's row it ends with.
    #[must_use]
    pub const fn last(&self) -> u64 {
        match self {
            Self::Row(row) => *row,
            Self::Burst(burst) => burst.last,
        }
    }
}

/// The list as it stands; kept up to date a piece at a time.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    items: VecDeque<Item>,
    dropped: u64,
    next: u64,
    filter: Filter,
    opened: BTreeSet<u64>,
    answers: u64,
    /// The first listed request that had no answer yet.
    unanswered: Option<u64>,
}

impl Listing {
    /// Brings the list up to date. Returns whether more is to be done in the next frame.
    pub fn update(&mut self, model: &Model, filter: &Filter) -> bool {
        if self.filter != *filter {
            let opened = std::mem::take(&mut self.opened);
            *self = Self { filter: filter.clone(), opened, ..Self::default() };
        }
        let range = model.feed.range();
        while self.items.front().is_some_and(|item| item.last() < range.start) {
            self.items.pop_front();
            self.dropped += 1;
        }
        if self.answers != model.feed.answers() {
            self.answers = model.feed.answers();
            self.look_again();
        }
        self.next = self.next.max(range.start);
        let end = range.end.min(self.next + ROWS_A_FRAME);
        while self.next < end {
            let index = self.next;
            self.next += 1;
            if let Some(row) = model.feed.row(index).filter(|row| self.takes(row, model)) {
                self.append(index, row, model);
            }
        }
        end < range.end
    }

    /// The places in the list, by numbers that do not change while its head is dropped.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.dropped..self.dropped + self.items.len() as u64
    }

    /// What stands at a place.
    #[must_use]
    pub fn item(&self, place: u64) -> Option<&Item> {
        self.items.get(usize::try_from(place.checked_sub(self.dropped)?).ok()?)
    }

    /// The place of a row of the feed, or the next one listed after it.
    #[must_use]
    pub fn place_of(&self, row: u64) -> u64 {
        self.dropped + self.items.partition_point(|item| item.last() < row) as u64
    }

    /// Shows a burst's rows one by one; returns whether there was one.
    pub fn open(&mut self, burst: u64) {
        self.opened.insert(burst);
        self.start_over();
    }

    /// Lists everything anew: after a change that is not in the filter.
    pub fn start_over(&mut self) {
        (self.items, self.dropped, self.next, self.unanswered) = (VecDeque::new(), 0, 0, None);
    }

    fn look_again(&mut self) {
        let Some(from) = self.unanswered.take() else { return };
        while let Some(item) = self.items.back().filter(|item| item.last() >= from) {
            self.next = item.first();
            self.items.pop_back();
        }
        self.next = self.next.min(from);
    }

    fn takes(&self, row: &Row, model: &Model) -> bool {
        let Filter { text, device, kind, .. } = &self.filter;
        kind.takes(row)
            && device.as_ref().is_none_or(|device| row.device.as_ref() == Some(device))
            && (text.is_empty() || holds(text, row, model))
    }

    fn append(&mut self, index: u64, row: &Row, model: &Model) {
        if row.way == Way::Http && row.answer.is_none() {
            self.unanswered.get_or_insert(index);
        }
        self.items.push_back(Item::Row(index));
        if self.filter.ungrouped || !row.is_routine() {
            return;
        }
        let bytes = row.answer.map_or(0, |answer| answer.sent);
        let before = self.items.len().checked_sub(2).and_then(|at| self.items.get_mut(at));
        if let Some(Item::Burst(burst)) = before
            && model.feed.row(burst.first).is_some_and(|first| first.device == row.device)
        {
            (burst.last, burst.requests, burst.bytes) = (index, burst.requests + 1, burst.bytes + bytes);
            self.items.pop_back();
            return;
        }
        self.begin_burst(row, model);
    }

    fn begin_burst(&mut self, row: &Row, model: &Model) {
        let Some(from) = self.items.len().checked_sub(SHORTEST_BURST) else { return };
        let mut burst = Burst { first: 0, last: 0, requests: 0, bytes: 0 };
        for item in self.items.range(from..) {
            let Item::Row(index) = item else { return };
            let Some(each) = model.feed.row(*index).filter(|each| each.is_routine()) else { return };
            if each.device != row.device {
                return;
            }
            if burst.requests == 0 {
                burst.first = *index;
            }
            burst.last = *index;
            burst.requests += 1;
            burst.bytes += each.answer.map_or(0, |answer| answer.sent);
        }
        if !self.was_opened(burst.first) {
            self.items.truncate(from);
            self.items.push_back(Item::Burst(burst));
        }
    }

    /// Rows at and after an opened burst's first stay single, up to the next row that is no routine request.
    fn was_opened(&self, first: u64) -> bool {
        let Some(opened) = self.opened.range(..=first).next_back() else { return false };
        let place = self.items.partition_point(|item| item.first() < *opened);
        let run = self.items.range(place..).map(Item::first);
        run.zip(*opened..).all(|(row, expected)| row == expected)
    }
}

fn holds(text: &str, row: &Row, model: &Model) -> bool {
    let wanted = text.to_lowercase();
    let words = format!(
        "{} {} {}",
        row.way.sign(),
        summary::line(row, &model.journal, &model.bench),
        row.device.as_ref().map(ToString::to_string).unwrap_or_default()
    );
    if words.to_lowercase().contains(&wanted) {
        return true;
    }
    model.journal.get(row.seq).is_some_and(|event| match &event.fact {
        Fact::MessageReceived { topic, payload, .. } | Fact::MessagePublished { topic, payload, .. } => {
            format!("{topic} {}", String::from_utf8_lossy(payload)).to_lowercase().contains(&wanted)
        }
        Fact::RequestReceived { path, peer, .. } => format!("{path} {peer}").to_lowercase().contains(&wanted),
        _ => false,
    })
}
