//! Who writes a capture holds a lock beside it (`NAME.lock`), which the system takes from a program that is killed.
//!
//! Beside it and not on it: on Windows a locked file cannot be read by others. A lock that nobody holds is what a kill, or a
//! capture too large to be compressed at once, leaves behind: there is something left to be done.

use same_file::Handle;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// A lock that is held. Letting go of it leaves the file.
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock, and makes its file if need be; nothing when somebody else holds it.
    ///
    /// # Errors
    /// The system's: it cannot be written, or there are no locks in that place.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            // Who held it before may have removed it since we opened it, and somebody else may have made another.
            Ok(()) if is_at(&file, path)? => Ok(Some(Self { file, path: path.to_owned() })),
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Everything is done: the file goes.
    pub fn finish(self) {
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Whether this very file stands there.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = Handle::from_file(file.try_clone()?)?;
    // Where nothing can be opened any more, it is not.
    Ok(Handle::from_path(path).is_ok_and(|there| there == ours))
}

/// Whether somebody holds the lock. Where that cannot be told, somebody does.
#[must_use]
pub fn is_held(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => file.try_lock_shared().is_err(),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::{Lock, is_at, is_held};
    use std::fs::File;

    #[test]
    fn a_capture_is_being_written_as_long_as_its_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        assert!(!is_held(&path));
        let lock = Lock::take(&path).unwrap().unwrap();
        assert!(is_held(&path));
        assert!(Lock::take(&path).unwrap().is_none(), "nobody else gets it");
        drop(lock);
        assert!(path.exists() && !is_held(&path), "as after a kill: there is something left to be done");
        Lock::take(&path).unwrap().unwrap().finish();
        assert!(!path.exists());
    }
    /// Two programs must not both believe to be the one that writes.
    #[test]
    fn a_lock_that_was_removed_and_made_anew_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let old = File::create(&path).unwrap();
        assert!(is_at(&old, &path).unwrap());
        std::fs::remove_file(&path).unwrap();
        assert!(!is_at(&old, &path).unwrap());
        let new = File::create(&path).unwrap();
        assert!(!is_at(&old, &path).unwrap() && is_at(&new, &path).unwrap());
    }
}
