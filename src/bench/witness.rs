//! The second witness of an upgrade: what the firmware server served of its image.

use super::Rush;
use crate::event::Micros;
use crate::image::Coverage;
use std::collections::{BTreeMap, VecDeque};

/// Over which time the rate is worked out, and how many answers are remembered for it.
const RATE_SPAN: Micros = Micros::from_secs(3);
const RATE_ANSWERS: usize = 256;
/// So many overlaps are worked out wrong.
const MANY_OVERLAPS: u64 = 3;
/// The longest answer that is timed, in bytes: what takes longer takes it for its size.
const TIMED_ANSWER: u64 = 16 * 1024;
/// What counts as an image's end: the last of so many parts.
const LAST_PART: u64 = 10;
/// Requests that may wait for their answer and be timed.
const OPEN_REQUESTS: usize = 64;
/// Places remembered at which an answer broke off.
const MAX_BREAKS: usize = 64;
/// A range that overlaps its neighbour by no more than this was worked out wrong; by more, it resumes or repeats.
const OFF_BY_A_FEW: u64 = 16;

/// One answer of the firmware server, as far as an upgrade is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// HTTP status.
    pub status: u16,
    /// Where in the image the answer begins.
    pub offset: u64,
    /// Bytes that left.
    pub sent: u64,
    /// Whether all that was promised left.
    pub complete: bool,
}

/// What was served of one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// Which bytes, since the push or its latest retry.
    pub coverage: Coverage,
    /// Which bytes, earlier attempts under the same URL included: a device may resume.
    pub in_all: Coverage,
    /// Which bytes were served more than once since then.
    pub twice: Coverage,
    /// Bytes of firmware that left, repeats included.
    pub wire: u64,
    /// Where answers broke off, the latest few.
    pub breaks: VecDeque<u64>,
    /// A file that was delivered in order from its first byte to its last: the event, and the MD5 of what was delivered.
    pub delivered: Option<(u64, String)>,
    /// Bytes by which ranges overlapped their neighbours, a few each: an off-by-one in the device's arithmetic.
    pub off_by: u64,
    /// How many ranges did so.
    pub overlaps: u64,
    /// How many requests came.
    pub requests: u64,
    /// The most requests in any second.
    pub rush: Rush,
    /// How often two connections took turns at the same file: two downloads at once.
    pub turns: u64,
    /// Answers that began where the one before them had begun.
    pub again: u64,
    /// The same, at the end of the image.
    pub end_again: u64,
    /// Bytes served behind the announced size.
    pub behind: u64,
    /// The longest a request waited for its answer.
    pub slowest: Micros,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Answers in which the connection broke.
    pub broken: u64,
    /// The first answer: its event and time.
    pub first: Option<(u64, Micros)>,
    /// The latest answer: its event and time.
    pub last: Option<(u64, Micros)>,
    recent: VecDeque<(Micros, u64)>,
    /// Requests without an answer yet.
    open: BTreeMap<u64, Micros>,
    /// How much of an answer that is under way was counted already.
    under_way: BTreeMap<u64, u64>,
    /// The connections of the latest two requests that differed, by file.
    peers: BTreeMap<u64, [String; 2]>,
    last_offset: Option<u64>,
}

impl Witness {
    /// Nothing served yet of an image of `size` bytes.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self {
            coverage: Coverage::new(size),
            in_all: Coverage::new(size),
            twice: Coverage::new(size),
            wire: 0,
            breaks: VecDeque::new(),
            delivered: None,
            off_by: 0,
            overlaps: 0,
            requests: 0,
            rush: Rush::NONE,
            turns: 0,
            again: 0,
            end_again: 0,
            behind: 0,
            slowest: Micros(0),
            statuses: BTreeMap::new(),
            broken: 0,
            first: None,
            last: None,
            recent: VecDeque::new(),
            open: BTreeMap::new(),
            under_way: BTreeMap::new(),
            peers: BTreeMap::new(),
            last_offset: None,
        }
    }

    /// Begins anew for a retry under the same URL.
    pub(super) fn start_over(&mut self) {
        let size = self.coverage.size();
        *self = Self { in_all: std::mem::replace(&mut self.in_all, Coverage::new(size)), ..Self::new(size) };
    }

    /// A request came, from this connection, for the file that begins there among the upgrade's files.
    pub(super) fn note_request(&mut self, request: u64, file: u64, peer: &str, at: Micros) {
        self.requests += 1;
        self.rush.note(at);
        if self.open.len() < OPEN_REQUESTS {
            self.open.insert(request, at);
        }
        let [last, before] = self.peers.entry(file).or_default();
        if last != peer {
            self.turns += u64::from(before == peer);
            *before = std::mem::replace(last, peer.to_owned());
        }
    }

    /// A request has its answer. Gives how many bytes of it were counted while it was under way.
    pub(super) fn note_answer(&mut self, request: u64, sent: u64, at: Micros) -> u64 {
        if let Some(asked) = self.open.remove(&request).filter(|_| sent <= TIMED_ANSWER) {
            self.slowest = self.slowest.max(at.since(asked));
        }
        self.under_way.remove(&request).unwrap_or(0)
    }

    /// A long answer has come so far: `sent` bytes from `offset` in all.
    pub(super) fn note_progress(&mut self, request: u64, offset: u64, sent: u64, at: Micros) {
        if self.under_way.len() >= OPEN_REQUESTS && !self.under_way.contains_key(&request) {
            return;
        }
        let counted = self.under_way.insert(request, sent).unwrap_or(0);
        self.count(offset.saturating_add(counted), sent.saturating_sub(counted), at);
    }

    /// Takes an answer in, of which the first `counted` bytes were counted while it was under way.
    pub(super) fn note(&mut self, served: Served, counted: u64, seq: u64, at: Micros) {
        *self.statuses.entry(served.status).or_default() += 1;
        self.broken += u64::from(!served.complete);
        self.first.get_or_insert((seq, at));
        self.last = Some((seq, at));
        if matches!(served.status, 200 | 206) {
            if !served.complete {
                self.breaks.push_back(served.offset.saturating_add(served.sent));
                if self.breaks.len() > MAX_BREAKS {
                    self.breaks.pop_front();
                }
            }
            let size = self.coverage.size();
            let again = self.last_offset.replace(served.offset) == Some(served.offset);
            self.again += u64::from(again);
            self.end_again += u64::from(again && size.saturating_sub(served.offset) * LAST_PART <= size);
            self.behind = self.behind.max(served.offset.saturating_add(served.sent).saturating_sub(size));
            let before = self.coverage.overlap();
            self.count(served.offset.saturating_add(counted), served.sent.saturating_sub(counted), at);
            let again = self.coverage.overlap() - before;
            if (1..=OFF_BY_A_FEW).contains(&again) && again < served.sent {
                self.off_by += again;
                self.overlaps += 1;
            }
        }
    }

    fn count(&mut self, offset: u64, sent: u64, at: Micros) {
        self.wire = self.wire.saturating_add(sent);
        for again in self.coverage.known(offset, sent) {
            self.twice.add(again.start, again.end - again.start);
        }
        self.coverage.add(offset, sent);
        self.in_all.add(offset, sent);
        self.recent.push_back((at, sent));
        if self.recent.len() > RATE_ANSWERS {
            self.recent.pop_front();
        }
    }

    /// Whether its ranges overlap their neighbours again and again; once or twice is a resume.
    #[must_use]
    pub const fn ranges_overlap(&self) -> bool {
        self.overlaps >= MANY_OVERLAPS
    }

    /// Whether a request waits for the end of its answer.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        !self.open.is_empty()
    }

    /// How much of the image was served, in percent, rounded down.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let size = u128::from(self.coverage.size().max(1));
        u8::try_from(u128::from(self.coverage.covered()) * 100 / size).unwrap_or(100)
    }

    /// Bytes a second over the last seconds before `now`; `None` when nothing moves.
    #[must_use]
    pub fn rate(&self, now: Micros) -> Option<u64> {
        let from = now - RATE_SPAN;
        let mut answers = self.recent.iter().filter(|(at, _)| *at >= from);
        let (start, _) = answers.next()?;
        let bytes: u128 = answers.map(|(_, sent)| u128::from(*sent)).sum();
        let span = now.since(*start).0.max(1);
        let rate = u64::try_from(bytes * 1_000_000 / u128::from(span)).unwrap_or(u64::MAX);
        (rate > 0).then_some(rate)
    }

    /// Bytes a second from the first answer to the latest; `None` for a single one.
    #[must_use]
    pub fn average(&self) -> Option<u64> {
        let span = self.last?.1.since(self.first?.1).0;
        let rate = u128::from(self.wire) * 1_000_000 / u128::from(span.max(1));
        (span > 0).then(|| u64::try_from(rate).unwrap_or(u64::MAX))
    }

    /// The time the rest takes at the present rate.
    #[must_use]
    pub fn time_left(&self, now: Micros) -> Option<Micros> {
        let left = self.coverage.size() - self.coverage.covered();
        let rate = self.rate(now)?;
        (left > 0).then(|| Micros(left.saturating_mul(1_000_000) / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::{Micros, Served, Witness};

    fn served(offset: u64, sent: u64) -> Served {
        Served { status: 206, offset, sent, complete: true }
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut witness = Witness::new(100_000);
        for tenth in 0..40 {
            witness.note(served(tenth * 1000, 1000), 0, tenth, Micros::from_millis(tenth * 100));
        }
        assert_eq!(witness.percent(), 40);
        assert_eq!(witness.rate(Micros::from_millis(3900)), Some(10_000));
        assert_eq!(witness.time_left(Micros::from_millis(3900)), Some(Micros::from_secs(6)));
        assert_eq!(witness.rate(Micros::from_secs(60)), None);
    }

    #[test]
    fn a_repeated_or_resumed_download_is_no_off_by_one() {
        let mut witness = Witness::new(4_096);
        for (offset, sent) in [(0, 4_096), (0, 4_096), (1_000, 3_096)] {
            witness.note(served(offset, sent), 0, 1, Micros(1));
        }
        assert_eq!(witness.off_by, 0);
        let mut witness = Witness::new(4_096);
        for offset in [0, 1_024, 2_048, 3_072] {
            witness.note(served(offset, 1_025), 0, 1, Micros(1));
        }
        assert_eq!(witness.off_by, 3);
    }

    #[test]
    fn a_resumed_retry_counts_what_was_served_before() {
        let mut witness = Witness::new(100);
        witness.note(served(0, 60), 0, 1, Micros(1));
        witness.start_over();
        witness.note(served(60, 40), 0, 2, Micros(2));
        assert_eq!((witness.percent(), witness.in_all.is_complete()), (40, true));
    }

    #[test]
    fn an_error_page_is_not_firmware() {
        let mut witness = Witness::new(10);
        witness.note(Served { status: 404, offset: 0, sent: 10, complete: true }, 0, 1, Micros(1));
        assert_eq!((witness.percent(), witness.statuses.get(&404)), (0, Some(&1)));
    }

    #[test]
    fn a_long_answer_counts_while_it_is_under_way_and_only_once() {
        let mut witness = Witness::new(1_000);
        witness.note_request(7, 0, "device:1", Micros(0));
        witness.note_progress(7, 100, 300, Micros(1));
        witness.note_progress(7, 100, 500, Micros(2));
        assert_eq!((witness.percent(), witness.is_answering()), (50, true));
        let counted = witness.note_answer(7, 900, Micros(3));
        witness.note(served(100, 900), counted, 1, Micros(3));
        assert_eq!((witness.percent(), witness.coverage.overlap(), witness.overlaps), (90, 0, 0));
    }
}
