//! The bytes behind a path, and what HTTP says of them.

use crate::image::digest;
use crate::io::build_file::Snapshot;
use chrono::{DateTime, NaiveDateTime, Utc};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How HTTP writes a date (RFC 9110, 5.6.7).
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// Bytes to serve.
#[derive(Debug, PartialEq, Eq)]
pub struct Firmware {
    /// All of them.
    pub(in crate::io) bytes: Arc<[u8]>,
    /// Their MD5, as an `ETag`.
    pub(super) etag: String,
    /// When they were last changed, as HTTP writes it.
    pub(super) modified: String,
    modified_unix: i64,
    /// The MD5 of these very bytes.
    pub(super) md5: String,
}

impl Firmware {
    pub(super) fn new(bytes: Arc<[u8]>, md5: &str, modified: SystemTime) -> Self {
        let modified_unix = unix(modified);
        Self { bytes, etag: format!("\"{md5}\""), modified: written(modified_unix), modified_unix, md5: md5.to_owned() }
    }

    /// Other bytes that pass for these.
    pub(super) fn with(&self, bytes: Vec<u8>) -> Self {
        let (etag, modified, md5) = (self.etag.clone(), self.modified.clone(), digest(&bytes).md5);
        Self { bytes: bytes.into(), etag, modified, modified_unix: self.modified_unix, md5 }
    }

    /// When they were last changed, in seconds since 1970.
    pub(super) const fn modified_unix(&self) -> i64 {
        self.modified_unix
    }
}

impl From<&Snapshot> for Firmware {
    fn from(build: &Snapshot) -> Self {
        Self::new(Arc::clone(&build.bytes), &build.digests.md5, build.modified.unwrap_or_else(now))
    }
}

impl From<Arc<[u8]>> for Firmware {
    fn from(bytes: Arc<[u8]>) -> Self {
        let md5 = digest(&bytes).md5;
        Self::new(bytes, &md5, now())
    }
}

/// The present time, written once a second.
pub(super) fn http_date() -> Arc<str> {
    static LATEST: Mutex<Option<(i64, Arc<str>)>> = Mutex::new(None);
    let second = unix(now());
    let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*latest {
        Some((known, text)) if *known == second => Arc::clone(text),
        _ => {
            let text: Arc<str> = written(second).into();
            *latest = Some((second, Arc::clone(&text)));
            text
        }
    }
}

/// Seconds since 1970 of a date as HTTP writes it.
pub(super) fn read_http_date(text: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(text.trim(), HTTP_DATE).ok().map(|date| date.and_utc().timestamp())
}

fn written(unix: i64) -> String {
    DateTime::<Utc>::from_timestamp(unix, 0).unwrap_or_default().format(HTTP_DATE).to_string()
}

fn unix(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::{read_http_date, written};

    #[test]
    fn a_date_is_written_and_read_as_http_has_it() {
        assert_eq!(written(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(read_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(read_http_date("yesterday"), None);
    }
}
