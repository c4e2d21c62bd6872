//! Which messages are planned, as whom and when.

use super::{Choice, Manner, plan, read};
use crate::bench::{Bench, ReplayAct, ReplayOrder, ReplayTarget, Speed};
use crate::capture::Capture;
use crate::event::{Client, DeviceId, Event, Fact, Micros};
use std::collections::BTreeSet;

const UIOT: &[u8] = include_bytes!("../../tests/captures/uiot-simulated-md5-mismatch.jsonl");
const ALIYUN: &[u8] = include_bytes!("../../tests/captures/aliyun-simulated-success.jsonl");

fn capture(bytes: &[u8]) -> Capture {
    read(bytes).unwrap()
}

fn other() -> DeviceId {
    DeviceId::new("70ly1tvowt696r15", "lamp:02")
}

fn order(capture: &Capture, only: &str, manner: &Manner) -> ReplayOrder {
    let choice = Choice { filter: only.parse().unwrap(), ..Choice::default() };
    plan("c", &capture.events, &choice, manner, Some(&Bench::new(0))).unwrap().order
}

fn topics(order: &ReplayOrder) -> BTreeSet<&str> {
    let said = order.steps.iter().filter_map(|step| match &step.act {
        ReplayAct::Say { topic, .. } => Some(topic.as_str()),
        _ => None,
    });
    said.collect()
}

fn acts(order: &ReplayOrder) -> String {
    let acts = order.steps.iter().map(|step| match step.act {
        ReplayAct::Say { .. } => 's',
        ReplayAct::Come => 'c',
        ReplayAct::Leave => 'l',
        ReplayAct::Upgrade(_) => 'u',
    });
    acts.collect()
}

fn said(seq: u64, at: u64, client: Option<&str>, topic: &str) -> Event {
    let fact = Fact::MessageReceived {
        client: client.map(Into::into),
        topic: topic.into(),
        payload: b"{}"[..].into(),
        qos: 1,
        retain: false,
    };
    Event { seq, at: Micros(at), fact }
}

fn replayed(seq: u64, at: u64, client: Option<&str>, topic: &str) -> Event {
    let fact = Fact::MessageReplayed {
        replay: 1,
        of: 9,
        client: client.map(Into::into),
        topic: topic.into(),
        payload: b"{}"[..].into(),
        qos: 1,
        retain: false,
        waiting: None,
    };
    Event { seq, at: Micros(at), fact }
}

fn seqs(events: &[Event], choice: &Choice) -> Vec<u64> {
    let planned = plan("c", events, choice, &Manner::default(), None);
    planned.map(|plan| plan.order.steps.iter().map(|step| step.of).collect()).unwrap_or_default()
}

#[test]
fn a_captured_device_says_again_what_it_said_with_its_restart_and_its_upgrade_in_the_same_time() {
    let aliyun = capture(ALIYUN);
    let order = order(&aliyun, "", &Manner::default());
    assert_eq!(acts(&order), format!("u{}lcs", "s".repeat(22)));
    assert_eq!((order.messages(), order.speakers.len()), (23, 1));
    assert_eq!(order.length(), Some(Micros(4_302_404 - 6_275)));
    assert_eq!(order.devices().next().unwrap().to_string(), "simulated0000001/lamp-01");
}

#[test]
fn an_order_takes_so_long_as_its_speed_and_rounds_say() {
    let manner = Manner { speed: Speed::Times(2.0), rounds: 3, ..Manner::default() };
    let order = order(&capture(UIOT), "from:1s to:2s", &manner);
    let span = order.steps.last().unwrap().after;
    assert_eq!(order.due(0, span), Micros(span.0.div_ceil(2)));
    assert_eq!(order.length(), Some(Micros((span.0 * 3 + 2_000_000).div_ceil(2))));
    assert_eq!(order.total(), order.messages() * 3);
    for speed in [Speed::Max, Speed::Step] {
        let order = ReplayOrder { speed, ..order.clone() };
        assert_eq!((order.due(2, span), order.length()), (Micros(0), None));
    }
    for (text, speed) in [("1", Some(Speed::Times(1.0))), ("2.5x", Some(Speed::Times(2.5))), ("max", Some(Speed::Max))]
    {
        assert_eq!(text.parse().ok(), speed);
    }
    for wrong in ["", "0", "-1", "NaN", "inf", "fast", "1001"] {
        assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
    }
}

#[test]
fn another_identity_has_the_topics_of_its_own_cloud_and_no_other_text_is_touched() {
    let manner = Manner { identity: Some(other()), ..Manner::default() };
    for (bytes, expected) in [
        (UIOT, &["/$system/70ly1tvowt696r15/lamp:02/ota/upstream"][..]),
        (ALIYUN, &["/ota/device/inform/70ly1tvowt696r15/lamp:02", "/ota/device/progress/70ly1tvowt696r15/lamp:02"]),
    ] {
        let order = order(&capture(bytes), "", &manner);
        assert_eq!(topics(&order).into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(order.speakers.len(), 1);
        let upgrade = order.steps.iter().find_map(|step| match &step.act {
            ReplayAct::Upgrade(order) => Some(order.device.clone()),
            _ => None,
        });
        assert_eq!(upgrade, Some(other()), "the upgrade is the other device's too");
    }
}

#[test]
fn a_topic_no_dialect_knows_and_a_name_in_a_payload_stay_and_are_named() {
    let mut event = said(1, 0, None, "/$system/simulated0000001/lamp-01/ota/upstream");
    if let Fact::MessageReceived { payload, .. } = &mut event.fact {
        *payload = br#"{"who":"lamp-01"}"#[..].into();
    }
    let events = [event, said(2, 0, None, "house/lamp"), said(3, 0, None, "a/#")];
    let manner = Manner { identity: Some(other()), ..Manner::default() };
    let plan = plan("c", &events, &Choice::default(), &manner, None).unwrap();
    let codes: Vec<_> = plan.notes.iter().map(|note| note.code.as_ref()).collect();
    assert_eq!(codes, ["replay-topics-kept", "replay-names-kept", "replay-unsendable"]);
    assert!(topics(&plan.order).contains("house/lamp"));
    assert_eq!(plan.order.messages(), 2);
}

/// A replay that fed on its own messages would never end.
#[test]
fn what_a_replay_sent_is_planned_only_when_it_is_chosen_one_by_one() {
    let topic = "/$system/P/D/ota/upstream";
    let events = [
        said(1, 0, Some("P.D"), topic),
        replayed(2, 10, Some("P.D"), topic),
        said(3, 11, Some("other"), topic),
        said(4, 12, Some("P.D"), topic),
        said(5, 13, Some("P.D"), topic),
        replayed(6, 20, Some("P.D"), "/elsewhere"),
        // An external broker does not say from whom.
        replayed(7, 30, Some("P.D"), topic),
        said(8, 31, None, topic),
        said(9, 60_000_000, Some("P.D"), "/elsewhere"),
    ];
    assert_eq!(seqs(&events, &Choice::default()), [1, 3, 5, 9]);
    let one_by_one = |events: &[u64]| Choice { events: Some(events.iter().copied().collect()), ..Choice::default() };
    assert_eq!(seqs(&events, &one_by_one(&[4, 8])), [4, 8]);
    let filtered = |only: &str| Choice { filter: only.parse().unwrap(), ..Choice::default() };
    assert_eq!(seqs(&events, &filtered("seq:4")), [4]);
    assert_eq!(seqs(&events, &filtered("seq:3-5")), [3, 5]);
    assert_eq!(seqs(&events, &filtered("seq:4-6")), [5]);
}

#[test]
fn nothing_chosen_is_no_replay() {
    let choice = Choice { filter: "text:nowhere".parse().unwrap(), ..Choice::default() };
    let refused = plan("c", &capture(UIOT).events, &choice, &Manner::default(), None).unwrap_err();
    assert_eq!((&*refused.code, refused.arg("source")), ("replay-empty", Some("c")));
    assert!(plan("c", &[], &Choice::default(), &Manner::default(), None).is_err());
}

#[test]
fn times_that_go_back_make_no_replay_wait_for_ever_or_go_backwards() {
    let at = |seq, at| said(seq, at, None, "a");
    let events = [at(1, 5_000_000), at(2, 1_000_000), at(3, 1_500_000)];
    let plan = plan("c", &events, &Choice::default(), &Manner::default(), None).unwrap();
    let after: Vec<_> = plan.order.steps.iter().map(|step| step.after.0).collect();
    assert_eq!(after, [0, 0, 500_000]);
}

fn connected(seq: u64, name: &str, username: &str) -> Event {
    let client = Client {
        name: name.into(),
        username: Some(username.into()),
        address: "10.0.0.7:1".into(),
        level: 4,
        clean: true,
        keep_alive_secs: 60,
    };
    Event { seq, at: Micros(seq), fact: Fact::ClientConnected { client: client.into() } }
}

/// Otherwise it is sent away for good, and its next round is lost.
#[test]
fn who_came_back_when_all_was_said_stays() {
    let [one, two] = ["one", "two"].map(|name| format!("/$system/P/{name}/ota/upstream"));
    let left = |seq| {
        let fact = Fact::ClientDisconnected { client: "P.one".into(), reason: "gone".into() };
        Event { seq, at: Micros(seq), fact }
    };
    let check = |tail: &[Event], expected: &str| {
        let mut events = vec![connected(1, "P.one", "P|one|1"), connected(2, "P.two", "P|two|1")];
        events.extend([said(3, 3, Some("P.one"), &one), left(4), said(5, 5, Some("P.two"), &two)]);
        events.extend_from_slice(tail);
        let plan = plan("c", &events, &Choice::default(), &Manner::default(), None).unwrap();
        assert_eq!(acts(&plan.order), expected);
    };
    check(&[], "ss");
    let back = connected(6, "P.one", "P|one|1");
    check(std::slice::from_ref(&back), "ss");
    check(&[back.clone(), left(7)], "ss");
    check(&[back, said(7, 7, Some("P.two"), &two)], "slscs");
}

#[test]
fn a_topic_that_brokers_cut_connections_for_is_told_before_it_goes_out() {
    for (topic, odd) in [("a/\u{1}b", true), ("a/\u{fffe}", true), ("a/\u{fdd0}", true), ("a/\u{1f600}/温度", false)]
    {
        let plan = plan("c", &[said(3, 3, None, topic)], &Choice::default(), &Manner::default(), None).unwrap();
        let told = plan.notes.iter().find(|note| note.code == "replay-odd-topic");
        assert_eq!(told.and_then(|note| note.arg("event")), odd.then_some("3"), "{topic:?}");
        assert!(told.is_none_or(|note| !note.arg("topic").unwrap().contains('\u{1}')), "nothing raw for a terminal");
    }
}

#[test]
fn each_device_speaks_over_its_own_connection_and_strangers_share_one() {
    let events = [
        connected(1, "P.one", "P|one|1"),
        connected(2, "Q.two", "Q|two|1"),
        said(3, 0, Some("P.one"), "/P/one/user/x"),
        said(4, 0, Some("Q.two"), "/$system/Q/two/ota/upstream"),
        said(5, 0, Some("stranger"), "house/lamp"),
    ];
    let order = plan("c", &events, &Choice::default(), &Manner::default(), None).unwrap().order;
    let who: Vec<_> = order.speakers.iter().map(|speaker| speaker.device.as_ref().map(ToString::to_string)).collect();
    assert_eq!(who, [Some("P/one".into()), Some("Q/two".into()), None]);
    let manner = Manner { identity: Some(other()), ..Manner::default() };
    let order = plan("c", &events, &Choice::default(), &manner, None).unwrap().order;
    assert_eq!(order.speakers.len(), 1);
    assert!(topics(&order).contains("/70ly1tvowt696r15/lamp:02/user/x"), "a product's own topic has its places too");
}

#[test]
fn a_push_is_ordered_again_where_its_image_is_on_the_list_and_its_dead_url_is_named_where_it_is_not() {
    let capture = capture(ALIYUN);
    let downstream = Choice { downstream: true, ..Choice::default() };
    let planned = |bench: &Bench, target: ReplayTarget| {
        let manner = Manner { target, ..Manner::default() };
        plan("c", &capture.events, &downstream, &manner, Some(bench)).unwrap()
    };
    let empty = planned(&Bench::new(0), ReplayTarget::Here);
    assert_eq!((acts(&empty.order).as_str(), &*empty.notes[0].code), ("s", "replay-url-dead"));
    let mut bench = Bench::new(0);
    let added = capture.events.iter().find(|event| matches!(event.fact, Fact::ImageAdded { .. })).unwrap();
    bench.apply(added);
    let served = planned(&bench, ReplayTarget::Here);
    assert_eq!((acts(&served.order).as_str(), served.notes.len(), served.order.total()), ("u", 0, 1));
    let elsewhere = planned(&bench, ReplayTarget::Broker("mqtt://h".into()));
    assert_eq!(acts(&elsewhere.order), "s", "our firmware server is not announced through somebody else's broker");
}
