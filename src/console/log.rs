//! An append-only log of lines: pages, the newest in memory, the older ones on a shelf, each found by line number.

use super::page::Page;
use super::shelf::{Job, Shelf};
use super::slot::Slot;
use super::split::split;
use super::{Line, LineEnd, Origin};
use crate::event::Micros;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// A page is full with so many bytes, or lines.
pub const PAGE: usize = 256 * 1024;
const PAGE_LINES: usize = 32 * 1024;
/// Pages read back that are kept for looking at: more than a screen has rows, for a filter may list one line of each.
const LOOKED_AT: usize = 96;
/// Pages that are read back with their neighbours; of more than these, each stands alone.
const WITH_NEIGHBOURS: usize = 3;
/// While the disk does not keep up, memory may hold so many times its budget; then the oldest lines in it are given up.
const PATIENCE: usize = 4;
/// A shelf that was full is tried again after so many pages.
const TRIED_AGAIN: u32 = 16;

/// What threads tell a log.
#[derive(Debug, Default)]
struct News {
    /// Pages read back; the one looked at last is the last.
    pages: Mutex<VecDeque<Arc<Page>>>,
    /// Pages of a file found so far.
    found: Mutex<Vec<Slot>>,
    /// What keeps the shelf from being written.
    trouble: Mutex<Option<String>>,
    shelving: AtomicBool,
    /// Whether pages are being read back.
    fetching: AtomicBool,
    /// Bytes of a file indexed so far.
    indexed: AtomicU64,
    closed: AtomicBool,
}

impl News {
    /// A page that was read back. It is kept for longer now.
    fn look_up(&self, first: u64) -> Option<Arc<Page>> {
        let mut pages = lock(&self.pages);
        let place = pages.iter().rposition(|page| page.first == first)?;
        // In the younger half it is safe: most looks change nothing.
        if place < LOOKED_AT / 2 && pages.len() > LOOKED_AT / 2 {
            let page = pages.remove(place)?;
            pages.push_back(page);
            return pages.back().cloned();
        }
        pages.get(place).cloned()
    }
}

/// Lines by number. A number is a line's for ever.
#[derive(Debug)]
pub struct Log {
    slots: VecDeque<Arc<Slot>>,
    tail: Page,
    shelf: Option<Arc<dyn Shelf>>,
    budget: usize,
    /// How many of the slots, from the front, are out of memory.
    shelved: usize,
    /// What the pages in memory take.
    held: usize,
    /// Pages filled since the shelf could not be written.
    broken: Option<u32>,
    /// Whether that was told.
    told: bool,
    wanted: Mutex<BTreeSet<u64>>,
    news: Arc<News>,
    /// The size of the file it is read from.
    file: Option<u64>,
}

impl Log {
    /// An empty log that keeps about `budget` bytes in memory, and the rest on the shelf if there is one.
    #[must_use]
    pub fn new(budget: usize, shelf: Option<Arc<dyn Shelf>>) -> Self {
        Self {
            slots: VecDeque::new(),
            tail: Page::new(0),
            shelf,
            budget,
            shelved: 0,
            held: 0,
            broken: None,
            told: false,
            wanted: Mutex::default(),
            news: Arc::default(),
            file: None,
        }
    }

    /// A file of so many bytes as a log, and the work that finds its lines.
    pub fn of_file(file: Arc<dyn Shelf>, size: u64) -> (Self, Job) {
        let mut log = Self::new(usize::MAX, Some(Arc::clone(&file)));
        log.file = Some(size);
        let news = Arc::clone(&log.news);
        (log, Box::new(move || index(&*file, size, &news)))
    }

    /// Adds a line.
    pub fn append(&mut self, at: Micros, origin: Origin, raw: &[u8], end: LineEnd) {
        if !self.tail.push(at, origin, raw, end) {
            self.seal();
            self.tail.push(at, origin, raw, end);
        }
        if self.tail.bytes.len() >= PAGE.min(self.budget / 4) || self.tail.len() >= PAGE_LINES {
            self.seal();
        }
    }

    fn seal(&mut self) {
        let next = Page::new(self.tail.first + self.tail.len() as u64);
        let mut page = std::mem::replace(&mut self.tail, next);
        if page.is_empty() {
            return;
        }
        page.bytes.shrink_to_fit();
        page.marks.shrink_to_fit();
        self.held += page.cost();
        self.slots.push_back(Arc::new(Slot::in_memory(page)));
        self.broken = self.broken.map(|pages| pages + 1).filter(|pages| *pages < TRIED_AGAIN);
        let most = if self.shelf.is_none() || self.broken.is_some() { self.budget } else { self.budget * PATIENCE };
        while self.held > most && self.give_up_oldest() {}
    }

    /// Lets the oldest page in memory go. What is on the shelf before it stays, and so do all numbers.
    fn give_up_oldest(&mut self) -> bool {
        if self.shelved == 0 {
            return self.drop_oldest();
        }
        let Some(slot) = self.slots.get(self.shelved) else { return false };
        self.held -= slot.page().map_or(0, |page| page.cost()).min(self.held);
        slot.give_up();
        self.shelved += 1;
        true
    }

    fn drop_oldest(&mut self) -> bool {
        let Some(slot) = self.slots.pop_front() else { return false };
        match slot.page() {
            Some(page) => self.held -= page.cost().min(self.held),
            None => self.shelved = self.shelved.saturating_sub(1),
        }
        true
    }

    /// Takes in what threads found out, and gives the work that is to be done away from the window.
    pub fn keep_up(&mut self) -> Vec<Job> {
        let found = std::mem::take(&mut *lock(&self.news.found));
        for slot in found {
            self.tail.first = slot.end();
            self.slots.push_back(Arc::new(slot));
        }
        if self.file.is_some() {
            self.shelved = self.slots.len();
        }
        let mut jobs = Vec::new();
        if let (Some(shelf), None) = (self.shelf.clone(), self.file) {
            self.settle(shelf.oldest());
            jobs.extend(self.spill(shelf));
        }
        jobs.extend(self.fetch());
        jobs
    }

    fn settle(&mut self, oldest: u64) {
        while self.slots.get(self.shelved).is_some_and(|slot| slot.is_shelved()) {
            self.shelved += 1;
        }
        let in_memory = self.slots.range(self.shelved..).filter_map(|slot| slot.page());
        self.held = in_memory.map(|page| page.cost()).sum();
        while self.shelved > 0 && self.slots.front().is_some_and(|slot| slot.is_gone(oldest)) {
            self.drop_oldest();
        }
        if lock(&self.news.trouble).is_some() {
            self.broken = Some(0);
        }
    }

    fn spill(&self, disk: Arc<dyn Shelf>) -> Option<Job> {
        if self.held <= self.budget || self.broken.is_some() || self.news.shelving.swap(true, Ordering::AcqRel) {
            return None;
        }
        let mut over = self.held - self.budget;
        let mut going = Vec::new();
        for slot in self.slots.range(self.shelved..) {
            if over == 0 {
                break;
            }
            over = over.saturating_sub(slot.page().map_or(0, |page| page.cost()));
            going.push(Arc::clone(slot));
        }
        let news = Arc::clone(&self.news);
        Some(Box::new(move || {
            if let Err(error) = going.iter().try_for_each(|slot| slot.shelve(&*disk)) {
                *lock(&news.trouble) = Some(error.to_string());
            }
            news.shelving.store(false, Ordering::Release);
        }))
    }

    fn fetch(&self) -> Option<Job> {
        // One at a time: a slow disk is not asked by more and more threads.
        if lock(&self.wanted).is_empty() || self.news.fetching.swap(true, Ordering::AcqRel) {
            return None;
        }
        let wanted = std::mem::take(&mut *lock(&self.wanted));
        // With its neighbours: who pages on shall not see an empty row.
        let around = usize::from(wanted.len() <= WITH_NEIGHBOURS);
        let near = |first: u64| {
            let place = self.slots.partition_point(|slot| slot.first < first);
            place.saturating_sub(around)..=place + around
        };
        let places: BTreeSet<usize> = wanted.into_iter().flat_map(near).collect();
        let slots = places.into_iter().filter_map(|place| self.slots.get(place).cloned());
        let slots: Vec<_> = slots.filter(|slot| slot.is_on_shelf()).take(LOOKED_AT).collect();
        let (disk, news) = (self.shelf.clone(), Arc::clone(&self.news));
        Some(Box::new(move || {
            for slot in slots {
                if news.look_up(slot.first).is_none()
                    && let Some(page) = slot.load(disk.as_deref())
                {
                    let mut pages = lock(&news.pages);
                    pages.push_back(page);
                    while pages.len() > LOOKED_AT {
                        pages.pop_front();
                    }
                }
            }
            news.fetching.store(false, Ordering::Release);
        }))
    }

    /// What keeps older lines from being kept on disk, or from being read; told once.
    pub fn take_trouble(&mut self) -> Option<String> {
        let trouble = lock(&self.news.trouble).take()?;
        self.broken = self.broken.or(Some(0));
        (!std::mem::replace(&mut self.told, true)).then_some(trouble)
    }

    /// The number of the oldest line kept.
    pub fn first(&self) -> u64 {
        self.slots.front().map_or(self.tail.first, |slot| slot.first)
    }

    /// The number the next line will have.
    pub fn end(&self) -> u64 {
        self.tail.first + self.tail.len() as u64
    }

    /// Bytes in memory.
    pub fn cost(&self) -> usize {
        self.held + self.tail.bytes.len() + self.tail.len() * size_of::<super::page::Mark>()
    }

    /// A line by its number. One that is on the shelf is wanted then, and there after a moment.
    pub fn line(&self, number: u64) -> Option<Line> {
        if let Some(place) = number.checked_sub(self.tail.first) {
            return self.tail.line(usize::try_from(place).ok()?);
        }
        let page = self.page_of(number)?;
        page.line(usize::try_from(number - page.first).ok()?)
    }

    /// The number of the first line that began at or after an instant.
    ///
    /// # Errors
    /// A number near it, while its page is not at hand.
    pub fn line_at(&self, at: Micros) -> Result<u64, u64> {
        if self.file.is_some() {
            return Ok(self.end());
        }
        if !self.tail.is_empty() && self.tail.began < at {
            return Ok(self.tail.first + self.tail.place_at(at) as u64);
        }
        // The last page that began before it has the line, or the next page begins with it.
        let behind = self.slots.partition_point(|slot| slot.began < at);
        let Some(slot) = behind.checked_sub(1).and_then(|place| self.slots.get(place)) else { return Ok(self.first()) };
        match self.page_of(slot.first) {
            Some(page) => Ok(page.first + page.place_at(at) as u64),
            None if slot.is_lost() => Ok(slot.first),
            None => Err(slot.first),
        }
    }

    /// Whether a line can no longer be read: its page was given up in a flood, or its place on the disk is broken.
    pub fn is_lost(&self, number: u64) -> bool {
        self.slot_of(number).is_some_and(|slot| slot.is_lost())
    }

    fn slot_of(&self, number: u64) -> Option<&Arc<Slot>> {
        let behind = self.slots.partition_point(|slot| slot.first <= number);
        self.slots.get(behind.checked_sub(1)?).filter(|slot| number < slot.end())
    }

    fn page_of(&self, number: u64) -> Option<Arc<Page>> {
        let slot = self.slot_of(number)?;
        if let Some(page) = slot.page() {
            return Some(page);
        }
        let page = self.news.look_up(slot.first);
        if page.is_none() && slot.is_on_shelf() {
            lock(&self.wanted).insert(slot.first);
        }
        page
    }

    /// The full pages, oldest first.
    pub const fn slots(&self) -> &VecDeque<Arc<Slot>> {
        &self.slots
    }

    /// The page that is being written.
    pub const fn tail(&self) -> &Page {
        &self.tail
    }

    /// Where pages are read from.
    pub fn shelf(&self) -> Option<Arc<dyn Shelf>> {
        self.shelf.clone()
    }

    /// Of a file, how much of it has been looked at, from 0 to 1; nothing once all has.
    pub fn indexing(&self) -> Option<f32> {
        let (size, done) = (self.file?, self.news.indexed.load(Ordering::Acquire));
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a part, to be shown")]
        (done < size).then(|| (done as f64 / size as f64) as f32)
    }

    /// Whether it is a file's, whose lines have no times.
    pub const fn is_file(&self) -> bool {
        self.file.is_some()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.news.closed.store(true, Ordering::Release);
    }
}

/// Finds a file's pages: each begins where a line does.
fn index(file: &dyn Shelf, size: u64, news: &News) {
    let mut buffer = Vec::new();
    let (mut at, mut first) = (0_u64, 0_u64);
    while at < size && !news.closed.load(Ordering::Acquire) {
        let rest = size - at;
        let length = usize::try_from(rest).unwrap_or(usize::MAX).min(PAGE);
        buffer.resize(length, 0);
        if let Err(error) = file.read(at, &mut buffer) {
            *lock(&news.trouble) = Some(error.to_string());
            break;
        }
        let mut lines = 0;
        let whole = split(&buffer, rest == length as u64, |_, _, _| lines += 1);
        let slot = Slot::in_file(first, lines, u32::try_from(whole).unwrap_or(u32::MAX), at);
        first = slot.end();
        at += whole as u64;
        lock(&news.found).push(slot);
        news.indexed.store(at, Ordering::Release);
    }
    news.indexed.store(size, Ordering::Release);
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
