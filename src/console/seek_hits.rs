//! Hits as they are at one moment: to be gone through away from the window, and what is certain while more is searched.

use super::{PageHits, Seek};
use std::ops::Range;

/// Some of the hits, as they were when they were asked for: a bit or a number each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// The first line of each page, and the hits on it.
    pages: Vec<(u64, PageHits)>,
    /// How many hits of the first page come before those that are taken.
    skipped: usize,
    /// How many are taken.
    taken: usize,
}

impl Hits {
    /// Their lines, in order.
    #[must_use = "the lines are worked out one by one"]
    pub fn lines(&self) -> impl Iterator<Item = u64> {
        let pages = self.pages.iter();
        let all = pages.flat_map(|(first, hits)| places(hits).map(move |place| first + u64::from(place)));
        all.skip(self.skipped).take(self.taken)
    }

    /// The lines of the first and the last.
    #[must_use]
    pub fn ends(&self) -> Option<(u64, u64)> {
        let (first, _) = self.pages.first()?;
        let (last, hits) = self.pages.last()?;
        let place = hits.nth(hits.len().checked_sub(1)?)?;
        Some((*first, last + u64::from(place)))
    }
}

fn places(hits: &PageHits) -> Box<dyn Iterator<Item = u32> + '_> {
    match hits {
        PageHits::Few(places) => Box::new(places.iter().copied()),
        PageHits::Many(words, _) => {
            let in_word = |(word, bits): (u32, &u64)| {
                let bits = *bits;
                (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
            };
            Box::new((0_u32..).zip(words.iter()).flat_map(in_word))
        }
    }
}

impl Seek {
    /// The hits with these numbers, to be gone through away from the window.
    #[must_use]
    pub fn hits(&self, numbers: Range<u64>) -> Hits {
        let range = self.range();
        let (from, to) = (numbers.start.max(range.start), numbers.end.min(range.end));
        let listed = self.blocks.iter().filter_map(|block| Some((block.first, block.before, block.hits.as_ref()?)));
        let wanted = listed.filter(|(_, before, hits)| *before < to && before + hits.len() as u64 > from);
        let mut start = None;
        let mut pages = Vec::new();
        for (first, before, hits) in wanted {
            start.get_or_insert(before);
            pages.push((first, hits.clone()));
        }
        if to > self.in_pages() && !self.tail.is_empty() {
            start.get_or_insert(self.in_pages());
            pages.push((self.tail_first, PageHits::Few(self.tail.as_slice().into())));
        }
        let in_log = self.in_pages() + self.tail.len() as u64;
        if to > in_log && !self.open.is_empty() {
            start.get_or_insert(in_log);
            pages.push((self.open_seen.0, PageHits::Few(self.open.as_slice().into())));
        }
        let fitting = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let skipped = fitting(from.saturating_sub(start.unwrap_or(from)));
        Hits { pages, skipped, taken: fitting(to.saturating_sub(from)) }
    }

    /// As [`Seek::next`], as soon as it is certain: nothing while a nearer hit may still be found.
    #[must_use]
    pub fn next_known(&self, line: Option<u64>, back: bool) -> Option<u64> {
        let hit = self.next(line, back)?;
        let from = line.unwrap_or(if back { u64::MAX } else { 0 });
        let known = match (back, hit > from || line.is_none()) {
            (false, true) => self.is_searched(from..hit),
            (true, _) if hit < from => self.is_searched(hit..from),
            // Round the end.
            (false, false) => self.is_searched(from..u64::MAX) && self.is_searched(0..hit),
            (true, _) => self.is_searched(0..from) && self.is_searched(hit..u64::MAX),
        };
        known.then_some(hit)
    }

    fn is_searched(&self, lines: Range<u64>) -> bool {
        let from = self.blocks.partition_point(|block| block.first + u64::from(block.lines) <= lines.start);
        self.blocks.range(from..).take_while(|block| block.first < lines.end).all(|block| block.hits.is_some())
    }
}

#[cfg(test)]
mod tests {
    use crate::console::{Console, Direction, Query, Seek};
    use crate::event::Micros;

    /// Lines on many small pages, of which every third is looked for; the work is handed back.
    fn seek(console: &mut Console) -> (Seek, Vec<crate::console::Job>) {
        for number in 0..3_000 {
            let word = if number % 3 == 0 { "hit" } else { "no" };
            console.feed(Micros(number), format!("{word} {number}\n").as_bytes(), Direction::Received);
        }
        let mut seek = Seek::new(Query { text: "hit".into(), ..Query::default() });
        let jobs = seek.keep_up(console);
        (seek, jobs)
    }

    fn console() -> Console {
        // Pages are as large as a quarter of the budget, and all of them are kept.
        Console::on_shelf(20_000, crate::console::Board::with(Vec::new()))
    }

    #[test]
    fn hits_are_copied_for_another_thread_without_a_number_for_each() {
        let mut console = console();
        let (mut seek, jobs) = seek(&mut console);
        crate::console::work(jobs);
        let _ = seek.keep_up(&console);
        assert_eq!(seek.len(), 1_000);
        let lines = |numbers| seek.hits(numbers).lines().collect::<Vec<_>>();
        assert_eq!(lines(0..1_000), (0..1_000).map(|hit| hit * 3).collect::<Vec<_>>());
        assert_eq!(lines(500..503), [1_500, 1_503, 1_506]);
        assert_eq!(lines(998..2_000), [2_994, 2_997]);
        assert!(lines(7..7).is_empty());
        console.feed(Micros(3_000), b"hit> ", Direction::Received);
        let _ = seek.keep_up(&console);
        let lines = |numbers| seek.hits(numbers).lines().collect::<Vec<_>>();
        assert_eq!(lines(999..1_001), [2_997, 3_000], "a prompt is a hit too");
        let (first, last) = seek.hits(500..503).ends().unwrap();
        assert!(first <= 1_500 && last >= 1_506);
    }

    #[test]
    fn the_next_hit_is_gone_to_before_the_search_is_over_but_none_is_passed_over() {
        let mut console = console();
        let (mut seek, mut jobs) = seek(&mut console);
        assert!(seek.is_searching());
        assert!(seek.next(Some(10), false).is_some(), "the page being written was looked at");
        assert_eq!(seek.next_known(Some(10), false), None, "but what comes before it was not");
        assert_eq!(seek.next_known(Some(2_998), true), Some(2_997), "nothing is between");
        while let Some(job) = jobs.pop() {
            job();
        }
        let _ = seek.keep_up(&console);
        assert_eq!(seek.next_known(Some(10), false), Some(12));
        assert_eq!(seek.next_known(Some(2_999), false), Some(0), "round the end");
        assert_eq!(seek.next_known(None, true), Some(2_997));
    }
}
