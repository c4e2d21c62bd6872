//! Where a secret stands in a text.

use super::book::{Book, SecretKind};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What sort of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Any text.
    Text,
    /// A path with its query.
    Path,
    /// An MQTT user name.
    Username,
}

/// A secret found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub at: Range<usize>,
    pub kind: SecretKind,
}

/// So many hexadecimal digits in a path are drawn by lot.
const TOKEN: usize = 32;

/// What stands between a name and its value: also as a JSON text within a JSON text, in a query within a query, in colour.
const BETWEEN: &str = r#"(?:\\?["'])?(?:[ \t]|\x1b\[[0-9;]*m)*(?:[:=]|%3D)(?:[ \t]|\x1b\[[0-9;]*m)*"#;
/// A value in quotes, in escaped quotes, or as far as it goes.
const VALUE: &str = r#"(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|\\"([^"\\]*)|([^\s"'\\&,;<>{}\[\]|\x00-\x20]+))"#;

fn named(names: &str) -> Option<Regex> {
    Regex::new(&format!(r"(?i-u)(?:^|[^a-z0-9]|\\u0026|%26)(?:{names}){BETWEEN}{VALUE}")).ok()
}

static NAMED: LazyLock<Vec<(Regex, SecretKind)>> = LazyLock::new(|| {
    let names = [
        (r"(?:[a-z0-9]+[-_])*signature", SecretKind::Signature),
        (
            r"(?:(?:device|product|client|app|user|access[-_]?key|secret[-_]?key)[-_]?)?(?:secret|password|passwd)|passphrase|pwd|psk|secret[-_]?key|private[-_]?key",
            SecretKind::Secret,
        ),
        (
            r"(?:(?:[a-z0-9]+-)*(?:access|auth|refresh|security|session|device|bearer|api)[-_]?)?token",
            SecretKind::Token,
        ),
        (
            r"(?:oss|aws)?access[-_]?key(?:[-_]?id)?|ucloudpublickey|public[-_]?key|api[-_]?key|(?:[a-z0-9]+-)+credential",
            SecretKind::Key,
        ),
    ];
    names.into_iter().filter_map(|(names, kind)| Some((named(names)?, kind))).collect()
});

/// Alibaba Cloud's `sign` is a signature when a device registers, and a digest when a build is announced.
static SIGN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)["?&,]sign\\?"?[ \t]*[:=][ \t]*\\?"?([0-9a-z%+/=_-]{8,})"#).ok());
static DIGEST_METHOD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)signMethod\\?"?[ \t]*[:=][ \t]*\\?"?(?:md5|sha)"#).ok());

/// `scheme://user:password@host`.
static LOGIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)[a-z][a-z0-9+.-]*://[^\s/:@"'?#]*:([^\s/"']+)@"#).ok());
/// A URL's path, its slashes escaped or not.
static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)[a-z]:(?:\\?/){2}[^\s/"'\\?]+((?:\\?/[^\s"'?#<>\\/]*)+)"#).ok());
/// `Authorization: Bearer …`.
static BEARER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i-u)authorization\\?"?[ \t]*[:=][ \t]*\\?"?[a-z0-9-]+[ \t]+([a-z0-9._~+/=-]{4,})"#).ok()
});

/// All secrets of a text, in order, none over another.
pub(super) fn find(book: &mut Book, text: &[u8], place: Place) -> Vec<Found> {
    let mut found = Vec::new();
    let mut add = |at: Range<usize>, kind| {
        book.meet(&text[at.clone()]);
        if book.is_secret(&text[at.clone()]) {
            found.push(Found { at, kind });
        }
    };
    // Nothing is named without one of these.
    if memchr::memchr3(b'=', b':', b'%', text).is_some() {
        for (pattern, kind) in NAMED.iter() {
            for captures in pattern.captures_iter(text) {
                if let Some(value) = captures.iter().skip(1).flatten().next() {
                    add(value.range(), *kind);
                }
            }
        }
        let one = |pattern: &LazyLock<Option<Regex>>| -> Vec<Range<usize>> {
            let Some(pattern) = LazyLock::force(pattern) else { return Vec::new() };
            pattern.captures_iter(text).filter_map(|captures| Some(captures.get(1)?.range())).collect()
        };
        if !DIGEST_METHOD.as_ref().is_some_and(|method| method.is_match(text)) {
            for at in one(&SIGN) {
                add(at, SecretKind::Signature);
            }
        }
        for at in one(&BEARER) {
            add(at, SecretKind::Token);
        }
        for at in one(&LOGIN) {
            add(at, SecretKind::Secret);
        }
        for path in one(&URL) {
            for at in tokens(text, path) {
                add(at, SecretKind::Token);
            }
        }
    }
    match place {
        Place::Path => {
            let end = memchr::memchr2(b'?', b'#', text).unwrap_or(text.len());
            for at in tokens(text, 0..end) {
                add(at, SecretKind::Token);
            }
        }
        Place::Username => {
            if let Some(at) = misplaced(text) {
                add(at, SecretKind::Secret);
            }
        }
        Place::Text => {}
    }
    for run in runs(text) {
        if let Some(kind) = book.known(&text[run.clone()]) {
            found.push(Found { at: run, kind });
        }
    }
    found.sort_by_key(|found| (found.at.start, std::cmp::Reverse(found.at.end)));
    let mut end = 0;
    found.retain(|found| {
        found.at.start >= end && {
            end = found.at.end;
            true
        }
    });
    found
}

/// The segments of a path that are drawn by lot.
fn tokens(text: &[u8], path: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let segments = text[path.clone()].split(|byte| matches!(byte, b'/' | b'\\'));
    segments
        .scan(path.start, |at, segment| {
            let begin = *at;
            *at += segment.len() + 1;
            Some(begin..begin + segment.len())
        })
        .filter(|at| at.len() >= TOKEN && text[at.clone()].iter().all(u8::is_ascii_hexdigit))
}

/// What a device of `UIoT` put where its user name has the number of a mode: its secret, most likely.
fn misplaced(name: &[u8]) -> Option<Range<usize>> {
    let mut bars = memchr::memchr_iter(b'|', name).skip(1);
    let from = bars.next()? + 1;
    (!matches!(&name[from..], b"1" | b"2")).then_some(from..name.len())
}

/// Letters, digits, `-` and `_` without a break.
pub(super) fn runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at + text[at..].iter().position(|byte| is_of_run(*byte))?;
        let to = text[from..].iter().position(|byte| !is_of_run(*byte)).map_or(text.len(), |end| from + end);
        at = to;
        Some(from..to)
    })
}

pub(super) const fn is_of_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
