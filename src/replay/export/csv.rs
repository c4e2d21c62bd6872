//! A table with a row for each event, as RFC 4180 has it.

use super::super::whose::Whose;
use super::{Export, wall_clock};
use crate::capture::{Header, encode, kind};
use crate::event::{Event, Fact};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{self, Write};

/// The first row. Columns are added at the end, and never change their meaning.
pub const COLUMNS: [&str; 12] =
    ["seq", "at_s", "time", "kind", "device", "direction", "topic", "qos", "status", "size", "client", "text"];

/// What a table begins with.
pub(super) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The table.
#[derive(Default)]
pub struct Csv {
    started_unix_ms: u64,
    whose: Whose,
}

impl Export for Csv {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        self.started_unix_ms = header.started_unix_ms;
        // Without it, Excel takes UTF-8 for the system's own letters.
        out.write_all(BYTE_ORDER_MARK.as_bytes())?;
        row(&COLUMNS.map(String::from), out)
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let whose = self.whose.of(event).map(|device| device.to_string());
        let Cells { direction, topic, qos, status, size, client, text } = Cells::of(event);
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        row(
            &[
                event.seq.to_string(),
                format!("{}.{:06}", event.at.0 / 1_000_000, event.at.0 % 1_000_000),
                wall_clock(self.started_unix_ms, event.at).unwrap_or_default(),
                kind(&event.fact).to_owned(),
                whose.unwrap_or_default(),
                direction.to_owned(),
                topic.to_owned(),
                number(qos.map(u64::from)),
                number(status.map(u64::from)),
                number(size),
                client.to_owned(),
                text,
            ],
            out,
        )
    }

    fn pass(&mut self, event: &Event) {
        self.whose.of(event);
    }
}

/// What differs from kind to kind.
#[derive(Default)]
struct Cells<'a> {
    /// `up` from a device, `down` to one.
    direction: &'static str,
    /// MQTT topic or filter, path of a request, name of a port.
    topic: &'a str,
    qos: Option<u8>,
    /// HTTP status.
    status: Option<u16>,
    /// Bytes of payload, or bytes that left.
    size: Option<u64>,
    /// MQTT client id, or where a request came from.
    client: &'a str,
    text: String,
}

impl<'a> Cells<'a> {
    fn of(event: &'a Event) -> Self {
        let bytes = |direction, topic, bytes: &[u8]| Self {
            direction,
            topic,
            size: Some(bytes.len() as u64),
            text: text_of(bytes),
            ..Self::default()
        };
        match &event.fact {
            Fact::MessageReceived { client, topic, payload, qos, .. } => {
                Self { qos: Some(*qos), client: client.as_deref().unwrap_or_default(), ..bytes("up", topic, payload) }
            }
            Fact::MessagePublished { topic, payload, qos } => Self { qos: Some(*qos), ..bytes("down", topic, payload) },
            Fact::MessageDelivered { client, topic, qos } => {
                Self { direction: "down", topic, qos: Some(*qos), client, ..Self::default() }
            }
            Fact::MessageAcknowledged { client, topic } => Self { direction: "up", topic, client, ..Self::default() },
            Fact::MessageDropped { client, topic, .. } => {
                Self { topic, client: client.as_deref().unwrap_or_default(), text: fields(event), ..Self::default() }
            }
            Fact::Subscribed { client, filter, qos, .. } => {
                Self { direction: "up", topic: filter, qos: Some(*qos), client, ..Self::default() }
            }
            Fact::Unsubscribed { client, filter: topic } => {
                Self { direction: "up", topic, client, text: fields(event), ..Self::default() }
            }
            Fact::AccessRefused { client, topic, .. } => Self { topic, client, text: fields(event), ..Self::default() },
            Fact::ClientConnected { client } | Fact::ClientRefused { client, .. } => {
                Self { direction: "up", client: &client.name, text: fields(event), ..Self::default() }
            }
            Fact::ClientDisconnected { client, .. } => Self { client, text: fields(event), ..Self::default() },
            Fact::RequestReceived { peer, method, path, range, .. } => {
                let range = range.as_ref().map(|range| format!(" {range}")).unwrap_or_default();
                Self { direction: "up", topic: path, client: peer, text: format!("{method}{range}"), ..Self::default() }
            }
            Fact::RangeServed { path, status, offset, length, sent, complete, .. } => Self {
                direction: "down",
                topic: path,
                status: Some(*status),
                size: Some(*sent),
                text: format!("{sent} of {length} from {offset}{}", if *complete { "" } else { ", broken off" }),
                ..Self::default()
            },
            Fact::RequestRefused { peer, status, .. } => {
                Self { status: Some(*status), client: peer, text: fields(event), ..Self::default() }
            }
            Fact::BytesReceived { port, bytes: came } => bytes("up", port, came),
            Fact::BytesSent { port, bytes: went } => bytes("down", port, went),
            _ => Self { text: fields(event), ..Self::default() },
        }
    }
}

fn text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| format!("base64:{}", STANDARD.encode(bytes)), str::to_owned)
}

/// An event's fields as the capture spells them.
fn fields(event: &Event) -> String {
    let mut line = Vec::new();
    encode(event, &mut line);
    let line = String::from_utf8_lossy(&line);
    let front = format!("\"kind\":\"{}\"", kind(&event.fact));
    let fields = line.find(&front).map_or("", |at| line[at + front.len()..].trim_end());
    fields.strip_prefix(',').map(|fields| format!("{{{fields}")).unwrap_or_default()
}

fn row(cells: &[String; 12], out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
    write!(out, "{}\r\n", cells.join(","))
}

/// A cell that a spreadsheet would take for a formula has an apostrophe in front: what a device says is not to be run by who
/// opens the table.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    } else {
        format!("{guard}{cell}")
    }
}
