//! A part of a capture as a test: the capture and the text of what it comes to, as `tests/captures` has them.

use super::export::{Exporter, Format, Handed, Part};
use super::{Summary, read};
use crate::capture::{Capture, Header};
use crate::event::{Event, Trouble};
use std::borrow::Borrow;

/// The largest test, in bytes: everybody who runs the tests reads it.
const LARGEST: usize = 16 << 20;

/// A pair of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCase {
    /// `NAME.jsonl`.
    pub capture: Vec<u8>,
    /// `NAME.txt`.
    pub summary: String,
    /// How much of the capture it is, and what was taken out.
    pub handed: Handed,
}

/// Makes a test of a part of a capture.
///
/// # Errors
/// `test-case-empty` when nothing of it is meant, `test-case-too-large` with `limit` in megabytes.
pub fn test_case(capture: &Capture, choice: &Part) -> Result<TestCase, Trouble> {
    test_case_of(&capture.header, &capture.events, choice)
}

/// The same of a capture that is being read: no more of it is held than the test takes.
///
/// # Errors
/// As above.
pub fn test_case_of<E: Borrow<Event>>(
    header: &Header,
    events: impl IntoIterator<Item = E>,
    choice: &Part,
) -> Result<TestCase, Trouble> {
    let too_large = || Trouble::new("test-case-too-large").with("limit", LARGEST >> 20);
    let mut written = Bounded(Vec::new());
    // Only the bound makes it fail.
    let mut exporter = Exporter::begin(Format::Jsonl, choice, header, &mut written).map_err(|_| too_large())?;
    for event in events {
        exporter.event(event.borrow()).map_err(|_| too_large())?;
    }
    let handed = exporter.end().map_err(|_| too_large())?;
    if handed.events.0 == 0 {
        return Err(Trouble::new("test-case-empty"));
    }
    // What a test will read, not what it was made of.
    let summary = Summary::of(&read(&written.0)?).to_string();
    Ok(TestCase { capture: written.0, summary, handed })
}

struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LARGEST {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, test_case};
    use crate::replay::{Summary, read};

    #[test]
    fn a_test_made_of_a_capture_is_one_that_passes() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch");
        let capture = read(&std::fs::read(format!("{file}.jsonl")).unwrap()).unwrap();
        let case = test_case(&capture, &Part::default()).unwrap();
        assert_eq!(case.summary, std::fs::read_to_string(format!("{file}.txt")).unwrap().replace("\r\n", "\n"));
        assert_eq!(Summary::of(&read(&case.capture).unwrap()).to_string(), case.summary);
        assert!(!case.handed.taken.is_empty(), "a test is for everybody to read");
        let nothing = Part { only: "from:1h".parse().unwrap(), ..Part::default() };
        assert_eq!(test_case(&capture, &nothing).unwrap_err().code, "test-case-empty");
    }
}
