//! The device calls the digest wrong, though every byte of the image was served as it is.

use super::image_not_complete::is_digest_failure;
use super::{Finding, Subject};
use crate::upgrade::{Failure, State};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let State::Failed(Failure::Reported { code, .. }) = case.upgrade.state() else { return None };
    if !is_digest_failure(&case.order.dialect, *code) || !case.witness.in_all.is_complete() {
        return None;
    }
    // What was served twice has its own rule.
    if case.witness.ranges_overlap() {
        return None;
    }
    Some(Finding {
        code: "served-intact",
        args: vec![("md5", case.order.md5.clone())],
        evidence: [case.witness.last, case.last_report].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, says, served};

    #[test]
    fn a_wrong_digest_of_an_intact_image_is_the_devices() {
        let failed = says(r#"{"method":"report_fail","payload":{"err_code":-4}}"#);
        check(vec![served(206, 0, 1_000), failed.clone()], &["served-intact"]);
        check(
            vec![
                served(206, 0, 251),
                served(206, 250, 251),
                served(206, 500, 251),
                served(206, 750, 250),
                failed.clone(),
            ],
            &["served-overlapping"],
        );
        check(vec![served(206, 0, 1_000), served(206, 0, 1_000), failed], &["served-intact"]);
        let burning = says(r#"{"method":"report_fail","payload":{"err_code":-5}}"#);
        check(vec![served(206, 0, 1_000), burning], &[]);
    }
}
