//! The device got the push, and then: nothing. No report, no request.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    // Alibaba Cloud's devices have reasons of their own.
    if case.delivery.delivered.is_some() && subject.success_is_informed() {
        return None;
    }
    if !case.upgrade.is_silent()
        || *case.upgrade.last_open() != State::Offered
        || case.witness.requests > 0
        || case.delivery.dropped.is_some()
    {
        return None;
    }
    let delivered = case.delivery.delivered.map(|(seq, _)| seq);
    let acknowledged = case.delivery.acknowledged.map(|(seq, _)| seq);
    // An external broker does not say whether anybody got it.
    let code = if delivered.is_some() { "silent-after-push" } else { "push-unheard" };
    Some(Finding {
        code,
        args: vec![("device", case.order.device.to_string()), ("dialect", case.order.dialect.clone())],
        evidence: [Some(case.delivery.requested), delivered, acknowledged].into_iter().flatten().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SILENCE, TIMED_OUT, check, findings, loads, order, served};
    use crate::event::Fact;

    #[test]
    fn a_device_that_acknowledges_and_then_does_nothing_is_told() {
        check(vec![SILENCE], &["silent-after-push"]);
        check(vec![SILENCE, loads(1)], &[]);
        check(vec![SILENCE, TIMED_OUT], &["silent-after-push"]);
        check(vec![TIMED_OUT], &["silent-after-push"]);
        check(
            vec![
                Fact::RequestReceived {
                    request: 1,
                    peer: String::new().into(),
                    method: "GET".into(),
                    path: "/x".into(),
                    range: None,
                },
                SILENCE,
            ],
            &[],
        );
        check(vec![served(206, 0, 10)], &[]);
    }

    #[test]
    fn where_delivery_cannot_be_known_it_is_not_claimed() {
        let external = Fact::BrokerStarted { address: "h:1883".into(), external: true };
        let found = findings([external, Fact::UpgradeRequested { order: order().into() }, SILENCE]);
        assert_eq!(found[0].code, "push-unheard");
    }
}
