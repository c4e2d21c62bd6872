//! A line's bytes as text: colours apart, everything unprintable as escapes.

use super::encoding::{Encoding, decode};
use super::sgr::Style;
use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

/// An escape sequence longer than this is noise that happens to begin with an escape.
pub(super) const LONGEST_SEQUENCE: usize = 256;
const ESCAPE: u8 = 0x1B;

/// A line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered<'a> {
    /// The text, without escape sequences; what cannot be printed reads `\xNN`.
    pub text: Cow<'a, str>,
    /// The parts that do not look plain, in order.
    pub spans: Vec<Span>,
}

/// A part of a line that does not look plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which bytes of the text.
    pub range: Range<usize>,
    /// How they look.
    pub style: Style,
}

/// Renders a line's bytes.
pub(super) fn render(raw: &[u8], encoding: Encoding) -> Rendered<'_> {
    match std::str::from_utf8(raw) {
        Ok(text) if !text.chars().any(is_unprintable) && (encoding == Encoding::Utf8 || text.is_ascii()) => {
            Rendered { text: Cow::Borrowed(text), spans: Vec::new() }
        }
        _ => Painter { encoding, ..Painter::default() }.paint(raw),
    }
}

/// Adds a line's bytes to `text` without its escape sequences.
pub(super) fn strip(raw: &[u8], text: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(place) = memchr::memchr(ESCAPE, rest) {
        text.extend_from_slice(&rest[..place]);
        // What begins nothing is text.
        let length = unseen_length(&rest[place..]).unwrap_or_else(|| {
            text.push(ESCAPE);
            1
        });
        rest = &rest[place + length..];
    }
    text.extend_from_slice(rest);
}

/// The parts of a line between the sequences that send the cursor to a place of the screen.
pub(super) fn places(raw: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(ahead) = memchr::memchr(ESCAPE, &raw[at..]) {
        let begin = at + ahead;
        at = begin + sequence_length(&raw[begin..]).unwrap_or(1);
        if let [ESCAPE, b'[', .., b'H' | b'f'] = &raw[begin..at] {
            parts.push(&raw[start..begin]);
            start = at;
        }
    }
    parts.push(&raw[start..]);
    parts
}

/// Tabs are printed; every other control character is not.
fn is_unprintable(char: char) -> bool {
    char.is_control() && char != '\t'
}

#[derive(Default)]
struct Painter {
    text: String,
    spans: Vec<Span>,
    style: Style,
    styled_from: usize,
    encoding: Encoding,
}

impl Painter {
    fn paint(mut self, raw: &[u8]) -> Rendered<'static> {
        let mut rest = raw;
        while !rest.is_empty() {
            let taken = self.take_sequence(rest).unwrap_or_else(|| self.take_text(rest));
            rest = &rest[taken..];
        }
        self.close_span();
        Rendered { text: Cow::Owned(self.text), spans: self.spans }
    }

    /// Takes an escape sequence in; gives its length, or nothing when there is none.
    fn take_sequence(&mut self, bytes: &[u8]) -> Option<usize> {
        let length = unseen_length(bytes)?;
        if let [ESCAPE, b'[', parameters @ .., b'm'] = &bytes[..length] {
            self.close_span();
            self.style.select(parameters);
        }
        Some(length)
    }

    /// Takes text in up to the next escape, or that escape itself when it begins nothing; gives the length.
    fn take_text(&mut self, bytes: &[u8]) -> usize {
        let length = bytes.iter().skip(1).position(|&byte| byte == ESCAPE).map_or(bytes.len(), |place| place + 1);
        decode(&bytes[..length], self.encoding, |valid, invalid| {
            for char in valid.chars() {
                if is_unprintable(char) {
                    self.escape(char.encode_utf8(&mut [0; 4]).as_bytes());
                } else {
                    self.text.push(char);
                }
            }
            self.escape(invalid);
        });
        length
    }

    fn escape(&mut self, bytes: &[u8]) {
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(self.text, "\\x{byte:02x}");
        }
    }

    fn close_span(&mut self) {
        let range = self.styled_from..self.text.len();
        self.styled_from = range.end;
        if !range.is_empty() && self.style != Style::default() {
            self.spans.push(Span { range, style: self.style });
        }
    }
}

/// The length of the escape sequence these bytes begin with, if it changes nothing but how the line looks. What moves a
/// cursor cannot be done in a log: it is shown.
fn unseen_length(bytes: &[u8]) -> Option<usize> {
    let length = sequence_length(bytes)?;
    let moves = match &bytes[..length] {
        [ESCAPE, b'[', .., last] => {
            matches!(last, b'A'..=b'H' | b'L' | b'M' | b'P' | b'S' | b'T' | b'd' | b'f' | b's' | b'u' | b'@')
        }
        [ESCAPE, last] => matches!(last, b'7' | b'8' | b'D' | b'E' | b'M' | b'c'),
        _ => false,
    };
    (!moves).then_some(length)
}

/// The length of the whole escape sequence these bytes begin with.
fn sequence_length(bytes: &[u8]) -> Option<usize> {
    let bytes = &bytes[..bytes.len().min(LONGEST_SEQUENCE)];
    match bytes {
        [ESCAPE, b'[', body @ ..] => control_length(body).map(|length| length + 2),
        [ESCAPE, b']' | b'P' | b'_' | b'^' | b'X', body @ ..] => string_length(body).map(|length| length + 2),
        [ESCAPE, body @ ..] => {
            let length = body.iter().position(|byte| !matches!(byte, 0x20..=0x2F))?;
            matches!(body[length], 0x30..=0x7E).then_some(length + 2)
        }
        _ => None,
    }
}

/// Parameters, intermediates and the final byte of a control sequence.
fn control_length(body: &[u8]) -> Option<usize> {
    let parameters = body.iter().take_while(|byte| matches!(byte, 0x30..=0x3F)).count();
    let intermediates = body[parameters..].iter().take_while(|byte| matches!(byte, 0x20..=0x2F)).count();
    let last = parameters + intermediates;
    matches!(body.get(last), Some(0x40..=0x7E)).then_some(last + 1)
}

/// A string such as a window title, up to its terminator.
fn string_length(body: &[u8]) -> Option<usize> {
    let end = body.iter().position(|&byte| matches!(byte, 0x07 | ESCAPE))?;
    match &body[end..] {
        [0x07, ..] => Some(end + 1),
        [ESCAPE, b'\\', ..] => Some(end + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, strip};
    use crate::console::{Colour, Encoding, Style};
    use std::borrow::Cow;
    use std::ops::Range;

    fn render(raw: &[u8]) -> super::Rendered<'_> {
        super::render(raw, Encoding::Utf8)
    }

    fn check(raw: &[u8], text: &str, spans: &[(Range<usize>, u8, bool)]) {
        let rendered = render(raw);
        assert_eq!(rendered.text, text);
        let expected = spans.iter().map(|(range, colour, bold)| Span {
            range: range.clone(),
            style: Style { colour: Some(Colour::Named(*colour)), bold: *bold, ..Style::default() },
        });
        assert_eq!(rendered.spans, expected.collect::<Vec<_>>(), "{text}");
    }

    #[test]
    fn plain_text_is_shown_as_it_is_and_not_copied() {
        check("温度 21 °C\tok".as_bytes(), "温度 21 °C\tok", &[]);
        assert!(matches!(render(b"plain").text, Cow::Borrowed(_)));
    }

    #[test]
    fn a_coloured_log_line_reads_without_its_codes() {
        check(b"\x1b[0;32mI (312) ota: ok\x1b[0m", "I (312) ota: ok", &[(0..15, 2, false)]);
        check(b"a\x1b[1;31mb\x1b[33mc\x1b[md", "abcd", &[(1..2, 1, true), (2..3, 3, true)]);
    }

    #[test]
    fn a_board_that_speaks_chinese_or_latin_is_read_in_its_own_encoding() {
        let reads = |raw: &[u8], encoding, text: &str| assert_eq!(super::render(raw, encoding).text, text);
        reads(b"\xce\xc2\xb6\xc8 21\xa1\xe6", Encoding::Gbk, "温度 21℃");
        reads(b"\x1b[32m\xce\xc2\xff\xb6\xc8\x00", Encoding::Gbk, "温\\xff度\\x00");
        reads(b"21 \xb0C", Encoding::Latin1, "21 °C");
        reads(b"21 \xb0C", Encoding::Utf8, "21 \\xb0C");
        reads(b"\xce", Encoding::Gbk, "\\xce");
        reads(b"\x85", Encoding::Latin1, "\\x85");
    }

    #[test]
    fn what_is_searched_has_no_escape_sequences_but_every_other_byte() {
        let mut text = Vec::new();
        strip(b"\x1b[0;32mI (312) \x1b[1mota\x1b[0m: \x1b\xff\x00", &mut text);
        assert_eq!(text, b"I (312) ota: \x1b\xff\x00");
    }

    #[test]
    fn codes_without_a_move_of_the_cursor_do_not_litter_the_line_and_moves_are_shown() {
        check(b"\x1b[2Klamp> \x1b[J", "lamp> ", &[]);
        check(b"\x1b[8Dlamp> \x1b[2;1H\x1b7", "\\x1b[8Dlamp> \\x1b[2;1H\\x1b7", &[]);
        check(b"\x1b]0;title\x07x\x1b]0;t\x1b\\y\x1b(Bz", "xyz", &[]);
        check(b"\x1b[?25l\x1b[ q!", "!", &[]);
    }

    #[test]
    fn a_jump_to_a_place_of_the_screen_parts_a_line() {
        let parts = |raw: &'static [u8]| super::places(raw);
        assert_eq!(parts(b"a\x1b[2J\x1b[Hb\x1b[12;1fc"), [&b"a\x1b[2J"[..], b"b", b"c"]);
        assert_eq!(parts(b"a\x1b[8Db\x1b"), [&b"a\x1b[8Db\x1b"[..]]);
    }

    #[test]
    fn boot_noise_is_shown_byte_by_byte_and_never_lost() {
        check(b"\x00\xff\xfeOK\x7f\x08", "\\x00\\xff\\xfeOK\\x7f\\x08", &[]);
        check(b"\xe6\xb8", "\\xe6\\xb8", &[]);
        check("\u{85}".as_bytes(), "\\xc2\\x85", &[]);
    }

    #[test]
    fn an_escape_that_begins_nothing_is_shown() {
        check(b"\x1b", "\\x1b", &[]);
        check(b"a\x1b[0;3", "a\\x1b[0;3", &[]);
        check(b"\x1b[3\x1b[32mg", "\\x1b[3g", &[(6..7, 2, false)]);
        check(b"\x1b]0;no end", "\\x1b]0;no end", &[]);
        check(b"\x1b\xff", "\\x1b\\xff", &[]);
    }
}
