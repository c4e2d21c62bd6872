//! The device says that it has the image, but asked the firmware server for nothing.

use super::image_not_complete::calls_download_done;
use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    if case.witness.requests > 0 || case.witness.last.is_some() || !calls_download_done(case) {
        return None;
    }
    Some(Finding {
        code: "nothing-served",
        args: vec![("device", case.order.device.to_string())],
        evidence: case.last_report.into_iter().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, says};

    #[test]
    fn a_success_without_a_single_request_is_told() {
        let success = says(r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#);
        check(vec![loads(100), success.clone()], &["nothing-served"]);
        check(vec![success], &["nothing-served"]);
        check(vec![loads(100)], &["nothing-served"]);
    }
}
