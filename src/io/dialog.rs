//! The system's file dialog, away from the frame.

use std::path::PathBuf;

/// Lets the operator pick one file. Returns at once; `then` gets what was picked, on another thread, if anything was.
///
/// Call it on the window's thread: macOS makes dialogs only there.
pub fn pick_file(title: String, then: impl FnOnce(PathBuf) + Send + 'static) {
    let picking = rfd::AsyncFileDialog::new().set_title(title).pick_file();
    let waiting = move || {
        if let Some(file) = pollster::block_on(picking) {
            then(file.path().to_owned());
        }
    };
    // Without a thread there is no dialog; the operator presses again.
    let _ = std::thread::Builder::new().name("file dialog".into()).spawn(waiting);
}

/// Lets the operator pick files. Returns at once; `then` gets what was picked, on another thread, if anything was.
///
/// Call it on the window's thread: macOS makes dialogs only there.
pub fn pick_files(title: String, then: impl FnOnce(Vec<PathBuf>) + Send + 'static) {
    let picking = rfd::AsyncFileDialog::new().set_title(title).pick_files();
    let waiting = move || {
        let picked = pollster::block_on(picking).unwrap_or_default();
        if !picked.is_empty() {
            then(picked.iter().map(|file| file.path().to_owned()).collect());
        }
    };
    // Without a thread there is no dialog; the operator presses again, or drops the files on the window.
    let _ = std::thread::Builder::new().name("file dialog".into()).spawn(waiting);
}

/// Lets the operator choose where to save a file. Returns at once; `then` gets the place, on another thread, if one was
/// chosen.
///
/// Call it on the window's thread: macOS makes dialogs only there.
pub fn save_file(title: String, name: &str, then: impl FnOnce(PathBuf) + Send + 'static) {
    let choosing = rfd::AsyncFileDialog::new().set_title(title).set_file_name(name).save_file();
    let waiting = move || {
        if let Some(file) = pollster::block_on(choosing) {
            then(file.path().to_owned());
        }
    };
    // As above.
    let _ = std::thread::Builder::new().name("file dialog".into()).spawn(waiting);
}
