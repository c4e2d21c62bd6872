//! What is looked for in a log, and looking for it in a page.

use super::encoding::{Encoding, decode};
use super::hits::PageHits;
use super::page::{Mark, Page};
use super::render::strip;
use super::shelf::Shelf;
use super::slot::{Read, Room, Slot};
use super::split::split;
use super::{Line, Origin};
use memchr::memchr;
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

const ESCAPE: u8 = 0x1B;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The words, or the regular expression.
    pub text: String,
    /// Whether it is a regular expression.
    pub regex: bool,
    /// Whether capitals matter.
    pub case: bool,
    /// How the device's bytes are letters.
    pub encoding: Encoding,
}

/// What is looked for, made ready.
#[derive(Debug)]
pub struct Pattern {
    how: How,
    encoding: Encoding,
}

#[derive(Debug)]
enum How {
    Words(Box<Finder<'static>>),
    Regex(Regex),
}

impl Query {
    /// Makes it ready.
    ///
    /// # Errors
    /// What is wrong with the regular expression, in the words of its reader.
    pub fn pattern(&self) -> Result<Pattern, String> {
        let encoding = self.encoding;
        if self.case && !self.regex {
            return Ok(Pattern { how: How::Words(Box::new(Finder::new(&self.text).into_owned())), encoding });
        }
        let text = if self.regex { self.text.clone() } else { regex::escape(&self.text) };
        let built = RegexBuilder::new(&text).case_insensitive(!self.case).multi_line(true).crlf(true).build();
        let how = How::Regex(built.map_err(|error| last_line(&error.to_string()))?);
        Ok(Pattern { how, encoding })
    }
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// Room for searching pages, used again and again.
#[derive(Default)]
pub struct Desk {
    room: Room,
    text: Vec<u8>,
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl Pattern {
    /// Where a line's text holds it, from here on.
    #[must_use]
    pub fn find_at(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        match &self.how {
            How::Words(words) => {
                let at = from + words.find(text.get(from..)?)?;
                Some((at, at + words.needle().len()))
            }
            How::Regex(regex) => regex.find_at(text, from).map(|found| (found.start(), found.end())),
        }
    }

    /// All places of a shown text that are to be marked; what matches nothing at all is no place.
    #[must_use]
    pub fn places(&self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut places = Vec::new();
        let mut from = 0;
        while let Some((start, end)) = self.find_at(text.as_bytes(), from)
            && places.len() < 100
        {
            if start < end && text.is_char_boundary(start) && text.is_char_boundary(end) {
                places.push(start..end);
            }
            from = end.max(start + 1);
            if from > text.len() {
                break;
            }
        }
        places
    }

    /// The lines of a page that hold it.
    pub fn search(&self, slot: &Slot, disk: Option<&dyn Shelf>, room: &mut Desk) -> PageHits {
        let Desk { room, text, starts, places } = room;
        let Some(Read { bytes, marks }) = slot.read(disk, room) else { return PageHits::default() };
        places.clear();
        if self.is_as_shown(bytes) {
            self.lines_of(bytes, 0, starts, |starts| begins(bytes, marks, starts), places);
        } else {
            begins(bytes, marks, starts);
            let raw = std::mem::take(starts);
            let of = |line: usize| {
                let mark = marks.and_then(|marks| marks.get(line));
                mark.map_or(self.encoding, |mark| self.encoding_of(mark.origin))
            };
            shown(bytes, &raw, of, text, starts);
            let known = std::mem::take(starts);
            self.lines_of(text, 0, starts, |starts| *starts = known, places);
        }
        PageHits::new(places, slot.lines)
    }

    /// The lines from `from` on of a page in memory that hold it, added to `places`.
    pub fn search_page(&self, page: &Page, from: usize, desk: &mut Desk, places: &mut Vec<u32>) {
        let Some(begin) = page.marks.get(from).map(|mark| mark.start as usize) else { return };
        let Desk { text, starts, .. } = desk;
        let mut found = Vec::new();
        let bytes = &page.bytes[begin..];
        let raw: Vec<u32> = page.marks[from..].iter().map(|mark| mark.start - page.marks[from].start).collect();
        if self.is_as_shown(bytes) {
            self.lines_of(bytes, 0, starts, |starts| *starts = raw, &mut found);
        } else {
            let mut known = Vec::new();
            let of = |line: usize| self.encoding_of(page.marks[from + line].origin);
            shown(bytes, &raw, of, text, &mut known);
            self.lines_of(text, 0, starts, |starts| *starts = known, &mut found);
        }
        places.extend(found.iter().map(|place| place + u32::try_from(from).unwrap_or_default()));
    }

    /// Whether a line holds it.
    pub fn is_in(&self, line: &Line, desk: &mut Desk) -> bool {
        if self.is_as_shown(&line.raw) {
            return self.find_at(&line.raw, 0).is_some();
        }
        let Desk { text, starts, .. } = desk;
        shown(&line.raw, &[0], |_| self.encoding_of(line.origin), text, starts);
        self.find_at(text, 0).is_some()
    }

    /// Our own remarks are UTF-8 whatever the device speaks.
    fn encoding_of(&self, origin: Origin) -> Encoding {
        if origin == Origin::Note { Encoding::Utf8 } else { self.encoding }
    }

    /// Whether a page's bytes read as they are shown, as far as searching goes.
    fn is_as_shown(&self, bytes: &[u8]) -> bool {
        memchr(ESCAPE, bytes).is_none() && (self.encoding == Encoding::Utf8 || bytes.is_ascii())
    }

    /// Goes from hit to hit, and from a line that has one to the next line. Where lines begin is asked at the first hit.
    fn lines_of(
        &self,
        bytes: &[u8],
        mut at: usize,
        starts: &mut Vec<u32>,
        ask: impl FnOnce(&mut Vec<u32>),
        places: &mut Vec<u32>,
    ) {
        let mut ask = Some(ask);
        let mut line = 0;
        while at < bytes.len()
            && let Some((start, end)) = self.find_at(bytes, at)
            && start < bytes.len()
        {
            if let Some(ask) = ask.take() {
                starts.clear();
                ask(starts);
            }
            line += starts[line..].partition_point(|begin| *begin as usize <= start).saturating_sub(1);
            let begin = |line: usize| starts.get(line).map_or(bytes.len(), |begin| *begin as usize);
            let (first, next) = (begin(line), begin(line + 1));
            // What reaches into the next line is none; the line may still hold it by itself.
            let held = end <= next || self.find_at(&bytes[first..next], 0).is_some();
            if held {
                places.push(u32::try_from(line).unwrap_or(u32::MAX));
            }
            at = next;
            line = (line + 1).min(starts.len());
        }
    }
}

/// Where the lines of a page begin.
fn begins(bytes: &[u8], marks: Option<&[Mark]>, starts: &mut Vec<u32>) {
    starts.clear();
    match marks {
        Some(marks) => starts.extend(marks.iter().map(|mark| mark.start)),
        None => _ = split(bytes, true, |start, _, _| starts.push(u32::try_from(start).unwrap_or(u32::MAX))),
    }
}

/// Lines as they are shown, in UTF-8, without escape sequences; what cannot be read stays as it is.
fn shown(
    bytes: &[u8],
    raw: &[u32],
    encoding_of: impl Fn(usize) -> Encoding,
    text: &mut Vec<u8>,
    starts: &mut Vec<u32>,
) {
    text.clear();
    starts.clear();
    let mut plain = Vec::new();
    for (place, begin) in raw.iter().enumerate() {
        let end = raw.get(place + 1).map_or(bytes.len(), |next| *next as usize);
        starts.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        let (line, encoding) = (&bytes[*begin as usize..end], encoding_of(place));
        if encoding == Encoding::Utf8 {
            strip(line, text);
            continue;
        }
        plain.clear();
        strip(line, &mut plain);
        decode(&plain, encoding, |valid, invalid| {
            text.extend_from_slice(valid.as_bytes());
            text.extend_from_slice(invalid);
        });
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
