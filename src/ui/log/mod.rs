//! What is shown of a console's log: lines by number, what is looked for in them, and what is taken out.

mod bar;
mod bytes;
mod dress;
mod going;
mod highlights;
mod lines;
mod menu;
mod row;
mod taken;

pub use bar::bar_ui;
pub use highlights::highlights_ui;
pub use lines::lines_ui;
pub use menu::menu_ui;
pub use taken::Save;

use super::model::Model;
use super::rows::Scroll;
use crate::console::{Console, Encoding, Highlight, Job, LogStamp, Query, Seek};
use crate::event::{Micros, Trouble};
use highlights::Rules;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use taken::Told;

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

/// Where a console stood when another was turned to.
#[derive(Clone, Copy, Debug)]
struct Place {
    console: u64,
    top: u64,
    left: f32,
    follow: bool,
    chosen: Option<(u64, u64)>,
}

/// The log that is shown: what is looked for in it, and where it is to stand.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is told by something else")]
pub struct LogPane {
    /// The port it belongs to, and its console: another file may be opened under the same name.
    port: String,
    console: u64,
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
    /// A step to the next hit that waits for the search: whether it goes back, and what was looked for.
    going: Option<(bool, String)>,
    /// A line that was gone to, until its time is known.
    pub goal: Option<u64>,
    /// A line whose first hit is to be brought into view sideways, once it is at hand.
    aim: Option<u64>,
    /// Whether the list has the keyboard.
    focused: bool,
    /// Whether the dialog for highlights is open.
    pub highlighting: bool,
    /// What could not be opened, copied or saved.
    pub trouble: Option<Trouble>,
    told: Told,
    /// What is to be saved in a file still to be chosen.
    pub to_save: Option<Save>,
    /// Work to be done away from the window.
    pub jobs: Jobs,
    /// Lines put aside to come back to, by port.
    bookmarks: BTreeMap<String, BTreeSet<u64>>,
    /// The highlight rules, made ready.
    pub rules: Rules,
    /// Where the other consoles stood.
    places: BTreeMap<String, Place>,
}

impl LogPane {
    /// Looks for what is wanted in the console that is shown, which stands at `scroll`. Gives the work to be done away
    /// from the window.
    pub fn keep_up(
        &mut self,
        port: Option<&String>,
        find: &str,
        settings: &LogSettings,
        scroll: &mut Scroll,
        model: &Model,
    ) -> Vec<Job> {
        let port = port.cloned().unwrap_or_default();
        let console = model.consoles.get(&port);
        let LogSettings { regex, case, encoding, .. } = *settings;
        let query = Query { text: find.to_owned(), regex, case, encoding };
        let other = self.port != port || self.console != console.map_or(0, Console::id);
        if other {
            self.turn_to(port, console, scroll, model);
        }
        if other || *self.seek.query() != query {
            self.going.take_if(|(_, text)| *text != query.text);
            self.seek = Seek::new(query);
        }
        self.rules.keep_up(&settings.highlights);
        if let Some(trouble) = self.told.take() {
            self.trouble = Some(trouble);
        }
        console.map_or_else(Vec::new, |console| {
            self.forget_before(console.first_index());
            self.seek.keep_up(console)
        })
    }

    /// Puts the console away that was shown, and takes up another where it stood.
    fn turn_to(&mut self, port: String, console: Option<&Console>, scroll: &mut Scroll, model: &Model) {
        let Scroll { left, follow, .. } = *scroll;
        let left_behind = Place { console: self.console, top: self.top, left, follow, chosen: self.chosen };
        self.places.insert(std::mem::take(&mut self.port), left_behind);
        self.places.retain(|port, place| model.consoles.get(port).is_some_and(|known| known.id() == place.console));
        self.bookmarks.retain(|port, _| model.consoles.contains_key(port));
        let fresh =
            Place { console: 0, top: 0, left: 0.0, follow: console.is_none_or(|new| !new.is_file()), chosen: None };
        let place = self.places.remove(&port).unwrap_or(fresh);
        (self.port, self.console) = (port, console.map_or(0, Console::id));
        (self.top, self.chosen) = (place.top, place.chosen);
        // In the past it stands where the moment is: what it said later had not been said.
        let moment = self.reveal_at.or_else(|| model.looks_back().then(|| model.shown().now()));
        let is_timed = console.is_some_and(|console| !console.is_file());
        (self.only, self.listed_hits, self.reveal_at) = (false, false, moment.filter(|_| is_timed));
        (self.going, self.goal, self.aim) = (None, None, None);
        *scroll = Scroll { left: place.left, follow: place.follow, ..Scroll::default() };
        scroll.stand_at(place.top);
        (scroll.cursor, scroll.anchor) =
            (place.chosen.map(|(cursor, _)| cursor), place.chosen.map(|(_, anchor)| anchor));
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

    /// Whether a row stands for this line.
    #[must_use]
    pub fn lists(&self, line: u64) -> bool {
        self.line_of(self.row_of(line)) == Some(line)
    }

    /// The bookmarks of the console that is shown.
    fn bookmarks(&self) -> impl DoubleEndedIterator<Item = u64> + '_ {
        self.bookmarks.get(&self.port).into_iter().flatten().copied()
    }

    /// Puts the chosen line aside, or takes it back.
    pub fn toggle_bookmark(&mut self) {
        let Some((line, _)) = self.chosen else { return };
        let marks = self.bookmarks.entry(self.port.clone()).or_default();
        if !marks.remove(&line) && marks.len() < MOST_BOOKMARKS {
            marks.insert(line);
        }
    }

    /// Whether a line was put aside.
    #[must_use]
    pub fn is_bookmarked(&self, line: u64) -> bool {
        self.bookmarks.get(&self.port).is_some_and(|lines| lines.contains(&line))
    }

    /// Lets go of what points at lines that are gone.
    fn forget_before(&mut self, first: u64) {
        if let Some(marks) = self.bookmarks.get_mut(&self.port)
            && marks.first().is_some_and(|line| *line < first)
        {
            *marks = marks.split_off(&first);
        }
    }

    /// Whether something more is found or read while nobody does anything.
    #[must_use]
    pub fn is_busy(&self, console: Option<&Console>) -> bool {
        let going = self.going.is_some() || self.goal.is_some();
        going || self.seek.is_searching() || console.is_some_and(|console| console.log().indexing().is_some())
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
