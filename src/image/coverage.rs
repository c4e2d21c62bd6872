//! Which bytes of an image have been served, however a device asks for them.

use std::ops::Range;

/// How many separate spans are remembered: 1 MiB of them. A device that reads in order makes one.
const MAX_SPANS: usize = 65_536;

/// The bytes of one image that have been served so far.
///
/// When a client scatters its ranges over more separate spans than fit in memory, further ones are forgotten: what is
/// said to be covered has always been served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    size: u64,
    /// In order, apart from each other, never empty.
    spans: Vec<Range<u64>>,
    covered: u64,
    overlap: u64,
    max_spans: usize,
}

impl Coverage {
    /// Nothing served yet of an image of `size` bytes.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size, spans: Vec::new(), covered: 0, overlap: 0, max_spans: MAX_SPANS }
    }

    /// Takes in that `length` bytes from `offset` were served. What lies past the image is ignored.
    pub fn add(&mut self, offset: u64, length: u64) {
        let added = offset.min(self.size)..offset.saturating_add(length).min(self.size);
        if added.is_empty() {
            return;
        }
        // All spans that touch or overlap the added one become one with it.
        let from = self.spans.partition_point(|span| span.end < added.start);
        let to = self.spans.partition_point(|span| span.start <= added.end);
        let touched = self.spans.get(from..to).unwrap_or_default();
        if touched.is_empty() && self.spans.len() >= self.max_spans {
            return;
        }
        let known: u64 = touched.iter().map(|span| common(span, &added)).sum();
        let start = touched.first().map_or(added.start, |span| span.start.min(added.start));
        let end = touched.last().map_or(added.end, |span| span.end.max(added.end));
        self.covered += added.end - added.start - known;
        self.overlap = self.overlap.saturating_add(known);
        self.spans.splice(from..to, std::iter::once(start..end));
    }

    /// Which of these bytes were served already, in order.
    pub fn known(&self, offset: u64, length: u64) -> impl Iterator<Item = Range<u64>> + '_ {
        let asked = offset..offset.saturating_add(length);
        let from = self.spans.partition_point(|span| span.end <= asked.start);
        let spans = self.spans.get(from..).unwrap_or_default().iter();
        let known = spans.map(move |span| span.start.max(asked.start)..span.end.min(asked.end));
        known.take_while(|part| !part.is_empty())
    }

    /// What was served, in order: spans apart from each other.
    pub fn spans(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.spans.iter().cloned()
    }

    /// Bytes in the image.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// How many different bytes were served.
    #[must_use]
    pub const fn covered(&self) -> u64 {
        self.covered
    }

    /// How many bytes were served in one piece from the very first: where a download that was cut can go on.
    #[must_use]
    pub fn prefix(&self) -> u64 {
        self.spans.first().filter(|span| span.start == 0).map_or(0, |span| span.end)
    }

    /// How many bytes were served again.
    #[must_use]
    pub const fn overlap(&self) -> u64 {
        self.overlap
    }

    /// Whether every byte was served.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.covered == self.size
    }

    /// What was never served, in order.
    pub fn gaps(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        let starts = std::iter::once(0).chain(self.spans.iter().map(|span| span.end));
        let ends = self.spans.iter().map(|span| span.start).chain(std::iter::once(self.size));
        starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty())
    }
}

/// How many bytes two spans have in common.
fn common(one: &Range<u64>, other: &Range<u64>) -> u64 {
    one.end.min(other.end).saturating_sub(one.start.max(other.start))
}

#[cfg(test)]
mod tests {
    use super::Coverage;
    use proptest::prelude::*;
    use std::ops::Range;

    fn after(size: u64, served: &[(u64, u64)]) -> Coverage {
        let mut coverage = Coverage::new(size);
        for (offset, length) in served {
            coverage.add(*offset, *length);
        }
        coverage
    }

    fn check(size: u64, served: &[(u64, u64)], covered: u64, prefix: u64, overlap: u64, gaps: &[Range<u64>]) {
        let coverage = after(size, served);
        assert_eq!(coverage.covered(), covered, "covered after {served:?}");
        assert_eq!(coverage.prefix(), prefix, "prefix after {served:?}");
        assert_eq!(coverage.overlap(), overlap, "overlap after {served:?}");
        assert_eq!(coverage.gaps().collect::<Vec<_>>(), gaps, "gaps after {served:?}");
        assert_eq!(coverage.is_complete(), gaps.is_empty(), "complete after {served:?}");
    }

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "a list of one gap")]
    fn the_progress_shown_is_the_bytes_really_served() {
        check(100, &[], 0, 0, 0, &[0..100]);
        check(100, &[(0, 100)], 100, 100, 0, &[]);
        check(100, &[(0, 40), (40, 40), (80, 20)], 100, 100, 0, &[]);
        check(100, &[(80, 20), (0, 40)], 60, 40, 0, &[40..80]);
        check(100, &[(10, 10)], 10, 0, 0, &[0..10, 20..100]);
        check(100, &[(0, 50), (0, 50)], 50, 50, 50, &[50..100]);
        check(100, &[(0, 60), (40, 60)], 100, 100, 20, &[]);
        check(100, &[(0, 10), (20, 10), (40, 10), (5, 40)], 50, 50, 20, &[50..100]);
        check(100, &[(90, 50)], 10, 0, 0, &[0..90]);
        check(100, &[(100, 5), (200, 5), (u64::MAX, u64::MAX), (5, 0)], 0, 0, 0, &[0..100]);
        check(100, &[(1, u64::MAX)], 99, 0, 0, &[0..1]);
        check(0, &[(0, 5)], 0, 0, 0, &[]);
    }

    #[test]
    fn a_client_that_scatters_its_ranges_cannot_fill_the_memory() {
        let mut coverage = Coverage { max_spans: 3, ..Coverage::new(100) };
        for place in 0..10 {
            coverage.add(place * 10, 1);
        }
        assert_eq!((coverage.spans.len(), coverage.covered()), (3, 3));
        coverage.add(0, 100);
        assert!(coverage.is_complete());
    }

    #[test]
    fn what_was_served_already_is_told_part_by_part() {
        let coverage = after(100, &[(10, 10), (30, 10), (50, 10)]);
        let known = |offset, length| coverage.known(offset, length).collect::<Vec<_>>();
        assert_eq!(known(0, 100), [10..20, 30..40, 50..60]);
        assert_eq!(known(15, 20), [15..20, 30..35]);
        assert_eq!(known(20, 10), []);
        assert_eq!(known(90, u64::MAX), []);
    }

    proptest! {
        #[test]
        fn any_order_of_ranges_gives_the_same_as_ticking_off_each_byte(
            size in 0_u64..300,
            served in prop::collection::vec((0_u64..320, 0_u64..80), 0..40),
        ) {
            let mut ticked = vec![false; usize::try_from(size)?];
            let mut overlap = 0;
            for (offset, length) in &served {
                for place in (*offset..offset + length).filter(|place| *place < size) {
                    let tick = &mut ticked[usize::try_from(place)?];
                    overlap += u64::from(*tick);
                    *tick = true;
                }
            }
            let coverage = after(size, &served);
            let mut seen = vec![true; ticked.len()];
            for gap in coverage.gaps() {
                prop_assert!(!gap.is_empty());
                seen[usize::try_from(gap.start)?..usize::try_from(gap.end)?].fill(false);
            }
            prop_assert_eq!(coverage.covered(), ticked.iter().filter(|tick| **tick).count() as u64);
            prop_assert_eq!(coverage.prefix(), ticked.iter().take_while(|tick| **tick).count() as u64);
            prop_assert_eq!(coverage.overlap(), overlap);
            prop_assert_eq!(coverage.is_complete(), ticked.iter().all(|tick| *tick));
            prop_assert_eq!(seen, ticked);
        }
    }
}
