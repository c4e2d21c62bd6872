//! Colours as a device asks for them: the parameters of an ANSI “select graphic rendition”.

/// How a span of text is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The text's colour; the theme's own when absent.
    pub colour: Option<Colour>,
    /// Bold.
    pub bold: bool,
}

/// One of a terminal's sixteen colours: 0–7 black, red, green, yellow, blue, magenta, cyan, white; 8–15 the same, bright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub u8);

impl Style {
    /// Applies the parameters between `ESC [` and `m`. Unknown ones change nothing.
    pub(super) fn select(&mut self, parameters: &[u8]) {
        let mut codes = parameters.split(|&byte| matches!(byte, b';' | b':')).map(number);
        while let Some(code) = codes.next() {
            match code {
                Some(0) => *self = Self::default(),
                Some(1) => self.bold = true,
                Some(22) => self.bold = false,
                Some(code @ 30..=37) => self.colour = Some(Colour(code - 30)),
                Some(38) => self.colour = extended(&mut codes).or(self.colour),
                Some(39) => self.colour = None,
                Some(48) => drop(extended(&mut codes)),
                Some(code @ 90..=97) => self.colour = Some(Colour(code - 90 + 8)),
                _ => {}
            }
        }
    }
}

/// The colour after a 38 or 48; only those that are among the sixteen are known, the others are passed over.
fn extended(codes: &mut impl Iterator<Item = Option<u8>>) -> Option<Colour> {
    match codes.next()?? {
        5 => codes.next()?.filter(|index| *index < 16).map(Colour),
        2 => {
            codes.by_ref().take(3).for_each(drop);
            None
        }
        _ => None,
    }
}

/// A parameter's number; nothing at all means 0, as terminals have it.
fn number(digits: &[u8]) -> Option<u8> {
    if digits.is_empty() {
        return Some(0);
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Colour, Style};

    fn check(parameters: &[&str], colour: Option<u8>, bold: bool) {
        let mut style = Style::default();
        for one in parameters {
            style.select(one.as_bytes());
        }
        assert_eq!(style, Style { colour: colour.map(Colour), bold }, "{parameters:?}");
    }

    #[test]
    fn colours_are_those_the_device_asked_for() {
        check(&["0;32"], Some(2), false);
        check(&["1;31"], Some(1), true);
        check(&["1;31", ""], None, false);
        check(&["1;31", "22"], Some(1), false);
        check(&["33", "39"], None, false);
        check(&["97"], Some(15), false);
        check(&["38;5;9"], Some(9), false);
        check(&["38;5;200"], None, false);
        check(&["38;2;1;31;1"], None, false);
        check(&["48;5;1;32"], Some(2), false);
        check(&["999;?;32"], Some(2), false);
    }
}
