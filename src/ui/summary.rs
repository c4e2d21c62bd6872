//! A row of the Messages pane in one line of words, and its event in fields.

use super::feed::{Crashed, Row};
use super::port_words;
use super::words::{self, say, tell};
use crate::bench::Bench;
use crate::dialect::{self, Heard, Offer};
use crate::event::{Client, Deadline, DeviceId, Event, Fact, UNRECORDED};
use crate::journal::Journal;
use crate::upgrade::{Report, Said};
use serde_json::Value;

/// How much of a payload nobody understands is shown in a row.
const GLIMPSE: usize = 120;

/// Before a message that a replay sent.
/// Of a font that the window brings along: not every system has one with such signs.
pub const REPLAYED: &str = "↺";

/// A row in one line.
#[must_use]
pub fn line(row: &Row, journal: &Journal, bench: &Bench) -> String {
    if row.skipped() > 0 {
        return tell("fact.skipped", &[("n", &words::count(row.skipped()))]);
    }
    if let Some(Crashed { port, crash, times, .. }) = row.crash() {
        let text: String = crash.text.chars().take(GLIMPSE).collect();
        let what = tell("fact.crash", &[("kind", &say(crash.kind.key())), ("port", port), ("text", &text)]);
        let again = || tell("fact.crash-again", &[("what", &what), ("n", &words::count(*times))]);
        return if *times > 1 { again() } else { what };
    }
    match journal.get(row.seq) {
        Some(event) if row.replayed => format!("{REPLAYED} {}", fact(event, row, bench)),
        Some(event) => fact(event, row, bench),
        None if journal.film().is_some_and(|film| film.is_awaited(row.seq)) => say("log.reading"),
        None => say("fact.forgotten"),
    }
}

fn fact(event: &Event, row: &Row, bench: &Bench) -> String {
    match &event.fact {
        Fact::MessageReceived { topic, payload, .. } => received(topic, payload),
        Fact::MessagePublished { topic, payload, .. } => published(topic, payload, row.device.as_deref()),
        Fact::MessageDelivered { client, topic, .. } => about("fact.delivered", client, topic, row),
        Fact::MessageAcknowledged { client, topic } => about("fact.acknowledged", client, topic, row),
        Fact::MessageDropped { topic, reason, .. } => about("fact.dropped", &words::why(reason), topic, row),
        Fact::RequestReceived { method, path, range, .. } => request(method, path, range.as_deref(), row),
        Fact::RangeServed { path, offset, length, .. } => {
            request("GET", path, Some(&format!("bytes={offset}-{}", offset + length.saturating_sub(1))), row)
        }
        Fact::BlockServed { offset, length, code: 200, .. } => {
            tell("fact.block-served", &[("size", length), ("offset", offset)])
        }
        Fact::BlockServed { offset, code, .. } => tell("fact.block-refused", &[("code", code), ("offset", offset)]),
        Fact::ClientConnected { client } => connected(client),
        Fact::ClientRefused { client, trouble } => {
            tell("fact.refused", &[("client", &client.name), ("why", &words::trouble(trouble).cause)])
        }
        Fact::ClientDisconnected { client, reason } => {
            tell("fact.disconnected", &[("client", client), ("why", &words::why(reason))])
        }
        Fact::Subscribed { filter, implicit: true, .. } => tell("fact.subscribed-implicit", &[("filter", filter)]),
        Fact::Subscribed { filter, qos, .. } => tell("fact.subscribed", &[("filter", filter), ("qos", qos)]),
        Fact::Unsubscribed { filter, .. } => tell("fact.unsubscribed", &[("filter", filter)]),
        other => on_the_bench(other, bench),
    }
}

fn on_the_bench(fact: &Fact, bench: &Bench) -> String {
    match fact {
        Fact::BrokerStarted { address, external: true } => tell("fact.broker-joined", &[("address", address)]),
        Fact::BrokerStarted { address, .. } => tell("fact.broker-started", &[("address", address)]),
        Fact::BrokerStopped => say("fact.broker-stopped"),
        Fact::ServerStarted { advertised, .. } => tell("fact.server-started", &[("address", advertised)]),
        Fact::ImageAdded { name, size, md5, .. } => {
            let (size, md5) = (words::bytes(*size), words::short_md5(md5));
            tell("fact.image-added", &[("name", name), ("size", &size), ("md5", &md5)])
        }
        Fact::ImageRemoved { image } => tell("fact.image-removed", &[("n", image)]),
        Fact::DeviceAdded { device, dialect } => tell("fact.device-added", &[("device", device), ("dialect", dialect)]),
        Fact::DeviceRemoved { device } => tell("fact.device-removed", &[("device", device)]),
        Fact::SecretSet { device, set } => {
            tell(if *set { "fact.secret-set" } else { "fact.secret-removed" }, &[("device", device)])
        }
        Fact::OpenSet { open } => say(if *open { "fact.bench-open" } else { "fact.bench-closed" }),
        Fact::BrokerFailed { trouble }
        | Fact::ServerFailed { trouble }
        | Fact::TlsFailed { trouble, .. }
        | Fact::ImageTroubled { trouble, .. }
        | Fact::AccessRefused { trouble, .. }
        | Fact::TroubleMet { trouble } => words::trouble(trouble).cause,
        Fact::TlsStarted { service, address } => {
            tell("fact.tls-started", &[("scheme", &service.scheme()), ("address", address)])
        }
        Fact::TlsStopped { service } => tell("fact.tls-stopped", &[("scheme", &service.scheme())]),
        Fact::TlsRefused { service, peer, trouble } => tell(
            "fact.tls-refused",
            &[("scheme", &service.scheme()), ("peer", peer), ("why", &words::trouble(trouble).cause)],
        ),
        Fact::FileDelivered { md5, .. } => tell("fact.delivered-whole", &[("md5", &words::short_md5(md5))]),
        Fact::RequestRefused { peer, trouble, .. } => {
            tell("fact.request-refused", &[("peer", peer), ("why", &words::trouble(trouble).cause)])
        }
        Fact::UpgradeRequested { order } => {
            let size = words::bytes(order.size);
            tell(
                "fact.push",
                &[
                    ("name", &order.name),
                    ("version", &order.version),
                    ("size", &size),
                    ("device", &order.device.device),
                ],
            )
        }
        Fact::UpgradeCancelled { upgrade } => of_upgrade("fact.cancelled", *upgrade, bench),
        Fact::UpgradeRetried { upgrade } => of_upgrade("fact.retried", *upgrade, bench),
        Fact::DeadlineReached { upgrade, deadline: Deadline::Upgrade } => {
            of_upgrade("fact.deadline-upgrade", *upgrade, bench)
        }
        Fact::DeadlineReached { upgrade, deadline: Deadline::LatePush } => {
            of_upgrade("fact.deadline-late-push", *upgrade, bench)
        }
        Fact::DeadlineReached { upgrade, .. } => of_upgrade("fact.deadline-silence", *upgrade, bench),
        Fact::FaultActed { fault, place, .. } => words::fault_acted(fault, *place),
        Fact::Gap { source, lost: 0 } if source == UNRECORDED => say("fact.recorded-again-whole"),
        Fact::Gap { source, lost } if source == UNRECORDED => {
            tell("fact.recorded-again", &[("n", &words::count(*lost))])
        }
        Fact::Gap { source, lost } => tell("fact.gap", &[("n", &words::count(*lost)), ("source", source)]),
        other => words::of_replay(other).or_else(|| port_words::told(other)).unwrap_or_default(),
    }
}

fn of_upgrade(key: &str, upgrade: u32, bench: &Bench) -> String {
    let version = bench.case(upgrade).map_or_else(String::new, |case| case.order.version.clone());
    tell(key, &[("version", &version)])
}

/// Where the row says whose it is, the topic need not.
fn about(key: &str, who: &str, topic: &str, row: &Row) -> String {
    let topic = if row.device.is_some() { short_topic(topic) } else { topic.to_owned() };
    tell(key, &[("who", &who), ("topic", &topic)])
}

fn connected(client: &Client) -> String {
    let session = say(if client.clean { "fact.clean" } else { "fact.persistent" });
    tell("fact.connected", &[("client", &client.name), ("address", &client.address), ("session", &session)])
}

fn request(method: &str, path: &str, range: Option<&str>, row: &Row) -> String {
    let what = range.map_or(path, |range| range.trim_start_matches("bytes="));
    let answer = match row.answer() {
        None => say("fact.sending"),
        Some(answer) if answer.complete => answer.status.to_string(),
        Some(answer) => tell("fact.broken", &[("status", &answer.status), ("sent", &words::bytes(answer.sent))]),
    };
    format!("{method} {what} {answer}")
}

fn received(topic: &str, payload: &[u8]) -> String {
    let name = name(topic, payload);
    match dialect::decode(topic, payload, |_| None) {
        Some((_, decoded)) if !decoded.said.is_empty() => {
            let said: Vec<_> = decoded.said.iter().map(speak).collect();
            format!("{name} {}", said.join(", "))
        }
        _ => format!("{name} {}", glimpse(payload)).trim_end().to_owned(),
    }
}

fn speak(said: &Said) -> String {
    let module = said.module.as_ref().map(|module| format!("[{module}] ")).unwrap_or_default();
    let report = match &said.report {
        Report::Version { version }
        | Report::Succeeded { version: Some(version) }
        | Report::Asked { version: Some(version), .. } => version.clone(),
        Report::Asked { .. }
        | Report::Received
        | Report::Begun
        | Report::Succeeded { version: None }
        | Report::PasswordAsked { .. } => String::new(),
        Report::BlockAsked { block, .. } => format!("{} @{}", block.size, block.offset),
        Report::Downloading { percent } => tell("report.downloading", &[("n", percent)]),
        Report::Burning { percent } => tell("report.burning", &[("n", percent)]),
        Report::Failed { code, text } => format!("{code} {text}").trim_end().to_owned(),
    };
    module + &report
}

fn published(topic: &str, payload: &[u8], device: Option<&DeviceId>) -> String {
    let heard = |device| dialect::ALL.iter().find_map(|dialect| dialect.hear(device, topic, payload));
    let name = name(topic, payload);
    match device.and_then(heard) {
        Some(Heard::Offer(offer)) => format!("{name} {} {}", offer.version, words::bytes(size(&offer))),
        Some(Heard::Cancel) => format!("{name} {}", say("fact.cancel")),
        Some(Heard::Block { .. } | Heard::Password(_)) | None => {
            format!("{name} {}", glimpse(payload)).trim_end().to_owned()
        }
    }
}

fn size(offer: &Offer) -> u64 {
    offer.files.iter().map(|file| file.size).sum()
}

/// What a message is called: its method where it has one of its own, else its topic without the identity in it.
fn name(topic: &str, payload: &[u8]) -> String {
    let strict = || {
        let message = serde_json::from_slice::<Value>(payload).ok()?;
        Some(message.get("method").or_else(|| message.get("Method"))?.as_str()?.to_owned())
    };
    // Aliyun's methods repeat the topic (`thing.ota.…`) or say nothing.
    let method = strict().or_else(|| loose_method(payload)).filter(|method| !method.contains('.'));
    method.unwrap_or_else(|| short_topic(topic))
}

/// The method of a message that is not quite JSON.
fn loose_method(payload: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(payload).ok()?;
    let (_, after) = text.split_once("\"method\"")?;
    let mut quoted = after.split('"');
    (quoted.next()?.trim() == ":").then(|| quoted.next().map(str::to_owned))?
}

fn short_topic(topic: &str) -> String {
    let known = topic.strip_prefix("/$system/").or_else(|| topic.strip_prefix("/sys/"));
    if let Some(rest) = known {
        return rest.splitn(3, '/').nth(2).unwrap_or(rest).to_owned();
    }
    let levels: Vec<_> = topic.trim_start_matches('/').split('/').collect();
    if topic.starts_with("/ota/") && levels.len() >= 5 {
        levels[..levels.len() - 2].join("/")
    } else {
        topic.to_owned()
    }
}

/// The beginning of a payload on one line.
fn glimpse(payload: &[u8]) -> String {
    let text = String::from_utf8_lossy(&payload[..payload.len().min(GLIMPSE)]);
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if payload.len() > GLIMPSE {
        line.push('…');
    }
    line
}
