//! What the overview draws: the session in quarters of a second.

use crate::bench::Bench;
use crate::event::{Event, Fact, Micros};
use crate::upgrade::Report;

/// The length of a bucket.
const BUCKET: Micros = Micros::from_millis(250);
/// Buckets kept: three days of uninterrupted traffic.
const MAX_BUCKETS: usize = 1 << 20;

/// What happened in one quarter of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    number: u32,
    /// Console bytes.
    pub console: u32,
    /// MQTT messages.
    pub messages: u32,
    /// Whether a console told of a crash.
    pub crashed: bool,
    /// The latest percentage a device said.
    pub said: Option<u8>,
    /// The latest percentage served.
    pub served: Option<u8>,
}

impl Bucket {
    /// When it began.
    #[must_use]
    pub fn at(&self) -> Micros {
        Micros(u64::from(self.number) * BUCKET.0)
    }
}

/// The session's buckets in which something happened.
#[derive(Clone, Debug, Default)]
pub struct Series(Vec<Bucket>);

impl Series {
    /// Takes in an event, after the bench has.
    pub fn take(&mut self, event: &Event, bench: &Bench) {
        match &event.fact {
            Fact::BytesReceived { bytes, .. } => {
                if let Some(bucket) = self.bucket(event.at) {
                    bucket.console = bucket.console.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                }
            }
            Fact::MessageReceived { topic, payload, .. } => {
                let said = bench.decode(topic, payload).and_then(|(_, decoded)| {
                    decoded.said.iter().find_map(|said| match said.report {
                        Report::Downloading { percent } => Some(percent),
                        _ => None,
                    })
                });
                if let Some(bucket) = self.bucket(event.at) {
                    bucket.messages += 1;
                    bucket.said = said.or(bucket.said);
                }
            }
            Fact::MessagePublished { .. } => {
                if let Some(bucket) = self.bucket(event.at) {
                    bucket.messages += 1;
                }
            }
            Fact::RangeProgressed { .. } | Fact::RangeServed { .. } | Fact::BlockServed { .. } => {
                let case = bench.case_served(&event.fact);
                if let (Some(case), Some(bucket)) = (case, self.bucket(event.at)) {
                    bucket.served = Some(case.witness.percent());
                }
            }
            _ => {}
        }
    }

    /// Takes in what a console told of; a start that was meant is no crash.
    pub fn crash(&mut self, at: Micros, bad: bool) {
        if let Some(bucket) = self.bucket(at) {
            bucket.crashed |= bad;
        }
    }

    /// The buckets of a span.
    #[must_use]
    pub fn within(&self, from: Micros, to: Micros) -> &[Bucket] {
        let start = self.0.partition_point(|bucket| bucket.at() + BUCKET <= from);
        let end = self.0.partition_point(|bucket| bucket.at() <= to);
        self.0.get(start..end).unwrap_or_default()
    }

    fn bucket(&mut self, at: Micros) -> Option<&mut Bucket> {
        let number = u32::try_from(at.0 / BUCKET.0).ok()?;
        if self.0.last().is_none_or(|last| last.number < number) {
            if self.0.len() >= MAX_BUCKETS {
                self.0.drain(..MAX_BUCKETS / 4);
            }
            self.0.push(Bucket { number, ..Bucket::default() });
        }
        self.0.last_mut()
    }
}
