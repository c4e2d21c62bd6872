//! The main job through programs that are not ours: mosquitto as the broker in between, curl as the device's download.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use program::{Folder, Program, SAMPLE, json, wait_for};
use std::net::TcpStream;
use std::process::Command;

const DEVICE: &str = "simulated0000001/lamp-01";

/// A mosquitto of this test's own, on loopback.
struct Mosquitto {
    port: u16,
    folder: Folder,
    _program: Program,
}

impl Mosquitto {
    /// Lets everybody in.
    fn open() -> Self {
        Self::start(program::free_port(), Folder::new(), "allow_anonymous true")
    }

    /// Lets in who knows the password.
    fn closed(user: &str, password: &str) -> Self {
        let folder = Folder::new();
        let file = folder.at("passwords");
        let made = Command::new("mosquitto_passwd").args(["-b", "-c", &file, user, password]).status().unwrap();
        assert!(made.success());
        let access = format!("allow_anonymous false\npassword_file {file}");
        Self::start(program::free_port(), folder, &access)
    }

    fn start(port: u16, folder: Folder, access: &str) -> Self {
        let file = folder.at("mosquitto.conf");
        // Started by root it would turn into a user who cannot read the test's folder.
        std::fs::write(&file, format!("user root\nlistener {port} 127.0.0.1\n{access}\n")).unwrap();
        // Debian keeps it where only root's PATH looks.
        let path = format!("{}:/usr/sbin:/usr/local/sbin", std::env::var("PATH").unwrap_or_default());
        let program = Program::spawn(Command::new("mosquitto").env("PATH", path).args(["-c", &file]));
        wait_for("mosquitto", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { port, folder, _program: program }
    }

    fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Listens to all there is, each message as topic, a blank, and payload.
    fn listen(&self) -> Program {
        let port = self.port.to_string();
        let args = ["-h", "127.0.0.1", "-p", &port, "-t", "/#", "-t", "probe", "-F", "%t %p"];
        let mut listener = Program::spawn(Command::new("mosquitto_sub").args(args));
        // What is said before it is subscribed would be missed: knock until it hears.
        let knock = ["-h", "127.0.0.1", "-p", &port, "-t", "probe", "-m", "hello", "-r"];
        assert!(Command::new("mosquitto_pub").args(knock).status().unwrap().success());
        listener.until(|line| line == "probe hello");
        listener
    }

    /// A simulated device, once it is signed in.
    fn device(&self, dialect: &str, more: &[&str]) -> Program {
        let url = self.url();
        let fixed = ["simulate", "--broker", &url, "--device", DEVICE, "--dialect", dialect, "--once"];
        let mut device = Program::start(&[&fixed[..], more].concat());
        device.until(|line| line.contains("Connected and subscribed"));
        device
    }

    /// Starts pushing the sample through it.
    fn push(&self, dialect: &str) -> Program {
        self.push_with(dialect, &[])
    }

    fn push_with(&self, dialect: &str, more: &[&str]) -> Program {
        let (url, data) = (self.url(), self.folder.at("data"));
        let bench = ["--broker", &url, "--http", "127.0.0.1:0", "--data", &data, "--json"];
        let job = ["push", SAMPLE, "--device", DEVICE, "--dialect", dialect, "--version", "2.0.0", "--timeout", "50"];
        Program::start(&[&job[..], &bench, more].concat())
    }
}

/// What curl printed.
fn curl(args: &[&str]) -> String {
    let output =
        Command::new("curl").args(["--silent", "--show-error", "--max-time", "20"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn check_main_job(dialect: &str) {
    let mosquitto = Mosquitto::open();
    let mut listener = mosquitto.listen();
    let device = mosquitto.device(dialect, &[]);
    let verdict = mosquitto.push(dialect).end().check(0).verdict();
    assert_eq!([&verdict["outcome"], &verdict["version"], &verdict["device"]], ["succeeded", "2.0.0", DEVICE]);
    device.end().check(0);
    let push = listener.until(|line| line.contains("http://"));
    let (_, payload) = push.split_once(' ').unwrap();
    assert_eq!(json(payload).to_string(), payload, "a push is compact: devices' parsers and buffers are small");
}

#[test]
#[ignore = "needs mosquitto"]
fn a_uiot_device_is_upgraded_through_a_mosquitto() {
    check_main_job("uiot");
}

#[test]
#[ignore = "needs mosquitto"]
fn an_aliyun_device_is_upgraded_through_a_mosquitto() {
    check_main_job("aliyun");
}

#[test]
#[ignore = "needs mosquitto"]
fn a_device_that_fails_behind_a_mosquitto_fails_the_push_with_its_reason_and_both_programs_say_so() {
    let mosquitto = Mosquitto::open();
    let device = mosquitto.device("uiot", &["--fail", "-4"]);
    let verdict = mosquitto.push("uiot").end().check(1).verdict();
    assert_eq!([&verdict["outcome"], &verdict["reason"]["code"]], ["failed", "md5-mismatch"]);
    device.end().check(1);
}

#[test]
#[ignore = "needs mosquitto"]
fn a_broker_that_does_not_take_the_password_is_told_from_one_that_does() {
    let mosquitto = Mosquitto::closed("bench", "r:ght");
    let data = mosquitto.folder.at("data");
    let serve = |credentials: &str| {
        let url = format!("mqtt://{credentials}@127.0.0.1:{}", mosquitto.port);
        Program::start(&["serve", "--json", "--broker", &url, "--http", "127.0.0.1:0", "--data", &data])
    };
    for credentials in ["bench:wr0ng", "nobody:r%3Aght"] {
        let ended = serve(credentials).end();
        assert!(!ended.err.contains(credentials.split(':').next_back().unwrap()), "a password was told: {}", ended.err);
        ended.check_trouble(4, "broker-refused-password", &format!("127.0.0.1:{}", mosquitto.port));
    }
    let mut let_in = serve("bench:r%3Aght");
    assert_eq!(let_in.listening().0, format!("127.0.0.1:{}", mosquitto.port));
    let_in.interrupt();
    let ended = let_in.end().check(0);
    let recorded = ended.out.join("\n");
    assert!(!recorded.contains("ght"), "a password was recorded: {recorded}");
}

#[test]
#[ignore = "needs mosquitto"]
fn a_mosquitto_that_is_restarted_is_found_again() {
    let Mosquitto { port, folder, _program: broker } = Mosquitto::open();
    let url = format!("mqtt://127.0.0.1:{port}");
    let data = folder.at("data");
    let mut bench = Program::start(&["serve", "--json", "--broker", &url, "--http", "127.0.0.1:0", "--data", &data]);
    bench.until_kind("broker_started");
    drop(broker);
    let failed = bench.until_kind("broker_failed");
    assert_eq!(failed["trouble"]["code"], "broker-connection-lost");
    let _again = Mosquitto::start(port, folder, "allow_anonymous true");
    bench.until_kind("broker_started");
    bench.interrupt();
    bench.end().check(0);
}

/// Whoever tries a fix against the team's own broker sees there what the device said, byte for byte and in its order.
#[test]
#[ignore = "needs mosquitto"]
fn a_mosquitto_gets_the_payloads_of_a_capture_in_their_order() {
    let mosquitto = Mosquitto::open();
    let mut listener = mosquitto.listen();
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/aliyun-simulated-success.jsonl");
    let args = ["replay", capture, "--to", &mosquitto.url(), "--device", "P/replayed", "--speed", "20", "--json"];
    let last = Program::start(&args).end().check(0).out.pop().unwrap();
    assert_eq!([&json(&last)["outcome"], &json(&last)["sent"]], [&"done".into(), &serde_json::Value::from(23)]);
    let said = std::fs::read_to_string(capture).unwrap();
    let said = said.lines().map(json).filter(|event| event["kind"] == "message_received");
    for event in said {
        let topic = event["topic"].as_str().unwrap().replace("simulated0000001/lamp-01", "P/replayed");
        let expected = format!("{topic} {}", event["payload"].as_str().unwrap());
        assert_eq!(listener.until(|_| true), expected);
    }
}

/// Every fault that a download can get over.
const FAULTS: &[&str] = &[
    "redirect",
    "ignore-range",
    "cut:100000",
    "cut-every:100000",
    "stall:100000,1",
    "rate:200000",
    "first-byte:1",
    "lower-case",
    "chunked",
    "long-head",
];

#[test]
#[ignore = "needs mosquitto and curl"]
fn curl_gets_the_image_whole_through_every_fault_a_download_can_get_over() {
    let mosquitto = Mosquitto::open();
    for fault in FAULTS {
        let folder = Folder::new();
        let file = folder.at("got.bin");
        let mut push = mosquitto.push_with("uiot", &["--fault", fault]);
        let order = push.until_kind("upgrade_requested");
        let url = order["order"]["url"].as_str().unwrap();
        // A range is ignored only where one is asked for.
        let from = if *fault == "ignore-range" { ["--range", "0-"] } else { ["--continue-at", "-"] };
        let args = [&["--silent", "--location", "--max-time", "20", "--output", &file, url], &from[..]].concat();
        // It goes on where it was cut off, as often as it takes.
        let tries = (0..10).take_while(|_| !Command::new("curl").args(&args).status().unwrap().success()).count();
        assert!(tries < 10, "{fault}");
        assert!(std::fs::read(file).unwrap() == std::fs::read(SAMPLE).unwrap(), "{fault}: the image, whole");
        push.until_kind("fault_acted");
        push.interrupt();
        push.end().check(1);
    }
}

#[test]
#[ignore = "needs curl"]
fn a_wrong_path_is_a_404_and_the_bench_shows_who_asked() {
    let folder = Folder::new();
    let data = folder.at("data");
    let mut bench =
        Program::start(&["serve", "--json", "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", &data]);
    let (_, http) = bench.listening();
    let url = format!("http://{http}/made/up.bin?token=none");
    assert_eq!(curl(&["--output", "/dev/null", "--write-out", "%{http_code}", &url]), "404");
    let asked = bench.until_kind("request_received");
    assert_eq!([&asked["method"], &asked["path"]], ["GET", "/made/up.bin?token=none"]);
    let answered = bench.until_kind("range_served");
    assert_eq!((&answered["status"], &answered["request"]), (&404.into(), &asked["request"]));
}

#[test]
#[ignore = "needs mosquitto and curl"]
fn curl_gets_the_pushed_image_whole_in_ranges_and_its_size_alone_until_the_push_is_cancelled() {
    let mosquitto = Mosquitto::open();
    let mut listener = mosquitto.listen();
    let mut push = mosquitto.push("uiot");
    let message = listener.until(|line| line.contains("http://"));
    let message = json(message.split_once(' ').unwrap().1);
    let url = message["payload"]["url"].as_str().unwrap_or_else(|| panic!("{message}"));
    let image = std::fs::read(SAMPLE).unwrap();

    let file = mosquitto.folder.at("got.bin");
    assert_eq!(curl(&["--output", &file, "--write-out", "%{http_code}", url]), "200");
    assert!(std::fs::read(&file).unwrap() == image, "the whole image");
    assert_eq!(curl(&["--range", "100-611", "--output", &file, "--write-out", "%{http_code}", url]), "206");
    assert!(std::fs::read(&file).unwrap() == image[100..612], "a range, its end included");
    let beyond = format!("{}-", image.len());
    assert_eq!(curl(&["--range", &beyond, "--output", "/dev/null", "--write-out", "%{http_code}", url]), "416");
    let head = curl(&["--head", url]).to_lowercase();
    assert!(head.contains(&format!("content-length: {}\r", image.len())), "{head}");

    push.until_kind("range_served");
    push.interrupt();
    assert_eq!(push.end().check(1).verdict()["outcome"], "cancelled");
}

/// What tshark reads of packets on standard input: for each packet that has the first of these fields, all of them.
fn tshark(packets: &std::path::Path, decode: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-r"]).arg(packets).args(["-d", decode, "-Y", fields[0], "-T", "fields", "-E", "separator=|"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

/// Fails unless Wireshark sees the messages and the requests of a recording, the same and in the same order.
fn check_packets(name: &str, decode: &str) {
    use ota_workbench::event::Fact;
    let folder = Folder::new();
    let recording = format!("{}/tests/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let (packets, same) = (folder.path("capture.pcapng"), folder.at("same.jsonl"));
    Program::start(&["export", &recording, "--format", "pcapng", "--out", &packets.display().to_string()])
        .end()
        .check(0);
    Program::start(&["export", &recording, "--format", "jsonl", "--out", &same]).end().check(0);
    let capture = ota_workbench::replay::read(&std::fs::read(same).unwrap()).unwrap();

    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let (mut messages, mut requests, mut answers, mut carried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for event in &capture.events {
        match &event.fact {
            Fact::MessageReceived { topic, payload, .. } => messages.push(vec![topic.to_string(), hex(payload)]),
            Fact::MessagePublished { topic, payload, .. } => carried.push((topic, payload)),
            Fact::MessageDelivered { topic, .. } => {
                let payload = carried.iter().rev().find(|(known, _)| *known == topic).map(|(_, payload)| hex(payload));
                messages.push(vec![topic.to_string(), payload.unwrap_or_default()]);
            }
            Fact::RequestReceived { path, range, method, .. } => {
                requests.push([path, method, &range.clone().unwrap_or_default()].map(ToString::to_string).to_vec());
            }
            Fact::RangeServed { status, length, .. } => answers.push(vec![status.to_string(), length.to_string()]),
            _ => {}
        }
    }
    let seen: Vec<_> = tshark(&packets, decode, &["mqtt.topic", "mqtt.msg", "mqtt.msgtype"]);
    let seen: Vec<_> = seen.into_iter().filter(|it| it[2] == "3").map(|it| it[..2].to_vec()).collect();
    assert_eq!(seen, messages, "{name}");
    let seen = tshark(&packets, decode, &["http.request.uri", "http.request.method", "http.request.line"]);
    let range = |lines: &str| {
        lines.rsplit_once("Range: ").map(|(_, range)| range.trim_end_matches("\\r\\n").to_owned()).unwrap_or_default()
    };
    let seen: Vec<_> = seen.into_iter().map(|it| vec![it[0].clone(), it[1].clone(), range(&it[2])]).collect();
    assert_eq!(seen, requests, "{name}");
    assert_eq!(tshark(&packets, decode, &["http.response.code", "http.content_length_header"]), answers, "{name}");
    let wrong =
        ["_ws.malformed", "tcp.analysis.lost_segment", "tcp.analysis.retransmission", "tcp.analysis.out_of_order"];
    for flaw in wrong {
        assert_eq!(tshark(&packets, decode, &[flaw]), Vec::<Vec<String>>::new(), "{name} {flaw}");
    }
}

/// A colleague opens the packets and sees what the device and its cloud said.
#[test]
#[ignore = "needs tshark"]
fn wireshark_reads_the_messages_and_requests_of_a_capture() {
    check_packets("captures/aliyun-simulated-success", "tcp.port==40001,mqtt");
    check_packets("captures/uiot-simulated-md5-mismatch", "tcp.port==41065,mqtt");
    // The workbench's own port, and no address is known.
    check_packets("traces/uiot-v2-success", "tcp.port==1883,mqtt");
    check_packets("traces/aliyun-linksdk-success", "tcp.port==1883,mqtt");
}

/// A device that comes back from the same port, and a broker far away that is spoken to over TLS: everything they said is seen.
#[test]
#[ignore = "needs tshark"]
fn wireshark_reads_devices_that_come_back_and_an_external_broker() {
    let folder = Folder::new();
    let header = r#"{"capture":1,"application":"test","started_unix_ms":1795289950499}"#;
    let client =
        r#"{"name":"P.D","username":"P|D|1","address":"10.0.0.5:49153","level":4,"clean":true,"keep_alive_secs":60}"#;
    let mut comes_back = vec![r#"broker_started","address":"10.0.0.1:1883","external":false"#.to_owned()];
    for visit in 0..3 {
        comes_back.push(format!(r#"client_connected","client":{client}"#));
        comes_back.push(format!(
            r#"message_received","client":"P.D","topic":"up/{visit}","payload":"xxxxx","qos":1,"retain":false"#
        ));
        comes_back.push(r#"client_disconnected","client":"P.D","reason":"the connection was lost""#.to_owned());
    }
    let started = r#"broker_started","address":"mqtts://broker.example:8883","external":true"#.to_owned();
    let external = vec![
        started.clone(),
        r#"message_received","topic":"up/0","payload":"hello","qos":2,"retain":false"#.to_owned(),
        r#"message_published","topic":"up/1","payload":"hello","qos":1"#.to_owned(),
        r#"broker_stopped""#.to_owned(),
        started,
        r#"message_received","topic":"up/2","payload":"hello","qos":0,"retain":false"#.to_owned(),
    ];
    for (name, facts) in [("comes-back", comes_back), ("external", external)] {
        let (capture, packets) = (folder.path(&format!("{name}.jsonl")), folder.path(&format!("{name}.pcapng")));
        let events =
            (1..).zip(facts).map(|(seq, fact)| format!(r#"{{"seq":{seq},"at":{},"kind":"{fact}}}"#, seq * 2_000_000));
        let lines: Vec<_> = std::iter::once(header.to_owned()).chain(events).collect();
        std::fs::write(&capture, lines.join("\n") + "\n").unwrap();
        let [from, to] = [&capture, &packets].map(|path| path.display().to_string());
        Program::start(&["export", &from, "--format", "pcapng", "--out", &to]).end().check(0);
        let seen = |field: &str| tshark(&packets, "tcp.port==1883,mqtt", &[field]).concat();
        assert_eq!(seen("mqtt.topic"), ["up/0", "up/1", "up/2"], "{name}");
        for flaw in ["_ws.malformed", "tcp.analysis.retransmission", "tcp.analysis.out_of_order"] {
            assert!(seen(flaw).is_empty(), "{name} {flaw}");
        }
        let told = seen("_ws.expert.message");
        assert!(told.iter().all(|text| !text.contains("Unknown version")), "{name}: {told:?}");
    }
}
