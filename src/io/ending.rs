//! An orderly end that was asked for from outside: what must not be lost comes first, then the program ends in any case.

use super::worker::Worker;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// How long the program may take to end by itself after that: a window that is never drawn cannot close itself.
const PATIENCE: Duration = Duration::from_secs(3);

/// Does `first` away from whoever calls, and sees to it that the program ends soon afterwards, with status 0.
pub fn end_after(first: impl FnOnce() + Send + 'static) {
    let ending = move || {
        first();
        // Nobody ever sends.
        let (_holding, never) = sync_channel::<()>(0);
        let _ = never.recv_timeout(PATIENCE);
        std::process::exit(0);
    };
    if Worker::start("end", ending).is_err() {
        std::process::exit(0);
    }
}
