//! The Captures screen: the sessions that were recorded, found again, named, starred, opened and cleared away.

mod ask;
mod chosen;
mod draw;
mod row;

pub use draw::captures_ui;
pub use row::{RowView, VerdictView, verdict_words};

use super::compare_dialog::Named;
use super::handing::Errand;
use super::replaying::ReplayOf;
use super::rows::Scroll;
use crate::capture::{Entry, Limits};
use crate::event::Trouble;
use crate::replay::Filter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One thing that was asked of the list of captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Show the list, or no longer.
    Show(bool),
    /// Look again what is in the folder.
    Look,
    /// Look at a capture.
    Open(PathBuf),
    /// Open the system's dialog for a capture from elsewhere.
    Pick,
    /// Give it this name, or take its name away.
    Title(PathBuf, Option<String>),
    /// Star it, or take its star away.
    Star(PathBuf, bool),
    /// Delete it.
    Delete(PathBuf),
    /// Send its messages again: read them, and ask which and where to.
    Replay(ReplayOf),
    /// Hand it on, under this name: ask as what, with this filter to begin with.
    Export(PathBuf, String, Filter),
    /// Compare these two.
    Compare(Named, Named),
    /// Do this with captures' files.
    Errand(Errand),
    /// Keep so much of those that nobody named or starred.
    Limit(Limits),
}

/// The captures there are, as the roof knows them.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// The latest first.
    pub entries: Arc<Vec<Entry>>,
    /// Whether some are still being looked into.
    pub reading: bool,
    /// The one that is being recorded in this window.
    pub recording: Option<PathBuf>,
    /// Where they are.
    pub folder: PathBuf,
    /// What could not be done since it was asked last.
    pub troubles: Vec<Trouble>,
}

/// The entries that fit what is looked for, worked out again only when either changed.
#[derive(Debug, Default)]
struct Found {
    search: String,
    of: Option<Arc<Vec<Entry>>>,
    places: Vec<usize>,
}

/// What the screen remembers.
#[derive(Debug, Default)]
pub struct CapturesState {
    /// Whether it is shown.
    pub open: bool,
    /// Whether a dialog stands over it: then Escape closes that.
    pub covered: bool,
    /// What is there.
    pub shelf: Shelf,
    /// What is looked for.
    pub search: String,
    /// Where the list stands.
    pub scroll: Scroll,
    /// What went wrong, until it is put away.
    pub troubles: Vec<Trouble>,
    /// The capture that is chosen: it stays chosen while the list changes around it.
    chosen: Option<PathBuf>,
    /// The capture that another is to be compared with.
    compared: Option<Named>,
    /// The capture that is being named, with what was typed.
    naming: Option<(PathBuf, String)>,
    /// The capture that is to be deleted, if that is meant.
    deleting: Option<PathBuf>,
    /// The limits as typed: gigabytes and days.
    limits: Option<(String, String)>,
    found: Found,
}

/// Troubles that are told at the same time.
const MOST_TROUBLES: usize = 4;

impl CapturesState {
    /// Takes in what is in the folder now.
    pub fn take(&mut self, mut fresh: Shelf) {
        let room = MOST_TROUBLES.saturating_sub(self.troubles.len());
        self.troubles.extend(std::mem::take(&mut fresh.troubles).into_iter().take(room));
        self.shelf = fresh;
        let same = self.found.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &self.shelf.entries));
        if same && self.found.search == self.search {
            return;
        }
        let fits = |(place, entry): (usize, &Entry)| entry.fits(&self.search).then_some(place);
        let places: Vec<usize> = self.shelf.entries.iter().enumerate().filter_map(fits).collect();
        let of = Some(Arc::clone(&self.shelf.entries));
        self.found = Found { search: self.search.clone(), of, places };
        self.settle();
    }

    /// The chosen capture keeps its row wherever it went; one that is gone gives its row to the next.
    fn settle(&mut self) {
        let place = self.chosen.as_deref().and_then(|path| self.place_of(path));
        let last = (self.found.places.len() as u64).checked_sub(1);
        let row = place.or_else(|| Some(self.scroll.cursor?.min(last?)));
        (self.scroll.cursor, self.scroll.anchor) = (row, row);
        self.chosen = row.and_then(|row| self.entry(row)).map(|entry| entry.path.clone());
    }

    fn place_of(&self, path: &Path) -> Option<u64> {
        let place = self.found.places.iter().position(|place| self.shelf.entries[*place].path == path)?;
        Some(place as u64)
    }

    /// The capture in a row.
    fn entry(&self, row: u64) -> Option<&Entry> {
        let place = *self.found.places.get(usize::try_from(row).ok()?)?;
        self.shelf.entries.get(place)
    }

    /// The chosen capture.
    fn chosen(&self) -> Option<&Entry> {
        self.entry(self.scroll.cursor?)
    }

    fn choose(&mut self) {
        self.chosen = self.chosen().map(|entry| entry.path.clone());
    }
}
