//! The one queue into the session: adapters put facts in, the window puts actions in.
//!
//! Its reader takes all that waits at once and is woken only when it sleeps. When inputs come thick and fast it no longer
//! sleeps but naps, and nobody wakes it: at 100,000 messages a second, waking it for each one costs more than everything
//! else. A single event never waits for a nap to end.

use super::outbox::Sending;
use super::shelf::Prepared;
use crate::bench::Action;
use crate::event::Fact;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many inputs may wait. Full means the sender waits: a mad device is slowed down, nothing is lost.
const CAPACITY: usize = 4_096;
/// The reader naps for so long: too short to be seen, and long enough for hundreds of inputs to come together.
const NAP: Duration = Duration::from_millis(1);
/// A sleep shorter than this was hardly one.
const SHORT: Duration = Duration::from_millis(1);
/// So many short sleeps in a row are a rush. What follows from one input takes fewer.
const RUSH: u32 = 16;

/// What goes into the session thread.
#[derive(Debug)]
pub enum Input {
    /// Something happened.
    Fact(Fact),
    /// The operator asks for something.
    Action(Action),
    /// A replay speaks as the cloud.
    Publish(Box<Sending>),
    /// A build was read.
    Prepared(Prepared),
    /// The session is to end.
    Stop,
}

/// The session is over; nobody reads this any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxClosed;

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Input>,
    senders: usize,
    reader_gone: bool,
    reader_sleeps: bool,
    senders_asleep: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
    room: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle to put inputs in; cheap to clone.
#[derive(Debug)]
pub struct Inbox(Arc<Shared>);

/// The reading end.
#[derive(Debug)]
pub struct InboxReader {
    shared: Arc<Shared>,
    /// Taken out together, handed over one by one.
    taken: RefCell<VecDeque<Input>>,
    /// Short sleeps in a row.
    short_sleeps: Cell<u32>,
}

impl Inbox {
    /// The queue and its reading end.
    #[must_use]
    pub fn new() -> (Self, InboxReader) {
        let shared = Arc::new(Shared::default());
        shared.lock().senders = 1;
        (Self(Arc::clone(&shared)), InboxReader { shared, taken: RefCell::default(), short_sleeps: Cell::default() })
    }

    /// Puts a fact in, waiting while the queue is full.
    ///
    /// # Errors
    /// The session is over.
    pub fn fact(&self, fact: Fact) -> Result<(), InboxClosed> {
        self.put(Input::Fact(fact))
    }

    /// Puts any input in, waiting while the queue is full.
    ///
    /// # Errors
    /// The session is over.
    pub fn put(&self, input: Input) -> Result<(), InboxClosed> {
        self.put_or_wait(input, |wait| wait())
    }

    /// Puts a fact in from inside a multi-threaded tokio runtime: when the queue is full, the worker is handed over while it waits.
    ///
    /// # Errors
    /// The session is over.
    pub fn fact_from_runtime(&self, fact: Fact) -> Result<(), InboxClosed> {
        self.put_or_wait(Input::Fact(fact), |wait| tokio::task::block_in_place(wait))
    }

    fn put_or_wait(&self, input: Input, blocking: impl FnOnce(&mut dyn FnMut())) -> Result<(), InboxClosed> {
        let mut state = self.0.lock();
        if state.waiting.len() >= CAPACITY {
            drop(state);
            blocking(&mut || self.wait_for_room());
            state = self.0.lock();
        }
        if state.reader_gone {
            return Err(InboxClosed);
        }
        // Several senders that were let in together may pass the limit by their number: that is fine.
        state.waiting.push_back(input);
        let wake = std::mem::take(&mut state.reader_sleeps);
        drop(state);
        if wake {
            self.0.news.notify_one();
        }
        Ok(())
    }

    fn wait_for_room(&self) {
        let mut state = self.0.lock();
        state.senders_asleep += 1;
        // The reader may be taking a nap.
        self.0.news.notify_one();
        while state.waiting.len() >= CAPACITY && !state.reader_gone {
            state = self.0.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.senders_asleep -= 1;
    }
}

impl Clone for Inbox {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        if state.senders == 0 {
            drop(state);
            self.0.news.notify_one();
        }
    }
}

impl InboxReader {
    /// The next input, if one is there.
    ///
    /// # Errors
    /// There is none, or there will never be one again.
    pub fn try_recv(&self) -> Result<Input, TryRecvError> {
        self.recv_timeout(Duration::ZERO).map_err(|error| match error {
            RecvTimeoutError::Timeout => TryRecvError::Empty,
            RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
        })
    }

    /// The next input, waiting for it at most so long.
    ///
    /// # Errors
    /// None came in time, or there will never be one again.
    pub fn recv_timeout(&self, at_most: Duration) -> Result<Input, RecvTimeoutError> {
        if let Some(input) = self.taken.borrow_mut().pop_front() {
            return Ok(input);
        }
        let mut state = self.shared.lock();
        if state.waiting.is_empty() && !at_most.is_zero() && self.short_sleeps.get() >= RUSH {
            state = self.nap(state, at_most);
        }
        if state.waiting.is_empty() && !at_most.is_zero() {
            state = self.sleep(state, at_most);
        }
        self.take_all(state)
    }

    /// Nobody wakes the reader, unless the queue is full. A nap in which nothing came ends the rush.
    fn nap<'a>(&self, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        let state = self.shared.news.wait_timeout(state, NAP.min(at_most)).unwrap_or_else(PoisonError::into_inner).0;
        if state.waiting.is_empty() {
            self.short_sleeps.set(0);
        }
        state
    }

    /// The first input wakes the reader.
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn sleep<'a>(&self, state: MutexGuard<'a, State>, at_most: Duration) -> MutexGuard<'a, State> {
        let asleep = |state: &mut State| {
            state.reader_sleeps = state.waiting.is_empty() && state.senders > 0;
            state.reader_sleeps
        };
        let begun = Instant::now();
        let woken = self.shared.news.wait_timeout_while(state, at_most, asleep);
        let short = begun.elapsed() < SHORT;
        self.short_sleeps.set(if short { self.short_sleeps.get() + 1 } else { 0 });
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    fn take_all(&self, mut state: MutexGuard<'_, State>) -> Result<Input, RecvTimeoutError> {
        state.reader_sleeps = false;
        let mut taken = self.taken.borrow_mut();
        std::mem::swap(&mut *taken, &mut state.waiting);
        let (senders, asleep) = (state.senders, state.senders_asleep);
        drop(state);
        if asleep > 0 {
            self.shared.room.notify_all();
        }
        taken.pop_front().ok_or(if senders == 0 { RecvTimeoutError::Disconnected } else { RecvTimeoutError::Timeout })
    }
}

impl Drop for InboxReader {
    fn drop(&mut self) {
        self.shared.lock().reader_gone = true;
        self.shared.room.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Duration, Inbox, InboxClosed, Input, RUSH, RecvTimeoutError};
    use crate::event::Fact;

    fn gap(lost: u64) -> Fact {
        Fact::Gap { source: String::new().into(), lost }
    }

    #[test]
    fn nothing_is_lost_or_reordered_when_several_senders_flood() {
        let (inbox, reader) = Inbox::new();
        let each = CAPACITY as u64 * 5;
        let senders: Vec<_> = (0..3)
            .map(|sender: u64| {
                let inbox = inbox.clone();
                let send = move || (0..each).try_for_each(|n| inbox.fact(gap(sender * each + n)));
                std::thread::Builder::new().spawn(send).unwrap()
            })
            .collect();
        drop(inbox);
        let mut next = [0, 0, 0];
        loop {
            match reader.recv_timeout(Duration::from_secs(10)) {
                Ok(Input::Fact(Fact::Gap { lost, .. })) => {
                    let sender = usize::try_from(lost / each).unwrap();
                    assert_eq!(lost % each, next[sender]);
                    next[sender] += 1;
                }
                Ok(other) => panic!("{other:?}"),
                Err(error) => break assert_eq!(error, RecvTimeoutError::Disconnected),
            }
        }
        assert_eq!(next, [each; 3]);
        assert!(senders.into_iter().all(|sender| sender.join().unwrap().is_ok()));
    }

    #[test]
    fn in_a_rush_every_input_is_taken_and_the_end_is_noticed() {
        let (inbox, reader) = Inbox::new();
        let (taken, next) = std::sync::mpsc::sync_channel(0);
        let rounds = u64::from(RUSH) * 4;
        let send = move || {
            for lost in 0..rounds {
                // One by one: the reader has nothing to do in between, but never for long.
                inbox.fact(gap(lost)).unwrap();
                next.recv_timeout(Duration::from_secs(10)).unwrap();
            }
        };
        let sender = std::thread::Builder::new().spawn(send).unwrap();
        for expected in 0..rounds {
            let input = reader.recv_timeout(Duration::from_secs(10)).unwrap();
            assert!(matches!(input, Input::Fact(Fact::Gap { lost, .. }) if lost == expected));
            taken.send(()).unwrap();
        }
        let end = reader.recv_timeout(Duration::from_secs(10));
        assert!(matches!(end, Err(RecvTimeoutError::Disconnected)));
        sender.join().unwrap();
    }

    #[test]
    fn a_sender_that_waits_for_room_is_let_go_when_the_session_ends() {
        let (inbox, reader) = Inbox::new();
        let send = move || std::iter::repeat_with(|| inbox.fact(gap(1))).find_map(Result::err);
        let sender = std::thread::Builder::new().spawn(send).unwrap();
        assert!(reader.recv_timeout(Duration::from_secs(10)).is_ok());
        drop(reader);
        assert_eq!(sender.join().unwrap(), Some(InboxClosed));
    }

    #[test]
    fn waiting_for_nothing_ends_in_time() {
        let (_inbox, reader) = Inbox::new();
        assert!(matches!(reader.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout)));
    }
}
