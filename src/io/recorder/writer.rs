//! The disk's end of a capture: what cannot be written is kept for a while and tried again.

use super::Tally;
use super::disk::Disk;
use crate::capture::Found;
use crate::event::{Fact, Trouble, UNRECORDED};
use crate::io::Inbox;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
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
    /// So many events are missing here: the disk was too slow for them.
    Lost(u64),
    /// Look whether all is to be written through.
    Look,
}

/// What the session and the disk's thread know of each other without waiting for each other.
#[derive(Default)]
pub struct Ledger {
    /// Bytes that wait for the disk.
    pub waiting: AtomicU64,
    /// Orders that were carried out.
    pub moved: AtomicU64,
    /// What there is is to be written through.
    pub sync: AtomicBool,
    /// Events are missing in the file.
    pub holes: AtomicBool,
    /// How many were to be in it, and how many are.
    pub tally: Arc<Tally>,
    /// What is in the capture, which is to be closed.
    pub known: Mutex<Option<Found>>,
}

/// Writes a capture.
pub struct Writer<D> {
    disk: D,
    path: PathBuf,
    inbox: Inbox,
    ledger: Arc<Ledger>,
    /// Bytes on the disk, whole lines.
    written: Arc<AtomicU64>,
    /// What the disk did not take yet; absent while it takes everything.
    refused: Option<Refused>,
}

struct Refused {
    lines: Vec<u8>,
    /// Events among the lines.
    events: u64,
    /// Events that came when there was no room for them either.
    lost: u64,
    tried: Instant,
}

impl Refused {
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn new(lines: Vec<u8>, events: u64, lost: u64) -> Self {
        Self { lines, events, lost, tried: Instant::now() }
    }
}

impl<D: Disk> Writer<D> {
    /// A writer that goes on behind what `written` says is there. Where the disk did not take the `pending` first line, it
    /// is tried again; that was told.
    pub fn new(
        disk: D,
        path: PathBuf,
        inbox: Inbox,
        ledger: Arc<Ledger>,
        written: Arc<AtomicU64>,
        pending: Option<Vec<u8>>,
    ) -> Self {
        let refused = pending.map(|lines| Refused::new(lines, 0, 0));
        Self { disk, path, inbox, ledger, written, refused }
    }

    /// Writes until nobody has orders any more, and closes the file.
    pub fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let patience = if self.refused.is_some() { AGAIN } else { IDLE };
            match orders.recv_timeout(patience) {
                Ok(order) => self.carry_out(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.refused.as_ref().is_some_and(|refused| refused.tried.elapsed() >= AGAIN) {
                self.try_again();
            }
        }
        self.try_again();
        self.sync();
        let whole = self.refused.is_none() && !self.ledger.holes.load(Ordering::Relaxed);
        let known = self.ledger.known.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Where events are missing, only the file itself can tell what is in it.
        self.disk.close(known.filter(|_| whole));
    }

    fn carry_out(&mut self, order: Order) {
        match order {
            Order::Write { lines, events } => {
                let bytes = lines.len() as u64;
                self.write(lines, events);
                self.ledger.waiting.fetch_sub(bytes, Ordering::Relaxed);
            }
            Order::Lost(events) => self.lose(events),
            Order::Look => {}
        }
        if self.ledger.sync.swap(false, Ordering::Relaxed) {
            self.sync();
        }
        self.ledger.moved.fetch_add(1, Ordering::Release);
    }

    /// The disk takes what it is given again, but these were lost meanwhile.
    fn lose(&mut self, events: u64) {
        match &mut self.refused {
            Some(refused) => refused.lost += events,
            None => self.tell(Fact::Gap { source: UNRECORDED.into(), lost: events }),
        }
    }

    /// Writes lines, or keeps them as long as there is room for what the disk does not take.
    fn write(&mut self, lines: Vec<u8>, events: u64) {
        match &mut self.refused {
            Some(refused) if refused.lost == 0 && refused.lines.len() + lines.len() <= KEPT => {
                refused.lines.extend(lines);
                refused.events += events;
            }
            Some(refused) => {
                refused.lost += events;
                self.ledger.holes.store(true, Ordering::Relaxed);
            }
            None => match self.put(&lines) {
                Ok(()) => self.ledger.tally.keep(events),
                Err(error) => self.refuse(lines, events, &error),
            },
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
            self.refuse(Vec::new(), 0, &error);
        }
    }

    /// The bench goes on without a capture, which is said once.
    fn refuse(&mut self, lines: Vec<u8>, events: u64, error: &io::Error) {
        self.refused = Some(Refused::new(lines, events, 0));
        let path = self.path.display();
        let trouble = Trouble::new("capture-unwritable").with("path", path).with("detail", error);
        self.tell(Fact::TroubleMet { trouble });
    }

    /// Goes on in the same file where the disk takes what it did not, and says how many events are missing.
    fn try_again(&mut self) {
        let Some(Refused { lines, events, lost, .. }) = self.refused.take() else { return };
        if self.put(&lines).is_err() {
            self.refused = Some(Refused::new(lines, events, lost));
            return;
        }
        self.ledger.tally.keep(events);
        if self.disk.sync().is_err() {
            self.refused = Some(Refused::new(Vec::new(), 0, lost));
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
