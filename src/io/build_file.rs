//! Reads a firmware file into a snapshot that no later build can change under a running upgrade.

use crate::event::Trouble;
use crate::image::{Digester, Digests, FoundVersion, HEAD_BYTES, found_version};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

/// The largest file taken for firmware: 1 GiB.
const MAX_BYTES: u64 = 1 << 30;
/// How often a file that changes while it is read is tried, and how long it is left alone in between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);
/// Read at once; small enough to be digested while it is still in the processor's cache.
const CHUNK: usize = 128 * 1024;

/// A build as it was at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its bytes.
    pub bytes: Arc<[u8]>,
    /// What they add up to.
    pub digests: Digests,
    /// The file's name, without its folder.
    pub name: String,
    /// The version found in it, or in its name.
    pub version: Option<FoundVersion>,
    /// When the file was last written, where the system knows.
    pub modified: Option<SystemTime>,
}

/// Reads the build at `path`.
///
/// # Errors
/// `file-not-found`, `file-is-directory`, `file-empty` (each with `path`), `file-too-large` (`path`, `size` and `limit` in
/// bytes), `file-unreadable` (`path`, `detail`), `file-changed` (`path`): it was written to while it was read, again and
/// again; a build is still running.
pub fn read(path: &Path) -> Result<Snapshot, Trouble> {
    read_with(path, None, &mut |_| {})
}

/// Reads the build at `path` again. As long as it holds the same bytes, they are compared, not digested, and the memory
/// is shared: some microseconds for a usual build, so that Push need not trust a file's time.
///
/// # Errors
/// As [`read`].
pub fn read_again(path: &Path, known: &Snapshot) -> Result<Snapshot, Trouble> {
    read_with(path, Some(known), &mut |_| {})
}

/// Why one try gave no snapshot.
enum Failed {
    /// The file was written to meanwhile.
    Changed,
    /// Trying again would not help.
    For(Trouble),
}

/// Tries until a file holds still; `between` is told the number of each try between reading and checking.
fn read_with(path: &Path, known: Option<&Snapshot>, between: &mut dyn FnMut(u32)) -> Result<Snapshot, Trouble> {
    for number in 1..=TRIES {
        match read_once(path, known, &mut || between(number)) {
            Ok(snapshot) => return Ok(snapshot),
            Err(Failed::For(trouble)) => return Err(trouble),
            Err(Failed::Changed) if number < TRIES => thread::park_timeout(PAUSE),
            Err(Failed::Changed) => {}
        }
    }
    Err(about("file-changed", path))
}

fn read_once(path: &Path, known: Option<&Snapshot>, between: &mut dyn FnMut()) -> Result<Snapshot, Failed> {
    let unreadable = |error: io::Error| Failed::For(io_trouble(path, &error));
    // Asked by name first: opening a named pipe would wait for somebody to write into it.
    let size = acceptable(path, &path.metadata().map_err(unreadable)?).map_err(Failed::For)?;
    let mut file = File::open(path).map_err(unreadable)?;
    let before = file.metadata().map_err(unreadable)?;
    if before.len() != size as u64 {
        return Err(Failed::Changed);
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let snapshot = match known {
        Some(known) if known.name == name && same_bytes(&mut file, &known.bytes).map_err(unreadable)? => known.clone(),
        Some(_) => return read_once(path, None, between),
        None => take(&mut file, size, name).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => Failed::Changed,
            _ => unreadable(error),
        })?,
    };
    between();
    // Asked by name again: a tool may have put another file in this one's place.
    let after = path.metadata().map_err(unreadable)?;
    if stamp(&before) != stamp(&after) {
        return Err(Failed::Changed);
    }
    Ok(Snapshot { modified: before.modified().ok(), ..snapshot })
}

/// The size of a file that may be firmware.
fn acceptable(path: &Path, metadata: &Metadata) -> Result<usize, Trouble> {
    let size = metadata.len();
    if metadata.is_dir() {
        return Err(about("file-is-directory", path));
    }
    if !metadata.is_file() {
        return Err(about("file-unreadable", path).with("detail", "not a regular file"));
    }
    if size == 0 {
        return Err(about("file-empty", path));
    }
    let too_large = || about("file-too-large", path).with("size", size).with("limit", MAX_BYTES);
    usize::try_from(size).ok().filter(|_| size <= MAX_BYTES).ok_or_else(too_large)
}

/// What changes when a file is written to.
fn stamp(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

/// Reads `size` bytes straight to where they will be served from, digesting them on the way.
fn take(file: &mut File, size: usize, name: String) -> io::Result<Snapshot> {
    let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, size).collect();
    let mut digester = Digester::new();
    for chunk in Arc::make_mut(&mut bytes).chunks_mut(CHUNK) {
        file.read_exact(chunk)?;
        digester.update(chunk);
    }
    let version = found_version(&name, bytes.get(..HEAD_BYTES).unwrap_or(&bytes));
    Ok(Snapshot { bytes, digests: digester.finish(), name, version, modified: None })
}

/// Whether the file holds exactly these bytes.
fn same_bytes(file: &mut File, bytes: &[u8]) -> io::Result<bool> {
    let mut buffer = vec![0; CHUNK.min(bytes.len())];
    for known in bytes.chunks(CHUNK) {
        let Some(read) = buffer.get_mut(..known.len()) else { return Ok(false) };
        match file.read_exact(read) {
            Ok(()) if read == known => {}
            Ok(()) => return Ok(false),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    // One byte more would make it another file.
    Ok(file.read(&mut [0])? == 0)
}

fn about(code: &'static str, path: &Path) -> Trouble {
    Trouble::new(code).with("path", path.display())
}

fn io_trouble(path: &Path, error: &io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => about("file-not-found", path),
        ErrorKind::IsADirectory => about("file-is-directory", path),
        _ => about("file-unreadable", path).with("detail", error),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, TRIES, read, read_again, read_with};
    use std::fs::{self, File, OpenOptions};
    use std::io::Write;
    use std::path::Path;
    use std::sync::Arc;
    use tempfile::tempdir;

    fn check_trouble(path: &Path, code: &str) {
        let trouble = read(path).expect_err(code);
        assert_eq!(trouble.code, code);
        assert_eq!(trouble.arg("path"), Some(path.display().to_string().as_str()), "{code} names the file");
    }

    #[test]
    fn a_build_is_read_with_all_that_is_announced_of_it() {
        let folder = tempdir().expect("folder");
        let path = folder.path().join("lamp-2.0.0.bin");
        fs::write(&path, vec![7; 300_000]).expect("write");
        let snapshot = read(&path).expect("read");
        assert_eq!(snapshot.bytes.as_ref(), vec![7; 300_000]);
        assert_eq!(snapshot.digests, crate::image::digest(&snapshot.bytes));
        assert_eq!(snapshot.name, "lamp-2.0.0.bin");
        assert_eq!(snapshot.version.map(|found| found.version).as_deref(), Some("2.0.0"));
        assert!(snapshot.modified.is_some());
    }

    #[test]
    fn a_file_that_is_no_build_says_what_is_wrong_with_it() {
        let folder = tempdir().expect("folder");
        check_trouble(&folder.path().join("gone.bin"), "file-not-found");
        check_trouble(folder.path(), "file-is-directory");
        let empty = folder.path().join("empty.bin");
        fs::write(&empty, "").expect("write");
        check_trouble(&empty, "file-empty");
        check_trouble(&empty.join("below.bin"), "file-not-found");
        let huge = folder.path().join("huge.bin");
        File::create(&huge).and_then(|file| file.set_len(MAX_BYTES + 1)).expect("sparse file");
        check_trouble(&huge, "file-too-large");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_file_chosen_by_mistake_does_not_hang_the_workbench() {
        check_trouble(Path::new("/dev/zero"), "file-unreadable");
    }

    #[test]
    fn pressing_push_again_does_not_read_the_same_build_into_memory_twice() {
        let folder = tempdir().expect("folder");
        let path = folder.path().join("lamp.bin");
        fs::write(&path, vec![7; 300_000]).expect("write");
        let first = read(&path).expect("read");
        fs::write(&path, vec![7; 300_000]).expect("write the same");
        let again = read_again(&path, &first).expect("read again");
        assert!(Arc::ptr_eq(&first.bytes, &again.bytes));
        assert_eq!(again.digests, first.digests);
    }

    #[test]
    fn a_build_made_since_is_the_one_that_is_pushed() {
        let folder = tempdir().expect("folder");
        let path = folder.path().join("lamp.bin");
        fs::write(&path, vec![7; 300_000]).expect("write");
        let first = read(&path).expect("read");
        let mut last_byte_differs = vec![7; 300_000];
        last_byte_differs[299_999] = 8;
        for other in [last_byte_differs, vec![7; 299_999], vec![7; 300_001]] {
            fs::write(&path, &other).expect("write");
            let again = read_again(&path, &first).expect("read again");
            assert_eq!(again.bytes.as_ref(), other);
            assert_eq!(again.digests, crate::image::digest(&other));
        }
    }

    #[test]
    fn half_of_a_build_that_is_being_written_is_never_taken_for_one() {
        let folder = tempdir().expect("folder");
        let path = folder.path().join("lamp.bin");
        fs::write(&path, "half").expect("write");
        let append = || {
            let mut file = OpenOptions::new().append(true).open(&path).expect("open");
            file.write_all(b"more").expect("append");
        };
        let mut tries = 0;
        let always = read_with(&path, None, &mut |number| {
            tries = number;
            append();
        });
        assert_eq!(always.expect_err("never still").code, "file-changed");
        assert_eq!(tries, TRIES);
        let once = read_with(&path, None, &mut |number| {
            if number == 1 {
                append();
            }
        });
        assert_eq!(once.expect("still on the second try").bytes.len(), 4 + 4 * (TRIES as usize + 1));
    }
}
