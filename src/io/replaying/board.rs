//! What a replay's threads tell each other: the operator's wishes, and how each connection stands.

use super::books::{Line, Phase};
use super::play::now;
use crate::bench::{Speed, Steer};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The operator's wishes.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    pub stop: bool,
    pub paused: bool,
    /// Steps asked for and not taken yet.
    pub steps: u64,
    /// How one that goes step by step is to go on.
    pub pace: Option<Speed>,
    /// Nobody will ask for more: it ends after those.
    pub no_more_steps: bool,
}

/// The books of a replay.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub wishes: Wishes,
    pub lines: Vec<Line>,
    /// Upgrades that were ordered again.
    pub ordered: u64,
    /// Those that could not be.
    pub refused: u64,
}

impl Books {
    /// A connection that is lost, or has something to be sent again.
    pub fn troubled(&self) -> Option<usize> {
        let troubled = |line: &Line| match line.phase {
            Phase::Lost { .. } => true,
            Phase::Up => !line.again.is_empty(),
            Phase::Away | Phase::Coming => false,
        };
        self.lines.iter().position(troubled)
    }

    /// How many messages have surely arrived.
    pub fn arrived(&self) -> u64 {
        self.lines.iter().map(|line| line.arrived).sum()
    }
}

/// The books, and a bell.
#[derive(Debug)]
pub(super) struct Board {
    books: Mutex<Books>,
    news: Condvar,
}

impl Board {
    pub fn new(lines: usize) -> Self {
        let lines = std::iter::repeat_with(Line::default).take(lines).collect();
        Self { books: Mutex::new(Books { lines, ..Books::default() }), news: Condvar::new() }
    }

    pub fn steer(&self, steer: Steer) {
        self.change(|books| match steer {
            Steer::Pause => books.wishes.paused = true,
            Steer::Resume => (books.wishes.paused, books.wishes.pace) = (false, Some(Speed::default())),
            Steer::Step => {
                books.wishes.paused = true;
                books.wishes.steps += 1;
            }
            Steer::Stop => books.wishes.stop = true,
        });
    }

    /// Changes the books and rings.
    pub fn change<T>(&self, change: impl FnOnce(&mut Books) -> T) -> T {
        let changed = change(&mut self.lock());
        self.news.notify_all();
        changed
    }

    pub fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a ring, at most until then.
    pub fn wait<'a>(&self, books: MutexGuard<'a, Books>, until: Option<Instant>) -> MutexGuard<'a, Books> {
        match until {
            None => self.news.wait(books).unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left: Duration = until.saturating_duration_since(now());
                self.news.wait_timeout(books, left).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}
