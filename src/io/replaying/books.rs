//! How one connection of a replay stands: what was handed over to it, and what of that has surely arrived.

use crate::event::Trouble;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Instant;

/// Messages handed over and not on the wire at once.
const MOST_HANDED: usize = 32;
/// Messages on the wire and not acknowledged at once: fewer than rumqttc's packet ids.
const MOST_UNACKNOWLEDGED: usize = 64;
/// Messages that nobody acknowledges on the wire at once, before the target answered to a ping behind them.
const MOST_UNANSWERED: usize = 1_024;
/// So many of them are worth a ping, while more follow.
const WORTH_A_PING: usize = 16;

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
    /// Which connection it is: what an earlier one still tells is of no matter.
    pub connection: u64,
    /// Of a replay that speaks as the cloud: the session's broker, which was lost, is there again.
    pub is_back: bool,
    /// To be sent again, before anything else.
    pub again: BTreeSet<u64>,
    /// Handed over and not on the wire yet, in order.
    handed: VecDeque<u64>,
    /// On the wire and not acknowledged, by packet id.
    unacknowledged: BTreeMap<u16, u64>,
    /// On the wire, and nobody acknowledges them: they have arrived when the target answers to a ping behind them.
    unanswered: VecDeque<u64>,
    /// Pings that wait for their answer: since when, and how many of `unanswered` stand before each and no earlier one.
    pings: VecDeque<(Instant, usize)>,
    /// How many have surely arrived.
    pub arrived: u64,
    /// When it last got on: it came up, a message went out or arrived, or it began to owe one.
    pub news: Option<Instant>,
    /// Since when it is up, or was before it was lost.
    pub up_since: Option<Instant>,
    /// How many arrived over this connection.
    pub arrived_now: u64,
    /// How many it wrote.
    pub written_now: u64,
}

impl Line {
    /// A connection is begun; what an earlier one still tells no longer counts. Returns which it is.
    pub fn begin(&mut self) -> u64 {
        self.connection += 1;
        (self.phase, self.up_since, self.arrived_now, self.written_now) = (Phase::Coming, None, 0, 0);
        self.pings.clear();
        self.connection
    }

    pub fn note_up(&mut self, now: Instant) {
        (self.phase, self.news, self.up_since) = (Phase::Up, Some(now), Some(now));
    }

    /// A message is handed over.
    pub fn hand_over(&mut self, number: u64, now: Instant) {
        if self.is_settled() {
            self.news = Some(now);
        }
        self.again.remove(&number);
        self.handed.push_back(number);
    }

    /// The next message handed over is on the wire, under this packet id; 0 when nobody acknowledges it.
    pub fn note_written(&mut self, packet: u16, now: Instant) {
        let Some(number) = self.handed.pop_front() else { return };
        self.written_now += 1;
        self.news = Some(now);
        if packet == 0 {
            self.unanswered.push_back(number);
        } else {
            self.unacknowledged.insert(packet, number);
        }
    }

    /// The target has the message of this packet id.
    pub fn note_acknowledged(&mut self, packet: u16, now: Instant) {
        let arrived = self.unacknowledged.remove(&packet);
        self.note_arrived(u64::from(arrived.is_some()), now);
    }

    /// Whether a ping is worth while: behind the last message, and now and then in between.
    pub fn wants_ping(&self) -> bool {
        self.pings.is_empty()
            && !self.unanswered.is_empty()
            && (self.handed.is_empty() || self.unanswered.len() >= WORTH_A_PING)
    }

    pub fn note_ping(&mut self, now: Instant) {
        let covered: usize = self.pings.iter().map(|(_, before)| before).sum();
        self.pings.push_back((now, self.unanswered.len() - covered));
    }

    /// The target answered to its oldest ping: it has what stands before it.
    pub fn note_answer(&mut self, now: Instant) {
        let before = self.pings.pop_front().map_or(0, |(_, before)| before);
        self.unanswered.drain(..before);
        self.note_arrived(before as u64, now);
    }

    /// Since when the target owes an answer to a ping.
    pub fn pinged_since(&self) -> Option<Instant> {
        self.pings.front().map(|(since, _)| *since)
    }

    /// What was handed to the session's broker went out there, or did not.
    pub fn note_published(&mut self, number: u64, went_out: bool, now: Instant) {
        let Some(at) = self.handed.iter().position(|handed| *handed == number) else { return };
        self.handed.remove(at);
        if went_out {
            self.note_arrived(1, now);
        } else {
            self.again.insert(number);
        }
    }

    fn note_arrived(&mut self, more: u64, now: Instant) {
        if more > 0 {
            self.arrived += more;
            self.arrived_now += more;
            self.news = Some(now);
        }
    }

    /// The connection is gone: what did not arrive for sure is to be sent again.
    pub fn take_back(&mut self) {
        self.pings.clear();
        self.again.extend(std::mem::take(&mut self.unacknowledged).into_values());
        self.again.extend(self.handed.drain(..).chain(self.unanswered.drain(..)));
    }

    /// The first message that may not have arrived.
    pub fn first_open(&self) -> Option<u64> {
        let handed = self.handed.iter().min();
        let sent = self.unacknowledged.values().min().into_iter().chain(self.unanswered.front());
        sent.chain(handed).chain(self.again.first()).min().copied()
    }

    /// Whether everything handed over has arrived.
    pub fn is_settled(&self) -> bool {
        self.is_idle() && self.again.is_empty()
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.handed.is_empty() && self.unacknowledged.is_empty() && self.unanswered.is_empty()
    }

    /// Whether so much is under way that no more is handed over.
    pub fn is_full(&self) -> bool {
        self.handed.len() >= MOST_HANDED
            || self.unacknowledged.len() >= MOST_UNACKNOWLEDGED
            || self.unanswered.len() >= MOST_UNANSWERED
    }
}

#[cfg(test)]
mod tests {
    use super::super::play::now;
    use super::{Line, MOST_HANDED, MOST_UNANSWERED, WORTH_A_PING};

    fn line(handed: u64) -> Line {
        let mut line = Line::default();
        line.begin();
        line.note_up(now());
        (0..handed).for_each(|number| line.hand_over(number, now()));
        line
    }

    #[test]
    fn what_did_not_surely_arrive_is_sent_again_in_order_and_counted_once() {
        let mut line = line(5);
        for packet in [7, 0, 8] {
            line.note_written(packet, now());
        }
        line.note_acknowledged(7, now());
        assert_eq!((line.arrived, line.first_open()), (1, Some(1)));
        line.take_back();
        assert_eq!(line.again.iter().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert!(line.is_idle() && !line.is_settled());
        (1..5).for_each(|number| line.hand_over(number, now()));
        (1..5).for_each(|packet| line.note_written(packet, now()));
        (1..5).for_each(|packet| line.note_acknowledged(packet, now()));
        line.note_acknowledged(4, now());
        assert_eq!((line.arrived, line.is_settled()), (5, true));
    }

    /// Otherwise a replay is said to be done while its messages lie in a dead connection.
    #[test]
    fn what_nobody_acknowledges_has_arrived_once_the_target_answers_behind_it() {
        let mut line = line(3);
        line.note_written(0, now());
        assert!(!line.wants_ping(), "more follow");
        line.note_written(0, now());
        line.note_written(0, now());
        assert!(line.wants_ping());
        line.note_ping(now());
        assert!(!line.wants_ping(), "one at a time");
        line.hand_over(3, now());
        line.note_written(0, now());
        line.note_ping(now());
        line.note_answer(now());
        assert_eq!((line.arrived, line.first_open()), (3, Some(3)));
        line.note_answer(now());
        assert!(line.is_settled() && line.arrived == 4);
        line.note_answer(now());
        assert_eq!(line.arrived, 4, "an answer too many says nothing");
    }

    #[test]
    fn a_flood_is_asked_about_in_between_and_held_up_where_no_answer_comes() {
        let mut line = line(MOST_HANDED as u64);
        assert!(line.is_full(), "nothing is on the wire");
        let mut most = 0;
        for number in 100..5_000 {
            line.note_written(0, now());
            if line.is_full() {
                break;
            }
            line.hand_over(number, now());
            most += 1;
            assert_eq!(line.wants_ping(), most >= WORTH_A_PING);
        }
        assert_eq!(line.unanswered.len(), MOST_UNANSWERED);
    }
}
