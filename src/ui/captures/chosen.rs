//! The capture that is chosen, and what can be done with it.

use super::{Ask, CapturesState, row};
use crate::capture::{Condition, Entry};
use crate::replay::Filter;
use crate::ui::pieces::{button_ui, line_ui, weak_ui};
use crate::ui::replaying::ReplayOf;
use crate::ui::theme::palette;
use crate::ui::words::{self, say, tell};
use eframe::egui::{Button, RichText, Ui};

/// Verdicts shown in full.
const VERDICTS: usize = 4;

/// Draws it.
pub fn chosen_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>, utc_offset_secs: i32) {
    ui.add_space(6.0);
    let Some(entry) = state.chosen().cloned() else {
        weak_ui(ui, say("captures.choose"));
        ui.add_space(6.0);
        return;
    };
    let running = state.running_of(&entry);
    let (recording, view) = (running.is_some(), row::view(&entry, running, utc_offset_secs));
    line_ui(ui, RichText::new(entry.title()).color(palette(ui).strong).size(14.5));
    for verdict in view.verdicts.iter().take(VERDICTS) {
        ui.colored_label(row::colour(verdict.outcome, palette(ui)), &verdict.text);
    }
    if view.verdicts.len() > VERDICTS {
        weak_ui(ui, tell("captures.more-verdicts", &[("n", &(view.verdicts.len() - VERDICTS))]));
    }
    if let Condition::Unreadable(trouble) = &entry.condition {
        ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
    }
    if let Some(strange) = &entry.strange {
        ui.colored_label(palette(ui).warn, words::trouble(strange).joined());
    }
    if let Some(found) = &entry.about.found {
        weak_ui(ui, tell("captures.events", &[("n", &words::count(found.events))]));
    }
    buttons_ui(ui, state, &entry, recording, asks);
    ui.add_space(6.0);
}

fn buttons_ui(ui: &mut Ui, state: &mut CapturesState, entry: &Entry, recording: bool, asks: &mut Vec<Ask>) {
    let path = entry.path.clone();
    ui.horizontal_wrapped(|ui| {
        let readable = !matches!(entry.condition, Condition::Unreadable(_));
        let open = ui.add_enabled(readable, Button::new(RichText::new(say("captures.open")).strong()));
        if open.on_hover_text(say("captures.open-hint")).clicked() {
            asks.push(Ask::Open(path.clone()));
        }
        let again = ui.add_enabled(readable, Button::new(say("replay.open")));
        if again.on_hover_text(say("replay.open-hint")).clicked() {
            let of = ReplayOf { path: path.clone(), name: entry.title().to_owned(), ..ReplayOf::default() };
            asks.push(Ask::Replay(of));
        }
        let export = ui.add_enabled(readable, Button::new(say("export.open")));
        if export.on_hover_text(say("export.open-hint")).clicked() {
            asks.push(Ask::Export(path.clone(), entry.title().to_owned(), Filter::default()));
        }
        compare_ui(ui, state, entry, readable, asks);
        if button_ui(ui, say("captures.rename")).on_hover_text("F2").clicked() {
            state.naming = Some((path.clone(), entry.about.title.clone().unwrap_or_default()));
        }
        let key = if entry.about.star { "captures.unstar" } else { "captures.star" };
        if button_ui(ui, say(key)).on_hover_text(say("captures.star-hint")).clicked() {
            asks.push(Ask::Star(path.clone(), !entry.about.star));
        }
        if button_ui(ui, say("captures.copy-path")).on_hover_text(path.display().to_string()).clicked() {
            ui.ctx().copy_text(path.display().to_string());
        }
        let writing = recording || entry.condition == Condition::Writing;
        let delete = ui.add_enabled(!writing, Button::new(say("captures.delete")));
        let delete = delete.on_disabled_hover_text(say("captures.delete-not-now"));
        if delete.clicked() {
            state.deleting = Some(path);
        }
    });
}

/// The first press remembers a capture, the second one compares another with it.
fn compare_ui(ui: &mut Ui, state: &mut CapturesState, entry: &Entry, readable: bool, asks: &mut Vec<Ask>) {
    let own = (entry.path.clone(), entry.title().to_owned());
    match state.compared.clone().filter(|other| other.0 != own.0) {
        Some(other) => {
            let compare = Button::new(tell("compare.with", &[("name", &other.1)]));
            if ui.add_enabled(readable, compare).clicked() {
                state.compared = None;
                asks.push(Ask::Compare(other, own));
            }
        }
        None if state.compared.is_some() => {
            let waits = ui.add_enabled(false, Button::new(say("compare.open")));
            waits.on_disabled_hover_text(say("compare.choose"));
            weak_ui(ui, say("compare.choose"));
        }
        None => {
            let compare = ui.add_enabled(readable, Button::new(say("compare.open")));
            if compare.on_hover_text(say("compare.open-hint")).clicked() {
                state.compared = Some(own);
            }
        }
    }
}
