//! Where a secret stands in a text.

use super::book::{Book, SecretKind, UNMISTAKABLE};
use super::commands::command_at;
use super::json;
use super::names::{CHINESE, Form, Name, Sure, name_of};
use super::shapes::{credentials, path_tokens, query_value, shape_at, url_at};
use super::value::{Link, Value, escape_end, is_folder, is_signature, is_spoken, is_told, tail_of, value_after};
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// What sort of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Any text.
    Text,
    /// A console: what is in no quotes goes on to the end of its line.
    Console,
    /// What a message carries.
    Payload,
    /// A path with its query.
    Path,
    /// An MQTT user name.
    Username,
    /// A topic or a filter of topics.
    Topic,
}

/// A secret found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub at: Range<usize>,
    pub kind: SecretKind,
    pub instead: Instead,
}

/// What stands in a secret's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// A label, the same for the same value.
    Label,
    /// Letters without a meaning, with the line ends where they were: a private key.
    Letters,
    /// The same, for the rest of what already has a label.
    Rest,
}

impl Found {
    pub const fn new(at: Range<usize>, kind: SecretKind) -> Self {
        Self { at, kind, instead: Instead::Label }
    }
}

/// Without one of these no name and no shape is in a text, which is so for most of what a capture holds.
static SIGNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = "pass|pwd|ps[kw]|pw|secret|token|jwt|sign|credential|authorization|cookie|key";
    let shapes = r"eyj|:\\?/|\+[a-z]|-----begin|akia|asia|ltai|akid|gh[ps]_|glpat-|github_pat_";
    Regex::new(&format!(r"(?i-u){names}|{shapes}|\\u|[\xE4\xE5]")).ok()
});

/// All secrets of a text, in order, none over another.
pub(super) fn find(book: &mut Book, text: &[u8], place: Place) -> Vec<Found> {
    let lookup = !matches!(place, Place::Path | Place::Username);
    if lookup && SIGNS.as_ref().is_some_and(|signs| !signs.is_match(text)) {
        return find_known(book, text);
    }
    let mut search = Search { book, text, place, found: Vec::new() };
    match place {
        Place::Payload => search.payload(),
        Place::Path => {
            let end = memchr::memchr2(b'?', b'#', text).unwrap_or(text.len());
            path_tokens(text, 0..end).for_each(|found| search.add(found));
            search.range(0..text.len());
        }
        Place::Username => {
            if let Some(at) = misplaced(text) {
                search.add(Found::new(at, SecretKind::Secret));
            }
            search.range(0..text.len());
        }
        Place::Text | Place::Console | Place::Topic => search.range(0..text.len()),
    }
    let mut found = search.found;
    if !book.knows_nothing() {
        found.extend(book.spread(text));
    }
    in_order(found)
}

/// What was met before, wherever it stands.
pub(super) fn find_known(book: &Book, text: &[u8]) -> Vec<Found> {
    if book.knows_nothing() || text.len() < UNMISTAKABLE {
        return Vec::new();
    }
    let words = runs(text, 0).filter_map(|run| book.known(&text[run.clone()]).map(|kind| Found::new(run, kind)));
    in_order(words.chain(book.spread(text)).collect())
}

/// In order, none over another: the first and longest stay.
fn in_order(mut found: Vec<Found>) -> Vec<Found> {
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

struct Search<'a> {
    book: &'a mut Book,
    text: &'a [u8],
    place: Place,
    found: Vec<Found>,
}

impl Search<'_> {
    fn add(&mut self, found: Found) {
        let value = &self.text[found.at.clone()];
        if found.instead != Instead::Label {
            if !value.iter().all(|byte| matches!(byte, b'x' | b' ' | b'\t' | b'\r' | b'\n')) {
                self.found.push(found);
            }
            return;
        }
        self.book.meet(value);
        if self.book.is_secret(value) {
            self.found.push(found);
        }
    }

    /// JSON goes by its keys, a line of text goes to its end.
    fn payload(&mut self) {
        if let Some(seen) = json::read(self.text) {
            self.place = Place::Text;
            for (at, name) in seen.named {
                self.named(name, Value { at, link: Link::Mark, goes_on: false }, None);
            }
            for string in seen.strings {
                self.range(string);
            }
            return;
        }
        let first = self.text.iter().find(|byte| !byte.is_ascii_whitespace());
        let structured = first.is_none_or(|byte| matches!(byte, b'{' | b'[' | b'<' | b'"'));
        self.place = if structured { Place::Text } else { Place::Console };
        self.range(0..self.text.len());
    }

    /// Looks through a part of the text, letters by letters.
    fn range(&mut self, range: Range<usize>) {
        let text = &self.text[..range.end];
        let in_query = self.place == Place::Path;
        let (mut taken, mut url, mut before) = (range.start, range.start, None::<Range<usize>>);
        for run in runs(text, range.start) {
            if run.start < taken {
                continue;
            }
            if let Some(found) = shape_at(text, &run).or_else(|| command_at(text, &run)) {
                taken = found.at.end;
                self.add(found);
            } else if let Some(found) = query_value(text, &run).filter(|_| in_query || run.start < url) {
                taken = found.at.end;
                self.add(found);
            } else {
                taken = self.name(text, &run, before.take()).unwrap_or(taken);
            }
            if run.start >= url
                && text.get(run.end) == Some(&b':')
                && let Some((end, found)) = url_at(text, &run)
            {
                url = end;
                for secret in found {
                    self.add(secret);
                }
            }
            if let Some(kind) = self.book.known(&text[run.clone()]) {
                self.found.push(Found::new(run.clone(), kind));
            }
            before = Some(run);
        }
        if memchr::memchr(0xE5, &text[range.start..]).is_some() {
            self.chinese(text, range.start);
        }
    }

    /// What stands behind a name that announces a secret. Where to go on.
    fn name(&mut self, text: &[u8], run: &Range<usize>, before: Option<Range<usize>>) -> Option<usize> {
        let one_blank = |before: &Range<usize>| before.end + 1 == run.start && text[before.end] == b' ';
        let before = before.filter(one_blank).map(|before| &text[before]);
        let name = name_of(&text[run.clone()], before)?;
        let value = value_after(text, run, self.place == Place::Console)?;
        let marked = text[run.end..value.at.start].contains(&b'=');
        let called = &text[run.clone()];
        let none = super::book::is_label(called) || is_folder(called, &text[value.at.clone()]);
        if none || self.place == Place::Topic && !marked {
            return None;
        }
        self.named(name, value, Some(text))
    }

    /// A value that a name calls secret. The place behind it, if it is one. `text` is absent where the value is whole.
    fn named(&mut self, name: Name, mut value: Value, text: Option<&[u8]>) -> Option<usize> {
        let all = self.text;
        if self.place == Place::Topic {
            let level = memchr::memchr(b'/', &all[value.at.clone()]);
            value.at.end = level.map_or(value.at.end, |level| value.at.start + level);
        }
        match name.form {
            Form::Authorization | Form::Cookies => {
                if value.link != Link::Mark {
                    return None;
                }
                let text = text.unwrap_or(&all[..value.at.end]);
                if name.form == Form::Authorization && is_spoken(&text[value.at.clone()]) {
                    return None;
                }
                value.at = credentials(text, &value, name.form == Form::Cookies);
                value.goes_on = false;
            }
            Form::Sign if text.is_some_and(|text| !is_signature(text, &value)) => return None,
            Form::Sign | Form::Value => {}
        }
        let told = text.unwrap_or(all);
        if value.at.is_empty() {
            return None;
        }
        let known = super::book::is_label(&told[value.at.clone()]);
        if !known && !is_told(self.book, name, told, &value) {
            return None;
        }
        let tail = if value.goes_on { tail_of(told, &value.at) } else { value.at.end..value.at.end };
        let end = tail.end;
        self.add(Found::new(value.at, name.kind));
        self.add(Found { instead: Instead::Rest, ..Found::new(tail, name.kind) });
        Some(end)
    }

    /// Names in Chinese, which no blank parts from the words before them.
    fn chinese(&mut self, text: &[u8], from: usize) {
        for (word, name) in CHINESE {
            let mut taken = from;
            for at in memchr::memmem::find_iter(&text[from..], word) {
                let run = from + at..from + at + word.len();
                if run.start < taken {
                    continue;
                }
                if let Some(value) = value_after(text, &run, self.place == Place::Console)
                    && (value.link != Link::Blank || name.sure == Sure::Always)
                {
                    taken = self.named(name, value, Some(text)).unwrap_or(taken);
                }
            }
        }
    }
}

/// What a device put where a user name has none of its own: behind the bars of `UIoT`'s name and mode, behind the bar of
/// `device&product|…`, behind the colon of `user:…`. Its secret, most likely.
fn misplaced(name: &[u8]) -> Option<Range<usize>> {
    let mut bars = memchr::memchr_iter(b'|', name);
    let (first, second) = (bars.next(), bars.next());
    let from = match (first, second) {
        (_, Some(second)) => second + 1,
        (Some(first), None) if memchr::memchr(b'&', &name[..first]).is_some() => first + 1,
        (Some(_), None) => return None,
        (None, None) => {
            let mut colons = memchr::memchr_iter(b':', name);
            let only = colons.next().filter(|_| colons.next().is_none())?;
            (name.len() - only > 6).then_some(only + 1)?
        }
    };
    (!matches!(&name[from..], b"1" | b"2")).then_some(from..name.len())
}

/// Letters, digits, `-` and `_` without a break, from a place on. What a terminal's escape sequences hold is none.
pub(super) fn runs(text: &[u8], from: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = from;
    std::iter::from_fn(move || {
        while !is_of_run(*text.get(at)?) {
            at = if text[at] == 0x1b { escape_end(text, at) } else { at + 1 };
        }
        let from = at;
        while text.get(at).is_some_and(|byte| is_of_run(*byte)) {
            at += 1;
        }
        Some(from..at)
    })
}

pub(super) const fn is_of_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
