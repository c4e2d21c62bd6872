//! Settings on disk: read at the start, written on a thread of their own.

use crate::io::{Latest, folder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The file of the window's settings, in the workbench's folder.
pub const SETTINGS: &str = "settings.toml";

/// What was remembered in this file. One that is missing or damaged counts as nothing remembered.
#[must_use]
pub fn load<T: DeserializeOwned + Default>(file: &Path) -> T {
    std::fs::read_to_string(file).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

/// Writes settings to their file.
pub struct Keeper(Latest<String>);

impl Keeper {
    /// A keeper for this file.
    #[must_use]
    pub fn start(file: PathBuf) -> Self {
        Self(Latest::start("settings", move |text: String| write(&file, &text)))
    }

    /// Has these settings written. Never waits.
    pub fn keep<T: Serialize>(&self, settings: &T) {
        if let Ok(text) = toml::to_string(settings) {
            self.0.put(text);
        }
    }
}

/// Beside it first, then in its place: a crash leaves the old settings or the new ones.
fn write(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    // Settings that cannot be written are not worth a word: the next start has the old ones.
    let _ = file.parent().map(folder::make);
    let _ = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, file));
}

#[cfg(test)]
mod tests {
    use super::{load, write};

    #[test]
    fn damaged_settings_do_not_keep_the_window_from_opening() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join("settings.toml");
        assert_eq!(load::<std::collections::BTreeMap<String, u32>>(&file).len(), 0);
        write(&file, "width = 5\n");
        assert_eq!(load::<std::collections::BTreeMap<String, u32>>(&file)["width"], 5);
        write(&file, "width = [");
        assert_eq!(load::<std::collections::BTreeMap<String, u32>>(&file).len(), 0);
    }
}
