//! A scroller by row number: exact for any number of rows, draws only those in view.

use super::theme;
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Event, EventFilter, Id, Key, Modifiers, Painter, Pos2, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2,
};
use std::ops::{Range, RangeInclusive};
use std::time::Duration;

const BAR: f32 = 10.0;
const SHORTEST_THUMB: f32 = 24.0;
/// One press of an arrow to the side, and the end of the longest piece of a line, in points.
const SIDEWAYS: f32 = 80.0;
const FARTHEST: f32 = 500_000.0;
/// While rows are chosen beyond the edge, one step follows another so fast.
const BEYOND: Duration = Duration::from_millis(30);

/// Where a list stands. Rows are named by numbers that never change, so a list that loses its head stays where it is.
#[derive(Clone, Debug)]
pub struct Scroll {
    /// The number of the topmost row, with the part of it that is scrolled away.
    pub top: f64,
    /// How far the rows are pushed to the left, in points: a line may be longer than the pane is wide.
    pub left: f32,
    /// Whether the list stays at its end.
    pub follow: bool,
    /// The row the keyboard is at.
    pub cursor: Option<u64>,
    /// The other end of the selection.
    pub anchor: Option<u64>,
    /// A row to bring into view.
    pub reveal: Option<u64>,
    /// Whether rows before it are to be seen as well.
    pub lead: bool,
    /// Whether the list is to have the keyboard from the next frame on.
    pub focus: bool,
}

impl Default for Scroll {
    fn default() -> Self {
        Self { top: 0.0, left: 0.0, follow: true, cursor: None, anchor: None, reveal: None, lead: false, focus: false }
    }
}

impl Scroll {
    /// The chosen rows.
    #[must_use]
    pub fn chosen(&self) -> Option<RangeInclusive<u64>> {
        let cursor = self.cursor?;
        let anchor = self.anchor.unwrap_or(cursor);
        Some(cursor.min(anchor)..=cursor.max(anchor))
    }

    /// Chooses one row and brings it into view.
    pub fn choose(&mut self, row: u64) {
        (self.cursor, self.anchor, self.reveal) = (Some(row), Some(row), Some(row));
        self.follow = false;
    }

    /// Goes back to the end and stays there.
    pub const fn jump_to_latest(&mut self) {
        self.follow = true;
    }

    /// The topmost row.
    #[must_use]
    pub const fn top_row(&self) -> u64 {
        whole(self.top)
    }

    /// Has this row topmost, unless it is so already.
    pub fn stand_at(&mut self, row: u64) {
        if self.top_row() != row {
            self.top = float(row);
        }
    }

    fn push(&mut self, points: f32) {
        self.left = (self.left + points).clamp(0.0, FARTHEST);
    }

    fn step_to(&mut self, row: u64, extend: bool) {
        self.cursor = Some(row);
        if !extend || self.anchor.is_none() {
            self.anchor = Some(row);
        }
        self.reveal = Some(row);
    }
}

/// What is to be drawn of one row.
pub struct RowSpace<'a> {
    /// Draws, clipped to the list.
    pub painter: &'a Painter,
    /// Where.
    pub rect: Rect,
    /// Which row.
    pub row: u64,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// What happened to the list.
#[derive(Debug, Default)]
pub struct RowsOutput {
    /// The cursor was put on this row.
    pub chose: Option<u64>,
    /// This row was double clicked, or Enter was pressed on it.
    pub opened: Option<u64>,
    /// These rows are to be copied as they are shown.
    pub copy: Option<RangeInclusive<u64>>,
    /// These are to be copied as they came.
    pub copy_raw: Option<RangeInclusive<u64>>,
    /// Whether the person scrolled.
    pub moved: bool,
    /// Whether the person chose other rows.
    pub picked: bool,
    /// Whether the list has the keyboard.
    pub focused: bool,
}

/// One list of rows.
pub struct Rows<'a> {
    /// Sets its ids apart from other lists'.
    pub salt: &'static str,
    /// Its accessible name.
    pub name: &'a str,
    /// How high each is, in points.
    pub height: f32,
    /// The rows there are.
    pub range: Range<u64>,
    /// What stands out in each part of the list, from 0 to 1: marked beside it. Empty for nothing.
    pub marks: &'a [f32],
    /// Draws a row; gives its text.
    pub draw: &'a mut dyn FnMut(&RowSpace<'_>) -> String,
}

/// Draws the list into all the room there is.
pub fn rows_ui(ui: &mut Ui, scroll: &mut Scroll, rows: Rows<'_>) -> RowsOutput {
    let Rows { salt, name, height, range, marks, draw } = rows;
    let id = ui.scope_id().with(salt);
    let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, theme::palette(ui).sunken);
    let body = Rect::from_min_max(rect.min, pos2(rect.right() - BAR, rect.bottom()));
    let response = ui.interact(body, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::ListBox, true, name));
    let place = Place { body, range, height, page: f64::from(body.height() / height) };
    if std::mem::take(&mut scroll.focus) {
        response.request_focus();
    }
    let (top, chosen) = (scroll.top, (scroll.cursor, scroll.anchor));
    place.wheel(ui, &response, scroll);
    let mut output = RowsOutput::default();
    place.pointer(ui, &response, scroll, &mut output);
    // Keys that come are for it even where nobody tells the window that it has the keyboard, as without a window manager.
    let focused = ui.memory(|memory| memory.has_focus(id));
    if focused {
        place.keyboard(ui, id, scroll, &mut output);
    }
    let track = Rect::from_min_max(pos2(body.right(), rect.top()), rect.max);
    place.bar(ui, id.with("bar"), track, scroll);
    paint_marks(ui, track, marks);
    output.picked = chosen != (scroll.cursor, scroll.anchor);
    output.moved = top.total_cmp(&scroll.top).is_ne();
    place.settle(scroll);
    place.draw(ui, id, scroll, draw);
    output.focused = focused;
    ui.data_mut(|data| data.insert_temp(id.with("rows"), true));
    if output.focused {
        let stroke = ui.visuals().widgets.hovered.bg_stroke;
        ui.painter().rect_stroke(rect.shrink(0.5), 2.0, stroke, egui::StrokeKind::Inside);
    }
    output
}

struct Place {
    body: Rect,
    range: Range<u64>,
    /// Of one row.
    height: f32,
    /// Rows that fit, with fraction.
    page: f64,
}

impl Place {
    fn last_top(&self) -> f64 {
        (float(self.range.end) - self.page).max(float(self.range.start))
    }

    fn wheel(&self, ui: &Ui, response: &Response, scroll: &mut Scroll) {
        if !response.contains_pointer() {
            return;
        }
        let delta = ui.input(egui::InputState::smooth_scroll_delta);
        if delta.y != 0.0 {
            self.move_to(scroll, scroll.top - f64::from(delta.y / self.height));
        }
        if delta.x != 0.0 {
            scroll.push(-delta.x);
        }
    }

    /// Scrolls; at the end the list follows again.
    fn move_to(&self, scroll: &mut Scroll, top: f64) {
        scroll.top = top;
        scroll.follow = top >= self.last_top() - 0.01;
    }

    fn row_at(&self, scroll: &Scroll, pos: Pos2) -> Option<u64> {
        let row = scroll.top + f64::from((pos.y - self.body.top()) / self.height);
        let row = whole(row.max(0.0));
        (!self.range.is_empty()).then(|| row.clamp(self.range.start, self.range.end - 1))
    }

    fn pointer(&self, ui: &Ui, response: &Response, scroll: &mut Scroll, output: &mut RowsOutput) {
        // What is pressed is meant, not what has moved below the mouse by the time it is let go.
        let own = response.is_pointer_button_down_on() || response.clicked();
        let pressed = own && ui.input(|input| input.pointer.primary_pressed());
        let extending = response.dragged_by(egui::PointerButton::Primary) && !pressed;
        if response.double_clicked() && !pressed {
            output.opened = scroll.cursor;
        }
        if !pressed && !extending {
            return;
        }
        response.request_focus();
        let pos = response.interact_pointer_pos();
        // The mouse may stand still there, and the rows shall go on.
        if extending && pos.is_some_and(|pos| !self.body.y_range().contains(pos.y)) {
            ui.ctx().request_repaint_after(BEYOND);
        }
        let Some(row) = pos.and_then(|pos| self.row_at(scroll, pos)) else { return };
        if response.double_clicked() {
            output.opened = Some(row);
        }
        if scroll.cursor == Some(row) && !pressed {
            return;
        }
        let shift = ui.input(|input| input.modifiers.shift);
        scroll.step_to(row, shift || extending);
        scroll.follow = false;
        output.chose = Some(row);
    }

    fn keyboard(&self, ui: &Ui, id: Id, scroll: &mut Scroll, output: &mut RowsOutput) {
        let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, tab: false, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
        if self.range.is_empty() {
            return;
        }
        let last = self.range.end - 1;
        let here = scroll.cursor.unwrap_or(if scroll.follow { last } else { whole(scroll.top) });
        let page = whole(self.page.max(2.0)) - 1;
        // With Shift first: without it, a key matches however it is pressed.
        for extend in [true, false] {
            let modifiers = if extend { Modifiers::SHIFT } else { Modifiers::NONE };
            let pressed = |key| ui.input_mut(|input| input.consume_key(modifiers, key));
            let row = if pressed(Key::ArrowUp) {
                here.saturating_sub(1)
            } else if pressed(Key::ArrowDown) {
                here + 1
            } else if pressed(Key::PageUp) {
                here.saturating_sub(page)
            } else if pressed(Key::PageDown) {
                here + page
            } else if pressed(Key::Home) {
                self.range.start
            } else if pressed(Key::End) {
                last
            } else {
                continue;
            };
            let row = row.clamp(self.range.start, last);
            scroll.step_to(row, extend);
            scroll.follow = row == last;
            output.chose = Some(row);
        }
        for (key, step) in [(Key::ArrowLeft, -SIDEWAYS), (Key::ArrowRight, SIDEWAYS)] {
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
                scroll.push(step);
            }
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            (scroll.cursor, scroll.anchor) = (None, None);
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
            output.opened = scroll.cursor;
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) {
            (scroll.anchor, scroll.cursor) = (Some(self.range.start), Some(last));
        }
        // With Shift, the system's own key for copying is a key like any other.
        if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::C)) {
            output.copy_raw = scroll.chosen();
        } else if ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy))) {
            output.copy = scroll.chosen();
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "points on the screen")]
    fn bar(&self, ui: &Ui, id: Id, track: Rect, scroll: &mut Scroll) {
        let rows = float(self.range.end - self.range.start);
        if rows <= self.page {
            return;
        }
        let response = ui.interact(track, id, Sense::drag());
        let height = f64::from(track.height());
        let thumb = (height * self.page / rows).max(f64::from(SHORTEST_THUMB)).min(height);
        let travel = (height - thumb).max(1.0);
        let span = rows - self.page;
        if let Some(pos) = response.interact_pointer_pos() {
            let part = ((f64::from(pos.y - track.top()) - thumb / 2.0) / travel).clamp(0.0, 1.0);
            self.move_to(scroll, float(self.range.start) + part * span);
        }
        let top = if scroll.follow { self.last_top() } else { scroll.top };
        let part = ((top - float(self.range.start)) / span).clamp(0.0, 1.0);
        let from = track.top() + (part * travel) as f32;
        let bar = Rect::from_min_size(pos2(track.left() + 1.0, from), vec2(BAR - 4.0, thumb as f32));
        let colours = theme::palette(ui);
        let colour = if response.hovered() || response.dragged() { colours.accent } else { colours.weak };
        ui.painter().rect_filled(bar, 3.0, colour.gamma_multiply(0.7));
    }

    /// Brings the list to where it is to stand, whatever rows came and went.
    fn settle(&self, scroll: &mut Scroll) {
        if let Some(row) = scroll.reveal.take() {
            let row = float(row);
            let lead = if std::mem::take(&mut scroll.lead) { self.page / 3.0 } else { 0.0 };
            if lead > 0.0 && row - lead < scroll.top {
                scroll.top = row - lead;
            } else if row < scroll.top {
                scroll.top = row - (self.page / 3.0).min(f64::from(u8::from(scroll.top - row > self.page)) * self.page);
            } else if row + 1.0 > scroll.top + self.page {
                let far = row - scroll.top > self.page * 2.0;
                scroll.top = if far { row - self.page / 3.0 } else { row + 1.0 - self.page };
            }
        }
        if scroll.follow {
            scroll.top = self.last_top();
        }
        scroll.top = scroll.top.clamp(float(self.range.start), self.last_top());
    }

    #[expect(clippy::cast_possible_truncation, reason = "a part of one row, and points on the screen")]
    fn draw(&self, ui: &mut Ui, id: Id, scroll: &Scroll, draw: &mut dyn FnMut(&RowSpace<'_>) -> String) {
        let colours = theme::palette(ui);
        let painter = ui.painter_at(self.body);
        let first = whole(scroll.top);
        let last = (first + whole(self.page.ceil()) + 1).min(self.range.end);
        let chosen = scroll.chosen();
        for row in first..last {
            let from = self.body.top() + ((float(row) - scroll.top) as f32) * self.height;
            let rect = Rect::from_min_size(pos2(self.body.left(), from), vec2(self.body.width(), self.height));
            let chosen = chosen.as_ref().is_some_and(|rows| rows.contains(&row));
            if chosen {
                painter.rect_filled(rect, 0.0, colours.chosen);
            }
            let pushed = rect.with_min_x(rect.left() - scroll.left);
            let text = draw(&RowSpace { painter: &painter, rect: pushed, row, chosen });
            let shown = rect.intersect(self.body);
            let info = || WidgetInfo::selected(Role::ListBoxOption, true, chosen, &text);
            ui.interact(shown, id.with(row), Sense::hover()).widget_info(info);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "some hundred parts")]
fn paint_marks(ui: &Ui, track: Rect, marks: &[f32]) {
    let colour = theme::palette(ui).warn;
    let step = track.height() / marks.len().max(1) as f32;
    for (place, part) in marks.iter().enumerate().filter(|(_, part)| **part > 0.0) {
        let top = track.top() + step * place as f32;
        let mark = Rect::from_min_size(pos2(track.right() - 3.0, top), vec2(3.0, step.max(2.0)));
        ui.painter().rect_filled(mark, 0.0, colour.gamma_multiply(*part));
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to nine thousand million million rows")]
const fn float(row: u64) -> f64 {
    row as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "never negative where it is used")]
const fn whole(row: f64) -> u64 {
    row as u64
}
