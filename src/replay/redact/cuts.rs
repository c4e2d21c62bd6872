//! Where a console's chunks end in the middle of a secret: what the first look at a capture saw, the second one knows.

use super::book::{Book, SecretKind};
use super::find::{Found, find_known};
use std::collections::BTreeMap;
use std::ops::Range;

/// So much of a line before and behind a chunk's end is remembered, in bytes.
const NEAR: usize = 1_024;

/// The chunks of one console, one way, by their running numbers.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// How many chunks there were.
    chunks: u64,
    /// Where chunks end in the line that goes on.
    here: Vec<Cut>,
    lines: Vec<Line>,
    /// The first chunk there was no room for.
    lost: Option<u64>,
    /// Chunks whose end breaks a secret off.
    broken: BTreeMap<u64, Off>,
    /// From this chunk on nothing is known.
    until: u64,
}

/// Where a chunk ends in a line.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at: usize,
    /// The chunk's running number.
    chunk: u64,
}

/// A line that was cut, as far as it is near its cuts.
#[derive(Debug)]
struct Line {
    text: Vec<u8>,
    cuts: Vec<Cut>,
}

/// What a chunk ends in.
#[derive(Debug)]
pub(super) enum End<'a> {
    /// Nobody looked at the capture before.
    Unknown,
    /// Nothing that is a secret with what comes behind it.
    Whole,
    /// The beginning of a secret.
    Breaks(&'a Off),
}

/// A secret that a chunk breaks off.
#[derive(Debug)]
pub(super) struct Off {
    /// All of it.
    pub value: Vec<u8>,
    pub kind: SecretKind,
    /// How much of it is in this chunk and those before it.
    pub letters: usize,
}

impl Off {
    /// Where it begins in a line that ends with it.
    pub fn find(&self, found: &mut Vec<Found>, line: usize) {
        let at = line.saturating_sub(self.letters)..line;
        if found.last().is_none_or(|last| last.at.end <= at.start) {
            found.push(Found::new(at, self.kind));
        }
    }
}

impl Cuts {
    /// What the next chunk ends in.
    pub fn end(&mut self) -> End<'_> {
        self.chunks += 1;
        if self.chunks >= self.until {
            return End::Unknown;
        }
        self.broken.get(&self.chunks).map_or(End::Whole, End::Breaks)
    }

    /// Remembers the chunk that the line now ends with, and what comes behind those before it. So much of the line is `gone`
    /// hereafter.
    pub fn note(&mut self, line: &[u8], gone: usize, book: &mut Book) {
        if !book.is_learning() {
            return;
        }
        let ended = self.here.iter().take_while(|cut| cut.at < gone).count();
        let ended: Vec<_> = self.here.drain(..ended).filter(|cut| is_inside(line, cut.at)).collect();
        if let (Some(first), Some(last)) = (ended.first(), ended.last()) {
            let near = first.at.saturating_sub(NEAR)..line.len().min(last.at + NEAR);
            if self.lost.is_none() && book.may_note(near.len() + ended.len() * size_of::<Cut>()) {
                let cuts = ended.iter().map(|cut| Cut { at: cut.at - near.start, ..*cut }).collect();
                self.lines.push(Line { text: line[near].to_owned(), cuts });
            } else {
                self.lost.get_or_insert(first.chunk);
            }
        }
        self.here.push(Cut { at: line.len(), chunk: self.chunks });
        self.here.iter_mut().for_each(|cut| cut.at = cut.at.saturating_sub(gone));
        self.here.retain(|cut| cut.at > 0);
    }

    /// The line that goes on is over.
    pub fn clear(&mut self) {
        self.here.clear();
    }

    /// Which chunks break a secret off, with all that is known by now.
    pub fn begin_again(self, book: &Book) -> Self {
        let open = self.here.first().map(|cut| cut.chunk);
        let mut broken = BTreeMap::new();
        for Line { text, cuts } in &self.lines {
            for Found { at: Range { start, end }, kind, .. } in find_known(book, text) {
                for cut in cuts.iter().filter(|cut| start < cut.at && cut.at < end) {
                    let value = text[start..end].to_owned();
                    broken.insert(cut.chunk, Off { value, kind, letters: cut.at - start });
                }
            }
        }
        let until = [open, self.lost].into_iter().flatten().min().unwrap_or(u64::MAX).min(self.chunks + 1);
        Self { broken, until, ..Self::default() }
    }
}

/// Whether a value can go on over this place of a line.
fn is_inside(line: &[u8], at: usize) -> bool {
    let ends = |at: usize| line.get(at).is_none_or(|byte| matches!(byte, b'\r' | b'\n'));
    at > 0 && !ends(at) && !ends(at - 1)
}
