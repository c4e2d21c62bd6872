//! The window's logs wired to files: looked at, saved, spilled, and the rules kept in the bench file.

use crate::app::{Logs, OpenedLog};
use crate::bench::Action;
use crate::cli::{BenchArgs, Ended};
use crate::console::Highlight;
use crate::event::Trouble;
use crate::io::bench_file::{BenchFile, save_highlights};
use crate::io::console::{self, Spill};
use crate::io::session::Session;
use crate::io::{Latest, dialog, remember};
use crate::ui::log::Save;
use crate::ui::model::Shelves;
use crate::ui::settings::Settings;
use crate::ui::words::say;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

/// Log files on their way to the window.
pub struct LogFiles {
    spill: PathBuf,
    opened: Mutex<Vec<OpenedLog>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl LogFiles {
    /// Has these files looked at from the start.
    pub fn new(files: &[PathBuf], spill: PathBuf, wake: Box<dyn Fn() + Send + Sync>) -> Arc<Self> {
        let logs = Arc::new(Self { spill, opened: Mutex::default(), wake });
        for file in files {
            logs.open(file);
        }
        logs
    }

    fn open(&self, path: &Path) {
        self.tell((path.display().to_string(), console::open(path)));
    }

    fn tell(&self, opened: OpenedLog) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        (self.wake)();
    }

    fn take(&self) -> Vec<OpenedLog> {
        std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with the file that was chosen, if one was.
    fn chosen(&self, chosen: Result<Option<PathBuf>, Trouble>, then: impl FnOnce(&Path)) {
        match chosen {
            Ok(Some(path)) => then(&path),
            Ok(None) => {}
            Err(trouble) => self.tell((String::new(), Err(trouble))),
        }
    }

    fn save(&self, path: &Path, save: &Save) {
        if let Err(trouble) = console::save(path, |to| save.write(to)) {
            self.tell((String::new(), Err(trouble)));
        }
    }
}

/// Keeps the settings, and the highlight rules in the bench file where there is one.
pub struct Keeper {
    settings: remember::Keeper,
    bench: Option<PathBuf>,
    /// The rules to be used without a bench file.
    own: Vec<Highlight>,
}

impl Keeper {
    /// The bench file's rules go before those that are remembered.
    ///
    /// # Errors
    /// The bench file cannot be read.
    pub fn new(keeper: remember::Keeper, args: &BenchArgs, settings: &mut Settings) -> Result<Self, Ended> {
        let own = settings.log.highlights.clone();
        if let Some(file) = &args.bench {
            settings.log.highlights = BenchFile::read(file).map_err(Ended::usage)?.highlights;
        }
        Ok(Self { settings: keeper, bench: args.bench.clone(), own })
    }

    /// Has these settings written.
    pub fn keep(&self, settings: &Settings) {
        let mut settings = settings.clone();
        if self.bench.is_some() {
            settings.log.highlights.clone_from(&self.own);
        }
        self.settings.keep(&settings);
    }
}

/// Wires the window's logs.
pub fn wired(files: &Arc<LogFiles>, session: &Arc<Session>, keeper: &Arc<Keeper>) -> Logs {
    let [waking, picking, opening, saving, telling] = [(); 5].map(|()| Arc::clone(files));
    let session = Arc::clone(session);
    let ruling = keeper.bench.clone().map(|file| {
        Latest::start("highlights", move |rules: Vec<Highlight>| {
            if let Err(trouble) = save_highlights(&file, &rules) {
                telling.tell((String::new(), Err(trouble)));
            }
        })
    });
    let spill = files.spill.clone();
    Logs {
        background: Box::new(move |job| {
            let files = Arc::clone(&waking);
            console::in_background(job, move || (files.wake)());
        }),
        shelves: Some(Shelves(Rc::new(move || Arc::new(Spill::new(&spill))))),
        pick: Box::new(move || {
            let files = Arc::clone(&picking);
            dialog::pick_file(say("log.open"), move |picked| files.chosen(picked, |path| files.open(path)));
        }),
        opened: Box::new(move || opening.take()),
        save: Box::new(move |save| {
            let files = Arc::clone(&saving);
            let name = if save.raw { "console.bin" } else { "console.log" };
            let chosen = move |chosen| files.chosen(chosen, |path| files.save(path, &save));
            dialog::save_file(say("log.save-title"), name, chosen);
        }),
        keep: Box::new(move |stamp| session.act(Action::LogConsoles(stamp))),
        keep_highlights: Box::new(move |rules| {
            if let Some(ruling) = &ruling {
                ruling.put(rules);
            }
        }),
    }
}
