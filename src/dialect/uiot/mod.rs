//! UCloud UIoT: what its four spellings share. They differ in a [`Spelling`] each, one file a spelling.
//!
//! Source: the seed document “设备OTA升级” and what UCloud's own SDKs were seen to send.

mod reports;
mod seed;
mod stack;
mod v1;
mod v2;

use super::{
    Block, Credentials, Decoded, Defect, Dialect, Heard, Message, Outgoing, Push, Refused, Registration, Secrets,
    SignIn, fault, lenient, own_topic, sign_in,
};
use crate::event::{DeviceId, Extras, Trouble, UpgradeId, UpgradeOrder};
use crate::upgrade::{BlockRequest, PushWhen, ReplyTo, Report, Rules, Said, SuccessRule};
use serde_json::{Value, json};

/// As hand-written devices spell it that follow the documentation.
pub const SEED: Uiot<seed::Seed> = Uiot(seed::Seed);
/// As the C SDK of 2019-08 to 2020-07 spells it.
pub const V1: Uiot<v1::V1> = Uiot(v1::V1);
/// As the C SDK since 2020-08 spells it.
pub const V2: Uiot<v2::V2> = Uiot(v2::V2);
/// As private deployments spell it.
pub const STACK: Uiot<stack::Stack> = Uiot(stack::Stack);

/// Versions are 1 to 32 of `[A-Za-z0-9._-]`.
const MAX_VERSION: usize = 32;
/// The longest name of a module, in bytes.
const MAX_MODULE: usize = 64;

/// A dialect of UIoT.
pub struct Uiot<S>(S);

/// Whose a message is, going by its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Mine,
    /// Nobody's: not readable, or without a method that any of them knows.
    Nobodys,
    Anothers,
}

/// What one spelling is made of.
trait Spelling: Sync {
    fn id(&self) -> &'static str;
    fn rules(&self) -> Rules {
        Rules { success: SuccessRule::Reported, timeout: None, push_when: PushWhen::Asked, placeholder_versions: &[] }
    }
    /// Whether it names modules.
    fn has_modules(&self) -> bool;
    /// Whether what nobody understands counts as this spelling's.
    fn takes_the_rest(&self) -> bool {
        false
    }
    fn is_understood_by(&self, other: &str) -> bool {
        self.id() == other
    }
    fn fit(&self, message: &Value, known: bool) -> Fit;
    /// What a message says; in the words of the SDKs unless it has its own.
    fn said(&self, message: &Value, defects: &mut Vec<Defect>) -> Option<Said> {
        reports::said(message, &reports::TITLE, defects)
    }
    /// The push, as JSON.
    fn offer(&self, push: &Push<'_>) -> Value;
    /// The cancellation, as JSON, of a spelling that has one.
    fn cancel(&self, _order: &UpgradeOrder) -> Option<Value> {
        None
    }
    fn task(&self, _upgrade: UpgradeId, _started_unix_millis: u64) -> Option<String> {
        None
    }
    /// A device's words, to the byte, and their `QoS`.
    fn say(&self, said: &Said) -> Option<(String, u8)>;
    fn hear(&self, message: &Value) -> Option<Heard>;
    fn greeting(&self, version: &str) -> Vec<Report> {
        let version = version.to_owned();
        vec![Report::Version { version: version.clone() }, Report::Asked { version: Some(version), reply: None }]
    }
}

/// What a topic is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Upstream,
    Downstream,
    Password,
    PasswordReply,
}

impl<S: Spelling> Dialect for Uiot<S> {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn upstream_filters(&self) -> &'static [&'static str] {
        &["/$system/+/+/ota/upstream"]
    }

    fn implicit_subscriptions(&self, _device: &DeviceId) -> Vec<String> {
        Vec::new()
    }

    /// `ClientID {ProductSN}.{DeviceSN}`, `UserName {ProductSN}|{DeviceSN}|{authmode}`.
    fn identify(&self, _client_id: &str, username: Option<&str>) -> Option<DeviceId> {
        let mut parts = username?.split('|');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(product), Some(device), Some("1" | "2"), None) => DeviceId::of_levels(product, device),
            _ => None,
        }
    }

    fn check_sign_in(&self, given: &SignIn, secrets: &Secrets) -> Result<(), Refused> {
        sign_in::uiot(given, secrets)
    }

    fn owns_topic(&self, device: &DeviceId, topic: &str) -> bool {
        own_topic::uiot(device, topic)
    }

    fn renamed(&self, topic: &str, from: &DeviceId, to: &DeviceId) -> Option<String> {
        own_topic::uiot_of(from, to, topic)
    }

    fn speaker(&self, topic: &str) -> Option<DeviceId> {
        let (device, purpose) = purpose_of(topic)?;
        matches!(purpose, Purpose::Upstream | Purpose::Password).then_some(device)
    }

    fn decode(&self, message: &Message<'_>, known: bool) -> Option<Decoded> {
        let (device, purpose) = purpose_of(message.topic)?;
        let mut defects = Vec::new();
        let said = match (purpose, message.json()) {
            (Purpose::Password, value) => Some(registration(&device, value)),
            (Purpose::Upstream, value) => {
                let fit = value.map_or(Fit::Nobodys, |value| self.0.fit(value, known));
                match fit {
                    Fit::Mine => value.and_then(|value| self.0.said(value, &mut defects)),
                    Fit::Nobodys | Fit::Anothers if self.0.takes_the_rest() && !known => {
                        value.and_then(|value| self.0.said(value, &mut defects))
                    }
                    Fit::Nobodys if known => value.and_then(|value| self.0.said(value, &mut defects)),
                    Fit::Nobodys | Fit::Anothers => return None,
                }
            }
            _ => return None,
        };
        let defects = message.defects().into_iter().chain(defects).collect();
        Some(Decoded { device, said: said.into_iter().collect(), defects })
    }

    fn rules(&self) -> Rules {
        self.0.rules()
    }

    fn check_version(&self, version: &str) -> Result<(), Trouble> {
        if lenient::is_version(version, MAX_VERSION) {
            return Ok(());
        }
        Err(Trouble::new("version-not-allowed")
            .with("version", lenient::quote(version))
            .with("cloud", "UCloud UIoT")
            .with("grammar", "1–32 × [A-Za-z0-9._-]"))
    }

    fn check_module(&self, module: Option<&str>) -> Result<(), Trouble> {
        let Some(module) = module else { return Ok(()) };
        if !self.0.has_modules() {
            return Err(Trouble::new("module-not-supported")
                .with("module", lenient::quote(module))
                .with("dialect", self.id()));
        }
        if module.len() > MAX_MODULE || module.chars().any(char::is_control) {
            return Err(Trouble::new("module-not-allowed")
                .with("module", lenient::quote(module))
                .with("limit", MAX_MODULE));
        }
        Ok(())
    }

    fn check_extras(&self, extras: &Extras) -> Result<(), Trouble> {
        if *extras == Extras::default() {
            return Ok(());
        }
        Err(Trouble::new("extras-not-supported").with("dialect", self.id()))
    }

    fn task(&self, upgrade: UpgradeId, started_unix_millis: u64) -> Option<String> {
        self.0.task(upgrade, started_unix_millis)
    }

    fn is_understood_by(&self, other: &str) -> bool {
        self.0.is_understood_by(other)
    }

    fn push_topic(&self, device: &DeviceId) -> String {
        topic(device, Purpose::Downstream)
    }

    fn offer(&self, push: &Push<'_>) -> Outgoing {
        let payload = fault::offer(push, |push| self.0.offer(push)).to_string().into_bytes();
        Outgoing { topic: self.push_topic(&push.order.device), payload, qos: 1 }
    }

    fn nothing_pending(&self, _reply: &ReplyTo) -> Option<Outgoing> {
        None
    }

    fn cancel(&self, order: &UpgradeOrder) -> Option<Outgoing> {
        let payload = self.0.cancel(order)?.to_string().into_bytes();
        Some(Outgoing { topic: self.push_topic(&order.device), payload, qos: 1 })
    }

    fn block(&self, _reply: &ReplyTo, _block: &BlockRequest, _file: Option<&[u8]>) -> Option<Block> {
        None
    }

    fn password(&self, reply: &ReplyTo, secret: &str) -> Option<Outgoing> {
        let id = reply.id.as_deref().and_then(|id| serde_json::from_str::<Value>(id).ok()).unwrap_or(Value::Null);
        let message = json!({"RetCode": "0", "RequestID": id, "Password": secret});
        Some(Outgoing { topic: reply.topic.clone(), payload: message.to_string().into_bytes(), qos: 1 })
    }

    fn failure(&self, code: i64) -> &'static str {
        match code {
            -1 => "url-unreachable",
            -2 => "url-expired",
            -3 => "download-timed-out",
            -4 => "md5-mismatch",
            -5 => "burning-failed",
            _ => "device-failed",
        }
    }

    fn device_subscriptions(&self, device: &DeviceId) -> Vec<String> {
        vec![topic(device, Purpose::Downstream)]
    }

    fn credentials(&self, device: &DeviceId, secret: &str) -> Credentials {
        credentials(device, '1', secret)
    }

    fn say(&self, device: &DeviceId, said: &Said, _serial: u64) -> Option<Outgoing> {
        let (payload, qos) = self.0.say(said)?;
        Some(Outgoing { topic: topic(device, Purpose::Upstream), payload: payload.into_bytes(), qos })
    }

    fn hear(&self, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Heard> {
        let (who, purpose) = purpose_of(topic)?;
        let message: Value = serde_json::from_slice(payload).ok()?;
        match purpose {
            Purpose::Downstream if who == *device => self.0.hear(&message),
            Purpose::PasswordReply if who == *device => {
                Some(Heard::Password(message.get("Password")?.as_str()?.to_owned()))
            }
            _ => None,
        }
    }

    fn ask_block(&self, _device: &DeviceId, _block: &BlockRequest, _serial: u64) -> Option<Outgoing> {
        None
    }

    fn registration(&self, device: &DeviceId, product_secret: &str) -> Option<Registration> {
        Some(Registration {
            credentials: credentials(device, '2', product_secret),
            subscription: topic(device, Purpose::PasswordReply),
            question: Outgoing {
                topic: topic(device, Purpose::Password),
                payload: br#"{"RequestID":"1"}"#.to_vec(),
                qos: 1,
            },
        })
    }

    fn greeting(&self, version: &str) -> Vec<Report> {
        self.0.greeting(version)
    }
}

fn credentials(device: &DeviceId, mode: char, secret: &str) -> Credentials {
    Credentials {
        client_id: format!("{}.{}", device.product, device.device),
        username: format!("{}|{}|{mode}", device.product, device.device),
        password: secret.to_owned(),
    }
}

/// A device that asks for its secret; whatever it says, that is what the topic is for.
fn registration(device: &DeviceId, value: Option<&Value>) -> Said {
    let id = value.and_then(|value| lenient::id(value, "RequestID"));
    Said::of_default(Report::PasswordAsked { reply: ReplyTo { topic: topic(device, Purpose::PasswordReply), id } })
}

fn topic(device: &DeviceId, purpose: Purpose) -> String {
    let end = match purpose {
        Purpose::Upstream => "ota/upstream",
        Purpose::Downstream => "ota/downstream",
        Purpose::Password => "password",
        Purpose::PasswordReply => "password_reply",
    };
    format!("/$system/{}/{}/{end}", device.product, device.device)
}

fn purpose_of(topic: &str) -> Option<(DeviceId, Purpose)> {
    let (product, rest) = topic.strip_prefix("/$system/")?.split_once('/')?;
    let (device, end) = rest.split_once('/')?;
    let purpose = match end {
        "ota/upstream" => Purpose::Upstream,
        "ota/downstream" => Purpose::Downstream,
        "password" => Purpose::Password,
        "password_reply" => Purpose::PasswordReply,
        _ => return None,
    };
    Some((DeviceId::of_levels(product, device)?, purpose))
}

/// The module as a message names it.
fn module_name(module: Option<&str>) -> &str {
    module.unwrap_or("default")
}
