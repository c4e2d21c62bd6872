//! Captures on disk: opened whether plain or compressed, listed, named, starred, cleared away, and read for the window.
//!
//! A session's capture is `NAME.jsonl` while it is written and `NAME.jsonl.zst` afterwards. Beside it stand `NAME.about.json`
//! (what is in it, and what the user said of it) and, as long as there is something left to be done, `NAME.lock`.

mod about;
mod changes;
mod compress;
mod files;
mod learning;
mod library;
mod listing;
mod lock;
mod opened;
mod pages;
mod recording;
mod source;
mod tending;

pub use about::{found, found_in, is_idle, load as load_about};
pub use compress::compress;
pub use files::Files;
pub use library::{Library, Listing, Wish, delete, set_star, set_title};
pub use listing::list;
pub use lock::{Lock, is_held};
pub use opened::{News, Opened, Progress};
pub use pages::Pages;
pub use recording::Recording;
pub use source::{Place, Source, is_recording, now_at};
pub use tending::{Tended, Tending, close, tend};

use crate::capture::Limits;
use crate::event::Trouble;
use serde::Deserialize;
use std::io::{self, ErrorKind};
use std::path::Path;

/// How much is kept, as the settings in this file say. Where they cannot be read, nothing is cleared away.
#[must_use]
pub fn limits(settings: &Path) -> Limits {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Settings {
        captures: Limits,
    }
    match std::fs::read_to_string(settings) {
        Ok(text) => toml::from_str::<Settings>(&text).map_or(Limits::NONE, |settings| settings.captures),
        Err(error) if error.kind() == ErrorKind::NotFound => Limits::default(),
        Err(_) => Limits::NONE,
    }
}

/// Why a capture cannot be read.
fn io_trouble(path: &Path, error: &io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            Trouble::new("recording-not-found").with("path", path.display())
        }
        ErrorKind::IsADirectory => Trouble::new("recording-is-folder").with("path", path.display()),
        ErrorKind::Unsupported => Trouble::new("recording-no-file").with("path", path.display()),
        ErrorKind::UnexpectedEof => Trouble::new("recording-cut-short").with("path", path.display()),
        _ => Trouble::new("capture-unreadable").with("path", path.display()).with("detail", error),
    }
}

/// A trouble of those who do not know which file it is about.
fn of_file(path: &Path, mut trouble: Trouble) -> Trouble {
    for (name, value) in &mut trouble.args {
        if name == "path" && value.is_empty() {
            *value = path.display().to_string();
        }
    }
    trouble
}

/// Why something about the captures' folder could not be done.
fn folder_trouble(path: &Path, error: &io::Error) -> Trouble {
    Trouble::new("captures-untended").with("path", path.display()).with("detail", error)
}

#[cfg(test)]
mod tests;
