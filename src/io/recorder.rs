//! Writes the capture file on a thread of its own, so that a slow disk does not hold up a device's answer.

use super::captures::{self, Files, Lock};
use super::{Inbox, folder};
use crate::bench::Bench;
use crate::capture::{Found, Header, encode};
use crate::event::{Event, Trouble};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

mod writer;

use writer::{Order, Writer};

/// Batches of lines that may wait for the disk. Full means the session waits: an event is recorded before it acts.
const CAPACITY: usize = 1_024;
/// Lines are gathered up to here while nothing presses.
const GATHER: usize = 32 * 1024;

/// A capture being written. Dropping it writes everything out.
pub struct Recorder {
    path: PathBuf,
    header: Header,
    lines: Vec<u8>,
    /// Events among the lines.
    events: u64,
    written: Arc<AtomicU64>,
    orders: Option<SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// What becomes of a capture's file when it is closed.
enum Keeping {
    /// It stays as it is: somebody asked for it by name.
    AsItIs,
    /// It is compressed in its place: its name asks for that.
    Compressed,
    /// It is one of the folder's, which are kept small, with what is known of each beside it.
    InFolder(Files, Option<Lock>),
}

impl Recorder {
    /// Makes a capture file. A file that exists already is never written over. When it is closed, it is compressed if its
    /// name ends in `.zst`.
    ///
    /// # Errors
    /// `recording-exists` with `path`; `capture-unwritable` with `path` and `detail`.
    pub fn create(path: &Path, header: &Header, inbox: Inbox) -> Result<Self, Trouble> {
        let is_zst = path.extension().is_some_and(|extension| extension == "zst");
        Self::make(path, header, inbox, if is_zst { Keeping::Compressed } else { Keeping::AsItIs })
    }

    /// Makes a capture under a name that is free in `folder`: the wall clock, and a number if need be. When it is closed, it
    /// is compressed.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub fn create_in(folder: &Path, name: &str, header: &Header, inbox: &Inbox) -> Result<Self, Trouble> {
        // What cannot be made shows when the capture is.
        let _ = folder::make(folder);
        for number in 1..1_000 {
            let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            let files = Files::new(folder, &name);
            if [files.plain(), files.compressed()].iter().any(|path| path.try_exists().unwrap_or(false)) {
                continue;
            }
            let lock = match Lock::take(&files.lock()) {
                Ok(Some(lock)) => Some(lock),
                // Somebody else has just taken the name.
                Ok(None) => continue,
                // No locks in this place: it is recorded all the same.
                Err(_) => None,
            };
            let path = files.plain();
            return Self::make(&path, header, inbox.clone(), Keeping::InFolder(files, lock));
        }
        let detail = std::io::Error::from(ErrorKind::AlreadyExists);
        Err(Trouble::new("capture-unwritable").with("path", folder.display()).with("detail", detail))
    }

    fn make(path: &Path, header: &Header, inbox: Inbox, keeping: Keeping) -> Result<Self, Trouble> {
        let unwritable = |error: std::io::Error| {
            Trouble::new("capture-unwritable").with("path", path.display()).with("detail", error)
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            folder::make(folder).map_err(unwritable)?;
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Trouble::new("recording-exists").with("path", path.display()),
                _ => unwritable(error),
            })?;
        let first = header.encode() + "\n";
        file.write_all(first.as_bytes()).map_err(unwritable)?;
        let (orders, queue) = sync_channel(CAPACITY);
        let written = Arc::new(AtomicU64::new(first.len() as u64));
        let (shown, counter) = (path.to_owned(), Arc::clone(&written));
        let writing = move || {
            let found = Writer::new(file, shown.clone(), inbox, counter).run(&queue);
            close(&shown, keeping, found);
        };
        let thread = std::thread::Builder::new().name("capture".into()).spawn(writing).map_err(unwritable)?;
        let (orders, thread) = (Some(orders), Some(thread));
        Ok(Self {
            path: path.to_owned(),
            header: header.clone(),
            lines: Vec::new(),
            events: 0,
            written,
            orders,
            thread,
        })
    }

    /// Where it is written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts the bytes that were handed to the disk.
    #[must_use]
    pub fn written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }

    /// Adds an event.
    pub fn record(&mut self, event: &Event) {
        encode(event, &mut self.lines);
        self.events += 1;
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
            let events = std::mem::take(&mut self.events);
            self.order(Order::Write { lines, events });
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

    /// Closes the capture; what is in it is told by the bench after its last event.
    pub fn finish(mut self, bench: &Bench) {
        self.flush();
        let found = captures::found(self.header.clone(), bench, bench.events(), 0);
        self.order(Order::Known(Box::new(found)));
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

/// The file is written and closed. What cannot be done now is done at the next start.
fn close(path: &Path, keeping: Keeping, found: Option<Found>) {
    match keeping {
        Keeping::AsItIs => {}
        Keeping::Compressed => {
            let _ = captures::compress(path, path, &AtomicBool::new(false));
        }
        Keeping::InFolder(files, lock) => captures::close(&files, lock, found),
    }
}

#[cfg(test)]
mod tests;
