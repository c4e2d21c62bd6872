//! A recorded session looked at again: the same fold, without hands.

mod compare;
mod did;
mod echo;
mod export;
mod filter;
mod gather;
mod known;
mod mosquitto;
mod plan;
#[cfg(test)]
mod plan_tests;
mod redact;
mod summary;
mod test_case;
mod timing;
mod trace;
mod whose;

pub use compare::{Comparison, Course, Courses, Lane, Pair, Parting, Phase, Step, compare};
pub use did::Did;
pub use export::{Export, Exporter, Format, Handed, Part, Preview, preview};
pub use filter::{Filter, Sieve, Sort};
pub use gather::gather;
pub use known::devices;
pub use mosquitto::from_mosquitto;
pub use plan::{Choice, Manner, Plan, plan};
pub use redact::{Redactor, SecretKind, Taken};
pub use summary::{Ending, Summary};
pub use test_case::{TestCase, test_case, test_case_of, test_name};
pub use trace::from_trace;
pub use whose::Whose;

use crate::bench::Bench;
use crate::capture::Capture;
use crate::event::Trouble;

/// Reads a recording: a capture, a packet trace of a vendor's SDK, or the lines of `mosquitto_sub -F %j` or `%J`. Its first
/// line tells which.
///
/// # Errors
/// As [`crate::capture::Reader::open`], and `unknown-dialect` for a trace.
pub fn read(bytes: &[u8]) -> Result<Capture, Trouble> {
    if trace::is_trace(bytes) {
        from_trace(bytes)
    } else if mosquitto::is_mosquitto(bytes) {
        from_mosquitto(bytes)
    } else {
        Capture::parse(bytes)
    }
}

/// Whether a file begins like a recording that is no capture, and is read as a whole.
#[must_use]
pub fn is_foreign(bytes: &[u8]) -> bool {
    trace::is_trace(bytes) || mosquitto::is_mosquitto(bytes)
}

/// The bench as it stood after a capture's last event. What would be done about it is dropped.
#[must_use]
pub fn fold(capture: &Capture) -> Bench {
    let mut bench = Bench::new(capture.header.started_unix_ms);
    for event in &capture.events {
        let _ = bench.apply(event);
    }
    bench
}
