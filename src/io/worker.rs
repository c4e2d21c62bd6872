//! A thread whose end is waited for, but not for ever: a disk that hangs must not keep the program from closing.

use crate::event::Trouble;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A thread that does its work and ends.
pub struct Worker(Mutex<Receiver<()>>);

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// `thread-not-started` with `detail`.
    pub fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<Self, Trouble> {
        let (holding, done) = sync_channel(0);
        let working = move || {
            work();
            // It tells its end by hanging up, as it does when it breaks off.
            drop::<SyncSender<()>>(holding);
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(working);
        thread.map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self(Mutex::new(done)))
    }

    /// Waits for its end, at most so long. False when it still works; it goes on without being waited for.
    pub fn wait(&self, at_most: Duration) -> bool {
        let done = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(done.recv_timeout(at_most), Err(RecvTimeoutError::Timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::Worker;
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    #[test]
    fn a_program_closes_though_a_disk_hangs_and_waits_for_one_that_works() {
        let (go, wait) = sync_channel::<()>(0);
        let worker = Worker::start("test", move || {
            let _ = wait.recv();
        });
        let worker = worker.unwrap();
        assert!(!worker.wait(Duration::from_millis(1)), "it hangs");
        drop(go);
        assert!(worker.wait(Duration::from_mins(1)));
        assert!(worker.wait(Duration::ZERO), "it has ended for good");
    }
}
