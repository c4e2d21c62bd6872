//! Tests of the faults' names, arguments and table.

use super::{ALL, Fault, MalformedFault, Stage, clash};
use proptest::prelude::*;

fn check(text: &str, expected: &Fault) {
    assert_eq!(text.parse().as_ref(), Ok(expected), "{text}");
    assert_eq!(expected.to_string(), text);
}

#[test]
fn a_fault_is_written_as_its_name_and_what_it_needs() {
    check("closed-port", &Fault::ClosedPort);
    check("wrong-size:+1", &Fault::WrongSize { by: 1 });
    check("wrong-size:-1", &Fault::WrongSize { by: -1 });
    check("wrong-version", &Fault::WrongVersion { version: None });
    check("wrong-version:1.0:x", &Fault::WrongVersion { version: Some("1.0:x".into()) });
    check("missing-field:fileMd5", &Fault::MissingField { name: "fileMd5".into() });
    check("cut:0", &Fault::Cut { offset: 0 });
    check("stall:4096,2.5", &Fault::Stall { offset: 4_096, millis: 2_500 });
    check("first-byte:0.001", &Fault::FirstByte { millis: 1 });
    check("kick:100", &Fault::Kick { percent: 100 });
    assert_eq!("wrong-size:1".parse(), Ok(Fault::WrongSize { by: 1 }), "a plus is a courtesy");
}

#[test]
fn a_text_that_is_no_fault_says_what_is_wrong_with_it() {
    for text in ["", "Cut:1", "cut every:1", "mayhem"] {
        assert_eq!(text.parse::<Fault>(), Err(MalformedFault::Unknown), "{text}");
    }
    assert_eq!("redirect:1".parse::<Fault>(), Err(MalformedFault::Needless("redirect")));
    #[rustfmt::skip]
    let unfit = [
        "wrong-size", "wrong-size:0", "wrong-size:x", "wrong-version:", "missing-field", "missing-field:", "short-body:0",
        "flip:-1", "flip:+1", "flip:", "cut", "cut:1.5", "cut:18446744073709551616", "cut-every:0", "stall:1", "stall:1,",
        "stall:,1", "stall:1,0", "stall:1,2,3", "rate:0", "first-byte:0", "first-byte:1.0001", "first-byte:.5",
        "first-byte:1.", "first-byte:86400.001", "first-byte:18446744073709551615", "kick:101", "kick:-1", "push-late:1s",
    ];
    for text in unfit {
        let said = text.parse::<Fault>();
        assert!(matches!(said, Err(MalformedFault::Argument { .. })), "{text}: {said:?}");
    }
    let said = "cut".parse::<Fault>().unwrap_err().to_string();
    assert_eq!(said, "it is written cut:N, such as cut:10000");
}

#[test]
fn every_fault_of_the_table_can_be_armed_and_is_told_apart() {
    for kind in &ALL {
        let fault: Fault = kind.example.parse().unwrap();
        assert_eq!((fault.kind(), fault.to_string().as_str()), (kind, kind.example));
        assert_eq!(kind.uiot.is_empty(), kind.aliyun.is_empty(), "{}", kind.name);
        assert_eq!(ALL.iter().filter(|other| other.name == kind.name).count(), 1, "{}", kind.name);
    }
    assert!(ALL.is_sorted_by_key(|kind| kind.stage));
    assert_eq!(Fault::WrongVersion { version: None }.kind().usage(), "wrong-version[:V]");
    assert_eq!(
        (Fault::Cut { offset: 1 }.kind().usage(), Fault::Chunked.kind().usage().as_str()),
        ("cut:N".into(), "chunked")
    );
    assert_eq!(Fault::Redirect.stage(), Stage::BeforeDownload);
    assert!(Fault::Redirect.is_served() && !Fault::ClosedPort.is_served() && !Fault::LoseAck.is_served());
}

fn clashing(texts: &[&str]) -> Option<(String, String)> {
    let faults: Vec<Fault> = texts.iter().map(|text| text.parse().unwrap()).collect();
    clash(&faults).map(|(one, other)| (one.to_string(), other.to_string()))
}

#[test]
fn of_two_faults_that_cannot_both_act_the_engineer_is_told() {
    let both = |one: &str, other: &str| Some((one.to_owned(), other.to_owned()));
    assert_eq!(clashing(&["closed-port", "cut:1", "empty-url"]), both("closed-port", "empty-url"));
    assert_eq!(clashing(&["not-found", "expired"]), both("not-found", "expired"));
    assert_eq!(clashing(&["rate:1", "rate:2"]), both("rate:1", "rate:2"));
    assert_eq!(clashing(&["flip:1", "flip:1"]), both("flip:1", "flip:1"));
    assert_eq!(clashing(&["flip:1", "flip:2", "cut:1", "cut:2", "kick:5", "kick:50", "rate:9", "chunked"]), None);
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let millis = || 1..=86_400_000_u64;
    prop_oneof![
        (0..ALL.len()).prop_map(|at| ALL[at].example.parse().unwrap()),
        any::<i64>().prop_filter("never 0", |by| *by != 0).prop_map(|by| Fault::WrongSize { by }),
        "[^\\p{Cc}]{1,16}".prop_map(|version| Fault::WrongVersion { version: Some(version) }),
        "[^\\p{Cc}]{1,16}".prop_map(|name| Fault::MissingField { name }),
        any::<u64>().prop_map(|offset| Fault::Cut { offset }),
        (any::<u64>(), millis()).prop_map(|(offset, millis)| Fault::Stall { offset, millis }),
        millis().prop_map(|millis| Fault::RefuseReconnect { millis }),
        (0..=100_u8).prop_map(|percent| Fault::Kick { percent }),
    ]
}

proptest! {
    /// A capture holds faults as text: one that read back differently would replay another story.
    #[test]
    fn any_fault_reads_back_as_it_was_written(fault in any_fault()) {
        prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
    }
}
