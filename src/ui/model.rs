//! The window's own fold over the events: the bench, and the rows and lines that show it.

use super::feed::Feed;
use super::moment::{Moment, Progress, Said, heard};
use super::port_words;
use super::series::Series;
use super::words::{say, tell};
use crate::bench::Bench;
use crate::console::{Console, Direction, Job, Shelf};
use crate::event::{Event, Fact, Micros, UpgradeId};
use crate::journal::Journal;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// Bytes of events kept for the Messages pane.
const JOURNAL_BUDGET: usize = 192 << 20;
/// Bytes kept of each console that has no shelf.
const CONSOLE_BUDGET: usize = 64 << 20;
/// Bytes in memory of each that has one.
const SHELVED_BUDGET: usize = 24 << 20;
/// Consoles kept; a mad program that opens ports for ever cannot make the window grow.
const MAX_CONSOLES: usize = 64;

/// Begins the name of a log file's console.
const LOG: &str = "log: ";

/// What happened since the last frame.
#[derive(Debug, Default)]
pub struct Batch {
    /// The bench to go on from, when the window fell behind and events before it were left out.
    pub resync: Option<Bench>,
    /// What happened, after that.
    pub events: Vec<Arc<Event>>,
}

/// Everything the window knows.
#[derive(Debug)]
pub struct Model {
    /// The bench after the latest event.
    pub bench: Bench,
    /// The moment that is looked at, in a capture; else the latest.
    moment: Option<Box<Moment>>,
    /// The events kept.
    pub journal: Journal,
    /// The rows of the Messages pane.
    pub feed: Feed,
    /// The lines of every console by its port.
    pub consoles: BTreeMap<String, Console>,
    /// What the overview draws.
    pub series: Series,
    /// What devices said of their upgrades.
    said: Said,
    /// Events of the last second, by second.
    recent: VecDeque<(u64, u64)>,
    shelves: Option<Shelves>,
}

/// Where consoles keep what does not fit their memory: each gets a shelf of its own.
#[derive(Clone)]
pub struct Shelves(pub Rc<dyn Fn() -> Arc<dyn Shelf>>);

impl std::fmt::Debug for Shelves {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelves")
    }
}

impl Model {
    /// A window onto a bench on which nothing has happened yet.
    #[must_use]
    pub fn new(bench: Bench) -> Self {
        Self {
            bench,
            moment: None,
            journal: Journal::new(JOURNAL_BUDGET),
            feed: Feed::default(),
            consoles: BTreeMap::new(),
            series: Series::default(),
            said: Said::default(),
            recent: VecDeque::new(),
            shelves: None,
        }
    }

    /// A window onto a capture: it loses no row, for its events can be read again.
    #[must_use]
    pub fn of_capture(started_unix_ms: u64) -> Self {
        Self { journal: Journal::of_capture(JOURNAL_BUDGET), ..Self::new(Bench::new(started_unix_ms)) }
    }

    /// The bench at the moment that is looked at.
    #[must_use]
    pub fn shown(&self) -> &Bench {
        self.moment.as_ref().map_or(&self.bench, |moment| &moment.bench)
    }

    /// Looks at a moment, or at the latest.
    pub fn look_at(&mut self, moment: Option<Moment>) {
        self.moment = moment.map(Box::new);
    }

    /// The moment that is looked at, where that is not the latest.
    #[must_use]
    pub fn looked_at(&self) -> Option<&Moment> {
        self.moment.as_deref()
    }

    /// Whether a moment is looked at that is not the latest.
    #[must_use]
    pub const fn looks_back(&self) -> bool {
        self.moment.is_some()
    }

    /// The moment after the latest event.
    #[must_use]
    pub fn latest(&self) -> Moment {
        Moment { bench: self.bench.clone(), said: self.said.clone() }
    }

    /// Has consoles keep on shelves what does not fit their memory.
    pub fn keep_on(&mut self, shelves: Shelves) {
        self.shelves = Some(shelves);
    }

    /// Shows a log file as a console. Gives the name of the console, which no port has, and the work that finds its lines.
    pub fn open_log(&mut self, path: &str, file: Arc<dyn Shelf>, size: u64) -> (String, Job) {
        let (console, index) = Console::of_file(file, size);
        // A device file may be picked: the port's own console stays.
        let name = format!("{LOG}{path}");
        self.consoles.insert(name.clone(), console);
        (name, index)
    }

    /// Shows a log file no longer.
    pub fn close_log(&mut self, name: &str) {
        if self.consoles.get(name).is_some_and(Console::is_file) {
            self.consoles.remove(name);
        }
    }

    /// Takes in what other threads found out about consoles, and gives the work that is to be done away from the window.
    pub fn keep_up(&mut self) -> Vec<Job> {
        let now = self.bench.now();
        let mut jobs = Vec::new();
        for console in self.consoles.values_mut() {
            jobs.extend(console.keep_up());
            if let Some(detail) = console.take_trouble() {
                let key = if console.is_file() { "console.unreadable" } else { "console.forgets" };
                console.note(now, &tell(key, &[("detail", &detail)]));
            }
        }
        jobs
    }

    /// Takes in what happened since the last frame.
    pub fn take(&mut self, batch: Batch) {
        if let Some(bench) = batch.resync {
            self.resync(bench);
        }
        for event in &batch.events {
            self.apply(event);
        }
    }

    /// Takes in one event.
    pub fn apply(&mut self, event: &Arc<Event>) {
        // The session does what follows from an event; the window only watches.
        let _ = self.bench.apply(event);
        let heard = heard(event, &self.bench);
        self.feed.take(event, &self.bench, heard.as_ref());
        self.series.take(event, &self.bench, heard.as_ref());
        self.said.take(event, &self.bench, heard.as_ref());
        self.write_console(event);
        self.count(event.at);
        // A console's bytes are in its own log, which has a budget of its own.
        let printed = matches!(event.fact, Fact::BytesReceived { .. } | Fact::BytesSent { .. });
        if !printed || self.journal.film().is_some() {
            self.journal.push(event.clone());
        }
        if let Some(oldest) = self.journal.iter().next() {
            self.feed.forget_before(oldest.seq);
        }
    }

    /// Goes on from this bench: the window was too slow and events were left out. It says so.
    pub fn resync(&mut self, bench: Bench) {
        let skipped = bench.events().saturating_sub(self.bench.events());
        let (seq, at) = (bench.events(), bench.now());
        self.bench = bench;
        if skipped == 0 {
            return;
        }
        self.feed.skip(skipped, seq, at);
        for console in self.consoles.values_mut().filter(|console| !console.is_file()) {
            console.note(at, &say("console.skipped"));
        }
    }

    /// What the device of this upgrade said of it, up to the moment that is looked at.
    #[must_use]
    pub fn said(&self, upgrade: UpgradeId) -> Progress {
        self.moment.as_ref().map_or(&self.said, |moment| &moment.said).of(upgrade)
    }

    /// Events a second, over the last whole second.
    #[must_use]
    pub fn events_a_second(&self, now: Micros) -> u64 {
        let second = now.0 / 1_000_000;
        let last = |(at, _): &&(u64, u64)| *at + 1 == second || *at == second;
        self.recent.iter().filter(last).map(|(_, count)| *count).max().unwrap_or(0)
    }

    fn count(&mut self, at: Micros) {
        let second = at.0 / 1_000_000;
        match self.recent.back_mut() {
            Some((last, count)) if *last == second => *count += 1,
            _ => self.recent.push_back((second, 1)),
        }
        if self.recent.len() > 3 {
            self.recent.pop_front();
        }
    }

    fn write_console(&mut self, event: &Event) {
        match &event.fact {
            Fact::BytesReceived { port, bytes } => {
                if let Some(console) = self.console(port) {
                    console.feed(event.at, bytes, Direction::Received);
                    for crash in console.take_crashes() {
                        self.series.crash(crash.at, crash.bad);
                        self.feed.crash(event, port, crash);
                    }
                }
            }
            Fact::BytesSent { port, bytes } => {
                if let Some(console) = self.console(port) {
                    console.feed(event.at, bytes, Direction::Sent);
                }
            }
            Fact::PortOpened { port, settings } => {
                let text = tell("fact.port-opened", &[("port", port), ("settings", settings)]);
                self.note(port, event.at, &text);
            }
            Fact::PortClosed { port, trouble } => {
                let text = match trouble {
                    Some(trouble) => super::words::trouble(trouble).cause,
                    None => tell("fact.port-closed", &[("port", port)]),
                };
                self.note(port, event.at, &text);
            }
            other => {
                if let Some((port, text)) =
                    port_words::note(other).filter(|(port, _)| self.consoles.contains_key(*port))
                {
                    self.note(port, event.at, &text);
                }
            }
        }
    }

    fn note(&mut self, port: &str, at: Micros, text: &str) {
        if let Some(console) = self.console(port) {
            console.note(at, text);
        }
    }

    fn console(&mut self, port: &str) -> Option<&mut Console> {
        if self.consoles.len() >= MAX_CONSOLES && !self.consoles.contains_key(port) {
            return None;
        }
        if !self.consoles.contains_key(port) {
            let console = match &self.shelves {
                Some(Shelves(make)) => Console::on_shelf(SHELVED_BUDGET, make()),
                None => Console::new(CONSOLE_BUDGET),
            };
            self.consoles.insert(port.to_owned(), console);
        }
        self.consoles.get_mut(port)
    }
}
