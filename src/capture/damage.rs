//! What is wrong with a capture: counted in full, kept in part.

use super::NoEvent;
use std::ops::Index;
use std::slice::Iter;

/// Lines that are kept with their reasons; of more, only the number.
const KEPT: usize = 100;

/// A line that could not be used, and why. Everything else of the capture stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Line number from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: NoEvent,
}

/// All that is wrong with a capture. A file of rubbish as large as a disk takes no more memory than a small one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damages {
    first: Vec<Damage>,
    count: usize,
    /// Events whose place in the order is not behind that of the event before them. They are told in the file's order.
    pub reordered: usize,
    /// Events that are earlier than the event before them.
    pub earlier: usize,
}

impl Damages {
    /// Adds a line that is no event.
    pub fn push(&mut self, damage: Damage) {
        self.count += 1;
        if self.first.len() < KEPT {
            self.first.push(damage);
        }
    }

    /// How many lines are no events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether every line is an event.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first lines that are no events, at most a hundred.
    pub fn iter(&self) -> Iter<'_, Damage> {
        self.first.iter()
    }
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
