//! What a capture is written to: its file, which is made when there is room for its first line and not before.

use crate::capture::Found;
use crate::io::captures::{self, Files, Lock};
use crate::io::folder;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What is written to.
pub trait Disk {
    /// Writes these bytes behind the first `length` ones, which stay; what is there behind them goes.
    fn put(&mut self, length: u64, bytes: &[u8]) -> io::Result<()>;
    /// Writes through what was put.
    fn sync(&mut self) -> io::Result<()>;
    /// Everything is written. What is in it is told where that is known.
    fn close(self, found: Option<Found>);
}

/// What becomes of a capture's file when it is closed.
enum Keeping {
    /// It stays as it is: somebody asked for it by name.
    AsItIs,
    /// It is compressed in its place: its name asks for that.
    Compressed,
    /// It is one of the folder's, which are kept small, with what is known of each beside it.
    InFolder(Files, Option<Lock>),
}

/// A capture's file.
pub struct CaptureFile {
    path: PathBuf,
    keeping: Keeping,
    file: Option<File>,
}

impl CaptureFile {
    /// One that was asked for by name.
    pub fn named(path: &Path) -> Self {
        let is_zst = path.extension().is_some_and(|extension| extension == "zst");
        let keeping = if is_zst { Keeping::Compressed } else { Keeping::AsItIs };
        Self { path: path.to_owned(), keeping, file: None }
    }

    /// One of a folder's, under a name that is free; nothing when somebody else has it.
    pub fn in_folder(files: Files) -> Option<Self> {
        // What cannot be made shows when the capture is.
        let _ = files.lock().parent().map(folder::make);
        if [files.plain(), files.compressed()].iter().any(|path| path.try_exists().unwrap_or(false)) {
            return None;
        }
        let lock = match Lock::take(&files.lock()) {
            Ok(None) => return None,
            Ok(lock) => lock,
            // No locks in this place, or no room for one yet: it is recorded all the same.
            Err(_) => None,
        };
        Some(Self { path: files.plain(), keeping: Keeping::InFolder(files, lock), file: None })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file; it is made where there is none yet.
    fn open(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.make()?,
        };
        Ok(self.file.insert(file))
    }

    fn make(&mut self) -> io::Result<File> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            folder::make(folder)?;
        }
        if let Keeping::InFolder(files, lock @ None) = &mut self.keeping {
            *lock = match Lock::take(&files.lock()) {
                Ok(None) => return Err(ErrorKind::AlreadyExists.into()),
                taken => taken.unwrap_or_default(),
            };
        }
        OpenOptions::new().write(true).create_new(true).open(&self.path)
    }
}

impl Disk for CaptureFile {
    fn put(&mut self, length: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() && self.file.is_none() {
            return Ok(());
        }
        let put = self.open().and_then(|file| {
            if file.stream_position()? != length {
                file.set_len(length)?;
                file.seek(SeekFrom::Start(length))?;
            }
            file.write_all(bytes)
        });
        // Without its first line it is no capture, and nobody would know what it was.
        if put.is_err() && length == 0 && self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
        put
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }

    /// What cannot be done now is done at the next start.
    fn close(mut self, found: Option<Found>) {
        self.file = None;
        match self.keeping {
            Keeping::AsItIs => {}
            Keeping::Compressed => {
                let _ = captures::compress(&self.path, &self.path, &AtomicBool::new(false));
            }
            Keeping::InFolder(files, lock) => captures::close(&files, lock, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CaptureFile, Disk};
    use crate::io::captures::Files;
    use std::fs;

    #[test]
    fn a_capture_that_could_never_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("captures");
        // As when the disk of the folder is not there yet.
        fs::write(&inside, "in the way").unwrap();
        let mut file = CaptureFile::in_folder(Files::new(&inside, "a")).unwrap();
        assert!(file.put(0, b"{}\n").is_err());
        fs::remove_file(&inside).unwrap();
        file.put(0, b"{}\n").unwrap();
        assert_eq!(fs::read(inside.join("a.jsonl")).unwrap(), b"{}\n");
        assert!(inside.join("a.lock").exists(), "nobody else takes it for a leftover");
        assert!(CaptureFile::in_folder(Files::new(&inside, "a")).is_none());

        let never = CaptureFile::in_folder(Files::new(&inside, "b")).unwrap();
        never.close(None);
        assert!(!inside.join("b.lock").exists() && !inside.join("b.jsonl").exists());
    }
}
