//! A capture handed on: looked at before it goes, without its secrets unless asked, and told of when it is written.

use super::desk::Desk;
use super::of;
use crate::capture::{About, Condition, Entry};
use crate::event::Trouble;
use crate::replay::{Format, Handed, Preview};
use crate::ui::captures::{Ask, Shelf};
use crate::ui::handing::{Done, Errand, Order, Written};
use eframe::egui::{Key, Modifiers};
use std::path::PathBuf;

pub fn entry(name: &str) -> Entry {
    Entry {
        path: PathBuf::from(format!("/captures/{name}.jsonl.zst")),
        name: name.into(),
        bytes: 5_000,
        started_unix_ms: 1_767_225_600_000,
        written_unix_ms: 1_767_225_600_000,
        condition: Condition::Known,
        about: About::default(),
        strange: None,
    }
}

/// The list with these captures, and nothing asked yet.
pub fn list(names: &[&str]) -> Desk {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let entries: Vec<_> = names.iter().map(|name| entry(name)).collect();
    desk.record(Shelf { entries: entries.into(), folder: "/captures".into(), ..Shelf::default() });
    desk.click("Captures…");
    desk.asked();
    desk
}

fn order(format: Format, only: &str, with_secrets: bool) -> Order {
    Order { path: entry("run-a").path, format, only: only.parse().unwrap(), with_secrets }
}

fn export() -> Desk {
    let mut desk = list(&["run-a"]);
    desk.click_at("run-a, ");
    desk.click("Export…");
    desk
}

#[test]
fn what_would_go_out_is_shown_before_and_secrets_stay_in_only_when_asked() {
    let mut desk = export();
    let first = order(Format::Jsonl, "", false);
    assert_eq!(desk.asked(), [Ask::Errand(Errand::Preview(first.clone()))]);
    assert!(desk.says("What is named as a secret") && desk.says("base64") && desk.says("Working out"));
    let handed = Handed { events: (2, 3), ..Handed::default() };
    let lines = vec!["{\"first\":1}".to_owned()];
    desk.is_done(Done::Preview(first, Vec::new(), Ok(Preview { handed, lines, taken_lines: 0 })));
    assert!(
        desk.says("2 of 3 events would be handed on.")
            && desk.says("{\"first\":1}")
            && desk.says("Nothing had to be taken out.")
    );
    desk.click("With secrets, signatures and tokens");
    assert!(desk.says("Whoever gets the file can sign in as these devices"));
    assert_eq!(desk.asked(), [Ask::Errand(Errand::Preview(order(Format::Jsonl, "", true)))]);
}

#[test]
fn a_part_is_saved_in_another_format_and_its_end_is_told_wherever_one_is() {
    let mut desk = export();
    desk.fill("Only what fits", "nonsense:1");
    assert!(!desk.is_enabled("Save…") && desk.says("Join words such as up"));
    desk.fill("Only what fits", "mqtt");
    desk.choose("Format", "CSV: a row for each event");
    desk.asked();
    desk.click("Save…");
    assert_eq!(desk.asked(), [Ask::Errand(Errand::Save(order(Format::Csv, "mqtt", false)))]);
    assert!(!desk.is_enabled("Save…") && desk.says("Choose where to save it"), "asked once");
    let (ordered, path) = (order(Format::Csv, "mqtt", false), PathBuf::from("/home/me/a.csv"));
    desk.is_done(Done::Writing(ordered.clone(), path.clone(), 0));
    assert!(desk.says("Writing /home/me/a.csv…") && desk.says("Export of run-a"));
    desk.click("Close");
    desk.click("Close the list");
    desk.is_done(Done::Writing(ordered.clone(), path.clone(), 16_384));
    assert!(desk.says("Writing /home/me/a.csv… 16,384 events read"));
    let handed = Handed { events: (7, 9), ..Handed::default() };
    let written = Written {
        files: vec![path.clone(), "/home/me/a.txt".into()],
        handed,
        damage: vec![Trouble::new("recording-cut")],
    };
    desk.is_done(Done::Saved(ordered.clone(), path.clone(), Ok(Some(written))));
    assert!(desk.says("/home/me/a.csv, /home/me/a.txt: 7 of 9 events") && !desk.says("Writing"));
    assert!(desk.says("ends in the middle"), "half a session is not handed on as a whole one: {:?}", desk.texts());
    desk.is_done(Done::Saved(ordered, path, Err(Trouble::new("file-exists").with("path", "/home/me/a.csv"))));
    assert!(!desk.says("7 of 9 events"), "of one file the latest is told");
    desk.click("Put the report away");
    assert!(!desk.says("/home/me/a.csv"));
}

/// Otherwise Add builds, Send a file and Save the certificate do nothing on a desktop without a dialog, and nobody knows why.
#[test]
fn that_the_system_has_no_dialog_is_told_on_every_screen_until_it_is_put_away() {
    let mut desk = export();
    desk.click("Close");
    desk.fails(Trouble::new("no-file-dialog"));
    desk.fails(Trouble::new("no-file-dialog"));
    assert!(desk.says("zenity"));
    desk.click("Put the report away");
    assert!(!desk.says("zenity"), "it is told once");
}

/// Otherwise whoever picks a full disk, or presses Cancel, types the filter again.
#[test]
fn the_dialog_stays_until_it_is_saved() {
    let mut desk = export();
    desk.fill("Only what fits", "mqtt");
    let ordered = order(Format::Jsonl, "mqtt", false);
    let path = PathBuf::from("/full/a.jsonl");
    let is_as_it_was = |desk: &Desk| desk.says("Export of run-a") && desk.is_enabled("Save…") && desk.says("mqtt");
    desk.click("Save…");
    desk.is_done(Done::Unsaved(ordered.clone(), None));
    assert!(is_as_it_was(&desk), "after a no");
    desk.click("Save…");
    desk.is_done(Done::Unsaved(ordered.clone(), Some(Trouble::new("no-file-dialog"))));
    assert!(is_as_it_was(&desk) && desk.says("zenity"));
    desk.click("Save…");
    assert!(!desk.says("zenity"));
    desk.is_done(Done::Writing(ordered.clone(), path.clone(), 0));
    desk.is_done(Done::Saved(ordered.clone(), path.clone(), Err(Trouble::new("folder-missing").with("path", "/full"))));
    assert!(is_as_it_was(&desk) && desk.says("There is no folder /full.") && !desk.says("Writing"));
    desk.click("Save…");
    desk.is_done(Done::Writing(ordered.clone(), path.clone(), 0));
    desk.asked();
    desk.click_topmost("Stop the export");
    assert_eq!(desk.asked(), [Ask::Errand(Errand::Stop(path.clone()))]);
    desk.is_done(Done::Saved(ordered.clone(), path.clone(), Ok(None)));
    assert!(is_as_it_was(&desk) && !desk.says("/full/a.jsonl"), "given up, and nothing more to tell");
    desk.click("Save…");
    let written = Written { files: vec![path.clone()], handed: Handed::default(), damage: Vec::new() };
    desk.is_done(Done::Saved(ordered, path, Ok(Some(written))));
    assert!(!desk.says("Export of run-a") && desk.says("/full/a.jsonl: "));
}

#[test]
fn a_test_case_is_saved_and_escape_closes_only_the_dialog() {
    let mut desk = export();
    desk.press(Modifiers::NONE, Key::Escape);
    assert!(!desk.says("Export of run-a") && desk.shows("List of captures"));
    desk.click("Export…");
    desk.asked();
    desk.click("Save as test case…");
    assert_eq!(desk.asked(), [Ask::Errand(Errand::SaveTest(order(Format::Jsonl, "", false)))]);
}
