//! Finding in a console while the search takes its time, and where it leads.

use super::console::{PORT, printed};
use super::desk::Desk;
use super::of;
use crate::event::Fact;
use eframe::egui::{Key, Modifiers};

#[test]
fn the_chosen_line_stays_chosen_while_the_filter_is_searched_for() {
    let mut desk = printed(50_000);
    desk.fill("Find in the console", "wifi");
    desk.click("Only lines that match");
    desk.click_holding("I (49990) wifi", Modifiers::NONE);
    desk.press(Modifiers::NONE, Key::ArrowUp);
    desk.press(Modifiers::NONE, Key::ArrowUp);
    assert!(desk.says("4,998 of 5,000"), "{:?}", desk.texts());
    desk.hold();
    desk.fill("Find in the console", "wifi: n");
    assert!(desk.says("…"), "it is being searched");
    desk.release();
    assert!(desk.says("4,998 of 5,000"), "{:?}", desk.texts());
    desk.hold();
    desk.click("Only lines that match");
    desk.fill("Find in the console", "wifi");
    desk.click("Only lines that match");
    desk.release();
    assert!(desk.says("4,998 of 5,000") && desk.says("I (49970) wifi"), "{:?}", desk.texts());
}

#[test]
fn enter_goes_to_what_was_typed_and_to_nothing_typed_before() {
    let mut desk = printed(50_000);
    desk.hold();
    desk.fill("Find in the console", "number 20000");
    desk.press(Modifiers::NONE, Key::Enter);
    desk.fill("Find in the console", "number 31");
    desk.release();
    assert!(desk.says("1,111 found"), "no step was asked for in this search: {:?}", desk.texts());
    desk.hold();
    desk.fill("Find in the console", "number 20000");
    desk.press(Modifiers::NONE, Key::Enter);
    desk.release();
    assert!(desk.says("1 of 1") && desk.says("I (20000) wifi"));
}

#[test]
fn a_number_behind_a_colon_is_found_as_text_too() {
    let mut desk = Desk::at(of(|story| {
        story.services().device();
        for number in 0..2_000 {
            story.prints(&format!("mqtt://10.0.0.{number}:8883 tried"));
        }
        story.prints("mqtt://[::1]:1883");
    }));
    desk.fill("Find in the console", ":1883");
    assert!(desk.says("1 found"));
    desk.press(Modifiers::NONE, Key::F3);
    assert!(desk.says("1 of 1") && desk.says("mqtt://[::1]:1883"));
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("10.0.0.1879:8883"), "line 1883: {:?}", desk.texts());
}

/// A console beside so many messages that only some of them can be seen.
fn talking() -> Desk {
    Desk::at(of(|story| {
        story.services().device();
        for number in 0..200 {
            story.wait(1_000).prints(&format!("tick {number}"));
            story.says(&format!(r#"{{"method":"report_version","payload":{{"version":"0.0.{number}"}}}}"#));
        }
    }))
}

#[test]
fn the_messages_go_where_a_hit_a_bookmark_or_a_line_number_leads() {
    let mut desk = talking();
    assert!(desk.says("0.0.199") && !desk.says("0.0.20 ") && !desk.says("0.0.100"));
    desk.fill("Find in the console", "tick 100");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("0.0.100"), "{:?}", desk.texts());
    desk.press(Modifiers::COMMAND, Key::B);
    desk.fill("Find in the console", ":20");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("0.0.17"), "{:?}", desk.texts());
    assert!(!desk.says("0.0.100"));
    desk.press(Modifiers::NONE, Key::F2);
    assert!(desk.says("0.0.100"), "{:?}", desk.texts());
}

#[test]
fn a_bookmark_is_gone_to_though_the_filter_does_not_list_it() {
    let mut desk = printed(3_000);
    desk.click_holding("I (2995) ota", Modifiers::NONE);
    desk.press(Modifiers::COMMAND, Key::B);
    desk.press(Modifiers::NONE, Key::Home);
    desk.press(Modifiers::COMMAND, Key::B);
    desk.fill("Find in the console", "wifi");
    desk.press(Modifiers::COMMAND, Key::L);
    assert!(!desk.says("ota: number"));
    desk.press(Modifiers::NONE, Key::F2);
    assert!(desk.says("Bookmark: ") && desk.says("I (2995) ota"), "{:?}", desk.texts());
    desk.press(Modifiers::SHIFT, Key::F2);
    assert!(desk.says("Bookmark: ") && desk.says(PORT));
    desk.press(Modifiers::SHIFT, Key::F2);
    assert!(desk.says("I (2995) ota"), "round the end");
}

#[test]
fn a_hit_far_to_the_right_is_brought_into_view_and_the_rest_of_a_line_is_told_of() {
    let mut desk = Desk::at(of(|story| {
        story.services();
        story.add(Fact::PortOpened { port: PORT.into(), settings: "115200 8N1".into() });
        let line = format!("{}needle{}", "x".repeat(9_000), "y".repeat(5_000));
        story.prints(&line).prints("short");
    }));
    assert!(desk.says("… +13,"), "{:?}", desk.texts());
    assert!(!desk.says("needle"));
    desk.fill("Find in the console", "needle");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.texts().iter().any(|text| text.contains("xneedley")), "{:?}", desk.texts());
    desk.fill("Find in the console", "short");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says(" short"), "{:?}", desk.texts());
}
