//! Events on disk: JSON Lines, a versioned header and then one event a line. The only place that spells events.

mod about;
mod damage;
mod field;
mod line;
mod reader;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schema_tests;

pub use about::{ABOUT_VERSION, About, Condition, Entry, Found, Limits, Verdict, is_own_name};
pub use damage::{Cut, Damage, Damages};
pub use line::{FIELDS, NoEvent, decode, encode, kind};
pub use reader::{Capture, LONGEST_LINE, Reader};

use crate::event::Trouble;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format's version, in every header.
pub const VERSION: u32 = 1;

/// No session begins later: the last millisecond of the year 9999, since 1970 UTC.
const LATEST_START: u64 = 253_402_300_799_999;

/// The first line of a capture. No secret is ever in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Format version.
    pub capture: u32,
    /// Who wrote it: `ota-workbench 0.1.0`.
    pub application: String,
    /// Wall clock at the session's first instant, milliseconds since 1970 UTC. Every `at` counts from here.
    pub started_unix_ms: u64,
    /// The bench file's name, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bench: Option<String>,
}

impl Header {
    /// The header of a session that began at `started_unix_ms`.
    #[must_use]
    pub fn new(started_unix_ms: u64, bench: Option<String>) -> Self {
        let application = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { capture: VERSION, application, started_unix_ms, bench }
    }

    /// The line, without its end.
    #[must_use]
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a first line. `path` of what is wrong with it is empty, to be filled in by who knows it.
    ///
    /// # Errors
    /// It is no capture's, or one of a later format, or its session begins when none can.
    pub fn decode(line: &str) -> Result<Self, Trouble> {
        let first: Value = serde_json::from_str(line).map_err(|_| foreign())?;
        // Looked at first: a later version may say the rest in other words.
        if let Some(version) = first.get("capture").and_then(Value::as_u64).filter(|known| *known > VERSION.into()) {
            let by = first.get("application").and_then(Value::as_str).unwrap_or("?");
            return Err(Trouble::new("capture-future").with("path", "").with("version", version).with("by", by));
        }
        let header: Self = serde_json::from_value(first).map_err(|_| foreign())?;
        // There is no earlier version.
        if header.capture != VERSION {
            return Err(foreign());
        }
        if header.started_unix_ms > LATEST_START {
            let start = header.started_unix_ms;
            return Err(Trouble::new("recording-impossible-start").with("path", "").with("start", start));
        }
        Ok(header)
    }
}

/// A file that is no recording; `path` is empty, to be filled in by who knows it.
#[must_use]
pub fn foreign() -> Trouble {
    Trouble::new("capture-foreign").with("path", "")
}
