//! Replays on loopback: a captured upgrade into an empty bench, pushes to a device, the operator's brakes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod mqtt;
mod program;

use mqtt::{Device, connect_options};
use ota_workbench::bench::{
    Action, Bench, Publication, Replay, ReplayOrder, ReplayState, ReplayTarget, Service, SimulatedOrder, Speaker,
    Speed, Steer, SteerOrder,
};
use ota_workbench::capture::Capture;
use ota_workbench::event::{DeviceId, Event, Fact, Micros};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::replay::{self, Choice, Manner};
use ota_workbench::upgrade::{Outcome, State};
use rumqttc::QoS;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(30);
const SECRET: &str = "hly3dk1u";

fn captured(name: &str) -> Capture {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name);
    replay::read(&std::fs::read(path).unwrap()).unwrap()
}

/// A session on ports the system picks, seen as the window sees it.
struct Desk {
    session: Session,
    bench: Bench,
    events: Vec<Arc<Event>>,
    folder: TempDir,
}

impl Desk {
    fn new(more: impl FnOnce(&mut SessionOptions)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = SessionOptions {
            broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
            http: "127.0.0.1:0".into(),
            capture: CaptureChoice::File(folder.path().join("capture.jsonl")),
            ..SessionOptions::default()
        };
        more(&mut options);
        let session = Session::start(options, Box::new(|| {})).unwrap();
        let bench = Bench::new(session.clock().began_unix_ms());
        let mut desk = Self { session, bench, events: Vec::new(), folder };
        desk.until(|bench, _| matches!(bench.server(), Service::Running { .. }));
        desk
    }

    fn until(&mut self, mut so: impl FnMut(&Bench, &[Arc<Event>]) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !so(&self.bench, &self.events) {
            for event in self.session.wait(Duration::from_millis(200)).events {
                self.bench.apply(&event);
                self.events.push(event);
            }
            assert!(Instant::now() < deadline, "not in time; so far:\n{}", self.story());
        }
    }

    fn story(&self) -> String {
        let mut lines = Vec::new();
        self.events.iter().rev().take(40).rev().for_each(|event| ota_workbench::capture::encode(event, &mut lines));
        String::from_utf8_lossy(&lines).into_owned()
    }

    fn plan(&self, capture: &Capture, downstream: bool, speed: Speed) -> ReplayOrder {
        let choice = Choice { downstream, ..Choice::default() };
        let manner = Manner { speed, ..Manner::default() };
        replay::plan("captured", &capture.events, &choice, &manner, Some(&self.bench)).unwrap().order
    }

    fn replay(&self, order: ReplayOrder) {
        self.session.act(Action::Replay(Box::new(order)));
    }

    fn steer(&self, steer: Steer) {
        self.session.act(Action::SteerReplay(SteerOrder { replay: 1, steer }));
    }

    fn until_over(&mut self) -> ReplayState {
        self.until(|bench, _| bench.replays().next_back().is_some_and(Replay::is_over));
        self.bench.replays().next_back().unwrap().state.clone()
    }

    fn address(&self) -> SocketAddr {
        let Service::Running { address, .. } = self.bench.broker() else { panic!("no broker") };
        address.parse().unwrap()
    }

    fn until_met(&mut self, code: &str) {
        self.until(|_, events| events.iter().any(|event| is_met(event, code)));
    }
}

fn is_met(event: &Event, code: &str) -> bool {
    matches!(&event.fact, Fact::TroubleMet { trouble } if trouble.code == code)
}

/// Every state of the first upgrade with the time since it was ordered.
fn states<'a>(started: u64, events: impl IntoIterator<Item = &'a Event>) -> Vec<(State, Micros)> {
    let mut bench = Bench::new(started);
    let mut states: Vec<(State, Micros)> = Vec::new();
    for event in events {
        bench.apply(event);
        let Some(case) = bench.cases().first() else { continue };
        if states.last().is_none_or(|(state, _)| state != case.upgrade.state()) {
            states.push((case.upgrade.state().clone(), event.at.since(case.upgrade.requested_at())));
        }
    }
    states
}

/// A quarter of the time is as good as all of it, and sooner over.
fn check_states(name: &str, speed: f64, outcome: Outcome) {
    let capture = captured(name);
    let lived = states(capture.header.started_unix_ms, &capture.events);
    let mut desk = Desk::new(|_| {});
    desk.replay(desk.plan(&capture, false, Speed::Times(speed)));
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    let total = desk.bench.replay(1).unwrap().total();
    let received = |events: &[Arc<Event>]| {
        events
            .iter()
            .filter(|event| matches!(event.fact, Fact::MessageReceived { .. }))
            .map(|event| event.seq)
            .collect()
    };
    desk.until(|_, events| Vec::len(&received(events)) as u64 == total);
    let again = states(desk.bench.started_unix_ms(), desk.events.iter().map(AsRef::as_ref));
    let only = |states: &[(State, Micros)]| states.iter().map(|(state, _)| state.clone()).collect::<Vec<_>>();
    assert_eq!(only(&again), only(&lived), "{}", desk.story());
    assert_eq!(desk.bench.cases()[0].upgrade.state().outcome(), Some(outcome));
    for ((state, then), (_, now)) in lived.iter().zip(&again) {
        let (then, now) = (then.as_secs_f64() / speed, now.as_secs_f64());
        assert!((now - then).abs() < 2.0, "{state:?} after {now} s instead of {then} s");
    }
    let received: Vec<u64> = received(&desk.events);
    assert!(received.iter().all(|seq| desk.bench.is_replayed(*seq)), "every one is marked");

    let path = desk.folder.path().join("capture.jsonl");
    let Desk { session, folder: _folder, .. } = desk;
    drop(session);
    let recorded = Capture::parse(&std::fs::read(path).unwrap()).unwrap();
    assert!(recorded.damage.is_empty(), "{:?}", recorded.damage);
    assert_eq!(states(recorded.header.started_unix_ms, &recorded.events), again, "live, captured, replayed: one story");
    let loops = replay::plan("again", &recorded.events, &Choice::default(), &Manner::default(), None);
    assert_eq!(loops.unwrap_err().code, "replay-empty", "a replay's messages are not replayed");
}

#[test]
fn a_captured_upgrade_has_the_same_states_at_the_same_times_in_an_empty_bench() {
    check_states("aliyun-simulated-success.jsonl", 1.0, Outcome::Succeeded);
}

#[test]
fn a_captured_failure_fails_again_and_four_times_as_fast() {
    check_states("uiot-simulated-md5-mismatch.jsonl", 4.0, Outcome::Failed);
}

#[test]
fn the_very_push_of_a_capture_upgrades_a_device_that_is_connected_now() {
    let capture = captured("aliyun-simulated-success.jsonl");
    let mut desk = Desk::new(|options| options.images = vec![program::SAMPLE.into()]);
    desk.until(|bench, _| bench.builds().next().is_some());
    let device: DeviceId = "simulated0000001/lamp-01".parse().unwrap();
    let simulated =
        SimulatedOrder { dialect: "aliyun".into(), device: Some(device.clone()), ..SimulatedOrder::default() };
    desk.session.act(Action::StartSimulatedDevice(simulated));
    desk.until(|bench, _| bench.reaches(&device, "aliyun") == Some(true));
    let order = desk.plan(&capture, true, Speed::Times(100.0));
    assert_eq!(desk.bench.replay_warnings(&order, &[]), [], "a simulated device is nobody's loss");
    desk.replay(order);
    desk.until(|bench, _| bench.cases().last().is_some_and(|case| case.ended.is_some()));
    let case = desk.bench.cases().last().unwrap();
    assert_eq!(case.upgrade.state(), &State::Succeeded, "{}", desk.story());
    assert!(case.witness.coverage.is_complete(), "it was served here");
    let recorded = capture.events.iter().find_map(|event| match &event.fact {
        Fact::UpgradeRequested { order } => Some(order.clone()),
        _ => None,
    });
    let Service::Running { advertised, .. } = desk.bench.server() else { panic!("no server") };
    assert_eq!(case.order.path, recorded.unwrap().path, "under the path it had then");
    assert_eq!(case.order.url, format!("{advertised}{}", case.order.path), "at today's address");
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
}

/// The first line of what the firmware server answers.
fn answer(url: &str) -> String {
    let (place, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(place).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn the_same_push_can_be_tried_on_a_device_as_often_as_it_takes() {
    let capture = captured("aliyun-simulated-success.jsonl");
    let mut desk = Desk::new(|options| options.images = vec![program::SAMPLE.into()]);
    desk.until(|bench, _| bench.builds().next().is_some());
    let id = "bench01|securemode=3,signmethod=hmacsha1,timestamp=1|";
    let mut options = connect_options(desk.address(), id);
    options.set_credentials("lamp-01&simulated0000001", "");
    let device = Device::connect(options);
    for round in 1..=3 {
        desk.replay(desk.plan(&capture, true, Speed::Max));
        desk.until(|bench, _| bench.cases().len() == round);
        let pushed = device.next_message();
        let url = desk.bench.cases().last().unwrap().order.url.clone();
        assert!(String::from_utf8_lossy(&pushed.payload).contains(&url), "round {round}");
        assert!(answer(&url).contains(" 200 "), "round {round}");
        desk.session.act(Action::CancelUpgrade(desk.bench.cases().last().unwrap().order.upgrade));
        desk.until(|bench, _| bench.cases().last().unwrap().ended.is_some());
    }
}

#[test]
fn every_round_of_a_replay_is_judged_by_itself_however_fast() {
    for name in ["aliyun-simulated-success.jsonl", "uiot-simulated-md5-mismatch.jsonl"] {
        let mut desk = Desk::new(|_| {});
        desk.replay(ReplayOrder { rounds: 4, ..desk.plan(&captured(name), false, Speed::Max) });
        assert_eq!(desk.until_over(), ReplayState::Ended(None), "{name}");
        desk.until(|bench, _| bench.cases().last().is_some_and(|case| case.ended.is_some()));
        let ends: Vec<_> = desk.bench.cases().iter().map(|case| case.upgrade.state().outcome()).collect();
        let outcome = if name.starts_with("aliyun") { Outcome::Succeeded } else { Outcome::Failed };
        assert_eq!(ends, [Some(outcome); 4], "{name}: {}", desk.story());
        for case in desk.bench.cases() {
            assert_eq!(case.reports.replayed, case.ended, "{name}: it is known that a replay said so");
        }
    }
}

#[test]
fn a_push_whose_image_is_gone_goes_out_as_it_was() {
    let capture = captured("uiot-simulated-md5-mismatch.jsonl");
    let mut desk = Desk::new(|_| {});
    let device = Device::connect(connect_options(desk.address(), "listener"));
    device.subscribe("/$system/+/+/ota/downstream", QoS::AtLeastOnce);
    desk.replay(desk.plan(&capture, true, Speed::Max));
    let heard = device.next_message();
    let sent = capture.events.iter().find_map(|event| match &event.fact {
        Fact::MessagePublished { payload, .. } => Some(payload.to_vec()),
        _ => None,
    });
    assert_eq!(Some(heard.payload.to_vec()), sent);
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    assert!(desk.bench.cases().is_empty());
    // The broker tells of it by itself.
    let is_published = |event: &&Arc<Event>| matches!(event.fact, Fact::MessagePublished { .. });
    desk.until(|_, events| events.iter().any(|event| is_published(&event)));
    let published = desk.events.iter().find(is_published).unwrap();
    assert!(desk.bench.is_replayed(published.seq), "it is marked in the timeline");
}

#[test]
fn a_replay_signs_in_with_the_secret_the_session_knows_and_is_turned_away_with_another() {
    let capture = captured("uiot-simulated-md5-mismatch.jsonl");
    let device: DeviceId = "simulated0000001/lamp-01".parse().unwrap();
    let mut desk = Desk::new(|options| options.secrets = vec![(device.clone(), SECRET.into())]);
    let mut order = desk.plan(&capture, false, Speed::Max);
    desk.replay(order.clone());
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    order.speakers[0].secret = Some("another".into());
    desk.replay(order);
    desk.until(|bench, _| bench.replay(2).is_some_and(Replay::is_over));
    let replay = desk.bench.replay(2).unwrap();
    let ReplayState::Ended(Some(trouble)) = &replay.state else { panic!("{:?}", replay.state) };
    assert_eq!((&*trouble.code, replay.sent), ("replay-identity-refused", 0));
    assert!(trouble.arg("reason").unwrap().contains("CONNACK 5, not authorized"), "{trouble:?}");
    assert!(!desk.story().contains("another") && !desk.story().contains(SECRET), "no secret is told");
}

#[test]
fn a_replay_into_a_real_devices_upgrade_is_asked_about_first() {
    let capture = captured("uiot-simulated-md5-mismatch.jsonl");
    let desk = Desk::new(|_| {});
    let order = desk.plan(&capture, false, Speed::Max);
    let codes = |bench: &Bench, order: &ReplayOrder| {
        bench.replay_warnings(order, &[]).into_iter().map(|trouble| trouble.code.to_string()).collect::<Vec<_>>()
    };
    // As far as its upgrade had come then, without the console that tells a simulated device.
    let lived = |until: u64| {
        let mut bench = Bench::new(0);
        let events = capture.events.iter().filter(|event| event.seq <= until);
        events
            .filter(|event| !matches!(event.fact, Fact::PortOpened { .. }))
            .for_each(|event| drop(bench.apply(event)));
        bench
    };
    assert_eq!(codes(&Bench::new(0), &order), [""; 0]);
    assert_eq!(codes(&lived(9), &order), ["replay-takes-over"]);
    assert_eq!(codes(&lived(100), &order), ["replay-into-upgrade", "replay-takes-over"]);
    assert_eq!(codes(&lived(u64::MAX), &order), ["replay-takes-over"]);
    let to = |url: &str| ReplayOrder { target: ReplayTarget::Broker(url.into()), ..order.clone() };
    assert_eq!(codes(&lived(100), &to("mqtt://10.0.0.1")), [""; 0]);
    assert_eq!(codes(&lived(9), &to("mqtt://u:p@127.0.0.1:41065")), ["replay-takes-over"], "this very bench");
    let down = ReplayOrder { downstream: true, ..order.clone() };
    assert_eq!(codes(&lived(9), &down), [""; 0]);
    assert_eq!(codes(&lived(100), &down), ["replay-into-upgrade"]);
    // A connection that a replay made is nobody's loss.
    let fact = Fact::ReplayStarted {
        replay: 1,
        source: "a".into(),
        target: "b".into(),
        downstream: false,
        device: order.devices().next().cloned().map(Box::new),
        speed: "max".into(),
        messages: 1,
        rounds: 1,
    };
    let mut bench = lived(9);
    drop(bench.apply(&Event { seq: 10, at: Micros(0), fact }));
    assert_eq!(codes(&bench, &order), [""; 0]);
}

#[test]
fn a_replay_pauses_steps_and_stops_when_it_is_told_to() {
    let capture = captured("uiot-simulated-md5-mismatch.jsonl");
    let mut desk = Desk::new(|_| {});
    desk.replay(desk.plan(&capture, false, Speed::Step));
    let sent = |bench: &Bench| bench.replay(1).map_or(0, |replay| replay.sent);
    for step in 1..=3 {
        desk.steer(Steer::Step);
        desk.until(|bench, _| sent(bench) == step);
    }
    desk.steer(Steer::Stop);
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    assert_eq!(sent(&desk.bench), 3, "each step is one message");
    desk.steer(Steer::Pause);
    desk.until_met("replay-over");

    let mut slow = desk.plan(&capture, false, Speed::Times(1.0));
    slow.rounds = 1_000;
    desk.replay(slow);
    let steer = |desk: &Desk, steer| desk.session.act(Action::SteerReplay(SteerOrder { replay: 2, steer }));
    let state = |bench: &Bench, wanted: &ReplayState| bench.replay(2).is_some_and(|replay| replay.state == *wanted);
    desk.until(|bench, _| bench.replay(2).is_some_and(|replay| replay.sent > 2));
    steer(&desk, Steer::Pause);
    desk.until(|bench, _| state(bench, &ReplayState::Paused(None)));
    let before = desk.bench.replay(2).unwrap().sent;
    steer(&desk, Steer::Step);
    desk.until(|bench, _| bench.replay(2).unwrap().sent == before + 1);
    steer(&desk, Steer::Resume);
    desk.until(|bench, _| state(bench, &ReplayState::Running) && bench.replay(2).unwrap().sent > before + 1);
    steer(&desk, Steer::Stop);
    desk.until(|bench, _| bench.replay(2).unwrap().is_over());
    let replay = desk.bench.replay(2).unwrap();
    assert!(replay.sent < replay.total() && replay.ended.is_some(), "{replay:?}");
}

#[test]
fn a_message_of_ones_own_is_published_once_and_kept_where_that_is_asked() {
    let mut desk = Desk::new(|_| {});
    let message = |topic: &str| Publication { topic: topic.into(), payload: b"\xff{}".to_vec(), qos: 1, retain: true };
    desk.session.act(Action::Publish(message("/P/D/user/get")));
    desk.until(|_, events| events.iter().any(|event| matches!(event.fact, Fact::MessagePublished { .. })));
    let device = Device::connect(connect_options(desk.address(), "late"));
    device.subscribe("/P/D/user/get", QoS::AtLeastOnce);
    let heard = device.next_message();
    assert_eq!((heard.payload.to_vec(), heard.retain), (b"\xff{}".to_vec(), true));
    for (topic, code) in [("/a/#", "topic-wildcard"), ("", "topic-empty"), ("a\0", "topic-nul")] {
        desk.session.act(Action::Publish(message(topic)));
        desk.until_met(code);
    }
    desk.session.act(Action::Publish(Publication { qos: 3, ..message("/a") }));
    desk.until_met("bad-qos");
}

/// Otherwise an edited message would be the cloud's, and the bench would not take it for the device's word.
#[test]
fn an_edited_message_is_said_by_its_device_marked_and_taken_into_no_plan() {
    let mut desk = Desk::new(|_| {});
    let device = DeviceId::new("simulated0000001", "lamp-01");
    let payload = br#"{"method":"report_version","payload":{"version":"9.9.9"}}"#.to_vec();
    let topic = "/$system/simulated0000001/lamp-01/ota/upstream".to_owned();
    let message = Publication { topic, payload: payload.clone(), qos: 1, retain: false };
    let speaker = Speaker { device: Some(device.clone()), dialect: "uiot".into(), secret: None };
    desk.replay(message.said_by(speaker, "bad".into(), 15));
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    desk.until(|bench, _| bench.device(&device).is_some_and(|device| device.version(None) == Some("9.9.9")));
    let heard = desk.events.iter().find_map(|event| match &event.fact {
        Fact::MessageReceived { client, payload, .. } => Some((event.seq, client.clone(), payload.to_vec())),
        _ => None,
    });
    let (seq, client, heard) = heard.unwrap();
    assert_eq!((client.as_deref(), heard), (Some("simulated0000001.lamp-01"), payload));
    assert!(desk.bench.is_replayed(seq));
    let events: Vec<Event> = desk.events.iter().map(|event| Event::clone(event)).collect();
    let again = replay::plan("own", &events, &Choice::default(), &Manner::default(), Some(&desk.bench));
    assert_eq!(again.unwrap_err().code, "replay-empty");
}

/// Otherwise each replay of what a session recorded would push the upgrades of the ones before it once more.
#[test]
fn a_session_in_which_an_upgrade_was_replayed_has_nothing_of_it_to_replay() {
    let capture = captured("uiot-simulated-md5-mismatch.jsonl");
    let mut desk = Desk::new(|_| {});
    desk.replay(desk.plan(&capture, false, Speed::Max));
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    let total = desk.bench.replay(1).unwrap().total();
    let heard = |event: &&Arc<Event>| matches!(event.fact, Fact::MessageReceived { .. });
    desk.until(|_, events| events.iter().filter(heard).count() as u64 == total);
    let ordered = desk.bench.cases()[0].order.replay;
    assert_eq!(ordered, Some(1), "the order says whose it is");
    let events: Vec<Event> = desk.events.iter().map(|event| Event::clone(event)).collect();
    for downstream in [false, true] {
        let choice = Choice { downstream, ..Choice::default() };
        let again = replay::plan("own", &events, &choice, &Manner::default(), Some(&desk.bench));
        let acts = again.map(|plan| plan.order.steps.len());
        assert_eq!(acts.unwrap_err().code, "replay-empty", "downstream: {downstream}");
    }
}

#[test]
fn a_replay_by_steps_runs_on_in_the_original_time_when_it_is_told_to() {
    let capture = captured("uiot-simulated-md5-mismatch.jsonl");
    let mut desk = Desk::new(|_| {});
    desk.replay(desk.plan(&capture, false, Speed::Step));
    desk.steer(Steer::Step);
    desk.until(|bench, _| bench.replay(1).is_some_and(|replay| replay.sent == 1));
    desk.steer(Steer::Resume);
    desk.until(|bench, _| bench.replay(1).is_some_and(|replay| replay.speed == Some(Speed::Times(1.0))));
    assert_eq!(desk.until_over(), ReplayState::Ended(None));
    let replay = desk.bench.replay(1).unwrap();
    assert_eq!(replay.sent, replay.total());
    let took = replay.ended.unwrap().since(replay.began);
    assert!(took >= Micros::from_millis(1_500), "as long as it took then, about two seconds: {took:?}");
}
