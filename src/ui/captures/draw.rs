//! Draws the Captures screen.

use super::chosen::chosen_ui;
use super::{Ask, CapturesState, ask, row};
use crate::capture::{Condition, Limits};
use crate::ui::pieces::{button_ui, pane_ui, sign_ui, title_ui, weak_ui};
use crate::ui::rows::{RowSpace, Rows, rows_ui};
use crate::ui::theme::{self, palette};
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::{Align, Align2, FontId, Id, Key, Layout, Modifiers, Sense, TextEdit, Ui, pos2, vec2};

/// Whether something was being typed when the last frame was drawn.
const TYPING: &str = "typing among captures";
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
    let typing = ui.ctx().text_edit_focused();
    ui.data_mut(|data| data.insert_temp(Id::unique(TYPING), typing));
    asks
}

fn head_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>) {
    ui.horizontal(|ui| {
        title_ui(ui, &say("captures.title"));
        weak_ui(ui, tell("captures.count", &[("n", &words::count(state.shelf.entries.len() as u64))]));
        if state.shelf.reading {
            weak_ui(ui, say("captures.looking"));
        }
        idle_ui(ui, state);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            // In a field the first one is the field's, and has taken the keyboard from it by now.
            let typing = ui.data(|data| data.get_temp::<bool>(Id::unique(TYPING)).unwrap_or_default());
            let meant = !state.covered && state.naming.is_none() && state.deleting.is_none() && !typing;
            let escape = meant && ui.input(|input| input.key_pressed(Key::Escape));
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

/// Sessions in which nothing happened are only in the way; they are shown where that is asked for.
fn idle_ui(ui: &mut Ui, state: &mut CapturesState) {
    if state.found.idle == 0 {
        return;
    }
    let key = if state.show_idle { "captures.idle-hide" } else { "captures.idle-show" };
    let text = tell(key, &[("n", &words::count(state.found.idle))]);
    if button_ui(ui, text).on_hover_text(say("captures.idle-hint")).clicked() {
        state.show_idle = !state.show_idle;
    }
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
        let key = match (state.shelf.entries.is_empty(), state.search.trim().is_empty()) {
            (true, _) => "captures.none",
            (false, true) => "captures.all-idle",
            (false, false) => "captures.no-match",
        };
        weak_ui(ui, say(key));
    }
    let mut scroll = std::mem::take(&mut state.scroll);
    // The latest stand at the top.
    scroll.follow = false;
    let mut draw = |space: &RowSpace<'_>| {
        let Some(entry) = state.entry(space.row) else { return String::new() };
        row::draw(space, &row::view(entry, state.running_of(entry), utc_offset_secs))
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
    let before = *limits;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        weak_ui(ui, say("captures.keep"));
        let [size, days] = &mut state.limits;
        // Only what was typed is read: the other one stays exactly as it is.
        let typed = field_ui(ui, size, &gigabytes(limits.megabytes), "captures.keep-size");
        limits.megabytes = typed.and_then(|text| megabytes(&text)).unwrap_or(limits.megabytes);
        weak_ui(ui, say("captures.keep-size-unit"));
        let typed = field_ui(ui, days, &limits.days.to_string(), "captures.keep-days");
        limits.days = typed.and_then(|text| text.trim().parse().ok()).unwrap_or(limits.days);
        weak_ui(ui, say("captures.keep-days-unit"));
        weak_ui(ui, say("captures.keep-hint"));
        weak_ui(ui, "·");
        let folder = state.shelf.folder.display().to_string();
        ui.add(egui::Label::new(egui::RichText::new(folder).color(palette(ui).weak)).truncate().selectable(true));
    });
    if *limits != before {
        asks.push(Ask::Limit(*limits));
    }
}

/// A field that shows what is set while nobody types in it. What was typed, once that is done; Escape drops it.
fn field_ui(ui: &mut Ui, typed: &mut Option<String>, set: &str, name: &str) -> Option<String> {
    let mut text = typed.take().unwrap_or_else(|| set.to_owned());
    let field = ui.add(TextEdit::singleline(&mut text).desired_width(52.0)).accessible_name(say(name));
    // Asked like this, it has the focus while another window is in front, too.
    if ui.memory(|memory| memory.has_focus(field.id)) {
        *typed = Some(text);
        return None;
    }
    let given_up = ui.input(|input| input.key_pressed(Key::Escape));
    (field.lost_focus() && !given_up && text != set).then_some(text)
}

/// As few digits as say exactly these megabytes.
fn gigabytes(megabytes: u32) -> String {
    let size = f64::from(megabytes) / 1_024.0;
    let mut texts = (0..6).map(|digits| format!("{size:.digits$}"));
    texts.find(|text| self::megabytes(text) == Some(megabytes)).unwrap_or_else(|| size.to_string())
}

/// The limit as typed in gigabytes; nothing where that is no number. What is more than nothing is never without limit.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be neither negative nor huge")]
fn megabytes(typed: &str) -> Option<u32> {
    let size: f64 = typed.trim().replace(',', ".").parse().ok().filter(|size| (0.0..=1e6).contains(size))?;
    let megabytes = (size * 1_024.0).round() as u32;
    Some(if size > 0.0 { megabytes.max(1) } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::{gigabytes, megabytes};

    #[test]
    fn a_limit_is_typed_in_gigabytes_and_nonsense_changes_nothing() {
        for (typed, expected) in
            [("2", 2_048), (" 0,5 ", 512), ("0", 0), ("0.0001", 1), ("0.1", 102), ("1000000", 1_024_000_000)]
        {
            assert_eq!(megabytes(typed), Some(expected), "{typed}");
        }
        for typed in ["", "-1", "x", "1e9", "nan"] {
            assert_eq!(megabytes(typed), None, "{typed}");
        }
    }

    /// What is shown and read back is what was set: a limit never becomes another one, least of all none.
    #[test]
    fn a_limit_reads_back_as_it_was_set() {
        for (megabytes, shown) in [(2_048, "2"), (512, "0.5"), (102, "0.1"), (0, "0"), (1, "0.001"), (2_444, "2.387")] {
            assert_eq!(gigabytes(megabytes), shown);
        }
        for set in (0..5_000).chain([u32::MAX / 5_000]) {
            assert_eq!(megabytes(&gigabytes(set)), Some(set));
        }
    }
}
