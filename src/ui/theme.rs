//! Colours and sizes by meaning, for both themes.

use eframe::egui;
use eframe::egui::{
    Color32, CornerRadius, FontDefinitions, FontFamily, FontId, Margin, Stroke, Style, TextStyle, Theme, Visuals, vec2,
};

/// The gap between things that belong together, in points.
pub const GAP: f32 = 6.0;
/// The margin inside a pane.
pub const MARGIN: i8 = 8;
/// The height of a row of a log.
pub const ROW: f32 = 18.0;
/// The size of a log's text.
pub const LOG_TEXT: f32 = 12.5;
/// The radius of a status dot.
pub const DOT: f32 = 4.0;
/// The height of the overview.
pub const OVERVIEW: f32 = 72.0;

/// The colours of one theme, by meaning. Each is also said by a word or a shape.
#[derive(Debug)]
pub struct Palette {
    /// Ordinary text.
    pub text: Color32,
    /// Text that can wait.
    pub weak: Color32,
    /// What has not happened yet at the moment of a capture that is looked at.
    pub ahead: Color32,
    /// Text that must be seen.
    pub strong: Color32,
    /// What is chosen or active.
    pub accent: Color32,
    /// Good.
    pub ok: Color32,
    /// Bad.
    pub bad: Color32,
    /// Needs a look.
    pub warn: Color32,
    /// The background of panels.
    pub panel: Color32,
    /// The background of logs and fields.
    pub sunken: Color32,
    /// The background of buttons.
    pub raised: Color32,
    /// Lines between panes.
    pub line: Color32,
    /// The background of chosen rows.
    pub chosen: Color32,
    /// The first witness: what the device says.
    pub said: Color32,
    /// The second witness: what was served.
    pub served: Color32,
    /// The console's density.
    pub density: Color32,
    /// MQTT messages.
    pub mqtt: Color32,
    /// A terminal's sixteen colours, readable on `sunken`.
    pub ansi: [Color32; 16],
}

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

const DARK: Palette = Palette {
    text: rgb(0xd5_da_e1),
    weak: rgb(0x93_9d_ab),
    ahead: rgb(0x6b_74_81),
    strong: rgb(0xf3_f5_f8),
    accent: rgb(0x5a_a9_ff),
    ok: rgb(0x4c_c3_8a),
    bad: rgb(0xff_7b_72),
    warn: rgb(0xf0_b4_29),
    panel: rgb(0x17_1a_20),
    sunken: rgb(0x000f_1216),
    raised: rgb(0x2a_30_39),
    line: rgb(0x2f_36_40),
    chosen: rgb(0x1f_3a_5c),
    said: rgb(0x5a_a9_ff),
    served: rgb(0x4c_c3_8a),
    density: rgb(0x6a_74_82),
    mqtt: rgb(0xc7_92_ea),
    ansi: [
        rgb(0x8a_94_a2),
        rgb(0xff_7b_72),
        rgb(0x4c_c3_8a),
        rgb(0xe3_b3_41),
        rgb(0x6c_b6_ff),
        rgb(0xd2_a8_ff),
        rgb(0x56_d4_dd),
        rgb(0xd5_da_e1),
        rgb(0x9a_a4_b2),
        rgb(0xff_a1_98),
        rgb(0x7e_e7_87),
        rgb(0xf2_cc_60),
        rgb(0x91_cb_ff),
        rgb(0xe2_c5_ff),
        rgb(0x8b_e9_f0),
        rgb(0xff_ff_ff),
    ],
};

const LIGHT: Palette = Palette {
    text: rgb(0x22_27_2e),
    weak: rgb(0x57_61_6e),
    ahead: rgb(0x8a_93_9e),
    strong: rgb(0x0b_0e_12),
    accent: rgb(0x0b_5f_c4),
    ok: rgb(0x0f_70_44),
    bad: rgb(0xb8_20_28),
    warn: rgb(0x85_56_00),
    panel: rgb(0xf4_f6_f8),
    sunken: rgb(0xff_ff_ff),
    raised: rgb(0xe3_e7_ec),
    line: rgb(0xcf_d5_dc),
    chosen: rgb(0xcf_e3_fb),
    said: rgb(0x0b_5f_c4),
    served: rgb(0x0f_70_44),
    density: rgb(0xa3_ad_ba),
    mqtt: rgb(0x7b_3f_b5),
    ansi: [
        rgb(0x33_3a_43),
        rgb(0xb8_20_28),
        rgb(0x0f_70_44),
        rgb(0x85_56_00),
        rgb(0x0b_5f_c4),
        rgb(0x7b_3f_b5),
        rgb(0x0b_6b_78),
        rgb(0x57_61_6e),
        rgb(0x4a_53_5f),
        rgb(0xc9_3a_3a),
        rgb(0x1a_7f_4b),
        rgb(0x94_63_00),
        rgb(0x1f_6f_d6),
        rgb(0x8a_4f_c4),
        rgb(0x14_7a_88),
        rgb(0x22_27_2e),
    ],
};

/// The colours of the theme this panel is drawn in.
#[must_use]
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// The colours of the theme the window is drawn in.
#[must_use]
pub fn palette_of(ctx: &egui::Context) -> &'static Palette {
    if ctx.theme() == Theme::Dark { &DARK } else { &LIGHT }
}

/// The font of logs.
#[must_use]
pub const fn log_font() -> FontId {
    FontId::new(LOG_TEXT, FontFamily::Monospace)
}

/// Sets up both themes; called once.
pub fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    // The monospace font has the arrows that the proportional one lacks.
    fonts.families.entry(FontFamily::Proportional).or_default().push("Hack".to_owned());
    ctx.set_fonts(fonts);
    for (theme, colours) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| dress(style, theme, colours));
    }
}

fn dress(style: &mut Style, theme: Theme, colours: &Palette) {
    style.text_styles = [
        (TextStyle::Small, FontId::proportional(11.5)),
        (TextStyle::Body, FontId::proportional(13.5)),
        (TextStyle::Button, FontId::proportional(13.5)),
        (TextStyle::Heading, FontId::proportional(17.0)),
        (TextStyle::Monospace, log_font()),
    ]
    .into();
    style.spacing.item_spacing = vec2(GAP, 5.0);
    style.spacing.button_padding = vec2(8.0, 3.0);
    style.spacing.interact_size.y = 24.0;
    style.spacing.menu_margin = Margin::same(6);
    style.interaction.selectable_labels = false;
    // Movement that means nothing would only keep an idle window drawing.
    style.animation_time = 0.0;
    style.visuals = visuals(theme, colours);
}

fn visuals(theme: Theme, colours: &Palette) -> Visuals {
    let mut visuals = if theme == Theme::Dark { Visuals::dark() } else { Visuals::light() };
    visuals.panel_fill = colours.panel;
    visuals.window_fill = colours.panel;
    visuals.window_stroke = Stroke::new(1.0, colours.line);
    visuals.extreme_bg_color = colours.sunken;
    visuals.faint_bg_color = colours.raised;
    visuals.weak_text_color = Some(colours.weak);
    visuals.hyperlink_color = colours.accent;
    visuals.selection.bg_fill = colours.chosen;
    visuals.selection.stroke = Stroke::new(1.0, colours.strong);
    visuals.warn_fg_color = colours.warn;
    visuals.error_fg_color = colours.bad;
    visuals.striped = false;
    // A blinking cursor would keep an idle window drawing.
    visuals.text_cursor.blink = false;
    let widgets = &mut visuals.widgets;
    for widget in [&mut widgets.noninteractive, &mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
        widget.corner_radius = CornerRadius::same(4);
        widget.fg_stroke = Stroke::new(1.0, colours.text);
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, colours.line);
    widgets.inactive.bg_fill = colours.raised;
    widgets.inactive.weak_bg_fill = colours.raised;
    widgets.inactive.bg_stroke = Stroke::new(1.0, colours.line);
    widgets.hovered.bg_stroke = Stroke::new(1.0, colours.accent);
    widgets.active.bg_stroke = Stroke::new(1.0, colours.accent);
    widgets.hovered.fg_stroke.color = colours.strong;
    widgets.active.fg_stroke.color = colours.strong;
    visuals
}
