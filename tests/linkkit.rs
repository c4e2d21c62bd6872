//! The main job with a vendor's own SDK as the device, unmodified: Alibaba Cloud's for Python, 1.2.13.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod program;

use program::{Folder, Program, SAMPLE};
use std::process::Command;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Begins to push the sample to the SDK's device, whose secret is known.
fn push(folder: &Folder, faults: &[&str]) -> Program {
    let data = folder.at("data");
    let device = ["--device", "a1BenchPK00/bench01", "--dialect", "aliyun", "--secret", SECRET];
    let bench = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", &data, "--json"];
    let faults: Vec<_> = faults.iter().flat_map(|fault| ["--fault", fault]).collect();
    Program::start(&[&["push", SAMPLE, "--version", "2.0.0", "--timeout", "50"], &device[..], &bench, &faults].concat())
}

/// The SDK's device, signing in with this secret. `.ci/run` installs the SDK and says where.
fn device(mqtt: &str, secret: &str, file: &str) -> Program {
    let python = std::env::var("LINKKIT_PYTHON")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/target/linkkit-venv/bin/python").to_owned());
    let (_, port) = mqtt.rsplit_once(':').unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/linkkit/device.py");
    Program::spawn(Command::new(python).args([program, port, secret, file]))
}

#[test]
#[ignore = "needs aliyun-iot-linkkit"]
fn a_device_made_of_the_vendors_sdk_gets_its_push_unasked_downloads_and_succeeds() {
    let folder = Folder::new();
    let file = folder.at("got.bin");
    let mut push = push(&folder, &[]);
    let (mqtt, _) = push.listening();
    let device = device(&mqtt, SECRET, &file);
    let ended = push.end().check(0);
    let verdict = ended.verdict();
    assert_eq!(
        [&verdict["outcome"], &verdict["version"], &verdict["device"]],
        ["succeeded", "2.0.0", "a1BenchPK00/bench01"]
    );
    device.end().check(0);
    assert!(std::fs::read(file).unwrap() == std::fs::read(SAMPLE).unwrap(), "the image, whole");
}

/// Every fault that acts on this SDK and that it can get over. It downloads in one piece, so it never gets past `cut-every` and
/// never meets `ignore-range`; and it reports no progress at which to kick it.
const FAULTS: &[&str] = &[
    "redirect",
    "cut:100000",
    "stall:100000,1",
    "rate:200000",
    "first-byte:1",
    "lower-case",
    "chunked",
    "long-head",
    "push-twice",
    "push-late:1",
    "lose-ack",
];

#[test]
#[ignore = "needs aliyun-iot-linkkit"]
fn the_vendors_sdk_gets_the_image_whole_through_every_fault_it_can_get_over() {
    let half = FAULTS.len() / 2;
    std::thread::scope(|scope| {
        for faults in [&FAULTS[..half], &FAULTS[half..]] {
            scope.spawn(move || {
                for fault in faults {
                    let folder = Folder::new();
                    let file = folder.at("got.bin");
                    let mut push = push(&folder, &[fault]);
                    let (mqtt, _) = push.listening();
                    let device = device(&mqtt, SECRET, &file);
                    let verdict = push.end().check(0).verdict();
                    assert_eq!(verdict["outcome"], "succeeded", "{fault}: {verdict}");
                    assert_eq!(verdict["faults"][0]["fault"], *fault, "{verdict}");
                    assert_ne!(verdict["faults"][0]["acted"], 0, "{fault} acted: {verdict}");
                    device.end().check(0);
                    assert!(
                        std::fs::read(file).unwrap() == std::fs::read(SAMPLE).unwrap(),
                        "{fault}: the image, whole"
                    );
                }
            });
        }
    });
}

#[test]
#[ignore = "needs aliyun-iot-linkkit"]
fn the_vendors_sdk_is_refused_as_its_cloud_does_when_its_secret_is_wrong_by_one_letter() {
    let folder = Folder::new();
    let mut push = push(&folder, &[]);
    let (mqtt, _) = push.listening();
    let mut device = device(&mqtt, &SECRET.replace("9abcdef0", "9abcdeF0"), &folder.at("got.bin"));
    device.until(|line| line.starts_with("refused ") && line.ends_with("(0, 4)"));
    let refused = push.until_kind("client_refused");
    assert_eq!(refused["trouble"]["code"], "wrong-signature", "{refused}");
    device.end().check(1);
    push.interrupt();
    push.end().check(1);
}
