//! The command line as scripts and people use it: exit statuses, JSON lines, refusals and help are contracts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use ota_workbench::capture::decode;
use ota_workbench::image::digest;
use program::{Ended, Folder, Program, SAMPLE, json};
#[cfg(target_os = "linux")]
use std::io::Write;

const DEVICE: &str = "simulated0000001/lamp-01";
/// Addresses the system picks.
const ANYWHERE: [&str; 4] = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"];

/// Runs the program to its end.
fn run(args: &[&str]) -> Ended {
    Program::start(args).end()
}

/// Starts pushing the sample build, with more arguments.
fn push(folder: &Folder, dialect: &str, more: &[&str]) -> Program {
    let data = folder.at("data");
    let fixed = ["push", SAMPLE, "--device", DEVICE, "--dialect", dialect, "--data", &data];
    let version: &[&str] = if more.contains(&"--version") { &[] } else { &["--version", "2.0.0"] };
    Program::start(&[&fixed, version, &ANYWHERE[..], more].concat())
}

fn check_success(dialect: &str) {
    let folder = Folder::new();
    let capture = folder.at("capture.jsonl");
    let ended = push(&folder, dialect, &["--simulate", "--json", "--capture", &capture]).end().check(0);
    let [first, events @ .., _] = &ended.out[..] else { panic!("{:?}", ended.out) };
    let first = json(first);
    assert_eq!(first["kind"], "listening");
    for address in ["mqtt", "http"] {
        let port = first[address].as_str().and_then(|address| address.strip_prefix("127.0.0.1:"));
        assert!(port.is_some_and(|port| port != "0"), "the port the system picked is told: {first}");
    }
    let mut last = 0;
    for line in events {
        let event = decode(line).unwrap_or_else(|why| panic!("{why:?}: {line}"));
        assert_eq!(event.seq, last + 1, "events come in order and none is left out");
        last = event.seq;
    }
    assert!(last > 10, "{events:?}");
    let verdict = ended.verdict();
    let keys: Vec<_> = verdict.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["kind", "device", "outcome", "version", "reason"]);
    assert_eq!([&verdict["device"], &verdict["outcome"], &verdict["version"]], [DEVICE, "succeeded", "2.0.0"]);
    assert_eq!(verdict["reason"]["code"], "succeeded");
    assert!(verdict["reason"]["text"].as_str().unwrap().contains(DEVICE), "{verdict}");
    assert!(ended.err.is_empty(), "{}", ended.err);

    let inspected = json(&run(&["inspect", "--json", &capture]).check(0).out[0]);
    assert_eq!([&inspected["kind"], &inspected["upgrades"][0]["state"]], ["capture", "succeeded"]);
    assert_eq!(inspected["upgrades"][0]["served"], inspected["upgrades"][0]["size"]);
    let text = run(&["inspect", &capture]).check(0).out.join("\n");
    assert!(text.contains(&format!("upgrade {DEVICE} to 2.0.0: succeeded")), "{text}");
}

#[test]
fn a_script_reads_that_a_uiot_upgrade_succeeded_and_so_does_its_capture() {
    check_success("uiot");
}

#[test]
fn a_script_reads_that_an_aliyun_upgrade_succeeded_and_so_does_its_capture() {
    check_success("aliyun");
}

#[test]
fn a_person_reads_where_everything_is_and_how_it_ended() {
    let folder = Folder::new();
    let ended = push(&folder, "uiot", &["--simulate"]).end().check(0);
    let text = ended.out.join("\n");
    for words in ["mqtt://127.0.0.1:", "http://127.0.0.1:", "Recording", "Succeeded in "] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains(['{', '\u{1b}']), "no JSON and no escapes in a log file: {text}");
    let recorded = std::fs::read_dir(folder.path("data").join("captures")).unwrap().count();
    assert_eq!(recorded, 1, "a session is recorded without being asked");
}

#[test]
fn a_device_that_is_not_simulated_is_waited_for_and_both_programs_end_well() {
    let folder = Folder::new();
    let mut push = push(&folder, "uiot", &["--json"]);
    let (mqtt, _) = push.listening();
    let console = folder.at("console.txt");
    let broker = format!("mqtt://{mqtt}");
    let device = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot", "--once"];
    run(&[&device[..], &["--console", &console]].concat()).check(0);
    assert_eq!(push.end().check(0).verdict()["outcome"], "succeeded");
    assert!(std::fs::read_to_string(console).unwrap().contains("2.0.0"), "the console shows the new version");
}

#[test]
fn a_device_that_fails_gives_status_1_and_the_clouds_reason() {
    let folder = Folder::new();
    let verdict = push(&folder, "uiot", &["--simulate", "--fail", "-4", "--json"]).end().check(1).verdict();
    assert_eq!([&verdict["outcome"], &verdict["reason"]["code"]], ["failed", "md5-mismatch"]);
    let text = verdict["reason"]["text"].as_str().unwrap();
    assert!(text.contains("MD5") && text.contains("-4"), "{text}");
}

#[test]
fn a_device_that_does_not_come_gives_status_3_when_its_time_is_over() {
    let folder = Folder::new();
    let verdict = push(&folder, "aliyun", &["--timeout", "1", "--json"]).end().check(3).verdict();
    assert_eq!([&verdict["outcome"], &verdict["reason"]["code"]], ["timed_out", "no-device"]);
}

#[test]
fn what_is_typed_wrongly_gives_status_2_and_says_what_to_type() {
    let folder = Folder::new();
    push(&folder, "azure", &[]).end().check_trouble(2, "unknown-dialect", "uiot, aliyun");
    push(&folder, "uiot", &["--version", "2 0 0 and more"]).end().check_trouble(2, "version-not-allowed", "2 0 0");
    let missing = folder.at("missing.bin");
    let args = ["push", &missing, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--data"];
    run(&[&args[..], &[&folder.at("data")], &ANYWHERE[..]].concat()).check_trouble(2, "file-not-found", &missing);
    let simulate = ["simulate", "--device", DEVICE, "--dialect", "uiot", "--broker"];
    run(&[&simulate[..], &["https://bench"]].concat()).check_trouble(2, "bad-broker-url", "mqtt://");
    run(&[&simulate[..], &["mqtts://u:secret@bench"]].concat()).check_trouble(2, "broker-url-scheme", "mqtts");
    for args in [&["push"][..], &["--nonsense"], &["serve", "--mqtt", "a:1", "--broker", "mqtt://b"]] {
        assert!(run(args).check(2).err.contains("Usage"), "{args:?}");
    }
    let no_slash = ["push", SAMPLE, "--device", "lamp", "--dialect", "uiot", "--version", "2"];
    assert!(run(&no_slash).check(2).err.contains("lamp"));
}

#[test]
fn a_port_or_file_that_cannot_be_had_gives_status_4_and_is_named() {
    let folder = Folder::new();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let data = folder.at("data");
    let serve = ["serve", "--data", &data];
    let mqtt = ["--mqtt", &taken, "--http", "127.0.0.1:0"];
    let http = ["--mqtt", "127.0.0.1:0", "--http", &taken];
    run(&[&serve[..], &mqtt].concat()).check_trouble(4, "address-in-use", &taken);
    run(&[&serve[..], &http].concat()).check_trouble(4, "address-in-use", &taken);
    run(&[&serve[..], &["--mqtt", "127.0.0.1", "--http", "127.0.0.1:0"]].concat()).check_trouble(
        4,
        "bad-address",
        "ip:port",
    );

    let existing = folder.at("existing.jsonl");
    std::fs::write(&existing, "precious\n").unwrap();
    let refused = run(&[&serve[..], &ANYWHERE, &["--capture", &existing]].concat());
    refused.check_trouble(4, "capture-unwritable", &existing);
    assert_eq!(std::fs::read_to_string(&existing).unwrap(), "precious\n");

    let nobody = format!("mqtt://u:secret@127.0.0.1:{}", program::free_port());
    let refused = run(&[&serve[..], &["--broker", &nobody, "--http", "127.0.0.1:0"]].concat());
    assert!(!refused.err.contains("secret"), "a password was told: {}", refused.err);
    refused.check_trouble(4, "broker-unreachable", "127.0.0.1:");
}

#[cfg(unix)]
#[test]
fn ctrl_c_cancels_a_push_and_stops_a_server_and_neither_hangs() {
    let folder = Folder::new();
    let mut waiting = push(&folder, "uiot", &["--json"]);
    waiting.listening();
    waiting.interrupt();
    let verdict = waiting.end().check(1).verdict();
    assert_eq!([&verdict["outcome"], &verdict["reason"]["code"]], ["cancelled", "cancelled"]);

    let mut loading = push(&folder, "uiot", &["--simulate", "--json"]);
    loading.until_kind("range_served");
    loading.interrupt();
    let ended = loading.end().check(1);
    assert_eq!(ended.verdict()["outcome"], "cancelled");
    assert!(ended.out.iter().any(|line| json(line)["kind"] == "upgrade_cancelled"));

    let data = folder.at("data");
    let mut serving = Program::start(&[&["serve", "--json", "--data", &data], &ANYWHERE[..]].concat());
    serving.listening();
    serving.interrupt();
    serving.end().check(0);
}

/// Any terminal program opens the simulated device as it opens a board.
#[cfg(target_os = "linux")]
#[test]
fn a_simulated_devices_console_is_read_and_typed_at_through_a_pseudo_terminal() {
    let broker = format!("mqtt://127.0.0.1:{}", program::free_port());
    let args = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot", "--console", "pty"];
    let mut device = Program::start(&args);
    let line = device.until(|line| line.contains("/dev/pts/"));
    let path = line.split_whitespace().find(|word| word.starts_with("/dev/pts/")).unwrap();
    let mut terminal = Program::spawn(std::process::Command::new("cat").arg(path));
    terminal.until(|line| line.contains("Not connected"));
    std::fs::OpenOptions::new().write(true).open(path).and_then(|mut port| port.write_all(b"version\r\n")).unwrap();
    terminal.until(|line| line.contains("lamp 1.0.0"));
    device.interrupt();
    device.end().check(0);
}

#[test]
fn inspect_tells_an_image_a_trace_and_what_is_neither() {
    let image = json(&run(&["inspect", "--json", SAMPLE]).check(0).out[0]);
    let bytes = std::fs::read(SAMPLE).unwrap();
    let digests = digest(&bytes);
    assert_eq!([&image["kind"], &image["name"], &image["version"]], ["image", "lamp-2.0.0.bin", "2.0.0"]);
    assert_eq!(image["size"], bytes.len());
    assert_eq!([&image["md5"], &image["sha256"]], [&digests.md5, &digests.sha256]);
    let text = run(&["inspect", SAMPLE]).check(0).out.join("\n");
    assert!(text.contains(&digests.md5) && text.contains("2.0.0"), "{text}");

    let trace = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces/aliyun-csdk3-success.jsonl");
    let trace = json(&run(&["inspect", "--json", trace]).check(0).out[0]);
    assert_eq!(trace["kind"], "capture");
    assert_eq!(trace["upgrades"].as_array().map(Vec::len), Some(1), "{trace}");

    let folder = Folder::new();
    let empty = folder.at("empty.bin");
    std::fs::write(&empty, "").unwrap();
    run(&["inspect", &empty]).check_trouble(2, "file-empty", &empty);
    let directory = folder.at(".");
    run(&["inspect", &directory]).check_trouble(2, "file-is-directory", &directory);
    let missing = folder.at("missing");
    run(&["inspect", &missing]).check_trouble(2, "file-not-found", &missing);
    let foreign = folder.at("foreign.jsonl");
    std::fs::write(&foreign, "{\"some\":\"log\"}\n").unwrap();
    run(&["inspect", &foreign]).check_trouble(2, "capture-foreign", "");
    let later = folder.at("later.jsonl");
    std::fs::write(&later, "{\"capture\":999,\"application\":\"ota-workbench 9.0\",\"started_unix_ms\":1}\n").unwrap();
    run(&["inspect", &later]).check_trouble(2, "capture-future", "ota-workbench 9.0");
}

#[test]
fn the_help_names_every_flag_scripts_rely_on() {
    let bench = "--mqtt --broker --http --advertise --capture --bench --data";
    let pages = [
        ("", format!("serve push simulate inspect --lang --theme --version [IMAGE] {bench}")),
        ("serve", format!("--json {bench}")),
        ("push", format!("--device --dialect --version --module --timeout --simulate --fail --json {bench}")),
        ("simulate", "--broker --device --dialect --version --secret --console --fail --once pty".to_owned()),
        ("inspect", "--json".to_owned()),
    ];
    for (command, words) in pages {
        let args: Vec<_> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let text = run(&args).check(0).out.join("\n");
        for word in words.split_whitespace() {
            assert!(text.contains(word), "{command} --help does not name {word}:\n{text}");
        }
    }
    assert_eq!(run(&["--version"]).check(0).out, [concat!("ota-workbench ", env!("CARGO_PKG_VERSION"))]);
}
