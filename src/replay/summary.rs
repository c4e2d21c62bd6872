//! What a capture comes to, in a few lines that do not depend on language or machine.

use crate::bench::{Bench, Case};
use crate::capture::Capture;
use crate::diagnosis;
use crate::dialect;
use crate::event::{DeviceId, Micros};
use crate::upgrade::{Failure, State};
use std::fmt;

/// One upgrade of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Who.
    pub device: DeviceId,
    /// The target version.
    pub version: String,
    /// Where it stood at the end, in the words of the capture format: `succeeded`, `downloading 63`, `failed md5-mismatch -4`.
    pub state: String,
    /// Bytes of the image served, of how many.
    pub served: (u64, u64),
    /// What the workbench found wrong, by code.
    pub findings: Vec<&'static str>,
}

/// What a capture comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many events.
    pub events: usize,
    /// How many lines were no events.
    pub damaged: usize,
    /// From the first instant to the latest event.
    pub length: Micros,
    /// Devices: who, dialect, version, and defects with their number.
    pub devices: Vec<(DeviceId, String)>,
    /// Upgrades, oldest first.
    pub upgrades: Vec<Ending>,
}

impl Summary {
    /// Folds a capture and sums it up.
    #[must_use]
    pub fn of(capture: &Capture) -> Self {
        // In a file whose lines go back in time, the last event is not the latest.
        let length = capture.events.iter().map(|event| event.at).max().unwrap_or_default();
        Self { length, ..Self::of_bench(&super::fold(capture), capture.events.len(), capture.damage.len()) }
    }

    /// Sums up a bench as it stands after so many events: for a capture of which no more than one event is held.
    #[must_use]
    pub fn of_bench(bench: &Bench, events: usize, damaged: usize) -> Self {
        Self {
            events,
            damaged,
            length: bench.now(),
            devices: bench.devices().map(|(id, _)| (id.clone(), describe(bench, id))).collect(),
            upgrades: bench.cases().iter().map(|case| ending(bench, case)).collect(),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} events in {} s, {} damaged lines", self.events, self.length, self.damaged)?;
        for (id, described) in &self.devices {
            writeln!(f, "device {id}: {described}")?;
        }
        for Ending { device, version, state, served: (served, size), findings } in &self.upgrades {
            writeln!(f, "upgrade {device} to {version}: {state}, served {served} of {size}")?;
            for finding in findings {
                writeln!(f, "  found {finding}")?;
            }
        }
        Ok(())
    }
}

fn describe(bench: &Bench, id: &DeviceId) -> String {
    let Some(device) = bench.device(id) else { return String::new() };
    let mut words = vec![device.dialect().unwrap_or_default().to_owned()];
    words.extend(device.versions().map(|(module, version)| match module {
        Some(module) => format!("{module} {version}"),
        None => version.to_owned(),
    }));
    words.extend(device.defects.counts.iter().map(|(code, count)| format!("{code} ×{count}")));
    words.join(", ")
}

fn ending(bench: &Bench, case: &Case) -> Ending {
    let coverage = &case.witness.coverage;
    let findings = diagnosis::examine(bench, case.order.upgrade);
    Ending {
        device: case.order.device.clone(),
        version: case.order.version.clone(),
        state: spell(case),
        served: (coverage.covered(), coverage.size()),
        findings: findings.into_iter().map(|finding| finding.code).collect(),
    }
}

pub(super) fn spell(case: &Case) -> String {
    match case.upgrade.state() {
        State::Queued => "queued".into(),
        State::Offered => "offered".into(),
        State::Upgrading => "upgrading".into(),
        State::Downloading { percent } => format!("downloading {percent}"),
        State::Burning { percent } => format!("burning {percent}"),
        State::Restarting => "restarting".into(),
        State::Succeeded => "succeeded".into(),
        State::Failed(Failure::Reported { code, .. }) => {
            let meaning = dialect::find(&case.order.dialect).map_or("device-failed", |dialect| dialect.failure(*code));
            format!("failed {meaning} {code}")
        }
        State::Failed(Failure::WrongVersion { reported }) => format!("failed wrong-version {reported}"),
        State::Failed(Failure::TimedOut) => "timed_out".into(),
        State::Cancelled => "cancelled".into(),
    }
}
