//! How a device's bytes are letters.

use std::borrow::Cow;

/// How a device's bytes are letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, and ASCII with it.
    #[default]
    Utf8,
    /// GBK, with all of GB 18030.
    Gbk,
    /// ISO 8859-1: each byte is a letter.
    Latin1,
}

impl Encoding {
    /// Every encoding, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Utf8, Self::Gbk, Self::Latin1];

    /// Its name, the same in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
            Self::Latin1 => "Latin-1",
        }
    }

    /// Letters as this encoding's bytes; those it does not have are left as they are.
    #[must_use]
    pub fn encode(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Gbk => encoding_rs::GBK.encode(text).0,
            Self::Latin1 if !text.is_ascii() => {
                let letter =
                    |letter: char| u8::try_from(letter).map_or_else(|_| letter.to_string().into(), |b| vec![b]);
                Cow::Owned(text.chars().flat_map(letter).collect())
            }
            _ => Cow::Borrowed(text.as_bytes()),
        }
    }
}

/// Tells bytes as letters: what can be read, and the bytes behind it that cannot, in turn.
pub(super) fn decode(bytes: &[u8], encoding: Encoding, mut tell: impl FnMut(&str, &[u8])) {
    match encoding {
        Encoding::Utf8 => {
            for chunk in bytes.utf8_chunks() {
                tell(chunk.valid(), chunk.invalid());
            }
        }
        Encoding::Latin1 => {
            // Control characters above 0x7F are noise: shown as the one byte they are.
            for piece in bytes.split_inclusive(|byte| (0x80..0xA0).contains(byte)) {
                let noise = piece.last().is_some_and(|byte| (0x80..0xA0).contains(byte));
                let (letters, rest) = piece.split_at(piece.len() - usize::from(noise));
                tell(&letters.iter().map(|&byte| char::from(byte)).collect::<String>(), rest);
            }
        }
        Encoding::Gbk => decode_gbk(bytes, &mut tell),
    }
}

fn decode_gbk(bytes: &[u8], tell: &mut impl FnMut(&str, &[u8])) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut decoder = encoding_rs::GBK.new_decoder_without_bom_handling();
        let room = decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(0);
        let mut text = String::with_capacity(room);
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        let encoding_rs::DecoderResult::Malformed(bad, after) = result else {
            tell(&text, &[]);
            return;
        };
        let end = read.saturating_sub(usize::from(after)).max(1);
        tell(&text, &rest[end.saturating_sub(usize::from(bad))..end]);
        rest = &rest[end..];
    }
}
