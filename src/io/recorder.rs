//! Writes the capture file on a thread of its own, so that a slow disk does not hold up a device's answer.

use super::{Inbox, folder};
use crate::capture::{Header, encode};
use crate::event::{Event, Fact, Trouble};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Batches of lines that may wait for the disk. Full means the session waits: an event is recorded before it acts.
const CAPACITY: usize = 1_024;
/// Lines are gathered up to here while nothing presses.
const GATHER: usize = 32 * 1024;

enum Order {
    Write(Vec<u8>),
    /// Write what there is through to the disk.
    Sync,
}

/// A capture being written. Dropping it writes everything out.
pub struct Recorder {
    path: PathBuf,
    lines: Vec<u8>,
    bytes: u64,
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Makes a capture file. A file that exists already is never written over.
    ///
    /// # Errors
    /// `capture-unwritable` with `path` and `detail`.
    pub fn create(path: &Path, header: &Header, inbox: Inbox) -> Result<Self, Trouble> {
        let unwritable = |error: std::io::Error| {
            Trouble::new("capture-unwritable").with("path", path.display()).with("detail", error)
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            folder::make(folder).map_err(unwritable)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(unwritable)?;
        let first = header.encode() + "\n";
        file.write_all(first.as_bytes()).map_err(unwritable)?;
        let (orders, queue) = sync_channel(CAPACITY);
        let shown = path.to_owned();
        let thread = std::thread::Builder::new()
            .name("capture".into())
            .spawn(move || Writer { file, path: shown, inbox, failed: false }.run(&queue))
            .map_err(unwritable)?;
        let bytes = first.len() as u64;
        Ok(Self { path: path.to_owned(), lines: Vec::new(), bytes, orders: Some(orders), thread: Some(thread) })
    }

    /// Makes a capture under a name that is free in `folder`: the wall clock, and a number if need be.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_in(folder: &Path, name: &str, header: &Header, inbox: &Inbox) -> Result<Self, Trouble> {
        for number in 1..1_000 {
            let file = if number == 1 { format!("{name}.jsonl") } else { format!("{name}-{number}.jsonl") };
            let path = folder.join(file);
            if path.try_exists().unwrap_or(false) {
                continue;
            }
            return Self::create(&path, header, inbox.clone());
        }
        let detail = std::io::Error::from(ErrorKind::AlreadyExists);
        Err(Trouble::new("capture-unwritable").with("path", folder.display()).with("detail", detail))
    }

    /// Where it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Adds an event.
    pub fn record(&mut self, event: &Event) {
        let before = self.lines.len();
        encode(event, &mut self.lines);
        self.bytes += (self.lines.len() - before) as u64;
        if self.lines.len() >= GATHER {
            self.flush();
        }
    }

    /// Hands what was gathered to the disk's thread.
    pub fn flush(&mut self) {
        if !self.lines.is_empty() {
            // The next lines will be about as many: no growing step by step in a flood.
            let room = Vec::with_capacity(self.lines.len());
            let lines = std::mem::replace(&mut self.lines, room);
            self.order(Order::Write(lines));
        }
    }

    /// Has everything so far written through to the disk, soon; a verdict must outlive a crash of the machine.
    pub fn sync(&mut self) {
        self.flush();
        if let Some(orders) = &self.orders
            && let Err(TrySendError::Full(order)) = orders.try_send(Order::Sync)
        {
            self.order(order);
        }
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // The writer takes orders until we let go of our end, even when the disk is full.
            let _ = orders.send(order);
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.flush();
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    file: File,
    path: PathBuf,
    inbox: Inbox,
    failed: bool,
}

impl Writer {
    fn run(mut self, queue: &Receiver<Order>) {
        loop {
            match queue.recv_timeout(Duration::from_mins(1)) {
                Ok(Order::Write(lines)) => self.attempt(|file| file.write_all(&lines)),
                Ok(Order::Sync) => self.attempt(|file| file.sync_data()),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.attempt(|file| file.sync_all());
    }

    /// A full disk is said once; the bench goes on without a capture.
    fn attempt(&mut self, write: impl FnOnce(&mut File) -> std::io::Result<()>) {
        if self.failed {
            return;
        }
        if let Err(error) = write(&mut self.file) {
            self.failed = true;
            let trouble = Trouble::new("capture-unwritable").with("path", self.path.display()).with("detail", error);
            // Not from here: the session may be waiting for us while it reads nothing.
            let inbox = self.inbox.clone();
            let _ = std::thread::Builder::new()
                .name("capture trouble".into())
                .spawn(move || inbox.fact(Fact::TroubleMet { trouble }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, Inbox, Recorder};
    use crate::capture::Capture;
    use crate::event::{Event, Fact, Micros};

    #[test]
    fn every_event_is_in_the_file_once_the_session_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new folder").join("a.jsonl");
        let (inbox, _receiver) = Inbox::new();
        let mut recorder = Recorder::create(&path, &Header::new(5, None), inbox).unwrap();
        for seq in 1..=10_000 {
            recorder.record(&Event { seq, at: Micros(seq), fact: Fact::BrokerStopped });
        }
        let bytes = recorder.bytes();
        drop(recorder);
        let file = std::fs::read(&path).unwrap();
        assert_eq!(file.len() as u64, bytes);
        let capture = Capture::parse(&file).unwrap();
        assert_eq!((capture.events.len(), capture.damage.len()), (10_000, 0));
    }

    #[test]
    fn a_capture_that_exists_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, _receiver) = Inbox::new();
        let header = Header::new(5, None);
        let first = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap();
        let second = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap();
        assert_ne!(first.path(), second.path());
        let trouble = Recorder::create(first.path(), &header, inbox).err().unwrap();
        assert_eq!(trouble.code, "capture-unwritable");
    }
}
