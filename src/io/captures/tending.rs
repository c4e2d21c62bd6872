//! What is done about the captures' folder at a start, in the background: what a kill left is finished, what is past the
//! limits goes, and what nobody has looked into is looked into.

use super::compress::{compress, holds_the_same};
use super::library::{learn, now_unix_ms};
use super::{Files, Lock, about, delete, folder_trouble, list};
use crate::capture::{Condition, Found, Limits};
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A capture larger than this is not compressed while somebody waits for the bench to close, but at the next start, in bytes.
const AT_ONCE: u64 = 128 << 20;
/// How old a half-made file is before it goes: nobody works that long on one.
const ABANDONED: Duration = Duration::from_hours(24);

/// The folder being put in order. Dropping it stops that; what is left is done at the next start.
pub struct Tending {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tending {
    /// Begins. Trouble is told to the session.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn start(folder: PathBuf, limits: Limits, inbox: Inbox) -> Result<Self, Trouble> {
        let stop = Arc::new(AtomicBool::new(false));
        let raised = Arc::clone(&stop);
        let work = move || {
            for trouble in tend(&folder, limits, now_unix_ms(), &raised) {
                let _ = inbox.fact(Fact::TroubleMet { trouble });
            }
        };
        let thread = std::thread::Builder::new().name("captures".into()).spawn(work);
        let thread = thread.map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Puts a folder in order. What cannot be done is said, of each kind once, and the rest is done.
pub fn tend(folder: &Path, limits: Limits, now_unix_ms: u64, stop: &AtomicBool) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let stopped = || stop.load(Ordering::Relaxed);
    for path in fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())) {
        if stopped() {
            return troubles;
        }
        if let Some(files) = Files::of_lock(&path) {
            troubles.extend(finish(&files, stop).err());
        } else if path.extension().is_some_and(|extension| extension == "part") && is_abandoned(&path) {
            let _ = fs::remove_file(&path);
        }
    }
    let entries = list(folder).unwrap_or_default();
    for entry in limits.past(&entries, now_unix_ms) {
        // Looked at once more: somebody may have starred it this very moment.
        let files = Files::of(&entry.path).filter(|_| !stopped());
        let about = files.as_ref().map(about::load).unwrap_or_default();
        if files.is_some() && !about.star && about.title.is_none() {
            troubles.extend(delete(&entry.path).err());
        }
    }
    for entry in list(folder).unwrap_or_default().iter().filter(|entry| entry.condition == Condition::Unread) {
        if stopped() {
            break;
        }
        troubles.extend(learn(&entry.path, stop).err());
    }
    // A folder that cannot be written is one trouble, not one for every capture in it.
    troubles.dedup_by(|one, other| one.code == other.code);
    troubles
}

fn is_abandoned(path: &Path) -> bool {
    let modified = path.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > ABANDONED))
}

/// Finishes what somebody who is gone has left to be done.
fn finish(files: &Files, stop: &AtomicBool) -> Result<(), Trouble> {
    let trouble = |error: io::Error| folder_trouble(&files.plain(), &error);
    // Held by who writes it or is finishing it; where there are no locks, nobody can tell.
    let Ok(Some(lock)) = Lock::take(&files.lock()) else { return Ok(()) };
    let (plain, compressed) = (files.plain(), files.compressed());
    if plain.exists() && compressed.exists() && holds_the_same(&compressed, &plain).map_err(trouble)? {
        fs::remove_file(&plain).map_err(trouble)?;
    } else if plain.exists() && !compressed.exists() {
        match compress(&plain, &compressed, stop) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            done => done.map_err(trouble)?,
        }
    }
    lock.finish();
    Ok(())
}

/// Closes a capture that is written to its end: it is compressed, and what is in it is written down beside it. A large one is
/// left to the next start.
pub fn close(files: &Files, lock: Option<Lock>, found: Option<Found>) {
    let (plain, compressed) = (files.plain(), files.compressed());
    let size = plain.metadata().map_or(0, |metadata| metadata.len());
    let is_small = size <= AT_ONCE && compress(&plain, &compressed, &AtomicBool::new(false)).is_ok();
    if let (Some(mut found), Ok(metadata)) = (found, files.capture().metadata()) {
        found.file_bytes = metadata.len();
        // Found out again at the next start where that fails.
        let _ = about::change(files, |about| about.found = Some(found));
    }
    if let Some(lock) = lock.filter(|_| is_small) {
        lock.finish();
    }
}
