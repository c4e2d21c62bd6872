//! Whether a line takes what it is given. It has no clock: time is handed in.

use std::time::{Duration, Instant};

/// A line that takes nothing for so long is stalled.
pub(super) const STALL: Duration = Duration::from_secs(2);

/// What is on its way to the line. A few bytes vanish into the system's buffer even when the line takes none: only the
/// buffer tells.
#[derive(Debug)]
pub(super) struct Flow {
    /// Bytes in the system's buffer at the last look.
    held: usize,
    /// Whether the buffer took nothing more.
    blocked: bool,
    /// When the line took something, or had nothing to take.
    since: Instant,
    stalled: bool,
}

impl Flow {
    pub(super) const fn new(now: Instant) -> Self {
        Self { held: 0, blocked: false, since: now, stalled: false }
    }

    /// The system took so many bytes.
    pub(super) const fn wrote(&mut self, bytes: usize, now: Instant) {
        // It had no room before: so the line has made some.
        if self.blocked || self.held == 0 {
            (self.since, self.stalled) = (now, false);
        }
        self.blocked = false;
        self.held += bytes;
    }

    /// The system took nothing.
    pub(super) const fn refused(&mut self) {
        self.blocked = true;
    }

    /// What was left unwritten is not wanted any more.
    pub(super) const fn give_up(&mut self) {
        self.blocked = false;
    }

    /// So many bytes are in the system's buffer now.
    pub(super) fn look(&mut self, held: usize, now: Instant) {
        let taken = held < self.held;
        self.held = held;
        if taken || !self.waits() {
            (self.since, self.stalled) = (now, false);
        }
        // Some systems do not tell how much they hold: there a stall ends when they take something.
        self.stalled |= self.waits() && now.saturating_duration_since(self.since) >= STALL;
    }

    /// Whether something is on its way.
    pub(super) const fn waits(&self) -> bool {
        self.held > 0 || self.blocked
    }

    pub(super) const fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// Bytes in the system's buffer.
    pub(super) const fn held(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::Flow;
    use std::time::Duration;

    enum Step {
        Wrote(usize),
        Refused,
        Look(usize),
    }
    use Step::{Look, Refused, Wrote};

    /// At these instants, in milliseconds, what happens, and whether the line is stalled then.
    fn check(what: &str, steps: &[(u64, Step, bool)]) {
        let start = super::super::writer::now();
        let mut flow = Flow::new(start);
        for (number, (millis, step, stalled)) in steps.iter().enumerate() {
            let now = start + Duration::from_millis(*millis);
            match step {
                Wrote(bytes) => flow.wrote(*bytes, now),
                Refused => flow.refused(),
                Look(held) => flow.look(*held, now),
            }
            assert_eq!(flow.is_stalled(), *stalled, "{what}: step {number}");
        }
    }

    #[test]
    fn a_line_is_stalled_when_it_takes_nothing_for_two_seconds_and_not_when_it_is_slow() {
        check(
            "six bytes that CTS holds back",
            &[(9_000, Wrote(6), false), (9_020, Look(6), false), (11_000, Look(6), true), (11_020, Look(5), false)],
        );
        check(
            "sends that go on while nothing leaves",
            &[(0, Wrote(6), false), (900, Wrote(6), false), (1_900, Look(12), false), (2_000, Look(12), true)],
        );
        check(
            "300 baud",
            &[(0, Wrote(90), false), (1_000, Look(60), false), (2_500, Look(30), false), (4_000, Look(0), false)],
        );
        check("an idle line", &[(0, Wrote(6), false), (20, Look(0), false), (60_000, Look(0), false)]);
        check("a line that was idle for long", &[(60_000, Wrote(6), false), (60_001, Look(6), false)]);
        check(
            "a system that does not tell what it holds",
            &[
                (0, Wrote(4_096), false),
                (20, Refused, false),
                (20, Look(0), false),
                (2_020, Look(0), true),
                (2_040, Wrote(1), false),
            ],
        );
    }
}
