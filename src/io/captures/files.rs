//! The files that belong to one capture.

use super::source::now_at;
use std::path::{Path, PathBuf};

/// The folder and the name of a capture, from which its files are named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Files {
    folder: PathBuf,
    name: String,
}

impl Files {
    /// The files of the capture of that name.
    #[must_use]
    pub fn new(folder: &Path, name: &str) -> Self {
        Self { folder: folder.to_owned(), name: name.to_owned() }
    }

    /// The files that belong to a capture, plain or compressed; nothing when a file is not called like one.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let file = path.file_name()?.to_str()?;
        let name = file.strip_suffix(".jsonl").or_else(|| file.strip_suffix(".jsonl.zst"))?;
        Some(Self::new(path.parent()?, name))
    }

    /// The files of the capture that is locked by this file; nothing when it is not called like a lock.
    #[must_use]
    pub fn of_lock(path: &Path) -> Option<Self> {
        Some(Self::new(path.parent()?, path.file_name()?.to_str()?.strip_suffix(".lock")?))
    }

    fn with(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    /// Its name, without folder and endings.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As it is written.
    #[must_use]
    pub fn plain(&self) -> PathBuf {
        self.with("jsonl")
    }

    /// As it is kept.
    #[must_use]
    pub fn compressed(&self) -> PathBuf {
        self.with("jsonl.zst")
    }

    /// What is known of it.
    #[must_use]
    pub fn about(&self) -> PathBuf {
        self.with("about.json")
    }

    /// Held by who writes it.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.with("lock")
    }

    /// The one to be read. Where a kill left both, either is whole.
    #[must_use]
    pub fn capture(&self) -> PathBuf {
        now_at(&self.compressed())
    }
}

#[cfg(test)]
mod tests {
    use super::Files;
    use std::path::Path;

    #[test]
    fn every_file_of_a_capture_is_told_from_its_name() {
        let files = Files::new(Path::new("f"), "2026-11-22 05.12.40-2");
        for path in [files.plain(), files.compressed()] {
            assert_eq!(Files::of(&path), Some(files.clone()));
        }
        assert_eq!(Files::of_lock(&files.lock()), Some(files.clone()));
        assert_eq!(files.about(), Path::new("f").join("2026-11-22 05.12.40-2.about.json"));
        for other in ["f/a.txt", "f/a.about.json", "f/a.jsonl.zst.part", "f"] {
            assert_eq!(Files::of(Path::new(other)), None, "{other}");
        }
    }
}
