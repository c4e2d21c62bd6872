//! The dialog for one device: its names, its dialect and its secret.

use super::dialogs::{buttons_ui, field_ui, heading_ui};
use super::pieces::choice_ui;
use super::state::DeviceDraft;
use super::wish::Wish;
use super::words::{say, tell};
use crate::bench::Action;
use crate::dialect;
use crate::event::{DeviceId, Secret};
use eframe::egui::{Grid, TextEdit, Ui};

/// Draws the dialog. Gives whether it was confirmed, and whether it was left.
pub(super) fn device_dialog_ui(ui: &mut Ui, draft: &mut DeviceDraft, wishes: &mut Vec<Wish>) -> (bool, bool) {
    let is_new = draft.known.is_none();
    match &draft.known {
        None => heading_ui(ui, say("device.add-title"), say("device.add-hint")),
        Some(device) => heading_ui(ui, say("device.edit-title"), device.to_string()),
    }
    Grid::new("device").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        ui.label(say("device.dialect"));
        let choices = dialect::ALL.iter().map(|dialect| (dialect.id().to_owned(), dialect.id().to_owned()));
        let chosen = choice_ui(ui, "dialect", &say("device.dialect"), 120.0, &draft.dialect, choices);
        draft.dialect = chosen.unwrap_or_else(|| std::mem::take(&mut draft.dialect));
        ui.end_row();
        if is_new {
            field_ui(ui, "device.product", "70ly1tvowt696r15", &mut draft.product);
            field_ui(ui, "device.device", "lamp-01", &mut draft.device);
        }
        secret_ui(ui, draft);
    });
    let id = format!("{}/{}", draft.product.trim(), draft.device.trim());
    let refused = tell("trouble.bad-device.cause", &[("text", &id)]);
    let id = draft.known.clone().or_else(|| id.parse().ok());
    let confirm = say(if is_new { "dialog.add" } else { "dialog.save" });
    let (confirmed, closed) = buttons_ui(ui, confirm, if id.is_some() { None } else { Some(&refused) });
    if let Some(device) = id.filter(|_| confirmed) {
        wishes.push(Wish::SelectDevice(device.clone()));
        wishes.extend(asked_for(device, draft).into_iter().map(Wish::from));
    }
    (confirmed, closed)
}

/// The secret is typed unseen, and one that is set is never shown.
fn secret_ui(ui: &mut Ui, draft: &mut DeviceDraft) {
    let label = ui.label(say("device.secret"));
    let hint = say(if draft.has_secret { "device.secret-kept" } else { "device.secret-hint" });
    let field = TextEdit::singleline(draft.secret.typed()).password(true).desired_width(270.0).hint_text(hint);
    ui.add_enabled(!draft.forget_secret, field).labelled_by(label.id);
    ui.end_row();
    if draft.has_secret {
        ui.label("");
        ui.checkbox(&mut draft.forget_secret, say("device.forget-secret"));
        ui.end_row();
    }
}

/// What is to be done about what was typed.
fn asked_for(device: DeviceId, draft: &DeviceDraft) -> Vec<Action> {
    let typed = Secret::new(draft.secret.reveal().trim());
    let mut actions = vec![Action::AddDevice { device: device.clone(), dialect: draft.dialect.clone() }];
    if draft.forget_secret {
        actions.push(Action::SetSecret { device, secret: None });
    } else if !typed.is_empty() {
        actions.push(Action::SetSecret { device, secret: Some(typed) });
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::{Action, DeviceDraft, asked_for};
    use crate::event::{DeviceId, Secret};

    fn check(secret: &str, forget_secret: bool, expected: &[Option<Secret>]) {
        let device = DeviceId::new("P", "D");
        let draft =
            DeviceDraft { dialect: "uiot".into(), secret: secret.into(), forget_secret, ..DeviceDraft::default() };
        let added = Action::AddDevice { device: device.clone(), dialect: "uiot".into() };
        let set = expected.iter().cloned().map(|secret| Action::SetSecret { device: device.clone(), secret });
        let expected: Vec<_> = std::iter::once(added).chain(set).collect();
        assert_eq!(asked_for(device, &draft), expected);
    }

    #[test]
    fn an_empty_field_leaves_the_secret_as_it_is() {
        check("", false, &[]);
        check(" \t", false, &[]);
        check(" hly3dk1u ", false, &[Some("hly3dk1u".into())]);
        check("", true, &[None]);
        check("hly3dk1u", true, &[None]);
    }
}
