//! One download: which range is next, how far it is, and the digest of what really arrived.

use super::{Behaviour, Offered, OfferedFile};
use crate::event::Micros;
use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt::Write as _;

/// How much a device asks for at a time: one flash sector.
const RANGE: u64 = 4_096;
/// Answers lost in a storm, and at the last range.
const STORM: u32 = 2_000;
const REPEATS: u32 = 12;
/// Progress is told when it has grown by so many percent.
const PERCENT_STEP: u8 = 5;

/// One download under way: its files one after the other.
pub(super) struct Download {
    pub(super) offered: Offered,
    /// Which file.
    file: usize,
    /// Bytes of the files before it.
    before: u64,
    /// Bytes of this file.
    received: u64,
    md5: Md5,
    sha256: Sha256,
    /// Each range begins at the last byte of the one before.
    overlaps: bool,
    told: u8,
    began: Micros,
    /// Requests made.
    asked: u32,
    /// The request under way.
    ticket: u32,
    /// When the next range may be asked for; nothing while one is under way.
    next_at: Option<Micros>,
}

impl Download {
    pub(super) fn new(offered: Offered, md5: Md5, overlaps: bool, now: Micros) -> Self {
        Self {
            offered,
            file: 0,
            before: 0,
            received: 0,
            md5,
            sha256: Sha256::new(),
            overlaps,
            told: 0,
            began: now,
            asked: 0,
            ticket: 0,
            next_at: Some(now),
        }
    }

    /// The file under way.
    pub(super) fn file(&self) -> &OfferedFile {
        &self.offered.files[self.file]
    }

    /// When the next range is to be asked for, unless one is under way.
    pub(super) const fn next_at(&self) -> Option<Micros> {
        self.next_at
    }

    /// Asks for the next range under this ticket: its offset and length.
    pub(super) fn ask(&mut self, ticket: u32) -> (u64, u64) {
        self.ticket = ticket;
        self.asked += 1;
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
        self.md5.update(bytes);
        self.sha256.update(bytes);
        self.received += RANGE.min(bytes.len() as u64);
        self.wait(pace);
    }

    /// Lets the next range wait for the pace, in bytes a second.
    pub(super) fn wait(&mut self, pace: u64) {
        let spent = self.received().saturating_mul(1_000_000).checked_div(pace).unwrap_or(0);
        self.next_at = Some(self.began + Micros(spent));
    }

    /// Goes on to the next file, if there is one.
    pub(super) fn next_file(&mut self) -> bool {
        if self.file + 1 == self.offered.files.len() {
            return false;
        }
        (self.md5, self.sha256) = (Md5::new(), Sha256::new());
        self.before += self.received;
        (self.file, self.received) = (self.file + 1, 0);
        true
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

    /// Bytes of all files so far.
    pub(super) const fn received(&self) -> u64 {
        self.before + self.received
    }

    pub(super) fn is_half_way(&self) -> bool {
        self.received() >= self.offered.size() / 2
    }

    /// Whether this file is complete.
    pub(super) fn is_complete(&self) -> bool {
        self.received >= self.file().size
    }

    /// Whether a faulty device loses what has just arrived, having lost this many answers before, and asks again.
    pub(super) fn strays(&self, fault: Behaviour, lost: u32) -> bool {
        match fault {
            Behaviour::Storm => lost < STORM,
            Behaviour::RepeatsLastRange => self.received + RANGE >= self.file().size && lost < REPEATS,
            // Every other answer is the second download's.
            Behaviour::TwoDownloads => self.asked.is_multiple_of(2),
            _ => false,
        }
    }

    /// On which connection the next range is asked for.
    pub(super) const fn lane(&self, fault: Option<Behaviour>) -> u8 {
        if matches!(fault, Some(Behaviour::TwoDownloads)) && !self.asked.is_multiple_of(2) { 1 } else { 0 }
    }

    /// How many bytes the range under way was to bring.
    pub(super) fn expected(&self) -> usize {
        usize::try_from(self.wanted()).unwrap_or(usize::MAX)
    }

    /// What was announced and what arrived, in lower-case hex, by whichever digest was announced; nothing was when empty.
    pub(super) fn digests(&self) -> (&'static str, String, String) {
        let OfferedFile { md5, sha256, .. } = self.file();
        if sha256.is_empty() {
            ("MD5", md5.to_ascii_lowercase(), hex(&self.md5.clone().finalize()))
        } else {
            ("SHA256", sha256.to_ascii_lowercase(), hex(&self.sha256.clone().finalize()))
        }
    }

    /// The digest as it stands, for a device that does not begin it anew.
    pub(super) fn stale_digest(&self) -> Md5 {
        self.md5.clone()
    }

    fn wanted(&self) -> u64 {
        let left = self.file().size.saturating_sub(self.received);
        if self.overlaps { left.min(RANGE + 1) } else { left.min(RANGE) }
    }

    fn percent(&self) -> u8 {
        let percent = u128::from(self.received()) * 100 / u128::from(self.offered.size().max(1));
        u8::try_from(percent).unwrap_or(100)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
