//! What `mosquitto_sub -F %j` (or `%J`) wrote down, as a capture of a session with an external broker.
//!
//! A line tells neither who sent a message nor which way it went: the clouds' topics do. A push is one because somebody pressed
//! Push, so that is put in before it, as with traces.

use super::trace::{is_of, ordered};
use crate::capture::{Capture, Cut, Damage, Damages, Header, NoEvent, foreign};
use crate::dialect::{self, Heard, Offer};
use crate::event::{DeviceId, Event, Fact, Micros, Trouble, UpgradeId, UpgradeOrder};
use chrono::DateTime;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Devices whose upgrades are followed.
const MOST_DEVICES: usize = 4_096;
/// What stands for the broker, whose address no line tells.
const BROKER: &str = "mosquitto_sub";

/// What it says of a payload that is not JSON, on standard error.
const NO_JSON: &[u8] = b"Error: Message payload is not valid JSON";

/// Whether a file begins like one of `mosquitto_sub`.
pub fn is_mosquitto(bytes: &[u8]) -> bool {
    first_message(bytes).is_some()
}

/// The message that a file begins with. Before it there may be what belongs to payloads that are not JSON: an empty line for
/// each, and a complaint where standard error went to the same file.
fn first_message(bytes: &[u8]) -> Option<Message> {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.find(|line| !line.is_empty() && !line.starts_with(b"Error: ")).and_then(message)
}

/// Reads the lines of `mosquitto_sub`. The wall clock is that of the first message.
///
/// # Errors
/// `capture-foreign` for what does not begin with such a line.
pub fn from_mosquitto(bytes: &[u8]) -> Result<Capture, Trouble> {
    let started = first_message(bytes).ok_or_else(foreign)?.unix_micros / 1_000;
    let mut capture = Capture { header: Header::new(started, None), events: Vec::new(), damage: Damages::default() };
    let mut told = Told::default();
    let put = |capture: &mut Capture, at, fact| {
        capture.events.push(Event { seq: capture.events.len() as u64 + 1, at, fact });
    };
    put(&mut capture, Micros(0), Fact::BrokerStarted { address: BROKER.into(), external: true });
    let mut latest = Micros(0);
    let (mut empty, mut complaints) = (0, 0);
    let whole = bytes.strip_suffix(b"\n");
    let mut lines = (1..).zip(whole.unwrap_or(bytes).split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)).peekable();
    while let Some((line, text)) = lines.next() {
        if text.is_empty() {
            empty += 1;
            continue;
        }
        let Some(message) = message(text) else {
            if text.starts_with(NO_JSON) {
                complaints += 1;
            } else if lines.peek().is_none() && whole.is_none() {
                let after = capture.events.last().map(|event| (event.seq, event.at));
                capture.damage.cut = Some(Cut { line, after, why: None });
            } else {
                capture.damage.push(Damage { line, why: NoEvent::Malformed });
            }
            continue;
        };
        capture.damage.rewritten += usize::from(message.is_rewritten());
        // A clock that was set back does not turn the order round.
        latest = latest.max(Micros(message.unix_micros.saturating_sub(started * 1_000)));
        for fact in told.facts(message) {
            put(&mut capture, latest, fact);
        }
    }
    // One message leaves either or both, as standard error went.
    capture.damage.left_out = empty.max(complaints);
    Ok(capture)
}

struct Message {
    unix_micros: u64,
    topic: String,
    payload: Vec<u8>,
    /// How long the payload was when it came.
    length: Option<u64>,
    qos: u8,
    retain: bool,
}

impl Message {
    /// `%J` writes JSON anew, without its blanks; either ends a payload at its first NUL.
    fn is_rewritten(&self) -> bool {
        self.length.is_some_and(|length| length != self.payload.len() as u64)
    }
}

/// One line; nothing when it is none.
fn message(line: &[u8]) -> Option<Message> {
    let line = disguised(line);
    let line = line.trim();
    let value: Value = serde_json::from_str(line).ok()?;
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let payload = match value.get("payload") {
        Some(Value::String(text)) if !is_quoted_json(&value, text) => revealed(text),
        None | Some(Value::Null) => Vec::new(),
        Some(json) => revealed(raw(line, json).unwrap_or(&json.to_string())),
    };
    Some(Message {
        unix_micros: time(value.get("tst")?)?,
        topic: value.get("topic")?.as_str()?.to_owned(),
        payload,
        length: number("payloadlen"),
        qos: number("qos").and_then(|qos| u8::try_from(qos).ok()).filter(|qos| *qos <= 2).unwrap_or_default(),
        retain: number("retain").is_some_and(|retain| retain > 0) || value.get("retain") == Some(&Value::Bool(true)),
    })
}

/// `%J` writes a payload that is itself a JSON text with its quotes, `%j` any payload as a text: its length tells which.
fn is_quoted_json(value: &Value, text: &str) -> bool {
    let length = value.get("payloadlen").and_then(Value::as_u64);
    length.is_some_and(|length| length != revealed(text).len() as u64 && length == text.len() as u64 + 2)
}

/// The payload as it stands in the line: to the byte where the program left it so.
fn raw<'a>(line: &'a str, payload: &Value) -> Option<&'a str> {
    let key = "\"payload\":";
    let behind = line.match_indices(key).map(|(at, _)| line[at + key.len()..].strip_suffix('}').unwrap_or_default());
    behind.map(str::trim).find(|text| serde_json::from_str::<Value>(text).is_ok_and(|value| value == *payload))
}

/// Where bytes that are no UTF-8 hide while a line is read as JSON: `%j` writes them as they are.
const HIDDEN: u32 = 0xF700;

fn disguised(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(HIDDEN + u32::from(*byte))));
    }
    text
}

fn revealed(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        let hidden = u32::from(character).checked_sub(HIDDEN).and_then(|byte| u8::try_from(byte).ok());
        match hidden.filter(|byte| *byte >= 0x80) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

/// `2026-11-22T05:28:21.864199+0100`; version 2.0.11 writes `Z+0000`, versions before 2 whole seconds since 1970.
fn time(value: &Value) -> Option<u64> {
    if let Some(secs) = value.as_u64() {
        return secs.checked_mul(1_000_000);
    }
    let text = value.as_str()?.replace('Z', "");
    let text = if text.contains('+') || text.rfind('-') > text.find('T') { text } else { text + "+0000" };
    let time = DateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f%z").ok()?;
    u64::try_from(time.timestamp_micros()).ok()
}

/// What was said so far.
#[derive(Default)]
struct Told {
    /// The latest push to each device.
    orders: BTreeMap<DeviceId, UpgradeOrder>,
    upgrades: UpgradeId,
}

impl Told {
    fn facts(&mut self, message: Message) -> Vec<Fact> {
        let Message { topic, payload, qos, retain, .. } = message;
        let Some(device) = dialect::owner(&topic) else { return vec![up(topic, &payload, qos, retain)] };
        let heard = dialect::ALL.iter().find_map(|known| Some((*known, known.hear(&device, &topic, &payload)?)));
        let is_down = heard.is_some()
            || topic.ends_with("_reply")
            || dialect::ALL
                .iter()
                .any(|known| known.speaker(&topic).is_none() && known.device_subscriptions(&device).contains(&topic));
        if !is_down {
            return vec![up(topic, &payload, qos, retain)];
        }
        let pressed = match heard {
            Some((known, Heard::Offer(offer))) => self.push(known, device, offer),
            Some((_, Heard::Cancel)) => {
                self.orders.remove(&device).map(|order| Fact::UpgradeCancelled { upgrade: order.upgrade })
            }
            _ => None,
        };
        let published = Fact::MessagePublished { topic: topic.into(), payload: payload.into(), qos };
        pressed.into_iter().chain([published]).collect()
    }

    /// Push was pressed, unless this is the same push again.
    fn push(&mut self, known: &dyn dialect::Dialect, device: DeviceId, offer: Offer) -> Option<Fact> {
        if self.orders.get(&device).is_some_and(|order| is_of(order, &offer))
            || (self.orders.len() >= MOST_DEVICES && !self.orders.contains_key(&device))
        {
            return None;
        }
        let order = ordered(known, device.clone(), self.upgrades + 1, offer)?;
        self.upgrades += 1;
        self.orders.insert(device, order.clone());
        Some(Fact::UpgradeRequested { order: Arc::new(order) })
    }
}

fn up(topic: String, payload: &[u8], qos: u8, retain: bool) -> Fact {
    Fact::MessageReceived { client: None, topic: topic.into(), payload: payload.into(), qos, retain }
}

#[cfg(test)]
mod tests {
    use super::super::{Summary, read};
    use crate::capture::kind;
    use crate::event::Fact;

    fn line(tst: &str, topic: &str, payload: &str) -> String {
        format!(r#"{{"tst":"{tst}","topic":"{topic}","qos":1,"retain":0,"payloadlen":0,"payload":{payload}}}"#)
    }

    /// The payload that a line of `mosquitto_sub` 2.0.11 tells.
    fn check(line: &[u8], expected: &[u8]) {
        let capture = read(line).unwrap();
        let Fact::MessageReceived { topic, payload, .. } = &capture.events[1].fact else { panic!("{capture:?}") };
        assert_eq!((&**topic, payload.as_ref()), ("/a/b", expected), "{}", String::from_utf8_lossy(line));
    }

    #[test]
    fn a_payload_is_what_was_sent_in_either_format() {
        let of = |rest: &str| {
            format!(r#"{{"tst":"2026-11-22T05:28:21.864199Z+0000","topic":"/a/b","qos":0,"retain":0,{rest}}}"#)
                .into_bytes()
        };
        check(&of(r#""payloadlen":23,"payload":"{\"a\": 1.0,  \"b\":\"x\\/y\"}""#), br#"{"a": 1.0,  "b":"x\/y"}"#);
        check(&of(r#""payloadlen":13,"payload":"text \"quoted\"""#), br#"text "quoted""#);
        check(&of(r#""payloadlen":0,"payload":null"#), b"");
        check(&of(r#""payloadlen":2,"payload":12"#), b"12");
        check(&of(r#""payloadlen":23,"payload":{"a":1,"b":"x/y"}"#), br#"{"a":1,"b":"x/y"}"#);
        check(
            &of(r#""payloadlen":9,"mid":3,"properties":{"user-properties":{"payload":"x"}},"payload":{"k": 1.50}"#),
            br#"{"k": 1.50}"#,
        );
        check(&of(r#""payloadlen":4,"payload":"ab""#), br#""ab""#);
        let mut bytes = of(r#""payloadlen":2,"payload":"?!""#);
        let at = bytes.windows(2).position(|two| two == b"?!").unwrap();
        bytes[at..at + 2].copy_from_slice(b"\xff\xfe");
        check(&bytes, b"\xff\xfe");
    }

    /// The message that is hunted is the very one that is no JSON: whoever reads the file must know that it is missing.
    #[test]
    fn what_mosquitto_left_out_or_wrote_anew_is_counted() {
        let check = |lines: &[&str], left_out, rewritten, cut| {
            let damage = read(lines.join("\n").as_bytes()).unwrap().damage;
            assert_eq!(
                (damage.left_out, damage.rewritten, damage.cut.is_some()),
                (left_out, rewritten, cut),
                "{lines:?}"
            );
            let codes: Vec<_> = damage.troubles().iter().map(|trouble| trouble.code.to_string()).collect();
            let told = ["recording-cut", "mosquitto-left-out", "mosquitto-rewritten"];
            let expected = told.iter().zip([cut, left_out > 0, rewritten > 0]).filter(|(_, told)| *told);
            assert_eq!(codes, expected.map(|(code, _)| (*code).to_owned()).collect::<Vec<_>>());
            assert!(damage.is_empty());
        };
        let of = |length: usize, payload: &str| {
            let tst = "2026-11-22T05:28:21.864199Z+0000";
            format!(r#"{{"tst":"{tst}","topic":"/a","qos":0,"retain":0,"payloadlen":{length},"payload":{payload}}}"#)
        };
        let (json, text, blanks, nul) = (of(7, "{\"a\":1}"), of(2, "\"no\""), of(9, "{\"a\":1}"), of(4, "\"ab\""));
        let error = "Error: Message payload is not valid JSON on topic /a.";
        check(&[&json, &text, ""], 0, 0, false);
        check(&[&json, "", &json, "", "", &json, ""], 3, 0, false);
        check(&[&json, error, "", &json, ""], 1, 0, false);
        check(&[error, error, &json, "", "", ""], 2, 0, false);
        check(&["", &json, ""], 1, 0, false);
        check(&[&blanks, &json, ""], 0, 1, false);
        // The same as a text in quotes that %J wrote: its length tells.
        check(&[&nul, ""], 0, 0, false);
        check(&[&of(5, "\"ab\""), ""], 0, 1, false);
        check(&[&json, &text[..30]], 0, 0, true);
        check(&[&json, &text], 0, 0, false);
    }

    #[test]
    fn times_count_from_the_first_message_whatever_the_version_that_wrote_them() {
        for (first, second) in [
            ("\"2026-11-22T06:28:21.500000+0100\"", "\"2026-11-22T05:28:23.750000Z+0000\""),
            ("\"2026-11-22T05:28:21.500000Z\"", "\"2026-11-22T00:28:23.750000-0500\""),
        ] {
            let lines: Vec<_> = [first, second, first]
                .map(|tst| format!(r#"{{"tst":{tst},"topic":"t","qos":0,"retain":0,"payload":"x"}}"#))
                .into();
            let capture = read(lines.join("\n").as_bytes()).unwrap();
            assert_eq!(capture.header.started_unix_ms, 1_795_325_301_500);
            let times: Vec<_> = capture.events.iter().map(|event| event.at.0).collect();
            assert_eq!(times, [0, 0, 2_250_000, 2_250_000], "and never go back");
        }
        let whole = read(br#"{"tst":1795325301,"topic":"t","qos":0,"retain":1,"payload":"x"}"#).unwrap();
        assert_eq!(whole.header.started_unix_ms, 1_795_325_301_000);
        assert!(matches!(whole.events[1].fact, Fact::MessageReceived { retain: true, .. }));
    }

    #[test]
    fn a_listener_between_a_cloud_and_its_device_tells_the_upgrade() {
        let at = |secs: u32| format!("2026-11-22T05:28:{secs:02}.000000Z+0000");
        let (up, down) = ("/$system/P/D/ota/upstream", "/$system/P/D/ota/downstream");
        let push = r#"{"Method":"update_firmware","Payload":{"Module":"default","Version":"2.0.0","URL":"http://h/a?b","MD5":"9858aca07c69c3f22c1147f3f5ff867d","Size":4233}}"#;
        let lines = [
            line(&at(1), up, r#"{"Method":"report_version","Payload":{"Module":"default","Version":"1.0.0"}}"#),
            line(&at(2), down, push),
            String::from("Error: Message payload is not valid JSON on topic /a/b."),
            String::new(),
            line(&at(3), down, push),
            line(
                &at(4),
                up,
                r#"{"Method":"report_progress","Payload":{"State":"downloading","Percent":64,"Module":"default","Version":"2.0.0"}}"#,
            ),
            line(
                &at(5),
                up,
                r#"{"Method":"report_fail","Payload":{"ErrCode":-4,"Module":"default","Version":"2.0.0"}}"#,
            ),
        ];
        let capture = read(lines.join("\n").as_bytes()).unwrap();
        let kinds: Vec<_> = capture.events.iter().map(|event| kind(&event.fact)).collect();
        assert_eq!(
            kinds,
            [
                "broker_started",
                "message_received",
                "upgrade_requested",
                "message_published",
                "message_published",
                "message_received",
                "message_received",
            ]
        );
        let summary = Summary::of(&capture).to_string();
        assert_eq!(
            summary,
            "7 events in 4.000 s, 0 damaged lines\ndevice P/D: uiot-v2, 1.0.0\nupgrade P/D to 2.0.0: failed md5-mismatch -4, served 0 of 4233\n  found nothing-served\n"
        );
    }

    #[test]
    fn which_way_a_message_went_is_told_by_its_topic() {
        for (topic, payload, expected) in [
            ("/ota/device/inform/pk/dn", r#"{"id":1,"params":{"version":"1"}}"#, "message_received"),
            ("/sys/pk/dn/thing/ota/firmware/get_reply", r#"{"id":"1","code":200,"data":{}}"#, "message_published"),
            ("/ota/device/request/pk/dn", r#"{"id":1,"params":{"version":"1"}}"#, "message_received"),
            ("/$system/P/D/password_reply", r#"{"RetCode":"0","RequestID":"1","Password":"x"}"#, "message_published"),
            ("/sys/pk/dn/thing/event/property/post", "{}", "message_received"),
            ("house/lamp", r#""on""#, "message_received"),
        ] {
            let capture = read(line("2026-11-22T05:28:21.0Z", topic, payload).as_bytes()).unwrap();
            assert_eq!(kind(&capture.events.last().unwrap().fact), expected, "{topic}");
        }
    }

    #[test]
    fn what_is_no_recording_of_any_sort_is_refused() {
        for foreign in ["t 12", "{\"topic\":\"t\",\"payload\":1}", "{\"tst\":\"soon\",\"topic\":\"t\"}", "[1]"] {
            assert_eq!(read(foreign.as_bytes()).unwrap_err().code, "capture-foreign", "{foreign}");
        }
    }
}
