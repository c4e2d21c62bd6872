//! Two captures side by side: upgrade by upgrade, phase by phase, and where they first part.

use super::compared;
use super::dialogs::heading_ui;
use super::pieces::weak_ui;
use super::theme::palette;
use super::words::{self, say, tell};
use crate::event::{Micros, Trouble};
use crate::replay::{Comparison, Course, Pair, Parting};
use eframe::egui::{Grid, Id, Label, Modal, RichText, ScrollArea, Ui};
use std::path::PathBuf;

/// A capture, and what it is called.
pub type Named = (PathBuf, String);

/// An event of a capture that is to be shown: the file, and its place in the session's order.
pub type Visit = (PathBuf, u64);

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

/// Draws the dialog over whatever is shown. Closes it when it is done; returns the event that is to be shown instead.
pub fn compare_dialog_ui(ui: &mut Ui, open: &mut Option<CompareDialog>) -> Option<Visit> {
    let dialog = open.as_ref()?;
    let mut visit = None;
    let modal = Modal::new(Id::unique("compare")).show(ui.ctx(), |ui| {
        ui.set_width(640.0);
        let both = tell("compare.both", &[("a", &dialog.a.1), ("b", &dialog.b.1)]);
        heading_ui(ui, say("compare.title"), both);
        ScrollArea::vertical().max_height(480.0).min_scrolled_height(480.0).show(ui, |ui| match &dialog.compared {
            None => drop(weak_ui(ui, say("replay.reading"))),
            Some(Err(trouble)) => drop(ui.colored_label(palette(ui).bad, words::trouble(trouble).joined())),
            Some(Ok(comparison)) => visit = comparison_ui(ui, dialog, comparison),
        });
        ui.add_space(8.0);
        ui.button(say("dialog.close")).clicked()
    });
    if modal.inner || modal.should_close() || visit.is_some() {
        *open = None;
    }
    visit
}

fn comparison_ui(ui: &mut Ui, dialog: &CompareDialog, comparison: &Comparison) -> Option<Visit> {
    let mut visit = None;
    for (name, troubles) in [("A", &comparison.troubles_a), ("B", &comparison.troubles_b)] {
        for trouble in troubles {
            ui.colored_label(palette(ui).bad, side(name, &words::trouble(trouble).joined()));
        }
    }
    for (number, pair) in comparison.pairs.iter().take(MOST_PAIRS).enumerate() {
        ui.push_id(number, |ui| visit = pair_ui(ui, dialog, pair).or(visit.take()));
        ui.separator();
    }
    let more = comparison.pairs.len().saturating_sub(MOST_PAIRS);
    if more > 0 {
        weak_ui(ui, tell("compare.more", &[("n", &more)]));
    }
    for (key, only) in [("compare.only-a", &comparison.only_a), ("compare.only-b", &comparison.only_b)] {
        for course in only.iter().take(MOST_PAIRS) {
            ui.label(tell(key, &[("upgrade", &compared::course(course))]));
        }
    }
    if comparison.pairs.is_empty() && comparison.only_a.is_empty() && comparison.only_b.is_empty() {
        weak_ui(ui, say("compare.none"));
    }
    visit
}

fn pair_ui(ui: &mut Ui, dialog: &CompareDialog, pair: &Pair) -> Option<Visit> {
    for (name, course) in [("A", &pair.a), ("B", &pair.b)] {
        ui.label(RichText::new(format!("{name}  {}", compared::course(course))).color(palette(ui).strong));
    }
    Grid::new("phases").num_columns(4).spacing([24.0, 2.0]).striped(true).show(ui, |ui| {
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
                Some((a, b)) => ui.label(format!("{} s", compared::difference(a, b))),
                // Only one of them came so far.
                None => ui.colored_label(palette(ui).warn, "–"),
            };
            ui.end_row();
        }
    });
    let visit = match &pair.parting {
        None => {
            ui.label(say("compare.same"));
            None
        }
        Some(parting) => parting_ui(ui, dialog, pair, parting),
    };
    findings_ui(ui, &pair.a, &pair.b);
    visit
}

/// Where the two part, with the events: a click on one goes there.
fn parting_ui(ui: &mut Ui, dialog: &CompareDialog, pair: &Pair, Parting { lane, a, b }: &Parting) -> Option<Visit> {
    ui.colored_label(palette(ui).warn, compared::parting(*lane));
    let mut visit = None;
    for (name, step, course, capture) in [("A", a, &pair.a, &dialog.a), ("B", b, &pair.b, &dialog.b)] {
        ui.horizontal_wrapped(|ui| {
            ui.label(side(name, &compared::step(step.as_ref(), &course.dialect)));
            if let Some(step) = step {
                let hint = tell("compare.event-hint", &[("name", &capture.1)]);
                if ui.link(compared::event(step)).on_hover_text(hint).clicked() {
                    visit = Some((capture.0.clone(), step.seq));
                }
            }
        });
    }
    visit
}

/// Something of one of the two.
fn side(name: &str, text: &str) -> String {
    tell("compare.side", &[("name", &name), ("text", &text)])
}

/// What was found wrong with either run, side by side.
fn findings_ui(ui: &mut Ui, a: &Course, b: &Course) {
    if a.findings.is_empty() && b.findings.is_empty() {
        return;
    }
    ui.add_space(4.0);
    ui.columns_const(|[left, right]| {
        for (ui, key, course) in [(left, "compare.found-a", a), (right, "compare.found-b", b)] {
            weak_ui(ui, say(key));
            let found = compared::findings(&course.findings);
            if found.is_empty() {
                ui.label(say("compare.found-nothing"));
            }
            for finding in found {
                ui.add(Label::new(finding).wrap());
            }
        }
    });
}
