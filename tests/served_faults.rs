//! Error codes that the firmware server provokes: the command line a reader would type, and what it ends with.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use program::{Folder, Program, SAMPLE};

/// Pushes to a simulated device with a fault, which must make it fail with this code.
fn check(dialect: &str, fault: &str, code: i64) {
    let folder = Folder::new();
    let data = folder.at("data");
    let device = ["--device", "simulated0000001/lamp-01", "--dialect", dialect, "--version", "2.0.0", "--simulate"];
    let bench = ["--json", "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", &data];
    let verdict = Program::start(&[&["push", SAMPLE, "--fault", fault], &device[..], &bench].concat());
    let verdict = verdict.end().check(1).verdict();
    let words = verdict["reason"]["text"].as_str().unwrap();
    assert!(
        verdict["outcome"] == "failed" && [")", ":"].iter().any(|end| words.contains(&format!("(code {code}{end}"))),
        "{fault}: {verdict}"
    );
    assert_ne!(verdict["faults"][0]["acted"], 0, "{fault} acted: {verdict}");
    assert_eq!(verdict["findings"][0], "fault-armed", "the fault is blamed, and not the device: {verdict}");
}

#[test]
fn a_url_that_does_not_answer_with_the_image_is_unreachable() {
    check("uiot", "not-found", -1);
    check("uiot-v2", "server-error", -1);
    check("aliyun", "not-found", -2);
}

#[test]
fn a_signature_that_has_expired_is_told_apart() {
    check("uiot", "expired", -2);
    check("aliyun", "expired", -2);
}

#[test]
fn a_download_that_is_cut_off_times_out() {
    check("uiot", "cut-every:1000", -3);
    check("uiot-v1", "short-body:1", -3);
    check("aliyun", "cut-every:1000", -2);
}

#[test]
fn a_flipped_byte_is_a_wrong_digest() {
    check("uiot", "flip:4097", -4);
    check("aliyun", "flip:0", -3);
}
