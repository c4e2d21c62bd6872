//! Consoles on disk: what does not fit the memory, files that are looked at, and logs that are kept.

mod file;
mod log_names;
mod log_writer;
mod spill;

pub use file::{open, save};
pub use log_writer::{LogPlan, LogWriter};
pub use spill::Spill;

use crate::console::Job;

/// Does work on a thread of its own, then calls `then`.
pub fn in_background(job: Job, then: impl FnOnce() + Send + 'static) {
    let working = move || {
        job();
        then();
    };
    // Each is short, or there are two of them at most; without a thread what was asked for stays undone.
    let _ = std::thread::Builder::new().name("console".into()).spawn(working);
}
