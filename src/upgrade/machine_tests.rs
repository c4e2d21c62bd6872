//! The transitions of an upgrade, as tables.

use super::{Failure, Micros, PushWhen, Report, Rules, Send, State, SuccessRule, Upgrade};
use crate::event::Deadline;

const UIOT: Rules =
    Rules { success: SuccessRule::Reported, timeout: None, push_when: PushWhen::Asked, placeholder_versions: &[] };
const ALIYUN: Rules = Rules {
    success: SuccessRule::Informed,
    timeout: Some(Micros::from_secs(3600)),
    push_when: PushWhen::Online,
    placeholder_versions: &["app-1.0.0-20180101.1000"],
};

fn runs(version: &str) -> Report {
    Report::Version { version: version.into() }
}
fn success(version: &str) -> Report {
    Report::Succeeded { version: Some(version.into()) }
}
fn asks(version: &str) -> Report {
    Report::Asked { version: Some(version.into()), reply: None }
}
fn failed(code: i64) -> Report {
    Report::Failed { code, text: String::new() }
}
const fn loads(percent: u8) -> Report {
    Report::Downloading { percent }
}
const fn burns(percent: u8) -> Report {
    Report::Burning { percent }
}
fn wrong(version: &str) -> State {
    State::Failed(Failure::WrongVersion { reported: version.into() })
}
fn reported(code: i64) -> State {
    State::Failed(Failure::Reported { code, text: String::new() })
}

/// An upgrade from 1.0.0 to 2.0.0 of a device that is online; what it says; where that ends.
fn check(rules: Rules, reports: &[Report], expected: &State) {
    let (mut upgrade, _) = Upgrade::new(rules, "2.0.0", Some("1.0.0"), Some(true), None, Micros(0));
    for (second, report) in (1..).zip(reports) {
        upgrade.handle_report(report, Micros::from_secs(second));
    }
    assert_eq!(upgrade.state(), expected, "{reports:?}");
}

#[test]
fn uiot_calls_it_a_success_only_when_the_device_reports_success_with_the_target() {
    check(UIOT, &[], &State::Offered);
    check(UIOT, &[loads(0), loads(50)], &State::Downloading { percent: 50 });
    check(UIOT, &[loads(100)], &State::Downloading { percent: 100 });
    check(UIOT, &[loads(100), burns(30)], &State::Burning { percent: 30 });
    check(UIOT, &[loads(100), burns(100), runs("2.0.0")], &State::Burning { percent: 100 });
    check(UIOT, &[loads(100), burns(100), success("2.0.0")], &State::Succeeded);
    check(UIOT, &[success("2.0.0")], &State::Succeeded);
    check(UIOT, &[loads(50), success("1.9.9")], &wrong("1.9.9"));
    check(UIOT, &[success("2.0.0 ")], &wrong("2.0.0 "));
    check(UIOT, &[loads(50), failed(-4)], &reported(-4));
    check(UIOT, &[failed(-4), success("2.0.0")], &reported(-4));
    check(UIOT, &[success("2.0.0"), failed(-4)], &State::Succeeded);
    check(UIOT, &[loads(60), runs("1.0.0"), loads(10)], &State::Downloading { percent: 10 });
}

#[test]
fn aliyun_calls_it_a_success_only_when_the_device_informs_of_the_target() {
    check(ALIYUN, &[loads(100)], &State::Downloading { percent: 100 });
    check(ALIYUN, &[loads(100), runs("2.0.0")], &State::Succeeded);
    check(ALIYUN, &[runs("2.0.0")], &State::Succeeded);
    check(ALIYUN, &[success("2.0.0")], &State::Offered);
    check(ALIYUN, &[loads(40), runs("1.0.0")], &State::Downloading { percent: 40 });
    check(ALIYUN, &[loads(40), runs("1.5.0")], &wrong("1.5.0"));
    check(ALIYUN, &[runs("1.5.0")], &State::Offered);
    check(ALIYUN, &[loads(40), runs("app-1.0.0-20180101.1000"), runs("2.0.0")], &State::Succeeded);
    check(ALIYUN, &[loads(40), failed(-3)], &reported(-3));
}

#[test]
fn an_absent_uiot_device_gets_the_push_when_it_asks_and_not_before() {
    let (mut upgrade, send) = Upgrade::new(UIOT, "2.0.0", None, Some(false), None, Micros(0));
    assert_eq!(send, None);
    assert_eq!(upgrade.handle_presence(true, Micros(1)), None);
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(2)), None);
    assert_eq!(upgrade.state(), &State::Queued);
    assert_eq!(upgrade.handle_report(&asks("1.0.0"), Micros(3)), Some(Send::Push));
    assert_eq!(upgrade.state(), &State::Offered);
}

#[test]
fn a_request_that_crossed_the_push_does_not_start_a_second_download() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    assert_eq!(upgrade.handle_report(&asks("1.0.0"), Micros::from_millis(5)), None);
    assert_eq!(upgrade.handle_report(&asks("1.0.0"), Micros::from_secs(9)), Some(Send::Push));
}

#[test]
fn a_device_that_restarts_right_after_the_push_and_asks_again_is_answered() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_presence(false, Micros::from_millis(200));
    upgrade.handle_presence(true, Micros::from_millis(700));
    assert_eq!(upgrade.handle_report(&asks("1.0.0"), Micros::from_millis(800)), Some(Send::Push));
}

#[test]
fn a_device_flashed_by_hand_before_it_began_is_not_called_a_wrong_version() {
    check(ALIYUN, &[runs("1.1.0"), loads(10), runs("1.1.0")], &State::Downloading { percent: 10 });
    check(ALIYUN, &[runs("1.1.0"), loads(10), runs("1.0.0")], &wrong("1.0.0"));
}

#[test]
fn a_timeout_in_silence_is_told_as_silence() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_deadline(Deadline::Upgrade, Micros::from_secs(10));
    assert!(upgrade.is_silent());
    assert_eq!(upgrade.last_open(), &State::Offered);
}

#[test]
fn a_device_that_already_runs_the_target_is_not_offered_it() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(false), None, Micros(0));
    assert_eq!(upgrade.handle_report(&asks("2.0.0"), Micros(3)), None);
    assert_eq!(upgrade.state(), &State::Queued);
}

#[test]
fn an_absent_aliyun_device_gets_the_push_once_when_it_is_back() {
    let (mut upgrade, send) = Upgrade::new(ALIYUN, "2.0.0", None, Some(false), None, Micros(0));
    assert_eq!(send, None);
    assert_eq!(upgrade.handle_presence(true, Micros(1)), Some(Send::Push));
    assert_eq!(upgrade.handle_presence(false, Micros(2)), None);
    assert_eq!(upgrade.handle_presence(true, Micros(3)), None);
}

#[test]
fn where_presence_is_unknown_the_first_inform_gets_the_push_once_more() {
    let (mut upgrade, send) = Upgrade::new(ALIYUN, "2.0.0", None, None, None, Micros(0));
    assert_eq!(send, Some(Send::Push));
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(1)), Some(Send::Push));
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(2)), None);
}

#[test]
fn going_offline_after_the_last_percent_is_a_restart_and_before_it_is_not() {
    for (report, expected) in [
        (loads(100), State::Restarting),
        (burns(80), State::Restarting),
        (loads(40), State::Downloading { percent: 40 }),
    ] {
        let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
        upgrade.handle_report(&report, Micros(1));
        upgrade.handle_presence(false, Micros(2));
        assert_eq!(upgrade.state(), &expected);
    }
}

#[test]
fn the_aliyun_clock_starts_with_the_first_progress() {
    let (mut upgrade, _) = Upgrade::new(ALIYUN, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_report(&loads(1), Micros::from_secs(10));
    upgrade.handle_report(&loads(2), Micros::from_secs(20));
    upgrade.handle_deadline(Deadline::Silence, Micros::from_secs(50));
    assert_eq!(upgrade.poll_timeout(), Some((Micros::from_secs(3610), Deadline::Upgrade)));
    upgrade.handle_deadline(Deadline::Upgrade, Micros::from_secs(3610));
    assert_eq!(upgrade.state(), &State::Failed(Failure::TimedOut));
    assert_eq!(upgrade.poll_timeout(), None);
}

#[test]
fn an_own_timeout_counts_from_the_push_even_when_nothing_is_ever_said() {
    let own = Some(Micros::from_secs(5));
    let (upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(false), own, Micros::from_secs(1));
    assert_eq!(upgrade.poll_timeout(), Some((Micros::from_secs(6), Deadline::Upgrade)));
}

#[test]
fn a_device_that_says_nothing_after_the_push_is_called_silent_once() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    assert_eq!(upgrade.poll_timeout(), Some((super::SILENCE, Deadline::Silence)));
    upgrade.handle_deadline(Deadline::Silence, super::SILENCE);
    assert!(upgrade.is_silent());
    assert_eq!(upgrade.poll_timeout(), None);
    upgrade.handle_report(&loads(1), Micros::from_secs(30));
    assert!(!upgrade.is_silent());
}

#[test]
fn a_device_that_stops_half_way_is_called_silent_until_it_goes_on() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_report(&loads(40), Micros::from_secs(1));
    assert_eq!(upgrade.poll_timeout(), Some((Micros::from_secs(31), Deadline::Silence)));
    upgrade.handle_life(Micros::from_secs(20));
    assert_eq!(upgrade.poll_timeout(), Some((Micros::from_secs(50), Deadline::Silence)));
    upgrade.handle_deadline(Deadline::Silence, Micros::from_secs(50));
    assert!(upgrade.is_silent());
    upgrade.handle_life(Micros::from_secs(60));
    assert!(!upgrade.is_silent());
}

#[test]
fn a_device_that_is_back_from_its_restart_has_to_say_its_version() {
    let (mut upgrade, _) = Upgrade::new(ALIYUN, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_report(&loads(100), Micros::from_secs(1));
    upgrade.handle_presence(false, Micros::from_secs(2));
    assert_eq!(upgrade.poll_timeout().map(|(_, deadline)| deadline), Some(Deadline::Upgrade));
    upgrade.handle_presence(true, Micros::from_secs(10));
    assert_eq!(upgrade.poll_timeout(), Some((Micros::from_secs(40), Deadline::Silence)));
}

const STACK: Rules =
    Rules { success: SuccessRule::TaskDone, timeout: None, push_when: PushWhen::Reported, placeholder_versions: &[] };

#[test]
fn a_task_waits_until_the_device_reports_the_version_it_is_from_and_comes_again_after_an_absence() {
    let (mut upgrade, sent) = Upgrade::new(STACK, "2.0.0", Some("1.0.0"), Some(false), None, Micros(0));
    assert_eq!(sent, None);
    assert_eq!(upgrade.handle_presence(true, Micros(1)), None, "coming online is not enough");
    assert_eq!(upgrade.handle_report(&runs("0.9.0"), Micros(2)), None);
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(3)), Some(Send::Push));
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(4)), None, "once");
    upgrade.handle_report(&Report::Begun, Micros(5));
    assert_eq!(upgrade.state(), &State::Upgrading);
    upgrade.handle_presence(false, Micros(6));
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(7)), Some(Send::Push));
    upgrade.handle_report(&Report::Succeeded { version: None }, Micros(8));
    assert_eq!(upgrade.state(), &State::Succeeded);
}

#[test]
fn a_task_that_does_not_know_its_source_waits_for_the_devices_word() {
    let (mut upgrade, sent) = Upgrade::new(STACK, "2.0.0", None, Some(true), None, Micros(0));
    assert_eq!(sent, None);
    assert_eq!(upgrade.handle_report(&runs("1.0.0"), Micros(1)), Some(Send::Push));
    assert_eq!(upgrade.source(), Some("1.0.0"));
}

#[test]
fn a_device_that_was_quiet_before_its_success_is_not_called_silent() {
    let (mut upgrade, _) = Upgrade::new(ALIYUN, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_deadline(Deadline::Silence, Micros::from_secs(20));
    upgrade.handle_report(&runs("2.0.0"), Micros::from_secs(30));
    assert_eq!((upgrade.state(), upgrade.is_silent()), (&State::Succeeded, false));
}

#[test]
fn a_version_reported_is_no_success_of_a_task() {
    let (mut upgrade, _) = Upgrade::new(STACK, "2.0.0", Some("1.0.0"), Some(true), None, Micros(0));
    upgrade.handle_report(&runs("2.0.0"), Micros(1));
    upgrade.handle_report(&success("2.0.0"), Micros(2));
    assert_eq!(upgrade.state(), &State::Offered);
}

#[test]
fn cancelling_tells_the_device_only_when_it_may_have_heard_the_push() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(false), None, Micros(0));
    assert_eq!(upgrade.handle_cancel(Micros(1)), None);
    assert_eq!(upgrade.state(), &State::Cancelled);
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    assert_eq!(upgrade.handle_cancel(Micros(1)), Some(Send::Cancel));
    assert_eq!(upgrade.handle_report(&success("2.0.0"), Micros(2)), None);
    assert_eq!(upgrade.state(), &State::Cancelled);
}

#[test]
fn a_retry_begins_afresh() {
    let (mut upgrade, _) = Upgrade::new(UIOT, "2.0.0", None, Some(true), None, Micros(0));
    upgrade.handle_report(&failed(-1), Micros(1));
    assert_eq!(upgrade.handle_retry(Some("1.0.0"), Some(true), Micros(2)), Some(Send::Push));
    upgrade.handle_report(&success("2.0.0"), Micros(3));
    assert_eq!(upgrade.state(), &State::Succeeded);
}
