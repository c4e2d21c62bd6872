//! Replays into targets that refuse, drop, hang and lie: what is said to be sent has arrived, and nothing is lost.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod mqtt;

use mqtt::{Deed, Facts, Target, refuse_once};
use ota_workbench::bench::{Action, OnDrop, ReplayAct, ReplayOrder, ReplayStep, ReplayTarget, Speaker, Speed, Steer};
use ota_workbench::event::{DeviceId, Event, Fact, Micros, Trouble};
use ota_workbench::io::Inbox;
use ota_workbench::io::replaying::{Replayer, ReplayerOptions, Route};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::io::tls::Trust;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(30);

fn say(number: u64, after: Micros, speaker: usize, qos: u8) -> ReplayStep {
    let act = ReplayAct::Say {
        topic: "/$system/P/D/ota/upstream".into(),
        payload: number.to_string().into_bytes().into(),
        qos,
        retain: false,
    };
    ReplayStep { of: number + 100, after, speaker, act }
}

fn order(steps: Vec<ReplayStep>, on_drop: OnDrop) -> ReplayOrder {
    let speaker = |name| Speaker { device: Some(DeviceId::new("P", name)), dialect: "uiot".into(), secret: None };
    ReplayOrder {
        source: "numbers".into(),
        target: ReplayTarget::Here,
        speakers: vec![speaker("D"), speaker("E")],
        steps: steps.into(),
        downstream: false,
        speed: Speed::Max,
        rounds: 1,
        on_drop,
    }
}

fn start(order: ReplayOrder, target: SocketAddr) -> (Replayer, Facts) {
    let (inbox, facts) = Inbox::new();
    let route = Route::Broker { url: format!("mqtt://{target}"), trust: Trust::default() };
    let options = ReplayerOptions { replay: 1, order, route, judged: false, inbox };
    (Replayer::start(options).unwrap(), Facts::new(facts))
}

/// A replay of numbered messages of one device, outside a session.
fn numbered(count: u64, qos: u8, on_drop: OnDrop, target: SocketAddr) -> (Replayer, Facts) {
    let steps = (0..count).map(|number| say(number, Micros::default(), 0, qos)).collect();
    start(order(steps, on_drop), target)
}

fn how_it_ended(told: Vec<Fact>) -> (u64, u64, Option<Trouble>) {
    match told.into_iter().next_back() {
        Some(Fact::ReplayEnded { sent, of, trouble, .. }) => (sent, of, trouble),
        other => panic!("{other:?}"),
    }
}

fn ended(facts: &mut Facts) -> (u64, u64, Option<Trouble>) {
    how_it_ended(facts.until(|fact| matches!(fact, Fact::ReplayEnded { .. })))
}

fn waits_for(code: &'static str) -> impl Fn(&Fact) -> bool {
    move |fact| matches!(fact, Fact::ReplayPaused { trouble: Some(why), .. } if why.code == code)
}

#[test]
fn a_target_that_does_not_know_the_identity_says_so_in_words() {
    for (answer, code, words) in [
        (2, "replay-identity-refused", "client id"),
        (3, "replay-refused", "server unavailable"),
        (4, "replay-identity-refused", "user name"),
        (5, "replay-identity-refused", "not authorized"),
    ] {
        let (_replayer, mut facts) = numbered(5, 1, OnDrop::Resume, refuse_once(answer));
        let (sent, of, trouble) = ended(&mut facts);
        let trouble = trouble.unwrap();
        assert_eq!((sent, of, &*trouble.code), (0, 5, code));
        assert!(trouble.arg("reason").unwrap().contains(words), "{trouble:?}");
        assert_eq!(trouble.arg("client"), Some("P.D"));
    }
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_replayer, mut facts) = numbered(5, 1, OnDrop::Resume, nobody);
    assert_eq!(ended(&mut facts).2.unwrap().code, "replay-unreachable");
}

/// Drops the first connection at its 200th message.
fn dropping(connection: u64, nth: u64, _: &str) -> Deed {
    if connection == 0 && nth == 199 { Deed::TakeAndDrop } else { Deed::Take }
}

#[test]
fn a_target_that_drops_in_the_middle_gets_the_rest_after_the_reconnect_in_order_and_nothing_is_lost() {
    for qos in [0, 1] {
        let target = Target::start(dropping);
        let (_replayer, mut facts) = numbered(1_000, qos, OnDrop::Resume, target.address);
        facts.until(waits_for("replay-lost"));
        assert_eq!(ended(&mut facts), (1_000, 1_000, None));
        let mut numbers = target.numbers();
        let second = numbers.split_off(200);
        assert!(second.is_sorted() && numbers.is_sorted(), "in order, before and after");
        assert!(second[0] < 200, "what had not surely arrived came again");
        numbers.extend(second);
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers, (0..1_000).collect::<Vec<_>>(), "QoS {qos}");
    }
}

#[test]
fn a_target_that_drops_in_the_middle_ends_the_replay_where_that_was_asked_and_no_more_is_counted_than_arrived() {
    for qos in [0, 1] {
        let target = Target::start(dropping);
        let (_replayer, mut facts) = numbered(20_000, qos, OnDrop::Stop, target.address);
        let (sent, of, trouble) = ended(&mut facts);
        assert_eq!((of, &*trouble.unwrap().code), (20_000, "replay-lost"));
        assert!(sent < 200 && (qos == 0 || sent > 0), "{sent} of QoS {qos}");
    }
}

/// Otherwise a replay into a hung broker is called done.
#[test]
fn a_target_that_falls_silent_is_waited_for_and_a_stop_counts_what_it_acknowledged() {
    for qos in [0, 1] {
        let target = Target::start(|_, nth, _| if nth == 49 { Deed::FallSilent } else { Deed::Take });
        let (replayer, mut facts) = numbered(20_000, qos, OnDrop::Resume, target.address);
        facts.until(waits_for("replay-awaits-answer"));
        replayer.steer(Steer::Stop);
        let (sent, of, trouble) = ended(&mut facts);
        assert!(sent < 50 && of == 20_000 && trouble.is_none(), "{sent} {trouble:?}");
    }
}

#[test]
fn a_message_that_the_target_does_not_take_ends_the_replay_and_is_named() {
    for qos in [0, 1] {
        let target = Target::start(|_, _, payload| if payload == "3" { Deed::Drop } else { Deed::Take });
        let (_replayer, mut facts) = numbered(10, qos, OnDrop::Resume, target.address);
        // The pauses grow: three losses have their own patience.
        let mut told = Vec::new();
        for _ in 0..3 {
            told.extend(facts.until(waits_for("replay-lost")));
        }
        told.extend(facts.until(|fact| matches!(fact, Fact::ReplayEnded { .. })));
        assert!(told.len() < 40, "few words are made of it: {}", told.len());
        let (sent, of, trouble) = how_it_ended(told);
        let trouble = trouble.unwrap();
        assert_eq!((sent, of, &*trouble.code), (3, 10, "replay-stuck"));
        assert_eq!((trouble.arg("event"), trouble.arg("topic")), (Some("103"), Some("/$system/P/D/ota/upstream")));
    }
}

#[test]
fn a_device_that_signs_in_under_the_same_name_is_suspected() {
    // Each connection gets a little further, and is thrown out: behind more messages than ever wait for their acknowledgement.
    let target = Target::start(|number, nth, _| if number < 3 && nth == 200 { Deed::TakeAndDrop } else { Deed::Take });
    let (_replayer, mut facts) = numbered(1_000, 1, OnDrop::Resume, target.address);
    facts.until(waits_for("replay-taken-over"));
    assert_eq!(ended(&mut facts), (1_000, 1_000, None));
}

#[test]
fn a_pause_outlasts_the_loss_of_the_target() {
    let target = Target::start(|_, _, _| Deed::Take);
    let steps = vec![say(0, Micros(0), 0, 1), say(1, Micros::from_secs(1), 0, 1)];
    let speed = Speed::Times(1.0);
    let (replayer, mut facts) = start(ReplayOrder { speed, ..order(steps, OnDrop::Resume) }, target.address);
    facts.until(|fact| matches!(fact, Fact::MessageReplayed { .. }));
    replayer.steer(Steer::Pause);
    let by_operator = |fact: &Fact| matches!(fact, Fact::ReplayPaused { trouble: None, .. });
    facts.until(by_operator);
    target.connection().shutdown(Shutdown::Both).unwrap();
    facts.until(waits_for("replay-lost"));
    let told = facts.until(|fact| by_operator(fact) || matches!(fact, Fact::ReplayResumed { .. }));
    assert!(told.last().is_some_and(by_operator), "it still waits for the operator: {told:?}");
    replayer.steer(Steer::Resume);
    facts.until(|fact| matches!(fact, Fact::ReplayResumed { .. }));
    assert_eq!(ended(&mut facts), (2, 2, None));
}

#[test]
fn a_slow_target_gets_the_next_messages_at_their_distances_and_not_in_a_burst() {
    // The first message is acknowledged only when the connection is cut and made again: the clock stands meanwhile.
    let target = Target::start(|number, nth, _| if (number, nth) == (0, 0) { Deed::TakeAndDrop } else { Deed::Take });
    let steps = (0..4).map(|number| say(number, Micros(number * 300_000), 0, 1)).collect();
    let speed = Speed::Times(1.0);
    let (_replayer, mut facts) = start(ReplayOrder { speed, ..order(steps, OnDrop::Resume) }, target.address);
    facts.until(|fact| matches!(fact, Fact::ReplayResumed { .. }));
    let begun = Instant::now();
    assert_eq!(ended(&mut facts), (4, 4, None));
    assert!(begun.elapsed() > Duration::from_millis(700), "{:?}", begun.elapsed());
}

#[test]
fn messages_that_are_acknowledged_and_others_arrive_together() {
    let target = Target::start(|_, _, _| Deed::Take);
    let steps = (0..1_000).map(|number| say(number, Micros::default(), 0, u8::from(number % 3 != 0))).collect();
    let (_replayer, mut facts) = start(order(steps, OnDrop::Stop), target.address);
    let told = facts.until(|fact| matches!(fact, Fact::ReplayEnded { .. }));
    assert!(!told.iter().any(waits_for("replay-awaits-answer")), "it is asked about at once");
    assert_eq!(how_it_ended(told), (1_000, 1_000, None));
}

/// Each device has a connection of its own, and connections overtake each other.
#[test]
fn what_several_devices_say_arrives_in_the_order_of_the_capture() {
    for qos in [0, 1] {
        let target = Target::start(|_, _, _| Deed::Take);
        let steps = (0..600).map(|number| say(number, Micros::default(), usize::from(number % 5 < 2), qos)).collect();
        let (_replayer, mut facts) = start(order(steps, OnDrop::Stop), target.address);
        assert_eq!(ended(&mut facts), (600, 600, None));
        assert_eq!(target.numbers(), (0..600).collect::<Vec<_>>(), "QoS {qos}");
    }
}

/// Otherwise the second round is lost without a word.
#[test]
fn who_left_in_one_round_is_there_in_the_next() {
    let leave = |speaker| ReplayStep { act: ReplayAct::Leave, ..say(0, Micros::default(), speaker, 1) };
    let target = Target::start(|_, _, _| Deed::Take);
    let steps = vec![say(0, Micros(0), 0, 1), leave(0), say(1, Micros(0), 1, 1), leave(1), say(2, Micros(0), 0, 1)];
    let (_replayer, mut facts) = start(ReplayOrder { rounds: 2, ..order(steps, OnDrop::Stop) }, target.address);
    assert_eq!(ended(&mut facts), (6, 6, None));
    assert_eq!(target.numbers(), [0, 1, 2, 0, 1, 2]);
}

/// A session that replays so many messages to devices, and everything it tells until that is over.
fn downstream(broker: BrokerChoice, count: u64, on_drop: OnDrop) -> Vec<Arc<Event>> {
    let options = SessionOptions {
        broker,
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::Nowhere,
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).unwrap();
    let (mut events, mut asked) = (Vec::new(), false);
    let deadline = Instant::now() + DEADLINE;
    while !events.iter().any(|event: &Arc<Event>| matches!(event.fact, Fact::ReplayEnded { .. })) {
        events.extend(session.wait(Duration::from_millis(200)).events);
        if !asked && events.iter().any(|event| matches!(event.fact, Fact::BrokerStarted { .. })) {
            asked = true;
            let steps = (0..count).map(|number| say(number, Micros::default(), 0, 1)).collect();
            session.act(Action::Replay(Box::new(ReplayOrder { downstream: true, ..order(steps, on_drop) })));
        }
        assert!(Instant::now() < deadline, "not in time: {:?}", events.last());
    }
    events
}

fn published(events: &[Arc<Event>]) -> u64 {
    events.iter().filter(|event| matches!(event.fact, Fact::MessagePublished { .. })).count() as u64
}

fn end_of(events: &[Arc<Event>]) -> (u64, u64, Option<Trouble>) {
    how_it_ended(
        events.iter().map(|event| event.fact.clone()).filter(|fact| matches!(fact, Fact::ReplayEnded { .. })).collect(),
    )
}

#[test]
fn a_flood_to_devices_goes_out_whole() {
    let events = downstream(BrokerChoice::Embedded("127.0.0.1:0".into()), 20_000, OnDrop::Stop);
    assert_eq!(end_of(&events), (20_000, 20_000, None));
    assert_eq!(published(&events), 20_000);
}

#[test]
fn a_broker_that_drops_the_cloud_in_the_middle_gets_the_rest_or_ends_the_replay_as_asked() {
    let target = Target::start(dropping);
    let url = || BrokerChoice::External(format!("mqtt://{}", target.address));
    let events = downstream(url(), 2_000, OnDrop::Resume);
    assert_eq!(end_of(&events), (2_000, 2_000, None));
    let mut numbers = target.numbers();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());

    let target = Target::start(dropping);
    let url = BrokerChoice::External(format!("mqtt://{}", target.address));
    let (sent, of, trouble) = end_of(&downstream(url, 2_000, OnDrop::Stop));
    assert!((1..200).contains(&sent) && of == 2_000, "{sent}");
    assert_eq!(trouble.unwrap().code, "broker-connection-lost");
    assert!(target.numbers().len() <= 200, "nothing goes out when the replay is over");
}
