//! Messages sent by hand: written anew, taken from one that was seen, and kept.

use super::desk::Desk;
use super::of;
use super::story::Story;
use crate::bench::{Action, Publication, ReplayAct, ReplayStep, ReplayTarget, SavedMessage};
use crate::event::Fact;
use crate::ui::past::Opening;
use crate::ui::past::tests::Tape;
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
    assert!(desk.says("Handed over: 1."), "the dialog stays, for the next one");
    desk.click("Publish");
    assert_eq!(desk.acted().len(), 1);
    assert!(desk.says("Handed over: 2."));
    desk.click("Close");
    assert!(!desk.says("Publish a message"));
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

/// Everything that was ordered: one message, as whom, with what in it.
fn said(desk: &Desk) -> (String, String, u64, String) {
    let acted = desk.acted();
    let [Action::Replay(order)] = &acted[..] else { panic!("{acted:?}") };
    assert_eq!((order.messages(), order.rounds, &order.target), (1, 1, &ReplayTarget::Here));
    let Some(ReplayStep { of, act: ReplayAct::Say { payload, .. }, .. }) = order.steps.first() else { panic!() };
    let speaker = &order.speakers[0];
    let who = format!("{} {}", speaker.device.as_ref().unwrap(), speaker.dialect);
    (order.source.clone(), who, *of, String::from_utf8_lossy(payload).into_owned())
}

#[test]
fn a_message_of_a_capture_is_edited_and_said_by_its_device_on_the_live_bench() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let events = of(|story| {
        story.services().build().device();
    });
    let reel = Tape::of(events.events, 10_000);
    desk.look_at(Opening { path: "/c/bad.jsonl".into(), name: "bad".into(), started_unix_ms: 1, reel });
    desk.click_at("report_version");
    desk.click("Send again…");
    assert!(desk.says("signs in as the device, and is marked as a replay"), "{:?}", desk.texts());
    desk.fill("Payload", "{\"edited\":1}");
    desk.click("Publish");
    let (source, who, of, payload) = said(&desk);
    assert_eq!((&*source, &*who, &*payload), ("bad", "70ly1tvowt696r15/lamp-01 uiot", "{\"edited\":1}"));
    assert!(of > 0, "its event in the capture");
    assert!(desk.says("Handed over: 1. The bench’s messages, not those of this capture"));
    desk.choose("Sent as", "the cloud");
    desk.click("Publish");
    assert!(matches!(&desk.acted()[..], [Action::Publish(message)] if message.payload == b"{\"edited\":1}"));
    desk.click("Close");
    assert!(desk.says("You look at a capture"), "one stays where one was");
}

/// Otherwise a message by hand would throw a real device out in the middle of its upgrade.
#[test]
fn to_speak_as_a_device_that_is_there_is_asked_about_and_asked_again_when_more_comes_up() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.click_at("report_version");
    desk.click("Send again…");
    desk.choose("Sent as", "the device 70ly1tvowt696r15/lamp-01");
    assert!(desk.says("would sign in under its name and throw it out") && !desk.is_enabled("Publish"));
    desk.click("Send all the same");
    assert!(desk.is_enabled("Publish"));
    let mut story = of(|story| {
        story.services().build().device().push();
    });
    let pushed = story.events.split_off(
        of(|story| {
            story.services().build().device();
        })
        .events
        .len(),
    );
    desk.goes_on(pushed);
    assert!(desk.says("is being upgraded to 2.0.0") && !desk.is_enabled("Publish"), "that was not known before");
    desk.click("Send all the same");
    desk.click("Publish");
    assert_eq!(said(&desk).1, "70ly1tvowt696r15/lamp-01 uiot");
}

#[test]
fn a_blank_around_a_topic_is_part_of_it_and_said_to_be() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Publish…");
    desk.fill("Topic", "/a ");
    assert!(desk.says("begins or ends with a blank"));
    desk.click("Publish");
    assert_eq!(desk.acted(), [Action::Publish(message("/a ", ""))]);
}

/// A message that a replay said as a device is as much the device's as one that came up.
#[test]
fn a_replayed_message_of_a_capture_is_sent_again_as_its_device_and_retained_if_it_was() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    let events = of(|story| {
        let id = Story::id();
        story.services().add(Fact::MessageReplayed {
            replay: 1,
            of: 9,
            client: Some(format!("{}.{}", id.product, id.device).into()),
            topic: format!("/$system/{id}/ota/upstream").into(),
            payload: br#"{"method":"report_version","payload":{"version":"1.0.0"}}"#[..].into(),
            qos: 1,
            retain: true,
            waiting: None,
        });
    });
    let reel = Tape::of(events.events, 10_000);
    desk.look_at(Opening { path: "/c/bad.jsonl".into(), name: "bad".into(), started_unix_ms: 1, reel });
    desk.click_at("ota/upstream");
    desk.click("Send again…");
    desk.click("Publish");
    let acted = desk.acted();
    let [Action::Replay(order)] = &acted[..] else { panic!("{acted:?}") };
    assert_eq!(order.speakers[0].device, Some(Story::id()));
    let ReplayAct::Say { retain, .. } = &order.steps[0].act else { panic!() };
    assert!(retain, "as it was");
}

/// Otherwise one slip of the mouse loses a payload that took minutes to write.
#[test]
fn a_click_beside_the_dialog_loses_nothing() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Publish…");
    desk.fill("Payload", "{\"on\":1}");
    desk.click_beside();
    assert!(desk.says("Publish a message") && desk.says("{\"on\":1}"));
    desk.press(Modifiers::NONE, Key::Escape);
    desk.press(Modifiers::NONE, Key::Escape);
    assert!(!desk.says("Publish a message"), "who means it, leaves");
}

/// Otherwise what was meant to be said as the device goes out as the cloud.
#[test]
fn as_whom_it_is_sent_stays_chosen_when_a_saved_message_is_taken_up() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.click_at("report_version");
    desk.click("Send again…");
    desk.fill("Name", "light");
    desk.click("Save this message");
    desk.choose("Sent as", "the device 70ly1tvowt696r15/lamp-01");
    desk.choose("Saved messages", "light");
    desk.click("Send all the same");
    desk.click("Publish");
    let all = desk.acted();
    assert!(matches!(all.last(), Some(Action::Replay(_))), "{all:?}");
}
