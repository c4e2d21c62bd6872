//! Imports point down, and the inside has no clock, no thread, no socket, no file and no widget.

use crate::check;
use crate::sources::{Source, sources};

/// The floors, lowest first.
const FLOORS: &[&[&str]] = &[
    &["fault"],
    &["event"],
    &["upgrade", "image", "console", "device"],
    &["dialect"],
    &["bench", "journal", "capture", "diagnosis"],
    &["replay", "io"],
    &["ui"],
    &["app", "cli", "window"],
    &["main"],
];

/// Rooms that may look into one on their own floor.
const SIDEWAYS: &[(&str, &str)] =
    &[("device", "upgrade"), ("io", "replay"), ("diagnosis", "bench"), ("window", "app"), ("window", "cli")];

/// A panel that could touch a file or a socket could freeze the window.
const FORBIDDEN: &[(&str, &str)] = &[("ui", "io"), ("app", "io")];

/// How many floors are inside: everything below the adapters.
const INSIDE: usize = 5;

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms a file looks into: `use crate::room`, `use crate::{room, …}` and `crate::room::` in the middle of a line.
fn imports(code: &str) -> Vec<&str> {
    let mut rooms = Vec::new();
    for after in code.split("crate::").skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            rooms.push(word(after));
            continue;
        };
        let mut depth = 0_usize;
        let parts = group.split_inclusive([',', '{', '}']);
        let mut first = true;
        for part in parts {
            if first && depth == 0 {
                rooms.push(word(part.trim_start()));
            }
            first = false;
            match part.as_bytes().last() {
                Some(b'{') => depth += 1,
                Some(b'}') if depth == 0 => break,
                Some(b'}') => depth -= 1,
                _ => first = depth == 0,
            }
        }
    }
    rooms.retain(|room| !room.is_empty() && !room.starts_with('_'));
    rooms
}

fn word(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_lowercase() && character != '_').unwrap_or(text.len());
    &text[..end]
}

fn may_import(from: &str, to: &str) -> bool {
    let pair = (from, to);
    from == to
        || SIDEWAYS.contains(&pair)
        || !FORBIDDEN.contains(&pair) && floor(from).zip(floor(to)).is_some_and(|(from, to)| to < from)
}

#[test]
fn an_import_is_found_however_it_is_written() {
    let code =
        "use crate::io::Inbox;\nuse crate::{bench::{Bench, Case}, event, image::Digests};\nlet a = crate::ui::b();";
    assert_eq!(imports(code), ["io", "bench", "event", "image", "ui"]);
    assert!(may_import("ui", "bench") && !may_import("bench", "ui") && !may_import("ui", "io"));
    assert!(!may_import("bench", "diagnosis") && !may_import("bench", "attic"));
}

/// An import upwards ties the part that decides to a window or a socket: replays and tests would then not be the real thing.
#[test]
fn imports_point_down_so_that_a_replay_runs_the_very_code_that_ran_live() {
    let mut broken = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| source.path != "src/lib.rs") {
        let from = source.room();
        assert!(floor(from).is_some(), "{from} is on no floor: say in tests/house/rooms.rs where it belongs");
        let upwards = imports(&source.code).into_iter().filter(|to| !may_import(from, to));
        broken.extend(upwards.map(|to| format!("{}: {from} may not look into {to}", source.path)));
    }
    check(&broken);
}

/// What is inside gets time and bytes handed in: a capture of a user's trouble then replays exactly.
#[test]
fn the_inside_has_no_clock_no_thread_no_socket_no_file_and_no_widget() {
    let words = ["net", "fs", "thread", "process", "env"].map(|module| format!("std::{module}"));
    let others = ["Instant", "SystemTime", "egui", "tokio", "rumqttc", "rmqtt", "tiny_http", "serialport"];
    let breaks = |line: &str| words.iter().any(|word| line.contains(word)) || others.iter().any(|word| has(line, word));
    let inside = |source: &Source| floor(source.room()).is_some_and(|floor| floor < INSIDE);
    let mut broken = Vec::new();
    for source in sources(&["src"]).iter().filter(|source| inside(source)) {
        assert!(!source.code.contains("use std::{"), "{}: one import a line, so that it can be checked", source.path);
        let hits = source.code.lines().filter(|line| breaks(line));
        broken.extend(hits.map(|line| format!("{}: {}", source.path, line.trim())));
    }
    check(&broken);
}

/// Whether a word stands in a line as a word of its own.
fn has(line: &str, word: &str) -> bool {
    line.split(|character: char| !character.is_alphanumeric() && character != '_').any(|found| found == word)
}
