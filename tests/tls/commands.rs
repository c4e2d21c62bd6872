//! TLS from the command line, with the built program.

use crate::program::{Folder, Program, SAMPLE, free_port, json};
use ota_workbench::io::captures::Source;
use std::io::Read;

const DEVICE: &str = "simulated0000001/lamp-01";

#[test]
fn a_simulated_device_is_upgraded_over_tls_from_sign_in_to_the_last_byte() {
    let folder = Folder::new();
    let data = folder.at("data");
    let https = format!("127.0.0.1:{}", free_port());
    let advertise = format!("https://{https}");
    let args = ["push", SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--simulate", "--json"];
    let places = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--mqtts", "127.0.0.1:0", "--https", &https];
    let tls = ["--advertise", &advertise, "--data", &data];
    let ended = Program::start(&[&args[..], &places, &tls].concat()).end().check(0);
    assert_eq!(ended.verdict()["outcome"], "succeeded");
    let first = json(&ended.out[0]);
    assert_eq!(first["https"], https.as_str(), "{first}");
    assert!(first["mqtts"].as_str().is_some_and(|address| address != first["mqtt"]), "{first}");
    let events: Vec<_> = ended.out.iter().map(|line| json(line)).collect();
    let kinds = |kind: &str| events.iter().filter(|event| event["kind"] == kind).count();
    assert_eq!((kinds("tls_started"), kinds("tls_refused")), (2, 0), "{}", ended.out.join("\n"));
    let order = events.iter().find(|event| event["kind"] == "upgrade_requested").unwrap();
    assert!(order["order"]["url"].as_str().is_some_and(|url| url.starts_with(&advertise)), "{order}");
    assert!(kinds("request_received") > 0);
    for line in &ended.out {
        assert!(!line.contains("PRIVATE"), "{line}");
    }
    let recorded = std::fs::read_dir(folder.path("data").join("captures")).unwrap();
    let recorded =
        recorded.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|end| end == "zst"));
    let mut text = String::new();
    Source::open(&recorded.unwrap()).unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("upgrade_requested") && !text.contains("PRIVATE"));
}

#[test]
fn a_device_that_was_given_the_saved_certificate_signs_in_and_another_is_told_why_not() {
    let folder = Folder::new();
    let (data, ca) = (folder.at("data"), folder.at("ca.pem"));
    Program::start(&["ca", "--data", &data, "--out", &ca]).end().check(0);
    let printed = Program::start(&["ca", "--data", &data]).end().check(0).out.join("\n");
    assert_eq!(std::fs::read_to_string(&ca).unwrap().trim_end(), printed, "made once");
    assert!(printed.starts_with("-----BEGIN CERTIFICATE-----"), "{printed}");

    let places = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--mqtts", "127.0.0.1:0"];
    let mut bench = Program::start(&[&["serve", "--json", "--data", &data][..], &places].concat());
    let broker = format!("mqtts://{}", bench.until_kind("listening")["mqtts"].as_str().unwrap());
    let device = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot"];
    let _device = Program::start(&[&device[..], &["--ca", &ca]].concat());
    let connected = bench.until_kind("client_connected");
    assert!(connected["client"]["name"].as_str().is_some_and(|name| name.contains("lamp-01")), "{connected}");

    let other = folder.at("other.pem");
    Program::start(&["ca", "--data", &folder.at("other"), "--out", &other]).end().check(0);
    let stranger = [&device[..], &["--once", "--ca", &other]].concat();
    Program::start(&stranger).end().check_trouble(4, "broker-untrusted", "--ca");
    let refused = bench.until_kind("tls_refused");
    assert_eq!([&refused["service"], &refused["trouble"]["code"]], ["mqtts", "tls-untrusted"]);
}

#[test]
fn a_download_that_fails_for_want_of_trust_is_explained_in_the_verdict() {
    let folder = Folder::new();
    let data = folder.at("data");
    let https = format!("127.0.0.1:{}", free_port());
    let advertise = format!("https://{https}");
    let args = ["push", SAMPLE, "--device", DEVICE, "--dialect", "uiot", "--version", "2.0.0", "--json"];
    let places = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--https", &https, "--advertise", &advertise];
    let mut push = Program::start(&[&args[..], &places, &["--data", &data]].concat());
    let (mqtt, _) = push.listening();
    let other = folder.at("other.pem");
    Program::start(&["ca", "--data", &folder.at("other"), "--out", &other]).end().check(0);
    let broker = format!("mqtt://{mqtt}");
    let device = ["simulate", "--broker", &broker, "--device", DEVICE, "--dialect", "uiot", "--once", "--ca", &other];
    Program::start(&device).end().check(1);
    let verdict = push.end().check(1).verdict();
    assert_eq!(verdict["outcome"], "failed");
    let text = verdict["reason"]["text"].as_str().unwrap();
    assert!(text.contains("Put the CA certificate of the bench into the device"), "{text}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_listens() {
    let folder = Folder::new();
    let data = folder.at("data");
    let serve = |more: &[&str]| {
        let places = ["serve", "--data", &data, "--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0"];
        Program::start(&[&places[..], more].concat()).end()
    };
    serve(&["--https", "lonely"]).check_trouble(2, "bad-address", "lonely");
    serve(&["--ca", "/nowhere/ca.pem"]).check_trouble(2, "bad-certificate-file", "/nowhere/ca.pem");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    serve(&["--mqtts", &address]).check_trouble(4, "address-in-use", &address);
    std::fs::create_dir_all(folder.path("data").join("tls")).unwrap();
    let key = folder.path("data").join("tls").join("ca-key.pem");
    std::fs::write(&key, "nonsense").unwrap();
    serve(&["--mqtts", "127.0.0.1:0"]).check_trouble(4, "ca-unusable", "ca-key.pem");
    let mut text = String::new();
    std::fs::File::open(&key).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "nonsense", "nothing is overwritten");
}
