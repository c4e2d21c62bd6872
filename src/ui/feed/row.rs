//! One row of the Messages pane.

use crate::console::Crash;
use crate::event::{DeviceId, Micros};
use std::sync::Arc;

/// Which way a row goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the device.
    Up,
    /// To the device.
    Down,
    /// A request for firmware.
    Http,
    /// On the bench itself.
    Bench,
}

impl Way {
    /// The sign in front of a row.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Up => "↑",
            Self::Down => "↓",
            Self::Http => "⇅",
            Self::Bench => "•",
        }
    }
}

/// What a firmware request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The event of the answer.
    pub seq: u64,
    /// HTTP status.
    pub status: u16,
    /// Bytes that left.
    pub sent: u64,
    /// Whether all of it left.
    pub complete: bool,
}

/// One row. There may be millions: what few have is in a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The event it stands for.
    pub seq: u64,
    /// When.
    pub at: Micros,
    /// Which way.
    pub way: Way,
    /// Whose row it is, where known.
    pub device: Option<Arc<DeviceId>>,
    /// Whether something is wrong with it.
    pub flawed: bool,
    /// Whether a replay sent it.
    pub replayed: bool,
    pub(super) more: Option<Box<More>>,
}

/// What only few rows have.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum More {
    /// A firmware request's answer.
    Answer(Answer),
    /// So many events were never shown.
    Skipped(u64),
    /// What a console told of.
    Crash(Crashed),
}

/// What a console told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Crashed {
    /// The console's port.
    pub port: String,
    /// The first time.
    pub crash: Crash,
    /// How many times.
    pub times: u64,
    /// The last time.
    pub(super) until: Micros,
}

impl Row {
    /// A firmware request's answer.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self.more.as_deref() {
            Some(More::Answer(answer)) => Some(*answer),
            _ => None,
        }
    }

    /// The row before its request was answered.
    #[must_use]
    pub fn unanswered(&self) -> Self {
        Self { flawed: false, more: None, ..self.clone() }
    }

    /// Events that were never shown, when this row stands for them.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        match self.more.as_deref() {
            Some(More::Skipped(events)) => *events,
            _ => 0,
        }
    }

    /// What a console told of.
    #[must_use]
    pub fn crash(&self) -> Option<&Crashed> {
        match self.more.as_deref() {
            Some(More::Crash(crash)) => Some(crash),
            _ => None,
        }
    }

    pub(super) fn crash_mut(&mut self) -> Option<&mut Crashed> {
        match self.more.as_deref_mut() {
            Some(More::Crash(crash)) => Some(crash),
            _ => None,
        }
    }

    /// Whether it may be one of the many of a storm: to or from a device, and complete.
    #[must_use]
    pub fn is_traffic(&self) -> bool {
        self.way != Way::Bench && (self.way != Way::Http || self.answer().is_some())
    }

    /// Whether it is one of the many unremarkable requests of a download.
    #[must_use]
    pub fn is_routine(&self) -> bool {
        self.way == Way::Http
            && self.answer().is_some_and(|answer| matches!(answer.status, 200 | 206) && answer.complete)
    }
}
