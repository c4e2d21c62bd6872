//! What the fuzzers found worth keeping, replayed: every input that once broke a property, and those that reach the most code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::cast_possible_truncation, reason = "bytes are made of numbers")]

#[path = "fuzz/bodies/mod.rs"]
mod bodies;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Takes every file of a target's corpus; all that break something are named.
fn check(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 10, "{} files", files.len());
    let breaks = |file: &Path| catch_unwind(AssertUnwindSafe(|| body(&std::fs::read(file).unwrap()))).is_err();
    let broken: Vec<_> = files.iter().filter(|file| breaks(file)).collect();
    assert!(broken.is_empty(), "cargo fuzz run {target} {broken:#?}");
}

#[test]
fn whatever_a_device_says_is_understood_or_said_to_be_wrong_and_never_ends_the_bench() {
    check("dialects", bodies::dialects);
}

#[test]
fn whatever_bytes_come_are_read_as_json_or_said_to_be_none() {
    check("lenient", bodies::lenient);
}

#[test]
fn whatever_block_a_device_asks_for_is_what_it_reads_in_the_answer() {
    check("blocks", bodies::blocks);
}
