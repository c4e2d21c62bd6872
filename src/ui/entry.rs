//! One entry of the lists at the left: a light, a name, a line below, and a way to take it off.

use super::pieces::{Light, paint_light};
use super::theme::{self, palette};
use super::words::tell;
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{Align2, FontId, Key, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

const HEIGHT: f32 = 40.0;

/// What an entry shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryView {
    /// The light in front of it, if it can stand one way or another.
    pub light: Option<Light>,
    /// The light's meaning in a word.
    pub meaning: String,
    /// The name.
    pub title: String,
    /// A short word at the right.
    pub right: String,
    /// The line below.
    pub below: String,
    /// Whether the line below is trouble.
    pub troubled: bool,
    /// Whether it is chosen.
    pub chosen: bool,
    /// Whether it stays on the list, for it is of the past.
    pub fixed: bool,
}

/// What was done with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// It was chosen.
    Chosen,
    /// It is to be taken off the list.
    Removed,
}

/// Draws one entry; `more` adds to its context menu.
pub fn entry_ui(ui: &mut Ui, view: &EntryView, more: impl FnOnce(&mut Ui)) -> Option<Touch> {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
    let name = [&view.title, &view.meaning, &view.right, &view.below];
    let name: Vec<_> = name.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, view.chosen, name.join(", ")));
    let removed = !view.fixed && remove_ui(ui, view, rect, &response);
    paint(ui, view, rect, &response);
    let mut touch = response.clicked().then_some(Touch::Chosen);
    if view.fixed {
        if view.troubled {
            response.on_hover_text(&view.below);
        }
        return touch;
    }
    if removed || (response.has_focus() && ui.input(|input| input.key_pressed(Key::Delete))) {
        touch = Some(Touch::Removed);
    }
    let remove = tell("list.remove", &[("name", &view.title)]);
    response.context_menu(|ui| {
        more(ui);
        if ui.button(remove).clicked() {
            touch = Some(Touch::Removed);
        }
    });
    if view.troubled {
        response.on_hover_text(&view.below);
    }
    touch
}

/// The chosen entry has a cross; the others are chosen first, so that nothing goes by a slip.
fn remove_ui(ui: &mut Ui, view: &EntryView, rect: Rect, row: &Response) -> bool {
    if !view.chosen {
        return false;
    }
    let place = Rect::from_center_size(pos2(rect.right() - 12.0, rect.bottom() - 11.0), vec2(16.0, 16.0));
    let name = tell("list.remove", &[("name", &view.title)]);
    let response = ui.interact(place, row.id.with("remove"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    let colours = palette(ui);
    let colour = if response.hovered() || response.has_focus() { colours.bad } else { colours.weak };
    let stroke = egui::Stroke::new(1.3, colour);
    let arm = place.shrink(4.5);
    ui.painter().line_segment([arm.left_top(), arm.right_bottom()], stroke);
    ui.painter().line_segment([arm.right_top(), arm.left_bottom()], stroke);
    response.on_hover_text(name).clicked()
}

fn paint(ui: &Ui, view: &EntryView, rect: Rect, response: &Response) {
    let colours = palette(ui);
    let painter = ui.painter_at(rect);
    if view.chosen {
        // Below the cross, which was drawn first.
        let accent = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        painter.rect_filled(rect, 3.0, colours.chosen.gamma_multiply(0.55));
        painter.rect_filled(accent, 0.0, colours.accent);
    } else if response.hovered() {
        painter.rect_filled(rect, 3.0, colours.raised.gamma_multiply(0.6));
    }
    if response.has_focus() {
        painter.rect_stroke(rect, 3.0, egui::Stroke::new(1.0, colours.accent), egui::StrokeKind::Inside);
    }
    if let Some(light) = view.light {
        paint_light(ui, pos2(rect.left() + 14.0, rect.top() + 13.0), light);
    }
    let mut right = LayoutJob::simple_singleline(view.right.clone(), FontId::proportional(12.5), colours.text);
    right.wrap = TextWrapping::truncate_at_width(rect.width() / 2.0);
    let right = painter.layout_job(right);
    let right_at = rect.right() - 6.0 - right.size().x;
    painter.galley(pos2(right_at, rect.top() + 5.0), right, colours.text);
    let left = rect.left() + if view.light.is_some() { 26.0 } else { 12.0 };
    let text = |text: &str, from: f32, to: f32, size: f32, colour| {
        let clip = Rect::from_min_max(pos2(left, rect.top()), pos2(to, rect.bottom()));
        painter.with_clip_rect(clip).text(
            pos2(left, rect.top() + from),
            Align2::LEFT_TOP,
            text,
            FontId::proportional(size),
            colour,
        );
    };
    text(&view.title, 4.0, right_at - theme::GAP, 13.5, colours.strong);
    let below = if view.troubled { colours.bad } else { colours.weak };
    text(&view.below, 21.0, rect.right() - 24.0, 11.5, below);
}
