//! The thread of an open port that reads.

use super::Link;
use super::native::{Native, read_at_once};
use super::writer::Job;
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use serialport::SerialPort as _;
use std::fmt::Display;
use std::io::{self, ErrorKind, Read};
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

/// What is done when the port is closed or gone; it gets the trouble, if any.
pub(super) type Ended = Box<dyn FnOnce(Option<Trouble>) + Send>;

/// Reads until the port is closed or gone, then tells so, once.
pub(super) struct Reader {
    pub(super) name: String,
    pub(super) settings: String,
    pub(super) port: Native,
    pub(super) link: Arc<Link>,
    pub(super) inbox: Inbox,
    pub(super) writer: JoinHandle<()>,
    /// Dropped when this thread's hold on the port is.
    pub(super) holding: SyncSender<()>,
    pub(super) ended: Ended,
}

impl Reader {
    pub(super) fn run(mut self) {
        let opened = Fact::PortOpened { port: self.name.clone(), settings: std::mem::take(&mut self.settings) };
        let trouble = if self.inbox.fact(opened).is_ok() { self.read_on() } else { None };
        self.link.close();
        if self.link.is_stalled() {
            // Closing would otherwise wait for what the board never takes.
            let _ = self.port.clear(serialport::ClearBuffer::Output);
        }
        drop(self.port);
        drop(self.holding);
        // The writer's last word comes before the port's last word.
        let _ = self.writer.join();
        let _ = self.inbox.fact(Fact::PortClosed { port: self.name, trouble: trouble.clone() });
        (self.ended)(trouble);
    }

    /// Reads until it is over; tells what trouble ended it.
    fn read_on(&mut self) -> Option<Trouble> {
        let mut buffer = vec![0; CHUNK];
        while !self.link.is_closed() {
            let length = match self.port.read(&mut buffer) {
                Ok(0) => return Some(self.vanished("end of file")),
                Ok(length) => length + self.read_along(&mut buffer[length..]),
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Some(self.vanished(error)),
            };
            let bytes = buffer[..length].into();
            if self.inbox.fact(Fact::BytesReceived { port: self.name.clone(), bytes }).is_err() {
                return None;
            }
            if length < WORTHWHILE {
                std::thread::park_timeout(NAP);
            }
        }
        None
    }

    /// Reads what else is there already; gives how much.
    fn read_along(&mut self, buffer: &mut [u8]) -> usize {
        let mut held = 0;
        while held < buffer.len() {
            match read_at_once(&mut self.port, &mut buffer[held..]) {
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

/// The way to the writer.
pub(super) type Jobs = SyncSender<Job>;
