//! Colours as a device asks for them: the parameters of an ANSI “select graphic rendition”.

/// How a span of text is to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a terminal sets each by itself")]
pub struct Style {
    /// The text's colour; the theme's own when absent.
    pub colour: Option<Colour>,
    /// The colour behind the text; none when absent.
    pub ground: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub faint: bool,
    /// Underlined.
    pub underlined: bool,
    /// Text and ground exchanged.
    pub reversed: bool,
}

/// A colour as a terminal has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of the sixteen that a theme chooses: 0–7 black, red, green, yellow, blue, magenta, cyan, white; 8–15 bright.
    Named(u8),
    /// Red, green and blue.
    Rgb([u8; 3]),
}

impl Style {
    /// Applies the parameters between `ESC [` and `m`. Unknown ones change nothing.
    pub(super) fn select(&mut self, parameters: &[u8]) {
        let mut codes = parameters.split(|&byte| matches!(byte, b';' | b':')).map(number);
        while let Some(code) = codes.next() {
            match code {
                Some(0) => *self = Self::default(),
                Some(1) => self.bold = true,
                Some(2) => self.faint = true,
                Some(4) => self.underlined = true,
                Some(7) => self.reversed = true,
                Some(22) => (self.bold, self.faint) = (false, false),
                Some(24) => self.underlined = false,
                Some(27) => self.reversed = false,
                Some(code @ 30..=37) => self.colour = Some(Colour::Named(code - 30)),
                Some(38) => self.colour = extended(&mut codes).or(self.colour),
                Some(39) => self.colour = None,
                Some(code @ 40..=47) => self.ground = Some(Colour::Named(code - 40)),
                Some(48) => self.ground = extended(&mut codes).or(self.ground),
                Some(49) => self.ground = None,
                Some(code @ 90..=97) => self.colour = Some(Colour::Named(code - 90 + 8)),
                Some(code @ 100..=107) => self.ground = Some(Colour::Named(code - 100 + 8)),
                _ => {}
            }
        }
    }
}

/// The colour after a 38 or 48: one of 256, or red, green and blue.
fn extended(codes: &mut impl Iterator<Item = Option<u8>>) -> Option<Colour> {
    match codes.next()?? {
        5 => codes.next()?.map(of_256),
        2 => {
            let mut part = || codes.next().flatten();
            Some(Colour::Rgb([part()?, part()?, part()?]))
        }
        _ => None,
    }
}

/// One of a terminal's 256 colours: sixteen of the theme's, a cube of six steps a side, and greys.
fn of_256(index: u8) -> Colour {
    match index {
        0..=15 => Colour::Named(index),
        16..=231 => {
            let step = |place: u8| if place == 0 { 0 } else { 55 + 40 * place };
            let place = index - 16;
            Colour::Rgb([step(place / 36), step(place / 6 % 6), step(place % 6)])
        }
        232.. => Colour::Rgb([8 + 10 * (index - 232); 3]),
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

    fn check(parameters: &[&str], expected: Style) {
        let mut style = Style::default();
        for one in parameters {
            style.select(one.as_bytes());
        }
        assert_eq!(style, expected, "{parameters:?}");
    }

    #[test]
    fn colours_are_those_the_device_asked_for() {
        let plain = Style::default();
        let text = |colour| Style { colour: Some(colour), ..plain };
        let ground = |colour| Style { ground: Some(colour), ..plain };
        check(&["0;32"], text(Colour::Named(2)));
        check(&["1;31"], Style { bold: true, ..text(Colour::Named(1)) });
        check(&["1;31", ""], plain);
        check(&["1;31", "22"], text(Colour::Named(1)));
        check(&["33", "39"], plain);
        check(&["97"], text(Colour::Named(15)));
        check(&["38;5;9"], text(Colour::Named(9)));
        check(&["38;5;196"], text(Colour::Rgb([255, 0, 0])));
        check(&["38;5;244"], text(Colour::Rgb([128; 3])));
        check(&["38;2;1;31;7"], text(Colour::Rgb([1, 31, 7])));
        check(&["38:2:1:31:7;4"], Style { underlined: true, ..text(Colour::Rgb([1, 31, 7])) });
        check(&["38;2;1"], plain);
        check(&["48;5;1;32"], Style { colour: Some(Colour::Named(2)), ..ground(Colour::Named(1)) });
        check(&["41", "104"], ground(Colour::Named(12)));
        check(&["41;7", "49;27"], plain);
        check(&["2;4;7", "24"], Style { faint: true, reversed: true, ..plain });
        check(&["999;?;32"], text(Colour::Named(2)));
    }
}
