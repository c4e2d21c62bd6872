//! The bar over the console: which port, how it is set, open or not, and its control lines.

use super::known_ports::{last_used, place_of, recall, remember};
use super::model::Model;
use super::pieces::{button_ui, choice_ui, line_ui};
use super::port_dialog::PortDraft;
use super::state::{Dialog, WindowState};
use super::theme;
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::bench::{Action, PluggedPort, Port, PortIdentity, SerialSettings, lines_after};
use crate::event::{DeviceId, LineMove, Trouble};
use eframe::egui::accesskit::Role;
use eframe::egui::{Align, Button, ComboBox, Layout, RichText, Ui, WidgetInfo};
use std::collections::HashSet;

/// The rates offered; any other can be typed.
pub const BAUD_RATES: [u32; 12] =
    [9_600, 19_200, 38_400, 57_600, 74_880, 115_200, 230_400, 460_800, 921_600, 1_500_000, 2_000_000, 3_000_000];

/// Consoles at most that one place gave its name to.
const MAX_NAMESAKES: u32 = 99;

/// The port that is shown, as far as the bar cares.
struct Shown<'a> {
    name: String,
    /// What the system calls it now.
    at: String,
    port: Option<&'a Port>,
    serial: SerialSettings,
    /// A simulated device's console, and a log file, have no line to set.
    simulated: bool,
}

impl Shown<'_> {
    fn is_open(&self) -> bool {
        self.port.is_some_and(|port| port.state.is_ok())
    }

    fn waits(&self) -> bool {
        self.port.is_some_and(Port::waits)
    }
}

/// Draws the bar.
pub fn port_bar_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let shown = shown(model, state);
    let mut listed = false;
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if is_file(&shown.name, model) {
                if button_ui(ui, say("log.close")).clicked() {
                    wishes.push(Wish::CloseLog(shown.name.clone()));
                }
            } else if !shown.name.is_empty() && !state.is_past() {
                open_ui(ui, &shown, model, state, wishes);
            }
            if !state.is_past()
                && ui.button(say("console.look-again")).on_hover_text(say("console.look-again-hint")).clicked()
            {
                wishes.push(Wish::ListPorts);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                listed = choose_ui(ui, &shown, model, state, wishes);
            });
        });
    });
    if !shown.name.is_empty() && !shown.simulated && !state.is_past() {
        ui.horizontal_wrapped(|ui| {
            baud_ui(ui, &shown, model, state, wishes);
            if let Some(port) = shown.port.filter(|port| port.state.is_ok()) {
                lines_ui(ui, &shown, port, model, state, wishes);
            }
        });
    }
    let nothing = model.consoles.is_empty();
    let missing = model.shown().ports().any(|(_, port)| port.waits());
    state.watch_ports = listed || nothing || missing || matches!(state.dialog, Some(Dialog::Port(_)));
}

/// The trouble of the port that is shown, in words.
pub fn trouble_ui(ui: &mut Ui, model: &Model, state: &WindowState) {
    let port = model.shown().ports().find(|(name, _)| state.port.as_deref() == Some(*name));
    if let Some((_, port)) = port
        && let Err(Some(trouble)) = &port.state
    {
        let colour = theme::palette(ui).bad;
        ui.label(RichText::new(words::trouble(trouble).joined()).color(colour));
    }
}

fn shown<'a>(model: &'a Model, state: &WindowState) -> Shown<'a> {
    let name = chosen_port(state);
    let port = model.shown().ports().find(|(known, _)| *known == name).map(|(_, port)| port);
    let real = port.and_then(|port| SerialSettings::read(&port.settings));
    let told = real.is_none() && port.is_some_and(|port| !port.settings.is_empty());
    let simulated = told || is_file(&name, model);
    let open = port.is_some_and(|port| port.state.is_ok());
    let at = port.and_then(|port| port.now.clone()).unwrap_or_else(|| place_of(&name).to_owned());
    let wanted = wanted(&at, state);
    // How it is set now; the switches of its lines as they were put last, not as a reset left them.
    let known = recall(&state.settings, &at, &state.plugged.ports).is_some();
    let real =
        real.filter(|_| open).map(|real| if known { SerialSettings { lines: wanted.lines, ..real } } else { real });
    let serial = real.unwrap_or(wanted);
    Shown { name, at, port, serial, simulated }
}

/// Whether it is a log file that is looked at.
fn is_file(name: &str, model: &Model) -> bool {
    model.consoles.get(name).is_some_and(crate::console::Console::is_file)
}

/// How a port is to be opened: as the last time, else at the rate used last.
fn wanted(name: &str, state: &WindowState) -> SerialSettings {
    let known = recall(&state.settings, name, &state.plugged.ports).and_then(super::known_ports::KnownPort::serial);
    known.unwrap_or_else(|| SerialSettings { baud_rate: state.settings.baud_rate, ..SerialSettings::default() })
}

/// The console that is shown; before there is one, the port used the last time, else the first there is.
fn chosen_port(state: &WindowState) -> String {
    let ports = &state.plugged.ports;
    let by_name = || ports.iter().find(|port| state.settings.port.as_ref() == Some(&port.name));
    let offered = || last_used(&state.settings, ports).or_else(|| Some(by_name().or(ports.first())?.name.clone()));
    state.port.clone().or_else(offered).unwrap_or_default()
}

/// Draws the list of consoles and ports. Gives whether it is open.
fn choose_ui(ui: &mut Ui, shown: &Shown<'_>, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) -> bool {
    let known = model.consoles.keys().map(|name| (name.clone(), console_face(name, model)));
    let others = fresh_ports(model, &state.plugged.ports);
    let others = others.map(|(name, port)| (name, format!("{} {}", port.name, port.detail()).trim_end().to_owned()));
    let choices: Vec<_> = known.chain(others).collect();
    if choices.is_empty() {
        line_ui(ui, say("console.no-ports"));
        return false;
    }
    let face = choices.iter().find(|(name, _)| *name == shown.name).map(|(_, face)| face.clone()).unwrap_or_default();
    let combo = ComboBox::from_id_salt("port").selected_text(face).width(ui.available_width()).truncate();
    let list = combo.show_ui(ui, |ui| {
        for (name, face) in choices {
            if ui.selectable_label(name == shown.name, face).on_hover_text(about(&name, state)).clicked() {
                state.settings.port = Some(name.clone());
                wishes.push(Wish::SelectPort(name));
            }
        }
    });
    let _ = list.response.accessible_name(say("console.port")).on_hover_text(about(&shown.at, state));
    list.inner.is_some()
}

/// The ports that no console is at, each with the name its console is to have.
fn fresh_ports<'a>(model: &Model, plugged: &'a [PluggedPort]) -> impl Iterator<Item = (String, &'a PluggedPort)> {
    let taken: HashSet<_> = model.consoles.keys().filter_map(|name| place_taken(name, model)).collect();
    let fresh = plugged.iter().filter(move |port| !taken.contains(&port.name));
    let free = |name: &String| !model.consoles.contains_key(name);
    // A board that moved keeps its name; what has its place now gets another.
    let candidates = |port: &PluggedPort| {
        let (first, place) = (std::iter::once(port.name.clone()), port.name.clone());
        first.chain((2..=MAX_NAMESAKES).map(move |number| format!("{place} #{number}")))
    };
    let named: Vec<_> = fresh.filter_map(|port| Some((candidates(port).find(free)?, port))).collect();
    named.into_iter()
}

/// Which port a console stands at, open or closed. One whose board is gone stands nowhere.
fn place_taken(name: &str, model: &Model) -> Option<String> {
    let Some((_, port)) = model.shown().ports().find(|(known, _)| *known == name) else { return Some(name.to_owned()) };
    let gone = |trouble: &Trouble| ["port-not-found", "port-vanished"].contains(&&*trouble.code);
    let gone = matches!(&port.state, Err(Some(trouble)) if gone(trouble));
    (!gone).then(|| port.now.clone().unwrap_or_else(|| place_of(name).to_owned()))
}

/// A console's port with how it stands: a sign, its name, what it is called now, whose it is.
fn console_face(name: &str, model: &Model) -> String {
    let Some((_, port)) = model.shown().ports().find(|(known, _)| *known == name) else { return name.to_owned() };
    let sign = if port.state.is_ok() { "●" } else { "○" };
    let now = port.now.as_ref().map(|now| format!(" ({now})")).unwrap_or_default();
    // A simulated device's console has its name already.
    let device = model.shown().device_of_port(name).filter(|device| !name.starts_with(&*device.device));
    let device = device.map(|device| format!(" · {}", device.device)).unwrap_or_default();
    format!("{sign} {name}{now}{device}")
}

/// All that is known of a port, one thing a line.
fn about(name: &str, state: &WindowState) -> String {
    let Some(port) = state.plugged.ports.iter().find(|port| port.name == name) else { return say("console.port") };
    let usb = port.usb.as_ref();
    let numbers = usb.map(|usb| format!("{:04x}:{:04x}", usb.vid, usb.pid)).unwrap_or_default();
    let serial = usb.and_then(|usb| usb.serial.clone()).unwrap_or_default();
    let lines = [
        ("port.name", &port.name),
        ("port.product", &port.product),
        ("port.manufacturer", &port.manufacturer),
        ("port.ids", &numbers),
        ("port.serial-number", &serial),
    ];
    let lines = lines.iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| format!("{}: {text}", say(key)));
    lines.collect::<Vec<_>>().join("\n")
}

fn baud_ui(ui: &mut Ui, shown: &Shown<'_>, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let mut rates = BAUD_RATES.to_vec();
    rates.push(shown.serial.baud_rate);
    rates.sort_unstable();
    rates.dedup();
    let rates = rates.into_iter().map(|rate| (rate, rate.to_string()));
    if let Some(rate) = choice_ui(ui, "baud", &say("console.baud"), 70.0, &shown.serial.baud_rate, rates) {
        let serial = SerialSettings { baud_rate: rate, ..shown.serial };
        state.settings.baud_rate = rate;
        let device = bound(shown, model, state);
        remember(&mut state.settings, &shown.at, &state.plugged.ports, &serial, device.as_ref());
        if shown.is_open() || shown.waits() {
            wishes.push(open(shown, serial, state));
        }
    }
    let set = ui.button(shown.serial.framing()).on_hover_text(tell("port.settings", &[("settings", &shown.serial)]));
    set.widget_info(|| WidgetInfo::labeled(Role::Button, true, say("port.dialog")));
    if set.clicked() {
        let device = bound(shown, model, state);
        let live = shown.is_open() || shown.waits();
        let devices = model.shown().devices().map(|(id, _)| id.clone()).collect();
        let draft = PortDraft::new(&shown.name, &shown.at, shown.serial, device, devices, live);
        wishes.push(Wish::Open(Dialog::Port(Box::new(draft))));
    }
}

/// Whose port it is: as the bench has it, else as the last time.
fn bound(shown: &Shown<'_>, model: &Model, state: &WindowState) -> Option<DeviceId> {
    let remembered = || recall(&state.settings, &shown.at, &state.plugged.ports)?.device();
    model.shown().device_of_port(&shown.name).cloned().or_else(remembered)
}

/// Opens what is at its place now, whatever was there before: the list may be some seconds old. A port that is waited for
/// stays the one that went.
fn open(shown: &Shown<'_>, settings: SerialSettings, state: &WindowState) -> Wish {
    let there = state.plugged.ports.iter().find(|port| port.name == shown.at);
    let by_name = shown.at != shown.name || there.is_some_and(|port| port.usb.is_some());
    let identity = (by_name && !shown.is_open() && !shown.waits()).then(|| PortIdentity::named(&shown.at));
    Action::OpenPort { port: shown.name.clone(), settings, identity }.into()
}

fn open_ui(ui: &mut Ui, shown: &Shown<'_>, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    if shown.is_open() || shown.waits() {
        let key = if shown.waits() { "console.stop-waiting" } else { "console.close" };
        if button_ui(ui, say(key)).clicked() {
            wishes.push(Action::ClosePort(shown.name.clone()).into());
        }
    } else if !shown.simulated && button_ui(ui, say("console.open")).clicked() {
        let device = bound(shown, model, state);
        remember(&mut state.settings, &shown.at, &state.plugged.ports, &shown.serial, device.as_ref());
        wishes.push(Wish::SelectPort(shown.name.clone()));
        if device.is_some() && model.shown().device_of_port(&shown.name) != device.as_ref() {
            wishes.push(Action::BindPort { port: shown.name.clone(), device }.into());
        }
        wishes.push(open(shown, shown.serial, state));
    }
}

/// DTR and RTS as switches, break and resets as buttons.
fn lines_ui(
    ui: &mut Ui,
    shown: &Shown<'_>,
    port: &Port,
    model: &Model,
    state: &mut WindowState,
    wishes: &mut Vec<Wish>,
) {
    let mut ask = |line| wishes.push(Action::MoveLines { port: shown.name.clone(), line }.into());
    for (on, text, raise, lower) in
        [(port.dtr, "DTR", LineMove::DtrOn, LineMove::DtrOff), (port.rts, "RTS", LineMove::RtsOn, LineMove::RtsOff)]
    {
        let hint = tell(if on { "lines.is-on" } else { "lines.is-off" }, &[("line", &text)]);
        if ui.add(Button::new(text).selected(on)).on_hover_text(hint).clicked() {
            let line = if on { lower } else { raise };
            ask(line);
            // The next opening finds it so.
            let lines = shown.serial.lines.moved(lines_after(shown.serial.lines.standing(), line));
            let device = bound(shown, model, state);
            let serial = SerialSettings { lines, ..shown.serial };
            remember(&mut state.settings, &shown.at, &state.plugged.ports, &serial, device.as_ref());
        }
    }
    for line in [LineMove::Break, LineMove::Reset, LineMove::BootLoader] {
        let name = line.name();
        let hint = say(&format!("lines.{name}-hint"));
        if button_ui(ui, say(&format!("lines.{name}"))).on_hover_text(hint).clicked() {
            ask(line);
        }
    }
}
