//! A serial port: what comes from it becomes facts, what is sent to it never makes the sender wait.

#[cfg(unix)]
pub(super) mod native;
#[cfg(not(unix))]
#[path = "native_windows.rs"]
mod native;
mod ports;
mod threads;

pub use ports::{PortName, available_ports};

use crate::bench::SerialSettings;
use crate::event::Trouble;
use crate::io::Inbox;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use threads::{Reader, Writer};

/// How many sends may wait for a slow line. Full means the newest is refused, and the operator told.
const QUEUED_SENDS: usize = 64;

/// How long closing waits for the port to be free. It takes some 20 ms unless the session itself is behind.
const RELEASE: Duration = Duration::from_millis(500);

/// An open serial port. Dropping it closes it.
#[derive(Debug)]
pub struct SerialPort {
    name: String,
    link: Arc<Link>,
    reader: JoinHandle<()>,
    released: Receiver<()>,
}

/// What the handle and the two threads share: the way to the writer, gone once the port is closing.
#[derive(Debug)]
struct Link(Mutex<Option<SyncSender<Vec<u8>>>>);

impl SerialPort {
    /// Opens a port exclusively, with all of its settings. Its facts go to `inbox`: `PortOpened` first, `PortClosed` last.
    ///
    /// # Errors
    /// `port-not-found`, `port-busy`, `port-denied`, or `port-failed` with the system's own words as `detail`.
    pub fn open(port: &str, settings: &SerialSettings, inbox: Inbox) -> Result<Self, Trouble> {
        let reading = native::open(port, settings)?;
        let writing = reading.try_clone_native().map_err(|error| native::trouble(port, &error))?;

        let (sends, queue) = sync_channel(QUEUED_SENDS);
        let (holding, released) = sync_channel(0);
        let link = Arc::new(Link(Mutex::new(Some(sends))));
        let (name, settings) = (port.to_owned(), settings.to_string());

        let writer = Writer {
            name: name.clone(),
            port: writing,
            link: link.clone(),
            inbox: inbox.clone(),
            queue,
            _holding: holding.clone(),
        };
        let writer = named("serial write", port, move || writer.run())?;
        let reader = Reader { name, settings, port: reading, link: link.clone(), inbox, writer, holding };
        let reader = named("serial read", port, move || reader.run())?;
        Ok(Self { name: port.to_owned(), link, reader, released })
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
        // Cloned, so that the lock is not held while sending.
        let sends = self.link.sends().clone();
        let code = match sends.map(|sends| sends.try_send(bytes)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(TrySendError::Full(_))) => "port-send-full",
            Some(Err(TrySendError::Disconnected(_))) | None => "port-gone",
        };
        Err(Trouble::new(code).with("port", &self.name))
    }

    /// Closes the port and waits until the system has it back.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        self.link.close();
        self.reader.thread().unpark();
        // Not a join: this may be the session's own thread, and the reader may be waiting for that very session to read.
        let _ = self.released.recv_timeout(RELEASE);
    }
}

impl Link {
    fn sends(&self) -> std::sync::MutexGuard<'_, Option<SyncSender<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.sends().take();
    }

    fn is_closed(&self) -> bool {
        self.sends().is_none()
    }
}

/// Starts a thread whose name says what it does for which port.
fn named(what: &str, port: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Trouble> {
    std::thread::Builder::new()
        .name(format!("{what} {port}"))
        .spawn(work)
        .map_err(|error| Trouble::new("port-failed").with("port", port).with("detail", error))
}
