//! Recordings as tests: each is folded to the summary that stands beside it. A bug report becomes a file.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use ota_workbench::bench::{Bench, Effect};
use ota_workbench::event::Fact;
use ota_workbench::replay::{self, Summary};
use serde_json::Value;
use std::collections::BTreeMap;
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

/// A message without its values: what is left is keys and types, in an order that does not depend on who wrote it.
fn shape(payload: &[u8]) -> String {
    fn bare(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let sorted: BTreeMap<_, _> = fields.iter().map(|(key, value)| (key.clone(), bare(value))).collect();
                sorted.into_iter().collect()
            }
            Value::Array(values) => values.iter().map(bare).collect(),
            Value::String(_) => "text".into(),
            Value::Number(_) => 0.into(),
            other => other.clone(),
        }
    }
    bare(&serde_json::from_slice(payload).unwrap()).to_string()
}

#[test]
fn what_the_workbench_would_have_sent_has_the_shape_of_what_the_cloud_sent() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut compared = 0;
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        let capture = replay::read(&std::fs::read(&path).unwrap()).unwrap();
        let mut bench = Bench::new(capture.header.started_unix_ms);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for event in &capture.events {
            let effects = bench.apply(event);
            ours.extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Publish(message) => Some((message.topic, message.payload)),
                _ => None,
            }));
            if let Fact::MessagePublished { topic, payload, .. } = &event.fact {
                theirs.push((topic.to_string(), payload.to_vec()));
            }
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for (topic, payload) in &theirs {
            let sent = ours.iter().filter(|(ours, _)| ours == topic).map(|(_, payload)| payload);
            if name.starts_with("uiot") {
                // UIoT's messages hold nothing that time or chance decides: every byte is the same, but for spaces.
                let compact = serde_json::from_slice::<Value>(payload).unwrap().to_string();
                assert!(sent.clone().any(|ours| *ours == compact.as_bytes()), "{name} {topic} {compact}");
            }
            let shapes: Vec<_> = sent.map(|payload| shape(payload)).collect();
            assert!(shapes.contains(&shape(payload)), "{name} {topic} {shapes:?}\n{}", shape(payload));
            compared += 1;
        }
    }
    assert!(compared >= 10, "{compared}");
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

/// A device that asks for one block after the other does not flood anybody, however many there are.
#[test]
fn a_long_download_in_blocks_is_no_flood() {
    let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces/aliyun-mqtt-download-success.jsonl");
    let trace = std::fs::read_to_string(trace).unwrap();
    let is_of_block = |line: &&str| line.contains("thing/file/download\"") || line.contains("download_reply header");
    let lines: Vec<_> = trace.lines().collect();
    let first = lines.iter().position(is_of_block).unwrap();
    let block = &lines[first..first + 3];
    let longer: Vec<_> = lines[..first].iter().chain(std::iter::repeat_n(block, 40).flatten()).copied().collect();
    let summary = Summary::of(&replay::read(longer.join("\n").as_bytes()).unwrap()).to_string();
    assert!(summary.contains("served 10240 of 30000"), "{summary}");
    assert!(!summary.contains("block-flood"), "{summary}");
}
