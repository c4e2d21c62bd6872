//! Small pieces several panels are made of.

use super::theme::{self, palette};
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Button, Color32, Frame, Label, Margin, Response, RichText, Sense, TextWrapMode, Ui, WidgetInfo, vec2,
};

/// The longest list that is not scrolled, in points.
const LIST: f32 = 360.0;

/// How something stands; drawn as a shape as well as a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Works: a full dot.
    On,
    /// Is not there: an empty ring.
    Off,
    /// Does not work: a triangle.
    Broken,
    /// Cannot be known: a half dot.
    Unknown,
}

/// Draws a pane: a named region with a margin.
pub fn pane_ui<R>(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let frame = Frame::new().inner_margin(Margin::same(theme::MARGIN));
    let shown = frame.show(ui, |ui| {
        ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
            node.set_role(Role::Region);
            node.set_label(name);
        });
        add(ui)
    });
    shown.inner
}

/// A pane's title; the region already says it to assistive tools.
pub fn title_ui(ui: &mut Ui, text: &str) {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), egui::FontId::proportional(14.0), palette(ui).strong);
    let (rect, _) = ui.allocate_exact_size(vec2(galley.size().x, ui.spacing().interact_size.y), Sense::hover());
    let place = egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    // Twice, a third of a point apart: the one weight the bundled font has, made bold.
    ui.painter().galley(place, galley.clone(), palette(ui).strong);
    ui.painter().galley(place + vec2(0.35, 0.0), galley, palette(ui).strong);
}

/// A status light with its meaning for assistive tools.
pub fn light_ui(ui: &mut Ui, light: Light, meaning: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(12.0, 14.0), Sense::hover());
    paint_light(ui, rect.center(), light);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, meaning));
    response.on_hover_text(meaning)
}

/// Paints a status light.
pub fn paint_light(ui: &Ui, center: egui::Pos2, light: Light) {
    let colours = palette(ui);
    let painter = ui.painter();
    match light {
        Light::On => {
            painter.circle_filled(center, theme::DOT, colours.ok);
        }
        Light::Off => {
            painter.circle_stroke(center, theme::DOT - 0.5, egui::Stroke::new(1.2, colours.weak));
        }
        Light::Unknown => {
            painter.circle_stroke(center, theme::DOT - 0.5, egui::Stroke::new(1.2, colours.weak));
            painter.circle_filled(center, 1.5, colours.weak);
        }
        Light::Broken => paint_warning(painter, center, colours.bad),
    }
}

/// Paints a warning triangle.
pub fn paint_warning(painter: &egui::Painter, center: egui::Pos2, colour: Color32) {
    let size = 5.5;
    let corners = vec![center + vec2(0.0, -size), center + vec2(size, size * 0.8), center + vec2(-size, size * 0.8)];
    painter.add(egui::Shape::convex_polygon(corners, Color32::TRANSPARENT, egui::Stroke::new(1.3, colour)));
    painter.line_segment([center + vec2(0.0, -2.0), center + vec2(0.0, 1.2)], egui::Stroke::new(1.3, colour));
    painter.circle_filled(center + vec2(0.0, 2.9), 0.8, colour);
}

/// A warning triangle in the flow of a panel.
pub fn warning_ui(ui: &mut Ui, meaning: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
    paint_warning(ui.painter(), rect.center(), palette(ui).warn);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, meaning));
}

/// A line of text that is cut off rather than wrapped; the whole of it on hover.
pub fn line_ui(ui: &mut Ui, text: impl Into<RichText>) -> Response {
    ui.add(Label::new(text.into()).truncate())
}

/// Text that can wait.
pub fn weak_ui(ui: &mut Ui, text: impl Into<String>) -> Response {
    let colour = palette(ui).weak;
    ui.label(RichText::new(text).color(colour))
}

/// A button without a frame whose face is a sign; the name says what it does.
pub fn sign_ui(ui: &mut Ui, sign: &str, name: &str) -> Response {
    let response = ui.add(Button::new(sign).frame_when_inactive(false).min_size(vec2(22.0, 22.0)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response.on_hover_text(name)
}

/// A button that is cut off rather than wrapped.
pub fn button_ui(ui: &mut Ui, text: String) -> Response {
    ui.add(Button::new(text).wrap_mode(TextWrapMode::Extend))
}

/// A choice among few, named for assistive tools. Gives what was chosen anew.
pub fn choice_ui<T: PartialEq + Clone>(
    ui: &mut Ui,
    salt: &str,
    name: &str,
    width: f32,
    chosen: &T,
    choices: impl IntoIterator<Item = (T, String)>,
) -> Option<T> {
    let choices: Vec<_> = choices.into_iter().collect();
    let face = choices.iter().find(|(choice, _)| choice == chosen).map(|(_, face)| face.clone()).unwrap_or_default();
    let mut picked = None;
    let combo = egui::ComboBox::from_id_salt(salt).selected_text(face).width(width).height(LIST).truncate();
    let shown = combo.show_ui(ui, |ui| {
        for (choice, face) in choices {
            if ui.selectable_label(choice == *chosen, face).clicked() && choice != *chosen {
                picked = Some(choice);
            }
        }
    });
    let _ = shown.response.accessible_name(name).on_hover_text(name);
    picked
}
