//! A replay's own clock.

use crate::event::Micros;
use std::time::{Duration, Instant};

/// It stands still while the replay waits.
pub(super) struct Play {
    began: Instant,
    /// How far it had come when it last stood still.
    stands_at: Option<Duration>,
}

impl Play {
    pub fn begin() -> Self {
        Self { began: now(), stands_at: None }
    }

    /// Stops the clock, at this point at least.
    pub fn stand(&mut self, at_least: Duration) {
        self.stand_since(now());
        self.stands_at = self.stands_at.map(|here| here.max(at_least));
    }

    /// Stops the clock at this very point.
    pub const fn stand_at(&mut self, at: Duration) {
        self.stands_at = Some(at);
    }

    /// Stops the clock as it stood then, if it still went.
    pub fn stand_since(&mut self, then: Instant) {
        self.stands_at = self.stands_at.or_else(|| Some(then.saturating_duration_since(self.began)));
    }

    pub const fn stands(&self) -> bool {
        self.stands_at.is_some()
    }

    pub fn go_on(&mut self) {
        if let Some(here) = self.stands_at.take()
            && let Some(began) = now().checked_sub(here)
        {
            self.began = began;
        }
    }

    pub fn instant(&self, due: Micros) -> Instant {
        self.began + Duration::from_micros(due.0)
    }
}

#[expect(clippy::disallowed_methods, reason = "an adapter reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}
