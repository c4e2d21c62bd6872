//! The session's clock: microseconds since it began, and the wall clock it began at.

use crate::event::Micros;
use chrono::{Local, TimeZone};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock that starts at its making; copies agree.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    began_unix_ms: u64,
}

impl Clock {
    /// Starts the clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { began: Instant::now(), began_unix_ms: u64::try_from(unix.as_millis()).unwrap_or_default() }
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Micros {
        Micros(u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// How long until a point in time; nothing when it is past.
    #[must_use]
    pub fn until(&self, at: Micros) -> Duration {
        Duration::from_micros(at.since(self.now()).0)
    }

    /// The wall clock at the start, milliseconds since 1970 UTC.
    #[must_use]
    pub const fn began_unix_ms(&self) -> u64 {
        self.began_unix_ms
    }
}

/// The local zone's offset from UTC, in seconds.
#[must_use]
pub fn utc_offset_secs() -> i32 {
    Local::now().offset().local_minus_utc()
}

/// A wall-clock time as people on this machine read it: `18:37:40`.
#[must_use]
pub fn local_time(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|millis| Local.timestamp_millis_opt(millis).single());
    time.map(|time| time.format("%H:%M:%S").to_string()).unwrap_or_default()
}
