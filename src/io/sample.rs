//! The sample build that is on the list at the first start, so that the whole job can be seen before there is firmware.

use super::folder;
use std::path::{Path, PathBuf};

/// A small ESP32 image; see `assets/sample/README.md`.
static IMAGE: &[u8] = include_bytes!("../../assets/sample/lamp-2.0.0.bin");

/// The sample's file in the data folder, written there if it is not yet.
#[must_use]
pub fn build(data: &Path) -> Option<PathBuf> {
    let file = data.join("sample").join("lamp-2.0.0.bin");
    if std::fs::read(&file).is_ok_and(|bytes| bytes == IMAGE) {
        return Some(file);
    }
    folder::make(file.parent()?).ok()?;
    std::fs::write(&file, IMAGE).ok()?;
    Some(file)
}
