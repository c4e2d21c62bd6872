//! The device told 100 percent and nothing more: UCloud's current SDK cannot say that the digest was wrong.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let done = matches!(case.upgrade.last_open(), State::Downloading { percent: 100 });
    if !done || !case.upgrade.is_silent() || subject.success_is_informed() {
        return None;
    }
    // Error pages and missing bytes are told by their own rules.
    if !case.witness.in_all.is_complete() {
        return None;
    }
    Some(Finding {
        code: "silent-at-hundred",
        args: vec![
            ("device", case.order.device.to_string()),
            ("served", case.witness.in_all.covered().to_string()),
            ("md5", case.order.md5.clone()),
        ],
        evidence: [case.last_report, case.witness.last].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SILENCE, check, loads, says, served};

    #[test]
    fn a_hundred_percent_and_then_silence_is_told() {
        check(vec![served(206, 0, 1_000), loads(100), SILENCE], &["silent-at-hundred"]);
        check(vec![served(206, 0, 1_000), loads(100)], &[]);
        check(vec![served(206, 0, 1_000), loads(90), SILENCE], &[]);
        let burns = says(r#"{"method":"report_progress","payload":{"state":"burning","percent":1}}"#);
        check(vec![served(206, 0, 1_000), loads(100), burns, SILENCE], &[]);
    }
}
