//! The two threads of an open port: one reads, one writes.

use super::Link;
use super::native::Native;
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use serialport::SerialPort as _;
use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

/// How much goes into one fact at most.
const CHUNK: usize = 8 * 1024;
/// A chunk this long goes out at once; a shorter one waits for what follows on its heels.
const WORTHWHILE: usize = 1024;
/// For so long.
const GATHER: Duration = Duration::from_millis(3);
/// After so many attempts of [`super::native::PATIENCE`] without a byte written, the line is stalled: two seconds.
const ATTEMPTS: u32 = 100;

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
}

/// Writes what is queued until the port is closed or gone.
pub(super) struct Writer {
    pub(super) name: String,
    pub(super) port: Native,
    pub(super) link: Arc<Link>,
    pub(super) inbox: Inbox,
    pub(super) queue: Receiver<Vec<u8>>,
    /// Dropped when this thread's hold on the port is. Fields are dropped in order: after the port.
    pub(super) _holding: SyncSender<()>,
}

impl Reader {
    pub(super) fn run(mut self) {
        let opened = Fact::PortOpened { port: self.name.clone(), settings: std::mem::take(&mut self.settings) };
        let trouble = if self.inbox.fact(opened).is_ok() { self.read_on() } else { None };
        self.link.close();
        drop(self.port);
        drop(self.holding);
        // The writer's last word comes before the port's last word.
        let _ = self.writer.join();
        let _ = self.inbox.fact(Fact::PortClosed { port: self.name, trouble });
    }

    /// Reads until it is over; tells what trouble ended it.
    fn read_on(&mut self) -> Option<Trouble> {
        let mut buffer = vec![0; CHUNK];
        while !self.link.is_closed() {
            let length = match self.port.read(&mut buffer) {
                Ok(0) => return Some(self.vanished("end of file")),
                Ok(length) => length + self.gather(&mut buffer, length),
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Some(self.vanished(error)),
            };
            let bytes = buffer[..length].into();
            if self.inbox.fact(Fact::BytesReceived { port: self.name.clone(), bytes }).is_err() {
                return None;
            }
        }
        None
    }

    /// Adds what follows within moments, so that a line is a few facts and not one a byte; gives how much.
    fn gather(&mut self, buffer: &mut [u8], held: usize) -> usize {
        if held >= WORTHWHILE {
            return 0;
        }
        std::thread::park_timeout(GATHER);
        match self.port.bytes_to_read() {
            Ok(waiting) if waiting > 0 => self.port.read(&mut buffer[held..]).unwrap_or(0),
            // A port that is gone says so again at the next read.
            _ => 0,
        }
    }

    fn vanished(&self, detail: impl Display) -> Trouble {
        Trouble::new("port-vanished").with("port", &self.name).with("detail", detail)
    }
}

impl Writer {
    pub(super) fn run(mut self) {
        while let Ok(bytes) = self.queue.recv() {
            let (written, end) = self.write(&bytes);
            if written > 0 {
                let bytes = bytes[..written].into();
                let _ = self.inbox.fact(Fact::BytesSent { port: self.name.clone(), bytes });
            }
            match end {
                End::Done => {}
                End::Stalled => self.tell_stalled(bytes.len() - written),
                // The reader meets the same end and tells it.
                End::Over => return,
            }
        }
    }

    /// Writes as much as can be; tells how much that was.
    fn write(&mut self, bytes: &[u8]) -> (usize, End) {
        let (mut written, mut attempts) = (0, 0);
        while written < bytes.len() {
            if self.link.is_closed() {
                return (written, End::Over);
            }
            match self.port.write(&bytes[written..]) {
                Ok(0) => return (written, End::Over),
                Ok(length) => (written, attempts) = (written + length, 0),
                Err(error) if !is_passing(&error) => return (written, End::Over),
                Err(_) if attempts == ATTEMPTS => return (written, End::Stalled),
                Err(error) => {
                    attempts += 1;
                    if error.kind() == ErrorKind::WouldBlock {
                        std::thread::park_timeout(super::native::PATIENCE);
                    }
                }
            }
        }
        (written, End::Done)
    }

    fn tell_stalled(&self, unsent: usize) {
        let trouble = Trouble::new("port-send-stalled").with("port", &self.name).with("unsent", unsent);
        let _ = self.inbox.fact(Fact::TroubleMet { trouble });
    }
}

/// How a write ended.
enum End {
    Done,
    Stalled,
    Over,
}

/// Whether the same call may succeed a moment later.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted | ErrorKind::WouldBlock)
}
