//! Lines that are to catch the eye: rules by regular expression, each with a colour by name.

use crate::console::{Highlight, HighlightColour, Pattern, Query};
use crate::ui::dialogs::is_left;
use crate::ui::pieces::{choice_ui, sign_ui, weak_ui};
use crate::ui::theme::{self, Palette};
use crate::ui::words::say;
use eframe::egui;
use eframe::egui::{Color32, Key, Modal, TextEdit, Ui};

const fn key(colour: HighlightColour) -> &'static str {
    match colour {
        HighlightColour::Red => "log.red",
        HighlightColour::Yellow => "log.yellow",
        HighlightColour::Green => "log.green",
        HighlightColour::Blue => "log.blue",
        HighlightColour::Magenta => "log.magenta",
        HighlightColour::Cyan => "log.cyan",
    }
}

/// A colour in the theme.
pub const fn colour(named: HighlightColour, colours: &Palette) -> Color32 {
    colours.ansi[match named {
        HighlightColour::Red => 1,
        HighlightColour::Green => 2,
        HighlightColour::Yellow => 3,
        HighlightColour::Blue => 4,
        HighlightColour::Magenta => 5,
        HighlightColour::Cyan => 6,
    }]
}

/// The rules, made ready.
#[derive(Debug, Default)]
pub struct Rules {
    written: Vec<Highlight>,
    ready: Vec<(Result<Pattern, String>, HighlightColour)>,
}

impl Rules {
    /// Makes rules ready that changed.
    pub fn keep_up(&mut self, written: &[Highlight]) {
        if self.written != written {
            self.written = written.to_vec();
            let ready = |rule: &Highlight| {
                let query = Query { text: rule.pattern.clone(), regex: true, case: true, ..Query::default() };
                (query.pattern(), rule.colour)
            };
            self.ready = written.iter().map(ready).collect();
        }
    }

    /// The colour of the first rule that a line matches.
    pub fn colour(&self, text: &str) -> Option<HighlightColour> {
        let matches = |pattern: &Pattern| pattern.find_at(text.as_bytes(), 0).is_some_and(|(from, to)| from < to);
        self.ready.iter().find(|(pattern, _)| pattern.as_ref().is_ok_and(matches)).map(|(_, colour)| *colour)
    }

    fn error(&self, place: usize) -> Option<&str> {
        self.ready.get(place)?.0.as_ref().err().map(String::as_str)
    }
}

/// Draws the dialog in which rules are written, with what is wrong with those that were made ready. Gives whether it is
/// to be closed.
pub fn highlights_ui(ui: &mut Ui, written: &mut Vec<Highlight>, rules: &Rules) -> bool {
    let modal = Modal::new(egui::Id::unique("highlights")).show(ui.ctx(), |ui| {
        ui.set_width(430.0);
        ui.heading(say("log.highlights"));
        weak_ui(ui, say("log.highlights-hint"));
        let mut removed = None;
        for (place, rule) in written.iter_mut().enumerate() {
            ui.push_id(place, |ui| {
                ui.horizontal(|ui| {
                    let field = TextEdit::singleline(&mut rule.pattern).desired_width(230.0);
                    ui.add(field.font(egui::TextStyle::Monospace)).accessible_name(say("log.pattern"));
                    let colours = HighlightColour::ALL.map(|colour| (colour, say(key(colour))));
                    if let Some(colour) = choice_ui(ui, "colour", &say("log.colour"), 80.0, &rule.colour, colours) {
                        rule.colour = colour;
                    }
                    if sign_ui(ui, "×", &say("log.remove-rule")).clicked() {
                        removed = Some(place);
                    }
                });
                if let Some(error) = rules.error(place) {
                    ui.colored_label(theme::palette(ui).bad, error);
                }
            });
        }
        if let Some(place) = removed {
            written.remove(place);
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button(say("log.add-rule")).clicked() {
                written.push(Highlight::default());
            }
            ui.button(say("dialog.close")).clicked() || ui.input(|input| input.key_pressed(Key::Escape))
        })
        .inner
    });
    modal.inner || is_left(&modal)
}

#[cfg(test)]
mod tests {
    use super::{Highlight, HighlightColour, Rules};

    #[test]
    fn the_first_rule_that_matches_colours_the_line_and_a_broken_one_colours_none() {
        let rule = |pattern: &str, colour| Highlight { pattern: pattern.into(), colour };
        let mut rules = Rules::default();
        rules.keep_up(&[
            rule("(", HighlightColour::Cyan),
            rule("", HighlightColour::Cyan),
            rule(r"md5|sha\d+", HighlightColour::Red),
            rule("ota", HighlightColour::Blue),
        ]);
        assert_eq!(rules.colour("E (1) ota: md5 mismatch"), Some(HighlightColour::Red));
        assert_eq!(rules.colour("I (1) ota: start"), Some(HighlightColour::Blue));
        assert_eq!(rules.colour("boot"), None);
        assert!(rules.error(0).is_some() && rules.error(2).is_none());
    }
}
