//! What a replay's threads tell each other: the operator's wishes, and how each connection stands.

use crate::bench::{Speed, Steer};
use crate::event::Trouble;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a connection stands.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody is connected, and nobody means to be.
    #[default]
    Away,
    /// It is being made.
    Coming,
    /// Signed in, and subscribed to what the device hears.
    Up,
    /// It could not be made, or broke off.
    Lost {
        why: Trouble,
        /// The target does not want this client: trying again is of no use.
        refused: bool,
    },
}

/// One connection's books. Messages go by their number in the replay, which only grows.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub phase: Phase,
    /// Handed over and not on the wire yet, in order.
    pub handed: VecDeque<u64>,
    /// On the wire and not acknowledged, by packet id.
    pub unacknowledged: BTreeMap<u16, u64>,
    /// The latest that was on the wire.
    highest: Option<u64>,
    /// How many different messages were on the wire.
    pub sent: u64,
}

impl Line {
    /// The next message handed over is on the wire, under this packet id; 0 when nobody acknowledges it.
    pub fn note_written(&mut self, packet: u16) {
        let Some(number) = self.handed.pop_front() else { return };
        if self.highest.is_none_or(|highest| number > highest) {
            self.highest = Some(number);
            self.sent += 1;
        }
        if packet != 0 {
            self.unacknowledged.insert(packet, number);
        }
    }

    /// The target has the message of this packet id.
    pub fn note_acknowledged(&mut self, packet: u16) {
        self.unacknowledged.remove(&packet);
    }

    /// Takes what did not arrive for sure, in order: to be sent again over the next connection.
    pub fn take_left_over(&mut self) -> Vec<u64> {
        let mut left: Vec<_> =
            std::mem::take(&mut self.unacknowledged).into_values().chain(self.handed.drain(..)).collect();
        left.sort_unstable();
        left
    }

    /// Whether everything handed over has arrived.
    pub fn is_settled(&self) -> bool {
        self.handed.is_empty() && self.unacknowledged.is_empty()
    }
}

/// The operator's wishes.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub stop: bool,
    pub paused: bool,
    /// Steps asked for and not taken yet.
    pub steps: u64,
    /// How one that goes step by step is to go on.
    pub pace: Option<Speed>,
    /// Nobody will ask for more: it ends after those.
    pub no_more_steps: bool,
}

/// The books of a replay.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub wishes: Wishes,
    pub lines: Vec<Line>,
}

/// The books, and a bell.
#[derive(Debug)]
pub(super) struct Board {
    books: Mutex<Books>,
    news: Condvar,
}

impl Board {
    pub fn new(lines: usize) -> Self {
        let lines = std::iter::repeat_with(Line::default).take(lines).collect();
        Self { books: Mutex::new(Books { wishes: Wishes::default(), lines }), news: Condvar::new() }
    }

    pub fn steer(&self, steer: Steer) {
        self.change(|books| match steer {
            Steer::Pause => books.wishes.paused = true,
            Steer::Resume => (books.wishes.paused, books.wishes.pace) = (false, Some(Speed::default())),
            Steer::Step => {
                books.wishes.paused = true;
                books.wishes.steps += 1;
            }
            Steer::Stop => books.wishes.stop = true,
        });
    }

    /// Changes the books and rings.
    pub fn change<T>(&self, change: impl FnOnce(&mut Books) -> T) -> T {
        let changed = change(&mut self.lock());
        self.news.notify_all();
        changed
    }

    pub fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a ring, at most until then.
    #[expect(clippy::disallowed_methods, reason = "an adapter reads the clock")]
    pub fn wait<'a>(&self, books: MutexGuard<'a, Books>, until: Option<Instant>) -> MutexGuard<'a, Books> {
        match until {
            None => self.news.wait(books).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left: Duration = until.saturating_duration_since(Instant::now());
                self.news.wait_timeout(books, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Line;

    #[test]
    fn what_was_not_acknowledged_is_sent_again_in_order_and_counted_once() {
        let mut line = Line::default();
        line.handed.extend([0, 1, 2, 3]);
        line.note_written(7);
        line.note_written(0);
        line.note_written(8);
        line.unacknowledged.remove(&7);
        assert_eq!(line.take_left_over(), [2, 3], "QoS 0 is not sent twice, nor what was acknowledged");
        line.handed.extend([2, 3]);
        line.note_written(1);
        line.note_written(2);
        assert_eq!((line.sent, line.is_settled()), (4, false));
        line.unacknowledged.clear();
        assert!(line.is_settled());
    }
}
