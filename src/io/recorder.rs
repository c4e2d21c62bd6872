//! Writes the capture file on a thread of its own: neither a slow disk nor one that hangs holds up a device's answer.

use super::Inbox;
use super::captures::{self, Files};
use super::worker::Worker;
use crate::bench::Bench;
use crate::capture::{Header, encode};
use crate::event::{Event, Fact, Micros, Trouble};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

mod disk;
mod writer;

use disk::{CaptureFile, Disk};
use writer::{Ledger, Order, Writer};

/// Lines that may wait for the disk, in bytes: seconds of a flood. What finds no room is missing in the capture, and counted.
const MOST_WAITING: u64 = 64 << 20;
/// Pieces that may wait: more than [`MOST_WAITING`] comes in, for in a crowd they are large.
const CAPACITY: usize = 8_192;
/// While so many pieces wait, lines are gathered to large ones.
const CROWD: u64 = 64;
/// Lines are gathered up to here while nothing presses.
const GATHER: usize = 32 * 1024;
/// How often it is looked whether the disk's thread has moved; and after so many looks without that, it is told.
const LOOK: Micros = Micros::from_millis(500);
const LOOKS: u32 = 4;
/// How long the end of a session waits for a disk that does not move. What is left is put in order at the next start.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was to be recorded, and what of it the file holds.
#[derive(Debug, Default)]
pub struct Tally {
    events: AtomicU64,
    kept: AtomicU64,
}

impl Tally {
    /// How many events the file does not hold, of how many.
    #[must_use]
    pub fn missing(&self) -> (u64, u64) {
        let events = self.events.load(Ordering::Acquire);
        (events.saturating_sub(self.kept.load(Ordering::Acquire)), events)
    }

    fn keep(&self, events: u64) {
        self.kept.fetch_add(events, Ordering::AcqRel);
    }
}

/// A capture being written. Dropping it writes everything out.
pub struct Recorder {
    path: PathBuf,
    header: Header,
    lines: Vec<u8>,
    /// Events among the lines.
    events: u64,
    /// Nobody was there so far.
    idle: bool,
    /// How many bytes may wait.
    room: u64,
    /// Events that found no room, and that the disk's thread does not know of yet.
    lost: u64,
    written: Arc<AtomicU64>,
    ledger: Arc<Ledger>,
    /// Orders given.
    given: u64,
    orders: Option<SyncSender<Order>>,
    worker: Worker,
    watch: Watch,
}

/// How the disk's thread moves, as it is seen from here.
#[derive(Default)]
struct Watch {
    /// When to look next.
    at: Option<Micros>,
    /// Orders carried out at the last look.
    moved: u64,
    /// Looks since then.
    looks: u32,
    /// It was told that the disk does not keep up.
    told: bool,
}

impl Recorder {
    /// Makes a capture file. A file that exists already is never written over. When it is closed, it is compressed if its
    /// name ends in `.zst`.
    ///
    /// # Errors
    /// `recording-exists` with `path`; `capture-unwritable` with `path` and `detail`; `thread-not-started`.
    pub fn create(path: &Path, header: &Header, inbox: Inbox) -> Result<Self, Trouble> {
        let mut file = CaptureFile::named(path);
        file.put(0, &first_line(header)).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Trouble::new("recording-exists").with("path", path.display()),
            _ => unwritable(path, &error),
        })?;
        Self::begin(file, path, header, inbox, None)
    }

    /// Makes a capture under a name that is free in `folder`: the wall clock, and a number if need be. When it is closed, it
    /// is compressed. Where it cannot be written yet, that is told beside it, and it is tried again and again.
    ///
    /// # Errors
    /// `capture-unwritable` with `path` and `detail`; `thread-not-started`.
    pub fn create_in(
        folder: &Path,
        name: &str,
        header: &Header,
        inbox: &Inbox,
    ) -> Result<(Self, Option<Trouble>), Trouble> {
        for number in 1..1_000 {
            let name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            let Some(mut file) = CaptureFile::in_folder(Files::new(folder, &name)) else { continue };
            let (path, first) = (file.path().to_owned(), first_line(header));
            let trouble = match file.put(0, &first) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => continue,
                put => put.err().map(|error| unwritable(&path, &error)),
            };
            let pending = trouble.is_some().then_some(first);
            return Ok((Self::begin(file, &path, header, inbox.clone(), pending)?, trouble));
        }
        Err(unwritable(folder, &ErrorKind::AlreadyExists.into()))
    }

    /// Begins to write behind the first line, or with it where it is still `pending`.
    fn begin(
        disk: impl Disk + Send + 'static,
        path: &Path,
        header: &Header,
        inbox: Inbox,
        pending: Option<Vec<u8>>,
    ) -> Result<Self, Trouble> {
        let (orders, queue) = sync_channel(CAPACITY);
        let on_disk = if pending.is_some() { 0 } else { first_line(header).len() };
        let (written, ledger) = (Arc::new(AtomicU64::new(on_disk as u64)), Arc::new(Ledger::default()));
        let writer = Writer::new(disk, path.to_owned(), inbox, Arc::clone(&ledger), Arc::clone(&written), pending);
        let worker = Worker::start("capture", move || writer.run(&queue))?;
        Ok(Self {
            path: path.to_owned(),
            header: header.clone(),
            lines: Vec::new(),
            events: 0,
            idle: true,
            room: MOST_WAITING,
            lost: 0,
            written,
            ledger,
            given: 0,
            orders: Some(orders),
            worker,
            watch: Watch::default(),
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

    /// Counts what is recorded, and what of it is on the disk.
    #[must_use]
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.ledger.tally)
    }

    /// Adds an event. Never waits.
    pub fn record(&mut self, event: &Event) {
        encode(event, &mut self.lines);
        self.events += 1;
        self.ledger.tally.events.fetch_add(1, Ordering::AcqRel);
        self.idle &= captures::is_idle(&event.fact);
        if self.lines.len() >= GATHER {
            self.flush();
        }
    }

    /// Hands what was gathered to the disk's thread, if there is room for it. Never waits.
    pub fn flush(&mut self) {
        if self.lines.len() < GATHER && self.given - self.moved() > CROWD {
            return;
        }
        self.hand_over();
    }

    /// Has everything so far written through to the disk, soon; a verdict must outlive a crash of the machine.
    pub fn sync(&mut self) {
        self.hand_over();
        self.ledger.sync.store(true, Ordering::Relaxed);
        // In a full queue there is an order after which it is seen, too.
        self.order(Order::Look);
    }

    /// When to call [`Self::attend`] at the latest.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Micros> {
        self.watch.at
    }

    /// Looks whether the disk keeps up. What is to be told of it comes back.
    pub fn attend(&mut self, now: Micros) -> Option<Fact> {
        let moved = self.moved();
        if self.watch.at.is_some_and(|at| now < at) {
            return None;
        }
        let waits = moved < self.given || self.lost > 0 || !self.lines.is_empty();
        if !waits && !self.watch.told {
            self.watch = Watch { moved, ..Watch::default() };
            return None;
        }
        let first = self.watch.at.replace(now + LOOK).is_none();
        let looks = if first || moved != self.watch.moved { 0 } else { self.watch.looks + 1 };
        (self.watch.moved, self.watch.looks) = (moved, looks);
        self.flush();
        if self.watch.told {
            // Once it moves again, its thread says so and how many are missing.
            self.watch.told = looks > 0 || self.lost > 0 || !self.order(Order::Lost(0));
            return None;
        }
        self.watch.told = looks >= LOOKS || self.lost > 0;
        let path = self.path.display();
        let trouble = || Trouble::new("capture-stalled").with("path", path).with("megabytes", self.room >> 20);
        self.watch.told.then(|| Fact::TroubleMet { trouble: trouble() })
    }

    /// Closes the capture; what is in it is told by the bench after its last event.
    pub fn finish(self, bench: &Bench) {
        let found = captures::found(self.header.clone(), bench, self.idle, 0);
        *self.ledger.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    fn moved(&self) -> u64 {
        self.ledger.moved.load(Ordering::Acquire)
    }

    fn hand_over(&mut self) {
        let waiting = self.ledger.waiting.load(Ordering::Relaxed);
        // Once something is lost, there is to be room for a while: one hole is better than many.
        if self.lost > 0 && waiting < self.room / 2 && self.order(Order::Lost(self.lost)) {
            (self.lost, self.watch.told) = (0, false);
        }
        if self.lines.is_empty() {
            return;
        }
        let bytes = self.lines.len() as u64;
        let fits = self.lost == 0 && (waiting == 0 || waiting + bytes <= self.room);
        // The next lines will be about as many: no growing step by step in a flood.
        let room = Vec::with_capacity(self.lines.len().min(GATHER));
        let lines = std::mem::replace(&mut self.lines, room);
        let events = std::mem::take(&mut self.events);
        self.ledger.waiting.fetch_add(bytes, Ordering::Relaxed);
        if !fits || !self.order(Order::Write { lines, events }) {
            self.ledger.waiting.fetch_sub(bytes, Ordering::Relaxed);
            self.ledger.holes.store(true, Ordering::Relaxed);
            self.lost += events;
        }
    }

    /// Gives an order. False when too many wait.
    fn order(&mut self, order: Order) -> bool {
        let given = self.orders.as_ref().is_some_and(|orders| orders.try_send(order).is_ok());
        self.given += u64::from(given);
        given
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.hand_over();
        self.orders = None;
        let mut moved = self.moved();
        while !self.worker.wait(PATIENCE) {
            if std::mem::replace(&mut moved, self.moved()) == self.moved() {
                break;
            }
        }
    }
}

fn first_line(header: &Header) -> Vec<u8> {
    (header.encode() + "\n").into_bytes()
}

fn unwritable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::new("capture-unwritable").with("path", path.display()).with("detail", error)
}

#[cfg(test)]
mod tests;
