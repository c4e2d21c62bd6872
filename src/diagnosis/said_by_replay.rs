//! What was said of the upgrade came out of a capture: a replay said it, and the device itself perhaps nothing.

use super::{Finding, Subject};
use crate::bench::Case;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let replayed = case.reports.replayed.filter(|_| explains_all(case))?;
    Some(Finding {
        code: "said-by-replay",
        args: vec![("device", case.order.device.to_string())],
        evidence: vec![replayed],
    })
}

/// Whether the word that ended it, or the latest one, came from a replay: what the firmware server saw says nothing of it.
fn explains_all(case: &Case) -> bool {
    let latest = case.last_report.map(|(latest, _)| latest);
    case.reports.replayed.is_some_and(|seq| case.ended == Some(seq) || latest == Some(seq))
}

/// Whether this finding would blame a device for what a replay does not do: it fetches nothing.
pub fn explains(case: &Case, code: &str) -> bool {
    explains_all(case) && WITNESSED.contains(&code)
}

/// Findings that are worked out from what the firmware server served.
const WITNESSED: &[&str] = &["nothing-served", "image-not-complete", "silent-at-hundred", "version-never-reported"];

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, says, served};
    use crate::event::Fact;

    const SUCCESS: &str = r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#;
    const FAILURE: &str = r#"{"method":"report_fail","payload":{"err_code":-4}}"#;

    /// A message that a replay sends, and that comes up then.
    fn replayed(fact: Fact) -> [Fact; 2] {
        let Fact::MessageReceived { client, topic, payload, qos, retain } = fact.clone() else { panic!("no message") };
        [Fact::MessageReplayed { replay: 1, of: 9, client, topic, payload, qos, retain, waiting: None }, fact]
    }

    /// Otherwise the success of a capture would be taken for one of the device that stands on the bench.
    #[test]
    fn what_a_replay_said_is_told_apart_from_what_the_device_says() {
        for verdict in [SUCCESS, FAILURE] {
            check(replayed(says(verdict)).to_vec(), &["said-by-replay"]);
            check([replayed(loads(50)), replayed(says(verdict))].concat(), &["said-by-replay"]);
        }
        let own = [&replayed(loads(50))[..], &[served(206, 0, 1_000), says(SUCCESS)]].concat();
        check(own, &[]);
    }
}
