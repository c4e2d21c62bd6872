//! Which messages of a capture are sent again, as whom and when: worked out before anything goes out.

use super::echo::Echo;
use super::filter::{Filter, Sieve, Sort};
use super::known::Known;
use super::timing::{keep_time, only_needed};
use crate::bench::{Bench, OnDrop, ReplayAct, ReplayOrder, ReplayStep, ReplayTarget, Speaker, Speed, check_topic};
use crate::dialect::{self, Heard};
use crate::event::{DeviceId, Event, Fact, Micros, Payload, Secret, Trouble, UpgradeId, UpgradeOrder};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Pushes that lead nowhere are told one by one, up to so many.
const MOST_DEAD: usize = 8;

/// What is chosen of a capture.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What the cloud sent to devices, instead of what came from them.
    pub downstream: bool,
    /// Only what fits.
    pub filter: Filter,
    /// These events and no others, those that a replay had sent included.
    pub events: Option<BTreeSet<u64>>,
}

/// How it is sent again.
#[derive(Clone, Debug)]
pub struct Manner {
    /// Where to.
    pub target: ReplayTarget,
    /// As this device, or to it, instead of the recorded ones.
    pub identity: Option<DeviceId>,
    /// What that device signs in with, where the session does not know it.
    pub secret: Option<Secret>,
    /// How fast.
    pub speed: Speed,
    /// How often.
    pub rounds: u64,
    /// What becomes of it when its target drops it.
    pub on_drop: OnDrop,
}

impl Default for Manner {
    fn default() -> Self {
        let (speed, on_drop) = (Speed::default(), OnDrop::default());
        Self { target: ReplayTarget::Here, identity: None, secret: None, speed, rounds: 1, on_drop }
    }
}

/// A replay worked out.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What is to be run.
    pub order: ReplayOrder,
    /// What cannot be as it was: for the operator to know.
    pub notes: Vec<Trouble>,
}

impl Plan {
    /// Tells that so many lines of the capture are no events, if there are any: what they held is not sent.
    pub fn note_damage(&mut self, lines: u64) {
        if lines > 0 {
            self.notes.insert(0, Trouble::new("replay-damaged").with("n", lines));
        }
    }
}

/// Works a replay out. `source` is the capture's name; `bench` is the one that is replayed into, where there is one.
///
/// # Errors
/// `replay-empty` with `source`.
pub fn plan<'a>(
    source: &str,
    events: impl IntoIterator<Item = &'a Event> + Clone,
    choice: &Choice,
    manner: &Manner,
    bench: Option<&Bench>,
) -> Result<Plan, Trouble> {
    let known = Known::gather(events.clone());
    let mut planner = Planner::new(choice, manner, known, bench.filter(|_| manner.target == ReplayTarget::Here));
    for event in events {
        planner.take(event);
    }
    planner.finish(source)
}

/// How many of a kind, and the first of them.
struct Tally<T> {
    count: u64,
    first: Option<T>,
}

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self { count: 0, first: None }
    }
}

impl<T> Tally<T> {
    fn note(&mut self, first: impl FnOnce() -> T) {
        self.count += 1;
        self.first.get_or_insert_with(first);
    }
}

struct Planner<'a> {
    choice: &'a Choice,
    manner: &'a Manner,
    known: Known,
    bench: Option<&'a Bench>,
    sieve: Sieve,
    echo: Echo,
    speakers: Vec<Speaker>,
    steps: Vec<(Micros, ReplayStep)>,
    /// Upgrades that are ordered again: their messages are the bench's own.
    ordered: BTreeSet<UpgradeId>,
    /// URLs of pushes that lead nowhere and were told.
    dead: BTreeSet<String>,
    kept_topics: Tally<String>,
    kept_names: Tally<(DeviceId, u64)>,
    left_out: u64,
    unsendable: Tally<String>,
    odd: Tally<(String, u64)>,
    notes: Vec<Trouble>,
}

impl<'a> Planner<'a> {
    fn new(choice: &'a Choice, manner: &'a Manner, known: Known, bench: Option<&'a Bench>) -> Self {
        Self {
            choice,
            manner,
            known,
            bench,
            sieve: Sieve::new(choice.filter.clone()),
            echo: Echo::default(),
            speakers: Vec::new(),
            steps: Vec::new(),
            ordered: BTreeSet::new(),
            dead: BTreeSet::new(),
            kept_topics: Tally::default(),
            kept_names: Tally::default(),
            left_out: 0,
            unsendable: Tally::default(),
            odd: Tally::default(),
            notes: Vec::new(),
        }
    }

    fn take(&mut self, event: &Event) {
        let fate = Fate { replayed: self.echo.take(event, &self.known), fits: self.sieve.takes(event) };
        match &event.fact {
            Fact::MessageReceived { client, topic, payload, qos, retain } if !self.choice.downstream => {
                // Kept by somebody else's broker from before: nobody said it in this session.
                let stale = client.is_none() && *retain && self.choice.events.is_none();
                let device = client.as_ref().and_then(|client| self.known.clients.get(client).cloned());
                let device = device.or_else(|| self.known.owner(topic));
                if !stale && self.is_chosen(event, fate) {
                    self.say(event, device.as_ref(), &Said { topic, payload, qos: *qos, retain: *retain });
                }
            }
            Fact::MessagePublished { topic, payload, qos } if self.choice.downstream => {
                let device = self.known.owner(topic);
                let wanted = fate.fits || self.choice.events.is_some();
                let pushed = device.as_ref().filter(|_| wanted);
                let pushed = pushed.and_then(|device| self.pushed(event, device, topic, payload));
                let echo = pushed.as_ref().is_some_and(|pushed| pushed.is_echo(&self.echo));
                let fate = Fate { replayed: fate.replayed || echo, ..fate };
                if self.is_chosen(event, fate) && !pushed.is_some_and(|pushed| self.order_again(event, pushed)) {
                    self.say(event, device.as_ref(), &Said { topic, payload, qos: *qos, retain: false });
                }
            }
            // What a replay brought about is left to it: orders, comings and goings as well as messages.
            _ if fate.replayed => {}
            Fact::UpgradeRequested { order } if !self.choice.downstream => self.judge(event, order),
            Fact::ClientConnected { client } => {
                if let Some(device) = self.known.clients.get(&client.name).cloned() {
                    self.move_about(event, &device, ReplayAct::Come);
                }
            }
            Fact::ClientDisconnected { client, .. } => {
                if let Some(device) = self.known.clients.get(client).cloned() {
                    self.move_about(event, &device, ReplayAct::Leave);
                }
            }
            _ => {}
        }
    }

    fn is_chosen(&mut self, event: &Event, Fate { replayed, fits }: Fate) -> bool {
        if let Some(events) = &self.choice.events {
            return events.contains(&event.seq);
        }
        let picked = self.choice.filter.seqs.iter().any(|seqs| seqs.start() == seqs.end());
        self.left_out += u64::from(fits && replayed && !picked);
        fits && (picked || !replayed)
    }

    /// Comings, goings and orders go along where whole stretches are chosen, and not where messages are picked.
    fn goes_along(&self, event: &Event, device: &DeviceId) -> bool {
        let Filter { devices, topics, ports, sorts, seqs, from, to, texts } = &self.choice.filter;
        let whole = self.choice.events.is_none()
            && topics.is_empty()
            && ports.is_empty()
            && seqs.is_empty()
            && texts.is_empty()
            && sorts.iter().all(|sort| matches!(sort, Sort::Up | Sort::Mqtt));
        whole
            && from.is_none_or(|from| event.at >= from)
            && to.is_none_or(|to| event.at <= to)
            && (devices.is_empty() || devices.contains(device))
    }

    fn move_about(&mut self, event: &Event, device: &DeviceId, act: ReplayAct) {
        if !self.choice.downstream && self.goes_along(event, device) {
            let speaker = self.speaker(Some(device));
            self.step(event, speaker, act);
        }
    }

    /// An upgrade of the capture: without it, nothing on the bench judges what the device says of it.
    fn judge(&mut self, event: &Event, order: &Arc<UpgradeOrder>) {
        if !self.goes_along(event, &order.device) {
            return;
        }
        if self.bench.is_none() {
            if !self.notes.iter().any(|note| note.code == "replay-not-judged") {
                self.notes.push(Trouble::new("replay-not-judged"));
            }
            return;
        }
        let order = self.of_identity(order);
        let speaker = self.speaker(Some(&order.device));
        self.step(event, speaker, ReplayAct::Upgrade(order));
    }

    /// The push that a message to a device is, if it is one.
    fn pushed(&self, event: &Event, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Pushed> {
        let offer = dialect::ALL.iter().find_map(|dialect| dialect.hear(device, topic, payload))?;
        let Heard::Offer(offer) = offer else { return None };
        let file = offer.files.first();
        let url = file.map(|file| file.url.clone()).unwrap_or_default();
        let stream = offer.stream.map(|(stream, _)| stream);
        let announced =
            |order: &UpgradeOrder| order.device == *device && order.url == url && order.extras.stream == stream;
        let mut orders = self.known.orders.iter().rev();
        let order =
            orders.find(|(seq, order)| *seq < event.seq && announced(order)).map(|(_, order)| Arc::clone(order));
        let md5 = order.as_ref().map(|order| order.md5.clone()).or_else(|| file.map(|file| file.md5.clone()));
        Some(Pushed { order, url, md5: md5.unwrap_or_default() })
    }

    /// A captured push to a device whose image is still there is ordered again. Whether it was.
    fn order_again(&mut self, event: &Event, Pushed { order, url, md5 }: Pushed) -> bool {
        let build = |md5: &str, sha256: &str| self.bench.and_then(|bench| bench.build_with(md5, sha256)).is_some();
        let there = |order: &&Arc<UpgradeOrder>| {
            build(&order.md5, &order.sha256) && order.extras.files.iter().all(|file| build(&file.md5, &file.sha256))
        };
        let Some(order) = order.as_ref().filter(there) else {
            if self.dead.len() < MOST_DEAD && self.dead.insert(url.clone()) {
                self.notes.push(self.dead_end(event.seq, url, md5));
            }
            return false;
        };
        if self.ordered.insert(order.upgrade) {
            let order = self.of_identity(order);
            let speaker = self.speaker(Some(&order.device));
            self.step(event, speaker, ReplayAct::Upgrade(order));
        }
        true
    }

    /// Why a captured push leads nowhere, in words that can be followed where it is replayed.
    fn dead_end(&self, event: u64, url: String, md5: String) -> Trouble {
        match (self.bench, url.is_empty()) {
            (_, true) => Trouble::new("replay-stream-dead").with("event", event).with("md5", md5),
            (Some(_), _) => Trouble::new("replay-url-dead").with("event", event).with("url", url).with("md5", md5),
            (None, _) => Trouble::new("replay-url-old").with("event", event).with("url", url),
        }
    }

    fn of_identity(&self, order: &Arc<UpgradeOrder>) -> Arc<UpgradeOrder> {
        match &self.manner.identity {
            Some(identity) if *identity != order.device => {
                Arc::new(UpgradeOrder { device: identity.clone(), ..(**order).clone() })
            }
            _ => Arc::clone(order),
        }
    }

    fn say(&mut self, event: &Event, device: Option<&DeviceId>, said: &Said<'_>) {
        if check_topic(said.topic).is_err() {
            return self.unsendable.note(|| said.topic.to_owned());
        }
        let topic = self.topic(event, device, said);
        if topic.chars().any(is_odd) {
            self.odd.note(|| (topic.escape_debug().to_string(), event.seq));
        }
        let speaker = self.speaker(device);
        let Said { payload, qos, retain, .. } = *said;
        self.step(event, speaker, ReplayAct::Say { topic, payload: payload.clone(), qos, retain });
    }

    /// The topic as the chosen identity has it.
    fn topic(&mut self, event: &Event, device: Option<&DeviceId>, said: &Said<'_>) -> String {
        // A gateway speaks of others: their topics stay theirs, unless all is sent as one device.
        let owner = self.known.owner(said.topic).or_else(|| device.cloned());
        let Some(owner) = owner else {
            self.kept_topics.note(|| said.topic.to_owned());
            return said.topic.to_owned();
        };
        let Some(identity) = self.manner.identity.as_ref().filter(|identity| **identity != owner) else {
            return said.topic.to_owned();
        };
        let own = self.known.dialect(&owner).renamed(said.topic, &owner, identity);
        let renamed = own.or_else(|| dialect::ALL.iter().find_map(|other| other.renamed(said.topic, &owner, identity)));
        if contains(said.payload, &owner.device) || contains(said.payload, &owner.product) {
            self.kept_names.note(|| (owner.clone(), event.seq));
        }
        renamed.unwrap_or_else(|| {
            self.kept_topics.note(|| said.topic.to_owned());
            said.topic.to_owned()
        })
    }

    /// The place of the one who speaks for this device.
    fn speaker(&mut self, device: Option<&DeviceId>) -> usize {
        let dialect = device.map_or(String::new(), |device| self.known.dialect(device).id().to_owned());
        let speaker = match &self.manner.identity {
            Some(identity) => {
                let dialect = if dialect.is_empty() {
                    self.known.devices.values().next().map_or("", |dialect| dialect.id()).to_owned()
                } else {
                    dialect
                };
                Speaker { device: Some(identity.clone()), dialect, secret: self.manner.secret.clone() }
            }
            None => Speaker { device: device.cloned(), dialect, secret: self.manner.secret.clone() },
        };
        let same = |known: &Speaker| known.device == speaker.device;
        self.speakers.iter().position(same).unwrap_or_else(|| {
            self.speakers.push(speaker);
            self.speakers.len() - 1
        })
    }

    fn step(&mut self, event: &Event, speaker: usize, act: ReplayAct) {
        self.steps.push((event.at, ReplayStep { of: event.seq, after: Micros::default(), speaker, act }));
    }

    fn finish(mut self, source: &str) -> Result<Plan, Trouble> {
        if !self.steps.iter().any(|(_, step)| step.act.is_message(self.choice.downstream)) {
            return Err(Trouble::new("replay-empty").with("source", source));
        }
        let steps = keep_time(only_needed(std::mem::take(&mut self.steps)));
        self.take_notes();
        let Manner { target, speed, rounds, on_drop, .. } = self.manner.clone();
        let order = ReplayOrder {
            source: source.to_owned(),
            target,
            speakers: self.speakers,
            steps: steps.into(),
            downstream: self.choice.downstream,
            speed,
            rounds: rounds.max(1),
            on_drop,
        };
        Ok(Plan { order, notes: self.notes })
    }

    fn take_notes(&mut self) {
        if let Some(topic) = self.kept_topics.first.take() {
            let count = self.kept_topics.count;
            self.notes.push(Trouble::new("replay-topics-kept").with("n", count).with("topic", topic));
        }
        if let Some((device, event)) = self.kept_names.first.take() {
            let count = self.kept_names.count;
            self.notes
                .push(Trouble::new("replay-names-kept").with("n", count).with("device", device).with("event", event));
        }
        if self.left_out > 0 {
            self.notes.push(Trouble::new("replay-left-out").with("n", self.left_out));
        }
        if let Some(topic) = self.unsendable.first.take() {
            let count = self.unsendable.count;
            self.notes.push(Trouble::new("replay-unsendable").with("n", count).with("topic", topic));
        }
        if let Some((topic, event)) = self.odd.first.take() {
            let count = self.odd.count;
            self.notes
                .push(Trouble::new("replay-odd-topic").with("n", count).with("topic", topic).with("event", event));
        }
    }
}

/// A message that pushes an upgrade.
struct Pushed {
    /// The order it came of, if the capture has it.
    order: Option<Arc<UpgradeOrder>>,
    /// What it announces; empty over MQTT.
    url: String,
    md5: String,
}

impl Pushed {
    fn is_echo(&self, echo: &Echo) -> bool {
        self.order.as_ref().is_some_and(|order| echo.is_order(order.upgrade))
    }
}

/// What was found out of an event.
#[derive(Clone, Copy)]
struct Fate {
    /// A replay sent it.
    replayed: bool,
    /// The filter lets it through.
    fits: bool,
}

/// A message as it was.
struct Said<'a> {
    topic: &'a str,
    payload: &'a Payload,
    qos: u8,
    retain: bool,
}

fn contains(payload: &[u8], name: &str) -> bool {
    // A shorter name would be found in any text by chance.
    name.len() >= 4 && memchr::memmem::find(payload, name.as_bytes()).is_some()
}

/// Whether a broker may cut off whoever publishes on a topic with this in it (MQTT 3.1.1, 1.5.3).
fn is_odd(character: char) -> bool {
    let code = u32::from(character);
    character.is_control() || matches!(code, 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}
