//! UCloud UIoT as its documentation spells it: one pair of topics, lower-case keys.
//!
//! Source: “设备OTA升级” (the seed document). Its own `report_fail` sample ends in a trailing comma, so devices that copied
//! it send that.

use super::{
    Credentials, Decoded, Defect, Dialect, Heard, Offer, Outgoing, Refused, Secrets, SignIn, lenient, own_topic,
    sign_in,
};
use crate::event::{DeviceId, Trouble, UpgradeOrder};
use crate::upgrade::{ReplyTo, Report, Rules, Said, SuccessRule};
use serde_json::{Value, json};

/// The dialect `uiot`.
pub struct Uiot;

/// Versions are 1 to 32 of `[A-Za-z0-9._-]`.
const MAX_VERSION: usize = 32;

impl Dialect for Uiot {
    fn id(&self) -> &'static str {
        "uiot"
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
            (Some(product), Some(device), Some("1" | "2"), None) => format!("{product}/{device}").parse().ok(),
            _ => None,
        }
    }

    fn check_sign_in(&self, given: &SignIn, secrets: &Secrets) -> Result<(), Refused> {
        sign_in::uiot(given, secrets)
    }

    fn owns_topic(&self, device: &DeviceId, topic: &str) -> bool {
        own_topic::uiot(device, topic)
    }

    fn decode(&self, topic: &str, payload: &[u8]) -> Option<Decoded> {
        let device = device_of(topic, "upstream")?;
        let (value, mut defects) = lenient::read(payload);
        let said = value.and_then(|value| said(&value, &mut defects));
        Some(Decoded { device, said: said.into_iter().collect(), defects })
    }

    fn rules(&self) -> Rules {
        Rules { success: SuccessRule::Reported, timeout: None, push_when_online: false, placeholder_versions: &[] }
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
        module.map_or(Ok(()), |module| {
            Err(Trouble::new("module-not-supported").with("module", lenient::quote(module)).with("dialect", self.id()))
        })
    }

    fn push_topic(&self, device: &DeviceId) -> String {
        topic(device, "downstream")
    }

    fn offer(&self, order: &UpgradeOrder, _reply: Option<&ReplyTo>, _now_unix_millis: u64) -> Outgoing {
        let message = json!({
            "method": "update_firmware",
            "payload": {"version": order.version, "url": order.url, "md5": order.md5, "size": order.size},
        });
        Outgoing { topic: self.push_topic(&order.device), payload: message.to_string().into_bytes(), qos: 1 }
    }

    fn nothing_pending(&self, _reply: &ReplyTo) -> Option<Outgoing> {
        None
    }

    fn cancel(&self, _order: &UpgradeOrder) -> Option<Outgoing> {
        None
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
        vec![topic(device, "downstream")]
    }

    fn credentials(&self, device: &DeviceId, secret: &str) -> Credentials {
        Credentials {
            client_id: format!("{}.{}", device.product, device.device),
            username: format!("{}|{}|1", device.product, device.device),
            password: secret.to_owned(),
        }
    }

    fn say(&self, device: &DeviceId, said: &Said, _serial: u64) -> Option<Outgoing> {
        let (method, payload, qos) = match &said.report {
            Report::Version { version } => ("report_version", json!({"version": version}), 1),
            Report::Asked { version, .. } => ("request_firmware", json!({"version": version}), 1),
            Report::Downloading { percent } => {
                ("report_progress", json!({"state": "downloading", "percent": percent}), 0)
            }
            Report::Burning { percent } => ("report_progress", json!({"state": "burning", "percent": percent}), 0),
            Report::Succeeded { version } => ("report_success", json!({"version": version}), 1),
            Report::Failed { code, .. } => ("report_fail", json!({"err_code": code}), 1),
        };
        let message = json!({"method": method, "payload": payload});
        Some(Outgoing { topic: topic(device, "upstream"), payload: message.to_string().into_bytes(), qos })
    }

    fn hear(&self, device: &DeviceId, topic: &str, payload: &[u8]) -> Option<Heard> {
        if device_of(topic, "downstream").as_ref() != Some(device) {
            return None;
        }
        let message: Value = serde_json::from_slice(payload).ok()?;
        if message.get("method")?.as_str()? != "update_firmware" {
            return None;
        }
        let fields = message.get("payload")?;
        let text = |key: &str| Some(fields.get(key)?.as_str()?.to_owned());
        Some(Heard::Offer(Offer {
            module: None,
            version: text("version")?,
            url: text("url")?,
            size: fields.get("size")?.as_u64()?,
            md5: text("md5")?,
        }))
    }

    fn greeting(&self, version: &str) -> Vec<Report> {
        let version = version.to_owned();
        vec![Report::Version { version: version.clone() }, Report::Asked { version: Some(version), reply: None }]
    }
}

fn topic(device: &DeviceId, end: &str) -> String {
    format!("/$system/{}/{}/ota/{end}", device.product, device.device)
}

fn device_of(topic: &str, end: &str) -> Option<DeviceId> {
    let levels: Vec<_> = topic.split('/').collect();
    match levels.as_slice() {
        ["", "$system", product, device, "ota", last] if *last == end => format!("{product}/{device}").parse().ok(),
        _ => None,
    }
}

fn said(message: &Value, defects: &mut Vec<Defect>) -> Option<Said> {
    let Some(method) = lenient::text(message, "method", defects) else {
        let other = message.get("Method").map(|method| format!("Method: {method}"));
        defects.push(match other {
            Some(at) => Defect::new("other-spelling", lenient::quote(&at)),
            None => Defect::new("missing-key", "method"),
        });
        return None;
    };
    let payload = message.get("payload").unwrap_or(&Value::Null);
    let version = |defects: &mut Vec<Defect>| lenient::version(payload, MAX_VERSION, defects);
    let report = match method.as_str() {
        "report_version" => Report::Version { version: version(defects)? },
        "request_firmware" => Report::Asked { version: version(defects), reply: None },
        "report_progress" => progress(payload, defects)?,
        "report_success" => Report::Succeeded { version: version(defects)? },
        "report_fail" => Report::Failed {
            // A failure without a readable code is a failure all the same.
            code: lenient::whole(payload, "err_code", defects).unwrap_or_else(|| {
                defects.push(Defect::new("missing-key", "err_code"));
                0
            }),
            text: String::new(),
        },
        _ => {
            defects.push(Defect::new("unknown-method", lenient::quote(&method)));
            return None;
        }
    };
    Some(Said::of_default(report))
}

fn progress(payload: &Value, defects: &mut Vec<Defect>) -> Option<Report> {
    let percent = lenient::percent(payload, "percent", defects)?;
    match payload.get("state").and_then(Value::as_str) {
        Some("downloading") => Some(Report::Downloading { percent }),
        Some("burning") => Some(Report::Burning { percent }),
        other => {
            defects.push(Defect::new("unknown-state", lenient::quote(other.unwrap_or_default())));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Sample, check, device, offer};
    use super::{Dialect, Report, Uiot};

    const UP: &str = "/$system/70ly1tvowt696r15/aruidyl0rt9tuvod/ota/upstream";

    const fn up(payload: &'static str, says: &'static str, defects: &'static [&'static str]) -> Sample {
        Sample { topic: UP, payload, says, defects }
    }

    #[rustfmt::skip]
    const SAMPLES: &[Sample] = &[
        up(r#"{"method": "report_version", "payload":{"version": "1.0"}}"#, "Version 1.0", &[]),
        up("{\n    \"method\": \"report_progress\",\n    \"payload\":{\n        \"state\":\"downloading\",\n        \"percent\": 50\n    }\n}", "Downloading 50", &[]),
        up(r#"{"method":"report_progress","payload":{"state":"burning","percent":50}}"#, "Burning 50", &[]),
        up(r#"{"method":"report_success","payload":{"version":"2.0"}}"#, "Succeeded 2.0", &[]),
        up("{\n    \"method\": \"report_fail\",\n    \"payload\":{\n        \"err_code\": -1,\n    }\n}", "Failed -1", &["trailing-comma ,}"]),
        up(r#"{"method":"report_fail","payload":{"err_code":"-4"}}"#, "Failed -4", &[]),
        up(r#"{"method":"report_fail","payload":{}}"#, "Failed 0", &["missing-key err_code"]),
        up(r#"{"method":"request_firmware","payload":{"version":"0.1"}}"#, "Asked 0.1", &[]),
        up(r#"{"method":"report_version","payload":{"version":2.0}}"#, "Version 2.0", &["number-not-text version: 2.0"]),
        up(r#"{"method":"report_progress","payload":{"state":"downloading","percent":"64"}}"#, "Downloading 64", &[]),
        up(r#"{"method":"report_progress","payload":{"state":"downloading","percent":101}}"#, "Downloading 100", &["percent-out-of-range percent: 101"]),
        up(r#"{"method":"report_progress","payload":{"state":"downloading","percent":-1}}"#, "Downloading 0", &["percent-out-of-range percent: -1"]),
        up(r#"{"method":"report_progress","payload":{"state":"cooking","percent":1}}"#, "", &["unknown-state cooking"]),
        up(r#"{"method":"report_success","payload":{}}"#, "", &["missing-key version"]),
        up(r#"{"method":"report_version","payload":{"version":"二"}}"#, "Version 二", &["bad-version 二"]),
        up(r#"{"method":"report_version","payload":{"version":["1"]}}"#, "", &[r#"wrong-type version: ["1"]"#]),
        up(r#"{"method":"dance","payload":{}}"#, "", &["unknown-method dance"]),
        up(r#"{"Method": "report_version", "Payload":{"Version":"1.0.0"}}"#, "", &[r#"other-spelling Method: "report_version""#]),
        up("[1,2]", "", &["missing-key method"]),
        up("\u{1}\u{2}", "", &["not-json \u{1}\u{2}"]),
        up("", "", &["empty-payload "]),
    ];

    #[test]
    fn what_a_device_says_is_understood_and_its_defects_are_named() {
        for sample in SAMPLES {
            check(&Uiot, sample);
        }
    }

    #[test]
    fn the_push_is_the_documented_one_byte_for_byte() {
        let push = Uiot.offer(&offer("uiot"), None, 0);
        assert_eq!(push.topic, "/$system/P/D/ota/downstream");
        assert_eq!(
            String::from_utf8_lossy(&push.payload),
            r#"{"method":"update_firmware","payload":{"version":"2.0.0","url":"http://h/x?a=1&b=2","md5":"93230c3bde425a9d7984a594ac45fe1e","size":432945}}"#
        );
        assert!(Uiot.hear(&device(), &push.topic, &push.payload).is_some());
    }

    #[test]
    fn only_the_upstream_topic_is_a_device_speaking() {
        for topic in ["/$system/P/D/ota/downstream", "$system/P/D/ota/upstream", "/$system/P/ota/upstream", "x", ""] {
            assert!(Uiot.decode(topic, b"{}").is_none(), "{topic}");
        }
    }

    #[test]
    fn a_mac_address_is_a_device_name() {
        let who = Uiot.identify("p.AA:BB", Some("70ly1tvowt696r15|AA:BB:CC:00:11:22|1"));
        assert_eq!(who, "70ly1tvowt696r15/AA:BB:CC:00:11:22".parse().ok());
        assert_eq!(Uiot.identify("x", Some("bench01&a1BenchPK00")), None);
        assert_eq!(Uiot.identify("x", None), None);
    }

    #[test]
    fn a_version_outside_the_grammar_is_refused() {
        for version in ["1.0.0", "v2_rc-1", "x"] {
            assert!(Uiot.check_version(version).is_ok(), "{version}");
        }
        for version in ["", "1 0", "版本", &"9".repeat(33)] {
            assert!(Uiot.check_version(version).is_err(), "{version}");
        }
    }

    #[test]
    fn what_the_simulated_device_says_is_understood() {
        super::super::tests::check_own_words(&Uiot, &[Report::Burning { percent: 7 }]);
    }
}
