//! Messages of a capture sent again: chosen, aimed, begun only when what may go wrong is accepted, and steered.

use super::desk::Desk;
use super::of;
use super::story::Story;
use crate::bench::{Action, OnDrop, ReplayOrder, ReplayTarget, Speed, Steer, SteerOrder};
use crate::event::{Event, Fact, Micros, Trouble};
use crate::ui::captures::Ask;
use crate::ui::past::Opening;
use crate::ui::past::tests::Tape;
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
    desk.gather((PATH.into(), Ok(events.into())));
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
    desk.gather(("/captures/other.jsonl".into(), Ok(Vec::new().into())));
    assert!(desk.says("Reading the capture…"), "another capture's messages are not taken");
    desk.gather((PATH.into(), Err(Trouble::new("recording-not-found").with("path", PATH))));
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
    desk.click("Next message");
    desk.click("Resume the replay");
    desk.click("Stop the replay");
    assert_eq!(desk.acted(), [steer(Steer::Step), steer(Steer::Resume), steer(Steer::Stop)]);
    happen(&mut desk, Fact::ReplayEnded { replay: 1, sent: 3, of: 4, trouble: None });
    assert!(desk.says("3 of 4 sent, stopped") && !desk.shows("Stop the replay"));
    desk.click("Put the replay away");
    assert!(!desk.says("3 of 4 sent, stopped"));
}
