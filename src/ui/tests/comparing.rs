//! A good run beside a bad one: two captures chosen from the list, told apart phase by phase.

use super::desk::Desk;
use super::handing::{entry, list};
use super::of;
use super::past::capture;
use super::story::Story;
use crate::capture::Header;
use crate::event::Trouble;
use crate::replay::{Comparison, Course, Courses, compare};
use crate::ui::captures::{Ask, Shelf};
use crate::ui::handing::{Done, Errand};
use std::path::PathBuf;

fn courses(end: impl FnOnce(&mut Story)) -> Vec<Course> {
    let story = of(|story| {
        story.services().build().device().push().download(100);
        end(story);
    });
    let mut courses = Courses::begin(&Header::new(0, None));
    for event in &story.events {
        courses.event(event);
    }
    courses.end()
}

fn both() -> (PathBuf, PathBuf) {
    (entry("good").path, entry("bad").path)
}

/// Both are chosen, and are being read.
fn chosen() -> Desk {
    let mut desk = list(&["good", "bad"]);
    desk.click_at("good, ");
    desk.click("Compare…");
    assert!(desk.says("Now choose the capture to compare it with."));
    desk.click_at("bad, ");
    desk.click("Compare with good");
    let (a, b) = both();
    assert_eq!(desk.asked(), [Ask::Errand(Errand::Compare(a, b))]);
    assert!(desk.says("A is good, B is bad.") && desk.says("Reading the capture…"));
    desk
}

/// A good run beside a bad one.
fn result() -> Done {
    let good = courses(|story| {
        story.finish();
    });
    let bad = courses(|story| {
        story.fail();
    });
    let cut = Trouble::new("recording-cut").with("event", 7).with("at", "0.892");
    Done::Compared(both(), Ok(Comparison { troubles_b: vec![cut], ..compare(good, bad) }))
}

/// The dialog with both.
fn compared() -> Desk {
    let mut desk = chosen();
    desk.is_done(result());
    desk
}

#[test]
fn two_captures_are_compared_by_phase_and_where_they_part_is_said() {
    let mut desk = compared();
    assert!(desk.shows("Push published") && desk.shows("Success reported") && desk.shows("Verdict"));
    assert!(desk.shows("They part first here, in what the device says."), "{:?}", desk.texts());
    assert!(desk.begins("B: reports failure: MD5 mismatch (-4) at "), "{:?}", desk.texts());
    assert!(desk.begins("B: The file ends in the middle of a line, after event 7 (0.892 s)"), "{:?}", desk.texts());
    assert!(desk.says("): Failed: MD5 mismatch"), "no code stands where words belong");
    assert!(desk.shows("Found in A") && desk.shows("nothing") && desk.shows("Found in B"), "{:?}", desk.texts());
    desk.click("Close");
    assert!(!desk.says("A is good, B is bad."), "{:?}", desk.texts());
    assert!(desk.shows("List of captures"));
}

#[test]
fn the_comparison_is_told_in_chinese_words() {
    let mut desk = Desk::with_tofu(of(|story| {
        story.services();
    }));
    desk.record(Shelf { entries: vec![entry("good"), entry("bad")].into(), ..Shelf::default() });
    desk.click("Language");
    desk.click("简体中文");
    desk.click("捕获…");
    desk.click_at("good, ");
    desk.click("对比…");
    desk.click_at("bad, ");
    desk.click("与 good 对比");
    desk.is_done(result());
    assert!(desk.shows("首个分歧：设备上报。"), "{:?}", desk.texts());
    assert!(desk.says("上报失败：MD5 不一致（-4）") && desk.says("）：失败：MD5 不一致"), "{:?}", desk.texts());
    assert!(desk.shows("A 的诊断") && desk.shows("未发现问题"), "{:?}", desk.texts());
}

/// From the number of an event to the event: the capture is opened, and stands at that moment.
#[test]
fn a_click_on_an_event_opens_its_capture_there() {
    let mut desk = compared();
    let event = desk.texts().into_iter().rfind(|text| text.starts_with("event ")).unwrap();
    desk.click(&event);
    assert_eq!(desk.asked(), [Ask::Open(both().1)]);
    assert!(!desk.says("A is good, B is bad."), "the dialog makes room");
    desk.look_at(capture(|story| {
        for n in 0..400 {
            story.wait(5).prints(&format!("line {n} of it"));
        }
    }));
    let happened = desk.number("Events that have happened").map(|number| format!("event {number:.0}"));
    assert_eq!(happened, Some(event), "{:?}", desk.texts());
    let lines: Vec<_> = desk.texts().into_iter().filter(|text| text.contains(" of it")).collect();
    assert!(desk.says("line 0 of it") && !desk.says("line 399 of it"), "the console stands there, too: {lines:?}");
}

#[test]
fn a_capture_that_cannot_be_read_is_said_instead() {
    let mut desk = chosen();
    let why = Trouble::new("recording-not-found").with("path", "/captures/good.jsonl.zst");
    desk.is_done(Done::Compared((both().1, both().0), Err(Trouble::new("capture-empty"))));
    assert!(desk.says("Reading the capture…"), "another pair is not taken for this one");
    desk.is_done(Done::Compared(both(), Err(why)));
    assert!(desk.says("/captures/good.jsonl.zst"));
}
