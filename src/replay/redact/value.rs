//! The value behind a name that announces a secret, in all the ways in which devices write one.

use super::book::{Book, is_number};
use super::names::{Name, Sure};
use super::sign::{is_digest_near, looks_signed};
use std::ops::Range;

/// A value behind a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub at: Range<usize>,
    pub link: Link,
    /// The rest of the line may belong to it: see [`tail_of`].
    pub goes_on: bool,
}

/// What stands between a name and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// `name: value`, `name=value`.
    Mark,
    /// `name[value]`.
    Bracket,
    /// `name is value`, `name value`: most often it is none.
    Blank,
}

/// How far a structure that a line is part of is looked back for.
const LOOK_BACK: usize = 256;

/// What is said of a secret, and is none itself.
const SPOKEN: [&str; 47] = [
    "accepted",
    "and",
    "changed",
    "check",
    "disabled",
    "empty",
    "enabled",
    "error",
    "expired",
    "failed",
    "failure",
    "for",
    "found",
    "from",
    "generated",
    "granted",
    "has",
    "idle",
    "incorrect",
    "invalid",
    "is",
    "loaded",
    "mismatch",
    "missing",
    "no",
    "none",
    "not",
    "of",
    "off",
    "ok",
    "on",
    "or",
    "present",
    "rejected",
    "required",
    "reset",
    "rotated",
    "set",
    "stored",
    "the",
    "to",
    "unset",
    "updated",
    "valid",
    "verified",
    "wrong",
    "yes",
];
/// What a key is made for, which is said of it as well.
const ALGORITHMS: [&str; 10] =
    ["aes", "aes-128", "aes-256", "ecdsa", "ecdsa-p256", "ecdsa-p384", "ed25519", "rsa", "rsa-2048", "rsa-4096"];
/// The same of a token, which is more often spoken of than told.
const SPOKEN_OF_TOKENS: [&str; 6] = ["bearer", "default", "received", "refresh", "refreshed", "request"];

/// The value behind the name at `name`. On a console a value in no quotes goes on to the end of its `line`.
pub(super) fn value_after(text: &[u8], name: &Range<usize>, line: bool) -> Option<Value> {
    let before = name.start.checked_sub(1).map(|at| text[at]);
    let mut at = name.end;
    while text.get(at) == Some(&0x1b) {
        at = escape_end(text, at);
    }
    if before == Some(b'<') && text.get(at) == Some(&b'>') {
        let end = at + 1 + memchr::memchr(b'<', &text[at + 1..])?;
        return Some(Value { at: at + 1..end, link: Link::Mark, goes_on: false });
    }
    let quoted = quote(text, at);
    if let Some((_, end)) = quoted {
        at = end;
    }
    let unparted = at;
    at = skip(text, at, quoted.is_some());
    let (by, behind) = link(text, at, at > unparted)?;
    at = skip(text, behind, quoted.is_some());
    if line && matches!(text.get(at), Some(b'\r' | b'\n')) {
        // Nothing behind `=` is an empty value: the line below is another one's.
        let empty = ["=", "＝"].iter().any(|mark| text[..behind].ends_with(mark.as_bytes()));
        return if empty { None } else { next_line(text, at) };
    }
    let mut closing = None;
    if let Some(open) = text.get(at).filter(|byte| matches!(byte, b'[' | b'<')) {
        closing = Some(if *open == b'[' { b']' } else { b'>' });
        at = skip(text, at + 1, quoted.is_some());
    }
    if let Some((mark, begin)) = quote(text, at) {
        return Some(Value { at: begin..closed(text, begin, mark), link: by, goes_on: false });
    }
    // Names are spelt in any letters, secrets in ASCII.
    text.get(at).filter(|byte| byte.is_ascii())?;
    let value = at..word_end(text, at, closing, line);
    let in_query = matches!(before, Some(b'?' | b'&'));
    let goes_on = closing.is_none() && !in_query && line && by == Link::Mark;
    (!value.is_empty()).then_some(Value { at: value, link: by, goes_on })
}

/// A value on the line below its name: one word, with a digit in it, and neither a pair, a time nor a version.
fn next_line(text: &[u8], end: usize) -> Option<Value> {
    let returned = usize::from(text[end..].starts_with(b"\r\n"));
    let begin = skip(text, end + 1 + returned, false);
    let word = text.get(begin..)?;
    let length = word.iter().position(|byte| *byte <= b' ').unwrap_or(word.len());
    let behind = skip(text, begin + length, false);
    let alone = text.get(behind).is_none_or(|byte| matches!(byte, b'\r' | b'\n'));
    let word = &word[..length];
    let told = length >= 6 && word.iter().any(u8::is_ascii_digit) && memchr::memchr2(b'=', b':', word).is_none();
    let numbers = word.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    let version = numbers.filter(|byte| **byte == b'.').count() >= 2;
    (alone && told && !version).then(|| Value { at: begin..begin + length, link: Link::Mark, goes_on: false })
}

/// Whether a value is the secret that its name announces.
pub(super) fn is_told(book: &Book, name: Name, text: &[u8], value: &Value) -> bool {
    let told = &text[value.at.clone()];
    let number = is_number(told);
    let plain = match name.sure {
        Sure::Always => number && told.len() < 4,
        Sure::Spoken => number && told.len() < 6 || spoken(told, &SPOKEN_OF_TOKENS),
        Sure::Hardly => told.len() < 4 || number && told.len() < 8,
    };
    if plain || !book.is_secret(told) || !told[0].is_ascii() || is_spoken(told) || spoken(told, &ALGORITHMS) {
        return false;
    }
    if value.link != Link::Blank {
        return true;
    }
    // In a sentence a word is a word: a secret has a digit in it, or the line ends with it.
    let behind = text.get(skip(text, value.at.end, false));
    let last =
        behind.is_none_or(|byte| matches!(byte, b'\r' | b'\n')) && name.sure == Sure::Always && !told.contains(&b' ');
    // What a chunk breaks off may be the beginning of a longer one.
    let long = told.len() >= 4 || value.at.end == text.len();
    let digit = told.iter().any(u8::is_ascii_digit);
    long && name.sure != Sure::Hardly && (digit || last) && !told.iter().any(|byte| matches!(byte, b':' | b'='))
}

/// Whether a value only tells how things are with a secret.
pub(super) fn is_spoken(value: &[u8]) -> bool {
    spoken(value, &SPOKEN)
}

/// Whether this is a shell's `PWD`, the folder it is in: nobody's password begins with one of these.
pub(super) fn is_folder(name: &[u8], value: &[u8]) -> bool {
    let roots = ["data", "dev", "etc", "flash", "home", "mnt", "opt", "root", "sdcard", "spiffs", "tmp", "usr", "var"];
    let shells = name.eq_ignore_ascii_case(b"pwd") || name.eq_ignore_ascii_case(b"oldpwd");
    let root = value.strip_prefix(b"/").and_then(|path| path.split(|byte| *byte == b'/').next());
    shells && root.is_some_and(|root| roots.iter().any(|known| known.as_bytes() == root))
}

fn spoken(value: &[u8], words: &[&str]) -> bool {
    let word = value.trim_ascii_end().strip_suffix(b".").unwrap_or(value);
    words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

/// Behind blanks and colours, and line ends where the name is in quotes.
pub(super) fn skip(text: &[u8], from: usize, lines: bool) -> usize {
    let mut at = from;
    while let Some(byte) = text.get(at) {
        match byte {
            b' ' | b'\t' => at += 1,
            b'\r' | b'\n' if lines => at += 1,
            0x1b => at = escape_end(text, at),
            _ => break,
        }
    }
    at
}

/// The end of a terminal's escape sequence; of what the text breaks off, its end.
pub(super) fn escape_end(text: &[u8], at: usize) -> usize {
    if text.get(at + 1) != Some(&b'[') {
        return at + 1;
    }
    let inside = text[at + 2..].iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b'?'));
    inside.map_or(text.len(), |inside| at + 3 + inside)
}

/// A quotation mark, escaped or not: it with its escapes, and the place behind it.
fn quote(text: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let escapes = text.get(at..)?.iter().take_while(|byte| **byte == b'\\').count();
    let mark = text.get(at + escapes).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let end = at + escapes + 1;
    (escapes <= 7 && (escapes == 0 || *mark != b'`')).then_some((&text[at..end], end))
}

/// Where the quotation ends that begins here; at the end of its line, if nothing ends it before.
fn closed(text: &[u8], from: usize, mark: &[u8]) -> usize {
    let (last, escapes) = (mark[mark.len() - 1], mark.len() - 1);
    let mut run = 0;
    for (at, byte) in text.iter().enumerate().skip(from) {
        if matches!(byte, b'\r' | b'\n') {
            return at;
        }
        // As many escapes as the opening has, or none of them odd: `"a\"b"`.
        if *byte == last && (run <= escapes || escapes == 0 && run % 2 == 0) {
            return at - run.min(escapes);
        }
        run = if *byte == b'\\' { run + 1 } else { 0 };
    }
    text.len()
}

/// What links a name with its value, and the place behind it.
fn link(text: &[u8], at: usize, parted: bool) -> Option<(Link, usize)> {
    let rest = text.get(at..)?;
    let marks: [&[u8]; 9] = [b"->", b"=>", b":=", b"==", b"%3D", b"%3d", b"%3A", "：".as_bytes(), "＝".as_bytes()];
    if let Some(mark) = marks.iter().find(|mark| rest.starts_with(mark)) {
        return Some((Link::Mark, at + mark.len()));
    }
    if let Some(mark) = ["为", "是"].iter().find(|mark| rest.starts_with(mark.as_bytes())) {
        return Some((Link::Mark, at + mark.len()));
    }
    match rest {
        [b':', b':', ..] | [b':', b'/', b'/', ..] => None,
        [b':' | b'=', ..] => Some((Link::Mark, at + 1)),
        [b'[' | b'<', ..] => Some((Link::Bracket, at)),
        [b'`', ..] if parted => Some((Link::Bracket, at)),
        [first, ..] if parted && first.is_ascii_graphic() => {
            let is = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(b"is "));
            Some((Link::Blank, if is { at + 3 } else { at }))
        }
        _ => None,
    }
}

/// Where a value in no quotes ends.
fn word_end(text: &[u8], from: usize, closing: Option<u8>, line: bool) -> usize {
    let is_end = |at: usize| {
        let byte = text[at];
        byte <= b' '
            || closing == Some(byte)
            || matches!(
                byte,
                b'"' | b'\'' | b'\\' | b'&' | b',' | b';' | b'<' | b'>' | b'{' | b'}' | b'[' | b']' | b'|'
            )
            || ["，", "；", "。"].iter().any(|mark| text[at..].starts_with(mark.as_bytes()))
    };
    let end = (from..text.len()).find(|at| is_end(*at)).unwrap_or(text.len());
    let marked = end == from && line && text.get(from).is_some_and(|byte| *byte > b' ' && !matches!(byte, b'{' | b'"'));
    if !marked {
        return end;
    }
    // A password may begin with any mark.
    text[from..].iter().position(|byte| *byte <= b' ').map_or(text.len(), |end| from + end)
}

/// The rest of a line behind a value, as far as no other pair begins.
pub(super) fn tail_of(text: &[u8], value: &Range<usize>) -> Range<usize> {
    let from = value.end;
    let closes = |open: u8| {
        let near = &text[value.start.saturating_sub(LOOK_BACK)..value.start];
        let line = memchr::memrchr2(b'\r', b'\n', near).map_or(near, |end| &near[end + 1..]);
        memchr::memchr(open, line).is_some()
    };
    let structured = match text.get(from) {
        Some(b'}') => closes(b'{'),
        Some(b']') => closes(b'['),
        Some(b'|') => closes(b'|'),
        _ => false,
    };
    if structured || begins_pair(&text[from..]) {
        return from..from;
    }
    // The mark between stays, so that the label before it can be read.
    let from = from + usize::from(text.get(from).is_some_and(u8::is_ascii_punctuation));
    let mut end = from;
    while let Some(byte) = text.get(end) {
        let part = matches!(byte, b' ' | b'\t' | b',' | b';' | b'&');
        if matches!(byte, b'\r' | b'\n' | 0x1b) || part && begins_pair(&text[end..]) {
            break;
        }
        end += 1;
    }
    let tail = &text[from..end];
    let told =
        tail.iter().rposition(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).map_or(0, |last| last + 1);
    from..from + told
}

/// Whether another pair begins behind this: `, channel: 6`, `&ssid=`.
fn begins_pair(text: &[u8]) -> bool {
    let near = &text[..text.len().min(48)];
    let from =
        near.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b',' | b';' | b'&' | b'"')).unwrap_or(near.len());
    let name = &near[from..];
    let length = name.iter().position(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.'));
    let Some(length) = length.filter(|length| *length > 0 && name[0].is_ascii_alphabetic()) else { return false };
    let behind = name[length..].trim_ascii_start();
    let behind = behind.strip_prefix(b"\"").unwrap_or(behind);
    matches!(behind, [b'=' | b':', ..])
}

/// A signature behind `sign`, unless it is the digest that an announcement calls so.
pub(super) fn is_signature(text: &[u8], value: &Value) -> bool {
    value.link == Link::Mark && looks_signed(&text[value.at.clone()]) && !is_digest_near(text, &value.at)
}
