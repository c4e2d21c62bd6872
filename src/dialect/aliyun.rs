//! Alibaba Cloud IoT Platform: `inform`, `upgrade`, `progress`, `firmware/get` and the older `request`.
//!
//! Source: “OTA升级” overview (the seed document) and what the vendor's SDKs were seen to send. Key order and spacing of
//! what is sent are the platform's own: device parsers scan the text for `"key":value`.

use super::{
    Credentials, Decoded, Defect, Dialect, Heard, Offer, Outgoing, Refused, Secrets, SignIn, SignMethod, lenient,
    own_topic, sign_in,
};
use crate::event::{DeviceId, Micros, Secret, Trouble, UpgradeOrder};
use crate::upgrade::{ReplyTo, Report, Rules, Said, SuccessRule};
use serde_json::{Value, json};

/// The dialect `aliyun`.
pub struct Aliyun;

/// Versions are 1 to 64 of `[A-Za-z0-9._-]`.
const MAX_VERSION: usize = 64;
/// A request's id is echoed up to here, in bytes; no SDK sends a tenth of it.
const LONGEST_ID: usize = 256;
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
        ]
    }

    fn implicit_subscriptions(&self, device: &DeviceId) -> Vec<String> {
        vec![topic(device, Purpose::Upgrade), topic(device, Purpose::GetReply)]
    }

    /// User name `{DeviceName}&{ProductKey}`; the client id carries `|securemode=…|`.
    fn identify(&self, _client_id: &str, username: Option<&str>) -> Option<DeviceId> {
        let (device, product) = username?.rsplit_once('&')?;
        format!("{product}/{device}").parse().ok()
    }

    fn check_sign_in(&self, given: &SignIn, secrets: &Secrets) -> Result<(), Refused> {
        sign_in::aliyun(given, secrets)
    }

    fn owns_topic(&self, device: &DeviceId, topic: &str) -> bool {
        own_topic::aliyun(device, topic)
    }

    fn decode(&self, topic: &str, payload: &[u8]) -> Option<Decoded> {
        let (device, purpose) = purpose_of(topic)?;
        if matches!(purpose, Purpose::Upgrade | Purpose::GetReply) {
            return None;
        }
        let (value, mut defects) = lenient::read(payload);
        if purpose == Purpose::Request && value.as_ref().is_some_and(|message| message.get("data").is_some()) {
            // Our own answer: it goes out on the topic on which the device asked.
            return None;
        }
        let said = value.and_then(|value| said(&value, topic, purpose, &mut defects));
        Some(Decoded { device, said: said.into_iter().collect(), defects })
    }

    fn rules(&self) -> Rules {
        Rules {
            success: SuccessRule::Informed,
            timeout: Some(TIMEOUT),
            push_when_online: true,
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

    fn offer(&self, order: &UpgradeOrder, reply: Option<&ReplyTo>, now_unix_millis: u64) -> Outgoing {
        let mut data = json!({
            "size": order.size, "sign": order.md5, "version": order.version, "signMethod": "Md5",
            "url": order.url, "md5": order.md5,
        });
        if let (Some(module), Some(fields)) = (&order.module, data.as_object_mut()) {
            fields.insert("module".into(), module.as_str().into());
        }
        let get = reply.filter(|to| matches!(purpose_of(&to.topic), Some((_, Purpose::GetReply))));
        let message = match get {
            Some(to) => json!({"id": echo(to), "code": 200, "data": data}),
            None => json!({"code": "1000", "data": data, "id": now_unix_millis, "message": "success"}),
        };
        let topic = reply.map_or_else(|| self.push_topic(&order.device), |to| to.topic.clone());
        Outgoing { topic, payload: message.to_string().into_bytes(), qos: 1 }
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
        self.implicit_subscriptions(device)
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
            Report::Burning { .. } | Report::Succeeded { .. } => return None,
        };
        if let (Some(module), Some(fields)) = (&said.module, params.as_object_mut()) {
            fields.insert("module".into(), module.as_str().into());
        }
        let message = json!({"id": serial, "params": params});
        Some(Outgoing { topic: topic(device, purpose), payload: message.to_string().into_bytes(), qos: 0 })
    }

    fn hear(&self, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Heard> {
        let (who, purpose) = purpose_of(topic)?;
        if who != *device || !matches!(purpose, Purpose::Upgrade | Purpose::GetReply | Purpose::Request) {
            return None;
        }
        let message: Value = serde_json::from_slice(payload).ok()?;
        let data = message.get("data")?;
        let text = |key: &str| Some(data.get(key)?.as_str()?.to_owned());
        Some(Heard::Offer(Offer {
            module: text("module"),
            version: text("version")?,
            url: text("url")?,
            size: data.get("size")?.as_u64()?,
            md5: text("md5")?,
        }))
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
        _ => return None,
    };
    Some((format!("{product}/{device}").parse().ok()?, purpose))
}

/// The request's id as the device wrote it: a number stays a number.
fn echo(reply: &ReplyTo) -> Value {
    reply.id.as_deref().and_then(|id| serde_json::from_str(id).ok()).unwrap_or(Value::Null)
}

fn said(message: &Value, topic: &str, purpose: Purpose, defects: &mut Vec<Defect>) -> Option<Said> {
    let none = Value::Null;
    let params = message.get("params").unwrap_or(&none);
    let module = lenient::text(params, "module", defects).filter(|module| !matches!(module.as_str(), "" | "default"));
    let report = match purpose {
        Purpose::Inform => Report::Version { version: lenient::version(params, MAX_VERSION, defects)? },
        Purpose::Progress => progress(params, defects)?,
        Purpose::Get | Purpose::Request => Report::Asked {
            version: params
                .get("version")
                .and_then(Value::as_str)
                .filter(|it| lenient::is_version(it, MAX_VERSION))
                .map(str::to_owned),
            reply: Some(ReplyTo {
                topic: if purpose == Purpose::Get { format!("{topic}_reply") } else { topic.to_owned() },
                id: message.get("id").map(Value::to_string).filter(|id| id.len() <= LONGEST_ID),
            }),
        },
        Purpose::Upgrade | Purpose::GetReply => return None,
    };
    Some(Said { module, report })
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

#[cfg(test)]
mod tests {
    use super::super::tests::{Sample, check, device, offer};
    use super::{Aliyun, Dialect, ReplyTo};

    const INFORM: &str = "/ota/device/inform/a1BenchPK00/bench01";
    const PROGRESS: &str = "/ota/device/progress/a1BenchPK00/bench01";
    const GET: &str = "/sys/a1BenchPK00/bench01/thing/ota/firmware/get";

    const fn up(
        topic: &'static str,
        payload: &'static str,
        says: &'static str,
        defects: &'static [&'static str],
    ) -> Sample {
        Sample { topic, payload, says, defects }
    }

    #[rustfmt::skip]
    const SAMPLES: &[Sample] = &[
        up(INFORM, "{\n  \"id\": 1,\n  \"params\": {\n    \"version\": \"1-0-0\"\n  }\n}", "Version 1-0-0", &[]),
        up(INFORM, r#"{"id":"123","params":{"version":"1.0.1","module":"MCU"}}"#, "MCU: Version 1.0.1", &[]),
        up(INFORM, r#"{"id":"123","params":{"version":"1.0.1","module":"default"}}"#, "Version 1.0.1", &[]),
        up(INFORM, r#"{"id":"0","params":{"version":1.0}}"#, "Version 1.0", &["number-not-text version: 1.0"]),
        up(INFORM, r#"{"id":"0","params":{}}"#, "", &["missing-key version"]),
        up(PROGRESS, r#"{"id":1,"params":{"step":"1","desc":" xxxxxxxx "}}"#, "Downloading 1", &[]),
        up(PROGRESS, r#"{"id":1,"params":{"step":50,"desc":"","module":"MCU"}}"#, "MCU: Downloading 50", &[]),
        up(PROGRESS, r#"{"id":1,"params":{"step":"-3","desc":"bad sum"}}"#, "Failed -3 bad sum", &[]),
        up(PROGRESS, r#"{"id":1,"params":{"step":"102","desc":""}}"#, "", &["step-out-of-range step: 102"]),
        up(PROGRESS, r#"{"id":1,"params":{"step":"-7","desc":""}}"#, "Failed -7", &["step-out-of-range step: -7"]),
        up(PROGRESS, r#"{"id":1,"params":{"step":"half"}}"#, "", &["wrong-type step: \"half\""]),
        up(PROGRESS, r#"{"id":1,"params":{"step":"1","desc":"",}}"#, "Downloading 1", &["trailing-comma ,}"]),
        up(PROGRESS, r#"{"id":1}"#, "", &["missing-key step"]),
        up(GET, r#"{"id":"123","version":"1.0","params":{"module":"MCU"},"method":"thing.ota.firmware.get"}"#, "MCU: Asked \"123\" /sys/a1BenchPK00/bench01/thing/ota/firmware/get_reply", &[]),
        up(GET, r#"{"id":2,"params":{}}"#, "Asked 2 /sys/a1BenchPK00/bench01/thing/ota/firmware/get_reply", &[]),
        up("/ota/device/request/a1BenchPK00/bench01", r#"{"id":0,"params":{}}"#, "Asked 0 /ota/device/request/a1BenchPK00/bench01", &[]),
    ];

    #[test]
    fn what_a_device_says_is_understood_and_its_defects_are_named() {
        for sample in SAMPLES {
            check(&Aliyun, sample);
        }
    }

    #[test]
    fn the_push_is_the_platforms_byte_for_byte() {
        let push = Aliyun.offer(&offer("aliyun"), None, 1_507_707_025_000);
        assert_eq!(push.topic, "/ota/device/upgrade/P/D");
        assert_eq!(
            String::from_utf8_lossy(&push.payload),
            concat!(
                r#"{"code":"1000","data":{"size":432945,"sign":"93230c3bde425a9d7984a594ac45fe1e","version":"2.0.0","#,
                r#""signMethod":"Md5","url":"http://h/x?a=1&b=2","md5":"93230c3bde425a9d7984a594ac45fe1e"},"#,
                r#""id":1507707025000,"message":"success"}"#
            )
        );
        assert!(Aliyun.hear(&device(), &push.topic, &push.payload).is_some());
    }

    #[test]
    fn a_request_is_answered_with_its_own_id() {
        let reply = |id: &str| ReplyTo { topic: "/sys/P/D/thing/ota/firmware/get_reply".into(), id: Some(id.into()) };
        let answer = Aliyun.offer(&offer("aliyun"), Some(&reply("\"123\"")), 5);
        assert_eq!(answer.topic, "/sys/P/D/thing/ota/firmware/get_reply");
        assert!(answer.payload.starts_with(br#"{"id":"123","code":200,"data":{"size":432945,"#));
        assert!(answer.payload.ends_with(b"}}"));
        let nothing = Aliyun.nothing_pending(&reply("2")).unwrap();
        assert_eq!(nothing.payload, br#"{"id":2,"code":200,"data":{}}"#);
    }

    #[test]
    fn the_older_request_is_answered_on_its_own_topic_and_the_answer_is_not_taken_for_a_request() {
        let reply = ReplyTo { topic: "/ota/device/request/P/D".into(), id: None };
        let answer = Aliyun.offer(&offer("aliyun"), Some(&reply), 5);
        assert_eq!(answer.topic, "/ota/device/request/P/D");
        assert!(Aliyun.decode(&answer.topic, &answer.payload).is_none());
        assert!(Aliyun.nothing_pending(&reply).is_none());
    }

    #[test]
    fn a_module_is_named_in_the_push_only_when_it_is_not_the_default_one() {
        let mut order = offer("aliyun");
        order.module = Some("MCU".into());
        let push = String::from_utf8(Aliyun.offer(&order, None, 1).payload).unwrap();
        assert!(push.contains(r#","module":"MCU"},"id":1,"#), "{push}");
    }

    #[test]
    fn a_device_is_known_by_its_user_name() {
        let id = "a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,securemode=3,signmethod=hmacsha256|";
        assert_eq!(Aliyun.identify(id, Some("bench01&a1BenchPK00")), "a1BenchPK00/bench01".parse().ok());
        assert_eq!(Aliyun.identify(id, Some("a|b|1")), None);
    }

    #[test]
    fn what_the_simulated_device_says_is_understood() {
        super::super::tests::check_own_words(&Aliyun, &[]);
    }
}
