//! The replays of this session: how each stands, and which messages came up because of one.

use super::marks::Marks;
use super::{Bench, Speed};
use crate::event::{DeviceId, Event, Fact, Micros, ReplayId, Trouble};
use std::collections::VecDeque;

/// Replays remembered; older ones are forgotten.
const MAX_REPLAYS: usize = 64;
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
    /// Messages handed over so far; once it is over, those that have surely arrived.
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
            waiting: Some(0),
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
