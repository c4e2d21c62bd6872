//! The console by keyboard alone, and the keys that are the device's.

use super::console::{PORT, printed};
use super::desk::Desk;
use super::of;
use crate::bench::Action;
use eframe::egui::{Event, Key, Modifiers, pos2};

#[test]
fn no_shortcut_of_the_window_takes_a_key_from_the_device() {
    let mut desk = Desk::at(of(|story| {
        story.services().build().device();
    }));
    desk.click("Send as");
    desk.click("Keys");
    // Over the console, where shortcuts are nearest.
    desk.happen(Event::PointerMoved(pos2(1_200.0, 600.0)));
    let sent = |bytes: &[u8]| Action::Send { port: PORT.into(), bytes: bytes.to_vec() };
    for (modifiers, key, bytes) in [
        (Modifiers::NONE, Key::F3, &b"\x1bOR"[..]),
        (Modifiers::NONE, Key::F2, b"\x1bOQ"),
        (Modifiers::CTRL, Key::B, b"\x02"),
        (Modifiers::CTRL, Key::F, b"\x06"),
        (Modifiers::CTRL, Key::J, b"\x0a"),
        (Modifiers::CTRL, Key::L, b"\x0c"),
        (Modifiers::CTRL, Key::O, b"\x0f"),
    ] {
        let command = if modifiers.ctrl { Modifiers::CTRL | Modifiers::COMMAND } else { modifiers };
        desk.press(command, key);
        assert_eq!(desk.acted(), [sent(bytes)], "{key:?}");
    }
    desk.press(Modifiers::CTRL | Modifiers::COMMAND, Key::Enter);
    assert!(!desk.acted().iter().any(|action| matches!(action, Action::Push(_))), "no firmware is pushed");
    assert_eq!(desk.picked(), 0, "no dialog opens");
    assert!(desk.says("Every key goes to the device"), "it has them still");
    desk.press(Modifiers::CTRL, Key::CloseBracket);
    desk.press(Modifiers::CTRL | Modifiers::COMMAND, Key::Enter);
    assert!(desk.acted().iter().any(|action| matches!(action, Action::Push(_))), "afterwards they act again");
}

#[test]
fn everything_in_the_console_can_be_done_by_keyboard() {
    let mut desk = printed(20_000);
    desk.press(Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    desk.happen(Event::Text("wifi".into()));
    assert!(desk.says("2,000 found"));
    desk.press(Modifiers::NONE, Key::Enter);
    desk.press(Modifiers::NONE, Key::F3);
    assert!(desk.says("2 of 2,000"));
    desk.press(Modifiers::COMMAND, Key::B);
    desk.press(Modifiers::COMMAND, Key::L);
    assert!(!desk.says("ota: number"));
    desk.press(Modifiers::NONE, Key::ArrowDown);
    desk.press(Modifiers::COMMAND, Key::A);
    assert_eq!(desk.copy().unwrap().lines().count(), 2_000);
    desk.press(Modifiers::COMMAND, Key::L);
    assert!(desk.says("ota: number"));
    // The messages, which went to the hits too, have such a button of their own.
    let jumps = desk.count("Jump to latest");
    desk.press(Modifiers::COMMAND, Key::J);
    assert!(desk.says("number 19999") && desk.count("Jump to latest") == jumps - 1);
    desk.press(Modifiers::COMMAND, Key::J);
    assert!(desk.says("number 19999") && desk.count("Jump to latest") == jumps);
    desk.press(Modifiers::NONE, Key::F2);
    assert!(desk.says("Bookmark: "));
    desk.press(Modifiers::COMMAND, Key::F);
    desk.press(Modifiers::COMMAND, Key::A);
    desk.happen(Event::Text(":9001".into()));
    desk.press(Modifiers::NONE, Key::Enter);
    assert!(desk.says("I (8999) ota"), "{:?}", desk.texts());
}
