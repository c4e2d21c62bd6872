//! What is sent to a device by hand: line endings, bytes in hex, quick sends.

use crate::event::Trouble;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What ends a line sent to a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEnding {
    /// Nothing.
    None,
    /// Line feed.
    Lf,
    /// Carriage return.
    Cr,
    /// Carriage return and line feed.
    #[default]
    #[serde(alias = "crlf")]
    CrLf,
}

impl LineEnding {
    /// Every ending, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::None, Self::Lf, Self::Cr, Self::CrLf];

    /// How bench files write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lf => "lf",
            Self::Cr => "cr",
            Self::CrLf => "crlf",
        }
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::Cr => b"\r",
            Self::CrLf => b"\r\n",
        }
    }
}

/// Something sent with one click.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuickSend {
    /// The group it stands in; may be empty.
    pub group: String,
    /// What its button says.
    pub name: String,
    /// What is sent: text, or bytes in hex.
    pub send: String,
    /// Whether it is bytes in hex.
    pub hex: bool,
    /// What ends a text.
    pub ending: LineEnding,
    /// How often it is sent again once it is switched on, in milliseconds; only once when absent.
    pub every_ms: Option<u64>,
}

/// A repetition faster than this would be nothing but a flood.
pub const FASTEST_REPEAT_MS: u64 = 10;

impl QuickSend {
    /// What goes out.
    ///
    /// # Errors
    /// `bad-hex` with `text`; `bad-repeat` with `name` and `least`.
    pub fn bytes(&self) -> Result<Vec<u8>, Trouble> {
        if self.every_ms.is_some_and(|every| every < FASTEST_REPEAT_MS) {
            return Err(Trouble::new("bad-repeat").with("name", &self.name).with("least", FASTEST_REPEAT_MS));
        }
        if self.hex {
            return parse_hex(&self.send);
        }
        Ok([self.send.as_bytes(), self.ending.bytes()].concat())
    }

    /// What its repetition is called.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.group, self.label())
    }

    /// What its button says: its name, or else what it sends.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.name.trim().is_empty() { &self.send } else { &self.name }
    }
}

/// The first quick send that has the name of one before it in its group.
#[must_use]
pub fn first_twin(sends: &[QuickSend]) -> Option<&QuickSend> {
    let mut seen = HashSet::new();
    sends.iter().find(|send| !seen.insert((&*send.group, send.label())))
}

/// Bytes written in hex, however they are separated: `48 65 6c`, `48656c`, `0x48, 0x65`, `\x48\x65`, `48:65`. A digit that
/// stands alone is a byte.
///
/// # Errors
/// `bad-hex` with the `text` that cannot be read.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, Trouble> {
    let spaced = text.replace("\\x", " ");
    let mut bytes = Vec::new();
    for word in spaced.split(|c: char| c.is_whitespace() || ",;:-_[]{}()".contains(c)).filter(|word| !word.is_empty()) {
        let refused = || Trouble::new("bad-hex").with("text", word);
        // Only in front: “100x5” is no bytes.
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
        let digits = digits.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>().ok_or_else(refused)?;
        let pairs = if digits.len() == 1 { vec![0, digits[0]] } else { digits };
        if pairs.len() % 2 != 0 || pairs.is_empty() {
            return Err(refused());
        }
        bytes.extend(pairs.chunks(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{LineEnding, QuickSend, parse_hex};

    #[test]
    fn hex_is_taken_however_it_is_written() {
        for (text, bytes) in [
            ("48 65 6c", &b"Hel"[..]),
            ("48656c", b"Hel"),
            ("48656C\n", b"Hel"),
            ("0x48, 0x65,0X6c", b"Hel"),
            ("\\x48\\x65", b"He"),
            ("48:65-6c", b"Hel"),
            ("{0x48, 0x65}", b"He"),
            ("a", b"\n"),
            ("0x1 0xFF", b"\x01\xff"),
            ("00", b"\0"),
            ("  ", b""),
        ] {
            assert_eq!(parse_hex(text), Ok(bytes.to_vec()), "{text}");
        }
        for (text, named) in [
            ("48 6", ""),
            ("486", "486"),
            ("48 zz", "zz"),
            ("hello", "hello"),
            ("中", "中"),
            ("100x5", "100x5"),
            ("0x480x65", "0x480x65"),
        ] {
            match parse_hex(text) {
                Ok(bytes) => assert_eq!((bytes, named), (vec![0x48, 0x06], "")),
                Err(trouble) => assert_eq!((&*trouble.code, trouble.arg("text")), ("bad-hex", Some(named)), "{text}"),
            }
        }
    }

    #[test]
    fn a_quick_send_goes_out_with_its_ending_and_hex_without() {
        let send = QuickSend { send: "AT".into(), ..QuickSend::default() };
        assert_eq!(send.bytes().unwrap(), b"AT\r\n");
        assert_eq!(QuickSend { ending: LineEnding::None, ..send.clone() }.bytes().unwrap(), b"AT");
        let hex = QuickSend { send: "03".into(), hex: true, ..QuickSend::default() };
        assert_eq!(hex.bytes().unwrap(), b"\x03");
        assert_eq!(
            QuickSend { send: "x".into(), hex: true, ..QuickSend::default() }.bytes().unwrap_err().code,
            "bad-hex"
        );
        assert_eq!(QuickSend { every_ms: Some(1), ..send.clone() }.bytes().unwrap_err().code, "bad-repeat");
        assert_eq!((send.label(), QuickSend { name: "Attention".into(), ..send.clone() }.label()), ("AT", "Attention"));
    }
}
