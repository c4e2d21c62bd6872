//! One upgrade as the bench knows it: what was ordered, what the device said, what the broker and the server saw.

use super::delivery::Delivery;
use super::faults::Faults;
use super::witness::Witness;
use crate::event::{Micros, Trouble, UpgradeOrder};
use crate::upgrade::{Report, Upgrade};
use std::sync::Arc;

/// How often a device reported what in one upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// Percentages, and words that it begins.
    pub progress: u64,
    /// Successes, those after the end included: their events.
    pub successes: Vec<u64>,
    /// The event of the latest failure.
    pub failed: Option<u64>,
    /// The latest, up to the one that ended it, that came up because a replay sent it: its event.
    pub replayed: Option<u64>,
    /// The latest push, up to its end, that a replay sent the device while this upgrade ran: its event.
    pub pushed_by_replay: Option<u64>,
}

/// Successes remembered.
const KEPT_SUCCESSES: usize = 8;

impl Reports {
    pub(super) fn note(&mut self, report: &Report, seq: u64) {
        match report {
            Report::Begun | Report::Downloading { .. } | Report::Burning { .. } => self.progress += 1,
            Report::Succeeded { .. } if self.successes.len() < KEPT_SUCCESSES => self.successes.push(seq),
            Report::Failed { .. } => self.failed = Some(seq),
            _ => {}
        }
    }
}

/// How many times something happened in the busiest second so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rush {
    /// The most in any second.
    pub most: u64,
    since: Micros,
    count: u64,
}

impl Rush {
    /// Nothing has happened yet.
    pub const NONE: Self = Self { most: 0, since: Micros(0), count: 0 };

    pub(super) fn note(&mut self, at: Micros) {
        if at.since(self.since) >= Micros::from_secs(1) {
            (self.since, self.count) = (at, 0);
        }
        self.count += 1;
        self.most = self.most.max(self.count);
    }
}

/// One upgrade with both its witnesses.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// What was fixed when Push was pressed.
    pub order: Arc<UpgradeOrder>,
    /// What the device said, judged by its cloud's rules.
    pub upgrade: Upgrade,
    /// What the firmware server served.
    pub witness: Witness,
    /// What became of the push.
    pub delivery: Delivery,
    /// How often the device reported what.
    pub reports: Reports,
    /// The device's latest report: its event and time.
    pub last_report: Option<(u64, Micros)>,
    /// The dialect the device spoke while this upgrade was open, or before it; what it speaks later is no matter.
    pub spoken: Option<String>,
    /// The latest TLS handshake of the device's that the firmware server could not complete: its event, and why.
    pub refused: Option<(u64, Trouble)>,
    /// What went wrong on purpose.
    pub faults: Faults,
    /// The event in which it ended.
    pub ended: Option<u64>,
}
