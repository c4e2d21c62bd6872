//! Lines to standard output and error, flushed at once. A reader that went away ends nothing but the output.

use crate::capture::encode;
use crate::event::{Event, Trouble};
use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};
use std::sync::OnceLock;

/// Why standard output did not take something, the first time it did not.
static REFUSED: OnceLock<String> = OnceLock::new();

/// Whether a person sees standard output.
pub fn is_terminal() -> bool {
    stdout().is_terminal()
}

/// A line on standard output, or several.
pub fn line(text: &str) {
    bytes(format!("{}\n", spelt_out(text, &['\n', '\t'])).as_bytes());
}

/// A line on standard output in place of the passing one.
pub fn over(text: &str) {
    let over = if is_terminal() { "\r\x1b[K" } else { "" };
    bytes(format!("{over}{}\n", plain(text)).as_bytes());
}

/// A line on standard output that the next one overwrites.
pub fn passing(text: &str) {
    bytes(format!("\r\x1b[K{}", plain(text)).as_bytes());
}

/// A text from a capture or a device as one line. What a terminal would take for an order, and what turns the direction of
/// writing, is spelt out as JSON spells it.
pub fn plain(text: &str) -> Cow<'_, str> {
    spelt_out(text, &[])
}

fn spelt_out<'a>(text: &'a str, but: &[char]) -> Cow<'a, str> {
    let acts =
        |c: char| c.is_control() && !but.contains(&c) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut spelt = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            let _ = std::fmt::Write::write_fmt(&mut spelt, format_args!("\\u{:04x}", u32::from(c)));
        } else {
            spelt.push(c);
        }
    }
    Cow::Owned(spelt)
}

/// An event on standard output, as the capture spells it.
pub fn event(event: &Event) {
    let mut line = Vec::new();
    encode(event, &mut line);
    bytes(&line);
}

/// Bytes on standard output.
pub fn bytes(bytes: &[u8]) {
    let mut out = stdout().lock();
    if let Err(error) = out.write_all(bytes).and_then(|()| out.flush())
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = REFUSED.set(error.to_string());
    }
}

/// What is missing on standard output, which a full disk does not take. `file-unwritable` with `path` and `detail`.
pub fn refused() -> Option<Trouble> {
    REFUSED.get().map(|detail| Trouble::new("file-unwritable").with("path", "-").with("detail", detail))
}

/// A line on standard error.
pub fn err(text: &str) {
    let _ = writeln!(stderr().lock(), "{}", spelt_out(text, &['\n', '\t']));
}

#[cfg(test)]
mod tests {
    use super::{plain, spelt_out};

    /// Otherwise a topic in a colleague's capture could clear the screen, or write over what was said before.
    #[test]
    fn what_a_terminal_would_obey_is_spelt_out() {
        for (text, expected) in [
            ("/a/温度", "/a/温度"),
            ("a\x1b[2Jb", "a\\u001b[2Jb"),
            ("a\rb\nc\td", "a\\u000db\\u000ac\\u0009d"),
            ("\u{9b}31m\u{7f}", "\\u009b31m\\u007f"),
            ("a\u{202e}b", "a\\u202eb"),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(spelt_out("a\n\tb\x1b", &['\n', '\t']), "a\n\tb\\u001b", "a table of lines stays one");
    }
}
