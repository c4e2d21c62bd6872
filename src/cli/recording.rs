//! A recording opened for a command: its header, then its events one by one.

use crate::capture::Header;
use crate::event::{Event, Trouble};
use crate::io::build_file;
use crate::replay;
use std::path::Path;

/// A capture, a packet trace or what `mosquitto_sub` wrote.
pub struct Recording {
    header: Header,
    events: std::vec::IntoIter<Event>,
    damaged: usize,
}

impl Recording {
    /// Opens it.
    ///
    /// # Errors
    /// Those of reading a file, and `capture-foreign`, `capture-empty`, `capture-future`.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let capture = replay::read(&build_file::read(path)?.bytes)?;
        Ok(Self { header: capture.header, damaged: capture.damage.len(), events: capture.events.into_iter() })
    }

    /// Its first line.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// How many lines were no events.
    pub const fn damaged(&self) -> usize {
        self.damaged
    }
}

impl Iterator for Recording {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.events.next()
    }
}
