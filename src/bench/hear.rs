//! What a device says, taken in: who speaks, in which dialect, of which upgrade.

use super::{Bench, Case, Effect};
use crate::dialect::{Decoded, Defect, Dialect};
use crate::event::{ClientName, DeviceId, Micros, UpgradeId};
use crate::upgrade::{About, Report, Said, State};

/// The same progress again this soon is said twice, not still true.
const SAID_TWICE: Micros = Micros::from_millis(200);
/// Blocks of firmware that may wait for a device to take them; a mad one cannot fill our memory with them.
const MOST_BLOCKS: u32 = 32;

/// A message as the broker told of it.
pub(super) struct Heard<'a> {
    /// The event.
    pub seq: u64,
    /// Who sent it; an external broker does not say.
    pub client: Option<&'a ClientName>,
    pub topic: &'a str,
    pub payload: &'a [u8],
    /// Kept by somebody else's broker from before: not what the device says now.
    pub stale: bool,
}

impl Bench {
    pub(super) fn hear(&mut self, heard: &Heard<'_>, effects: &mut Vec<Effect>) {
        let Heard { seq, client, topic, payload, stale } = *heard;
        let Some((dialect, decoded)) = self.decode(topic, payload) else { return };
        let now = self.now;
        let Decoded { device: id, said, defects } = decoded;
        if let Some(client) = client {
            self.clients.adopt(client, &id);
        }
        let speaks_for_it = client.filter(|client| self.clients.device(client) == Some(&id)).cloned();
        let Some(device) = self.meet(&id) else { return };
        if stale {
            return device.defects.note(seq, Defect { code: "stale-retained", at: topic.to_owned() });
        }
        if device.client.is_none() && speaks_for_it.is_some() {
            (device.online, device.client) = (Some(true), speaks_for_it);
        }
        device.last_seen = Some(now);
        device.expected.get_or_insert_with(|| dialect.id().to_owned());
        // Every device of a cloud asks for its secret in the same words.
        if said.iter().any(|said| !matches!(said.report, Report::PasswordAsked { .. })) {
            device.spoken = Some(dialect.id().to_owned());
            self.note_spoken(&id, dialect.id());
        }
        let Some(device) = self.meet(&id) else { return };
        for defect in defects {
            device.defects.note(seq, defect);
        }
        for said in said {
            self.take_report(seq, dialect, &id, said, effects);
        }
    }

    /// An upgrade that is over is judged by what the device spoke then.
    fn note_spoken(&mut self, id: &DeviceId, dialect: &str) {
        let of_device = self.cases.iter_mut().filter(|case| case.order.device == *id);
        for case in of_device.filter(|case| case.spoken.is_none() || case.upgrade.state().outcome().is_none()) {
            if case.spoken.as_deref() != Some(dialect) {
                case.spoken = Some(dialect.to_owned());
            }
        }
    }

    fn take_report(
        &mut self,
        seq: u64,
        dialect: &'static dyn Dialect,
        id: &DeviceId,
        said: Said,
        effects: &mut Vec<Effect>,
    ) {
        let Said { module, about, report } = said;
        let success = matches!(report, Report::Succeeded { .. });
        if !success {
            self.note_version(seq, dialect, id, module.as_deref(), &report);
        }
        let module = self.module_meant(seq, id, module);
        if success {
            self.note_version(seq, dialect, id, module.as_deref(), &report);
        }
        let before = effects.len();
        let meant = match &report {
            // The stream is one upgrade's own.
            Report::BlockAsked { block, .. } => self.upgrade_streaming(id, block.stream),
            _ => self.upgrade_meant(id, module.as_deref(), &about),
        };
        match meant {
            Some(upgrade) => self.tell_upgrade(seq, id, upgrade, &report, effects),
            None if about != About::Latest && self.cases.iter().any(|case| case.order.device == *id) => {
                let at = match about {
                    About::Version(at) | About::Task(at) => at,
                    About::Latest => String::new(),
                };
                if let Some(device) = self.devices.get_mut(id) {
                    device.defects.note(seq, Defect { code: "other-upgrade", at });
                }
            }
            None => {}
        }
        match report {
            Report::Asked { reply: Some(reply), .. } if effects.len() == before => {
                if let Some(message) = dialect.nothing_pending(&reply) {
                    self.post(id, None, message, effects);
                }
            }
            Report::BlockAsked { block, reply } => {
                let Some(device) = self.devices.get_mut(id) else { return };
                // An external broker does not tell what it has handed over.
                if device.blocks.0 >= MOST_BLOCKS && !self.external {
                    return device.defects.note(seq, Defect { code: "block-flood", at: String::new() });
                }
                device.blocks = (device.blocks.0 + 1, reply.topic.clone());
                effects.push(Effect::ServeBlock { device: id.clone(), dialect: dialect.id(), reply, block });
            }
            Report::PasswordAsked { reply } => {
                effects.push(Effect::TellPassword { device: id.clone(), dialect: dialect.id(), reply });
            }
            _ => {}
        }
    }

    fn note_version(&mut self, seq: u64, dialect: &dyn Dialect, id: &DeviceId, module: Option<&str>, report: &Report) {
        let Some(device) = self.devices.get_mut(id) else { return };
        let (Report::Version { version }
        | Report::Succeeded { version: Some(version) }
        | Report::Asked { version: Some(version), .. }) = report
        else {
            return;
        };
        if dialect.rules().placeholder_versions.contains(&version.as_str()) {
            device.defects.note(seq, Defect { code: "placeholder-version", at: version.clone() });
        } else {
            device.runs(module, version);
        }
    }

    /// The module a device means: one that it never spoke of and nobody pushed is a stock SDK sample's, and the device means
    /// the only firmware it has.
    fn module_meant(&mut self, seq: u64, id: &DeviceId, module: Option<String>) -> Option<String> {
        let ordered = |case: &Case| case.order.device == *id && case.order.module == module;
        let device = self.devices.get_mut(id)?;
        if device.knows_module(module.as_deref()) || self.cases.iter().any(ordered) {
            return module;
        }
        device.defects.note(seq, Defect { code: "unknown-module", at: module.unwrap_or_default() });
        None
    }

    fn upgrade_streaming(&self, id: &DeviceId, stream: u64) -> Option<UpgradeId> {
        let mine = |case: &&Case| case.order.device == *id && case.order.extras.stream == Some(stream);
        self.cases.iter().rev().find(mine).map(|case| case.order.upgrade)
    }

    /// The latest upgrade that a report can be about.
    fn upgrade_meant(&self, id: &DeviceId, module: Option<&str>, about: &About) -> Option<UpgradeId> {
        let mut of_device = self.cases.iter().rev().filter(|case| case.order.device == *id);
        let meant = of_device.find(|case| match about {
            About::Latest => case.order.module.as_deref() == module,
            About::Version(version) => case.order.module.as_deref() == module && case.order.version == *version,
            About::Task(task) => case.order.task.as_ref() == Some(task),
        });
        meant.map(|case| case.order.upgrade)
    }

    fn tell_upgrade(
        &mut self,
        seq: u64,
        id: &DeviceId,
        upgrade: UpgradeId,
        report: &Report,
        effects: &mut Vec<Effect>,
    ) {
        let now = self.now;
        let replayed = self.is_replayed(seq);
        let device = self.devices.get_mut(id);
        if let (Some(device), Some(case)) =
            (device, self.cases.iter_mut().rev().find(|case| case.order.upgrade == upgrade))
        {
            if says_again(case, report, now) {
                device.defects.note(seq, Defect { code: "said-twice", at: String::new() });
            }
            case.last_report = Some((seq, now));
            case.reports.note(report, seq);
            if replayed && case.upgrade.state().outcome().is_none() {
                case.reports.replayed = Some(seq);
            }
            if matches!(report, Report::BlockAsked { .. }) {
                case.witness.requests += 1;
            }
            // A cloud whose devices report a task done knows the version from the task.
            if matches!(report, Report::Succeeded { version: None }) {
                device.runs(case.order.module.as_deref(), &case.order.version);
            }
        }
        self.drive(seq, upgrade, effects, |upgrade, _, now| upgrade.handle_report(report, now));
        self.kick_at_report(upgrade, report, effects);
    }
}

/// Whether the device repeats its progress of an instant ago.
fn says_again(case: &Case, report: &Report, now: Micros) -> bool {
    let same = match (case.upgrade.state(), report) {
        (State::Downloading { percent: known }, Report::Downloading { percent })
        | (State::Burning { percent: known }, Report::Burning { percent }) => known == percent,
        _ => false,
    };
    same && case.last_report.is_some_and(|(_, at)| now.since(at) < SAID_TWICE)
}
