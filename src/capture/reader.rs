//! Reads a capture line by line, as much of it as there is, and never holds more of it than one line.

use super::{Cut, Damage, Damages, Header, NoEvent, decode, foreign};
use crate::event::{Event, Micros, Texts, Trouble};
use std::io::{BufRead, Error, ErrorKind, Read, Result};

/// A longer line is no event, in bytes. The largest packet the broker takes fits, however its bytes are written down.
pub const LONGEST_LINE: usize = 40 << 20;
/// A longer first line is no header, in bytes.
const LONGEST_HEADER: usize = 64 << 10;
/// Room for a line that is kept for the next ones, in bytes.
const KEPT_ROOM: usize = 1 << 20;

/// A capture being read: its events, one after the other.
pub struct Reader<R> {
    source: R,
    header: Header,
    /// Lines read so far.
    lines: usize,
    line: Vec<u8>,
    damage: Damages,
    last: Option<(u64, Micros)>,
    texts: Texts,
    over: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// `capture-empty`, `capture-foreign`, `capture-future`, `recording-cut-short`, `recording-impossible-start`;
    /// `capture-unreadable` with `detail`. In all, `path` is empty, to be filled in by who knows it.
    pub fn open(mut source: R) -> std::result::Result<Self, Trouble> {
        let mut line = Vec::new();
        // A file without any line end is not read to its end for this.
        let read = read_line(&mut source.by_ref().take(LONGEST_HEADER as u64 + 2), &mut line, LONGEST_HEADER);
        let read = read.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => cut_short(),
            _ => Trouble::new("capture-unreadable").with("path", "").with("detail", error),
        })?;
        // Some editors put a mark before the first character.
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        let header = Header::decode(&String::from_utf8_lossy(text));
        let header = match read {
            Line::End => return Err(Trouble::new("capture-empty").with("path", "")),
            Line::TooLong => return Err(foreign()),
            // Half a header is of no use, a whole one without its line end is.
            Line::Unfinished if text.starts_with(b"{\"capture\":") => {
                header.map_err(|trouble| if trouble.code == "capture-foreign" { cut_short() } else { trouble })?
            }
            Line::Whole | Line::Unfinished => header?,
        };
        Ok(Self { lines: 1, line, ..Self::resume(source, header) })
    }

    /// Goes on in the middle of a capture whose header is known: `source` stands at the begin of a line.
    pub fn resume(source: R, header: Header) -> Self {
        let (line, damage, texts) = (Vec::new(), Damages::default(), Texts::default());
        Self { source, header, lines: 0, line, damage, last: None, texts, over: false }
    }

    /// The first line.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// What is wrong with what was read so far.
    pub const fn damage(&self) -> &Damages {
        &self.damage
    }

    /// Where it is read from, standing at the begin of the next line.
    pub const fn source(&self) -> &R {
        &self.source
    }

    fn note(&mut self, why: NoEvent) {
        self.damage.push(Damage { line: self.lines, why });
    }

    /// Here it ends before its end.
    fn break_off(&mut self, why: Option<String>) {
        self.damage.cut = Some(Cut { line: self.lines, after: self.last, why });
        self.over = true;
    }

    /// Counts what goes back. Such an event stands all the same: the file has nothing better to tell.
    fn look_back(&mut self, event: &Event) {
        if let Some((seq, at)) = self.last {
            self.damage.reordered += usize::from(event.seq <= seq);
            self.damage.earlier += usize::from(event.at < at);
        }
        self.last = Some((event.seq, event.at));
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Event;

    /// The next event. A kill leaves half a line behind; a whole event that only lacks its line end is one.
    fn next(&mut self) -> Option<Event> {
        while !self.over {
            let read = read_line(&mut self.source, &mut self.line, LONGEST_LINE);
            self.lines += 1;
            match read {
                Ok(Line::Whole) if self.line.is_empty() => {}
                Ok(line @ (Line::Whole | Line::Unfinished)) => match decode(&String::from_utf8_lossy(&self.line)) {
                    Ok(mut event) => {
                        self.texts.share(&mut event.fact);
                        self.look_back(&event);
                        return Some(event);
                    }
                    Err(NoEvent::Malformed) if line == Line::Unfinished => self.break_off(None),
                    Err(why) => self.note(why),
                },
                Ok(Line::TooLong) => self.note(NoEvent::TooLong),
                Ok(Line::End) => self.over = true,
                Err(error) => self.break_off(detail(&error)),
            }
        }
        None
    }
}

/// What the system says, unless it only says that the file ends: in the middle of what is compressed.
fn detail(error: &Error) -> Option<String> {
    (error.kind() != ErrorKind::UnexpectedEof).then(|| error.to_string())
}

fn cut_short() -> Trouble {
    Trouble::new("recording-cut-short").with("path", "")
}

/// What a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// It is there, without its end.
    Whole,
    /// It is longer than it may be, and was passed over.
    TooLong,
    /// The source ended in the middle of it.
    Unfinished,
    /// The source has ended.
    End,
}

/// Reads one line, without its end.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>, longest: usize) -> Result<Line> {
    line.clear();
    line.shrink_to(KEPT_ROOM);
    let mut length = 0;
    loop {
        let ready = match source.fill_buf() {
            // Nothing happened: a signal came.
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            ready => ready?,
        };
        if ready.is_empty() {
            return Ok(if length == 0 { Line::End } else { Line::Unfinished });
        }
        let end = memchr::memchr(b'\n', ready);
        let part = ready.get(..end.unwrap_or(ready.len())).unwrap_or_default();
        length += part.len();
        if length <= longest {
            line.extend_from_slice(part);
        } else {
            line.clear();
        }
        let taken = part.len() + usize::from(end.is_some());
        source.consume(taken);
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(if length <= longest { Line::Whole } else { Line::TooLong });
        }
    }
}

/// A capture in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Its first line.
    pub header: Header,
    /// Its events, in the order of the file.
    pub events: Vec<Event>,
    /// What is wrong with it.
    pub damage: Damages,
}

impl Capture {
    /// Reads the bytes of a capture.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn parse(bytes: &[u8]) -> std::result::Result<Self, Trouble> {
        Self::read(bytes)
    }

    /// Reads a capture to its end.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn read(source: impl BufRead) -> std::result::Result<Self, Trouble> {
        let mut reader = Reader::open(source)?;
        let events = reader.by_ref().collect();
        Ok(Self { header: reader.header, events, damage: reader.damage })
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
