//! The push was written in another dialect than the device speaks: it acknowledges and does nothing.

use super::{Finding, Subject};
use crate::dialect;
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let spoken = case.spoken.as_deref()?;
    let pushed = dialect::find(&case.order.dialect).ok()?;
    if pushed.is_understood_by(spoken) || *case.upgrade.state() == State::Succeeded {
        return None;
    }
    Some(Finding {
        code: "wrong-dialect",
        args: vec![
            ("device", case.order.device.to_string()),
            ("spoken", spoken.to_owned()),
            ("dialect", case.order.dialect.clone()),
        ],
        evidence: vec![case.delivery.requested],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SILENCE, TIMED_OUT, check, says};

    #[test]
    fn a_push_in_another_spelling_than_the_device_used_is_no_mystery() {
        let other = says(r#"{"Method": "report_version", "Payload":{"Module":"default", "Version":"1.0.0"}}"#);
        check(vec![other, SILENCE], &["wrong-dialect", "silent-after-push"]);
        let same = says(r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#);
        check(vec![same, SILENCE], &["silent-after-push"]);
    }

    #[test]
    fn what_the_device_speaks_after_it_was_flashed_anew_says_nothing_of_an_upgrade_that_was_over() {
        let same = || says(r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#);
        let other = || says(r#"{"Method": "report_version", "Payload":{"Module":"default", "Version":"1.0.0"}}"#);
        check(vec![same(), TIMED_OUT, other()], &["silent-after-push"]);
        check(vec![other(), TIMED_OUT, same()], &["wrong-dialect", "silent-after-push"]);
    }
}
