//! The Console pane: what the device prints, and what is sent to it.

use super::messages::paint_mark;
use super::model::Model;
use super::pieces::{button_ui, pane_ui, title_ui, weak_ui};
use super::port_bar::{port_bar_ui, trouble_ui};
use super::rows::{RowSpace, Rows, rows_ui};
use super::send_bar::send_bar_ui;
use super::state::WindowState;
use super::theme;
use super::wish::Wish;
use super::words::{say, tell};
use crate::console::{Console, Line, Origin};
use eframe::egui;
use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{Align, Key, Layout, TextEdit, Ui, pos2};
use std::ops::RangeInclusive;

/// Lines copied at most; more belong in a capture file.
const COPIED_LINES: u64 = 100_000;
/// Characters of a line that are laid out.
const SHOWN_CHARS: usize = 2_000;

/// Draws the pane.
pub fn console_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) -> Vec<Wish> {
    let mut wishes = Vec::new();
    pane_ui(ui, &say("pane.console"), |ui| {
        header_ui(ui, model, state);
        port_bar_ui(ui, model, state, &mut wishes);
        trouble_ui(ui, model, state);
        egui::Panel::bottom("send").frame(egui::Frame::new()).show_separator_line(false).show(ui, |ui| {
            send_bar_ui(ui, model, state, &mut wishes);
        });
        let console = state.port.as_ref().and_then(|port| model.consoles.get(port));
        match console {
            Some(console) => lines_ui(ui, console, model, state, &mut wishes),
            None => {
                weak_ui(ui, say("console.none"));
            }
        }
    });
    wishes
}

fn header_ui(ui: &mut Ui, model: &Model, state: &mut WindowState) {
    ui.horizontal(|ui| {
        title_ui(ui, &say("pane.console"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !state.console.follow && button_ui(ui, say("list.latest")).clicked() {
                state.console.jump_to_latest();
            }
            let width = ui.available_width().max(60.0);
            let field = TextEdit::singleline(&mut state.find).desired_width(width).hint_text(say("console.find"));
            let response = ui.add(field).accessible_name(say("console.find")).on_hover_text(say("console.find-hint"));
            let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if entered {
                let back = ui.input(|input| input.modifiers.shift);
                find(model, state, back);
                response.request_focus();
            }
        });
    });
}

/// Goes to the next line that holds what is looked for, round the end.
fn find(model: &Model, state: &mut WindowState, back: bool) {
    let Some(console) = state.port.as_ref().and_then(|port| model.consoles.get(port)) else { return };
    let wanted = state.find.to_lowercase();
    if wanted.is_empty() {
        return;
    }
    let here = state.console.cursor.unwrap_or(console.end_index());
    let holds = |(_, line): &(u64, &Line)| line.text().to_lowercase().contains(&wanted);
    let (before, after) = (console.lines(0..here), console.lines(here + 1..u64::MAX));
    let found = if back { before.rev().chain(after.rev()).find(holds) } else { after.chain(before).find(holds) };
    if let Some((index, line)) = found {
        state.mark = Some(line.at);
        state.console.choose(index);
    }
}

fn lines_ui(ui: &mut Ui, console: &Console, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let mut scroll = std::mem::take(&mut state.console);
    let range = match state.zoom {
        Some((from, to)) => console.index_at(from)..console.index_at(to),
        None => console.first_index()..console.end_index(),
    };
    let marked = state.mark.map(|at| console.index_at(at));
    let wanted = state.find.to_lowercase();
    let mut draw = |space: &RowSpace<'_>| draw_line(space, console, model, state, marked, &wanted);
    let name = say("console.rows");
    let output = rows_ui(ui, &mut scroll, Rows { salt: "console", name: &name, range, draw: &mut draw });
    if let Some(line) = output.chose.and_then(|index| console.line(index)) {
        wishes.push(Wish::ShowInstant(line.at));
    }
    if let Some(rows) = output.copy {
        ui.ctx().copy_text(copied(console, &rows, model, state));
    }
    if let Some(span) = span(console, scroll.chosen()) {
        let at = ui.min_rect().right_bottom() - egui::vec2(18.0, 6.0);
        let font = egui::FontId::proportional(12.0);
        let text = tell("time.between", &[("span", &span)]);
        ui.painter().text(at, egui::Align2::RIGHT_BOTTOM, text, font, theme::palette(ui).accent);
    }
    state.console = scroll;
}

/// The time between the two ends of what is chosen.
fn span(console: &Console, chosen: Option<RangeInclusive<u64>>) -> Option<crate::event::Micros> {
    let chosen = chosen.filter(|rows| rows.start() != rows.end())?;
    Some(console.line(*chosen.end())?.at.since(console.line(*chosen.start())?.at))
}

fn copied(console: &Console, rows: &RangeInclusive<u64>, model: &Model, state: &WindowState) -> String {
    let end = (*rows.end() + 1).min(rows.start() + COPIED_LINES);
    let lines =
        console.lines(*rows.start()..end).map(|(_, line)| format!("{} {}", state.time(line.at, model), line.text()));
    lines.collect::<Vec<_>>().join("\n")
}

fn draw_line(
    space: &RowSpace<'_>,
    console: &Console,
    model: &Model,
    state: &WindowState,
    marked: Option<u64>,
    wanted: &str,
) -> String {
    let Some(line) = console.line(space.row) else { return String::new() };
    let colours = theme::palette_of(space.painter.ctx());
    let (painter, rect) = (space.painter, space.rect);
    let at = |x: f32| pos2(x, rect.center().y - 7.5);
    let time = state.time(line.at, model);
    let left = rect.left() + 6.0;
    let drawn = painter.layout_no_wrap(time.clone(), theme::log_font(), colours.weak);
    let text_left = left + drawn.size().x + 8.0;
    painter.galley(at(left), drawn, colours.weak);
    let job = job(line, wanted, colours);
    let text = job.text.clone();
    painter.galley(at(text_left), painter.layout_job(job), colours.text);
    if marked == Some(space.row) {
        paint_mark(painter, rect, colours);
    }
    format!("{time} {text}")
}

/// A line's text with its colours; what is looked for is underlaid.
fn job(line: &Line, wanted: &str, colours: &theme::Palette) -> LayoutJob {
    let rendered = line.rendered();
    let cut = rendered.text.char_indices().nth(SHOWN_CHARS).map_or(rendered.text.len(), |(at, _)| at);
    let prefix = match line.origin {
        Origin::Received => "",
        Origin::Sent => "> ",
        Origin::Note => "— ",
    };
    let base = match line.origin {
        Origin::Received => colours.text,
        Origin::Sent => colours.accent,
        Origin::Note => colours.weak,
    };
    let mut job = LayoutJob::default();
    job.wrap.max_rows = 1;
    let plain = |colour| TextFormat { font_id: theme::log_font(), color: colour, ..TextFormat::default() };
    job.append(prefix, 0.0, plain(base));
    let found = found(&rendered.text[..cut], wanted);
    let mut cuts: Vec<usize> = vec![0, cut];
    cuts.extend(rendered.spans.iter().flat_map(|span| [span.range.start, span.range.end]));
    cuts.extend(found.iter().flat_map(|range| [range.start, range.end]));
    cuts.retain(|at| *at <= cut);
    cuts.sort_unstable();
    cuts.dedup();
    for pair in cuts.windows(2) {
        let style = rendered.spans.iter().find(|span| span.range.contains(&pair[0])).map(|span| span.style);
        let colour =
            style.and_then(|style| style.colour).map_or(base, |colour| colours.ansi[usize::from(colour.0 & 15)]);
        let mut format = plain(if style.is_some_and(|style| style.bold && style.colour.is_none()) {
            colours.strong
        } else {
            colour
        });
        if found.iter().any(|range| range.contains(&pair[0])) {
            format.background = colours.warn.gamma_multiply(0.35);
            format.underline = egui::Stroke::new(1.0, colours.warn);
        }
        job.append(&rendered.text[pair[0]..pair[1]], 0.0, format);
    }
    job
}

/// Where a line holds what is looked for; only where case folding keeps every place where it was.
fn found(text: &str, wanted: &str) -> Vec<std::ops::Range<usize>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let folded = text.to_lowercase();
    if folded.len() != text.len() {
        return Vec::new();
    }
    let ranges = folded.match_indices(wanted).map(|(at, held)| at..at + held.len());
    ranges.filter(|range| text.is_char_boundary(range.start) && text.is_char_boundary(range.end)).collect()
}
