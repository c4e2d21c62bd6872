//! Two captures side by side: upgrade by upgrade, phase by phase, and where they first part.

use super::dialogs::heading_ui;
use super::pieces::weak_ui;
use super::theme::palette;
use super::words::{self, say, tell};
use crate::event::{Micros, Trouble};
use crate::replay::{Comparison, Course, Pair, Parting, Step};
use eframe::egui::{Grid, Id, Modal, RichText, ScrollArea, Ui};
use std::path::PathBuf;

/// A capture, and what it is called.
pub type Named = (PathBuf, String);

/// Upgrades shown at most.
const MOST_PAIRS: usize = 50;

/// The dialog, while it is open.
#[derive(Debug)]
pub struct CompareDialog {
    a: Named,
    b: Named,
    compared: Option<Result<Comparison, Trouble>>,
}

impl CompareDialog {
    /// Of these two; what comes of it is told later, through [`Self::take`].
    #[must_use]
    pub const fn new(a: Named, b: Named) -> Self {
        Self { a, b, compared: None }
    }

    /// Takes in what came of it, if it is of these two.
    pub fn take(&mut self, (a, b): &(PathBuf, PathBuf), compared: Result<Comparison, Trouble>) {
        if self.a.0 == *a && self.b.0 == *b {
            self.compared = Some(compared);
        }
    }
}

/// Draws the dialog over whatever is shown. Closes it when it is done.
pub fn compare_dialog_ui(ui: &mut Ui, open: &mut Option<CompareDialog>) {
    let Some(dialog) = open else { return };
    let modal = Modal::new(Id::unique("compare")).show(ui.ctx(), |ui| {
        ui.set_width(640.0);
        let both = tell("compare.both", &[("a", &dialog.a.1), ("b", &dialog.b.1)]);
        heading_ui(ui, say("compare.title"), both);
        ScrollArea::vertical().max_height(480.0).min_scrolled_height(480.0).show(ui, |ui| match &dialog.compared {
            None => drop(weak_ui(ui, say("replay.reading"))),
            Some(Err(trouble)) => drop(ui.colored_label(palette(ui).bad, words::trouble(trouble).joined())),
            Some(Ok(comparison)) => comparison_ui(ui, comparison),
        });
        ui.add_space(8.0);
        ui.button(say("dialog.close")).clicked()
    });
    if modal.inner || modal.should_close() {
        *open = None;
    }
}

fn comparison_ui(ui: &mut Ui, comparison: &Comparison) {
    for (number, pair) in comparison.pairs.iter().take(MOST_PAIRS).enumerate() {
        pair_ui(ui, number, pair);
        ui.separator();
    }
    let more = comparison.pairs.len().saturating_sub(MOST_PAIRS);
    if more > 0 {
        weak_ui(ui, tell("compare.more", &[("n", &more)]));
    }
    for (key, only) in [("compare.only-a", &comparison.only_a), ("compare.only-b", &comparison.only_b)] {
        for course in only.iter().take(MOST_PAIRS) {
            ui.label(tell(key, &[("upgrade", &course_words(course))]));
        }
    }
    if comparison.pairs.is_empty() && comparison.only_a.is_empty() && comparison.only_b.is_empty() {
        weak_ui(ui, say("compare.none"));
    }
}

fn course_words(course: &Course) -> String {
    format!("{} → {} ({}): {}", course.device, course.version, course.dialect, course.state)
}

fn pair_ui(ui: &mut Ui, number: usize, pair: &Pair) {
    ui.label(RichText::new(format!("A  {}", course_words(&pair.a))).color(palette(ui).strong));
    ui.label(RichText::new(format!("B  {}", course_words(&pair.b))).color(palette(ui).strong));
    Grid::new(("phases", number)).num_columns(4).spacing([24.0, 2.0]).striped(true).show(ui, |ui| {
        for key in ["compare.phase", "compare.a", "compare.b", "compare.difference"] {
            weak_ui(ui, say(key));
        }
        ui.end_row();
        for (phase, a, b) in pair.phases() {
            ui.label(say(&format!("compare.phase-{}", phase.id())));
            let time = |at: Option<Micros>| at.map_or_else(|| "–".to_owned(), |at| format!("{at} s"));
            ui.label(time(a));
            ui.label(time(b));
            match a.zip(b) {
                Some((a, b)) => ui.label(difference(a, b)),
                // Only one of them came so far.
                None => ui.colored_label(palette(ui).warn, "–"),
            };
            ui.end_row();
        }
    });
    match &pair.parting {
        None => ui.label(say("compare.same")),
        Some(Parting { lane, a, b }) => {
            let lane = say(&format!("compare.lane-{}", lane.id()));
            let (a, b) = (step_words(a.as_ref()), step_words(b.as_ref()));
            ui.colored_label(palette(ui).warn, tell("compare.parting", &[("lane", &lane), ("a", &a), ("b", &b)]))
        }
    };
}

fn step_words(step: Option<&Step>) -> String {
    step.map_or_else(
        || say("compare.no-more"),
        |step| tell("compare.step", &[("what", &step.what), ("at", &step.at), ("n", &words::count(step.seq))]),
    )
}

/// How much later, or earlier, the second one was.
fn difference(a: Micros, b: Micros) -> String {
    let (sign, span) = if b >= a { ("+", b - a) } else { ("−", a - b) };
    if span < Micros::from_millis(1) { "0 s".to_owned() } else { format!("{sign}{span} s") }
}

#[cfg(test)]
mod tests {
    use super::{Micros, difference};

    #[test]
    fn how_much_later_or_earlier_is_told_with_its_sign() {
        let ms = Micros::from_millis;
        for (a, b, told) in
            [(ms(1_000), ms(1_250), "+0.250"), (ms(2_000), ms(500), "−1.500"), (ms(1), Micros(1_400), "0 s")]
        {
            assert!(difference(a, b).starts_with(told), "{}", difference(a, b));
        }
    }
}
