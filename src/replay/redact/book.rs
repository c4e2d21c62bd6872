//! Which secret reads how once it is taken out: the same one always the same.

use super::find::{Found, Instead, runs};
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
    /// Its number, once it was taken out.
    number: Option<u64>,
    counted: bool,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    entries: BTreeMap<Vec<u8>, Entry>,
    numbers: BTreeMap<SecretKind, u64>,
    /// The largest numbers of labels that stood in the capture before.
    met: BTreeMap<SecretKind, u64>,
    /// Digests of images and names of devices: no secrets, whatever they look like.
    plain: BTreeSet<Vec<u8>>,
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

    /// All that is known, and nothing taken out yet.
    pub fn begin_again(mut self) -> Self {
        for entry in self.entries.values_mut() {
            (entry.number, entry.counted) = (None, false);
        }
        Self { numbers: self.met.clone(), taken: Taken::default(), ..self }
    }

    /// This is no secret.
    pub fn keep(&mut self, value: &str) {
        if !value.is_empty() && self.plain.len() < MOST_VALUES {
            self.plain.insert(value.to_ascii_lowercase().into_bytes());
        }
    }

    /// Whether there is anything to take out of a value.
    pub fn is_secret(&self, value: &[u8]) -> bool {
        let plain = value.is_empty()
            || matches!(value, b"null" | b"true" | b"false")
            || [b'*', b'x', b'9'].iter().any(|mask| value.iter().all(|byte| byte == mask))
            || value.starts_with(crate::event::MASK.as_bytes())
            || is_label(value);
        !plain && !self.plain.contains(&value.to_ascii_lowercase())
    }

    /// What stands in the place of what was found.
    pub fn written(&mut self, found: &Found, value: &[u8]) -> Vec<u8> {
        if found.instead == Instead::Label {
            return self.label(found.kind, value);
        }
        if self.counts && found.instead == Instead::Letters {
            let count = self.taken.0.entry(found.kind).or_default();
            *count = (count.0 + 1, count.1 + 1);
        }
        masked(value)
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
            self.learn(kind, value);
        }
        let Some(entry) = self.entries.get_mut(value) else { return Vec::new() };
        let number = *entry.number.get_or_insert_with(|| {
            let number = self.numbers.entry(entry.kind).or_default();
            *number += 1;
            *number
        });
        if self.counts {
            let count = self.taken.0.entry(entry.kind).or_default();
            count.0 += u64::from(!std::mem::replace(&mut entry.counted, true));
            count.1 += 1;
        }
        fitted(&format!("{}-{number}", entry.kind.name()), value)
    }

    /// A value to be known again, and what of it could not be mistaken by itself: it may come without its marks.
    fn learn(&mut self, kind: SecretKind, value: &[u8]) {
        let word = value.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let parts = runs(word, 0)
            .map(|run| &word[run])
            .filter(|part| is_unmistakable(part) && part.iter().any(u8::is_ascii_digit) && self.is_secret(part));
        let parts: Vec<_> = parts.chain([value]).map(<[u8]>::to_owned).collect();
        for part in parts {
            self.entries.entry(part).or_insert(Entry { kind, number: None, counted: false });
        }
    }

    /// A label met in what is redacted a second time: its number is not given again.
    pub fn meet(&mut self, value: &[u8]) {
        if let Some((kind, number)) = label_number(value) {
            for numbers in [&mut self.met, &mut self.numbers] {
                let known = numbers.entry(kind).or_default();
                *known = number.max(*known);
            }
        }
    }

    /// The kind of a value that was met before and cannot be mistaken for a word.
    pub fn known(&self, value: &[u8]) -> Option<SecretKind> {
        let entry = is_unmistakable(value).then(|| self.entries.get(value))??;
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

/// Whether a value is what stands in a secret's place.
pub(super) fn is_label(value: &[u8]) -> bool {
    label_number(value).is_some()
}

/// Whether a value is a whole number.
pub(super) fn is_number(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(u8::is_ascii_digit)
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

/// Letters without a meaning, the blanks between them as they were.
pub(super) fn masked(value: &[u8]) -> Vec<u8> {
    value.iter().map(|byte| if byte.is_ascii_whitespace() { *byte } else { b'x' }).collect()
}

/// As long as the value, where that is long enough. A number stays one, so that JSON stays JSON.
fn fitted(label: &str, value: &[u8]) -> Vec<u8> {
    let of_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.');
    if value.iter().all(of_number) && value.iter().any(u8::is_ascii_digit) {
        return value.iter().map(|byte| if byte.is_ascii_digit() { b'9' } else { *byte }).collect();
    }
    let mut fitted = label.as_bytes().to_owned();
    if fitted.len() < value.len() {
        fitted.push(b'-');
        fitted.resize(value.len(), b'x');
    }
    fitted
}
