//! Packet traces of vendors' SDKs (JSON Lines: what a device and a cloud sent each other) as captures of a session.
//!
//! A trace shows the cloud's push; the bench would have made it because somebody pressed Push, so that is put in before it.

use crate::capture::{Capture, Cut, Damage, Damages, Header, NoEvent, foreign};
use crate::dialect::{self, Dialect, Heard, Offer, OfferedFile};
use crate::event::{Client, ClientName, DeviceId, Event, Extras, Fact, Micros, OrderedFile, Trouble, UpgradeOrder};
use crate::upgrade::Report;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;

/// Whether a file begins like a trace.
#[must_use]
pub fn is_trace(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    serde_json::from_slice::<Value>(first).is_ok_and(|header| header.get("trace").is_some())
}

/// Reads a trace as if the workbench had been the cloud. Passwords are left out.
///
/// # Errors
/// `capture-foreign` for what is no trace, `unknown-dialect` for one of a cloud that is not spoken here.
pub fn from_trace(bytes: &[u8]) -> Result<Capture, Trouble> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = (1..).zip(text.lines());
    let header = lines.next().and_then(|(_, line)| serde_json::from_str::<Value>(line).ok());
    let header = header.filter(|header| header.get("trace").is_some());
    let id = header.as_ref().and_then(|header| header.get("dialect")?.as_str());
    let dialect = dialect::find(id.ok_or_else(foreign)?)?;
    let implicit = text.contains("\"implicit_subscription\":true") || text.contains("\"implicit_subscription\": true");
    let mut reader = Reader {
        dialect,
        implicit,
        client: None,
        offers: offers(dialect, text.lines()),
        order: None,
        asked: Vec::new(),
        requests: 0,
        said: None,
    };
    let mut capture = Capture { header: Header::new(0, None), events: Vec::new(), damage: Damages::default() };
    let mut lines = lines.filter(|(_, text)| !text.is_empty()).peekable();
    while let Some((line, text)) = lines.next() {
        let Ok(packet) = serde_json::from_str::<Value>(text) else {
            if lines.peek().is_none() && !bytes.ends_with(b"\n") {
                let after = capture.events.last().map(|event| (event.seq, event.at));
                capture.damage.cut = Some(Cut { line, after, why: None });
            } else {
                capture.damage.push(Damage { line, why: NoEvent::Malformed });
            }
            continue;
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds of a trace, never negative"
        )]
        let at = Micros(packet.get("at").and_then(Value::as_f64).map_or(0, |secs| (secs * 1e6).round() as u64));
        for fact in reader.facts(&packet) {
            capture.events.push(Event { seq: capture.events.len() as u64 + 1, at, fact });
        }
    }
    Ok(capture)
}

/// A push as a trace holds it.
struct Pushed {
    order: UpgradeOrder,
    /// It answers the device's question: it was pending before that.
    answers: bool,
}

struct Reader {
    dialect: &'static dyn Dialect,
    /// Whether the cloud subscribed the device by itself.
    implicit: bool,
    client: Option<(ClientName, DeviceId)>,
    /// The pushes of the trace that have not been made yet.
    offers: VecDeque<Pushed>,
    /// The push that was made last.
    order: Option<UpgradeOrder>,
    /// Paths asked for and not answered yet.
    asked: Vec<(u64, String)>,
    requests: u64,
    /// The topic of the cloud's latest message.
    said: Option<String>,
}

impl Reader {
    fn facts(&mut self, packet: &Value) -> Vec<Fact> {
        let text = |key: &str| packet.get(key).and_then(Value::as_str);
        match (text("from"), text("packet")) {
            (Some("device"), Some("connect")) => self.connect(packet),
            (Some("device"), Some("subscribe")) => self.subscribe(text("filter"), packet),
            (Some("device"), Some("publish")) => self.speak(packet),
            (Some("device"), Some("puback")) => {
                let acknowledged = self.client_name().zip(self.said.clone());
                acknowledged
                    .map(|(client, topic)| Fact::MessageAcknowledged { client, topic: topic.into() })
                    .into_iter()
                    .collect()
            }
            (Some("device"), Some("disconnect")) => self.disconnect("disconnected"),
            (Some("cloud"), Some("publish")) => self.push(packet),
            _ if text("http_request").is_some() => self.ask(text("http_request").unwrap_or_default()),
            _ if text("http_response").is_some() => self.answer(text("http_response").unwrap_or_default(), packet),
            _ if text("note").is_some_and(|note| note.starts_with("mqtt closed")) => {
                self.disconnect("connection closed")
            }
            _ if text("note").is_some() => text("note").and_then(|note| self.note(note)).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn client_name(&self) -> Option<ClientName> {
        self.client.as_ref().map(|(name, _)| name.clone())
    }

    fn connect(&mut self, packet: &Value) -> Vec<Fact> {
        let number = |key: &str| packet.get(key).and_then(Value::as_u64).unwrap_or_default();
        let text = |key: &str| packet.get(key).and_then(Value::as_str);
        let name: ClientName = text("clientId").unwrap_or_default().into();
        let username = text("username").map(str::to_owned);
        let client = Client {
            name: name.clone(),
            username: username.clone(),
            address: "trace".into(),
            level: u8::try_from(number("level")).unwrap_or_default(),
            clean: packet.get("clean").and_then(Value::as_bool).unwrap_or(true),
            keep_alive_secs: u16::try_from(number("keep_alive_secs")).unwrap_or_default(),
        };
        let mut facts = vec![Fact::ClientConnected { client: client.into() }];
        if let Some(device) = self.dialect.identify(&name, username.as_deref()) {
            let filters = self.dialect.implicit_subscriptions(&device).into_iter().filter(|_| self.implicit);
            facts.extend(filters.map(|filter| Fact::Subscribed {
                client: name.clone(),
                filter: filter.into(),
                qos: 1,
                implicit: true,
            }));
            self.client = Some((name, device));
        }
        facts
    }

    fn subscribe(&self, filter: Option<&str>, packet: &Value) -> Vec<Fact> {
        let qos = packet.get("qos").and_then(Value::as_u64).and_then(|qos| u8::try_from(qos).ok()).unwrap_or_default();
        let subscribed = self.client_name().zip(filter);
        let fact =
            |(client, filter): (_, &str)| Fact::Subscribed { client, filter: filter.into(), qos, implicit: false };
        subscribed.map(fact).into_iter().collect()
    }

    fn speak(&mut self, packet: &Value) -> Vec<Fact> {
        let text = |key: &str| packet.get(key).and_then(Value::as_str);
        let (Some(topic), Some(payload)) = (text("topic"), text("payload")) else { return Vec::new() };
        let asks = || {
            let (_, decoded) = dialect::decode(topic, payload.as_bytes(), |_| None)?;
            decoded.said.iter().any(|said| matches!(said.report, Report::Asked { .. })).then_some(())
        };
        let awaited = self.offers.front().is_some_and(|pushed| pushed.answers) && asks().is_some();
        let requested = awaited.then(|| self.request_upgrade()).flatten();
        let received = Fact::MessageReceived {
            client: self.client_name(),
            topic: topic.into(),
            payload: payload.as_bytes().into(),
            qos: packet.get("qos").and_then(Value::as_u64).map_or(0, |qos| u8::try_from(qos).unwrap_or_default()),
            retain: false,
        };
        requested.into_iter().chain([received]).collect()
    }

    fn disconnect(&mut self, reason: &str) -> Vec<Fact> {
        let gone = self.client.take();
        gone.map(|(client, _)| Fact::ClientDisconnected { client, reason: reason.into() }).into_iter().collect()
    }

    fn push(&mut self, packet: &Value) -> Vec<Fact> {
        let (Some((client, device)), Some(topic)) = (self.client.clone(), packet.get("topic").and_then(Value::as_str))
        else {
            return Vec::new();
        };
        let Some(payload) = packet.get("payload").and_then(Value::as_str) else {
            // A block of firmware: its bytes are in no event, only that it was delivered.
            return vec![Fact::MessageDelivered { client, topic: topic.into(), qos: 0 }];
        };
        let payload = payload.as_bytes();
        self.said = Some(topic.to_owned());
        let mut facts = Vec::new();
        match self.dialect.hear(&device, topic, payload) {
            Some(Heard::Offer(offer)) => {
                let made = self.order.as_ref().is_some_and(|order| is_of(order, &offer));
                facts.extend((!made).then(|| self.request_upgrade()).flatten());
            }
            Some(Heard::Cancel) => {
                facts.extend(self.order.as_ref().map(|order| Fact::UpgradeCancelled { upgrade: order.upgrade }));
            }
            _ => {}
        }
        let topic = topic.to_owned();
        facts.push(Fact::MessagePublished { topic: topic.clone().into(), payload: payload.into(), qos: 1 });
        facts.push(Fact::MessageDelivered { client, topic: topic.into(), qos: 1 });
        facts
    }

    /// Push is pressed.
    fn request_upgrade(&mut self) -> Option<Fact> {
        self.order = self.offers.pop_front().map(|pushed| pushed.order);
        self.order.clone().map(|order| Fact::UpgradeRequested { order: Arc::new(order) })
    }

    /// The recorder's own words on a block it sent.
    fn note(&self, note: &str) -> Option<Fact> {
        let head = note.split_once("download_reply header ")?.1;
        let head = serde_json::Deserializer::from_str(head).into_iter::<Value>().next()?.ok()?;
        let number = |at: &str| head.pointer(at).and_then(Value::as_u64);
        let order = self.order.as_ref()?;
        Some(Fact::BlockServed {
            device: order.device.clone().into(),
            stream: order.extras.stream?,
            file: 1,
            offset: number("/data/bOffset")?,
            length: number("/data/bSize")?,
            code: u16::try_from(number("/code")?).ok()?,
        })
    }

    fn ask(&mut self, head: &str) -> Vec<Fact> {
        let mut words = head.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Vec::new() };
        self.requests += 1;
        self.asked.push((self.requests, path.to_owned()));
        // The recorder wrote some pushes down after the first request that they led to.
        let early = self.offers.front().is_some_and(|pushed| pushed.order.path == path);
        let requested = early.then(|| self.request_upgrade()).flatten();
        let received = Fact::RequestReceived {
            request: self.requests,
            peer: "trace".into(),
            method: method.into(),
            path: path.into(),
            range: header(head, "Range").map(str::to_owned).map(Into::into),
        };
        requested.into_iter().chain([received]).collect()
    }

    fn answer(&mut self, head: &str, packet: &Value) -> Vec<Fact> {
        if self.asked.is_empty() {
            return Vec::new();
        }
        let (request, path) = self.asked.remove(0);
        let sent = packet.get("body_bytes").and_then(Value::as_u64).unwrap_or_default();
        let status = head.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let first = header(head, "Content-Range").and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
        let offset = first.and_then(|(first, _)| first.parse().ok()).unwrap_or_default();
        vec![Fact::RangeServed { request, path: path.into(), status, offset, length: sent, sent, complete: true }]
    }
}

/// The pushes that a trace holds, as they would have been ordered.
fn offers<'a>(dialect: &dyn Dialect, lines: impl Iterator<Item = &'a str>) -> VecDeque<Pushed> {
    let mut device = None;
    let mut pushed = VecDeque::new();
    for packet in lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let text = |key: &str| packet.get(key).and_then(Value::as_str);
        if let (Some(name), "connect") = (text("clientId"), text("packet").unwrap_or_default()) {
            device = dialect.identify(name, text("username"));
        }
        let (Some(device), Some("cloud"), Some(topic), Some(payload)) =
            (&device, text("from"), text("topic"), text("payload"))
        else {
            continue;
        };
        if let Some(Heard::Offer(offer)) = dialect.hear(device, topic, payload.as_bytes()) {
            if pushed.back().is_some_and(|last: &Pushed| is_of(&last.order, &offer)) {
                continue;
            }
            let upgrade = u32::try_from(pushed.len() + 1).unwrap_or(u32::MAX);
            let answers = topic != dialect.push_topic(device);
            let order = ordered(dialect, device.clone(), upgrade, offer);
            pushed.extend(order.map(|order| Pushed { order, answers }));
        }
    }
    pushed
}

/// Whether a push was made of this offer.
pub(super) fn is_of(order: &UpgradeOrder, offer: &Offer) -> bool {
    let url = offer.files.first().map_or("", |file| &file.url);
    let stream = offer.stream.map(|(stream, _)| stream);
    order.url == url && order.version == offer.version && order.extras.stream == stream
}

pub(super) fn ordered(dialect: &dyn Dialect, device: DeviceId, upgrade: u32, offer: Offer) -> Option<UpgradeOrder> {
    let sha256 = offer.files.iter().any(|file| !file.sha256.is_empty());
    let mut files = offer.files.into_iter().map(|file| {
        let host = file.url.find("://").map_or(0, |at| at + 3);
        let path = file.url[host..].find('/').map_or("", |at| &file.url[host + at..]).to_owned();
        let OfferedFile { url, size, md5, sha256 } = file;
        OrderedFile { name: String::new(), size, md5, sha256, url, path }
    });
    let OrderedFile { name, size, md5, sha256: digest, url, path } = files.next()?;
    let stream = offer.stream.map(|(stream, _)| stream);
    let extras = Extras { sha256, stream, files: files.collect(), ..Extras::default() };
    Some(UpgradeOrder {
        upgrade,
        device,
        dialect: dialect.id().into(),
        module: offer.module,
        name,
        version: offer.version,
        size,
        md5,
        sha256: digest,
        url,
        path,
        timeout_secs: None,
        task: offer.task,
        extras,
        faults: Vec::new(),
        replay: None,
    })
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
