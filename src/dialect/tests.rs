//! What every dialect's samples are checked with.

use super::{Decoded, Dialect, Message, Push, decode, find};
use crate::event::{DeviceId, Extras, UpgradeOrder};
use crate::upgrade::{About, BlockRequest, ReplyTo, Report, Said};

/// One message of a device and what is made of it: the dialect's manual and its test.
pub struct Sample {
    pub topic: &'static str,
    pub payload: &'static str,
    /// `module: Report value`, empty when nothing is understood.
    pub says: &'static str,
    /// `code at`, in order.
    pub defects: &'static [&'static str],
}

/// What a dialect alone makes of a message.
pub fn decoded(dialect: &dyn Dialect, topic: &str, payload: &[u8]) -> Option<Decoded> {
    let device = dialect.speaker(topic)?;
    dialect.decode(&Message::new(topic, payload, &device), false)
}

pub fn check(dialect: &dyn Dialect, sample: &Sample) {
    let Decoded { said, defects, .. } = decoded(dialect, sample.topic, sample.payload.as_bytes()).unwrap();
    let said: Vec<_> = said.iter().map(spell).collect();
    let defects: Vec<_> = defects.iter().map(|defect| format!("{} {}", defect.code, defect.at)).collect();
    assert_eq!(said.join("; "), sample.says, "{}", sample.payload);
    assert_eq!(defects, sample.defects, "{}", sample.payload);
}

fn spell(said: &Said) -> String {
    let module = said.module.as_ref().map(|module| format!("{module}: ")).unwrap_or_default();
    let report = match &said.report {
        Report::Version { version } => format!("Version {version}"),
        Report::Asked { version, reply } => {
            let reply = reply.as_ref().map(|to| format!("{} {}", to.id.as_deref().unwrap_or("-"), to.topic));
            let words = [version.clone(), reply];
            format!("Asked {}", words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        }
        Report::Downloading { percent } => format!("Downloading {percent}"),
        Report::Burning { percent } => format!("Burning {percent}"),
        Report::Received => "Received".to_owned(),
        Report::Begun => "Begun".to_owned(),
        Report::Succeeded { version } => format!("Succeeded {}", version.as_deref().unwrap_or_default()),
        Report::Failed { code, text } => format!("Failed {code} {text}").trim_end().to_owned(),
        Report::BlockAsked { block, .. } => {
            let BlockRequest { stream, file, token, offset, size } = block;
            format!("BlockAsked {size} at {offset} of {stream}/{file} {token}")
        }
        Report::PasswordAsked { reply } => {
            format!("PasswordAsked {} {}", reply.id.as_deref().unwrap_or("-"), reply.topic)
        }
    };
    let about = match &said.about {
        About::Latest => String::new(),
        About::Version(version) => format!(" of {version}"),
        About::Task(task) => format!(" of {task}"),
    };
    format!("{module}{}{about}", report.trim_end())
}

pub fn device() -> DeviceId {
    DeviceId::new("P", "D")
}

pub fn offer(dialect: &str) -> UpgradeOrder {
    UpgradeOrder {
        upgrade: 1,
        device: device(),
        dialect: dialect.into(),
        module: None,
        name: "lamp-2.0.0.bin".into(),
        version: "2.0.0".into(),
        size: 432_945,
        md5: "93230c3bde425a9d7984a594ac45fe1e".into(),
        sha256: String::new(),
        url: "http://h/x?a=1&b=2".into(),
        path: "/x?a=1&b=2".into(),
        timeout_secs: None,
        task: None,
        extras: Extras::default(),
        faults: Vec::new(),
        replay: None,
    }
}

/// The push of an order, from 1.0.0.
pub fn push<'a>(order: &'a UpgradeOrder, reply: Option<&'a ReplyTo>) -> Push<'a> {
    Push { order, source: Some("1.0.0"), reply, now_unix_millis: 1_507_707_025_000 }
}

/// Whatever a dialect says for the simulated device, it understands itself, without a defect.
pub fn check_own_words(dialect: &dyn Dialect, about: &About, more: &[Report]) {
    let reports = dialect.greeting("1.0.0").into_iter().map(|report| (About::Latest, report));
    for (about, report) in reports.chain(more.iter().map(|report| (about.clone(), report.clone()))) {
        let said = Said { module: None, about, report };
        let message = dialect.say(&device(), &said, 7).unwrap();
        let decoded = decoded(dialect, &message.topic, &message.payload).unwrap();
        assert_eq!((decoded.device, decoded.said, decoded.defects), (device(), vec![said], vec![]));
    }
}

#[test]
fn an_unknown_dialect_is_refused_with_the_names_of_those_that_exist() {
    let trouble = find("tuya").err().unwrap();
    assert_eq!(
        (trouble.code.as_ref(), trouble.arg("known")),
        ("unknown-dialect", Some("uiot-v2, uiot-v1, uiot-stack, uiot, aliyun"))
    );
    assert!(find("aliyun").is_ok());
}

const UP: &str = "/$system/P/AA:BB/ota/upstream";

fn check_told(known: Option<&str>, payload: &str, expected: &str) {
    let (dialect, _) = decode(UP, payload.as_bytes(), |_| known).unwrap();
    assert_eq!(dialect.id(), expected, "{payload} from {known:?}");
}

#[test]
fn a_uiot_device_is_told_by_what_it_says() {
    let v1 = r#"{"Method": "report_version", "Payload":{"Version":"1.0.0"}}"#;
    let v2 = r#"{"Method": "report_version", "Payload":{"Module":"default", "Version":"1.0.0"}}"#;
    let stack = r#"{"Method": "report", "Payload":{"Module":"default", "Version":"1.0.0"}}"#;
    let seed = r#"{"method": "report_version", "payload":{"version":"1.0.0"}}"#;
    for known in [None, Some("uiot-v2"), Some("uiot-v1"), Some("uiot-stack"), Some("uiot"), Some("aliyun")] {
        check_told(known, v2, "uiot-v2");
        check_told(known, stack, "uiot-stack");
        check_told(known, seed, "uiot");
    }
    check_told(None, v1, "uiot-v1");
    check_told(Some("uiot-stack"), v1, "uiot-v1");
    // The cloud takes a missing module for the default one.
    check_told(Some("uiot-v2"), v1, "uiot-v2");
}

#[test]
fn what_nobody_understands_is_shown_as_the_dialects_the_device_spoke_before() {
    for rubbish in ["", "[1", "{}", r#"{"Method":"dance"}"#] {
        check_told(None, rubbish, "uiot");
        for known in ["uiot-v2", "uiot-v1", "uiot-stack", "uiot"] {
            if known != "uiot" || !rubbish.contains("Method") {
                check_told(Some(known), rubbish, known);
            }
        }
    }
}

#[test]
fn an_id_longer_than_any_sdks_is_not_echoed() {
    for topic in ["/$system/P/D/password", "/sys/P/D/thing/ota/firmware/get"] {
        for (length, echoed) in [(250, true), (300, false)] {
            let id = "x".repeat(length);
            let question = format!(r#"{{"id":"{id}","RequestID":"{id}"}}"#);
            let (_, decoded) = decode(topic, question.as_bytes(), |_| None).unwrap();
            let (Report::PasswordAsked { reply } | Report::Asked { reply: Some(reply), .. }) = &decoded.said[0].report
            else {
                panic!("{:?}", decoded.said);
            };
            assert_eq!(reply.id.is_some(), echoed, "{topic} {length}");
        }
    }
}
