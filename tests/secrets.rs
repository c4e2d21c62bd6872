//! Secrets on the command line and in the bench file: who is let in, who is not, and that no secret is printed or recorded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use program::{Ended, Folder, Program, SAMPLE};

const DEVICE: &str = "simulated0000001/lamp-01";

fn run(args: &[&str]) -> Ended {
    Program::start(args).end()
}

/// Starts pushing the sample build, with more arguments.
fn push(folder: &Folder, dialect: &str, more: &[&str]) -> Program {
    let data = folder.at("data");
    let fixed = ["push", SAMPLE, "--device", DEVICE, "--dialect", dialect, "--version", "2.0.0", "--data", &data];
    Program::start(&[&fixed[..], &["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"], more].concat())
}

/// A device that is asked for its secret proves it, and neither what is printed nor the capture repeats it.
fn check_secret(dialect: &str) {
    let folder = Folder::new();
    let capture = folder.at("capture.jsonl");
    let more = ["--simulate", "--json", "--capture", &capture, "--secret", "hly3dk1u5y8fq0b9"];
    let ended = push(&folder, dialect, &more).end().check(0);
    assert_eq!(ended.verdict()["outcome"], "succeeded");
    let printed = ended.out.join("\n");
    assert!(printed.contains(r#""kind":"secret_set","device":"simulated0000001/lamp-01","set":true"#), "{printed}");
    let recorded = std::fs::read_to_string(&capture).unwrap();
    assert!(!printed.contains("hly3dk1u") && !ended.err.contains("hly3dk1u") && !recorded.contains("hly3dk1u"));
}

#[test]
fn a_simulated_uiot_device_signs_in_with_the_secret_it_is_given() {
    check_secret("uiot");
}

#[test]
fn a_simulated_aliyun_device_signs_in_with_the_secret_it_is_given() {
    check_secret("aliyun");
}

#[test]
fn a_device_with_another_secret_is_turned_away_and_push_says_so() {
    let folder = Folder::new();
    let mut push = push(&folder, "aliyun", &["--json", "--timeout", "20", "--secret", "0123456789abcdef"]);
    let (mqtt, _) = push.listening();
    let broker = format!("mqtt://{mqtt}");
    let device = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "aliyun", "--once"];
    let wrong = ["--secret", "0123456789abcdee", "--sign", "hmacsha1"];
    run(&[&device[..], &wrong].concat()).check_trouble(4, "broker-refused-password", &mqtt);
    let told = push.until_kind("client_refused");
    assert_eq!(told["trouble"]["code"], "wrong-signature");
    let signed = "clientIdsimulated0000001.lamp-01deviceNamelamp-01productKeysimulated0000001";
    assert_eq!([&told["trouble"]["args"]["signed"], &told["trouble"]["args"]["method"]], [signed, "hmacsha1"]);
    run(&[&device[..], &["--secret", "0123456789abcdef", "--sign", "hmacmd5"]].concat()).check(0);
    push.end().check(0);
}

#[test]
fn a_device_that_was_only_ever_turned_away_is_why_a_push_ends() {
    let folder = Folder::new();
    let mut push = push(&folder, "uiot", &["--json", "--timeout", "3", "--secret", "hly3dk1u5y8fq0b9"]);
    let (mqtt, _) = push.listening();
    let broker = format!("mqtt://{mqtt}");
    let device = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot", "--once"];
    run(&[&device[..], &["--secret", "hly3dk1u5y8fq0b8"]].concat()).check(4);
    let verdict = push.end().check(3).verdict();
    assert_eq!(verdict["reason"]["code"], "wrong-secret");
}

#[test]
fn a_bench_on_the_network_asks_for_a_secret_and_lets_its_own_simulated_device_in() {
    let folder = Folder::new();
    let data = folder.at("data");
    let device = ["push", SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--json"];
    let network = ["--simulate", "--mqtt", "0.0.0.0:0", "--http", "127.0.0.1:0", "--data", &data];
    run(&[&device[..], &network].concat()).check(0);
    let file = folder.at("lamp.bench.toml");
    let text = "open = true\n[[device]]\nid = 'P/lamp'\ndialect = 'uiot'\nsecret = 'hly3dk1u'\n";
    std::fs::write(&file, text).unwrap();
    let serve = ["serve", "--json", "--bench", &file, "--mqtt", "0.0.0.0:0", "--http", "127.0.0.1:0", "--data", &data];
    let mut serve = Program::start(&serve);
    let (mqtt, _) = serve.listening();
    assert_eq!(serve.until_kind("open_set")["open"], true);
    let broker = format!("mqtt://{}", mqtt.replace("0.0.0.0", "127.0.0.1"));
    let simulate = |id, secret| {
        run(&["simulate", "--broker", &broker, "--device", id, "--dialect", "uiot", "--once", "--secret", secret])
    };
    simulate("P/lamp", "other").check(4);
    assert_eq!(serve.until_kind("client_refused")["trouble"]["code"], "wrong-secret");
    let _open = Program::start(&["simulate", "--broker", &broker, "--device", "P/other", "--dialect", "uiot"]);
    assert_eq!(serve.until_kind("client_connected")["client"]["name"], "P.other");
}
