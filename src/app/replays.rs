//! The window's replays: the dialog they are ordered in, and the strip they are steered by, over whatever is shown.

use super::Workbench;
use crate::bench::Action;
use crate::ui::replaying::{ReplayDialog, ReplayOf, Strip, replay_dialog_ui, shown, strip_ui};
use crate::ui::theme;
use crate::ui::wish::Wish;
use eframe::egui;
use eframe::egui::{Frame, Margin, Panel};

/// What the window remembers of replays.
#[derive(Default)]
pub struct Replays {
    dialog: Option<ReplayDialog>,
    strip: Strip,
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
        let background = &*self.wiring.logs.background;
        replay_dialog_ui(ui, &mut self.replays.dialog, (&self.model.bench, &own), background)
    }

    /// Draws the strip while there is something to tell.
    pub(super) fn replay_strip(&mut self, ui: &mut egui::Ui) -> Vec<Wish> {
        let strip = &mut self.replays.strip;
        strip.ahead.keep_up(&self.model.bench);
        let replays = shown(&self.model.bench, &strip.put_away);
        if replays.is_empty() {
            return Vec::new();
        }
        let fill = theme::palette(ui).raised;
        let frame = Frame::new().fill(fill).inner_margin(Margin::symmetric(10, 3));
        Panel::top("replays").frame(frame).show(ui, |ui| strip_ui(ui, &replays, strip)).inner
    }

    /// Hands an action to the session; of a replay it remembers what is going to be sent.
    pub(super) fn act(&mut self, action: Action) {
        if let Action::Replay(order) = &action {
            self.replays.strip.ahead.order(order);
        }
        (self.wiring.act)(action);
    }
}
