//! The Messages pane: what went to and fro, one line each.

use super::feed::{Row, Way};
use super::listing::{Item, Kind, Listing};
use super::model::Model;
use super::pieces::{button_ui, choice_ui, paint_warning, pane_ui, title_ui, weak_ui};
use super::rows::{RowSpace, Rows, rows_ui};
use super::state::{Dialog, WindowState};
use super::summary;
use super::theme;
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::event::DeviceId;
use eframe::egui;
use eframe::egui::{Align, Key, Layout, Modifiers, Rect, TextEdit, Ui, pos2};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Rows copied at most; more belong in a capture file.
const COPIED_ROWS: u64 = 100_000;
const SIGN: f32 = 18.0;

/// Draws the pane, its list up to date with `state.filter`.
pub fn messages_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) -> Vec<Wish> {
    let mut wishes = Vec::new();
    pane_ui(ui, &say("pane.messages"), |ui| {
        header_ui(ui, model, state, &mut wishes);
        list_ui(ui, model, state, &mut wishes);
    });
    wishes
}

fn header_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    ui.horizontal(|ui| {
        title_ui(ui, &say("pane.messages"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !state.is_past() && button_ui(ui, say("publish.open")).on_hover_text(say("publish.open-hint")).clicked()
            {
                wishes.push(Wish::Open(Dialog::Publish(Box::default())));
            }
            if !state.messages.follow && button_ui(ui, say("list.latest")).clicked() {
                state.messages.jump_to_latest();
            }
            if state.zoom.is_some() && button_ui(ui, say("list.all")).clicked() {
                state.zoom = None;
            }
            kind_ui(ui, state);
            device_ui(ui, model, state);
            let width = ui.available_width().max(60.0);
            let field =
                TextEdit::singleline(&mut state.filter.text).desired_width(width).hint_text(say("messages.filter"));
            let field = ui.add(field).accessible_name(say("messages.filter"));
            if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::F)) {
                field.request_focus();
            }
        });
    });
}

fn kind_ui(ui: &mut Ui, state: &mut WindowState) {
    let kinds = Kind::ALL.map(|kind| (kind, say(kind.key())));
    if let Some(kind) = choice_ui(ui, "kind", &say("messages.kind"), 86.0, &state.filter.kind, kinds) {
        state.filter.kind = kind;
    }
}

fn device_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) {
    if model.bench.devices().count() < 2 && state.filter.device.is_none() {
        return;
    }
    let all = (None::<DeviceId>, say("messages.all-devices"));
    let devices = model.bench.devices().map(|(id, _)| (Some(id.clone()), id.device.to_string()));
    let choices = std::iter::once(all).chain(devices);
    if let Some(device) = choice_ui(ui, "device", &say("messages.device"), 86.0, &state.filter.device, choices) {
        state.filter.device = device;
    }
}

fn list_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let listing = std::mem::take(&mut state.listing);
    let mut scroll = std::mem::take(&mut state.messages);
    let mut range = listing.range();
    if let Some((from, to)) = state.zoom {
        range = listing.place_of(model.feed.index_at(from)).max(range.start)
            ..listing.place_of(model.feed.index_at(to)).min(range.end);
    }
    if range.is_empty() {
        let text = if listing.range().is_empty() && model.feed.range().is_empty() {
            "messages.none"
        } else {
            "messages.no-match"
        };
        weak_ui(ui, say(text));
    }
    if let Some((cursor, anchor)) = state.message {
        (scroll.cursor, scroll.anchor) = (Some(listing.place_of(cursor)), Some(listing.place_of(anchor)));
    }
    let here = state.past.map(|cursor| listing.place_of(model.feed.index_after(cursor.seq)));
    let marked = here.or_else(|| state.mark.map(|at| listing.place_of(model.feed.index_at(at))));
    let mut draw = |space: &RowSpace<'_>| draw_row(space, model, state, &listing, marked);
    let name = say("messages.rows");
    let output = rows_ui(
        ui,
        &mut scroll,
        Rows { salt: "messages", name: &name, height: theme::ROW, range, marks: &[], draw: &mut draw },
    );
    let row_at = |place| listing.item(place).map(Item::first);
    state.message =
        scroll.cursor.and_then(row_at).map(|cursor| (cursor, scroll.anchor.and_then(row_at).unwrap_or(cursor)));
    if let Some(row) = output.chose.and_then(row_at).and_then(|row| model.feed.row(row)) {
        wishes.push(Wish::ShowRow { seq: row.seq, at: row.at });
    }
    if let Some(rows) = output.copy {
        ui.ctx().copy_text(copied(&rows, model, state, &listing));
    }
    let opened = output.opened.and_then(|place| match listing.item(place) {
        Some(Item::Burst(burst)) => Some(burst.clone()),
        _ => None,
    });
    (state.listing, state.messages) = (listing, scroll);
    if let Some(burst) = opened {
        state.listing.open(&burst);
        state.listing.update(model, &state.filter);
    }
}

fn copied(rows: &RangeInclusive<u64>, model: &Model, state: &WindowState, listing: &Listing) -> String {
    let last = (*rows.end()).min(rows.start() + COPIED_ROWS);
    let lines = (*rows.start()..=last).filter_map(|place| Some(line(listing.item(place)?, model, state)));
    lines.collect::<Vec<_>>().join("\n")
}

/// A place in the list as text: time, sign, words, device.
fn line(item: &Item, model: &Model, state: &WindowState) -> String {
    let Some(row) = row_of(item, model, state) else { return String::new() };
    let row = row.as_ref();
    let device = row.device.as_ref().map(|id| id.device.to_string()).unwrap_or_default();
    let time = time(item, row, model, state);
    format!("{time} {} {} {device}", row.way.sign(), words_of(item, row, model, state)).trim_end().to_owned()
}

/// The time in front of a row; where it counts from the row before, from the one before in the session.
fn time(item: &Item, row: &Row, model: &Model, state: &WindowState) -> String {
    let before = item.first().checked_sub(1).and_then(|before| model.feed.row(before));
    state.stamps(model).text(row.at, before.map(|before| before.at))
}

/// What a place says at the moment that is looked at.
fn words_of(item: &Item, row: &Row, model: &Model, state: &WindowState) -> String {
    let burst = match item {
        Item::Row(_) => return summary::line(row, &model.journal, &model.bench),
        Item::Burst(burst) => burst,
    };
    let until = state.past.map_or(u64::MAX, |cursor| model.feed.index_after(cursor.seq));
    if until <= burst.first || until > burst.last {
        return burst.words();
    }
    let (n, all) = (words::count(until - burst.first), words::count(burst.last - burst.first + 1));
    tell("messages.so-far", &[("words", &burst.words()), ("n", &n), ("all", &all)])
}

/// The row as it was at the moment that is looked at: its answer may not have left yet.
fn row_of<'a>(item: &Item, model: &'a Model, state: &WindowState) -> Option<Cow<'a, Row>> {
    let row = model.feed.row(item.first())?;
    let is_answered = row.answer().is_none_or(|answer| !state.is_ahead(answer.seq));
    Some(if is_answered || state.is_ahead(row.seq) { Cow::Borrowed(row) } else { Cow::Owned(row.unanswered()) })
}

fn draw_row(
    space: &RowSpace<'_>,
    model: &Model,
    state: &WindowState,
    listing: &Listing,
    marked: Option<u64>,
) -> String {
    let Some(item) = listing.item(space.row) else { return String::new() };
    let Some(row) = row_of(item, model, state) else { return String::new() };
    let row = row.as_ref();
    let colours = theme::palette_of(space.painter.ctx());
    let (painter, rect) = (space.painter, space.rect);
    let at = |x: f32| pos2(x, rect.center().y - 7.5);
    let ahead = state.is_ahead(row.seq);
    let weak = if ahead { colours.ahead } else { colours.weak };
    let time = painter.layout_no_wrap(time(item, row, model, state), theme::log_font(), weak);
    let mut left = rect.left() + 6.0;
    let width = time.size().x;
    painter.galley(at(left), time, weak);
    left += width + 8.0;
    let (sign, text) = match row.way {
        _ if ahead => (colours.ahead, colours.ahead),
        Way::Up => (colours.said, colours.text),
        Way::Down => (colours.warn, colours.text),
        Way::Http => (colours.served, colours.text),
        Way::Bench => (colours.weak, colours.weak),
    };
    paint_way(painter, pos2(left + 5.0, rect.center().y), row.way, sign);
    left += SIGN;
    if row.flawed {
        paint_warning(painter, pos2(left + 5.0, rect.center().y), if ahead { colours.ahead } else { colours.warn });
        left += SIGN;
    }
    // With one device on the bench, whose row it is needs no telling.
    let several = model.bench.devices().nth(1).is_some();
    let device = row.device.as_ref().filter(|_| several).map(|id| id.device.to_string()).unwrap_or_default();
    let device = painter.layout_no_wrap(device, theme::log_font(), colours.weak);
    let right = rect.right() - device.size().x - 6.0;
    let words = words_of(item, row, model, state);
    let clip = Rect::from_min_max(pos2(left, rect.top()), pos2(right - 8.0, rect.bottom()));
    let text = if row.flawed && row.way != Way::Up && !ahead { colours.bad } else { text };
    let galley = painter.layout_no_wrap(words.clone(), theme::log_font(), text);
    painter.with_clip_rect(clip.intersect(painter.clip_rect())).galley(at(left), galley, text);
    painter.galley(at(right), device, colours.weak);
    if marked == Some(space.row) {
        if state.is_past() { paint_now(painter, rect, colours) } else { paint_mark(painter, rect, colours) }
    }
    let later = if ahead { say("past.ahead") + ": " } else { String::new() };
    let problem = if row.flawed { format!("{}: ", say("detail.problem")) } else { String::new() };
    format!("{later}{problem}{}", line(item, model, state))
}

/// The line that marks the same instant in both panes.
pub fn paint_mark(painter: &egui::Painter, rect: Rect, colours: &theme::Palette) {
    painter.hline(rect.x_range(), rect.top() + 0.5, (1.2, colours.accent));
    let corner = rect.left_top();
    let flag = vec![corner, corner + egui::vec2(6.0, 0.0), corner + egui::vec2(0.0, 6.0)];
    painter.add(egui::Shape::convex_polygon(flag, colours.accent, egui::Stroke::NONE));
}

/// The line between what has happened and what has not yet, in a capture.
pub fn paint_now(painter: &egui::Painter, rect: Rect, colours: &theme::Palette) {
    painter.hline(rect.x_range(), rect.top(), (2.0, colours.warn));
    let tip = pos2(rect.left() + 7.0, rect.top());
    let flag = vec![pos2(rect.left(), tip.y - 5.0), tip, pos2(rect.left(), tip.y + 5.0)];
    painter.add(egui::Shape::convex_polygon(flag, colours.warn, egui::Stroke::NONE));
}

/// The sign in front of a row, painted: not every system has a font with these arrows.
fn paint_way(painter: &egui::Painter, center: egui::Pos2, way: Way, colour: egui::Color32) {
    let arrow = |x: f32, up: bool| {
        let sign = if up { -1.0 } else { 1.0 };
        let (tail, tip) = (center + egui::vec2(x, -4.5 * sign), center + egui::vec2(x, 4.5 * sign));
        let stroke = egui::Stroke::new(1.4, colour);
        painter.line_segment([tail, tip], stroke);
        painter.line_segment([tip, tip + egui::vec2(-2.5, -3.0 * sign)], stroke);
        painter.line_segment([tip, tip + egui::vec2(2.5, -3.0 * sign)], stroke);
    };
    match way {
        Way::Up => arrow(0.0, true),
        Way::Down => arrow(0.0, false),
        Way::Http => {
            arrow(-3.0, true);
            arrow(3.0, false);
        }
        Way::Bench => {
            painter.circle_filled(center, 2.0, colour);
        }
    }
}
