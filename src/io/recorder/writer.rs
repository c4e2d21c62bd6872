//! The disk's end of a capture: what cannot be written is kept for a while and tried again.

use crate::capture::Found;
use crate::event::{Fact, Trouble, UNRECORDED};
use crate::io::Inbox;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often a disk that took nothing is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// Nothing to do but to wait for the next order.
const IDLE: Duration = Duration::from_mins(1);
/// Lines that are kept for a disk that takes nothing, in bytes; what comes after them is lost, and counted.
const KEPT: usize = 4 << 20;

/// What the session asks of the disk.
pub enum Order {
    /// Whole lines, and how many.
    Write { lines: Vec<u8>, events: u64 },
    /// Write what there is through to the disk.
    Sync,
    /// What is in the capture, which is closed now.
    Known(Box<Found>),
}

/// What is written to.
pub trait Disk {
    /// Writes these bytes behind the first `length` ones, which stay; what is there behind them goes.
    fn put(&mut self, length: u64, bytes: &[u8]) -> io::Result<()>;
    /// Writes through what was put.
    fn sync(&mut self) -> io::Result<()>;
}

impl Disk for File {
    fn put(&mut self, length: u64, bytes: &[u8]) -> io::Result<()> {
        if self.stream_position()? != length {
            self.set_len(length)?;
            self.seek(SeekFrom::Start(length))?;
        }
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Writes a capture.
pub struct Writer<D> {
    disk: D,
    path: PathBuf,
    inbox: Inbox,
    /// Bytes on the disk, whole lines.
    written: Arc<AtomicU64>,
    /// What the disk did not take yet; absent while it takes everything.
    refused: Option<Refused>,
}

struct Refused {
    lines: Vec<u8>,
    /// Events that came when there was no room for them either.
    lost: u64,
    tried: Instant,
}

impl Refused {
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn new(lines: Vec<u8>, lost: u64) -> Self {
        Self { lines, lost, tried: Instant::now() }
    }
}

impl<D: Disk> Writer<D> {
    /// A writer that goes on behind what `written` says is there.
    pub const fn new(disk: D, path: PathBuf, inbox: Inbox, written: Arc<AtomicU64>) -> Self {
        Self { disk, path, inbox, written, refused: None }
    }

    /// Writes until nobody has orders any more, and closes the file. Returns what was said to be in it.
    pub fn run(mut self, orders: &Receiver<Order>) -> Option<Found> {
        let mut known = None;
        loop {
            let patience = if self.refused.is_some() { AGAIN } else { IDLE };
            match orders.recv_timeout(patience) {
                Ok(Order::Write { lines, events }) => self.write(lines, events),
                Ok(Order::Sync) => self.sync(),
                Ok(Order::Known(found)) => known = Some(*found),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.refused.as_ref().is_some_and(|refused| refused.tried.elapsed() >= AGAIN) {
                self.try_again();
            }
        }
        self.try_again();
        self.sync();
        known
    }

    /// Writes lines, or keeps them as long as there is room for what the disk does not take.
    fn write(&mut self, lines: Vec<u8>, events: u64) {
        match &mut self.refused {
            Some(refused) if refused.lost == 0 && refused.lines.len() + lines.len() <= KEPT => {
                refused.lines.extend(lines);
            }
            Some(refused) => refused.lost += events,
            None => {
                if let Err(error) = self.put(&lines) {
                    self.refuse(lines, &error);
                }
            }
        }
    }

    fn put(&mut self, lines: &[u8]) -> io::Result<()> {
        let length = self.written.load(Ordering::Relaxed);
        let put = self.disk.put(length, lines);
        if put.is_ok() {
            self.written.store(length + lines.len() as u64, Ordering::Release);
        } else {
            // A line cut in its middle goes, if anything can still be done.
            let _ = self.disk.put(length, &[]);
        }
        put
    }

    fn sync(&mut self) {
        if self.refused.is_none()
            && let Err(error) = self.disk.sync()
        {
            self.refuse(Vec::new(), &error);
        }
    }

    /// The bench goes on without a capture, which is said once.
    fn refuse(&mut self, lines: Vec<u8>, error: &io::Error) {
        self.refused = Some(Refused::new(lines, 0));
        let path = self.path.display();
        let trouble = Trouble::new("capture-unwritable").with("path", path).with("detail", error);
        self.tell(Fact::TroubleMet { trouble });
    }

    /// Goes on in the same file where the disk takes what it did not, and says how many events are missing.
    fn try_again(&mut self) {
        let Some(Refused { lines, lost, .. }) = self.refused.take() else { return };
        if self.put(&lines).is_err() {
            self.refused = Some(Refused::new(lines, lost));
        } else if self.disk.sync().is_err() {
            self.refused = Some(Refused::new(Vec::new(), lost));
        } else {
            self.tell(Fact::Gap { source: UNRECORDED.into(), lost });
        }
    }

    fn tell(&self, fact: Fact) {
        // Not from here: the session may be waiting for us while it reads nothing.
        let inbox = self.inbox.clone();
        let telling = move || {
            let _ = inbox.fact(fact);
        };
        let _ = std::thread::Builder::new().name("capture trouble".into()).spawn(telling);
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
