//! What an open port's handle and its two threads share: the way to the writer, gone once the port is closing.

use super::writer::Job;
use crate::event::Trouble;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many sends may wait for a slow line. Full means the newest is refused, and the operator told.
pub(super) const QUEUED_SENDS: usize = 64;
/// How many bytes may; a single send may be longer.
const QUEUED_BYTES: usize = 4 << 20;

/// The way to the writer.
pub(super) type Jobs = SyncSender<Job>;

#[derive(Debug)]
pub(super) struct Link {
    jobs: Mutex<Option<Jobs>>,
    /// Files asked for so far, and the last one that was given up.
    files: AtomicU64,
    cancelled: AtomicU64,
    /// Sends and bytes that were queued and are not written yet.
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    /// Why the writer had to end.
    failure: Mutex<Option<Trouble>>,
}

impl Link {
    pub(super) const fn to(jobs: Jobs) -> Self {
        Self {
            jobs: Mutex::new(Some(jobs)),
            files: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            failure: Mutex::new(None),
        }
    }

    pub(super) fn send(&self, port: &str, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.put(port, Job::Bytes(bytes))
    }

    /// Sends what is sent again and again. While something still waits, this beat is left out.
    pub(super) fn send_beat(&self, bytes: Vec<u8>) {
        if self.waiting.load(Ordering::Acquire) == 0 {
            // One that is gone is spared until it is back.
            let _ = self.put("", Job::Beat(bytes));
        }
    }

    pub(super) fn send_file(&self, port: &str, file: PathBuf) -> Result<(), Trouble> {
        let order = self.files.fetch_add(1, Ordering::AcqRel) + 1;
        self.put(port, Job::File(file, order))
    }

    fn put(&self, port: &str, job: Job) -> Result<(), Trouble> {
        let size = job.size();
        let before = self.waiting_bytes.fetch_add(size, Ordering::AcqRel);
        self.waiting.fetch_add(1, Ordering::AcqRel);
        // Cloned, so that the lock is not held while sending.
        let jobs = self.jobs().clone().filter(|_| before == 0 || before + size <= QUEUED_BYTES);
        let code = match jobs.map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => return Ok(()),
            None if !self.is_closed() => "port-send-full",
            Some(Err(TrySendError::Full(_))) => "port-send-full",
            Some(Err(TrySendError::Disconnected(_))) | None => "port-gone",
        };
        self.done(size);
        Err(Trouble::new(code).with("port", port))
    }

    /// A send of so many bytes waits no longer.
    pub(super) fn done(&self, size: usize) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        self.waiting_bytes.fetch_sub(size, Ordering::AcqRel);
    }

    pub(super) fn cancel_files(&self) {
        self.cancelled.store(self.files.load(Ordering::Acquire), Ordering::Release);
    }

    pub(super) fn is_cancelled(&self, order: u64) -> bool {
        order <= self.cancelled.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.jobs().take();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.jobs().is_none()
    }

    /// Closes the port by trouble, so that it is tried again.
    pub(super) fn fail(&self, trouble: Trouble) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        self.close();
    }

    pub(super) fn failure(&self) -> Option<Trouble> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn jobs(&self) -> MutexGuard<'_, Option<Jobs>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
