//! How a cloud spells it: the trait, the list, one file per cloud.

mod aliyun;
mod fault;
mod lenient;
mod message;
mod own_topic;
mod sign_in;
mod sign_slip;
#[cfg(test)]
mod tests;
mod uiot;

pub use fault::check as check_faults;
pub use message::Message;
pub use own_topic::owner;
pub use sign_in::{Connack, Refused, Secrets, SignIn, SignMethod, misspelt};

use crate::device;
use crate::event::{DeviceId, Extras, Secret, Trouble, UpgradeId, UpgradeOrder};
use crate::upgrade::{BlockRequest, ReplyTo, Report, Rules, Said};

/// Every dialect there is. A new cloud is one file and one line here. Of those that share their topics, the one to expect of
/// a device that has not spoken yet comes first.
pub static ALL: &[&dyn Dialect] = &[&uiot::V2, &uiot::V1, &uiot::STACK, &uiot::SEED, &aliyun::Aliyun];

/// The dialect of that id.
///
/// # Errors
/// There is none: the trouble names those that exist.
pub fn find(id: &str) -> Result<&'static dyn Dialect, Trouble> {
    ALL.iter().copied().find(|dialect| dialect.id() == id).ok_or_else(|| {
        let known: Vec<_> = ALL.iter().map(|dialect| dialect.id()).collect();
        Trouble::new("unknown-dialect").with("dialect", id).with("known", known.join(", "))
    })
}

/// What a message says, in the dialect it is spoken in. Where several share a topic, `known` tells the one that a device has
/// spoken before; it counts as long as the message does not speak against it.
pub fn decode<'a>(
    topic: &str,
    payload: &[u8],
    known: impl FnOnce(&DeviceId) -> Option<&'a str>,
) -> Option<(&'static dyn Dialect, Decoded)> {
    let (_, device) = ALL.iter().find_map(|dialect| Some((dialect, dialect.speaker(topic)?)))?;
    let message = Message::new(topic, payload, &device);
    let known =
        known(&device).and_then(|id| find(id).ok()).and_then(|known| Some((known, known.decode(&message, true)?)));
    known.or_else(|| ALL.iter().find_map(|dialect| Some((*dialect, dialect.decode(&message, false)?))))
}

/// Who a client is, from how it signs in, and in which cloud's way.
#[must_use]
pub fn identify(client_id: &str, username: Option<&str>) -> Option<(&'static dyn Dialect, DeviceId)> {
    ALL.iter().find_map(|dialect| Some((*dialect, dialect.identify(client_id, username)?)))
}

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

/// What a push is made of.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// What was fixed when Push was pressed.
    pub order: &'a UpgradeOrder,
    /// The version the device runs, where known.
    pub source: Option<&'a str>,
    /// The request it answers, if it is an answer.
    pub reply: Option<&'a ReplyTo>,
    /// The time, in milliseconds since 1970.
    pub now_unix_millis: u64,
}

/// What the cloud tells a device to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The module, when it is not the default one.
    pub module: Option<String>,
    /// The version to reach.
    pub version: String,
    /// The task's id, of a cloud that has tasks.
    pub task: Option<String>,
    /// The files to fetch, in order; one but for Alibaba Cloud.
    pub files: Vec<OfferedFile>,
    /// The stream to ask blocks of, over MQTT, in place of URLs.
    pub stream: Option<(u64, u64)>,
}

impl From<Offer> for device::Offered {
    /// What a device makes of it: with a stream, its files come over MQTT.
    fn from(offer: Offer) -> Self {
        let Offer { module, version, task, files, stream } = offer;
        let source = |url| match stream {
            Some((stream, file)) => device::Source::Stream(stream, file),
            None => device::Source::Url(url),
        };
        let files = files.into_iter().map(|file| {
            let OfferedFile { url, size, md5, sha256 } = file;
            device::OfferedFile { source: source(url), size, md5, sha256 }
        });
        Self { module, version, task, files: files.collect() }
    }
}

/// One file that a device is told to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedFile {
    /// Where it is; empty for one that comes over MQTT.
    pub url: String,
    /// Bytes in it.
    pub size: u64,
    /// MD5, hex; empty when none was announced.
    pub md5: String,
    /// SHA-256, hex; empty when none was announced.
    pub sha256: String,
}

/// The answer to a request for a block of firmware.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What goes out.
    pub message: Outgoing,
    /// The cloud's code: 200, or why there are no bytes in it.
    pub code: u16,
    /// How many bytes of firmware are in it.
    pub length: u64,
}

/// What a device hears from its cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// There is an upgrade.
    Offer(Offer),
    /// The upgrade is cancelled.
    Cancel,
    /// A block of firmware, with the place it belongs to.
    Block {
        /// Where it begins.
        offset: u64,
        /// The bytes; nothing when the cloud refused or the block arrived damaged.
        bytes: Option<Vec<u8>>,
    },
    /// The device secret, for a device that registers itself.
    Password(String),
}

/// What was wrong with a message, the whole of it usable or not, in a code of the list under `defect.` in the locales, with the place it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// Stable, kebab-case: `trailing-comma`.
    pub code: &'static str,
    /// The key or value concerned, as the device wrote it.
    pub at: String,
}

impl Defect {
    fn new(code: &'static str, at: impl Into<String>) -> Self {
        Self { code, at: at.into() }
    }
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

/// How a device that has no secret of its own yet is told one.
#[derive(Clone, PartialEq, Eq)]
pub struct Registration {
    /// How it signs in.
    pub credentials: Credentials,
    /// What it subscribes to.
    pub subscription: String,
    /// What it asks.
    pub question: Outgoing,
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
    /// Whether a device that was identified is let in, as the cloud decides it.
    ///
    /// # Errors
    /// It is not: the cloud's answer, and what is wrong.
    fn check_sign_in(&self, sign_in: &SignIn, secrets: &Secrets) -> Result<(), Refused>;
    /// Whether a topic, or all that a filter matches, is the device's own: no other may be published or subscribed by a
    /// device that has a secret.
    fn owns_topic(&self, device: &DeviceId, topic: &str) -> bool;
    /// A topic of the device `from`, either way, as the device `to` has it; nothing when it is none of its topics.
    fn renamed(&self, topic: &str, from: &DeviceId, to: &DeviceId) -> Option<String>;
    /// Which device speaks on this topic to a cloud of this kind.
    fn speaker(&self, topic: &str) -> Option<DeviceId>;
    /// What a device's message says; `None` when the topic or the spelling is another dialect's. `known` when the device has
    /// spoken this dialect before.
    fn decode(&self, message: &Message<'_>, known: bool) -> Option<Decoded>;

    /// This cloud's rules for an upgrade.
    fn rules(&self) -> Rules;
    /// Whether the cloud takes this as a version.
    ///
    /// # Errors
    /// It does not; the trouble gives the grammar.
    fn check_version(&self, version: &str) -> Result<(), Trouble>;
    /// Whether the cloud upgrades modules by name; `None` is the default one.
    ///
    /// # Errors
    /// This cloud knows no modules.
    fn check_module(&self, module: Option<&str>) -> Result<(), Trouble>;
    /// The topic on which a device hears of upgrades.
    fn push_topic(&self, device: &DeviceId) -> String;
    /// Whether the cloud announces what this order asks for.
    ///
    /// # Errors
    /// It does not: `extras-not-supported`, or a tag or a number of files the cloud refuses.
    fn check_extras(&self, extras: &Extras) -> Result<(), Trouble>;
    /// The id of a new task, of a cloud that has tasks.
    fn task(&self, upgrade: UpgradeId, started_unix_millis: u64) -> Option<String>;
    /// Whether a device that speaks `other` understands this dialect's push.
    fn is_understood_by(&self, other: &str) -> bool {
        self.id() == other
    }
    /// The push, or the answer to a device's request for it.
    fn offer(&self, push: &Push<'_>) -> Outgoing;
    /// The answer to a request for a block of firmware, if this cloud hands firmware out in blocks; without a `file` there is
    /// no such stream.
    fn block(&self, reply: &ReplyTo, block: &BlockRequest, file: Option<&[u8]>) -> Option<Block>;
    /// The answer to a device that asks for its secret, if this cloud lets devices register themselves.
    fn password(&self, reply: &ReplyTo, secret: &str) -> Option<Outgoing>;
    /// The answer to a device for which nothing is pending, if this cloud answers at all.
    fn nothing_pending(&self, reply: &ReplyTo) -> Option<Outgoing>;
    /// The cancellation, if this cloud can tell a device.
    fn cancel(&self, order: &UpgradeOrder) -> Option<Outgoing>;
    /// What a device's failure code means: a key of `failure.` in the locales, and a stable reason code.
    fn failure(&self, code: i64) -> &'static str;

    // The device's side
    /// What a device must subscribe to hear its cloud.
    fn device_subscriptions(&self, device: &DeviceId) -> Vec<String>;
    /// How a device signs in. `secret` may be empty on a bench that checks none.
    fn credentials(&self, device: &DeviceId, secret: &str) -> Credentials;
    /// How a device signs in with this method; nothing where devices do not sign.
    fn signed_credentials(&self, _device: &DeviceId, _secret: &Secret, _method: SignMethod) -> Option<Credentials> {
        None
    }
    /// A device's message, as the cloud's SDK would spell it. `serial` counts the device's messages.
    fn say(&self, device: &DeviceId, said: &Said, serial: u64) -> Option<Outgoing>;
    /// What a device hears in a message of its cloud; `None` when it concerns something else.
    fn hear(&self, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Heard>;
    /// A request for a block of firmware, if devices of this cloud make any.
    fn ask_block(&self, device: &DeviceId, block: &BlockRequest, serial: u64) -> Option<Outgoing>;
    /// How a device without a secret of its own signs in, and what it says then to be told one.
    fn registration(&self, device: &DeviceId, product_secret: &str) -> Option<Registration>;
    /// What a freshly started device says first, running `version`.
    fn greeting(&self, version: &str) -> Vec<Report>;
}
