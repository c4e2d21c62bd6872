//! The session: one thread that puts everything in order, records it, folds it and has done what follows.

mod access;
mod hands;
mod options;
mod ports;
mod pushes;
mod repeats;
mod replays;
mod saver;
mod secured;
mod thread;

pub use options::{BrokerChoice, CaptureChoice, SessionOptions, TlsOptions};

use super::captures::Tending;
use super::clock::Clock;
use super::recorder::{Recorder, Tally};
use super::tail::{Batch, Tail, Waker};
use super::{Inbox, Input};
use crate::bench::Action;
use crate::capture::{Header, Limits};
use crate::event::{Fact, Trouble};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A running session. Dropping it stops the broker, the firmware server and everything else, and closes the capture.
pub struct Session {
    inbox: Inbox,
    tail: Arc<Tail>,
    clock: Clock,
    capture: Option<PathBuf>,
    captured: Arc<AtomicU64>,
    tally: Arc<Tally>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The folder of captures is kept in order meanwhile.
    tending: Option<Tending>,
}

impl Session {
    /// Starts a session. What comes up, and what cannot, is told in events; only a capture file that was asked for by name
    /// and cannot be written is refused here, for nothing would be kept of what follows.
    ///
    /// # Errors
    /// `capture-unwritable`, `thread-not-started`.
    pub fn start(options: SessionOptions, waker: Waker) -> Result<Self, Trouble> {
        let clock = Clock::start();
        let (inbox, receiver) = Inbox::new();
        let header = Header::new(clock.began_unix_ms(), options.bench.clone());
        let (recorder, unwritable) = match recorder(&options.capture, &header, &inbox) {
            Ok((recorder, unwritable)) => (recorder, unwritable),
            // Nobody asked for this file: the bench is of use without it.
            Err(trouble) if matches!(options.capture, CaptureChoice::Folder(_)) => (None, Some(trouble)),
            Err(trouble) => return Err(trouble),
        };
        let capture = recorder.as_ref().map(|recorder| recorder.path().to_owned());
        // Above all where nothing can be written: what is past the limits makes room.
        let tending = match &options.capture {
            CaptureChoice::Folder(folder) => Some(Tending::start(folder.clone(), options.limits, inbox.clone())?),
            CaptureChoice::Nowhere | CaptureChoice::File(_) => None,
        };
        let tail = Arc::new(Tail::new(waker));
        let captured = recorder.as_ref().map(Recorder::written).unwrap_or_default();
        let tally = recorder.as_ref().map(Recorder::tally).unwrap_or_default();
        let core = thread::Core::new(clock, recorder, Arc::clone(&tail), inbox.clone())?;
        let thread = std::thread::Builder::new()
            .name("session".into())
            .spawn(move || core.run(&receiver, options))
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        if let Some(trouble) = unwritable {
            let _ = inbox.fact(Fact::TroubleMet { trouble });
        }
        let thread = Mutex::new(Some(thread));
        Ok(Self { inbox, tail, clock, capture, captured, tally, thread, tending })
    }

    /// Asks for something. What became of it is told in events.
    pub fn act(&self, action: Action) {
        // Once the session is over there is nothing left to act on.
        let _ = self.inbox.put(Input::Action(action));
    }

    /// What happened since the last call.
    #[must_use]
    pub fn drain(&self) -> Batch {
        self.tail.drain()
    }

    /// Waits for something to happen, at most so long.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> Batch {
        self.tail.wait(at_most)
    }

    /// From now on so much is kept in the folder of captures.
    pub fn limit(&self, limits: Limits) {
        if let Some(tending) = &self.tending {
            tending.limit(limits);
        }
    }

    /// Ends the session, and returns what it had still to say: all that is in the capture and was not taken yet.
    #[must_use]
    pub fn finish(&self) -> Batch {
        self.end();
        self.tail.drain()
    }

    /// Ends the session: everything is stopped, and the capture is closed. Whoever asks while it ends waits for it, too.
    pub fn end(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            let _ = self.inbox.put(Input::Stop);
            let _ = thread.join();
        }
    }

    /// The session's clock.
    #[must_use]
    pub const fn clock(&self) -> Clock {
        self.clock
    }

    /// How many bytes of the capture the disk was given.
    #[must_use]
    pub fn captured_bytes(&self) -> u64 {
        self.captured.load(Ordering::Relaxed)
    }

    /// What the recording lacks once the session has ended: `capture-incomplete` with `path`, `missing` and `events`.
    #[must_use]
    pub fn unrecorded(&self) -> Option<Trouble> {
        let (missing, events) = self.tally.missing();
        let path = self.capture().filter(|_| missing > 0)?.display();
        Some(Trouble::new("capture-incomplete").with("path", path).with("missing", missing).with("events", events))
    }

    /// Where the capture is written, if one is.
    #[must_use]
    pub fn capture(&self) -> Option<&Path> {
        self.capture.as_deref()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.tending = None;
        self.end();
    }
}

/// Who records, if anybody is to, and why that cannot begin yet.
fn recorder(
    choice: &CaptureChoice,
    header: &Header,
    inbox: &Inbox,
) -> Result<(Option<Recorder>, Option<Trouble>), Trouble> {
    match choice {
        CaptureChoice::Nowhere => Ok((None, None)),
        CaptureChoice::File(path) => Ok((Some(Recorder::create(path, header, inbox.clone())?), None)),
        CaptureChoice::Folder(folder) => {
            let name = options::file_name(header.started_unix_ms);
            let (recorder, trouble) = Recorder::create_in(folder, &name, header, inbox)?;
            Ok((Some(recorder), trouble))
        }
    }
}
