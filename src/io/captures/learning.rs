//! A capture looked into to its end, and what is in it written down beside it; each by one at a time.

use super::{Files, about, found_in};
use crate::event::Trouble;
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

/// The captures that are being looked into: the list and the tending of a folder both do it.
static UNDER_WAY: Mutex<BTreeSet<Files>> = Mutex::new(BTreeSet::new());

/// What became of looking into a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learnt {
    /// What is in it is known.
    Known,
    /// It was told to stop before the end.
    Stopped,
    /// Somebody else is looking into it.
    Elsewhere,
}

/// Held while a capture is looked into.
struct Claim<'a>(&'a Files);

impl<'a> Claim<'a> {
    fn take(files: &'a Files) -> Option<Self> {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        // Not made before it is known to be ours: one that is dropped lets go.
        under_way.insert(files.clone()).then(|| Self(files))
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).remove(self.0);
    }
}

/// Looks into a capture and writes down what is in it.
///
/// # Errors
/// It cannot be read, or that cannot be written.
pub fn learn(files: &Files, stop: &AtomicBool) -> Result<Learnt, Trouble> {
    let Some(_claim) = Claim::take(files) else { return Ok(Learnt::Elsewhere) };
    let Some(found) = found_in(&files.capture(), stop)? else { return Ok(Learnt::Stopped) };
    about::change(files, |about| about.found = Some(found))?;
    Ok(Learnt::Known)
}

#[cfg(test)]
mod tests {
    use super::{Claim, Files};
    use std::path::Path;

    #[test]
    fn a_capture_of_gigabytes_is_not_read_twice_at_the_same_time() {
        let files = Files::new(Path::new("claimed"), "a");
        let first = Claim::take(&files).unwrap();
        assert!(Claim::take(&files).is_none());
        drop(first);
        assert!(Claim::take(&files).is_some());
    }
}
