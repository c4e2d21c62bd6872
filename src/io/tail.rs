//! What happened since somebody last looked: between the session thread and a window or a command line.

use crate::bench::Bench;
use crate::event::Event;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Events that may wait for a reader. A window that is hidden does not read; past this it gets the bench as it stands.
const CAPACITY: usize = 200_000;

/// A batch for a reader's own fold.
#[derive(Debug, Default)]
pub struct Batch {
    /// The reader fell behind: take this bench instead of your own, then apply the events.
    pub resync: Option<Box<Bench>>,
    /// How many events are missing before the first of these.
    pub missed: u64,
    /// What happened, in order.
    pub events: Vec<Arc<Event>>,
    /// The session has ended; there will be no more.
    pub over: bool,
}

/// Called when there is something to read. Must not block.
pub type Waker = Box<dyn Fn() + Send + Sync>;

/// The shared end of the stream.
pub struct Tail {
    waiting: Mutex<Batch>,
    news: Condvar,
    waker: Waker,
}

impl Tail {
    pub(super) fn new(waker: Waker) -> Self {
        Self { waiting: Mutex::default(), news: Condvar::new(), waker }
    }

    /// Adds events; `bench` is the fold with all of them applied.
    pub(super) fn put(&self, events: &mut Vec<Arc<Event>>, bench: &Bench) {
        if events.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        if waiting.events.len() + events.len() > CAPACITY {
            waiting.missed += (waiting.events.len() + events.len()) as u64;
            waiting.events.clear();
            events.clear();
            waiting.resync = Some(Box::new(bench.clone()));
        } else {
            waiting.events.append(events);
        }
        drop(waiting);
        self.news.notify_all();
        (self.waker)();
    }

    pub(super) fn end(&self) {
        self.lock().over = true;
        self.news.notify_all();
        (self.waker)();
    }

    /// Takes what happened since the last call. Never waits for the session.
    #[must_use]
    pub fn drain(&self) -> Batch {
        Self::take(&mut self.lock())
    }

    /// Waits for something to happen, at most so long, and takes it.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> Batch {
        let quiet = |waiting: &mut Batch| waiting.events.is_empty() && waiting.resync.is_none() && !waiting.over;
        let waiting = self.news.wait_timeout_while(self.lock(), at_most, quiet);
        Self::take(&mut waiting.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn take(waiting: &mut Batch) -> Batch {
        let over = waiting.over;
        Batch { over, ..std::mem::replace(waiting, Batch { over, ..Batch::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Batch> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Bench, CAPACITY, Event, Tail};
    use crate::event::{Fact, Micros};
    use std::time::Duration;

    fn event(seq: u64) -> Arc<Event> {
        Arc::new(Event { seq, at: Micros(seq), fact: Fact::BrokerStopped })
    }

    #[test]
    fn a_window_that_was_hidden_for_long_gets_the_bench_as_it_stands_and_knows_what_it_missed() {
        let tail = Tail::new(Box::new(|| {}));
        let mut bench = Bench::new(0);
        for seq in 1..=CAPACITY as u64 + 10 {
            bench.apply(&event(seq));
            tail.put(&mut vec![event(seq)], &bench);
        }
        let batch = tail.drain();
        let resync = batch.resync.unwrap();
        assert_eq!(resync.events(), CAPACITY as u64 + 1);
        assert_eq!(batch.missed, resync.events());
        assert_eq!(batch.events.first().map(|event| event.seq), Some(CAPACITY as u64 + 2));
        assert!(tail.drain().events.is_empty());
    }

    #[test]
    fn a_reader_that_waits_is_told_of_the_end() {
        let tail = Tail::new(Box::new(|| {}));
        tail.end();
        assert!(tail.wait(Duration::from_secs(5)).over);
        assert!(tail.drain().over);
    }
}
