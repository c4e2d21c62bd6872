//! A serial port: what comes from it becomes facts, what is sent to it never makes the sender wait.

mod flow;
mod holders;
mod lines;
mod link;
#[cfg(unix)]
pub(super) mod native;
#[cfg(not(unix))]
#[path = "native_windows.rs"]
mod native;
mod ports;
mod reader;
mod retry;
mod sent_file;
#[cfg(test)]
mod stubborn;
mod tended;
mod wire;
mod writer;

pub use holders::{Holder, holders};
pub use ports::available_ports;
pub use tended::TendedPort;

use crate::bench::{FlowControl, LineStep, LinesAtOpening, SerialSettings};
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use flow::Flow;
use link::{Link, QUEUED_SENDS};
use native::Native;
use reader::{Ended, Reader};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use wire::Wire;
use writer::Writer;

/// How long closing waits for the port to be free. It takes some 20 ms unless the session itself is behind, or the line
/// has something left to take.
const RELEASE: Duration = Duration::from_millis(500);

/// An open serial port. Dropping it closes it.
#[derive(Debug)]
pub struct SerialPort {
    name: String,
    running: Running,
    lines: Option<Native>,
    /// DTR and RTS, as far as we moved them.
    standing: (bool, bool),
}

/// The two threads of an open port.
#[derive(Debug)]
struct Running {
    link: Arc<Link>,
    reader: JoinHandle<()>,
    released: Receiver<()>,
}

impl SerialPort {
    /// Opens a port exclusively, with all of its settings. Its facts go to `inbox`: `PortOpened` first, `PortClosed` last.
    ///
    /// # Errors
    /// `port-not-found`, `port-busy`, `port-denied`, or `port-failed` with the system's own words as `detail`.
    pub fn open(port: &str, settings: &SerialSettings, inbox: Inbox) -> Result<Self, Trouble> {
        Self::open_as(port, port, *settings, inbox, Box::new(drop), |_| {})
    }

    /// Opens the port at `path`; its facts call it `name`.
    fn open_as(
        name: &str,
        path: &str,
        settings: SerialSettings,
        inbox: Inbox,
        ended: Ended,
        ready: impl FnOnce(&Arc<Link>),
    ) -> Result<Self, Trouble> {
        let reading = native::open(path, settings)?;
        let again = || reading.try_clone_native().map_err(|error| native::trouble(path, &error));
        let (writing, lines) = (again()?, again()?);
        let opened = ports::opened(&reading, name, settings);
        let running = Running::start((name, path), opened, reading, writing, inbox, ended, ready)?;
        // As the system raises them.
        Ok(Self { name: name.to_owned(), running, lines: Some(lines), standing: (true, true) })
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
        self.running.link.send(&self.name, bytes)
    }

    /// Queues a file to be written; `FileStarted`, `BytesSent` and `FileEnded` tell how it goes. Never waits.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_file(&self, file: PathBuf) -> Result<(), Trouble> {
        self.running.link.send_file(&self.name, file)
    }

    /// Gives up every file asked for so far.
    pub fn cancel_files(&self) {
        self.running.link.cancel_files();
    }

    /// Gives the port other settings, without closing it.
    fn set(&mut self, settings: SerialSettings) -> Result<(), Trouble> {
        let Some(port) = &mut self.lines else { return Ok(()) };
        ports::set(port, &self.name, settings)?;
        // On Windows every change of the settings raises the lines again.
        if settings.lines != LinesAtOpening::LeftAlone {
            let _ = self.stand(self.standing, settings);
        }
        Ok(())
    }

    /// Puts DTR and RTS so. A pseudo terminal has none; with RTS/CTS the driver moves RTS.
    fn stand(&mut self, (dtr, rts): (bool, bool), settings: SerialSettings) -> Result<(), Trouble> {
        let steps = lines::standing(dtr, (settings.flow_control != FlowControl::Hardware).then_some(rts));
        self.play(&steps)
    }

    /// What is to be told of a port that has these settings from now on.
    fn opened(&self, asked: SerialSettings) -> Vec<Fact> {
        self.lines.as_ref().map_or_else(Vec::new, |port| ports::opened(port, &self.name, asked))
    }

    /// Moves the control lines, taking the time it takes.
    fn play(&mut self, steps: &[LineStep]) -> Result<(), Trouble> {
        let Some(port) = &mut self.lines else { return Ok(()) };
        lines::play(port, &mut self.standing, steps, lines::pass)
            .map_err(|error| Trouble::new("port-no-lines").with("port", &self.name).with("detail", error.description))
    }

    /// Closes the port and waits until the system has it back.
    pub fn close(self) {
        drop(self);
    }
}

impl Drop for SerialPort {
    fn drop(&mut self) {
        self.running.link.close();
        self.lines = None;
        self.running.reader.thread().unpark();
        // Not a join: the reader may be waiting for the very session that closes the port.
        let _ = self.running.released.recv_timeout(RELEASE);
    }
}

impl Running {
    /// Starts the threads of a port that is open as `settings` says. Its facts call it `name`.
    fn start<W: Wire>(
        (name, path): (&str, &str),
        opened: Vec<Fact>,
        reading: W,
        writing: W,
        inbox: Inbox,
        ended: Ended,
        ready: impl FnOnce(&Arc<Link>),
    ) -> Result<Self, Trouble> {
        let (sends, queue) = sync_channel(QUEUED_SENDS);
        let (holding, released) = sync_channel(0);
        let link = Arc::new(Link::to(sends));
        let writer = Writer {
            name: name.into(),
            port: writing,
            link: Arc::clone(&link),
            inbox: inbox.clone(),
            queue,
            flow: Flow::new(writer::now()),
            dropped: 0,
            told: None,
            _holding: holding.clone(),
        };
        let writer = named("serial write", path, move || writer.run())?;
        // Before the opening is told: whoever hears of it may send.
        ready(&link);
        let reader = Reader {
            name: name.into(),
            path: path.to_owned(),
            opened,
            port: reading,
            link: Arc::clone(&link),
            inbox,
            writer,
            holding,
            ended,
        };
        let reader = named("serial read", path, move || reader.run())?;
        Ok(Self { link, reader, released })
    }
}

/// Starts a thread whose name says what it does for which port.
fn named(what: &str, port: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Trouble> {
    std::thread::Builder::new()
        .name(format!("{what} {port}"))
        .spawn(work)
        .map_err(|error| Trouble::new("port-failed").with("port", port).with("detail", error))
}
