//! How consoles are kept: what stands before a line in a log file, and what is to catch the eye.

use serde::{Deserialize, Serialize};

/// What stands before each line in a log file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogStamp {
    /// Nothing.
    None,
    /// The time of day.
    #[default]
    Clock,
    /// Seconds since the session began.
    SinceStart,
    /// Seconds since the line before.
    SincePrevious,
    /// Seconds since the latest push to the port's device.
    SincePush,
}

impl LogStamp {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 5] = [Self::None, Self::Clock, Self::SinceStart, Self::SincePrevious, Self::SincePush];
}

/// A rule: lines that match are underlaid.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Highlight {
    /// A regular expression.
    pub pattern: String,
    /// The colour's name.
    #[serde(default)]
    pub colour: HighlightColour,
}

/// A colour by name; how it looks is the theme's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HighlightColour {
    /// Red.
    Red,
    /// Yellow.
    #[default]
    Yellow,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Magenta.
    Magenta,
    /// Cyan.
    Cyan,
}

impl HighlightColour {
    /// Every colour, in the order of the menu.
    pub const ALL: [Self; 6] = [Self::Red, Self::Yellow, Self::Green, Self::Blue, Self::Magenta, Self::Cyan];

    /// Its name as files spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Magenta => "magenta",
            Self::Cyan => "cyan",
        }
    }
}
