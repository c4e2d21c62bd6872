//! Both languages say the same, and numbers and times read as engineers write them. That every code has its sentences is
//! a house rule: `tests/house/texts.rs`.

use super::{Language, bytes, clock, count, defect, duration, say, speak, tell, time_left, trouble, waiting};
use crate::bench::Bench;
use crate::dialect::Defect;
use crate::event::{Deadline, DeviceId, Event, Extras, Fact, Micros, Trouble, UpgradeOrder};
use std::collections::BTreeSet;

const EN: &str = include_str!("../../../assets/locales/en.yml");
const ZH: &str = include_str!("../../../assets/locales/zh-CN.yml");

/// Every `path.to.key` of a locale file with its text.
fn entries(yaml: &str) -> Vec<(String, String)> {
    let mut path: Vec<&str> = Vec::new();
    let mut entries = Vec::new();
    for line in yaml.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (key, value) = line.trim().split_once(':').unwrap();
        path.truncate((line.len() - line.trim_start().len()) / 2);
        path.push(key);
        if !value.is_empty() {
            entries.push((path.join("."), value.trim().trim_matches('"').to_owned()));
        }
    }
    entries
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split("%{").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect()
}

#[test]
fn both_languages_have_the_same_keys_and_fill_in_the_same_words() {
    let (en, zh) = (entries(EN), entries(ZH));
    assert!(en.len() > 300);
    assert_eq!(en.iter().map(|(key, _)| key).collect::<Vec<_>>(), zh.iter().map(|(key, _)| key).collect::<Vec<_>>());
    for ((key, en), (_, zh)) in en.iter().zip(&zh) {
        assert_eq!(placeholders(en), placeholders(zh), "{key}");
    }
}

#[test]
fn a_chinese_engineer_reads_no_english_sentence() {
    for (key, text) in entries(ZH) {
        let sentence =
            entries(EN).into_iter().any(|(known, text)| known == key && text.contains(' ') && text.ends_with('.'));
        assert!(!sentence || text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}')), "{key}: {text}");
    }
}

/// A key spelled wrongly would show itself in the window.
#[test]
fn every_text_the_window_asks_for_exists() {
    let known: BTreeSet<String> = entries(EN).into_iter().map(|(key, _)| key).collect();
    let groups: BTreeSet<&str> = known.iter().filter_map(|key| key.split('.').next()).collect();
    let mut asked = 0;
    for file in sources(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ui")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for literal in text.split('"').skip(1).step_by(2) {
            let Some((group, rest)) = literal.split_once('.') else { continue };
            let is_key = groups.contains(group) && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            if is_key && !rest.is_empty() {
                assert!(known.contains(literal), "{} asks for {literal}", file.display());
                asked += 1;
            }
        }
    }
    assert!(asked > 150, "{asked}");
}

fn sources(folder: &str) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(path.to_str().unwrap()));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_trouble_names_what_it_is_about() {
    speak(Language::English);
    let busy = trouble(&Trouble::new("port-busy").with("port", "/dev/ttyUSB0"));
    assert_eq!(busy.cause, "Another program holds /dev/ttyUSB0.");
    assert!(busy.joined().ends_with("opened as soon as it is free."));
    speak(Language::Chinese);
    let busy = trouble(&Trouble::new("port-busy").with("port", "/dev/ttyUSB0"));
    assert_eq!(busy.cause, "串口 /dev/ttyUSB0 被其他程序占用。");
}

#[test]
fn a_trouble_from_a_newer_program_still_says_what_it_knows() {
    speak(Language::English);
    let odd = trouble(&Trouble::new("moon-phase").with("phase", "full"));
    assert_eq!(odd.cause, "Something went wrong: moon-phase (phase full).");
    assert_eq!(super::sentences::defect(&Defect { code: "odd", at: "x".into() }), "odd: x");
    assert_eq!(defect(&Defect { code: "missing-key", at: "version".into() }), "A key is missing: version");
}

#[test]
fn a_device_that_calls_itself_a_placeholder_is_shown_as_it_is() {
    assert_eq!(tell("list.remove", &[("name", &"%{name}")]), "Remove %{name}");
    assert_eq!(say("no.such.key"), "no.such.key");
}

#[test]
fn sizes_and_times_read_as_engineers_write_them() {
    speak(Language::English);
    for (size, text) in [(0, "0 B"), (1023, "1023 B"), (4097, "4.0 KB"), (421_888, "412 KB"), (2_202_009, "2.1 MB")] {
        assert_eq!(bytes(size), text);
    }
    assert_eq!(bytes(2_562_824_602), "2.39 GB");
    for (span, text) in [(412, "412 ms"), (7_204, "7.2 s"), (200_000, "3 min 20 s"), (7_500_000, "2 h 5 min")] {
        assert_eq!(duration(Micros::from_millis(span)), text);
    }
    assert_eq!(duration(Micros::from_secs(4 * 86_400)), "4 d");
    assert_eq!(time_left(Micros::from_millis(6_200)), "00:07 left");
    assert_eq!((count(868_352), count(12)), ("868,352".to_owned(), "12".to_owned()));
    assert_eq!(clock(1_700_000_000_031, 8 * 3600), "06:13:20.031");
    assert_eq!(clock(1_700_000_000_031, -3600), "21:13:20.031");
}

/// What the status line says after a push to an external broker and this.
fn status_after(facts: impl IntoIterator<Item = Fact>) -> String {
    let order = UpgradeOrder {
        upgrade: 1,
        device: DeviceId::new("P", "lamp"),
        dialect: "uiot".into(),
        module: None,
        name: "l.bin".into(),
        version: "2.0.0".into(),
        size: 1_000,
        md5: "m".into(),
        sha256: "s".into(),
        url: "http://h/x".into(),
        path: "/x".into(),
        timeout_secs: None,
        task: None,
        extras: Extras::default(),
        faults: Vec::new(),
        replay: None,
    };
    let external = Fact::BrokerStarted { address: "h:1883".into(), external: true };
    let mut bench = Bench::new(0);
    let story = [external, Fact::UpgradeRequested { order: order.into() }].into_iter().chain(facts);
    for (seq, fact) in (1..).zip(story) {
        let _ = bench.apply(&Event { seq, at: Micros::from_secs(seq), fact });
    }
    waiting(&bench.cases()[0], None).unwrap_or_default()
}

#[test]
fn a_device_in_the_middle_of_one_long_answer_is_not_called_silent() {
    speak(Language::English);
    let silence = || Fact::DeadlineReached { upgrade: 1, deadline: Deadline::Silence };
    let (path, method, range) = ("/x".to_owned(), "GET".to_owned(), None);
    let asks = || Fact::RequestReceived {
        request: 7,
        peer: "a".into(),
        method: method.clone().into(),
        path: path.clone().into(),
        range: range.clone(),
    };
    let (status, offset, length) = (200, 0, 1_000);
    let breaks =
        Fact::RangeServed { request: 7, path: path.clone().into(), status, offset, length, sent: 400, complete: false };
    for (story, says) in [
        (vec![], "Sent: waits for lamp to begin."),
        (vec![silence()], "lamp has neither answered nor requested the image. Look at its console."),
        (vec![asks()], "lamp is loading the image: waits for its first report."),
        (vec![asks(), silence()], "lamp is loading the image: waits for its first report."),
        (
            vec![asks(), breaks, silence()],
            "lamp has stopped requesting the image, and has reported nothing. Look at its console.",
        ),
    ] {
        assert_eq!(status_after(story), says);
    }
}

#[test]
fn a_fault_says_where_it_acted_without_a_gap_where_it_acts_nowhere() {
    use super::{fault_acted, fault_expects, fault_stage};
    use crate::fault::{Fault, Stage};
    assert_eq!(fault_acted(&Fault::PushTwice, None), "fault push-twice acts");
    assert_eq!(fault_acted(&Fault::Kick { percent: 50 }, Some(53)), "fault kick:50 acts at 53 %");
    assert_eq!(fault_acted(&Fault::Flip { offset: 4_096 }, Some(4_096)), "fault flip:4096 acts at byte 4,096");
    let expected = "Should provoke -4, -3 on UIoT, -3, -2 on Alibaba Cloud.";
    assert_eq!(fault_expects(Fault::WrongSize { by: 1 }.kind()), expected);
    assert_eq!(fault_stage(Stage::Serving), "While serving");
}
