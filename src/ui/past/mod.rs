//! A capture that is looked at: the same panes as the live bench, at any moment of it, and without hands.

mod band;
mod moments;
mod travel;

pub use band::{LiveView, band_ui};
pub use moments::Moments;
pub use travel::{Playing, Speed, Travel};

use super::model::{Model, Shelves};
use super::moment::Moment;
use super::state::WindowState;
use super::wish::Wish;
use crate::event::{DeviceId, Event, Micros, Trouble};
use crate::journal::{Film, Mark, Reel};
use std::path::PathBuf;
use std::sync::Arc;

/// Events taken in between two looks at the clock.
const CHUNK: usize = 500;
/// For how long events are taken in within one frame: as long as drawing takes, within these bounds; and how many at most.
const SHORTEST: Micros = Micros::from_millis(8);
const LONGEST: Micros = Micros::from_millis(80);
const MOST_A_FRAME: usize = 100_000;
/// For how long, within one frame, events are folded on the way to a moment.
const FOLDING: Micros = Micros::from_millis(12);
/// Troubles with a file that are told.
const MOST_TROUBLES: usize = 8;

/// Where one stands in a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last event that has happened; 0 before the first.
    pub seq: u64,
    /// The instant.
    pub at: Micros,
}

/// A capture as it comes from whoever opened it.
pub struct Opening {
    /// The file.
    pub path: PathBuf,
    /// What to call it.
    pub name: String,
    /// The wall clock at its first instant, in milliseconds since 1970.
    pub started_unix_ms: u64,
    /// Its events.
    pub reel: Box<dyn Reel>,
}

/// A capture that is looked at.
#[expect(clippy::struct_excessive_bools, reason = "each is told by something else")]
pub struct Past {
    /// All of it that was read so far.
    pub model: Model,
    /// What its window remembers.
    pub state: WindowState,
    /// What it is called.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    reel: Box<dyn Reel>,
    /// The event that was read last: it is taken in when what comes after it is known.
    ahead: Option<Arc<Event>>,
    moments: Moments,
    /// How many events have happened where one wants to stand.
    wanted: u64,
    /// How many had happened at the moment that is shown.
    shown: u64,
    /// A moment on its way.
    going: Option<(u64, Moment)>,
    /// A way whose end is not in memory yet.
    pending: Option<Travel>,
    /// Whether one stands at the end, whatever is still read.
    at_end: bool,
    /// How it was looked at before it was read on.
    resume: Option<Stand>,
    playing: Option<Playing>,
    /// Where one stands in time, where that was asked for: nothing need have happened just then.
    instant: Option<Micros>,
    /// How fast it is played.
    pub speed: Speed,
    /// Whether a device was chosen.
    chosen: bool,
    /// Whether there are rows that are still to be listed.
    listing: bool,
    /// When events were taken in last.
    read_at: Micros,
    part: f32,
    over: bool,
    damaged: u64,
    troubles: Vec<Trouble>,
}

/// How a capture was looked at: taken up again once all of it is read.
#[derive(Debug)]
struct Stand {
    /// After so many events; nowhere when one stood at the end, or goes elsewhere meanwhile.
    place: Option<u64>,
    device: Option<DeviceId>,
    port: Option<String>,
}

impl Past {
    /// Opens a capture at its end.
    #[must_use]
    pub fn new(opening: Opening, shelves: Option<Shelves>, utc_offset_secs: i32) -> Self {
        let Opening { path, name, started_unix_ms, reel } = opening;
        let mut model = Model::of_capture(started_unix_ms);
        if let Some(shelves) = shelves {
            model.keep_on(shelves);
        }
        let past = Some(Cursor { seq: 0, at: Micros::default() });
        Self {
            model,
            state: WindowState { past, utc_offset_secs, ..WindowState::default() },
            name,
            path,
            reel,
            ahead: None,
            moments: Moments::new(Moment::first(started_unix_ms)),
            wanted: 0,
            shown: 0,
            going: None,
            pending: None,
            at_end: true,
            resume: None,
            playing: None,
            instant: None,
            speed: Speed::default(),
            chosen: false,
            listing: false,
            read_at: Micros::default(),
            part: 0.0,
            over: false,
            damaged: 0,
            troubles: Vec::new(),
        }
    }

    /// Is looked at as the same capture was before it was read on.
    pub fn read_on(&mut self, before: Self) {
        let place = (before.position() < before.len()).then_some(before.shown);
        self.speed = before.speed;
        let WindowState { filter, find, zoom, device, port, .. } = before.state;
        (self.state.filter, self.state.find, self.state.zoom) = (filter, find, zoom);
        self.resume = Some(Stand { place, device, port });
    }

    /// Stands as before, once there is something to stand at.
    fn take_up(&mut self, now: Micros) {
        let Some(Stand { place, device, port }) = self.resume.take() else { return };
        let wishes = device.map(Wish::SelectDevice).into_iter().chain(port.map(Wish::SelectPort));
        wishes.chain(place.map(|place| Wish::Travel(Travel::Place(place)))).for_each(|wish| self.grant(wish, now));
    }

    /// Takes in what was read, and goes to where one wants to stand. `clock` tells the time now.
    pub fn keep_up(&mut self, clock: &dyn Fn() -> Micros) {
        self.read(clock);
        self.ask();
        if let Some(travel) = self.pending.take() {
            self.travel(travel, clock());
        }
        self.play(clock());
        self.settle(clock);
        self.ask();
        self.choose();
        self.state.keep_up(&self.model);
        self.list();
        if self.over && !self.listing {
            self.take_up(clock());
        }
    }

    /// Brings the list of messages up to date, a piece at a time.
    fn list(&mut self) {
        self.listing = self.state.listing.update(&self.model, &self.state.filter);
    }

    /// Whether something happens without anybody doing anything.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let waits = self.resume.is_some() || self.film().is_some_and(Film::waits);
        !self.over || self.listing || self.playing.is_some() || self.is_going() || waits
    }

    /// Whether the moment that is shown is not yet the one that is wanted.
    #[must_use]
    pub const fn is_going(&self) -> bool {
        self.shown != self.wanted || self.pending.is_some()
    }

    /// How much of the file was read, from 0 to 1, while it is read.
    #[must_use]
    pub fn reading(&self) -> Option<f32> {
        (!self.over).then_some(self.part)
    }

    /// Lines of the file that are no events.
    #[must_use]
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// What else is wrong with the file.
    #[must_use]
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// How many events there are, as far as was read.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.film().map_or(0, Film::len)
    }

    /// Whether nothing was read yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many events have happened at the moment that is shown.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.shown
    }

    /// The capture's last instant, as far as was read.
    #[must_use]
    pub fn end(&self) -> Micros {
        self.film().map_or_else(Micros::default, |film| film.last().1)
    }

    /// The number of the last event, as far as was read.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.film().map_or(0, |film| film.last().0)
    }

    /// Whether it is being played.
    #[must_use]
    pub const fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    fn film(&self) -> Option<&Film> {
        self.model.journal.film()
    }

    fn read(&mut self, clock: &dyn Fn() -> Micros) {
        let began = clock();
        let patience = began.since(self.read_at).clamp(SHORTEST, LONGEST);
        let mut taken = 0;
        loop {
            let reading = self.reel.read(CHUNK);
            (self.part, self.over, self.damaged) = (reading.part, reading.over, reading.damaged);
            let room = MOST_TROUBLES.saturating_sub(self.troubles.len());
            self.troubles.extend(reading.troubles.into_iter().take(room));
            if let Some(film) = self.model.journal.film_mut() {
                reading.again.into_iter().for_each(|page| film.put(page));
            }
            let count = reading.events.len();
            reading.events.into_iter().for_each(|event| self.take(event));
            if self.over
                && let Some(last) = self.ahead.take()
            {
                self.put(last, None);
            }
            taken += count;
            if count < CHUNK || taken >= MOST_A_FRAME || clock().since(began) >= patience {
                break;
            }
        }
        self.read_at = clock();
        if self.at_end {
            self.wanted = self.len();
        }
    }

    fn take(&mut self, event: Arc<Event>) {
        let (seq, at) = (event.seq, event.at);
        if let Some(before) = self.ahead.replace(event) {
            self.put(before, Some((seq, at)));
        }
    }

    fn put(&mut self, event: Arc<Event>, next: Option<Mark>) {
        let Some(film) = self.model.journal.film_mut() else { return };
        let event = film.mend(event, next);
        self.model.apply(&event);
        let len = self.len();
        if self.moments.wants(len) {
            self.moments.keep(len, self.model.latest());
        }
    }

    fn ask(&mut self) {
        let wanted = self.model.journal.film_mut().map(Film::wanted).unwrap_or_default();
        for (place, count) in wanted {
            self.reel.ask(place, count);
        }
    }

    /// Folds from the nearest known moment to the one that is wanted, or as far as it comes within a frame.
    fn settle(&mut self, clock: &dyn Fn() -> Micros) {
        let wanted = self.wanted;
        if wanted >= self.len() && !self.is_empty() {
            (self.shown, self.going) = (self.len(), None);
            self.wanted = self.shown;
            self.model.look_at(None);
        } else if self.shown != wanted || !self.model.looks_back() {
            self.approach(wanted, clock);
        }
        let shown = self.model.shown();
        let (seq, last) = (shown.events(), shown.now());
        let asked = self.playing.as_ref().map(Playing::at).or(self.instant).map(|at| at.min(self.end()));
        let at = asked.map_or(last, |asked| asked.max(last));
        self.state.past = Some(Cursor { seq, at });
    }

    fn approach(&mut self, wanted: u64, clock: &dyn Fn() -> Micros) {
        let Some((mut place, mut moment)) = self.base(wanted) else { return };
        let (began, start) = (clock(), place);
        while place < wanted {
            let folded = place - start;
            if folded >= MOST_A_FRAME as u64 || folded.is_multiple_of(CHUNK as u64) && clock().since(began) >= FOLDING {
                break;
            }
            let Some(film) = self.film() else { break };
            match film.at(place) {
                Some(event) => moment.apply(event),
                // What cannot be read any more is passed over; that is told.
                None if film.is_lost(place) => {}
                None => break,
            }
            place += 1;
        }
        if place == wanted {
            (self.shown, self.going) = (wanted, None);
            self.model.look_at(Some(moment));
        } else {
            self.going = Some((place, moment));
        }
    }

    /// From where to begin: the moment on its way, the one that is shown or one put aside, whichever is nearest.
    fn base(&mut self, wanted: u64) -> Option<(u64, Moment)> {
        let (aside, _) = self.moments.before(wanted)?;
        let on_its_way = self.going.take().filter(|(place, _)| (aside..=wanted).contains(place));
        if on_its_way.is_some() {
            return on_its_way;
        }
        if (aside..=wanted).contains(&self.shown)
            && let Some(moment) = self.model.looked_at()
        {
            return Some((self.shown, moment.clone()));
        }
        self.moments.before(wanted).map(|(place, moment)| (place, moment.clone()))
    }

    /// Chooses the device that was upgraded last, once that is known, unless another was chosen.
    fn choose(&mut self) {
        if self.over
            && !std::mem::replace(&mut self.chosen, self.over)
            && let Some(case) = self.model.bench.cases().last()
        {
            let device = case.order.device.clone();
            self.state.grant(Wish::SelectDevice(device), &self.model);
        }
    }
}

#[cfg(test)]
pub mod tests;
