//! The thread of an open port that writes, and tells what was written at the instant it was.

use super::flow::{Flow, STALL};
use super::link::Link;
use super::native::PATIENCE;
use super::reader::is_passing;
use super::sent_file::SentFile;
use super::wire::Wire;
use crate::event::{Fact, Text, Trouble};
use crate::io::Inbox;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Instant;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Job {
    Bytes(Vec<u8>),
    /// What is sent again and again: nobody is told when one is left out.
    Beat(Vec<u8>),
    /// A file, unless the files asked for up to this one were given up.
    File(PathBuf, u64),
}

impl Job {
    /// Bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) | Self::Beat(bytes) => bytes.len(),
            Self::File(..) => 0,
        }
    }
}

/// Writes what is queued until the port is closed or gone.
pub(super) struct Writer<W> {
    pub(super) name: Text,
    pub(super) port: W,
    pub(super) link: Arc<Link>,
    pub(super) inbox: Inbox,
    pub(super) queue: Receiver<Job>,
    pub(super) flow: Flow,
    /// Bytes that were given up since that was told, and when it was.
    pub(super) dropped: usize,
    pub(super) told: Option<Instant>,
    /// Dropped when this thread's hold on the port is. Fields are dropped in order: after the port.
    pub(super) _holding: SyncSender<()>,
}

/// How a write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Done,
    Stalled,
    Cancelled,
    Over,
}

impl<W: Wire> Writer<W> {
    pub(super) fn run(mut self) {
        loop {
            // What the system holds is watched until the line has it.
            let watches = self.flow.waits() || self.dropped > 0;
            let next = if watches {
                self.queue.recv_timeout(PATIENCE)
            } else {
                self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            match next {
                Ok(job) => {
                    let size = job.size();
                    let end = self.take(job);
                    self.link.done(size);
                    if end == End::Over {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.watch();
        }
        self.tell_dropped(0);
    }

    fn take(&mut self, job: Job) -> End {
        match job {
            Job::Bytes(bytes) => {
                let (written, end) = self.write_all(&bytes);
                if end == End::Stalled {
                    self.dropped += bytes.len() - written;
                }
                end
            }
            Job::Beat(bytes) => {
                let (written, end) = self.write_all(&bytes);
                // Nobody misses a beat, but that the line stands still is told.
                if end == End::Stalled && (written > 0 || self.told.is_none()) {
                    self.dropped += bytes.len() - written;
                }
                end
            }
            Job::File(path, order) => self.write_file(&path, order),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> (usize, End) {
        // Nothing more into a buffer that nobody empties.
        if self.looks_stalled() && self.flow.held() > 0 {
            return (0, End::Stalled);
        }
        let (mut written, mut told) = (0, 0);
        let end = loop {
            let (more, end) = self.write(&bytes[written..], None);
            written += more;
            if written > told {
                let bytes = bytes[told..written].into();
                let _ = self.inbox.fact(Fact::BytesSent { port: self.name.clone(), bytes });
                told = written;
            }
            if let Some(end) = end {
                break end;
            }
        };
        // What stalls is so until something is taken again.
        if end != End::Stalled {
            self.flow.give_up();
        }
        (written, end)
    }

    /// Writes until the line takes nothing for a moment, or it is over. Tells how much was written, and how it ended.
    pub(super) fn write(&mut self, bytes: &[u8], order: Option<u64>) -> (usize, Option<End>) {
        let mut written = 0;
        loop {
            if written == bytes.len() {
                return (written, Some(End::Done));
            }
            if let Some(end) = self.ended(order) {
                return (written, Some(end));
            }
            let begun = now();
            match self.port.write(&bytes[written..]) {
                // On Windows nothing written is what a time-out looks like.
                Ok(0) => {}
                Ok(length) => {
                    written += length;
                    self.flow.wrote(length, now());
                    continue;
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    let trouble = Trouble::new("port-write-failed").with("port", &self.name).with("detail", error);
                    self.link.fail(trouble);
                    return (written, Some(End::Over));
                }
            }
            self.flow.refused();
            let stalled = self.looks_stalled();
            // Some drivers come back at once.
            if !stalled && let Some(rest) = PATIENCE.checked_sub(begun.elapsed()) {
                std::thread::park_timeout(rest);
            }
            return (written, stalled.then_some(End::Stalled));
        }
    }

    /// Waits for the line to have all of it. Tells how that ended, and how much it does not have.
    pub(super) fn let_out(&mut self, order: u64) -> (usize, End) {
        loop {
            let stalled = self.looks_stalled();
            let held = self.flow.held();
            if held == 0 {
                return (0, End::Done);
            }
            let end = self.ended(Some(order)).or(stalled.then_some(End::Stalled));
            if let Some(end) = end {
                return (held, end);
            }
            std::thread::park_timeout(PATIENCE);
        }
    }

    /// What the system holds is not wanted any more. Tells how much that was.
    pub(super) fn drop_unsent(&mut self) -> usize {
        let held = self.port.unsent();
        self.port.drop_unsent();
        self.flow.give_up();
        self.flow.look(self.port.unsent(), now());
        held
    }

    fn ended(&self, order: Option<u64>) -> Option<End> {
        if self.link.is_closed() {
            return Some(End::Over);
        }
        order.is_some_and(|order| self.link.is_cancelled(order)).then_some(End::Cancelled)
    }

    pub(super) fn looks_stalled(&mut self) -> bool {
        self.flow.look(self.port.unsent(), now());
        self.flow.is_stalled()
    }

    /// Tells a stall, once until the line takes something; what queued behind it is dropped, for it would come too late.
    fn watch(&mut self) {
        if !self.looks_stalled() {
            self.tell_dropped(0);
            self.told = None;
            return;
        }
        if self.told.is_none() {
            self.drop_queued();
            self.tell_dropped(self.flow.held());
        } else if self.told.is_some_and(|told| told.elapsed() >= STALL) {
            self.tell_dropped(0);
        }
    }

    fn drop_queued(&mut self) {
        while let Ok(job) = self.queue.try_recv() {
            self.link.done(job.size());
            match job {
                Job::Bytes(bytes) => self.dropped += bytes.len(),
                Job::Beat(_) => {}
                Job::File(path, _) => {
                    let size = std::fs::metadata(&path).map_or(0, |about| about.len());
                    let trouble = self.stalled(usize::try_from(size).unwrap_or(usize::MAX));
                    self.tell_file_ended(SentFile::of(&path), Some(trouble));
                }
            }
        }
    }

    fn tell_dropped(&mut self, held: usize) {
        let unsent = self.dropped + held;
        if unsent > 0 {
            let _ = self.inbox.fact(Fact::TroubleMet { trouble: self.stalled(unsent) });
            (self.dropped, self.told) = (0, Some(now()));
        }
    }

    pub(super) fn stalled(&self, unsent: usize) -> Trouble {
        Trouble::new("port-send-stalled").with("port", &self.name).with("unsent", unsent)
    }
}

#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}
