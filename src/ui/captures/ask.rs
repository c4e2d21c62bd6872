//! The small dialogs of the Captures screen: a name, and whether a capture is to be deleted.

use super::{Ask, CapturesState};
use crate::ui::dialogs::{buttons_ui, heading_ui, is_left};
use crate::ui::words::{say, tell};
use eframe::egui::{Id, Modal, TextEdit, Ui};

/// Draws the one that is open.
pub fn dialogs_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>) {
    naming_ui(ui, state, asks);
    deleting_ui(ui, state, asks);
}

fn naming_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>) {
    let Some((path, name)) = &mut state.naming else { return };
    let modal = Modal::new(Id::unique("name a capture")).show(ui.ctx(), |ui| {
        ui.set_width(380.0);
        heading_ui(ui, say("captures.rename-title"), say("captures.rename-hint"));
        let field =
            ui.add(TextEdit::singleline(name).desired_width(f32::INFINITY)).accessible_name(say("captures.name"));
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        buttons_ui(ui, say("dialog.save"), None)
    });
    let (confirmed, closed) = modal.inner;
    if confirmed {
        let title = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        asks.push(Ask::Title(path.clone(), title));
    }
    if confirmed || closed || is_left(&modal) {
        state.naming = None;
        state.scroll.focus = true;
    }
}

fn deleting_ui(ui: &mut Ui, state: &mut CapturesState, asks: &mut Vec<Ask>) {
    let Some(path) = state.deleting.clone() else { return };
    let Some(entry) = state.shelf.entries.iter().find(|entry| entry.path == path) else {
        state.deleting = None;
        return;
    };
    let title = tell("captures.delete-title", &[("name", &entry.title())]);
    let modal = Modal::new(Id::unique("delete a capture")).show(ui.ctx(), |ui| {
        ui.set_width(380.0);
        heading_ui(ui, title, say("captures.delete-hint"));
        buttons_ui(ui, say("captures.delete-now"), None)
    });
    let (confirmed, closed) = modal.inner;
    if confirmed {
        asks.push(Ask::Delete(path));
    }
    if confirmed || closed || is_left(&modal) {
        state.deleting = None;
        state.scroll.focus = true;
    }
}
