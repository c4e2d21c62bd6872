//! The small file beside a capture: read, written, and made anew from the capture itself.

use super::compress::part_of;
use super::{Files, Recording, folder_trouble, now_at};
use crate::bench::Bench;
use crate::capture::{ABOUT_VERSION, About, Found, Header, Verdict};
use crate::event::Trouble;
use crate::replay::{Ending, Summary};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Nobody else in this program changes one between reading and writing it.
static CHANGING: Mutex<()> = Mutex::new(());

/// What is known of a capture. A file that is missing, damaged or of a later version counts as nothing known.
#[must_use]
pub fn load(files: &Files) -> About {
    let text = fs::read(files.about()).unwrap_or_default();
    serde_json::from_slice(&text).ok().filter(|about: &About| about.about <= ABOUT_VERSION).unwrap_or_default()
}

/// Changes what is known of a capture.
///
/// # Errors
/// `captures-untended` with `path` and `detail`.
pub fn change(files: &Files, change: impl FnOnce(&mut About)) -> Result<(), Trouble> {
    let _alone = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut about = load(files);
    change(&mut about);
    let path = files.about();
    let beside = part_of(&path.with_extension(std::process::id().to_string()));
    let text = serde_json::to_vec_pretty(&about).unwrap_or_default();
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| folder_trouble(&path, &error))
}

/// What a session's bench knows at its end of what is in its capture.
#[must_use]
pub fn found(header: Header, bench: &Bench, events: u64, damaged: u64) -> Found {
    let count = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let summary = Summary::of_bench(bench, count(events), count(damaged));
    let upgrades = summary.upgrades.into_iter().map(|Ending { device, version, state, findings, .. }| Verdict {
        device: device.to_string(),
        version,
        state,
        findings: findings.into_iter().map(str::to_owned).collect(),
    });
    Found {
        file_bytes: 0,
        header,
        length_us: summary.length.0,
        events,
        damaged,
        devices: summary.devices.iter().map(|(id, _)| id.to_string()).collect(),
        upgrades: upgrades.collect(),
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
    let mut events = 0;
    for event in recording.by_ref() {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let _ = bench.apply(&event);
        events += 1;
    }
    let damaged = recording.damage().len() as u64;
    Ok(Some(Found { file_bytes, ..found(recording.header().clone(), &bench, events, damaged) }))
}
