//! Draws the dialog for handing a capture on, and what became of the files that were written.

use super::{Errand, ExportDialog, Report, Reports, Saving, Written, handed_words, writing_words};
use crate::replay::Format;
use crate::ui::dialogs::{field_ui, heading_ui, is_left};
use crate::ui::pieces::{choice_ui, line_ui, sign_ui, weak_ui};
use crate::ui::theme::palette;
use crate::ui::words::{self, say, tell};
use eframe::egui::text::LayoutJob;
use eframe::egui::{Align, Button, Grid, Id, Label, Layout, Modal, RichText, ScrollArea, TextFormat, TextStyle, Ui};
use regex::Regex;
use std::sync::LazyLock;

/// What stands in a secret's place.
static LABEL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b(?:token|signature|secret|key)-(?:\d+|more)\b(?:-x+)?").ok());

/// Draws the dialog over whatever is shown. Closes it when it is done.
pub fn export_dialog_ui(ui: &mut Ui, open: &mut Option<ExportDialog>) -> Vec<Errand> {
    let Some(dialog) = open else { return Vec::new() };
    let mut errands = Vec::new();
    let modal = Modal::new(Id::unique("export")).show(ui.ctx(), |ui| {
        ui.set_width(620.0);
        heading_ui(ui, tell("export.title", &[("name", &dialog.name)]), say("export.hint"));
        form_ui(ui, dialog);
        preview_ui(ui, dialog);
        buttons_ui(ui, dialog, &mut errands)
    });
    let done = modal.inner || is_left(&modal);
    errands.extend(dialog.wanted());
    if done {
        *open = None;
    }
    errands
}

fn form_ui(ui: &mut Ui, dialog: &mut ExportDialog) {
    Grid::new("export").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        ui.label(say("export.format"));
        let formats = Format::ALL.map(|format| (format, say(&format!("export.format-{}", format.id()))));
        if let Some(format) = choice_ui(ui, "format", &say("export.format"), 300.0, &dialog.format, formats) {
            dialog.format = format;
        }
        ui.end_row();
        field_ui(ui, "export.filter", &say("export.filter-hint"), &mut dialog.filter);
    });
    ui.checkbox(&mut dialog.with_secrets, say("export.with-secrets"));
    let (key, colour) = if dialog.with_secrets {
        ("export.secrets-in", palette(ui).bad)
    } else {
        ("export.secrets-out", palette(ui).weak)
    };
    ui.label(RichText::new(say(key)).color(colour));
}

fn preview_ui(ui: &mut Ui, dialog: &ExportDialog) {
    ui.add_space(6.0);
    let order = match dialog.order() {
        Ok(order) => order,
        Err(why) => {
            ui.colored_label(palette(ui).warn, why);
            return;
        }
    };
    let preview = match &dialog.preview {
        Some((known, Ok(preview))) if *known == order => preview,
        Some((known, Err(trouble))) if *known == order => {
            ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
            return;
        }
        _ => {
            weak_ui(ui, say("export.working-out"));
            return;
        }
    };
    for trouble in &dialog.damage {
        ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
    }
    ui.label(super::would_go_words(&preview.handed));
    if !order.with_secrets && preview.handed.taken.is_empty() {
        weak_ui(ui, say("export.nothing-taken"));
    }
    ScrollArea::vertical().max_height(240.0).min_scrolled_height(240.0).auto_shrink([false, true]).show(ui, |ui| {
        let (taken, others) = preview.lines.split_at(preview.taken_lines.min(preview.lines.len()));
        for (title, lines) in [("export.taken-lines", taken), ("export.other-lines", others)] {
            if !lines.is_empty() && !taken.is_empty() {
                weak_ui(ui, say(title));
            }
            for line in lines {
                ui.add(Label::new(labelled(ui, line)).selectable(true).wrap());
            }
        }
    });
}

/// A line in which what stands for a secret is easily seen.
fn labelled(ui: &Ui, line: &str) -> LayoutJob {
    let font = TextStyle::Monospace.resolve(ui.style());
    let plain = TextFormat::simple(font, ui.visuals().text_color());
    let marked = TextFormat { color: palette(ui).strong, background: ui.visuals().code_bg_color, ..plain.clone() };
    let mut job = LayoutJob::default();
    let mut done = 0;
    for label in LABEL.as_ref().into_iter().flat_map(|label| label.find_iter(line)) {
        job.append(&line[done..label.start()], 0.0, plain.clone());
        job.append(label.as_str(), 0.0, marked.clone());
        done = label.end();
    }
    job.append(&line[done..], 0.0, plain);
    job
}

/// Gives whether the dialog is done.
fn buttons_ui(ui: &mut Ui, dialog: &mut ExportDialog, errands: &mut Vec<Errand>) -> bool {
    let order = dialog.order();
    ui.add_space(8.0);
    if let Some(Saving { writing, .. }) = &dialog.saving {
        let how = writing.as_ref().map(|(path, events)| writing_words(path, *events));
        line_ui(ui, RichText::new(how.unwrap_or_else(|| say("export.choosing"))).color(palette(ui).weak));
    }
    if let Some(trouble) = &dialog.failed {
        ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
    }
    ui.horizontal(|ui| {
        if let Some(Saving { writing: Some((path, _)), .. }) = &dialog.saving
            && ui.button(say("export.stop")).clicked()
        {
            errands.push(Errand::Stop(path.clone()));
        }
        let ready = order.is_ok() && dialog.saving.is_none();
        let save = ui.add_enabled(ready, Button::new(say("export.save")));
        let test = ui.add_enabled(ready, Button::new(say("export.save-test")));
        let test = test.on_hover_text(say("export.save-test-hint"));
        if let (Ok(order), true) = (order, save.clicked() || test.clicked()) {
            dialog.failed = None;
            dialog.saving = Some(Saving { order: order.clone(), writing: None });
            errands.push(if save.clicked() { Errand::Save(order) } else { Errand::SaveTest(order) });
        }
        ui.button(say("dialog.close")).clicked()
    })
    .inner
}

/// Draws what became of files that are written. Gives the one that is to be given up.
pub fn reports_ui(ui: &mut Ui, reports: &mut Reports) -> Option<Errand> {
    let (mut away, mut stop) = (None, None);
    for (place, (path, report)) in reports.0.iter().enumerate() {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let Report::Writing(_) = report {
                    if ui.button(say("export.stop")).clicked() {
                        stop = Some(Errand::Stop(path.clone()));
                    }
                } else if sign_ui(ui, "×", &say("export.put-away")).clicked() {
                    away = Some(place);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let (text, colour) = match report {
                        Report::Writing(events) => (writing_words(path, *events), palette(ui).weak),
                        Report::Written(written) => (written_words(written), palette(ui).strong),
                        Report::Failed(trouble) => (words::trouble(trouble).joined(), palette(ui).bad),
                    };
                    line_ui(ui, RichText::new(text).color(colour));
                });
            });
        });
        if let Report::Written(written) = report {
            for trouble in &written.damage {
                ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
            }
        }
    }
    if let Some(place) = away {
        reports.0.remove(place);
    }
    stop
}

fn written_words(Written { files, handed, .. }: &Written) -> String {
    let files: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    tell("export.written", &[("path", &files.join(", ")), ("what", &handed_words(handed))])
}
