//! How soon a port that went, or could not be had, is tried again.

use std::time::Duration;

/// A board that was just lost: many come back within half a second, and their first words say why they went.
const SOON: Duration = Duration::from_millis(150);
/// So many looks that soon: ten seconds.
const SOON_LOOKS: u32 = 64;
/// Later, and for a port that another program holds.
const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// A port that stayed open so long was a good one.
const GOOD: Duration = Duration::from_secs(5);

/// The pauses between tries.
#[derive(Debug)]
pub(super) struct Retry {
    next: Duration,
    /// Looks for it since it was lost.
    looks: u32,
}

/// Why there is to be another try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It is not there: looking costs little, and the operator waits.
    Away,
    /// Another program holds it.
    Held,
    /// It does not open.
    Refused,
    /// It was open for so long.
    Lost(Duration),
}

impl Retry {
    pub(super) const fn new() -> Self {
        Self { next: SOON, looks: 0 }
    }

    /// How long to wait. A port that stays in the list and fails for ever is tried ever more rarely.
    pub(super) fn pause(&mut self, why: Why) -> Duration {
        match why {
            Why::Away => {
                self.looks += 1;
                // It left, so that what comes back is fresh.
                self.next = SOON;
                return if self.looks <= SOON_LOOKS { SOON } else { FIRST };
            }
            Why::Held => return FIRST,
            Why::Lost(lived) if lived >= GOOD => (self.next, self.looks) = (SOON, 0),
            Why::Lost(_) => self.looks = 0,
            Why::Refused => {}
        }
        let pause = self.next;
        self.next = (pause * 2).clamp(FIRST, LONGEST);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::{Retry, Why};
    use std::time::Duration;

    fn check(reasons: &[Why], expected: &[u128]) {
        let mut retry = Retry::new();
        let pauses: Vec<_> = reasons.iter().map(|why| retry.pause(*why).as_millis()).collect();
        assert_eq!(pauses, expected, "{reasons:?}");
    }

    #[test]
    fn a_board_that_left_is_found_at_once_and_one_that_stays_and_fails_for_ever_is_left_in_peace() {
        let at_once = Why::Lost(Duration::from_millis(3));
        let after_a_while = Why::Lost(Duration::from_mins(1));
        check(&[at_once; 8], &[150, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        check(&[Why::Refused, at_once, Why::Held, Why::Refused], &[150, 1_000, 1_000, 2_000]);
        check(&[at_once, at_once, after_a_while, at_once], &[150, 1_000, 150, 1_000]);
        // One that resets itself every second leaves the list each time.
        check(&[at_once, Why::Away, at_once, Why::Away, at_once, Why::Away], &[150; 6]);
        let mut retry = Retry::new();
        let looks: Duration = (0..64).map(|_| retry.pause(Why::Away)).sum();
        assert_eq!((looks.as_secs(), retry.pause(Why::Away).as_secs()), (9, 1), "later, once a second is enough");
    }
}
