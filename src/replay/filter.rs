//! A part of a capture, in words: which devices, topics, times, kinds.

use super::whose::Whose;
use crate::capture::{KINDS, encode, kind};
use crate::event::{DeviceId, Event, Fact, Micros, Trouble};
use regex::Regex;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Which events are meant. Everything, by default.
///
/// Written in words with blanks between them; a word with a blank in it stands in quotes, `port:"lamp-01 (simulated)"`.
///
/// | word | what it lets through |
/// |---|---|
/// | `device:PRODUCT/DEVICE` | what is about this device |
/// | `topic:GLOB` | MQTT on this topic; `+` is one level, `#` the rest, `*` anything |
/// | `port:NAME` | what happened at this serial port |
/// | `up` `down` `http` `serial` `mqtt` | messages of devices, messages to devices, firmware requests and answers, serial ports, all of MQTT |
/// | `kind:NAME` | this kind of event, as captures name it |
/// | `seq:10-20` | these events by number; `seq:10`, `seq:10-`, `seq:-20` |
/// | `from:12.5s` `to:1m30s` | from, and up to, this time since the session began: `h`, `m`, `s`, `ms`, seconds without a unit |
/// | `text:NEEDLE` | what holds this text, in either case |
///
/// Words of one sort widen (`up http` is both), words of different sorts narrow (`up device:P/D`); every `text:` must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// These devices; all when empty.
    pub devices: Vec<DeviceId>,
    /// These topics.
    pub topics: Vec<String>,
    /// These ports.
    pub ports: Vec<String>,
    /// These sorts of events.
    pub sorts: Vec<Sort>,
    /// These events by number.
    pub seqs: Vec<RangeInclusive<u64>>,
    /// From this time on.
    pub from: Option<Micros>,
    /// Up to this time.
    pub to: Option<Micros>,
    /// All of these texts.
    pub texts: Vec<String>,
}

/// A sort of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Messages that devices sent.
    Up,
    /// Messages that the workbench sent.
    Down,
    /// Firmware requests and answers.
    Http,
    /// Serial ports.
    Serial,
    /// Everything of MQTT.
    Mqtt,
    /// One kind, as captures name it.
    Kind(&'static str),
}

impl Sort {
    const NAMED: [(&'static str, Self); 5] =
        [("up", Self::Up), ("down", Self::Down), ("http", Self::Http), ("serial", Self::Serial), ("mqtt", Self::Mqtt)];

    /// Whether a fact is of this sort.
    #[must_use]
    pub fn has(self, fact: &Fact) -> bool {
        match self {
            Self::Up => matches!(fact, Fact::MessageReceived { .. }),
            Self::Down => matches!(fact, Fact::MessagePublished { .. }),
            Self::Http => matches!(
                fact,
                Fact::RequestReceived { .. }
                    | Fact::RangeServed { .. }
                    | Fact::RangeProgressed { .. }
                    | Fact::FileDelivered { .. }
                    | Fact::RequestRefused { .. }
            ),
            Self::Serial => port(fact).is_some(),
            Self::Mqtt => matches!(
                fact,
                Fact::ClientConnected { .. }
                    | Fact::ClientRefused { .. }
                    | Fact::AccessRefused { .. }
                    | Fact::ClientDisconnected { .. }
                    | Fact::Subscribed { .. }
                    | Fact::Unsubscribed { .. }
                    | Fact::MessageReceived { .. }
                    | Fact::MessagePublished { .. }
                    | Fact::MessageDelivered { .. }
                    | Fact::MessageAcknowledged { .. }
                    | Fact::MessageDropped { .. }
            ),
            Self::Kind(name) => kind(fact) == name,
        }
    }
}

/// The MQTT topic or filter of a fact.
fn topic(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::AccessRefused { topic, .. }
        | Fact::Subscribed { filter: topic, .. }
        | Fact::Unsubscribed { filter: topic, .. }
        | Fact::MessageReceived { topic, .. }
        | Fact::MessagePublished { topic, .. }
        | Fact::MessageDelivered { topic, .. }
        | Fact::MessageAcknowledged { topic, .. }
        | Fact::MessageDropped { topic, .. } => Some(topic),
        _ => None,
    }
}

/// The serial port of a fact.
fn port(fact: &Fact) -> Option<&str> {
    match fact {
        Fact::PortOpened { port, .. }
        | Fact::PortClosed { port, .. }
        | Fact::PortMoved { port, .. }
        | Fact::PortBound { port, .. }
        | Fact::LinesMoved { port, .. }
        | Fact::FileStarted { port, .. }
        | Fact::FileEnded { port, .. }
        | Fact::RepeatSet { port, .. }
        | Fact::BytesReceived { port, .. }
        | Fact::BytesSent { port, .. } => Some(port),
        _ => None,
    }
}

impl FromStr for Filter {
    type Err = Trouble;

    /// # Errors
    /// `bad-filter` with the `word` that is none.
    fn from_str(text: &str) -> Result<Self, Trouble> {
        let mut filter = Self::default();
        for word in words(text) {
            filter.take(&word).ok_or_else(|| Trouble::new("bad-filter").with("word", word))?;
        }
        Ok(filter)
    }
}

impl Filter {
    /// Whether it lets everything through.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    fn take(&mut self, word: &str) -> Option<()> {
        if let Some((_, sort)) = Sort::NAMED.iter().find(|(name, _)| *name == word) {
            self.sorts.push(*sort);
            return Some(());
        }
        let (name, value) = word.split_once(':').filter(|(_, value)| !value.is_empty())?;
        match name {
            "device" => self.devices.push(value.parse().ok()?),
            "topic" => self.topics.push(value.to_owned()),
            "port" => self.ports.push(value.to_owned()),
            "kind" => self.sorts.push(Sort::Kind(KINDS.iter().find(|kind| **kind == value)?)),
            "seq" => self.seqs.push(seqs(value)?),
            "from" => self.from = self.from.max(Some(span(value)?)),
            "to" => {
                let to = span(value)?;
                self.to = Some(self.to.map_or(to, |known| known.min(to)));
            }
            "text" => self.texts.push(value.to_owned()),
            _ => return None,
        }
        Some(())
    }
}

impl fmt::Display for Filter {
    /// As it is typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorts = self.sorts.iter().map(|sort| match sort {
            Sort::Kind(kind) => format!("kind:{kind}"),
            sort => Sort::NAMED.iter().find(|(_, named)| named == sort).map_or("", |(name, _)| name).to_owned(),
        });
        let seqs = self.seqs.iter().map(|seqs| match (*seqs.start(), *seqs.end()) {
            (first, u64::MAX) => format!("seq:{first}-"),
            (first, last) if first == last => format!("seq:{first}"),
            (first, last) => format!("seq:{first}-{last}"),
        });
        let times = [("from", self.from), ("to", self.to)];
        let times = times.iter().filter_map(|(name, at)| Some(format!("{name}:{}", span_text((*at)?))));
        let named = |name: &'static str, values: &[String]| {
            values.iter().map(|value| quoted(name, value)).collect::<Vec<_>>().into_iter()
        };
        let words = (self.devices.iter().map(|device| quoted("device", &device.to_string())))
            .chain(sorts)
            .chain(named("topic", &self.topics))
            .chain(named("port", &self.ports))
            .chain(seqs)
            .chain(times)
            .chain(named("text", &self.texts));
        f.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

/// A word with its value, in quotes where it needs them.
fn quoted(name: &str, value: &str) -> String {
    if !value.contains(|character: char| character.is_whitespace() || character == '"') {
        return format!("{name}:{value}");
    }
    format!("{name}:\"{}\"", value.replace('"', "\"\""))
}

/// Words between blanks; blanks within quotes count as letters, and two quotes there are one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut inside) = (String::new(), false);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' if inside && rest.peek() == Some(&'"') => {
                rest.next();
                word.push('"');
            }
            // Quotes in the middle of a value are the value's own: text:{"id":1}
            '"' if inside || word.ends_with(':') && word.matches(':').count() == 1 => inside = !inside,
            blank if blank.is_whitespace() && !inside => words.push(std::mem::take(&mut word)),
            character => word.push(character),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

fn seqs(value: &str) -> Option<RangeInclusive<u64>> {
    let Some((first, last)) = value.split_once('-') else {
        let only = value.parse().ok()?;
        return Some(only..=only);
    };
    let first = if first.is_empty() { 0 } else { first.parse().ok()? };
    let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
    (first <= last && value != "-").then_some(first..=last)
}

/// The units of a span, in microseconds.
const UNITS: [(&str, u64); 5] =
    [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("", 1_000_000)];

/// `1m30s`, `12.5s`, `500ms`, `90`.
fn span(text: &str) -> Option<Micros> {
    let (mut sum, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(rest.len());
        let (number, behind) = rest.split_at(end);
        let end = behind.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(end);
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, parts) = number.split_once('.').unwrap_or((number, "0"));
        let whole = whole.parse::<u64>().ok()?.checked_mul(*unit)?;
        // Digits behind the twelfth are less than a microsecond of any unit.
        let parts = parts.get(..12).unwrap_or(parts);
        let scale = 10_u128.pow(u32::try_from(parts.len()).ok()?);
        let part = u128::from(parts.parse::<u64>().ok()?) * u128::from(*unit) / scale;
        sum = sum.checked_add(whole)?.checked_add(u64::try_from(part).ok()?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(Micros(sum))
}

fn span_text(span: Micros) -> String {
    let (secs, parts) = (span.0 / 1_000_000, span.0 % 1_000_000);
    let parts = format!("{parts:06}");
    let parts = parts.trim_end_matches('0');
    if parts.is_empty() { format!("{secs}s") } else { format!("{secs}.{parts}s") }
}

/// A filter at work. It learns from every event whose the later ones are, so that every event must come by, in order.
#[derive(Clone, Debug)]
pub struct Sieve {
    filter: Filter,
    topics: Vec<Regex>,
    /// Texts as they stand in a capture's line, and as they are; in lower case.
    texts: Vec<(Vec<u8>, Vec<u8>)>,
    whose: Whose,
    line: Vec<u8>,
}

impl Sieve {
    /// A filter that has seen nothing yet.
    #[must_use]
    pub fn new(filter: Filter) -> Self {
        let topics = filter.topics.iter().filter_map(|glob| topic_pattern(glob)).collect();
        let texts = filter.texts.iter().map(|text| {
            let text = text.to_ascii_lowercase();
            let written = serde_json::to_string(&text).unwrap_or_default();
            (written[1..written.len() - 1].into(), text.into_bytes())
        });
        Self { topics, texts: texts.collect(), filter, whose: Whose::default(), line: Vec::new() }
    }

    /// Whether the next event is meant.
    pub fn takes(&mut self, event: &Event) -> bool {
        let filter = &self.filter;
        if filter.is_everything() {
            return true;
        }
        let whose = if filter.devices.is_empty() { None } else { self.whose.of(event) };
        let meant = |empty: bool, found: bool| empty || found;
        let fact = &event.fact;
        meant(filter.devices.is_empty(), whose.is_some_and(|whose| filter.devices.contains(&whose)))
            && meant(filter.sorts.is_empty(), filter.sorts.iter().any(|sort| sort.has(fact)))
            && meant(filter.seqs.is_empty(), filter.seqs.iter().any(|seqs| seqs.contains(&event.seq)))
            && filter.from.is_none_or(|from| event.at >= from)
            && filter.to.is_none_or(|to| event.at <= to)
            && meant(filter.ports.is_empty(), port(fact).is_some_and(|port| filter.ports.iter().any(|it| it == port)))
            && meant(filter.topics.is_empty(), topic(fact).is_some_and(|it| self.topics.iter().any(|t| t.is_match(it))))
            && meant(self.texts.is_empty(), self.holds_texts(event))
    }

    fn holds_texts(&mut self, event: &Event) -> bool {
        self.line.clear();
        encode(event, &mut self.line);
        self.line.make_ascii_lowercase();
        // Bytes that are no text stand in a line as base64: they are looked through as they are.
        let bytes = match &event.fact {
            Fact::MessageReceived { payload: bytes, .. }
            | Fact::MessagePublished { payload: bytes, .. }
            | Fact::BytesReceived { bytes, .. }
            | Fact::BytesSent { bytes, .. } => bytes.to_ascii_lowercase(),
            _ => Vec::new(),
        };
        let line = &self.line;
        let holds = |(written, plain): &(Vec<u8>, Vec<u8>)| {
            memchr::memmem::find(line, written).is_some() || memchr::memmem::find(&bytes, plain).is_some()
        };
        self.texts.iter().all(holds)
    }
}

/// What a topic's pattern matches.
fn topic_pattern(glob: &str) -> Option<Regex> {
    let escaped = regex::escape(glob).replace(r"\*", ".*").replace(r"\+", "[^/]*");
    // `/a/#` covers `/a` too, as brokers have it.
    let open = escaped.strip_suffix(r"/\#").map(|front| format!("{front}(/.*)?"));
    Regex::new(&format!("(?s)^{}$", open.unwrap_or_else(|| escaped.replace(r"\#", ".*")))).ok()
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
