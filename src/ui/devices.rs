//! The list of devices.

use super::entry::{EntryView, Touch, entry_ui};
use super::model::Model;
use super::pieces::{Light, button_ui, choice_ui, pane_ui, title_ui, weak_ui};
use super::state::{DeviceDraft, Dialog, WindowState};
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::bench::{Action, Device, SimulatedOrder};
use crate::device::console_name;
use crate::dialect;
use crate::event::DeviceId;
use crate::upgrade::State;
use eframe::egui::{Align, Layout, ScrollArea, Ui};

/// The list of devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DevicesView {
    /// Each device; whether it is one of our simulated ones.
    pub entries: Vec<(DeviceId, EntryView, bool)>,
    /// What the dialog for each device begins with, in the same order.
    pub drafts: Vec<DeviceDraft>,
    /// The dialect a simulated device would speak.
    pub dialect: String,
    /// Whether none can be added, for they are of the past.
    pub fixed: bool,
    /// Whether the offer of a simulated device stands here (else the middle of the window makes it).
    pub offers_simulation: bool,
}

/// Works the list out.
#[must_use]
pub fn view(model: &Model, state: &WindowState) -> DevicesView {
    let entries: Vec<_> = model
        .shown()
        .devices()
        .map(|(id, device)| (id.clone(), entry(id, device, model, state), is_simulated(id, model)))
        .collect();
    let drafts = model.shown().devices().map(|(id, device)| draft(id, device, state)).collect();
    let fixed = state.is_past();
    let offers_simulation = !entries.is_empty() && !fixed;
    DevicesView { entries, drafts, dialect: state.settings.dialect.clone(), fixed, offers_simulation }
}

fn entry(id: &DeviceId, device: &Device, model: &Model, state: &WindowState) -> EntryView {
    let (light, meaning) = match device.online {
        Some(true) => (Light::On, say("device.online")),
        Some(false) => (Light::Off, say("device.offline")),
        None => (Light::Unknown, say("device.presence-unknown")),
    };
    let version = device.version(None).unwrap_or_default();
    let right = match model.shown().latest_case(id).map(|case| case.upgrade.state()) {
        Some(State::Downloading { percent } | State::Burning { percent }) => format!("{percent} %"),
        Some(state @ (State::Queued | State::Offered | State::Restarting)) => words::state(state),
        _ => version.to_owned(),
    };
    let dialect = device.dialect().map_or_else(|| say("device.no-dialect"), str::to_owned);
    let seen = match device.last_seen {
        Some(at) => tell("device.seen", &[("time", &short_time(&state.time(at, model)))]),
        None => say("device.never-seen"),
    };
    let secret = if device.has_secret { format!(" · {}", say("device.has-secret")) } else { String::new() };
    // Only what came after it was last let in is still true.
    let refused = device.refused.as_ref().map(|(_, trouble)| words::trouble(trouble).joined());
    let below = match &refused {
        Some(why) => tell("device.refused", &[("why", why)]),
        None => format!("{dialect}{secret} · {seen}"),
    };
    EntryView {
        light: Some(light),
        meaning,
        title: id.device.to_string(),
        right,
        below,
        troubled: refused.is_some(),
        chosen: state.device.as_ref() == Some(id),
        fixed: state.is_past(),
    }
}

/// The dialog for a device begins with what is known of it, its secret left out.
fn draft(id: &DeviceId, device: &Device, state: &WindowState) -> DeviceDraft {
    DeviceDraft {
        known: Some(id.clone()),
        product: id.product.to_string(),
        device: id.device.to_string(),
        dialect: device.dialect().map_or_else(|| state.settings.dialect.clone(), str::to_owned),
        has_secret: device.has_secret,
        ..DeviceDraft::default()
    }
}

/// A list needs no milliseconds.
fn short_time(time: &str) -> &str {
    time.rsplit_once('.').map_or(time, |(whole, _)| whole)
}

/// A simulated device's console bears its name.
fn is_simulated(id: &DeviceId, model: &Model) -> bool {
    let console = console_name(id);
    model.shown().ports().any(|(name, port)| port.state.is_ok() && name == console)
}

/// Draws the list.
pub fn devices_ui(ui: &mut Ui, view: &DevicesView) -> (Vec<Wish>, Option<String>) {
    let (mut wishes, mut dialect) = (Vec::new(), None);
    pane_ui(ui, &say("pane.devices"), |ui| {
        ui.horizontal(|ui| {
            title_ui(ui, &say("pane.devices"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if !view.fixed && button_ui(ui, say("device.add")).clicked() {
                    let draft = DeviceDraft { dialect: view.dialect.clone(), ..DeviceDraft::default() };
                    wishes.push(Wish::Open(Dialog::Device(draft)));
                }
            });
        });
        if view.entries.is_empty() {
            weak_ui(ui, say(if view.fixed { "past.no-device" } else { "device.none" }));
        }
        if view.offers_simulation {
            dialect = simulate_ui(ui, &view.dialect, &mut wishes);
        }
        ScrollArea::vertical().id_salt("devices").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for ((id, entry, simulated), draft) in view.entries.iter().zip(&view.drafts) {
                device_ui(ui, (id, entry), draft, *simulated, &mut wishes);
            }
        });
    });
    (wishes, dialect)
}

fn device_ui(
    ui: &mut Ui,
    (id, entry): (&DeviceId, &EntryView),
    draft: &DeviceDraft,
    simulated: bool,
    wishes: &mut Vec<Wish>,
) {
    let more = |ui: &mut Ui, wishes: &mut Vec<Wish>| {
        if ui.button(say("device.edit")).clicked() {
            wishes.push(Wish::Open(Dialog::Device(draft.clone())));
        }
        if simulated && ui.button(say("device.stop-simulated")).clicked() {
            wishes.push(Action::StopSimulatedDevice(id.clone()).into());
        }
    };
    match ui.push_id(id, |ui| entry_ui(ui, entry, |ui| more(ui, wishes))).inner {
        Some(Touch::Chosen) => wishes.push(Wish::SelectDevice(id.clone())),
        Some(Touch::Removed) => wishes.push(Action::RemoveDevice(id.clone()).into()),
        None => {}
    }
}

/// The offer of a simulated device, with its dialect beside it. Gives the dialect when another was chosen.
pub fn simulate_ui(ui: &mut Ui, dialect: &str, wishes: &mut Vec<Wish>) -> Option<String> {
    ui.horizontal(|ui| {
        if button_ui(ui, say("device.simulate")).clicked() {
            wishes.push(
                Action::StartSimulatedDevice(SimulatedOrder {
                    behaviour: None,
                    dialect: dialect.to_owned(),
                    ..SimulatedOrder::default()
                })
                .into(),
            );
        }
        let choices = dialect::ALL.iter().map(|dialect| (dialect.id().to_owned(), dialect.id().to_owned()));
        choice_ui(ui, "simulated dialect", &say("device.dialect-of-simulated"), 56.0, &dialect.to_owned(), choices)
    })
    .inner
}
