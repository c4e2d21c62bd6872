//! What can be made to go wrong with one push on purpose, written `NAME[:ARG]`. Every fault is exact and repeatable.

mod announced;
mod spelling;
mod table;
#[cfg(test)]
mod tests;

pub use announced::{announced_url, announced_version};
pub use spelling::MalformedFault;
pub use table::{ALL, Kind, Stage};

/// One fault, armed for one push. It knows where it acts; who acts it out is the firmware server, the dialect or the broker.
///
/// Offsets count the bytes of each file of the push from 0; times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    // Before the download
    /// The URL names a port on which nothing listens.
    ClosedPort,
    /// The URL names a host that never answers.
    Unreachable,
    /// The server takes every request in and never answers.
    NoAnswer,
    /// 404.
    NotFound,
    /// 403, as for a signature that has expired.
    Expired,
    /// 500.
    ServerError,
    /// 302 to the URL that has the file: who follows it gets it.
    Redirect,

    // What is announced
    /// Another digest than the image's.
    WrongDigest,
    /// A size that differs by so many bytes, never 0.
    WrongSize {
        /// Added to the true size; what would be below 0 is 0.
        by: i64,
    },
    /// Another version than the one pushed.
    WrongVersion {
        /// Which; one that the build does not have when absent.
        version: Option<String>,
    },
    /// A URL of no characters.
    EmptyUrl,
    /// A field of the message is left out.
    MissingField {
        /// Its key, as the dialect spells it.
        name: String,
    },

    // While serving
    /// Every answer is 200 with all of the file.
    IgnoreRange,
    /// The server's file lacks its last bytes.
    ShortBody {
        /// How many.
        bytes: u64,
    },
    /// One byte of the file is inverted.
    Flip {
        /// Which.
        offset: u64,
    },
    /// The connection is cut just before this byte of the file, once.
    Cut {
        /// Which.
        offset: u64,
    },
    /// Every answer's body is cut after so many bytes.
    CutEvery {
        /// How many, at least 1.
        bytes: u64,
    },
    /// The server pauses just before this byte of the file, once.
    Stall {
        /// Which.
        offset: u64,
        /// How long.
        millis: u64,
    },
    /// Bodies leave no faster than this.
    Rate {
        /// At least 1.
        bytes_per_sec: u64,
    },
    /// Every answer waits before its first byte.
    FirstByte {
        /// How long.
        millis: u64,
    },
    /// Header names in lower case.
    LowerCase,
    /// Bodies in chunks, without a length.
    Chunked,
    /// A head of 1,300 bytes.
    LongHead,

    // In MQTT
    /// The device's connection is ended when its progress reaches this, once.
    Kick {
        /// 0 to 100.
        percent: u8,
    },
    /// From its next disconnection on the device is turned away for so long, once.
    RefuseReconnect {
        /// How long.
        millis: u64,
    },
    /// The push is published twice.
    PushTwice,
    /// The push goes out so much later.
    PushLate {
        /// How much.
        millis: u64,
    },
    /// The acknowledgement of the push is lost: it comes again, marked as a repeat.
    LoseAck,
}

impl Fault {
    /// What is known of faults of this kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        let name = self.name();
        // The table has a line for every name; a test says so.
        ALL.iter().find(|kind| kind.name == name).unwrap_or(&ALL[0])
    }

    /// Where in an upgrade it acts.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.kind().stage
    }

    /// The byte of the image at which it acts, if it acts at one.
    #[must_use]
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Flip { offset } | Self::Cut { offset } | Self::Stall { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// Whether the firmware server acts it out, and so needs to be told of it.
    #[must_use]
    pub fn is_served(&self) -> bool {
        match self {
            Self::ClosedPort | Self::Unreachable => false,
            _ => matches!(self.stage(), Stage::BeforeDownload | Stage::Serving),
        }
    }

    /// Two faults of one group cannot both act; nothing where any number can.
    const fn group(&self) -> Option<&'static str> {
        match self {
            Self::ClosedPort | Self::Unreachable | Self::EmptyUrl => Some("url"),
            Self::NoAnswer | Self::NotFound | Self::Expired | Self::ServerError | Self::Redirect => Some("answer"),
            Self::Flip { .. }
            | Self::Cut { .. }
            | Self::Stall { .. }
            | Self::MissingField { .. }
            | Self::Kick { .. } => None,
            _ => Some(self.name()),
        }
    }
}

/// The first two of these faults that cannot both act: two URLs, two answers, the same one twice.
#[must_use]
pub fn clash(faults: &[Fault]) -> Option<(&Fault, &Fault)> {
    faults.iter().enumerate().find_map(|(at, fault)| {
        let same = |earlier: &&Fault| *earlier == fault || earlier.group().is_some_and(|it| fault.group() == Some(it));
        Some((faults[..at].iter().find(same)?, fault))
    })
}
