//! One line of a console, byte for byte.

use super::encoding::Encoding;
use super::render::{Rendered, render};
use crate::event::Micros;
use std::borrow::Cow;

/// One line, with the time of its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When its first byte came.
    pub at: Micros,
    /// Whose line it is.
    pub origin: Origin,
    /// Its bytes as they came, without the line end.
    pub raw: Vec<u8>,
    /// How it ended.
    pub end: LineEnd,
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The device's.
    Received,
    /// What we sent to the device.
    Sent,
    /// The workbench's own remark.
    Note,
}

impl Origin {
    /// What stands before such a line, so that it is told apart without colours.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Received => "",
            Self::Sent => "> ",
            Self::Note => "— ",
        }
    }

    pub(super) const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Received,
            1 => Self::Sent,
            _ => Self::Note,
        }
    }
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// Not yet, or it was too long and goes on in the next line.
    None,
    /// Line feed.
    Lf,
    /// Carriage return and line feed.
    CrLf,
    /// A carriage return alone, so far.
    Cr,
}

impl LineEnd {
    pub(super) const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Lf,
            2 => Self::CrLf,
            _ => Self::Cr,
        }
    }

    /// The bytes it stands for.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
            Self::Cr => b"\r",
        }
    }
}

impl Line {
    pub(super) const fn new(at: Micros, origin: Origin) -> Self {
        Self { at, origin, raw: Vec::new(), end: LineEnd::None }
    }

    /// The line as text: escape sequences left out, unprintable bytes as `\xNN`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.rendered(Encoding::Utf8).text
    }

    /// The line as text with its coloured spans. Our own remarks are UTF-8 whatever the device speaks.
    #[must_use]
    pub fn rendered(&self, encoding: Encoding) -> Rendered<'_> {
        render(&self.raw, if self.origin == Origin::Note { Encoding::Utf8 } else { encoding })
    }
}
