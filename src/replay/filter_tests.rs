//! Filters as they are typed, and what they let through of a recording.

use super::{Filter, Sieve, Sort};
use crate::event::{DeviceId, Event, Fact, Micros};
use proptest::prelude::*;

fn recording(name: &str) -> Vec<Event> {
    let file = format!("{}/tests/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    crate::replay::read(&std::fs::read(file).unwrap()).unwrap().events
}

/// How many events of a captured upgrade a filter lets through.
#[track_caller]
fn count(filter: &str) -> usize {
    let mut sieve = Sieve::new(filter.parse().unwrap());
    recording("captures/aliyun-simulated-success").iter().filter(|event| sieve.takes(event)).count()
}

#[test]
fn a_filter_is_what_was_typed() {
    let filter: Filter =
        "device:P/AA:BB up http from:12.5s to:1m30s seq:10-20 kind:gap topic:/ota/# text:x".parse().unwrap();
    assert_eq!(filter.devices, [DeviceId::new("P", "AA:BB")]);
    assert_eq!(filter.sorts, [Sort::Up, Sort::Http, Sort::Kind("gap")]);
    assert_eq!((filter.from, filter.to), (Some(Micros(12_500_000)), Some(Micros(90_000_000))));
    assert_eq!((filter.seqs.as_slice(), filter.topics.as_slice()), (&[10..=20][..], &["/ota/#".to_owned()][..]));
    assert!("".parse::<Filter>().unwrap().is_everything());
}

#[test]
fn a_value_with_blanks_stands_in_quotes() {
    for (text, expected) in [
        (r#"port:"lamp-01 (simulated)""#, "lamp-01 (simulated)"),
        ("port:COM3", "COM3"),
        (r#"port:"say ""hi"" there""#, r#"say "hi" there"#),
    ] {
        assert_eq!(text.parse::<Filter>().unwrap().ports, [expected], "{text}");
    }
    assert_eq!(r#"text:{"id":1}"#.parse::<Filter>().unwrap().texts, [r#"{"id":1}"#], "as it stands in the payload");
}

#[test]
fn a_word_that_is_none_is_named() {
    for word in [
        "upp",
        "device:lonely",
        "from:soon",
        "from:",
        "seq:20-10",
        "seq:x",
        "seq:-",
        "kind:novelty",
        "to:1d",
        "size:5",
        ":",
        "to:-1s",
        "from:1..5s",
        "from:99999999999999999999s",
    ] {
        let trouble = word.parse::<Filter>().unwrap_err();
        assert_eq!((&*trouble.code, trouble.arg("word")), ("bad-filter", Some(word)), "{word}");
    }
}

#[test]
fn times_are_typed_as_people_say_them() {
    for (text, micros) in [
        ("12.5", 12_500_000),
        ("500ms", 500_000),
        ("1m30s", 90_000_000),
        ("2h", 7_200_000_000),
        ("0.000001s", 1),
        ("0", 0),
    ] {
        assert_eq!(format!("to:{text}").parse::<Filter>().unwrap().to, Some(Micros(micros)), "{text}");
    }
}

#[test]
fn what_is_meant_is_let_through_and_nothing_else() {
    let all = count("");
    let lamp = "device:simulated0000001/lamp-01";
    for (filter, expected) in [
        ("seq:1-10", 10),
        ("seq:5", 1),
        ("seq:280-", 2),
        ("seq:-3 seq:10", 4),
        ("to:0.004s", 4),
        ("from:1h", 0),
        ("device:other/lamp-01", 0),
        ("kind:upgrade_requested", 1),
        ("topic:/ota/device/progress/+/lamp-01 topic:/ota/device/inform/#", count("up")),
        ("topic:*/get_reply kind:subscribed", 4),
        ("text:ETS text:poweron", 1),
        ("kind:message_published text:\"\"\"signMethod\"\"\"", 1),
        ("topic:/ota", 0),
    ] {
        assert_eq!(count(filter), expected, "{filter}");
    }
    assert_eq!(count(lamp), all - count("kind:broker_started kind:server_started kind:image_added"));
    assert_eq!(count("up http"), count("up") + count("http"));
    assert!(count("up") > 0 && count("serial") > 0 && count(&format!("serial {lamp}")) == count("serial"));
    assert_eq!(
        count("mqtt") + count("http") + count("serial"),
        all - 5,
        "all but four of the bench's own and the push"
    );
}

#[test]
fn what_is_no_text_is_looked_through_all_the_same() {
    let mut sieve = Sieve::new("text:crc".parse().unwrap());
    let fact = Fact::BytesReceived { port: "COM3".into(), bytes: (*b"\xff\xfe bad CRC").into() };
    assert!(sieve.takes(&Event { seq: 1, at: Micros(1), fact }));
}

proptest! {
    /// The window writes filters down that the command line reads.
    #[test]
    fn a_filter_written_down_is_the_same_filter(
        topic in "[a-z/+# \"]{1,9}", port in "[A-Z0-9 ()\"]{1,9}", text in "[^\\s]{1,9}", first: u64, more in 0_u64..9, from: u64,
    ) {
        let filter = Filter {
            devices: vec![DeviceId::new("P", "AA:BB")],
            topics: vec![topic],
            ports: vec![port],
            sorts: vec![Sort::Up, Sort::Kind("gap")],
            seqs: vec![first..=first.saturating_add(more), 0..=5, 7..=u64::MAX],
            from: Some(Micros(from)),
            to: None,
            texts: vec![text],
        };
        prop_assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }

    #[test]
    fn nothing_typed_makes_it_panic(text: String) {
        let _ = text.parse::<Filter>();
    }
}
