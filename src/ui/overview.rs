//! The session at a glance: both witnesses as lines, the console as bars, messages as ticks. Drag to zoom both panes.

use super::model::Model;
use super::state::WindowState;
use super::theme::{self, palette};
use super::wish::Wish;
use super::words::{say, tell};
use crate::event::Micros;
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::{Align2, FontId, Painter, Pos2, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

/// A shorter drag is a click.
const SHORTEST_DRAG: f32 = 4.0;
/// Columns that are told apart: a session of hours has more parts than the screen has points.
const COLUMNS: f32 = 1_600.0;
/// The shortest span that can be looked at.
const SHORTEST_SPAN: Micros = Micros::from_millis(500);

/// What the overview shows.
#[derive(Clone, Debug, PartialEq)]
pub struct OverviewView {
    /// The span drawn.
    pub from: Micros,
    /// Its end.
    pub to: Micros,
    /// Percent said, by place from 0 to 1.
    pub said: Vec<(f32, f32)>,
    /// Percent served, by place from 0 to 1.
    pub served: Vec<(f32, f32)>,
    /// Console density: place and height, both from 0 to 1.
    pub density: Vec<(f32, f32)>,
    /// Places of messages.
    pub messages: Vec<f32>,
    /// Places of crashes.
    pub crashes: Vec<f32>,
    /// Where the marked instant is.
    pub mark: Option<f32>,
    /// Where the moment of a capture is that is looked at.
    pub now: Option<f32>,
    /// The times at both ends.
    pub ends: (String, String),
    /// Whether it is limited to a part of the session.
    pub zoomed: bool,
}

/// Works the overview out.
#[must_use]
pub fn view(model: &Model, state: &WindowState) -> OverviewView {
    let (from, to) = state.zoom.unwrap_or((Micros::default(), model.bench.now()));
    let to = to.max(from + SHORTEST_SPAN);
    let buckets = model.series.within(from, to);
    let most = buckets.iter().map(|bucket| bucket.console).max().unwrap_or(0).max(1);
    let place = |at: Micros| part(at.since(from).0, to.since(from).0);
    let mut view = OverviewView {
        from,
        to,
        said: Vec::new(),
        served: Vec::new(),
        density: Vec::new(),
        messages: Vec::new(),
        crashes: Vec::new(),
        mark: state.mark.filter(|at| (from..=to).contains(at)).map(place),
        now: state.past.map(|cursor| place(cursor.at.min(to))),
        ends: (state.time(from, model), state.time(to, model)),
        zoomed: state.zoom.is_some(),
    };
    for bucket in buckets {
        let at = column(place(bucket.at));
        put(&mut view.said, at, bucket.said.map(percent));
        put(&mut view.served, at, bucket.served.map(percent));
        let height = part(u64::from(bucket.console), u64::from(most)).sqrt();
        let before = view.density.last().filter(|(last, _)| *last >= at).map_or(0.0, |(_, height)| *height);
        put(&mut view.density, at, (bucket.console > 0).then_some(height.max(before)));
        mark(&mut view.crashes, at, bucket.crashed);
        mark(&mut view.messages, at, bucket.messages > 0);
    }
    view
}

/// The place of the column that this place is in.
fn column(at: f32) -> f32 {
    (at * COLUMNS).floor() / COLUMNS
}

fn percent(percent: u8) -> f32 {
    f32::from(percent) / 100.0
}

/// Adds a point; a column has one, its latest.
fn put(points: &mut Vec<(f32, f32)>, at: f32, height: Option<f32>) {
    let Some(height) = height else { return };
    match points.last_mut().filter(|(last, _)| *last >= at) {
        Some(point) => point.1 = height,
        None => points.push((at, height)),
    }
}

fn mark(places: &mut Vec<f32>, at: f32, marked: bool) {
    if marked && places.last().is_none_or(|last| *last < at) {
        places.push(at);
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a place on the screen")]
fn part(value: u64, whole: u64) -> f32 {
    (value as f64 / whole.max(1) as f64) as f32
}

/// Draws the overview. `drag_from` is where a drag began.
pub fn overview_ui(ui: &mut Ui, view: &OverviewView, drag_from: &mut Option<Micros>) -> Option<Wish> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::OVERVIEW), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::GraphicsDocument, true, say("overview.name")));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 2.0, palette(ui).sunken);
    let chart = Rect::from_min_max(rect.min + vec2(0.0, 15.0), rect.max - vec2(0.0, 8.0));
    paint(ui, &painter, chart, view);
    legend(ui, &painter, rect, view);
    let wish = drag(ui, &painter, rect, view, &response, drag_from);
    response.on_hover_text_at_pointer(say("overview.hint"));
    wish
}

fn paint(ui: &Ui, painter: &Painter, chart: Rect, view: &OverviewView) {
    let colours = palette(ui);
    let x = |at: f32| chart.left() + at * chart.width();
    // One shape for all bars: a long session has a thousand of them, in every frame.
    let mut bars = egui::Mesh::default();
    for (at, height) in &view.density {
        let bar = Rect::from_min_max(
            pos2(x(*at) - 1.0, chart.bottom() - height * chart.height()),
            pos2(x(*at) + 1.0, chart.bottom()),
        );
        bars.add_colored_rect(bar, colours.density.gamma_multiply(0.55));
    }
    for at in &view.messages {
        let tick = Rect::from_min_size(pos2(x(*at) - 0.6, chart.bottom() + 1.0), vec2(1.2, 6.0));
        bars.add_colored_rect(tick, colours.mqtt);
    }
    painter.add(bars);
    let points = |line: &[(f32, f32)]| -> Vec<Pos2> {
        line.iter().map(|(at, height)| pos2(x(*at), chart.bottom() - height * (chart.height() - 2.0))).collect()
    };
    // One of the two is dashed, so that they can be told apart without their colours.
    let dashed = egui::Shape::dashed_line(&points(&view.said), egui::Stroke::new(1.8, colours.said), 5.0, 3.0);
    painter.line(points(&view.served), egui::Stroke::new(1.8, colours.served));
    painter.extend(dashed);
    for at in &view.crashes {
        painter.line_segment([pos2(x(*at), chart.top()), pos2(x(*at), chart.bottom())], (1.2, colours.bad));
        super::pieces::paint_warning(painter, pos2(x(*at), chart.top() + 5.0), colours.bad);
    }
    if let Some(at) = view.now {
        now(painter, chart, x(at), colours);
    }
    if let Some(at) = view.mark {
        painter.line_segment([pos2(x(at), chart.top()), pos2(x(at), chart.bottom())], (1.0, colours.accent));
    }
}

/// What has not happened yet is veiled.
fn now(painter: &Painter, chart: Rect, x: f32, colours: &theme::Palette) {
    let ahead = Rect::from_min_max(pos2(x, chart.top() - 15.0), chart.max + vec2(0.0, 8.0));
    painter.rect_filled(ahead, 0.0, colours.panel.gamma_multiply(0.6));
    painter.line_segment([pos2(x, chart.top()), pos2(x, chart.bottom() + 8.0)], (2.0, colours.warn));
    let foot = chart.bottom() + 8.0;
    let handle = vec![pos2(x - 6.0, foot), pos2(x, foot - 7.0), pos2(x + 6.0, foot)];
    painter.add(egui::Shape::convex_polygon(handle, colours.warn, egui::Stroke::NONE));
}

fn legend(ui: &Ui, painter: &Painter, rect: Rect, view: &OverviewView) {
    let colours = palette(ui);
    let font = FontId::proportional(11.0);
    let mut left = rect.left() + 6.0;
    for (key, colour) in [
        ("overview.said", colours.said),
        ("overview.served", colours.served),
        ("overview.console", colours.density),
        ("overview.messages", colours.mqtt),
    ] {
        painter.rect_filled(Rect::from_min_size(pos2(left, rect.top() + 6.0), vec2(8.0, 4.0)), 1.0, colour);
        let text = pos2(left + 12.0, rect.top() + 2.0);
        let drawn = painter.text(text, Align2::LEFT_TOP, say(key), font.clone(), colours.weak);
        left = drawn.right() + 14.0;
    }
    let ends = format!("{} – {}", view.ends.0, view.ends.1);
    let ends = if view.zoomed { tell("overview.zoomed", &[("span", &ends)]) } else { ends };
    painter.text(rect.right_top() + vec2(-6.0, 2.0), Align2::RIGHT_TOP, ends, font, colours.weak);
}

fn drag(
    ui: &Ui,
    painter: &Painter,
    rect: Rect,
    view: &OverviewView,
    response: &Response,
    drag_from: &mut Option<Micros>,
) -> Option<Wish> {
    if response.double_clicked() {
        return Some(Wish::Zoom(None));
    }
    let pos = response.interact_pointer_pos()?;
    let at = instant(view, rect, pos);
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin()).unwrap_or(pos);
        *drag_from = Some(instant(view, rect, origin));
    }
    if response.clicked() {
        return Some(Wish::ShowInstant(at));
    }
    let from = (*drag_from)?;
    let (from, to) = (from.min(at), from.max(at));
    let x = |at: Micros| rect.left() + part(at.since(view.from).0, view.to.since(view.from).0) * rect.width();
    let chosen = Rect::from_x_y_ranges(x(from)..=x(to), rect.y_range());
    painter.rect_filled(chosen, 0.0, palette(ui).accent.gamma_multiply(0.25));
    if !response.drag_stopped() {
        return None;
    }
    *drag_from = None;
    (chosen.width() >= SHORTEST_DRAG).then(|| Wish::Zoom(Some((from, to.max(from + SHORTEST_SPAN)))))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place on the screen"
)]
fn instant(view: &OverviewView, rect: Rect, pos: Pos2) -> Micros {
    let part = f64::from(((pos.x - rect.left()) / rect.width().max(1.0)).clamp(0.0, 1.0));
    Micros(view.from.0 + (part * view.to.since(view.from).0 as f64) as u64)
}
