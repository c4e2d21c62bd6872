//! What becomes of our messages on their way to a device, and of which push that tells.

use super::{Bench, Effect};
use crate::dialect::{self, Outgoing};
use crate::event::{DeviceId, Event, Fact, Micros, UpgradeId};
use std::collections::{BTreeMap, VecDeque};

/// Topics on which messages are followed; a flood of invented devices cannot make the bench grow.
const MAX_TOPICS: usize = 4_096;
/// Messages followed on one topic; of more at once the oldest are lost sight of.
const MAX_FOLLOWED: usize = 64;

/// What became of the push on its way to the device: the events that prove it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Push was pressed in this event.
    pub requested: u64,
    /// Our publish went out.
    pub published: Option<(u64, Micros)>,
    /// The broker wrote it to the device's socket.
    pub delivered: Option<(u64, Micros)>,
    /// The device acknowledged it.
    pub acknowledged: Option<(u64, Micros)>,
    /// The broker dropped it, and why.
    pub dropped: Option<(u64, String)>,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Sent,
    Published,
    Delivered,
}

#[derive(Clone, Debug, PartialEq)]
struct Letter {
    /// The upgrade whose push it is, if it is one.
    upgrade: Option<UpgradeId>,
    stage: Stage,
}

/// Messages under way on one topic, oldest first.
#[derive(Clone, Debug, PartialEq)]
struct Lane {
    device: DeviceId,
    letters: VecDeque<Letter>,
}

/// Our messages under way, by topic. On one topic they arrive in the order in which they left.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct UnderWay(BTreeMap<String, Lane>);

impl UnderWay {
    fn send(&mut self, device: &DeviceId, topic: &str, upgrade: Option<UpgradeId>) {
        if self.0.len() >= MAX_TOPICS && !self.0.contains_key(topic) {
            return;
        }
        let new = || Lane { device: device.clone(), letters: VecDeque::new() };
        let letters = &mut self.0.entry(topic.to_owned()).or_insert_with(new).letters;
        if letters.len() == MAX_FOLLOWED {
            letters.pop_front();
        }
        letters.push_back(Letter { upgrade, stage: Stage::Sent });
    }

    /// The first message that has not come so far has: whose push it is.
    fn advance(&mut self, topic: &str, stage: Stage) -> Option<UpgradeId> {
        let letter = self.0.get_mut(topic)?.letters.iter_mut().find(|letter| letter.stage < stage)?;
        letter.stage = stage;
        letter.upgrade
    }

    /// The way of the first message that has come at least so far, and no farther than that, is over.
    fn end(&mut self, topic: &str, stages: std::ops::RangeInclusive<Stage>) -> Option<UpgradeId> {
        let letters = &mut self.0.get_mut(topic)?.letters;
        let at = letters.iter().position(|letter| stages.contains(&letter.stage))?;
        let letter = letters.remove(at);
        if letters.is_empty() {
            self.0.remove(topic);
        }
        letter?.upgrade
    }

    /// Whether this client may tell of messages on this topic: somebody else may listen on it.
    fn concerns(&self, device: Option<&DeviceId>, topic: &str) -> bool {
        self.0.get(topic).is_some_and(|lane| device == Some(&lane.device))
    }

    /// The device is gone: what it did not acknowledge is delivered again when it comes back to its session.
    pub fn keep_for_return(&mut self, device: &DeviceId) {
        for lane in self.0.values_mut().filter(|lane| lane.device == *device) {
            for letter in &mut lane.letters {
                letter.stage = letter.stage.min(Stage::Published);
            }
        }
    }

    /// The device begins a session without a past: what waited for it is lost.
    pub fn lose(&mut self, device: &DeviceId) {
        self.0.retain(|_, lane| {
            if lane.device == *device {
                lane.letters.retain(|letter| letter.stage == Stage::Sent);
            }
            !lane.letters.is_empty()
        });
    }
}

impl Bench {
    /// Sends a message to a device; with an `upgrade` it is that one's push.
    pub(super) fn post(
        &mut self,
        device: &DeviceId,
        upgrade: Option<UpgradeId>,
        message: Outgoing,
        effects: &mut Vec<Effect>,
    ) {
        self.under_way.send(device, &message.topic, upgrade);
        effects.push(Effect::Publish(message));
    }

    /// What became of a message of ours.
    pub(super) fn follow_push(&mut self, event: &Event) {
        let happened = Some((event.seq, event.at));
        match &event.fact {
            Fact::MessagePublished { topic, .. } => {
                // An external broker tells no more of it.
                let whose = if self.external {
                    self.under_way.end(topic, Stage::Sent..=Stage::Sent)
                } else {
                    self.under_way.advance(topic, Stage::Published)
                };
                self.note_delivery(whose, |delivery| delivery.published = happened);
                if self.is_replayed(event.seq) {
                    self.note_replayed_push(event.seq, topic);
                }
            }
            Fact::MessageDelivered { client, topic, qos } => {
                self.block_taken(client, topic);
                if self.under_way.concerns(self.clients.device(client), topic) {
                    // Nobody acknowledges it.
                    let whose = if *qos == 0 {
                        self.under_way.end(topic, Stage::Sent..=Stage::Published)
                    } else {
                        self.under_way.advance(topic, Stage::Delivered)
                    };
                    self.note_delivery(whose, |delivery| delivery.delivered = happened);
                }
            }
            Fact::MessageAcknowledged { client, topic }
                if self.under_way.concerns(self.clients.device(client), topic) =>
            {
                let whose = self.under_way.end(topic, Stage::Sent..=Stage::Delivered);
                self.note_delivery(whose, |delivery| delivery.acknowledged = happened);
            }
            Fact::MessageDropped { client, topic, reason } => {
                self.block_taken(client.as_deref().unwrap_or_default(), topic);
                let concerned = |client| self.under_way.concerns(self.clients.device(client), topic);
                if client.as_deref().is_none_or(concerned) {
                    let whose = self.under_way.end(topic, Stage::Sent..=Stage::Published);
                    self.note_delivery(whose, |delivery| delivery.dropped = Some((event.seq, reason.to_string())));
                }
            }
            _ => {}
        }
    }

    /// A replay pushes something to a device whose own upgrade still runs.
    fn note_replayed_push(&mut self, seq: u64, topic: &str) {
        for case in &mut self.cases {
            let order = &case.order;
            let reaches = dialect::find(&order.dialect).is_ok_and(|known| known.push_topic(&order.device) == topic);
            if reaches && order.replay.is_none() && case.upgrade.state().outcome().is_none() {
                case.reports.pushed_by_replay = Some(seq);
            }
        }
    }

    fn note_delivery(&mut self, upgrade: Option<UpgradeId>, note: impl FnOnce(&mut Delivery)) {
        let whose = |case: &&mut super::Case| Some(case.order.upgrade) == upgrade;
        if let Some(case) = self.cases.iter_mut().rev().find(whose) {
            note(&mut case.delivery);
        }
    }

    /// A block of firmware has left for its device, or never will.
    fn block_taken(&mut self, client: &str, topic: &str) {
        let whose = self.clients.device(client).cloned();
        let devices = &mut self.devices;
        let device = whose.and_then(|id| devices.get_mut(&id)).filter(|device| device.blocks.1 == topic);
        if let Some(device) = device {
            device.blocks.0 = device.blocks.0.saturating_sub(1);
        }
    }
}
