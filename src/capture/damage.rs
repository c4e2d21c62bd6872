//! What is wrong with a capture: counted in full, kept in part.

use super::NoEvent;
use crate::event::{Micros, Trouble};
use std::collections::BTreeSet;
use std::ops::Index;
use std::slice::Iter;

/// Lines that are kept with their reasons; of more, only the number.
const KEPT: usize = 100;
/// Names of unknown kinds that are kept, and letters of each.
const KEPT_KINDS: usize = 8;
const LONGEST_KIND: usize = 40;

/// A line that could not be used, and why. Everything else of the capture stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Line number from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: NoEvent,
}

/// Where a capture breaks off. What came before stands; what came after is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The line in which it breaks off, from 1.
    pub line: usize,
    /// The last event before that: its place in the session's order and its time.
    pub after: Option<(u64, Micros)>,
    /// What the system says, where the file goes on but cannot be read.
    pub why: Option<String>,
}

impl Cut {
    /// `recording-cut` with `event` and `at`, `recording-cut-early`, or `recording-broken` with all of them and `detail`.
    fn trouble(&self) -> Trouble {
        let (event, at) = self.after.unwrap_or_default();
        match (&self.why, self.after) {
            (Some(why), _) => Trouble::new("recording-broken").with("event", event).with("at", at).with("detail", why),
            (None, Some(_)) => Trouble::new("recording-cut").with("event", event).with("at", at),
            (None, None) => Trouble::new("recording-cut-early"),
        }
    }
}

/// All that is wrong with a capture. A file of rubbish as large as a disk takes no more memory than a small one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damages {
    first: Vec<Damage>,
    count: usize,
    /// Whole lines of kinds that this version does not know: a later version's, not damaged.
    pub unknown: usize,
    kinds: BTreeSet<String>,
    /// Events whose place in the order is not behind that of the event before them. They are told in the file's order.
    pub reordered: usize,
    /// Events that are earlier than the event before them.
    pub earlier: usize,
    /// Where the file breaks off, if it does.
    pub cut: Option<Cut>,
    /// Messages that the program which listened left out (`mosquitto_sub -F %J`: every payload that is not JSON).
    pub left_out: usize,
    /// Messages whose payload has not the length it was sent with: that program wrote it anew.
    pub rewritten: usize,
}

impl Damages {
    /// Adds a line that is no event of this version.
    pub fn push(&mut self, damage: Damage) {
        if let NoEvent::UnknownKind(kind) = &damage.why
            && may_be_a_kind(kind)
        {
            self.unknown += 1;
            if self.kinds.len() < KEPT_KINDS {
                self.kinds.insert(kind.clone());
            }
            return;
        }
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(damage);
        }
    }

    /// How many lines are damaged.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether no line is damaged.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first lines that are damaged, at most a hundred.
    pub fn iter(&self) -> Iter<'_, Damage> {
        self.first.iter()
    }

    /// The kinds that this version does not know, the first eight of them.
    #[must_use]
    pub const fn unknown_kinds(&self) -> &BTreeSet<String> {
        &self.kinds
    }

    /// What whoever reads the capture has to know, beside the number of damaged lines.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        let unknown = || {
            let kinds = self.kinds.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            Trouble::new("recording-newer").with("n", self.unknown).with("kinds", kinds)
        };
        let reordered = || {
            let (reordered, earlier) = (self.reordered, self.earlier);
            Trouble::new("recording-reordered").with("reordered", reordered).with("earlier", earlier)
        };
        let left_out = || Trouble::new("mosquitto-left-out").with("n", self.left_out);
        let rewritten = || Trouble::new("mosquitto-rewritten").with("n", self.rewritten);
        let counted = [
            (self.reordered + self.earlier > 0).then(reordered),
            (self.unknown > 0).then(unknown),
            (self.left_out > 0).then(left_out),
            (self.rewritten > 0).then(rewritten),
        ];
        self.cut.iter().map(Cut::trouble).chain(counted.into_iter().flatten()).collect()
    }
}

/// Whether a later version could call a kind so; what does not read like a name was damaged.
fn may_be_a_kind(kind: &str) -> bool {
    kind.len() <= LONGEST_KIND
        && kind.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'0'..=b'9'))
}

impl<'a> IntoIterator for &'a Damages {
    type Item = &'a Damage;
    type IntoIter = Iter<'a, Damage>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Index<usize> for Damages {
    type Output = Damage;
    fn index(&self, place: usize) -> &Damage {
        &self.first[place]
    }
}
