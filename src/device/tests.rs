//! The simulated device on virtual time: what its cloud hears, and what its console shows.

use super::{Brain, Ending, FetchFailure, Input, Offered, OfferedFile, Profile, Source, Step};
use crate::event::Micros;
use crate::upgrade::SuccessRule;
use crate::upgrade::{About, Report, Said};
use SuccessRule::{Informed, Reported};

const MD5_OF_ZEROS: &str = "fcd6bcb56c1689fcef28b57c22475bad"; // 64 KiB of them
const SIZE: u64 = 65_536;

/// A device with a server that has an image of zeros, and a clock that only we turn.
struct World {
    brain: Brain,
    now: Micros,
    said: Vec<Said>,
    console: String,
    ended: Vec<Ending>,
    /// Ranges asked for.
    ranges: Vec<(u64, u64)>,
    /// What the server does instead of answering, from the n-th request on.
    trouble: Option<(usize, FetchFailure)>,
    connects: usize,
}

impl World {
    fn new(rule: SuccessRule, fail_with: Option<i64>, pace: u64) -> Self {
        let greeting: super::Greeting = Box::new(|version| {
            vec![Report::Asked { version: None, reply: None }, Report::Version { version: version.to_owned() }]
        });
        let brain =
            Brain::new(Profile { version: "1.0.0".into(), success: rule, fail_with, pace, greeting, behaviour: None });
        let (said, ended, ranges) = (Vec::new(), Vec::new(), Vec::new());
        let mut world =
            Self { brain, now: Micros(0), said, console: String::new(), ended, ranges, trouble: None, connects: 0 };
        world.put(Input::Started);
        world.said.clear();
        world
    }

    fn put(&mut self, input: Input) {
        self.brain.handle(input, self.now);
        while let Some(step) = self.brain.poll_step() {
            self.carry_out(step);
        }
    }

    fn carry_out(&mut self, step: Step) {
        let now = self.now;
        match step {
            Step::Say(said) => self.said.push(said),
            Step::Log(text) => self.console.push_str(&text),
            Step::Ended(ending) => self.ended.push(ending),
            Step::Disconnect => {}
            Step::Connect => {
                self.connects += 1;
                self.brain.handle(Input::Connected, now);
            }
            Step::Fetch { ticket, offset, length, .. } => {
                self.ranges.push((offset, length));
                let answer = match &self.trouble {
                    Some((from, why)) if self.ranges.len() > *from => Input::FetchFailed { ticket, why: why.clone() },
                    _ => Input::Arrived { ticket, bytes: vec![0; usize::try_from(length).unwrap()] },
                };
                self.brain.handle(answer, now);
            }
        }
    }

    /// Turns the clock until nothing is left to do.
    fn run(&mut self) {
        while self.tick() {}
    }

    fn tick(&mut self) -> bool {
        let Some(due) = self.brain.poll_timeout() else { return false };
        self.now = self.now.max(due);
        self.put(Input::Timer);
        true
    }

    fn upgrade(&mut self) {
        self.put(Input::Offered(offer()));
        self.run();
    }

    fn last_words(&self) -> Report {
        let told = self.said.iter().rev().find(|said| !super::brain::is_question(&said.report));
        told.expect("the device said nothing").report.clone()
    }

    fn percents(&self) -> (Vec<u8>, Vec<u8>) {
        let mut percents = (Vec::new(), Vec::new());
        for said in &self.said {
            match said.report {
                Report::Downloading { percent } => percents.0.push(percent),
                Report::Burning { percent } => percents.1.push(percent),
                _ => {}
            }
        }
        percents
    }
}

fn offer() -> Offered {
    Offered {
        module: None,
        version: "2.0.0".into(),
        task: None,
        files: vec![OfferedFile {
            source: Source::Url("http://127.0.0.1/fw".into()),
            size: SIZE,
            md5: MD5_OF_ZEROS.into(),
            sha256: String::new(),
        }],
    }
}

fn sized(size: u64, md5: &str) -> Offered {
    let mut offered = offer();
    (offered.files[0].size, offered.files[0].md5) = (size, md5.into());
    offered
}

fn version(version: &str) -> Report {
    Report::Version { version: version.into() }
}

fn succeeded(version: &str) -> Report {
    Report::Succeeded { version: Some(version.into()) }
}

fn upgraded(rule: SuccessRule, pace: u64) -> World {
    let mut world = World::new(rule, None, pace);
    world.upgrade();
    world
}

#[test]
fn a_uiot_device_reports_success_after_its_reboot_and_only_then() {
    let world = upgraded(Reported, 0);
    assert_eq!(world.last_words(), succeeded("2.0.0"));
    let order: Vec<_> =
        world.said.iter().map(|said| said.report.clone()).skip_while(|r| *r != version("2.0.0")).collect();
    let question = Report::Asked { version: None, reply: None };
    assert_eq!(
        order,
        [version("2.0.0"), succeeded("2.0.0"), question],
        "a question after the success, or it starts again"
    );
    assert_eq!(world.ended, [Ending::Succeeded { version: "2.0.0".into() }]);
    assert_eq!((world.connects, world.brain.version()), (2, "2.0.0"));
}

#[test]
fn an_aliyun_device_tells_its_new_version_once() {
    let world = upgraded(Informed, 0);
    let told = world.said.iter().filter(|said| said.report == version("2.0.0")).count();
    assert_eq!((told, world.last_words()), (1, version("2.0.0")));
}

#[test]
fn another_module_leaves_the_device_s_own_version_alone() {
    let mut world = World::new(Informed, None, 0);
    world.put(Input::Offered(Offered { module: Some("MCU".into()), ..offer() }));
    world.run();
    assert_eq!(world.brain.version(), "1.0.0");
    assert!(world.said.contains(&Said {
        module: Some("MCU".into()),
        about: About::Version("2.0.0".into()),
        report: version("2.0.0"),
    }));
}

#[test]
fn progress_rises_in_steps_and_ends_at_a_hundred() {
    let (downloading, burning) = upgraded(Reported, 0).percents();
    assert_eq!((downloading.first(), downloading.last()), (Some(&0), Some(&100)));
    assert!(downloading.windows(2).all(|pair| pair[1] >= pair[0] + 5 || pair[1] == 100), "{downloading:?}");
    assert_eq!(burning, [0, 20, 40, 60, 80, 100]);
}

#[test]
fn ranges_cover_the_image_exactly_without_overlap() {
    let mut world = World::new(Reported, None, 0);
    world.put(Input::Offered(sized(10_000, "")));
    world.run();
    assert_eq!(world.ranges, [(0, 4096), (4096, 4096), (8192, 1808)]);
    assert!(world.console.contains("No digest announced"));
}

#[test]
fn a_download_keeps_its_pace() {
    let world = upgraded(Reported, 32_768);
    assert!(world.now >= Micros::from_secs(2), "64 KiB at 32 KiB/s took {}", world.now);
    assert!(world.now < Micros::from_secs(6), "{}", world.now);
    assert_eq!(upgraded(Reported, 0).now, Micros(0));
}

#[test]
fn the_console_tells_the_story_a_firmware_engineer_expects() {
    let console = upgraded(Reported, 0).console;
    let story = [
        "rst:0x1 (POWERON_RESET)",
        "App version:      1.0.0",
        "lamp> ",
        "ota: Upgrade 1.0.0 -> 2.0.0, 65536 bytes",
        "ota_1 at 0x1b0000",
        "MD5 fcd6bcb56c1689fcef28b57c22475bad ok",
        "Restarting now",
        "rst:0xc (SW_CPU_RESET)",
        "App version:      2.0.0",
        "Upgrade to 2.0.0 succeeded",
    ];
    let mut rest = console.as_str();
    for part in story {
        let found = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing or out of order in\n{console}"));
        rest = &rest[found + part.len()..];
    }
    assert!(console.ends_with("\r\nlamp> "), "a prompt without newline stands at the end");
}

fn check_failure(rule: SuccessRule, ordered: i64, ranges: usize) {
    let mut world = World::new(rule, Some(ordered), 0);
    world.upgrade();
    let context = format!("{rule:?} {ordered}\n{}", world.console);
    assert!(matches!(world.last_words(), Report::Failed { code, .. } if code == ordered), "{context}");
    assert_eq!(world.ended, [Ending::Failed { code: ordered }], "{context}");
    assert_eq!(world.ranges.len(), ranges, "{context}");
    assert!(world.console.contains("\x1b[0;31mE ("), "{context}");
    assert_eq!((world.brain.version(), world.connects), ("1.0.0", 1), "{context}");
    assert!(world.console.ends_with("lamp> "), "{context}");
}

#[test]
fn an_ordered_failure_comes_where_a_real_one_would() {
    for (code, ranges) in [(-1, 0), (-2, 0), (-3, 8), (-4, 16), (-5, 16), (-6, 0)] {
        check_failure(Reported, code, ranges);
    }
    for (code, ranges) in [(-1, 0), (-2, 8), (-3, 16), (-4, 16)] {
        check_failure(Informed, code, ranges);
    }
}

fn check_real_failure(rule: SuccessRule, after: usize, why: &FetchFailure, expected: i64) {
    let mut world = World::new(rule, None, 0);
    world.trouble = Some((after, why.clone()));
    world.upgrade();
    assert!(matches!(world.last_words(), Report::Failed { code, .. } if code == expected), "{why:?}: {:?}", world.said);
}

#[test]
fn a_real_failure_is_reported_with_the_cloud_s_code() {
    check_real_failure(Reported, 0, &FetchFailure::Status(404), -1);
    check_real_failure(Reported, 0, &FetchFailure::Status(403), -2);
    check_real_failure(Reported, 3, &FetchFailure::TimedOut, -3);
    check_real_failure(Reported, 3, &FetchFailure::Broken("reset".into()), -3);
    check_real_failure(Reported, 0, &FetchFailure::Unreachable("refused".into()), -1);
    check_real_failure(Informed, 0, &FetchFailure::Status(404), -2);
    check_real_failure(Informed, 3, &FetchFailure::TimedOut, -2);
}

#[test]
fn a_wrong_digest_is_never_burnt() {
    for (rule, expected) in [(Reported, -4), (Informed, -3)] {
        let mut world = World::new(rule, None, 0);
        world.put(Input::Offered(sized(SIZE, "00000000000000000000000000000000")));
        world.run();
        assert!(matches!(world.last_words(), Report::Failed { code, .. } if code == expected));
        assert!(world.percents().1.is_empty());
    }
}

#[test]
fn an_image_of_no_bytes_is_refused() {
    let mut world = World::new(Reported, None, 0);
    world.put(Input::Offered(sized(0, "")));
    assert!(matches!(world.last_words(), Report::Failed { code: -6, .. }));
    assert_eq!(world.ranges, []);
}

#[test]
fn a_device_that_failed_can_be_upgraded_again() {
    let mut world = World::new(Reported, None, 0);
    world.trouble = Some((2, FetchFailure::TimedOut));
    world.upgrade();
    world.trouble = None;
    world.upgrade();
    assert_eq!(world.ended, [Ending::Failed { code: -3 }, Ending::Succeeded { version: "2.0.0".into() }]);
}

#[test]
fn a_second_offer_during_a_download_starts_no_second_download() {
    let mut world = World::new(Reported, None, 200_000);
    world.put(Input::Offered(offer()));
    world.tick();
    world.put(Input::Offered(offer()));
    world.put(Input::Offered(Offered { version: "3.0.0".into(), ..offer() }));
    world.run();
    assert_eq!((world.ranges.len(), world.brain.version()), (16, "2.0.0"));
    assert!(world.console.contains("Already upgrading to 2.0.0, ignored"));
    assert!(world.console.contains("3.0.0 ignored"));
}

#[test]
fn a_cancelled_device_stops_and_reports_nothing() {
    let mut world = World::new(Reported, None, 200_000);
    world.put(Input::Offered(offer()));
    world.tick();
    let said = world.said.len();
    world.put(Input::Cancelled);
    world.run();
    assert_eq!((world.said.len(), world.ranges.len()), (said, 2));
    assert_eq!(world.ended, [Ending::Cancelled]);
    assert!(world.console.contains("Cancelled by the cloud"));
    world.upgrade();
    assert_eq!(world.brain.version(), "2.0.0");
}

#[test]
fn an_answer_to_a_cancelled_request_does_not_get_into_the_next_image() {
    let mut world = World::new(Reported, None, 0);
    world.brain.handle(Input::Offered(offer()), Micros(0));
    let tickets: Vec<_> = std::iter::from_fn(|| world.brain.poll_step()).filter_map(|step| ticket(&step)).collect();
    world.brain.handle(Input::Cancelled, Micros(0));
    world.brain.handle(Input::Offered(offer()), Micros(0));
    world.brain.handle(Input::Arrived { ticket: tickets[0], bytes: vec![1; 4096] }, Micros(0));
    let fetches: Vec<_> = std::iter::from_fn(|| world.brain.poll_step()).filter_map(|step| ticket(&step)).collect();
    assert_eq!((tickets.len(), fetches.len(), world.brain.poll_timeout()), (1, 1, None));
}

fn ticket(step: &Step) -> Option<u32> {
    match step {
        Step::Fetch { ticket, .. } => Some(*ticket),
        _ => None,
    }
}

#[test]
fn a_reconnect_without_a_reboot_reports_nothing() {
    let mut world = World::new(Reported, None, 0);
    world.put(Input::Disconnected("connection reset".into()));
    world.put(Input::Connected);
    assert_eq!(world.said, []);
    assert!(world.console.contains("Not connected: connection reset"));
}

#[test]
fn the_shell_echoes_and_answers() {
    let mut world = World::new(Reported, None, 0);
    world.console.clear();
    world.put(Input::Typed(b"versx\x7fion\r\n".to_vec()));
    assert_eq!(world.console, "versx\x08 \x08ion\r\nlamp 1.0.0 (ota_0)\r\nlamp> ");
    world.console.clear();
    world.put(Input::Typed(b"\nblink\n".to_vec()));
    assert_eq!(world.console, "\r\nlamp> blink\r\nUnrecognized command\r\nlamp> ");
    world.console.clear();
    world.put(Input::Typed(b"he".to_vec()));
    world.put(Input::Disconnected("gone".into()));
    assert!(world.console.ends_with("lamp> he"), "what was typed is still there: {:?}", world.console);
}

#[test]
fn reboot_typed_at_the_prompt_reboots_into_the_same_version() {
    let mut world = World::new(Reported, None, 0);
    world.put(Input::Typed(b"reboot\n".to_vec()));
    world.run();
    assert_eq!((world.connects, world.brain.version()), (2, "1.0.0"));
    assert_eq!(world.last_words(), version("1.0.0"));
    assert_eq!(world.ended, []);
}
