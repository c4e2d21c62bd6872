//! What consoles say, cut into chunks anywhere: a secret is found though half of it is in the next chunk.

use super::book::{Book, SecretKind, masked};
use super::cuts::{Cuts, End};
use super::find::{Found, Instead, Place, find, runs};
use super::names::name_of;
use super::shapes::is_key_open;
use regex::bytes::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Ports remembered, and bytes of a line that goes on.
const MOST_PORTS: usize = 1_024;
const LONGEST_LINE: usize = 1_024;
/// So many letters of a known secret at the end of a chunk are its beginning.
const BEGINNING: usize = 4;
/// A private key is not longer than this; what never ends is no key.
const LONGEST_KEY: usize = 16 * 1024;

static PROMPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = r"password|passwd|passphrase|passcode|secret|\b(?:pwd|psk|pin)\b|密码|口令|密钥";
    let keys = r"(?:wi-?fi|wlan|network|wpa2?|wep|security|encryption|api|access|private|device)[ _-]?key";
    Regex::new(&format!(r"(?i-u)(?:{names}|{keys})[^\n\r:?>]{{0,40}}(?:[:?>]|：|？)[ \t]*(?:\x1b\[[0-9;]*m)*[ \t]*$"))
        .ok()
});

/// All consoles of a capture.
#[derive(Debug, Default)]
pub(super) struct Consoles(BTreeMap<String, Console>);

#[derive(Debug, Default)]
struct Console {
    received: Side,
    sent: Side,
    /// The device waits for a password.
    asks: bool,
    /// What is typed there, up to the end of the line.
    typing: Vec<u8>,
    /// What was typed there, which the device may send back.
    typed: Vec<u8>,
}

/// What comes from a device, or goes to it.
#[derive(Debug, Default)]
struct Side {
    /// The line that goes on, as it came.
    line: Vec<u8>,
    cuts: Cuts,
    /// A private key goes on: bytes it may still have, and dashes in a row.
    key: Option<(usize, usize)>,
}

impl Consoles {
    /// Which chunks break a secret off, of those that were seen before; nothing else.
    pub fn begin_again(self, book: &Book) -> Self {
        let side = |side: Side| Side { cuts: side.cuts.begin_again(book), ..Side::default() };
        let console = |console: Console| Console {
            received: side(console.received),
            sent: side(console.sent),
            ..Console::default()
        };
        Self(self.0.into_iter().map(|(port, ports)| (port, console(ports))).collect())
    }

    /// Bytes from a device.
    pub fn received(&mut self, port: &str, bytes: &[u8], book: &mut Book) -> Option<Vec<u8>> {
        let Some(console) = self.at(port) else { return whole(bytes, book) };
        let same_line = memchr::memchr2(b'\r', b'\n', bytes).is_none();
        let echoed = console.asks && same_line && !console.typing.is_empty();
        let typed = std::mem::take(&mut console.typed);
        let cleaned = if !typed.is_empty() && bytes.starts_with(&typed) {
            let rest = &bytes[typed.len()..];
            let cleaned = console.received.follow(rest, book).unwrap_or_else(|| rest.to_owned());
            Some([vec![b'x'; typed.len()], cleaned].concat())
        } else {
            console.received.follow(bytes, book)
        };
        // Stars or letters that come back leave the question open.
        console.asks = asks(&console.received.line) || console.asks && same_line;
        if echoed { Some(masked(bytes)) } else { cleaned }
    }

    /// Bytes to a device.
    pub fn sent(&mut self, port: &str, bytes: &[u8], book: &mut Book) -> Option<Vec<u8>> {
        let Some(console) = self.at(port) else { return whole(bytes, book) };
        // A question that was answered has no answer on its next line.
        if console.received.line.ends_with(b"\n") || console.asks {
            console.received.clear();
        }
        if !console.asks {
            console.typing.clear();
            return console.sent.follow(bytes, book);
        }
        let end = memchr::memchr2(b'\r', b'\n', bytes);
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        type_in(&mut console.typing, piece);
        let Some(end) = end else { return Some(vec![b'x'; piece.len()]) };
        let typed = std::mem::take(&mut console.typing);
        console.sent.clear();
        let label = book.is_secret(&typed).then(|| book.label(SecretKind::Secret, &typed));
        // In one piece it is a value like any other; of what came letter by letter only dots are left.
        let whole = label.filter(|_| typed == piece);
        let mut cleaned = whole.unwrap_or_else(|| vec![b'x'; piece.len()]);
        cleaned.extend_from_slice(&bytes[end..]);
        console.asks = false;
        console.typed = typed;
        Some(cleaned)
    }

    fn at(&mut self, port: &str) -> Option<&mut Console> {
        if self.0.len() >= MOST_PORTS && !self.0.contains_key(port) {
            return None;
        }
        Some(self.0.entry(port.to_owned()).or_default())
    }
}

/// Whether a line ends with a question for a password.
fn asks(line: &[u8]) -> bool {
    // The last byte of a colon, of a question mark, of an arrow, of their wide kin, of a colour.
    let ends = |byte: &u8| matches!(byte, b':' | b'?' | b'>' | 0x9A | 0x9F | b'm');
    line.trim_ascii_end().last().is_some_and(ends) && PROMPT.as_ref().is_some_and(|prompt| prompt.is_match(line))
}

/// What a line reads after more was typed: backspace takes a letter back, and Ctrl-U all of them.
fn type_in(line: &mut Vec<u8>, keys: &[u8]) {
    for key in keys {
        match key {
            0x08 | 0x7f => while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {},
            0x15 => line.clear(),
            key if line.len() < LONGEST_LINE => line.push(*key),
            _ => {}
        }
    }
}

/// A chunk of one port too many: looked at by itself.
fn whole(bytes: &[u8], book: &mut Book) -> Option<Vec<u8>> {
    Side::default().follow(bytes, book)
}

impl Side {
    /// The next chunk begins a line.
    fn clear(&mut self) {
        self.line.clear();
        self.cuts.clear();
    }

    /// The chunk without its secrets.
    fn follow(&mut self, chunk: &[u8], book: &mut Book) -> Option<Vec<u8>> {
        let of_key = self.of_key(chunk);
        if of_key == 0 {
            return self.look(chunk, book);
        }
        let (key, rest) = chunk.split_at(of_key);
        let mut cleaned: Vec<u8> =
            key.iter().map(|byte| if *byte == b'-' { b'-' } else { masked(&[*byte])[0] }).collect();
        cleaned.extend(self.look(rest, book).unwrap_or_else(|| rest.to_owned()));
        Some(cleaned)
    }

    /// How much of the chunk goes on with a private key.
    fn of_key(&mut self, chunk: &[u8]) -> usize {
        for (at, byte) in chunk.iter().enumerate() {
            let Some((left, dashes)) = &mut self.key else { return at };
            *dashes = if *byte == b'-' { *dashes + 1 } else { 0 };
            *left = left.saturating_sub(1);
            if *left == 0 || *dashes == 5 {
                self.key = None;
            }
        }
        chunk.len()
    }

    /// The chunk without its secrets, looked at together with the line it goes on with.
    fn look(&mut self, chunk: &[u8], book: &mut Book) -> Option<Vec<u8>> {
        let line = &mut self.line;
        let before = line.len();
        line.extend_from_slice(chunk);
        let mut found = find(book, line, Place::Console);
        let end = self.cuts.end();
        match &end {
            End::Unknown => begun(&mut found, line, book),
            End::Breaks(off) => off.find(&mut found, line.len()),
            End::Whole => {}
        }
        let mut cleaned = Vec::new();
        let mut done = before;
        for found in found.into_iter().filter(|found| found.at.end > before) {
            let at = found.at.clone();
            let value = &line[at.clone()];
            // What the chunk breaks off may go on: only a value that has ended is remembered.
            let broken = at.end == line.len();
            let known = match &end {
                End::Breaks(off) if broken && off.letters == value.len() => Some((off.value.clone(), off.kind)),
                _ if broken && value.len() >= BEGINNING => book.beginning(value),
                _ => None,
            };
            let label = match known {
                _ if found.instead != Instead::Label => book.written(&found, value),
                Some((known, kind)) => book.label(kind, &known),
                None if broken => vec![b'x'; value.len()],
                None => book.label(found.kind, value),
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
        if is_key_open(line) {
            self.key = Some((LONGEST_KEY, 0));
        }
        let gone = next_line(line).max(line.len().saturating_sub(LONGEST_LINE));
        self.cuts.note(line, gone, book);
        line.drain(..gone);
        (done > before).then_some(cleaned)
    }
}

/// Where the line begins that goes on: the last one, with the one before it where that one only names a secret.
fn next_line(text: &[u8]) -> usize {
    let Some(end) = memchr::memrchr2(b'\n', b'\r', text) else { return 0 };
    let whole = text[..end].trim_ascii_end();
    let marked = [":", "："].iter().any(|mark| whole.ends_with(mark.as_bytes()));
    if !marked {
        return end + 1;
    }
    let begin = memchr::memrchr2(b'\n', b'\r', whole).map_or(0, |end| end + 1);
    let named = runs(&whole[begin..], 0).last().is_some_and(|run| name_of(&whole[begin..][run], None).is_some());
    if named { begin } else { end + 1 }
}

/// A known secret that the chunk breaks off.
fn begun(found: &mut Vec<Found>, line: &[u8], book: &Book) {
    let free = |at: usize| found.last().is_none_or(|last| last.at.end <= at);
    let last = runs(line, 0).last().filter(|run| run.end == line.len() && run.len() >= BEGINNING && free(run.start));
    if let Some(run) = last
        && let Some((_, kind)) = book.beginning(&line[run.clone()])
    {
        found.push(Found::new(run, kind));
    }
}
