//! The lines of a console, by number.

use super::LogPane;
use super::dress;
use super::highlights::colour;
use crate::console::{Console, HighlightColour, Level, Line, Origin, hex, level};
use crate::ui::messages::paint_mark;
use crate::ui::model::Model;
use crate::ui::rows::{RowSpace, Rows, RowsOutput, Scroll, rows_ui};
use crate::ui::stamps::Stamps;
use crate::ui::state::WindowState;
use crate::ui::theme::{self, Palette};
use crate::ui::wish::Wish;
use crate::ui::words::{say, tell};
use eframe::egui;
use eframe::egui::text::LayoutJob;
use eframe::egui::{Color32, Label, RichText, ScrollArea, TextStyle, Ui, pos2};
use std::ops::Range;

/// Characters of a line that are laid out.
const SHOWN_CHARS: usize = 2_000;
/// Bytes that are shown as numbers.
const SHOWN_BYTES: usize = 4_096;
/// Parts of the scroll bar that are marked where there are hits.
const MARKS: usize = 240;

/// Draws the lines into all the room there is.
pub fn lines_ui(ui: &mut Ui, console: &Console, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    if state.settings.log.hex {
        hex_ui(ui, console, &state.log);
    }
    let mut scroll = std::mem::take(&mut state.console);
    state.log.settle(console, &mut scroll);
    let range = range(console, state);
    let marked = state.mark.filter(|_| !console.is_file()).map(|at| state.log.row_of(console.index_at(at)));
    let drawing = Drawing { console, log: &state.log, stamps: state.stamps(model), marked, first: range.start };
    let marks = drawing.marks(&range);
    let mut draw = |space: &RowSpace<'_>| drawing.row(space);
    let name = say("console.rows");
    let rows = Rows { salt: "console", name: &name, range, marks: &marks, draw: &mut draw };
    let output = rows_ui(ui, &mut scroll, rows);
    state.log.remember(&scroll, output.focused);
    answer(ui, console, model, state, output, wishes);
    if let Some(span) = state.log.span(console) {
        let at = ui.min_rect().right_bottom() - egui::vec2(18.0, 6.0);
        let font = egui::FontId::proportional(12.0);
        let text = tell("time.between", &[("span", &span)]);
        ui.painter().text(at, egui::Align2::RIGHT_BOTTOM, text, font, theme::palette(ui).accent);
    }
    state.console = scroll;
}

/// The rows there are: lines, or hits, of the whole log or of the span that is looked at.
fn range(console: &Console, state: &WindowState) -> Range<u64> {
    let lines = match state.zoom.filter(|_| !console.is_file()) {
        Some((from, to)) => console.index_at(from)..console.index_at(to),
        None => console.first_index()..console.end_index(),
    };
    if state.log.lists_hits() { state.log.row_of(lines.start)..state.log.row_of(lines.end) } else { lines }
}

fn answer(
    ui: &Ui,
    console: &Console,
    model: &Model,
    state: &mut WindowState,
    output: RowsOutput,
    wishes: &mut Vec<Wish>,
) {
    let line = output.chose.and_then(|row| console.line(state.log.line_of(row)?));
    if let Some(line) = line.filter(|_| !console.is_file()) {
        wishes.push(Wish::ShowMessagesAt(line.at));
    }
    if let Some(rows) = output.copy {
        let raw = ui.input(|input| input.modifiers.shift);
        let save = state.log.save(console, Some(rows), raw, state.settings.log.encoding, state.stamps(model));
        state.log.jobs.0.push(LogPane::copy(ui.ctx(), save));
    }
}

/// The bytes of the chosen lines, or of the latest.
fn hex_ui(ui: &mut Ui, console: &Console, log: &LogPane) {
    let chosen = log.chosen.map_or(console.end_index().saturating_sub(1), |(cursor, anchor)| cursor.min(anchor));
    let last = log.chosen.map_or(chosen, |(cursor, anchor)| cursor.max(anchor));
    let mut bytes = Vec::new();
    for (_, line) in console.lines(chosen..last + 1) {
        bytes.extend_from_slice(&line.raw);
        bytes.extend_from_slice(line.end.bytes());
        if bytes.len() > SHOWN_BYTES {
            bytes.truncate(SHOWN_BYTES);
            break;
        }
    }
    let panel = egui::Panel::bottom("console-hex").resizable(true).default_size(130.0).size_range(60.0..=600.0);
    panel.frame(egui::Frame::new().inner_margin(egui::Margin::symmetric(0, 4))).show(ui, |ui| {
        let columns = if ui.available_width() < 560.0 { 8 } else { 16 };
        ScrollArea::both().id_salt("hex").auto_shrink(false).show(ui, |ui| {
            let text = RichText::new(hex(&bytes, columns)).text_style(TextStyle::Monospace);
            let label = ui.add(Label::new(text).selectable(true).extend());
            label.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, say("log.hex")));
        });
    });
}

impl LogPane {
    /// Brings the list to where it is to stand, though its rows may stand for other lines than a frame ago.
    fn settle(&mut self, console: &Console, scroll: &mut Scroll) {
        let hits = self.lists_hits();
        if (hits || self.listed_hits)
            && let Some((cursor, anchor)) = self.chosen
        {
            (scroll.cursor, scroll.anchor) = (Some(self.row_of(cursor)), Some(self.row_of(anchor)));
        }
        if hits != self.listed_hits {
            self.listed_hits = hits;
            if !scroll.follow {
                scroll.reveal = scroll.cursor.or_else(|| Some(self.row_of(self.top)));
            }
        }
        if let Some(at) = self.reveal_at {
            let found = console.find_at(at);
            scroll.reveal = Some(self.row_of(found.unwrap_or_else(|near| near)));
            scroll.follow = false;
            if found.is_ok() {
                self.reveal_at = None;
            }
        }
    }

    fn remember(&mut self, scroll: &Scroll, focused: bool) {
        let line = |row: Option<u64>| row.and_then(|row| self.line_of(row));
        let cursor = line(scroll.cursor);
        self.chosen = cursor.map(|cursor| (cursor, line(scroll.anchor).unwrap_or(cursor)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row, never negative")]
        let top = scroll.top as u64;
        self.top = self.line_of(top).unwrap_or_default();
        self.focused = focused;
    }

    /// The time between the two ends of what is chosen.
    fn span(&self, console: &Console) -> Option<crate::event::Micros> {
        let (cursor, anchor) = self.chosen.filter(|(cursor, anchor)| cursor != anchor && !console.is_file())?;
        let (first, last) = (cursor.min(anchor), cursor.max(anchor));
        Some(console.line(last)?.at.since(console.line(first)?.at))
    }
}

/// What a frame's rows are drawn from.
struct Drawing<'a> {
    console: &'a Console,
    log: &'a LogPane,
    stamps: Stamps,
    marked: Option<u64>,
    first: u64,
}

impl Drawing<'_> {
    /// How many hits there are in each part of the log, the most as 1.
    fn marks(&self, range: &Range<u64>) -> Vec<f32> {
        if !self.log.seek.is_active() || self.log.lists_hits() || self.log.seek.is_empty() {
            return Vec::new();
        }
        let density = self.log.seek.density(range.clone(), MARKS);
        let most = density.iter().max().copied().unwrap_or(0).max(1);
        #[expect(clippy::cast_precision_loss, reason = "shown as a shade")]
        let part = |hits: &u64| if *hits == 0 { 0.0 } else { 0.35 + 0.65 * (*hits as f32 / most as f32) };
        density.iter().map(part).collect()
    }

    /// Draws a row; gives its text.
    fn row(&self, space: &RowSpace<'_>) -> String {
        let colours = theme::palette_of(space.painter.ctx());
        let (painter, rect) = (space.painter, space.rect);
        let Some(number) = self.log.line_of(space.row) else { return String::new() };
        let Some(line) = self.console.line(number) else {
            painter.text(rect.left_center(), egui::Align2::LEFT_CENTER, "  …", theme::log_font(), colours.weak);
            return say("log.reading");
        };
        let at = |x: f32| pos2(x, rect.center().y - 7.5);
        let mut left = rect.left() + 6.0;
        let shown = Shown::of(&line, self.log);
        if let Some(named) = shown.highlight {
            let colour = colour(named, colours);
            painter.rect_filled(rect.with_max_x(painter.clip_rect().right()), 0.0, colour.gamma_multiply(0.22));
            painter.rect_filled(rect.with_max_x(rect.left() + 3.0), 0.0, colour);
        }
        let bookmarked = self.log.is_bookmarked(number);
        if bookmarked {
            painter.circle_filled(pos2(rect.left() + 3.0, rect.center().y), 3.0, colours.accent);
        }
        let mut time = String::new();
        if !self.console.is_file() {
            let before = || self.console.line(self.log.line_of(space.row.checked_sub(1)?)?).map(|line| line.at);
            let before = (self.stamps.needs_before() && space.row > self.first).then(before).flatten();
            time = self.stamps.text(line.at, before);
            let drawn = painter.layout_no_wrap(time.clone(), theme::log_font(), colours.weak);
            let width = drawn.size().x;
            painter.galley(at(left), drawn, colours.weak);
            left += width + 8.0;
        }
        let job = shown.job(&line, colours);
        let text = job.text.clone();
        painter.galley(at(left), painter.layout_job(job), colours.text);
        if self.marked == Some(space.row) {
            paint_mark(painter, rect, colours);
        }
        let bookmark = if bookmarked { say("log.bookmarked") + ": " } else { String::new() };
        format!("{bookmark}{time} {text}")
    }
}

/// A line as it is shown.
struct Shown {
    text: String,
    spans: Vec<crate::console::Span>,
    found: Vec<Range<usize>>,
    highlight: Option<HighlightColour>,
    level: Option<Level>,
}

impl Shown {
    fn of(line: &Line, log: &LogPane) -> Self {
        let rendered = line.rendered(log.seek.query().encoding);
        let cut = rendered.text.char_indices().nth(SHOWN_CHARS).map_or(rendered.text.len(), |(at, _)| at);
        let highlight = log.rules.colour(&rendered.text);
        let text = rendered.text[..cut].to_owned();
        let found = log.seek.pattern().map_or_else(Vec::new, |pattern| pattern.places(&text));
        let level = (line.origin == Origin::Received && rendered.spans.is_empty()).then(|| level(&text)).flatten();
        Self { spans: rendered.spans, found, highlight, level, text }
    }

    /// Its text with its colours; what is looked for is underlaid.
    fn job(&self, line: &Line, colours: &Palette) -> LayoutJob {
        let base = self.base(line, colours);
        let cut = self.text.len();
        let mut job = LayoutJob::default();
        job.wrap.max_rows = 1;
        job.append(line.origin.sign(), 0.0, dress::format(None, base, colours));
        let mut cuts: Vec<usize> = vec![0, cut];
        cuts.extend(self.spans.iter().flat_map(|span| [span.range.start, span.range.end]));
        cuts.extend(self.found.iter().flat_map(|range| [range.start, range.end]));
        cuts.retain(|at| *at <= cut);
        cuts.sort_unstable();
        cuts.dedup();
        for pair in cuts.windows(2) {
            let style = self.spans.iter().find(|span| span.range.contains(&pair[0])).map(|span| span.style);
            let mut format = dress::format(style, base, colours);
            if self.found.iter().any(|range| range.contains(&pair[0])) {
                format.color = colours.strong;
                format.background = colours.warn.gamma_multiply(0.35);
                format.underline = egui::Stroke::new(1.0, colours.warn);
            }
            job.append(&self.text[pair[0]..pair[1]], 0.0, format);
        }
        job
    }

    const fn base(&self, line: &Line, colours: &Palette) -> Color32 {
        match (line.origin, self.level) {
            (Origin::Sent, _) => colours.accent,
            (Origin::Note, _) | (_, Some(Level::Debug)) => colours.weak,
            (_, Some(Level::Error)) => colours.bad,
            (_, Some(Level::Warning)) => colours.warn,
            _ => colours.text,
        }
    }
}
