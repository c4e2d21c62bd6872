//! A file on its way to a port: its progress and its digest are told, its bytes stay out of the events.

use super::reader::is_passing;
use super::wire::Wire;
use super::writer::{End, Writer, now};
use crate::event::{Fact, Text, Trouble};
use crate::image::Digester;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// How much of a file is read at once.
const CHUNK: usize = 4 * 1024;
/// How often its progress is told at most.
const PERIOD: Duration = Duration::from_millis(100);

/// How far a file is.
pub(super) struct SentFile {
    name: Text,
    size: u64,
    /// Bytes that left.
    sent: u64,
    /// Of what was read and sent.
    digest: Digester,
    complete: bool,
}

impl SentFile {
    /// One of which nothing was sent.
    pub(super) fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name: name.into(), size: 0, sent: 0, digest: Digester::new(), complete: false }
    }
}

impl<W: Wire> Writer<W> {
    pub(super) fn write_file(&mut self, path: &Path, order: u64) -> End {
        let mut file = SentFile::of(path);
        let (end, trouble) = match self.open_file(path, &mut file) {
            Err(trouble) => (End::Done, Some(trouble)),
            Ok(mut bytes) => match self.write_on(&mut bytes, &mut file, order) {
                Ok(end) => (end, None),
                Err(error) => (End::Done, Some(unreadable(path, &error))),
            },
        };
        if end != End::Stalled {
            self.flow.give_up();
        }
        let left = usize::try_from(file.size - file.sent).unwrap_or(usize::MAX);
        let trouble = match end {
            End::Stalled => {
                self.told = Some(now());
                Some(self.stalled(left))
            }
            End::Over => Some(Trouble::new("port-gone").with("port", &self.name)),
            End::Done | End::Cancelled => trouble,
        };
        file.complete = end == End::Done && trouble.is_none();
        self.tell_file_ended(file, trouble);
        end
    }

    /// Opens a file and tells that it begins.
    fn open_file(&self, path: &Path, file: &mut SentFile) -> Result<File, Trouble> {
        // Before it is opened: opening a pipe waits for somebody to write into it.
        let about = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if !about.is_file() {
            return Err(unreadable(path, &"not a file"));
        }
        let bytes = File::open(path).map_err(|error| unreadable(path, &error))?;
        file.size = about.len();
        let _ = self.inbox.fact(Fact::FileStarted {
            port: self.name.clone(),
            name: file.name.as_str().into(),
            size: file.size,
        });
        Ok(bytes)
    }

    fn write_on(&mut self, bytes: &mut impl Read, file: &mut SentFile, order: u64) -> std::io::Result<End> {
        let (mut buffer, mut written, mut told) = (vec![0; CHUNK], 0, now());
        let mut end = End::Done;
        'file: while written < file.size {
            let wanted = usize::try_from(file.size - written).map_or(CHUNK, |rest| rest.min(CHUNK));
            let length = match bytes.read(&mut buffer[..wanted]) {
                // It became shorter meanwhile: what it was is what there is.
                Ok(0) => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => length,
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(error),
            };
            let mut chunk = &buffer[..length];
            loop {
                let (more, ended) = self.write(chunk, Some(order));
                file.digest.update(&chunk[..more]);
                chunk = &chunk[more..];
                written += more as u64;
                file.sent = written.saturating_sub(self.flow.held() as u64);
                if told.elapsed() >= PERIOD {
                    told = now();
                    let sent = file.sent;
                    let _ = self.inbox.fact(Fact::FileProgressed { port: self.name.clone(), sent });
                }
                match ended {
                    None => {}
                    Some(End::Done) => break,
                    Some(other) => {
                        end = other;
                        break 'file;
                    }
                }
            }
        }
        let mut held = self.flow.held();
        if end == End::Done {
            (held, end) = self.let_out(order);
        }
        if end == End::Cancelled {
            held = self.drop_unsent();
        }
        file.sent = written.saturating_sub(held as u64);
        Ok(end)
    }

    pub(super) fn tell_file_ended(&self, file: SentFile, trouble: Option<Trouble>) {
        let sha256 = file.complete.then(|| file.digest.finish().sha256);
        let SentFile { name, sent, complete, .. } = file;
        let _ = self.inbox.fact(Fact::FileEnded {
            port: self.name.clone(),
            name: Some(name),
            sent,
            complete,
            sha256: sha256.map(Into::into),
            trouble,
        });
    }
}

fn unreadable(path: &Path, detail: &dyn std::fmt::Display) -> Trouble {
    Trouble::new("file-unreadable").with("path", path.display()).with("detail", detail)
}
