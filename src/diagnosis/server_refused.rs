//! The firmware server gave nothing but errors for this image's URL; some SDKs write the error page as firmware.

use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let witness = &subject.case.witness;
    let refused: Vec<_> = witness.statuses.iter().filter(|(status, _)| **status >= 400 && **status != 416).collect();
    let (status, count) = refused.iter().max_by_key(|(_, count)| **count)?;
    if witness.coverage.covered() > 0 {
        return None;
    }
    Some(Finding {
        code: "server-refused",
        args: vec![("status", status.to_string()), ("count", count.to_string())],
        evidence: [witness.first, witness.last].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, served};

    #[test]
    fn an_error_page_taken_for_firmware_is_told() {
        check(
            vec![loads(0), served(403, 0, 9), served(403, 0, 9), loads(100)],
            &["server-refused", "image-not-complete"],
        );
        check(vec![loads(0), served(403, 0, 9), served(206, 0, 1_000)], &[]);
    }
}
