//! The brain of the simulated device: what it does with an offer, and what its console prints meanwhile. No clock, no socket.

mod behaviour;
mod brain;
mod burning;
mod download;
mod failure;
mod shell;
mod upgrading;
mod voice;

pub use behaviour::Behaviour;
pub use brain::Brain;

use crate::event::DeviceId;
use crate::upgrade::{About, Report, Said, SuccessRule};

/// What the device was told to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The module, when it is not the default one.
    pub module: Option<String>,
    /// The version to reach.
    pub version: String,
    /// The task's id, from a cloud that has tasks.
    pub task: Option<String>,
    /// The files, one after the other.
    pub files: Vec<OfferedFile>,
}

impl Offered {
    /// Bytes in all files together.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size))
    }

    /// How a report says which upgrade it is about.
    pub(crate) fn about(&self) -> About {
        self.task.clone().map_or_else(|| About::Version(self.version.clone()), About::Task)
    }
}

/// One file the device was told to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedFile {
    /// Where it is.
    pub source: Source,
    /// Bytes in it.
    pub size: u64,
    /// MD5 in hex; empty when none was announced.
    pub md5: String,
    /// SHA-256 in hex; empty when none was announced.
    pub sha256: String,
}

/// Where a file is fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// By HTTP.
    Url(String),
    /// In blocks over MQTT: the stream and the file in it.
    Stream(u64, u64),
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Stream(stream, file) => write!(f, "stream {stream}, file {file}"),
        }
    }
}

/// What a device says first after every start, running this version.
pub type Greeting = Box<dyn Fn(&str) -> Vec<Report> + Send>;

/// The name under which a simulated device's console stands among the serial ports.
#[must_use]
pub fn console_name(device: &DeviceId) -> String {
    format!("{} (simulated)", device.device)
}

/// What makes one simulated device differ from another.
pub struct Profile {
    /// The version it runs at first.
    pub version: String,
    /// How its cloud learns of a success.
    pub success: SuccessRule,
    /// Fail every upgrade with this code, at the point where a real device would.
    pub fail_with: Option<i64>,
    /// Bytes a second to download; 0 is as fast as possible, with no pause anywhere else either.
    pub pace: u64,
    /// What it says first.
    pub greeting: Greeting,
    /// What it does otherwise than it should.
    pub behaviour: Option<Behaviour>,
}

impl Profile {
    /// Slow enough to watch, fast enough not to wait for.
    pub const WATCHABLE_PACE: u64 = 200_000;

    /// An upgraded device's version as it reports it.
    fn reported(&self, version: &str) -> String {
        if self.behaviour == Some(Behaviour::WrongVersion) { format!("{version}-rc") } else { version.to_owned() }
    }
}

/// What happens to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Power is on.
    Started,
    /// It is signed in and subscribed.
    Connected,
    /// The broker went away, for this reason.
    Disconnected(String),
    /// It heard of an upgrade.
    Offered(Offered),
    /// It heard that the upgrade is cancelled.
    Cancelled,
    /// Bytes of a range arrived. Fewer than asked is fine, none is not.
    Arrived {
        /// Of which [`Step::Fetch`].
        ticket: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A range did not arrive.
    FetchFailed {
        /// Of which [`Step::Fetch`].
        ticket: u32,
        /// Why.
        why: FetchFailure,
    },
    /// Somebody typed at its console.
    Typed(Vec<u8>),
    /// The time of [`Brain::poll_timeout`] has come.
    Timer,
}

/// Why a range did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// The server answered with another status than 200 or 206.
    Status(u16),
    /// The server could not be reached; the words tell why.
    Unreachable(String),
    /// The server took too long.
    TimedOut,
    /// The connection broke, or the answer made no sense; the words tell how.
    Broken(String),
}

/// What the device wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Tell the cloud.
    Say(Said),
    /// Fetch a range of the image, and answer with [`Input::Arrived`] or [`Input::FetchFailed`].
    Fetch {
        /// Names this request.
        ticket: u32,
        /// Where from.
        source: Source,
        /// On which connection: 0, and 1 for a device that downloads twice at once.
        lane: u8,
        /// First byte.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// Print on the console, byte for byte.
    Log(String),
    /// Cut the connection without a word, as a reset does, once what was said is on its way.
    Disconnect,
    /// Sign in and subscribe.
    Connect,
    /// An upgrade is over.
    Ended(Ending),
}

/// How an upgrade ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The device runs this version now, and said so.
    Succeeded {
        /// The version.
        version: String,
    },
    /// The device keeps its version, and said so with this code.
    Failed {
        /// The cloud's code.
        code: i64,
    },
    /// The cloud cancelled it.
    Cancelled,
}

#[cfg(test)]
mod tests;
