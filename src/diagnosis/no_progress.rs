//! A success without any progress: UCloud's SDK tells none when module and version are too long for its buffer.

use super::{Finding, Subject};
use crate::upgrade::{State, SuccessRule};

/// What fits into the SDK's buffer, in bytes of module and version together.
const LONGEST_NAMES: usize = 20;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let reports_success = subject.rules().is_some_and(|rules| rules.success == SuccessRule::Reported);
    if *case.upgrade.state() != State::Succeeded || case.reports.progress > 0 || !reports_success {
        return None;
    }
    // A success without a request is told by its own rule.
    if case.witness.coverage.covered() == 0 {
        return None;
    }
    let module = case.order.module.as_deref().unwrap_or("default");
    let length = module.len() + case.order.version.len();
    Some(Finding {
        code: if length > LONGEST_NAMES { "progress-silenced-by-names" } else { "success-without-progress" },
        args: vec![("device", case.order.device.to_string()), ("length", length.to_string())],
        evidence: case.last_report.into_iter().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_in, loads, says, served, signed_in_for};

    #[test]
    fn a_success_out_of_nothing_but_requests_is_told() {
        let success =
            |version: &str| says(&format!(r#"{{"method":"report_success","payload":{{"version":"{version}"}}}}"#));
        check(vec![served(206, 0, 1_000), success("2.0.0")], &["success-without-progress"]);
        check(vec![served(206, 0, 1_000), loads(50), success("2.0.0")], &[]);
        let long = "2.0.0-rc1-long-name";
        check_in(signed_in_for(long), vec![served(206, 0, 1_000), success(long)], &["progress-silenced-by-names"]);
    }
}
