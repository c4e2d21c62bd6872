//! Writes the latest of what changes often, on a thread of its own.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// What waits to be written, if anything, and whether nothing more comes.
#[derive(Debug)]
struct Waiting<T> {
    latest: Option<T>,
    over: bool,
}

/// Hands values to a thread that writes them. While it is busy only the latest waits. Dropping this waits for the last one.
pub struct Latest<T> {
    shared: Arc<(Mutex<Waiting<T>>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Latest<T> {
    /// Starts the thread. Without one, nothing is written.
    #[must_use]
    pub fn start(name: &str, mut write: impl FnMut(T) + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Waiting { latest: None, over: false }), Condvar::new()));
        let theirs = Arc::clone(&shared);
        let writing = move || {
            while let Some(value) = next(&theirs) {
                write(value);
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(writing).ok();
        Self { shared, thread }
    }

    /// Has this written. Never waits for the disk.
    pub fn put(&self, value: T) {
        lock(&self.shared.0).latest = Some(value);
        self.shared.1.notify_one();
    }
}

impl<T> Drop for Latest<T> {
    fn drop(&mut self) {
        lock(&self.shared.0).over = true;
        self.shared.1.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits for something to write; nothing once all is written and nothing more comes.
fn next<T>((waiting, changed): &(Mutex<Waiting<T>>, Condvar)) -> Option<T> {
    let idle = |waiting: &mut Waiting<T>| waiting.latest.is_none() && !waiting.over;
    let mut waiting = changed.wait_while(lock(waiting), idle).unwrap_or_else(PoisonError::into_inner);
    waiting.latest.take()
}

fn lock<T>(waiting: &Mutex<Waiting<T>>) -> MutexGuard<'_, Waiting<T>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Latest;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn what_was_typed_last_is_what_is_written_last_and_closing_waits_for_it() {
        let (told, written) = sync_channel(8);
        let (go, gate) = sync_channel(8);
        let latest = Latest::start("test", move |value: u32| {
            told.send(value).unwrap();
            let _ = gate.recv();
        });
        latest.put(0);
        assert_eq!(written.recv(), Ok(0));
        for value in 1..=100 {
            latest.put(value);
        }
        go.send(()).unwrap();
        drop(go);
        drop(latest);
        assert_eq!(written.iter().collect::<Vec<_>>(), [100], "the disk was slow, and need not catch up");
    }
}
