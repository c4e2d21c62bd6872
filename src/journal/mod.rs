//! Events in memory, in order, under a byte budget: the oldest go first, and how many is said.

mod film;
#[cfg(test)]
mod film_tests;

pub use film::{Film, Mark, Page, Reading, Reel};

use crate::event::Event;
use std::collections::VecDeque;
use std::sync::Arc;

/// The session's latest events.
#[derive(Debug)]
pub struct Journal {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    budget: usize,
    dropped: u64,
    /// All events, where they can be read again.
    film: Option<Film>,
}

impl Journal {
    /// An empty journal that keeps about `budget` bytes of events.
    #[must_use]
    pub const fn new(budget: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, budget, dropped: 0, film: None }
    }

    /// The journal of a capture: it has every event, and about `budget` bytes of them in memory.
    #[must_use]
    pub const fn of_capture(budget: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, budget, dropped: 0, film: Some(Film::new(budget)) }
    }

    /// The whole capture, if it is one's.
    #[must_use]
    pub const fn film(&self) -> Option<&Film> {
        self.film.as_ref()
    }

    /// The same, to put into it what was read.
    pub const fn film_mut(&mut self) -> Option<&mut Film> {
        self.film.as_mut()
    }

    /// Takes in the next event.
    pub fn push(&mut self, event: Arc<Event>) {
        if let Some(film) = &mut self.film {
            return film.push(event);
        }
        self.bytes += event.weight();
        self.events.push_back(event);
        while self.bytes > self.budget && self.events.len() > 1 {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.weight();
                self.dropped += 1;
            }
        }
    }

    /// How many events were let go to stay within the budget. The capture file still has them.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The events kept, oldest first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> + ExactSizeIterator {
        self.events.iter()
    }

    /// The event of that place in the session's order, if it is still kept; a capture's is read again soon where it is not.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Arc<Event>> {
        if let Some(film) = &self.film {
            return film.get(seq);
        }
        let at = self.events.partition_point(|event| event.seq < seq);
        self.events.get(at).filter(|event| event.seq == seq)
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Event, Journal};
    use crate::event::{Fact, Micros};

    fn message(seq: u64, bytes: usize) -> Arc<Event> {
        let fact = Fact::MessageReceived {
            client: None,
            topic: String::new().into(),
            payload: vec![0; bytes].into(),
            qos: 0,
            retain: false,
        };
        Arc::new(Event { seq, at: Micros(seq * 10), fact })
    }

    #[test]
    fn a_day_of_messages_does_not_fill_the_memory() {
        let mut journal = Journal::new(100_000);
        for seq in 1..=1000 {
            journal.push(message(seq, 1000));
        }
        assert!(journal.bytes <= 100_000);
        assert_eq!(journal.dropped() + journal.iter().len() as u64, 1000);
        assert_eq!(journal.get(1000).unwrap().seq, 1000);
        assert!(journal.get(1).is_none());
    }

    #[test]
    fn one_message_larger_than_the_budget_is_still_shown() {
        let mut journal = Journal::new(10);
        journal.push(message(1, 1 << 20));
        assert!(journal.get(1).is_some());
    }
}
