//! Secrets that are more than one word, looked for in every text: pass phrases, base64, passwords with marks in them.

use super::book::{SecretKind, is_unmistakable};
use super::find::{Found, is_of_run};
use super::forms::forms;
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;

/// So many are looked for one by one, where the capture was not read before.
const FEW: usize = 16;
/// All forms looked for, in bytes. What is beyond goes where it is named.
const MOST_BYTES: usize = 512 * 1024;

#[derive(Debug, Default)]
pub(super) struct Spread {
    few: Vec<(Vec<u8>, SecretKind)>,
    all: Option<AhoCorasick>,
    /// Of each form in `all`.
    kinds: Vec<SecretKind>,
}

impl Spread {
    /// Of values, each as it reads and as it was met.
    pub fn of<'a>(values: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>, SecretKind)>) -> Self {
        let mut values: Vec<_> =
            values.filter(|(value, met, _)| is_spread(value) || met.is_some_and(is_spread)).collect();
        // A password is worth more than what was good for one request.
        values.sort_by_key(|(_, _, kind)| match kind {
            SecretKind::Secret => 0,
            SecretKind::Key => 1,
            SecretKind::Token => 2,
            SecretKind::Signature => 3,
        });
        let mut room = MOST_BYTES;
        let (mut texts, mut kinds) = (Vec::new(), Vec::new());
        for (value, met, kind) in values {
            for form in forms(value, met).into_iter().filter(|form| is_spread(form)) {
                let Some(left) = room.checked_sub(form.len()) else { break };
                room = left;
                texts.push(form);
                kinds.push(kind);
            }
        }
        let all = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts).ok();
        Self { all: if texts.is_empty() { None } else { all() }, kinds, few: Vec::new() }
    }

    /// One more, of a capture that was not read before.
    pub fn meet(&mut self, kind: SecretKind, value: &[u8]) {
        if self.few.len() < FEW && is_spread(value) {
            self.few.push((value.to_owned(), kind));
        }
    }

    pub fn find(&self, text: &[u8]) -> Vec<Found> {
        let mut found = Vec::new();
        if let Some(all) = &self.all {
            found.extend(all.find_iter(text).map(|hit| Found::new(hit.range(), self.kinds[hit.pattern().as_usize()])));
        }
        for (value, kind) in &self.few {
            found.extend(memmem::find_iter(text, value).map(|at| Found::new(at..at + value.len(), *kind)));
        }
        found
    }
}

/// Whether a value cannot be mistaken, and is not found as a word. Numbers with marks between them may be a time or a version.
fn is_spread(value: &[u8]) -> bool {
    is_unmistakable(value)
        && !value.iter().all(|byte| is_of_run(*byte))
        && value.iter().any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
}
