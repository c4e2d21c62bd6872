//! How text of a device looks that asks for colours.

use crate::console::{Colour, Style};
use crate::ui::theme::{self, Palette};
use eframe::egui::text::TextFormat;
use eframe::egui::{Color32, Stroke};

/// The format of a span: `base` is the colour of a line that asks for none.
#[must_use]
pub fn format(style: Option<Style>, base: Color32, colours: &Palette) -> TextFormat {
    let style = style.unwrap_or_default();
    let plain = TextFormat { font_id: theme::log_font(), color: base, ..TextFormat::default() };
    let of = |colour: Colour| match colour {
        Colour::Named(index) => colours.ansi[usize::from(index & 15)],
        Colour::Rgb([red, green, blue]) => Color32::from_rgb(red, green, blue),
    };
    let bold = if style.bold { colours.strong } else { base };
    let mut text = style.colour.map_or(bold, of);
    let mut ground = style.ground.map_or(Color32::TRANSPARENT, of);
    if style.reversed {
        let behind = if style.ground.is_some() { ground } else { colours.sunken };
        (text, ground) = (behind, text);
    }
    if style.faint {
        text = text.gamma_multiply(0.7);
    }
    let underline = if style.underlined { Stroke::new(1.0, text) } else { Stroke::NONE };
    TextFormat { color: text, background: ground, underline, ..plain }
}
