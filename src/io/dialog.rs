//! The system's file dialog, away from the frame.

use crate::event::Trouble;
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Lets the operator pick one file. Returns at once; `then` gets what was picked, if anything was, on another thread, or
/// `no-file-dialog`.
///
/// Call it on the window's thread: macOS makes dialogs only there.
pub fn pick_file(title: String, then: impl FnOnce(Result<Option<PathBuf>, Trouble>) + Send + 'static) {
    let picking = listening(|| rfd::AsyncFileDialog::new().set_title(title).pick_file());
    away(move || {
        let file = pollster::block_on(picking);
        then(answer(file.map(|file| file.path().to_owned())));
    });
}

/// Lets the operator pick files. Returns at once; `then` gets what was picked, on another thread, none if nothing was, or
/// `no-file-dialog`.
///
/// Call it on the window's thread: macOS makes dialogs only there.
pub fn pick_files(title: String, then: impl FnOnce(Result<Vec<PathBuf>, Trouble>) + Send + 'static) {
    let picking = listening(|| rfd::AsyncFileDialog::new().set_title(title).pick_files());
    away(move || {
        let picked = pollster::block_on(picking);
        let paths = picked.map(|files| files.iter().map(|file| file.path().to_owned()).collect());
        then(answer(paths).map(Option::unwrap_or_default));
    });
}

/// Lets the operator choose where to save a file. Returns at once; `then` gets the place, if one was chosen, on another
/// thread, or `no-file-dialog`.
///
/// Call it on the window's thread: macOS makes dialogs only there.
pub fn save_file(title: String, name: &str, then: impl FnOnce(Result<Option<PathBuf>, Trouble>) + Send + 'static) {
    let choosing = listening(|| rfd::AsyncFileDialog::new().set_title(title).set_file_name(name).save_file());
    away(move || {
        let file = pollster::block_on(choosing);
        then(answer(file.map(|file| file.path().to_owned())));
    });
}

fn away(waiting: impl FnOnce() + Send + 'static) {
    // Without a thread there is no dialog; the operator presses again, or drops files on the window.
    let _ = std::thread::Builder::new().name("file dialog".into()).spawn(waiting);
}

/// What the crate of the dialogs complained of last. Whether nobody answered or somebody said no, it tells only its log.
static COMPLAINT: Mutex<Option<String>> = Mutex::new(None);

struct Complaints;

impl Log for Complaints {
    fn enabled(&self, about: &Metadata<'_>) -> bool {
        about.level() == Level::Error && about.target().starts_with("rfd")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            *COMPLAINT.lock().unwrap_or_else(PoisonError::into_inner) = Some(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Opens a dialog, and hears what its crate complains of meanwhile.
fn listening<D>(open: impl FnOnce() -> D) -> D {
    // It stays, once it is there.
    if log::set_logger(&Complaints).is_ok() {
        log::set_max_level(LevelFilter::Error);
    }
    *COMPLAINT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    open()
}

/// What a dialog answered: no place is a no, unless there was no dialog.
fn answer<T>(place: Option<T>) -> Result<Option<T>, Trouble> {
    let complaint = COMPLAINT.lock().unwrap_or_else(PoisonError::into_inner).take();
    // The portal is asked first, zenity last: what it says stands for both.
    match complaint.filter(|complaint| place.is_none() && complaint.contains("zenity")) {
        Some(_) => Err(Trouble::new("no-file-dialog")),
        None => Ok(place),
    }
}

#[cfg(test)]
mod tests {
    use super::Complaints;
    use log::{Level, Log, Record};
    use std::path::PathBuf;

    /// Otherwise the button does nothing on a desktop without a portal, and nobody knows why.
    #[test]
    fn no_dialog_is_told_from_one_that_was_closed() {
        let complain = |target: &str, text: &str| {
            Complaints.log(&Record::builder().level(Level::Error).target(target).args(format_args!("{text}")).build());
        };
        let answer = super::answer::<PathBuf>;
        assert_eq!(answer(None), Ok(None));
        complain("rfd::backend::xdg_desktop_portal", "Failed to save file with zenity: No such file or directory");
        assert_eq!(answer(None).unwrap_err().code, "no-file-dialog");
        assert_eq!(answer(None), Ok(None), "it is told once");
        complain("rfd::backend::xdg_desktop_portal::portal", "OpenFile failed: no such name");
        assert_eq!(answer(None), Ok(None), "then zenity was asked, and closed");
        complain("other", "zenity");
        assert_eq!(answer(None), Ok(None));
        assert_eq!(answer(Some("a.csv".into())), Ok(Some("a.csv".into())));
    }
}
