//! A recorded session looked at again: the same fold, without hands.

mod filter;
mod known;
mod plan;
#[cfg(test)]
mod plan_tests;
mod summary;
mod timing;
mod trace;
mod whose;

pub use filter::{Filter, Sieve, Sort};
pub use plan::{Choice, Manner, Plan, plan};
pub use summary::{Ending, Summary};
pub use trace::{from_trace, is_trace};
pub use whose::Whose;

use crate::bench::Bench;
use crate::capture::Capture;
use crate::event::Trouble;

/// Reads a recording: a capture, or a packet trace of a vendor's SDK.
///
/// # Errors
/// `capture-empty`, `capture-foreign`, `capture-future`.
pub fn read(bytes: &[u8]) -> Result<Capture, Trouble> {
    if trace::is_trace(bytes) { from_trace(bytes) } else { Capture::parse(bytes) }
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
