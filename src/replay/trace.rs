//! Packet traces of vendors' SDKs (JSON Lines: what a device and a cloud sent each other) as captures of a session.
//!
//! A trace shows the cloud's push; the bench would have made it because somebody pressed Push, so that is put in before it.

use crate::capture::{Capture, Damage, Header, NoEvent};
use crate::dialect::{self, Dialect, Heard};
use crate::event::{Client, ClientName, DeviceId, Event, Fact, Micros, Trouble, UpgradeOrder};
use serde_json::Value;

/// Whether a file begins like a trace.
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
    let dialect = dialect::find(id.ok_or_else(|| Trouble::new("capture-foreign"))?)?;
    let implicit = text.contains("\"implicit_subscription\":true");
    let mut reader = Reader { dialect, implicit, client: None, pushed: 0, asked: Vec::new(), requests: 0, said: None };
    let mut capture = Capture { header: Header::new(0, None), events: Vec::new(), damage: Vec::new() };
    for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
        let Ok(packet) = serde_json::from_str::<Value>(text) else {
            capture.damage.push(Damage { line, why: NoEvent::Malformed });
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

struct Reader {
    dialect: &'static dyn Dialect,
    /// Whether the cloud subscribed the device by itself.
    implicit: bool,
    client: Option<(ClientName, DeviceId)>,
    pushed: u32,
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
                acknowledged.map(|(client, topic)| Fact::MessageAcknowledged { client, topic }).into_iter().collect()
            }
            (Some("device"), Some("disconnect")) => self.disconnect("disconnected"),
            (Some("cloud"), Some("publish")) => self.push(packet),
            _ if text("http_request").is_some() => self.ask(text("http_request").unwrap_or_default()),
            _ if text("http_response").is_some() => self.answer(text("http_response").unwrap_or_default(), packet),
            _ if text("note").is_some_and(|note| note.starts_with("mqtt closed")) => {
                self.disconnect("connection closed")
            }
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
        let mut facts = vec![Fact::ClientConnected { client }];
        if let Some(device) = self.dialect.identify(&name, username.as_deref()) {
            let filters = self.dialect.implicit_subscriptions(&device).into_iter().filter(|_| self.implicit);
            facts.extend(filters.map(|filter| Fact::Subscribed {
                client: name.clone(),
                filter,
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

    fn speak(&self, packet: &Value) -> Vec<Fact> {
        let (Some(topic), Some(payload)) = (packet.get("topic"), packet.get("payload")) else { return Vec::new() };
        vec![Fact::MessageReceived {
            client: self.client_name(),
            topic: topic.as_str().unwrap_or_default().into(),
            payload: payload.as_str().unwrap_or_default().as_bytes().into(),
            qos: packet.get("qos").and_then(Value::as_u64).map_or(0, |qos| u8::try_from(qos).unwrap_or_default()),
            retain: false,
        }]
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
        let Some(payload) = packet.get("payload").and_then(Value::as_str) else { return Vec::new() };
        let payload = payload.as_bytes();
        self.said = Some(topic.to_owned());
        let mut facts = Vec::new();
        if let Some(Heard::Offer(offer)) = self.dialect.hear(&device, topic, payload) {
            self.pushed += 1;
            let host = offer.url.find("://").map_or(0, |at| at + 3);
            let path = offer.url[host..].find('/').map_or("", |at| &offer.url[host + at..]).to_owned();
            facts.push(Fact::UpgradeRequested {
                order: UpgradeOrder {
                    upgrade: self.pushed,
                    device,
                    dialect: self.dialect.id().into(),
                    module: offer.module,
                    name: String::new(),
                    version: offer.version,
                    size: offer.size,
                    md5: offer.md5,
                    sha256: String::new(),
                    url: offer.url,
                    path,
                    timeout_secs: None,
                },
            });
        }
        let topic = topic.to_owned();
        facts.push(Fact::MessagePublished { topic: topic.clone(), payload: payload.into(), qos: 1 });
        facts.push(Fact::MessageDelivered { client, topic, qos: 1 });
        facts
    }

    fn ask(&mut self, head: &str) -> Vec<Fact> {
        let mut words = head.split_whitespace();
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Vec::new() };
        self.requests += 1;
        self.asked.push((self.requests, path.to_owned()));
        vec![Fact::RequestReceived {
            request: self.requests,
            peer: "trace".into(),
            method: method.into(),
            path: path.into(),
            range: header(head, "Range").map(str::to_owned),
        }]
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
        vec![Fact::RangeServed { request, path, status, offset, length: sent, sent, complete: true }]
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
