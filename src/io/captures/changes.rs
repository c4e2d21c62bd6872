//! How often this program changed anything about captures on disk, so that a list of them knows when it is out of date.

use std::sync::atomic::{AtomicU64, Ordering};

static CHANGES: AtomicU64 = AtomicU64::new(0);

/// A capture was written, closed, named, cleared away or looked into.
pub fn note() {
    CHANGES.fetch_add(1, Ordering::Relaxed);
}

/// How many changes there were.
pub fn count() -> u64 {
    CHANGES.load(Ordering::Relaxed)
}
