//! Bytes as numbers: offset, so many bytes a row, and what of them can be printed.

use std::fmt::Write as _;

/// Lays bytes out in rows of `columns`.
#[must_use]
pub fn hex(bytes: &[u8], columns: usize) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for (line, row) in bytes.chunks(columns).enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{:04x} ", line * columns);
        for at in 0..columns {
            let _ = match row.get(at) {
                Some(byte) => write!(text, " {byte:02x}"),
                None => write!(text, "   "),
            };
        }
        let seen = row.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' });
        text.push_str("  ");
        text.extend(seen);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::hex;

    #[test]
    fn bytes_are_laid_out_with_their_offset_and_letters() {
        assert_eq!(hex(b"AB\r\n\xffz", 4), "0000  41 42 0d 0a  AB..\n0004  ff 7a        .z\n");
        assert_eq!(hex(b"", 16), "");
    }
}
