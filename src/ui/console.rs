//! The Console pane: what the device prints, and what is sent to it.

use super::log::{bar_ui, highlights_ui, lines_ui};
use super::model::Model;
use super::pieces::{button_ui, choice_ui, line_ui, pane_ui, sign_ui, weak_ui};
use super::settings::LineEnding;
use super::state::WindowState;
use super::theme;
use super::wish::Wish;
use super::words::{self, say};
use crate::bench::{Action, SerialSettings};
use eframe::egui;
use eframe::egui::{Align, Key, Layout, Modifiers, TextEdit, Ui};

const BAUD_RATES: [u32; 9] = [9_600, 19_200, 38_400, 57_600, 74_880, 115_200, 230_400, 460_800, 921_600];

/// Draws the pane.
pub fn console_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) -> Vec<Wish> {
    let mut wishes = Vec::new();
    pane_ui(ui, &say("pane.console"), |ui| {
        bar_ui(ui, model, state, &mut wishes);
        port_ui(ui, model, state, &mut wishes);
        trouble_ui(ui, model, state);
        log_trouble_ui(ui, state);
        egui::Panel::bottom("send").frame(egui::Frame::new()).show_separator_line(false).show(ui, |ui| {
            send_ui(ui, model, state, &mut wishes);
        });
        let console = state.port.as_ref().and_then(|port| model.consoles.get(port));
        match console {
            Some(console) => lines_ui(ui, console, model, state, &mut wishes),
            None => {
                weak_ui(ui, say("console.none"));
            }
        }
    });
    if state.log.highlighting && highlights_ui(ui, &mut state.settings.log.highlights) {
        state.log.highlighting = false;
    }
    wishes
}

fn port_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let chosen = chosen_port(state);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !chosen.is_empty() {
                open_ui(ui, &chosen, model, state, wishes);
            }
            let rates = BAUD_RATES.map(|rate| (rate, rate.to_string()));
            if let Some(rate) = choice_ui(ui, "baud", &say("console.baud"), 64.0, &state.settings.baud_rate, rates) {
                state.settings.baud_rate = rate;
            }
            if ui.button(say("console.look-again")).on_hover_text(say("console.look-again-hint")).clicked() {
                wishes.push(Wish::ListPorts);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                choose_port_ui(ui, &chosen, model, state, wishes);
            });
        });
    });
}

/// The console that is shown; before there is one, the port used the last time, else the first there is.
fn chosen_port(state: &WindowState) -> String {
    let remembered = state.plugged.ports.iter().find(|port| state.settings.port.as_ref() == Some(&port.name));
    let offered = || remembered.or(state.plugged.ports.first()).map(|port| port.name.clone());
    state.port.clone().or_else(offered).unwrap_or_default()
}

fn choose_port_ui(ui: &mut Ui, chosen: &String, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let known = model.consoles.keys().map(|name| (name.clone(), name.clone()));
    let others = state.plugged.ports.iter().filter(|port| !model.consoles.contains_key(&port.name));
    let described = others.map(|port| {
        let face = format!("{} {}", port.name, port.detail);
        (port.name.clone(), face.trim_end().to_owned())
    });
    let choices: Vec<_> = known.chain(described).collect();
    if choices.is_empty() {
        line_ui(ui, say("console.no-ports"));
        return;
    }
    let width = ui.available_width();
    if let Some(port) = choice_ui(ui, "port", &say("console.port"), width, chosen, choices) {
        state.settings.port = Some(port.clone());
        wishes.push(Wish::SelectPort(port));
    }
}

fn open_ui(ui: &mut Ui, chosen: &str, model: &Model, state: &WindowState, wishes: &mut Vec<Wish>) {
    if model.consoles.get(chosen).is_some_and(crate::console::Console::is_file) {
        if button_ui(ui, say("log.close")).clicked() {
            wishes.push(Wish::CloseLog(chosen.to_owned()));
        }
        return;
    }
    let open = model.bench.ports().any(|(name, port)| name == chosen && port.state.is_ok());
    if open {
        if button_ui(ui, say("console.close")).clicked() {
            wishes.push(Action::ClosePort(chosen.to_owned()).into());
        }
    } else if button_ui(ui, say("console.open")).clicked() {
        let settings = SerialSettings { baud_rate: state.settings.baud_rate, ..SerialSettings::default() };
        wishes.push(Wish::SelectPort(chosen.to_owned()));
        wishes.push(Action::OpenPort { port: chosen.to_owned(), settings }.into());
    }
}

fn trouble_ui(ui: &mut Ui, model: &Model, state: &WindowState) {
    let port = model.bench.ports().find(|(name, _)| state.port.as_deref() == Some(*name));
    if let Some((_, port)) = port
        && let Err(Some(trouble)) = &port.state
    {
        let colour = theme::palette(ui).bad;
        ui.label(egui::RichText::new(words::trouble(trouble).joined()).color(colour));
    }
}

/// What could not be opened or saved, until it is put away.
fn log_trouble_ui(ui: &mut Ui, state: &mut WindowState) {
    let Some(trouble) = &state.log.trouble else { return };
    let words = words::trouble(trouble).joined();
    let away = ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new(words).color(theme::palette(ui).bad));
        sign_ui(ui, "×", &say("log.put-away")).clicked()
    });
    if away.inner {
        state.log.trouble = None;
    }
}

fn send_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let open = model.bench.ports().any(|(name, port)| state.port.as_deref() == Some(name) && port.state.is_ok());
    ui.add_space(5.0);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let button = ui.add_enabled(open, egui::Button::new(say("console.send")));
            let clicked = button.on_disabled_hover_text(say("console.send-closed")).clicked();
            let endings = LineEnding::ALL.map(|ending| (ending, say(ending.key())));
            let chosen = state.settings.line_ending;
            if let Some(ending) = choice_ui(ui, "ending", &say("console.ending"), 64.0, &chosen, endings) {
                state.settings.line_ending = ending;
            }
            let width = ui.available_width();
            let field = TextEdit::singleline(&mut state.line)
                .desired_width(width)
                .font(egui::TextStyle::Monospace)
                .hint_text(say("console.line"));
            let field = ui.add_enabled(open, field).accessible_name(say("console.line"));
            let entered = field.lost_focus()
                && ui.input(|input| input.key_pressed(Key::Enter) && input.modifiers == Modifiers::NONE);
            if !(clicked || entered) {
                return;
            }
            field.request_focus();
            if let Some(port) = state.port.clone() {
                let mut bytes = std::mem::take(&mut state.line).into_bytes();
                bytes.extend_from_slice(state.settings.line_ending.bytes());
                state.console.jump_to_latest();
                wishes.push(Action::Send { port, bytes }.into());
            }
        });
    });
}
