//! The file is larger than the push said: the device stops where the announcement ends, and its digest cannot match.

use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let (case, witness) = (subject.case, &subject.case.witness);
    if witness.behind == 0 {
        return None;
    }
    Some(Finding {
        code: "announced-smaller",
        args: vec![("size", case.order.total_size().to_string()), ("behind", witness.behind.to_string())],
        evidence: [case.delivery.requested].into_iter().chain(witness.last.map(|(seq, _)| seq)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, served};

    #[test]
    fn bytes_behind_the_announced_size_are_told() {
        check(vec![served(200, 0, 1_004)], &["announced-smaller"]);
        check(vec![served(206, 900, 104)], &["announced-smaller"]);
        check(vec![served(200, 0, 1_000)], &[]);
    }
}
