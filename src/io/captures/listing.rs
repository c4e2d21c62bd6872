//! What is in a folder of captures: every file is looked into once, and again only when it changed.

use super::about::{self, Notes};
use super::{Files, Recording, folder_trouble, lock};
use crate::capture::{Condition, Entry};
use crate::event::Trouble;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// All captures of a folder, the latest first. What is in those that nobody has looked into is not known yet.
///
/// # Errors
/// `captures-untended` with `path` and `detail`. A folder that is not there yet has no captures.
pub fn list(folder: &Path) -> Result<Vec<Entry>, Trouble> {
    let mut seen = Seen::default();
    seen.look(folder)?;
    Ok(seen.entries())
}

/// The size of a file and when it was written: in one with the same there is the same.
type Stamp = (u64, Option<SystemTime>);

/// A capture as it was seen last.
struct Sight {
    path: PathBuf,
    capture: Stamp,
    about: Option<Stamp>,
    entry: Entry,
    /// How things are with it while nobody writes it.
    at_rest: Condition,
}

/// The captures of a folder as they were seen last.
#[derive(Default)]
pub struct Seen(BTreeMap<Files, Sight>);

impl Seen {
    /// Looks again what is there.
    ///
    /// # Errors
    /// As [`list`].
    pub fn look(&mut self, folder: &Path) -> Result<(), Trouble> {
        let read = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.0.clear();
                return Ok(());
            }
            read => read.map_err(|error| folder_trouble(folder, &error))?,
        };
        // Plain and compressed may both be there for an instant.
        let there: BTreeSet<_> = read.filter_map(|entry| Files::of(&entry.ok()?.path())).collect();
        self.0.retain(|files, _| there.contains(files));
        for files in there {
            self.look_at(files);
        }
        Ok(())
    }

    /// Looks again at one capture; it is no longer seen when it is gone.
    pub fn look_at(&mut self, files: Files) {
        let path = files.capture();
        let Ok(metadata) = path.metadata() else {
            self.0.remove(&files);
            return;
        };
        let (capture, about) = (stamp(&metadata), files.about().metadata().ok().as_ref().map(stamp));
        let known = self
            .0
            .remove(&files)
            .filter(|sight| sight.path == path && sight.capture == capture && sight.about == about);
        let mut sight = known.unwrap_or_else(|| sight(&files, path, &metadata, about));
        // Whoever writes has written the first line before anything else; a moment ago it may not have.
        let held = lock::is_held(&files.lock());
        sight.entry.condition = if held { Condition::Writing } else { sight.at_rest.clone() };
        self.0.insert(files, sight);
    }

    /// What this program changed itself is looked into again, whatever its size and time.
    pub fn forget(&mut self, files: &Files) {
        self.0.remove(files);
    }

    /// The captures, the latest first.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<_> = self.0.values().map(|sight| sight.entry.clone()).collect();
        entries.sort_by(|one, other| (other.started_unix_ms, &other.name).cmp(&(one.started_unix_ms, &one.name)));
        entries
    }
}

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.modified().ok())
}

fn sight(files: &Files, path: PathBuf, metadata: &Metadata, about_stamp: Option<Stamp>) -> Sight {
    let capture = stamp(metadata);
    let written = capture.1.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let written_unix_ms = u64::try_from(written.as_millis()).unwrap_or_default();
    let Notes { mut about, strange } = about::load(files);
    about.found.take_if(|found| found.file_bytes != metadata.len());
    let mut started_unix_ms = about.found.as_ref().map_or(written_unix_ms, |found| found.header.started_unix_ms);
    let at_rest = if about.found.is_some() {
        Condition::Known
    } else {
        match Recording::open(&path) {
            Ok(recording) => {
                started_unix_ms = recording.header().started_unix_ms;
                Condition::Unread
            }
            Err(trouble) => Condition::Unreadable(trouble),
        }
    };
    let entry = Entry {
        path: path.clone(),
        name: files.name().to_owned(),
        bytes: metadata.len(),
        started_unix_ms,
        written_unix_ms,
        condition: at_rest.clone(),
        about,
        strange,
    };
    Sight { path, capture, about: about_stamp, entry, at_rest }
}
