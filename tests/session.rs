//! The main job on loopback: broker, firmware server, session and a simulated device on real sockets.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

use ota_workbench::bench::{Action, Bench, PushExtras, PushOrder, Service, SimulatedOrder};
use ota_workbench::capture::Capture;
use ota_workbench::diagnosis;
use ota_workbench::event::{DeviceId, Event, Fact, KICKED};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::upgrade::{Failure, Outcome, State};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(30);

/// A session on ports the system picks, with one build, seen as the window sees it.
struct Desk {
    session: Session,
    bench: Bench,
    events: Vec<Arc<Event>>,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self::with(BrokerChoice::Embedded("127.0.0.1:0".into()))
    }

    fn with(broker: BrokerChoice) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("lamp-2.0.0.bin");
        std::fs::write(&image, (0..50_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
        let options = SessionOptions {
            broker,
            http: "127.0.0.1:0".into(),
            capture: CaptureChoice::File(folder.path().join("capture.jsonl")),
            images: vec![image],
            ..SessionOptions::default()
        };
        let session = Session::start(options, Box::new(|| {})).unwrap();
        let bench = Bench::new(session.clock().began_unix_ms());
        let mut desk = Self { session, bench, events: Vec::new(), folder };
        desk.until(|bench, _| bench.builds().next().is_some());
        desk
    }

    fn capture(&self) -> PathBuf {
        self.folder.path().join("capture.jsonl")
    }

    /// Follows the session until something is so.
    fn until(&mut self, mut so: impl FnMut(&Bench, &[Arc<Event>]) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !so(&self.bench, &self.events) {
            let batch = self.session.wait(Duration::from_millis(200));
            for event in batch.events {
                self.bench.apply(&event);
                self.events.push(event);
            }
            assert!(Instant::now() < deadline, "not in time; so far:\n{}", self.story());
        }
    }

    /// What happened, as the capture spells it.
    fn story(&self) -> String {
        let mut lines = Vec::new();
        self.events.iter().rev().take(40).rev().for_each(|event| ota_workbench::capture::encode(event, &mut lines));
        String::from_utf8_lossy(&lines).into_owned()
    }

    /// Starts a simulated device and waits until a push would reach it.
    fn device(&mut self, dialect: &str) -> DeviceId {
        self.session
            .act(Action::StartSimulatedDevice(SimulatedOrder { dialect: dialect.into(), ..SimulatedOrder::default() }));
        let dialect = dialect.to_owned();
        self.until(|bench, _| bench.devices().any(|(id, _)| bench.reaches(id, &dialect) == Some(true)));
        self.bench.devices().map(|(id, _)| id.clone()).next().unwrap()
    }

    fn push(&mut self, device: &DeviceId, dialect: &str) {
        self.push_with(device, dialect, &[]);
    }

    fn push_with(&mut self, device: &DeviceId, dialect: &str, faults: &[&str]) {
        self.session.act(Action::Push(PushOrder {
            image: 1,
            device: device.clone(),
            dialect: dialect.into(),
            version: "2.0.0".into(),
            module: None,
            timeout_secs: None,
            url_lifetime_secs: None,
            extras: PushExtras::default(),
            faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        }));
    }

    fn outcome(&mut self) -> Outcome {
        self.until(|bench, _| bench.cases().last().is_some_and(|case| case.ended.is_some()));
        self.bench.cases().last().and_then(|case| case.upgrade.state().outcome()).unwrap()
    }
}

fn check_main_job(dialect: &str) {
    let mut desk = Desk::new();
    let device = desk.device(dialect);
    desk.push(&device, dialect);
    assert_eq!(desk.outcome(), Outcome::Succeeded);
    let case = desk.bench.cases().last().unwrap();
    assert_eq!(case.upgrade.state(), &State::Succeeded);
    assert!(case.witness.coverage.is_complete(), "both witnesses: the server served all of it");
    assert_eq!(case.witness.coverage.overlap(), 0);
    assert_eq!(desk.bench.device(&device).unwrap().version(None), Some("2.0.0"));
    let console: Vec<u8> = desk
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::BytesReceived { bytes, .. } => Some(bytes.to_vec()),
            _ => None,
        })
        .flatten()
        .collect();
    let console = String::from_utf8_lossy(&console).into_owned();
    assert!(console.contains("2.0.0"), "{console}");

    let path = desk.capture();
    let Desk { session, mut bench, .. } = desk;
    let last = {
        let tail = session.drain();
        tail.events.into_iter().for_each(|event| drop(bench.apply(&event)));
        drop(session);
        Capture::parse(&std::fs::read(path).unwrap()).unwrap()
    };
    assert!(last.damage.is_empty(), "{:?}", last.damage);
    // The session goes on to its very end after the window stopped looking: compare at the same event.
    let mut folded = Bench::new(last.header.started_unix_ms);
    for event in last.events.iter().take_while(|event| event.seq <= bench.events()) {
        folded.apply(event);
    }
    assert!(folded == bench, "the capture's fold is not the live one");
}

#[test]
fn a_uiot_device_is_upgraded_and_the_capture_tells_the_same_story() {
    check_main_job("uiot");
}

#[test]
fn an_aliyun_device_is_upgraded_and_the_capture_tells_the_same_story() {
    check_main_job("aliyun");
}

#[test]
fn a_build_that_changes_while_it_is_pushed_does_not_reach_the_device() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    desk.push(&device, "uiot");
    desk.until(|bench, _| bench.cases().last().is_some_and(|case| case.witness.requests > 0));
    std::fs::write(desk.folder.path().join("lamp-2.0.0.bin"), vec![7; 1_000]).unwrap();
    assert_eq!(desk.outcome(), Outcome::Succeeded);
    desk.until(|bench, _| bench.builds().any(|(_, build)| build.rebuilt && build.size == 1_000));
}

#[test]
fn a_build_that_vanished_is_told_and_nothing_is_pushed() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    std::fs::remove_file(desk.folder.path().join("lamp-2.0.0.bin")).unwrap();
    desk.push(&device, "uiot");
    desk.until(|bench, _| bench.build(1).is_some_and(|build| build.trouble.is_some()));
    assert!(desk.bench.cases().is_empty());
}

#[test]
fn cancelling_stops_serving_and_the_upgrade_is_no_success() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    desk.push(&device, "uiot");
    desk.until(|bench, _| bench.cases().last().is_some_and(|case| case.witness.requests > 2));
    desk.session.act(Action::CancelUpgrade(1));
    assert_eq!(desk.outcome(), Outcome::Cancelled);
    desk.until(|bench, _| bench.cases()[0].witness.statuses.contains_key(&404));
    assert_eq!(desk.bench.cases()[0].upgrade.state(), &State::Cancelled);
}

#[test]
fn a_second_push_while_the_first_downloads_is_refused() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    desk.push(&device, "uiot");
    desk.until(|bench, _| bench.cases().last().is_some_and(|case| case.upgrade.state().in_progress()));
    desk.push(&device, "uiot");
    desk.until(|_, events| {
        events
            .iter()
            .any(|event| matches!(&event.fact, Fact::TroubleMet { trouble } if trouble.code == "upgrade-in-progress"))
    });
    assert_eq!(desk.outcome(), Outcome::Succeeded);
    assert_eq!(desk.bench.cases().len(), 1);
}

#[test]
fn the_broker_moves_to_another_address_while_the_program_runs() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    desk.session.act(Action::SetBroker("127.0.0.1:0".into()));
    desk.until(|bench, events| {
        let started = events.iter().filter(|event| matches!(event.fact, Fact::BrokerStarted { .. })).count();
        started == 2 && bench.device(&device).is_some_and(|device| device.online == Some(false))
    });
}

#[test]
fn a_taken_port_is_told_and_the_bench_goes_on() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let mut desk = Desk::with(BrokerChoice::Embedded(taken.clone()));
    desk.until(|_, events| {
        events.iter().any(|event| match &event.fact {
            Fact::BrokerFailed { trouble } => {
                trouble.code == "address-in-use" && trouble.arg("address") == Some(taken.as_str())
            }
            _ => false,
        })
    });
    drop(holder);
    desk.session.act(Action::SetBroker(taken));
    desk.device("aliyun");
}

fn met(events: &[Arc<Event>], code: &str) -> bool {
    events.iter().any(|event| matches!(&event.fact, Fact::TroubleMet { trouble } if trouble.code == code))
}

#[test]
fn a_cancelled_upgrade_that_is_retried_is_served_again_even_by_a_server_that_was_started_anew() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    desk.push(&device, "uiot");
    desk.until(|bench, _| bench.cases().last().is_some_and(|case| case.witness.requests > 2));
    desk.session.act(Action::RetryUpgrade(1));
    desk.until(|_, events| met(events, "upgrade-in-progress"));
    desk.session.act(Action::CancelUpgrade(1));
    assert_eq!(desk.outcome(), Outcome::Cancelled);
    // The device gives up on 404 by itself, and says so: were that to come after the retry, it would count against it.
    let gave_up = |event: &Arc<Event>| match &event.fact {
        Fact::MessageReceived { payload, .. } => String::from_utf8_lossy(payload).contains("report_fail"),
        _ => false,
    };
    desk.until(|_, events| events.iter().any(gave_up));
    let Service::Running { address, .. } = desk.bench.server().clone() else { panic!("no server") };
    desk.session.act(Action::SetServer { address, advertise: None });
    desk.session.act(Action::RetryUpgrade(1));
    desk.until(|_, events| events.iter().any(|event| matches!(event.fact, Fact::UpgradeRetried { .. })));
    assert_eq!(desk.outcome(), Outcome::Succeeded);
    desk.session.act(Action::SetServer { address: "127.0.0.1:0".into(), advertise: None });
    desk.session.act(Action::RetryUpgrade(1));
    desk.until(|_, events| met(events, "retry-moved"));
    desk.session.act(Action::RetryUpgrade(7));
    desk.until(|_, events| met(events, "retry-too-old"));
}

#[test]
fn a_prefix_that_is_no_url_is_refused_and_the_server_goes_on() {
    let mut desk = Desk::new();
    desk.until(|bench, _| matches!(bench.server(), Service::Running { .. }));
    let before = desk.bench.server().clone();
    let advertise = Some("192.168.1.20:8070".into());
    desk.session.act(Action::SetServer { address: "127.0.0.1:0".into(), advertise });
    desk.until(|_, events| met(events, "bad-url-prefix"));
    assert_eq!(desk.bench.server(), &before);
    let device = desk.device("uiot");
    desk.push(&device, "uiot");
    assert_eq!(desk.outcome(), Outcome::Succeeded);
}

/// What a simulated device makes of these faults: the code it fails with, or none when it succeeds.
fn check_faults(dialect: &str, faults: &[&str], code: Option<i64>) -> Vec<Arc<Event>> {
    let mut desk = Desk::new();
    let device = desk.device(dialect);
    desk.push_with(&device, dialect, faults);
    desk.outcome();
    let case = desk.bench.cases().last().unwrap();
    let failed = match case.upgrade.state() {
        State::Succeeded => None,
        State::Failed(Failure::Reported { code, .. }) => Some(*code),
        other => panic!("{dialect} {faults:?}: {other:?}"),
    };
    assert_eq!(failed, code, "{dialect} {faults:?}\n{}", desk.story());
    let armed = |fault: &&str| case.faults.acted.iter().any(|acted| acted.fault.to_string() == **fault);
    assert!(faults.iter().all(armed), "{faults:?}: {:?}", case.faults.acted);
    let findings = diagnosis::examine(&desk.bench, 1);
    assert_eq!(findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["fault-armed"]);
    std::mem::take(&mut desk.events)
}

#[test]
fn what_is_announced_wrongly_on_purpose_fails_with_the_code_it_should_provoke() {
    check_faults("uiot", &["closed-port"], Some(-1));
    check_faults("uiot", &["empty-url"], Some(-1));
    check_faults("uiot", &["wrong-digest"], Some(-4));
    check_faults("uiot", &["wrong-size:+1"], Some(-3));
    check_faults("aliyun", &["closed-port"], Some(-2));
    check_faults("aliyun", &["wrong-size:-1"], Some(-3));
    check_faults("aliyun", &["wrong-size:-200000"], Some(-1));
}

#[test]
fn a_device_recovers_from_whatever_happens_to_its_connection() {
    let events = check_faults("uiot", &["kick:50", "refuse-reconnect:1.5", "push-twice", "lose-ack"], None);
    let told = |fits: &dyn Fn(&Fact) -> bool| events.iter().filter(|event| fits(&event.fact)).count();
    assert_eq!(told(&|fact| matches!(fact, Fact::ClientDisconnected { reason, .. } if reason == KICKED)), 1);
    assert!(told(&|fact| matches!(fact, Fact::ClientRefused { .. })) > 0, "it tried meanwhile and was turned away");
    assert_eq!(told(&|fact| matches!(fact, Fact::MessagePublished { .. })), 2);
    check_faults("aliyun", &["push-late:0.5", "kick:50"], None);
}

#[test]
fn a_fault_that_cannot_act_is_refused_before_anything_is_pushed() {
    let mut desk = Desk::new();
    let device = desk.device("uiot");
    for (faults, code) in [
        (&["missing-field:sign"][..], "fault-no-such-field"),
        (&["flip:200000"], "fault-beyond-image"),
        (&["not-found", "expired"], "faults-clash"),
    ] {
        desk.push_with(&device, "uiot", faults);
        desk.until(|_, events| {
            let refused =
                |event: &Arc<Event>| matches!(&event.fact, Fact::TroubleMet { trouble } if trouble.code == code);
            events.iter().any(refused)
        });
    }
    assert!(desk.bench.cases().is_empty());
}
