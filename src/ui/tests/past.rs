//! A capture that is looked at: shown as it was lived, moved in by name and by key, and without hands.

use super::desk::Desk;
use super::of;
use super::story::Story;
use crate::capture::{About, Condition, Entry};
use crate::event::{Event, Micros, Trouble};
use crate::journal::{Reading, Reel};
use crate::replay::Format;
use crate::ui::captures::{Ask, Shelf};
use crate::ui::handing::{Errand, Order};
use crate::ui::past::Opening;
use crate::ui::past::tests::Tape;
use eframe::egui::{self, Key, Modifiers};

const STARTED: u64 = 1_790_000_000_000;

/// A capture of a whole upgrade.
pub fn capture(tell: impl FnOnce(&mut Story)) -> Opening {
    let story = of(|story| {
        story.services().build().device().push().download(100);
        tell(story);
    });
    Opening {
        path: "/captures/bad.jsonl.zst".into(),
        name: "the bad one".into(),
        started_unix_ms: STARTED,
        reel: Tape::of(story.events, 10_000),
    }
}

/// A quiet bench on which a capture is looked at.
fn looking() -> Desk {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.look_at(capture(|story| {
        story.fail();
    }));
    desk
}

#[test]
fn a_capture_opens_at_its_end_says_so_and_leads_back_to_the_bench() {
    let mut desk = looking();
    assert!(desk.says("You look at a capture: the bad one, of 2026-09-21"));
    assert!(desk.begins("Failed: the image the device assembled has another MD5"));
    assert!(desk.says("lamp-2.0.0.bin") && desk.says("ota: md5 mismatch"));
    desk.click("Back to the bench");
    assert!(!desk.says("You look at a capture") && desk.shows("Network…"));
    assert!(!desk.says("ota: md5 mismatch"));
}

/// Otherwise who looks for one message hands all of them on.
#[test]
fn an_export_begins_with_what_is_listed() {
    let mut desk = looking();
    desk.choose("Kind", "↑ From device");
    desk.fill("Filter messages", "md5 mis");
    desk.asked();
    desk.click("Export…");
    let only = "up text:\"md5 mis\"".parse().unwrap();
    let order = Order { path: "/captures/bad.jsonl.zst".into(), format: Format::Jsonl, only, with_secrets: false };
    assert_eq!(desk.asked(), [Ask::Errand(Errand::Preview(order))]);
}

#[test]
fn nothing_can_be_done_in_the_past() {
    let mut desk = looking();
    for name in [
        "Push",
        "Retry",
        "Cancel upgrade",
        "Version",
        "Network…",
        "Add build…",
        "Add device…",
        "Start a simulated device",
        "Close",
        "Open",
        "Look again",
        "DTR",
        "Remove lamp-01",
        "Remove lamp-2.0.0.bin",
        "Send",
        "Publish…",
    ] {
        assert!(!desk.shows(name), "{name} can be had");
    }
    desk.press(Modifiers::COMMAND, Key::Enter);
    desk.press(Modifiers::COMMAND, Key::O);
    assert_eq!((desk.acted(), desk.picked()), (Vec::new(), 0));
}

#[test]
fn the_state_follows_the_row_that_is_chosen_and_later_rows_say_that_they_are_later() {
    let mut desk = looking();
    desk.click("Go to the start (Alt+Home)");
    assert!(desk.says("Nothing had been pushed") && desk.number("Events that have happened") == Some(0.0));
    assert!(desk.says("No build was on the list yet"));
    assert!(desk.begins("not yet: "));
    for _ in 0..30 {
        desk.click("Step forward by a row (Alt+Right), with Shift by an event");
        if desk.says("Offered: now") {
            break;
        }
    }
    assert!(desk.says("Offered: now"), "{:?}", desk.texts());
    assert!(!desk.begins("Failed: the image"));
    desk.press(Modifiers::ALT, Key::ArrowLeft);
    desk.press(Modifiers::ALT, Key::ArrowLeft);
    assert!(!desk.says("Offered: now"));
    desk.press(Modifiers::ALT, Key::End);
    assert!(desk.begins("Failed: the image") && !desk.begins("not yet: "));
}

#[test]
fn a_click_on_a_line_of_the_console_goes_to_its_moment() {
    let mut desk = looking();
    desk.press(Modifiers::ALT, Key::Home);
    desk.press(Modifiers::ALT, Key::End);
    desk.press(Modifiers::ALT, Key::Home);
    desk.click_at("I (1204) mqtt: connected, running 1.0.0");
    assert!(desk.says("Nothing had been pushed") && desk.says("lamp-01"));
    assert!(!desk.begins("Failed: the image"));
}

#[test]
fn it_plays_by_the_clock_and_pauses() {
    let mut desk = looking();
    desk.click("Go to the start (Alt+Home)");
    desk.click("Play");
    desk.later(4_080);
    assert!(desk.shows("Pause") && desk.says("Offered: now"), "{:?}", desk.texts());
    desk.click("Pause");
    desk.later(60_000);
    assert!(desk.shows("Play") && !desk.begins("Failed: the image"));
    desk.choose("Speed", "100 ×");
    desk.press(Modifiers::CTRL, Key::Space);
    desk.later(2_000);
    assert!(desk.begins("Failed: the image") && desk.shows("Play"), "it stops at the end");
}

#[test]
fn the_bench_goes_on_behind_a_capture_and_a_verdict_there_is_told() {
    let live = of(|story| {
        story.services().build().device().push().download(100);
    });
    let verdict = of(|story| {
        story.services().build().device().push().download(100).finish();
    });
    let fresh = verdict.events[live.events.len()..].to_vec();
    let mut desk = Desk::at(live);
    desk.look_at(capture(|story| {
        story.fail();
    }));
    assert!(desk.says("The bench goes on") && !desk.says("New on the bench"));
    desk.goes_on(fresh);
    assert!(desk.says("New on the bench: lamp-01 to 2.0.0: Succeeded"));
    assert!(desk.begins("Failed: the image"), "the capture stays as it was");
}

#[test]
fn a_capture_that_is_read_and_at_rest_draws_nothing() {
    let mut desk = looking();
    desk.later(10_000);
    assert!(desk.rests());
}

/// A file with two lines that are no events, and one out of order.
struct Damaged(Box<Tape>);

impl Reel for Damaged {
    fn read(&self, at_most: usize) -> Reading {
        let trouble = Trouble::new("recording-reordered").with("reordered", 1).with("earlier", 0);
        Reading { damaged: 2, troubles: vec![trouble], ..self.0.read(at_most) }
    }

    fn ask(&self, place: u64, count: u64) {
        self.0.ask(place, count);
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let events = of(|story| {
        story.services().build();
    })
    .events;
    let reel = Box::new(Damaged(Tape::of(events, 100)));
    desk.look_at(Opening { path: "a".into(), name: "a".into(), started_unix_ms: STARTED, reel });
    assert!(desk.says("Lines out of their order: 1") && desk.says("that are no events: 2."), "{:?}", desk.texts());
}

#[test]
fn a_trace_that_does_not_tell_its_date_is_not_said_to_be_of_1970() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let opening = capture(|story| {
        story.finish();
    });
    desk.look_at(Opening { started_unix_ms: 0, ..opening });
    assert!(desk.shows("You look at a capture: the bad one"));
}

/// Nobody takes the end of what was read for the end of the session.
#[test]
fn a_session_that_goes_on_says_how_far_it_was_read_and_is_read_on_at_the_same_place() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let path = std::path::PathBuf::from("/captures/bad.jsonl.zst");
    let entry = Entry {
        path: path.clone(),
        name: "bad".into(),
        bytes: 1,
        started_unix_ms: STARTED,
        written_unix_ms: STARTED,
        condition: Condition::Writing,
        about: About::default(),
        strange: None,
    };
    desk.record(Shelf { entries: vec![entry].into(), ..Shelf::default() });
    desk.click("Captures…");
    assert_eq!(desk.asked(), [Ask::Look]);
    desk.look_at(capture(|_| {}));
    assert!(desk.says("This session goes on; it was read up to "));
    desk.press(Modifiers::ALT, Key::Home);
    desk.press(Modifiers::ALT, Key::ArrowRight);
    let end = |desk: &Desk| desk.texts().into_iter().find(|text| text.ends_with(" s · event"));
    let (here, until) = (desk.number("Events that have happened"), end(&desk));
    assert!(here.is_some_and(|events| events > 0.0) && until.is_some());
    desk.fill("Filter messages", "mqtt");
    desk.choose("Speed", "5 ×");
    desk.click("Read on");
    assert_eq!(desk.asked(), [Ask::Open(path)]);
    desk.look_at(capture(|story| {
        story.fail();
    }));
    assert_eq!(desk.number("Events that have happened"), here);
    assert_ne!(end(&desk), until, "there is more of it now");
    assert!(desk.says("mqtt") && desk.says("5 ×"), "and it is looked at in the same way");
}

#[test]
fn a_session_that_is_over_is_not_said_to_go_on() {
    let desk = looking();
    assert!(!desk.says("This session goes on"));
}

/// The folder of another bench may hold a capture of the same name.
#[test]
fn only_the_very_file_that_is_recorded_is_said_to_go_on() {
    for (recorded, goes_on) in [("/captures/bad.jsonl.zst", true), ("/elsewhere/bad.jsonl.zst", false)] {
        let mut desk = Desk::at(of(|story| {
            story.services();
        }));
        desk.record(Shelf { recording: Some(recorded.into()), ..Shelf::default() });
        desk.look_at(capture(|_| {}));
        assert_eq!(desk.says("This session goes on"), goes_on, "{recorded}");
    }
}

/// Otherwise who went elsewhere while a long session was read on is thrown back at the end.
#[test]
fn who_moves_while_a_session_is_read_on_stays_there() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.record(Shelf { recording: Some("/captures/bad.jsonl.zst".into()), ..Shelf::default() });
    desk.look_at(capture(|_| {}));
    desk.press(Modifiers::ALT, Key::Home);
    desk.press(Modifiers::ALT, Key::ArrowRight);
    let here = desk.number("Events that have happened");
    assert!(here.is_some_and(|events| events > 0.0));
    let slowly = || {
        let story = of(|story| {
            story.services().build().device().push().download(100);
        });
        Opening { reel: Tape::of(story.events, 9), ..capture(|_| {}) }
    };
    for (moved, expected) in [(false, here), (true, Some(0.0))] {
        desk.look_at(slowly());
        assert!(desk.says("% read"), "{:?}", desk.texts());
        if moved {
            desk.press(Modifiers::ALT, Key::Home);
        }
        (0..20).for_each(|_| desk.later(20));
        assert_eq!(desk.number("Events that have happened"), expected, "moved: {moved}");
    }
}

/// Otherwise a look into the field moves the moment, for it shows no more than milliseconds.
#[test]
fn the_instant_confirmed_as_it_is_shown_stays_and_typed_leads_behind_its_millisecond() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let mut events = of(|story| {
        story.services().build().device().push().download(10);
    })
    .events;
    for event in &mut events {
        let own = Event::clone(event);
        *event = Event { at: own.at + Micros(433), ..own }.into();
    }
    desk.look_at(Opening { reel: Tape::of(events.clone(), 10_000), ..capture(|_| {}) });
    desk.press(Modifiers::ALT, Key::Home);
    (0..2).for_each(|_| desk.press(Modifiers::ALT | Modifiers::SHIFT, Key::ArrowRight));
    let field = "Instant, in seconds";
    desk.click(field);
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.number("Events that have happened"), Some(2.0), "one stays where one was");
    let at = events[20].at;
    desk.click(field);
    desk.happen(egui::Event::Text(at.to_string()));
    desk.press(Modifiers::NONE, Key::Enter);
    let by_then = events.iter().filter(|event| event.at.0 / 1_000 <= at.0 / 1_000).count();
    assert_eq!(desk.number("Events that have happened").map(|place| place.to_string()), Some(by_then.to_string()));
}

/// Otherwise what is typed is lost as soon as the next event is shown or read.
#[test]
fn a_number_can_be_typed_while_the_capture_is_played() {
    let mut desk = looking();
    for (field, typed, travels) in [("Events that have happened", "12", 12.0), ("Instant, in seconds", "0", 0.0)] {
        desk.press(Modifiers::ALT, Key::Home);
        desk.click("Play");
        desk.later(20);
        desk.click(field);
        for letter in typed.chars() {
            desk.happen(egui::Event::Text(letter.to_string()));
            desk.later(900);
        }
        desk.press(Modifiers::NONE, Key::Enter);
        let here = desk.number(field).unwrap();
        assert!((here - travels).abs() < 0.5, "{field}: {here}");
    }
}

/// Otherwise a key that is held goes one step a frame, however slow the frames are.
#[test]
fn each_press_is_a_step_though_several_come_in_one_frame() {
    let mut desk = looking();
    desk.press(Modifiers::ALT, Key::Home);
    desk.press_quickly(Modifiers::ALT | Modifiers::SHIFT, Key::ArrowRight, 5);
    assert_eq!(desk.number("Events that have happened"), Some(5.0));
    desk.press_quickly(Modifiers::ALT | Modifiers::SHIFT, Key::ArrowLeft, 2);
    assert_eq!(desk.number("Events that have happened"), Some(3.0));
}

/// Otherwise a packet trace, and a part of a session, are said to have had no broker.
#[test]
fn what_a_part_of_a_session_does_not_tell_is_not_said_to_have_stopped() {
    for (kept, started, told) in [(0, STARTED, true), (6, STARTED, false), (6, 0, false)] {
        let mut desk = Desk::at(of(|story| {
            story.services();
        }));
        let mut events = of(|story| {
            story.services().build().device().push().download(10);
        })
        .events;
        events.drain(..kept);
        desk.look_at(Opening { reel: Tape::of(events, 10_000), started_unix_ms: started, ..capture(|_| {}) });
        let untold = ["Broker: not told in this capture", "Firmware server: not told in this capture"];
        assert!(untold.iter().all(|text| desk.shows(text) != told), "{kept}: {:?}", desk.texts());
    }
}
