//! The device had everything, and then its cloud waited for the new version in vain.

use super::{Finding, Subject};
use crate::upgrade::{Failure, State};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let timed_out = *case.upgrade.state() == State::Failed(Failure::TimedOut);
    let back_and_quiet = case.upgrade.is_back() && case.upgrade.is_silent();
    if !(timed_out || back_and_quiet) || !case.witness.in_all.is_complete() {
        return None;
    }
    if super::silent_at_hundred::examine(subject).is_some() {
        return None;
    }
    let online = subject.device.and_then(|device| device.online).unwrap_or(false);
    Some(Finding {
        code: if online { "version-never-reported" } else { "gone-after-download" },
        args: vec![("device", case.order.device.to_string()), ("version", case.order.version.clone())],
        evidence: [case.witness.last, case.last_report].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, loads, served};
    use crate::event::{Deadline, Fact};

    #[test]
    fn a_device_that_never_comes_back_is_told_from_one_that_comes_back_and_says_nothing() {
        let timed_out = Fact::DeadlineReached { upgrade: 1, deadline: Deadline::Upgrade };
        let gone = Fact::ClientDisconnected { client: "P.D".into(), reason: "closed".into() };
        check(vec![served(206, 0, 1_000), loads(100), timed_out.clone()], &["version-never-reported"]);
        check(vec![served(206, 0, 1_000), loads(100), gone, timed_out.clone()], &["gone-after-download"]);
        check(vec![loads(10), timed_out], &[]);
    }
}
