//! Why an upgrade fails on the device, and each cloud's number for it.

use super::FetchFailure;
use crate::upgrade::SuccessRule;

/// Why an upgrade fails on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The offer itself is of no use.
    Unusable,
    Unreachable,
    Expired,
    /// The download stopped on the way.
    TimedOut,
    Digest,
    Burn,
}

/// A failure ordered on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) failure: Failure,
    pub(super) code: i64,
}

impl Failure {
    /// The number the device's cloud has for it.
    pub(super) const fn code(self, rule: SuccessRule) -> i64 {
        // A task's failure has words in place of a number; UIoT's numbers serve to order one.
        let informed = matches!(rule, SuccessRule::Informed);
        match self {
            Self::Unreachable | Self::Expired | Self::TimedOut if informed => -2,
            Self::Unreachable => -1,
            Self::Expired => -2,
            Self::TimedOut => -3,
            Self::Unusable if informed => -1,
            Self::Unusable => -6,
            Self::Digest if informed => -3,
            Self::Digest => -4,
            Self::Burn if informed => -4,
            Self::Burn => -5,
        }
    }

    /// What a device would call it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Unusable => "upgrade failed",
            Self::Unreachable => "URL unreachable",
            Self::Expired => "URL signature expired",
            Self::TimedOut => "download timed out",
            Self::Digest => "digest mismatch",
            Self::Burn => "writing flash failed",
        }
    }
}

impl Plan {
    /// The failure that has this number with this cloud; an unknown number is a refusal at once.
    pub(super) fn new(code: i64, rule: SuccessRule) -> Self {
        // The download's failures share a number with Alibaba Cloud; the one half-way is the most telling, so it comes first.
        const ALL: [Failure; 5] =
            [Failure::TimedOut, Failure::Unreachable, Failure::Expired, Failure::Digest, Failure::Burn];
        let failure = ALL.into_iter().find(|failure| failure.code(rule) == code).unwrap_or(Failure::Unusable);
        Self { failure, code }
    }
}

impl From<&FetchFailure> for Failure {
    fn from(why: &FetchFailure) -> Self {
        match why {
            FetchFailure::Status(403) => Self::Expired,
            // With 416 it asks for bytes the server does not have: the download never gets to its end.
            FetchFailure::TimedOut | FetchFailure::Broken(_) | FetchFailure::Status(416) => Self::TimedOut,
            FetchFailure::Status(_) | FetchFailure::Unreachable(_) => Self::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Plan};
    use crate::upgrade::SuccessRule::{self, Informed, Reported};

    fn check(rule: SuccessRule, code: i64, failure: Failure) {
        assert_eq!(Plan::new(code, rule), Plan { failure, code });
    }

    #[test]
    fn an_ordered_code_fails_where_its_cloud_says_it_does() {
        check(Reported, -1, Failure::Unreachable);
        check(Reported, -2, Failure::Expired);
        check(Reported, -3, Failure::TimedOut);
        check(Reported, -4, Failure::Digest);
        check(Reported, -5, Failure::Burn);
        check(Reported, -6, Failure::Unusable);
        check(Informed, -1, Failure::Unusable);
        check(Informed, -2, Failure::TimedOut);
        check(Informed, -3, Failure::Digest);
        check(Informed, -4, Failure::Burn);
        check(Informed, 102, Failure::Unusable);
    }
}
