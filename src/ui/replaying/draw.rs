//! Draws the dialog for sending a capture's messages again.

use super::{Form, ReplayDialog, Which};
use crate::bench::{Action, Bench, OnDrop, ReplayTarget, Speed};
use crate::console::Job;
use crate::replay::Plan;
use crate::ui::dialogs::{buttons_ui, field_ui, heading_ui, is_left};
use crate::ui::pieces::{choice_ui, weak_ui};
use crate::ui::theme::palette;
use crate::ui::wish::Wish;
use crate::ui::words::{self, say, tell};
use eframe::egui::{Grid, Id, Modal, ScrollArea, TextEdit, Ui};
use std::collections::BTreeSet;
use std::net::IpAddr;

const SPEEDS: [Speed; 12] = [
    Speed::Times(0.1),
    Speed::Times(0.2),
    Speed::Times(0.5),
    Speed::Times(1.0),
    Speed::Times(2.0),
    Speed::Times(5.0),
    Speed::Times(10.0),
    Speed::Times(20.0),
    Speed::Times(50.0),
    Speed::Times(100.0),
    Speed::Max,
    Speed::Step,
];

/// Draws the dialog over whatever is shown; it would replay into, or beside, this bench, on a machine with
/// these addresses. Closes it when it is done. `background` does work away from the window, which is drawn again then.
pub fn replay_dialog_ui(
    ui: &mut Ui,
    open: &mut Option<ReplayDialog>,
    (bench, own): (&Bench, &[IpAddr]),
    background: &dyn Fn(Job),
) -> Option<Wish> {
    let dialog = open.as_mut()?;
    if let Some(job) = dialog.work_out(bench) {
        background(job);
    }
    let modal = Modal::new(Id::unique("replay")).show(ui.ctx(), |ui| {
        ui.set_width(560.0);
        heading_ui(ui, tell("replay.title", &[("name", &dialog.of.name)]), say("replay.hint"));
        form_ui(ui, dialog);
        let order = outcome_ui(ui, dialog, bench, own);
        let (confirmed, closed) = buttons_ui(ui, say("replay.begin"), order.as_ref().err().map(String::as_str));
        (order.is_ok() && confirmed, closed)
    });
    let (confirmed, closed) = modal.inner;
    let closed = closed || is_left(&modal);
    if !confirmed {
        if closed {
            *open = None;
        }
        return None;
    }
    match open.take()?.planned? {
        (_, Ok(plan)) => Some(Action::Replay(Box::new(plan.order)).into()),
        _ => None,
    }
}

fn form_ui(ui: &mut Ui, dialog: &mut ReplayDialog) {
    let ReplayDialog { of, form, devices, .. } = dialog;
    Grid::new("replay").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        let mut whiches = vec![(Which::All, say("replay.all"))];
        whiches.extend(devices.iter().map(|device| (Which::Device(device.clone()), device.to_string())));
        if !of.rows.is_empty() {
            let n = words::count(of.rows.len() as u64);
            whiches.push((Which::Rows, tell("replay.rows", &[("n", &n)])));
        }
        whiches.push((Which::Filter, say("replay.filtered")));
        pick_ui(ui, "replay.messages", &mut form.which, whiches);
        if form.which == Which::Filter {
            field_ui(ui, "replay.filter", "device:P/D topic:… from:12.5s to:1m text:…", &mut form.filter);
        }
        let ways = [(false, say("replay.upstream")), (true, say("replay.downstream"))];
        pick_ui(ui, "replay.way", &mut form.downstream, ways);
        pick_ui(ui, "replay.target", &mut form.elsewhere, [(false, say("replay.here")), (true, say("replay.there"))]);
        if form.elsewhere {
            field_ui(ui, "replay.url", "mqtt://user:password@host:1883", &mut form.url);
        }
        identity_ui(ui, form);
        pick_ui(ui, "replay.speed", &mut form.speed, SPEEDS.map(|speed| (speed, face(speed))));
        field_ui(ui, "replay.rounds", "1", &mut form.rounds);
        let drops = [(OnDrop::Resume, say("replay.drop-resume")), (OnDrop::Stop, say("replay.drop-stop"))];
        pick_ui(ui, "replay.on-drop", &mut form.on_drop, drops);
    });
}

fn pick_ui<T: PartialEq + Clone>(
    ui: &mut Ui,
    key: &str,
    chosen: &mut T,
    choices: impl IntoIterator<Item = (T, String)>,
) {
    ui.label(say(key));
    if let Some(choice) = choice_ui(ui, key, &say(key), 270.0, chosen, choices) {
        *chosen = choice;
    }
    ui.end_row();
}

fn identity_ui(ui: &mut Ui, form: &mut Form) {
    field_ui(ui, "replay.identity", &say("replay.identity-hint"), &mut form.identity);
    if !form.identity.trim().is_empty() {
        let label = ui.label(say("replay.secret"));
        let field = TextEdit::singleline(form.secret.typed()).password(true).desired_width(270.0);
        ui.add(field.hint_text(say("replay.secret-hint"))).labelled_by(label.id);
        ui.end_row();
    }
}

fn face(speed: Speed) -> String {
    match speed {
        Speed::Times(times) => format!("{times} ×"),
        Speed::Max => say("past.fastest"),
        Speed::Step => say("replay.by-step"),
    }
}

/// What would be sent, and what is to be known before. Whether it can begin, or why it cannot.
fn outcome_ui(ui: &mut Ui, dialog: &mut ReplayDialog, bench: &Bench, own: &[IpAddr]) -> Result<(), String> {
    ui.add_space(6.0);
    match &dialog.events {
        None => {
            weak_ui(ui, say("replay.reading"));
            return Err(say("replay.reading"));
        }
        Some(Err(trouble)) => {
            let why = words::trouble(trouble).joined();
            ui.colored_label(palette(ui).bad, &why);
            return Err(why);
        }
        Some(Ok(_)) => {}
    }
    let Some((_, planned)) = dialog.planned.as_ref().filter(|(form, _)| *form == dialog.form) else {
        // What was just typed is begun with in the next frame; what is under way has the window drawn when it is done.
        if dialog.has_news() {
            ui.ctx().request_repaint();
        }
        weak_ui(ui, say("replay.working"));
        return Err(say("replay.working"));
    };
    let plan = match planned {
        Ok(plan) => plan,
        Err(why) => {
            ui.colored_label(palette(ui).warn, why);
            return Err(why.clone());
        }
    };
    let warnings = bench.replay_warnings(&plan.order, own);
    ui.label(summary(plan));
    ScrollArea::vertical().max_height(150.0).min_scrolled_height(150.0).show(ui, |ui| {
        for note in &plan.notes {
            weak_ui(ui, format!("{}: {}", say("cli.replay-note"), words::trouble(note).joined()));
        }
        for warning in &warnings {
            ui.colored_label(palette(ui).warn, words::trouble(warning).joined());
        }
    });
    if warnings.is_empty() {
        return Ok(());
    }
    let mut agreed = warnings.iter().all(|warning| dialog.agreed.contains(warning));
    if ui.checkbox(&mut agreed, say("replay.agree")).changed() {
        dialog.agreed = if agreed { warnings } else { Vec::new() };
    }
    if agreed { Ok(()) } else { Err(say("replay.not-agreed")) }
}

/// How many messages go where, as whom, and how long that takes.
fn summary(plan: &Plan) -> String {
    let order = &plan.order;
    let devices: BTreeSet<_> = order.devices().map(ToString::to_string).collect();
    let devices = devices.into_iter().collect::<Vec<_>>().join(", ");
    let who = match (devices.as_str(), order.downstream) {
        ("", _) => say("cli.replay-as-client"),
        (devices, true) => tell("cli.replay-to", &[("devices", &devices)]),
        (devices, false) => tell("cli.replay-as", &[("devices", &devices)]),
    };
    let target = match &order.target {
        ReplayTarget::Here => say("replay.here"),
        ReplayTarget::Broker(url) => crate::event::mask_password(url),
    };
    let takes = |length| tell("cli.replay-takes", &[("time", &words::duration(length))]);
    let length = order.length().map_or_else(|| say("cli.replay-no-time"), takes);
    let (n, rounds) = (words::count(order.messages()), words::count(order.rounds));
    let all: [(&str, &dyn std::fmt::Display); 6] = [
        ("source", &order.source),
        ("target", &target),
        ("who", &who),
        ("n", &n),
        ("rounds", &rounds),
        ("length", &length),
    ];
    tell("cli.replay-plan", &all)
}
