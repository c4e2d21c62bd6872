//! Looking for something in a whole log: page by page, away from the window, and in each new line as it comes.

use super::Console;
use super::hits::PageHits;
use super::search::{Desk, Pattern, Query};
use super::shelf::{Job, Shelf};
use super::slot::Slot;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

/// Threads that search at once.
const SEARCHERS: usize = 2;

/// A page and what was found in it.
#[derive(Debug)]
struct Block {
    first: u64,
    lines: u32,
    hits: Option<PageHits>,
    /// Hits before this page, counted from the first page ever searched.
    before: u64,
}

impl Block {
    fn len(&self) -> u64 {
        self.hits.as_ref().map_or(0, |hits| hits.len() as u64)
    }
}

/// One round over pages that were not searched yet.
#[derive(Debug)]
struct Round {
    slots: Vec<Arc<Slot>>,
    shelf: Option<Arc<dyn Shelf>>,
    pattern: Arc<Pattern>,
    next: AtomicUsize,
    left: AtomicUsize,
    over: AtomicBool,
    found: Mutex<Vec<(u64, PageHits)>>,
}

impl Round {
    fn work(&self) {
        let mut desk = Desk::default();
        while !self.over.load(Ordering::Acquire) {
            let Some(slot) = self.slots.get(self.next.fetch_add(1, Ordering::AcqRel)) else { return };
            let hits = self.pattern.search(slot, self.shelf.as_deref(), &mut desk);
            self.found.lock().unwrap_or_else(PoisonError::into_inner).push((slot.first, hits));
            self.left.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// What is looked for in one console, and what was found so far.
#[derive(Debug, Default)]
pub struct Seek {
    query: Query,
    pattern: Option<Arc<Pattern>>,
    error: Option<String>,
    blocks: VecDeque<Block>,
    /// Hits on the page being written, and how much of it was looked at.
    tail: Vec<u32>,
    tail_first: u64,
    tail_done: usize,
    /// Hits on pages the log has given up.
    dropped: u64,
    /// Hits among the lines that may still grow, such as a prompt, and how those stood: the first, how many, their bytes.
    open: Vec<u32>,
    open_seen: (u64, usize, usize),
    round: Option<Arc<Round>>,
}

impl Drop for Seek {
    fn drop(&mut self) {
        if let Some(round) = &self.round {
            round.over.store(true, Ordering::Release);
        }
    }
}

impl Seek {
    /// Looks for something; nothing for an empty text.
    #[must_use]
    pub fn new(query: Query) -> Self {
        let (pattern, error) = match query.pattern() {
            _ if query.text.is_empty() => (None, None),
            Ok(pattern) => (Some(Arc::new(pattern)), None),
            Err(error) => (None, Some(error)),
        };
        let mut seek = Self::default();
        (seek.query, seek.pattern, seek.error) = (query, pattern, error);
        seek
    }

    /// What is looked for.
    #[must_use]
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Whether something is looked for.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.pattern.is_some()
    }

    /// What is wrong with the regular expression.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// What is looked for, made ready.
    #[must_use]
    pub const fn pattern(&self) -> Option<&Arc<Pattern>> {
        self.pattern.as_ref()
    }

    /// Whether pages are still to be searched.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.round.is_some()
    }

    /// Takes in what was found, and looks at what is new. Gives the work to be done away from the window.
    pub fn keep_up(&mut self, console: &Console) -> Vec<Job> {
        let Some(pattern) = self.pattern.clone() else { return Vec::new() };
        self.take_found();
        self.forget_before(console.first_index());
        self.enlist(console, &pattern);
        self.look_at_tail(console, &pattern);
        self.look_at_open(console, &pattern);
        self.begin_round(console, pattern)
    }

    fn take_found(&mut self) {
        let Some(round) = &self.round else { return };
        // In this order: what is counted as done has been put there.
        let over = round.left.load(Ordering::Acquire) == 0;
        let found = std::mem::take(&mut *round.found.lock().unwrap_or_else(PoisonError::into_inner));
        let mut earliest = usize::MAX;
        for (first, hits) in found {
            let place = self.blocks.partition_point(|block| block.first < first);
            if let Some(block) = self.blocks.get_mut(place).filter(|block| block.first == first) {
                block.hits = Some(hits);
                earliest = earliest.min(place);
            }
        }
        if over {
            self.round = None;
        }
        self.count_from(earliest);
    }

    fn count_from(&mut self, place: usize) {
        if place >= self.blocks.len() {
            return;
        }
        let mut before = match place.checked_sub(1).and_then(|place| self.blocks.get(place)) {
            Some(block) => block.before + block.len(),
            None => self.dropped,
        };
        for block in self.blocks.range_mut(place..) {
            block.before = before;
            before += block.len();
        }
    }

    fn forget_before(&mut self, first: u64) {
        while self.blocks.front().is_some_and(|block| block.first < first) {
            self.dropped += self.blocks.pop_front().map_or(0, |block| block.len());
        }
    }

    /// Puts full pages on the list; the one that was being written until now is searched to its end already.
    fn enlist(&mut self, console: &Console, pattern: &Pattern) {
        let slots = console.log().slots();
        let upto = self.blocks.back().map_or(0, |block| block.first + u64::from(block.lines));
        let from = slots.partition_point(|slot| slot.first < upto);
        let listed = self.blocks.len();
        for slot in slots.range(from..) {
            let mut hits = None;
            if slot.first == self.tail_first
                && self.tail_done > 0
                && let Some(page) = slot.page()
            {
                pattern.search_page(&page, self.tail_done, &mut Desk::default(), &mut self.tail);
                hits = Some(PageHits::new(&std::mem::take(&mut self.tail), slot.lines));
                self.tail_done = 0;
            }
            self.blocks.push_back(Block { first: slot.first, lines: slot.lines, hits, before: 0 });
        }
        self.count_from(listed);
    }

    fn look_at_tail(&mut self, console: &Console, pattern: &Pattern) {
        let page = console.log().tail();
        if page.first != self.tail_first {
            (self.tail_first, self.tail_done) = (page.first, 0);
            self.tail.clear();
        }
        if self.tail_done < page.len() {
            pattern.search_page(page, self.tail_done, &mut Desk::default(), &mut self.tail);
            self.tail_done = page.len();
        }
    }

    fn look_at_open(&mut self, console: &Console, pattern: &Pattern) {
        let lines = console.open_lines();
        let seen = (console.log().end(), lines.len(), lines.iter().map(|line| line.raw.len()).sum());
        if self.open_seen == seen {
            return;
        }
        self.open_seen = seen;
        let mut desk = Desk::default();
        let held = (0..).zip(lines).filter(|(_, line)| pattern.is_in(line, &mut desk));
        self.open = held.map(|(place, _)| place).collect();
    }

    fn begin_round(&mut self, console: &Console, pattern: Arc<Pattern>) -> Vec<Job> {
        if self.round.is_some() {
            return Vec::new();
        }
        let log = console.log();
        let mut missing: Vec<_> = self.blocks.iter().filter(|block| block.hits.is_none()).map(|b| b.first).collect();
        missing.sort_unstable();
        let slots: Vec<_> =
            log.slots().iter().filter(|slot| missing.binary_search(&slot.first).is_ok()).cloned().collect();
        if slots.is_empty() {
            return Vec::new();
        }
        let round = Arc::new(Round {
            left: AtomicUsize::new(slots.len()),
            shelf: log.shelf(),
            slots,
            pattern,
            next: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            found: Mutex::default(),
        });
        self.round = Some(Arc::clone(&round));
        let jobs = (0..SEARCHERS.min(round.slots.len())).map(|_| -> Job {
            let round = Arc::clone(&round);
            Box::new(move || round.work())
        });
        jobs.collect()
    }

    /// The numbers of the hits found, as far as their lines are kept.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.dropped..self.in_pages() + (self.tail.len() + self.open.len()) as u64
    }

    /// How many lines hold it.
    #[must_use]
    pub fn len(&self) -> u64 {
        let range = self.range();
        range.end - range.start
    }

    /// Whether none does so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn in_pages(&self) -> u64 {
        self.blocks.back().map_or(self.dropped, |block| block.before + block.len())
    }

    /// The line of a hit by the hit's number.
    #[must_use]
    pub fn line(&self, number: u64) -> Option<u64> {
        if let Some(place) = number.checked_sub(self.in_pages()) {
            let place = usize::try_from(place).ok()?;
            if let Some(open) = place.checked_sub(self.tail.len()) {
                return Some(self.open_seen.0 + u64::from(*self.open.get(open)?));
            }
            return Some(self.tail_first + u64::from(self.tail[place]));
        }
        let behind = self.blocks.partition_point(|block| block.before <= number);
        let mut blocks = self.blocks.range(..behind).rev();
        let block = blocks.find(|block| block.len() > 0)?;
        let place = block.hits.as_ref()?.nth(usize::try_from(number.checked_sub(block.before)?).ok()?)?;
        Some(block.first + u64::from(place))
    }

    /// The number of the first hit at or behind a line.
    #[must_use]
    pub fn number_at(&self, line: u64) -> u64 {
        if let Some(place) = line.checked_sub(self.open_seen.0).filter(|_| !self.open.is_empty()) {
            let before = self.open.partition_point(|known| u64::from(*known) < place);
            return self.in_pages() + (self.tail.len() + before) as u64;
        }
        if line >= self.tail_first && self.tail_done > 0 {
            let place = u32::try_from(line - self.tail_first).unwrap_or(u32::MAX);
            return self.in_pages() + self.tail.partition_point(|known| *known < place) as u64;
        }
        let behind = self.blocks.partition_point(|block| block.first <= line);
        let Some(block) = behind.checked_sub(1).and_then(|place| self.blocks.get(place)) else { return self.dropped };
        let place = u32::try_from(line - block.first).unwrap_or(u32::MAX);
        block.before + block.hits.as_ref().map_or(0, |hits| hits.before(place) as u64)
    }

    /// The next hit behind a line, or the last before it; round the end.
    #[must_use]
    pub fn next(&self, line: Option<u64>, back: bool) -> Option<u64> {
        let range = self.range();
        if range.is_empty() {
            return None;
        }
        let number = match (line, back) {
            (None, false) => range.start,
            (None, true) => range.end - 1,
            (Some(line), false) => self.number_at(line + 1),
            (Some(line), true) => match self.number_at(line) {
                number if number > range.start => number - 1,
                _ => range.end - 1,
            },
        };
        self.line(if range.contains(&number) { number } else { range.start })
    }

    /// How many hits each part of these lines has: for marks beside the scroll bar.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a part of the bar")]
    pub fn density(&self, lines: Range<u64>, parts: usize) -> Vec<u64> {
        let span = lines.end.saturating_sub(lines.start).max(1);
        let edge = |part: usize| lines.start + (u128::from(span) * part as u128 / parts.max(1) as u128) as u64;
        (0..parts).map(|part| self.number_at(edge(part + 1)).saturating_sub(self.number_at(edge(part)))).collect()
    }
}

#[path = "seek_hits.rs"]
mod hits;
pub use hits::Hits;

#[cfg(test)]
#[path = "seek_tests.rs"]
mod tests;
