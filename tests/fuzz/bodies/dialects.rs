//! Messages of devices: understood in every dialect, and folded into a bench on which an upgrade is pending.

use super::{check_defect, check_defects};
use ota_workbench::bench::{Bench, Effect};
use ota_workbench::dialect::{self, Decoded, Defect, Dialect, Heard, Message};
use ota_workbench::event::{Client, DeviceId, Event, Extras, Fact, Micros, UpgradeOrder};
use ota_workbench::upgrade::{ReplyTo, Report, State};
use std::sync::Arc;

/// Stands between two messages: U+001E, the record separator.
const BETWEEN: u8 = 0x1e;
/// Messages taken from one input.
const MOST_MESSAGES: usize = 8;
/// The longest text taken out of a message, in bytes.
const LONGEST_TEXT: usize = 4 * 1024;
/// The longest id of a question that is echoed, in bytes.
const LONGEST_ID: usize = 256;
/// The longest message to a device.
const LONGEST_OUTGOING: usize = 4 * 1024;
/// Things to be done about one message.
const MOST_EFFECTS: usize = 4;
/// The version of the pending upgrade.
const TARGET: &str = "2.0.0";

/// The first two bytes choose the dialect the device is known to speak and that of the pending upgrade; then messages, each a
/// topic, a line feed and a payload.
pub fn dialects(bytes: &[u8]) {
    let Some(([known, ordered], rest)) = bytes.split_first_chunk::<2>() else { return };
    let messages = rest.split(|byte| *byte == BETWEEN).take(MOST_MESSAGES);
    let messages: Vec<_> = messages.filter_map(topic_and_payload).collect();
    let known = chosen(*known).map(Dialect::id);
    let device = messages.iter().find_map(|(topic, _)| speaker(topic)).unwrap_or_else(|| DeviceId::new("P", "D"));
    let mut desk = Desk::new(device, chosen(*ordered), ordered & 0x40 == 0);
    for (topic, payload) in &messages {
        understand(topic, payload, known);
        hear(&desk.device, topic, payload);
        desk.take(topic, payload);
    }
    desk.end();
}

fn topic_and_payload(message: &[u8]) -> Option<(&str, &[u8])> {
    let line = message.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&message[..line]).ok()?, &message[line + 1..]))
}

/// A digit is a dialect's place in the list; what is past its end is none.
fn chosen(byte: u8) -> Option<&'static dyn Dialect> {
    dialect::ALL.get(usize::from(byte & 0x0f)).copied()
}

fn speaker(topic: &str) -> Option<DeviceId> {
    dialect::ALL.iter().find_map(|dialect| dialect.speaker(topic))
}

fn understand(topic: &str, payload: &[u8], known: Option<&str>) {
    let Some(device) = speaker(topic) else {
        assert!(dialect::decode(topic, payload, |_| known).is_none(), "nobody speaks on {topic}");
        return;
    };
    match dialect::decode(topic, payload, |_| known) {
        Some((dialect, decoded)) => {
            check_decoded(&device, &decoded);
            decoded.said.iter().for_each(|said| check_said_again(dialect, &device, &said.report));
        }
        // Our own answer to the older request comes on the device's own topic.
        None => assert!(topic.starts_with("/ota/device/request/"), "nobody understands {topic}"),
    }
    let message = Message::new(topic, payload, &device);
    for dialect in dialect::ALL {
        let speaks = dialect.speaker(topic).is_some();
        assert!(!speaks || dialect.owns_topic(&device, topic), "a device may not say what it is heard to say");
        for known in [false, true] {
            if let Some(decoded) = dialect.decode(&message, known) {
                check_decoded(&device, &decoded);
            }
        }
    }
}

fn check_decoded(device: &DeviceId, decoded: &Decoded) {
    let Decoded { device: who, said, defects } = decoded;
    assert_eq!(who, device, "the topic names another");
    assert!(!said.is_empty() || !defects.is_empty(), "a message disappears");
    check_defects(defects);
    for said in said {
        let texts = [said.module.as_deref().unwrap_or_default(), check_report(&said.report)];
        assert!(texts.iter().all(|text| text.len() <= LONGEST_TEXT));
    }
}

/// Checks the numbers of a report, and returns its text.
fn check_report(report: &Report) -> &str {
    match report {
        Report::Downloading { percent } | Report::Burning { percent } => {
            assert!(*percent <= 100);
            ""
        }
        Report::Version { version } | Report::Succeeded { version: Some(version) } => version,
        Report::Asked { version, reply } => {
            reply.iter().for_each(check_reply);
            version.as_deref().unwrap_or_default()
        }
        Report::Failed { text, .. } => text,
        Report::BlockAsked { block, reply } => {
            check_reply(reply);
            &block.token
        }
        Report::PasswordAsked { reply } => {
            check_reply(reply);
            ""
        }
        Report::Received | Report::Begun | Report::Succeeded { version: None } => "",
    }
}

fn check_reply(reply: &ReplyTo) {
    let id = reply.id.as_deref().unwrap_or_default();
    assert!(id.len() <= LONGEST_ID, "an id of {} bytes is echoed", id.len());
    assert!(speaker(&reply.topic).is_none() || reply.topic.starts_with("/ota/device/request/"), "{}", reply.topic);
}

/// Said in the words of the dialect's own SDK, it means the same.
fn check_said_again(dialect: &dyn Dialect, device: &DeviceId, report: &Report) {
    let same = matches!(
        report,
        Report::Version { .. }
            | Report::Downloading { .. }
            | Report::Burning { .. }
            | Report::Succeeded { version: Some(_) }
            | Report::Failed { .. }
    );
    let said = ota_workbench::upgrade::Said::of_default(report.clone());
    let Some(message) = dialect.say(device, &said, 1).filter(|_| same) else { return };
    let spoken = Message::new(&message.topic, &message.payload, device);
    let Some(again) = dialect.decode(&spoken, true) else { panic!("{} is not understood", dialect.id()) };
    let again: Vec<_> = again.said.into_iter().map(|said| said.report).collect();
    let expected = match report {
        // UIoT's public cloud knows codes, and UIoT Stack only texts.
        Report::Failed { code, .. } => {
            assert!(matches!(&again[..], [Report::Failed { code: same, .. }] if same == code || *same == 0));
            return;
        }
        report => [report.clone()],
    };
    assert_eq!(again, expected);
}

fn hear(device: &DeviceId, topic: &str, payload: &[u8]) {
    for dialect in dialect::ALL {
        for device in [device, &DeviceId::new("P", "D")] {
            let most = match dialect.hear(device, topic, payload) {
                Some(Heard::Block { bytes, .. }) => bytes.map_or(0, |bytes| bytes.len()),
                Some(Heard::Password(password)) => password.len(),
                Some(Heard::Offer(offer)) => {
                    assert!(!offer.files.is_empty());
                    offer.version.len() + offer.files.iter().map(|file| file.url.len()).sum::<usize>()
                }
                Some(Heard::Cancel) | None => 0,
            };
            assert!(most <= payload.len(), "more was heard than said");
        }
    }
}

/// A bench with a device that is connected, and an upgrade that is pending for it.
struct Desk {
    bench: Bench,
    device: DeviceId,
    ends_told: usize,
}

impl Desk {
    fn new(device: DeviceId, ordered: Option<&dyn Dialect>, embedded: bool) -> Self {
        let mut desk = Self { bench: Bench::new(1_700_000_000_000), device: device.clone(), ends_told: 0 };
        desk.apply(Fact::BrokerStarted { address: "127.0.0.1:1883".into(), external: !embedded });
        let Some(dialect) = ordered else { return desk };
        let sign_in = dialect.credentials(&device, "");
        let client = Client {
            name: "client".into(),
            username: Some(sign_in.username),
            address: "127.0.0.1:1".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 60,
        };
        desk.apply(Fact::ClientConnected { client: client.into() });
        for filter in dialect.device_subscriptions(&device) {
            desk.apply(Fact::Subscribed { client: "client".into(), filter: filter.into(), qos: 1, implicit: false });
        }
        desk.apply(Fact::UpgradeRequested { order: Arc::new(order(device, dialect)) });
        desk
    }

    fn apply(&mut self, fact: Fact) -> Vec<Effect> {
        let seq = self.bench.events() + 1;
        self.bench.apply(&Event { seq, at: Micros::from_millis(seq * 100), fact })
    }

    fn take(&mut self, topic: &str, payload: &[u8]) {
        let said = self.bench.decode(topic, payload).map(|(_, decoded)| decoded.said).unwrap_or_default();
        let retain = payload.ends_with(b" ");
        let client = (!retain).then(|| "client".into());
        let fact = Fact::MessageReceived { client, topic: topic.into(), payload: payload.into(), qos: 0, retain };
        let effects = self.apply(fact);
        assert!(effects.len() <= MOST_EFFECTS, "{} things to do about one message", effects.len());
        effects.iter().for_each(check_effect);
        self.check_devices();
        let succeeded = self.bench.cases().iter().filter(|case| *case.upgrade.state() == State::Succeeded).count();
        if succeeded > self.ends_told {
            let target = |version: &str| version == TARGET;
            assert!(
                said.iter().any(|said| match &said.report {
                    Report::Version { version } => target(version),
                    Report::Succeeded { version } => version.as_deref().is_none_or(target),
                    _ => false,
                }),
                "a success that nobody reported: {said:?}"
            );
            self.ends_told = succeeded;
        }
    }

    fn check_devices(&self) {
        for (_, device) in self.bench.devices() {
            assert!(device.defects.latest.len() <= 64 && device.versions().count() <= 64);
            device.defects.latest.iter().for_each(|(_, defect): &(u64, Defect)| check_defect(defect));
        }
    }

    /// Fires what deadlines there are; an upgrade ends by them.
    fn end(mut self) {
        for _ in 0..8 {
            let Some((at, upgrade, deadline)) = self.bench.poll_timeout() else { return };
            let seq = self.bench.events() + 1;
            let at = at.max(self.bench.now());
            self.bench.apply(&Event { seq, at, fact: Fact::DeadlineReached { upgrade, deadline } });
        }
        panic!("deadlines without end");
    }
}

fn check_effect(effect: &Effect) {
    match effect {
        Effect::Publish(message) => {
            let length = message.topic.len().max(message.payload.len());
            assert!(length <= LONGEST_OUTGOING, "{length} bytes go out");
        }
        Effect::TellPassword { dialect, reply, .. } => {
            let told = dialect::find(dialect).ok().and_then(|dialect| dialect.password(reply, "secret"));
            assert!(told.is_some_and(|told| told.payload.len() <= LONGEST_OUTGOING));
        }
        Effect::Withdraw(_)
        | Effect::ServeBlock { .. }
        | Effect::TellFault { .. }
        | Effect::TurnAway { .. }
        | Effect::LoseAck { .. } => {}
    }
}

fn order(device: DeviceId, dialect: &dyn Dialect) -> UpgradeOrder {
    UpgradeOrder {
        upgrade: 1,
        device,
        dialect: dialect.id().to_owned(),
        module: None,
        name: "lamp-2.0.0.bin".into(),
        version: TARGET.into(),
        size: 432_945,
        md5: "93230c3bde425a9d7984a594ac45fe1e".into(),
        sha256: String::new(),
        url: "http://h/x".into(),
        path: "/x".into(),
        timeout_secs: None,
        task: dialect.task(1, 1_700_000_000_000),
        extras: Extras::default(),
        faults: Vec::new(),
        replay: None,
    }
}
