//! What a request is answered, worked out before a byte is sent.

use super::offers::Found;
use crate::image::{Asked, ByteRange, asked};
use std::fmt::Write as _;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::sync::Arc;

/// Handed to the socket at once, with the head in front of the first piece: a small range is one packet.
const PIECE: usize = 128 * 1024;

/// What of a request decides its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// `GET`, `HEAD` or anything else.
    pub(super) method: &'a str,
    /// The value of its `Range` header.
    pub(super) range: Option<&'a str>,
    /// Whether the connection stays open afterwards.
    pub(super) keep_alive: bool,
}

/// An answer ready to be sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Where the body lies in the image; 0 for an error.
    pub(super) offset: u64,
    head: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Nothing,
    Text(&'static str),
    Image(Arc<[u8]>, Range<usize>),
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// Bytes of the body that were written.
    pub(super) bytes: u64,
    /// Whether all of it was, head and body.
    pub(super) complete: bool,
}

impl Answer {
    /// Answers a request for what was found under its path.
    pub(super) fn to(question: Question<'_>, found: Found) -> Self {
        match (question.method, found) {
            ("GET" | "HEAD", Found::Bytes(bytes)) => Self::image(question, bytes),
            ("GET" | "HEAD", Found::Expired) => Self::error(question, "403 Forbidden", 403, "expired\n", ""),
            ("GET" | "HEAD", Found::Unknown) => Self::error(question, "404 Not Found", 404, "not found\n", ""),
            _ => Self::error(question, "405 Method Not Allowed", 405, "GET or HEAD only\n", "Allow: GET, HEAD\r\n"),
        }
    }

    fn image(question: Question<'_>, bytes: Arc<[u8]>) -> Self {
        let size = bytes.len() as u64;
        let (status, line, range) = match asked(question.range, size) {
            Asked::Whole => (200, "200 OK", ByteRange { offset: 0, length: size }),
            Asked::Part(range) => (206, "206 Partial Content", range),
            Asked::Unsatisfiable => {
                let extra = format!("Content-Range: bytes */{size}\r\n");
                return Self::error(question, "416 Range Not Satisfiable", 416, "range not satisfiable\n", &extra);
            }
        };
        let mut extra = String::from("Accept-Ranges: bytes\r\n");
        if status == 206 {
            // Writing into a String cannot fail.
            let _ = write!(extra, "Content-Range: bytes {}-{}/{size}\r\n", range.offset, range.last());
        }
        let head = head(question, line, "application/octet-stream", range.length, &extra);
        let body = match (question.method, place(range)) {
            ("GET", Some(place)) => Body::Image(bytes, place),
            _ => Body::Nothing,
        };
        Self { status, offset: range.offset, head, body }
    }

    fn error(question: Question<'_>, line: &str, status: u16, text: &'static str, extra: &str) -> Self {
        let head = head(question, line, "text/plain", text.len() as u64, extra);
        let body = if question.method == "HEAD" { Body::Nothing } else { Body::Text(text) };
        Self { status, offset: 0, head, body }
    }

    /// Bytes in the body.
    pub(super) fn length(&self) -> u64 {
        self.body().len() as u64
    }

    fn body(&self) -> &[u8] {
        match &self.body {
            Body::Nothing => &[],
            Body::Text(text) => text.as_bytes(),
            Body::Image(bytes, place) => bytes.get(place.clone()).unwrap_or_default(),
        }
    }

    /// Sends the answer, a small one in a single write.
    pub(super) fn send(&self, out: &mut dyn Write) -> Sent {
        let body = self.body();
        let head = self.head.as_bytes();
        let (first, rest) = body.split_at(body.len().min(PIECE));
        let sent = put(out, &[head, first].concat());
        let mut bytes = sent.saturating_sub(head.len());
        let mut complete = sent == head.len() + first.len();
        for piece in rest.chunks(PIECE) {
            if !complete {
                break;
            }
            let sent = put(out, piece);
            bytes += sent;
            complete = sent == piece.len();
        }
        Sent { bytes: bytes as u64, complete }
    }
}

/// Every line under 120 bytes, names in Title-Case, the length always there: what the clouds' SDKs can read.
fn head(question: Question<'_>, line: &str, kind: &str, length: u64, extra: &str) -> String {
    let connection = if question.keep_alive { "keep-alive" } else { "close" };
    format!(
        "HTTP/1.1 {line}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{extra}Connection: {connection}\r\n\r\n"
    )
}

fn place(range: ByteRange) -> Option<Range<usize>> {
    let start = usize::try_from(range.offset).ok()?;
    Some(start..start.checked_add(usize::try_from(range.length).ok()?)?)
}

/// Writes and flushes; returns how many bytes are known to have left.
fn put(out: &mut dyn Write, bytes: &[u8]) -> usize {
    let mut sent = 0;
    let mut last = 0;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(0) => return sent,
            Ok(written) => {
                last = written;
                sent += written;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return sent,
        }
    }
    // What was written last may have waited in a buffer; when that cannot be emptied, it has not left.
    if out.flush().is_ok() { sent } else { sent - last }
}
