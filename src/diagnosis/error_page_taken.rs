//! The device was served errors only, and yet tells progress: it takes the error page for firmware.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let moves = match case.upgrade.last_open() {
        State::Downloading { percent } => *percent > 0,
        State::Burning { .. } | State::Restarting => true,
        _ => false,
    };
    let status = subject.only_refused_with()?;
    if !moves {
        return None;
    }
    Some(Finding {
        code: "error-page-taken",
        args: vec![("status", status.to_string()), ("count", case.witness.requests.max(1).to_string())],
        evidence: [case.witness.first, case.last_report].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, served};

    #[test]
    fn progress_from_error_pages_is_told() {
        check(vec![loads(0), served(403, 0, 9), loads(50)], &["error-page-taken"]);
        check(vec![loads(0), served(403, 0, 9)], &["server-refused"]);
        check(vec![loads(0), served(403, 0, 9), served(206, 0, 500), loads(50)], &[]);
    }
}
