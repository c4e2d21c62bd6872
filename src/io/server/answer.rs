//! What a request is answered, worked out before a byte is sent.

use super::firmware::{Firmware, http_date, read_http_date};
use super::head::Head;
use super::offers::{Found, InOrder};
use crate::image::{Asked, ByteRange, asked};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;
use tiny_http::{Method, StatusCode};

/// What of a request decides its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) head: &'a Head,
    /// Whether the connection stays open afterwards.
    pub(super) keep_alive: bool,
    /// Whether its range is looked at.
    pub(super) ranged: bool,
    /// `http`, or `https` for a device that came in over TLS.
    pub(super) scheme: &'static str,
}

/// An answer ready to be sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where the body lies in the image; 0 for an error.
    pub(super) offset: u64,
    head: Vec<u8>,
    body: Body,
    /// Counts what leaves of the image in order.
    in_order: Option<Arc<InOrder>>,
}

#[derive(Debug)]
enum Body {
    Nothing,
    Text(&'static str),
    Image(Arc<Firmware>, Range<usize>),
}

impl Answer {
    /// Answers a request for what was found under its path and is not armed.
    pub(super) fn to(question: &Question<'_>, found: Found) -> Self {
        match (&question.head.method, found) {
            (Method::Get | Method::Head, Found::Firmware(firmware, in_order)) => {
                Self::firmware(question, firmware).counted_by(in_order)
            }
            (Method::Get | Method::Head, Found::Expired) => Self::error(question, 403, "expired\n", ""),
            (Method::Get | Method::Head, Found::Unknown) => Self::error(question, 404, "not found\n", ""),
            _ => Self::error(question, 405, "GET or HEAD only\n", "Allow: GET, HEAD\r\n"),
        }
    }

    /// An answer that says no, with these header lines.
    pub(super) fn error(question: &Question<'_>, status: u16, text: &'static str, extra: &str) -> Self {
        let head = head(question.keep_alive, status, "text/plain", Some(text.len() as u64), extra);
        let body = if question.head.method == Method::Head { Body::Nothing } else { Body::Text(text) };
        Self { status, offset: 0, head, body, in_order: None }
    }

    /// The answer to what is no request.
    pub(super) fn refusal(status: u16) -> Self {
        let head = head(false, status, "text/plain", Some(0), "");
        Self { status, offset: 0, head, body: Body::Nothing, in_order: None }
    }

    /// The answer to a request for these bytes.
    pub(super) fn firmware(question: &Question<'_>, firmware: Arc<Firmware>) -> Self {
        let size = firmware.bytes.len() as u64;
        let mut extra = format!("ETag: {}\r\nLast-Modified: {}\r\n", firmware.etag, firmware.modified);
        if has_it_already(question.head, &firmware) {
            // A length would have to be the image's, and a careless client would wait for so many bytes.
            let head = head(question.keep_alive, 304, "", None, &extra);
            return Self { status: 304, offset: 0, head, body: Body::Nothing, in_order: None };
        }
        let range = question.head.header("Range").filter(|_| question.ranged);
        let wanted = range.filter(|_| is_the_same(question.head, &firmware));
        let (status, range) = match asked(wanted, size) {
            Asked::Whole => (200, ByteRange { offset: 0, length: size }),
            Asked::Part(range) => (206, range),
            Asked::Unsatisfiable => {
                let extra = format!("Content-Range: bytes */{size}\r\n");
                return Self::error(question, 416, "range not satisfiable\n", &extra);
            }
        };
        extra.push_str("Accept-Ranges: bytes\r\n");
        if status == 206 {
            // Writing into a String cannot fail.
            let _ = write!(extra, "Content-Range: bytes {}-{}/{size}\r\n", range.offset, range.last());
        }
        let head = head(question.keep_alive, status, "application/octet-stream", Some(range.length), &extra);
        let body = match (&question.head.method, place(range)) {
            (Method::Get, Some(place)) => Body::Image(firmware, place),
            _ => Body::Nothing,
        };
        Self { status, offset: range.offset, head, body, in_order: None }
    }

    /// Lets what leaves be counted.
    pub(super) fn counted_by(self, in_order: Arc<InOrder>) -> Self {
        Self { in_order: self.has_firmware().then_some(in_order), ..self }
    }

    /// The MD5 of the whole file, when the last of it has left in order with so many bytes of this answer.
    pub(super) fn delivers(&self, sent: u64) -> Option<&str> {
        let (Body::Image(firmware, _), Some(in_order)) = (&self.body, &self.in_order) else { return None };
        in_order.completes(self.offset, sent, firmware.bytes.len() as u64).then_some(&*firmware.md5)
    }

    /// Whether its body is of the image.
    pub(super) const fn has_firmware(&self) -> bool {
        matches!(self.body, Body::Image(..))
    }

    /// The place in the image behind its last byte.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.body().len() as u64
    }

    /// Puts another head in place of its own.
    pub(super) fn change_head(&mut self, change: impl FnOnce(&str) -> String) {
        self.head = change(&String::from_utf8_lossy(&self.head)).into_bytes();
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn body(&self) -> &[u8] {
        match &self.body {
            Body::Nothing => &[],
            Body::Text(text) => text.as_bytes(),
            Body::Image(firmware, place) => firmware.bytes.get(place.clone()).unwrap_or_default(),
        }
    }
}

/// Whether the client says that it holds these very bytes (RFC 9110, 13.1.2 and 13.1.3).
fn has_it_already(head: &Head, firmware: &Firmware) -> bool {
    match (head.header("If-None-Match"), head.header("If-Modified-Since")) {
        (Some(tags), _) => tags.trim() == "*" || tags.split(',').any(|tag| names(tag, &firmware.etag)),
        (None, Some(date)) => read_http_date(date).is_some_and(|since| firmware.modified_unix() <= since),
        (None, None) => false,
    }
}

/// Whether a range may be cut out: it is of these bytes, as far as the client says of which (RFC 9110, 13.1.5).
fn is_the_same(head: &Head, firmware: &Firmware) -> bool {
    match head.header("If-Range").map(str::trim) {
        None => true,
        Some(tag) if tag.starts_with('"') => tag == firmware.etag,
        Some(date) => read_http_date(date).is_some_and(|date| date == firmware.modified_unix()),
    }
}

/// Whether a tag, weak or not, is this one.
fn names(tag: &str, etag: &str) -> bool {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag) == etag
}

/// Every line under 120 bytes, names in Title-Case, the length always there: what the clouds' SDKs can read.
fn head(keep_alive: bool, status: u16, kind: &str, length: Option<u64>, extra: &str) -> Vec<u8> {
    let reason = StatusCode(status).default_reason_phrase();
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\nDate: {}\r\n", http_date());
    // Writing into a String cannot fail.
    if let Some(length) = length {
        let _ = write!(head, "Content-Type: {kind}\r\nContent-Length: {length}\r\n");
    }
    let _ = write!(head, "{extra}Connection: {connection}\r\n\r\n");
    head.into_bytes()
}

fn place(range: ByteRange) -> Option<Range<usize>> {
    let start = usize::try_from(range.offset).ok()?;
    Some(start..start.checked_add(usize::try_from(range.length).ok()?)?)
}
