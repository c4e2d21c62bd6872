//! The same identity signs in again and again, each time throwing the other out: two devices share their credentials.

use super::{Finding, Subject};

/// So many take-overs in a row are no reconnect.
const OFTEN: u64 = 3;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let device = subject.device?;
    let since_push = device.takeovers.latest.is_some_and(|latest| latest >= subject.case.delivery.requested);
    if device.takeovers.most < OFTEN || !since_push {
        return None;
    }
    Some(Finding {
        code: "shared-identity",
        args: vec![("device", subject.case.order.device.to_string()), ("count", device.takeovers.most.to_string())],
        evidence: device.takeovers.latest.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, signed_in};
    use crate::event::Fact;

    #[test]
    fn a_device_that_is_thrown_out_by_its_twin_is_told() {
        let again = || signed_in().into_iter().take(1);
        let thrown_out = || Fact::ClientDisconnected { client: "P.D".into(), reason: crate::event::TAKEN_OVER.into() };
        let fight = std::iter::repeat_with(|| std::iter::once(thrown_out()).chain(again())).take(4).flatten();
        check(fight.collect(), &["shared-identity"]);
        check(std::iter::once(thrown_out()).chain(again()).collect(), &[]);
    }
}
