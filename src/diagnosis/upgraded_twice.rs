//! Two downloads and two successes: the device queued a second push, or the same one twice.

use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let [.., first, second] = case.reports.successes[..] else { return None };
    // A success may be said twice of one download.
    let coverage = &case.witness.in_all;
    if coverage.overlap() * 2 < coverage.size() {
        return None;
    }
    Some(Finding {
        code: "upgraded-twice",
        args: vec![("device", case.order.device.to_string()), ("count", case.reports.successes.len().to_string())],
        evidence: vec![case.delivery.requested, first, second],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, says, served};

    #[test]
    fn a_second_success_of_one_push_is_told() {
        let success = says(r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#);
        let once = vec![loads(10), served(206, 0, 1_000), success.clone()];
        check(once.clone(), &[]);
        check([once, vec![served(206, 0, 1_000), success]].concat(), &["upgraded-twice"]);
    }
}
