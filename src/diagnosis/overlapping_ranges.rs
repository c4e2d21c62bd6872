//! Ranges that overlap by a byte or a few: the device works them out wrongly, and its digest cannot match.

use super::{Finding, Subject};
use crate::upgrade::State;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let (case, witness) = (subject.case, &subject.case.witness);
    (witness.ranges_overlap() && *case.upgrade.state() != State::Succeeded).then(|| Finding {
        code: "served-overlapping",
        args: vec![("md5", case.order.md5.clone()), ("overlap", witness.off_by.to_string())],
        evidence: [witness.first, witness.last].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, served};

    #[test]
    fn ranges_that_share_a_byte_with_their_neighbours_are_told() {
        check(vec![served(206, 0, 101), served(206, 96, 101)], &[]);
        check(
            vec![served(206, 0, 101), served(206, 100, 101), served(206, 200, 101), served(206, 300, 101)],
            &["served-overlapping"],
        );
        check(vec![served(206, 0, 100), served(206, 100, 100), served(206, 200, 100)], &[]);
    }
}
