//! What happened since somebody last looked: between the session thread and a window or a command line.

use crate::bench::Bench;
use crate::event::Event;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Events that may wait for a reader. A window that is hidden does not read; past this it gets the bench as it stands.
const CAPACITY: usize = 200_000;
/// What they may take in memory, in bytes: a message can be a megabyte.
const BUDGET: usize = 64 * 1024 * 1024;

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

#[derive(Default)]
struct Waiting {
    batch: Batch,
    /// What its events take.
    bytes: usize,
}

/// The shared end of the stream.
pub struct Tail {
    waiting: Mutex<Waiting>,
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
        let bytes: usize = events.iter().map(|event| event.weight()).sum();
        let mut waiting = self.lock();
        let Waiting { batch, bytes: held } = &mut *waiting;
        let count = batch.events.len() + events.len();
        if count > CAPACITY || (count > 1 && *held + bytes > BUDGET) {
            batch.missed += count as u64;
            // A new list: the old one's room would be kept as well.
            batch.events = Vec::new();
            *held = 0;
            events.clear();
            batch.resync = Some(Box::new(bench.clone()));
        } else {
            batch.events.append(events);
            *held += bytes;
        }
        drop(waiting);
        self.news.notify_all();
        (self.waker)();
    }

    pub(super) fn end(&self) {
        self.lock().batch.over = true;
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
        let quiet =
            |Waiting { batch, .. }: &mut Waiting| batch.events.is_empty() && batch.resync.is_none() && !batch.over;
        let waiting = self.news.wait_timeout_while(self.lock(), at_most, quiet);
        Self::take(&mut waiting.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn take(waiting: &mut Waiting) -> Batch {
        let over = waiting.batch.over;
        let taken = std::mem::replace(waiting, Waiting { batch: Batch { over, ..Batch::default() }, bytes: 0 });
        taken.batch
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, BUDGET, Bench, CAPACITY, Event, Tail};
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
        assert!(resync.events() <= CAPACITY as u64 + 1);
        assert_eq!(batch.missed, resync.events());
        assert_eq!(batch.events.first().map(|event| event.seq), Some(resync.events() + 1));
        assert_eq!(batch.events.last().map(|event| event.seq), Some(CAPACITY as u64 + 10));
        assert!(tail.drain().events.is_empty());
    }

    #[test]
    fn a_window_that_was_hidden_while_megabytes_came_does_not_fill_the_memory() {
        let tail = Tail::new(Box::new(|| {}));
        let mut bench = Bench::new(0);
        let message = |seq| {
            let fact = Fact::MessageReceived {
                client: None,
                topic: "up".into(),
                payload: vec![0; 1 << 20].into(),
                qos: 0,
                retain: false,
            };
            Arc::new(Event { seq, at: Micros(seq), fact })
        };
        for seq in 1..=100 {
            bench.apply(&message(seq));
            tail.put(&mut vec![message(seq)], &bench);
            assert!(tail.lock().batch.events.iter().map(|event| event.weight()).sum::<usize>() <= BUDGET);
        }
        let batch = tail.drain();
        let resync = batch.resync.unwrap();
        assert_eq!(batch.missed, resync.events());
        assert_eq!(batch.missed + batch.events.len() as u64, 100);
        tail.put(&mut vec![message(101)], &bench);
        let batch = tail.drain();
        assert!(batch.resync.is_none() && batch.events.len() == 1, "the room is free again");
    }

    #[test]
    fn a_reader_that_waits_is_told_of_the_end() {
        let tail = Tail::new(Box::new(|| {}));
        tail.end();
        assert!(tail.wait(Duration::from_secs(5)).over);
        assert!(tail.drain().over);
    }
}
