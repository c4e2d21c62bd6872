//! The bottom of the window: how fast it goes, and whether anything was lost.

use super::model::Model;
use super::pieces::{choice_ui, weak_ui};
use super::settings::TimeShown;
use super::state::WindowState;
use super::theme::palette;
use super::words::{count, say, tell};
use crate::event::Micros;
use crate::journal::Film;
use eframe::egui::{Align, Layout, Ui};

/// The bottom of the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusBarView {
    /// What is chosen, and the time between.
    pub chosen: String,
    /// Events a second, events in all.
    pub rate: String,
    /// What was lost, or that nothing was.
    pub loss: String,
    /// Whether something was.
    pub lossy: bool,
}

/// Works the bar out.
#[must_use]
pub fn view(model: &Model, state: &WindowState, now: Micros) -> StatusBarView {
    let lost = model.bench.lost();
    let dropped = model.journal.dropped();
    let unrecorded = model.bench.recording_trouble().is_some();
    let words = match (lost, dropped) {
        (0, _) if unrecorded => say("status.unrecorded"),
        (0, 0) => say("status.no-loss"),
        (0, _) => tell("status.forgotten", &[("n", &count(dropped))]),
        _ => tell("status.lost", &[("n", &count(lost))]),
    };
    let all = count(model.journal.film().map_or_else(|| model.bench.events(), Film::len));
    let rate = if state.is_past() {
        tell("past.events", &[("n", &all)])
    } else {
        tell("status.rate", &[("rate", &count(model.events_a_second(now))), ("all", &all)])
    };
    StatusBarView { chosen: chosen(model, state), rate, loss: words, lossy: lost > 0 || unrecorded }
}

/// The time between the two ends of what is chosen.
fn chosen(model: &Model, state: &WindowState) -> String {
    let Some((cursor, anchor)) = state.message.filter(|(cursor, anchor)| cursor != anchor) else {
        return String::new();
    };
    let (Some(a), Some(b)) = (model.feed.row(cursor.min(anchor)), model.feed.row(cursor.max(anchor))) else {
        return String::new();
    };
    tell("time.between", &[("span", &b.at.since(a.at))])
}

/// Draws the bar; changes how times are shown.
pub fn status_bar_ui(ui: &mut Ui, view: &StatusBarView, shown: &mut TimeShown) {
    ui.horizontal(|ui| {
        let choices = TimeShown::ALL.map(|choice| (choice, say(choice.key())));
        if let Some(other) = choice_ui(ui, "time", &say("time.name"), 110.0, shown, choices) {
            *shown = other;
        }
        ui.add_space(8.0);
        ui.label(&view.chosen);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if view.lossy {
                ui.colored_label(palette(ui).bad, &view.loss);
            } else {
                weak_ui(ui, view.loss.clone());
            }
            weak_ui(ui, "·");
            weak_ui(ui, view.rate.clone());
        });
    });
}
