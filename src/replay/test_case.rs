//! A part of a capture as a test: the capture and the text of what it comes to, as `tests/captures` has them.

use super::export::{Exporter, Format, Handed, Part};
use super::{Filter, Summary, read};
use crate::capture::{Capture, Found, Header};
use crate::event::{Event, Trouble};
use std::borrow::Borrow;

/// The largest test, in bytes: everybody who runs the tests reads it.
const LARGEST: usize = 16 << 20;
/// No longer name is proposed, in bytes.
const LONGEST_NAME: usize = 80;

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
pub fn test_case(capture: &Capture, choice: Part) -> Result<TestCase, Trouble> {
    test_case_of(&capture.header, &capture.events, choice)
}

/// The same of a capture that is being read: no more of it is held than the test takes.
///
/// # Errors
/// As above.
pub fn test_case_of<E: Borrow<Event>>(
    header: &Header,
    events: impl IntoIterator<Item = E>,
    choice: Part,
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

/// A name for a test case: whose it is and how its upgrade ended, or what the capture is called where that is not known. Of
/// several upgrades, the first that went wrong is what a test is made for.
#[must_use]
pub fn test_name(found: Option<&Found>, only: &Filter, capture: &str) -> String {
    let meant = |name: &str| only.devices.is_empty() || only.devices.iter().any(|device| device.to_string() == name);
    let mut upgrades = found.iter().flat_map(|found| &found.upgrades).filter(|upgrade| meant(&upgrade.device));
    let wrong = upgrades.clone().find(|upgrade| !upgrade.state.starts_with("succeeded"));
    let device = found.iter().flat_map(|found| &found.devices).find(|device| meant(device));
    let own = |device: &str| device.rsplit('/').next().unwrap_or_default().to_owned();
    let name = match (wrong.or_else(|| upgrades.next_back()), device) {
        (Some(upgrade), _) => format!("{}-{}", own(&upgrade.device), outcome(&upgrade.state)),
        (None, Some(device)) => own(device),
        (None, None) => format!("{capture}-case"),
    };
    let name = fitting(&name);
    // A device may have no letter that fits. Of a capture like that, `case` is left.
    if name.is_empty() { fitting(&format!("{capture}-case")) } else { name }
}

/// What of a name fits in one of a test case.
fn fitting(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.');
    let words: Vec<_> = name.split(|letter| !fits(letter)).filter(|word| !word.is_empty()).collect();
    let name = words.join("-");
    let name = name.trim_start_matches(['.', '-']);
    name[..name.len().min(LONGEST_NAME)].to_owned()
}

/// `failed md5-mismatch -4` is `md5-mismatch`, `downloading 63` is `downloading`.
fn outcome(state: &str) -> &str {
    let mut words = state.split(' ');
    let first = words.next().unwrap_or_default();
    if first == "failed" { words.next().unwrap_or(first) } else { first }
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
    use super::{Part, test_case, test_name};
    use crate::capture::{Found, Header, Verdict};
    use crate::replay::{Summary, read};

    #[test]
    fn a_test_made_of_a_capture_is_one_that_passes() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/uiot-simulated-md5-mismatch");
        let capture = read(&std::fs::read(format!("{file}.jsonl")).unwrap()).unwrap();
        let case = test_case(&capture, Part::default()).unwrap();
        assert_eq!(case.summary, std::fs::read_to_string(format!("{file}.txt")).unwrap().replace("\r\n", "\n"));
        assert_eq!(Summary::of(&read(&case.capture).unwrap()).to_string(), case.summary);
        assert!(!case.handed.taken.is_empty(), "a test is for everybody to read");
        let nothing = Part { only: "from:1h".parse().unwrap(), ..Part::default() };
        assert_eq!(test_case(&capture, nothing).unwrap_err().code, "test-case-empty");
    }

    /// Otherwise the name that is proposed is refused when it is taken.
    #[test]
    fn a_test_is_called_after_its_device_and_how_it_ended() {
        let upgrades = |states: &[(&str, &str)]| Found {
            file_bytes: 0,
            header: Header::new(0, None),
            length_us: 0,
            events: 1,
            damaged: 0,
            devices: vec!["p/lamp 01".into(), "p/灯".into()],
            dialects: Vec::new(),
            idle: false,
            upgrades: states
                .iter()
                .map(|(device, state)| Verdict {
                    device: (*device).into(),
                    version: "2.0.0".into(),
                    state: (*state).into(),
                    findings: Vec::new(),
                })
                .collect(),
        };
        let bad = [("p/lamp", "succeeded"), ("p/lock", "failed md5-mismatch -4"), ("p/lamp", "downloading 63")];
        for (states, only, name) in [
            (&bad[..], "", "lock-md5-mismatch"),
            (&bad[..1], "", "lamp-succeeded"),
            (&bad[..], "device:p/lamp", "lamp-downloading"),
            (&[], "", "lamp-01"),
            (&[], "device:p/灯", "2026-11-22-08.27.43-case"),
            (&[], "device:p/other", "2026-11-22-08.27.43-case"),
        ] {
            let found = upgrades(states);
            assert_eq!(test_name(Some(&found), &only.parse().unwrap(), "2026-11-22 08.27.43"), name, "{only}");
        }
        assert_eq!(test_name(None, &"".parse().unwrap(), "..x"), "x-case");
        assert_eq!(test_name(Some(&upgrades(&[])), &"device:p/灯".parse().unwrap(), "灯"), "case");
        assert_eq!(test_name(None, &"".parse().unwrap(), &"x".repeat(300)).len(), 80);
    }
}
