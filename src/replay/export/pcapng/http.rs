//! Heads of HTTP requests and answers.

use std::fmt::Write;

pub(super) fn request(method: &str, path: &str, host: &str, range: Option<&str>) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n");
    if let Some(range) = range {
        // Writing to a string cannot fail.
        let _ = write!(head, "Range: {range}\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// `size` of the whole file, where it is known.
pub(super) fn answer(status: u16, offset: u64, length: u64, size: Option<u64>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\nContent-Length: {length}\r\n", reason(status));
    let size = size.map_or_else(|| "*".to_owned(), |size| size.to_string());
    let _ = match status {
        206 => {
            let last = offset.saturating_add(length).saturating_sub(1);
            write!(head, "Content-Range: bytes {offset}-{last}/{size}\r\n")
        }
        416 => write!(head, "Content-Range: bytes */{size}\r\n"),
        _ => Ok(()),
    };
    head.push_str("\r\n");
    head.into_bytes()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        416 => "Range Not Satisfiable",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Answer",
    }
}
