//! A capture opened for looking back: its events in portions from a thread of their own, and any of them again.

use super::{Pages, Recording, io_trouble, now_at};
use crate::capture::{Damages, Header};
use crate::event::{Event, Trouble};
use crate::io::Waker;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Events of the first portion, so that there is something to be seen at once, and of every other one.
const FIRST: usize = 500;
const PORTION: usize = 4_096;
/// A portion is full with so many bytes, too.
const WEIGHT: usize = 4 << 20;
/// Portions that may wait for the window; then the reading waits.
const WAITING: usize = 4;

/// What comes of a capture that is being opened.
#[derive(Debug)]
pub enum News {
    /// Its first line.
    Header(Header),
    /// The next events, in the order of the file.
    Events(Vec<Arc<Event>>),
    /// All of it was read; this was wrong with it.
    Over(Damages),
    /// It cannot be opened.
    Failed(Trouble),
}

/// How far the reading is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events read.
    pub events: u64,
    /// Bytes of the file read.
    pub bytes: u64,
    /// Bytes in the file.
    pub of_bytes: u64,
}

#[derive(Default)]
struct Counters {
    bytes: AtomicU64,
    of_bytes: AtomicU64,
}

/// A capture that is open. Dropping it ends its reading.
pub struct Opened {
    news: Receiver<News>,
    pages: Pages,
    counters: Arc<Counters>,
}

impl Opened {
    /// Begins to open a recording; `waker` is called whenever there is news.
    ///
    /// # Errors
    /// `thread-not-started`. What is wrong with the file is told in the news.
    pub fn start(path: &Path, waker: Waker) -> Result<Self, Trouble> {
        let (sender, news) = sync_channel(WAITING);
        let (pages, counters) = (Pages::new(path), Arc::new(Counters::default()));
        let reading = Reading { pages: pages.clone(), counters: Arc::clone(&counters), sender, waker };
        let path = path.to_owned();
        let thread = std::thread::Builder::new().name("capture reader".into()).spawn(move || {
            if let Err(trouble) = reading.run(&path) {
                reading.tell(News::Failed(trouble));
            }
        });
        thread.map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { news, pages, counters })
    }

    /// The next news, if there is any. Never waits.
    #[must_use]
    pub fn poll(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    /// Waits for news, at most so long. Nothing either when there will be no more.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> Option<News> {
        self.news.recv_timeout(at_most).ok()
    }

    /// How far the reading is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let [bytes, of_bytes] =
            [&self.counters.bytes, &self.counters.of_bytes].map(|counter| counter.load(Ordering::Relaxed));
        Progress { events: self.pages.events(), bytes, of_bytes }
    }

    /// Any event again, by its place.
    #[must_use]
    pub fn pages(&self) -> Pages {
        self.pages.clone()
    }
}

struct Reading {
    pages: Pages,
    counters: Arc<Counters>,
    sender: SyncSender<News>,
    waker: Waker,
}

impl Reading {
    /// False when nobody wants to know any more.
    fn tell(&self, news: News) -> bool {
        let told = self.sender.send(news).is_ok();
        (self.waker)();
        told
    }

    fn run(&self, path: &Path) -> Result<(), Trouble> {
        let mut recording = Recording::open(path)?;
        let bytes = now_at(path).metadata().map_or(0, |metadata| metadata.len());
        self.counters.of_bytes.store(bytes, Ordering::Relaxed);
        self.pages.begin(recording.header());
        if !self.tell(News::Header(recording.header().clone())) {
            return Ok(());
        }
        let in_pieces = recording.source().is_some();
        let (mut held, mut full) = (Vec::new(), FIRST);
        loop {
            let portion = self.portion(&mut recording, full, in_pieces);
            let read = recording.source().map_or(0, super::Source::file_bytes);
            self.counters.bytes.store(read, Ordering::Relaxed);
            full = PORTION;
            if portion.is_empty() {
                break;
            }
            if !in_pieces {
                held.extend(portion.iter().cloned());
            }
            if !self.tell(News::Events(portion)) {
                return Ok(());
            }
        }
        if in_pieces {
            self.pages.end(&recording).map_err(|error| io_trouble(path, &error))?;
        } else {
            self.pages.hold(held);
        }
        self.counters.bytes.store(bytes, Ordering::Relaxed);
        self.tell(News::Over(recording.damage().clone()));
        Ok(())
    }

    fn portion(&self, recording: &mut Recording, full: usize, in_pieces: bool) -> Vec<Arc<Event>> {
        let mut portion = Vec::with_capacity(full);
        let mut weight = 0;
        while portion.len() < full && weight < WEIGHT {
            let place = recording.place();
            let Some(event) = recording.next() else { break };
            if in_pieces {
                self.pages.add(event.seq, place);
            }
            weight += event.weight();
            portion.push(Arc::new(event));
        }
        portion
    }
}
