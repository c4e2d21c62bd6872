//! House rules as tests: what review would have to remember otherwise.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod rooms;
mod sources;
mod texts;

use sources::{Source, sources};

/// Lines of a file before it is two things.
const LONGEST: usize = 450;

/// Where waiting a given time is the job itself, and why.
const WAITS: &[(&str, &str)] = &[
    ("src/io/client/connection.rs", "the pause before it connects again; a stop cuts it short"),
    ("src/io/simulator/link.rs", "the pause before it connects again; a stop cuts it short"),
];

/// Fails with every line that breaks a rule, so that one run shows them all.
fn check(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn lines_with<'a>(source: &'a Source, words: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let hits = source.code.lines().filter(|line| words.iter().any(|word| line.contains(word)));
    hits.map(|line| format!("{}: {}", source.path, line.trim()))
}

#[test]
fn a_newcomer_reads_in_the_first_line_of_every_file_what_it_is_for() {
    let silent = sources(&["src", "tests", "examples"]).into_iter().filter(|source| !source.text.starts_with("//! "));
    check(&silent.map(|source| format!("{} does not begin with //!", source.path)).collect::<Vec<_>>());
}

#[test]
fn no_file_grows_past_what_one_can_hold_in_mind() {
    let long = sources(&["src"]).into_iter().filter(|source| source.text.lines().count() > LONGEST);
    check(&long.map(|source| format!("{} has more than {LONGEST} lines", source.path)).collect::<Vec<_>>());
}

/// Elsewhere a difference between systems would be met by users of the system the developer does not have.
#[test]
fn what_differs_between_systems_stays_in_io() {
    let words = ["cfg(unix", "cfg(windows", "cfg(not(unix", "cfg(not(windows", "target_os", "cfg!("];
    let outside = sources(&["src"]).into_iter().filter(|source| source.room() != "io");
    check(&outside.flat_map(|source| lines_with(&source, &words).collect::<Vec<_>>()).collect::<Vec<_>>());
}

/// A fixed sleep is too short on a busy machine and too long on every other.
#[test]
fn nothing_waits_a_fixed_time_for_something_to_happen() {
    let words = ["thread::sleep", "time::sleep", " sleep("];
    let mut broken = Vec::new();
    for source in sources(&["src", "tests", "examples"]) {
        // This file names them.
        if source.path != "tests/house/main.rs" && !WAITS.iter().any(|(path, _)| *path == source.path) {
            let hits = source.text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
            broken.extend(hits.map(|line| format!("{}: {}", source.path, line.trim())));
        }
    }
    check(&broken);
}

/// `.ci/run` runs the ignored tests of these files by name: one elsewhere would never run.
#[test]
fn every_ignored_test_is_run_by_the_gate() {
    let gate = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/run")).unwrap();
    let mut broken = Vec::new();
    for source in sources(&["src", "tests", "examples"]) {
        let ignored = source.text.lines().any(|line| line.trim_start().starts_with("#[ignore"));
        let name = source.path.strip_prefix("tests/").and_then(|path| path.strip_suffix(".rs"));
        if ignored && !name.is_some_and(|name| gate.contains(&format!("--test {name}"))) {
            broken.push(format!("{} has ignored tests that .ci/run does not run", source.path));
        }
    }
    check(&broken);
}
