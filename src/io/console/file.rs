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
/// `file-not-found`, `file-unreadable` with `path` and `detail`.
pub fn open(path: &Path) -> Result<(Arc<dyn Shelf>, u64), Trouble> {
    let trouble = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Trouble::new("file-not-found").with("path", path.display()),
        _ => Trouble::new("file-unreadable").with("path", path.display()).with("detail", error),
    };
    let file = File::open(path).map_err(trouble)?;
    let about = file.metadata().map_err(trouble)?;
    if about.is_dir() {
        return Err(trouble(io::ErrorKind::IsADirectory.into()));
    }
    Ok((Arc::new(LogFile(file)), about.len()))
}

/// Writes a file.
///
/// # Errors
/// `log-unwritable` with `path` and `detail`.
pub fn save(path: &Path, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> Result<(), Trouble> {
    let written = File::create(path).and_then(|file| {
        let mut file = io::BufWriter::with_capacity(1 << 20, file);
        write(&mut file)?;
        io::Write::flush(&mut file)
    });
    written.map_err(|error| Trouble::new("log-unwritable").with("path", path.display()).with("detail", error))
}
