//! Reads a whole capture, as much of it as there is.

use super::line::NoEvent;
use super::{Header, decode};
use crate::event::{Event, Trouble};

/// A line that could not be used, and why. Everything else of the capture stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Line number from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: NoEvent,
}

/// A capture in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// Its first line.
    pub header: Header,
    /// Its events, in the order of the file.
    pub events: Vec<Event>,
    /// Lines in the middle that are no events.
    pub damage: Vec<Damage>,
}

impl Capture {
    /// Reads the bytes of a capture file. A last line without its end is what a kill leaves behind: it is passed over.
    ///
    /// # Errors
    /// The file is empty, no capture, or one of a later format.
    pub fn parse(bytes: &[u8]) -> Result<Self, Trouble> {
        let text = String::from_utf8_lossy(bytes);
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = (1..).zip(complete.lines());
        let Some((_, first)) = lines.next() else {
            let code = if bytes.is_empty() { "capture-empty" } else { "capture-foreign" };
            return Err(Trouble::new(code));
        };
        let mut capture = Self { header: Header::decode(first)?, events: Vec::new(), damage: Vec::new() };
        for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
            match decode(text) {
                Ok(event) => capture.events.push(event),
                Err(why) => capture.damage.push(Damage { line, why }),
            }
        }
        Ok(capture)
    }
}

#[cfg(test)]
mod tests {
    use super::{Capture, NoEvent};

    const HEADER: &str = r#"{"capture":1,"application":"ota-workbench 0.1.0","started_unix_ms":1795282189732}"#;
    const STOPPED: &str = r#"{"seq":1,"at":5,"kind":"broker_stopped"}"#;

    fn check(text: &str, events: usize, damage: &[usize]) {
        let capture = Capture::parse(text.as_bytes()).unwrap();
        let lines: Vec<_> = capture.damage.iter().map(|damage| damage.line).collect();
        assert_eq!((capture.events.len(), lines.as_slice()), (events, damage), "{text}");
    }

    #[test]
    fn what_is_readable_is_read() {
        check(&format!("{HEADER}\n"), 0, &[]);
        check(&format!("{HEADER}\n{STOPPED}\n"), 1, &[]);
        check(&format!("{HEADER}\r\n{STOPPED}\r\n"), 1, &[]);
        check(&format!("{HEADER}\n{STOPPED}\nrubbish\n{STOPPED}\n"), 2, &[3]);
    }

    #[test]
    fn an_unfinished_last_line_is_no_error() {
        for cut in 1..STOPPED.len() {
            check(&format!("{HEADER}\n{STOPPED}\n{}", &STOPPED[..cut]), 1, &[]);
        }
        // Cut inside a character of two bytes.
        let mut bytes = format!("{HEADER}\n{STOPPED}\n").into_bytes();
        bytes.extend(b"{\"seq\":2,\"topic\":\"\xe5");
        assert_eq!(Capture::parse(&bytes).unwrap().events.len(), 1);
    }

    #[test]
    fn a_kind_of_a_later_version_is_passed_over_and_said() {
        let text = format!("{HEADER}\n{{\"seq\":1,\"at\":0,\"kind\":\"novelty\"}}\n{STOPPED}\n");
        let capture = Capture::parse(text.as_bytes()).unwrap();
        assert_eq!(capture.damage[0].why, NoEvent::UnknownKind("novelty".into()));
        assert_eq!(capture.events.len(), 1);
    }

    #[test]
    fn what_is_no_capture_is_refused_with_its_reason() {
        for (text, code) in [
            ("", "capture-empty"),
            ("hello\n", "capture-foreign"),
            ("{\"trace\": 1}\n", "capture-foreign"),
            (HEADER, "capture-foreign"),
            (&HEADER.replace(":1,", ":2,"), "capture-foreign"),
            (&format!("{}\n", HEADER.replace("\"capture\":1", "\"capture\":2")), "capture-future"),
        ] {
            assert_eq!(Capture::parse(text.as_bytes()).unwrap_err().code, code, "{text}");
        }
    }
}
