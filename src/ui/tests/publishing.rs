//! Messages sent by hand: written anew, taken from one that was seen, and kept.

use super::desk::Desk;
use super::of;
use crate::bench::{Action, Publication, SavedMessage};
use eframe::egui::{Key, Modifiers};

fn message(topic: &str, payload: &str) -> Publication {
    Publication { topic: topic.into(), payload: payload.as_bytes().to_vec(), qos: 1, retain: false }
}

#[test]
fn a_message_is_published_by_hand_and_a_topic_nobody_can_publish_on_is_refused_with_its_reason() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Publish…");
    assert!(desk.says("on the broker at 127.0.0.1:1883"));
    assert!(!desk.is_enabled("Publish") && desk.says("A message needs a topic."));
    desk.fill("Topic", "/a/+/b");
    desk.fill("Payload", "{\"on\":1}");
    assert!(!desk.is_enabled("Publish") && desk.says("it holds a wildcard"));
    desk.fill("Topic", "/a/b");
    desk.click("Retain");
    desk.click("Publish");
    assert_eq!(desk.acted(), [Action::Publish(Publication { retain: true, ..message("/a/b", "{\"on\":1}") })]);
    assert!(!desk.says("Publish a message"), "it is done");
}

#[test]
fn bytes_that_are_no_text_are_written_in_hex_and_broken_json_is_said_to_be() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Publish…");
    desk.fill("Topic", "/a");
    desk.fill("Payload", "{\"on\":1,}");
    assert!(
        desk.says("It looks like JSON but is none.") && desk.is_enabled("Publish"),
        "a device may be tried with it"
    );
    desk.click("Payload as hex");
    assert!(desk.says("7b 22 6f 6e"), "the same bytes");
    desk.fill("Payload", "ff zz");
    assert!(!desk.is_enabled("Publish") && desk.says("zz"));
    desk.fill("Payload", "ff 00");
    desk.click("Publish");
    assert_eq!(desk.acted(), [Action::Publish(Publication { payload: vec![255, 0], ..message("/a", "") })]);
}

#[test]
fn a_message_that_was_seen_is_sent_again_as_it_was() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.click_at("report_version");
    desk.click("Send again…");
    assert!(desk.says("Here the workbench sends it, not the device."));
    desk.click("Publish");
    let payload = r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#;
    let topic = "/$system/70ly1tvowt696r15/lamp-01/ota/upstream";
    assert_eq!(desk.acted(), [Action::Publish(message(topic, payload))]);
}

#[test]
fn a_message_is_kept_taken_again_and_let_go() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Publish…");
    assert!(desk.says("None is saved yet."));
    desk.fill("Topic", "/lamp");
    desk.fill("Payload", "on");
    desk.fill("Name", "light");
    desk.click("Save this message");
    let kept = SavedMessage { name: "light".into(), message: message("/lamp", "on") };
    assert_eq!(desk.remembered().unwrap().messages, std::slice::from_ref(&kept));
    desk.click("Close");
    desk.click("Publish…");
    desk.choose("Saved messages", "light");
    desk.click("Publish");
    assert_eq!(desk.acted(), [Action::Publish(kept.message)]);
    desk.click("Publish…");
    desk.choose("Saved messages", "light");
    desk.click("Remove light");
    assert!(desk.says("None is saved yet."));
    assert!(desk.remembered().unwrap().messages.is_empty());
}

#[test]
fn without_a_broker_nothing_is_published_and_why_is_said() {
    let mut desk = Desk::at(of(|_| {}));
    desk.click("Publish…");
    desk.fill("Topic", "/a");
    assert!(!desk.is_enabled("Publish") && desk.says("The broker does not run"));
}

#[test]
fn the_key_that_pushes_publishes_instead_while_a_message_is_written() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.click("Publish…");
    desk.press(Modifiers::COMMAND, Key::Enter);
    assert_eq!(desk.acted(), [], "no firmware is pushed by mistake");
    desk.fill("Topic", "/a");
    desk.fill("Payload", "on");
    desk.press(Modifiers::COMMAND, Key::Enter);
    assert_eq!(desk.acted(), [Action::Publish(message("/a", "on"))]);
}
