//! The device asks for the end of the image again and again: it was told of more bytes than there are, or loses them.

use super::{Finding, Subject};

/// So often is no accident.
const OFTEN: u64 = 3;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let (case, witness) = (subject.case, &subject.case.witness);
    let behind = witness.statuses.get(&416).copied().unwrap_or_default();
    let again = witness.end_again;
    // Two downloads at once ask for everything twice.
    if behind.max(again) < OFTEN || super::two_downloads::examine(subject).is_some() {
        return None;
    }
    Some(Finding {
        code: "repeats-the-end",
        args: vec![
            ("device", case.order.device.to_string()),
            ("count", behind.max(again).to_string()),
            ("size", case.order.total_size().to_string()),
        ],
        evidence: witness.last.into_iter().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, served};

    #[test]
    fn the_last_range_again_and_again_is_told() {
        let again = || std::iter::repeat_n(served(206, 900, 100), 5);
        check([served(206, 0, 900)].into_iter().chain(again()).collect(), &["repeats-the-end"]);
        let behind = std::iter::repeat_n(served(416, 0, 0), 3);
        check([served(206, 0, 1_000), loads(99)].into_iter().chain(behind).collect(), &["repeats-the-end"]);
        check(vec![served(206, 0, 900), served(206, 900, 100), served(206, 900, 100)], &[]);
    }
}
