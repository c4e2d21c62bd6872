//! Lines to standard output and error, flushed at once. A reader that went away ends nothing but the output.

use crate::capture::encode;
use crate::event::Event;
use std::io::{IsTerminal, Write, stderr, stdout};

/// Whether a person sees standard output.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

/// A line on standard output.
pub fn line(text: &str) {
    bytes(format!("{text}\n").as_bytes());
}

/// A line on standard output that the next one overwrites.
pub fn passing(text: &str) {
    bytes(format!("\r\x1b[K{text}").as_bytes());
}

/// An event on standard output, as the capture spells it.
pub fn event(event: &Event) {
    let mut line = Vec::new();
    encode(event, &mut line);
    bytes(&line);
}

/// Bytes on standard output.
pub fn bytes(bytes: &[u8]) {
    let mut out = stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// A line on standard error.
pub fn err(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}
