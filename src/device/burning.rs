//! Writing to flash: percent by percent, on a clock of its own.

use super::Offered;
use crate::event::Micros;

/// One image being written.
pub(super) struct Burning {
    pub(super) offered: Offered,
    percent: u8,
    next_at: Micros,
    step: Micros,
}

impl Burning {
    const PERCENT_STEP: u8 = 20;

    pub(super) fn new(offered: Offered, step: Micros, now: Micros) -> Self {
        Self { offered, percent: 0, next_at: now + step, step }
    }

    pub(super) const fn next_at(&self) -> Micros {
        self.next_at
    }

    /// Writes some more; gives the percent reached.
    pub(super) fn advance(&mut self) -> u8 {
        self.percent = self.percent.saturating_add(Self::PERCENT_STEP).min(100);
        self.next_at = self.next_at + self.step;
        self.percent
    }
}
