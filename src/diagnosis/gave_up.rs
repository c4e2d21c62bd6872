//! The requests stopped before the image was complete, and nothing was said: the device gave up.

use super::{Finding, Subject};
use crate::event::Micros;
use crate::upgrade::State;

/// UCloud's SDK waits no longer than this for an answer.
const PATIENCE: Micros = Micros::from_secs(10);

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let (case, witness) = (subject.case, &subject.case.witness);
    let half_way =
        matches!(case.upgrade.last_open(), State::Offered | State::Upgrading | State::Downloading { percent: 0..=99 });
    // A long answer may still be under way.
    if witness.is_answering()
        || !case.upgrade.is_silent()
        || !half_way
        || witness.in_all.is_complete()
        || witness.coverage.covered() == 0
    {
        return None;
    }
    let slow = witness.slowest > PATIENCE;
    Some(Finding {
        code: if slow { "gave-up-on-slow-server" } else { "gave-up" },
        args: vec![
            ("device", case.order.device.to_string()),
            ("percent", witness.percent().to_string()),
            ("waited", witness.slowest.to_string()),
        ],
        evidence: [witness.last, case.last_report].into_iter().flatten().map(|(seq, _)| seq).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SILENCE, asked, check, loads, served};

    #[test]
    fn a_download_that_ends_half_way_without_a_word_is_told() {
        check(vec![asked("a"), served(206, 0, 500), loads(50), SILENCE], &["gave-up"]);
        check(vec![asked("a"), served(206, 0, 500), loads(50)], &[]);
        check(vec![asked("a"), served(206, 0, 1_000), loads(50), SILENCE], &[]);
    }

    #[test]
    fn a_server_that_was_slow_is_named_as_the_reason() {
        let wait = std::iter::repeat_n(loads(10), 12);
        let story = std::iter::once(asked("a")).chain(wait).chain([served(206, 0, 500), SILENCE]);
        check(story.collect(), &["gave-up-on-slow-server"]);
    }
}
