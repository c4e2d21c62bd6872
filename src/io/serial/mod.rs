//! A serial port: what comes from it becomes facts, what is sent to it never makes the sender wait.

mod holders;
mod lines;
#[cfg(unix)]
pub(super) mod native;
#[cfg(not(unix))]
#[path = "native_windows.rs"]
mod native;
mod ports;
mod reader;
mod retry;
mod tended;
mod writer;

pub use holders::{Holder, holders};
pub use ports::available_ports;
pub use tended::TendedPort;

use crate::bench::{LineStep, SerialSettings};
use crate::event::Trouble;
use crate::io::Inbox;
use native::Native;
use reader::{Ended, Jobs, Reader};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use writer::{Job, Writer};

/// How many sends may wait for a slow line. Full means the newest is refused, and the operator told.
const QUEUED_SENDS: usize = 64;

/// How long closing waits for the port to be free. It takes some 20 ms unless the session itself is behind.
const RELEASE: Duration = Duration::from_millis(500);

/// An open serial port. Dropping it closes it.
#[derive(Debug)]
pub struct SerialPort {
    name: String,
    link: Arc<Link>,
    lines: Option<Native>,
    reader: JoinHandle<()>,
    released: Receiver<()>,
}

/// What the handle and the two threads share: the way to the writer, gone once the port is closing.
#[derive(Debug)]
struct Link {
    jobs: Mutex<Option<Jobs>>,
    /// Files asked for so far, and the last one that was given up.
    files: AtomicU64,
    cancelled: AtomicU64,
    stalled: AtomicBool,
}

impl SerialPort {
    /// Opens a port exclusively, with all of its settings. Its facts go to `inbox`: `PortOpened` first, `PortClosed` last.
    ///
    /// # Errors
    /// `port-not-found`, `port-busy`, `port-denied`, or `port-failed` with the system's own words as `detail`.
    pub fn open(port: &str, settings: &SerialSettings, inbox: Inbox) -> Result<Self, Trouble> {
        Self::open_as(port, port, *settings, inbox, Box::new(drop))
    }

    /// Opens the port at `path`; its facts call it `name`.
    fn open_as(name: &str, path: &str, settings: SerialSettings, inbox: Inbox, ended: Ended) -> Result<Self, Trouble> {
        let reading = native::open(path, settings)?;
        let again = || reading.try_clone_native().map_err(|error| native::trouble(path, &error));
        let (writing, lines) = (again()?, again()?);

        let (sends, queue) = sync_channel(QUEUED_SENDS);
        let (holding, released) = sync_channel(0);
        let link = Arc::new(Link::to(sends));
        let (name, settings) = (name.to_owned(), settings.to_string());

        let writer = Writer {
            name: name.clone(),
            port: writing,
            link: link.clone(),
            inbox: inbox.clone(),
            queue,
            _holding: holding.clone(),
        };
        let writer = named("serial write", path, move || writer.run())?;
        let shared = link.clone();
        let reader =
            Reader { name: name.clone(), settings, port: reading, link: shared, inbox, writer, holding, ended };
        let reader = named("serial read", path, move || reader.run())?;
        Ok(Self { name, link, lines: Some(lines), reader, released })
    }

    /// The system's name for the port.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Queues bytes to be written; `BytesSent` tells when they were. Never waits.
    ///
    /// # Errors
    /// `port-gone` when the port is closed, `port-send-full` when too much waits already.
    pub fn send(&self, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.link.send(&self.name, bytes)
    }

    /// Queues a file to be written; `FileStarted`, `BytesSent` and `FileEnded` tell how it goes. Never waits.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_file(&self, file: PathBuf) -> Result<(), Trouble> {
        self.link.send_file(&self.name, file)
    }

    /// Gives up every file asked for so far.
    pub fn cancel_files(&self) {
        self.link.cancel_files();
    }

    /// Gives the port other settings, without closing it.
    fn set(&mut self, settings: SerialSettings) -> Result<(), Trouble> {
        self.lines.as_mut().map_or(Ok(()), |lines| ports::set(lines, &self.name, settings))
    }

    /// What the port took otherwise than asked.
    fn differs(&self, asked: SerialSettings) -> Option<Trouble> {
        ports::differs(self.lines.as_ref()?, &self.name, asked)
    }

    /// Moves the control lines, taking the time it takes.
    fn play(&mut self, steps: &[LineStep]) -> Result<(), Trouble> {
        let Some(port) = &mut self.lines else { return Ok(()) };
        lines::play(port, steps, lines::pass)
            .map_err(|error| Trouble::new("port-no-lines").with("port", &self.name).with("detail", error.description))
    }

    /// Closes the port and waits until the system has it back.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        self.link.close();
        self.lines = None;
        self.reader.thread().unpark();
        // Not a join: the reader may be waiting for the very session that closes the port.
        let _ = self.released.recv_timeout(RELEASE);
    }
}

impl Link {
    fn to(jobs: Jobs) -> Self {
        Self {
            jobs: Mutex::new(Some(jobs)),
            files: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            stalled: AtomicBool::new(false),
        }
    }

    fn send(&self, port: &str, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.put(port, Job::Bytes(bytes))
    }

    fn send_file(&self, port: &str, file: PathBuf) -> Result<(), Trouble> {
        let order = self.files.fetch_add(1, Ordering::AcqRel) + 1;
        self.put(port, Job::File(file, order))
    }

    fn put(&self, port: &str, job: Job) -> Result<(), Trouble> {
        // Cloned, so that the lock is not held while sending.
        let jobs = self.jobs().clone();
        let code = match jobs.map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(TrySendError::Full(_))) => "port-send-full",
            Some(Err(TrySendError::Disconnected(_))) | None => "port-gone",
        };
        Err(Trouble::new(code).with("port", port))
    }

    fn cancel_files(&self) {
        self.cancelled.store(self.files.load(Ordering::Acquire), Ordering::Release);
    }

    fn is_cancelled(&self, order: u64) -> bool {
        order <= self.cancelled.load(Ordering::Acquire)
    }

    fn jobs(&self) -> std::sync::MutexGuard<'_, Option<Jobs>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.jobs().take();
    }

    fn is_closed(&self) -> bool {
        self.jobs().is_none()
    }

    fn set_stalled(&self, stalled: bool) {
        self.stalled.store(stalled, Ordering::Release);
    }

    fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Acquire)
    }
}

/// Starts a thread whose name says what it does for which port.
fn named(what: &str, port: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Trouble> {
    std::thread::Builder::new()
        .name(format!("{what} {port}"))
        .spawn(work)
        .map_err(|error| Trouble::new("port-failed").with("port", port).with("detail", error))
}
