//! A console: bytes in any chunking become lines, and lines become text to show.

mod line;
mod render;
mod sgr;

pub use line::{Line, LineEnd, Origin};
pub use render::{Rendered, Span};
pub use sgr::{Colour, Style};

use crate::event::Micros;
use std::collections::VecDeque;
use std::ops::Range;

/// A longer line is shown in pieces of about this many bytes; a device without newlines must not freeze the window.
const LONGEST_LINE: usize = 16 * 1024;

/// Everything one console received, sent and noted, as lines in the order of their first bytes.
///
/// Lines keep their index for ever: when the oldest are dropped to stay within the budget, [`Console::first_index`] rises.
#[derive(Clone, Debug)]
pub struct Console {
    lines: VecDeque<Line>,
    first: u64,
    budget: usize,
    cost: usize,
    received: Stream,
    sent: Stream,
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
        Self { lines: VecDeque::new(), first: 0, budget, cost: 0, received: Stream::Fresh, sent: Stream::Fresh }
    }

    /// Takes bytes in. How they are cut into chunks makes no difference to the lines.
    pub fn feed(&mut self, at: Micros, bytes: &[u8], direction: Direction) {
        let mut rest = bytes;
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
    }

    /// Adds a line of the workbench's own, such as “port closed”. Open lines end here: what comes next begins afresh.
    pub fn note(&mut self, at: Micros, text: &str) {
        self.received = Stream::Fresh;
        self.sent = Stream::Fresh;
        let index = self.begin(at, Origin::Note);
        self.append(index, text.as_bytes());
        self.shrink();
    }

    /// How many lines are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether no line is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The index of the oldest line kept; also how many were dropped.
    #[must_use]
    pub fn first_index(&self) -> u64 {
        self.first
    }

    /// The index the next line will have.
    #[must_use]
    pub fn end_index(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// Bytes held, the lines' own cost included.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// The line with this index, if it is kept.
    #[must_use]
    pub fn line(&self, index: u64) -> Option<&Line> {
        self.lines.get(self.position(index)?)
    }

    /// The kept lines among these indices, each with its index.
    #[must_use = "lines are looked at one by one"]
    pub fn lines(&self, range: Range<u64>) -> impl DoubleEndedIterator<Item = (u64, &Line)> {
        let from = range.start.clamp(self.first, self.end_index());
        let to = range.end.clamp(from, self.end_index());
        (from..to).filter_map(|index| Some((index, self.line(index)?)))
    }

    /// The index of the first line that began at or after `at`; [`Console::end_index`] when none did.
    #[must_use]
    pub fn index_at(&self, at: Micros) -> u64 {
        self.first + self.lines.partition_point(|line| line.at < at) as u64
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
        let stop = bounded.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(bounded.len());
        let held = self.line(index).map_or(0, |line| line.raw.len());
        let fits = fitting(held, &bytes[..stop]);
        if fits == 0 {
            self.end(index, LineEnd::None);
            *self.stream(direction) = Stream::Fresh;
        } else {
            self.append(index, &bytes[..fits]);
            self.shrink();
        }
        &bytes[fits..]
    }

    /// The index of the line the direction's next byte belongs to, begun if need be.
    fn open(&mut self, at: Micros, direction: Direction) -> u64 {
        let stream = *self.stream(direction);
        match stream {
            Stream::Open(index) if index >= self.first => index,
            _ => {
                let origin = match direction {
                    Direction::Received => Origin::Received,
                    Direction::Sent => Origin::Sent,
                };
                let index = self.begin(at, origin);
                *self.stream(direction) = Stream::Open(index);
                self.shrink();
                index
            }
        }
    }

    fn begin(&mut self, at: Micros, origin: Origin) -> u64 {
        // Searching by time needs an order, whatever the clock did.
        let at = self.lines.back().map_or(at, |last| at.max(last.at));
        self.lines.push_back(Line::new(at, origin));
        self.cost += Line::COST;
        self.end_index() - 1
    }

    fn append(&mut self, index: u64, bytes: &[u8]) {
        if let Some(line) = self.line_mut(index) {
            line.raw.extend_from_slice(bytes);
            self.cost += bytes.len();
        }
    }

    fn end(&mut self, index: u64, end: LineEnd) {
        if let Some(line) = self.line_mut(index) {
            line.end = end;
            line.raw.shrink_to_fit();
        }
    }

    /// Drops the oldest lines while the budget is exceeded; never the newest line, which is being written.
    fn shrink(&mut self) {
        while self.cost > self.budget && self.lines.len() > 1 {
            if let Some(dropped) = self.lines.pop_front() {
                self.cost -= Line::COST + dropped.raw.len();
                self.first += 1;
            }
        }
    }

    fn position(&self, index: u64) -> Option<usize> {
        usize::try_from(index.checked_sub(self.first)?).ok()
    }

    fn line_mut(&mut self, index: u64) -> Option<&mut Line> {
        let position = self.position(index)?;
        self.lines.get_mut(position)
    }

    fn stream(&mut self, direction: Direction) -> &mut Stream {
        match direction {
            Direction::Received => &mut self.received,
            Direction::Sent => &mut self.sent,
        }
    }
}

/// How many of these bytes still fit a line that holds `held`, without cutting a character in two.
fn fitting(held: usize, bytes: &[u8]) -> usize {
    let room = LONGEST_LINE.saturating_sub(held);
    if bytes.len() <= room {
        return bytes.len();
    }
    // A UTF-8 character has at most three continuation bytes; more of them are noise and may be cut anywhere.
    let limit = (LONGEST_LINE + 3).saturating_sub(held).min(bytes.len());
    (room..limit).find(|&place| bytes[place] & 0xC0 != 0x80).unwrap_or(limit)
}

#[cfg(test)]
mod tests;
