//! One line of a console, byte for byte.

use super::encoding::Encoding;
use super::render::{LONGEST_SEQUENCE, Rendered, places, render};
use crate::event::Micros;
use std::borrow::Cow;

/// What the end of a part of a line may be mistaken for: a letter that is cut in two shows as escapes.
const SPARE: usize = 16;

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

    /// Whether the device's next line is the rest of this one: a piece of a line too long to be one, or not ended yet.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.origin == Origin::Received && self.end == LineEnd::None
    }

    /// The line as text: escape sequences left out, unprintable bytes as `\xNN`.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.rendered(Encoding::Utf8).text
    }

    /// The line as it stands on paper, where no cursor jumps: what is printed at another place of the screen is a line of its
    /// own.
    pub fn on_paper(&self) -> impl Iterator<Item = Self> {
        places(&self.raw).into_iter().map(|part| Self { raw: part.to_vec(), ..*self })
    }

    /// The line as text with its coloured spans. Our own remarks are UTF-8 whatever the device speaks.
    #[must_use]
    pub fn rendered(&self, encoding: Encoding) -> Rendered<'_> {
        render(&self.raw, if self.origin == Origin::Note { Encoding::Utf8 } else { encoding })
    }

    /// As [`Self::rendered`], but of a long line no more than makes these many characters; and how many bytes that left.
    #[must_use]
    pub fn rendered_to(&self, encoding: Encoding, chars: usize) -> (Rendered<'_>, usize) {
        // Most bytes are a character each; escapes make more of them, other letters and colours fewer.
        for bytes in [chars + SPARE + LONGEST_SEQUENCE, (chars + SPARE) * 4] {
            if bytes >= self.raw.len() {
                break;
            }
            let near = bytes.saturating_sub(LONGEST_SEQUENCE);
            // No escape sequence is cut in two.
            let cut = memchr::memrchr(0x1B, &self.raw[near..bytes]).map_or(bytes, |place| near + place);
            let part = render(&self.raw[..cut], encoding);
            if part.text.chars().nth(chars + SPARE).is_some() {
                return (part, self.raw.len() - cut);
            }
        }
        (self.rendered(encoding), 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Line, Micros, Origin};

    #[test]
    fn the_beginning_of_a_long_line_reads_as_it_does_in_the_whole() {
        let colours = "\x1b[31mred\x1b[0m ".repeat(1_000);
        for (raw, whole) in [
            (vec![b'x'; 16_000], false),
            (vec![0xFF; 16_000], false),
            ("中文".repeat(2_600).into_bytes(), false),
            (colours.into_bytes(), false),
            (b"short".to_vec(), true),
        ] {
            let line = Line { raw, ..Line::new(Micros(0), Origin::Received) };
            let (part, left) = line.rendered_to(Encoding::Utf8, 1_000);
            let all = line.rendered(Encoding::Utf8);
            let first = |text: &str| text.chars().take(1_000).collect::<String>();
            assert_eq!(first(&part.text), first(&all.text));
            assert!(part.text.chars().count() < 6_000, "no more than is needed: {}", part.text.len());
            assert_eq!(left == 0, whole);
        }
    }
}
