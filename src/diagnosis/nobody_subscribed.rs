//! The push reached nobody: the device is not subscribed, and no broker did it for it.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let (dropped, reason) = case.delivery.dropped.as_ref()?;
    if case.delivery.delivered.is_some() || *case.upgrade.last_open() != State::Offered {
        return None;
    }
    Some(Finding {
        code: "nobody-subscribed",
        args: vec![("device", case.order.device.to_string()), ("reason", reason.clone())],
        evidence: vec![*dropped],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{findings, order};
    use crate::event::Fact;

    #[test]
    fn a_push_that_nobody_received_is_told() {
        let dropped = Fact::MessageDropped {
            client: None,
            topic: "/$system/P/D/ota/downstream".into(),
            reason: "nobody is subscribed".into(),
        };
        let external = Fact::BrokerStarted { address: "h:1883".into(), external: true };
        let found = findings([external, Fact::UpgradeRequested { order: order().into() }, dropped]);
        assert_eq!(found[0].code, "nobody-subscribed");
        assert_eq!(found[0].evidence, [3]);
    }
}
