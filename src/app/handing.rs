//! The window's errands with captures: the dialogs in which they are ordered, and what is told of them.

use super::Workbench;
use crate::event::Trouble;
use crate::replay::Filter;
use crate::ui::captures::Ask;
use crate::ui::compare_dialog::{CompareDialog, Named, Visit, compare_dialog_ui};
use crate::ui::handing::{Done, Errand, ExportDialog, Order, Report, Reports, export_dialog_ui, reports_ui};
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

    /// Nothing was saved: the dialog in which it was ordered says why, or a report when that is closed by now.
    fn unsaved(&mut self, order: &Order, path: PathBuf, why: Option<Trouble>) {
        self.reports.forget(&path);
        let told = self.export.as_mut().is_some_and(|dialog| dialog.ends(order, why.clone()));
        if let (Some(trouble), false) = (why, told) {
            self.reports.take(path, Report::Failed(trouble));
        }
    }
}

impl Workbench {
    pub(super) fn open_export(&mut self, path: PathBuf, name: String, only: &Filter) {
        self.handing.export = Some(ExportDialog::new(path, name, only));
    }

    pub(super) fn open_comparison(&mut self, a: Named, b: Named) {
        (self.wiring.captures.ask)(Ask::Errand(Errand::Compare(a.0.clone(), b.0.clone())));
        self.handing.compare = Some(CompareDialog::new(a, b));
    }

    /// Takes in what became of errands, and what could not be asked for.
    pub(super) fn hear_of_errands(&mut self) {
        for trouble in (self.wiring.troubles)() {
            self.handing.reports.take(PathBuf::new(), Report::Failed(trouble));
        }
        for done in (self.wiring.captures.done)() {
            match done {
                Done::Preview(order, damage, preview) => {
                    if let Some(dialog) = &mut self.handing.export {
                        dialog.take(order, damage, preview);
                    }
                }
                Done::Compared(both, compared) => {
                    if let Some(dialog) = &mut self.handing.compare {
                        dialog.take(&both, compared);
                    }
                }
                Done::Unsaved(order, why) => self.handing.unsaved(&order, order.path.clone(), why),
                Done::Writing(order, path, events) => {
                    if let Some(dialog) = &mut self.handing.export {
                        dialog.writes(&order, &path, events);
                    }
                    self.handing.reports.take(path, Report::Writing(events));
                }
                Done::Saved(order, path, Ok(Some(written))) => {
                    self.handing.export.take_if(|dialog| dialog.ends(&order, None));
                    self.handing.reports.take(path, Report::Written(written));
                }
                Done::Saved(order, path, ended) => self.handing.unsaved(&order, path, ended.err()),
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
        if let Some(errand) = Panel::top("reports").frame(frame).show(ui, |ui| reports_ui(ui, reports)).inner {
            (self.wiring.captures.ask)(Ask::Errand(errand));
        }
    }
}
