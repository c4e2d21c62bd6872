//! The console's log: finding, listing, choosing, copying, by name and by key.

use super::desk::Desk;
use super::of;
use crate::event::Fact;
use eframe::egui::{Key, Modifiers};

pub const PORT: &str = "/dev/ttyUSB0";

/// A console with so many lines, every tenth of which speaks of wifi.
pub fn printed(lines: u32) -> Desk {
    Desk::at(of(|story| {
        story.services();
        story.add(Fact::PortOpened { port: PORT.into(), settings: "115200 8N1".into() });
        for chunk in 0..lines / 1_000 {
            let mut bytes = Vec::new();
            for line in chunk * 1_000..(chunk + 1) * 1_000 {
                let topic = if line % 10 == 0 { "wifi" } else { "ota" };
                bytes.extend_from_slice(format!("I ({line}) {topic}: number {line}\r\n").as_bytes());
            }
            story.at += 5;
            story.add(Fact::BytesReceived { port: PORT.into(), bytes: bytes.into() });
        }
    }))
}

#[test]
fn what_is_looked_for_is_counted_and_gone_through_by_key() {
    let mut desk = printed(50_000);
    desk.fill("Find in the console", "wifi: number 4999");
    assert!(desk.says("1 found"), "only 49990 ends in 0");
    desk.fill("Find in the console", "wifi");
    assert!(desk.says("5,000 found"));
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("1 of 5,000") && desk.says("I (0) wifi: number 0"));
    desk.press(Modifiers::NONE, Key::F3);
    assert!(desk.says("2 of 5,000") && desk.says("I (10) wifi: number 10"));
    desk.press(Modifiers::SHIFT, Key::F3);
    desk.press(Modifiers::SHIFT, Key::F3);
    assert!(desk.says("5,000 of 5,000") && desk.says("number 49990"));
    desk.click("Capitals matter");
    desk.fill("Find in the console", "WIFI");
    assert!(desk.says("0 found"));
    desk.click("Regular expression");
    desk.fill("Find in the console", r"number \d*00$");
    assert!(desk.says("499 found"));
    desk.fill("Find in the console", "(");
    assert!(desk.says("No regular expression: unclosed group"));
}

#[test]
fn only_lines_that_match_are_listed_and_the_chosen_line_stays() {
    let mut desk = printed(50_000);
    desk.fill("Find in the console", "wifi");
    desk.press(Modifiers::NONE, Key::Enter);
    desk.press(Modifiers::NONE, Key::F3);
    assert!(desk.says("I (9) ota: number 9"), "{:?}", desk.texts());
    desk.click("Only lines that match");
    assert!(!desk.says("ota: number"));
    assert!(desk.says("2 of 5,000") && desk.says("I (20) wifi: number 20"));
    desk.click("Only lines that match");
    assert!(desk.says("2 of 5,000") && desk.says("I (9) ota: number 9"));
}

#[test]
fn a_line_is_gone_to_by_its_number() {
    let mut desk = printed(50_000);
    desk.fill("Find in the console", ":12,346");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("I (12344) ota: number 12344"), "line 1 says that the port was opened");
    desk.press(Modifiers::COMMAND, Key::J);
    assert!(desk.says("number 49999"));
}

#[test]
fn a_hundred_thousand_lines_are_chosen_and_copied_as_shown_or_raw() {
    let mut desk = printed(100_000);
    desk.click_holding("I (99990) wifi", Modifiers::NONE);
    desk.press(Modifiers::COMMAND, Key::A);
    let text = desk.copy().unwrap();
    assert_eq!(text.lines().count(), 100_001);
    assert!(text.lines().last().unwrap().ends_with(" I (99999) ota: number 99999"), "with its time");
    let raw = desk.copy_with(Modifiers::COMMAND | Modifiers::SHIFT, Key::C).unwrap();
    assert_eq!(raw.lines().count(), 100_000, "the workbench's own line is none of the device's");
    assert!(raw.starts_with("I (0) wifi: number 0\r\n"), "without times");
    desk.click("More for the console");
    desk.click("Copy raw (Ctrl+Shift+C)");
    desk.click_holding("I (99990) wifi", Modifiers::NONE);
    desk.press(Modifiers::SHIFT, Key::PageUp);
    desk.fill("Find in the console", "wifi");
    desk.click("Only lines that match");
    desk.click_holding("I (99990) wifi", Modifiers::NONE);
    desk.press(Modifiers::COMMAND, Key::A);
    assert_eq!(desk.copy().unwrap().lines().count(), 10_000, "of what is listed");
}

#[test]
fn bookmarks_are_set_and_gone_to_by_key() {
    let mut desk = printed(2_000);
    desk.click_holding("I (1990) wifi", Modifiers::NONE);
    desk.press(Modifiers::COMMAND, Key::B);
    assert!(desk.says("Bookmark: "));
    desk.press(Modifiers::NONE, Key::Home);
    assert!(!desk.says("Bookmark: "));
    desk.press(Modifiers::NONE, Key::F2);
    assert!(desk.says("Bookmark: ") && desk.says("I (1990) wifi"));
}

#[test]
fn a_crash_on_the_console_is_an_event_among_the_messages() {
    let mut desk = Desk::at(of(|story| {
        story.services().device();
        story.prints("Guru Meditation Error: Core  0 panic'ed (LoadProhibited)");
        story.wait(10).prints("rst:0xc (SW_CPU_RESET),boot:0x13");
    }));
    assert!(desk.says("Problem: ") && desk.says("• Crash on /dev/ttyUSB0: Guru Meditation Error: Core  0"));
    assert!(desk.says("• Restart on /dev/ttyUSB0: rst:0xc"));
    desk.fill("Filter messages", "guru");
    assert!(desk.says("• Crash on /dev/ttyUSB0"));
}

#[test]
fn a_log_file_is_looked_at_like_a_port() {
    let mut desk = printed(1_000);
    let text: Vec<_> = (0..200_000).map(|line| format!("file line {line}\n")).collect();
    desk.open_log("/var/log/board.log", text.concat().into_bytes());
    assert!(desk.says("file line 0") && desk.shows("Close log"));
    desk.fill("Find in the console", ":150001");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("file line 150000"));
    desk.fill("Find in the console", "line 1999");
    assert!(desk.says("111 found"));
    desk.click("Close log");
    assert!(desk.says("number 999"), "the port again");
}

#[test]
fn the_bytes_of_the_chosen_line_are_shown() {
    let mut desk = printed(1_000);
    desk.click("More for the console");
    desk.click("Bytes of chosen lines");
    desk.click_holding("I (990) wifi", Modifiers::NONE);
    assert!(desk.says("0000  49 20 28 39 39 30 29 20"));
}
