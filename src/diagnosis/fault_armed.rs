//! A fault that was armed on purpose acted: nothing that follows from it is blamed on anybody else.

use super::{Finding, Subject};
use crate::bench::Case;
use crate::fault::Fault;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let acted = &subject.case.faults.acted;
    if acted.is_empty() {
        return None;
    }
    let faults = acted.iter().map(|acted| match acted.times {
        1 => acted.fault.to_string(),
        times => format!("{} ×{times}", acted.fault),
    });
    Some(Finding {
        code: "fault-armed",
        args: vec![("faults", faults.collect::<Vec<_>>().join(", "))],
        evidence: acted.iter().map(|acted| acted.first).collect(),
    })
}

/// Whether a fault that acted is the reason for this finding, which then says nothing of the device.
pub fn explains(case: &Case, code: &str) -> bool {
    case.faults.acted.iter().any(|acted| consequences(&acted.fault).contains(&code))
}

/// What is found when a fault acts, however good the device is.
const fn consequences(fault: &Fault) -> &'static [&'static str] {
    match fault {
        Fault::ClosedPort | Fault::Unreachable | Fault::EmptyUrl => {
            &["nothing-served", "silent-after-push", "push-ignored"]
        }
        Fault::MissingField { .. } => &["silent-after-push", "push-ignored", "wrong-dialect"],
        Fault::NotFound | Fault::Expired | Fault::ServerError | Fault::Redirect => &["server-refused"],
        Fault::NoAnswer | Fault::Rate { .. } | Fault::FirstByte { .. } => &["gave-up-on-slow-server"],
        Fault::Stall { .. } => &["gave-up-on-slow-server", "served-overlapping"],
        Fault::WrongDigest | Fault::Flip { .. } => &["served-intact", "digest-not-reset", "silent-at-hundred"],
        Fault::WrongSize { .. } => &[
            "announced-smaller",
            "repeats-the-end",
            "image-not-complete",
            "served-intact",
            "digest-not-reset",
            "silent-at-hundred",
        ],
        Fault::WrongVersion { .. } => &["version-never-reported", "gone-after-download"],
        Fault::IgnoreRange => &["served-overlapping", "image-not-complete"],
        Fault::ShortBody { .. } => &["image-not-complete", "repeats-the-end", "silent-at-hundred"],
        Fault::Cut { .. } | Fault::CutEvery { .. } => &["image-not-complete", "served-overlapping", "repeats-the-end"],
        Fault::RefuseReconnect { .. } => &["gone-after-download", "nobody-subscribed", "version-never-reported"],
        Fault::Kick { .. } => &["nobody-subscribed", "shared-identity"],
        // What a device makes of these is its own.
        Fault::LowerCase
        | Fault::Chunked
        | Fault::LongHead
        | Fault::PushTwice
        | Fault::PushLate { .. }
        | Fault::LoseAck => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SILENCE, check, findings, says, served, signed_in};
    use crate::event::Fact;

    fn acted(fault: &str) -> Fact {
        Fact::FaultActed { upgrade: 1, fault: Box::new(fault.parse().unwrap()), place: None, request: None }
    }

    #[test]
    fn what_was_done_on_purpose_is_named_first_and_blamed_on_nobody() {
        let failed = says(r#"{"method":"report_fail","payload":{"err_code":-4}}"#);
        check(vec![acted("wrong-digest"), served(206, 0, 1_000), failed.clone()], &["fault-armed"]);
        check(vec![acted("push-twice"), served(206, 0, 1_000), failed], &["fault-armed", "served-intact"]);
        check(vec![acted("missing-field:url"), SILENCE], &["fault-armed"]);
        check(vec![acted("push-twice"), SILENCE], &["fault-armed", "silent-after-push"]);
    }

    #[test]
    fn each_is_named_with_how_often_it_acted_and_where_that_can_be_seen() {
        let facts = [acted("cut-every:9"), acted("flip:3"), acted("cut-every:9")];
        let found = findings(signed_in().into_iter().chain(facts));
        assert_eq!(found[0].args, [("faults", "cut-every:9 ×2, flip:3".to_owned())]);
        assert_eq!(found[0].evidence, [5, 6]);
    }
}
