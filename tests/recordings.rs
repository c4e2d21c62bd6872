//! Recordings as tests: each is folded to the summary that stands beside it. A bug report becomes a file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use ota_workbench::replay::{self, Summary};
use std::fmt::Write;
use std::path::Path;

/// Folds every recording of a folder and compares it with the text beside it.
/// `UPDATE_SUMMARIES=1 cargo test --test recordings` writes the texts anew: read the difference before you commit it.
fn check(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut wrong = String::new();
    let mut recordings: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    recordings.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    assert!(!recordings.is_empty());
    for path in recordings {
        let capture = replay::read(&std::fs::read(&path).unwrap()).unwrap();
        let summary = Summary::of(&capture).to_string();
        let beside = path.with_extension("txt");
        if std::env::var_os("UPDATE_SUMMARIES").is_some() {
            std::fs::write(&beside, &summary).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default().replace("\r\n", "\n");
        if summary != expected {
            let _ = writeln!(wrong, "{}\n--- expected\n{expected}--- folded\n{summary}", path.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_vendors_sdks_did_is_understood_as_their_recordings_say() {
    check("traces");
}

#[test]
fn a_capture_of_an_earlier_day_still_tells_the_same_story() {
    check("captures");
}

/// The device reboots between the two files; the platform's verdict comes only after that.
#[test]
fn an_aliyun_upgrade_is_a_success_only_after_the_reboot_into_the_target_version() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let read = |name: &str| replay::read(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let mut capture = read("aliyun-linksdk-success.jsonl");
    assert_eq!(Summary::of(&capture).upgrades[0].state, "restarting");
    let last = capture.events.last().unwrap().clone();
    for mut event in read("aliyun-linksdk-reboot.jsonl").events {
        event.seq += last.seq;
        event.at = event.at + last.at;
        capture.events.push(event);
    }
    assert_eq!(Summary::of(&capture).upgrades[0].state, "succeeded");
}
