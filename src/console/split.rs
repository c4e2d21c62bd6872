//! Where lines end: at a line feed, a carriage return, both together, or where a line has grown too long to be one.

use super::LineEnd;
use memchr::memchr2_iter;

/// A longer line is shown in pieces of about this many bytes; a device without newlines must not freeze the window.
pub const LONGEST_LINE: usize = 16 * 1024;
/// Behind so many bytes it is known where a piece ends, whatever follows.
const DECIDED: usize = LONGEST_LINE + 4;

/// How many of these bytes still fit a line that holds `held`, without cutting a character in two.
pub fn fitting(held: usize, bytes: &[u8]) -> usize {
    let room = LONGEST_LINE.saturating_sub(held);
    if bytes.len() <= room {
        return bytes.len();
    }
    // A UTF-8 character has at most three continuation bytes; more of them are noise and may be cut anywhere.
    let limit = (LONGEST_LINE + 3).saturating_sub(held).min(bytes.len());
    (room..limit).find(|&place| bytes[place] & 0xC0 != 0x80).unwrap_or(limit)
}

/// Finds the lines in bytes that begin with one, and tells each: where it begins, where the next one does, how it ends.
/// Gives back how many bytes these lines have; the rest is a line whose end is not known yet. With `last`, nothing follows.
pub fn split(bytes: &[u8], last: bool, mut line: impl FnMut(usize, usize, LineEnd)) -> usize {
    let mut start = 0;
    let mut stops = memchr2_iter(b'\n', b'\r', bytes);
    loop {
        let stop = stops.next();
        let end = stop.unwrap_or(bytes.len());
        while end - start > LONGEST_LINE && (stop.is_some() || last || end - start >= DECIDED) {
            let next = start + fitting(0, &bytes[start..end]);
            if next == end {
                break;
            }
            line(start, next, LineEnd::None);
            start = next;
        }
        let Some(stop) = stop else {
            if last && start < end {
                line(start, end, LineEnd::None);
                start = end;
            }
            return start;
        };
        let (next, how) = match (bytes[stop], bytes.get(stop + 1)) {
            (b'\n', _) => (stop + 1, LineEnd::Lf),
            (_, Some(b'\n')) => {
                stops.next();
                (stop + 2, LineEnd::CrLf)
            }
            (_, None) if !last => return start,
            _ => (stop + 1, LineEnd::Cr),
        };
        line(start, next, how);
        start = next;
    }
}
