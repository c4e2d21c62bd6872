//! The list of captures: found, opened, named, starred and cleared away by name and by key.

use super::desk::Desk;
use super::of;
use crate::capture::{About, Condition, Entry, Found, Header, Limits, Verdict};
use crate::event::{Event, Fact, Micros, Trouble};
use crate::ui::captures::{Ask, Shelf};
use eframe::egui::{Key, Modifiers};
use std::path::PathBuf;
use std::sync::Arc;

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
        dialects: vec!["uiot".into()],
        upgrades: vec![upgrade],
        idle: false,
    };
    Entry {
        path: PathBuf::from(format!("/captures/{name}.jsonl.zst")),
        name,
        bytes: 5_000,
        started_unix_ms: 1_767_225_600_000 + (day - 1) * DAY,
        written_unix_ms: day * DAY,
        condition: Condition::Known,
        about: About { title: title.map(str::to_owned), found: Some(found), ..About::default() },
        strange: None,
    }
}

fn list() -> Desk {
    list_of(Desk::at(of(|story| {
        story.services();
    })))
}

fn list_of(mut desk: Desk) -> Desk {
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

/// What one reads in a row is what one types to find it again.
#[test]
fn a_session_is_found_by_what_its_row_says_in_the_language_of_the_window() {
    let mut desk = list_of(Desk::with_tofu(of(|story| {
        story.services();
    })));
    for (search, found) in
        [("2026-01-02 00:00", "lamp-02"), ("succeeded", "lamp-03"), ("1 min 23", "lamp-01"), ("uiot jsonl", "lamp-01")]
    {
        desk.fill("Search", search);
        assert!(desk.says(&format!("{found} →")), "{search}");
    }
    assert!(desk.says("lamp-02 →"));
    desk.fill("Search", "");
    desk.choose("Language", "简体中文");
    for (search, found, not) in [("成功", "lamp-03 →", "lamp-02 →"), ("失败", "lamp-02 →", "lamp-03 →")] {
        desk.fill("搜索", search);
        assert!(desk.says(found) && !desk.says(not), "{search}");
    }
}

#[test]
fn sessions_in_which_nothing_happened_are_shown_only_when_that_is_asked_for() {
    let mut desk = list();
    let mut idle = entry(4, None, "succeeded");
    idle.about.found = idle.about.found.map(|found| Found { idle: true, ..found });
    let kept = Entry { about: About { star: true, ..idle.about.clone() }, ..entry(5, None, "") };
    desk.record(Shelf { entries: vec![kept, idle].into(), folder: "/captures".into(), ..Shelf::default() });
    assert!(desk.says("2026-01-05") && !desk.says("2026-01-04"));
    desk.click("Show empty ones (1)");
    assert!(desk.says("2026-01-04"));
    desk.click("Hide empty ones (1)");
    assert!(!desk.says("2026-01-04"));
}

/// Nobody knows yet what is in the file that is being written, but the window knows its session.
#[test]
fn the_session_that_is_being_recorded_says_how_long_it_is_and_who_takes_part() {
    let mut desk = Desk::at(of(|story| {
        story.services().device();
    }));
    let mut running = entry(3, None, "");
    running.about.found = None;
    running.condition = Condition::Writing;
    let recording = Some(running.path.clone());
    desk.record(Shelf { entries: vec![running].into(), recording, folder: "/captures".into(), ..Shelf::default() });
    desk.click("Captures…");
    desk.later(65_000);
    assert!(desk.says("1 min ") && desk.says("lamp-01, being recorded now"), "{:?}", desk.texts());
}

/// A star that cannot be read is not a star that is not there.
#[test]
fn a_capture_whose_notes_are_not_understood_says_so_and_what_to_do() {
    let mut desk = list();
    let notes =
        Trouble::new("capture-notes-strange").with("path", "/captures/a.about.json").with("detail", "version 2");
    let mut strange = Entry { strange: Some(notes), condition: Condition::Unread, ..entry(5, None, "") };
    strange.about = About::default();
    desk.record(Shelf { entries: vec![strange].into(), folder: "/captures".into(), ..Shelf::default() });
    desk.click_at("its notes are not understood");
    assert!(desk.says("/captures/a.about.json") && desk.says("never cleared away by itself"));
}

/// A limit of 0.1 GB must not become none because somebody sets the days.
#[test]
fn setting_one_limit_leaves_the_other_exactly_as_it_is() {
    let mut desk = list();
    desk.fill("Gigabytes kept", "0.1");
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.asked(), [Ask::Limit(Limits { megabytes: 102, days: 90 })]);
    desk.fill("Gigabytes kept", "0.0004");
    desk.fill("Days kept", "7");
    desk.press(Modifiers::NONE, Key::Enter);
    let [tiny, days] = [Limits { megabytes: 1, days: 90 }, Limits { megabytes: 1, days: 7 }].map(Ask::Limit);
    assert_eq!(desk.asked(), [tiny, days]);
    desk.fill("Gigabytes kept", "much");
    desk.fill("Days kept", "8");
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.asked(), [Ask::Limit(Limits { megabytes: 1, days: 8 })]);
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

/// Otherwise whoever sets a limit sees sessions vanish, and is told of it on another screen.
#[test]
fn what_a_limit_cleared_away_is_told_below_it() {
    let mut desk = list();
    let cleared = |n: u64| {
        let trouble = Trouble::new("captures-cleared").with("n", n).with("size", "2.00 MB");
        Arc::new(Event { seq: n, at: Micros::from_secs(n), fact: Fact::TroubleMet { trouble } })
    };
    desk.goes_on(vec![cleared(41), cleared(42)]);
    assert!(desk.says("oldest first: 42") && !desk.says("oldest first: 41"), "{:?}", desk.texts());
}

/// Otherwise Escape, which gives up what was typed, deletes sessions for good, and closes the list on top of it.
#[test]
fn escape_gives_up_what_is_typed_and_nothing_else() {
    let mut desk = list();
    for (field, text) in [("Gigabytes kept", "0.001"), ("Days kept", "1"), ("Search", "lamp")] {
        desk.fill(field, text);
        desk.press(Modifiers::NONE, Key::Escape);
        assert_eq!(desk.asked(), [], "{field}");
        assert!(desk.shows("Close the list"), "{field}: {:?}", desk.texts());
    }
    desk.press(Modifiers::NONE, Key::Escape);
    assert_eq!(desk.asked(), []);
    assert!(!desk.shows("Close the list"), "the next one is the list's");
}

/// Otherwise each session takes a reach for the mouse.
#[test]
fn the_list_has_the_keyboard_again_after_a_dialog() {
    let mut desk = list();
    desk.click_at("the bad one, ");
    for key in [Key::F2, Key::Delete] {
        desk.press(Modifiers::NONE, key);
        desk.press(Modifiers::NONE, Key::Escape);
        desk.press(Modifiers::NONE, Key::S);
        assert_eq!(desk.asked(), [Ask::Star(path(2), true)], "after {key:?}");
    }
}

/// Otherwise a session in which the real device failed looks green, for a capture of a good one was replayed in it.
#[test]
fn what_only_a_replay_said_is_told_as_such_and_last() {
    let mut desk = list();
    let mut replayed = entry(4, None, "succeeded");
    let upgrades = &mut replayed.about.found.as_mut().unwrap().upgrades;
    upgrades[0].findings = vec!["said-by-replay".into()];
    let own = entry(4, None, "failed md5-mismatch -4").about.found.unwrap().upgrades;
    upgrades.extend(own);
    replayed.started_unix_ms = 0;
    desk.record(Shelf { entries: vec![replayed].into(), folder: "/captures".into(), ..Shelf::default() });
    let told = "lamp-04 → 2.0.0: Failed: MD5 mismatch; ↺ lamp-04 → 2.0.0: Succeeded (said by a replay)";
    assert!(desk.says(told), "{:?}", desk.texts());
    assert!(desk.says("–, 1 min 23 s") && !desk.says("1970"), "a trace does not tell when it was taken");
}
