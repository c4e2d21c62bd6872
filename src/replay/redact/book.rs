//! Which secret reads how once it is taken out: the same one always the same.

use super::find::{Found, Instead, runs};
use super::forms::canonical;
use super::spread::Spread;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Values remembered of each kind; a flood of tokens can neither fill the memory nor crowd a password out. Those beyond are
/// taken out all the same, under one label.
const MOST_VALUES: usize = 65_536;
/// The longest value remembered, in bytes.
const LONGEST_VALUE: usize = 4_096;
/// From so many bytes on a value is looked for where nothing announces it. Shorter ones may be words of their own.
pub(super) const UNMISTAKABLE: usize = 12;
/// Bytes of lines remembered because a chunk ends in them: see [`super::cuts`].
const MOST_NOTED: usize = 16 * 1024 * 1024;

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
    /// As it was met first, where that is another form of it.
    raw: Option<Vec<u8>>,
}

/// What a look at the capture is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pass {
    /// It is the only one.
    #[default]
    Only,
    /// To learn what is secret; nothing of it is handed on.
    First,
    /// To take out all that is known by then.
    Second,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    /// By the value as it reads without escapes.
    entries: BTreeMap<Vec<u8>, Entry>,
    /// How many there are of each kind.
    held: BTreeMap<SecretKind, usize>,
    spread: Spread,
    pass: Pass,
    noted: usize,
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

    /// For a first look at all of a capture.
    pub fn to_learn() -> Self {
        Self { pass: Pass::First, ..Self::default() }
    }

    /// All that is known, and nothing taken out yet.
    pub fn begin_again(mut self) -> Self {
        let plain = &self.plain;
        self.entries.retain(|value, _| !plain.contains(&value.to_ascii_lowercase()));
        for entry in self.entries.values_mut() {
            (entry.number, entry.counted) = (None, false);
        }
        let values = self.entries.iter().filter(|(value, _)| !self.is_of_names(value));
        let spread = Spread::of(values.map(|(value, entry)| (value.as_slice(), entry.raw.as_deref(), entry.kind)));
        Self { numbers: self.met.clone(), taken: Taken::default(), pass: Pass::Second, spread, ..self }
    }

    /// Whether so many bytes of a line with a chunk's end in it may be remembered.
    pub const fn may_note(&mut self, bytes: usize) -> bool {
        let fits = self.noted + bytes <= MOST_NOTED;
        self.noted += if fits { bytes } else { 0 };
        fits
    }

    /// Whether this is the first look at a capture that is looked at twice.
    pub fn is_learning(&self) -> bool {
        self.pass == Pass::First
    }

    /// Whether nothing is to be looked for where no name announces it: as yet, or until all is known.
    pub fn knows_nothing(&self) -> bool {
        self.is_learning() || self.entries.is_empty()
    }

    /// Whether a value is nothing but names put together: `PRODUCT/DEVICE` in a query is that in a topic as well.
    fn is_of_names(&self, value: &[u8]) -> bool {
        let mut words = runs(value, 0).peekable();
        words.peek().is_some() && words.all(|run| self.plain.contains(&value[run].to_ascii_lowercase()))
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
        let reads = canonical(value);
        let new = !self.entries.contains_key(&*reads);
        if new && (self.is_full(kind) || value.len() > LONGEST_VALUE) {
            let count = self.taken.0.entry(kind).or_default();
            count.1 += u64::from(self.counts);
            return fitted(&format!("{}-more", kind.name()), value);
        }
        if new {
            self.learn(kind, &reads, value);
        }
        let Some(entry) = self.entries.get_mut(&*reads) else { return Vec::new() };
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
    fn learn(&mut self, kind: SecretKind, value: &[u8], met: &[u8]) {
        let word = met.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let parts = runs(word, 0)
            .map(|run| &word[run])
            .filter(|part| is_unmistakable(part) && part.iter().any(u8::is_ascii_digit) && self.is_secret(part));
        let parts: Vec<_> = parts.chain([value]).map(<[u8]>::to_owned).collect();
        for part in parts {
            let raw = (part == value && value != met).then(|| met.to_owned());
            self.entries.entry(part).or_insert_with(|| {
                *self.held.entry(kind).or_default() += 1;
                Entry { kind, number: None, counted: false, raw }
            });
        }
        if self.pass == Pass::Only && !self.is_of_names(value) {
            self.spread.meet(kind, met);
        }
    }

    fn is_full(&self, kind: SecretKind) -> bool {
        self.held.get(&kind).is_some_and(|held| *held >= MOST_VALUES)
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
        let entry = (is_unmistakable(value) && !self.knows_nothing()).then(|| self.entries.get(value))??;
        self.is_secret(value).then_some(entry.kind)
    }

    /// Where values stand that were met before and are more than one word.
    pub fn spread(&self, text: &[u8]) -> Vec<Found> {
        self.spread.find(text)
    }

    /// The value that begins like this, of those that cannot be mistaken.
    pub fn beginning(&self, front: &[u8]) -> Option<(Vec<u8>, SecretKind)> {
        let from = (Bound::Included(front), Bound::Unbounded);
        let mut like = self.entries.range::<[u8], _>(from).take_while(|(value, _)| value.starts_with(front));
        let (value, entry) = like.find(|(value, _)| is_unmistakable(value) && self.is_secret(value))?;
        Some((value.clone(), entry.kind))
    }
}

pub(super) fn is_unmistakable(value: &[u8]) -> bool {
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
