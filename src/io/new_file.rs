//! A file that is written whole or not at all, and over another one only when asked.

use crate::event::Trouble;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A file being written. Dropped before [`Self::finish`], it is gone, and what stood there before still stands.
#[derive(Debug)]
pub struct NewFile {
    /// Nothing once it is finished.
    file: Option<BufWriter<File>>,
    written: PathBuf,
    wanted: PathBuf,
}

impl NewFile {
    /// Begins a file; with `over`, in the place of one that is there.
    ///
    /// # Errors
    /// `file-exists` with `path`; `file-unwritable` with `path` and `detail`.
    pub fn create(path: &Path, over: bool) -> Result<Self, Trouble> {
        // The old one goes only when the new one is whole.
        let written = if over && path.exists() { beside(path) } else { path.to_owned() };
        let file =
            OpenOptions::new().write(true).create_new(true).open(&written).map_err(|error| match error.kind() {
                ErrorKind::AlreadyExists => Trouble::new("file-exists").with("path", written.display()),
                _ => unwritable(path, &error),
            })?;
        Ok(Self { file: Some(BufWriter::with_capacity(1 << 18, file)), written, wanted: path.to_owned() })
    }

    /// Writes through to the disk what is left.
    ///
    /// # Errors
    /// `file-unwritable` with `path` and `detail`.
    pub fn finish(mut self) -> Result<(), Trouble> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let finished = file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| {
            file.sync_all()?;
            if self.written == self.wanted { Ok(()) } else { fs::rename(&self.written, &self.wanted) }
        });
        finished.map_err(|error| {
            let _ = fs::remove_file(&self.written);
            unwritable(&self.wanted, &error)
        })
    }

    /// What is told when it cannot be written.
    #[must_use]
    pub fn trouble(&self, error: &io::Error) -> Trouble {
        unwritable(&self.wanted, error)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.written);
        }
    }
}

/// Writes the pair of files of a test case into a folder: `NAME.jsonl` and `NAME.txt`. Neither may exist.
///
/// # Errors
/// `bad-test-name` with `name`; `file-exists`, `file-unwritable`.
pub fn save_test_case(folder: &Path, name: &str, capture: &[u8], summary: &str) -> Result<(), Trouble> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(fits) {
        return Err(Trouble::new("bad-test-name").with("name", name));
    }
    let mut files = Vec::new();
    for (end, bytes) in [("jsonl", capture), ("txt", summary.as_bytes())] {
        let mut file = NewFile::create(&folder.join(format!("{name}.{end}")), false)?;
        file.write_all(bytes).map_err(|error| file.trouble(&error))?;
        files.push(file);
    }
    files.into_iter().try_for_each(NewFile::finish)
}

fn unwritable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::new("file-unwritable").with("path", path.display()).with("detail", error)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".part");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::{NewFile, save_test_case};
    use std::io::Write;

    #[test]
    fn a_file_is_written_over_only_when_asked_and_only_by_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let write = |over, text: &[u8]| {
            let mut file = NewFile::create(&path, over)?;
            file.write_all(text).unwrap();
            Ok::<_, crate::event::Trouble>(file)
        };
        write(false, b"one").unwrap().finish().unwrap();
        assert_eq!(write(false, b"two").unwrap_err().code, "file-exists");
        drop(write(true, b"half").unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"one", "what was given up leaves the old one");
        write(true, b"three").unwrap().finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"three");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
        let nowhere = folder.path().join("none").join("a.csv");
        assert_eq!(NewFile::create(&nowhere, false).unwrap_err().code, "file-unwritable");
    }

    #[test]
    fn a_test_case_is_a_pair_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        save_test_case(folder.path(), "lamp-2.0", b"capture", "summary").unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join("lamp-2.0.txt")).unwrap(), "summary");
        std::fs::remove_file(folder.path().join("lamp-2.0.jsonl")).unwrap();
        assert_eq!(save_test_case(folder.path(), "lamp-2.0", b"other", "other").unwrap_err().code, "file-exists");
        assert!(!folder.path().join("lamp-2.0.jsonl").exists(), "no half of a pair");
        for name in ["", "../x", ".x", "a b"] {
            assert_eq!(save_test_case(folder.path(), name, b"", "").unwrap_err().code, "bad-test-name", "{name}");
        }
    }
}
