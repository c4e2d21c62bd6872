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
    use super::super::tests::{asked, check, check_in, order, served, signed_in_with};
    use crate::event::{Extras, Fact, OrderedFile, UpgradeOrder};

    #[test]
    fn two_connections_that_take_turns_are_told_from_one_that_was_lost() {
        let turns =
            (0..6).flat_map(|turn| [asked(if turn % 2 == 0 { "a" } else { "b" }), served(206, turn * 100, 100)]);
        check(turns.collect(), &["two-downloads"]);
        let lost = (0..6).flat_map(|turn| [asked(if turn < 3 { "a" } else { "b" }), served(206, turn * 100, 100)]);
        check(lost.collect(), &[]);
    }

    #[test]
    fn two_files_of_one_upgrade_loaded_side_by_side_are_one_download() {
        let second = OrderedFile {
            name: "m.bin".into(),
            size: 1_000,
            md5: "m".into(),
            sha256: "s".into(),
            url: "http://h/y".into(),
            path: "/y".into(),
        };
        let extras = Extras { files: vec![second], ..Extras::default() };
        let turn = |turn: u64| {
            let (peer, path) = if turn.is_multiple_of(2) { ("a", "/x") } else { ("b", "/y") };
            let (method, range) = ("GET".into(), None);
            Fact::RequestReceived { request: turn, peer: peer.into(), method, path: path.into(), range }
        };
        check_in(signed_in_with(UpgradeOrder { extras, ..order() }), (0..8).map(turn).collect(), &[]);
    }
}
