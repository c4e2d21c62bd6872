//! The list of captures: found, opened, named, starred and cleared away by name and by key.

use super::desk::Desk;
use super::of;
use crate::capture::{About, Condition, Entry, Found, Header, Limits, Verdict};
use crate::ui::captures::{Ask, Shelf};
use eframe::egui::{Key, Modifiers};
use std::path::PathBuf;

const DAY: u64 = 86_400_000;

fn entry(day: u64, title: Option<&str>, state: &str) -> Entry {
    let name = format!("2026-01-{day:02} 10.00.00");
    let upgrade = Verdict {
        device: format!("p/lamp-{day:02}"),
        version: "2.0.0".into(),
        state: state.into(),
        findings: Vec::new(),
    };
    let found = Found {
        file_bytes: 5_000,
        header: Header::new(day * DAY, None),
        length_us: 83_000_000,
        events: 1_234,
        damaged: 0,
        devices: vec![format!("p/lamp-{day:02}")],
        upgrades: vec![upgrade],
    };
    Entry {
        path: PathBuf::from(format!("/captures/{name}.jsonl.zst")),
        name,
        bytes: 5_000,
        started_unix_ms: 1_767_225_600_000 + (day - 1) * DAY,
        written_unix_ms: day * DAY,
        condition: Condition::Known,
        about: About { title: title.map(str::to_owned), found: Some(found), ..About::default() },
    }
}

fn list() -> Desk {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let entries = vec![
        entry(3, None, "succeeded"),
        entry(2, Some("the bad one"), "failed md5-mismatch -4"),
        entry(1, None, "downloading 63"),
    ];
    let recording = Some(entries[0].path.clone());
    desk.record(Shelf { entries: entries.into(), recording, folder: "/captures".into(), ..Shelf::default() });
    desk.click("Captures…");
    assert_eq!(desk.asked(), [Ask::Look]);
    desk
}

fn path(day: u64) -> PathBuf {
    entry(day, None, "").path
}

#[test]
fn the_list_tells_of_every_session_when_how_long_who_and_how_it_ended() {
    let desk = list();
    assert!(
        desk.begins("2026-01-03 00:00:00, 1 min 23 s, lamp-03, lamp-03 → 2.0.0: Succeeded, being recorded now, 4.9 KB")
    );
    assert!(desk.begins("the bad one, 2026-01-02"));
    assert!(desk.says("lamp-02 → 2.0.0: Failed: MD5 mismatch"));
    assert!(desk.says("lamp-01 → 2.0.0: Downloading 63 %"));
    assert!(desk.says("Broker 127.0.0.1:1883"), "the bench stays in sight");
}

#[test]
fn a_session_is_found_by_any_of_its_words_and_opened_by_key() {
    let mut desk = list();
    desk.fill("Search", "md5 lamp-02");
    assert!(!desk.says("lamp-03 →") && desk.says("lamp-02 →"));
    desk.click_at("the bad one, ");
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.asked(), [Ask::Open(path(2))]);
    desk.fill("Search", "nothing like it");
    assert!(desk.says("No session has all of these words."));
}

#[test]
fn a_session_is_named_starred_and_deleted_only_when_that_is_meant() {
    let mut desk = list();
    desk.click_at("the bad one, ");
    desk.click("Star");
    assert_eq!(desk.asked(), [Ask::Star(path(2), true)]);
    desk.click("Name…");
    desk.fill("Name", "before the fix");
    desk.click("Save");
    assert_eq!(desk.asked(), [Ask::Title(path(2), Some("before the fix".into()))]);
    desk.click("Delete…");
    assert!(desk.says("Delete the bad one?"));
    desk.click("Close");
    assert_eq!(desk.asked(), []);
    desk.click("Delete…");
    desk.click("Delete");
    assert_eq!(desk.asked(), [Ask::Delete(path(2))]);
}

#[test]
fn what_is_being_recorded_cannot_be_deleted() {
    let mut desk = list();
    desk.click_at("2026-01-03 00:00:00, ");
    assert!(!desk.is_enabled("Delete…"));
    desk.press(Modifiers::NONE, Key::Delete);
    assert!(!desk.says("Delete 2026-01-03"));
}

#[test]
fn how_much_is_kept_is_set_where_the_list_is_and_remembered() {
    let mut desk = list();
    desk.fill("Days kept", "30");
    desk.press(Modifiers::NONE, Key::Enter);
    let limits = Limits { megabytes: 2_048, days: 30 };
    assert_eq!(desk.asked(), [Ask::Limit(limits)]);
    assert_eq!(desk.remembered().unwrap().captures, limits);
}

#[test]
fn the_list_is_closed_again_by_button_and_key() {
    let mut desk = list();
    desk.click("Close the list");
    assert!(desk.shows("Messages") && !desk.shows("List of captures"));
    desk.click("Captures…");
    assert!(desk.shows("List of captures"));
    desk.press(Modifiers::NONE, Key::Escape);
    assert!(!desk.shows("List of captures"));
}
