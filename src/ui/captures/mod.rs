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
use super::words::{self, Language};
use crate::capture::{Entry, Limits};
use crate::event::{Event, Fact, Micros, Trouble};
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

/// What the window knows of the session that is being recorded; its file is not read meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// How long it has been going on.
    pub length: Micros,
    /// Who takes part: `PRODUCT/DEVICE`.
    pub devices: Vec<String>,
}

/// What the list was worked out for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    search: String,
    show_idle: bool,
    /// Rows are searched as they are drawn.
    language: Language,
    devices: Vec<String>,
}

/// The entries that fit what is looked for, worked out again only when either changed.
#[derive(Debug, Default)]
struct Found {
    wanted: Option<Wanted>,
    of: Option<Arc<Vec<Entry>>>,
    places: Vec<usize>,
    /// Sessions in which nothing happened.
    idle: u64,
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
    /// The session that is being recorded.
    pub running: Running,
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
    /// The limits while they are typed: gigabytes and days.
    limits: [Option<String>; 2],
    /// Whether sessions in which nothing happened are listed, too.
    show_idle: bool,
    found: Found,
}

/// Troubles that are told at the same time.
const MOST_TROUBLES: usize = 4;

impl CapturesState {
    /// Takes in what is in the folder now.
    pub fn take(&mut self, mut fresh: Shelf, utc_offset_secs: i32) {
        let room = MOST_TROUBLES.saturating_sub(self.troubles.len());
        self.troubles.extend(std::mem::take(&mut fresh.troubles).into_iter().take(room));
        self.shelf = fresh;
        let same = self.found.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, &self.shelf.entries));
        let (search, devices) = (self.search.clone(), self.running.devices.clone());
        let wanted = Wanted { search, show_idle: self.show_idle, language: words::spoken(), devices };
        if same && self.found.wanted.as_ref() == Some(&wanted) {
            return;
        }
        let fits = |entry: &Entry| {
            let drawn = || row::spoken(&row::view(entry, self.running_of(entry), utc_offset_secs));
            (self.show_idle || !entry.is_idle()) && (self.search.is_empty() || entry.fits(&self.search, &drawn()))
        };
        let entries = &self.shelf.entries;
        let places = entries.iter().enumerate().filter_map(|(place, entry)| fits(entry).then_some(place)).collect();
        let idle = entries.iter().filter(|entry| entry.is_idle()).count() as u64;
        self.found = Found { wanted: Some(wanted), of: Some(Arc::clone(entries)), places, idle };
        self.settle();
    }

    /// Takes in what happened on the bench: who sets a limit is told here what it cost.
    pub fn hear(&mut self, events: &[Arc<Event>]) {
        for event in events {
            if let Fact::TroubleMet { trouble } = &event.fact
                && trouble.code.starts_with("captures-")
            {
                self.troubles.retain(|told| told.code != trouble.code);
                self.troubles.push(trouble.clone());
            }
        }
    }

    /// What is known of a capture that is being recorded in this window; nothing of the others.
    fn running_of(&self, entry: &Entry) -> Option<&Running> {
        (self.shelf.recording.as_ref() == Some(&entry.path)).then_some(&self.running)
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
