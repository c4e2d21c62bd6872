//! A replay sent the device another push while its upgrade ran: what it said since may answer that one.

use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let pushed = case.reports.pushed_by_replay?;
    let (answered, _) = case.last_report.filter(|(latest, _)| *latest > pushed)?;
    Some(Finding {
        code: "pushed-by-replay",
        args: vec![("device", case.order.device.to_string())],
        evidence: vec![pushed, answered],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, says};
    use crate::event::Fact;

    const FAILURE: &str = r#"{"method":"report_fail","payload":{"err_code":-1}}"#;

    /// The push of a capture, which a replay sends to the device.
    fn replayed_push() -> Vec<Fact> {
        let (topic, payload) = ("/$system/P/D/ota/downstream", b"{\"url\":\"http://dead/x\"}");
        vec![
            Fact::MessageReplayed {
                replay: 1,
                of: 9,
                client: None,
                topic: topic.into(),
                payload: payload[..].into(),
                qos: 1,
                retain: false,
                waiting: None,
            },
            Fact::MessagePublished { topic: topic.into(), payload: payload[..].into(), qos: 1 },
        ]
    }

    /// Otherwise the bench looks for what is wrong with its own URL, and the device spoke of another one.
    #[test]
    fn what_a_device_says_behind_a_replayed_push_may_answer_that_one() {
        check([replayed_push(), vec![says(FAILURE)]].concat(), &["pushed-by-replay"]);
        check(replayed_push(), &[]);
    }

    #[test]
    fn what_it_said_before_does_not() {
        check([vec![says(FAILURE)], replayed_push()].concat(), &[]);
    }
}
