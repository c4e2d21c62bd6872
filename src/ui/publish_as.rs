//! As whom a message is sent by hand: as the cloud, or as a device, over a connection that signs in as it.

use super::feed::Row;
use super::model::Model;
use super::pieces::choice_ui;
use super::theme::palette;
use super::words::{self, say, tell};
use crate::bench::{Bench, Publication, ReplayOrder, Speaker};
use crate::dialect;
use crate::event::{DeviceId, Trouble};
use eframe::egui::Ui;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// As whom, and what may go wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Voice {
    /// Which device; the cloud when absent.
    pub device: Option<DeviceId>,
    /// The device whose message was taken up, with its dialect: the live bench may not know it.
    pub own: Option<(DeviceId, String)>,
    /// The event it was taken from.
    pub of: u64,
    /// The capture it was taken from.
    pub source: Option<String>,
    /// Everybody it can be sent as, with their dialects.
    devices: BTreeMap<DeviceId, String>,
    warnings: Vec<Trouble>,
    /// What was accepted of that.
    agreed: Vec<Trouble>,
}

impl Voice {
    /// Sees what the live bench has come to. `own` are the addresses of this machine.
    pub fn keep_up(&mut self, bench: &Bench, own: &[IpAddr]) {
        let dialect = |dialect: Option<&str>| dialect.unwrap_or(dialect::ALL[0].id()).to_owned();
        let known = bench.devices().map(|(id, device)| (id.clone(), dialect(device.dialect())));
        self.devices = known.chain(self.own.clone()).collect();
        // Of a message only its speaker and its target are of matter.
        let order = self.said(Publication::default());
        self.warnings = order.map(|order| bench.replay_warnings(&order, own)).unwrap_or_default();
    }

    /// The message is one of another origin; as whom it is sent stays chosen.
    pub fn forget_origin(&mut self) {
        (self.of, self.source) = (0, None);
    }

    /// The message as the device says it; as it is when it is the cloud's.
    pub fn said(&self, message: Publication) -> Result<ReplayOrder, Publication> {
        let Some(device) = &self.device else { return Err(message) };
        let dialect = self.devices.get(device).cloned().unwrap_or_default();
        let source = self.source.clone().unwrap_or_else(|| message.topic.clone());
        Ok(message.said_by(Speaker { device: Some(device.clone()), dialect, secret: None }, source, self.of))
    }

    /// Whether what may go wrong is accepted.
    pub fn check(&self) -> Result<(), String> {
        let accepted = self.warnings.iter().all(|warning| self.agreed.contains(warning));
        if accepted { Ok(()) } else { Err(say("replay.not-agreed")) }
    }

    /// Draws the choice, in a grid of two columns.
    pub fn choice_ui(&mut self, ui: &mut Ui) {
        if self.devices.is_empty() {
            return;
        }
        ui.label(say("publish.as"));
        let face = |device: &DeviceId| tell("publish.as-device", &[("device", device)]);
        let devices = self.devices.keys().map(|device| (Some(device.clone()), face(device)));
        let choices: Vec<_> = std::iter::once((None, say("publish.as-cloud"))).chain(devices).collect();
        if let Some(device) = choice_ui(ui, "as", &say("publish.as"), 270.0, &self.device, choices) {
            self.device = device;
        }
        ui.end_row();
    }

    /// Draws what may go wrong, and asks for it to be accepted.
    pub fn warnings_ui(&mut self, ui: &mut Ui) {
        if self.warnings.is_empty() {
            return;
        }
        for warning in &self.warnings {
            ui.colored_label(palette(ui).warn, words::trouble(warning).joined());
        }
        let mut agreed = self.check().is_ok();
        if ui.checkbox(&mut agreed, say("publish.agree")).changed() {
            self.agreed = if agreed { self.warnings.clone() } else { Vec::new() };
        }
    }
}

/// The device that said this, and its dialect.
pub(super) fn speaker(model: &Model, topic: &str, row: &Row) -> Option<(DeviceId, String)> {
    let device = dialect::owner(topic).or_else(|| row.device.as_deref().cloned())?;
    let known = model.bench.device(&device).and_then(|known| known.dialect()).map(str::to_owned);
    let spelt = || dialect::ALL.iter().find(|dialect| dialect.owns_topic(&device, topic));
    let dialect = known
        .or_else(|| spelt().map(|dialect| dialect.id().to_owned()))
        .unwrap_or_else(|| dialect::ALL[0].id().to_owned());
    Some((device, dialect))
}
