//! The Console pane: what the device prints, and what is sent to it.

use super::log::{bar_ui, highlights_ui, lines_ui};
use super::model::Model;
use super::pieces::{pane_ui, sign_ui, weak_ui};
use super::port_bar::{port_bar_ui, trouble_ui};
use super::send_bar::send_bar_ui;
use super::state::WindowState;
use super::theme;
use super::wish::Wish;
use super::words::{self, say};
use eframe::egui;
use eframe::egui::Ui;

/// Draws the pane.
pub fn console_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) -> Vec<Wish> {
    let mut wishes = Vec::new();
    pane_ui(ui, &say("pane.console"), |ui| {
        bar_ui(ui, model, state, &mut wishes);
        port_bar_ui(ui, model, state, &mut wishes);
        trouble_ui(ui, model, state);
        log_trouble_ui(ui, state);
        if !state.is_past() {
            egui::Panel::bottom("send").frame(egui::Frame::new()).show_separator_line(false).show(ui, |ui| {
                send_bar_ui(ui, model, state, &mut wishes);
            });
        }
        match state.shown(model) {
            Some(console) => lines_ui(ui, console, model, state, &mut wishes),
            None => {
                weak_ui(ui, say(if state.is_past() { "console.none-then" } else { "console.none" }));
            }
        }
    });
    if state.log.highlighting && highlights_ui(ui, &mut state.settings.log.highlights, &state.log.rules) {
        state.log.highlighting = false;
    }
    wishes
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
