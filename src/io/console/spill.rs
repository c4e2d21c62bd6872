//! Where consoles keep what does not fit their memory: a file of a limited size, written round and round.

use crate::console::Shelf;
use crate::io::folder;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest such file, in bytes; then the oldest lines make room.
const CAPACITY: u64 = 8 << 30;
const ENDING: &str = "spill";

/// A file for what does not fit the memory; made when it is first needed, and gone with this value.
#[derive(Debug)]
pub struct Spill {
    path: PathBuf,
    capacity: u64,
    file: Mutex<Option<(Arc<File>, u64)>>,
    end: AtomicU64,
}

impl Spill {
    /// A spill in this folder; it touches nothing yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{}-{number}.{ENDING}", std::process::id()));
        Self { path, capacity: CAPACITY, file: Mutex::default(), end: AtomicU64::new(0) }
    }

    fn make(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            folder::make(folder)?;
            sweep(folder);
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&self.path)?;
        // Told to other workbenches, which sweep what nobody holds. A file system without locks has it swept never.
        let _ = file.try_lock();
        Ok(file)
    }

    fn file(&self) -> std::sync::MutexGuard<'_, Option<(Arc<File>, u64)>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes away what a workbench that crashed has left.
fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == ENDING)) {
        let left = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if left {
            let _ = std::fs::remove_file(&path);
        }
    }
}

impl Shelf for Spill {
    fn put(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut held = self.file();
        if held.is_none() {
            *held = Some((Arc::new(self.make()?), 0));
        }
        let Some((file, end)) = held.as_mut() else { return Err(io::ErrorKind::NotFound.into()) };
        let length = bytes.len() as u64;
        // No page goes round the corner.
        if *end % self.capacity + length > self.capacity {
            *end = end.next_multiple_of(self.capacity);
        }
        let at = *end;
        // Before a byte is written: who reads what is written over now, must know afterwards.
        self.end.store(at + length, Ordering::Release);
        write_at(file, at % self.capacity, bytes)?;
        *end += length;
        Ok(at)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let file = match &*self.file() {
            Some((file, _)) => Arc::clone(file),
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        read_at(&file, at % self.capacity, into)?;
        if at < self.oldest() { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
    }

    fn oldest(&self) -> u64 {
        self.end.load(Ordering::Acquire).saturating_sub(self.capacity)
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if self.file().take().is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Reads all of `into` from a place of a file that several threads read at once.
#[cfg(unix)]
pub(super) fn read_at(file: &File, at: u64, into: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(unix)]
fn write_at(file: &File, at: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

/// As above; Windows moves the file's own place, which nobody here relies on.
#[cfg(windows)]
pub(super) fn read_at(file: &File, mut at: u64, mut into: &mut [u8]) -> io::Result<()> {
    while !into.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, into, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at += read as u64;
        into = &mut into[read..];
    }
    Ok(())
}

#[cfg(windows)]
fn write_at(file: &File, mut at: u64, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        at += written as u64;
        bytes = &bytes[written..];
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Shelf, Spill};

    fn files(folder: &std::path::Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_flood_for_days_does_not_fill_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(folder.path());
        spill.capacity = 1_000;
        let places: Vec<_> = (0..100_u8).map(|number| spill.put(&[number; 300]).unwrap()).collect();
        assert_eq!(std::fs::metadata(&spill.path).unwrap().len(), 900);
        let mut page = [0; 300];
        for (number, at) in (0..100_u8).zip(places) {
            let read = spill.read(at, &mut page).is_ok();
            assert_eq!(read, at >= spill.oldest(), "{at}");
            assert!(!read || page == [number; 300]);
        }
        assert!(spill.read(99_999, &mut page).is_err());
    }

    #[test]
    fn it_is_made_when_it_is_needed_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("1-1.spill");
        std::fs::write(&left, "of a workbench that crashed").unwrap();
        let (spill, other) = (Spill::new(folder.path()), Spill::new(folder.path()));
        assert_eq!(files(folder.path()), 1);
        other.put(b"x").unwrap();
        spill.put(b"y").unwrap();
        assert!(!left.exists() && files(folder.path()) == 2, "what is in use stays");
        drop((spill, other));
        assert_eq!(files(folder.path()), 0);
    }
}
