//! Any event of a capture by its place in the file, read again when it is wanted: a list of a million needs not hold them.

use super::source::{Place, Source, now_at};
use super::{Recording, io_trouble};
use crate::capture::{Header, Reader};
use crate::event::{Event, Trouble};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Events, and bytes of text, between two marks: what is read in vain to come to an event.
const EVENTS_APART: u64 = 64;
const TEXT_APART: u64 = 256 << 10;
/// As many marks as take 10 MB. When there are more, every other one goes.
const MOST_MARKS: usize = 1 << 18;
/// A compressed frame with more text than this is not read again for every event, in bytes: it was not written by us.
const DEEPEST: u64 = 8 << 20;

/// Where one event of many lies.
#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Its place among all events of the file, from 0.
    number: u64,
    seq: u64,
    place: Place,
}

#[derive(Debug, Default)]
struct Marks {
    list: Vec<Mark>,
    events: u64,
    /// How far apart they are by now: doubled whenever every other one goes.
    spread: u64,
}

impl Marks {
    fn add(&mut self, seq: u64, place: Place) {
        let number = self.events;
        self.events += 1;
        let far = self.list.last().is_none_or(|last| {
            let text = place.text.saturating_sub(last.place.text);
            number - last.number >= EVENTS_APART << self.spread || text >= TEXT_APART << self.spread
        });
        if far {
            self.list.push(Mark { number, seq, place });
        }
        if self.list.len() > MOST_MARKS {
            let mut odd = true;
            self.list.retain(|_| {
                odd = !odd;
                !odd
            });
            self.spread += 1;
        }
    }

    /// The last mark that is not behind what is looked for.
    fn before(&self, is_before: impl Fn(&Mark) -> bool) -> Option<Mark> {
        let behind = self.list.partition_point(is_before);
        self.list.get(behind.saturating_sub(1)).copied()
    }
}

struct Shared {
    path: PathBuf,
    header: OnceLock<Header>,
    marks: Mutex<Marks>,
    /// The file itself, or its plain text where it is compressed in one piece. It stays open: whatever becomes of the file,
    /// what was seen of it can be seen again. One reads it at a time, for its handles share their place.
    file: Mutex<Option<File>>,
    /// All of them, of a trace, which is not read in pieces.
    held: OnceLock<Vec<Arc<Event>>>,
}

/// The events of a capture that was opened, by their places; copies look at the same. Reading is for a thread that may wait:
/// an event is found within milliseconds on a disk that answers.
#[derive(Clone)]
pub struct Pages(Arc<Shared>);

impl Pages {
    pub(super) fn new(path: &Path) -> Self {
        let (header, file, held) = (OnceLock::new(), Mutex::default(), OnceLock::new());
        Self(Arc::new(Shared { path: path.to_owned(), header, marks: Mutex::default(), file, held }))
    }

    pub(super) fn begin(&self, header: &Header) {
        let _ = self.0.header.set(header.clone());
        // What cannot be opened again is told when something of it is wanted.
        *self.file() = File::open(now_at(&self.0.path)).ok();
    }

    fn file(&self) -> std::sync::MutexGuard<'_, Option<File>> {
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next event lies there.
    pub(super) fn add(&self, seq: u64, place: Place) {
        self.marks(|marks| marks.add(seq, place));
    }

    pub(super) fn hold(&self, events: Vec<Arc<Event>>) {
        let _ = self.0.held.set(events);
    }

    /// Everything was read; `recording` stands at the end.
    pub(super) fn end(&self, recording: &Recording) -> io::Result<()> {
        let deep = self.marks(|marks| marks.list.iter().any(|mark| mark.place.depth() > DEEPEST));
        let mut file = self.file();
        if deep
            && recording.source().is_some_and(Source::is_compressed)
            && let Some(compressed) = file.take()
        {
            // It has no name, so that it never outlives the program.
            let folder = self.0.path.parent().unwrap_or(Path::new("."));
            let text = tempfile::tempfile_in(folder).or_else(|_| tempfile::tempfile())?;
            *file = Some(spill(Source::of(compressed, Place::default())?, text)?);
        }
        Ok(())
    }

    fn marks<T>(&self, look: impl FnOnce(&mut Marks) -> T) -> T {
        look(&mut self.0.marks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many events there are, as far as they were read.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.held.get().map_or_else(|| self.marks(|marks| marks.events), |held| held.len() as u64)
    }

    /// The events from this place on, counted from 0; at most so many, fewer at the end.
    ///
    /// # Errors
    /// `recording-not-found`, `capture-unreadable`, each with `path`: it was deleted or changed since it was opened.
    pub fn read(&self, first: u64, count: usize) -> Result<Vec<Arc<Event>>, Trouble> {
        if let Some(held) = self.0.held.get() {
            let skipped = usize::try_from(first).unwrap_or(usize::MAX);
            return Ok(held.iter().skip(skipped).take(count).cloned().collect());
        }
        let Some(mark) = self.marks(|marks| marks.before(|mark| mark.number <= first)) else { return Ok(Vec::new()) };
        let skipped = usize::try_from(first - mark.number).unwrap_or(usize::MAX);
        self.from(mark, |events| events.skip(skipped).take(count).map(Arc::new).collect())
    }

    /// The place of the event with that number in the session's order, if there is one. In a capture whose lines were
    /// shuffled it may not be found.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn place_of(&self, seq: u64) -> Result<Option<u64>, Trouble> {
        if let Some(held) = self.0.held.get() {
            return Ok(held.iter().position(|event| event.seq == seq).map(|place| place as u64));
        }
        let Some(mark) = self.marks(|marks| marks.before(|mark| mark.seq <= seq)) else { return Ok(None) };
        self.from(mark, |events| {
            let mut passed = (mark.number..).zip(events).take_while(|(_, event)| event.seq <= seq);
            passed.find(|(_, event)| event.seq == seq).map(|(number, _)| number)
        })
    }

    /// Reads from a mark on.
    fn from<T>(&self, mark: Mark, read: impl FnOnce(Reader<Source>) -> T) -> Result<T, Trouble> {
        let file = self.file();
        let source = match &*file {
            Some(file) => file.try_clone().and_then(|file| Source::of(file, mark.place)),
            None => Source::open_at(&now_at(&self.0.path), mark.place),
        };
        let header = self.0.header.get().cloned().unwrap_or_else(|| Header::new(0, None));
        let source = source.map_err(|error| io_trouble(&self.0.path, &error))?;
        Ok(read(Reader::resume(source, header)))
    }
}

/// Writes out the text of a compressed file, as far as it can be read: what cannot was no event the first time either.
fn spill(mut from: Source, mut to: File) -> io::Result<File> {
    let mut piece = vec![0; 64 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        to.write_all(piece.get(..read).unwrap_or_default())?;
    }
    Ok(to)
}

#[cfg(test)]
mod tests {
    use super::{EVENTS_APART, MOST_MARKS, Marks, Place};

    #[test]
    fn a_capture_of_any_length_takes_bounded_memory() {
        let mut marks = Marks::default();
        let events = 3 * MOST_MARKS as u64 * EVENTS_APART;
        for number in 0..events {
            marks.add(number + 1, Place { text: number * 100, ..Place::default() });
        }
        assert!(marks.list.len() <= MOST_MARKS);
        assert_eq!(marks.events, events);
        for number in [0, 1, EVENTS_APART, events / 2, events - 1] {
            let mark = marks.before(|mark| mark.number <= number).unwrap();
            assert!(mark.number <= number && number - mark.number <= EVENTS_APART << marks.spread, "{number} {mark:?}");
            assert_eq!(mark.place.text, mark.number * 100);
        }
    }
}
