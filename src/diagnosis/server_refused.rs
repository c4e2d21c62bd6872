//! The firmware server gave nothing but errors for this image's URL; some SDKs write the error page as firmware.

use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let witness = &subject.case.witness;
    let status = subject.only_refused_with()?;
    if super::error_page_taken::examine(subject).is_some() {
        return None;
    }
    let count = witness.statuses.get(&status).copied().unwrap_or_default();
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
    fn a_server_that_gave_nothing_but_errors_is_told() {
        check(vec![loads(0), served(403, 0, 9), served(403, 0, 9)], &["server-refused"]);
        check(vec![loads(0), served(403, 0, 9), served(206, 0, 1_000)], &[]);
    }
}
