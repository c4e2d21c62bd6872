//! The lines of a console, by number.

use super::LogPane;
use super::bytes::bytes_ui;
use super::row::{Drawing, letter_width};
use crate::console::Console;
use crate::event::Micros;
use crate::ui::model::Model;
use crate::ui::rows::{RowSpace, Rows, RowsOutput, Scroll, rows_ui};
use crate::ui::state::WindowState;
use crate::ui::theme;
use crate::ui::wish::Wish;
use crate::ui::words::{count, say, tell};
use eframe::egui;
use eframe::egui::{Rect, Ui};
use std::ops::Range;

/// Draws the lines into all the room there is.
pub fn lines_ui(ui: &mut Ui, console: &Console, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    if state.settings.log.hex {
        bytes_ui(ui, console, &state.log);
    }
    let mut scroll = std::mem::take(&mut state.console);
    state.log.settle(console, &mut scroll);
    let stamp = state.stamps(model).text(model.bench.now(), None).chars().count();
    let before = if console.is_file() { 0 } else { stamp };
    state.log.aim(console, &mut scroll, letter_width(ui.ctx()), ui.available_width(), before);
    let range = range(console, state);
    let now = state.past.filter(|_| !console.is_file()).map(|cursor| cursor.at);
    let next = now.map(|at| console.index_at(at + Micros(1)));
    let marked = next.or_else(|| state.mark.filter(|_| !console.is_file()).map(|at| console.index_at(at)));
    let marked = marked.map(|line| state.log.row_of(line));
    let drawing = Drawing { console, log: &state.log, stamps: state.stamps(model), marked, now, first: range.start };
    let marks = drawing.marks(&range);
    let mut draw = |space: &RowSpace<'_>| drawing.row(space);
    let name = say("console.rows");
    let rows = Rows { salt: "console", name: &name, height: theme::ROW, range, marks: &marks, draw: &mut draw };
    let sent = scroll.reveal.is_some();
    let body = ui.available_rect_before_wrap();
    let output = rows_ui(ui, &mut scroll, rows);
    state.log.remember(&scroll, &output, sent);
    answer(ui, console, model, state, &output);
    if let Some(at) = state.log.reached(console) {
        wishes.push(Wish::ShowMessagesAt(at));
    }
    corner_ui(ui, body, console, &state.log, &scroll);
    state.console = scroll;
}

/// What is said over the list: how far it is pushed aside, and how long a span is chosen.
fn corner_ui(ui: &Ui, rect: Rect, console: &Console, log: &LogPane, scroll: &Scroll) {
    let colour = theme::palette(ui).accent;
    let font = egui::FontId::proportional(12.0);
    if let Some(span) = log.span(console) {
        let at = rect.right_bottom() - egui::vec2(18.0, 6.0);
        let text = tell("time.between", &[("span", &span)]);
        ui.painter().text(at, egui::Align2::RIGHT_BOTTOM, text, font.clone(), colour);
    }
    if scroll.left > 0.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a column, never negative")]
        let column = (scroll.left / letter_width(ui.ctx())) as u64 + 1;
        let at = rect.left_bottom() + egui::vec2(6.0, -6.0);
        let text = tell("log.column", &[("n", &count(column))]);
        ui.painter().text(at, egui::Align2::LEFT_BOTTOM, text, font, colour);
    }
}

/// The rows there are: lines, or hits, of the whole log or of the span that is looked at.
fn range(console: &Console, state: &WindowState) -> Range<u64> {
    let lines = match state.zoom.filter(|_| !console.is_file()) {
        Some((from, to)) => console.index_at(from)..console.index_at(to),
        None => console.first_index()..console.end_index(),
    };
    if state.log.lists_hits() { state.log.row_of(lines.start)..state.log.row_of(lines.end) } else { lines }
}

fn answer(ui: &Ui, console: &Console, model: &Model, state: &mut WindowState, output: &RowsOutput) {
    if let Some(line) = output.chose.and_then(|row| state.log.line_of(row)) {
        state.pursue(line, console);
    }
    for (rows, raw) in [(&output.copy, false), (&output.copy_raw, true)] {
        if let Some(rows) = rows {
            let save =
                state.log.save(console, Some(rows.clone()), raw, state.settings.log.encoding, state.stamps(model));
            let job = state.log.copy(ui.ctx(), save);
            state.log.jobs.0.push(job);
        }
    }
}

impl LogPane {
    /// Brings the list to where it is to stand, though its rows may stand for other lines than a frame ago.
    fn settle(&mut self, console: &Console, scroll: &mut Scroll) {
        let hits = self.lists_hits();
        if hits || self.listed_hits {
            if let Some((cursor, anchor)) = self.chosen {
                (scroll.cursor, scroll.anchor) = (Some(self.row_of(cursor)), Some(self.row_of(anchor)));
            }
            scroll.stand_at(self.row_of(self.top));
        }
        // Where a line stands among the hits is known once all are found.
        if hits != self.listed_hits && !(hits && self.seek.is_searching()) {
            self.listed_hits = hits;
            if !scroll.follow && scroll.reveal.is_none() {
                scroll.reveal = scroll.cursor;
            }
        }
        if let Some(at) = self.reveal_at {
            let found = console.find_at(at);
            scroll.reveal = Some(self.row_of(found.unwrap_or_else(|near| near)));
            (scroll.lead, scroll.follow) = (true, false);
            if found.is_ok() {
                self.reveal_at = None;
            }
        }
    }

    /// Takes in where the person went, or was `sent`. While hits are searched for anew, rows stand for other lines than
    /// before, or for none yet: what was chosen stays.
    fn remember(&mut self, scroll: &Scroll, output: &RowsOutput, sent: bool) {
        self.focused = output.focused;
        if output.picked {
            let line = |row: Option<u64>| row.and_then(|row| self.line_of(row));
            let cursor = line(scroll.cursor);
            if cursor.is_some() || scroll.cursor.is_none() {
                self.chosen = cursor.map(|cursor| (cursor, line(scroll.anchor).unwrap_or(cursor)));
            }
        }
        let certain = !self.lists_hits() || !self.seek.is_searching();
        if (sent || certain || output.picked || output.moved)
            && let Some(line) = self.line_of(scroll.top_row())
        {
            self.top = line;
        }
    }

    /// Pushes the list sideways to the hit that was gone to. `before` letters stand before a line.
    #[expect(clippy::cast_precision_loss, reason = "columns of a line")]
    fn aim(&mut self, console: &Console, scroll: &mut Scroll, letter: f32, width: f32, before: usize) {
        let Some(line) = self.aim.and_then(|line| console.line(line)) else { return };
        self.aim = None;
        let text = line.rendered(self.seek.query().encoding).text;
        let places = self.seek.pattern().map_or_else(Vec::new, |pattern| pattern.places(&text));
        let Some(place) = places.first() else { return };
        let column = before + 3 + text[..place.start].chars().count();
        let at = column as f32 * letter;
        let seen = |left: f32| at >= left && at + 12.0 * letter < left + width;
        if !seen(scroll.left) {
            scroll.left = if seen(0.0) { 0.0 } else { at - width / 3.0 };
        }
    }

    /// The time between the two ends of what is chosen.
    fn span(&self, console: &Console) -> Option<Micros> {
        let (cursor, anchor) = self.chosen.filter(|(cursor, anchor)| cursor != anchor && !console.is_file())?;
        let (first, last) = (cursor.min(anchor), cursor.max(anchor));
        Some(console.line(last)?.at.since(console.line(first)?.at))
    }
}
