//! One download: which range is next, how far it is, and the digest of what really arrived.

use super::Offered;
use crate::event::Micros;
use md5::{Digest, Md5};
use std::fmt::Write as _;

/// How much a device asks for at a time: one flash sector.
const RANGE: u64 = 4_096;
/// Progress is told when it has grown by so many percent.
const PERCENT_STEP: u8 = 5;

/// One download under way.
pub(super) struct Download {
    pub(super) offered: Offered,
    digest: Md5,
    received: u64,
    told: u8,
    began: Micros,
    /// The request under way.
    ticket: u32,
    /// When the next range may be asked for; nothing while one is under way.
    next_at: Option<Micros>,
}

impl Download {
    pub(super) fn new(offered: Offered, now: Micros) -> Self {
        Self { offered, digest: Md5::new(), received: 0, told: 0, began: now, ticket: 0, next_at: Some(now) }
    }

    /// When the next range is to be asked for, unless one is under way.
    pub(super) const fn next_at(&self) -> Option<Micros> {
        self.next_at
    }

    /// Asks for the next range under this ticket: its offset and length.
    pub(super) fn ask(&mut self, ticket: u32) -> (u64, u64) {
        self.ticket = ticket;
        self.next_at = None;
        (self.received, self.wanted())
    }

    /// Whether an answer is the one waited for, and not that of a download given up before.
    pub(super) const fn awaits(&self, ticket: u32) -> bool {
        self.ticket == ticket && self.next_at.is_none()
    }

    /// Takes bytes in, no more than were asked for. The next range waits for the pace, in bytes a second.
    pub(super) fn take(&mut self, bytes: &[u8], pace: u64) {
        let wanted = usize::try_from(self.wanted()).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(wanted)];
        self.digest.update(bytes);
        self.received += bytes.len() as u64;
        let spent = self.received.saturating_mul(1_000_000).checked_div(pace).unwrap_or(0);
        self.next_at = Some(self.began + Micros(spent));
    }

    /// Percent to be told now, if it has grown enough.
    pub(super) fn progress(&mut self) -> Option<u8> {
        let percent = self.percent();
        let worth = percent >= self.told.saturating_add(PERCENT_STEP) || (percent == 100 && self.told < 100);
        worth.then(|| {
            self.told = percent;
            percent
        })
    }

    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    pub(super) const fn is_half_way(&self) -> bool {
        self.received >= self.offered.size / 2
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.received >= self.offered.size
    }

    /// MD5 of what arrived, in lower-case hex.
    pub(super) fn md5(&self) -> String {
        self.digest.clone().finalize().iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }

    fn wanted(&self) -> u64 {
        RANGE.min(self.offered.size.saturating_sub(self.received))
    }

    fn percent(&self) -> u8 {
        let percent = u128::from(self.received) * 100 / u128::from(self.offered.size.max(1));
        u8::try_from(percent).unwrap_or(100)
    }
}
