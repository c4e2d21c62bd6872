//! Which lines of a page hold what is looked for: a bit a line, or fewer.

/// Lines of a page, by their place on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageHits {
    /// Each by itself.
    Few(Box<[u32]>),
    /// A bit for every line, and how many are set.
    Many(Box<[u64]>, u32),
}

impl Default for PageHits {
    fn default() -> Self {
        Self::Few(Box::default())
    }
}

impl PageHits {
    /// Places in order, of a page with so many lines.
    #[must_use]
    pub fn new(places: &[u32], lines: u32) -> Self {
        if places.len() * 32 <= lines as usize {
            return Self::Few(places.into());
        }
        let mut bits = vec![0_u64; (lines as usize).div_ceil(64)];
        for place in places {
            if let Some(word) = bits.get_mut(*place as usize / 64) {
                *word |= 1 << (place % 64);
            }
        }
        let count = bits.iter().map(|word| word.count_ones()).sum();
        Self::Many(bits.into(), count)
    }

    /// How many.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Few(places) => places.len(),
            Self::Many(_, count) => *count as usize,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many stand before this place.
    #[must_use]
    pub fn before(&self, place: u32) -> usize {
        match self {
            Self::Few(places) => places.partition_point(|known| *known < place),
            Self::Many(bits, _) => {
                let word = place as usize / 64;
                let whole: u32 = bits.iter().take(word).map(|bits| bits.count_ones()).sum();
                let part = bits.get(word).map_or(0, |bits| (bits & ((1 << (place % 64)) - 1)).count_ones());
                (whole + part) as usize
            }
        }
    }

    /// The place of the hit with this number, from 0.
    #[must_use]
    pub fn nth(&self, number: usize) -> Option<u32> {
        match self {
            Self::Few(places) => places.get(number).copied(),
            Self::Many(bits, _) => {
                let mut left = u32::try_from(number).ok()?;
                for (word, bits) in (0_u32..).zip(bits) {
                    let count = bits.count_ones();
                    if left < count {
                        return select(*bits, left).map(|bit| word * 64 + bit);
                    }
                    left -= count;
                }
                None
            }
        }
    }
}

/// The place of the bit with this number among those set.
fn select(bits: u64, number: u32) -> Option<u32> {
    (0..64).filter(|bit| bits >> bit & 1 == 1).nth(number as usize)
}

#[cfg(test)]
mod tests {
    use super::PageHits;

    #[test]
    fn few_hits_and_many_hits_are_found_alike() {
        for step in [1, 3, 7, 100, 1_000] {
            let places: Vec<u32> = (0..3_000).step_by(step).collect();
            let hits = PageHits::new(&places, 3_000);
            assert_eq!(hits.len(), places.len());
            for (number, place) in places.iter().enumerate() {
                assert_eq!(hits.nth(number), Some(*place), "step {step}");
                assert_eq!(hits.before(*place), number, "step {step}");
                assert_eq!(hits.before(place + 1), number + 1, "step {step}");
            }
            assert_eq!(hits.nth(places.len()), None);
            assert_eq!(hits.before(5_000), places.len());
        }
        assert!(PageHits::new(&[], 10).is_empty());
    }
}
