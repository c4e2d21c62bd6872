//! What else can be done with a console's log.

use super::going::{go_to_bookmark, toggle_follow};
use crate::console::{ERRORS, Encoding, LogStamp, WARNINGS};
use crate::ui::model::Model;
use crate::ui::state::WindowState;
use crate::ui::wish::Wish;
use crate::ui::words::say;
use eframe::egui;
use eframe::egui::Ui;

/// Draws the menu of the pane.
pub fn menu_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let shown = ui.menu_button("…", |ui| {
        ui.set_min_width(220.0);
        taken_ui(ui, model, state);
        if !state.is_past() && ui.button(say("log.open")).clicked() {
            wishes.push(Wish::PickLog);
        }
        ui.separator();
        shown_ui(ui, state);
        ui.separator();
        bookmarks_ui(ui, model, state);
        ui.separator();
        let settings = &mut state.settings.log;
        ui.checkbox(&mut settings.files, say("log.files")).on_hover_text(say("log.files-hint"));
        ui.menu_button(say("log.stamp"), |ui| {
            for stamp in LogStamp::ALL {
                ui.radio_value(&mut settings.stamp, stamp, say(stamp_key(stamp)));
            }
        });
    });
    let response = shown.response;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, say("log.more")));
    response.on_hover_text(say("log.more"));
}

fn taken_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) {
    let console = state.shown(model);
    let rows = state.console.chosen();
    let (stamps, encoding) = (state.stamps(model), state.settings.log.encoding);
    let chosen = console.is_some() && rows.is_some();
    for (key, raw) in [("log.copy", false), ("log.copy-raw", true)] {
        if ui.add_enabled(chosen, egui::Button::new(say(key))).clicked()
            && let Some(console) = console
        {
            let save = state.log.save(console, rows.clone(), raw, encoding, stamps);
            let job = state.log.copy(ui.ctx(), save);
            state.log.jobs.0.push(job);
        }
    }
    let some = rows.filter(|rows| rows.start() != rows.end());
    for (key, raw) in [("log.save", false), ("log.save-raw", true)] {
        if ui.add_enabled(console.is_some(), egui::Button::new(say(key))).on_hover_text(say("log.save-hint")).clicked()
            && let Some(console) = console
        {
            state.log.to_save = Some(state.log.save(console, some.clone(), raw, encoding, stamps));
        }
    }
}

fn shown_ui(ui: &mut Ui, state: &mut WindowState) {
    for (key, pattern) in [("log.errors", ERRORS), ("log.warnings", WARNINGS)] {
        if ui.button(say(key)).clicked() {
            (state.find, state.settings.log.regex, state.settings.log.case) = (pattern.to_owned(), true, true);
            state.log.only = true;
        }
    }
    if ui.button(say("log.edit-highlights")).clicked() {
        state.log.highlighting = true;
    }
    let settings = &mut state.settings.log;
    ui.checkbox(&mut settings.hex, say("log.hex"));
    ui.menu_button(say("log.encoding"), |ui| {
        for encoding in Encoding::ALL {
            ui.radio_value(&mut settings.encoding, encoding, encoding.name());
        }
    });
}

const fn stamp_key(stamp: LogStamp) -> &'static str {
    match stamp {
        LogStamp::None => "log.stamp-none",
        LogStamp::Clock => "time.shown-clock",
        LogStamp::SinceStart => "time.shown-start",
        LogStamp::SincePrevious => "time.shown-previous",
        LogStamp::SincePush => "time.shown-push",
    }
}

fn bookmarks_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) {
    let mut follow = state.console.follow;
    if ui.checkbox(&mut follow, say("log.follow")).on_hover_text(say("log.follow-hint")).clicked() {
        toggle_follow(state);
    }
    let chosen = state.log.chosen.is_some();
    if ui.add_enabled(chosen, egui::Button::new(say("log.bookmark")).shortcut_text("Ctrl+B")).clicked() {
        state.log.toggle_bookmark();
    }
    let some = state.log.bookmarks().next().is_some();
    for (key, keys, back) in [("log.next-bookmark", "F2", false), ("log.previous-bookmark", "Shift+F2", true)] {
        if ui.add_enabled(some, egui::Button::new(say(key)).shortcut_text(keys)).clicked() {
            go_to_bookmark(model, state, back);
        }
    }
}
