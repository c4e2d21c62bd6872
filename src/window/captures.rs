//! The window's captures wired to files: listed, named, cleared away, and read event by event.

use super::handing::{self, Stops};
use crate::app::Captures;
use crate::event::{Event, Trouble};
use crate::io::captures::{Library, News, Opened, Pages, Progress, Recording, Wish};
use crate::io::console::in_background;
use crate::io::dialog;
use crate::io::session::Session;
use crate::journal::{Reading, Reel};
use crate::replay::gather;
use crate::ui::captures::{Ask, Shelf};
use crate::ui::handing::Done;
use crate::ui::past::Opening;
use crate::ui::replaying::Gathered;
use crate::ui::words::say;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Has the window drawn again.
type Wake = Arc<dyn Fn() + Send + Sync>;
/// Pieces of a capture that are read again at the same time.
const AT_ONCE: u32 = 4;

/// Captures on their way to the window.
pub struct CaptureFiles {
    folder: PathBuf,
    library: Result<Library, Trouble>,
    /// Files whose first line is awaited, and troubles.
    opening: Mutex<Vec<Awaited>>,
    /// Captures that were read to be sent again.
    gathered: Mutex<Vec<Gathered>>,
    /// What became of errands.
    done: Mutex<Vec<Done>>,
    /// Errands that can be given up.
    stops: Arc<Stops>,
    wake: Wake,
}

enum Awaited {
    File(PathBuf, Opened),
    Failed(Trouble),
}

impl CaptureFiles {
    /// Has a folder looked after, and these files looked at from the start.
    pub fn new(folder: PathBuf, look: Option<&Path>, wake: impl Fn() + Clone + Send + Sync + 'static) -> Arc<Self> {
        let library = Library::open(&folder, Box::new(wake.clone()));
        let files = Arc::new(Self {
            folder,
            library,
            opening: Mutex::default(),
            gathered: Mutex::default(),
            done: Mutex::default(),
            stops: Arc::default(),
            wake: Arc::new(wake),
        });
        if let Some(file) = look {
            files.open(file);
        }
        files
    }

    /// The window closes: what is half written is given up.
    pub fn close(&self) {
        self.stops.stop_all();
    }

    fn open(&self, path: &Path) {
        let wake = Arc::clone(&self.wake);
        self.push(match Opened::start(path, Box::new(move || wake())) {
            Ok(opened) => Awaited::File(path.to_owned(), opened),
            Err(trouble) => Awaited::Failed(trouble),
        });
        (self.wake)();
    }

    fn push(&self, awaited: Awaited) {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner).push(awaited);
    }

    /// The files whose first line was read.
    fn opened(&self) -> Vec<Result<Opening, Trouble>> {
        let awaited = std::mem::take(&mut *self.opening.lock().unwrap_or_else(PoisonError::into_inner));
        let mut done = Vec::new();
        for awaited in awaited {
            match awaited {
                Awaited::Failed(trouble) => done.push(Err(trouble)),
                Awaited::File(path, opened) => match opened.poll() {
                    Some(News::Header(header)) => done.push(Ok(self.opening(path, header.started_unix_ms, opened))),
                    Some(News::Failed(trouble)) => done.push(Err(trouble)),
                    Some(News::Events(_) | News::Over(_)) => {}
                    None => self.push(Awaited::File(path, opened)),
                },
            }
        }
        done
    }

    fn opening(&self, path: PathBuf, started_unix_ms: u64, opened: Opened) -> Opening {
        let entries = self.library.as_ref().map(Library::entries).unwrap_or_default();
        let listed = entries.iter().find(|entry| entry.path == path).map(|entry| entry.title().to_owned());
        let file = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = listed.unwrap_or_else(file);
        let reel = File {
            pages: opened.pages(),
            opened,
            rest: RefCell::default(),
            over: Cell::new(false),
            damaged: Cell::new(0),
            again: Arc::default(),
            wake: Arc::clone(&self.wake),
        };
        Opening { path, name, started_unix_ms, reel: Box::new(reel) }
    }

    fn shelf(&self, recording: Option<PathBuf>) -> Shelf {
        let folder = self.folder.clone();
        match &self.library {
            Ok(library) => {
                let listing = library.listing();
                Shelf {
                    entries: listing.entries,
                    reading: listing.reading,
                    recording,
                    folder,
                    troubles: listing.troubles,
                }
            }
            Err(trouble) => Shelf { recording, folder, troubles: vec![trouble.clone()], ..Shelf::default() },
        }
    }

    /// Reads what a replay needs of a capture.
    fn gather(self: &Arc<Self>, path: PathBuf) {
        let (files, wake) = (Arc::clone(self), Arc::clone(&self.wake));
        let reading = move || {
            let (events, damaged) = match Recording::open(&path) {
                Ok(mut recording) => (gather(recording.by_ref()).map(Into::into), recording.damage().len() as u64),
                Err(trouble) => (Err(trouble), 0),
            };
            let gathered = Gathered { path, events, damaged };
            files.gathered.lock().unwrap_or_else(PoisonError::into_inner).push(gathered);
        };
        in_background(Box::new(reading), move || wake());
    }

    fn grant(self: &Arc<Self>, ask: Ask) {
        let wish = match ask {
            Ask::Look => Wish::List,
            Ask::Title(path, title) => Wish::Title(path, title),
            Ask::Star(path, star) => Wish::Star(path, star),
            Ask::Delete(path) => Wish::Delete(path),
            Ask::Open(path) => return self.open(&path),
            Ask::Pick => {
                let files = Arc::clone(self);
                return dialog::pick_file(say("captures.pick-title"), move |picked| match picked {
                    Ok(Some(path)) => files.open(&path),
                    Ok(None) => {}
                    Err(trouble) => {
                        files.push(Awaited::Failed(trouble));
                        (files.wake)();
                    }
                });
            }
            Ask::Replay(of) => return self.gather(of.path),
            Ask::Errand(errand) => {
                let (files, wake) = (Arc::clone(self), Arc::clone(&self.wake));
                let tell = move |done| {
                    files.done.lock().unwrap_or_else(PoisonError::into_inner).push(done);
                    wake();
                };
                return handing::run(errand, Arc::new(tell), &self.stops);
            }
            // The limits are the session's, which keeps the folder in order.
            Ask::Show(_) | Ask::Limit(_) | Ask::Export(..) | Ask::Compare(..) => return,
        };
        if let Ok(library) = &self.library {
            library.ask(wish);
            (self.wake)();
        }
    }
}

/// Wires the window's captures.
pub fn wired(files: &Arc<CaptureFiles>, session: &Arc<Session>) -> Captures {
    let [listing, asking, opening, gathering, telling] = [(); 5].map(|()| Arc::clone(files));
    let [recording, limited] = [(); 2].map(|()| Arc::clone(session));
    Captures {
        shelf: Box::new(move || listing.shelf(recording.capture().map(Path::to_owned))),
        ask: Box::new(move |ask| match ask {
            Ask::Limit(limits) => limited.limit(limits),
            other => asking.grant(other),
        }),
        opened: Box::new(move || opening.opened()),
        done: Box::new(move || std::mem::take(&mut *telling.done.lock().unwrap_or_else(PoisonError::into_inner))),
        gathered: Box::new(move || {
            std::mem::take(&mut *gathering.gathered.lock().unwrap_or_else(PoisonError::into_inner))
        }),
    }
}

/// Pieces that were read again, and how many are being read.
#[derive(Default)]
struct Again {
    read: Mutex<Reading>,
    under_way: AtomicU32,
    waiting: Mutex<Vec<(u64, u64)>>,
}

/// A capture's file as a reel.
struct File {
    opened: Opened,
    pages: Pages,
    /// Events that were read and not yet taken.
    rest: RefCell<VecDeque<Arc<Event>>>,
    over: Cell<bool>,
    damaged: Cell<u64>,
    again: Arc<Again>,
    wake: Wake,
}

impl Reel for File {
    fn read(&self, at_most: usize) -> Reading {
        let mut reading = std::mem::take(&mut *self.again.read.lock().unwrap_or_else(PoisonError::into_inner));
        let mut rest = self.rest.borrow_mut();
        while rest.len() < at_most
            && let Some(news) = self.opened.poll()
        {
            match news {
                News::Header(_) => {}
                News::Events(events) => rest.extend(events),
                News::Over(damages) => {
                    self.over.set(true);
                    self.damaged.set(damages.len() as u64);
                    reading.troubles.extend(damages.troubles());
                }
                News::Failed(trouble) => {
                    self.over.set(true);
                    reading.troubles.push(trouble);
                }
            }
        }
        let count = at_most.min(rest.len());
        reading.events = rest.drain(..count).collect();
        reading.over = self.over.get() && rest.is_empty();
        reading.damaged = self.damaged.get();
        reading.part = part(&self.opened.progress());
        reading
    }

    fn ask(&self, place: u64, count: u64) {
        self.again.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((place, count));
        begin(&self.again, &self.pages, &self.wake);
    }
}

/// Reads the next piece that is wanted, unless enough are being read.
fn begin(again: &Arc<Again>, pages: &Pages, wake: &Wake) {
    if again.under_way.fetch_add(1, Ordering::Relaxed) >= AT_ONCE {
        again.under_way.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let next = again.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let Some((place, count)) = next else {
        again.under_way.fetch_sub(1, Ordering::Relaxed);
        return;
    };
    let (again, pages, wake) = (Arc::clone(again), pages.clone(), Arc::clone(wake));
    let reading = move || {
        let read = pages.read(place, usize::try_from(count).unwrap_or(usize::MAX));
        let mut ready = again.read.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(events) => ready.again.push((place, events)),
            Err(trouble) => {
                ready.again.push((place, Vec::new()));
                ready.troubles.push(trouble);
            }
        }
        drop(ready);
        again.under_way.fetch_sub(1, Ordering::Relaxed);
        begin(&again, &pages, &wake);
        wake();
    };
    in_background(Box::new(reading), || {});
}

#[expect(clippy::cast_precision_loss, reason = "shown as a percentage")]
fn part(progress: &Progress) -> f32 {
    progress.bytes as f32 / progress.of_bytes.max(1) as f32
}
