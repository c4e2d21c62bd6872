//! Events in memory, in order, under a byte budget: the oldest go first, and how many is said.

use crate::event::Event;
use std::collections::VecDeque;
use std::sync::Arc;

/// The session's latest events.
#[derive(Clone, Debug)]
pub struct Journal {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    budget: usize,
    dropped: u64,
}

impl Journal {
    /// An empty journal that keeps about `budget` bytes of events.
    #[must_use]
    pub const fn new(budget: usize) -> Self {
        Self { events: VecDeque::new(), bytes: 0, budget, dropped: 0 }
    }

    /// Takes in the next event.
    pub fn push(&mut self, event: Arc<Event>) {
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

    /// The event of that place in the session's order, if it is still kept.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Arc<Event>> {
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
            topic: String::new(),
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
