//! What consoles say, cut into chunks anywhere: a secret is found though half of it is in the next chunk.

use super::book::{Book, SecretKind};
use super::find::{Found, Place, find, runs};
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Ports remembered, and bytes of a line that goes on.
const MOST_PORTS: usize = 1_024;
const LONGEST_LINE: usize = 1_024;
/// So many letters of a known secret at the end of a chunk are its beginning.
const BEGINNING: usize = 4;

static PROMPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i-u)(?:password|passwd|passphrase|secret)[^\n\r:]{0,40}:[ \t]*(?:\x1b\[[0-9;]*m)*$").ok()
});

/// All consoles of a capture.
#[derive(Debug, Default)]
pub(super) struct Consoles(BTreeMap<String, Console>);

#[derive(Debug, Default)]
struct Console {
    /// The line that goes on, as it came and as it went.
    received: Vec<u8>,
    sent: Vec<u8>,
    /// The device waits for a password.
    asks: bool,
}

impl Consoles {
    /// Bytes from a device.
    pub fn received(&mut self, port: &str, bytes: &[u8], book: &mut Book) -> Option<Vec<u8>> {
        let Some(console) = self.at(port) else { return whole(bytes, book) };
        let cleaned = follow(&mut console.received, bytes, book);
        console.asks = PROMPT.as_ref().is_some_and(|prompt| prompt.is_match(&console.received));
        cleaned
    }

    /// Bytes to a device.
    pub fn sent(&mut self, port: &str, bytes: &[u8], book: &mut Book) -> Option<Vec<u8>> {
        let Some(console) = self.at(port) else { return whole(bytes, book) };
        if !console.asks {
            return follow(&mut console.sent, bytes, book);
        }
        let end = memchr::memchr2(b'\r', b'\n', bytes);
        let typed = &bytes[..end.unwrap_or(bytes.len())];
        // In one piece it is a value like any other; letter by letter only dots are left.
        let mut cleaned = match end {
            Some(_) if console.sent.is_empty() && book.is_secret(typed) => book.label(SecretKind::Secret, typed),
            _ => vec![b'x'; typed.len()],
        };
        match end {
            Some(end) => {
                cleaned.extend_from_slice(&bytes[end..]);
                console.asks = false;
                console.sent.clear();
            }
            None => console.sent.extend(typed.first()),
        }
        Some(cleaned)
    }

    fn at(&mut self, port: &str) -> Option<&mut Console> {
        if self.0.len() >= MOST_PORTS && !self.0.contains_key(port) {
            return None;
        }
        Some(self.0.entry(port.to_owned()).or_default())
    }
}

/// A chunk of one port too many: looked at by itself.
fn whole(bytes: &[u8], book: &mut Book) -> Option<Vec<u8>> {
    follow(&mut Vec::new(), bytes, book)
}

/// The chunk without its secrets, looked at together with the line it goes on with.
fn follow(line: &mut Vec<u8>, chunk: &[u8], book: &mut Book) -> Option<Vec<u8>> {
    let before = line.len();
    line.extend_from_slice(chunk);
    let mut found = find(book, line, Place::Text);
    begun(&mut found, line, book);
    let mut cleaned = Vec::new();
    let mut done = before;
    for Found { at, kind } in found.into_iter().filter(|found| found.at.end > before) {
        let value = &line[at.clone()];
        // What the chunk breaks off may go on: only a value that has ended is remembered.
        let label = match book.beginning(value) {
            Some((known, kind)) if known.len() >= value.len() => {
                let known = known.to_owned();
                book.label(kind, &known)
            }
            _ if at.end == line.len() => vec![b'x'; value.len()],
            _ => book.label(kind, value),
        };
        let seen = before.saturating_sub(at.start);
        let whole = at.start >= before && at.end < line.len();
        let label = if whole { &label[..] } else { &label[..value.len().min(label.len())] };
        cleaned.extend_from_slice(&line[done..at.start.max(before)]);
        cleaned.extend_from_slice(label.get(seen..).unwrap_or_default());
        done = at.end;
    }
    if done > before {
        cleaned.extend_from_slice(&line[done..]);
    }
    let next = memchr::memrchr2(b'\n', b'\r', line).map_or(0, |end| end + 1);
    line.drain(..next.max(line.len().saturating_sub(LONGEST_LINE)));
    (done > before).then_some(cleaned)
}

/// A known secret that the chunk breaks off.
fn begun(found: &mut Vec<Found>, line: &[u8], book: &Book) {
    let free = |at: usize| found.last().is_none_or(|last| last.at.end <= at);
    let last = runs(line).last().filter(|run| run.end == line.len() && run.len() >= BEGINNING && free(run.start));
    if let Some(run) = last
        && let Some((_, kind)) = book.beginning(&line[run.clone()])
    {
        found.push(Found { at: run, kind });
    }
}
