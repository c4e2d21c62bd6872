//! The replays of this session: how each stands, and which messages came up because of one.

use super::{Bench, Speed};
use crate::event::{ClientName, DeviceId, Event, Fact, Micros, Payload, ReplayId, Trouble};
use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};

/// Replays remembered; older ones are forgotten.
const MAX_REPLAYS: usize = 64;
/// Replayed messages that may still come up: more than the system's buffers hold between us and a broker. Of more at once
/// the oldest are no longer waited for.
const MAX_AWAITED: usize = 65_536;
/// A message that was sent to somebody else's broker does not come up here: it is waited for so long.
const AWAITED_FOR: Micros = Micros::from_secs(30);
/// Marks kept: whoever wants to know of one asks soon.
const MAX_MARKS: usize = 8_192;

/// How a replay stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayState {
    /// It sends, or waits for the next instant.
    Running,
    /// It waits: for the operator, or for its target, for this reason.
    Paused(Option<Trouble>),
    /// It is over; with trouble when it did not get to its end by itself or by the operator.
    Ended(Option<Trouble>),
}

/// One replay.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Which.
    pub id: ReplayId,
    /// The name of its capture.
    pub source: String,
    /// Where it goes, without a password.
    pub target: String,
    /// Whether it goes from the cloud to devices.
    pub downstream: bool,
    /// The device it speaks as or to, when there is only one.
    pub device: Option<DeviceId>,
    /// How fast.
    pub speed: Option<Speed>,
    /// Messages in one round.
    pub messages: u64,
    /// How often all of them.
    pub rounds: u64,
    /// Messages that went out so far.
    pub sent: u64,
    /// How it stands.
    pub state: ReplayState,
    /// When it began.
    pub began: Micros,
    /// When it ended.
    pub ended: Option<Micros>,
}

impl Replay {
    /// Messages in all rounds.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.messages.saturating_mul(self.rounds)
    }

    /// Whether it is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, ReplayState::Ended(_))
    }
}

/// Tells the messages that came up, or went out, because a replay sent them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// On their way out, by what is in them: since when, and as whom.
    awaited: HashMap<u64, VecDeque<(Micros, Option<ClientName>)>>,
    /// The same in the order of time.
    order: VecDeque<(Micros, u64)>,
}

impl Marks {
    /// Whether this event is a message of a replay coming up, or going out as the cloud's. Events are shown in their order.
    pub fn take(&mut self, event: &Event) -> bool {
        match &event.fact {
            Fact::MessageReplayed { client, topic, payload, .. } => {
                self.forget_old(event.at);
                let key = key(topic, payload);
                self.awaited.entry(key).or_default().push_back((event.at, client.clone()));
                self.order.push_back((event.at, key));
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
        let key = key(topic, payload);
        let Some(same) = self.awaited.get_mut(&key) else { return false };
        let Some(at) = same.iter().position(|(since, sender)| now.since(*since) <= AWAITED_FOR && fits(sender)) else {
            return false;
        };
        same.remove(at);
        if same.is_empty() {
            self.awaited.remove(&key);
        }
        true
    }

    fn forget_old(&mut self, now: Micros) {
        while let Some((since, key)) = self.order.front().copied()
            && (now.since(since) > AWAITED_FOR || self.order.len() >= MAX_AWAITED)
        {
            self.order.pop_front();
            if let Entry::Occupied(mut same) = self.awaited.entry(key) {
                same.get_mut().retain(|(known, _)| *known > since);
                if same.get().is_empty() {
                    same.remove();
                }
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

/// The replays of a bench.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Replays {
    list: VecDeque<Replay>,
    last: ReplayId,
    marks: Marks,
    marked: VecDeque<u64>,
}

impl Replays {
    /// Takes in what happened.
    pub fn take(&mut self, event: &Event) {
        if self.marks.take(event) {
            if self.marked.len() == MAX_MARKS {
                self.marked.pop_front();
            }
            self.marked.push_back(event.seq);
        }
        match &event.fact {
            Fact::ReplayStarted { replay, source, target, downstream, device, speed, messages, rounds } => {
                self.last = self.last.max(*replay);
                if self.list.len() == MAX_REPLAYS {
                    let ended = self.list.iter().position(Replay::is_over).unwrap_or_default();
                    self.list.remove(ended);
                }
                self.list.push_back(Replay {
                    id: *replay,
                    source: source.to_string(),
                    target: target.to_string(),
                    downstream: *downstream,
                    device: device.as_deref().cloned(),
                    speed: speed.parse().ok(),
                    messages: *messages,
                    rounds: *rounds,
                    sent: 0,
                    state: ReplayState::Running,
                    began: event.at,
                    ended: None,
                });
            }
            Fact::MessageReplayed { replay, .. } => self.change(*replay, |replay| replay.sent += 1),
            Fact::ReplayPaused { replay, trouble } => {
                self.change(*replay, |replay| replay.state = ReplayState::Paused(trouble.clone()));
            }
            Fact::ReplayResumed { replay } => self.change(*replay, |replay| {
                // One that goes step by step never pauses but for its target.
                if replay.speed == Some(Speed::Step) && replay.state == ReplayState::Running {
                    replay.speed = Some(Speed::default());
                }
                replay.state = ReplayState::Running;
            }),
            Fact::ReplayEnded { replay, sent, trouble, .. } => self.change(*replay, |replay| {
                (replay.sent, replay.ended) = (*sent, Some(event.at));
                replay.state = ReplayState::Ended(trouble.clone());
            }),
            _ => {}
        }
    }

    fn change(&mut self, id: ReplayId, change: impl FnOnce(&mut Replay)) {
        if let Some(replay) = self.list.iter_mut().rev().find(|replay| replay.id == id) {
            change(replay);
        }
    }
}

impl Bench {
    /// The replays of this session, oldest first.
    #[must_use]
    pub fn replays(&self) -> impl DoubleEndedIterator<Item = &Replay> {
        self.replays.list.iter()
    }

    /// One replay.
    #[must_use]
    pub fn replay(&self, id: ReplayId) -> Option<&Replay> {
        self.replays().rev().find(|replay| replay.id == id)
    }

    /// The id the next replay gets.
    #[must_use]
    pub const fn next_replay(&self) -> ReplayId {
        self.replays.last + 1
    }

    /// Whether the message of this event came up because a replay sent it; known of the latest ones only.
    #[must_use]
    pub fn is_replayed(&self, seq: u64) -> bool {
        self.replays.marked.binary_search(&seq).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Bench, Event, Fact, Micros, ReplayState, Trouble};

    fn started(replay: u32) -> Fact {
        Fact::ReplayStarted {
            replay,
            source: "c".into(),
            target: "h:1883".into(),
            downstream: false,
            device: None,
            speed: "1".into(),
            messages: 2,
            rounds: 3,
        }
    }

    fn sent(replay: u32, payload: &str) -> Fact {
        let (topic, payload) = ("t".to_owned(), payload.as_bytes().into());
        Fact::MessageReplayed {
            replay,
            of: 5,
            client: Some("c".into()),
            topic: topic.into(),
            payload,
            qos: 0,
            retain: false,
        }
    }

    fn received(client: &str, payload: &str) -> Fact {
        let (topic, payload) = ("t".to_owned(), payload.as_bytes().into());
        Fact::MessageReceived { client: Some(client.into()), topic: topic.into(), payload, qos: 0, retain: false }
    }

    #[test]
    fn how_far_a_replay_is_and_why_it_waits_can_be_read_at_any_time() {
        let lost = Trouble::new("replay-lost");
        let mut bench = Bench::new(0);
        let mut seq = 0;
        let mut check = |fact: Fact, sent: u64, state: ReplayState| {
            seq += 1;
            bench.apply(&Event { seq, at: Micros(seq), fact });
            let replay = bench.replay(1).unwrap();
            assert_eq!((replay.sent, replay.total(), &replay.state), (sent, 6, &state));
        };
        check(started(1), 0, ReplayState::Running);
        check(sent(1, "a"), 1, ReplayState::Running);
        check(Fact::ReplayPaused { replay: 1, trouble: None }, 1, ReplayState::Paused(None));
        check(Fact::ReplayResumed { replay: 1 }, 1, ReplayState::Running);
        check(sent(1, "b"), 2, ReplayState::Running);
        check(
            Fact::ReplayPaused { replay: 1, trouble: Some(lost.clone()) },
            2,
            ReplayState::Paused(Some(lost.clone())),
        );
        let ended = Fact::ReplayEnded { replay: 1, sent: 1, of: 6, trouble: Some(lost.clone()) };
        check(ended, 1, ReplayState::Ended(Some(lost)));
        assert_eq!(bench.next_replay(), 2);
    }

    /// Otherwise a replay's reports would be taken for the device's own.
    #[test]
    fn each_replayed_message_marks_one_that_comes_up_from_its_connection() {
        let facts = [
            started(1),
            sent(1, "a"),
            received("other", "a"),
            received("c", "b"),
            received("c", "a"),
            received("c", "a"),
        ];
        let mut bench = Bench::new(0);
        for (seq, fact) in (1..).zip(facts) {
            bench.apply(&Event { seq, at: Micros(seq), fact });
        }
        assert_eq!((1..=6).filter(|seq| bench.is_replayed(*seq)).collect::<Vec<_>>(), [5]);
    }
}
