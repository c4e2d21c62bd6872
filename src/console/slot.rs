//! A page's place in its log: in memory, on the shelf, or gone.

use super::page::{Mark, Page};
use super::shelf::Shelf;
use crate::event::Micros;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// A page of the log, wherever it is. What stands here is all that memory holds of a page on the shelf.
#[derive(Debug)]
pub struct Slot {
    /// The number of its first line.
    pub first: u64,
    /// How many lines.
    pub lines: u32,
    /// Their bytes.
    pub bytes: u32,
    /// When the first began.
    pub began: Micros,
    /// Whether the shelf has only the bytes, as a file has; the lines are then looked for in them.
    bare: bool,
    place: Mutex<Place>,
}

#[derive(Debug)]
enum Place {
    Memory(Arc<Page>),
    Shelf(u64),
    Gone,
}

/// A page's bytes with its lines.
pub struct Read<'a> {
    /// The lines' bytes.
    pub bytes: &'a [u8],
    /// The lines; none of a file's page, whose bytes tell them.
    pub marks: Option<&'a [Mark]>,
}

/// Room for reading pages, used again and again.
#[derive(Default)]
pub struct Room {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
    page: Option<Arc<Page>>,
}

impl Slot {
    /// A page in memory.
    pub fn in_memory(page: Page) -> Self {
        Self {
            first: page.first,
            lines: u32::try_from(page.len()).unwrap_or(u32::MAX),
            bytes: u32::try_from(page.bytes.len()).unwrap_or(u32::MAX),
            began: page.began,
            bare: false,
            place: Mutex::new(Place::Memory(Arc::new(page))),
        }
    }

    /// A piece of a file, which has only bytes.
    pub const fn in_file(first: u64, lines: u32, bytes: u32, at: u64) -> Self {
        Self { first, lines, bytes, began: Micros(0), bare: true, place: Mutex::new(Place::Shelf(at)) }
    }

    /// The number behind its last line.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.lines)
    }

    /// The page, if it is in memory.
    pub fn page(&self) -> Option<Arc<Page>> {
        match &*self.place() {
            Place::Memory(page) => Some(Arc::clone(page)),
            _ => None,
        }
    }

    /// Whether the shelf has given it up.
    pub fn is_gone(&self, oldest: u64) -> bool {
        match *self.place() {
            Place::Memory(_) => false,
            Place::Shelf(at) => at < oldest,
            Place::Gone => true,
        }
    }

    /// Whether it is out of memory.
    pub fn is_shelved(&self) -> bool {
        !matches!(*self.place(), Place::Memory(_))
    }

    /// Whether it can be asked of the shelf.
    pub fn is_on_shelf(&self) -> bool {
        matches!(*self.place(), Place::Shelf(_))
    }

    /// Whether it is nowhere any more.
    pub fn is_lost(&self) -> bool {
        matches!(*self.place(), Place::Gone)
    }

    /// Lets the page go: there is no room for it.
    pub fn give_up(&self) {
        *self.place() = Place::Gone;
    }

    /// Puts the page on the shelf.
    ///
    /// # Errors
    /// The system's; the page stays in memory.
    pub fn shelve(&self, disk: &dyn Shelf) -> std::io::Result<()> {
        if let Some(page) = self.page() {
            let at = disk.put(&page.shelved())?;
            *self.place() = Place::Shelf(at);
        }
        Ok(())
    }

    /// The page, read from the shelf if need be.
    pub fn load(&self, disk: Option<&dyn Shelf>) -> Option<Arc<Page>> {
        if let Some(page) = self.page() {
            return Some(page);
        }
        let mut room = Room::default();
        self.read(disk, &mut room)?;
        let marks = if self.bare { Page::marks_of(&room.bytes) } else { room.marks };
        Some(Arc::new(Page { first: self.first, began: self.began, bytes: room.bytes, marks }))
    }

    /// The page's bytes, read into `room` if need be.
    pub fn read<'a>(&self, disk: Option<&dyn Shelf>, room: &'a mut Room) -> Option<Read<'a>> {
        if let Some(page) = self.page() {
            let page = room.page.insert(page);
            return Some(Read { bytes: &page.bytes, marks: Some(&page.marks) });
        }
        let Place::Shelf(at) = *self.place() else { return None };
        let (bytes, lines) = (self.bytes as usize, self.lines as usize);
        room.bytes.resize(if self.bare { bytes } else { Page::shelved_len(bytes, lines) }, 0);
        if disk?.read(at, &mut room.bytes).is_err() {
            *self.place() = Place::Gone;
            return None;
        }
        if self.bare {
            return Some(Read { bytes: &room.bytes, marks: None });
        }
        room.marks = Page::unshelve(&mut room.bytes, lines);
        Some(Read { bytes: &room.bytes, marks: Some(&room.marks) })
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
