//! Where the system keeps what the workbench remembers: settings and captures.

use crate::event::Trouble;
use std::io;
use std::path::{Path, PathBuf};

/// The workbench's own folder: `--data`, or the system's place for it.
///
/// # Errors
/// `data-folder`: it cannot be found or made.
pub fn data(chosen: Option<&Path>) -> Result<PathBuf, Trouble> {
    let place = match chosen {
        Some(folder) => folder.to_owned(),
        None => directories::ProjectDirs::from("", "", "ota-workbench")
            .map(|dirs| dirs.data_local_dir().to_owned())
            .ok_or_else(|| Trouble::new("data-folder").with("path", "~").with("detail", "no home folder"))?,
    };
    make(&place).map_err(|error| Trouble::new("data-folder").with("path", place.display()).with("detail", error))?;
    Ok(place)
}

/// Makes a folder and those above it.
///
/// # Errors
/// The system's.
pub fn make(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)
}
