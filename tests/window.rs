//! The real window on a display of its own, read and driven by name from outside, as a person would.
#![cfg(all(feature = "inspection", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod program;

use eframe::egui::accesskit::{Node, NodeId, Role};
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2};
use egui_inspection::protocol::{Request, Response, read_handshake, read_message, write_message};
use ota_workbench::capture::Condition;
use ota_workbench::io::captures::list;
use ota_workbench::io::pty::Pty;
use program::{DEADLINE, Folder, Program, SAMPLE, wait_for};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{ConnectionExt, InputFocus, MapState};

/// One thing on screen: what it is, what it says, and where.
struct Widget {
    role: Role,
    texts: Vec<String>,
    center: Pos2,
    enabled: bool,
}

impl Widget {
    fn says(&self, text: &str) -> bool {
        self.texts.iter().any(|own| own == text)
    }
}

/// The window, with the screen it is on.
struct Window {
    stream: TcpStream,
    display: String,
    program: Program,
    screen: Program,
    folder: Folder,
}

impl Window {
    fn open(more: &[&str]) -> Self {
        let mut screen = Program::spawn(Command::new("Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1600x1000x24",
            "-nolisten",
            "tcp",
        ]));
        let number = screen.until(|line| line.parse::<u32>().is_ok());
        let (folder, port) = (Folder::new(), program::free_port());
        let data = folder.at("data");
        let args = ["--mqtt", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data", &data];
        let mut command = Command::new(env!("CARGO_BIN_EXE_ota-workbench"));
        command.args(args).args(more).env("DISPLAY", format!(":{number}")).env_remove("WAYLAND_DISPLAY");
        command.env("LIBGL_ALWAYS_SOFTWARE", "1").env("EGUI_INSPECTION", format!("127.0.0.1:{port}"));
        let program = Program::spawn(&mut command);
        let mut stream = wait_for("the window", || TcpStream::connect(("127.0.0.1", port)).ok());
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        read_handshake(&mut stream).unwrap();
        focus(&format!(":{number}"));
        Self { stream, display: format!(":{number}"), program, screen, folder }
    }

    /// Presses keys and lets them go, one after the other.
    fn press(&mut self, keys: &[(Modifiers, Key)]) {
        for (modifiers, key) in keys.iter().copied() {
            let event = |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
            // As a finger does: the list that got the keyboard by one key is ready for the next.
            self.ask(&Request::ApplyEvents { events: vec![event(true)] });
            self.ask(&Request::ApplyEvents { events: vec![event(false)] });
        }
    }

    fn type_text(&mut self, text: &str) {
        self.ask(&Request::ApplyEvents { events: vec![Event::Text(text.to_owned())] });
    }

    /// Waits until some text on screen holds this.
    fn wait_to_see(&mut self, part: &str) {
        self.wait(part, |widget| widget.texts.iter().any(|text| text.contains(part)));
    }

    /// Waits until no text on screen holds this.
    fn wait_till_gone(&mut self, part: &str) {
        wait_for(&format!("{part} to go"), || {
            let (_, widgets) = self.look();
            (!widgets.iter().any(|widget| widget.texts.iter().any(|text| text.contains(part)))).then_some(())
        });
    }

    /// What the window has put on its screen's clipboard, once it fits.
    fn clipboard(&self, fits: impl Fn(&str) -> bool) -> String {
        let folder = Folder::new();
        wait_for("the clipboard", || {
            let mut asking = Command::new(std::env::current_exe().unwrap());
            asking.args(["--ignored", "--exact", "a_clipboard_is_read_by_a_process_on_its_screen"]);
            asking.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY").env(CLIPBOARD, folder.at("text"));
            asking.output().unwrap();
            std::fs::read_to_string(folder.path("text")).ok().filter(|text| fits(text))
        })
    }

    fn ask(&mut self, request: &Request) -> Response {
        write_message(&mut self.stream, request).unwrap();
        match read_message(&mut self.stream).unwrap() {
            Response::Error { message } => panic!("{message}"),
            answer => answer,
        }
    }

    /// Frames drawn so far, and what is on screen now.
    fn look(&mut self) -> (u64, Vec<Widget>) {
        let Response::Tree { step, accesskit, .. } = self.ask(&Request::GetTree) else { panic!("no tree") };
        let Some(update) = accesskit else { return (step, Vec::new()) };
        let nodes: BTreeMap<NodeId, Node> = update.nodes.into_iter().collect();
        let mut widgets = Vec::new();
        if let Some(tree) = update.tree {
            visit(&nodes, tree.root, (0.0, 0.0), &mut widgets);
        }
        (step, widgets)
    }

    /// Waits until something is on screen.
    fn wait(&mut self, what: &str, fits: impl Fn(&Widget) -> bool) -> Widget {
        let until = Instant::now() + DEADLINE;
        loop {
            let (_, mut widgets) = self.look();
            if let Some(at) = widgets.iter().position(&fits) {
                return widgets.swap_remove(at);
            }
            let seen: Vec<_> = widgets.iter().map(|widget| widget.texts.join(" | ")).collect();
            assert!(Instant::now() < until, "{what} is not on screen, but:\n{}", seen.join("\n"));
            self.stay_quiet(Duration::from_millis(50));
        }
    }

    /// Waits for a text that begins so.
    fn wait_to_read(&mut self, beginning: &str) -> String {
        let begins = |text: &&String| text.starts_with(beginning);
        let widget = self.wait(beginning, |widget| widget.texts.iter().any(|text| begins(&text)));
        widget.texts.iter().find(begins).unwrap().clone()
    }

    fn wait_for_button(&mut self, name: &str) -> Widget {
        self.wait(&format!("the button {name}"), |widget| widget.role == Role::Button && widget.says(name))
    }

    /// Clicks a button as soon as it can be clicked and stands still: a new window is still being laid out.
    fn click(&mut self, name: &str) {
        let usable = |widget: &Widget| widget.role == Role::Button && widget.enabled && widget.says(name);
        let what = format!("the button {name}, enabled,");
        let mut pos = self.wait(&what, usable).center;
        loop {
            self.stay_quiet(Duration::from_millis(100));
            let now = self.wait(&what, usable).center;
            if now == pos {
                break;
            }
            pos = now;
        }
        let button =
            |pressed| Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
        self.ask(&Request::ApplyEvents { events: vec![Event::PointerMoved(pos)] });
        // In one frame: the screen's own pointer, entering a new window late, must not come between.
        self.ask(&Request::ApplyEvents { events: vec![Event::PointerMoved(pos), button(true), button(false)] });
    }

    /// Lets this long go by. The window says nothing unasked.
    fn stay_quiet(&mut self, span: Duration) {
        self.stream.set_read_timeout(Some(span)).unwrap();
        let heard = self.stream.read(&mut [0]).map_err(|error| error.kind());
        assert!(matches!(heard, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "the window is gone: {heard:?}");
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
    }

    /// How many frames are drawn in a span, with those that the asking itself costs.
    fn frames_in(&mut self, span: Duration) -> u64 {
        let (before, _) = self.look();
        self.stay_quiet(span);
        self.look().0 - before
    }
}

/// Gives the window the keyboard, as a desktop does: a bare screen has nobody who would.
fn focus(display: &str) {
    let (connection, screen) = x11rb::connect(Some(display)).unwrap();
    let root = connection.setup().roots[screen].root;
    wait_for("the window on its screen", || {
        let windows = connection.query_tree(root).ok()?.reply().ok()?.children;
        let shown = |window: &u32| {
            let about = connection.get_window_attributes(*window).ok().and_then(|asked| asked.reply().ok());
            about.is_some_and(|about| about.map_state == MapState::VIEWABLE)
        };
        let window = windows.into_iter().find(shown)?;
        connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME).ok()?.check().ok()
    });
}

/// Names the file that takes what is on the clipboard.
const CLIPBOARD: &str = "OTA_WORKBENCH_TEST_CLIPBOARD";

fn visit(nodes: &BTreeMap<NodeId, Node>, id: NodeId, origin: (f64, f64), widgets: &mut Vec<Widget>) {
    let Some(node) = nodes.get(&id) else { return };
    let moved = node.transform().map_or([0.0; 6], |transform| transform.as_coeffs());
    let origin = (origin.0 + moved[4], origin.1 + moved[5]);
    let labels = node.labelled_by().iter().filter_map(|label| nodes.get(label));
    let labels = labels.flat_map(|label| [label.label(), label.value()]);
    let texts = [node.label(), node.value(), node.placeholder()].into_iter().chain(labels).flatten();
    let bounds = node.bounds().unwrap_or_default();
    let center = (bounds.x0.midpoint(bounds.x1) + origin.0, bounds.y0.midpoint(bounds.y1) + origin.1);
    #[expect(clippy::cast_possible_truncation, reason = "points on a screen")]
    let center = Pos2::new(center.0 as f32, center.1 as f32);
    let texts = texts.map(str::to_owned).collect();
    widgets.push(Widget { role: node.role(), texts, center, enabled: !node.is_disabled() });
    for child in node.children() {
        visit(nodes, *child, origin, widgets);
    }
}

#[test]
#[ignore = "needs Xvfb"]
fn a_newcomer_upgrades_a_simulated_device_in_two_clicks_by_the_promised_names() {
    let mut window = Window::open(&["--lang", "en", SAMPLE]);
    for pane in ["Builds", "Devices", "Messages", "Console"] {
        window.wait(pane, |widget| widget.says(pane));
    }
    for button in ["Push", "Start a simulated device", "Add build…", "Add device…"] {
        window.wait_for_button(button);
    }
    window.wait("the build that was typed", |widget| widget.texts.iter().any(|text| text.contains("lamp-2.0.0.bin")));
    window.click("Start a simulated device");
    window.wait("the device", |widget| widget.texts.iter().any(|text| text.contains("lamp-01")));
    window.wait_for_button("Send");
    window.click("Push");
    window.wait_for_button("Cancel upgrade");
    // The last step of the track is called “Succeeded” all the time; the verdict says how long it took.
    let verdict = window.wait_to_read("Succeeded in ");
    assert!(verdict.contains("2.0.0"), "{verdict}");
    let (_, widgets) = window.look();
    assert!(!widgets.iter().any(|widget| widget.says("Cancel upgrade")), "there is nothing left to cancel");
}

#[test]
#[ignore = "needs Xvfb"]
fn an_engineer_who_changes_their_mind_cancels_in_the_window() {
    let mut window = Window::open(&["--lang", "en"]);
    window.click("Start a simulated device");
    window.click("Push");
    window.click("Cancel upgrade");
    window.wait_to_read("Cancelled");
}

#[test]
#[ignore = "needs Xvfb"]
fn a_chinese_engineer_reads_the_verdict_in_chinese() {
    let mut window = Window::open(&["--lang", "zh-CN"]);
    window.click("启动模拟设备");
    window.click("推送");
    let verdict = window.wait_to_read("升级成功");
    assert!(verdict.contains("2.0.0"), "{verdict}");
}

/// An idle window that draws takes a laptop's battery and a core of the machine that compiles the firmware.
#[test]
#[ignore = "needs Xvfb"]
fn a_window_with_a_quiet_device_draws_nothing() {
    let mut window = Window::open(&["--lang", "en"]);
    window.click("Start a simulated device");
    window.wait("the device", |widget| widget.texts.iter().any(|text| text.contains("lamp-01")));
    let until = Instant::now() + DEADLINE;
    loop {
        // A short span costs what the asking costs; a second more must add nothing.
        let (short, long) =
            (window.frames_in(Duration::from_millis(300)), window.frames_in(Duration::from_millis(1_300)));
        if short == long {
            break;
        }
        assert!(Instant::now() < until, "{short} frames in 0.3 s, {long} in 1.3 s");
    }
}

/// No promise of its own: the test below starts it, on the screen whose clipboard it asks for.
#[test]
#[ignore = "needs Xvfb"]
fn a_clipboard_is_read_by_a_process_on_its_screen() {
    if let Some(file) = std::env::var_os(CLIPBOARD) {
        let text = arboard::Clipboard::new().and_then(|mut clipboard| clipboard.get_text());
        std::fs::write(file, text.unwrap_or_default()).unwrap();
    }
}

#[test]
#[ignore = "needs Xvfb"]
fn a_log_of_a_hundred_thousand_lines_is_gone_through_by_keyboard() {
    const NONE: Modifiers = Modifiers::NONE;
    let command = Modifiers::CTRL | Modifiers::COMMAND;
    let folder = Folder::new();
    let line = |number: u32| {
        let topic = if number.is_multiple_of(10) { "wifi" } else { "ota" };
        format!("I ({number}) {topic}: number {number}")
    };
    let lines: Vec<String> = (0..100_000).map(line).collect();
    let text = lines.join("\n");
    std::fs::write(folder.path("board.log"), format!("{text}\n")).unwrap();
    let mut window = Window::open(&["--lang", "en", "--log", &folder.at("board.log")]);
    window.wait_to_see(&lines[0]);
    // Find, next, previous.
    window.press(&[(command | Modifiers::SHIFT, Key::F)]);
    window.type_text("wifi");
    window.wait_to_read("10,000 found");
    window.press(&[(NONE, Key::Enter), (NONE, Key::F3), (NONE, Key::F3), (Modifiers::SHIFT, Key::F3)]);
    window.wait_to_read("2 of 10,000");
    // Bookmark, filter, all of it, copy.
    window.press(&[(command, Key::B), (command, Key::L)]);
    window.wait_till_gone("ota: number");
    window.press(&[(NONE, Key::ArrowDown), (command, Key::A)]);
    window.ask(&Request::ApplyEvents { events: vec![Event::Copy] });
    let wifi: Vec<_> = lines.iter().step_by(10).map(String::as_str).collect();
    let copied = window.clipboard(|text| text.lines().count() == wifi.len());
    assert!(copied == wifi.join("\n"), "every line that was listed, and no other");
    window.press(&[(command, Key::L)]);
    window.wait_to_see("ota: number");
    window.press(&[(command, Key::A)]);
    window.ask(&Request::ApplyEvents { events: vec![Event::Copy] });
    let copied = window.clipboard(|text| text.lines().count() == lines.len());
    assert!(copied == text, "all hundred thousand");
    window.press(&[(command | Modifiers::SHIFT, Key::C)]);
    let copied = window.clipboard(|copied| copied.len() == text.len() + 1);
    assert!(copied == format!("{text}\n"), "as it came");
    // By number, to the bookmark, to the end.
    window.press(&[(command, Key::F), (command, Key::A)]);
    window.type_text(":77,778");
    window.press(&[(NONE, Key::Enter)]);
    window.wait_to_see(&lines[77_777]);
    window.press(&[(NONE, Key::F2)]);
    window.wait_to_see("Bookmark: ");
    window.press(&[(command, Key::J)]);
    window.wait_to_see(&lines[99_999]);
}

#[test]
#[ignore = "needs Xvfb"]
fn a_console_is_followed_and_let_go_by_keyboard_while_it_prints() {
    let command = Modifiers::CTRL | Modifiers::COMMAND;
    let (pty, mut board) = Pty::open().unwrap();
    let folder = Folder::new();
    std::fs::write(folder.path("lamp.bench.toml"), format!("[[serial]]\nport = '{}'\n", pty.path())).unwrap();
    let mut window = Window::open(&["--lang", "en", "--bench", &folder.at("lamp.bench.toml")]);
    let mut number = 0;
    let mut print = |window: &mut Window, upto: u32| {
        while number < upto {
            board.print(format!("line {number} of the board\r\n").as_bytes());
            number += 1;
        }
        window.wait_to_see(&format!("line {} of the board", upto - 1));
    };
    window.wait_to_see("115200");
    print(&mut window, 50);
    window.press(&[
        (command | Modifiers::SHIFT, Key::F),
        (Modifiers::NONE, Key::ArrowDown),
        (Modifiers::NONE, Key::ArrowUp),
    ]);
    window.wait_for_button("Jump to latest");
    // More than the part of a row that may stand at the edge.
    board.print(b"one\r\ntwo\r\nwhile nobody followed\r\n");
    window.stay_quiet(Duration::from_millis(500));
    let (_, widgets) = window.look();
    let seen = |part: &str| widgets.iter().any(|widget| widget.texts.iter().any(|text| text.contains(part)));
    assert!(seen("line 49 of the board") && !seen("while nobody followed"));
    window.press(&[(Modifiers::NONE, Key::End)]);
    window.wait_to_see("while nobody followed");
    board.print(b"followed again\r\n");
    window.wait_to_see("followed again");
}

#[test]
#[ignore = "needs Xvfb"]
fn a_session_that_just_ran_is_looked_back_at_from_the_list_and_a_file_from_the_command_line() {
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch.jsonl");
    let mut window = Window::open(&["--lang", "en", "--look", capture, SAMPLE]);
    window.wait_to_read("You look at a capture: uiot-simulated-md5-mismatch.jsonl");
    window.wait_to_read("Failed: the image the device assembled has another MD5");
    window.click("Go to the start (Alt+Home)");
    window.wait_to_read("No build was on the list yet");
    window.click("Back to the bench");
    window.click("Start a simulated device");
    window.click("Push");
    window.wait_to_read("Succeeded in ");
    window.click("Captures…");
    window.wait("the recording", |widget| widget.texts.iter().any(|text| text.contains("being recorded now")));
    window.click("Close the list");
    window.wait_to_read("Succeeded in ");
}

/// The end of a login, or a supervisor, ends programs like this.
#[test]
#[ignore = "needs Xvfb"]
fn a_window_that_is_asked_to_terminate_closes_its_capture_first() {
    let mut window = Window::open(&["--lang", "en", SAMPLE]);
    window.click("Start a simulated device");
    window.wait_to_see(" · 1 online");
    let Window { program, folder, screen, .. } = window;
    program.terminate();
    program.end().check(0);
    drop(screen);
    let entries = list(&folder.path("data").join("captures")).unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].condition, Condition::Known, "it is closed, compressed and looked into: {entries:?}");
}
