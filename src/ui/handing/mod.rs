//! A capture, or a part of it, handed on: as another format, without its secrets, or as a test case.

mod draw;

pub use draw::{export_dialog_ui, reports_ui};

use super::words::{self, say, tell};
use crate::event::Trouble;
use crate::replay::{Comparison, Filter, Format, Handed, Preview, SecretKind};
use std::path::{Path, PathBuf};

/// What is handed on of which capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The capture.
    pub path: PathBuf,
    /// As what.
    pub format: Format,
    /// Which events.
    pub only: Filter,
    /// Whether secrets, signatures and tokens stay in.
    pub with_secrets: bool,
}

/// Work with captures' files that is done away from the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Work out what would be handed on.
    Preview(Order),
    /// Compare two captures.
    Compare(PathBuf, PathBuf),
    /// Ask for a place, and write it there.
    Save(Order),
    /// Ask for a place, and write a test case there: the capture and its summary.
    SaveTest(Order),
    /// Give up writing this.
    Stop(PathBuf),
}

/// What became of an errand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// What is wrong with the capture, and what would be handed on, or why that is not known.
    Preview(Order, Vec<Trouble>, Result<Preview, Trouble>),
    /// What two captures have in common, and what not.
    Compared((PathBuf, PathBuf), Result<Comparison, Trouble>),
    /// No place was chosen, or why none could be asked for.
    Unsaved(Order, Option<Trouble>),
    /// This place is being written to; so many events were read.
    Writing(Order, PathBuf, u64),
    /// It is written, or why not; nothing when it was given up.
    Saved(Order, PathBuf, Result<Option<Written>, Trouble>),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The files.
    pub files: Vec<PathBuf>,
    /// How much of the capture is in them.
    pub handed: Handed,
    /// What is wrong with that capture.
    pub damage: Vec<Trouble>,
}

/// Lines of a preview.
pub const PREVIEW_LINES: usize = 60;

/// The dialog, while it is open.
#[derive(Debug)]
pub struct ExportDialog {
    path: PathBuf,
    name: String,
    format: Format,
    filter: String,
    with_secrets: bool,
    preview: Option<(Order, Result<Preview, Trouble>)>,
    /// What is wrong with the capture the preview was made of.
    damage: Vec<Trouble>,
    /// What is being worked out.
    awaited: Option<Order>,
    saving: Option<Saving>,
    /// Why it was not saved the last time.
    failed: Option<Trouble>,
}

/// What was ordered to be saved, and how far that is.
#[derive(Debug)]
struct Saving {
    order: Order,
    /// Where to and how many events were read, once a place was chosen.
    writing: Option<(PathBuf, u64)>,
}

impl ExportDialog {
    /// For this capture, with a filter to begin with.
    #[must_use]
    pub fn new(path: PathBuf, name: String, only: &Filter) -> Self {
        Self {
            path,
            name,
            format: Format::Jsonl,
            filter: only.to_string(),
            with_secrets: false,
            preview: None,
            damage: Vec::new(),
            awaited: None,
            saving: None,
            failed: None,
        }
    }

    /// What is chosen, or what is wrong with it.
    fn order(&self) -> Result<Order, String> {
        let only = self.filter.parse().map_err(|trouble: Trouble| words::trouble(&trouble).joined())?;
        Ok(Order { path: self.path.clone(), format: self.format, only, with_secrets: self.with_secrets })
    }

    /// Takes in what was worked out.
    pub fn take(&mut self, order: Order, damage: Vec<Trouble>, preview: Result<Preview, Trouble>) {
        if self.awaited.as_ref() == Some(&order) {
            (self.awaited, self.damage) = (None, damage);
            self.preview = Some((order, preview));
        }
    }

    /// Takes in how far saving is.
    pub fn writes(&mut self, order: &Order, path: &Path, events: u64) {
        if let Some(saving) = self.saving.as_mut().filter(|saving| saving.order == *order) {
            saving.writing = Some((path.to_owned(), events));
        }
    }

    /// Takes in that saving ended, and why. Gives whether it was this dialog's.
    pub fn ends(&mut self, order: &Order, why: Option<Trouble>) -> bool {
        let own = self.saving.take_if(|saving| saving.order == *order).is_some();
        if own {
            self.failed = why;
        }
        own
    }

    /// What is to be worked out next: one thing at a time, for the whole file is read for it.
    fn wanted(&mut self) -> Option<Errand> {
        let order = self.order().ok()?;
        if self.awaited.is_some() || self.preview.as_ref().is_some_and(|(known, _)| *known == order) {
            return None;
        }
        self.awaited = Some(order.clone());
        Some(Errand::Preview(order))
    }
}

/// What is told of files that are written, until it is put away.
#[derive(Debug, Default)]
pub struct Reports(Vec<(PathBuf, Report)>);

/// What is told of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// It is being written; so many events were read.
    Writing(u64),
    /// It is written.
    Written(Written),
    /// It is not.
    Failed(Trouble),
}

impl Reports {
    /// Files told of at the same time; the oldest goes first.
    const MOST: usize = 4;

    /// Takes in what is to be told of a file from now on.
    pub fn take(&mut self, path: PathBuf, report: Report) {
        if let Some((_, known)) = self.0.iter_mut().find(|(known, _)| *known == path) {
            *known = report;
            return;
        }
        self.0.push((path, report));
        let over = self.0.len().saturating_sub(Self::MOST);
        self.0.drain(..over);
    }

    /// There is nothing more to tell of it.
    pub fn forget(&mut self, path: &Path) {
        self.0.retain(|(known, _)| known != path);
    }

    /// Whether there is nothing to tell.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is being written, and how far it is.
fn writing_words(path: &Path, events: u64) -> String {
    tell("export.writing", &[("path", &path.display()), ("n", &words::count(events))])
}

/// How much was handed on, and what was taken out of it.
fn handed_words(handed: &Handed) -> String {
    let (events, all) = (words::count(handed.events.0), words::count(handed.events.1));
    tell("cli.exported", &[("events", &events), ("all", &all)]) + &taken_words("cli.taken", handed)
}

/// The same before it is.
fn would_go_words(handed: &Handed) -> String {
    let (events, all) = (words::count(handed.events.0), words::count(handed.events.1));
    tell("export.would-go", &[("events", &events), ("all", &all)]) + &taken_words("export.would-take", handed)
}

/// What is taken out of it, kind by kind.
fn taken_words(sentence: &str, handed: &Handed) -> String {
    let mut text = String::new();
    for kind in SecretKind::ALL {
        let (values, places) = handed.taken.of(kind);
        if places > 0 {
            let kind = say(&format!("cli.taken-{}", kind.name()));
            let (values, places) = (words::count(values), words::count(places));
            text.push(' ');
            text.push_str(&tell(sentence, &[("kind", &kind), ("values", &values), ("places", &places)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Errand, ExportDialog, Preview};
    use crate::event::Trouble;
    use crate::replay::Filter;

    /// Otherwise half a session is handed on as a whole one.
    #[test]
    fn what_is_wrong_with_a_capture_stands_above_its_preview() {
        let mut dialog = ExportDialog::new("/c/a.jsonl".into(), "a".into(), &Filter::default());
        let Some(Errand::Preview(order)) = dialog.wanted() else { panic!("nothing is worked out") };
        let troubles = vec![Trouble::new("recording-cut"), Trouble::new("export-damaged").with("n", 2)];
        dialog.take(order.clone(), troubles.clone(), Ok(Preview::default()));
        assert!(dialog.damage == troubles && dialog.preview == Some((order, Ok(Preview::default()))));
        dialog.with_secrets = true;
        let Some(Errand::Preview(order)) = dialog.wanted() else { panic!("nothing is worked out") };
        dialog.take(order, Vec::new(), Ok(Preview::default()));
        assert!(dialog.damage.is_empty(), "what is read anew is told anew");
    }
}
