//! Armed faults on virtual time, against the bench's own fold and the simulated device: what each provokes, and who is blamed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod world;

use ota_workbench::bench::Acted;
use ota_workbench::event::{Extras, Fact, Micros};
use ota_workbench::upgrade::{Failure, Outcome, State};
use world::World;

/// What provokes the code in the simulated device: a fault, or its own `--fail`.
enum By {
    Fault(&'static str),
    Fail(i64),
}
use By::{Fail, Fault};

/// The error codes of both clouds' documents, each with what provokes it. Those that the firmware server has to act out are
/// in `tests/served_faults.rs`.
#[rustfmt::skip]
const CODES: &[(&str, i64, By)] = &[
    // -1: the URL cannot be reached. -2: its signature has expired. -3: the download timed out.
    ("uiot", -1, Fault("closed-port")),
    ("uiot", -1, Fault("unreachable")),
    ("uiot", -1, Fault("empty-url")),
    ("uiot", -3, Fault("wrong-size:+1")),
    // -4: the MD5 does not match. -5: the flash cannot be written.
    ("uiot", -4, Fault("wrong-digest")),
    ("uiot", -4, Fault("wrong-size:-1")),
    ("uiot", -5, Fail(-5)),
    ("uiot-v1", -4, Fault("wrong-digest")),
    ("uiot-v2", -1, Fault("closed-port")),
    // -1: the upgrade failed. -2: the download. -3: the check. -4: the flash cannot be written.
    ("aliyun", -1, Fault("wrong-size:-300000")),
    ("aliyun", -2, Fault("closed-port")),
    ("aliyun", -2, Fault("unreachable")),
    ("aliyun", -2, Fault("empty-url")),
    ("aliyun", -2, Fault("wrong-size:+1")),
    ("aliyun", -3, Fault("wrong-digest")),
    ("aliyun", -3, Fault("wrong-size:-1")),
    ("aliyun", -4, Fail(-4)),
];

/// A push to a device with these faults, played to its end.
fn played(dialect: &str, faults: &[&str]) -> World {
    let mut world = World::new(dialect, None);
    world.push_with("2.0.0", Extras::default(), faults);
    world.run();
    world
}

fn code(world: &World) -> Option<i64> {
    match world.bench.cases().last().unwrap().upgrade.state() {
        State::Failed(Failure::Reported { code, .. }) => Some(*code),
        _ => None,
    }
}

#[test]
fn every_error_code_of_the_clouds_can_be_provoked() {
    for (dialect, expected, by) in CODES {
        let world = match by {
            Fault(fault) => played(dialect, &[fault]),
            Fail(code) => {
                let mut world = World::with(dialect, None, Some(*code));
                world.push("2.0.0", Extras::default());
                world.run();
                world
            }
        };
        assert_eq!(code(&world), Some(*expected), "{dialect} {expected}");
        let findings = world.findings();
        if let Fault(fault) = by {
            assert_eq!(findings, ["fault-armed"], "{dialect} {fault}");
        }
    }
}

fn acted(world: &World) -> Vec<(String, u64, Option<u64>)> {
    let acted = world.bench.cases().last().unwrap().faults.acted.iter();
    acted.map(|Acted { fault, times, place, .. }| (fault.to_string(), *times, *place)).collect()
}

#[test]
fn a_push_that_lacks_a_field_is_passed_over_and_the_device_is_not_blamed() {
    for (dialect, field) in [("uiot", "url"), ("uiot-v2", "MD5"), ("uiot-stack", "TaskID"), ("aliyun", "size")] {
        let fault = format!("missing-field:{field}");
        let world = played(dialect, &[&fault]);
        assert_eq!((world.outcome(), world.findings()), (None, vec!["fault-armed"]), "{dialect}");
        assert_eq!(acted(&world), [(fault, 1, None)]);
    }
}

#[test]
fn a_version_that_is_not_the_builds_is_the_one_that_is_waited_for() {
    let world = played("uiot", &["wrong-version:9.9.9"]);
    assert_eq!(world.bench.cases()[0].order.version, "9.9.9");
    assert_eq!(world.offers[0].1.version, "9.9.9");
    // The simulated device takes the announcement's word for it; a real one that looks into the image fails here.
    assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec!["fault-armed"]));
}

#[test]
fn a_device_that_is_kicked_half_way_gets_its_upgrade_all_the_same() {
    for (dialect, at) in [("uiot", 50), ("uiot-v2", 50), ("aliyun", 50), ("uiot-stack", 50)] {
        let world = played(dialect, &["kick:50"]);
        assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec!["fault-armed"]), "{dialect}");
        let [(fault, 1, Some(reached))] = &acted(&world)[..] else { panic!("{dialect} {:?}", acted(&world)) };
        assert!(fault == "kick:50" && (at..at + 5).contains(reached), "{dialect} at {reached}");
    }
    let twice = played("uiot", &["kick:25", "kick:75"]);
    assert_eq!(acted(&twice), [("kick:25".into(), 1, Some(25)), ("kick:75".into(), 1, Some(75))]);
}

#[test]
fn a_kicked_device_is_refused_for_as_long_as_was_asked_for() {
    let world = played("uiot", &["kick:50", "refuse-reconnect:30"]);
    let acted: Vec<_> = acted(&world).into_iter().map(|(fault, times, _)| (fault, times)).collect();
    assert_eq!(acted, [("kick:50".into(), 1), ("refuse-reconnect:30".into(), 1)]);
    assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec!["fault-armed"]));
}

#[test]
fn without_a_kick_the_device_is_refused_when_it_restarts_by_itself() {
    let world = played("uiot", &["refuse-reconnect:30"]);
    assert_eq!(acted(&world), [("refuse-reconnect:30".into(), 1, None)]);
    assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec!["fault-armed"]));
    assert!(world.now > Micros::from_secs(30), "{}", world.now);
}

#[test]
fn a_push_that_comes_twice_or_again_without_its_acknowledgement_starts_one_download() {
    for fault in ["push-twice", "lose-ack"] {
        for dialect in ["uiot", "uiot-stack", "aliyun"] {
            let world = played(dialect, &[fault]);
            assert_eq!(world.offers.len(), 2, "{dialect} {fault}");
            assert_eq!(world.offers[0], world.offers[1]);
            assert_eq!(acted(&world), [(fault.into(), 1, None)]);
            assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec!["fault-armed"]));
        }
    }
}

/// Nobody may be called silent before the push is even out.
#[test]
fn a_late_push_goes_out_when_it_is_due_and_the_wait_is_nobodys_silence() {
    for dialect in ["uiot", "aliyun"] {
        let mut world = World::new(dialect, None);
        world.push_with("2.0.0", Extras::default(), &["push-late:90.5", "wrong-digest"]);
        assert!(world.offers.is_empty() && acted(&world).is_empty());
        world.run();
        assert_eq!(world.offers.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [Micros::from_millis(90_500)]);
        let faults: Vec<_> = acted(&world).into_iter().map(|(fault, ..)| fault).collect();
        assert_eq!(faults, ["wrong-digest", "push-late:90.5"]);
        assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Failed), vec!["fault-armed"]));
    }
}

#[test]
fn a_push_that_was_cancelled_while_it_was_held_back_never_goes_out() {
    let mut world = World::new("uiot", None);
    world.push_with("2.0.0", Extras::default(), &["push-late:90"]);
    world.tell(Fact::UpgradeCancelled { upgrade: 1 });
    world.settle();
    world.run();
    assert!(world.offers.is_empty());
    assert_eq!((world.outcome(), acted(&world)), (Some(Outcome::Cancelled), vec![]));
}

#[test]
fn the_same_push_again_has_the_same_faults_again() {
    let mut world = played("uiot", &["push-twice", "wrong-digest"]);
    world.tell(Fact::UpgradeRetried { upgrade: 1 });
    world.settle();
    world.run();
    assert_eq!(world.offers.len(), 4);
    assert_eq!(acted(&world), [("push-twice".into(), 1, None), ("wrong-digest".into(), 1, None)]);
    assert_eq!(code(&world), Some(-4));
}
