//! A closed capture made small: beside it first, then in its place, so that a kill at any instant leaves a whole one.

use super::source::{Place, Source};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

/// Text in one frame. Each stands for itself, so that any event is found by reading no more than this.
pub const FRAME: usize = 1 << 20;
/// Small enough for a bench that is being closed to be waited for.
const LEVEL: i32 = 3;

/// Compresses the file `from` to `to` and removes `from`. Both may be the same.
///
/// # Errors
/// The system's, and `Interrupted` when it is told to stop; `from` is then as it was.
pub fn compress(from: &Path, to: &Path, stop: &AtomicBool) -> io::Result<()> {
    let beside = part_of(to);
    let made = write(from, &beside, stop).and_then(|()| fs::rename(&beside, to));
    if made.is_err() {
        let _ = fs::remove_file(&beside);
    }
    made?;
    sync_folder(to);
    if from == to { Ok(()) } else { fs::remove_file(from) }
}

/// Where a file is made before it takes its place.
pub fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn write(from: &Path, to: &Path, stop: &AtomicBool) -> io::Result<()> {
    let mut from = File::open(from)?;
    let mut to = File::create(to)?;
    let mut compressor = Compressor::new(LEVEL)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true))?;
    let mut text = Vec::with_capacity(FRAME);
    loop {
        text.clear();
        (&mut from).take(FRAME as u64).read_to_end(&mut text)?;
        if text.is_empty() {
            break;
        }
        if stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        to.write_all(&compressor.compress(&text)?)?;
    }
    to.sync_all()
}

/// Whether a compressed file holds exactly what a plain one does.
pub fn holds_the_same(compressed: &Path, plain: &Path) -> io::Result<bool> {
    let mut one = Source::open_at(compressed, Place::default())?;
    let mut other = File::open(plain)?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    loop {
        ours.clear();
        theirs.clear();
        (&mut one).take(FRAME as u64).read_to_end(&mut ours)?;
        (&mut other).take(FRAME as u64).read_to_end(&mut theirs)?;
        if ours != theirs || ours.is_empty() {
            return Ok(ours == theirs);
        }
    }
}

/// A new name is on the disk once its folder is. Where folders cannot be opened, the system sees to that.
pub fn sync_folder(file: &Path) {
    if let Some(folder) = file.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::{FRAME, compress, holds_the_same, part_of};
    use crate::io::captures::source::{Place, Source};
    use std::fs;
    use std::io::{BufRead, Read};
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    fn squeeze(from: &Path, to: &Path) -> std::io::Result<()> {
        compress(from, to, &AtomicBool::new(false))
    }

    fn read(path: &Path) -> Vec<u8> {
        let mut text = Vec::new();
        Source::open(path).unwrap().read_to_end(&mut text).unwrap();
        text
    }

    /// Text of so many bytes, in lines that tell where they are.
    fn text(bytes: usize) -> Vec<u8> {
        let lines =
            (0..).flat_map(|number: u32| format!("{number:06} {}\n", number.wrapping_mul(2_654_435_761)).into_bytes());
        lines.take(bytes).collect()
    }

    #[test]
    fn a_compressed_capture_holds_the_very_same_bytes_whatever_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, small) = (folder.path().join("a.jsonl"), folder.path().join("a.jsonl.zst"));
        for bytes in [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME + 7] {
            let text = text(bytes);
            fs::write(&plain, &text).unwrap();
            squeeze(&plain, &small).unwrap();
            assert!(!plain.exists() && !part_of(&small).exists());
            assert!(read(&small) == text, "{bytes}");
            fs::write(&plain, &text).unwrap();
            assert!(holds_the_same(&small, &plain).unwrap());
            fs::write(&plain, [&text[..], b"x"].concat()).unwrap();
            assert!(!holds_the_same(&small, &plain).unwrap());
        }
        // In its own place, for a file that was asked for under a name that ends so.
        let whole = text(2 * FRAME);
        fs::write(&small, &whole).unwrap();
        squeeze(&small, &small).unwrap();
        assert!(read(&small) == whole);
        assert!(fs::metadata(&small).unwrap().len() < FRAME as u64);
    }

    #[test]
    fn a_capture_that_cannot_be_compressed_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("a.jsonl");
        fs::write(&plain, "text").unwrap();
        assert!(squeeze(&plain, &folder.path().join("missing").join("a.jsonl.zst")).is_err());
        let in_the_way = folder.path().join("a.jsonl.zst");
        fs::create_dir(&in_the_way).unwrap();
        assert!(squeeze(&plain, &in_the_way).is_err());
        let stopped = compress(&plain, &folder.path().join("b.zst"), &AtomicBool::new(true)).unwrap_err();
        assert_eq!(stopped.kind(), std::io::ErrorKind::Interrupted);
        assert_eq!(read(&plain), b"text");
        assert!(!part_of(&in_the_way).exists());
    }

    #[test]
    fn any_place_is_found_again_without_reading_what_is_before_its_frame() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, small) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl.zst"));
        let whole = text(3 * FRAME + 100);
        fs::write(&plain, &whole).unwrap();
        fs::write(&small, &whole).unwrap();
        squeeze(&small, &small).unwrap();
        for path in [plain, small] {
            let mut source = Source::open(&path).unwrap();
            let mut places = Vec::new();
            loop {
                places.push(source.place());
                if source.read_until(b'\n', &mut Vec::new()).unwrap() == 0 {
                    break;
                }
            }
            assert!(places.len() > 100_000);
            for place in places.iter().step_by(5_003).chain(&places[places.len() - 3..]) {
                let from = usize::try_from(place.text).unwrap();
                assert!(!source.is_compressed() || place.depth() <= FRAME as u64);
                let mut rest = Vec::new();
                let mut again = Source::open_at(&path, *place).unwrap();
                assert_eq!(again.place().text, place.text);
                (&mut again).take(100).read_to_end(&mut rest).unwrap();
                assert_eq!(rest, whole[from..whole.len().min(from + 100)]);
            }
            let past = Place { text: whole.len() as u64 + 5, ..*places.last().unwrap() };
            let mut rest = Vec::new();
            let read = Source::open_at(&path, past).and_then(|mut source| source.read_to_end(&mut rest));
            assert!(read.is_err() || rest.is_empty(), "what is behind the end is nothing");
        }
    }

    #[test]
    fn a_file_cut_in_the_middle_of_a_frame_gives_what_comes_before_and_then_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let small = folder.path().join("a.jsonl.zst");
        let whole = text(2 * FRAME);
        fs::write(&small, &whole).unwrap();
        squeeze(&small, &small).unwrap();
        let bytes = fs::read(&small).unwrap();
        fs::write(&small, &bytes[..bytes.len() * 3 / 4]).unwrap();
        let mut got = Vec::new();
        assert!(Source::open(&small).unwrap().read_to_end(&mut got).is_err());
        assert!(got.len() >= FRAME && whole.starts_with(&got));
        let mut flipped = bytes;
        let at = flipped.len() / 4;
        flipped[at] ^= 0xff;
        fs::write(&small, flipped).unwrap();
        assert!(
            Source::open(&small).unwrap().read_to_end(&mut Vec::new()).is_err(),
            "damage is never taken for events"
        );
    }
}
