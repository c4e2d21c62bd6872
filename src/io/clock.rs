//! The session's clock: microseconds since it began, and the wall clock it began at.

use crate::event::Micros;
use chrono::{Local, TimeZone};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that starts at its making; copies agree. It goes on while the computer sleeps, so that what comes after lunch
/// bears the time after lunch.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Duration,
    began_unix_ms: u64,
}

impl Clock {
    /// Starts the clock.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { began: passed(), began_unix_ms: u64::try_from(unix.as_millis()).unwrap_or_default() }
    }

    /// The time since the start.
    #[must_use]
    pub fn now(&self) -> Micros {
        Micros(u64::try_from(passed().saturating_sub(self.began).as_micros()).unwrap_or(u64::MAX))
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

/// Time that passed since some instant, sleep included. `Instant` leaves sleep out on Linux and macOS.
#[cfg(unix)]
fn passed() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::CLOCK_BOOTTIME;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::CLOCK_MONOTONIC;
    clock_gettime(clock).map(Duration::from).unwrap_or_default()
}

/// As above; on Windows `Instant` counts sleep.
#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn passed() -> Duration {
    static START: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    START.elapsed()
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
