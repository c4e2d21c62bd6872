//! How a cloud spells it: the trait, the list, one file per cloud.

mod aliyun;
mod lenient;
mod own_topic;
mod sign_in;
mod sign_slip;
mod uiot;

pub use sign_in::{Connack, Refused, Secrets, SignIn, SignMethod, misspelt};

use crate::event::{DeviceId, Secret, Trouble, UpgradeOrder};
use crate::upgrade::{ReplyTo, Report, Rules, Said};

/// Every dialect there is. A new cloud is one file and one line here.
pub static ALL: &[&dyn Dialect] = &[&uiot::Uiot, &aliyun::Aliyun];

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

/// What the first dialect that knows its topic makes of a message.
#[must_use]
pub fn decode(topic: &str, payload: &[u8]) -> Option<(&'static dyn Dialect, Decoded)> {
    ALL.iter().find_map(|dialect| Some((*dialect, dialect.decode(topic, payload)?)))
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
    /// What a device's message says; `None` when the topic or the spelling is another dialect's.
    fn decode(&self, topic: &str, payload: &[u8]) -> Option<Decoded>;

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
    /// The push, or the answer to a device's request for it.
    fn offer(&self, order: &UpgradeOrder, reply: Option<&ReplyTo>, now_unix_millis: u64) -> Outgoing;
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
    /// What a freshly started device says first, running `version`.
    fn greeting(&self, version: &str) -> Vec<Report>;
}

#[cfg(test)]
mod tests {
    use super::{Decoded, Dialect, find};
    use crate::event::{DeviceId, UpgradeOrder};
    use crate::upgrade::{Report, Said};

    /// One message of a device and what is made of it: the dialect's manual and its test.
    pub struct Sample {
        pub topic: &'static str,
        pub payload: &'static str,
        /// `module: Report value`, empty when nothing is understood.
        pub says: &'static str,
        /// `code at`, in order.
        pub defects: &'static [&'static str],
    }

    pub fn check(dialect: &dyn Dialect, sample: &Sample) {
        let Decoded { said, defects, .. } = dialect.decode(sample.topic, sample.payload.as_bytes()).unwrap();
        let said: Vec<_> = said.iter().map(spell).collect();
        let defects: Vec<_> = defects.iter().map(|defect| format!("{} {}", defect.code, defect.at)).collect();
        assert_eq!(said.join("; "), sample.says, "{}", sample.payload);
        assert_eq!(defects, sample.defects, "{}", sample.payload);
    }

    fn spell(said: &Said) -> String {
        let module = said.module.as_ref().map(|module| format!("{module}: ")).unwrap_or_default();
        let report = match &said.report {
            Report::Version { version } => format!("Version {version}"),
            Report::Asked { version, reply } => {
                let reply = reply.as_ref().map(|to| format!("{} {}", to.id.as_deref().unwrap_or("-"), to.topic));
                let words = [version.clone(), reply];
                format!("Asked {}", words.into_iter().flatten().collect::<Vec<_>>().join(" "))
            }
            Report::Downloading { percent } => format!("Downloading {percent}"),
            Report::Burning { percent } => format!("Burning {percent}"),
            Report::Succeeded { version } => format!("Succeeded {version}"),
            Report::Failed { code, text } => format!("Failed {code} {text}").trim_end().to_owned(),
        };
        module + &report
    }

    pub fn device() -> DeviceId {
        DeviceId::new("P", "D")
    }

    pub fn offer(dialect: &str) -> UpgradeOrder {
        UpgradeOrder {
            upgrade: 1,
            device: device(),
            dialect: dialect.into(),
            module: None,
            name: "lamp-2.0.0.bin".into(),
            version: "2.0.0".into(),
            size: 432_945,
            md5: "93230c3bde425a9d7984a594ac45fe1e".into(),
            sha256: String::new(),
            url: "http://h/x?a=1&b=2".into(),
            path: "/x?a=1&b=2".into(),
            timeout_secs: None,
        }
    }

    /// Whatever a dialect says for the simulated device, it understands itself, without a defect.
    pub fn check_own_words(dialect: &dyn Dialect, more: &[Report]) {
        let mut reports = dialect.greeting("1.0.0");
        reports.extend([Report::Downloading { percent: 64 }, Report::Failed { code: -4, text: String::new() }]);
        reports.extend_from_slice(more);
        for report in reports {
            let said = Said::of_default(report);
            let message = dialect.say(&device(), &said, 7).unwrap();
            let decoded = dialect.decode(&message.topic, &message.payload).unwrap();
            assert_eq!((decoded.device, decoded.said, decoded.defects), (device(), vec![said], vec![]));
        }
    }

    #[test]
    fn an_unknown_dialect_is_refused_with_the_names_of_those_that_exist() {
        let trouble = find("tuya").err().unwrap();
        assert_eq!((trouble.code.as_ref(), trouble.arg("known")), ("unknown-dialect", Some("uiot, aliyun")));
        assert!(find("aliyun").is_ok());
    }
}
