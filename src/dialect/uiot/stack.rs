//! UIoT as private deployments spell it: tasks with ids, and no percent.
//!
//! Source: what the UIoT Stack C SDK was seen to send. A push needs all seven of its keys.

use super::super::{Defect, Heard, Push, lenient};
use super::reports::{METHODS, TASK_METHODS, TITLE, fit, module, offered};
use super::{Fit, MAX_VERSION, Spelling, module_name};
use crate::event::UpgradeId;
use crate::upgrade::{About, PushWhen, Report, Rules, Said, SuccessRule};
use serde_json::{Value, json};

/// The longest `ErrMsg` kept, in bytes.
const LONGEST_MESSAGE: usize = 512;

/// The dialect `uiot-stack`.
pub struct Stack;

impl Spelling for Stack {
    fn id(&self) -> &'static str {
        "uiot-stack"
    }

    fn rules(&self) -> Rules {
        Rules {
            success: SuccessRule::TaskDone,
            timeout: None,
            push_when: PushWhen::Reported,
            placeholder_versions: &[],
        }
    }

    fn has_modules(&self) -> bool {
        true
    }

    fn fit(&self, message: &Value, _known: bool) -> Fit {
        fit(message, &TASK_METHODS, &METHODS)
    }

    fn said(&self, message: &Value, defects: &mut Vec<Defect>) -> Option<Said> {
        let payload = message.get("Payload").unwrap_or(&Value::Null);
        let Some(method) = lenient::text(message, "Method", defects) else {
            defects.push(Defect::new("missing-key", "Method"));
            return None;
        };
        let report = match method.as_str() {
            "report" => {
                let report = Report::Version { version: lenient::version(payload, "Version", MAX_VERSION, defects)? };
                return Some(Said { module: module(payload, defects), about: About::Latest, report });
            }
            "notify" => Report::Received,
            "upgrading" => Report::Begun,
            "success" => Report::Succeeded { version: None },
            "fail" => {
                let text = lenient::text(payload, "ErrMsg", defects).unwrap_or_default();
                let text = if text.len() > LONGEST_MESSAGE { lenient::quote(&text) } else { text };
                Report::Failed { code: 0, text }
            }
            _ => {
                defects.push(Defect::new("unknown-method", lenient::quote(&method)));
                return None;
            }
        };
        let Some(task) = lenient::text(payload, "TaskID", defects) else {
            defects.push(Defect::new("missing-key", "TaskID"));
            return None;
        };
        Some(Said { module: None, about: About::Task(task), report })
    }

    fn offer(&self, push: &Push<'_>) -> Value {
        let order = push.order;
        json!({
            "Method": "notify",
            "Payload": {
                "Module": module_name(order.module.as_deref()), "Version": order.version,
                "CurrentVersion": push.source.unwrap_or_default(), "URL": order.url, "MD5": order.md5,
                "Size": order.size, "TaskID": order.task.as_deref().unwrap_or_default(),
            },
        })
    }

    /// Unlike any of an earlier session, which a device may still remember.
    fn task(&self, upgrade: UpgradeId, started_unix_millis: u64) -> Option<String> {
        Some(format!("task-{}-{upgrade:04}", started_unix_millis / 1_000))
    }

    fn say(&self, said: &Said) -> Option<(String, u8)> {
        let task = match &said.about {
            About::Task(task) => json!(task),
            About::Latest | About::Version(_) => json!(""),
        };
        Some(match &said.report {
            Report::Version { version } => {
                let module = json!(module_name(said.module.as_deref()));
                let version = json!(version);
                (format!(r#"{{"Method": "report", "Payload":{{"Module":{module}, "Version":{version}}}}}"#), 1)
            }
            Report::Received => (format!(r#"{{"Method": "notify", "Payload":{{"TaskID":{task}}}}}"#), 1),
            Report::Begun => (format!(r#"{{"Method": "upgrading", "Payload":{{"TaskID":{task}}}}}"#), 1),
            Report::Succeeded { .. } => (format!(r#"{{"Method": "success", "Payload": {{"TaskID": {task}}}}}"#), 1),
            Report::Failed { text, .. } => {
                let text = json!(text);
                (format!(r#"{{"Method":"fail","Payload":{{"TaskID":{task},"ErrMsg":{text}}}}}"#), 1)
            }
            _ => return None,
        })
    }

    fn hear(&self, message: &Value) -> Option<Heard> {
        let payload = message.get("Payload")?;
        // The SDK passes over a task without one of its seven keys.
        payload.get("Module")?;
        payload.get("CurrentVersion")?.as_str()?;
        payload.get("TaskID")?.as_str()?;
        offered(message, "notify", &TITLE)
    }

    fn greeting(&self, version: &str) -> Vec<Report> {
        vec![Report::Version { version: version.to_owned() }]
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Dialect;
    use super::super::super::tests::{Sample, check, check_own_words, device, offer, push};
    use super::super::STACK;
    use crate::upgrade::{About, Report};

    const UP: &str = "/$system/P/D/ota/upstream";

    #[test]
    fn what_the_sdk_sends_is_understood() {
        for (payload, says, defects) in [
            (r#"{"Method": "report", "Payload":{"Module":"default", "Version":"1.0.0"}}"#, "Version 1.0.0", &[][..]),
            (r#"{"Method": "notify", "Payload":{"TaskID":"task-0001"}}"#, "Received of task-0001", &[]),
            (r#"{"Method": "upgrading", "Payload":{"TaskID":"task-0001"}}"#, "Begun of task-0001", &[]),
            (r#"{"Method": "success", "Payload": {"TaskID": "task-0001"}}"#, "Succeeded of task-0001", &[]),
            (r#"{"Method":"fail","Payload":{"TaskID":"t","ErrMsg":"no space"}}"#, "Failed 0 no space of t", &[]),
            (r#"{"Method":"success","Payload":{}}"#, "", &["missing-key TaskID"]),
            (r#"{"Method":"success","Payload":{"TaskID":7}}"#, "Succeeded of 7", &["number-not-text TaskID: 7"]),
        ] {
            check(&STACK, &Sample { topic: UP, payload, says, defects });
        }
    }

    #[test]
    fn a_task_has_all_seven_keys_byte_for_byte() {
        let mut order = offer("uiot-stack");
        order.task = STACK.task(1, 1_763_700_000_123);
        let push = STACK.offer(&push(&order, None));
        assert_eq!(
            String::from_utf8_lossy(&push.payload),
            r#"{"Method":"notify","Payload":{"Module":"default","Version":"2.0.0","CurrentVersion":"1.0.0","URL":"http://h/x?a=1&b=2","MD5":"93230c3bde425a9d7984a594ac45fe1e","Size":432945,"TaskID":"task-1763700000-0001"}}"#
        );
        assert!(STACK.hear(&device(), &push.topic, &push.payload).is_some());
    }

    #[test]
    fn what_the_simulated_device_says_is_understood() {
        let failed = Report::Failed { code: 0, text: "no space".into() };
        let more = [Report::Received, Report::Begun, Report::Succeeded { version: None }, failed];
        check_own_words(&STACK, &About::Task("task-0001".into()), &more);
    }
}
