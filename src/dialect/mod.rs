//! How a cloud spells it: the trait, the list, one file per cloud.

use crate::event::DeviceId;
use crate::upgrade::{Report, Said};

/// A message to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// MQTT topic.
    pub topic: String,
    /// Payload, compact.
    pub payload: Vec<u8>,
    /// 0 or 1.
    pub qos: u8,
}

/// What the cloud tells a device to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The module, when it is not the default one.
    pub module: Option<String>,
    /// The version to reach.
    pub version: String,
    /// Where the image is.
    pub url: String,
    /// Bytes in the image.
    pub size: u64,
    /// MD5 of the image, lower-case hex.
    pub md5: String,
}

/// What a device hears from its cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// There is an upgrade.
    Offer(Offer),
    /// The upgrade is cancelled.
    Cancel,
}

/// What was wrong with a message, in a code of the list under `defect.` in the locales, with the place it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Stable, kebab-case: `trailing-comma`.
    pub code: &'static str,
    /// The key or value concerned, as the device wrote it.
    pub at: String,
}

/// A message of a device as this dialect understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Who spoke, from the topic.
    pub device: DeviceId,
    /// What it said; nothing when the message could not be understood.
    pub said: Vec<Said>,
    /// What was wrong with the message.
    pub defects: Vec<Defect>,
}

/// How a device signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// MQTT client id.
    pub client_id: String,
    /// MQTT user name.
    pub username: String,
    /// MQTT password; never shown or logged.
    pub password: String,
}

/// One cloud's way of speaking. Stateless: everything it needs is in its arguments.
pub trait Dialect: Sync {
    /// The name used on the command line and in captures: `uiot`.
    fn id(&self) -> &'static str;

    // The cloud's side
    /// Topic filters of everything devices publish, for an external broker.
    fn upstream_filters(&self) -> &'static [&'static str];
    /// What the cloud subscribes for a device by itself when it connects.
    fn implicit_subscriptions(&self, device: &DeviceId) -> Vec<String>;
    /// Who a client is, from how it signs in.
    fn identify(&self, client_id: &str, username: Option<&str>) -> Option<DeviceId>;
    /// What a device's message says; `None` when the topic or the spelling is another dialect's.
    fn decode(&self, topic: &str, payload: &[u8]) -> Option<Decoded>;

    // The device's side
    /// What a device must subscribe to hear its cloud.
    fn device_subscriptions(&self, device: &DeviceId) -> Vec<String>;
    /// How a device signs in. `secret` may be empty on a bench that checks none.
    fn credentials(&self, device: &DeviceId, secret: &str) -> Credentials;
    /// A device's message, as the cloud's SDK would spell it. `serial` counts the device's messages.
    fn say(&self, device: &DeviceId, said: &Said, serial: u64) -> Option<Outgoing>;
    /// What a device hears in a message of its cloud; `None` when it concerns something else.
    fn hear(&self, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Heard>;
    /// What a freshly started device says first, running `version`.
    fn greeting(&self, version: &str) -> Vec<Report>;
}
