//! Captures of the built program on a disk without room, after a kill, and beside another program that records.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod program;

use ota_workbench::capture::Condition;
use ota_workbench::io::captures::{Recording, list};
use program::{Folder, Program, wait_for};
use std::path::Path;
use std::process::Command;

const DEVICE: &str = "simulated0000001/lamp-01";
const ANYWHERE: [&str; 4] = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"];

fn device(mqtt: &str) -> Program {
    let broker = format!("mqtt://{mqtt}");
    Program::start(&["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot"])
}

#[test]
fn a_full_disk_is_said_once_and_the_bench_goes_on() {
    let folder = Folder::new();
    let (data, capture) = (folder.at("data"), folder.at("capture.jsonl"));
    let mut command = Command::new("sh");
    // No file may grow past a kilobyte, and who tries is told so as by a full disk.
    command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ota-workbench")]);
    command.args(["serve", "--json", "--data", &data, "--capture", &capture]).args(ANYWHERE);
    let mut serving = Program::spawn(&mut command);
    let (mqtt, _) = serving.listening();
    let first = device(&mqtt);
    let told = serving.until_kind("trouble_met");
    assert_eq!(told["trouble"]["code"], "capture-unwritable");
    drop(first);
    serving.until_kind("client_disconnected");
    let _second = device(&mqtt);
    serving.until_kind("client_connected");
    serving.interrupt();
    let ended = serving.end().check(0);
    assert_eq!(ended.err.matches("error[capture-unwritable]").count(), 1, "{}", ended.err);
    let mut recording = Recording::open(Path::new(&capture)).unwrap();
    assert!(recording.by_ref().count() > 1 && recording.damage().is_empty());
    let text = std::fs::read_to_string(&capture).unwrap();
    assert!(text.len() <= 1_024 && text.ends_with('\n'), "no half a line: {text}");
}

/// Otherwise a recording that lost its end is sent to a colleague as a whole one.
#[test]
fn what_a_full_disk_kept_out_of_the_recording_is_counted_at_the_end_and_warned_of() {
    let folder = Folder::new();
    let (data, capture) = (folder.at("data"), folder.at("capture.jsonl"));
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 20; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ota-workbench")]);
    command.args([
        "push",
        program::SAMPLE,
        "--device",
        DEVICE,
        "--dialect",
        "uiot",
        "--version",
        "2.0.0",
        "--simulate",
    ]);
    command.args(["--json", "--data", &data, "--capture", &capture]).args(ANYWHERE);
    let ended = Program::spawn(&mut command).end().check(0);
    assert_eq!(ended.verdict()["warnings"], program::json(r#"["capture-incomplete"]"#));
    let events = ended.out.len() - 2;
    let kept = std::fs::read_to_string(&capture).unwrap().lines().count() - 1;
    assert!(kept > 0 && kept < events);
    let told = format!("error[capture-incomplete]: {} of {events} events", events - kept);
    assert!(ended.err.contains(&told), "{told}: {}", ended.err);
}

/// Nothing is taken for recorded that is not, and nothing is left that would only puzzle.
#[test]
fn a_disk_that_is_full_from_the_start_is_said_and_no_empty_file_is_left() {
    let folder = Folder::new();
    let data = folder.at("data");
    let mut command = Command::new("sh");
    // No file may have a single byte.
    command.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ota-workbench")]);
    command.args(["serve", "--json", "--data", &data]).args(ANYWHERE);
    let mut serving = Program::spawn(&mut command);
    let (mqtt, _) = serving.listening();
    let _device = device(&mqtt);
    assert_eq!(serving.until_kind("trouble_met")["trouble"]["code"], "capture-unwritable");
    serving.until_kind("client_connected");
    serving.interrupt();
    let ended = serving.end().check(0);
    assert_eq!(ended.err.matches("error[capture-unwritable]").count(), 1, "{}", ended.err);
    let left: Vec<_> = std::fs::read_dir(folder.path("data").join("captures")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

/// Nobody waits for a recording that never begins.
#[test]
fn a_named_recording_without_room_for_its_first_line_ends_the_command_with_true_advice() {
    let folder = Folder::new();
    let capture = folder.at("capture.jsonl");
    for command in
        [&["serve"][..], &["push", program::SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2"]]
    {
        let mut sh = Command::new("sh");
        sh.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_ota-workbench")]);
        sh.args(command).args(["--data", &folder.at("data"), "--capture", &capture]).args(ANYWHERE);
        let ended = Program::spawn(&mut sh).end();
        assert!(!ended.err.contains("by itself"), "{}", ended.err);
        ended.check_trouble(4, "capture-unwritable", "then start again");
    }
}

#[test]
fn what_happened_is_on_the_disk_while_the_session_goes_on_though_nothing_more_happens() {
    let folder = Folder::new();
    let (data, capture) = (folder.at("data"), folder.at("capture.jsonl"));
    let mut serving =
        Program::start(&[&["serve", "--json", "--data", &data, "--capture", &capture][..], &ANYWHERE].concat());
    let (mqtt, _) = serving.listening();
    let device = device(&mqtt);
    serving.until_kind("client_connected");
    drop(device);
    let last = serving.until_kind("client_disconnected");
    wait_for("the last event in the file", || {
        let text = std::fs::read_to_string(&capture).unwrap();
        text.lines().any(|line| program::json(line) == last).then_some(())
    });
}

#[test]
fn what_a_kill_left_is_put_in_order_at_the_next_start_and_who_records_is_left_alone() {
    let folder = Folder::new();
    let data = folder.at("data");
    let captures = folder.path("data").join("captures");
    let serve = || {
        let mut serving = Program::start(&[&["serve", "--json", "--data", &data][..], &ANYWHERE].concat());
        let (mqtt, _) = serving.listening();
        (serving, mqtt)
    };
    let (mut killed, mqtt) = serve();
    let _device = device(&mqtt);
    killed.until_kind("client_connected");
    // What is shown is on the disk a moment later.
    let left = list(&captures).unwrap().remove(0);
    wait_for("the event in the file", || {
        std::fs::read_to_string(&left.path).unwrap().contains("client_connected").then_some(())
    });
    drop(killed);
    let left = list(&captures).unwrap().remove(0);
    assert!(left.condition == Condition::Unread && left.path.extension().unwrap() == "jsonl", "{left:?}");
    let running = serve();
    let third = serve();
    let entries = wait_for("the killed capture in order", || {
        let entries = list(&captures).unwrap();
        entries.iter().any(|entry| entry.name == left.name && entry.condition == Condition::Known).then_some(entries)
    });
    assert_eq!(entries.len(), 3);
    for entry in &entries {
        let is_left = entry.name == left.name;
        assert_eq!(entry.path.extension().unwrap() == "zst", is_left, "{entry:?}");
        assert_eq!(entry.condition == Condition::Writing, !is_left, "{entry:?}");
    }
    let found = Recording::open(&left.path).unwrap().count();
    assert!(found >= 3, "under the name it had, too");
    drop((running, third));
}

/// Otherwise half a table stands under its name, and is handed on as a whole one.
#[test]
fn an_export_that_is_interrupted_leaves_nothing_behind() {
    let folder = Folder::new();
    let (capture, table) = (folder.path("long.jsonl"), folder.at("long.csv"));
    let header = "{\"capture\":1,\"application\":\"test\",\"started_unix_ms\":1795289950499}\n".to_owned();
    let line = |seq: u32| {
        let front = format!("{{\"seq\":{seq},\"at\":{seq},\"kind\":\"message_received\",\"topic\":\"t\",");
        front + "\"payload\":\"{\\\"method\\\":\\\"property.post\\\"}\",\"qos\":0,\"retain\":false}\n"
    };
    std::fs::write(&capture, (1..400_000).fold(header, |text, seq| text + &line(seq))).unwrap();
    let exporting = Program::start(&["export", &capture.display().to_string(), "--format", "csv", "--out", &table]);
    let names = || {
        let entries = std::fs::read_dir(capture.parent().unwrap()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    wait_for("the hidden file", || names().iter().any(|name| name.starts_with(".ota-workbench-")).then_some(()));
    exporting.interrupt();
    exporting.end().check(1);
    assert_eq!(names(), ["long.jsonl"]);
}

/// Otherwise a session that is being recorded goes on into a file that nobody finds again.
#[test]
fn an_export_onto_a_session_that_is_being_recorded_is_refused() {
    let folder = Folder::new();
    let data = folder.at("data");
    let mut serving = Program::start(&[&["serve", "--json", "--data", &data][..], &ANYWHERE].concat());
    serving.listening();
    let running = list(&Path::new(&data).join("captures")).unwrap().remove(0).path.display().to_string();
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/aliyun-simulated-success.jsonl");
    let export = ["export", other, "--format", "jsonl", "--out", &running, "--force"];
    Program::start(&export).end().check_trouble(4, "export-onto-recording", &running);
    serving.interrupt();
    serving.end().check(0);
}
