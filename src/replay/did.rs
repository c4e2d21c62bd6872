//! What a device or a server did in one step of an upgrade, without what differs from run to run.

use std::fmt;

/// One step of an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// The device said that it has the push.
    Received,
    /// It said that it begins.
    Begun,
    /// It said that it downloads.
    Downloading,
    /// It said that it writes to flash.
    Burning,
    /// It told its version: the target, or another one.
    Runs {
        /// Whether it is the one to be reached.
        target: bool,
    },
    /// It reported its success, with a version or without.
    Succeeded {
        /// Whether the version is the one to be reached, if it told one.
        target: Option<bool>,
    },
    /// It reported its failure, with its cloud's code.
    Failed {
        /// UIoT -1…-6, Aliyun -1…-4.
        code: i64,
    },
    /// The firmware server answered.
    Answered {
        /// HTTP's.
        status: u16,
        /// Whether all of the answer went out.
        complete: bool,
    },
    /// A block was handed out over MQTT, or refused.
    Block {
        /// The cloud's.
        code: u16,
    },
    /// The client acknowledged a message.
    Acknowledged,
    /// It signed in.
    Connected,
    /// It went away.
    Disconnected,
}

impl Did {
    /// A stable name, which finds its words in the locales as `compare.did-…`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Begun => "begun",
            Self::Downloading => "downloading",
            Self::Burning => "burning",
            Self::Runs { target: true } => "target-version",
            Self::Runs { target: false } => "other-version",
            Self::Succeeded { target: Some(true) } => "succeeded-target",
            Self::Succeeded { target: Some(false) } => "succeeded-other",
            Self::Succeeded { target: None } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Answered { complete: true, .. } => "answered",
            Self::Answered { complete: false, .. } => "broken-off",
            Self::Block { .. } => "block",
            Self::Acknowledged => "acknowledged",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
        }
    }
}

impl fmt::Display for Did {
    /// As scripts read it, in no language: `downloading`, `206`, `failed -4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs { target: true } => f.write_str("target version"),
            Self::Runs { target: false } => f.write_str("other version"),
            Self::Succeeded { target: Some(true) } => f.write_str("succeeded, target version"),
            Self::Succeeded { target: Some(false) } => f.write_str("succeeded, other version"),
            Self::Failed { code } => write!(f, "failed {code}"),
            Self::Answered { status, complete: true } => write!(f, "{status}"),
            Self::Answered { status, complete: false } => write!(f, "{status} broken off"),
            Self::Block { code } => write!(f, "block {code}"),
            other => f.write_str(other.id()),
        }
    }
}
