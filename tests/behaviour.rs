//! The simulated device's ways of going wrong, each on virtual time against the bench's own fold: each ends in its diagnosis.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod world;

use ota_workbench::device::Behaviour;
use ota_workbench::event::Extras;
use ota_workbench::upgrade::Outcome;
use world::World;

const DIALECTS: [&str; 5] = ["uiot", "uiot-v1", "uiot-v2", "uiot-stack", "aliyun"];

#[test]
fn a_device_of_every_dialect_is_upgraded_without_a_word_of_blame() {
    for dialect in DIALECTS {
        let mut world = World::new(dialect, None);
        world.push("2.0.0", Extras::default());
        world.run();
        assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec![]), "{dialect}");
        let device = world.bench.device(&world.device).unwrap();
        assert_eq!((device.spoken.as_deref(), device.version(None)), (Some(dialect), Some("2.0.0")));
        assert_eq!(device.defects.counts.len(), 0, "{:?}", device.defects);
    }
}

#[test]
fn whatever_alibaba_cloud_can_announce_is_downloaded_checked_and_covered() {
    let second: Vec<u8> = b"second file".repeat(900);
    for (extras, files, defects) in [
        (Extras { sha256: true, ..Extras::default() }, vec![], 0),
        (Extras { stream: Some(1_397_345), ..Extras::default() }, vec![], 1),
        (Extras { stream: Some(7), sha256: true, ..Extras::default() }, vec![], 1),
        (Extras::default(), vec![second.clone(), b"third".to_vec()], 0),
        (Extras { sha256: true, ..Extras::default() }, vec![second], 0),
    ] {
        let mut world = World::new("aliyun", None);
        world.files.extend(files);
        let total: usize = world.files.iter().map(Vec::len).sum();
        world.push("2.0.0", extras);
        world.run();
        assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec![]));
        let witness = &world.bench.cases()[0].witness;
        assert_eq!((witness.in_all.covered(), witness.in_all.overlap()), (total as u64, 0));
        let device = world.bench.device(&world.device).unwrap();
        assert_eq!(device.defects.counts.len(), defects, "the SDK's comma too many: {:?}", device.defects.counts);
    }
}

fn found(dialect: &str, behaviour: Behaviour) -> Vec<&'static str> {
    let mut world = World::new(dialect, Some(behaviour));
    if behaviour == Behaviour::IgnoresStatus {
        world.status = Some(403);
    }
    if behaviour == Behaviour::StaleDigest {
        world.push("1.5.0", Extras::default());
        world.run();
        assert_eq!(world.outcome(), Some(Outcome::Succeeded));
    }
    world.push("2.0.0", Extras::default());
    world.run();
    world.findings()
}

/// Who goes wrong how, and what is found.
const CASES: &[(&str, Behaviour, &[&str])] = &[
    ("uiot-v2", Behaviour::Silent, &["silent-after-push"]),
    ("aliyun", Behaviour::Silent, &["push-ignored"]),
    ("uiot-v2", Behaviour::SilentAtHundred, &["silent-at-hundred"]),
    ("uiot-v2", Behaviour::IgnoresStatus, &["error-page-taken"]),
    ("uiot-v2", Behaviour::GivesUp, &["gave-up"]),
    ("aliyun", Behaviour::GivesUp, &["gave-up"]),
    ("uiot-v2", Behaviour::RepeatsLastRange, &["repeats-the-end"]),
    ("aliyun", Behaviour::RepeatsLastRange, &["repeats-the-end"]),
    ("uiot-v2", Behaviour::NoProgress, &["success-without-progress"]),
    ("uiot-v2", Behaviour::UpgradesTwice, &["upgraded-twice"]),
    ("aliyun", Behaviour::Storm, &["retry-storm"]),
    ("aliyun", Behaviour::OverlappingRanges, &["served-overlapping"]),
    ("uiot-v1", Behaviour::OverlappingRanges, &["served-overlapping"]),
    ("aliyun", Behaviour::TwoDownloads, &["two-downloads"]),
    ("aliyun", Behaviour::NeverReports, &["version-never-reported"]),
    ("aliyun", Behaviour::StaleDigest, &["digest-not-reset", "served-intact"]),
    ("uiot-v2", Behaviour::StaleDigest, &["digest-not-reset", "served-intact"]),
];

#[test]
fn each_way_of_going_wrong_ends_in_its_diagnosis() {
    let wrong: Vec<_> = CASES
        .iter()
        .filter_map(|(dialect, behaviour, expected)| {
            let found = found(dialect, *behaviour);
            (found != *expected).then(|| format!("{dialect} {}: {found:?}", behaviour.id()))
        })
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_device_that_comes_back_with_another_version_has_failed() {
    for dialect in ["uiot-v2", "uiot", "aliyun"] {
        let mut world = World::new(dialect, Some(Behaviour::WrongVersion));
        world.push("2.0.0", Extras::default());
        world.run();
        assert_eq!(world.outcome(), Some(Outcome::Failed), "{dialect}");
    }
}
