//! What the window promises, by accessible name: these names are contracts.

mod captures;
mod comparing;
mod console;
mod desk;
mod finding;
mod handing;
mod keys;
mod logs;
mod panes;
mod past;
mod ports;
mod publishing;
mod replaying;
mod scroller;
mod secrets;
mod story;
mod summaries;
mod tls;

use crate::bench::{Action, PushExtras, PushOrder, SimulatedOrder};
use crate::event::{Fact, Trouble};
use desk::Desk;
use story::Story;

fn of(tell: impl FnOnce(&mut Story)) -> Story {
    let mut story = Story::new();
    tell(&mut story);
    story
}

#[test]
fn a_first_start_shows_a_build_the_addresses_and_what_to_do_next() {
    let mut desk = Desk::at(of(|story| {
        story.services().build();
    }));
    for pane in ["Builds", "Devices", "Messages", "Console"] {
        assert!(desk.shows(pane), "{pane}");
    }
    assert!(desk.says("lamp-2.0.0.bin"));
    assert!(desk.says("Point your device to mqtt://127.0.0.1:1883"));
    assert!(desk.says("Broker 127.0.0.1:1883"));
    assert!(desk.shows("Choose a network interface…"));
    desk.click("Start a simulated device");
    assert_eq!(
        desk.acted(),
        [Action::StartSimulatedDevice(SimulatedOrder { dialect: "uiot".into(), ..SimulatedOrder::default() })]
    );
    desk.click("Add build…");
    assert_eq!(desk.picked(), 1);
}

#[test]
fn push_is_disabled_and_says_why_when_there_is_no_device() {
    let desk = Desk::at(of(|story| {
        story.services().build();
    }));
    assert!(!desk.is_enabled("Push"));
    assert!(desk.description("Push").contains("no device"), "{}", desk.description("Push"));
}

#[test]
fn push_sends_the_only_build_to_the_only_device_with_one_click() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    let order = PushOrder {
        image: 1,
        device: Story::id(),
        dialect: "uiot".into(),
        version: "2.0.0".into(),
        module: None,
        timeout_secs: None,
        url_lifetime_secs: None,
        extras: PushExtras::default(),
        faults: Vec::new(),
    };
    desk.click("Push");
    assert_eq!(desk.acted(), [Action::Push(order.clone())]);
    desk.press(egui::Modifiers::COMMAND, egui::Key::Enter);
    assert_eq!(desk.acted(), [Action::Push(order)]);
}

#[test]
fn a_version_the_cloud_refuses_is_not_pushed() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.fill("Version", "2.0.0 beta");
    assert!(!desk.is_enabled("Push"));
    assert!(desk.description("Push").contains("UCloud UIoT"), "{}", desk.description("Push"));
}

#[test]
fn a_running_upgrade_shows_both_witnesses_and_can_be_cancelled() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device().push().download(63);
    }));
    assert!(desk.says("device says 61 %"));
    assert!(desk.says("served 62 %"));
    assert!(desk.says("left"));
    assert!(desk.says("Downloading 61 %: now"));
    assert!(desk.description("Push").contains("being upgraded"));
    desk.click("Cancel upgrade");
    assert_eq!(desk.acted(), [Action::CancelUpgrade(1)]);
}

#[test]
fn the_verdict_of_a_good_upgrade_begins_with_succeeded() {
    let desk = Desk::at(of(|story| {
        story.services().build().device().push().download(100).finish();
    }));
    assert!(desk.begins("Succeeded in 6.") && desk.says("lamp-01 runs 2.0.0"));
    assert!(!desk.shows("Cancel upgrade") && !desk.shows("Retry"));
}

#[test]
fn the_verdict_of_a_bad_upgrade_says_why_and_offers_to_retry() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device().push().download(100).fail();
    }));
    assert!(desk.begins("Failed: the image the device assembled has another MD5"));
    assert!(desk.says("Problem: "), "the trailing comma is shown");
    desk.click("Retry");
    assert_eq!(desk.acted(), [Action::RetryUpgrade(1)]);
}

#[test]
fn the_verdict_of_a_cancelled_upgrade_begins_with_cancelled() {
    let desk = Desk::at(of(|story| {
        story.services().build().device().push();
        story.add(Fact::UpgradeCancelled { upgrade: 1 });
    }));
    assert!(desk.begins("Cancelled after"));
}

#[test]
fn a_push_that_waits_says_for_what() {
    let desk = Desk::at(of(|story| {
        story.services().build();
        story.add(Fact::DeviceAdded { device: Story::id(), dialect: "uiot".into() }).push();
    }));
    assert!(desk.says("Queued: waits for lamp-01 to come online and ask"));
}

#[test]
fn trouble_at_the_start_says_which_address_and_what_to_do() {
    let desk = Desk::at(of(|story| {
        let trouble = Trouble::new("address-in-use").with("address", "127.0.0.1:1883");
        story.add(Fact::BrokerFailed { trouble });
    }));
    assert!(desk.says("Another program already listens on 127.0.0.1:1883. Close that program"));
    assert!(desk.says("Broker failed"));
}

#[test]
fn a_device_added_by_hand_needs_both_its_names() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Add device…");
    assert!(!desk.is_enabled("Add"));
    desk.fill("ProductSN / ProductKey", "70ly1tvowt696r15");
    desk.fill("DeviceSN / DeviceName", "lamp-02");
    desk.click("Add");
    let device = crate::event::DeviceId::new("70ly1tvowt696r15", "lamp-02");
    assert_eq!(desk.acted(), [Action::AddDevice { device, dialect: "uiot".into() }]);
}

#[test]
fn the_language_changes_at_once_and_is_remembered() {
    let mut desk = Desk::with_tofu(of(|story| {
        story.services().build();
    }));
    desk.click("Language");
    desk.click("简体中文");
    assert!(desk.shows("固件") && desk.shows("推送") && !desk.shows("Push"));
    assert_eq!(desk.remembered().unwrap().language, Some(crate::ui::words::Language::Chinese));
}

#[test]
fn a_quiet_window_with_a_connected_device_draws_nothing() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.later(10_000);
    assert!(desk.rests());
}

use eframe::egui;
