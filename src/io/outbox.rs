//! Messages on their way out: the session thread puts them in and never waits, an adapter takes them out.

use crate::dialect::Outgoing;
use crate::event::Fact;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many messages may wait for the adapter. Full means a message is dropped, and said to be.
pub(super) const CAPACITY: usize = 4_096;
/// How many dropped messages are named one by one before they are only counted.
const NAMED: usize = 256;

/// A message and the fact that it went out.
#[derive(Debug)]
pub struct Sending {
    /// What is published.
    pub message: Outgoing,
    /// What is told of it.
    pub told: Fact,
    /// Whether the broker is to keep it.
    pub retain: bool,
}

impl From<Outgoing> for Sending {
    /// A message that may be seen by everybody.
    fn from(message: Outgoing) -> Self {
        let Outgoing { topic, payload, qos } = &message;
        let told =
            Fact::MessagePublished { topic: topic.clone().into(), payload: payload.as_slice().into(), qos: *qos };
        Self { message, told, retain: false }
    }
}

/// A bounded queue of messages, with a memory of those it had no room for.
///
/// The session thread must not tell of a dropped message itself: it is the reader of the inbox, and a full inbox would
/// stop it for ever. So the drops are remembered here and told by the adapter.
#[derive(Debug, Default)]
pub(super) struct Outbox(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Sending>,
    dropped: Vec<String>,
    dropped_unnamed: u64,
}

impl Outbox {
    /// Puts a message in, if there is room and `hand_over` takes it on.
    pub(super) fn put(&self, sending: Sending, hand_over: impl FnOnce(&Sending) -> bool) {
        let mut waiting = self.lock();
        if waiting.messages.len() < CAPACITY && hand_over(&sending) {
            waiting.messages.push_back(sending);
        } else if waiting.dropped.len() < NAMED {
            waiting.dropped.push(sending.message.topic);
        } else {
            waiting.dropped_unnamed += 1;
        }
    }

    /// The message that has waited longest.
    pub(super) fn take(&self) -> Option<Sending> {
        self.lock().messages.pop_front()
    }

    /// The facts about messages there was no room for since the last call. `source` names the adapter.
    pub(super) fn take_drops(&self, source: &str) -> Vec<Fact> {
        let mut waiting = self.lock();
        let lost = std::mem::take(&mut waiting.dropped_unnamed);
        let dropped = std::mem::take(&mut waiting.dropped);
        drop(waiting);
        let reason = "too many messages wait to be sent";
        let named = dropped.into_iter().map(|topic| Fact::MessageDropped {
            client: None,
            topic: topic.into(),
            reason: reason.into(),
        });
        let unnamed = (lost > 0).then(|| Fact::Gap { source: source.into(), lost });
        named.chain(unnamed).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, NAMED, Outbox, Sending};
    use crate::dialect::Outgoing;
    use crate::event::Fact;

    fn message(topic: &str) -> Sending {
        Outgoing { topic: topic.into(), payload: Vec::new(), qos: 1 }.into()
    }

    #[test]
    fn a_message_without_room_is_told_and_the_rest_are_counted() {
        let outbox = Outbox::default();
        for _ in 0..CAPACITY + NAMED + 3 {
            outbox.put(message("t"), |_| true);
        }
        let drops = outbox.take_drops("broker");
        assert_eq!(drops.len(), NAMED + 1);
        assert!(matches!(&drops[0], Fact::MessageDropped { client: None, topic, .. } if topic == "t"));
        assert_eq!(drops.last(), Some(&Fact::Gap { source: "broker".into(), lost: 3 }));
        assert!(outbox.take_drops("broker").is_empty(), "told once");
    }

    #[test]
    fn messages_leave_in_the_order_they_came() {
        let outbox = Outbox::default();
        outbox.put(message("a"), |_| true);
        outbox.put(message("refused"), |_| false);
        outbox.put(message("b"), |_| true);
        let topics: Vec<_> = std::iter::from_fn(|| outbox.take()).map(|taken| taken.message.topic).collect();
        assert_eq!(topics, ["a", "b"]);
    }
}
