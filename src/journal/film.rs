//! All events of a capture: as many of them in memory as a budget allows, the others read again when they are looked at.

use crate::event::{Event, Micros, Trouble};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Events that come and go together, at most, and what they may weigh before the next ones are others, in bytes.
const PAGE: u64 = 4_096;
const PAGE_WEIGHT: usize = 4 << 20;

/// The number and time of an event.
pub type Mark = (u64, Micros);

/// A piece of a capture that was read again: the place of its first event, counted from 0, and the events.
pub type Page = (u64, Vec<Arc<Event>>);

/// What a reel has to give at one time.
#[derive(Debug, Default)]
pub struct Reading {
    /// The next events of the capture, in the order of the file.
    pub events: Vec<Arc<Event>>,
    /// Events that were asked for again.
    pub again: Vec<Page>,
    /// How much of the file was read, from 0 to 1.
    pub part: f32,
    /// Whether all of it was.
    pub over: bool,
    /// Lines of it that are no events.
    pub damaged: u64,
    /// What else is wrong with it.
    pub troubles: Vec<Trouble>,
}

/// A capture's file, read away from whoever looks at it. Nothing here may block.
pub trait Reel {
    /// Takes what was read since the last call, at most so many new events.
    fn read(&self, at_most: usize) -> Reading;
    /// Asks for `count` events from this place on to be read again.
    fn ask(&self, place: u64, count: u64);
}

#[derive(Debug)]
struct Kept {
    /// The place of its first event.
    start: u64,
    /// The events before and after it, the latter as the file has it: a capture may be damaged, and what is not in order is
    /// put in order between them.
    before: Mark,
    after: Option<Mark>,
    first: Mark,
    count: u64,
    weight: usize,
    looked: Cell<u64>,
    events: Vec<Arc<Event>>,
}

/// All events of a capture, by their place in it.
#[derive(Debug)]
pub struct Film {
    pages: Vec<Kept>,
    len: u64,
    last: Mark,
    /// What follows the last event in the file.
    next: Option<Mark>,
    /// Bytes of the pages in memory.
    held: usize,
    budget: usize,
    /// Counts looks at pages: the page that was not looked at for the longest time goes first.
    looks: Cell<u64>,
    /// Pages that were looked for and are not in memory.
    wanted: RefCell<BTreeSet<usize>>,
    /// Pages that were asked for.
    asked: BTreeSet<usize>,
    /// Pages that could not be read again.
    lost: BTreeSet<usize>,
}

impl Film {
    /// A film without events that keeps about `budget` bytes of them in memory.
    #[must_use]
    pub const fn new(budget: usize) -> Self {
        Self {
            pages: Vec::new(),
            len: 0,
            last: (0, Micros(0)),
            next: None,
            held: 0,
            budget,
            looks: Cell::new(0),
            wanted: RefCell::new(BTreeSet::new()),
            asked: BTreeSet::new(),
            lost: BTreeSet::new(),
        }
    }

    /// An event of the file as it is to be taken in: behind those before it, and, where those are in order, before the next.
    #[must_use]
    pub fn mend(&mut self, event: Arc<Event>, next: Option<Mark>) -> Arc<Event> {
        self.next = next;
        mended(event, self.last, next)
    }

    /// Takes in the next event, which [`Self::mend`] gave.
    pub fn push(&mut self, event: Arc<Event>) {
        let (place, weight) = ((event.seq, event.at), event.weight());
        if self.pages.last().is_none_or(|page| page.count == PAGE || page.weight >= PAGE_WEIGHT) {
            self.make_room(PAGE_WEIGHT);
            let (before, looked, events) = (self.last, Cell::new(self.look()), Vec::new());
            let (start, first) = (self.len, place);
            self.pages.push(Kept { start, before, after: None, first, count: 0, weight: 0, looked, events });
        }
        if let Some(page) = self.pages.last_mut() {
            page.events.push(event);
            page.count += 1;
            page.weight += weight;
            page.after = self.next;
        }
        self.held += weight;
        self.len += 1;
        self.last = place;
    }

    /// How many events there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number and time of the first event.
    #[must_use]
    pub fn first(&self) -> Option<Mark> {
        self.pages.first().map(|page| page.first)
    }

    /// The number and time of the last event.
    #[must_use]
    pub const fn last(&self) -> Mark {
        self.last
    }

    /// Bytes of events in memory.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// The event at a place, if it is in memory; else it is wanted.
    #[must_use]
    pub fn at(&self, place: u64) -> Option<&Arc<Event>> {
        let page = self.page_of(place)?;
        let start = self.pages.get(page)?.start;
        self.page(page)?.get(usize::try_from(place - start).ok()?)
    }

    /// The event of that number, if it is in memory; else it is wanted.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Arc<Event>> {
        let events = self.page(self.page_by(|(first, _)| first <= seq)?)?;
        let at = events.partition_point(|event| event.seq < seq);
        events.get(at).filter(|event| event.seq == seq)
    }

    /// Whether the event of that number is there, and neither in memory nor lost: it comes soon.
    #[must_use]
    pub fn is_awaited(&self, seq: u64) -> bool {
        let page = self.page_by(|(first, _)| first <= seq);
        page.is_some_and(|page| self.page(page).is_none() && !self.lost.contains(&page))
    }

    /// How many events there were up to this number; nothing while it is not known, which is soon. What cannot be read again
    /// is left at its begin.
    #[must_use]
    pub fn until(&self, seq: u64) -> Option<u64> {
        self.count(|(own, _)| own <= seq)
    }

    /// How many events there were up to this instant; nothing while it is not known, which is soon.
    #[must_use]
    pub fn until_time(&self, at: Micros) -> Option<u64> {
        self.count(|(_, own)| own <= at)
    }

    fn count(&self, is_before: impl Fn(Mark) -> bool) -> Option<u64> {
        if self.is_empty() || is_before(self.last) {
            return Some(self.len);
        }
        let Some(page) = self.page_by(&is_before) else { return Some(0) };
        let start = self.pages.get(page)?.start;
        if self.lost.contains(&page) {
            return Some(start);
        }
        let events = self.page(page)?;
        let within = events.partition_point(|event| is_before((event.seq, event.at)));
        Some(start + within as u64)
    }

    /// The last page whose first event is before what is looked for.
    fn page_by(&self, is_before: impl Fn(Mark) -> bool) -> Option<usize> {
        self.pages.partition_point(|page| is_before(page.first)).checked_sub(1)
    }

    /// The page in which a place is.
    fn page_of(&self, place: u64) -> Option<usize> {
        let page = self.pages.partition_point(|page| page.start <= place).checked_sub(1)?;
        (place < self.len).then_some(page)
    }

    fn page(&self, page: usize) -> Option<&[Arc<Event>]> {
        let kept = self.pages.get(page)?;
        if kept.events.is_empty() {
            if !self.lost.contains(&page) {
                self.wanted.borrow_mut().insert(page);
            }
            return None;
        }
        kept.looked.set(self.look());
        Some(&kept.events)
    }

    fn look(&self) -> u64 {
        self.looks.set(self.looks.get() + 1);
        self.looks.get()
    }

    /// What is to be read again: places and counts, each told once.
    pub fn wanted(&mut self) -> Vec<(u64, u64)> {
        let wanted = self.wanted.take();
        let fresh = wanted.into_iter().filter(|page| self.asked.insert(*page));
        fresh.filter_map(|page| self.pages.get(page).map(|kept| (kept.start, kept.count))).collect()
    }

    /// Whether something was asked for that has not come yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        !self.asked.is_empty() || !self.wanted.borrow().is_empty()
    }

    /// Whether the event at a place is there and cannot be read again: the file was changed or deleted meanwhile.
    #[must_use]
    pub fn is_lost(&self, place: u64) -> bool {
        self.page_of(place).is_some_and(|page| self.lost.contains(&page))
    }

    /// Takes in events that were read again; none where they could not be.
    pub fn put(&mut self, (place, events): Page) {
        let Some(number) = self.page_of(place) else { return };
        self.asked.remove(&number);
        self.wanted.get_mut().remove(&number);
        let Some(page) = self.pages.get(number).filter(|page| page.events.is_empty()) else { return };
        if events.len() as u64 != page.count {
            self.lost.insert(number);
            return;
        }
        let (mut before, weight) = (page.before, page.weight);
        let following = events.iter().skip(1).map(|event| Some((event.seq, event.at))).chain([page.after]);
        let following: Vec<_> = following.collect();
        let in_order = |(event, next)| {
            let event = mended(event, before, next);
            before = (event.seq, event.at);
            event
        };
        let events: Vec<_> = events.into_iter().zip(following).map(in_order).collect();
        self.make_room(weight);
        self.held += weight;
        self.pages[number].looked.set(self.look());
        self.pages[number].events = events;
    }

    /// Lets go of pages until this fits: never of the first ones, nor of the one that is being filled.
    fn make_room(&mut self, weight: usize) {
        let end = self.pages.len().saturating_sub(1);
        while self.held + weight > self.budget {
            let pages = self.pages.iter_mut().take(end).skip(FIRST_PAGES).filter(|page| !page.events.is_empty());
            let Some(page) = pages.min_by_key(|page| page.looked.get()) else { return };
            self.held -= page.weight;
            page.events = Vec::new();
        }
    }
}

#[cfg(test)]
impl Film {
    pub(super) fn forget(&mut self, page: usize) {
        self.pages[page].events.clear();
    }
}

/// Pages that are never let go: what a capture begins with is on screen at once.
const FIRST_PAGES: usize = 2;

/// The event itself where it is in order; else the same between the one before and the next. A number or time that stands
/// out alone shifts nothing but itself.
fn mended(event: Arc<Event>, (seq, at): Mark, next: Option<Mark>) -> Arc<Event> {
    let place = (
        fitted(event.seq, seq.saturating_add(1), next.map(|(seq, _)| seq)),
        Micros(fitted(event.at.0, at.0, next.map(|(_, at)| at.0))),
    );
    if place == (event.seq, event.at) {
        return event;
    }
    let mut event = Arc::unwrap_or_clone(event);
    (event.seq, event.at) = place;
    Arc::new(event)
}

/// Not less than this and, unless that is less itself, not more than what comes next.
fn fitted(own: u64, least: u64, next: Option<u64>) -> u64 {
    own.clamp(least, next.map_or(u64::MAX, |next| next.max(least)))
}
