//! Why an upgrade fails on the device, and each cloud's number for it.

use super::{FetchFailure, SuccessStyle};

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
    pub(super) const fn code(self, style: SuccessStyle) -> i64 {
        match (style, self) {
            (SuccessStyle::Reports, Self::Unreachable) | (SuccessStyle::Informs, Self::Unusable) => -1,
            (SuccessStyle::Reports, Self::Expired)
            | (SuccessStyle::Informs, Self::Unreachable | Self::Expired | Self::TimedOut) => -2,
            (SuccessStyle::Reports, Self::TimedOut) | (SuccessStyle::Informs, Self::Digest) => -3,
            (SuccessStyle::Reports, Self::Digest) | (SuccessStyle::Informs, Self::Burn) => -4,
            (SuccessStyle::Reports, Self::Burn) => -5,
            (SuccessStyle::Reports, Self::Unusable) => -6,
        }
    }

    /// What a device would call it.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Unusable => "upgrade failed",
            Self::Unreachable => "URL unreachable",
            Self::Expired => "URL signature expired",
            Self::TimedOut => "download timed out",
            Self::Digest => "MD5 mismatch",
            Self::Burn => "writing flash failed",
        }
    }
}

impl Plan {
    /// The failure that has this number with this cloud; an unknown number is a refusal at once.
    pub(super) fn new(code: i64, style: SuccessStyle) -> Self {
        // The download's failures share a number with Alibaba Cloud; the one half-way is the most telling, so it comes first.
        const ALL: [Failure; 5] =
            [Failure::TimedOut, Failure::Unreachable, Failure::Expired, Failure::Digest, Failure::Burn];
        let failure = ALL.into_iter().find(|failure| failure.code(style) == code).unwrap_or(Failure::Unusable);
        Self { failure, code }
    }
}

impl From<&FetchFailure> for Failure {
    fn from(why: &FetchFailure) -> Self {
        match why {
            FetchFailure::Status(403) => Self::Expired,
            FetchFailure::Status(_) | FetchFailure::Unreachable(_) => Self::Unreachable,
            FetchFailure::TimedOut | FetchFailure::Broken(_) => Self::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, Plan};
    use crate::device::SuccessStyle::{self, Informs, Reports};

    fn check(style: SuccessStyle, code: i64, failure: Failure) {
        assert_eq!(Plan::new(code, style), Plan { failure, code });
    }

    #[test]
    fn an_ordered_code_fails_where_its_cloud_says_it_does() {
        check(Reports, -1, Failure::Unreachable);
        check(Reports, -2, Failure::Expired);
        check(Reports, -3, Failure::TimedOut);
        check(Reports, -4, Failure::Digest);
        check(Reports, -5, Failure::Burn);
        check(Reports, -6, Failure::Unusable);
        check(Informs, -1, Failure::Unusable);
        check(Informs, -2, Failure::TimedOut);
        check(Informs, -3, Failure::Digest);
        check(Informs, -4, Failure::Burn);
        check(Informs, 102, Failure::Unusable);
    }
}
