//! The thread of an open port that reads.

use super::link::Link;
use super::native::PATIENCE;
use super::wire::Wire;
use super::writer::now;
use crate::event::{Fact, Text, Trouble};
use crate::io::Inbox;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;

/// How much goes into one fact at most.
const CHUNK: usize = 64 * 1024;
/// A shorter chunk is followed by a nap, so that a line is a few facts and not one a byte.
const WORTHWHILE: usize = 1024;
/// So long. What comes first after a silence goes out at once, with its own time.
const NAP: Duration = Duration::from_millis(2);
/// How long closing waits for what the line is still taking.
const LET_OUT: Duration = Duration::from_millis(250);

/// What is done when the port is closed or gone; it gets the trouble, if any.
pub(super) type Ended = Box<dyn FnOnce(Option<Trouble>) + Send>;

/// Reads until the port is closed or gone, then tells so, once.
pub(super) struct Reader<W> {
    pub(super) name: Text,
    /// What the system calls it.
    pub(super) path: String,
    /// What is told first.
    pub(super) opened: Vec<Fact>,
    pub(super) port: W,
    pub(super) link: Arc<Link>,
    pub(super) inbox: Inbox,
    pub(super) writer: JoinHandle<()>,
    /// Dropped when this thread's hold on the port is.
    pub(super) holding: SyncSender<()>,
    pub(super) ended: Ended,
}

impl<W: Wire> Reader<W> {
    pub(super) fn run(mut self) {
        let mut opened = std::mem::take(&mut self.opened).into_iter();
        let trouble = if opened.all(|fact| self.inbox.fact(fact).is_ok()) { self.read_on() } else { None };
        self.link.close();
        self.let_out(trouble.is_none());
        drop(self.port);
        drop(self.holding);
        // The writer's last word comes before the port's last word.
        let _ = self.writer.join();
        let _ = self.inbox.fact(Fact::PortClosed { port: self.name, trouble: trouble.clone() });
        (self.ended)(trouble);
    }

    /// Closing would otherwise wait in the system, half a minute, for what the line does not take.
    fn let_out(&self, asked_for: bool) {
        let until = now() + LET_OUT;
        let mut left = self.port.unsent();
        while left > 0 && asked_for && now() < until {
            std::thread::park_timeout(NAP);
            left = self.port.unsent();
        }
        if left > 0 {
            self.port.drop_unsent();
            let trouble = Trouble::new("port-send-cut").with("port", &self.name).with("unsent", left);
            let _ = self.inbox.fact(Fact::TroubleMet { trouble });
        }
    }

    /// Reads until it is over; tells what trouble ended it.
    fn read_on(&mut self) -> Option<Trouble> {
        let mut buffer = vec![0; CHUNK];
        while !self.link.is_closed() {
            if let Err(over) = self.read_once(&mut buffer) {
                return over;
            }
        }
        let failure = self.link.failure()?;
        // A port that was unplugged fails in the writer first, now and then: one more look tells.
        match self.read_once(&mut buffer) {
            Err(Some(gone)) => Some(gone),
            _ => Some(failure),
        }
    }

    /// Reads what comes within a moment, and tells it. When it is over, gives the trouble that ended it.
    fn read_once(&mut self, buffer: &mut [u8]) -> Result<(), Option<Trouble>> {
        let begun = now();
        let length = match self.port.read(buffer) {
            Ok(0) => return Err(Some(self.vanished("end of file"))),
            Ok(length) => length + self.read_along(&mut buffer[length..]),
            Err(error) if is_passing(&error) => {
                // Some drivers come back at once.
                if let Some(rest) = PATIENCE.checked_sub(begun.elapsed()) {
                    std::thread::park_timeout(rest);
                }
                return Ok(());
            }
            Err(error) if is_gone(&error) || !self.is_there() => return Err(Some(self.vanished(error))),
            Err(error) => {
                let trouble = Trouble::new("port-read-failed").with("port", &self.name).with("detail", error);
                return Err(Some(trouble));
            }
        };
        let bytes = buffer[..length].into();
        self.inbox.fact(Fact::BytesReceived { port: self.name.clone(), bytes }).map_err(|_| None)?;
        if length < WORTHWHILE {
            std::thread::park_timeout(NAP);
        }
        Ok(())
    }

    /// Whether the port is still in the system. Where ports are no files, an error of its own says that it is not.
    fn is_there(&self) -> bool {
        cfg!(not(unix)) || Path::new(&self.path).exists()
    }

    /// Reads what else is there already; gives how much.
    fn read_along(&mut self, buffer: &mut [u8]) -> usize {
        let mut held = 0;
        while held < buffer.len() {
            match self.port.read_at_once(&mut buffer[held..]) {
                0 => break,
                length => held += length,
            }
        }
        held
    }

    fn vanished(&self, detail: impl Display) -> Trouble {
        Trouble::new("port-vanished").with("port", &self.name).with("detail", detail)
    }
}

/// Whether the same call may succeed a moment later.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted | ErrorKind::WouldBlock)
}

/// Whether that is what an unplugged adapter looks like. Windows denies access to a port that is no more.
fn is_gone(error: &io::Error) -> bool {
    let gone = [ErrorKind::BrokenPipe, ErrorKind::NotFound, ErrorKind::NotConnected];
    gone.contains(&error.kind()) || (cfg!(windows) && error.kind() == ErrorKind::PermissionDenied)
}
