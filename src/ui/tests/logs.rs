//! Several consoles: ports and log files side by side, what is kept of each, and rules.

use super::console::{PORT, printed};
use super::desk::Desk;
use super::of;
use super::story::Story;
use crate::bench::Bench;
use crate::console::{Board, Direction, HighlightColour, work};
use crate::event::{Fact, Micros};
use crate::ui::model::Model;
use eframe::egui::{Key, Modifiers};

fn file(word: &str) -> Vec<u8> {
    let lines: Vec<_> = (0..50_000).map(|line| format!("{word} {line}\n")).collect();
    lines.concat().into_bytes()
}

#[test]
fn a_file_opened_again_is_searched_again() {
    let mut desk = printed(1_000);
    desk.fill("Find in the console", "first");
    desk.open_log("/var/log/board.log", file("first"));
    assert!(desk.says("50,000 found"));
    desk.open_log("/var/log/board.log", file("second"));
    assert!(desk.says("0 found"), "{:?}", desk.texts());
    desk.fill("Find in the console", "second 49999");
    assert!(desk.says("1 found"));
}

#[test]
fn a_file_with_a_ports_name_does_not_take_the_ports_console_away() {
    let mut desk = printed(1_000);
    desk.open_log(PORT, file("line"));
    assert!(desk.says("line 0"));
    desk.click("Close log");
    assert!(desk.says("number 999"), "the port has its lines");
}

#[test]
fn a_console_stands_where_it_was_left() {
    let mut desk = printed(20_000);
    desk.open_log("/var/log/board.log", file("line"));
    desk.fill("Find in the console", ":30001");
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("line 30000"));
    desk.choose("Serial port", "● /dev/ttyUSB0");
    assert!(desk.says("number 19999") && !desk.shows("Jump to latest"), "the port followed: {:?}", desk.texts());
    desk.choose("Serial port", "log: /var/log/board.log");
    assert!(desk.says("line 30000"), "{:?}", desk.texts());
}

#[test]
fn what_the_window_missed_is_not_written_into_a_file_that_is_looked_at() {
    let mut model = Model::new(Bench::new(0));
    let (name, index) = model.open_log("x.log", Board::with(b"one\ntwo\n".to_vec()), 8);
    work(vec![index]);
    work(model.keep_up());
    let mut bench = Bench::new(0);
    for event in of(|story| _ = story.services().device()).events {
        bench.apply(&event);
    }
    model.resync(bench);
    assert_eq!(model.consoles[&name].len(), 2);
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_says_so_in_its_own_words() {
    let mut desk = printed(1_000);
    desk.open_broken_log("/var/log/board.log");
    desk.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    desk.press(Modifiers::COMMAND, Key::J);
    assert!(desk.says("The rest of this file cannot be read"), "{:?}", desk.texts());
    assert!(!desk.says("Older lines are no longer kept"));
}

#[test]
fn a_board_that_crashes_all_the_time_has_one_row_and_not_a_million() {
    let mut story = Story::new();
    story.services().device();
    for _ in 0..5_000 {
        story.wait(10).prints("assert failed: xTaskCreate tasks.c:1").prints("rst:0xc (SW_CPU_RESET),boot:0x13");
    }
    let desk = Desk::at(story);
    assert!(desk.says("(5,000 times)"), "{:?}", desk.texts());
    let rows =
        desk.texts().into_iter().filter(|text| text.contains("Assertion") || text.contains("xTaskCreate tasks.c:1 ("));
    assert!(rows.count() < 5);
}

#[test]
fn crashes_hours_apart_are_rows_of_their_own_but_not_for_ever() {
    let mut model = Model::new(Bench::new(0));
    let mut story = Story::new();
    story.services().device();
    for _ in 0..11_000 {
        story.wait(11_000).prints("assert failed: x");
    }
    for event in &story.events {
        model.apply(event);
    }
    let range = model.feed.range();
    let rows = range.filter_map(|index| model.feed.row(index)?.crash());
    let (rows, times) = rows.fold((0, 0), |(rows, times), crashed| (rows + 1, times + crashed.times));
    assert_eq!((rows, times), (10_000, 11_000));
}

#[test]
fn rules_are_kept_once_the_dialog_is_closed_and_not_letter_by_letter() {
    let mut desk = printed(1_000);
    desk.click("More for the console");
    desk.click("Highlights…");
    desk.click("Add rule");
    desk.fill("Regular expression of the rule", "wi");
    desk.fill("Regular expression of the rule", "wifi");
    assert_eq!(desk.kept_rules().len(), 0);
    desk.click("Close");
    let kept = desk.kept_rules();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0][0].pattern.as_str(), kept[0][0].colour), ("wifi", HighlightColour::Yellow));
}

#[test]
fn rules_that_were_just_written_are_kept_when_the_window_is_closed() {
    let mut desk = printed(1_000);
    desk.click("More for the console");
    desk.click("Highlights…");
    desk.click("Add rule");
    desk.fill("Regular expression of the rule", "wifi");
    assert_eq!(desk.close().len(), 1);
}

#[test]
fn a_copy_that_holds_bytes_that_are_no_text_is_said_to_do_so() {
    let mut desk = Desk::at(of(|story| {
        story.services();
        story.add(Fact::PortOpened { port: PORT.into(), settings: "115200 8N1".into() });
        story.add(Fact::BytesReceived { port: PORT.into(), bytes: b"boot \xff\xfe\r\n"[..].into() });
    }));
    desk.click_holding("boot \\xff", Modifiers::NONE);
    assert!(desk.copy_with(Modifiers::COMMAND | Modifiers::SHIFT, Key::C).is_some());
    desk.later(100);
    assert!(desk.says("bytes that are no text"), "{:?}", desk.texts());
}

#[test]
fn bookmarks_of_lines_that_are_gone_are_gone() {
    let mut model = Model::new(Bench::new(0));
    let console = crate::console::Console::new(100_000);
    model.consoles.insert(PORT.into(), console);
    let mut pane = crate::ui::log::LogPane::default();
    let (port, settings) = (PORT.to_owned(), crate::ui::log::LogSettings::default());
    let mut scroll = crate::ui::rows::Scroll::default();
    let print = |model: &mut Model, lines: u64| {
        let console = model.consoles.get_mut(PORT).unwrap();
        for line in 0..lines {
            console.feed(Micros(line), b"a line of a console\n", Direction::Received);
        }
        console.first_index()
    };
    print(&mut model, 10);
    let _ = pane.keep_up(Some(&port), "", &settings, &mut scroll, &model);
    pane.chosen = Some((5, 5));
    pane.toggle_bookmark();
    assert!(pane.is_bookmarked(5));
    assert!(print(&mut model, 20_000) > 5);
    let _ = pane.keep_up(Some(&port), "", &settings, &mut scroll, &model);
    assert!(!pane.is_bookmarked(5));
}
