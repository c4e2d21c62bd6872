//! A device's message on its way through the dialects: read as JSON once, whoever understands it.

use super::{Defect, lenient};
use crate::event::DeviceId;
use serde_json::Value;
use std::cell::OnceCell;

/// One message.
pub struct Message<'a> {
    /// MQTT topic.
    pub topic: &'a str,
    /// Who speaks, from the topic.
    pub device: &'a DeviceId,
    payload: &'a [u8],
    read: OnceCell<(Option<Value>, Vec<Defect>)>,
}

impl<'a> Message<'a> {
    /// A message that nobody has looked into yet.
    #[must_use]
    pub const fn new(topic: &'a str, payload: &'a [u8], device: &'a DeviceId) -> Self {
        Self { topic, device, payload, read: OnceCell::new() }
    }

    /// The JSON in it, as far as it can be read.
    #[must_use]
    pub fn json(&self) -> Option<&Value> {
        self.read.get_or_init(|| lenient::read(self.payload)).0.as_ref()
    }

    /// What was wrong with it as JSON.
    #[must_use]
    pub fn defects(&self) -> Vec<Defect> {
        self.read.get_or_init(|| lenient::read(self.payload)).1.clone()
    }
}
