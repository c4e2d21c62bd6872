//! Any recording opened for reading, one event after the other: a capture, plain or compressed, or what others wrote.

use super::source::{Place, Source};
use super::{io_trouble, of_file};
use crate::capture::{Capture, Damages, Header, Reader};
use crate::event::{Event, Trouble};
use crate::replay;
use std::io::{BufRead, Read};
use std::path::Path;
use std::vec::IntoIter;

/// A longer packet trace, or file of `mosquitto_sub`, is not read, in bytes: it has to be held to be understood.
const LONGEST_FOREIGN: u64 = 256 << 20;

/// What a file begins with that is compressed with gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A recording being read. However long a capture is, no more than one line of it is held.
pub struct Recording(Kind);

enum Kind {
    Capture(Box<Reader<Source>>),
    Foreign { header: Header, events: IntoIter<Event>, damage: Box<Damages> },
}

impl Recording {
    /// Opens a recording and reads its first line.
    ///
    /// # Errors
    /// `recording-not-found`, `recording-is-folder`, `recording-no-file`, `recording-gzip`, `recording-too-large` (a trace), and
    /// those of [`Reader::open`], each with `path`; `unknown-dialect` (a trace).
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let mut source = Source::open(path)?;
        let first = source.fill_buf().map_err(|error| io_trouble(path, &error))?;
        if first.starts_with(&GZIP) {
            return Err(Trouble::new("recording-gzip").with("path", path.display()));
        }
        if !replay::is_foreign(first) {
            let reader = Reader::open(source).map_err(|trouble| of_file(path, trouble))?;
            return Ok(Self(Kind::Capture(Box::new(reader))));
        }
        let mut bytes = Vec::new();
        source.take(LONGEST_FOREIGN + 1).read_to_end(&mut bytes).map_err(|error| io_trouble(path, &error))?;
        let size = bytes.len() as u64;
        if size > LONGEST_FOREIGN {
            let limit = LONGEST_FOREIGN >> 20;
            return Err(Trouble::new("recording-too-large").with("path", path.display()).with("limit", limit));
        }
        let Capture { header, events, damage } = replay::read(&bytes).map_err(|trouble| of_file(path, trouble))?;
        Ok(Self(Kind::Foreign { header, events: events.into_iter(), damage: Box::new(damage) }))
    }

    /// Its first line.
    #[must_use]
    pub const fn header(&self) -> &Header {
        match &self.0 {
            Kind::Capture(reader) => reader.header(),
            Kind::Foreign { header, .. } => header,
        }
    }

    /// What is wrong with what was read so far.
    #[must_use]
    pub const fn damage(&self) -> &Damages {
        match &self.0 {
            Kind::Capture(reader) => reader.damage(),
            Kind::Foreign { damage, .. } => damage,
        }
    }

    /// The file, where the events are read from one as they are wanted.
    pub(super) const fn source(&self) -> Option<&Source> {
        match &self.0 {
            Kind::Capture(reader) => Some(reader.source()),
            Kind::Foreign { .. } => None,
        }
    }

    /// Where in the file the next event begins, or lines that are none before it.
    pub(super) fn place(&self) -> Place {
        self.source().map(Source::place).unwrap_or_default()
    }

    /// Reads all that is left into memory.
    #[must_use]
    pub fn collect(mut self) -> Capture {
        let events = self.by_ref().collect();
        Capture { header: self.header().clone(), events, damage: self.damage().clone() }
    }
}

impl Iterator for Recording {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        match &mut self.0 {
            Kind::Capture(reader) => reader.next(),
            Kind::Foreign { events, .. } => events.next(),
        }
    }
}
