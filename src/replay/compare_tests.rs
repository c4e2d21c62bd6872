//! A good run beside a bad one.

use super::{Comparison, Courses, Lane, Phase, compare};
use crate::event::{Event, Fact, Micros};
use crate::replay::{Did, Sort, read};

fn compared(a: &str, b: &str) -> Comparison {
    let courses = |name: &str| {
        let file = format!("{}/tests/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let capture = read(&std::fs::read(file).unwrap()).unwrap();
        let mut courses = Courses::begin(&capture.header);
        capture.events.iter().for_each(|event| courses.event(event));
        courses.end()
    };
    compare(courses(a), courses(b))
}

const GOOD: &str = "captures/aliyun-simulated-success";
const BAD: &str = "captures/uiot-simulated-md5-mismatch";

#[test]
fn a_capture_beside_itself_tells_the_same() {
    let comparison = compared(GOOD, GOOD);
    let [pair] = &comparison.pairs[..] else { panic!("{comparison:?}") };
    assert!(pair.parting.is_none() && pair.a == pair.b);
    let phases: Vec<_> = pair.a.phases.keys().copied().collect();
    assert_eq!(
        phases,
        [
            Phase::Published,
            Phase::Delivered,
            Phase::Acknowledged,
            Phase::FirstRequest,
            Phase::FirstProgress,
            Phase::AllServed,
            Phase::Offline,
            Phase::Back,
            Phase::NewVersion,
            Phase::Verdict,
        ]
    );
    let times: Vec<_> =
        pair.a.phases.iter().filter(|(phase, _)| **phase != Phase::FirstProgress).map(|(_, at)| at.0).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(pair.a.phases[&Phase::Published].0, 148);
}

/// The engineer sees at once what the bad run did in place of the good one.
#[test]
fn a_bad_run_parts_from_a_good_one_where_it_goes_wrong() {
    let comparison = compared("traces/uiot-v1-success", "traces/uiot-v1-bad-md5");
    let [pair] = &comparison.pairs[..] else { panic!("{comparison:?}") };
    let parting = pair.parting.as_ref().unwrap();
    assert_eq!(parting.lane, Lane::Says, "{comparison:?}");
    assert!(parting.b.as_ref().is_none_or(|step| matches!(step.what, Did::Failed { .. })), "{comparison:?}");
    assert!(pair.b.state.starts_with("failed") || pair.a.state == "succeeded", "{comparison:?}");
}

#[test]
fn upgrades_of_different_devices_are_compared_all_the_same() {
    let comparison = compared(GOOD, BAD);
    let [pair] = &comparison.pairs[..] else { panic!("{comparison:?}") };
    assert_eq!((pair.a.state.as_str(), pair.b.state.as_str()), ("succeeded", "failed md5-mismatch -4"));
    let codes = |course: &super::Course| course.findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!((codes(&pair.a), codes(&pair.b)), (vec![], vec!["served-intact"]), "what was found in either");
    let parting = pair.parting.as_ref().unwrap();
    assert_eq!(parting.lane, Lane::Says);
    assert!(pair.phases().any(|(phase, a, b)| phase == Phase::AllServed && a.is_some() && b.is_some()));
}

#[test]
fn what_only_one_capture_has_is_said() {
    let comparison = compared(GOOD, "traces/aliyun-linksdk-reboot");
    assert_eq!((comparison.pairs.len(), comparison.only_a.len(), comparison.only_b.len()), (0, 1, 0), "{comparison:?}");
}

/// A listener beside a broker sees no firmware server and nobody come or go: that is no difference between the runs.
#[test]
fn what_only_one_recording_could_see_is_no_difference() {
    let mut both = Vec::new();
    for listener in [false, true] {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces/uiot-v2-success.jsonl");
        let mut capture = read(&std::fs::read(file).unwrap()).unwrap();
        if listener {
            let broker = Fact::BrokerStarted { address: "b".into(), external: true };
            capture
                .events
                .retain(|event| Sort::Up.has(&event.fact) || matches!(event.fact, Fact::UpgradeRequested { .. }));
            capture.events.insert(0, Event { seq: 0, at: Micros(0), fact: broker });
        }
        let mut courses = Courses::begin(&capture.header);
        capture.events.iter().for_each(|event| courses.event(event));
        both.push(courses.end());
    }
    let comparison = compare(both.remove(0), both.remove(0));
    assert!(comparison.pairs.len() == 1 && comparison.pairs[0].parting.is_none(), "{comparison:?}");
}
