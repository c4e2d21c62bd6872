//! `replay` on the command line, as scripts use it: exit statuses, JSON lines and refusals are contracts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use ota_workbench::capture::decode;
use program::{Ended, Folder, Program, json};
use std::io::Write;
use std::process::Stdio;

const CAPTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch.jsonl");
const ANYWHERE: [&str; 4] = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"];

fn run(args: &[&str]) -> Ended {
    Program::start(args).end()
}

/// A workbench that listens, and where.
fn serve(folder: &Folder, more: &[&str]) -> (Program, String) {
    let data = folder.at("data");
    let mut served = Program::start(&[&["serve", "--json", "--data", &data][..], &ANYWHERE, more].concat());
    let (mqtt, _) = served.listening();
    (served, format!("mqtt://{mqtt}"))
}

#[test]
fn a_script_reads_what_will_be_sent_what_was_and_how_it_ended() {
    let folder = Folder::new();
    let (mut served, url) = serve(&folder, &[]);
    let ended = run(&["replay", CAPTURE, "--to", &url, "--speed", "max", "--rounds", "2", "--json"]).check(0);
    let [plan, events @ .., last] = &ended.out[..] else { panic!("{:?}", ended.out) };
    let (plan, last) = (json(plan), json(last));
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let expected = [
        "kind",
        "source",
        "target",
        "devices",
        "downstream",
        "speed",
        "messages",
        "rounds",
        "length_us",
        "damaged",
        "notes",
    ];
    assert_eq!(keys(&plan), expected);
    assert_eq!((&plan["kind"], &plan["messages"], &plan["rounds"]), (&"plan".into(), &24.into(), &2.into()));
    assert_eq!(plan["devices"], serde_json::json!(["simulated0000001/lamp-01"]));
    let notes: Vec<_> = plan["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
    assert_eq!(notes, ["replay-not-judged", "replay-unmarked"]);
    for line in events {
        decode(line).unwrap_or_else(|why| panic!("{why:?}: {line}"));
    }
    assert_eq!(events.iter().filter(|line| json(line)["kind"] == "message_replayed").count(), 48);
    assert_eq!(keys(&last), ["kind", "outcome", "sent", "of", "reason"]);
    assert_eq!(last, serde_json::json!({"kind": "replayed", "outcome": "done", "sent": 48, "of": 48, "reason": null}));
    let first = served.until_kind("message_received");
    assert_eq!(first["client"], "simulated0000001.lamp-01", "it signed in as the device");
}

#[test]
fn a_person_reads_what_happens_and_another_device_is_spoken_as() {
    let folder = Folder::new();
    let (mut served, url) = serve(&folder, &[]);
    let only = ["--only", "text:report_fail", "--device", "P/lamp-02"];
    let ended = run(&[&["replay", CAPTURE, "--to", &url][..], &only].concat()).check(0);
    let text = ended.out.join("\n");
    assert!(text.contains("as P/lamp-02: messages 1") && text.contains("replay done"), "{text}");
    assert!(!text.contains(['{', '\u{1b}']), "no JSON and no escapes in a log file: {text}");
    let heard = served.until_kind("message_received");
    assert_eq!([&heard["client"], &heard["topic"]], ["P.lamp-02", "/$system/P/lamp-02/ota/upstream"]);
}

#[test]
fn a_dry_run_sends_nothing_and_needs_nobody_to_listen() {
    let ended =
        run(&["replay", CAPTURE, "--to", "mqtt://127.0.0.1:1", "--speed", "0.5", "--dry-run", "--json"]).check(0);
    assert_eq!(ended.out.len(), 1);
    assert_eq!(json(&ended.out[0])["length_us"], (2_101_409 - 11_525) * 2);
}

#[test]
fn a_step_waits_for_enter_and_no_more_input_ends_it() {
    let folder = Folder::new();
    let (_served, url) = serve(&folder, &[]);
    let ended = run(&["replay", CAPTURE, "--to", &url, "--speed", "step", "--json"]).check(1);
    let last = json(ended.out.last().unwrap());
    assert_eq!((&last["outcome"], &last["sent"]), (&"stopped".into(), &0.into()));

    let (program, step) = (env!("CARGO_BIN_EXE_ota-workbench"), ["--speed", "step", "--json"]);
    let mut command = std::process::Command::new(program);
    command.args([&["replay", CAPTURE, "--to", &url][..], &step].concat());
    let mut stepping = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    stepping.stdin.take().unwrap().write_all(b"\n\n").unwrap();
    let out = String::from_utf8(stepping.wait_with_output().unwrap().stdout).unwrap();
    let last = json(out.lines().last().unwrap());
    assert_eq!((&last["outcome"], &last["sent"]), (&"stopped".into(), &2.into()), "{out}");
}

#[test]
fn a_target_that_does_not_know_the_device_gives_status_4_and_the_answer_in_words() {
    let folder = Folder::new();
    let secret = "[[device]]\nid = 'simulated0000001/lamp-01'\ndialect = 'uiot'\nsecret = 'hly3dk1u'\n";
    std::fs::write(folder.at("a.bench.toml"), secret).unwrap();
    let (_served, url) = serve(&folder, &["--bench", &folder.at("a.bench.toml")]);
    let replay = ["replay", CAPTURE, "--to", &url, "--speed", "max"];
    let refused = run(&[&replay[..], &["--secret", "wr0ngest", "--json"]].concat());
    assert!(!refused.err.contains("wr0ngest") && !refused.out.join("").contains("wr0ngest"), "{}", refused.err);
    let last = json(refused.out.last().unwrap());
    assert_eq!([&last["outcome"], &last["reason"]["code"]], ["failed", "replay-identity-refused"]);
    refused.check_trouble(4, "replay-identity-refused", "CONNACK 5, not authorized");
    run(&[&replay[..], &["--secret", "hly3dk1u"]].concat()).check(0);
    let nobody = format!("mqtt://127.0.0.1:{}", program::free_port());
    run(&["replay", CAPTURE, "--to", &nobody]).check_trouble(4, "replay-unreachable", "127.0.0.1:");
}

#[test]
fn what_cannot_be_replayed_gives_status_2_and_says_what_to_do() {
    let folder = Folder::new();
    run(&["replay", CAPTURE, "--only", "text:nowhere"]).check_trouble(2, "replay-empty", "uiot-simulated");
    run(&["replay", CAPTURE, "--only", "nonsense"]).check_trouble(2, "bad-filter", "nonsense");
    run(&["replay", CAPTURE, "--to", "https://u:secret@h"]).check_trouble(2, "bad-broker-url", "mqtt://");
    for args in [&["--speed", "fast"][..], &["--speed", "0"], &["--rounds", "0"], &["--device", "lamp"]] {
        assert!(run(&[&["replay", CAPTURE][..], args].concat()).check(2).err.contains(args[0]), "{args:?}");
    }
    let refused = run(&["replay", CAPTURE, "--only", "nonsense", "--json"]).check(2);
    let error = json(&refused.out[0]);
    assert_eq!((&error["kind"], &error["code"]), (&"error".into(), &"bad-filter".into()), "a script reads why");
    for (name, text, code) in [
        ("empty.jsonl", "", "capture-empty"),
        ("foreign.jsonl", "{\"some\":\"log\"}\n", "capture-foreign"),
        ("later.jsonl", "{\"capture\":999,\"application\":\"x\",\"started_unix_ms\":1}\n", "capture-future"),
    ] {
        std::fs::write(folder.at(name), text).unwrap();
        run(&["replay", &folder.at(name)]).check_trouble(2, code, "");
    }
    let whole = std::fs::read_to_string(CAPTURE).unwrap();
    std::fs::write(folder.at("cut.jsonl"), &whole[..whole.len() - 20]).unwrap();
    let cut = run(&["replay", &folder.at("cut.jsonl"), "--dry-run", "--json"]).check(0);
    assert_eq!(json(&cut.out[0])["messages"], 23, "a capture cut off in its last line is replayed up to there");
    std::fs::write(folder.at("bad.jsonl"), whole.replacen("\"kind\"", "\"kin", 2)).unwrap();
    let bad = run(&["replay", &folder.at("bad.jsonl"), "--dry-run", "--json"]).check(0);
    let plan = json(&bad.out[0]);
    assert_eq!((&plan["damaged"], &plan["notes"][0]["code"]), (&2.into(), &"replay-damaged".into()));
}
