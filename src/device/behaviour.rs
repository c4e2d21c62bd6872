//! The ways in which real devices were seen to go wrong, each to be had from the simulated one.

/// What a device does otherwise than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Hears the push and does nothing.
    Silent,
    /// Loads everything, tells 100 percent and nothing more.
    SilentAtHundred,
    /// Takes an error page for firmware.
    IgnoresStatus,
    /// Stops half-way without a word.
    GivesUp,
    /// Asks for the last range again and again.
    RepeatsLastRange,
    /// Tells no progress, only how it ended.
    NoProgress,
    /// Downloads everything a second time after its success, and tells that too.
    UpgradesTwice,
    /// Asks for the beginning hundreds of times a second, each time with a progress of 0.
    Storm,
    /// Begins each range at the last byte of the one before.
    OverlappingRanges,
    /// Runs two downloads at once.
    TwoDownloads,
    /// Comes back from its restart and says nothing.
    NeverReports,
    /// Does not begin its digest anew for a second upgrade.
    StaleDigest,
    /// Comes back with another version than the one it was to reach.
    WrongVersion,
    /// Has a twin with the same credentials.
    SharedIdentity,
}

impl Behaviour {
    /// All of them, in the order of `simulate --help`.
    pub const ALL: [Self; 14] = [
        Self::Silent,
        Self::SilentAtHundred,
        Self::IgnoresStatus,
        Self::GivesUp,
        Self::RepeatsLastRange,
        Self::NoProgress,
        Self::UpgradesTwice,
        Self::Storm,
        Self::OverlappingRanges,
        Self::TwoDownloads,
        Self::NeverReports,
        Self::StaleDigest,
        Self::WrongVersion,
        Self::SharedIdentity,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::SilentAtHundred => "silent-at-100",
            Self::IgnoresStatus => "ignores-status",
            Self::GivesUp => "gives-up",
            Self::RepeatsLastRange => "repeats-last-range",
            Self::NoProgress => "no-progress",
            Self::UpgradesTwice => "upgrades-twice",
            Self::Storm => "storm",
            Self::OverlappingRanges => "overlapping-ranges",
            Self::TwoDownloads => "two-downloads",
            Self::NeverReports => "never-reports",
            Self::StaleDigest => "stale-digest",
            Self::WrongVersion => "wrong-version",
            Self::SharedIdentity => "shared-identity",
        }
    }

    /// What it does, in a few words for the command line.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Silent => "Acknowledge the push, and do nothing",
            Self::SilentAtHundred => "Load everything, tell 100 percent, and nothing more",
            Self::IgnoresStatus => "Take an error page for firmware",
            Self::GivesUp => "Stop half-way without a word",
            Self::RepeatsLastRange => "Ask for the last range again and again",
            Self::NoProgress => "Tell no progress, only how it ended",
            Self::UpgradesTwice => "Download and succeed a second time",
            Self::Storm => "Ask for the beginning hundreds of times a second",
            Self::OverlappingRanges => "Begin each range at the last byte of the one before",
            Self::TwoDownloads => "Run two downloads at once",
            Self::NeverReports => "Come back from the restart and say nothing",
            Self::StaleDigest => "Do not begin the digest anew for a second upgrade",
            Self::WrongVersion => "Come back with another version",
            Self::SharedIdentity => "Have a twin with the same credentials",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|behaviour| behaviour.id() == id)
    }
}
