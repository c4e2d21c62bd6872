//! What the window is wired to: everything it asks of the session and of the system.

use crate::bench::{Action, QuickSend, SavedMessage};
use crate::console::{Highlight, Job, LogStamp, Shelf as ConsoleShelf};
use crate::event::{Micros, Trouble};
use crate::ui::captures::{Ask, Shelf};
use crate::ui::handing::Done;
use crate::ui::log::Save;
use crate::ui::model::{Batch, Shelves};
use crate::ui::past::Opening;
use crate::ui::replaying::Gathered;
use crate::ui::settings::Settings;
use crate::ui::state::PluggedIn;
use crate::ui::top_bar::Recording;
use std::path::PathBuf;
use std::sync::Arc;

/// What the window is wired to. Nothing here may block: it is called while a frame is drawn.
pub struct Wiring {
    /// Hands an action to the session.
    pub act: Box<dyn Fn(Action)>,
    /// Takes what happened since the last frame.
    pub drain: Box<dyn FnMut() -> Batch>,
    /// Opens the system's dialog for firmware files; what is picked comes back as an action of the roof's own.
    pub pick_images: Box<dyn Fn()>,
    /// Opens the system's dialog for where to save the authority's certificate; saving is an action of the roof's own.
    pub save_authority: Box<dyn Fn()>,
    /// The system's serial ports and network interfaces as last looked up.
    pub plugged: Box<dyn Fn() -> PluggedIn>,
    /// Asks for them to be looked up again; the answer comes through `plugged` and a repaint.
    pub look_for_ports: Box<dyn Fn()>,
    /// Whether they are to be looked up all the time, for somebody waits for one.
    pub watch_ports: Box<dyn Fn(bool)>,
    /// Opens the system's dialog for files to be sent to this port.
    pub pick_to_send: Box<dyn Fn(String)>,
    /// The bench file, if there is one.
    pub bench_file: Option<PathBuf>,
    /// What it offers to send with one click.
    pub quick_sends: Vec<QuickSend>,
    /// The messages it keeps to be sent by hand.
    pub messages: Vec<SavedMessage>,
    /// How the recording stands, if there is one.
    pub recording: Box<dyn Fn() -> Option<Recording>>,
    /// What the system could not do since the last frame, and nobody else tells.
    pub troubles: Box<dyn FnMut() -> Vec<Trouble>>,
    /// What is to be remembered changed.
    pub remember: Box<dyn Fn(&Settings)>,
    /// The session's clock.
    pub now: Box<dyn Fn() -> Micros>,
    /// The local zone's offset from UTC, in seconds.
    pub utc_offset_secs: i32,
    /// What consoles need besides.
    pub logs: Logs,
    /// What looking back needs.
    pub captures: Captures,
}

/// What looking back needs of the system. Nothing here may block.
pub struct Captures {
    /// The captures there are, as last looked up.
    pub shelf: Box<dyn Fn() -> Shelf>,
    /// Has something done with them. What is opened comes back through `opened`.
    pub ask: Box<dyn Fn(Ask)>,
    /// Captures that were opened, and why one could not be.
    pub opened: Box<dyn FnMut() -> Vec<Result<Opening, Trouble>>>,
    /// Captures that were read to be sent again.
    pub gathered: Box<dyn FnMut() -> Vec<Gathered>>,
    /// What became of errands with captures' files.
    pub done: Box<dyn FnMut() -> Vec<Done>>,
}

impl Default for Captures {
    /// None, for tests.
    fn default() -> Self {
        Self {
            shelf: Box::new(Shelf::default),
            ask: Box::new(drop),
            opened: Box::new(Vec::new),
            gathered: Box::new(Vec::new),
            done: Box::new(Vec::new),
        }
    }
}

/// A log file that was picked: its name, and what can be read of it.
pub type OpenedLog = (String, Result<(Arc<dyn ConsoleShelf>, u64), Trouble>);

/// What consoles need of the system. Nothing here may block.
pub struct Logs {
    /// Does work away from the window, and has the window drawn again.
    pub background: Box<dyn Fn(Job)>,
    /// Gives each console a place for what does not fit its memory.
    pub shelves: Option<Shelves>,
    /// Opens the system's dialog for a log file to look at; what is picked comes back through `opened`.
    pub pick: Box<dyn Fn()>,
    /// Log files that were opened, and what went wrong with logs.
    pub opened: Box<dyn FnMut() -> Vec<OpenedLog>>,
    /// Opens the system's dialog for where to save lines, and saves them there.
    pub save: Box<dyn Fn(Save)>,
    /// Logs consoles to files, with this before each line, or no longer.
    pub keep: Box<dyn Fn(Option<LogStamp>)>,
    /// What is to catch the eye changed: the bench file keeps it, where there is one.
    pub keep_highlights: Box<dyn Fn(Vec<Highlight>)>,
}

impl Default for Logs {
    /// All in the window's own thread and memory, for tests.
    fn default() -> Self {
        Self {
            background: Box::new(|job| job()),
            shelves: None,
            pick: Box::new(|| {}),
            opened: Box::new(Vec::new),
            save: Box::new(drop),
            keep: Box::new(|_| {}),
            keep_highlights: Box::new(|_| {}),
        }
    }
}
