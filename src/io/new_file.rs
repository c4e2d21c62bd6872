//! A file that is written whole or not at all, and over another one only when asked.

use super::captures::{Files, is_held, now_at};
use crate::event::Trouble;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Links that may lead from one to the next, as the system has it.
const MOST_LINKS: usize = 40;
/// Handed to the disk at once, in bytes.
const CHUNK: usize = 1 << 18;

/// A file being written. Until [`Self::finish`] it is a hidden one beside the place that was asked for; dropped before, it is
/// gone, and what stood in that place still stands.
#[derive(Debug)]
pub struct NewFile {
    writing: Writing,
    wanted: PathBuf,
    over: bool,
}

#[derive(Debug)]
enum Writing {
    Beside(BufWriter<NamedTempFile>),
    /// A device, a pipe: what has no place beside it that could take its name.
    InPlace(BufWriter<File>),
}

impl NewFile {
    /// Begins a file; with `over`, in the place of one that is there. A link stays one, and what is no regular file is
    /// written into.
    ///
    /// # Errors
    /// `file-exists`, `folder-missing` with `path`; `file-unwritable` with `path` and `detail`.
    pub fn create(path: &Path, over: bool) -> Result<Self, Trouble> {
        let unwritable = |error: io::Error| unwritable(path, &error);
        let stands = fs::metadata(path).ok();
        if stands.as_ref().is_some_and(|stands| !stands.is_file()) {
            let file = OpenOptions::new().write(true).open(path).map_err(unwritable)?;
            return Ok(Self::new(Writing::InPlace(BufWriter::with_capacity(CHUNK, file)), path, over));
        }
        if stands.is_some() && !over {
            return Err(exists(path));
        }
        let wanted = aim(path);
        let folder = folder_of(&wanted);
        let missing = match fs::metadata(folder) {
            Ok(stands) => !stands.is_dir(),
            Err(error) => matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        };
        if missing {
            return Err(Trouble::new("folder-missing").with("path", folder.display()));
        }
        let file = hidden(folder).map_err(unwritable)?;
        if let Some(stands) = stands {
            // Who might not read the old one may not read the new one.
            let _ = file.as_file().set_permissions(stands.permissions());
        }
        Ok(Self::new(Writing::Beside(BufWriter::with_capacity(CHUNK, file)), &wanted, over))
    }

    /// The same, of a file that is made of a capture, which must still be there afterwards: it is read meanwhile.
    ///
    /// # Errors
    /// `export-onto-source`, `export-onto-recording` with `path`; otherwise as [`Self::create`].
    pub fn made_of(source: &Path, path: &Path, over: bool) -> Result<Self, Trouble> {
        let target = aim(path);
        if is_same(&now_at(source), &target) {
            return Err(Trouble::new("export-onto-source").with("path", path.display()));
        }
        if is_being_recorded(&target) {
            return Err(Trouble::new("export-onto-recording").with("path", path.display()));
        }
        Self::create(path, over)
    }

    fn new(writing: Writing, wanted: &Path, over: bool) -> Self {
        Self { writing, wanted: wanted.to_owned(), over }
    }

    /// Writes through to the disk what is left, and gives the file its name.
    ///
    /// # Errors
    /// `file-exists` with `path`; `file-unwritable` with `path` and `detail`.
    pub fn finish(self) -> Result<(), Trouble> {
        let finished = match self.writing {
            Writing::Beside(file) => name(file, &self.wanted, self.over),
            // Not every device can be told to write through.
            Writing::InPlace(mut file) => file.flush(),
        };
        finished.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => exists(&self.wanted),
            _ => unwritable(&self.wanted, &error),
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
        match &mut self.writing {
            Writing::Beside(file) => file.write(bytes),
            Writing::InPlace(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.writing {
            Writing::Beside(file) => file.flush(),
            Writing::InPlace(file) => file.flush(),
        }
    }
}

/// Writes the pair of files of a test case into a folder: `NAME.jsonl` and `NAME.txt`. Neither may exist. Gives both.
///
/// # Errors
/// `bad-test-name` with `name`; `test-case-exists` with `path`; otherwise as [`NewFile::create`].
pub fn save_test_case(folder: &Path, name: &str, capture: &[u8], summary: &str) -> Result<[PathBuf; 2], Trouble> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(fits) {
        return Err(Trouble::new("bad-test-name").with("name", name));
    }
    let paths = ["jsonl", "txt"].map(|end| folder.join(format!("{name}.{end}")));
    let begin = |path: &Path, bytes: &[u8]| {
        let mut file = NewFile::create(path, false)?;
        file.write_all(bytes).map_err(|error| file.trouble(&error))?;
        Ok(file)
    };
    let written = (|| {
        let first = begin(&paths[0], capture)?;
        let second = begin(&paths[1], summary.as_bytes())?;
        first.finish()?;
        second.finish().inspect_err(|_| {
            let _ = fs::remove_file(&paths[0]);
        })
    })();
    // Nothing writes over a pair, so nothing is told of how to.
    written.map_err(|trouble: Trouble| match (&*trouble.code, trouble.arg("path")) {
        ("file-exists", Some(path)) => Trouble::new("test-case-exists").with("path", path),
        _ => trouble,
    })?;
    Ok(paths)
}

/// Gives a whole file its name.
fn name(file: BufWriter<NamedTempFile>, wanted: &Path, over: bool) -> io::Result<()> {
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    if over {
        file.persist(wanted)?;
    } else if let Err(failed) = file.persist_noclobber(wanted) {
        // Not every file system can do this in one step.
        if failed.error.kind() == ErrorKind::AlreadyExists || fs::symlink_metadata(wanted).is_ok_and(|it| it.is_file())
        {
            return Err(ErrorKind::AlreadyExists.into());
        }
        failed.file.persist(wanted)?;
    }
    Ok(())
}

/// A hidden file that goes when nobody wants it any longer.
fn hidden(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".ota-workbench-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Like any other new file: the user's mask says who may read it.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // Its own name is nothing to tell.
    builder.tempfile_in(folder).map_err(|error| {
        let cause = error.get_ref().and_then(Error::source).map(ToString::to_string);
        cause.map_or(error.kind().into(), |cause| io::Error::new(error.kind(), cause))
    })
}

/// Where a path leads to: links are followed, also one to a file that is not there yet.
fn aim(path: &Path) -> PathBuf {
    let mut aim = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = fs::read_link(&aim) else { break };
        aim = folder_of(&aim).join(next);
    }
    aim
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether writing the one is writing over the other: one file, or the plain and the compressed one of a capture.
fn is_same(source: &Path, target: &Path) -> bool {
    // A pipe is not opened to be compared: it would be waited for.
    let same_file = target.is_file() && same_file::is_same_file(source, target).unwrap_or(false);
    let of_capture = |path: &Path| {
        let files = Files::of(path)?;
        Some((fs::canonicalize(folder_of(path)).ok()?, files.name().to_owned()))
    };
    same_file || of_capture(source).is_some_and(|source| of_capture(target) == Some(source))
}

fn is_being_recorded(target: &Path) -> bool {
    Files::of(target).is_some_and(|files| files.lock().exists() && is_held(&files.lock()))
}

fn exists(path: &Path) -> Trouble {
    Trouble::new("file-exists").with("path", path.display())
}

fn unwritable(path: &Path, error: &io::Error) -> Trouble {
    Trouble::new("file-unwritable").with("path", path.display()).with("detail", error)
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
        assert_eq!(NewFile::create(&nowhere, false).unwrap_err().code, "folder-missing");
        let below_a_file = path.join("b.csv");
        assert_eq!(NewFile::create(&below_a_file, false).unwrap_err().code, "folder-missing");
        assert_eq!(NewFile::create(folder.path(), true).unwrap_err().code, "file-unwritable");
    }

    /// Otherwise half an export stands under its name after a kill, and is handed on as a whole one.
    #[test]
    fn until_it_is_whole_nothing_has_its_name_and_who_came_first_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let names = || {
            let entries = std::fs::read_dir(folder.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        let mut file = NewFile::create(&path, false).unwrap();
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
        assert!(names().iter().all(|name| name.starts_with('.')), "{:?}", names());
        std::fs::write(&path, "somebody else's").unwrap();
        assert_eq!(file.finish().unwrap_err().code, "file-exists");
        assert_eq!(std::fs::read(&path).unwrap(), b"somebody else's");
        assert_eq!(names(), ["a.csv"]);
    }

    /// Otherwise an export onto the capture itself loses the session.
    #[test]
    fn a_capture_is_never_written_over_by_what_is_made_of_it_nor_one_that_is_being_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a.jsonl", "other.jsonl", "b.jsonl.zst", "running.jsonl"] {
            std::fs::write(at(name), "text").unwrap();
        }
        std::fs::hard_link(at("a.jsonl"), at("linked.csv")).unwrap();
        let lock = crate::io::captures::Lock::take(&at("running.lock")).unwrap().unwrap();
        drop(crate::io::captures::Lock::take(&at("other.lock")).unwrap().unwrap());
        let refused = |source: &str, target: &str| {
            NewFile::made_of(&at(source), &at(target), true).err().map(|trouble| trouble.code.to_string())
        };
        for (source, target, code) in [
            ("a.jsonl", "a.jsonl", Some("export-onto-source")),
            ("a.jsonl", "linked.csv", Some("export-onto-source")),
            // It is compressed by now, and the plain one would be taken for it.
            ("b.jsonl", "b.jsonl", Some("export-onto-source")),
            ("b.jsonl.zst", "b.jsonl", Some("export-onto-source")),
            ("a.jsonl", "running.jsonl", Some("export-onto-recording")),
            ("a.jsonl", "running.jsonl.zst", Some("export-onto-recording")),
            ("a.jsonl", "running.csv", None),
            ("a.jsonl", "other.jsonl", None),
            ("a.jsonl", "a.csv", None),
        ] {
            assert_eq!(refused(source, target).as_deref(), code, "{source} to {target}");
        }
        let by_another_way = at(".").join("a.jsonl");
        assert_eq!(NewFile::made_of(&at("a.jsonl"), &by_another_way, true).unwrap_err().code, "export-onto-source");
        lock.finish();
        assert_eq!(std::fs::read(at("a.jsonl")).unwrap(), b"text");
    }

    /// Otherwise `--out /dev/null --force` replaces the device by a file, and a link loses what it led to.
    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_a_device_a_device() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (there, link) = (folder.path().join("there.csv"), folder.path().join("link.csv"));
        symlink("there.csv", &link).unwrap();
        let write = |path: &std::path::Path, over| {
            let mut file = NewFile::create(path, over).unwrap();
            file.write_all(b"text").and_then(|()| file.flush()).map_err(|error| file.trouble(&error))?;
            file.finish()
        };
        write(&link, false).unwrap();
        std::fs::set_permissions(&there, std::fs::Permissions::from_mode(0o600)).unwrap();
        write(&link, true).unwrap();
        assert!(link.is_symlink() && std::fs::read(&there).unwrap() == b"text");
        assert_eq!(there.metadata().unwrap().permissions().mode() & 0o777, 0o600, "no more may read it than before");
        let (full, null) = (folder.path().join("full"), folder.path().join("null"));
        symlink("/dev/full", &full).unwrap();
        symlink("/dev/null", &null).unwrap();
        assert_eq!(write(&full, true).unwrap_err().code, "file-unwritable");
        write(&null, false).unwrap();
        write(&null, true).unwrap();
        assert!(null.metadata().unwrap().file_type().is_char_device() && null.is_symlink());
    }

    #[test]
    fn a_test_case_is_a_pair_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let written = save_test_case(folder.path(), "lamp-2.0", b"capture", "summary").unwrap();
        assert_eq!(written, ["jsonl", "txt"].map(|end| folder.path().join(format!("lamp-2.0.{end}"))));
        assert_eq!(std::fs::read_to_string(folder.path().join("lamp-2.0.txt")).unwrap(), "summary");
        std::fs::remove_file(folder.path().join("lamp-2.0.jsonl")).unwrap();
        assert_eq!(save_test_case(folder.path(), "lamp-2.0", b"other", "other").unwrap_err().code, "test-case-exists");
        assert!(!folder.path().join("lamp-2.0.jsonl").exists(), "no half of a pair");
        for name in ["", "../x", ".x", "a b"] {
            assert_eq!(save_test_case(folder.path(), name, b"", "").unwrap_err().code, "bad-test-name", "{name}");
        }
    }
}
