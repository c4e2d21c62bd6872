//! What is shown of a console's log: lines by number, what is looked for in them, and what is taken out.

mod bar;
mod dress;
mod highlights;
mod lines;
mod menu;
mod taken;

pub use bar::bar_ui;
pub use highlights::highlights_ui;
pub use lines::lines_ui;
pub use menu::menu_ui;
pub use taken::{Save, taken};

use super::model::Model;
use crate::console::{Console, Encoding, Highlight, Job, LogStamp, Query, Seek};
use crate::event::{Micros, Trouble};
use highlights::Rules;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How a console's log is shown; kept from one start to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct LogSettings {
    /// How the device's bytes are letters.
    #[serde(with = "encoding")]
    pub encoding: Encoding,
    /// Whether the chosen lines' bytes are shown beside.
    pub hex: bool,
    /// Whether what is looked for is a regular expression.
    pub regex: bool,
    /// Whether capitals matter in it.
    pub case: bool,
    /// What is to catch the eye.
    pub highlights: Vec<Highlight>,
    /// Whether consoles are logged to files.
    pub files: bool,
    /// What stands before a line there.
    pub stamp: LogStamp,
}

impl LogSettings {
    /// What stands before each line of log files, where they are written.
    #[must_use]
    pub fn to_files(&self) -> Option<LogStamp> {
        self.files.then_some(self.stamp)
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            encoding: Encoding::Utf8,
            hex: false,
            regex: false,
            case: false,
            highlights: Vec::new(),
            files: true,
            stamp: LogStamp::Clock,
        }
    }
}

/// A book of nothing but marks marks nothing.
const MOST_BOOKMARKS: usize = 10_000;

/// Work to be done away from the window.
#[derive(Default)]
pub struct Jobs(pub Vec<Job>);

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} jobs", self.0.len())
    }
}

/// The log that is shown: what is looked for in it, and where it is to stand.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by something else")]
pub struct LogPane {
    /// The port it belongs to.
    port: String,
    /// What is looked for.
    pub seek: Seek,
    /// Whether only lines with a hit are listed.
    pub only: bool,
    /// Whether rows were numbered by hits in the last frame.
    listed_hits: bool,
    /// An instant to bring into view, once its line is at hand.
    pub reveal_at: Option<Micros>,
    /// The chosen lines: cursor and other end.
    pub chosen: Option<(u64, u64)>,
    /// The topmost line.
    top: u64,
    /// A step to the next hit that waits for the search; whether it goes back.
    going: Option<bool>,
    /// Whether the list has the keyboard.
    focused: bool,
    /// Whether the dialog for highlights is open.
    pub highlighting: bool,
    /// What could not be opened or saved.
    pub trouble: Option<Trouble>,
    /// What is to be saved in a file still to be chosen.
    pub to_save: Option<Save>,
    /// Work to be done away from the window.
    pub jobs: Jobs,
    /// Lines put aside to come back to, by port.
    bookmarks: BTreeMap<String, BTreeSet<u64>>,
    /// The highlight rules, made ready.
    rules: Rules,
}

impl LogPane {
    /// Looks for what is wanted in the console that is shown. Gives the work to be done away from the window.
    pub fn keep_up(&mut self, port: Option<&String>, find: &str, settings: &LogSettings, model: &Model) -> Vec<Job> {
        let port = port.cloned().unwrap_or_default();
        let text = if find.starts_with(':') { "" } else { find };
        let LogSettings { regex, case, encoding, .. } = *settings;
        let query = Query { text: text.to_owned(), regex, case, encoding };
        if self.port != port || *self.seek.query() != query {
            if self.port != port {
                (self.only, self.reveal_at, self.chosen, self.going) = (false, None, None, None);
            }
            self.port = port;
            self.seek = Seek::new(query);
        }
        self.rules.keep_up(&settings.highlights);
        self.console(model).map_or_else(Vec::new, |console| self.seek.keep_up(console))
    }

    fn console<'a>(&self, model: &'a Model) -> Option<&'a Console> {
        model.consoles.get(&self.port)
    }

    /// Whether rows are hits rather than lines.
    #[must_use]
    pub fn lists_hits(&self) -> bool {
        self.only && self.seek.is_active()
    }

    /// The line that a row stands for.
    fn line_of(&self, row: u64) -> Option<u64> {
        if self.lists_hits() { self.seek.line(row) } else { Some(row) }
    }

    /// The row that a line stands on, or the next one.
    #[must_use]
    pub fn row_of(&self, line: u64) -> u64 {
        if self.lists_hits() { self.seek.number_at(line) } else { line }
    }

    /// The bookmarks of the console that is shown.
    fn bookmarks(&mut self) -> &mut BTreeSet<u64> {
        self.bookmarks.entry(self.port.clone()).or_default()
    }

    fn toggle_bookmark(&mut self) {
        let Some((line, _)) = self.chosen else { return };
        let marks = self.bookmarks();
        if !marks.remove(&line) && marks.len() < MOST_BOOKMARKS {
            marks.insert(line);
        }
    }

    fn is_bookmarked(&self, line: u64) -> bool {
        self.bookmarks.get(&self.port).is_some_and(|lines| lines.contains(&line))
    }

    /// Whether something more is found or read while nobody does anything.
    #[must_use]
    pub fn is_busy(&self, model: &Model) -> bool {
        self.seek.is_searching() || self.console(model).is_some_and(|console| console.log().indexing().is_some())
    }
}

mod encoding {
    //! An encoding by its name: the inside knows no settings file.

    use crate::console::Encoding;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with the field")]
    pub fn serialize<S: Serializer>(encoding: &Encoding, serializer: S) -> Result<S::Ok, S::Error> {
        encoding.name().serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Encoding, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Encoding::ALL.into_iter().find(|encoding| encoding.name() == name).unwrap_or_default())
    }
}
