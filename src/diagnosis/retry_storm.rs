//! Hundreds of requests a second that lead nowhere: the device tries again without a pause.

use super::{Finding, Subject};

/// More in a second than any device that gets on.
const STORM: u64 = 50;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let (case, witness) = (subject.case, &subject.case.witness);
    let rate = witness.rush.most;
    // A fast download is no storm: it gets on.
    let leads_nowhere = witness.again * 2 > witness.requests || witness.coverage.covered() == 0 && witness.requests > 0;
    (rate >= STORM && leads_nowhere).then(|| Finding {
        code: "retry-storm",
        args: vec![
            ("device", case.order.device.to_string()),
            ("count", (witness.requests + case.reports.progress).to_string()),
            ("rate", rate.to_string()),
            ("status", witness.statuses.keys().last().map(ToString::to_string).unwrap_or_default()),
        ],
        evidence: [witness.first, witness.last].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, found_at, served};
    use crate::event::Micros;

    #[test]
    fn a_storm_is_one_finding_with_a_count_and_a_fast_download_is_none() {
        let storm = (0..400).flat_map(|_| [asked("a"), served(404, 0, 0)]);
        let found = found_at(storm, |at| Micros(at * 2_000));
        assert_eq!(found[0].code, "retry-storm");
        assert_eq!(found[0].args[1], ("count", "400".to_owned()));
        let fast = (0..200).flat_map(|at| [asked("a"), served(206, at * 5, 5)]);
        assert_eq!(found_at(fast, |at| Micros(at * 2_000)), []);
    }
}
