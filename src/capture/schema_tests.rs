//! The published format is what is written: every line of every capture, and of every kind there is.

use super::line::samples;
use super::{FIELDS, Header, decode, encode};
use crate::event::{Event, Fact, Micros};
use crate::io::session::{CaptureChoice, Session, SessionOptions};
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

const SCHEMA: &str = include_str!("../../assets/capture-v1.schema.json");
const LNAV: &str = include_str!("../../assets/ota-workbench.lnav.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

struct Format {
    schemas: Schemas,
    whole: SchemaIndex,
}

impl Format {
    fn published() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.enable_content_assertions();
        compiler.add_resource("urn:ota-workbench:capture-v1", json(SCHEMA)).unwrap();
        let whole = compiler.compile("urn:ota-workbench:capture-v1", &mut schemas).unwrap();
        Self { schemas, whole }
    }

    fn allows(&self, line: &str) -> bool {
        self.schemas.validate(&json(line), self.whole).is_ok()
    }

    fn check(&self, text: &str, from: &str) {
        for line in text.lines() {
            assert!(self.allows(line), "{from}: {line}");
        }
    }
}

fn line(event: &Event) -> String {
    let mut line = Vec::new();
    encode(event, &mut line);
    String::from_utf8(line).unwrap()
}

fn every_kind() -> impl Iterator<Item = Event> {
    let facts = samples(true).into_iter().chain(samples(false));
    (1..).zip(facts).map(|(seq, fact)| Event { seq, at: Micros(seq * 1_000), fact })
}

#[test]
fn every_kind_of_event_survives_the_round_trip() {
    for event in every_kind() {
        let line = line(&event);
        assert_eq!(line.find('\n'), Some(line.len() - 1), "one line: {line}");
        assert_eq!(decode(&line), Ok(event), "{line}");
    }
    assert_eq!(every_kind().count(), 2 * FIELDS.len());
}

#[test]
fn another_program_that_follows_the_schema_understands_every_line() {
    let format = Format::published();
    format.check(&Header::new(5, Some("bench.toml".into())).encode(), "a header");
    format.check(&Header::new(0, None).encode(), "a header");
    for event in every_kind() {
        format.check(&line(&event), "a sample");
    }
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures");
    for path in fs::read_dir(captures).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            format.check(&fs::read_to_string(&path).unwrap(), &path.display().to_string());
        }
    }
}

#[test]
fn a_session_writes_what_is_published() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let options = SessionOptions {
        broker: crate::io::session::BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::File(path.clone()),
        devices: vec![(crate::event::DeviceId::new("p", "d"), "uiot".into())],
        bench: Some("bench.toml".into()),
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).unwrap();
    let is_up = |fact: &Fact| matches!(fact, Fact::ServerStarted { .. });
    while !session.wait(Duration::from_secs(30)).events.iter().any(|event| is_up(&event.fact)) {}
    let _ = session.finish();
    let text = fs::read_to_string(path).unwrap();
    assert!(text.lines().count() > 2, "{text}");
    Format::published().check(&text, "a session");
}

#[test]
fn the_schema_refuses_what_is_no_line_of_a_capture() {
    let format = Format::published();
    for wrong in [
        "{}",
        r#"{"capture":2,"application":"x","started_unix_ms":1}"#,
        r#"{"capture":1,"application":"x","started_unix_ms":1,"password":"x"}"#,
        r#"{"seq":1,"at":1,"kind":"novelty"}"#,
        r#"{"seq":1,"at":-1,"kind":"broker_stopped"}"#,
        r#"{"seq":1,"at":1,"kind":"broker_stopped","more":1}"#,
        r#"{"seq":1,"at":1,"kind":"bytes_received","port":"a"}"#,
        r#"{"seq":1,"at":1,"kind":"bytes_received","port":"a","bytes":"b","bytes_base64":"YQ=="}"#,
        r#"{"seq":1,"at":1,"kind":"gap","source":"a","lost":"3"}"#,
    ] {
        assert!(!format.allows(wrong), "{wrong}");
    }
}

/// A field that is written and not published is found here, and one that is published and never written.
#[test]
fn every_kind_stands_in_the_schema_with_exactly_its_fields() {
    let schema = json(SCHEMA);
    let defined = schema["$defs"].as_object().unwrap();
    let kinds: BTreeSet<_> = defined.keys().filter_map(|key| key.strip_prefix("kind_")).collect();
    assert_eq!(kinds, FIELDS.iter().map(|(kind, _)| *kind).collect());
    let listed = schema["$defs"]["event"]["properties"]["kind"]["enum"].as_array().unwrap();
    assert_eq!(listed.iter().map(|kind| kind.as_str().unwrap()).collect::<BTreeSet<_>>(), kinds);
    for (kind, fields) in FIELDS {
        let defined = &schema["$defs"][format!("kind_{kind}")];
        assert!(defined["description"].as_str().is_some_and(|text| text.ends_with(['.', ';'])), "{kind}");
        let known = defined["properties"].as_object().unwrap().keys().map(String::as_str);
        let known: BTreeSet<_> = known.filter(|key| !key.ends_with("_base64")).collect();
        let expected: BTreeSet<_> = ["seq", "at", "kind"].iter().chain(*fields).copied().collect();
        assert_eq!(known, expected, "{kind}");
    }
}

#[test]
fn lnav_is_told_of_every_field() {
    let lnav = json(LNAV);
    let format = &lnav["ota_workbench"];
    assert!(format["json"].as_bool().unwrap());
    let told = format["value"].as_object().unwrap();
    // lnav makes columns of them, and SQL has these two words for itself: they are shown below their line.
    let spoken = ["order", "set"];
    for field in FIELDS.iter().flat_map(|(_, fields)| *fields).chain(&["seq", "at", "kind"]) {
        assert!(told.contains_key(*field) || spoken.contains(field), "{field}");
    }
}
