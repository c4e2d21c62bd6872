//! Messages on their way out: the session thread puts them in and never waits, an adapter takes them out.

use crate::dialect::Outgoing;
use crate::event::Fact;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many messages may wait for the adapter. Full means a message is dropped, and said to be.
pub(super) const CAPACITY: usize = 4_096;
/// So many more may wait of senders that ask for a receipt: each of them has only a few under way.
const WITH_RECEIPT: usize = 1_024;
/// What an adapter must be able to hold.
pub(super) const MOST_HELD: usize = CAPACITY + WITH_RECEIPT;
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
    /// For a sender that wants to know what becomes of it: it is told that instead of a drop.
    pub receipt: Option<Receipt>,
}

/// Tells a sender what became of its message; dropped, that it did not go out.
pub struct Receipt(Option<Box<dyn FnOnce(bool) + Send>>);

impl Receipt {
    /// `tell` is told whether the message went out. It must not wait.
    pub fn new(tell: impl FnOnce(bool) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    /// The message went out.
    pub(super) fn went_out(mut self) {
        self.tell(true);
    }

    fn tell(&mut self, went_out: bool) {
        if let Some(tell) = self.0.take() {
            tell(went_out);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.tell(false);
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt")
    }
}

impl From<Outgoing> for Sending {
    /// A message that may be seen by everybody.
    fn from(message: Outgoing) -> Self {
        let Outgoing { topic, payload, qos } = &message;
        let told =
            Fact::MessagePublished { topic: topic.clone().into(), payload: payload.as_slice().into(), qos: *qos };
        Self { message, told, retain: false, receipt: None }
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
        let room = if sending.receipt.is_some() { MOST_HELD } else { CAPACITY };
        if waiting.messages.len() < room && hand_over(&sending) {
            waiting.messages.push_back(sending);
        } else if sending.receipt.is_some() {
            drop(waiting);
            drop(sending);
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

    /// Of the so many that have waited longest, gives those back whose sender wants to know; says of each whether it still
    /// waits. They were for a connection that is lost, and their sender decides what becomes of them.
    pub(super) fn give_back(&self, longest: usize) -> Vec<bool> {
        let mut waiting = self.lock();
        let longest = longest.min(waiting.messages.len());
        let rest = waiting.messages.split_off(longest);
        let first = std::mem::replace(&mut waiting.messages, rest);
        let kept: Vec<_> = first.iter().map(|sending| sending.receipt.is_none()).collect();
        let (kept_ones, given_back): (Vec<_>, Vec<_>) =
            first.into_iter().partition(|sending| sending.receipt.is_none());
        kept_ones.into_iter().rev().for_each(|sending| waiting.messages.push_front(sending));
        drop(waiting);
        drop(given_back);
        kept
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
    use super::{CAPACITY, NAMED, Outbox, Receipt, Sending};
    use crate::dialect::Outgoing;
    use crate::event::Fact;
    use std::sync::mpsc::sync_channel;

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

    /// Otherwise a replay would count what nobody got, or send it twice.
    #[test]
    fn a_sender_that_asks_is_told_of_each_message_whether_it_went_out() {
        let (tell, told) = sync_channel(10);
        let asked = |topic: &'static str| {
            let tell = tell.clone();
            let receipt = Receipt::new(move |out| tell.send((topic, out)).unwrap());
            Sending { receipt: Some(receipt), ..message(topic) }
        };
        let outbox = Outbox::default();
        outbox.put(message("a"), |_| true);
        outbox.put(asked("b"), |_| true);
        outbox.put(message("c"), |_| true);
        outbox.put(asked("d"), |_| true);
        outbox.put(asked("refused"), |_| false);
        assert_eq!(outbox.give_back(3), [true, false, true], "the connection had taken three of them over");
        let mut left = std::iter::from_fn(|| outbox.take()).collect::<Vec<_>>();
        assert_eq!(left.iter().map(|left| left.message.topic.as_str()).collect::<Vec<_>>(), ["a", "c", "d"]);
        left.pop().unwrap().receipt.unwrap().went_out();
        assert_eq!(told.try_iter().collect::<Vec<_>>(), [("refused", false), ("b", false), ("d", true)]);
        assert!(outbox.take_drops("broker").is_empty(), "they were told already");
        for _ in 0..CAPACITY {
            outbox.put(message("t"), |_| true);
        }
        outbox.put(asked("still"), |_| true);
        assert!(told.try_recv().is_err(), "a full outbox has room for those with a receipt");
    }
}
