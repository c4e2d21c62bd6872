//! Moments of a capture put aside while it is read: from the nearest one, any other is a short fold away.

use crate::ui::moment::Moment;

/// Events between two moments at first.
const EVERY: u64 = 512;
/// Moments kept at most; past it every second one goes.
const MOST: usize = 512;
/// What they may take in memory, in bytes.
const BUDGET: usize = 96 << 20;

/// The moments put aside.
#[derive(Debug)]
pub struct Moments {
    /// Each with how many events had happened.
    kept: Vec<(u64, Moment)>,
    every: u64,
    weight: usize,
    budget: usize,
}

impl Moments {
    /// Begins with the moment before anything happened.
    #[must_use]
    pub fn new(first: Moment) -> Self {
        Self::every(first, EVERY)
    }

    /// The same, with so many events between two of them.
    pub(super) fn every(first: Moment, every: u64) -> Self {
        Self { weight: first.weight(), kept: vec![(0, first)], every, budget: BUDGET }
    }

    /// Whether the moment after so many events is to be put aside.
    #[must_use]
    pub fn wants(&self, events: u64) -> bool {
        events.is_multiple_of(self.every) && self.kept.last().is_none_or(|(last, _)| *last < events)
    }

    /// Puts a moment aside.
    pub fn keep(&mut self, events: u64, moment: Moment) {
        self.weight += moment.weight();
        self.kept.push((events, moment));
        while (self.kept.len() > MOST || self.weight > self.budget) && self.kept.len() > 2 {
            self.every *= 2;
            let every = self.every;
            self.kept.retain(|(events, _)| events.is_multiple_of(every));
            self.weight = self.kept.iter().map(|(_, moment)| moment.weight()).sum();
        }
    }

    /// The nearest moment before so many events, with how many had happened then.
    #[must_use]
    pub fn before(&self, events: u64) -> Option<(u64, &Moment)> {
        let at = self.kept.partition_point(|(own, _)| *own <= events).checked_sub(1)?;
        self.kept.get(at).map(|(own, moment)| (*own, moment))
    }
}

#[cfg(test)]
mod tests {
    use super::{Moment, Moments};

    #[test]
    fn a_capture_of_any_length_keeps_a_bounded_number_of_moments_and_any_event_is_near_one() {
        let mut moments = Moments::new(Moment::first(0));
        let end = 3_000_000;
        for events in 1..=end {
            if moments.wants(events) {
                moments.keep(events, Moment::first(0));
            }
        }
        assert!(moments.kept.len() <= super::MOST, "{}", moments.kept.len());
        for events in [0, 1, 511, 512, 100_000, 1_234_567, end] {
            let (before, _) = moments.before(events).unwrap();
            assert!(before <= events && events - before <= moments.every, "{before} is far from {events}");
        }
        assert!(moments.every <= end / (super::MOST as u64) * 4);
    }

    #[test]
    fn moments_of_a_large_bench_are_put_aside_more_rarely() {
        let first = Moment::first(0);
        let each = first.weight();
        let mut moments = Moments { budget: each * 10, ..Moments::new(first) };
        for events in 1..=100_000 {
            if moments.wants(events) {
                moments.keep(events, Moment::first(0));
            }
            assert!(moments.weight <= each * 10);
        }
    }
}
