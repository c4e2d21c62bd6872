//! How else one value is written: with JSON's escapes, with a URL's.

use super::book::is_unmistakable;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Texts in texts have escapes for escapes; so often they are taken away.
const DEEPEST: usize = 3;
/// What encoders that write for web pages escape in JSON as well.
const OF_PAGES: [char; 6] = ['+', '&', '=', '<', '>', '\''];

/// The value as it reads without escapes.
pub(super) fn canonical(value: &[u8]) -> Cow<'_, [u8]> {
    let mut reads = Cow::Borrowed(value);
    for _ in 0..DEEPEST {
        let Some(plain) = unescaped(&reads) else { break };
        reads = Cow::Owned(plain);
    }
    decoded(&reads).map_or(reads, Cow::Owned)
}

/// A value as it may be met, itself among the others.
pub(super) fn forms(value: &[u8], met: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut forms = vec![value.to_owned()];
    forms.extend(met.map(<[u8]>::to_owned));
    if let Ok(text) = std::str::from_utf8(value) {
        let json = escaped(text);
        let slashes = json.replace('/', r"\/");
        let pages = json.chars().fold(String::new(), |mut pages, letter| {
            let _ = if OF_PAGES.contains(&letter) {
                write!(pages, "\\u{:04x}", u32::from(letter))
            } else {
                write!(pages, "{letter}")
            };
            pages
        });
        forms.extend([&json, &slashes, &pages].map(|form| escaped(form).into_bytes()));
        forms.extend([json, slashes, pages].map(String::into_bytes));
    }
    forms.extend([encoded(value, b"0123456789ABCDEF"), encoded(value, b"0123456789abcdef")]);
    forms.retain(|form| is_unmistakable(form));
    forms.sort();
    forms.dedup();
    forms
}

/// As the inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    memchr::memchr(b'\\', value)?;
    let quoted = [b"\"", value, b"\""].concat();
    let plain = serde_json::from_slice::<String>(&quoted).ok()?.into_bytes();
    (plain != value).then_some(plain)
}

fn encoded(value: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(value.len());
    for byte in value {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(*byte);
        } else {
            encoded.extend([b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
    }
    encoded
}

fn decoded(value: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = value;
    let mut decoded = Vec::new();
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (before, behind) = rest.split_at(at);
        decoded.extend_from_slice(before);
        rest = match behind {
            [_, high, low, rest @ ..] if digit(*high).is_some() && digit(*low).is_some() => {
                decoded.push(digit(*high)? << 4 | digit(*low)?);
                rest
            }
            _ => {
                decoded.push(b'%');
                &behind[1..]
            }
        };
    }
    decoded.extend_from_slice(rest);
    (decoded != value && !decoded.is_empty()).then_some(decoded)
}
