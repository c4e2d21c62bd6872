//! A log file that is looked at.

use super::spill::read_at;
use crate::console::Shelf;
use crate::event::Trouble;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

#[derive(Debug)]
struct LogFile(File);

impl Shelf for LogFile {
    fn put(&self, _: &[u8]) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        read_at(&self.0, at, into)
    }

    fn oldest(&self) -> u64 {
        0
    }
}

/// Opens a file to be looked at; gives its size.
///
/// # Errors
/// `not-a-file` with `path`; `file-not-found`, `file-unreadable` with `path` and `detail`.
pub fn open(path: &Path) -> Result<(Arc<dyn Shelf>, u64), Trouble> {
    let trouble = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Trouble::new("file-not-found").with("path", path.display()),
        _ => Trouble::new("file-unreadable").with("path", path.display()).with("detail", error),
    };
    // Before it is opened: to open a port moves its lines, and to open a pipe waits for somebody who writes.
    let about = std::fs::metadata(path).map_err(trouble)?;
    if !about.is_file() {
        return Err(Trouble::new("not-a-file").with("path", path.display()));
    }
    let file = File::open(path).map_err(trouble)?;
    Ok((Arc::new(LogFile(file)), about.len()))
}

/// Writes a file.
///
/// # Errors
/// `log-not-saved` with `path` and `detail`.
pub fn save(path: &Path, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), Trouble> {
    // Beside it first: a log may be saved over the very file it is read from, and a full disk leaves the old one.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let written = File::create(&beside).and_then(|file| {
        let mut file = io::BufWriter::with_capacity(1 << 20, file);
        write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        std::fs::rename(&beside, path)
    });
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        Trouble::new("log-not-saved").with("path", path.display()).with("detail", error)
    })
}

#[cfg(test)]
mod tests {
    use super::{open, save};
    use std::io::{Error, Write};

    #[test]
    fn a_log_saved_over_the_file_it_is_read_from_is_whole_and_one_that_fails_leaves_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("board.log");
        std::fs::write(&path, "one\ntwo\n").unwrap();
        let (file, size) = open(&path).unwrap();
        let copy = |to: &mut dyn Write| {
            let mut bytes = vec![0; usize::try_from(size).unwrap()];
            to.write_all(b"> ")?;
            file.read(0, &mut bytes)?;
            to.write_all(&bytes)
        };
        save(&path, copy).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "> one\ntwo\n");
        let full = |to: &mut dyn Write| to.write_all(b"half").and(Err(Error::other("the disk is full")));
        assert_eq!(save(&path, full).unwrap_err().code, "log-not-saved");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "> one\ntwo\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn only_a_file_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(open(folder.path()).unwrap_err().code, "not-a-file");
        assert_eq!(open(&folder.path().join("none")).unwrap_err().code, "file-not-found");
    }
}
