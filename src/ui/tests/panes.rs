//! The two panes: filtering, grouping, sending, copying, one instant in both.

use super::desk::Desk;
use super::of;
use crate::bench::{Action, Bench};
use crate::event::{Event, Fact, Micros};
use crate::ui::listing::{Filter, Item, Kind, Listing};
use crate::ui::model::Model;
use eframe::egui::{Key, Modifiers};
use std::sync::Arc;

fn downloaded() -> Desk {
    Desk::at(of(|story| {
        story.services().build().device().push().download(63);
    }))
}

#[test]
fn a_filter_hides_the_other_rows() {
    let mut desk = downloaded();
    assert!(desk.says("update_firmware 2.0.0 412 KB"));
    desk.fill("Filter messages", "downloading");
    assert!(desk.says("report_progress downloading 61 %"));
    assert!(!desk.says("update_firmware 2.0.0 412 KB"));
    desk.fill("Filter messages", "no such thing");
    assert!(desk.says("No message matches the filter"));
}

#[test]
fn what_is_typed_is_sent_with_the_chosen_ending() {
    let mut desk = downloaded();
    desk.fill("Line to send", "reboot");
    desk.click("Send");
    assert_eq!(desk.acted(), [Action::Send { port: "/dev/ttyUSB0".into(), bytes: b"reboot\r\n".to_vec() }]);
    desk.click("Line ending");
    desk.click("LF");
    desk.fill("Line to send", "help");
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.acted(), [Action::Send { port: "/dev/ttyUSB0".into(), bytes: b"help\n".to_vec() }]);
}

#[test]
fn a_closed_port_takes_nothing_and_can_be_opened_again() {
    let mut desk = Desk::at(of(|story| {
        story.services().device();
        story.add(Fact::PortClosed { port: "/dev/ttyUSB0".into(), trouble: None });
    }));
    assert!(!desk.is_enabled("Send"));
    desk.click("Open port");
    let settings = crate::bench::SerialSettings::default();
    assert_eq!(desk.acted(), [Action::OpenPort { port: "/dev/ttyUSB0".into(), settings, identity: None }]);
}

#[test]
fn the_chosen_message_is_shown_in_full() {
    let mut desk = downloaded();
    desk.click_holding("update_firmware 2.0.0 412 KB", Modifiers::NONE);
    assert!(desk.says("/$system/70ly1tvowt696r15/lamp-01/ota/downstream"));
    assert!(desk.says("\"method\": \"update_firmware\""));
    assert!(desk.says("0000  7b 22 6d 65"), "raw bytes");
    desk.click("Hide detail");
    assert!(!desk.says("0000  7b 22 6d 65"));
}

#[test]
fn shift_click_tells_the_time_between_and_many_rows_are_copied() {
    let mut desk = downloaded();
    desk.click_holding("update_firmware 2.0.0", Modifiers::NONE);
    desk.click_holding("acknowledged: ota/downstream", Modifiers::SHIFT);
    assert!(desk.says("0.004 s between"));
    let text = desk.copy().unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.contains("↓ update_firmware 2.0.0 412 KB lamp-01"), "{text}");
}

#[test]
fn a_message_chosen_shows_the_console_at_the_same_instant() {
    let mut desk = downloaded();
    assert!(!desk.shows("Jump to latest"));
    desk.click_holding("update_firmware 2.0.0", Modifiers::NONE);
    assert!(desk.shows("Jump to latest"), "both panes left the tail");
}

#[test]
fn hundreds_of_range_requests_are_one_row_that_can_be_opened() {
    let story = of(|story| {
        story.services().build().device().push().download(6);
    });
    let mut model = Model::new(Bench::new(0));
    for event in &story.events {
        model.apply(event);
    }
    let mut listing = Listing::default();
    let http = Filter { kind: Kind::Http, ..Filter::default() };
    assert!(!listing.update(&model, &http));
    let Some(Item::Burst(burst)) = listing.item(0).cloned() else { panic!("no burst") };
    assert_eq!((burst.requests, burst.bytes, listing.range()), (6, 6 * 4_096, 0..1));
    listing.open(&burst);
    listing.update(&model, &http);
    assert_eq!(listing.range(), 0..6);
    listing.update(&model, &Filter { ungrouped: true, ..http });
    assert_eq!(listing.range(), 0..6);
}

/// A model in which these happened, so many microseconds apart.
fn happened(apart: u64, facts: impl IntoIterator<Item = Fact>) -> Model {
    let mut model = Model::new(Bench::new(0));
    for (seq, fact) in (1..).zip(facts) {
        model.apply(&Arc::new(Event { seq, at: Micros(seq * apart), fact }));
    }
    model
}

fn reports(device: &str) -> Fact {
    let payload = br#"{"method":"report_progress","payload":{"state":"downloading","percent":7}}"#;
    Fact::MessageReceived {
        client: None,
        topic: format!("/$system/P/{device}/ota/upstream").into(),
        payload: payload[..].into(),
        qos: 0,
        retain: false,
    }
}

fn asks(request: u64) -> Fact {
    let (peer, method, path) = ("127.0.0.1:9".into(), "GET".into(), "/x".into());
    Fact::RequestReceived { request, peer, method, path, range: None }
}

fn is_answered(request: u64, status: u16) -> Fact {
    let (offset, length) = (0, 10);
    Fact::RangeServed { request, path: "/x".into(), status, offset, length, sent: length, complete: true }
}

fn all_listed(model: &Model) -> Listing {
    let mut listing = Listing::default();
    while listing.update(model, &Filter::default()) {}
    listing
}

#[test]
fn a_storm_is_one_row_with_a_count_and_another_devices_word_stands_out() {
    let storm = |from: u64| {
        (from..from + 400)
            .flat_map(|at| [reports("mad"), asks(at), is_answered(at, if at.is_multiple_of(2) { 404 } else { 206 })])
    };
    let model = happened(200, storm(0).chain([reports("good")]).chain(storm(1_000)));
    let mut listing = all_listed(&model);
    assert_eq!(listing.range(), 0..3);
    let Some(Item::Burst(burst)) = listing.item(0).cloned() else { panic!("no storm") };
    assert_eq!(burst.words(), "400 messages, 400 requests, 200 refused in 239 ms (double click to list)");
    assert!(matches!(listing.item(1), Some(Item::Row(_))));
    listing.open(&burst);
    while listing.update(&model, &Filter::default()) {}
    assert_eq!(listing.range(), 0..802, "its rows, the other device's, the other storm");
}

#[test]
fn a_device_that_reports_a_few_times_a_second_is_no_storm() {
    let model = happened(20_000, (0..400).map(|_| reports("lamp")));
    assert_eq!(all_listed(&model).range(), 0..400);
}

#[test]
fn a_storm_whose_beginning_was_let_go_is_still_shown() {
    let mut model = happened(200, (0..1_000).map(|_| reports("mad")));
    let mut listing = all_listed(&model);
    model.feed.forget_before(500);
    listing.update(&model, &Filter::default());
    assert_eq!(listing.item(0).map(Item::first), Some(model.feed.range().start));
}

/// The list would be made anew with every answer, and never be complete.
#[test]
fn one_slow_answer_does_not_keep_the_list_from_following_a_flood() {
    let flood = |from: u64| (from..from + 30_000).flat_map(|at| [asks(at), is_answered(at, 404)]);
    let mut model = happened(100, std::iter::once(asks(0)).chain(flood(1)));
    let mut listing = all_listed(&model);
    for request in 40_000..40_010 {
        let seq = model.bench.events() + 1;
        for (seq, fact) in [(seq, asks(request)), (seq + 1, is_answered(request, 404))] {
            model.apply(&Arc::new(Event { seq, at: Micros(seq * 100), fact }));
        }
        assert!(!listing.update(&model, &Filter::default()), "all is listed within the frame");
    }
    assert_eq!(listing.range(), 0..2, "the one without its answer, and the storm");
}

#[test]
fn a_window_that_fell_behind_says_so() {
    let story = of(|story| {
        story.services().build();
    });
    let mut model = Model::new(Bench::new(0));
    model.resync(story.bench.clone());
    assert_eq!(model.feed.row(0).unwrap().skipped(), 3);
    assert_eq!(model.bench.builds().count(), 1);
}

#[test]
fn the_only_serial_port_is_opened_with_one_click() {
    let mut desk = Desk::at(of(|story| _ = story.services()));
    desk.click("Open port");
    let settings = crate::bench::SerialSettings::default();
    assert_eq!(desk.acted(), [Action::OpenPort { port: "/dev/ttyACM0".into(), settings, identity: None }]);
}
