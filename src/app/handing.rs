//! The window's errands with captures: the dialogs in which they are ordered, and what is told of them.

use super::Workbench;
use crate::ui::captures::Ask;
use crate::ui::compare_dialog::{CompareDialog, Named, Visit, compare_dialog_ui};
use crate::ui::handing::{Done, Errand, ExportDialog, Reports, export_dialog_ui, reports_ui};
use crate::ui::theme;
use eframe::egui;
use eframe::egui::{Frame, Margin, Panel};
use std::path::PathBuf;

/// What the window remembers of what is handed on.
#[derive(Default)]
pub struct Handing {
    export: Option<ExportDialog>,
    compare: Option<CompareDialog>,
    /// An event that is shown as soon as its capture is open and read so far.
    pub(super) visit: Option<Visit>,
    reports: Reports,
}

impl Handing {
    /// Whether a dialog stands over the screen.
    pub const fn covers(&self) -> bool {
        self.export.is_some() || self.compare.is_some()
    }
}

impl Workbench {
    pub(super) fn open_export(&mut self, path: PathBuf, name: String) {
        self.handing.export = Some(ExportDialog::new(path, name));
    }

    pub(super) fn open_comparison(&mut self, a: Named, b: Named) {
        (self.wiring.captures.ask)(Ask::Errand(Errand::Compare(a.0.clone(), b.0.clone())));
        self.handing.compare = Some(CompareDialog::new(a, b));
    }

    /// Takes in what became of errands.
    pub(super) fn hear_of_errands(&mut self) {
        for done in (self.wiring.captures.done)() {
            match done {
                Done::Preview(order, preview) => {
                    if let Some(dialog) = &mut self.handing.export {
                        dialog.take(order, preview);
                    }
                }
                Done::Compared(both, compared) => {
                    if let Some(dialog) = &mut self.handing.compare {
                        dialog.take(&both, compared);
                    }
                }
                Done::Begun(path) => self.handing.reports.take(path, None),
                Done::Saved(path, ended) => self.handing.reports.take(path, Some(ended)),
            }
        }
    }

    /// Draws the dialogs that are open.
    pub(super) fn handing_dialogs(&mut self, ui: &mut egui::Ui) {
        for errand in export_dialog_ui(ui, &mut self.handing.export) {
            (self.wiring.captures.ask)(Ask::Errand(errand));
        }
        if let Some(visit) = compare_dialog_ui(ui, &mut self.handing.compare) {
            self.visit(visit);
        }
    }

    /// Draws what is told of files that were written.
    pub(super) fn reports_strip(&mut self, ui: &mut egui::Ui) {
        if self.handing.reports.is_empty() {
            return;
        }
        let fill = theme::palette(ui).raised;
        let frame = Frame::new().fill(fill).inner_margin(Margin::symmetric(10, 3));
        let reports = &mut self.handing.reports;
        Panel::top("reports").frame(frame).show(ui, |ui| reports_ui(ui, reports));
    }
}
