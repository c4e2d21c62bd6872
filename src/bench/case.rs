//! One upgrade as the bench knows it: what was ordered, what the device said, what the broker and the server saw.

use super::witness::Witness;
use crate::event::{Micros, Trouble, UpgradeOrder};
use crate::upgrade::Upgrade;
use std::sync::Arc;

/// What became of the push on its way to the device: the events that prove it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Push was pressed in this event.
    pub requested: u64,
    /// Our publish went out.
    pub published: Option<(u64, Micros)>,
    /// The broker wrote it to the device's socket.
    pub delivered: Option<(u64, Micros)>,
    /// The device acknowledged it.
    pub acknowledged: Option<(u64, Micros)>,
    /// The broker dropped it, and why.
    pub dropped: Option<(u64, String)>,
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
    /// The device's latest report: its event and time.
    pub last_report: Option<(u64, Micros)>,
    /// The latest TLS handshake of the device's that the firmware server could not complete: its event, and why.
    pub refused: Option<(u64, Trouble)>,
    /// The event in which it ended.
    pub ended: Option<u64>,
}
