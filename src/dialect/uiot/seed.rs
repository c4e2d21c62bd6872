//! UIoT as its documentation spells it: lower-case keys, no modules.
//!
//! Source: “设备OTA升级” (the seed document). Its own `report_fail` sample ends in a trailing comma, so devices that copied
//! it send that.

use super::super::{Defect, Heard, Push};
use super::reports::{LOWER, Words, offered, said, say};
use super::{Fit, Spelling};
use crate::upgrade::Said;
use serde_json::{Value, json};

/// The dialect `uiot`.
pub struct Seed;

impl Spelling for Seed {
    fn id(&self) -> &'static str {
        "uiot"
    }

    fn has_modules(&self) -> bool {
        false
    }

    fn takes_the_rest(&self) -> bool {
        true
    }

    fn fit(&self, message: &Value, _known: bool) -> Fit {
        match (message.get("method"), message.get("Method")) {
            (Some(_), _) => Fit::Mine,
            (None, Some(_)) => Fit::Anothers,
            (None, None) => Fit::Nobodys,
        }
    }

    fn said(&self, message: &Value, defects: &mut Vec<Defect>) -> Option<Said> {
        said(message, &LOWER, defects)
    }

    fn offer(&self, push: &Push<'_>) -> Value {
        let order = push.order;
        json!({
            "method": "update_firmware",
            "payload": {"version": order.version, "url": order.url, "md5": order.md5, "size": order.size},
        })
    }

    fn say(&self, said: &Said) -> Option<(String, u8)> {
        let message = |method: &str, payload: Value| json!({"method": method, "payload": payload}).to_string();
        say(
            &said.report,
            &Words {
                version: &|method, version| message(method, json!({"version": version})),
                progress: &|state, percent| message("report_progress", json!({"state": state, "percent": percent})),
                failure: &|code| message("report_fail", json!({"err_code": code})),
            },
        )
    }

    fn hear(&self, message: &Value) -> Option<Heard> {
        offered(message, "update_firmware", &LOWER)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Dialect;
    use super::super::super::tests::{Sample, check, check_own_words, decoded, device, offer, push};
    use super::super::SEED;
    use crate::upgrade::{About, Report};

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
            check(&SEED, sample);
        }
    }

    #[test]
    fn the_push_is_the_documented_one_byte_for_byte() {
        let push = SEED.offer(&push(&offer("uiot"), None));
        assert_eq!(push.topic, "/$system/P/D/ota/downstream");
        assert_eq!(
            String::from_utf8_lossy(&push.payload),
            r#"{"method":"update_firmware","payload":{"version":"2.0.0","url":"http://h/x?a=1&b=2","md5":"93230c3bde425a9d7984a594ac45fe1e","size":432945}}"#
        );
        assert!(SEED.hear(&device(), &push.topic, &push.payload).is_some());
    }

    #[test]
    fn only_the_upstream_topic_is_a_device_speaking() {
        for topic in ["/$system/P/D/ota/downstream", "$system/P/D/ota/upstream", "/$system/P/ota/upstream", "x", ""] {
            assert!(decoded(&SEED, topic, b"{}").is_none(), "{topic}");
        }
    }

    #[test]
    fn a_mac_address_is_a_device_name() {
        let who = SEED.identify("p.AA:BB", Some("70ly1tvowt696r15|AA:BB:CC:00:11:22|1"));
        assert_eq!(who, "70ly1tvowt696r15/AA:BB:CC:00:11:22".parse().ok());
        assert_eq!(SEED.identify("x", Some("bench01&a1BenchPK00")), None);
        assert_eq!(SEED.identify("x", None), None);
    }

    #[test]
    fn a_version_outside_the_grammar_is_refused() {
        for version in ["1.0.0", "v2_rc-1", "x"] {
            assert!(SEED.check_version(version).is_ok(), "{version}");
        }
        for version in ["", "1 0", "版本", &"9".repeat(33)] {
            assert!(SEED.check_version(version).is_err(), "{version}");
        }
    }

    #[test]
    fn what_the_simulated_device_says_is_understood() {
        let failed = Report::Failed { code: -4, text: String::new() };
        let more = [Report::Downloading { percent: 64 }, Report::Burning { percent: 7 }, failed];
        check_own_words(&SEED, &About::Latest, &more);
    }
}
