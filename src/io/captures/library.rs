//! The captures of a folder as the window lists them: one thread lists them and does what is asked, another one looks into
//! those that are new, however long that takes.

use super::learning::{Learnt, learn};
use super::listing::Seen;
use super::{Files, about, changes, folder_trouble, io_trouble, lock};
use crate::capture::{Condition, Entry};
use crate::event::Trouble;
use crate::io::Waker;
use crate::io::worker::Worker;
use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wishes that may wait; the next one is refused, which is told.
const WISHES: usize = 64;
/// While captures are looked into, the list is shown anew at most so often.
const SHOWN_EVERY: Duration = Duration::from_millis(200);
/// How long the end waits for what was asked before.
const PATIENCE: Duration = Duration::from_secs(5);

fn files_of(path: &Path) -> Result<Files, Trouble> {
    Files::of(path).ok_or_else(|| Trouble::new("capture-foreign").with("path", path.display()))
}

/// Names a capture; `None` takes the name away. Its file is called as before.
///
/// # Errors
/// `capture-foreign`: the file is not called like one; `captures-untended`, `capture-notes-strange`, each with `path` and
/// `detail`.
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
    changes::note();
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

/// What the keeper hears.
enum Job {
    Wish(Wish),
    /// The learner has looked into a capture, or could not.
    Learnt(Files, Result<Learnt, Trouble>),
    Over,
}

/// The captures of a folder, looked after by threads of their own. Dropping it ends that, once what was asked is done.
pub struct Library {
    jobs: SyncSender<Job>,
    stop: Arc<AtomicBool>,
    shared: Arc<Mutex<Listing>>,
    /// How many changes there were when it was listed last.
    listed: Arc<AtomicU64>,
    keeper: Worker,
}

impl Library {
    /// Begins to list a folder. `waker` is called whenever the listing has changed.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn open(folder: &Path, waker: Waker) -> Result<Self, Trouble> {
        let (jobs, queue) = sync_channel(WISHES);
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, listed) = (Arc::new(Mutex::default()), Arc::new(AtomicU64::new(changes::count())));
        let (lessons, to_learn) = sync_channel(1);
        let (teller, stopped) = (jobs.clone(), Arc::clone(&stop));
        Worker::start("captures", move || learner(&to_learn, &teller, &stopped))?;
        let keeper = Keeper {
            folder: folder.to_owned(),
            stop: Arc::clone(&stop),
            shared: Arc::clone(&shared),
            listed: Arc::clone(&listed),
            waker,
            lessons,
            busy: false,
            seen: Seen::default(),
            unread: VecDeque::new(),
            given_up: BTreeSet::new(),
        };
        let keeper = Worker::start("captures", move || keeper.run(&queue))?;
        let library = Self { jobs, stop, shared, listed, keeper };
        library.ask(Wish::List);
        Ok(library)
    }

    /// Has something done, soon; never waits. When too much is waiting already, that is told in the listing.
    pub fn ask(&self, wish: Wish) {
        let asks_nothing_new = wish == Wish::List;
        if let Err(TrySendError::Full(_)) = self.jobs.try_send(Job::Wish(wish))
            && !asks_nothing_new
        {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.troubles.push(Trouble::new("captures-busy").with("n", WISHES));
        }
    }

    /// The captures as they were listed last, the latest first.
    #[must_use]
    pub fn entries(&self) -> Arc<Vec<Entry>> {
        Arc::clone(&self.shared.lock().unwrap_or_else(PoisonError::into_inner).entries)
    }

    /// What is on the shelf, and what could not be done since this was asked last. What this program changed meanwhile is
    /// looked at again.
    #[must_use]
    pub fn listing(&self) -> Listing {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        // What the learner changes is looked at as it comes.
        let changed = !shared.reading && self.listed.load(Ordering::Relaxed) != changes::count();
        let troubles = std::mem::take(&mut shared.troubles);
        let listing = Listing { troubles, ..shared.clone() };
        drop(shared);
        if changed {
            self.listed.store(changes::count(), Ordering::Relaxed);
            self.ask(Wish::List);
        }
        listing
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.jobs.try_send(Job::Over);
        self.keeper.wait(PATIENCE);
    }
}

/// Looks into one capture after the other.
fn learner(to_learn: &Receiver<Files>, teller: &SyncSender<Job>, stop: &AtomicBool) {
    while let Ok(files) = to_learn.recv() {
        let learnt = learn(&files, stop);
        if teller.send(Job::Learnt(files, learnt)).is_err() {
            break;
        }
    }
}

struct Keeper {
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    shared: Arc<Mutex<Listing>>,
    listed: Arc<AtomicU64>,
    waker: Waker,
    lessons: SyncSender<Files>,
    /// Whether the learner has something to do.
    busy: bool,
    seen: Seen,
    /// Captures that are to be looked into, the latest first.
    unread: VecDeque<Files>,
    /// Captures that could not be read, so that they are not tried over and over.
    given_up: BTreeSet<Files>,
}

impl Keeper {
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn run(mut self, queue: &Receiver<Job>) {
        let (mut stale, mut shown) = (false, Instant::now());
        loop {
            let first = if stale { queue.recv_timeout(SHOWN_EVERY) } else { queue.recv().map_err(Into::into) };
            let jobs = match first {
                Ok(first) => std::iter::once(first).chain(queue.try_iter().take(WISHES)).collect(),
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let asked = jobs.iter().any(|job| matches!(job, Job::Wish(_)));
            for job in jobs {
                self.take(job);
            }
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            self.teach();
            stale = true;
            if asked || !self.busy || shown.elapsed() >= SHOWN_EVERY {
                self.show();
                (stale, shown) = (false, Instant::now());
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Over => {}
            Job::Wish(Wish::List) => self.list(),
            Job::Wish(Wish::Title(path, title)) => self.change(&path, |path| set_title(path, title.as_deref())),
            Job::Wish(Wish::Star(path, star)) => self.change(&path, |path| set_star(path, star)),
            Job::Wish(Wish::Delete(path)) => self.change(&path, delete),
            Job::Learnt(files, learnt) => {
                self.busy = false;
                self.look_at(&files);
                if learnt.is_err() {
                    self.given_up.insert(files);
                }
            }
        }
    }

    fn list(&mut self) {
        self.listed.store(changes::count(), Ordering::Relaxed);
        if let Err(trouble) = self.seen.look(&self.folder) {
            self.tell(trouble);
            return;
        }
        let entries = self.seen.entries();
        let unread = entries.iter().filter(|entry| entry.condition == Condition::Unread && entry.strange.is_none());
        let unread = unread.filter_map(|entry| Files::of(&entry.path)).filter(|files| !self.given_up.contains(files));
        self.unread = unread.collect();
    }

    fn change(&mut self, path: &Path, change: impl FnOnce(&Path) -> Result<(), Trouble>) {
        if let Err(trouble) = change(path) {
            self.tell(trouble);
        }
        if let Some(files) = Files::of(path) {
            self.look_at(&files);
        }
    }

    fn look_at(&mut self, files: &Files) {
        self.seen.forget(files);
        self.seen.look_at(files.clone());
    }

    /// Gives the learner something to do.
    fn teach(&mut self) {
        while !self.busy
            && let Some(files) = self.unread.pop_front()
        {
            self.busy = self.lessons.try_send(files).is_ok();
        }
    }

    fn tell(&self, trouble: Trouble) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).troubles.push(trouble);
    }

    /// Shows what is there.
    fn show(&self) {
        let entries = Arc::new(self.seen.entries());
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        (shared.entries, shared.reading) = (entries, self.busy);
        drop(shared);
        (self.waker)();
    }
}
