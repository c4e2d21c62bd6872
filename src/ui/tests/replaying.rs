//! Messages of a capture sent again: chosen, aimed, begun only when what may go wrong is accepted, and steered.

use super::desk::Desk;
use super::of;
use super::story::Story;
use crate::bench::{Action, OnDrop, ReplayAct, ReplayOrder, ReplayTarget, Speed, Steer, SteerOrder};
use crate::event::{Event, Fact, Micros, Trouble};
use crate::ui::captures::Ask;
use crate::ui::past::Opening;
use crate::ui::past::tests::Tape;
use crate::ui::replaying::Gathered;
use std::sync::Arc;

const PATH: &str = "/captures/bad.jsonl.zst";

fn capture() -> Story {
    of(|story| {
        story.services().build().device().push().download(30).fail();
    })
}

/// A capture looked at over this bench, and its replay asked for; nothing is read yet.
fn asked(bench: impl FnOnce(&mut Story)) -> Desk {
    let mut desk = Desk::at(of(bench));
    let reel = Tape::of(capture().events, 10_000);
    desk.look_at(Opening { path: PATH.into(), name: "bad".into(), started_unix_ms: 1_790_000_000_000, reel });
    desk.click("Replay…");
    assert!(matches!(&desk.asked()[..], [Ask::Replay(of)] if of.name == "bad" && of.path.ends_with("bad.jsonl.zst")));
    desk
}

fn read(desk: &mut Desk) {
    let events: Vec<Event> = capture().events.iter().map(|event| Event::clone(event)).collect();
    desk.gather(Gathered { path: PATH.into(), events: Ok(events.into()), damaged: 0 });
}

fn quiet(story: &mut Story) {
    story.services();
}

fn ordered(desk: &Desk) -> ReplayOrder {
    match &desk.acted()[..] {
        [Action::Replay(order)] => (**order).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_of_a_capture_is_replayed_into_the_bench_with_two_clicks() {
    let mut desk = asked(quiet);
    assert!(desk.says("Reading the capture…") && !desk.is_enabled("Begin the replay"));
    read(&mut desk);
    assert!(desk.says("bad to this bench’s broker as 70ly1tvowt696r15/lamp-01: messages"), "{:?}", desk.texts());
    desk.click("Begin the replay");
    let order = ordered(&desk);
    assert_eq!((order.target, order.rounds, order.speed), (ReplayTarget::Here, 1, Speed::Times(1.0)));
    assert!(!desk.says("Replay of bad"), "the dialog is gone");
    assert!(desk.says("You look at a capture"), "one stays where one was");
}

#[test]
fn what_where_to_as_whom_and_how_are_chosen_and_what_is_wrong_is_said() {
    let mut desk = asked(quiet);
    read(&mut desk);
    desk.choose("Messages", "What fits a filter");
    desk.fill("Filter words", "nonsense:1");
    assert!(!desk.is_enabled("Begin the replay") && desk.says("Join words such as up"));
    desk.fill("Filter words", "text:report_fail");
    desk.choose("Target", "another broker");
    assert!(!desk.is_enabled("Begin the replay") && desk.says("The target needs a URL"));
    desk.fill("Broker URL", "mqtt://me:secret@cloud:1883");
    assert!(desk.says("mqtt://me:•••@cloud:1883"));
    desk.fill("As or to the device", "lamp");
    assert!(desk.says("A device is written PRODUCT/DEVICE."));
    desk.fill("As or to the device", "70ly1tvowt696r15/lamp-09");
    desk.fill("Its secret", "s3cr3t");
    desk.choose("Replay speed", "step by step");
    desk.fill("Rounds", "0");
    assert!(!desk.is_enabled("Begin the replay"));
    desk.fill("Rounds", "3");
    desk.choose("When the target drops it", "stop");
    desk.click("Begin the replay");
    let order = ordered(&desk);
    assert_eq!((order.messages(), order.rounds, order.speed, order.on_drop), (1, 3, Speed::Step, OnDrop::Stop));
    assert_eq!(order.target, ReplayTarget::Broker("mqtt://me:secret@cloud:1883".into()));
    assert_eq!(order.speakers[0].device.as_ref().unwrap().to_string(), "70ly1tvowt696r15/lamp-09");
    assert_eq!(order.speakers[0].secret.as_ref().unwrap().reveal(), "s3cr3t");
}

#[test]
fn a_replay_that_gets_in_the_way_of_a_real_device_begins_only_when_that_is_accepted() {
    let mut desk = asked(|story| {
        story.services().build().device().push();
    });
    read(&mut desk);
    assert!(desk.says("lamp-01 is being upgraded to 2.0.0, and the replay would speak into it."));
    assert!(!desk.is_enabled("Begin the replay"));
    desk.click("Replay all the same");
    desk.fill("Rounds", "2");
    assert!(!desk.is_enabled("Begin the replay"), "another replay is to be accepted anew");
    desk.click("Replay all the same");
    desk.click("Begin the replay");
    assert_eq!(ordered(&desk).rounds, 2);
}

#[test]
fn what_comes_up_after_a_warning_was_accepted_is_asked_about_as_well() {
    let mut story = of(|story| {
        story.services().build().device().push();
    });
    let mut desk = asked(|story| {
        story.services().build().device();
    });
    read(&mut desk);
    desk.choose("Target", "another broker");
    desk.fill("Broker URL", "LOCALHOST");
    assert!(desk.says("would sign in under its name"), "it is our own broker, whatever it is called");
    desk.click("Replay all the same");
    assert!(desk.is_enabled("Begin the replay"));
    let before = of(|story| {
        story.services().build().device();
    });
    desk.goes_on(story.events.split_off(before.events.len()));
    assert!(desk.says("lamp-01 is being upgraded to 2.0.0") && !desk.is_enabled("Begin the replay"));
}

#[test]
fn a_capture_that_cannot_be_read_is_said_and_nothing_is_begun() {
    let mut desk = asked(quiet);
    desk.gather(Gathered { path: "/captures/other.jsonl".into(), events: Ok(Vec::new().into()), damaged: 0 });
    assert!(desk.says("Reading the capture…"), "another capture's messages are not taken");
    let missing = Err(Trouble::new("recording-not-found").with("path", PATH));
    desk.gather(Gathered { path: PATH.into(), events: missing, damaged: 0 });
    assert!(desk.says(PATH) && !desk.is_enabled("Begin the replay"));
    desk.click("Close");
    assert!(desk.acted().is_empty() && !desk.says("Replay of bad"));
}

#[test]
fn a_replay_that_runs_is_steered_from_wherever_one_is_and_its_end_stays_until_it_is_put_away() {
    let mut desk = Desk::at(of(quiet));
    let mut seq = 2;
    let mut happen = |desk: &mut Desk, fact| {
        seq += 1;
        desk.goes_on(vec![Arc::new(Event { seq, at: Micros::from_secs(2), fact })]);
    };
    let started = Fact::ReplayStarted {
        replay: 1,
        source: "bad".into(),
        target: "127.0.0.1:1883".into(),
        downstream: false,
        device: None,
        speed: "1".into(),
        messages: 4,
        rounds: 1,
    };
    happen(&mut desk, started);
    assert!(desk.says("Replay of bad to 127.0.0.1:1883: 0 of 4 sent, running"));
    desk.click("Captures…");
    desk.click("Pause the replay");
    let steer = |steer| Action::SteerReplay(SteerOrder { replay: 1, steer });
    assert_eq!(desk.acted(), [steer(Steer::Pause)]);
    happen(&mut desk, Fact::ReplayPaused { replay: 1, trouble: None });
    assert!(
        desk.shows("Pause the replay") && !desk.is_enabled("Pause the replay"),
        "a second press there sends nothing"
    );
    desk.click("Next message");
    desk.click("Resume the replay");
    desk.click("Stop the replay");
    assert_eq!(desk.acted(), [steer(Steer::Step), steer(Steer::Resume), steer(Steer::Stop)]);
    happen(&mut desk, Fact::ReplayEnded { replay: 1, sent: 3, of: 4, trouble: None });
    assert!(desk.says("3 of 4 sent, stopped") && !desk.shows("Stop the replay"));
    desk.click("Put the replay away");
    assert!(!desk.says("3 of 4 sent, stopped"));
}

fn started(replay: u32, source: &str, speed: &str, messages: u64) -> Fact {
    Fact::ReplayStarted {
        replay,
        source: source.into(),
        target: "127.0.0.1:1883".into(),
        downstream: false,
        device: None,
        speed: speed.into(),
        messages,
        rounds: 1,
    }
}

/// These happen on the live bench, after what has happened there.
fn happen(desk: &mut Desk, seq: &mut u64, facts: impl IntoIterator<Item = Fact>) {
    let event = |fact| {
        *seq += 1;
        Arc::new(Event { seq: *seq, at: Micros::from_secs(2), fact })
    };
    desk.goes_on(facts.into_iter().map(event).collect());
}

#[test]
fn a_replay_that_runs_can_be_stopped_however_many_ended_after_it_and_no_ending_is_lost() {
    let mut desk = Desk::at(of(quiet));
    let mut seq = 2;
    let ended = |replay| Fact::ReplayEnded { replay, sent: 1, of: 4, trouble: None };
    happen(&mut desk, &mut seq, (1..=7).map(|replay| started(replay, &format!("c{replay}"), "1", 4)));
    happen(&mut desk, &mut seq, (2..=7).map(ended));
    assert!(desk.says("Replay of c1 to") && desk.shows("Stop the replay"));
    let shown = |desk: &Desk, replay: u32| desk.says(&format!("Replay of c{replay} to"));
    assert!(shown(&desk, 7));
    desk.click_first("Put the replay away");
    assert!(!shown(&desk, 7) && shown(&desk, 6) && shown(&desk, 1), "only that one");
    happen(&mut desk, &mut seq, [ended(1)]);
    assert!(shown(&desk, 1) && desk.says("1 of 4 sent, stopped"));
}

/// Otherwise each message that is sent by hand leaves a row to be put away by hand.
#[test]
fn of_messages_sent_one_by_one_only_the_last_is_told_and_each_that_did_not_go_out() {
    let mut desk = Desk::at(of(quiet));
    let mut seq = 2;
    let ended = |replay, sent, trouble| Fact::ReplayEnded { replay, sent, of: 1, trouble };
    happen(&mut desk, &mut seq, (1..=3).map(|replay| started(replay, &format!("c{replay}"), "1", 1)));
    happen(&mut desk, &mut seq, [ended(1, 1, None)]);
    happen(&mut desk, &mut seq, [ended(2, 0, Some(Trouble::new("replay-lost").with("address", "cloud:1883")))]);
    happen(&mut desk, &mut seq, [ended(3, 1, None)]);
    let shown = |desk: &Desk, replay: u32| desk.says(&format!("Replay of c{replay} to"));
    assert!(!shown(&desk, 1) && shown(&desk, 2) && shown(&desk, 3));
}

/// Otherwise the brakes of a replay that runs are out of sight as soon as there are three.
#[test]
fn five_replays_are_seen_at_the_same_time() {
    let mut desk = Desk::at(of(quiet));
    let (mut seq, mut tops) = (2, Vec::new());
    for replay in 1..=8 {
        happen(&mut desk, &mut seq, [started(replay, "bad", "1", 4)]);
        tops.push(desk.top("Network…"));
    }
    let row = tops[1] - tops[0];
    assert!(row > 10.0 && tops[4] - tops[0] > 3.5 * row && tops[7] - tops[0] < 5.0 * row, "{tops:?}");
}

#[test]
fn while_its_target_is_lost_a_replay_can_be_paused_and_stopped_and_nothing_else() {
    for (speed, brakes) in [("1", &["Stop the replay", "Pause the replay"][..]), ("step", &["Stop the replay"])] {
        let mut desk = Desk::at(of(quiet));
        let lost = Some(Trouble::new("replay-awaits-answer").with("address", "cloud:1883"));
        happen(&mut desk, &mut 2, [started(1, "bad", speed, 4), Fact::ReplayPaused { replay: 1, trouble: lost }]);
        for name in ["Stop the replay", "Pause the replay", "Resume the replay", "Next message", "Run on"] {
            assert_eq!(desk.shows(name), brakes.contains(&name), "{name} at speed {speed}");
        }
    }
}

#[test]
fn a_replay_by_steps_says_that_it_waits_shows_what_comes_next_and_can_run_on() {
    let mut desk = asked(quiet);
    read(&mut desk);
    desk.choose("Replay speed", "step by step");
    desk.click("Begin the replay");
    let order = ordered(&desk);
    let said: Vec<_> = order.steps.iter().filter(|step| step.act.is_message(false)).collect();
    let messages = said.len() as u64;
    let mut seq = 2;
    happen(&mut desk, &mut seq, [started(1, "bad", "step", messages)]);
    assert!(desk.says("waits for you") && desk.says("Next: /$system/70ly1tvowt696r15/lamp-01/ota/upstream"));
    assert!(desk.says("report_version") && !desk.shows("Pause the replay"));
    let ReplayAct::Say { topic, payload, .. } = &said[0].act else { panic!() };
    let (topic, payload) = (topic.as_str().into(), payload.clone());
    let replayed =
        Fact::MessageReplayed { replay: 1, of: 9, client: None, topic, payload, qos: 1, retain: false, waiting: None };
    happen(&mut desk, &mut seq, [replayed]);
    assert!(desk.says("1 of"));
    desk.click("Run on");
    assert_eq!(desk.acted(), [Action::SteerReplay(SteerOrder { replay: 1, steer: Steer::Resume })]);
    happen(&mut desk, &mut seq, [Fact::ReplayResumed { replay: 1 }]);
    assert!(desk.says("running") && desk.shows("Pause the replay") && !desk.says("Next: "));
}

#[test]
fn a_damaged_capture_is_said_to_be_before_it_is_replayed() {
    let mut desk = asked(quiet);
    let events: Vec<Event> = capture().events.iter().map(|event| Event::clone(event)).collect();
    desk.gather(Gathered { path: PATH.into(), events: Ok(events.into()), damaged: 3 });
    assert!(desk.says("Lines of the capture are damaged (3)"));
}

/// Otherwise each letter typed into the form would freeze the window for as long as a million messages take.
#[test]
fn the_window_goes_on_while_a_long_capture_is_worked_out() {
    let mut desk = asked(quiet);
    desk.hold();
    read(&mut desk);
    assert!(desk.says("Working out what would be sent…") && !desk.is_enabled("Begin the replay"));
    desk.fill("Rounds", "2");
    desk.release();
    desk.release();
    assert!(desk.says("rounds 2"), "what was typed meanwhile counts: {:?}", desk.texts());
    desk.click("Begin the replay");
    assert_eq!(ordered(&desk).rounds, 2);
}

/// Work away from the window is done on a thread of its own, which knows no language unless it is told.
#[test]
fn what_is_wrong_with_a_replay_is_said_in_the_language_of_the_window() {
    let mut desk = Desk::with_tofu(of(quiet));
    desk.choose("Language", "简体中文");
    let reel = Tape::of(capture().events, 10_000);
    desk.look_at(Opening { path: PATH.into(), name: "bad".into(), started_unix_ms: 1_790_000_000_000, reel });
    desk.click("回放…");
    read(&mut desk);
    desk.fill("轮数", "0");
    assert!(desk.says("“0”") && !desk.says("is not a number"), "{:?}", desk.texts());
}

/// Otherwise a flood that a replay sent is taken for the device's own.
#[test]
fn a_storm_of_replayed_messages_is_marked_and_told_apart_from_the_devices_own() {
    let mut desk = Desk::at(of(quiet));
    let message = |n: u32| Fact::MessageReceived {
        client: Some("dn".into()),
        topic: "/$system/P/D/ota/upstream".into(),
        payload: format!("{n}").into_bytes().into(),
        qos: 0,
        retain: false,
    };
    let sent = |n: u32| {
        let Fact::MessageReceived { client, topic, payload, qos, retain } = message(n) else { panic!() };
        Fact::MessageReplayed { replay: 1, of: 9, client, topic, payload, qos, retain, waiting: None }
    };
    let mut seq = 2;
    happen(&mut desk, &mut seq, [started(1, "bad", "max", 150)]);
    happen(&mut desk, &mut seq, (0..150).map(sent));
    happen(&mut desk, &mut seq, (0..150).map(message));
    happen(&mut desk, &mut seq, (1_000..1_150).map(message));
    let storms: Vec<_> = desk.texts().into_iter().filter(|text| text.contains("150 messages")).collect();
    assert!(
        storms.iter().any(|storm| storm.contains("↺")) && storms.iter().any(|storm| !storm.contains("↺")),
        "{storms:?}"
    );
}
