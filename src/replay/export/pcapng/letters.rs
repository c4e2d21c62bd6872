//! What a message carried that the broker delivered: the event of the delivery does not repeat it.

use crate::event::Payload;
use std::collections::{BTreeMap, VecDeque};

/// How many messages, and how many bytes of them, are remembered.
const MOST: usize = 4_096;
const MOST_BYTES: usize = 16 << 20;

/// The latest messages by topic, each with its number.
#[derive(Debug, Default)]
pub(super) struct Letters {
    topics: BTreeMap<String, VecDeque<(u64, Payload)>>,
    order: VecDeque<String>,
    bytes: usize,
    count: u64,
}

impl Letters {
    pub fn post(&mut self, topic: &str, payload: &Payload) {
        self.count += 1;
        self.bytes += payload.len();
        self.topics.entry(topic.to_owned()).or_default().push_back((self.count, Payload::clone(payload)));
        self.order.push_back(topic.to_owned());
        while self.order.len() > MOST || (self.bytes > MOST_BYTES && self.order.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { return };
            let Some(letters) = self.topics.get_mut(&oldest) else { continue };
            self.bytes -= letters.pop_front().map_or(0, |(_, payload)| payload.len());
            if letters.is_empty() {
                self.topics.remove(&oldest);
            }
        }
    }

    /// The number of the latest.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The first message on a topic behind this number, or the last one: what a reader who had read so far gets next.
    pub fn next(&self, topic: &str, behind: u64) -> Option<(u64, Payload)> {
        let letters = self.topics.get(topic)?;
        letters.iter().find(|(number, _)| *number > behind).or_else(|| letters.back()).cloned()
    }
}
