//! One row of a console: as much of its line as can be seen, with its colours.

use super::LogPane;
use super::dress;
use super::highlights::colour;
use crate::console::{Console, HighlightColour, Level, Line, Origin, Span, level};
use crate::event::Micros;
use crate::ui::messages::{paint_mark, paint_now};
use crate::ui::rows::RowSpace;
use crate::ui::stamps::Stamps;
use crate::ui::theme::{self, Palette};
use crate::ui::words::{count, say};
use eframe::egui;
use eframe::egui::text::LayoutJob;
use eframe::egui::{Align2, Color32, Context, Rect, pos2};
use std::ops::Range;

/// Characters of a line that rules and levels are told from, whatever can be seen.
const LOOKED_AT: usize = 2_000;
/// Characters that are laid out at least, for those who have the screen read to them.
const READ_OUT: usize = 400;
/// Fewer characters than this beyond the edge are not worth a mark.
const HIDDEN: usize = 200;
/// Parts of the scroll bar that are marked where there are hits.
const MARKS: usize = 240;

/// The width of a column, in points.
pub fn letter_width(ctx: &Context) -> f32 {
    ctx.fonts_mut(|fonts| fonts.glyph_width(&theme::log_font(), '0')).max(1.0)
}

/// What a frame's rows are drawn from.
pub struct Drawing<'a> {
    pub console: &'a Console,
    pub log: &'a LogPane,
    pub stamps: Stamps,
    pub marked: Option<u64>,
    /// The moment that is looked at, in a capture.
    pub now: Option<Micros>,
    pub first: u64,
}

impl Drawing<'_> {
    /// How many hits there are in each part of the log, the most as 1.
    pub fn marks(&self, range: &Range<u64>) -> Vec<f32> {
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
    pub fn row(&self, space: &RowSpace<'_>) -> String {
        let colours = theme::palette_of(space.painter.ctx());
        let (painter, rect) = (space.painter, space.rect);
        let Some(number) = self.log.line_of(space.row) else { return String::new() };
        let Some(line) = self.console.line(number) else {
            let lost = self.console.is_lost(number);
            let words = if lost { say("log.lost") } else { say("log.reading") };
            let shown = if lost { format!("  {words}") } else { "  …".to_owned() };
            painter.text(rect.left_center(), Align2::LEFT_CENTER, shown, theme::log_font(), colours.weak);
            return words;
        };
        let at = |x: f32| pos2(x, rect.center().y - 7.5);
        let ahead = self.now.is_some_and(|now| line.at > now);
        let (mut left, edge) = (rect.left() + 6.0, painter.clip_rect().left());
        let mut time = String::new();
        if !self.console.is_file() {
            let before = || self.console.line(self.log.line_of(space.row.checked_sub(1)?)?).map(|line| line.at);
            let before = (self.stamps.needs_before() && space.row > self.first).then(before).flatten();
            time = self.stamps.text(line.at, before);
            let drawn = painter.layout_no_wrap(time.clone(), theme::log_font(), colours.weak);
            left += drawn.size().x + 8.0;
        }
        let seen = Seen::of(painter.clip_rect(), left, letter_width(painter.ctx()));
        let shown = Shown::of(&line, self.log, &seen);
        if let Some(named) = shown.highlight {
            let colour = colour(named, colours);
            // Also of a line that is pushed aside.
            let whole = rect.with_min_x(edge).with_max_x(painter.clip_rect().right());
            painter.rect_filled(whole, 0.0, colour.gamma_multiply(0.22));
            painter.rect_filled(whole.with_max_x(edge + 3.0), 0.0, colour);
        }
        let bookmarked = self.log.is_bookmarked(number);
        if bookmarked {
            painter.circle_filled(pos2(edge + 3.0, rect.center().y), 3.0, colours.accent);
        }
        let weak = if ahead { colours.ahead } else { colours.weak };
        let drawn = painter.layout_no_wrap(time.clone(), theme::log_font(), weak);
        painter.galley(at(rect.left() + 6.0), drawn, weak);
        let mut job = shown.job(&line, colours);
        if ahead {
            job.sections.iter_mut().for_each(|section| section.format.color = colours.ahead);
        }
        let mut text = job.text.clone();
        painter.galley(at(left + seen.pushed()), painter.layout_job(job), colours.text);
        if shown.hidden >= HIDDEN {
            paint_more(space, shown.hidden, colours);
            text = format!("{text} {}", more(shown.hidden));
        }
        if self.marked == Some(space.row) {
            if self.now.is_some() { paint_now(painter, rect, colours) } else { paint_mark(painter, rect, colours) }
        }
        let bookmark = if bookmarked { say("log.bookmarked") + ": " } else { String::new() };
        let later = if ahead { say("past.ahead") + ": " } else { String::new() };
        format!("{later}{bookmark}{time} {text}")
    }
}

/// How many characters are beyond the edge.
fn more(hidden: usize) -> String {
    format!("… +{}", count(hidden as u64))
}

fn paint_more(space: &RowSpace<'_>, hidden: usize, colours: &Palette) {
    let painter = space.painter;
    let drawn = painter.layout_no_wrap(more(hidden), theme::log_font(), colours.weak);
    let right = painter.clip_rect().right();
    let from = pos2(right - drawn.size().x - 10.0, space.rect.top());
    painter.rect_filled(Rect::from_min_max(from, pos2(right, space.rect.bottom())), 0.0, colours.sunken);
    painter.galley(pos2(from.x + 6.0, space.rect.center().y - 7.5), drawn, colours.weak);
}

/// Which columns of a line can be seen, its sign counted.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Columns that are pushed out to the left.
    skipped: usize,
    /// Columns in view.
    columns: usize,
    letter: f32,
}

impl Seen {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "columns, never negative")]
    fn of(clip: Rect, left: f32, letter: f32) -> Self {
        let skipped = ((clip.left() - left) / letter).floor().max(0.0) as usize;
        let columns = ((clip.right() - left.max(clip.left())) / letter).ceil().max(1.0) as usize;
        Self { skipped, columns, letter }
    }

    /// How far to the right what is drawn begins.
    #[expect(clippy::cast_precision_loss, reason = "columns of a line")]
    fn pushed(&self) -> f32 {
        self.skipped as f32 * self.letter
    }
}

/// As much of a line as is shown.
struct Shown {
    text: String,
    spans: Vec<Span>,
    found: Vec<Range<usize>>,
    highlight: Option<HighlightColour>,
    level: Option<Level>,
    /// What stands before the text.
    sign: &'static str,
    /// Characters behind what can be seen.
    hidden: usize,
}

impl Shown {
    fn of(line: &Line, log: &LogPane, seen: &Seen) -> Self {
        let sign = if seen.skipped == 0 { line.origin.sign() } else { "" };
        let skipped = seen.skipped.saturating_sub(line.origin.sign().chars().count());
        let laid_out = seen.columns.max(READ_OUT);
        let (rendered, left) = line.rendered_to(log.seek.query().encoding, skipped + laid_out.max(LOOKED_AT));
        let whole: &str = &rendered.text;
        let place = |chars: usize| whole.char_indices().nth(chars).map_or(whole.len(), |(at, _)| at);
        let (begin, end) = (place(skipped), place(skipped + laid_out));
        let known = &whole[..place(skipped + laid_out.max(LOOKED_AT))];
        let first = &whole[..place(LOOKED_AT)];
        let inside = |range: &Range<usize>| {
            let (from, to) = (range.start.max(begin), range.end.min(end));
            (from < to).then(|| from - begin..to - begin)
        };
        let mut found = log.seek.pattern().map_or_else(Vec::new, |pattern| pattern.places(known));
        // Where it was cut is no end of a line.
        found.retain(|range| range.end < known.len() || (left == 0 && known.len() == whole.len()));
        let spans =
            rendered.spans.iter().filter_map(|span| Some(Span { range: inside(&span.range)?, style: span.style }));
        let received = line.origin == Origin::Received && rendered.spans.is_empty();
        let behind = whole[place(skipped + seen.columns)..].chars().count() + left;
        Self {
            spans: spans.collect(),
            found: found.iter().filter_map(inside).collect(),
            highlight: log.rules.colour(first),
            level: received.then(|| level(first)).flatten(),
            sign,
            hidden: behind,
            text: whole[begin..end].to_owned(),
        }
    }

    /// Its text with its colours; what is looked for is underlaid.
    fn job(&self, line: &Line, colours: &Palette) -> LayoutJob {
        let base = self.base(line, colours);
        let cut = self.text.len();
        let mut job = LayoutJob::default();
        job.wrap.max_rows = 1;
        job.append(self.sign, 0.0, dress::format(None, base, colours));
        let mut cuts: Vec<usize> = vec![0, cut];
        cuts.extend(self.spans.iter().flat_map(|span| [span.range.start, span.range.end]));
        cuts.extend(self.found.iter().flat_map(|range| [range.start, range.end]));
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
