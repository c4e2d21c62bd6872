//! The upgrade was cancelled and the device says nothing: that is how it should be.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    if *case.upgrade.state() != State::Cancelled || !case.upgrade.last_open().in_progress() {
        return None;
    }
    let told = crate::dialect::find(&case.order.dialect).ok()?.cancel(&case.order).is_some();
    Some(Finding {
        code: if told { "cancelled-quiet" } else { "cancelled-untold" },
        args: vec![("device", case.order.device.to_string())],
        evidence: case.ended.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_in, loads, v2};
    use crate::event::Fact;

    #[test]
    fn silence_after_a_cancellation_is_called_normal() {
        let cancelled = Fact::UpgradeCancelled { upgrade: 1 };
        let progress = v2(
            r#"{"Method": "report_progress", "Payload": {"State":"downloading", "Percent":64, "Module":"default", "Version":"2.0.0" }}"#,
        );
        check_in(super::super::tests::signed_in_v2(), vec![progress, cancelled.clone()], &["cancelled-quiet"]);
        check(vec![loads(10), cancelled.clone()], &["cancelled-untold"]);
        check(vec![cancelled], &[]);
    }
}
