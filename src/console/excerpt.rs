//! Lines taken out of a console: to be copied or saved, away from the window.

use super::log::Log;
use super::page::Page;
use super::shelf::Shelf;
use super::slot::Slot;
use super::{Encoding, Hits, Line, Origin};
use crate::event::Micros;
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// Which lines are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// All in a row.
    Range(Range<u64>),
    /// Those with a hit.
    Hits(Hits),
}

/// Lines of a console as they were when they were asked for.
#[derive(Debug)]
pub struct Excerpt {
    slots: Vec<Arc<Slot>>,
    tail: Page,
    open: Vec<Line>,
    shelf: Option<Arc<dyn Shelf>>,
    taken: Taken,
}

impl Excerpt {
    pub(super) fn new(log: &Log, open: Vec<Line>, taken: Taken) -> Self {
        let (first, last) = match &taken {
            Taken::Range(range) => (range.start, range.end),
            Taken::Hits(hits) => hits.ends().map_or((0, 0), |(first, last)| (first, last + 1)),
        };
        let slots = log.slots().iter().filter(|slot| slot.end() > first && slot.first < last).cloned().collect();
        let tail = if last > log.tail().first { log.tail().clone() } else { Page::new(log.tail().first) };
        Self { slots, tail, open, shelf: log.shelf(), taken }
    }

    /// Writes the lines' bytes as they came. The workbench's own lines are left out.
    ///
    /// # Errors
    /// The writer's; a page that cannot be read any more.
    pub fn write_raw(&self, to: &mut dyn io::Write) -> io::Result<()> {
        self.each(&mut |_, line| {
            if line.origin == Origin::Note {
                return Ok(());
            }
            to.write_all(&line.raw)?;
            to.write_all(line.end.bytes())
        })
    }

    /// Writes the lines as they are shown, in UTF-8. `stamp` gives what stands before a line, from its time and the time
    /// of the line before it.
    ///
    /// # Errors
    /// The writer's; a page that cannot be read any more.
    pub fn write_text(
        &self,
        to: &mut dyn io::Write,
        encoding: Encoding,
        stamp: &dyn Fn(Micros, Option<Micros>) -> String,
    ) -> io::Result<()> {
        let mut before: Option<(Micros, u64, bool)> = None;
        self.each(&mut |number, line| {
            // A piece of a line too long to be shown in one goes on where the piece before it ended.
            let goes_on =
                before.is_some_and(|(_, last, open)| open && last + 1 == number && line.origin == Origin::Received);
            if !goes_on {
                let begins = if before.is_some() { "\n" } else { "" };
                let stamp = stamp(line.at, before.map(|(at, ..)| at));
                write!(to, "{begins}{stamp}{}", line.origin.sign())?;
            }
            before = Some((line.at, number, line.goes_on()));
            to.write_all(line.rendered(encoding).text.as_bytes())
        })
    }

    fn each(&self, tell: &mut dyn FnMut(u64, &Line) -> io::Result<()>) -> io::Result<()> {
        let mut page: Option<Arc<Page>> = None;
        let mut one = |number: u64| -> io::Result<()> {
            if let Some(place) = number.checked_sub(self.tail.first) {
                let place = usize::try_from(place).unwrap_or(usize::MAX);
                let open = || self.open.get(place.checked_sub(self.tail.len())?).cloned();
                return self.tail.line(place).or_else(open).map_or(Ok(()), |line| tell(number, &line));
            }
            if page.as_ref().is_none_or(|page| !(page.first..page.first + page.len() as u64).contains(&number)) {
                page = Some(self.page_of(number)?);
            }
            let line = page.as_ref().and_then(|page| page.line(usize::try_from(number - page.first).ok()?));
            line.map_or_else(|| Err(unreadable(number)), |line| tell(number, &line))
        };
        match &self.taken {
            Taken::Range(range) => range.clone().try_for_each(&mut one),
            Taken::Hits(hits) => hits.lines().try_for_each(&mut one),
        }
    }

    fn page_of(&self, number: u64) -> io::Result<Arc<Page>> {
        let behind = self.slots.partition_point(|slot| slot.first <= number);
        let slot = behind.checked_sub(1).and_then(|place| self.slots.get(place));
        let page = slot.filter(|slot| number < slot.end()).and_then(|slot| slot.load(self.shelf.as_deref()));
        page.ok_or_else(|| unreadable(number))
    }
}

/// Older lines make room for newer ones while they are saved, or the disk fails: a hole would not be seen.
fn unreadable(number: u64) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("line {} cannot be read any more", number + 1))
}

#[cfg(test)]
mod tests {
    use super::Taken;
    use crate::console::{Board, Console, Direction, Encoding, Hits, Query, Seek, work};
    use crate::event::Micros;

    fn console() -> Console {
        let mut console = Console::new(1 << 20);
        console.feed(Micros(1), b"\x1b[32mI (1) ota\x1b[0m\r\n\x00x\r\n", Direction::Received);
        console.feed(Micros(2), b"reboot\r\n", Direction::Sent);
        console.note(Micros(3), "port closed");
        console.feed(Micros(4), b"lamp> ", Direction::Received);
        console
    }

    fn text(taken: Taken) -> String {
        let mut bytes = Vec::new();
        let stamp = |at: Micros, before: Option<Micros>| format!("{} ", at.since(before.unwrap_or(at)).0);
        console().excerpt(taken).write_text(&mut bytes, Encoding::Utf8, &stamp).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn hits(console: &Console, pattern: &str) -> Hits {
        let mut seek = Seek::new(Query { text: pattern.into(), regex: true, ..Query::default() });
        work(seek.keep_up(console));
        let _ = seek.keep_up(console);
        seek.hits(seek.range())
    }

    #[test]
    fn what_is_saved_as_text_reads_as_it_is_shown() {
        let all = "0 I (1) ota\n0 \\x00x\n1 > reboot\n1 — port closed\n1 lamp> ";
        assert_eq!(text(Taken::Range(0..9)), all);
        assert_eq!(text(Taken::Hits(hits(&console(), "ota|reboot"))), "0 I (1) ota\n1 > reboot");
    }

    #[test]
    fn what_is_saved_raw_is_what_went_over_the_line() {
        let mut bytes = Vec::new();
        console().excerpt(Taken::Range(0..9)).write_raw(&mut bytes).unwrap();
        assert_eq!(bytes, b"\x1b[32mI (1) ota\x1b[0m\r\n\x00x\r\nreboot\r\nlamp> ");
    }

    #[test]
    fn a_line_of_a_megabyte_is_saved_in_one_piece() {
        let mut console = Console::new(4 << 20);
        console.feed(Micros(1), &vec![b'x'; 1 << 20], Direction::Received);
        console.feed(Micros(2), b"\nend\n", Direction::Received);
        let mut bytes = Vec::new();
        let excerpt = console.excerpt(Taken::Range(0..console.len()));
        excerpt.write_text(&mut bytes, Encoding::Utf8, &|_, _| String::new()).unwrap();
        assert_eq!(bytes.len(), (1 << 20) + 4);
    }

    #[test]
    fn pieces_of_long_lines_that_are_not_neighbours_are_lines_of_their_own() {
        let mut console = Console::new(4 << 20);
        let mut long = vec![b'x'; 40_000];
        long[0] = b'!';
        long[39_000] = b'!';
        console.feed(Micros(1), &long, Direction::Received);
        console.feed(Micros(2), b"\nend\n", Direction::Received);
        let mut bytes = Vec::new();
        let excerpt = console.excerpt(Taken::Hits(hits(&console, "!")));
        excerpt.write_text(&mut bytes, Encoding::Utf8, &|_, _| String::new()).unwrap();
        assert_eq!(memchr::memchr_iter(b'\n', &bytes).count(), 1, "the piece between them is not listed");
    }

    #[test]
    fn a_page_that_is_gone_is_an_error_and_no_hole() {
        let board = Board::with(Vec::new());
        let mut console = Console::on_shelf(60_000, board.clone());
        for number in 0..10_000 {
            console.feed(Micros(number), format!("line {number}\n").as_bytes(), Direction::Received);
        }
        work(console.keep_up());
        let excerpt = console.excerpt(Taken::Range(0..console.len()));
        board.bytes.lock().unwrap().truncate(10_000);
        let error = excerpt.write_raw(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("cannot be read any more"), "{error}");
    }
}
