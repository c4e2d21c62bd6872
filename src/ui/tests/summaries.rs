//! What a fact reads as in one line.

use super::of;
use super::story::Story;
use crate::bench::Bench;
use crate::event::{Deadline, Fact, Trouble};
use crate::ui::model::Model;
use crate::ui::summary;

/// The last row's line after a session that ends in this.
fn check(tell: impl FnOnce(&mut Story), expected: &str) {
    let story = of(tell);
    let mut model = Model::new(Bench::new(0));
    for event in &story.events {
        model.apply(event);
    }
    let row = model.feed.row(model.feed.range().end - 1).unwrap();
    let line = format!("{} {}", row.way.sign(), summary::line(row, &model.journal, &model.bench));
    assert_eq!(line, expected);
}

fn says(payload: &'static str) -> impl FnOnce(&mut Story) {
    move |story| {
        story.device().says(payload);
    }
}

#[test]
fn what_a_device_says_is_read_without_knowing_its_json() {
    check(says(r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#), "↑ report_version 1.0.0");
    check(says(r#"{"method":"request_firmware","payload":{"version":"1.0.0"}}"#), "↑ request_firmware 1.0.0");
    let burning = r#"{"method":"report_progress","payload":{"state":"burning","percent":50}}"#;
    check(says(burning), "↑ report_progress burning 50 %");
    check(says(r#"{"method":"report_fail","payload":{"err_code":-4,}}"#), "↑ report_fail -4");
    check(says("garbage"), "↑ ota/upstream garbage");
}

#[test]
fn what_is_sent_to_a_device_names_version_and_size() {
    let pushed = |story: &mut Story| {
        story.services().build().device().push();
        story.events.truncate(story.events.len() - 3);
    };
    check(pushed, "↓ update_firmware 2.0.0 412 KB");
}

#[test]
fn a_request_and_its_answer_are_one_row() {
    let half = |story: &mut Story| {
        story.services().build().device().push().download(1);
        story.events.pop();
    };
    check(half, "⇅ GET 0-4095 sending…");
    let whole = |story: &mut Story| {
        story.services().build().device().push().download(1);
    };
    check(whole, "⇅ GET 0-4095 206");
}

#[test]
fn what_happens_on_the_bench_is_said_in_words() {
    check(|story| _ = story.services(), "• firmware server at http://127.0.0.1:8070");
    check(|story| _ = story.build(), "• build lamp-2.0.0.bin, 412 KB, MD5 93230c3b…");
    let busy = |story: &mut Story| {
        story.device();
        let trouble = Some(Trouble::new("port-busy").with("port", "/dev/ttyUSB0"));
        story.add(Fact::PortClosed { port: "/dev/ttyUSB0".into(), trouble });
    };
    check(busy, "• Another program holds /dev/ttyUSB0.");
    let silent = |story: &mut Story| {
        story.services().build().device().push();
        story.add(Fact::DeadlineReached { upgrade: 1, deadline: Deadline::Silence });
    };
    check(silent, "• the device has gone quiet in the upgrade to 2.0.0");
    let block = |story: &mut Story| {
        let device = Story::id();
        story.add(Fact::BlockServed {
            device: device.into(),
            stream: 7,
            file: 1,
            offset: 4_096,
            length: 1_024,
            code: 200,
        });
    };
    check(block, "↓ block of 1024 bytes @4096");
    let lost = |story: &mut Story| _ = story.add(Fact::Gap { source: "serial".into(), lost: 4_000 });
    check(lost, "• 4,000 events lost (serial)");
}

/// A replay's words are not taken for the device's own, and none of them stands there twice.
#[test]
fn what_a_replay_sent_is_marked_and_a_replay_says_how_it_goes() {
    let payload = r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#;
    let replayed = |target: &'static str| {
        move |story: &mut Story| {
            let speed = "1".to_owned();
            let (source, target) = ("lamp.jsonl".to_owned(), target.to_owned());
            let (downstream, device) = (false, None);
            story.services().device();
            story.add(Fact::ReplayStarted {
                replay: 1,
                source: source.into(),
                target: target.into(),
                downstream,
                device,
                speed: speed.into(),
                messages: 23,
                rounds: 1,
            });
            let id = Story::id();
            story.add(Fact::MessageReplayed {
                replay: 1,
                of: 1_019,
                client: Some(format!("{}.{}", id.product, id.device).into()),
                topic: format!("/$system/{id}/ota/upstream").into(),
                payload: payload.as_bytes().into(),
                qos: 1,
                retain: false,
                waiting: None,
            });
        }
    };
    let started = "• replay of lamp.jsonl to 127.0.0.1:1883: messages 23, rounds 1, speed 1";
    check(replayed("127.0.0.1:1883"), started);
    let elsewhere = format!("• replayed event 1,019: /$system/{}/ota/upstream", Story::id());
    check(replayed("cloud:1883"), &elsewhere);
    let came_up = |story: &mut Story| {
        replayed("127.0.0.1:1883")(story);
        story.says(payload);
    };
    check(came_up, "↑ ↺ report_version 1.0.0");
    let ended = |story: &mut Story| {
        replayed("127.0.0.1:1883")(story);
        story.add(Fact::ReplayEnded { replay: 1, sent: 1, of: 23, trouble: None });
    };
    check(ended, "• replay ended, messages sent: 1 of 23.");
}
