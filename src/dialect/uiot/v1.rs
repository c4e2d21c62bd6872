//! UIoT as UCloud's C SDK of 2019-08 to 2020-07 spells it: title-case keys, no modules.

use super::super::{Heard, Push};
use super::reports::{
    METHODS, TASK_METHODS, TITLE, Words, fit, is_core_sdks, names_module, offered, say, update_firmware,
};
use super::{Fit, Spelling};
use crate::upgrade::Said;
use serde_json::{Value, json};

/// The dialect `uiot-v1`.
pub struct V1;

impl Spelling for V1 {
    fn id(&self) -> &'static str {
        "uiot-v1"
    }

    fn has_modules(&self) -> bool {
        false
    }

    fn is_understood_by(&self, other: &str) -> bool {
        is_core_sdks(other)
    }

    fn fit(&self, message: &Value, _known: bool) -> Fit {
        match fit(message, &METHODS, &TASK_METHODS) {
            Fit::Mine if names_module(message) => Fit::Anothers,
            fit => fit,
        }
    }

    /// The cloud names the default module, which this SDK passes over.
    fn offer(&self, push: &Push<'_>) -> Value {
        update_firmware(push.order, None)
    }

    fn say(&self, said: &Said) -> Option<(String, u8)> {
        say(
            &said.report,
            &Words {
                version: &|method, version| {
                    format!(r#"{{"Method": "{method}", "Payload":{{"Version":{}}}}}"#, json!(version))
                },
                progress: &|state, percent| {
                    format!(r#"{{"Method": "report_progress", "Payload": {{"State":"{state}", "Percent":{percent}}}}}"#)
                },
                failure: &|code| format!(r#"{{"Method": "report_fail", "Payload": {{"ErrCode": {code}}}}}"#),
            },
        )
    }

    fn hear(&self, message: &Value) -> Option<Heard> {
        offered(message, "update_firmware", &TITLE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Dialect;
    use super::super::super::tests::{Sample, check, check_own_words, decoded, device, offer, push};
    use super::super::V1;
    use crate::upgrade::{About, Report};

    const UP: &str = "/$system/P/D/ota/upstream";

    #[test]
    fn what_the_sdk_sends_is_understood() {
        for (payload, says) in [
            (r#"{"Method": "report_version", "Payload":{"Version":"1.0.0"}}"#, "Version 1.0.0"),
            (r#"{"Method": "request_firmware", "Payload":{"Version":"1.0.0"}}"#, "Asked 1.0.0"),
            (r#"{"Method": "report_progress", "Payload": {"State":"downloading", "Percent":100}}"#, "Downloading 100"),
            (r#"{"Method": "report_success", "Payload":{"Version":"2.0.0"}}"#, "Succeeded 2.0.0"),
            (r#"{"Method": "report_fail", "Payload": {"ErrCode": -4}}"#, "Failed -4"),
        ] {
            check(&V1, &Sample { topic: UP, payload, says, defects: &[] });
        }
    }

    #[test]
    fn a_message_with_a_module_is_not_the_older_sdks() {
        let v2 = br#"{"Method": "report_version", "Payload":{"Module":"default", "Version":"1.0.0"}}"#;
        assert!(decoded(&V1, UP, v2).is_none());
    }

    #[test]
    fn the_push_is_the_clouds_byte_for_byte() {
        let push = V1.offer(&push(&offer("uiot-v1"), None));
        assert_eq!(
            String::from_utf8_lossy(&push.payload),
            r#"{"Method":"update_firmware","Payload":{"Module":"default","Version":"2.0.0","URL":"http://h/x?a=1&b=2","MD5":"93230c3bde425a9d7984a594ac45fe1e","Size":432945}}"#
        );
        assert!(V1.hear(&device(), &push.topic, &push.payload).is_some());
    }

    #[test]
    fn what_the_simulated_device_says_is_the_sdks_byte_for_byte_and_understood() {
        let failed = Report::Failed { code: -4, text: String::new() };
        let more = [Report::Downloading { percent: 64 }, Report::Burning { percent: 7 }, failed.clone()];
        check_own_words(&V1, &About::Latest, &more);
        let said = V1.say(&device(), &crate::upgrade::Said::of_default(failed), 1).unwrap();
        assert_eq!(String::from_utf8_lossy(&said.payload), r#"{"Method": "report_fail", "Payload": {"ErrCode": -4}}"#);
    }
}
