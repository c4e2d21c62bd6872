//! What is done about the captures' folder in the background, at a start, every hour, and when the limits change: what a
//! kill left is finished, what is past the limits goes, and what nobody has looked into is looked into.

use super::about::{self, Notes};
use super::compress::{compress, holds_the_same};
use super::learning::learn;
use super::{Files, Lock, changes, delete, folder_trouble, list};
use crate::capture::{Condition, Entry, Found, Limits};
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use crate::io::worker::Worker;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A capture larger than this is not compressed while somebody waits for the bench to close, but at the next start, in bytes.
const AT_ONCE: u64 = 128 << 20;
/// How old a half-made file is before it goes: nobody works that long on one.
const ABANDONED: Duration = Duration::from_hours(24);
/// A session may go on for weeks, and fill a disk meanwhile.
const AGAIN: Duration = Duration::from_hours(1);
/// How long its end is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The folder being kept in order. Dropping it stops that; what is left is done at the next start.
pub struct Tending {
    wanted: Arc<Wanted>,
    worker: Worker,
}

/// What the worker is to do next.
struct Wanted {
    next: Mutex<Next>,
    news: Condvar,
    /// The round that goes on is broken off: there is something new.
    stop: AtomicBool,
}

struct Next {
    limits: Limits,
    /// Whether they are new.
    fresh: bool,
    over: bool,
}

impl Tending {
    /// Begins. Trouble is told to the session, and what was cleared away.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn start(folder: PathBuf, limits: Limits, inbox: Inbox) -> Result<Self, Trouble> {
        let next = Mutex::new(Next { limits, fresh: true, over: false });
        let wanted = Arc::new(Wanted { next, news: Condvar::new(), stop: AtomicBool::new(false) });
        let asked = Arc::clone(&wanted);
        let work = move || {
            let mut told = Vec::new();
            while let Some(limits) = asked.wait() {
                let tended = tend(&folder, limits, now_unix_ms(), &asked.stop);
                let troubles: Vec<_> = tended.cleared().into_iter().chain(tended.troubles).collect();
                // What is wrong every hour is said once.
                for trouble in troubles.iter().filter(|trouble| !told.contains(*trouble)).cloned() {
                    let _ = inbox.fact(Fact::TroubleMet { trouble });
                }
                told = troubles;
            }
        };
        Ok(Self { wanted, worker: Worker::start("captures", work)? })
    }

    /// From now on so much is kept.
    pub fn limit(&self, limits: Limits) {
        self.wanted.change(|next| (next.limits, next.fresh) = (limits, true));
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        self.wanted.change(|next| next.over = true);
        self.worker.wait(PATIENCE);
    }
}

impl Wanted {
    fn change(&self, change: impl FnOnce(&mut Next)) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut next);
        self.stop.store(true, Ordering::Relaxed);
        drop(next);
        self.news.notify_all();
    }

    /// Waits for the next time; the limits to go by, and nothing at the end.
    fn wait(&self) -> Option<Limits> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.news.wait_timeout_while(next, AGAIN, |next| !next.fresh && !next.over);
        let mut next = waited.unwrap_or_else(PoisonError::into_inner).0;
        next.fresh = false;
        if next.over {
            return None;
        }
        self.stop.store(false, Ordering::Relaxed);
        Some(next.limits)
    }
}

/// What came of putting a folder in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// What could not be done, of each kind once.
    pub troubles: Vec<Trouble>,
    /// How many captures were cleared away in which something had happened.
    pub captures: u64,
    /// Their bytes on disk.
    pub bytes: u64,
}

impl Tended {
    /// That captures were cleared away is told: they were somebody's.
    fn cleared(&self) -> Option<Trouble> {
        let told = || Trouble::new("captures-cleared").with("n", self.captures).with("size", size(self.bytes));
        (self.captures > 0).then(told)
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn size(bytes: u64) -> String {
    let megabytes = bytes as f64 / f64::from(1 << 20);
    if megabytes < 1_024.0 { format!("{megabytes:.2} MB") } else { format!("{:.2} GB", megabytes / 1_024.0) }
}

/// Puts a folder in order. What cannot be done is said, and the rest is done.
pub fn tend(folder: &Path, limits: Limits, now_unix_ms: u64, stop: &AtomicBool) -> Tended {
    let mut tended = Tended::default();
    let stopped = || stop.load(Ordering::Relaxed);
    for path in fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())) {
        if stopped() {
            return tended;
        }
        if let Some(files) = Files::of_lock(&path) {
            tended.troubles.extend(finish(&files, stop).err());
        } else if path.extension().is_some_and(|extension| extension == "part") && is_abandoned(&path) {
            let _ = fs::remove_file(&path);
        }
    }
    let entries = list(folder).unwrap_or_default();
    for entry in limits.past(&entries, now_unix_ms) {
        if stopped() {
            return tended;
        }
        clear(entry, &mut tended);
    }
    let unread = |entry: &&Entry| entry.condition == Condition::Unread && entry.strange.is_none();
    for entry in list(folder).unwrap_or_default().iter().filter(unread) {
        if stopped() {
            break;
        }
        let learnt = Files::of(&entry.path).map(|files| learn(&files, stop));
        tended.troubles.extend(learnt.and_then(Result::err));
    }
    // A folder that cannot be written is one trouble, not one for every capture in it.
    tended.troubles.dedup_by(|one, other| one.code == other.code);
    tended
}

/// Clears a capture away, looking at it once more: somebody may have starred it this very moment.
fn clear(entry: &Entry, tended: &mut Tended) {
    let Some(files) = Files::of(&entry.path) else { return };
    let Notes { about, strange } = about::load(&files);
    if about.star || about.title.is_some() || strange.is_some() {
        return;
    }
    match delete(&entry.path) {
        Ok(()) if !entry.is_idle() => {
            tended.captures += 1;
            tended.bytes += entry.bytes;
        }
        done => tended.troubles.extend(done.err()),
    }
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
    changes::note();
    Ok(())
}

/// Closes a capture that is written to its end: it is compressed, and what is in it is written down beside it. A large one is
/// left to the next start.
pub fn close(files: &Files, lock: Option<Lock>, found: Option<Found>) {
    let (plain, compressed) = (files.plain(), files.compressed());
    let there = [&plain, &compressed].iter().any(|path| path.try_exists().unwrap_or(true));
    if !there {
        // Nothing could ever be written, and nothing is left behind.
        if let Some(lock) = lock {
            lock.finish();
        }
        return;
    }
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
    changes::note();
}

/// The wall clock, milliseconds since 1970 UTC.
#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn now_unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Tending, size};
    use crate::capture::{Header, Limits};
    use crate::event::Fact;
    use crate::io::captures::Files;
    use crate::io::{Inbox, Input};
    use std::fs;
    use std::time::Duration;

    /// A limit that is set acts at once, and who set it is told what it cost.
    #[test]
    fn a_limit_acts_when_it_is_set_and_says_what_went() {
        let folder = tempfile::tempdir().unwrap();
        let files = |day| Files::new(folder.path(), &format!("2026-01-{day:02} 10.00.00"));
        for day in 1..=3 {
            let padding = "x".repeat(1 << 20);
            fs::write(files(day).plain(), Header::new(5, Some(padding)).encode() + "\n").unwrap();
        }
        let (inbox, told) = Inbox::new();
        let tending = Tending::start(folder.path().to_owned(), Limits::NONE, inbox).unwrap();
        tending.limit(Limits { megabytes: 2, days: 0 });
        let Ok(Input::Fact(Fact::TroubleMet { trouble })) = told.recv_timeout(Duration::from_mins(1)) else {
            panic!("nothing is told");
        };
        assert_eq!(
            (&*trouble.code, trouble.arg("n"), trouble.arg("size")),
            ("captures-cleared", Some("2"), Some("2.00 MB"))
        );
        let left = (1..=3).filter(|day| files(*day).plain().exists()).count();
        assert_eq!(left, 1);
        drop(tending);
    }

    #[test]
    fn sizes_are_told_in_the_unit_one_thinks_in() {
        assert_eq!([size(3 << 19), size(5 << 29)], ["1.50 MB", "2.50 GB"]);
    }
}
