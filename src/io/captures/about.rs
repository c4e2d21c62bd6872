//! The small file beside a capture: read, written, and made anew from the capture itself.

use super::compress::{part_of, sync_folder};
use super::{Files, Recording, changes, folder_trouble, now_at};
use crate::bench::Bench;
use crate::capture::{ABOUT_VERSION, About, Found, Header, Verdict};
use crate::event::{Fact, Trouble};
use crate::replay::{Ending, Summary};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Nobody else in this program changes one between reading and writing it.
static CHANGING: Mutex<()> = Mutex::new(());

/// What the file beside a capture says.
#[derive(Debug, Default)]
pub struct Notes {
    /// What is known; nothing where there is no file, and as much as could be understood where it is strange.
    pub about: About,
    /// There is a file, but it is damaged or of a later version. What it says is somebody's: it is never written over.
    pub strange: Option<Trouble>,
}

/// What is known of a capture.
#[must_use]
pub fn load(files: &Files) -> Notes {
    let path = files.about();
    let (about, detail) = match fs::read(&path) {
        Ok(text) => understand(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => (About::default(), None),
        Err(error) => (About::default(), Some(error.to_string())),
    };
    let strange = |detail| Trouble::new("capture-notes-strange").with("path", path.display()).with("detail", detail);
    Notes { about, strange: detail.map(strange) }
}

/// What such a text says, and why it is not understood, if it is not. Star and name are found in any version.
fn understand(text: &[u8]) -> (About, Option<String>) {
    let value: Value = match serde_json::from_slice(text) {
        Ok(value) => value,
        Err(error) => return (About::default(), Some(error.to_string())),
    };
    let wrong = match value["about"].as_u64() {
        Some(version) if version <= ABOUT_VERSION.into() => match About::deserialize(&value) {
            Ok(about) => return (about, None),
            Err(error) => error.to_string(),
        },
        Some(version) => format!("version {version}"),
        None => "no version".to_owned(),
    };
    let about = About {
        about: ABOUT_VERSION,
        title: value["title"].as_str().map(str::to_owned),
        star: value["star"].as_bool().unwrap_or_default(),
        found: Found::deserialize(&value["found"]).ok(),
    };
    (about, Some(wrong))
}

/// Changes what is known of a capture; star and name are on the disk afterwards.
///
/// # Errors
/// `captures-untended`, `capture-notes-strange`, each with `path` and `detail`.
pub fn change(files: &Files, change: impl FnOnce(&mut About)) -> Result<(), Trouble> {
    let _alone = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let Notes { mut about, strange } = load(files);
    if let Some(trouble) = strange {
        return Err(trouble);
    }
    let said = |about: &About| (about.star, about.title.clone());
    let before = said(&about);
    change(&mut about);
    let path = files.about();
    let beside = part_of(&path.with_extension(std::process::id().to_string()));
    let text = serde_json::to_vec_pretty(&about).unwrap_or_default();
    // Without that sync, a power cut may leave an empty file under the right name.
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.map_err(|error| folder_trouble(&path, &error))?;
    // What was found is found again where its new name is lost; what the user said is not.
    if said(&about) != before {
        sync_folder(&path);
    }
    changes::note();
    Ok(())
}

/// What a session's bench knows at its end of what is in its capture. `idle`: all of its facts were [`is_idle`].
#[must_use]
pub fn found(header: Header, bench: &Bench, idle: bool, damaged: u64) -> Found {
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let summary = Summary::of_bench(bench, count(bench.events()), count(damaged));
    let upgrades = summary.upgrades.into_iter().map(|Ending { device, version, state, findings, .. }| Verdict {
        device: device.to_string(),
        version,
        state,
        findings: findings.into_iter().map(str::to_owned).collect(),
    });
    let dialects: BTreeSet<_> = bench.devices().filter_map(|(_, device)| device.dialect()).collect();
    Found {
        file_bytes: 0,
        header,
        length_us: summary.length.0,
        events: bench.events(),
        damaged,
        devices: summary.devices.iter().map(|(id, _)| id.to_string()).collect(),
        dialects: dialects.into_iter().map(str::to_owned).collect(),
        upgrades: upgrades.collect(),
        idle,
    }
}

/// Whether a fact is one of a bench on which nothing happens: it came up and went down, and nobody was there.
#[must_use]
pub fn is_idle(fact: &Fact) -> bool {
    match fact {
        Fact::BrokerStarted { .. }
        | Fact::BrokerStopped
        | Fact::BrokerFailed { .. }
        | Fact::ServerStarted { .. }
        | Fact::ServerFailed { .. }
        | Fact::TlsStarted { .. }
        | Fact::TlsStopped { .. }
        | Fact::TlsFailed { .. }
        | Fact::ImageAdded { .. }
        | Fact::ImageRemoved { .. }
        | Fact::DeviceAdded { .. }
        | Fact::SecretSet { .. }
        | Fact::OpenSet { .. }
        | Fact::PortOpened { .. }
        | Fact::PortClosed { .. }
        | Fact::PortBound { .. }
        | Fact::LinesMoved { .. } => true,
        Fact::TroubleMet { trouble } => trouble.code.starts_with("capture"),
        _ => false,
    }
}

/// Reads a capture to its end to learn what is in it; nothing when it is told to stop before.
///
/// # Errors
/// As [`Recording::open`].
pub fn found_in(path: &Path, stop: &AtomicBool) -> Result<Option<Found>, Trouble> {
    let mut recording = Recording::open(path)?;
    let file_bytes = now_at(path).metadata().map_or(0, |metadata| metadata.len());
    let mut bench = Bench::new(recording.header().started_unix_ms);
    let (mut events, mut idle) = (0, true);
    for event in recording.by_ref() {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        idle &= is_idle(&event.fact);
        let _ = bench.apply(&event);
        events += 1;
    }
    let damaged = recording.damage().len() as u64;
    let found = found(recording.header().clone(), &bench, idle && damaged == 0, damaged);
    // The bench counts by the last number: where lines are missing there are fewer.
    Ok(Some(Found { file_bytes, events, ..found }))
}

#[cfg(test)]
mod tests {
    use super::{Files, change, load};
    use std::fs;

    /// A star is a promise: no file that this program cannot read takes it away.
    #[test]
    fn what_a_later_program_noted_is_kept_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path(), "a");
        assert!(load(&files).strange.is_none(), "no file is nothing known");
        change(&files, |about| about.star = true).unwrap();
        assert!(load(&files).about.star && load(&files).strange.is_none());
        for (text, star, title) in [
            ("{\"about\":2,\"star\":true,\"title\":\"x\",\"found\":[1]}", true, Some("x")),
            ("{\"about\":1,\"star\":true,\"found\":{\"file_bytes\":\"many\"}}", true, None),
            ("{\"about\":\"two\",\"title\":\"x\"}", false, Some("x")),
            ("{\"star\":true}", true, None),
            ("{\"about\":1,", false, None),
            ("[]", false, None),
            // A power cut.
            ("", false, None),
        ] {
            fs::write(files.about(), text).unwrap();
            let notes = load(&files);
            assert_eq!((notes.about.star, notes.about.title.as_deref()), (star, title), "{text}");
            assert_eq!(notes.strange.unwrap().code, "capture-notes-strange", "{text}");
            let refused = change(&files, |about| about.star = false).unwrap_err();
            assert_eq!(refused.code, "capture-notes-strange");
            assert_eq!(fs::read_to_string(files.about()).unwrap(), text);
        }
        fs::remove_file(files.about()).unwrap();
        fs::create_dir(files.about()).unwrap();
        assert!(load(&files).strange.is_some(), "what cannot be read is there all the same");
    }
}
