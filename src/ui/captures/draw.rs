//! Draws the Captures screen.

use super::chosen::chosen_ui;
use super::{Ask, CapturesState, ask, row};
use crate::capture::{Condition, Limits};
use crate::ui::pieces::{button_ui, pane_ui, sign_ui, title_ui, weak_ui};
use crate::ui::rows::{RowSpace, Rows, rows_ui};
use crate::ui::theme::{self, palette};
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::{Align, Align2, FontId, Key, Layout, Modifiers, Sense, TextEdit, Ui, pos2, vec2};

/// The height of a row, in points.
const ROW: f32 = 26.0;

/// Draws the screen. Gives what was asked for.
pub fn captures_ui(ui: &mut Ui, state: &mut CapturesState, limits: &mut Limits, utc_offset_secs: i32) -> Vec<Ask> {
    let mut asks = Vec::new();
    pane_ui(ui, &say("captures.title"), |ui| {
        head_ui(ui, state, &mut asks);
        troubles_ui(ui, state);
        let below = egui::Panel::bottom("chosen capture").frame(egui::Frame::new()).show_separator_line(false);
        below.show(ui, |ui| {
            chosen_ui(ui, state, &mut asks, utc_offset_secs);
            limits_ui(ui, state, limits, &mut asks);
        });
        list_ui(ui, state, &mut asks, utc_offset_secs);
    });
    ask::dialogs_ui(ui, state, &mut asks);
    asks
}

fn head_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>) {
    ui.horizontal(|ui| {
        title_ui(ui, &say("captures.title"));
        weak_ui(ui, tell("captures.count", &[("n", &words::count(state.shelf.entries.len() as u64))]));
        if state.shelf.reading {
            weak_ui(ui, say("captures.looking"));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let escape =
                !state.covered && state.naming.is_none() && state.deleting.is_none() && !ui.ctx().text_edit_focused();
            let escape = escape && ui.input(|input| input.key_pressed(Key::Escape));
            if button_ui(ui, say("captures.close")).clicked() || escape {
                asks.push(Ask::Show(false));
            }
            if button_ui(ui, say("captures.pick")).on_hover_text(say("captures.pick-hint")).clicked() {
                asks.push(Ask::Pick);
            }
            if button_ui(ui, say("captures.look-again")).clicked() {
                asks.push(Ask::Look);
            }
            let width = ui.available_width().clamp(80.0, 340.0);
            let field = TextEdit::singleline(&mut state.search).desired_width(width).hint_text(say("captures.search"));
            let field =
                ui.add(field).accessible_name(say("captures.search")).on_hover_text(say("captures.search-hint"));
            if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::F)) {
                field.request_focus();
            }
        });
    });
}

fn troubles_ui(ui: &mut Ui, state: &mut CapturesState) {
    let mut away = None;
    for (place, trouble) in state.troubles.iter().enumerate() {
        ui.horizontal_wrapped(|ui| {
            ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
            if sign_ui(ui, "×", &say("log.put-away")).clicked() {
                away = Some(place);
            }
        });
    }
    if let Some(place) = away {
        state.troubles.remove(place);
    }
}

fn list_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>, utc_offset_secs: i32) {
    columns_ui(ui);
    if state.found.places.is_empty() {
        let key = if state.shelf.entries.is_empty() { "captures.none" } else { "captures.no-match" };
        weak_ui(ui, say(key));
    }
    let mut scroll = std::mem::take(&mut state.scroll);
    // The latest stand at the top.
    scroll.follow = false;
    let mut draw = |space: &RowSpace<'_>| {
        let Some(entry) = state.entry(space.row) else { return String::new() };
        let recording = state.shelf.recording.as_ref() == Some(&entry.path);
        row::draw(space, &row::view(entry, recording, utc_offset_secs))
    };
    let range = 0..state.found.places.len() as u64;
    let name = say("captures.list");
    let rows = Rows { salt: "captures", name: &name, height: ROW, range, marks: &[], draw: &mut draw };
    let output = rows_ui(ui, &mut scroll, rows);
    // One at a time.
    scroll.anchor = scroll.cursor;
    state.scroll = scroll;
    if output.chose.is_some() {
        state.choose();
    }
    if let Some(entry) = output.opened.and_then(|row| state.entry(row)) {
        asks.push(Ask::Open(entry.path.clone()));
    }
    if output.focused {
        keys(ui, state, asks);
    }
}

fn keys(ui: &Ui, state: &mut CapturesState, asks: &mut Vec<Ask>) {
    let Some(entry) = state.chosen() else { return };
    let (path, star, title) = (entry.path.clone(), entry.about.star, entry.about.title.clone());
    let writing = entry.condition == Condition::Writing || state.shelf.recording.as_ref() == Some(&path);
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if pressed(Key::Delete) {
        state.deleting = Some(path).filter(|_| !writing);
    } else if pressed(Key::F2) {
        state.naming = Some((path, title.unwrap_or_default()));
    } else if pressed(Key::S) {
        asks.push(Ask::Star(path, !star));
    }
}

/// The names of the columns.
fn columns_ui(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let columns = row::columns(rect.width() - 10.0);
    let colour = palette(ui).weak;
    let keys = ["captures.when", "captures.length", "captures.name", "captures.devices", "captures.verdicts"];
    for (key, left) in keys.iter().zip(columns) {
        let at = pos2(rect.left() + left, rect.center().y);
        ui.painter().text(at, Align2::LEFT_CENTER, say(key), FontId::proportional(12.0), colour);
    }
    let at = pos2(rect.left() + columns[5], rect.center().y);
    ui.painter().text(at, Align2::RIGHT_CENTER, say("captures.size"), FontId::proportional(12.0), colour);
}

/// How much is kept of what nobody named or starred.
fn limits_ui(ui: &mut Ui, state: &mut CapturesState, limits: &mut Limits, asks: &mut Vec<Ask>) {
    let typed = state.limits.get_or_insert_with(|| (gigabytes(limits.megabytes), limits.days.to_string()));
    let mut done = false;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        weak_ui(ui, say("captures.keep"));
        for (text, name, unit) in [
            (&mut typed.0, "captures.keep-size", "captures.keep-size-unit"),
            (&mut typed.1, "captures.keep-days", "captures.keep-days-unit"),
        ] {
            let field = ui.add(TextEdit::singleline(text).desired_width(52.0)).accessible_name(say(name));
            done |= field.lost_focus();
            weak_ui(ui, say(unit));
        }
        weak_ui(ui, say("captures.keep-hint"));
        weak_ui(ui, "·");
        let folder = state.shelf.folder.display().to_string();
        ui.add(egui::Label::new(egui::RichText::new(folder).color(palette(ui).weak)).truncate().selectable(true));
    });
    if !done {
        return;
    }
    if let Some(wanted) = read(typed).filter(|wanted| wanted != limits) {
        *limits = wanted;
        asks.push(Ask::Limit(wanted));
    }
    state.limits = None;
}

fn gigabytes(megabytes: u32) -> String {
    format!("{}", (f64::from(megabytes) / 1_024.0 * 10.0).round() / 10.0)
}

/// The limits as typed; nothing where that is no number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be neither negative nor huge")]
fn read((size, days): &(String, String)) -> Option<Limits> {
    let size: f64 = size.trim().replace(',', ".").parse().ok().filter(|size| (0.0..=1e6).contains(size))?;
    Some(Limits { megabytes: (size * 1_024.0) as u32, days: days.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Limits, gigabytes, read};

    #[test]
    fn limits_are_typed_in_gigabytes_and_days_and_nonsense_changes_nothing() {
        let typed = |size: &str, days: &str| read(&(size.to_owned(), days.to_owned()));
        let limits = |megabytes, days| Some(Limits { megabytes, days });
        assert_eq!(typed("2", "90"), limits(2_048, 90));
        assert_eq!(typed(" 0,5 ", "0"), limits(512, 0));
        assert_eq!(typed("0", "7"), limits(0, 7));
        for (size, days) in [("", "1"), ("-1", "1"), ("1", "x"), ("1e9", "1"), ("nan", "1"), ("1", "-2")] {
            assert_eq!(typed(size, days), None, "{size} {days}");
        }
        assert_eq!(gigabytes(2_048), "2");
        assert_eq!(gigabytes(512), "0.5");
    }
}
