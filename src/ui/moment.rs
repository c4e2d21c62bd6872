//! One moment of a session: the bench, and what its devices had said of their upgrades.

use crate::bench::Bench;
use crate::dialect::Decoded;
use crate::event::{Event, Fact, UpgradeId};
use crate::upgrade::Report;
use std::collections::BTreeMap;

/// What a device says in an event, going by what it spoke before.
#[must_use]
pub fn heard(event: &Event, bench: &Bench) -> Option<Decoded> {
    match &event.fact {
        Fact::MessageReceived { topic, payload, .. } => bench.decode(topic, payload).map(|(_, decoded)| decoded),
        _ => None,
    }
}

/// What a device said of one upgrade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The latest percentage of its download.
    pub downloaded: Option<u8>,
    /// Whether it said it writes to flash.
    pub burning: bool,
}

/// What devices said of their upgrades.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said(BTreeMap<UpgradeId, Progress>);

impl Said {
    /// What the device of this upgrade said of it.
    #[must_use]
    pub fn of(&self, upgrade: UpgradeId) -> Progress {
        self.0.get(&upgrade).copied().unwrap_or_default()
    }

    /// Takes in an event, after the bench has.
    pub fn take(&mut self, event: &Event, bench: &Bench, heard: Option<&Decoded>) {
        match &event.fact {
            Fact::MessageReceived { .. } => {
                let Some(decoded) = heard else { return };
                for said in &decoded.said {
                    let Some(case) = bench.latest_case(&decoded.device) else { continue };
                    let progress = self.0.entry(case.order.upgrade).or_default();
                    match said.report {
                        Report::Downloading { percent } => progress.downloaded = Some(percent),
                        Report::Burning { .. } => progress.burning = true,
                        _ => {}
                    }
                }
            }
            Fact::UpgradeRetried { upgrade } => {
                self.0.remove(upgrade);
            }
            _ => {}
        }
    }
}

/// One moment of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The bench.
    pub bench: Bench,
    /// What devices had said.
    pub said: Said,
}

impl Moment {
    /// Before anything happened.
    #[must_use]
    pub fn first(started_unix_ms: u64) -> Self {
        Self { bench: Bench::new(started_unix_ms), said: Said::default() }
    }

    /// The moment after this event. What would be done about it is dropped: the past has no hands.
    pub fn apply(&mut self, event: &Event) {
        let _ = self.bench.apply(event);
        self.said.take(event, &self.bench, heard(event, &self.bench).as_ref());
    }

    /// What it takes in memory, in bytes, roughly: few things of a bench grow.
    #[must_use]
    pub fn weight(&self) -> usize {
        let many = self.bench.devices().count() * 1_024 + self.bench.builds().count() * 512;
        size_of::<Self>() + many + self.bench.cases().len() * 2_048 + 4_096
    }
}
