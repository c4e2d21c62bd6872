//! What is taken out, what stays, and that the story stays the same.

use super::{Redactor, SecretKind};
use crate::capture::{Capture, Header, encode};
use crate::event::{Client, Event, Fact, Micros, Trouble};
use crate::replay::{Summary, read};
use proptest::prelude::*;

fn event(fact: Fact) -> Event {
    Event { seq: 1, at: Micros(1), fact }
}

fn payload(text: &str) -> Fact {
    Fact::MessagePublished { topic: "/t".into(), payload: text.as_bytes().into(), qos: 0 }
}

fn received(bytes: &str) -> Fact {
    Fact::BytesReceived { port: "COM3".into(), bytes: bytes.as_bytes().into() }
}

fn text_of(event: &Event) -> String {
    match &event.fact {
        Fact::MessagePublished { payload: bytes, .. }
        | Fact::BytesReceived { bytes, .. }
        | Fact::BytesSent { bytes, .. } => String::from_utf8_lossy(bytes).into_owned(),
        Fact::RequestReceived { path, .. } => path.clone().to_string(),
        _ => String::new(),
    }
}

fn redacted(fact: Fact) -> String {
    text_of(&Redactor::default().redact(&event(fact), true))
}

const TOKEN: &str = "abcb7942b8b2b58b63f8cdd5038ff6c7";
const SIGNATURE: &str = "e7aaf30b44efb3cd8a53599ae5716b70";

fn recordings() -> Vec<(String, Capture)> {
    let folders = ["captures", "traces"].map(|name| format!("{}/tests/{name}", env!("CARGO_MANIFEST_DIR")));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.map(|path| (path.display().to_string(), read(&std::fs::read(path).unwrap()).unwrap())).collect()
}

#[test]
fn a_redacted_recording_tells_the_same_story_without_its_tokens() {
    let recordings = recordings();
    assert!(recordings.len() >= 15);
    let both = |(name, capture): (String, Capture)| {
        let redactors = [Redactor::default(), Redactor::of(&capture.header, &capture.events)];
        redactors.map(|redactor| (name.clone(), capture.clone(), redactor))
    };
    for (name, capture, mut redactor) in recordings.into_iter().flat_map(both) {
        let events: Vec<_> = capture.events.iter().map(|event| redactor.redact(event, true)).collect();
        let mut written = Vec::new();
        for event in &events {
            encode(event, &mut written);
        }
        let written = String::from_utf8(written).unwrap();
        for event in &capture.events {
            let Fact::UpgradeRequested { order } = &event.fact else { continue };
            for secret in order.path.split(['/', '?', '&', '=']).filter(|part| part.len() >= 32) {
                assert!(!written.contains(secret), "{name}: {secret}");
            }
            let signed = order.path.contains("Signature=");
            assert!(!signed || redactor.taken().of(SecretKind::Signature).1 >= 2, "{name}");
            assert!(written.contains(&order.md5), "a digest is no secret: {name}");
        }
        let then = Capture { events, ..capture.clone() };
        assert_eq!(Summary::of(&then), Summary::of(&capture), "{name}");
        let mut again = Redactor::default();
        let twice: Vec<_> = then.events.iter().map(|event| again.redact(event, true)).collect();
        assert!(twice == then.events && again.taken().is_empty(), "what is redacted stays as it is: {name}");
    }
}

#[test]
fn the_same_token_reads_the_same_wherever_it_stands() {
    let mut redactor = Redactor::default();
    let url = format!("http://h:8070/{TOKEN}?Expires=1795376350&Signature={SIGNATURE}");
    let mut run = |fact| text_of(&redactor.redact(&event(fact), true));
    let path = "/token-1-xxxxxxxxxxxxxxxxxxxxxxxx?Expires=1795376350&Signature=signature-1-xxxxxxxxxxxxxxxxxxxx";
    assert_eq!(
        run(payload(&format!(r#"{{"url":"{url}","size":3}}"#))),
        format!(r#"{{"url":"http://h:8070{path}","size":3}}"#)
    );
    let request = Fact::RequestReceived {
        request: 1,
        peer: "p".into(),
        method: "GET".into(),
        path: format!("/{TOKEN}?Expires=1795376350&Signature={SIGNATURE}").into(),
        range: None,
    };
    assert_eq!(run(request), path);
    assert_eq!(run(received(&format!("token is {TOKEN}\n"))), "token is token-1-xxxxxxxxxxxxxxxxxxxxxxxx\n");
    let (values, places) = redactor.taken().of(SecretKind::Token);
    assert_eq!((values, places), (1, 3));
}

#[test]
fn what_is_announced_as_a_secret_is_taken_out() {
    for (text, expected) in [
        (r#"{"RetCode":"0","Password":"hly3dk1u5y8fq0b9"}"#, r#"{"RetCode":"0","Password":"secret-1-xxxxxxx"}"#),
        (r#"{"deviceSecret" : "my pass \"word\" 1"}"#, r#"{"deviceSecret" : "secret-1-xxxxxxxxx"}"#),
        (r#"{"log":"{\"DeviceSecret\":\"0123456789ab\"}"}"#, r#"{"log":"{\"DeviceSecret\":\"secret-1-xxx\"}"}"#),
        (r#"{"password":12345678}"#, r#"{"password":99999999}"#),
        ("mqtt://user:topsecret@host:1883", "mqtt://user:secret-1-@host:1883"),
        (
            "http://h/ota/a.bin?Expires=1&OSSAccessKeyId=bench12345&Signature=abc%2BDEF%3D",
            "http://h/ota/a.bin?Expires=1&OSSAccessKeyId=key-1-xxxx&Signature=signature-1-",
        ),
        (r"http://h/a?x=1\u0026Signature=abcdefghijkl", r"http://h/a?x=1\u0026Signature=signature-1-"),
        (
            r#"{"productKey":"pk","sign":"9858aca07c69c3f22c1147f3f5ff867d","signMethod":"hmacsha1"}"#,
            r#"{"productKey":"pk","sign":"signature-1-xxxxxxxxxxxxxxxxxxxx","signMethod":"hmacsha1"}"#,
        ),
        ("Authorization: Bearer eyJhbGciOiJI.x.y", "Authorization: Bearer token-1-xxxxxxxx"),
        ("wifi pwd=hunter22hunter22", "wifi pwd=secret-1-xxxxxxx"),
        ("password: \x1b[1mhly3dk1u5y8f\x1b[0m", "password: \x1b[1msecret-1-xxx\x1b[0m"),
    ] {
        assert_eq!(redacted(payload(text)), expected, "{text}");
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        r#"{"size":432945,"sign":"93230c3bde425a9d7984a594ac55ea1e","signMethod":"Md5","md5":"93230c3bde425a9d7984a594ac55ea1e"}"#,
        r#"{"fileToken":"default","fileInfo":{"streamId":1}}"#,
        r#"{"Password":"•••"}"#,
        r#"{"token":null,"password":""}"#,
        r#"{"id":1,"params":{"step":"50","desc":""}}"#,
        "Password: \r\n",
        "rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)",
        "http://h/lamp-2.0.0.bin?Expires=1795376350",
        "password: ********",
    ] {
        assert_eq!(redacted(payload(text)), text);
    }
}

/// A serial port cuts its bytes anywhere, a token in the middle too.
#[test]
fn a_secret_is_found_on_a_console_however_its_bytes_are_cut() {
    let said = format!("I (1) ota: GET {TOKEN}\r\nDeviceSecret=hly3dk1u5y8fq0b9 \r\nok {TOKEN}\r\n");
    for size in [1, 2, 3, 5, 7, 16, 31, 64, 200] {
        let mut redactor = Redactor::default();
        redactor.redact(&event(payload(&format!("http://h/{TOKEN}?x"))), true);
        let chunks = said.as_bytes().chunks(size);
        let out: String = chunks
            .map(|chunk| text_of(&redactor.redact(&event(received(std::str::from_utf8(chunk).unwrap())), true)))
            .collect();
        assert_eq!(out.len(), said.len(), "{out}");
        for secret in [&TOKEN[4..], "hly3dk", "u5y8fq0b9"] {
            assert!(!out.contains(secret), "{size}: {out}");
        }
        assert!(
            out.starts_with("I (1) ota: GET ") && out.contains("\r\nok ") && out.ends_with("xxx\r\n"),
            "{size}: {out}"
        );
    }
}

#[test]
fn what_is_typed_at_a_password_prompt_is_taken_out() {
    let sent = |text: &str| Fact::BytesSent { port: "COM3".into(), bytes: text.as_bytes().into() };
    let mut redactor = Redactor::default();
    let mut run = |fact| text_of(&redactor.redact(&event(fact), true));
    run(received("lamp login: "));
    assert_eq!(run(sent("root\r")), "root\r");
    run(received("root\r\nPass"));
    run(received("word: "));
    assert_eq!(run(sent("toor\r")), "secret-1\r");
    run(received("\r\nPassword: "));
    assert_eq!(["t", "o", "\r", "ls\r"].map(|key| run(sent(key))).concat(), "xx\rls\r");
}

#[test]
fn a_secret_in_the_place_of_a_mode_is_no_user_name() {
    let client = |username: &str| Client {
        name: "P.D".into(),
        username: Some(username.into()),
        address: "a".into(),
        level: 4,
        clean: true,
        keep_alive_secs: 60,
    };
    for (given, expected) in [
        ("P|D|1", "P|D|1"),
        ("bench01&a1BenchPK00", "bench01&a1BenchPK00"),
        ("P|D|hly3dk1u5y8fq0b9", "P|D|secret-1-xxxxxxx"),
    ] {
        let trouble = Trouble::new("malformed-user-name").with("username", given);
        let fact = Fact::ClientRefused { client: client(given).into(), trouble };
        let Fact::ClientRefused { client, trouble } = Redactor::default().redact(&event(fact), true).fact else {
            panic!()
        };
        assert_eq!((client.username.as_deref(), trouble.arg("username")), (Some(expected), Some(expected)));
    }
}

#[test]
fn only_what_is_handed_on_is_counted() {
    let mut redactor = Redactor::default();
    let url = payload(&format!("http://h/{TOKEN}"));
    redactor.redact(&event(url.clone()), false);
    assert!(redactor.taken().is_empty());
    redactor.redact(&event(url), true);
    assert_eq!(redactor.taken().of(SecretKind::Token), (1, 1));
}

/// Otherwise a boot log hands on what only a later message shows to be a secret.
#[test]
fn a_secret_is_taken_out_where_it_stood_before_it_was_named_and_where_it_was_cut() {
    let facts = [
        received("[boot] cfg 3fe88cd6a1b2 ok\n"),
        received("got Zk7mQ"),
        received("w2LpX9a, joined\n"),
        payload(r#"{"deviceSecret": "secret-4-xx"}"#),
        payload(r#"{"deviceSecret": "3fe88cd6a1b2", "token": "Zk7mQw2LpX9a"}"#),
    ];
    let events: Vec<_> = (1..).zip(facts).map(|(seq, fact)| Event { seq, at: Micros(seq), fact }).collect();
    let mut redactor = Redactor::of(&Header::new(0, None), &events);
    let clean: Vec<_> = events.iter().map(|event| text_of(&redactor.redact(event, true))).collect();
    let expected = [
        "[boot] cfg secret-5-xxx ok\n",
        "got token",
        "-1-xxxx, joined\n",
        r#"{"deviceSecret": "secret-4-xx"}"#,
        r#"{"deviceSecret": "secret-5-xxx", "token": "token-1-xxxx"}"#,
    ];
    assert_eq!(clean, expected, "a number is one that the capture did not have");
    assert_eq!(redactor.taken().of(SecretKind::Secret), (1, 2));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_console_bytes_keep_their_number(bytes: Vec<u8>, text in "[a-z:=\"'/?&%{}\\\\ \n]{0,60}", cut in 0_usize..60) {
        let mut redactor = Redactor::default();
        let all = [text.as_bytes(), &bytes].concat();
        let (first, second) = all.split_at(cut.min(all.len()));
        for part in [first, second] {
            let port = String::from("COM3");
            redactor.redact(&event(Fact::BytesReceived { port: port.clone().into(), bytes: part.into() }), true);
            redactor.redact(&event(Fact::BytesSent { port: port.into(), bytes: part.into() }), true);
        }
        redactor.redact(&event(Fact::MessagePublished { topic: "t".into(), payload: all.into(), qos: 0 }), true);
    }
}
