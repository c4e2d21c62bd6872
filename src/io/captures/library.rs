//! The captures of a folder as the window lists them: everything about them is done on a thread of their own.

use super::{Files, Recording, about, found_in, lock};
use super::{folder_trouble, io_trouble};
use crate::capture::{Condition, Entry};
use crate::event::Trouble;
use crate::io::Waker;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

/// Wishes that may wait.
const WISHES: usize = 64;

/// All captures of a folder, the latest first. What is in those that nobody has looked into is not known yet.
///
/// # Errors
/// `captures-untended` with `path` and `detail`. A folder that is not there yet has no captures.
pub fn list(folder: &Path) -> Result<Vec<Entry>, Trouble> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|error| folder_trouble(folder, &error))?,
    };
    // Plain and compressed may both be there for an instant.
    let files: BTreeSet<_> = read.filter_map(|entry| Files::of(&entry.ok()?.path())).collect();
    let mut entries: Vec<_> = files.iter().filter_map(entry).collect();
    entries.sort_by(|one, other| (other.started_unix_ms, &other.name).cmp(&(one.started_unix_ms, &one.name)));
    Ok(entries)
}

/// A capture in the list; nothing when it is gone meanwhile.
fn entry(files: &Files) -> Option<Entry> {
    let path = files.capture();
    let metadata = path.metadata().ok()?;
    let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let written_unix_ms = u64::try_from(written.as_millis()).unwrap_or_default();
    let mut about = about::load(files);
    about.found.take_if(|found| found.file_bytes != metadata.len());
    let mut started_unix_ms = about.found.as_ref().map_or(written_unix_ms, |found| found.header.started_unix_ms);
    let condition = if about.found.is_some() {
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
    // Whoever writes has written the first line before anything else; a moment ago it may not have.
    let condition = if lock::is_held(&files.lock()) { Condition::Writing } else { condition };
    let (name, bytes) = (files.name().to_owned(), metadata.len());
    Some(Entry { path, name, bytes, started_unix_ms, written_unix_ms, condition, about })
}

fn files_of(path: &Path) -> Result<Files, Trouble> {
    Files::of(path).ok_or_else(|| Trouble::new("capture-foreign").with("path", path.display()))
}

/// Names a capture; `None` takes the name away. Its file is called as before.
///
/// # Errors
/// `capture-foreign`: the file is not called like one; `captures-untended` with `path` and `detail`.
pub fn set_title(path: &Path, title: Option<&str>) -> Result<(), Trouble> {
    let title = title.map(str::trim).filter(|title| !title.is_empty()).map(str::to_owned);
    about::change(&files_of(path)?, |about| about.title = title)
}

/// Stars a capture, or takes its star away.
///
/// # Errors
/// As [`set_title`].
pub fn set_star(path: &Path, star: bool) -> Result<(), Trouble> {
    about::change(&files_of(path)?, |about| about.star = star)
}

/// Deletes a capture and all that belongs to it.
///
/// # Errors
/// `capture-being-written`, `recording-not-found`, `capture-unreadable`, `captures-untended`, each with `path`; `capture-foreign`.
pub fn delete(path: &Path) -> Result<(), Trouble> {
    let files = files_of(path)?;
    if lock::is_held(&files.lock()) {
        return Err(Trouble::new("capture-being-written").with("path", path.display()));
    }
    let gone = [files.plain(), files.compressed()].map(fs::remove_file);
    let failed = gone.iter().filter_map(|gone| gone.as_ref().err());
    if let Some(error) = failed.clone().find(|error| error.kind() != ErrorKind::NotFound) {
        return Err(folder_trouble(path, error));
    }
    // What is known of it goes last: a name without a capture is nothing.
    let _ = fs::remove_file(files.about());
    let _ = fs::remove_file(files.lock());
    if failed.count() == gone.len() { Err(io_trouble(path, &ErrorKind::NotFound.into())) } else { Ok(()) }
}

/// Something to be done with the captures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Look again what is there.
    List,
    /// Give a capture this name, or take it away.
    Title(PathBuf, Option<String>),
    /// Star a capture, or take its star away.
    Star(PathBuf, bool),
    /// Delete a capture.
    Delete(PathBuf),
}

/// What is on the shelf.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The captures, the latest first.
    pub entries: Arc<Vec<Entry>>,
    /// What could not be done since the listing was taken last.
    pub troubles: Vec<Trouble>,
    /// Whether there are captures that are still to be looked into.
    pub reading: bool,
}

/// The captures of a folder, looked after by a thread of their own. Dropping it ends that.
pub struct Library {
    wishes: Option<SyncSender<Wish>>,
    stop: Arc<AtomicBool>,
    shared: Arc<Mutex<Listing>>,
    thread: Option<JoinHandle<()>>,
}

impl Library {
    /// Begins to list a folder. `waker` is called whenever the listing has changed.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn open(folder: &Path, waker: Waker) -> Result<Self, Trouble> {
        let (wishes, queue) = sync_channel(WISHES);
        let (stop, shared) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::default()));
        let keeper = Keeper { folder: folder.to_owned(), stop: Arc::clone(&stop), shared: Arc::clone(&shared), waker };
        let thread = std::thread::Builder::new()
            .name("captures".into())
            .spawn(move || keeper.run(&queue))
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        let library = Self { wishes: Some(wishes), stop, shared, thread: Some(thread) };
        // The first one is always taken.
        let _ = library.ask(Wish::List);
        Ok(library)
    }

    /// Has something done, soon; never waits. False when so much is waiting already that this one is not taken.
    #[must_use]
    pub fn ask(&self, wish: Wish) -> bool {
        self.wishes.as_ref().is_some_and(|wishes| wishes.try_send(wish).is_ok())
    }

    /// What is on the shelf, and what could not be done since this was asked last.
    #[must_use]
    pub fn listing(&self) -> Listing {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let troubles = std::mem::take(&mut shared.troubles);
        Listing { troubles, ..shared.clone() }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.wishes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Keeper {
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    shared: Arc<Mutex<Listing>>,
    waker: Waker,
}

impl Keeper {
    fn run(self, queue: &Receiver<Wish>) {
        // Captures that could not be read, so that they are not tried over and over.
        let mut given_up = BTreeSet::new();
        while let Ok(wish) = queue.recv() {
            self.grant(wish);
            // One after the other, and wishes go first.
            while let Some(unread) = self.publish(&given_up) {
                while let Ok(wish) = queue.try_recv() {
                    self.grant(wish);
                }
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                if learn(&unread, &self.stop).is_err() {
                    given_up.insert(unread);
                }
            }
        }
    }

    fn grant(&self, wish: Wish) {
        let done = match wish {
            Wish::List => Ok(()),
            Wish::Title(path, title) => set_title(&path, title.as_deref()),
            Wish::Star(path, star) => set_star(&path, star),
            Wish::Delete(path) => delete(&path),
        };
        if let Err(trouble) = done {
            self.change(|listing| listing.troubles.push(trouble));
        }
    }

    /// Shows what is there, and returns the next capture to be looked into.
    fn publish(&self, given_up: &BTreeSet<PathBuf>) -> Option<PathBuf> {
        let listed = list(&self.folder);
        let is_unread = |entry: &&Entry| entry.condition == Condition::Unread && !given_up.contains(&entry.path);
        let unread = listed.as_ref().ok().and_then(|entries| Some(entries.iter().find(is_unread)?.path.clone()));
        self.change(|listing| match listed {
            Ok(entries) => (listing.entries, listing.reading) = (Arc::new(entries), unread.is_some()),
            Err(trouble) => listing.troubles.push(trouble),
        });
        (self.waker)();
        unread
    }

    fn change(&self, change: impl FnOnce(&mut Listing)) {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Looks into a capture and writes down what is in it.
///
/// # Errors
/// It cannot be read, or that cannot be written.
pub fn learn(path: &Path, stop: &AtomicBool) -> Result<(), Trouble> {
    let files = files_of(path)?;
    let Some(found) = found_in(path, stop)? else { return Ok(()) };
    about::change(&files, |about| about.found = Some(found))
}

/// The wall clock, milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
pub fn now_unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}
