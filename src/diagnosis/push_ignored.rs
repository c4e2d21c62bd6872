//! An Alibaba Cloud device got the push, and then: nothing. Its SDK passes over what it does not like the look of.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let quiet = case.upgrade.is_silent() && *case.upgrade.last_open() == State::Offered && case.witness.requests == 0;
    let (delivered, _) = case.delivery.delivered?;
    if !quiet || !subject.success_is_informed() {
        return None;
    }
    Some(Finding {
        code: "push-ignored",
        args: vec![("device", case.order.device.to_string())],
        evidence: vec![case.delivery.requested, delivered],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SILENCE, aliyun, check_in, informs, served};

    #[test]
    fn a_push_that_the_sdk_passes_over_is_told() {
        check_in(aliyun(), vec![SILENCE], &["push-ignored"]);
        check_in(aliyun(), vec![informs("2.0.0")], &["nothing-served"]);
        check_in(aliyun(), vec![served(206, 0, 10)], &[]);
    }
}
