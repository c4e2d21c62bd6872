//! A message that is sent by hand, once and alone, and those that a bench file keeps for it.

use super::{OnDrop, ReplayAct, ReplayOrder, ReplayStep, ReplayTarget, Speaker, Speed};
use crate::event::{Micros, Trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The longest topic MQTT can carry, in bytes.
const LONGEST_TOPIC: usize = 65_535;

/// A message to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// MQTT topic.
    pub topic: String,
    /// What is in it, byte for byte.
    pub payload: Vec<u8>,
    /// 0, 1 or 2.
    pub qos: u8,
    /// Whether the broker is to keep it.
    pub retain: bool,
}

impl Publication {
    /// Whether it can be sent at all.
    ///
    /// # Errors
    /// `topic-empty`, `topic-wildcard`, `topic-nul`, `topic-too-long`; `bad-qos`.
    pub fn check(&self) -> Result<(), Trouble> {
        check_topic(&self.topic)?;
        if self.qos > 2 {
            return Err(Trouble::new("bad-qos").with("qos", self.qos));
        }
        Ok(())
    }
}

impl Publication {
    /// It as a device says it: a replay of this one message, over a connection of its own. `of` is the event it was taken
    /// from, 0 when it was written by hand, and `source` what that is called.
    #[must_use]
    pub fn said_by(self, speaker: Speaker, source: String, of: u64) -> ReplayOrder {
        let Self { topic, payload, qos, retain } = self;
        let act = ReplayAct::Say { topic, payload: payload.as_slice().into(), qos, retain };
        ReplayOrder {
            source,
            target: ReplayTarget::Here,
            speakers: vec![speaker],
            steps: [ReplayStep { of, after: Micros::default(), speaker: 0, act }].into(),
            downstream: false,
            speed: Speed::Max,
            rounds: 1,
            on_drop: OnDrop::Stop,
        }
    }
}

/// Whether a message can be published on this topic.
///
/// # Errors
/// `topic-empty`, `topic-wildcard` with `topic`, `topic-nul`, `topic-too-long` with `limit`.
pub fn check_topic(topic: &str) -> Result<(), Trouble> {
    if topic.is_empty() {
        Err(Trouble::new("topic-empty"))
    } else if topic.len() > LONGEST_TOPIC {
        Err(Trouble::new("topic-too-long").with("limit", LONGEST_TOPIC))
    } else if topic.contains('\0') {
        Err(Trouble::new("topic-nul"))
    } else if topic.contains(['+', '#']) {
        Err(Trouble::new("topic-wildcard").with("topic", topic))
    } else {
        Ok(())
    }
}

/// A message kept in the bench file, to be sent with one click.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Entry", into = "Entry")]
pub struct SavedMessage {
    /// What it is called; may be empty.
    pub name: String,
    /// What is sent.
    pub message: Publication,
}

impl SavedMessage {
    /// What its button says: its name, or else its topic.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.name.trim().is_empty() { &self.message.topic } else { &self.name }
    }
}

/// As a bench file has it: the payload as text, or as base64 when it is none.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    name: String,
    topic: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
    qos: u8,
    retain: bool,
}

impl TryFrom<Entry> for SavedMessage {
    type Error = String;

    fn try_from(entry: Entry) -> Result<Self, String> {
        let Entry { name, topic, payload, payload_base64, qos, retain } = entry;
        let payload = match (payload, payload_base64) {
            (Some(_), Some(_)) => return Err("payload, payload_base64".to_owned()),
            (Some(text), None) => text.into_bytes(),
            (None, Some(text)) => STANDARD.decode(text).map_err(|error| format!("payload_base64: {error}"))?,
            (None, None) => Vec::new(),
        };
        let message = Publication { topic, payload, qos, retain };
        message.check().map_err(|trouble| format!("[[message]] {}", trouble.code))?;
        Ok(Self { name, message })
    }
}

impl From<SavedMessage> for Entry {
    fn from(saved: SavedMessage) -> Self {
        let SavedMessage { name, message: Publication { topic, payload, qos, retain } } = saved;
        let (payload, payload_base64) = match String::from_utf8(payload) {
            Ok(text) => (Some(text), None),
            Err(error) => (None, Some(STANDARD.encode(error.as_bytes()))),
        };
        Self { name, topic, payload, payload_base64, qos, retain }
    }
}

#[cfg(test)]
mod tests {
    use super::{Publication, check_topic};

    #[test]
    fn a_topic_that_no_broker_takes_is_refused_with_its_reason() {
        for (topic, code) in [
            ("", "topic-empty"),
            ("/a/+/b", "topic-wildcard"),
            ("/a/#", "topic-wildcard"),
            ("a\0b", "topic-nul"),
            (&"x".repeat(65_536), "topic-too-long"),
        ] {
            assert_eq!(check_topic(topic).unwrap_err().code, code);
        }
        assert!(check_topic("/$system/P/D/ota/上").is_ok() && check_topic(&"x".repeat(65_535)).is_ok());
        let wrong = Publication { topic: "a".into(), qos: 3, ..Publication::default() };
        assert_eq!(wrong.check().unwrap_err().code, "bad-qos");
    }
}
