//! The digest is wrong though all was served, and an earlier upgrade went well: it was not begun anew.

use super::image_not_complete::is_digest_failure;
use super::{Finding, Subject};
use crate::upgrade::{Failure, State};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let State::Failed(Failure::Reported { code, .. }) = case.upgrade.state() else { return None };
    let mut earlier = subject.bench.cases().iter().filter(|other| {
        other.order.device == case.order.device
            && other.order.module == case.order.module
            && other.ended < case.ended
            && *other.upgrade.state() == State::Succeeded
    });
    let first = earlier.next()?;
    if !is_digest_failure(&case.order.dialect, *code)
        || !case.witness.in_all.is_complete()
        || case.witness.ranges_overlap()
    {
        return None;
    }
    Some(Finding {
        code: "digest-not-reset",
        args: vec![("device", case.order.device.to_string()), ("version", first.order.version.clone())],
        evidence: first.ended.into_iter().chain(case.ended).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{findings_of, loads, order, says, served, signed_in};
    use crate::event::{Fact, UpgradeOrder};

    #[test]
    fn a_second_upgrade_with_a_wrong_digest_is_told_from_a_first_one() {
        let failed = says(r#"{"method":"report_fail","payload":{"err_code":-4}}"#);
        let success = says(r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#);
        let second = UpgradeOrder { upgrade: 2, version: "3.0.0".into(), path: "/y".into(), ..order() };
        let second = Fact::UpgradeRequested { order: second.into() };
        let served_again = match served(206, 0, 1_000) {
            Fact::RangeServed { request, status, offset, length, sent, complete, .. } => {
                Fact::RangeServed { request, path: "/y".into(), status, offset, length, sent, complete }
            }
            other => other,
        };
        let first = vec![loads(10), served(206, 0, 1_000), success, second, served_again, failed];
        let found = findings_of(signed_in().into_iter().chain(first), 2);
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["digest-not-reset", "served-intact"]);
    }
}
