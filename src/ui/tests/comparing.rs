//! A good run beside a bad one: two captures chosen from the list, told apart phase by phase.

use super::handing::{entry, list};
use super::of;
use super::story::Story;
use crate::capture::Header;
use crate::event::Trouble;
use crate::replay::{Course, Courses, compare};
use crate::ui::captures::Ask;
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
fn chosen() -> super::desk::Desk {
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

#[test]
fn two_captures_are_compared_by_phase_and_where_they_part_is_said() {
    let mut desk = chosen();
    let good = courses(|story| {
        story.finish();
    });
    let bad = courses(|story| {
        story.fail();
    });
    desk.is_done(Done::Compared(both(), Ok(compare(good, bad))));
    assert!(desk.shows("Push published") && desk.shows("Success reported") && desk.shows("Verdict"));
    assert!(desk.begins("They part first here, in what the device says. A: "), "{:?}", desk.texts());
    assert!(desk.says("B: failed -4"));
    desk.click("Close");
    assert!(!desk.says("A is good, B is bad."), "{:?}", desk.texts());
    assert!(desk.shows("List of captures"));
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
