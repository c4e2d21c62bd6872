//! Which secret reads how once it is taken out: the same one always the same.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Values remembered; a flood of them cannot fill the memory. Those beyond are taken out all the same, under one label.
const MOST_VALUES: usize = 65_536;
/// The longest value remembered, in bytes.
const LONGEST_VALUE: usize = 4_096;
/// From so many bytes on a value is looked for where nothing announces it. Shorter ones may be words of their own.
const UNMISTAKABLE: usize = 12;

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// What lets in whoever has it: the path of a firmware URL, an access token.
    Token,
    /// A signature.
    Signature,
    /// A password, or a device's or product's secret.
    Secret,
    /// An access key's id.
    Key,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Token, Self::Signature, Self::Secret, Self::Key];

    /// What stands in its place, with a number behind it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Signature => "signature",
            Self::Secret => "secret",
            Self::Key => "key",
        }
    }
}

/// How much was taken out, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken(BTreeMap<SecretKind, (u64, u64)>);

impl Taken {
    /// How many different values, and in how many places.
    #[must_use]
    pub fn of(&self, kind: SecretKind) -> (u64, u64) {
        self.0.get(&kind).copied().unwrap_or_default()
    }

    /// Whether nothing was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[derive(Debug)]
struct Entry {
    kind: SecretKind,
    label: String,
    counted: bool,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<Vec<u8>, Entry>,
    numbers: BTreeMap<SecretKind, u64>,
    /// Digests of images: no secrets, whatever they look like.
    digests: BTreeSet<Vec<u8>>,
    taken: Taken,
    counts: bool,
}

impl Book {
    /// Whether what is taken out from here on is counted.
    pub const fn counts(&mut self, counts: bool) {
        self.counts = counts;
    }

    pub const fn taken(&self) -> &Taken {
        &self.taken
    }

    /// This is no secret.
    pub fn keep(&mut self, digest: &str) {
        if !digest.is_empty() && self.digests.len() < MOST_VALUES {
            self.digests.insert(digest.to_ascii_lowercase().into_bytes());
        }
    }

    /// Whether there is anything to take out of a value.
    pub fn is_secret(&self, value: &[u8]) -> bool {
        let plain = value.is_empty()
            || matches!(value, b"null" | b"true" | b"false")
            || value.iter().all(|byte| *byte == b'*')
            || value.starts_with(crate::event::MASK.as_bytes())
            || label_number(value).is_some();
        !plain && !self.digests.contains(&value.to_ascii_lowercase())
    }

    /// What stands in a value's place, as long as it where it fits.
    pub fn label(&mut self, kind: SecretKind, value: &[u8]) -> Vec<u8> {
        let new = !self.entries.contains_key(value);
        if new && (self.entries.len() >= MOST_VALUES || value.len() > LONGEST_VALUE) {
            let count = self.taken.0.entry(kind).or_default();
            count.1 += u64::from(self.counts);
            return fitted(&format!("{}-more", kind.name()), value);
        }
        if new {
            let number = self.numbers.entry(kind).or_default();
            *number += 1;
            let label = format!("{}-{number}", kind.name());
            self.entries.insert(value.to_owned(), Entry { kind, label, counted: false });
        }
        let Some(entry) = self.entries.get_mut(value) else { return Vec::new() };
        if self.counts {
            let count = self.taken.0.entry(entry.kind).or_default();
            count.0 += u64::from(!std::mem::replace(&mut entry.counted, true));
            count.1 += 1;
        }
        fitted(&entry.label, value)
    }

    /// A label met in what is redacted a second time: its number is not given again.
    pub fn meet(&mut self, value: &[u8]) {
        if let Some((kind, number)) = label_number(value) {
            let known = self.numbers.entry(kind).or_default();
            *known = number.max(*known);
        }
    }

    /// The kind of a value that was met before and cannot be mistaken for a word.
    pub fn known(&self, value: &[u8]) -> Option<SecretKind> {
        let entry = self.entries.get(value).filter(|_| is_unmistakable(value))?;
        Some(entry.kind)
    }

    /// The value that begins like this, of those that cannot be mistaken.
    pub fn beginning(&self, front: &[u8]) -> Option<(&[u8], SecretKind)> {
        let from = (Bound::Included(front), Bound::Unbounded);
        let mut like = self.entries.range::<[u8], _>(from).take_while(|(value, _)| value.starts_with(front));
        let (value, entry) = like.find(|(value, _)| is_unmistakable(value))?;
        Some((value, entry.kind))
    }
}

fn is_unmistakable(value: &[u8]) -> bool {
    value.len() >= UNMISTAKABLE && !value.iter().all(u8::is_ascii_digit)
}

/// The number of `token-7`, with the letters that fill it up.
fn label_number(value: &[u8]) -> Option<(SecretKind, u64)> {
    let text = std::str::from_utf8(value).ok()?;
    let (kind, rest) =
        SecretKind::ALL.iter().find_map(|kind| Some((*kind, text.strip_prefix(kind.name())?.strip_prefix('-')?)))?;
    let (number, filled) = rest.split_once('-').unwrap_or((rest, ""));
    if number == "more" {
        return Some((kind, 0));
    }
    filled.bytes().all(|byte| byte == b'x').then_some(())?;
    Some((kind, number.parse().ok()?))
}

/// As long as the value, where that is long enough. A number stays one, so that JSON stays JSON.
fn fitted(label: &str, value: &[u8]) -> Vec<u8> {
    if value.iter().all(u8::is_ascii_digit) {
        return vec![b'9'; value.len()];
    }
    let mut fitted = label.as_bytes().to_owned();
    if fitted.len() < value.len() {
        fitted.push(b'-');
        fitted.resize(value.len(), b'x');
    }
    fitted
}
