//! What the overview draws: the session in quarters of a second; a long one in longer parts.

use crate::bench::Bench;
use crate::dialect::Decoded;
use crate::event::{Event, Fact, Micros};
use crate::upgrade::Report;

/// The length of a bucket at first.
const SHORTEST: Micros = Micros::from_millis(250);
/// Buckets kept; when there are more, two become one, for all of them are looked at in every frame.
const MAX_BUCKETS: usize = 1 << 14;

/// What happened in one part of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it began.
    pub at: Micros,
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
    /// Takes in the bucket behind it.
    fn join(&mut self, next: &Self) {
        self.console = self.console.saturating_add(next.console);
        self.messages = self.messages.saturating_add(next.messages);
        self.crashed |= next.crashed;
        self.said = next.said.or(self.said);
        self.served = next.served.or(self.served);
    }
}

/// The session's buckets in which something happened.
#[derive(Clone, Debug)]
pub struct Series {
    buckets: Vec<Bucket>,
    /// How long each is.
    span: Micros,
}

impl Default for Series {
    fn default() -> Self {
        Self { buckets: Vec::new(), span: SHORTEST }
    }
}

impl Series {
    /// Takes in an event, after the bench has.
    pub fn take(&mut self, event: &Event, bench: &Bench, heard: Option<&Decoded>) {
        match &event.fact {
            Fact::BytesReceived { bytes, .. } => {
                if let Some(bucket) = self.bucket(event.at) {
                    bucket.console = bucket.console.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
                }
            }
            Fact::MessageReceived { .. } => {
                let said = heard.and_then(|decoded| {
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
        let start = self.buckets.partition_point(|bucket| bucket.at + self.span <= from);
        let end = self.buckets.partition_point(|bucket| bucket.at <= to);
        self.buckets.get(start..end).unwrap_or_default()
    }

    fn bucket(&mut self, at: Micros) -> Option<&mut Bucket> {
        if self.begins_another(at) && self.buckets.len() >= MAX_BUCKETS {
            self.coarsen();
        }
        if self.begins_another(at) {
            let at = self.begin(at);
            self.buckets.push(Bucket { at, ..Bucket::default() });
        }
        self.buckets.last_mut()
    }

    fn begins_another(&self, at: Micros) -> bool {
        self.buckets.last().is_none_or(|last| last.at < self.begin(at))
    }

    /// When the bucket of an instant begins.
    const fn begin(&self, at: Micros) -> Micros {
        Micros(at.0 / self.span.0 * self.span.0)
    }

    fn coarsen(&mut self) {
        self.span = self.span + self.span;
        let mut joined: Vec<Bucket> = Vec::with_capacity(self.buckets.len());
        for bucket in std::mem::take(&mut self.buckets) {
            let at = self.begin(bucket.at);
            match joined.last_mut().filter(|last| last.at == at) {
                Some(last) => last.join(&bucket),
                None => joined.push(Bucket { at, ..bucket }),
            }
        }
        self.buckets = joined;
    }
}

#[cfg(test)]
mod tests {
    use super::{Bench, Event, Fact, MAX_BUCKETS, Micros, Series};

    #[test]
    fn a_session_of_weeks_is_drawn_from_a_bounded_number_of_parts_and_loses_nothing() {
        let (mut series, bench) = (Series::default(), Bench::new(0));
        let count: u32 = 100_000;
        for number in 0..u64::from(count) {
            let fact = Fact::BytesReceived { port: "p".into(), bytes: [0; 3][..].into() };
            series.take(&Event { seq: 1, at: Micros::from_secs(number), fact }, &bench, None);
        }
        series.crash(Micros::from_secs(99_999), true);
        let all = series.within(Micros(0), Micros(u64::MAX));
        assert!(all.len() <= MAX_BUCKETS && all.len() >= MAX_BUCKETS / 4, "{}", all.len());
        assert_eq!(all.iter().map(|bucket| bucket.console).sum::<u32>(), count * 3);
        assert!(all.windows(2).all(|pair| pair[0].at < pair[1].at) && all.last().unwrap().crashed);
    }
}
