//! What the whole of a capture tells: names and digests that stay, and secrets that go wherever they are met.

use super::Redactor;
use super::leaks::{path, received, sent};
use crate::capture::Header;
use crate::event::{Client, DeviceId, Event, Fact, Micros};

const MARKS: &str = "Zq4x!A7Kp#9mW3@vT5s";
const BASE64: &str = "Ab3dEf9hIj+Kl2nOp4q/Rs6tUv8x==";
const PHRASE: &str = "correct horse battery staple";
const DIGEST: &str = "9858aca07c69c3f22c1147f3f5ff867d";

fn payload(text: &str) -> Fact {
    Fact::MessagePublished { topic: "/t".into(), payload: text.as_bytes().into(), qos: 0 }
}

fn on_topic(topic: &str) -> Fact {
    Fact::MessagePublished { topic: topic.into(), payload: b"1"[..].into(), qos: 0 }
}

fn client(username: &str) -> Fact {
    let client = Client {
        name: "c".into(),
        username: Some(username.into()),
        address: "a".into(),
        level: 4,
        clean: true,
        keep_alive_secs: 60,
    };
    Fact::ClientConnected { client: Box::new(client) }
}

fn device(product: &str, device: &str) -> Fact {
    Fact::DeviceAdded { device: DeviceId { product: product.into(), device: device.into() }, dialect: "uiot-v2".into() }
}

fn text_of(fact: Fact) -> String {
    match fact {
        Fact::MessagePublished { topic, payload, .. } if *payload == *b"1" => topic.to_string(),
        Fact::MessagePublished { payload: bytes, .. }
        | Fact::BytesReceived { bytes, .. }
        | Fact::BytesSent { bytes, .. } => String::from_utf8_lossy(&bytes).into_owned(),
        Fact::RequestReceived { path, .. } => path.to_string(),
        other => format!("{other:?}"),
    }
}

/// What is handed on of these events when all of them were read before.
fn redacted(facts: impl IntoIterator<Item = Fact>) -> Vec<String> {
    let events: Vec<_> = (1..).zip(facts).map(|(seq, fact)| Event { seq, at: Micros(seq), fact }).collect();
    let mut redactor = Redactor::of(&Header::new(0, None), &events);
    events.iter().map(|event| text_of(redactor.redact(event, true).fact)).collect()
}

/// Otherwise a redacted capture has devices of other names, and no upgrade finds its device.
#[test]
fn names_of_devices_stay_though_a_query_or_a_password_has_them_first() {
    let tells = [
        || device("simulated0000001", "lamp-kitchen-01"),
        || client("simulated0000001|lamp-kitchen-01|1"),
        || client("lamp-kitchen-01&simulated0000001"),
        || on_topic("/$system/simulated0000001/lamp-kitchen-01/ota/upstream"),
        || on_topic("/sys/simulated0000001/lamp-kitchen-01/thing/event/property/post"),
        || on_topic("/ota/device/inform/simulated0000001/lamp-kitchen-01"),
    ];
    for tell in tells {
        let facts = || {
            [
                path("/a.bin?x=simulated0000001&y=lamp-kitchen-01&z=simulated0000001/lamp-kitchen-01"),
                client("prod:simulated0000001"),
                tell(),
                on_topic("/$system/simulated0000001/lamp-kitchen-01/x"),
                received("I (1) app: lamp-kitchen-01 is up\r\n"),
            ]
        };
        let out = redacted(facts());
        let given: Vec<_> = facts().into_iter().map(text_of).collect();
        // What a query says outright to be two names in one goes; what others go by stays.
        assert_eq!(out[1..], given[1..]);
        assert!(out[0].starts_with("/a.bin?x=simulated0000001&y=lamp-kitchen-01&z="), "{}", out[0]);
    }
}

/// Otherwise a build's digest is gone from the events that name it.
#[test]
fn the_digest_of_a_build_stays_wherever_it_was_met_before() {
    let image = Fact::ImageAdded {
        image: 1,
        path: "/b/lamp.bin".into(),
        name: "lamp.bin".into(),
        size: 3,
        md5: DIGEST.into(),
        sha256: DIGEST.repeat(2).into(),
        version: None,
    };
    let given = [format!("/fw/{DIGEST}/lamp.bin"), format!("I (1) ota: sign: {DIGEST}\r\nMD5 {DIGEST}\r\n")];
    let out = redacted([path(&given[0]), received(&given[1]), image]);
    assert_eq!(out[..2], given);
}

/// Otherwise a pass phrase or a key in base64 is handed on wherever no name stands before it.
#[test]
fn a_secret_of_more_than_one_word_goes_before_and_after_it_is_named() {
    for secret in [MARKS, BASE64, PHRASE, "my пароль 17", "a\"b/c+d\\e f&g=h"] {
        let json = serde_json::Value::from(secret).to_string();
        let named = || payload(&format!(r#"{{"password":{json}}}"#));
        let forms = [
            secret.to_owned(),
            json[1..json.len() - 1].to_owned(),
            json[1..json.len() - 1].replace('/', r"\/"),
            json[1..json.len() - 1].replace('+', r"\u002b").replace('&', r"\u0026").replace('=', r"\u003d"),
        ];
        for form in forms {
            let facts = || {
                [
                    received(&format!("got {form} ok\r\n")),
                    payload(&format!(r#"{{"x":"{form}"}}"#)),
                    on_topic(&format!("t/{form}")),
                    path(&format!("/a.bin?version={form}")),
                    received(&format!("got {}", &form[..form.len() / 2])),
                ]
            };
            let before = redacted(facts().into_iter().chain([named()]));
            let after = redacted([named()].into_iter().chain(facts()));
            for text in before[..4].iter().chain(&after[1..5]) {
                assert!(!text.contains(&form) && text.contains("secret-1"), "{form}: {text}");
            }
        }
    }
    let encoded = "Ab3dEf9hIj%2BKl2nOp4q%2FRs6tUv8x%3D%3D";
    let out = redacted([received(&format!("{BASE64}\r\n")), path(&format!("/a?Signature={encoded}"))]);
    assert_eq!(out[0], "signature-1-xxxxxxxxxxxxxxxxxx\r\n", "one value, one label");
}

/// The window redacts what it shows without a look at the whole.
#[test]
fn a_secret_of_more_than_one_word_goes_after_it_is_named_though_nothing_was_read_before() {
    let mut redactor = Redactor::default();
    let mut run = |fact| text_of(redactor.redact(&Event { seq: 1, at: Micros(1), fact }, true).fact);
    run(payload(&format!(r#"{{"password":"{MARKS}"}}"#)));
    assert_eq!(run(received(&format!("got {MARKS} ok\r\n"))), "got secret-1-xxxxxxxxxx ok\r\n");
}

/// Otherwise a login by hand hands its password on in the next line that repeats it.
#[test]
fn a_password_is_learned_however_its_keys_come() {
    let keys = |keys: &str| keys.chars().map(|key| sent(key.encode_utf8(&mut [0; 4]))).collect::<Vec<_>>();
    let typed = [
        keys(&format!("{MARKS}\r")),
        vec![sent(MARKS), sent("\r\n")],
        vec![sent(&MARKS[..5]), sent(&MARKS[5..]), sent("\r")],
        keys("Zq4x!A7Kp#9mü\x7fW4\x083@vT5s\n"),
        vec![sent("wrong\x15"), sent(&format!("{MARKS}\r"))],
    ];
    for typed in typed {
        let facts = [received("Password: ")].into_iter().chain(typed);
        let out = redacted(facts.chain([received(&format!("\r\nstored {MARKS}\r\n"))]));
        assert_eq!(out.last().unwrap(), "\r\nstored secret-1-xxxxxxxxxx\r\n", "{out:?}");
        assert!(!out.concat().contains("A7K"), "{out:?}");
    }
}

/// Otherwise a table of downloads loses what tells them apart.
#[test]
fn harmless_names_in_a_query_are_known_however_they_are_put_together() {
    let value = "lamp-kitchen-01x";
    let stays = "fw fwver fw_version fwVersion FirmwareVersion app_version hwVersion device_id deviceId client_id productKey \
                 product_key productId pid did taskId jobid imei iccid chip_id chipid file_name fileName module_name build_id \
                 sha sha256 digest checksum etag bucket project region board_name mac_addr md5 file_md5 current-version uid \
                 region1 request_id partNumber";
    for name in stays.split_whitespace() {
        let given = format!("/a?{name}={value}");
        assert_eq!(redacted([path(&given)]), [given]);
    }
    let goes = "device_secret productSecret client_token device_key deviceSign x-unheard-of sid session code state nonce ticket \
                auth key app_key file_token secret_id user_sig otp test tid";
    for name in goes.split_whitespace() {
        let out = redacted([path(&format!("/a?{name}={value}"))]).concat();
        assert!(!out.contains(value), "{out}");
    }
}

/// Otherwise what a device says becomes another word only because a chunk ends in it.
#[test]
fn a_word_at_the_end_of_a_chunk_stays_where_no_secret_goes_on_behind_it() {
    let named = || payload(&format!(r#"{{"a":{{"secret":"lamp-kitchen-0001"}},"b":{{"password":"{PHRASE}"}}}}"#));
    let given = ["state lamp", "\r\n", "lamp", "-shade is up\r\n", "correct", " answer", "\r\n"];
    let out = redacted(given.iter().map(|text| received(text)).chain([named()]));
    assert_eq!(out[..7], given);
    let cut = ["say la", "mp-kit", "chen-0001, c", "orrect horse", " battery staple.\r\n", "lamp-kit"];
    let out = redacted(cut.iter().map(|text| received(text)).chain([named()]));
    assert_eq!(
        out[..6],
        ["say se", "cret-1", "-xxxxxxxx, s", "ecret-2-xxxx", "xxxxxxxxxxxxxxx.\r\n", "secret-1"],
        "where the capture ends, nobody knows"
    );
}

/// Otherwise whoever signs in after a flood of downloads hands the password on.
#[test]
fn a_password_is_remembered_after_any_number_of_tokens() {
    let tokens = (0..66_000).map(|number| path(&format!("/{number:032x}/a.bin")));
    let named = payload(r#"{"password":"hly3dk1u5y8fq0b9"}"#);
    let out = redacted(tokens.chain([named, received("got hly3dk1u5y8fq0b9\r\n")]));
    assert_eq!(out.last().unwrap(), "got secret-1-xxxxxxx\r\n");
}
