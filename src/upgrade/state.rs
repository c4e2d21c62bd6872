//! Where an upgrade stands, and how it can end.

/// Where one upgrade stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Pushed by the operator; the device is not there to hear it yet.
    Queued,
    /// Sent to the device, which has not begun.
    Offered,
    /// The device is at it, and its cloud's devices tell no percent.
    Upgrading,
    /// The device downloads.
    Downloading {
        /// What the device says, 0 to 100.
        percent: u8,
    },
    /// The device writes to flash.
    Burning {
        /// What the device says, 0 to 100.
        percent: u8,
    },
    /// The device is done with the image and went offline: it restarts, or should.
    Restarting,
    /// The cloud calls it a success.
    Succeeded,
    /// The cloud calls it a failure.
    Failed(Failure),
    /// The operator cancelled it, or a newer push took its place.
    Cancelled,
}

/// Why an upgrade failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The device said so.
    Reported {
        /// The cloud's code as the device sent it.
        code: i64,
        /// What the device added.
        text: String,
    },
    /// The device runs another version than the target.
    WrongVersion {
        /// The version it reported.
        reported: String,
    },
    /// It took too long.
    TimedOut,
}

/// How an upgrade ended, for a verdict and an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The device runs the target version and said so.
    Succeeded,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It took too long.
    TimedOut,
}

impl Outcome {
    /// The name used in `--json` output.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
        }
    }
}

impl State {
    /// How it ended; `None` while it runs.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Succeeded => Some(Outcome::Succeeded),
            Self::Failed(Failure::TimedOut) => Some(Outcome::TimedOut),
            Self::Failed(_) => Some(Outcome::Failed),
            Self::Cancelled => Some(Outcome::Cancelled),
            Self::Queued
            | Self::Offered
            | Self::Upgrading
            | Self::Downloading { .. }
            | Self::Burning { .. }
            | Self::Restarting => None,
        }
    }

    /// Whether the device has begun: the clouds' “in progress”.
    #[must_use]
    pub const fn in_progress(&self) -> bool {
        matches!(self, Self::Upgrading | Self::Downloading { .. } | Self::Burning { .. } | Self::Restarting)
    }

    /// Whether the device may have the push, and has not ended it.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Offered) || self.in_progress()
    }
}
