//! Alibaba Cloud's `sign`: a signature when a device registers, the digest of the image when a build is announced.

use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// How far around a `sign` its method is looked for, in bytes.
const NEAR: usize = 1_024;

/// `signMethod` with a plain digest: one with a key begins with `hmac`.
static METHOD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)sign_?method\\*"?[ \t]*[:=][ \t]*\\*"?(md5|sha-?256)"#).ok());
/// What an announcement tells beside it.
static ANNOUNCED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i-u)\b(?:size|version|url|streamId|fileSize)\\*"?[ \t]*[:=]"#).ok());

/// Whether a value is long enough for a signature, and no word.
pub(super) fn looks_signed(value: &[u8]) -> bool {
    value.len() >= 8 && (value.len() >= 16 || value.iter().any(u8::is_ascii_digit))
}

/// Whether a value is a digest of this method: in hexadecimal, and as long as one.
pub(super) fn is_digest(method: &[u8], value: &[u8]) -> bool {
    let digits = if method.eq_ignore_ascii_case(b"md5") { 32 } else { 64 };
    value.len() == digits && value.iter().all(u8::is_ascii_hexdigit)
}

/// The same of a value in a text: only what stands in the same braces, or on the same line, says so.
pub(super) fn is_digest_near(text: &[u8], value: &Range<usize>) -> bool {
    let before = &text[value.start.saturating_sub(NEAR)..value.start];
    let after = &text[value.end..text.len().min(value.end + NEAR)];
    let from = before.iter().rposition(|byte| matches!(byte, b'{' | b'\n')).map_or(0, |at| at + 1);
    let to = after.iter().position(|byte| matches!(byte, b'}' | b'\n')).unwrap_or(after.len());
    let around = &text[value.start - (before.len() - from)..value.end + to];
    let method = METHOD.as_ref().and_then(|method| method.captures(around)).and_then(|found| found.get(1));
    method.is_some_and(|method| is_digest(method.as_bytes(), &text[value.clone()]))
        && ANNOUNCED.as_ref().is_some_and(|announced| announced.is_match(around))
}
