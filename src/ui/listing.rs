//! Which rows the Messages pane lists: filtered, and long runs of range requests and storms drawn together.

use super::burst::{Burst, Pace};
use super::feed::{Row, Way};
use super::model::Model;
use super::summary;
use crate::event::{DeviceId, Fact};
use crate::replay::{self, Sort};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// Rows looked at in one frame; a filter over millions of rows takes several.
const ROWS_A_FRAME: u64 = 20_000;

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

impl Filter {
    /// The same in the words of captures, as far as they have any: what is listed is what is handed on.
    #[must_use]
    pub fn of_captures(&self) -> replay::Filter {
        let sort = match self.kind {
            Kind::FromDevice => Some(Sort::Up),
            Kind::ToDevice => Some(Sort::Down),
            Kind::Http => Some(Sort::Http),
            Kind::All | Kind::Bench | Kind::Flawed => None,
        };
        replay::Filter {
            devices: self.device.iter().cloned().collect(),
            sorts: sort.into_iter().collect(),
            texts: Some(self.text.clone()).filter(|text| !text.is_empty()).into_iter().collect(),
            ..replay::Filter::default()
        }
    }
}

/// One place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A row of the feed.
    Row(u64),
    /// Many rows in one.
    Burst(Burst),
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
    /// The rows of bursts that were opened: the first of each, and its last.
    opened: BTreeMap<u64, u64>,
    answers: u64,
    pace: Pace,
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
        if let Some(Item::Burst(burst)) = self.items.front_mut() {
            burst.first = burst.first.max(range.start);
        }
        if let Some(row) = model.feed.answered_since(self.answers) {
            self.look_again(row);
        }
        self.answers = model.feed.answers();
        self.next = self.next.max(range.start);
        let end = range.end.min(self.next + ROWS_A_FRAME);
        while self.next < end {
            let index = self.next;
            if self.waits_for(index, model) {
                break;
            }
            self.next += 1;
            if let Some(row) = model.feed.row(index).filter(|row| self.takes(row, model)) {
                self.append(index, row, model);
            }
        }
        self.next < range.end
    }

    /// Whether what is looked for in a row of a capture is still being read.
    fn waits_for(&self, index: u64, model: &Model) -> bool {
        let film = model.journal.film().filter(|_| !self.filter.text.is_empty());
        film.zip(model.feed.row(index)).is_some_and(|(film, row)| film.is_awaited(row.seq))
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

    /// Shows a burst's rows one by one.
    pub fn open(&mut self, burst: &Burst) {
        self.opened.insert(burst.first, burst.last);
        self.start_over();
    }

    /// Lists everything anew: after a change that is not in the filter.
    pub fn start_over(&mut self) {
        (self.items, self.dropped, self.next) = (VecDeque::new(), 0, 0);
    }

    /// This row got its answer: it may belong to a burst now.
    fn look_again(&mut self, row: u64) {
        while let Some(item) = self.items.back().filter(|item| item.last() >= row) {
            self.next = item.first();
            self.items.pop_back();
        }
        self.next = self.next.min(row);
    }

    fn takes(&self, row: &Row, model: &Model) -> bool {
        let Filter { text, device, kind, .. } = &self.filter;
        kind.takes(row)
            && device.as_ref().is_none_or(|device| row.device.as_deref() == Some(device))
            && (text.is_empty() || holds(text, row, model))
    }

    fn append(&mut self, index: u64, row: &Row, model: &Model) {
        let before = self.items.back_mut();
        let alone = self.filter.ungrouped || is_in(&self.opened, index);
        if let Some(Item::Burst(burst)) = before.filter(|_| !alone)
            && burst.takes(row)
        {
            return burst.add(index, row);
        }
        self.items.push_back(Item::Row(index));
        if !alone && row.is_traffic() {
            let may_storm = self.pace.note(row);
            self.begin_burst(row, may_storm, model);
        }
    }

    /// The list's last rows become one, if they are many requests of a download or came thick and fast.
    fn begin_burst(&mut self, latest: &Row, may_storm: bool, model: &Model) {
        let mut burst: Option<Burst> = None;
        for (at, item) in self.items.iter().enumerate().rev() {
            let alone = matches!(item, Item::Row(index) if is_in(&self.opened, *index));
            let Some(part) = (!alone).then(|| Burst::of(item, &model.feed)).flatten() else { return };
            let Some(sum) = part.followed_by(burst.as_ref(), latest.at) else { return };
            if !may_storm && !sum.is_routine() {
                return;
            }
            if sum.is_long_enough() {
                self.items.truncate(at);
                self.items.push_back(Item::Burst(sum));
                return;
            }
            burst = Some(sum);
        }
    }
}

/// Whether a row belongs to a burst that was opened.
fn is_in(opened: &BTreeMap<u64, u64>, row: u64) -> bool {
    opened.range(..=row).next_back().is_some_and(|(_, last)| row <= *last)
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
