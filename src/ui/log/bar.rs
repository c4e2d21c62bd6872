//! What is looked for in a console, and the keys of the pane.

use super::going::{entered, go, go_on, go_to_bookmark, toggle_follow};
use super::menu_ui;
use crate::ui::model::Model;
use crate::ui::pieces::{sign_ui, title_ui, weak_ui};
use crate::ui::send_bar::line_id;
use crate::ui::state::WindowState;
use crate::ui::theme;
use crate::ui::wish::Wish;
use crate::ui::words::{count, say, tell};
use eframe::egui;
use eframe::egui::{Align, Id, Key, Layout, Modifiers, TextEdit, Ui};

/// A pane narrower than this, in points, has a second row for what was found.
const NARROW: f32 = 460.0;

/// Draws the head of the pane.
pub fn bar_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let focus = keys(ui, model, state);
    let narrow = ui.available_width() < NARROW;
    ui.horizontal(|ui| {
        title_ui(ui, &say("pane.console"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            menu_ui(ui, model, state, wishes);
            if !state.console.follow {
                let latest = sign_ui(ui, "↓", &say("list.latest"));
                if latest.on_hover_text(say("log.follow-hint")).clicked() {
                    state.console.jump_to_latest();
                }
            }
            if state.log.seek.is_active() && !narrow {
                found_ui(ui, model, state);
            }
            let log = &mut state.settings.log;
            toggle_ui(ui, &mut log.regex, ".*", "log.regex");
            toggle_ui(ui, &mut log.case, "Aa", "log.case");
            field_ui(ui, model, state, focus);
        });
    });
    if state.log.seek.is_active() && narrow {
        ui.horizontal(|ui| ui.with_layout(Layout::right_to_left(Align::Center), |ui| found_ui(ui, model, state)));
    }
    if let Some(part) = state.shown(model).and_then(|console| console.log().indexing()) {
        weak_ui(ui, tell("log.indexing", &[("n", &format_args!("{:.0}", part * 100.0))]));
    }
    if let Some(error) = state.log.seek.error() {
        ui.colored_label(theme::palette(ui).bad, tell("log.bad-regex", &[("detail", &error)]));
    }
    go_on(model, state);
}

fn field_id() -> Id {
    Id::unique("console-find")
}

fn field_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, focus: bool) {
    let width = ui.available_width().max(60.0);
    // Down goes to the list, as in every list with a field above it.
    if ui.memory(|memory| memory.has_focus(field_id()))
        && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown))
    {
        state.console.focus = true;
    }
    // An id of its own: what stands beside it comes and goes with every letter typed.
    let field = TextEdit::singleline(&mut state.find).id(field_id());
    let field = field.desired_width(width).hint_text(say("console.find"));
    let response = ui.add(field).accessible_name(say("console.find")).on_hover_text(say("console.find-hint"));
    if focus {
        response.request_focus();
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        let back = ui.input(|input| input.modifiers.shift);
        entered(model, state, back);
        response.request_focus();
    }
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        state.console.focus = true;
    }
}

/// How many there are, forth and back, and only those.
fn found_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) {
    if sign_ui(ui, "▼", &say("log.next")).clicked() {
        go(model, state, false);
    }
    if sign_ui(ui, "▲", &say("log.previous")).clicked() {
        go(model, state, true);
    }
    toggle_ui(ui, &mut state.log.only, "≡", "log.only").on_hover_text(say("log.only-hint"));
    let seek = &state.log.seek;
    let here = state.log.chosen.map(|(line, _)| seek.number_at(line)).filter(|number| seek.line(*number).is_some());
    let more = if seek.is_searching() { "…" } else { "" };
    let words = match here.filter(|number| seek.line(*number) == state.log.chosen.map(|(line, _)| line)) {
        Some(number) => {
            let number = count(number + 1 - seek.range().start);
            tell("log.hit", &[("n", &number), ("all", &(count(seek.len()) + more))])
        }
        None => tell("log.hits", &[("n", &(count(seek.len()) + more))]),
    };
    weak_ui(ui, words);
}

fn toggle_ui(ui: &mut Ui, on: &mut bool, face: &str, key: &str) -> egui::Response {
    let response = ui.add(egui::Button::selectable(*on, face).min_size(egui::vec2(24.0, 22.0)));
    let info = || egui::WidgetInfo::selected(egui::accesskit::Role::Button, true, *on, say(key));
    response.widget_info(info);
    let response = response.on_hover_text(say(key));
    if response.clicked() {
        *on = !*on;
    }
    response
}

/// What keys ask for anywhere in the window, or while the console is being looked at. Gives whether to type what is
/// looked for.
fn keys(ui: &Ui, model: &Model, state: &mut WindowState) -> bool {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    // With Shift first: without it, a key matches however it is pressed.
    if pressed(Modifiers::SHIFT, Key::F3) {
        go(model, state, true);
    } else if pressed(Modifiers::NONE, Key::F3) {
        go(model, state, false);
    }
    if pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::F) {
        return true;
    }
    let over = ui.input(|input| input.pointer.hover_pos().is_some_and(|pos| ui.max_rect().contains(pos)));
    let typing = ui.memory(|memory| memory.has_focus(field_id()) || memory.has_focus(line_id()));
    if !over && !typing && !state.log.focused {
        return false;
    }
    if pressed(Modifiers::COMMAND, Key::B) {
        state.log.toggle_bookmark();
    }
    if pressed(Modifiers::SHIFT, Key::F2) {
        go_to_bookmark(model, state, true);
    } else if pressed(Modifiers::NONE, Key::F2) {
        go_to_bookmark(model, state, false);
    }
    if pressed(Modifiers::COMMAND, Key::L) && state.log.seek.is_active() {
        state.log.only = !state.log.only;
    }
    if pressed(Modifiers::COMMAND, Key::J) {
        toggle_follow(state);
    }
    pressed(Modifiers::COMMAND, Key::F)
}
