//! The bars over and below the console: opening, setting, sending.

use super::desk::Desk;
use super::of;
use crate::bench::{Action, Parity, PortIdentity, QuickSend, SerialSettings};
use crate::event::{DeviceId, Fact, LineMove, Trouble};
use eframe::egui::{Event, Key, Modifiers};

const PORT: &str = "/dev/ttyUSB0";

fn desk() -> Desk {
    Desk::at(of(|story| _ = story.services().device()))
}

fn sent(bytes: &[u8]) -> Action {
    Action::Send { port: PORT.into(), bytes: bytes.to_vec() }
}

fn opened(settings: SerialSettings) -> Action {
    Action::OpenPort { port: PORT.into(), settings, identity: None }
}

#[test]
fn bytes_in_hex_are_sent_without_an_ending_and_nonsense_says_what_is_wrong() {
    let mut desk = desk();
    desk.click("Send as");
    desk.click("Hex");
    desk.fill("Line to send", "48 65 6c");
    desk.click("Send");
    assert_eq!(desk.acted(), [sent(b"Hel")]);
    desk.fill("Line to send", "48 zz");
    assert!(desk.says("“zz” is not hexadecimal."));
    assert!(!desk.is_enabled("Send"));
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.acted(), []);
}

#[test]
fn the_arrow_keys_bring_back_what_was_sent() {
    let mut desk = desk();
    for line in ["version", "reboot"] {
        desk.fill("Line to send", line);
        desk.press(Modifiers::NONE, Key::Enter);
    }
    assert_eq!(desk.acted(), [sent(b"version\r\n"), sent(b"reboot\r\n")]);
    desk.press(Modifiers::NONE, Key::ArrowUp);
    desk.press(Modifiers::NONE, Key::ArrowUp);
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.acted(), [sent(b"version\r\n")]);
    assert_eq!(desk.remembered().unwrap().history, ["version", "reboot", "version"]);
}

#[test]
fn in_terminal_mode_every_key_goes_to_the_device_until_it_is_left() {
    let mut desk = desk();
    desk.click("Send as");
    desk.click("Keys");
    assert!(desk.says("Every key goes to the device"));
    for (modifiers, key, bytes) in [
        (Modifiers::NONE, Key::Enter, &b"\r"[..]),
        (Modifiers::NONE, Key::Tab, b"\t"),
        (Modifiers::NONE, Key::Escape, b"\x1b"),
        (Modifiers::NONE, Key::ArrowUp, b"\x1b[A"),
        (Modifiers::CTRL, Key::D, b"\x04"),
    ] {
        desk.press(modifiers, key);
        assert_eq!(desk.acted(), [sent(bytes)], "{key:?}");
    }
    desk.happen(Event::Copy);
    assert_eq!(desk.acted(), [sent(b"\x03")], "Ctrl+C");
    desk.happen(Event::Text("y".into()));
    assert_eq!(desk.acted(), [sent(b"y")]);
    desk.press(Modifiers::CTRL, Key::CloseBracket);
    assert!(!desk.says("Every key goes to the device") && desk.shows("Line to send"));
    assert_eq!(desk.acted(), []);
}

#[test]
fn control_lines_are_switches_and_resets_are_buttons() {
    let mut desk = desk();
    for (name, line) in [
        ("DTR", LineMove::DtrOff),
        ("RTS", LineMove::RtsOff),
        ("Break", LineMove::Break),
        ("Reset", LineMove::Reset),
        ("Boot loader", LineMove::BootLoader),
    ] {
        desk.click(name);
        assert_eq!(desk.acted(), [Action::MoveLines { port: PORT.into(), line }]);
    }
    let mut low = Desk::at(of(|story| {
        story.services().device().add(Fact::LinesMoved { port: PORT.into(), line: LineMove::DtrOff });
    }));
    assert!(low.says("/dev/ttyUSB0: DTR off"), "the console shows when");
    low.click("DTR");
    assert_eq!(low.acted(), [Action::MoveLines { port: PORT.into(), line: LineMove::DtrOn }]);
}

#[test]
fn a_port_is_set_in_its_dialog_and_keeps_it() {
    let mut desk = desk();
    desk.click("Port settings…");
    desk.fill("Baud rate", "250000");
    for (list, choice) in [("Data bits", "7"), ("Parity", "Even"), ("Stop bits", "2"), ("Flow control", "RTS/CTS")] {
        desk.choose(list, choice);
    }
    desk.choose("Belongs to", "70ly1tvowt696r15/lamp-01");
    desk.click("Apply");
    let settings = SerialSettings::read("250000 7E2 RTS/CTS").unwrap();
    assert_eq!(settings.parity, Parity::Even);
    let device = Some(DeviceId::new("70ly1tvowt696r15", "lamp-01"));
    assert_eq!(desk.acted(), [Action::BindPort { port: PORT.into(), device }, opened(settings)]);
    let known = desk.remembered().unwrap().serial.remove(0);
    assert_eq!((known.name.as_str(), known.settings.as_str()), (PORT, "250000 7E2 RTS/CTS"));
    assert_eq!(known.device.as_deref(), Some("70ly1tvowt696r15/lamp-01"));
}

#[test]
fn a_baud_rate_that_is_no_number_is_not_applied() {
    let mut desk = desk();
    desk.click("Port settings…");
    desk.fill("Baud rate", "fast");
    assert!(!desk.is_enabled("Apply"));
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.acted(), []);
}

#[test]
fn another_rate_counts_at_once_for_an_open_port() {
    let mut desk = desk();
    desk.click("Baud rate");
    desk.click("921600");
    assert_eq!(desk.acted(), [opened(SerialSettings { baud_rate: 921_600, ..SerialSettings::default() })]);
}

#[test]
fn control_lines_stay_as_they_were_put_for_the_next_opening_or_are_left_alone() {
    let mut desk = desk();
    desk.click("RTS");
    assert_eq!(desk.acted(), [Action::MoveLines { port: PORT.into(), line: LineMove::RtsOff }]);
    assert_eq!(desk.remembered().unwrap().serial[0].settings, "115200 8N1 RTS-off");
    desk.click("Port settings…");
    desk.choose("DTR and RTS", "leave as they are");
    desk.click("Apply");
    assert_eq!(desk.acted(), [opened(SerialSettings::read("115200 8N1 lines-alone").unwrap())]);
    assert_eq!(desk.remembered().unwrap().serial[0].settings, "115200 8N1 lines-alone");
}

#[test]
fn a_board_at_a_name_that_another_one_left_can_be_opened_and_has_a_console_of_its_own() {
    const PLACE: &str = "/dev/ttyACM0";
    let settings = || "115200 8N1".to_owned();
    let moved = Fact::PortMoved { port: PLACE.into(), now: "/dev/ttyACM1".into() };
    let vanished = Trouble::new("port-vanished").with("port", PLACE).with("detail", "gone");
    for fact in [moved, Fact::PortClosed { port: PLACE.into(), trouble: Some(vanished) }] {
        let mut desk = Desk::at(of(|story| {
            _ = story
                .services()
                .add(Fact::PortOpened { port: PLACE.into(), settings: settings().into() })
                .add(fact.clone());
        }));
        desk.click("Serial port");
        desk.click("/dev/ttyACM0 CP2102");
        desk.click("Open port");
        let identity = Some(PortIdentity::named(PLACE));
        let opened = Action::OpenPort { port: format!("{PLACE} #2"), settings: SerialSettings::default(), identity };
        assert_eq!(desk.acted(), [opened], "{fact:?}");
    }
    let mut there = Desk::at(of(|story| {
        _ = story.services().add(Fact::PortOpened { port: PLACE.into(), settings: settings().into() });
    }));
    there.click("Serial port");
    assert!(!there.shows("/dev/ttyACM0 CP2102"), "what has a console already is offered once");
}

#[test]
fn a_port_that_is_away_keeps_its_output_says_why_and_the_wait_can_be_ended() {
    let trouble = Trouble::new("port-vanished").with("port", PORT).with("detail", "gone");
    let mut desk = Desk::at(of(|story| {
        story
            .services()
            .device()
            .prints("last words")
            .add(Fact::PortClosed { port: PORT.into(), trouble: Some(trouble) });
    }));
    assert!(desk.says("last words") && desk.says("is gone: the adapter was unplugged"));
    assert!(desk.says("opened again as soon as it is back"));
    assert!(desk.watches_ports(), "the list is kept up to date while a port is missing");
    assert!(!desk.is_enabled("Send"));
    desk.click("Stop waiting");
    assert_eq!(desk.acted(), [Action::ClosePort(PORT.into())]);
}

#[test]
fn nobody_looks_for_ports_while_nobody_waits_for_one() {
    let mut desk = desk();
    assert!(!desk.watches_ports());
    desk.click("Serial port");
    assert!(desk.watches_ports(), "the list is open");
    desk.click("/dev/ttyACM0 CP2102");
    assert!(!desk.watches_ports());
}

#[test]
fn quick_sends_are_written_down_and_sent_with_one_click() {
    let mut desk = desk();
    desk.click("Quick sends…");
    desk.fill("Name 1", "Ping");
    desk.fill("Sends 1", "AT");
    desk.click("Add a row");
    desk.fill("Name 2", "Poll");
    desk.fill("Sends 2", "05");
    desk.click("Hex 2");
    desk.fill("Every … ms 2", "500");
    desk.click("Save");
    let kept = desk.remembered().unwrap().quick;
    let ping = QuickSend { name: "Ping".into(), send: "AT".into(), ..QuickSend::default() };
    assert_eq!((kept.len(), &kept[0], kept[1].every_ms), (2, &ping, Some(500)));
    desk.click("Ping");
    assert_eq!(desk.acted(), [sent(b"AT\r\n")]);
    desk.click("Poll ↻ 500 ms");
    let repeat = Action::Repeat { port: PORT.into(), name: "/Poll".into(), bytes: vec![5], every_ms: Some(500) };
    assert_eq!(desk.acted(), [repeat]);
}

#[test]
fn a_file_shows_how_far_it_is_and_can_be_given_up() {
    let mut desk = Desk::at(of(|story| {
        story.services().device().add(Fact::FileStarted { port: PORT.into(), name: "fw.bin".into(), size: 4_096 });
        story.add(Fact::FileProgressed { port: PORT.into(), sent: 1_024 });
    }));
    assert!(desk.says("fw.bin: 1.0 KB of 4.0 KB"));
    desk.click("Cancel sending");
    assert_eq!(desk.acted(), [Action::CancelFile(PORT.into())]);
    desk.click("File…");
    assert_eq!(desk.picked_for(), [PORT]);
}
