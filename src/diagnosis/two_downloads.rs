//! Two connections take turns at the same image: a second push during a download started a second one.

use super::{Finding, Subject};

/// So many turns are no reconnect.
const TURNS: u64 = 4;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let (case, witness) = (subject.case, &subject.case.witness);
    (witness.turns >= TURNS).then(|| Finding {
        code: "two-downloads",
        args: vec![("device", case.order.device.to_string()), ("count", witness.turns.to_string())],
        evidence: [witness.first, witness.last].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{asked, check, served};

    #[test]
    fn two_connections_that_take_turns_are_told_from_one_that_was_lost() {
        let turns =
            (0..6).flat_map(|turn| [asked(if turn % 2 == 0 { "a" } else { "b" }), served(206, turn * 100, 100)]);
        check(turns.collect(), &["two-downloads"]);
        let lost = (0..6).flat_map(|turn| [asked(if turn < 3 { "a" } else { "b" }), served(206, turn * 100, 100)]);
        check(lost.collect(), &[]);
    }
}
