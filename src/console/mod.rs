//! A console: bytes in any chunking become lines, lines become a log, and a log can be looked through.

mod crash;
mod encoding;
mod excerpt;
mod hex;
mod hits;
mod keep;
mod level;
mod line;
mod log;
mod page;
mod render;
mod search;
mod seek;
mod sgr;
mod shelf;
mod slot;
mod split;

pub use crash::{Crash, CrashKind, crash};
pub use encoding::Encoding;
pub use excerpt::{Excerpt, Taken};
pub use hex::hex;
pub use keep::{Highlight, HighlightColour, LogStamp};
pub use level::{ERRORS, Level, WARNINGS, level};
pub use line::{Line, LineEnd, Origin};
pub use log::Log;
pub use render::{Rendered, Span};
pub use search::{Pattern, Query};
pub use seek::{Hits, Seek};
pub use sgr::{Colour, Style};
pub use shelf::{Job, Shelf};

use crate::event::Micros;
use memchr::memchr2;
use split::{LONGEST_LINE, fitting, split};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Lines that may wait for one before them to end, such as a prompt: more, and it ends there.
const WAITING: usize = 256;
/// Crashes that may wait to be taken.
const CRASHES: usize = 1_000;

/// Everything one console received, sent and noted, as lines in the order of their first bytes.
///
/// Lines keep their index for ever: when the oldest are dropped to stay within the budget, [`Console::first_index`] rises.
#[derive(Debug)]
pub struct Console {
    id: u64,
    log: Log,
    /// Lines that may still grow, and those behind them.
    open: VecDeque<Line>,
    received: Stream,
    sent: Stream,
    latest: Micros,
    crashes: Vec<Crash>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device to us.
    Received,
    /// From us to the device.
    Sent,
}

/// Where the next byte of one direction belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// It begins a line.
    Fresh,
    /// It continues the line with this index.
    Open(u64),
    /// The line with this index ended in a carriage return; a line feed would still belong to it.
    Returned(u64),
}

impl Console {
    /// An empty console that keeps at most about `budget` bytes, the lines' own cost included.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self::over(Log::new(budget, None))
    }

    /// An empty console that keeps about `budget` bytes in memory and the older lines on a shelf.
    #[must_use]
    pub fn on_shelf(budget: usize, shelf: Arc<dyn Shelf>) -> Self {
        Self::over(Log::new(budget, Some(shelf)))
    }

    /// A file to look at, and the work that finds its lines: the first can be seen long before it is done.
    #[must_use]
    pub fn of_file(file: Arc<dyn Shelf>, size: u64) -> (Self, Job) {
        let (log, job) = Log::of_file(file, size);
        (Self::over(log), job)
    }

    fn over(log: Log) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let (received, sent) = (Stream::Fresh, Stream::Fresh);
        Self { id, log, open: VecDeque::new(), received, sent, latest: Micros(0), crashes: Vec::new() }
    }

    /// Tells it from every other console, also from one of the same name before it.
    #[must_use]
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Takes bytes in. How they are cut into chunks makes no difference to the lines.
    pub fn feed(&mut self, at: Micros, bytes: &[u8], direction: Direction) {
        let mut rest = &bytes[self.feed_whole(at, bytes, direction)..];
        while let Some((&byte, after)) = rest.split_first() {
            rest = match byte {
                b'\n' => self.line_feed(at, direction, after),
                b'\r' => {
                    let index = self.open(at, direction);
                    self.end(index, LineEnd::Cr);
                    *self.stream(direction) = Stream::Returned(index);
                    after
                }
                _ => self.text(at, direction, rest),
            };
        }
        self.settle();
    }

    /// Lines that are whole in a chunk go into the log as they are; gives how many bytes they have.
    fn feed_whole(&mut self, at: Micros, bytes: &[u8], direction: Direction) -> usize {
        if !self.open.is_empty() || *self.stream(direction) != Stream::Fresh {
            return 0;
        }
        let at = at.max(self.latest);
        let origin = origin(direction);
        split(bytes, false, |start, next, end| {
            let raw = &bytes[start..next - end.bytes().len()];
            self.latest = at;
            self.keep(&Line { at, origin, raw: Vec::new(), end }, raw);
        })
    }

    /// Adds a line of the workbench's own, such as “port closed”. Open lines end here: what comes next begins afresh.
    pub fn note(&mut self, at: Micros, text: &str) {
        self.received = Stream::Fresh;
        self.sent = Stream::Fresh;
        let index = self.begin(at, Origin::Note);
        self.append(index, text.as_bytes());
        self.settle();
    }

    /// How many lines are kept.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.end_index() - self.first_index()
    }

    /// Whether no line is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index of the oldest line kept; also how many were dropped.
    #[must_use]
    pub fn first_index(&self) -> u64 {
        self.log.first()
    }

    /// The index the next line will have.
    #[must_use]
    pub fn end_index(&self) -> u64 {
        self.log.end() + self.open.len() as u64
    }

    /// Bytes held in memory, the lines' own cost included.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.log.cost() + self.open.iter().map(|line| size_of::<Line>() + line.raw.len()).sum::<usize>()
    }

    /// The line with this index, if it is kept and at hand; one on the shelf is at hand a moment after it was asked for.
    #[must_use]
    pub fn line(&self, index: u64) -> Option<Line> {
        match index.checked_sub(self.log.end()) {
            Some(place) => self.open.get(usize::try_from(place).ok()?).cloned(),
            None => self.log.line(index),
        }
    }

    /// Whether the line with this index can no longer be read, though newer and older ones can.
    #[must_use]
    pub fn is_lost(&self, index: u64) -> bool {
        self.log.is_lost(index)
    }

    /// The lines at hand among these indices, each with its index.
    #[must_use = "lines are looked at one by one"]
    pub fn lines(&self, range: Range<u64>) -> impl DoubleEndedIterator<Item = (u64, Line)> {
        let from = range.start.clamp(self.first_index(), self.end_index());
        let to = range.end.clamp(from, self.end_index());
        (from..to).filter_map(|index| Some((index, self.line(index)?)))
    }

    /// The index of the first line that began at or after `at`; [`Console::end_index`] when none did. Only near it while
    /// the line is not at hand.
    #[must_use]
    pub fn index_at(&self, at: Micros) -> u64 {
        self.find_at(at).unwrap_or_else(|near| near)
    }

    /// As [`Self::index_at`].
    ///
    /// # Errors
    /// An index near it, while the line is not at hand.
    pub fn find_at(&self, at: Micros) -> Result<u64, u64> {
        match self.log.line_at(at) {
            Ok(index) if index == self.log.end() => Ok(index + self.open.partition_point(|line| line.at < at) as u64),
            found => found,
        }
    }

    /// Takes in what other threads found out, and gives the work that is to be done away from the window.
    pub fn keep_up(&mut self) -> Vec<Job> {
        self.log.keep_up()
    }

    /// What lines told of since the last time this was asked: crashes and restarts.
    pub fn take_crashes(&mut self) -> Vec<Crash> {
        std::mem::take(&mut self.crashes)
    }

    /// Some of its lines as they are now, to be read away from the window.
    #[must_use]
    pub fn excerpt(&self, taken: Taken) -> Excerpt {
        Excerpt::new(&self.log, self.open.iter().cloned().collect(), taken)
    }

    /// Whether it is a file, whose lines have no times.
    #[must_use]
    pub const fn is_file(&self) -> bool {
        self.log.is_file()
    }

    /// The lines that may still grow, such as a prompt, and those behind them.
    #[must_use]
    pub const fn open_lines(&self) -> &VecDeque<Line> {
        &self.open
    }

    /// The lines that do not grow any more.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// What keeps older lines from being kept on disk; told once.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.log.take_trouble()
    }

    fn line_feed<'a>(&mut self, at: Micros, direction: Direction, after: &'a [u8]) -> &'a [u8] {
        if let Stream::Returned(index) = *self.stream(direction) {
            self.end(index, LineEnd::CrLf);
        } else {
            let index = self.open(at, direction);
            self.end(index, LineEnd::Lf);
        }
        *self.stream(direction) = Stream::Fresh;
        after
    }

    /// Takes in what stands before the next line end, as far as it fits the line; gives back the rest.
    fn text<'a>(&mut self, at: Micros, direction: Direction, bytes: &'a [u8]) -> &'a [u8] {
        let index = self.open(at, direction);
        // No line takes more than this; looking further would cost a chunk without newlines a square.
        let bounded = &bytes[..bytes.len().min(LONGEST_LINE + 4)];
        let stop = memchr2(b'\n', b'\r', bounded).unwrap_or(bounded.len());
        let held = self.line_mut(index).map_or(0, |line| line.raw.len());
        let fits = fitting(held, &bytes[..stop]);
        if fits == 0 {
            self.end(index, LineEnd::None);
            *self.stream(direction) = Stream::Fresh;
        } else {
            self.append(index, &bytes[..fits]);
        }
        &bytes[fits..]
    }

    /// The index of the line the direction's next byte belongs to, begun if need be.
    fn open(&mut self, at: Micros, direction: Direction) -> u64 {
        if let Stream::Open(index) = *self.stream(direction) {
            return index;
        }
        // Unmoved so far, lines that ended go first: the next one may be the one too many.
        *self.stream(direction) = Stream::Fresh;
        let index = self.begin(at, origin(direction));
        *self.stream(direction) = Stream::Open(index);
        index
    }

    fn begin(&mut self, at: Micros, origin: Origin) -> u64 {
        self.settle();
        // Searching by time needs an order, whatever the clock did.
        self.latest = at.max(self.latest);
        self.open.push_back(Line::new(self.latest, origin));
        if self.open.len() > WAITING {
            let first = self.log.end();
            for stream in [&mut self.received, &mut self.sent] {
                if matches!(*stream, Stream::Open(index) | Stream::Returned(index) if index == first) {
                    *stream = Stream::Fresh;
                }
            }
        }
        self.end_index() - 1
    }

    fn append(&mut self, index: u64, bytes: &[u8]) {
        if let Some(line) = self.line_mut(index) {
            line.raw.extend_from_slice(bytes);
        }
    }

    fn end(&mut self, index: u64, end: LineEnd) {
        if let Some(line) = self.line_mut(index) {
            line.end = end;
        }
    }

    /// Moves lines that do not grow any more into the log.
    fn settle(&mut self) {
        while !self.open.is_empty() {
            let first = self.log.end();
            let grows = |stream| matches!(stream, Stream::Open(index) | Stream::Returned(index) if index == first);
            if grows(self.received) || grows(self.sent) {
                return;
            }
            if let Some(line) = self.open.pop_front() {
                self.keep(&line, &line.raw);
            }
        }
    }

    fn keep(&mut self, line: &Line, raw: &[u8]) {
        if line.origin == Origin::Received
            && self.crashes.len() < CRASHES
            && let Some((kind, bad)) = crash::in_line(raw)
        {
            let text = render::render(raw, Encoding::Utf8).text.into_owned();
            self.crashes.push(Crash { at: line.at, line: self.log.end(), kind, text, bad });
        }
        self.log.append(line.at, line.origin, raw, line.end);
    }

    fn line_mut(&mut self, index: u64) -> Option<&mut Line> {
        let place = usize::try_from(index.checked_sub(self.log.end())?).ok()?;
        self.open.get_mut(place)
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        }
    }
}

const fn origin(direction: Direction) -> Origin {
    match direction {
        Direction::Received => Origin::Received,
        Direction::Sent => Origin::Sent,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::{Board, work};
