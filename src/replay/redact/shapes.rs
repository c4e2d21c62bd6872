//! What looks like a secret whatever it is called: web tokens, access keys, private keys, what stands in URLs.

use super::book::SecretKind;
use super::find::{Found, Instead};
use super::harmless::is_harmless;
use super::names::{Name, Sure, name_of};
use super::value::{Value, skip};
use memchr::memmem;
use std::ops::Range;

/// So many hexadecimal digits in a path are drawn by lot.
const TOKEN: usize = 32;
/// A longer URL is looked at so far.
const LONGEST_URL: usize = 8_192;
/// Beginnings of access keys' ids and of tokens that code servers give out.
const KEYS: [(&str, SecretKind); 8] = [
    ("AKIA", SecretKind::Key),
    ("ASIA", SecretKind::Key),
    ("LTAI", SecretKind::Key),
    ("AKID", SecretKind::Key),
    ("ghp_", SecretKind::Token),
    ("ghs_", SecretKind::Token),
    ("github_pat_", SecretKind::Token),
    ("glpat-", SecretKind::Token),
];
/// Where a private key begins and ends.
const KEY_BEGINS: &[u8] = b"-----BEGIN";
const KEY_ENDS: &[u8] = b"-----END";
/// Names in a query that say no secret, by their beginning: what clouds say about a signature, and how an answer is to look.
const SAFE_BEGINNINGS: [&str; 9] = [
    "response-",
    "x-oss-process",
    "q-sign-",
    "q-key-time",
    "q-header",
    "q-url-param",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
];

/// What looks like a secret and begins with these letters.
pub(super) fn shape_at(text: &[u8], run: &Range<usize>) -> Option<Found> {
    let word = &text[run.clone()];
    if word.starts_with(b"eyJ") && word.len() >= 10 {
        return web_token(text, run);
    }
    if word.ends_with(KEY_BEGINS) {
        return private_key(text, run.end);
    }
    let like = word.len() >= 16 && word.iter().any(u8::is_ascii_digit);
    let (_, kind) = KEYS.iter().find(|(front, _)| like && word.starts_with(front.as_bytes()))?;
    Some(Found::new(run.clone(), *kind))
}

/// `HEADER.PAYLOAD.SIGNATURE`, the last one perhaps empty.
fn web_token(text: &[u8], run: &Range<usize>) -> Option<Found> {
    let part = |from: usize| {
        let rest = text.get(from..)?.strip_prefix(b".")?;
        let length = rest.iter().take_while(|byte| super::find::is_of_run(**byte)).count();
        Some(from + 1 + length)
    };
    let payload = part(run.end).filter(|end| *end > run.end + 4)?;
    Some(Found::new(run.start..part(payload).unwrap_or(payload), SecretKind::Token))
}

/// What is between the first and the last line of a private key.
fn private_key(text: &[u8], from: usize) -> Option<Found> {
    let near = &text[from..text.len().min(from + 48)];
    let begin = from + memmem::find(near, b"PRIVATE KEY-----")? + 16;
    let end = memmem::find(&text[begin..], KEY_ENDS).map_or(text.len(), |end| begin + end);
    Some(Found { instead: Instead::Letters, ..Found::new(begin..end, SecretKind::Secret) })
}

/// Whether a private key has begun in this and not ended.
pub(super) fn is_key_open(text: &[u8]) -> bool {
    let begun = memmem::rfind(text, KEY_BEGINS).and_then(|at| private_key(text, at + KEY_BEGINS.len()));
    begun.is_some_and(|found| found.at.end == text.len())
}

/// `Authorization: SCHEME VALUE`, and cookies: the value behind the mark, to the end of the line where it is in no quotes.
pub(super) fn credentials(text: &[u8], value: &Value, cookies: bool) -> Range<usize> {
    let Range { start, end } = value.at.clone();
    let of_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let quoted = start.checked_sub(1).is_some_and(|at| matches!(text[at], b'"' | b'\''));
    if !cookies && !quoted && !text[start..end].iter().all(of_scheme) {
        // Without a scheme it is one word.
        return value.at.clone();
    }
    let rest = if quoted { &[] } else { &text[end..] };
    let line = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n' | b'"' | b'\\' | 0x1b)).unwrap_or(rest.len());
    let whole = start..end + rest[..line].trim_ascii_end().len();
    let told = &text[whole.clone()];
    let scheme = told.iter().take_while(|byte| of_scheme(byte)).count();
    let behind = skip(told, scheme, false);
    let named = !cookies && scheme > 0 && behind > scheme && behind < told.len();
    if named { whole.start + behind..whole.end } else { whole }
}

/// The parts of a URL whose scheme ends here: where it ends, and the secrets in its authority and its path.
pub(super) fn url_at(text: &[u8], scheme: &Range<usize>) -> Option<(usize, Vec<Found>)> {
    let mut at = scheme.end;
    let [b':', ..] = text.get(at..)? else { return None };
    at += 1;
    for _ in 0..2 {
        at += usize::from(text.get(at) == Some(&b'\\'));
        at += usize::from(text.get(at) == Some(&b'/'));
    }
    if text.get(at.checked_sub(1)?) != Some(&b'/') || at < scheme.end + 3 {
        return None;
    }
    let end = url_end(text, at);
    let until = |from: usize, marks: &[u8]| {
        text[from..end].iter().position(|byte| marks.contains(byte)).map_or(end, |place| from + place)
    };
    let authority = at..until(at, b"/?#\\");
    let mut found: Vec<_> = login(text, &authority).into_iter().collect();
    found.extend(path_tokens(text, authority.end..until(authority.end, b"?#")));
    Some((end, found))
}

fn url_end(text: &[u8], from: usize) -> usize {
    let most = text.len().min(from + LONGEST_URL);
    let ends = |at: usize| match text[at] {
        b'\\' => !matches!(text.get(at + 1), Some(b'/' | b'u')),
        byte => byte <= b' ' || byte >= 0x7f || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`'),
    };
    (from..most).find(|at| ends(*at)).unwrap_or(most)
}

/// `user:PASSWORD@host`, and `TOKEN@host`.
fn login(text: &[u8], authority: &Range<usize>) -> Option<Found> {
    let who = &text[authority.clone()];
    let user = &who[..memchr::memrchr(b'@', who)?];
    let end = authority.start + user.len();
    if let Some(colon) = memchr::memchr(b':', user) {
        return Some(Found::new(authority.start + colon + 1..end, SecretKind::Secret));
    }
    let drawn = user.len() >= 12 && user.iter().any(u8::is_ascii_digit);
    drawn.then(|| Found::new(authority.start..end, SecretKind::Token))
}

/// The segments of a path that are drawn by lot.
pub(super) fn path_tokens(text: &[u8], path: Range<usize>) -> impl Iterator<Item = Found> + '_ {
    let segments = text[path.clone()].split(|byte| matches!(byte, b'/' | b'\\'));
    segments
        .scan(path.start, |at, segment| {
            let begin = *at;
            *at += segment.len() + 1;
            Some(begin..begin + segment.len())
        })
        .filter(|at| at.len() >= TOKEN && text[at.clone()].iter().all(u8::is_ascii_hexdigit))
        .map(|at| Found::new(at, SecretKind::Token))
}

/// The value of a pair of a query whose name is at `name`: a secret, unless the name is one of those that say none.
pub(super) fn query_value(text: &[u8], name: &Range<usize>) -> Option<Found> {
    let query = matches!(text.get(name.start.checked_sub(1)?), Some(b'?' | b'&' | b';'));
    let escaped = ["u0026", "26"].into_iter().find(|front| text[name.clone()].starts_with(front.as_bytes()));
    let before = name.start.checked_sub(1).map(|at| text[at]);
    let key = match escaped {
        Some(front) if !query && matches!(before, Some(b'\\' | b'%')) => &text[name.start + front.len()..name.end],
        _ if query => &text[name.clone()],
        _ => return None,
    };
    let begin = match text.get(name.end..)? {
        [b'=', ..] => name.end + 1,
        [b'%', b'3', b'D' | b'd', ..] => name.end + 3,
        _ => return None,
    };
    let ends = |at: usize| {
        let byte = text[at];
        byte <= b' '
            || byte >= 0x7f
            || matches!(byte, b'&' | b'"' | b'\'' | b'\\' | b'<' | b'>' | b'#' | b'`')
            || text[at..].starts_with(b"%26")
    };
    let end = (begin..text.len()).find(|at| ends(*at)).unwrap_or(text.len());
    let (kind, announced) = query_kind(key)?;
    let value = &text[begin..end];
    let drawn = value.len() >= 8 && (value.len() >= 16 || value.iter().any(u8::is_ascii_digit));
    let taken = drawn && !super::book::is_number(value) || announced && value.len() >= 4;
    taken.then(|| Found::new(begin..end, kind))
}

/// What the value of a query's pair is, and whether its name says so; nothing for one that is known to be harmless.
fn query_kind(key: &[u8]) -> Option<(SecretKind, bool)> {
    let known = name_of(key, None);
    if let Some(Name { kind, sure: Sure::Always | Sure::Spoken, .. }) = known {
        return Some((kind, true));
    }
    let key = key.to_ascii_lowercase();
    let begins = |front: &&str| key.starts_with(front.as_bytes());
    if is_harmless(&key) || SAFE_BEGINNINGS.iter().any(begins) {
        return None;
    }
    let ends = |word: &str| key.rsplit(|byte| !byte.is_ascii_alphanumeric()).next() == Some(word.as_bytes());
    if ends("sig") || ends("sign") {
        return Some((SecretKind::Signature, true));
    }
    if ends("ak") || ends("key") || ends("pass") {
        return Some((SecretKind::Key, true));
    }
    Some((SecretKind::Token, false))
}
