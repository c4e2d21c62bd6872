//! Which messages came up, or went out, because a replay sent them.

use crate::event::{ClientName, Event, Fact, Micros, Payload, ReplayId};
use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash, Hasher};

/// Replayed messages that may still come up: more than the system's buffers hold between us and a broker. Of more at once
/// the oldest are no longer waited for.
const MAX_AWAITED: usize = 65_536;
/// A message that arrived at somebody else's broker does not come up here: it is waited for so long after it arrived.
const AWAITED_FOR: Micros = Micros::from_secs(30);
/// Replays that run at once: more than a session runs. Of more the oldest are taken for ended.
const MAX_RUNNING: usize = 64;

/// Tells the messages that came up, or went out, because a replay sent them.
///
/// What may not have arrived yet is waited for as long as its replay runs, however long its target hangs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// What may come up, by what is in it: which, and from whom.
    awaited: HashMap<u64, VecDeque<(u64, Option<ClientName>)>>,
    /// Of each replay that runs, what may not have arrived yet, in its order.
    open: BTreeMap<ReplayId, VecDeque<Sent>>,
    /// What has arrived, or belongs to a replay that is over: since when, which, and what is in it.
    leaving: VecDeque<(Micros, u64, u64)>,
    next: u64,
}

/// A replayed message.
#[derive(Clone, Debug, PartialEq)]
struct Sent {
    id: u64,
    key: u64,
    client: Option<ClientName>,
}

impl Marks {
    /// Whether this event is a message of a replay coming up, or going out as the cloud's. Events are shown in their order.
    pub fn take(&mut self, event: &Event) -> bool {
        match &event.fact {
            Fact::MessageReplayed { replay, client, topic, payload, waiting, .. } => {
                let key = key(topic, payload);
                let client = client.clone();
                // An old capture does not say what had arrived: all of it, then.
                self.see_arrived(*replay, waiting.unwrap_or_default(), event.at);
                self.forget_old(event.at);
                let id = self.next;
                self.next += 1;
                self.awaited.entry(key).or_default().push_back((id, client.clone()));
                self.run(*replay, event.at).push_back(Sent { id, key, client });
                if waiting.is_none() {
                    self.see_arrived(*replay, 0, event.at);
                }
                false
            }
            // What did not surely arrive is sent again, and comes up twice where it had arrived after all.
            Fact::ReplayPaused { replay, trouble: Some(why) } if why.code != "replay-awaits-answer" => {
                self.await_again(*replay);
                false
            }
            Fact::ReplayEnded { replay, .. } => {
                self.see_arrived(*replay, 0, event.at);
                self.open.remove(replay);
                false
            }
            // An external broker does not say from whom.
            Fact::MessageReceived { client: None, topic, payload, .. } => self.find(event.at, topic, payload, |_| true),
            Fact::MessageReceived { client, topic, payload, .. } => {
                self.find(event.at, topic, payload, |sender| sender == client)
            }
            // What goes to devices has no client of its own.
            Fact::MessagePublished { topic, payload, .. } => self.find(event.at, topic, payload, Option::is_none),
            _ => false,
        }
    }

    fn run(&mut self, replay: ReplayId, now: Micros) -> &mut VecDeque<Sent> {
        if self.open.len() >= MAX_RUNNING
            && !self.open.contains_key(&replay)
            && let Some((_, sent)) = self.open.pop_first()
        {
            self.leaving.extend(sent.into_iter().map(|sent| (now, sent.id, sent.key)));
        }
        self.open.entry(replay).or_default()
    }

    /// All but the last so many of this replay's messages have arrived.
    fn see_arrived(&mut self, replay: ReplayId, waiting: u32, now: Micros) {
        let Some(open) = self.open.get_mut(&replay) else { return };
        let arrived = open.len().saturating_sub(usize::try_from(waiting).unwrap_or(usize::MAX));
        self.leaving.extend(open.drain(..arrived).map(|sent| (now, sent.id, sent.key)));
    }

    fn await_again(&mut self, replay: ReplayId) {
        let Some(open) = self.open.get(&replay) else { return };
        for Sent { id, key, client } in open {
            let same = self.awaited.entry(*key).or_default();
            // Once more than it is awaited is enough, however often its target is lost.
            if same.iter().filter(|(known, _)| known == id).count() < 2 {
                same.push_back((*id, client.clone()));
            }
        }
    }

    fn find(
        &mut self,
        now: Micros,
        topic: &str,
        payload: &Payload,
        fits: impl Fn(&Option<ClientName>) -> bool,
    ) -> bool {
        if self.awaited.is_empty() {
            return false;
        }
        self.forget_old(now);
        let key = key(topic, payload);
        let Some(same) = self.awaited.get_mut(&key) else { return false };
        let Some(at) = same.iter().position(|(_, sender)| fits(sender)) else { return false };
        same.remove(at);
        if same.is_empty() {
            self.awaited.remove(&key);
        }
        true
    }

    fn forget_old(&mut self, now: Micros) {
        let open: usize = self.open.values().map(VecDeque::len).sum();
        while let Some((since, id, key)) = self.leaving.front().copied()
            && (now.since(since) > AWAITED_FOR || self.leaving.len() + open >= MAX_AWAITED)
        {
            self.leaving.pop_front();
            self.forget(id, key);
        }
        if open >= MAX_AWAITED
            && let Some(longest) = self.open.values_mut().max_by_key(|sent| sent.len())
            && let Some(Sent { id, key, .. }) = longest.pop_front()
        {
            self.forget(id, key);
        }
    }

    fn forget(&mut self, id: u64, key: u64) {
        if let Entry::Occupied(mut same) = self.awaited.entry(key) {
            same.get_mut().retain(|(known, _)| *known != id);
            if same.get().is_empty() {
                same.remove();
            }
        }
    }
}

/// The same for the same message, in every run of the program.
fn key(topic: &str, payload: &Payload) -> u64 {
    let mut hasher = DefaultHasher::new();
    (topic, payload).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{Event, Fact, Marks, Micros};
    use crate::event::Trouble;

    /// What happens, written shortly: `a3` handed over while three before it wait, `A` comes up, `!` the target is lost,
    /// `.` the end, and a number of seconds that pass.
    fn check(story: &str, expected: &str) {
        let (topic, mut marks) = ("t", Marks::default());
        let mut now = Micros::default();
        let mut marked = String::new();
        for (seq, word) in (1..).zip(story.split(' ')) {
            let name = &word[..1];
            let payload = name.to_lowercase().into_bytes().into();
            let waiting = word[1..].parse().ok();
            let fact = match name {
                "!" => Fact::ReplayPaused { replay: 1, trouble: Some(Trouble::new("replay-lost")) },
                "." => Fact::ReplayEnded { replay: 1, sent: 0, of: 0, trouble: None },
                _ if let Ok(seconds) = word.parse::<u64>() => {
                    now = now + Micros::from_secs(seconds);
                    continue;
                }
                _ if name.chars().all(char::is_uppercase) => Fact::MessageReceived {
                    client: Some("c".into()),
                    topic: topic.into(),
                    payload,
                    qos: 1,
                    retain: false,
                },
                _ => Fact::MessageReplayed {
                    replay: 1,
                    of: 1,
                    client: Some("c".into()),
                    topic: topic.into(),
                    payload,
                    qos: 1,
                    retain: false,
                    waiting,
                },
            };
            if marks.take(&Event { seq, at: now, fact }) {
                marked.push_str(name);
            }
        }
        assert_eq!(marked, expected, "{story}");
    }

    /// Otherwise a replay's reports would be taken for the device's own, or the device's own for a replay's.
    #[test]
    fn a_replayed_message_is_known_whenever_its_target_takes_it() {
        check("a0 A A", "A");
        check("a0 b1 60 A 600 B", "AB");
        check("a0 b0 31 A B", "B");
        check("a0 . 29 A", "A");
        check("a0 . 31 A", "");
        // The target had it, and its acknowledgement was lost: it is sent again.
        check("a0 A ! A A", "AA");
        check("a0 b0 A ! A B", "AB");
        // Captures of versions that did not tell what had arrived.
        check("a b 29 A B", "AB");
        check("a 31 b A B", "B");
    }
}
