//! The device says the download is complete; the firmware server has not served all of it.

use super::{Finding, Subject};
use crate::bench::Case;
use crate::upgrade::{Failure, State};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let coverage = &case.witness.in_all;
    let nothing_asked = case.witness.requests == 0 && case.witness.last.is_none();
    // Errors in place of firmware have their own rules.
    if subject.only_refused_with().is_some() || coverage.is_complete() || nothing_asked || !calls_download_done(case) {
        return None;
    }
    Some(Finding {
        code: "image-not-complete",
        args: vec![
            ("served", coverage.covered().to_string()),
            ("size", coverage.size().to_string()),
            ("gap", coverage.gaps().next().map(|gap| gap.start.to_string()).unwrap_or_default()),
        ],
        evidence: [case.witness.last, case.last_report].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

/// Whether the device has said that it has the whole image.
pub fn calls_download_done(case: &Case) -> bool {
    let done = matches!(
        case.upgrade.last_open(),
        State::Downloading { percent: 100 } | State::Burning { .. } | State::Restarting
    );
    match case.upgrade.state() {
        State::Succeeded => true,
        State::Failed(Failure::Reported { code, .. }) => done || is_digest_failure(&case.order.dialect, *code),
        State::Cancelled => false,
        _ => done,
    }
}

/// Whether a device's code says that the image's digest did not match.
pub fn is_digest_failure(dialect: &str, code: i64) -> bool {
    let meaning = crate::dialect::find(dialect).map(|dialect| dialect.failure(code));
    matches!(meaning, Ok("md5-mismatch" | "verification-failed"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, says, served};

    #[test]
    fn a_hundred_percent_of_half_an_image_is_told() {
        check(vec![served(206, 0, 500), loads(100)], &["image-not-complete"]);
        check(vec![served(206, 0, 500), loads(50)], &[]);
        check(vec![served(206, 0, 1_000), loads(100)], &[]);
    }

    #[test]
    fn a_digest_failure_after_part_of_the_image_is_explained_by_the_missing_part() {
        let failed = says(r#"{"method":"report_fail","payload":{"err_code":-4}}"#);
        check(vec![served(206, 0, 500), served(206, 600, 400), failed], &["image-not-complete"]);
    }
}
