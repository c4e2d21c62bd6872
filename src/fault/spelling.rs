//! How a fault is written: `NAME[:ARG]`, its argument checked.

use super::{ALL, Fault};
use std::fmt;
use std::str::FromStr;

/// The longest version or field name taken, in bytes.
const LONGEST_WORD: usize = 64;
/// The longest pause or delay, in milliseconds: a day.
const LONGEST_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MalformedFault {
    /// There is no fault of that name.
    Unknown,
    /// It takes no argument.
    Needless(&'static str),
    /// Its argument is missing or does not fit; this is how it is written.
    Argument {
        /// Its name.
        name: &'static str,
        /// What its argument is called, `N,SECS`.
        argument: &'static str,
        /// One that is right.
        example: &'static str,
    },
}

impl fmt::Display for MalformedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such fault; push --help lists them"),
            Self::Needless(name) => write!(f, "{name} takes no argument"),
            Self::Argument { name, argument, example } => {
                write!(f, "it is written {name}:{argument}, such as {example}")
            }
        }
    }
}

impl std::error::Error for MalformedFault {}

impl FromStr for Fault {
    type Err = MalformedFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, argument) = match text.split_once(':') {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let kind = ALL.iter().find(|kind| kind.name == name).ok_or(MalformedFault::Unknown)?;
        let Some(called) = kind.argument else {
            return match argument {
                None => plain(name).ok_or(MalformedFault::Unknown),
                Some(_) => Err(MalformedFault::Needless(kind.name)),
            };
        };
        with_argument(name, argument).ok_or(MalformedFault::Argument {
            name: kind.name,
            argument: called,
            example: kind.example,
        })
    }
}

/// The faults without an argument.
fn plain(name: &str) -> Option<Fault> {
    Some(match name {
        "closed-port" => Fault::ClosedPort,
        "unreachable" => Fault::Unreachable,
        "no-answer" => Fault::NoAnswer,
        "not-found" => Fault::NotFound,
        "expired" => Fault::Expired,
        "server-error" => Fault::ServerError,
        "redirect" => Fault::Redirect,
        "wrong-digest" => Fault::WrongDigest,
        "empty-url" => Fault::EmptyUrl,
        "ignore-range" => Fault::IgnoreRange,
        "lower-case" => Fault::LowerCase,
        "chunked" => Fault::Chunked,
        "long-head" => Fault::LongHead,
        "push-twice" => Fault::PushTwice,
        "lose-ack" => Fault::LoseAck,
        _ => return None,
    })
}

/// The faults with one, if it fits.
fn with_argument(name: &str, argument: Option<&str>) -> Option<Fault> {
    if name == "wrong-version" && argument.is_none() {
        return Some(Fault::WrongVersion { version: None });
    }
    let argument = argument?;
    Some(match name {
        "wrong-version" => Fault::WrongVersion { version: Some(word(argument)?) },
        "wrong-size" => Fault::WrongSize { by: argument.parse().ok().filter(|by| *by != 0)? },
        "missing-field" => Fault::MissingField { name: word(argument)? },
        "short-body" => Fault::ShortBody { bytes: some(argument)? },
        "flip" => Fault::Flip { offset: whole(argument)? },
        "cut" => Fault::Cut { offset: whole(argument)? },
        "cut-every" => Fault::CutEvery { bytes: some(argument)? },
        "stall" => {
            let (offset, secs) = argument.split_once(',')?;
            Fault::Stall { offset: whole(offset)?, millis: millis(secs)? }
        }
        "rate" => Fault::Rate { bytes_per_sec: some(argument)? },
        "first-byte" => Fault::FirstByte { millis: millis(argument)? },
        "kick" => {
            Fault::Kick { percent: whole(argument).and_then(|it| u8::try_from(it).ok()).filter(|it| *it <= 100)? }
        }
        "refuse-reconnect" => Fault::RefuseReconnect { millis: millis(argument)? },
        "push-late" => Fault::PushLate { millis: millis(argument)? },
        _ => return None,
    })
}

/// Digits and nothing else.
fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn some(text: &str) -> Option<u64> {
    whole(text).filter(|number| *number > 0)
}

/// Seconds, with up to three decimals, as milliseconds.
fn millis(text: &str) -> Option<u64> {
    let (secs, decimals) = text.split_once('.').unwrap_or((text, "0"));
    if decimals.is_empty() || decimals.len() > 3 || secs.is_empty() {
        return None;
    }
    let decimals = whole(&format!("{decimals:0<3}"))?;
    let millis = whole(secs)?.checked_mul(1_000)?.checked_add(decimals)?;
    (1..=LONGEST_MILLIS).contains(&millis).then_some(millis)
}

fn word(text: &str) -> Option<String> {
    let fits = (1..=LONGEST_WORD).contains(&text.len()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Milliseconds as seconds, with no more decimals than it needs.
struct Secs(u64);

impl fmt::Display for Secs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (secs, rest) = (self.0 / 1_000, self.0 % 1_000);
        if rest == 0 {
            return write!(f, "{secs}");
        }
        f.write_str(format!("{secs}.{rest:03}").trim_end_matches('0'))
    }
}

impl Fault {
    /// The name alone.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ClosedPort => "closed-port",
            Self::Unreachable => "unreachable",
            Self::NoAnswer => "no-answer",
            Self::NotFound => "not-found",
            Self::Expired => "expired",
            Self::ServerError => "server-error",
            Self::Redirect => "redirect",
            Self::WrongDigest => "wrong-digest",
            Self::WrongSize { .. } => "wrong-size",
            Self::WrongVersion { .. } => "wrong-version",
            Self::EmptyUrl => "empty-url",
            Self::MissingField { .. } => "missing-field",
            Self::IgnoreRange => "ignore-range",
            Self::ShortBody { .. } => "short-body",
            Self::Flip { .. } => "flip",
            Self::Cut { .. } => "cut",
            Self::CutEvery { .. } => "cut-every",
            Self::Stall { .. } => "stall",
            Self::Rate { .. } => "rate",
            Self::FirstByte { .. } => "first-byte",
            Self::LowerCase => "lower-case",
            Self::Chunked => "chunked",
            Self::LongHead => "long-head",
            Self::Kick { .. } => "kick",
            Self::RefuseReconnect { .. } => "refuse-reconnect",
            Self::PushTwice => "push-twice",
            Self::PushLate { .. } => "push-late",
            Self::LoseAck => "lose-ack",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::WrongSize { by } => write!(f, "{name}:{by:+}"),
            Self::WrongVersion { version: Some(word) } | Self::MissingField { name: word } => {
                write!(f, "{name}:{word}")
            }
            Self::ShortBody { bytes: number }
            | Self::Flip { offset: number }
            | Self::Cut { offset: number }
            | Self::CutEvery { bytes: number }
            | Self::Rate { bytes_per_sec: number } => write!(f, "{name}:{number}"),
            Self::Stall { offset, millis } => write!(f, "{name}:{offset},{}", Secs(*millis)),
            Self::FirstByte { millis } | Self::RefuseReconnect { millis } | Self::PushLate { millis } => {
                write!(f, "{name}:{}", Secs(*millis))
            }
            Self::Kick { percent } => write!(f, "{name}:{percent}"),
            _ => f.write_str(name),
        }
    }
}
