//! The window's replays: the dialog they are ordered in, and the strip they are steered by, over whatever is shown.

use super::Workbench;
use crate::event::ReplayId;
use crate::ui::replaying::{ReplayDialog, ReplayOf, replay_dialog_ui, shown, strip_ui};
use crate::ui::theme;
use crate::ui::wish::Wish;
use eframe::egui;
use eframe::egui::{Frame, Margin, Panel};

/// What the window remembers of replays.
#[derive(Default)]
pub struct Replays {
    dialog: Option<ReplayDialog>,
    /// Replays that were over up to this one are no longer shown.
    put_away: ReplayId,
}

impl Replays {
    /// Whether the dialog stands over the screen.
    pub const fn covers(&self) -> bool {
        self.dialog.is_some()
    }
}

impl Workbench {
    /// Opens the dialog; the capture's messages are read meanwhile.
    pub(super) fn open_replay(&mut self, of: ReplayOf) {
        // Which broker is our own is told by the addresses of this machine.
        (self.wiring.look_for_ports)();
        self.replays.dialog = Some(ReplayDialog::new(of));
    }

    /// Draws the dialog, if it is open.
    pub(super) fn replay_dialog(&mut self, ui: &mut egui::Ui) -> Option<Wish> {
        for gathered in (self.wiring.captures.gathered)() {
            if let Some(dialog) = &mut self.replays.dialog {
                dialog.take(gathered);
            }
        }
        let own = self.state.plugged.own();
        replay_dialog_ui(ui, &mut self.replays.dialog, &self.model.bench, &own)
    }

    /// Draws the strip while there is something to tell.
    pub(super) fn replay_strip(&mut self, ui: &mut egui::Ui) -> Vec<Wish> {
        let replays = shown(&self.model.bench, self.replays.put_away);
        if replays.is_empty() {
            return Vec::new();
        }
        let fill = theme::palette(ui).raised;
        let frame = Frame::new().fill(fill).inner_margin(Margin::symmetric(10, 3));
        let put_away = &mut self.replays.put_away;
        Panel::top("replays").frame(frame).show(ui, |ui| strip_ui(ui, &replays, put_away)).inner
    }
}
