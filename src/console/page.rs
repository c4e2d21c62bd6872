//! A page of a log: some thousand lines in one piece of bytes, and where each begins.

use super::split::split;
use super::{Line, LineEnd, Origin};
use crate::event::Micros;

/// What a page says of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where it begins in the page's bytes.
    pub start: u32,
    /// Microseconds between the page's first line and this one.
    pub after: u32,
    /// Whose line it is.
    pub origin: Origin,
    /// How it ended.
    pub end: LineEnd,
}

/// Bytes of a mark on a shelf.
const SHELVED_MARK: usize = 9;

/// Whole lines, one behind the other as they came, line ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The number of its first line.
    pub first: u64,
    /// When that line began.
    pub began: Micros,
    /// Its lines' bytes.
    pub bytes: Vec<u8>,
    /// Its lines.
    pub marks: Vec<Mark>,
}

impl Page {
    /// An empty page whose first line will have this number.
    pub const fn new(first: u64) -> Self {
        Self { first, began: Micros(0), bytes: Vec::new(), marks: Vec::new() }
    }

    /// How many lines it has.
    pub const fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// What it takes in memory.
    pub const fn cost(&self) -> usize {
        self.bytes.capacity() + self.marks.capacity() * size_of::<Mark>()
    }

    /// Adds a line. False when it belongs on the next page: its time is too far from this page's first.
    pub fn push(&mut self, at: Micros, origin: Origin, raw: &[u8], end: LineEnd) -> bool {
        if self.is_empty() {
            self.began = at;
        }
        let (Ok(start), Ok(after)) = (u32::try_from(self.bytes.len()), u32::try_from(at.since(self.began).0)) else {
            return false;
        };
        self.marks.push(Mark { start, after, origin, end });
        self.bytes.extend_from_slice(raw);
        self.bytes.extend_from_slice(end.bytes());
        true
    }

    /// Where a line's bytes lie, its end included.
    fn span(&self, place: usize) -> (usize, usize) {
        let begin = |place: usize| self.marks.get(place).map_or(self.bytes.len(), |mark| mark.start as usize);
        (begin(place), begin(place + 1))
    }

    /// A line's bytes with its end.
    pub fn whole(&self, place: usize) -> &[u8] {
        let (from, to) = self.span(place);
        &self.bytes[from..to]
    }

    /// A line's bytes without its end.
    pub fn raw(&self, place: usize) -> &[u8] {
        let whole = self.whole(place);
        let end = self.marks.get(place).map_or(0, |mark| mark.end.bytes().len());
        &whole[..whole.len() - end]
    }

    /// When a line began.
    pub fn at(&self, place: usize) -> Micros {
        self.began + Micros(self.marks.get(place).map_or(0, |mark| u64::from(mark.after)))
    }

    /// A line by its place on the page.
    pub fn line(&self, place: usize) -> Option<Line> {
        let mark = self.marks.get(place)?;
        Some(Line { at: self.at(place), origin: mark.origin, raw: self.raw(place).to_vec(), end: mark.end })
    }

    /// The place of the first line that began at or after an instant.
    pub fn place_at(&self, at: Micros) -> usize {
        let after = at.since(self.began).0;
        self.marks.partition_point(|mark| u64::from(mark.after) < after)
    }

    /// The page as it is put on a shelf: bytes, then marks.
    pub fn shelved(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.bytes.len() + self.marks.len() * SHELVED_MARK);
        bytes.extend_from_slice(&self.bytes);
        for mark in &self.marks {
            bytes.extend_from_slice(&mark.start.to_le_bytes());
            bytes.extend_from_slice(&mark.after.to_le_bytes());
            bytes.push(mark.origin as u8 | (mark.end as u8) << 4);
        }
        bytes
    }

    /// How many bytes a page takes on a shelf.
    pub const fn shelved_len(bytes: usize, lines: usize) -> usize {
        bytes + lines * SHELVED_MARK
    }

    /// Takes the marks off a page read from a shelf; `bytes` keeps what the lines had.
    pub fn unshelve(bytes: &mut Vec<u8>, lines: usize) -> Vec<Mark> {
        let behind = bytes.len().saturating_sub(lines * SHELVED_MARK);
        let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |four| u32::from_le_bytes(*four));
        let mark = |bytes: &[u8]| Mark {
            start: number(bytes),
            after: number(&bytes[4..]),
            origin: Origin::from_number(bytes[8] & 15),
            end: LineEnd::from_number(bytes[8] >> 4),
        };
        let marks = bytes[behind..].chunks_exact(SHELVED_MARK).map(mark).collect();
        bytes.truncate(behind);
        marks
    }

    /// The lines of a file's piece: all the device's, all of the same instant.
    pub fn marks_of(bytes: &[u8]) -> Vec<Mark> {
        let mut marks = Vec::new();
        split(bytes, true, |start, _, end| {
            let start = u32::try_from(start).unwrap_or(u32::MAX);
            marks.push(Mark { start, after: 0, origin: Origin::Received, end });
        });
        marks
    }
}
