//! What can happen on a bench: the one list of facts that everything else is worked out from.

mod fact;
mod identity;
mod kept_secret;
mod secret;
mod text;
mod trouble;

pub use fact::{
    Client, ClientName, Deadline, Extras, Fact, ImageId, KICKED, LineMove, OrderedFile, Payload, ReplayId, TAKEN_OVER,
    TlsService, UNRECORDED, UpgradeId, UpgradeOrder,
};
pub use identity::{DeviceId, MalformedDeviceId};
pub use kept_secret::Secret;
pub use secret::{MASK, mask_password, take_mask, without_password};
pub use text::{Text, Texts};
pub use trouble::Trouble;

use std::fmt;
use std::ops::{Add, Sub};

/// A point in time or a span, in microseconds; as a point it counts from the session's first instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    /// The span of so many whole seconds; the longest there is when they are more.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// The span of so many milliseconds; the longest there is when they are more.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// The span of so many seconds and their fraction; nothing for less than none.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast to u64 stays within its bounds"
    )]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self((secs * 1e6).round() as u64)
    }

    /// Seconds, with their fraction.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 years of microseconds")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The span from `earlier` to here; nothing when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Micros {
    type Output = Self;
    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Micros {
    type Output = Self;
    fn sub(self, span: Self) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Micros {
    /// Seconds with three decimals: `12.031`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}

/// One thing that happened: its place in the session's order, its time and the fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Place in the session's order, from 1, without holes.
    pub seq: u64,
    /// Microseconds since the session began.
    pub at: Micros,
    /// What happened.
    pub fact: Fact,
}

impl Event {
    /// What it costs in memory, in bytes, near enough.
    #[must_use]
    pub fn weight(&self) -> usize {
        let carried = match &self.fact {
            Fact::MessageReceived { topic, payload, .. } | Fact::MessagePublished { topic, payload, .. } => {
                topic.len() + payload.len()
            }
            Fact::BytesReceived { bytes, port } | Fact::BytesSent { bytes, port } => bytes.len() + port.len(),
            // Both names are the client's own choice, and may have 64 KiB.
            Fact::ClientConnected { client } | Fact::ClientRefused { client, .. } => {
                128 + client.name.len() + client.username.as_ref().map_or(0, String::len)
            }
            _ => 128,
        };
        size_of::<Self>() + carried + 32
    }
}

#[cfg(test)]
mod tests {
    use super::Micros;

    #[test]
    fn a_span_past_all_reason_is_the_longest_there_is() {
        assert_eq!(Micros::from_secs(u64::MAX), Micros(u64::MAX));
        assert_eq!(Micros::from_millis(u64::MAX), Micros(u64::MAX));
        assert_eq!(Micros::from_secs(u64::MAX) + Micros(1), Micros(u64::MAX));
    }
}
