//! The thread of an open port that writes: bytes and files, told at the instant they were written.

use super::Link;
use super::native::{Native, PATIENCE};
use super::reader::is_passing;
use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use serialport::SerialPort as _;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// After so many attempts of [`PATIENCE`] in which the line took nothing, it is stalled: two seconds.
const ATTEMPTS: u32 = 100;
/// How much of a file is read at once.
const CHUNK: usize = 4 * 1024;

/// What is to be written.
#[derive(Debug)]
pub(super) enum Job {
    Bytes(Vec<u8>),
    /// A file, unless the files asked for up to this one were given up.
    File(PathBuf, u64),
}

/// Writes what is queued until the port is closed or gone.
pub(super) struct Writer {
    pub(super) name: String,
    pub(super) port: Native,
    pub(super) link: Arc<Link>,
    pub(super) inbox: Inbox,
    pub(super) queue: Receiver<Job>,
    /// Dropped when this thread's hold on the port is. Fields are dropped in order: after the port.
    pub(super) _holding: SyncSender<()>,
}

/// How a write ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Stalled,
    Cancelled,
    Over,
}

impl Writer {
    pub(super) fn run(mut self) {
        while let Ok(job) = self.queue.recv() {
            let end = match job {
                Job::Bytes(bytes) => {
                    let (written, end) = self.write(&bytes, None);
                    if end == End::Stalled {
                        let _ = self.inbox.fact(Fact::TroubleMet { trouble: self.stalled(bytes.len() - written) });
                    }
                    end
                }
                Job::File(path, order) => self.write_file(&path, order),
            };
            // The reader meets the same end and tells it.
            if end == End::Over {
                return;
            }
        }
    }

    fn write_file(&mut self, path: &Path, order: u64) -> End {
        let (mut sent, mut whole, mut end) = (0, u64::MAX, End::Done);
        let trouble = match self.open_file(path) {
            Err(trouble) => Some(trouble),
            Ok((mut file, size)) => {
                whole = size;
                let mut buffer = vec![0; CHUNK];
                let mut trouble = None;
                while end == End::Done && sent < size {
                    match file.read(&mut buffer) {
                        Ok(0) => break,
                        Ok(length) => {
                            let (written, how) = self.write(&buffer[..length], Some(order));
                            sent += written as u64;
                            end = how;
                        }
                        Err(error) if is_passing(&error) => {}
                        Err(error) => {
                            trouble = Some(unreadable(path, &error));
                            break;
                        }
                    }
                }
                match end {
                    End::Stalled => Some(self.stalled(usize::try_from(size - sent).unwrap_or(usize::MAX))),
                    End::Over => Some(Trouble::new("port-gone").with("port", &self.name)),
                    End::Done | End::Cancelled => trouble,
                }
            }
        };
        let complete = sent >= whole;
        let _ = self.inbox.fact(Fact::FileEnded { port: self.name.clone(), sent, complete, trouble });
        end
    }

    /// Opens a file and tells that it begins.
    fn open_file(&self, path: &Path) -> Result<(File, u64), Trouble> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let about = file.metadata().map_err(|error| unreadable(path, &error))?;
        if !about.is_file() {
            return Err(Trouble::new("file-unreadable").with("path", path.display()).with("detail", "not a file"));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let _ = self.inbox.fact(Fact::FileStarted { port: self.name.clone(), name, size: about.len() });
        Ok((file, about.len()))
    }

    /// Writes as much as can be; tells how much that was. What is written is told before the next wait.
    fn write(&mut self, bytes: &[u8], order: Option<u64>) -> (usize, End) {
        let (mut written, mut told, mut attempts, mut unsent) = (0, 0, 0, u32::MAX);
        let end = loop {
            if written == bytes.len() {
                break End::Done;
            }
            if self.link.is_closed() {
                break End::Over;
            }
            if order.is_some_and(|order| self.link.is_cancelled(order)) {
                break End::Cancelled;
            }
            let error = match self.port.write(&bytes[written..]) {
                Ok(0) => break End::Over,
                Ok(length) => {
                    (written, attempts) = (written + length, 0);
                    self.link.set_stalled(false);
                    continue;
                }
                Err(error) => error,
            };
            if !is_passing(&error) {
                break End::Over;
            }
            self.tell(&bytes[told..written]);
            told = written;
            // A slow line may hold a whole second's worth and yet go on.
            let left = self.port.bytes_to_write().unwrap_or(u32::MAX);
            attempts = if left < unsent { 0 } else { attempts + 1 };
            unsent = left;
            if attempts > ATTEMPTS {
                self.link.set_stalled(true);
                break End::Stalled;
            }
            if error.kind() == ErrorKind::WouldBlock {
                std::thread::park_timeout(PATIENCE);
            }
        };
        self.tell(&bytes[told..written]);
        (written, end)
    }

    fn tell(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let _ = self.inbox.fact(Fact::BytesSent { port: self.name.clone(), bytes: bytes.into() });
        }
    }

    fn stalled(&self, unsent: usize) -> Trouble {
        Trouble::new("port-send-stalled").with("port", &self.name).with("unsent", unsent)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Trouble {
    Trouble::new("file-unreadable").with("path", path.display()).with("detail", error)
}
