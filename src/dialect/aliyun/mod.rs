//! Alibaba Cloud IoT Platform: `inform`, `upgrade`, `progress`, `firmware/get`, the older `request`, and firmware in blocks.
//!
//! Source: “OTA升级” overview (the seed document) and what the vendor's SDKs were seen to send. Key order and spacing of
//! what is sent are the platform's own: device parsers scan the text for `"key":value`.

mod announce;
mod blocks;
#[cfg(test)]
mod tests;

use super::{
    Block, Credentials, Decoded, Defect, Dialect, Heard, Message, Outgoing, Push, Refused, Registration, Secrets,
    SignIn, SignMethod, fault, lenient, own_topic, sign_in,
};
use crate::event::{DeviceId, Extras, Micros, Secret, Trouble, UpgradeId, UpgradeOrder};
use crate::upgrade::{About, BlockRequest, PushWhen, ReplyTo, Report, Rules, Said, SuccessRule};
use serde_json::{Value, json};

/// The dialect `aliyun`.
pub struct Aliyun;

/// Versions are 1 to 64 of `[A-Za-z0-9._-]`.
const MAX_VERSION: usize = 64;
/// The platform takes 128 characters; beyond this many bytes only the beginning is kept.
const LONGEST_DESC: usize = 512;
/// What C-SDK 3.x informs by itself right after it connects.
const SDK_PLACEHOLDER: &str = "app-1.0.0-20180101.1000";
/// The console's default for “device upgrade time-out”.
const TIMEOUT: Micros = Micros::from_secs(60 * 60);

/// What a topic is for; the device's two names are taken out of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Inform,
    Upgrade,
    Progress,
    Request,
    Get,
    GetReply,
    Download,
    DownloadReply,
}

impl Dialect for Aliyun {
    fn id(&self) -> &'static str {
        "aliyun"
    }

    fn upstream_filters(&self) -> &'static [&'static str] {
        &[
            "/ota/device/inform/+/+",
            "/ota/device/progress/+/+",
            "/ota/device/request/+/+",
            "/sys/+/+/thing/ota/firmware/get",
            "/sys/+/+/thing/file/download",
        ]
    }

    fn implicit_subscriptions(&self, device: &DeviceId) -> Vec<String> {
        vec![topic(device, Purpose::Upgrade), topic(device, Purpose::GetReply)]
    }

    /// User name `{DeviceName}&{ProductKey}`; the client id carries `|securemode=…|`.
    fn identify(&self, _client_id: &str, username: Option<&str>) -> Option<DeviceId> {
        let (device, product) = username?.rsplit_once('&')?;
        DeviceId::of_levels(product, device)
    }

    fn check_sign_in(&self, given: &SignIn, secrets: &Secrets) -> Result<(), Refused> {
        sign_in::aliyun(given, secrets)
    }

    fn owns_topic(&self, device: &DeviceId, topic: &str) -> bool {
        own_topic::aliyun(device, topic)
    }

    fn renamed(&self, topic: &str, from: &DeviceId, to: &DeviceId) -> Option<String> {
        own_topic::aliyun_of(from, to, topic)
    }

    fn speaker(&self, topic: &str) -> Option<DeviceId> {
        let (device, purpose) = purpose_of(topic)?;
        (!matches!(purpose, Purpose::Upgrade | Purpose::GetReply | Purpose::DownloadReply)).then_some(device)
    }

    fn decode(&self, message: &Message<'_>, _known: bool) -> Option<Decoded> {
        let device = self.speaker(message.topic)?;
        let (_, purpose) = purpose_of(message.topic)?;
        if purpose == Purpose::Request && message.json().is_some_and(|message| message.get("data").is_some()) {
            // Our own answer: it goes out on the topic on which the device asked.
            return None;
        }
        let mut defects = message.defects();
        let said = message.json().and_then(|value| said(value, message.topic, purpose, &mut defects));
        Some(Decoded { device, said: said.into_iter().collect(), defects })
    }

    fn rules(&self) -> Rules {
        Rules {
            success: SuccessRule::Informed,
            timeout: Some(TIMEOUT),
            push_when: PushWhen::Online,
            placeholder_versions: &[SDK_PLACEHOLDER],
        }
    }

    fn check_version(&self, version: &str) -> Result<(), Trouble> {
        if lenient::is_version(version, MAX_VERSION) {
            return Ok(());
        }
        Err(Trouble::new("version-not-allowed")
            .with("version", lenient::quote(version))
            .with("cloud", "Alibaba Cloud IoT")
            .with("grammar", "1–64 × [A-Za-z0-9._-]"))
    }

    fn check_module(&self, _module: Option<&str>) -> Result<(), Trouble> {
        Ok(())
    }

    fn push_topic(&self, device: &DeviceId) -> String {
        topic(device, Purpose::Upgrade)
    }

    fn check_extras(&self, extras: &Extras) -> Result<(), Trouble> {
        announce::check(extras)
    }

    fn task(&self, _upgrade: UpgradeId, _started_unix_millis: u64) -> Option<String> {
        None
    }

    fn offer(&self, push: &Push<'_>) -> Outgoing {
        let get = push.reply.filter(|to| matches!(purpose_of(&to.topic), Some((_, Purpose::GetReply))));
        let message = fault::offer(push, |push| {
            let data = announce::data(push.order);
            match get {
                Some(to) => json!({"id": echo(to), "code": 200, "data": data}),
                None => json!({"code": "1000", "data": data, "id": push.now_unix_millis, "message": "success"}),
            }
        });
        let topic = push.reply.map_or_else(|| self.push_topic(&push.order.device), |to| to.topic.clone());
        Outgoing { topic, payload: message.to_string().into_bytes(), qos: 1 }
    }

    fn block(&self, reply: &ReplyTo, block: &BlockRequest, file: Option<&[u8]>) -> Option<Block> {
        Some(blocks::answer(reply, block, file))
    }

    fn password(&self, _reply: &ReplyTo, _secret: &str) -> Option<Outgoing> {
        None
    }

    fn nothing_pending(&self, reply: &ReplyTo) -> Option<Outgoing> {
        let (_, purpose) = purpose_of(&reply.topic)?;
        let message = json!({"id": echo(reply), "code": 200, "data": {}});
        (purpose == Purpose::GetReply).then(|| Outgoing {
            topic: reply.topic.clone(),
            payload: message.to_string().into_bytes(),
            qos: 1,
        })
    }

    fn cancel(&self, _order: &UpgradeOrder) -> Option<Outgoing> {
        None
    }

    fn failure(&self, code: i64) -> &'static str {
        match code {
            -1 => "upgrade-failed",
            -2 => "download-failed",
            -3 => "verification-failed",
            -4 => "burning-failed",
            _ => "device-failed",
        }
    }

    /// The platform subscribes a device by itself; an external broker does not, and C-SDK 3.x subscribes itself too.
    fn device_subscriptions(&self, device: &DeviceId) -> Vec<String> {
        let mut filters = self.implicit_subscriptions(device);
        filters.push(topic(device, Purpose::DownloadReply));
        filters
    }

    fn credentials(&self, device: &DeviceId, secret: &str) -> Credentials {
        sign_in::aliyun_credentials(device, &Secret::new(secret), SignMethod::default())
    }

    fn signed_credentials(&self, device: &DeviceId, secret: &Secret, method: SignMethod) -> Option<Credentials> {
        Some(sign_in::aliyun_credentials(device, secret, method))
    }

    fn say(&self, device: &DeviceId, said: &Said, serial: u64) -> Option<Outgoing> {
        let (purpose, mut params) = match &said.report {
            Report::Version { version } => (Purpose::Inform, json!({"version": version})),
            Report::Asked { .. } => (Purpose::Get, json!({})),
            Report::Downloading { percent } => {
                (Purpose::Progress, json!({"step": percent.to_string(), "desc": "downloading"}))
            }
            Report::Failed { code, text } => (Purpose::Progress, json!({"step": code.to_string(), "desc": text})),
            // The platform knows one scale only, and takes the inform of the target version for success.
            _ => return None,
        };
        if let (Some(module), Some(fields)) = (&said.module, params.as_object_mut()) {
            fields.insert("module".into(), module.as_str().into());
        }
        let message = json!({"id": serial, "params": params});
        Some(Outgoing { topic: topic(device, purpose), payload: message.to_string().into_bytes(), qos: 0 })
    }

    fn hear(&self, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Heard> {
        let (who, purpose) = purpose_of(topic)?;
        match purpose {
            _ if who != *device => None,
            Purpose::DownloadReply => blocks::heard(payload),
            Purpose::Upgrade | Purpose::GetReply | Purpose::Request => {
                let message: Value = serde_json::from_slice(payload).ok()?;
                announce::heard(message.get("data")?).map(Heard::Offer)
            }
            _ => None,
        }
    }

    fn ask_block(&self, device: &DeviceId, block: &BlockRequest, serial: u64) -> Option<Outgoing> {
        let payload = blocks::question(block, serial).into_bytes();
        Some(Outgoing { topic: topic(device, Purpose::Download), payload, qos: 0 })
    }

    fn registration(&self, _device: &DeviceId, _product_secret: &str) -> Option<Registration> {
        None
    }

    fn greeting(&self, version: &str) -> Vec<Report> {
        vec![Report::Version { version: version.to_owned() }]
    }
}

fn topic(device: &DeviceId, purpose: Purpose) -> String {
    let DeviceId { product, device } = device;
    match purpose {
        Purpose::Inform => format!("/ota/device/inform/{product}/{device}"),
        Purpose::Upgrade => format!("/ota/device/upgrade/{product}/{device}"),
        Purpose::Progress => format!("/ota/device/progress/{product}/{device}"),
        Purpose::Request => format!("/ota/device/request/{product}/{device}"),
        Purpose::Get => format!("/sys/{product}/{device}/thing/ota/firmware/get"),
        Purpose::GetReply => format!("/sys/{product}/{device}/thing/ota/firmware/get_reply"),
        Purpose::Download => format!("/sys/{product}/{device}/thing/file/download"),
        Purpose::DownloadReply => format!("/sys/{product}/{device}/thing/file/download_reply"),
    }
}

fn purpose_of(topic: &str) -> Option<(DeviceId, Purpose)> {
    let levels: Vec<_> = topic.split('/').collect();
    let (product, device, purpose) = match levels.as_slice() {
        ["", "ota", "device", "inform", product, device] => (product, device, Purpose::Inform),
        ["", "ota", "device", "upgrade", product, device] => (product, device, Purpose::Upgrade),
        ["", "ota", "device", "progress", product, device] => (product, device, Purpose::Progress),
        ["", "ota", "device", "request", product, device] => (product, device, Purpose::Request),
        ["", "sys", product, device, "thing", "ota", "firmware", "get"] => (product, device, Purpose::Get),
        ["", "sys", product, device, "thing", "ota", "firmware", "get_reply"] => (product, device, Purpose::GetReply),
        ["", "sys", product, device, "thing", "file", "download"] => (product, device, Purpose::Download),
        ["", "sys", product, device, "thing", "file", "download_reply"] => (product, device, Purpose::DownloadReply),
        _ => return None,
    };
    Some((DeviceId::of_levels(product, device)?, purpose))
}

/// The request's id as the device wrote it: a number stays a number.
fn echo(reply: &ReplyTo) -> Value {
    reply.id.as_deref().and_then(|id| serde_json::from_str(id).ok()).unwrap_or(Value::Null)
}

fn said(message: &Value, topic: &str, purpose: Purpose, defects: &mut Vec<Defect>) -> Option<Said> {
    let params = message.get("params").unwrap_or(&Value::Null);
    let module = lenient::text(params, "module", defects).filter(|module| !matches!(module.as_str(), "" | "default"));
    let reply = || ReplyTo {
        topic: if purpose == Purpose::Request { topic.to_owned() } else { format!("{topic}_reply") },
        id: lenient::id(message, "id"),
    };
    let report = match purpose {
        Purpose::Inform => Report::Version { version: lenient::version(params, "version", MAX_VERSION, defects)? },
        Purpose::Progress => progress(params, defects)?,
        Purpose::Get | Purpose::Request => Report::Asked {
            version: params
                .get("version")
                .and_then(Value::as_str)
                .filter(|it| lenient::is_version(it, MAX_VERSION))
                .map(str::to_owned),
            reply: Some(reply()),
        },
        Purpose::Download => Report::BlockAsked { block: blocks::asked(params, defects)?, reply: reply() },
        Purpose::Upgrade | Purpose::GetReply | Purpose::DownloadReply => return None,
    };
    Some(Said { module, about: About::Latest, report })
}

/// `step` is 0 to 100, or -1 to -4 for a failure; anything else is the device's mistake.
fn progress(params: &Value, defects: &mut Vec<Defect>) -> Option<Report> {
    if params.get("step").is_none() {
        defects.push(Defect::new("missing-key", "step"));
    }
    let step = lenient::whole(params, "step", defects)?;
    if let Ok(percent @ 0..=100) = u8::try_from(step) {
        return Some(Report::Downloading { percent });
    }
    if !(-4..=-1).contains(&step) {
        defects.push(Defect::new("step-out-of-range", format!("step: {step}")));
    }
    let desc = params.get("desc").and_then(Value::as_str).unwrap_or_default();
    let text = if desc.len() > LONGEST_DESC { lenient::quote(desc) } else { desc.to_owned() };
    (step < 0).then_some(Report::Failed { code: step, text })
}
