//! Faults armed for the next push to a device: a menu to choose from, and what is chosen as chips.

use crate::event::DeviceId;
use crate::fault::{ALL, Fault, Kind, Stage};
use crate::ui::pieces::{sign_ui, weak_ui};
use crate::ui::state::Draft;
use crate::ui::theme::palette;
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::{Button, Frame, Margin, RichText, Stroke, TextEdit, Ui};

/// Room for an argument, in points.
const ARGUMENT: f32 = 96.0;

/// What is armed for one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultsDraft(Vec<Chosen>);

/// One fault with its argument as typed so far.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Chosen {
    kind: &'static Kind,
    argument: String,
}

impl Chosen {
    fn new(kind: &'static Kind) -> Self {
        let argument = kind.example.split_once(':').map_or("", |(_, argument)| argument);
        Self { kind, argument: argument.to_owned() }
    }

    fn text(&self) -> String {
        let argument = self.argument.trim();
        if argument.is_empty() { self.kind.name.to_owned() } else { format!("{}:{argument}", self.kind.name) }
    }

    fn fault(&self) -> Result<Fault, String> {
        self.text().parse().map_err(|why| words::fault_malformed(&why))
    }
}

impl FaultsDraft {
    /// What is armed.
    ///
    /// # Errors
    /// In words: an argument does not fit.
    pub fn ordered(&self) -> Result<Vec<Fault>, String> {
        self.0.iter().map(Chosen::fault).collect()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is armed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The button that unfolds the menu, with the number of what is armed.
pub fn faults_button_ui(ui: &mut Ui, draft: &mut Draft, device: &DeviceId) {
    let armed = draft.faults.get(device).map_or(0, FaultsDraft::len);
    let face = if armed == 0 { say("fault.name") } else { tell("fault.name-armed", &[("n", &armed)]) };
    let face = if armed == 0 { RichText::new(face) } else { RichText::new(face).color(palette(ui).warn) };
    if ui.selectable_label(draft.faults_shown, face).on_hover_text(say("fault.hint")).clicked() {
        draft.faults_shown = !draft.faults_shown;
    }
}

/// What is armed, always in sight; the menu only where it was unfolded.
pub fn armed_ui(ui: &mut Ui, draft: &mut Draft, device: &DeviceId) {
    let shown = draft.faults_shown;
    let armed = draft.faults.get(device).is_some_and(|armed| !armed.is_empty());
    if !shown && !armed {
        return;
    }
    let chosen = draft.faults.entry(device.clone()).or_default();
    ui.horizontal_wrapped(|ui| {
        weak_ui(ui, say("fault.name"));
        if shown && let Some(kind) = menu_ui(ui) {
            chosen.0.push(Chosen::new(kind));
        }
        let mut away = None;
        for (at, fault) in chosen.0.iter_mut().enumerate() {
            // What is laid out inside a frame does not wrap by itself.
            if width(ui, fault) > ui.available_size_before_wrap().x {
                ui.end_row();
            }
            if ui.push_id(at, |ui| chip_ui(ui, fault)).inner {
                away = Some(at);
            }
        }
        if let Some(at) = away {
            chosen.0.remove(at);
        }
    });
}

/// All faults by stage. Gives the one that was picked.
fn menu_ui(ui: &mut Ui) -> Option<&'static Kind> {
    let mut picked = None;
    ui.menu_button(say("fault.arm"), |ui| {
        for stage in Stage::ALL {
            ui.menu_button(words::fault_stage(stage), |ui| {
                for kind in ALL.iter().filter(|kind| kind.stage == stage) {
                    let help = RichText::new(words::fault_help(kind)).color(palette(ui).weak);
                    let button = ui.add(Button::new(kind.usage()).right_text(help));
                    if button.on_hover_text(words::fault_expects(kind)).clicked() {
                        picked = Some(kind);
                        ui.close();
                    }
                }
            });
        }
    });
    picked
}

/// One fault that is armed, its argument to be edited. Gives whether it is to be taken away.
fn chip_ui(ui: &mut Ui, chosen: &mut Chosen) -> bool {
    let colours = palette(ui);
    let fits = chosen.fault();
    let line = if fits.is_ok() { colours.warn } else { colours.bad };
    let frame = Frame::new().stroke(Stroke::new(1.0, line)).corner_radius(8).inner_margin(Margin::symmetric(6, 0));
    let hint = || format!("{}\n{}", words::fault_help(chosen.kind), words::fault_expects(chosen.kind));
    let hint = match &fits {
        Ok(_) => hint(),
        Err(why) => format!("{why}\n{}", hint()),
    };
    let shown = frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(RichText::new(chosen.kind.name).color(line)).on_hover_text(&hint);
            if let Some(called) = chosen.kind.argument {
                let field = TextEdit::singleline(&mut chosen.argument).desired_width(ARGUMENT).hint_text(called);
                let name = tell("fault.argument-of", &[("name", &chosen.kind.name)]);
                ui.add(field.font(egui::TextStyle::Monospace)).accessible_name(name).on_hover_text(&hint);
            }
            sign_ui(ui, "×", &tell("fault.disarm", &[("fault", &chosen.text())])).clicked()
        })
    });
    shown.inner.inner
}

/// How wide a chip will be, in points, rather too wide.
fn width(ui: &Ui, chosen: &Chosen) -> f32 {
    let font = egui::TextStyle::Body.resolve(ui.style());
    let name = ui.painter().layout_no_wrap(chosen.kind.name.to_owned(), font, palette(ui).text).size().x;
    name + if chosen.kind.argument.is_some() { ARGUMENT + 64.0 } else { 52.0 }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Chosen, FaultsDraft};
    use crate::ui::words;

    #[test]
    fn a_fault_picked_from_the_menu_is_armed_as_it_is_and_a_wrong_argument_is_named() {
        let mut draft = FaultsDraft(ALL.iter().map(Chosen::new).collect());
        let armed = draft.ordered().unwrap();
        let texts: Vec<_> = armed.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ALL.map(|kind| kind.example));
        let cut = draft.0.iter_mut().find(|chosen| chosen.kind.name == "cut").unwrap();
        cut.argument = "half".into();
        assert_eq!(draft.ordered(), Err("The fault cut is written cut:N, such as cut:10000.".into()));
    }

    #[test]
    fn every_fault_says_in_both_languages_what_it_does_and_what_to_expect() {
        for language in words::Language::ALL {
            words::speak(language);
            for kind in &ALL {
                let (help, expects) = (words::fault_help(kind), words::fault_expects(kind));
                for text in [&help, &expects] {
                    assert!(text.ends_with(['.', '。']) && !text.contains("fault."), "{}: {text}", kind.name);
                }
                assert_eq!(expects.contains('-'), !kind.uiot.is_empty(), "{expects}");
            }
        }
        words::speak(words::Language::English);
    }
}
