//! The command line as scripts and people use it: exit statuses, JSON lines, refusals and help are contracts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use ota_workbench::capture::decode;
use ota_workbench::fault;
use ota_workbench::image::digest;
use program::{Ended, Folder, Program, SAMPLE, json};
use std::io::{Read, Write};
#[cfg(unix)]
use std::process::{Command, Stdio};

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
    assert_eq!(keys, ["kind", "device", "outcome", "version", "reason", "findings", "warnings", "faults"]);
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
    let recorded = std::fs::read_dir(folder.path("data").join("captures")).unwrap();
    let recorded: Vec<_> = recorded.map(|entry| entry.unwrap().path()).collect();
    let captures: Vec<_> = recorded.iter().filter(|path| path.extension().is_some_and(|end| end == "zst")).collect();
    assert_eq!(
        (recorded.len(), captures.len()),
        (2, 1),
        "recorded without being asked, and what is in it: {recorded:?}"
    );
    // Under the name that was told while it was written, too.
    let told = ended.out.iter().find_map(|line| line.strip_prefix("Recording")).unwrap().trim();
    for path in [told, captures[0].to_str().unwrap()] {
        let text = run(&["inspect", path]).check(0).out.join("\n");
        assert!(text.contains("to 2.0.0: succeeded"), "{text}");
    }
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
    run(&[&simulate[..], &["wss://u:secret@bench"]].concat()).check_trouble(2, "broker-url-scheme", "wss");
    for args in [&["push"][..], &["--nonsense"], &["serve", "--mqtt", "a:1", "--broker", "mqtt://b"]] {
        assert!(run(args).check(2).err.contains("Usage"), "{args:?}");
    }
    run(&[&simulate[..], &["mqtt://bench", "--sign", "hmacsha1"]].concat()).check_trouble(2, "no-signature", "uiot");
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
    let both = run(&[&serve[..], &["--mqtt", &taken, "--http", &taken]].concat()).check(4);
    assert_eq!(both.err.matches("error[address-in-use]").count(), 2, "both ports are named: {}", both.err);

    let existing = folder.at("existing.jsonl");
    std::fs::write(&existing, "precious\n").unwrap();
    let refused = run(&[&serve[..], &ANYWHERE, &["--capture", &existing]].concat());
    refused.check_trouble(4, "recording-exists", &existing);
    assert_eq!(std::fs::read_to_string(&existing).unwrap(), "precious\n");

    let nobody = format!("mqtt://u:secret@127.0.0.1:{}", program::free_port());
    let refused = run(&[&serve[..], &["--broker", &nobody, "--http", "127.0.0.1:0"]].concat());
    assert!(!refused.err.contains("secret"), "a password was told: {}", refused.err);
    refused.check_trouble(4, "broker-unreachable", "127.0.0.1:");
}

/// Nothing is listened on, connected to or recorded for what can only be a slip of the fingers.
#[test]
fn an_address_or_number_typed_wrongly_gives_status_2_and_no_password_is_told() {
    let folder = Folder::new();
    let data = folder.at("data");
    let push = ["push", SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0"];
    for command in [&["serve"][..], &push] {
        let check = |more: &[&str], code: &str, words: &str| {
            let ended = run(&[command, &["--data", &data], more].concat());
            assert!(!ended.err.contains("secret") && ended.out.is_empty(), "{more:?}: {} {:?}", ended.err, ended.out);
            ended.check_trouble(2, code, words);
        };
        check(&["--mqtt", "127.0.0.1"], "bad-address", "ip:port");
        check(&["--mqtt", "mqtt://127.0.0.1:1883"], "bad-address", "ip:port");
        check(&["--mqtt", "u:secret@127.0.0.1:1"], "bad-broker-url", "mqtt://");
        check(&["--mqtt", "mqtt://u:secret@127.0.0.1:1"], "bad-broker-url", "mqtt://");
        check(&["--http", "8070"], "bad-address", "8070");
        check(&["--http", "u:secret@127.0.0.1:1"], "bad-address", "127.0.0.1:1");
        check(&["--broker", "https://u:secret@bench"], "bad-broker-url", "mqtt://");
        check(&["--broker", "u:secret@bench:0"], "bad-broker-url", "mqtt://");
        check(&["--broker", "wss://u:secret@bench"], "broker-url-scheme", "wss");
        check(&["--advertise", "nonsense"], "bad-url-prefix", "nonsense");
        check(&["--advertise", "ftp://host"], "bad-url-prefix", "http://");
        check(&["--advertise", "http://u:secret@host"], "bad-url-prefix", "host");
    }
    assert!(!folder.path("data").join("captures").exists(), "nothing is recorded of it");

    for secs in ["99999999999999999", "0", "604801"] {
        let refused = run(&[&push[..], &["--timeout", secs]].concat()).check(2);
        assert!(refused.err.contains("--timeout"), "{}", refused.err);
    }
    let simulate = ["simulate", "--broker", "mqtt://127.0.0.1:1", "--device", DEVICE, "--dialect"];
    for (dialect, code) in [("uiot", "5"), ("uiot", "0"), ("uiot", "-7"), ("aliyun", "-5")] {
        run(&[&simulate[..], &[dialect, "--fail", code]].concat()).check_trouble(2, "bad-failure-code", code);
    }
    run(&[&push[..], &["--simulate", "--fail", "5"]].concat()).check_trouble(2, "bad-failure-code", "uiot");
}

#[test]
fn a_bench_file_with_a_mistake_is_refused_without_telling_the_password_in_it() {
    let folder = Folder::new();
    let file = folder.at("a.bench.toml");
    for (text, words) in [
        ("http = '127.0.0.1:0'\nbroker = 'mqtt://u:secret@bench\n", "line 2"),
        ("broker = [\"mqtt://u:secret@bench\"]\n", "line 1 (broker)"),
        ("broker = 'u:secret@bench:1883'\n", "broker"),
        ("advertise = 'nonsense'\n", "nonsense"),
    ] {
        std::fs::write(&file, text).unwrap();
        let refused = run(&["serve", "--bench", &file, "--data", &folder.at("data")]);
        assert!(!refused.err.contains("secret"), "{}", refused.err);
        refused.check_trouble(2, "bad-bench-file", words);
    }
}

#[test]
fn a_name_of_this_computer_is_listened_on_and_a_device_can_fail_undefined() {
    let folder = Folder::new();
    let data = folder.at("data");
    let fixed = ["push", SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--data", &data];
    let places = ["--mqtt", "localhost:0", "--http", "localhost:0", "--advertise", "http://localhost:1/firmware"];
    // What is advertised is nobody's: the device cannot load, and that is the device's own failure.
    let ended = run(&[&fixed[..], &places, &["--simulate", "--json"]].concat()).check(1);
    assert_eq!(ended.verdict()["reason"]["code"], "url-unreachable");
    assert!(ended.out.iter().any(|line| line.contains("http://localhost:1/firmware/")));
    let verdict = push(&folder, "uiot", &["--simulate", "--fail", "-6", "--json"]).end().check(1).verdict();
    assert_eq!(verdict["reason"]["code"], "device-failed");
}

#[test]
fn a_build_that_is_not_there_is_refused_before_anything_listens() {
    let folder = Folder::new();
    let missing = folder.at("missing.bin");
    let nobody = format!("mqtt://127.0.0.1:{}", program::free_port());
    let args = ["push", &missing, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--broker", &nobody];
    let ended = run(&[&args[..], &["--json", "--data", &folder.at("data")]].concat());
    assert!(ended.out.is_empty(), "{:?}", ended.out);
    ended.check_trouble(2, "file-not-found", &missing);
}

#[test]
fn a_build_that_vanishes_while_the_device_is_waited_for_ends_with_a_verdict() {
    let folder = Folder::new();
    let image = folder.path("lamp.bin");
    std::fs::copy(SAMPLE, &image).unwrap();
    let (data, path) = (folder.at("data"), image.display().to_string());
    let args =
        ["push", &path, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--json", "--data", &data];
    let mut push = Program::start(&[&args[..], &ANYWHERE].concat());
    let (mqtt, _) = push.listening();
    push.until_kind("image_added");
    std::fs::remove_file(&image).unwrap();
    let broker = format!("mqtt://{mqtt}");
    let _device =
        Program::start(&["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot", "--console", "-"]);
    let ended = push.end();
    let verdict = ended.verdict();
    assert_eq!([&verdict["outcome"], &verdict["reason"]["code"]], ["failed", "file-not-found"]);
    ended.check_trouble(2, "file-not-found", "lamp.bin");
}

/// A broker that takes connections and never answers would else be waited for for ever.
#[test]
fn a_broker_that_says_nothing_is_given_up_when_the_time_is_over() {
    let folder = Folder::new();
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let broker = format!("mqtt://{}", mute.local_addr().unwrap());
    let data = folder.at("data");
    let args = ["push", SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--broker", &broker];
    let ended = run(&[&args[..], &["--http", "127.0.0.1:0", "--data", &data, "--timeout", "1"]].concat());
    assert!(!ended.err.contains("tried again"), "it is not tried again: {}", ended.err);
    ended.check_trouble(4, "broker-unreachable", "127.0.0.1:");
}

/// Takes sign-ins and refuses each; gives what was sent.
fn refusing_broker() -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (tell, told) = std::sync::mpsc::sync_channel(100);
    let refuse = move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut sent = [0; 1_024];
            let length = stream.read(&mut sent).unwrap_or(0);
            let _ = tell.try_send(String::from_utf8_lossy(&sent[..length]).into_owned());
            // CONNACK: bad user name or password.
            let _ = stream.write_all(&[0x20, 2, 0, 4]);
            let _ = stream.read(&mut sent);
        }
    };
    std::thread::Builder::new().spawn(refuse).unwrap();
    (address, told)
}

#[test]
fn a_simulated_device_signs_in_with_what_the_url_says_and_tells_when_it_is_refused() {
    let (address, told) = refusing_broker();
    let broker = format!("mqtt://anna:s%40cret@{address}");
    let simulate = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot"];
    let ended = run(&[&simulate[..], &["--once"]].concat());
    assert!(!ended.err.contains("s@cret") && !ended.err.contains("s%40cret"), "{}", ended.err);
    ended.check_trouble(4, "broker-refused-password", &address);
    let sent = told.recv_timeout(program::DEADLINE).unwrap();
    assert!(sent.contains("anna") && sent.contains("s@cret"), "{sent:?}");
    assert!(told.try_recv().is_err(), "once is once");

    // Without --once it is a device: it goes on trying.
    let _device = Program::start(&simulate);
    for _ in 0..2 {
        told.recv_timeout(program::DEADLINE).unwrap();
    }
}

#[test]
fn a_data_folder_that_cannot_be_written_is_told_and_the_bench_goes_on() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("data")).unwrap();
    std::fs::write(folder.path("data").join("captures"), "in the way").unwrap();
    let ended = push(&folder, "uiot", &["--simulate", "--json"]).end().check(0);
    assert_eq!(ended.verdict()["outcome"], "succeeded");
    assert!(ended.err.starts_with("error[capture-unwritable]: "), "{}", ended.err);
    assert_eq!(ended.err.matches("capture-unwritable").count(), 1, "{}", ended.err);
    let told = ended.out.iter().any(|line| {
        let line = json(line);
        line["kind"] == "trouble_met" && line["trouble"]["code"] == "capture-unwritable"
    });
    assert!(told, "{:?}", ended.out);
}

#[test]
fn inspect_survives_numbers_past_all_reason() {
    let folder = Folder::new();
    let capture = folder.at("huge.jsonl");
    push(&folder, "uiot", &["--simulate", "--json", "--capture", &capture]).end().check(0);
    let most = u64::MAX.to_string();
    let text = std::fs::read_to_string(&capture).unwrap();
    for key in ["timeout_secs", "at", "offset", "sent", "length", "size"] {
        let huge = text.lines().map(|line| match line.split_once(&format!("\"{key}\":")) {
            Some((before, after)) if line.starts_with("{\"seq\"") => {
                let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
                format!("{before}\"{key}\":{most}{rest}\n")
            }
            _ => format!("{line}\n"),
        });
        std::fs::write(&capture, huge.collect::<String>()).unwrap();
        run(&["inspect", "--json", &capture]).check(0);
    }
}

/// The lines of a capture behind its header.
#[cfg(unix)]
fn captured(path: &str) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().skip(1).map(str::to_owned).collect()
}

#[cfg(unix)]
#[test]
fn a_script_reads_everything_that_is_recorded_to_the_sessions_last_event() {
    let folder = Folder::new();
    let (data, capture) = (folder.at("data"), folder.at("serve.jsonl"));
    let args = ["serve", "--json", "--data", &data, "--capture", &capture];
    let mut serving = Program::start(&[&args[..], &ANYWHERE].concat());
    let (mqtt, _) = serving.listening();
    let broker = format!("mqtt://{mqtt}");
    let _device = Program::start(&["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot"]);
    serving.until_kind("message_received");
    serving.interrupt();
    let ended = serving.end().check(0);
    assert_eq!(ended.out[1..], captured(&capture));

    let capture = folder.at("push.jsonl");
    let mut pushing = push(&folder, "uiot", &["--simulate", "--json", "--capture", &capture]);
    pushing.until_kind("range_served");
    pushing.interrupt();
    let ended = pushing.end().check(1);
    assert_eq!(ended.out[1..ended.out.len() - 1], captured(&capture));
}

/// Nobody reads what it prints, so that it cannot come to an orderly end.
#[cfg(unix)]
#[test]
fn a_second_ctrl_c_ends_the_program_at_once() {
    let folder = Folder::new();
    let (data, capture) = (folder.at("data"), folder.at("capture.jsonl"));
    let mqtt = format!("127.0.0.1:{}", program::free_port());
    let args = ["serve", "--json", "--mqtt", &mqtt, "--http", "127.0.0.1:0", "--data", &data, "--capture", &capture];
    let mut command = Command::new(env!("CARGO_BIN_EXE_ota-workbench"));
    let command = command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut stuck = command.spawn().unwrap();
    let address: std::net::SocketAddr = mqtt.parse().unwrap();
    program::wait_for("the broker", || std::net::TcpStream::connect(address).ok());
    let mut options = rumqttc::MqttOptions::new("much", address.ip().to_string(), address.port());
    options.set_max_packet_size(1 << 20, 1 << 20);
    let (client, mut connection) = rumqttc::Client::new(options, 1);
    // More than a pipe holds, in one event.
    client.publish("much", rumqttc::QoS::AtLeastOnce, false, vec![b'x'; 500_000]).unwrap();
    let acknowledged = |event: &rumqttc::Event| matches!(event, rumqttc::Event::Incoming(rumqttc::Packet::PubAck(_)));
    assert!(connection.iter().map_while(Result::ok).any(|event| acknowledged(&event)));
    program::wait_for("the event", || std::fs::metadata(&capture).is_ok_and(|file| file.len() > 500_000).then_some(()));
    let status = program::wait_for("the end", || {
        Command::new("kill").arg("-INT").arg(stuck.id().to_string()).stderr(Stdio::null()).status().unwrap();
        stuck.try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(1));
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
    run(&["inspect", &empty]).check_trouble(2, "capture-empty", &empty);
    let directory = folder.at(".");
    run(&["inspect", &directory]).check_trouble(2, "recording-is-folder", &directory);
    for command in [&["inspect"][..], &["export", "--format", "csv"], &["replay", "--dry-run"]] {
        run(&[command, &["/dev/null"]].concat()).check_trouble(2, "recording-no-file", "/dev/null");
    }
    let missing = folder.at("missing");
    run(&["inspect", &missing]).check_trouble(2, "recording-not-found", &missing);
    let foreign = folder.at("foreign.jsonl");
    std::fs::write(&foreign, "{\"some\":\"log\"}\n").unwrap();
    run(&["inspect", &foreign]).check_trouble(2, "capture-foreign", &foreign);
    // Called like a capture: whatever is in it, it is no build.
    for (name, bytes, code) in [
        ("a.jsonl.gz", &b"\x1f\x8b\x08\x00"[..], "recording-gzip"),
        ("a.jsonl", b"\x00\x00\x00\x00", "capture-foreign"),
        ("0.jsonl", b"{\"capture\":0,\"application\":\"x\",\"started_unix_ms\":1}\n", "capture-foreign"),
        ("a.jsonl.zst", b"\x28\xb5\x2f\xfd", "recording-cut-short"),
        ("b.jsonl", b"{\"capture\":1,\"application\":\"o", "recording-cut-short"),
    ] {
        std::fs::write(folder.at(name), bytes).unwrap();
        for command in [&["inspect"][..], &["export", "--format", "csv"], &["replay", "--dry-run"]] {
            run(&[command, &[&folder.at(name)]].concat()).check_trouble(2, code, name);
        }
    }
    let later = folder.at("later.jsonl");
    std::fs::write(&later, "{\"capture\":999,\"application\":\"ota-workbench 9.0\",\"started_unix_ms\":1}\n").unwrap();
    run(&["inspect", &later]).check_trouble(2, "capture-future", "ota-workbench 9.0");
}

/// A colleague sends half a file: nobody takes its end for the end of the session.
#[test]
fn a_capture_that_was_cut_is_called_cut_whatever_it_is_kept_in() {
    let folder = Folder::new();
    let (cut, whole) = (folder.at("cut.jsonl"), std::fs::read(GOOD).unwrap());
    std::fs::write(&cut, &whole[..5_000]).unwrap();
    let text = run(&["inspect", &cut]).check(0).out.join("\n");
    assert!(text.contains(" 0 damaged lines") && text.contains("ends in the middle of a line, after event "), "{text}");
    let told = json(&run(&["inspect", &cut, "--json"]).check(0).out[0]);
    let last = whole[..5_000].split(|byte| *byte == b'\n').count() - 2;
    assert_eq!([&told["cut"]["after_seq"], &told["cut"]["line"]], [last, last + 2], "{told}");
    assert_eq!([&told["events"], &told["damaged"]], [last, 0]);
    let exported = run(&["export", &cut, "--format", "csv"]).check(0);
    assert!(exported.err.contains("ends in the middle of a line"), "{}", exported.err);
    // The last line end belongs to the last event: without it, the event stands all the same.
    std::fs::write(&cut, whole.trim_ascii_end()).unwrap();
    assert!(json(&run(&["inspect", &cut, "--json"]).check(0).out[0])["cut"].is_null());

    let packed = folder.at("packed.jsonl.zst");
    let mut long = whole;
    for seq in 282..20_000_u64 {
        let noise = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let line = format!("{{\"seq\":{seq},\"at\":9000000,\"kind\":\"gap\",\"source\":\"{noise:x}\",\"lost\":1}}\n");
        long.extend(line.into_bytes());
    }
    std::fs::write(&packed, zstd::encode_all(&long[..], 3).unwrap()).unwrap();
    let length = std::fs::metadata(&packed).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&packed).unwrap().set_len(length * 6 / 10).unwrap();
    let told = json(&run(&["inspect", &packed, "--json"]).check(0).out[0]);
    assert!(told["cut"]["after_seq"].as_u64().unwrap() > 5_000 && told["cut"]["detail"].is_null(), "{told}");
    assert_eq!(told["damaged"], 0);
}

/// Whoever reads the help knows what to type for each error code of his cloud.
#[test]
fn the_help_of_push_lists_every_fault_with_the_codes_it_should_provoke() {
    let text = run(&["push", "--help"]).check(0).out.join("\n");
    for kind in &fault::ALL {
        let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{} ", kind.usage())));
        let line = line.unwrap_or_else(|| panic!("no {} in\n{text}", kind.usage()));
        let codes = kind.uiot.iter().chain(kind.aliyun).all(|code| line.contains(&code.to_string()));
        assert!(codes && line.contains(". [") && line.contains("recovers") == kind.recoverable, "{line}");
    }
}

#[test]
fn a_script_breaks_a_push_on_purpose_and_reads_what_acted() {
    let folder = Folder::new();
    let faults = ["--fault", "wrong-digest", "--fault", "kick:50"];
    let ended = push(&folder, "uiot", &[&["--simulate", "--json"][..], &faults].concat()).end().check(1);
    let verdict = ended.verdict();
    assert_eq!(
        (&verdict["reason"]["code"], &verdict["findings"]),
        (&"md5-mismatch".into(), &vec!["fault-armed"].into())
    );
    let [digest, kick] = &verdict["faults"].as_array().unwrap()[..] else { panic!("{verdict}") };
    assert_eq!((&digest["fault"], &digest["acted"]), (&"wrong-digest".into(), &1.into()));
    assert_eq!((&kick["fault"], &kick["acted"], &kick["place"]), (&"kick:50".into(), &1.into(), &50.into()));
    let text = verdict["reason"]["text"].as_str().unwrap();
    assert!(text.contains("wrong-digest, kick:50 was armed on purpose"), "{text}");
}

#[test]
fn a_fault_that_cannot_act_is_refused_before_its_device_is_waited_for() {
    let folder = Folder::new();
    let ended = push(&folder, "uiot", &["--fault", "cut"]).end().check(2);
    assert!(ended.err.contains("it is written cut:N, such as cut:10000"), "{}", ended.err);
    for (faults, words) in [
        (&["--fault", "missing-field:sign"][..], "has no field sign"),
        (&["--fault", "not-found", "--fault", "expired"], "cannot both act"),
        (&["--fault", "flip:99999999"], "would never act"),
    ] {
        let ended = push(&folder, "uiot", faults).end().check(2);
        assert!(ended.err.contains(words), "{}", ended.err);
    }
}

#[test]
fn the_help_names_every_flag_scripts_rely_on() {
    let bench = "--mqtt --broker --http --advertise --capture --bench --data";
    let pages = [
        ("", format!("serve push simulate replay inspect export --lang --theme --version [IMAGE] {bench}")),
        ("serve", format!("--json {bench}")),
        ("push", format!("--device --dialect --version --module --timeout --simulate --fail --fault --json {bench}")),
        ("simulate", "--broker --device --dialect --version --secret --console --fail --once pty".to_owned()),
        ("inspect", "--json --against".to_owned()),
        ("export", "--format --out --force --only --with-secrets csv txt pcapng jsonl topic:GLOB".to_owned()),
        ("replay", "--to --device --only --speed --rounds --json --secret --downstream --on-drop --dry-run".to_owned()),
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

const GOOD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/aliyun-simulated-success.jsonl");
const BAD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch.jsonl");

#[test]
fn a_capture_is_handed_on_without_its_secrets_and_says_what_was_taken_out() {
    let folder = Folder::new();
    let file = folder.at("shared.jsonl");
    let ended = run(&["export", GOOD, "--format", "jsonl", "--out", &file]).check(0);
    assert!(ended.out.is_empty() && ended.err.contains("281 of 281 events handed on"), "{}", ended.err);
    assert!(ended.err.contains("tokens (1 different, in "), "{}", ended.err);
    let (whole, shared) = (std::fs::read_to_string(GOOD).unwrap(), std::fs::read_to_string(&file).unwrap());
    assert!(whole.contains("abcb7942b8b2b58b63f8cdd5038ff6c7") && !shared.contains("abcb7942b8b2b58b63f8cdd5038ff6c7"));
    let story = |file: &str| run(&["inspect", file]).check(0).out;
    assert_eq!(story(&file), story(GOOD), "a colleague sees the same");

    let open = run(&["export", GOOD, "--format", "jsonl", "--with-secrets"]).check(0);
    assert_eq!(open.out.join("\n"), whole.trim_end());
}

#[test]
fn a_part_of_a_capture_is_a_table_or_a_consoles_text() {
    let table = run(&["export", GOOD, "--format", "csv", "--only", "http to:0.1s"]).check(0).out;
    assert!(table[0].starts_with("\u{feff}seq,at_s,time,kind,") && table.len() == 11, "{table:?}");
    assert!(table[1..].iter().all(|row| row.contains("request_received") || row.contains(",206,")), "{table:?}");
    let text =
        run(&["export", GOOD, "--format", "txt", "--only", "port:\"lamp-01 (simulated)\" text:ota"]).check(0).out;
    assert!(text.iter().any(|line| line.ends_with("I (483) ota: Upgrade 1.0.0 -> 2.0.0, 421888 bytes")), "{text:?}");
    assert!(text.iter().all(|line| line.contains("Z lamp-01 (simulated): ")), "{text:?}");
}

#[test]
fn an_export_writes_over_nothing_unasked_and_says_what_it_cannot_use() {
    let folder = Folder::new();
    let file = folder.at("part.csv");
    std::fs::write(&file, "precious\n").unwrap();
    let export = ["export", GOOD, "--format", "csv", "--out", &file];
    run(&export).check_trouble(4, "file-exists", &file);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious\n");
    run(&[&export[..], &["--force"]].concat()).check(0);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("\u{feff}seq,"));
    let nowhere = folder.at("none/part.csv");
    let ended = run(&["export", GOOD, "--format", "csv", "--out", &nowhere]);
    ended.check_trouble(4, "folder-missing", "Make the folder");
    let damaged = folder.at("damaged.jsonl");
    std::fs::write(&damaged, std::fs::read_to_string(GOOD).unwrap().replacen("{\"seq\":5,", "{\"se", 1)).unwrap();
    let ended = run(&["export", &damaged, "--format", "csv"]).check(0);
    assert!(ended.err.contains("Damaged lines left out: 1."), "{}", ended.err);
    let foreign = folder.at("foreign.jsonl");
    std::fs::write(&foreign, "{\"some\":\"log\"}\n").unwrap();
    run(&["export", &foreign, "--format", "csv"]).check_trouble(2, "capture-foreign", "mosquitto_sub -F %j");
    let ended = run(&["export", GOOD, "--format", "csv", "--only", "upp"]).check(2);
    assert!(ended.err.contains("“upp”") && ended.err.contains("device:PRODUCT/DEVICE"), "{}", ended.err);
    assert!(run(&["export", GOOD, "--format", "xml"]).check(2).err.contains("pcapng"));
    assert!(run(&["export", GOOD, "--format", "csv", "--force"]).check(2).err.contains("--out"));
}

/// Otherwise one slip of the hand loses the session.
#[test]
fn an_export_onto_the_capture_itself_is_refused_even_when_forced() {
    let folder = Folder::new();
    let file = folder.at("session.jsonl");
    std::fs::copy(GOOD, &file).unwrap();
    for more in [&["--format", "jsonl"][..], &["--format", "csv"], &["--format", "jsonl", "--only", "http"]] {
        let export = [&["export", &file, "--out", &file, "--force"][..], more].concat();
        run(&export).check_trouble(4, "export-onto-source", &file);
        assert!(std::fs::read(&file).unwrap() == std::fs::read(GOOD).unwrap(), "{more:?}");
    }
}

/// Scripts name a file where they have to; the table goes where they mean it, and a device stays one.
#[cfg(unix)]
#[test]
fn an_export_to_a_device_is_written_into_it() {
    let export = ["export", GOOD, "--format", "csv", "--out"];
    let table = run(&[&export[..4], &[]].concat()).check(0).out;
    assert_eq!(run(&[&export[..], &["/dev/stdout"]].concat()).check(0).out, table);
    run(&[&export[..], &["/dev/null"]].concat()).check(0);
    run(&[&export[..], &["/dev/full", "--force"]].concat()).check_trouble(4, "file-unwritable", "/dev/full");
}

#[test]
fn a_bad_run_is_compared_with_a_good_one_phase_by_phase() {
    let text = run(&["inspect", GOOD, "--against", BAD]).check(0).out.join("\n");
    assert!(
        text.contains("First request") && text.contains("They part first here, in what the device says."),
        "{text}"
    );
    assert!(text.contains("): Failed: MD5 mismatch") && text.contains("Found in B: "), "{text}");
    let whole = json(&run(&["inspect", GOOD, "--against", BAD, "--json"]).check(0).out[0]);
    let pair = &whole["pairs"][0];
    assert_eq!(
        [&whole["kind"], &pair["a"]["state"], &pair["b"]["state"]],
        ["comparison", "succeeded", "failed md5-mismatch -4"]
    );
    assert_eq!(pair["b"]["findings"][0], "served-intact");
    let served = pair["phases"].as_array().unwrap().iter().find(|phase| phase["phase"] == "all-served").unwrap();
    let [a, b] = ["a_us", "b_us"].map(|key| served[key].as_i64().unwrap());
    assert_eq!(served["difference_us"], b - a);
    assert_eq!((&whole["troubles_a"], &whole["troubles_b"]), (&serde_json::json!([]), &serde_json::json!([])));
    let folder = Folder::new();
    let cut = folder.at("cut.jsonl");
    std::fs::write(&cut, &std::fs::read(BAD).unwrap()[..4_000]).unwrap();
    let whole = json(&run(&["inspect", GOOD, "--against", &cut, "--json"]).check(0).out[0]);
    assert_eq!(whole["troubles_b"][0], "recording-cut", "half a run is not taken for a short one");
    for args in [["inspect", GOOD, "--against", SAMPLE], ["inspect", SAMPLE, "--against", GOOD]] {
        // It says which of the two it is.
        run(&args).check_trouble(2, "capture-foreign", SAMPLE);
    }
}

/// What `mosquitto_sub` wrote down beside a cloud nobody here may see is looked at like a capture.
#[test]
fn what_mosquitto_sub_wrote_is_read_like_a_capture() {
    let folder = Folder::new();
    let file = folder.at("sub.jsonl");
    let line = |secs: u32, topic: &str, payload: &str| {
        format!(
            r#"{{"tst":"2026-11-22T05:28:{secs:02}.000000+0100","topic":"{topic}","qos":1,"retain":0,"payloadlen":0,"payload":{payload}}}"#
        )
    };
    let push = r#"{"code":"1000","data":{"size":432945,"sign":"93230c3bde425a9d7984a594ac55ea1e","version":"2.0.0","signMethod":"Md5","url":"http://h/a.bin?Signature=abcdef","md5":"93230c3bde425a9d7984a594ac55ea1e"},"id":1,"message":"success"}"#;
    let lines = [
        line(1, "/ota/device/upgrade/pk/dn", push),
        line(9, "/ota/device/inform/pk/dn", r#"{"id":"1","params":{"version":"2.0.0"}}"#),
    ];
    std::fs::write(&file, lines.join("\n")).unwrap();
    let text = run(&["inspect", &file]).check(0).out.join("\n");
    assert!(text.contains("upgrade pk/dn to 2.0.0: succeeded"), "{text}");
    let table = run(&["export", &file, "--format", "csv", "--only", "up"]).check(0).out.join("\n");
    assert!(table.contains("8.000000,2026-11-22T04:28:09.000000Z,message_received,pk/dn,up,"), "{table}");
}

const LATIN: &str = "en_US.UTF-8";
const CHINESE: &str = "zh_CN.UTF-8";

/// Writes a capture whose second line stands before its first, and ends a second earlier than it seems.
fn reordered(folder: &Folder) -> String {
    let file = folder.at("reordered.jsonl");
    let line = |seq: u32, secs: u32| format!("{{\"seq\":{seq},\"at\":{secs}000000,\"kind\":\"broker_stopped\"}}\n");
    let header = "{\"capture\":1,\"application\":\"x\",\"started_unix_ms\":1795282189732}\n";
    std::fs::write(&file, format!("{header}{}{}{}", line(1, 1), line(3, 7), line(2, 6))).unwrap();
    file
}

/// Whoever reads Chinese reads it in the window and on the command line, and the scripts of both read the same.
#[test]
fn a_person_reads_the_systems_language_or_the_one_that_was_typed_and_a_script_the_same_in_each() {
    let folder = Folder::new();
    let (file, missing) = (reordered(&folder), folder.at("missing"));
    let told = |locale: &str, args: &[&str]| Program::start_in(locale, args).end();
    let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
    for args in [
        &["inspect", &missing][..],
        &["inspect", &file],
        &["export", &file, "--format", "csv"],
        &["replay", GOOD, "--dry-run"],
    ] {
        let of_person = |ended: &Ended| {
            let text = if args[0] == "export" { String::new() } else { ended.out.join("\n") };
            text + &ended.err
        };
        let (english, chinese) = (told(LATIN, args), told(CHINESE, args));
        assert!(!is_chinese(&of_person(&english)) && is_chinese(&of_person(&chinese)), "{args:?}: {}", chinese.err);
        assert_eq!(english.status, chinese.status);
        for (locale, lang, same) in [(LATIN, "zh-CN", &chinese), (CHINESE, "en", &english), ("C", "en", &english)] {
            let typed = told(locale, &[args, &["--lang", lang]].concat());
            assert_eq!((&typed.out, &typed.err), (&same.out, &same.err));
            assert_eq!(told(locale, &[&["--lang", lang], args].concat()).err, same.err);
        }
    }
    for args in [
        &["inspect", &missing, "--json"][..],
        &["inspect", GOOD, "--json"],
        &["inspect", GOOD],
        &["inspect", GOOD, "--against", BAD, "--json"],
        &["replay", GOOD, "--dry-run", "--json"],
        &["push", "--help"],
    ] {
        assert_eq!(told(LATIN, args).out, told(CHINESE, args).out, "{args:?}");
    }
    assert!(told(CHINESE, &["inspect", &missing]).err.starts_with("error[recording-not-found]: "), "codes stay");

    let ended = push(&folder, "uiot", &["--simulate", "--lang", "zh-CN"]).end().check(0);
    assert!(ended.out.iter().any(|line| line.contains("升级成功")), "{:?}", ended.out);
    let failing = ["--simulate", "--fail", "-4", "--json", "--lang", "zh-CN"];
    let verdict = push(&folder, "uiot", &failing).end().check(1).verdict();
    assert!(!is_chinese(&verdict.to_string()), "{verdict}");
}

/// Otherwise an upgrade is sought in an order in which it never happened.
#[test]
fn lines_out_of_order_are_told_by_whoever_reads_them_and_the_session_is_as_long_as_it_was() {
    let folder = Folder::new();
    let file = reordered(&folder);
    let words = "Lines out of their order: 1; lines earlier than the one before them: 1.";
    let text = run(&["inspect", &file]).check(0).out.join("\n");
    assert!(text.contains("3 events in 7.000 s") && text.contains(words), "{text}");
    assert_eq!(json(&run(&["inspect", &file, "--json"]).check(0).out[0])["length_us"], 7_000_000);
    assert!(run(&["export", &file, "--format", "csv"]).check(0).err.contains(words));

    let swapped = folder.at("swapped.jsonl");
    let text = std::fs::read_to_string(GOOD).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.swap(100, 101);
    std::fs::write(&swapped, lines.join("\n")).unwrap();
    let plan = json(&run(&["replay", &swapped, "--dry-run", "--json"]).check(0).out[0]);
    assert!(plan["notes"].as_array().unwrap().iter().any(|note| note["code"] == "recording-reordered"), "{plan}");
}

/// Otherwise a script goes on with half a summary, or with no certificate at all.
#[cfg(target_os = "linux")]
#[test]
fn what_a_full_disk_does_not_take_of_an_answer_gives_status_4_and_a_closed_pipe_does_not() {
    let folder = Folder::new();
    let data = folder.at("data");
    let commands: [&[&str]; 6] = [
        &["inspect", GOOD],
        &["inspect", GOOD, "--json"],
        &["inspect", SAMPLE],
        &["inspect", GOOD, "--against", BAD],
        &["replay", GOOD, "--dry-run"],
        &["ca", "--data", &data],
    ];
    for args in commands {
        let mut command = Command::new("sh");
        command.args(["-c", "\"$@\" > /dev/full", "sh", env!("CARGO_BIN_EXE_ota-workbench")]).args(args);
        Program::spawn(&mut command).end().check_trouble(4, "file-unwritable", "-");
        // As `| head` does.
        let (_, gone) = std::io::pipe().unwrap();
        let closed = Command::new(env!("CARGO_BIN_EXE_ota-workbench")).args(args).stdout(gone).output().unwrap();
        assert!(closed.status.success() && closed.stderr.is_empty(), "{args:?}: {closed:?}");
    }
}
