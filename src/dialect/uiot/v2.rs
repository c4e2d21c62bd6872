//! UIoT as UCloud's C SDK since 2020-08 and its RT-Thread package spell it: modules, and a cancellation.

use super::super::{Heard, Push};
use super::reports::{
    METHODS, TASK_METHODS, TITLE, Words, fit, is_core_sdks, names_module, offered, say, update_firmware,
};
use super::{Fit, Spelling, module_name};
use crate::event::UpgradeOrder;
use crate::upgrade::{About, Said};
use serde_json::{Value, json};

/// The dialect `uiot-v2`.
pub struct V2;

impl Spelling for V2 {
    fn id(&self) -> &'static str {
        "uiot-v2"
    }

    fn has_modules(&self) -> bool {
        true
    }

    /// The older SDK passes over the module.
    fn is_understood_by(&self, other: &str) -> bool {
        is_core_sdks(other)
    }

    /// A missing module means the default one, from a device that is known to name modules.
    fn fit(&self, message: &Value, known: bool) -> Fit {
        match fit(message, &METHODS, &TASK_METHODS) {
            Fit::Mine if !known && !names_module(message) => Fit::Anothers,
            fit => fit,
        }
    }

    fn offer(&self, push: &Push<'_>) -> Value {
        update_firmware(push.order, push.order.module.as_deref())
    }

    fn cancel(&self, order: &UpgradeOrder) -> Option<Value> {
        let module = module_name(order.module.as_deref());
        Some(json!({"Method": "cancel_update", "Payload": {"Module": module, "Version": order.version}}))
    }

    fn say(&self, said: &Said) -> Option<(String, u8)> {
        let module = json!(module_name(said.module.as_deref()));
        let target = match &said.about {
            About::Version(version) => json!(version),
            About::Latest | About::Task(_) => json!(""),
        };
        say(
            &said.report,
            &Words {
                version: &|method, version| {
                    format!(
                        r#"{{"Method": "{method}", "Payload":{{"Module":{module}, "Version":{}}}}}"#,
                        json!(version)
                    )
                },
                progress: &|state, percent| {
                    format!(
                        r#"{{"Method": "report_progress", "Payload": {{"State":"{state}", "Percent":{percent}, "Module":{module}, "Version":{target} }}}}"#
                    )
                },
                failure: &|code| {
                    format!(
                        r#"{{"Method": "report_fail", "Payload": {{"ErrCode": {code}, "Module":{module}, "Version":{target}}}}}"#
                    )
                },
            },
        )
    }

    fn hear(&self, message: &Value) -> Option<Heard> {
        if message.get("Method").and_then(Value::as_str) == Some("cancel_update") {
            return Some(Heard::Cancel);
        }
        // The SDK passes over a push without a module.
        message.get("Payload")?.get("Module")?;
        offered(message, "update_firmware", &TITLE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{Sample, check, check_own_words, device, offer, push};
    use super::super::super::{Dialect, Heard};
    use super::super::V2;
    use crate::upgrade::{About, Report, Said};

    const UP: &str = "/$system/P/D/ota/upstream";

    /// What the SDK sends, what it means, and its defects.
    #[rustfmt::skip]
    const SAMPLES: &[(&str, &str, &[&str])] = &[
        (r#"{"Method": "report_version", "Payload":{"Module":"default", "Version":"1.0.0"}}"#, "Version 1.0.0", &[]),
        (r#"{"Method": "request_firmware", "Payload":{"Module":"default", "Version":"1.0.0"}}"#, "Asked 1.0.0", &[]),
        (r#"{"Method": "report_progress", "Payload": {"State":"downloading", "Percent":64, "Module":"default", "Version":"2.0.0" }}"#, "Downloading 64 of 2.0.0", &[]),
        (r#"{"Method": "report_success", "Payload":{"Module":"default", "Version":"2.0.0"}}"#, "Succeeded 2.0.0", &[]),
        (r#"{"Method": "report_fail", "Payload": {"ErrCode": -4, "Module":"default", "Version":"2.0.0"}}"#, "Failed -4 of 2.0.0", &[]),
        (r#"{"Method": "report_version", "Payload":{"Module":"mcu", "Version":"1.0.0"}}"#, "mcu: Version 1.0.0", &[]),
        (r#"{"Method": "report_progress", "Payload": {"State":"burning", "Percent":1e9, "Module":"mcu", "Version":"2.0.0" }}"#, "mcu: Burning 100 of 2.0.0", &["percent-out-of-range Percent: 1000000000.0"]),
        (r#"{"Method": "report_progress", "Payload": {"State":"burning", "Percent":NaN, "Module":"mcu", "Version":"2.0.0" }}"#, "", &["loose-json {\"Method\": \"report_progress\", \"Payload\":…", "wrong-type Percent: null"]),
    ];

    #[test]
    fn what_the_sdk_sends_is_understood() {
        for (payload, says, defects) in SAMPLES {
            check(&V2, &Sample { topic: UP, payload, says, defects });
        }
    }

    #[test]
    fn the_push_and_the_cancellation_are_the_clouds_byte_for_byte() {
        let mut order = offer("uiot-v2");
        let sent = V2.offer(&push(&order, None));
        assert_eq!(
            String::from_utf8_lossy(&sent.payload),
            r#"{"Method":"update_firmware","Payload":{"Module":"default","Version":"2.0.0","URL":"http://h/x?a=1&b=2","MD5":"93230c3bde425a9d7984a594ac45fe1e","Size":432945}}"#
        );
        assert!(V2.hear(&device(), &sent.topic, &sent.payload).is_some());
        order.module = Some("mcu".into());
        let cancel = V2.cancel(&order).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&cancel.payload),
            r#"{"Method":"cancel_update","Payload":{"Module":"mcu","Version":"2.0.0"}}"#
        );
        assert_eq!(V2.hear(&device(), &cancel.topic, &cancel.payload), Some(Heard::Cancel));
    }

    #[test]
    fn a_push_without_a_module_is_not_heard() {
        let bare = br#"{"Method":"update_firmware","Payload":{"Version":"2.0.0","URL":"http://h/x?a=1&b=2","MD5":"m","Size":4}}"#;
        assert_eq!(V2.hear(&device(), &V2.push_topic(&device()), bare), None);
    }

    #[test]
    fn what_the_simulated_device_says_is_the_sdks_byte_for_byte_and_understood() {
        let about = About::Version("2.0.0".into());
        let failed = Report::Failed { code: -4, text: String::new() };
        let more = [Report::Downloading { percent: 64 }, Report::Burning { percent: 7 }, failed.clone()];
        check_own_words(&V2, &about, &more);
        for (report, sample) in [(Report::Downloading { percent: 64 }, 2), (failed, 4)] {
            let said = V2.say(&device(), &Said { module: None, about: about.clone(), report }, 1).unwrap();
            assert_eq!(String::from_utf8_lossy(&said.payload), SAMPLES[sample].0);
        }
    }
}
