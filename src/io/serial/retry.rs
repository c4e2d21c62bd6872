//! How soon a port that went, or could not be had, is tried again.

use std::time::Duration;

/// The first try, and every look for a port that is not there: no more often than once a second.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// A port that stayed open so long was a good one.
const GOOD: Duration = Duration::from_secs(5);

/// The pauses between tries.
#[derive(Debug)]
pub(super) struct Retry {
    next: Duration,
}

/// Why there is to be another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is not there, or another program holds it: looking costs little, and the operator waits.
    Away,
    /// It does not open.
    Refused,
    /// It was open for so long.
    Lost(Duration),
}

impl Retry {
    pub(super) const fn new() -> Self {
        Self { next: FIRST }
    }

    /// How long to wait. A port that fails for ever is tried ever more rarely.
    pub(super) fn pause(&mut self, why: Why) -> Duration {
        match why {
            Why::Away => return FIRST,
            Why::Lost(lived) if lived >= GOOD => self.next = FIRST,
            Why::Lost(_) | Why::Refused => {}
        }
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::{Retry, Why};
    use std::time::Duration;

    fn check(reasons: &[Why], expected: &[u64]) {
        let mut retry = Retry::new();
        let pauses: Vec<_> = reasons.iter().map(|why| retry.pause(*why).as_secs()).collect();
        assert_eq!(pauses, expected, "{reasons:?}");
    }

    #[test]
    fn a_board_that_comes_back_is_found_within_a_second_and_one_that_fails_for_ever_is_left_in_peace() {
        let at_once = Why::Lost(Duration::from_millis(3));
        let after_a_while = Why::Lost(Duration::from_mins(1));
        check(&[Why::Away; 4], &[1, 1, 1, 1]);
        check(&[at_once; 8], &[1, 2, 4, 8, 16, 30, 30, 30]);
        check(&[Why::Refused, at_once, Why::Away, Why::Refused], &[1, 2, 1, 4]);
        check(&[at_once, at_once, after_a_while, at_once], &[1, 2, 1, 2]);
    }
}
