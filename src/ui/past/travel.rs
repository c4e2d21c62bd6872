//! Going to another moment of a capture: by event, by instant, by row, or with the time.

use super::Past;
use crate::event::Micros;
use crate::journal::Film;
use crate::ui::listing::Item;
use crate::ui::wish::Wish;

/// Where to go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Travel {
    /// Before the first event.
    Start,
    /// After the last.
    End,
    /// After the event of this number.
    Event(u64),
    /// The same for a number that was typed: it may be no event's, and what happened then is told.
    Number(u64),
    /// After so many events.
    Place(u64),
    /// After all events up to this instant.
    Instant(Micros),
    /// To the next row that is listed.
    Forward,
    /// To the row before.
    Back,
    /// To the next event, listed or not.
    EventForward,
    /// To the event before.
    EventBack,
    /// With the time from here on, or no longer.
    Play,
    /// At this speed.
    Speed(Speed),
}

/// How fast a capture is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as it happened.
    Times(f64),
    /// As fast as it can be worked out.
    Max,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Times(1.0)
    }
}

impl Speed {
    /// The speeds that are offered.
    pub const ALL: [Self; 11] = [
        Self::Times(0.1),
        Self::Times(0.25),
        Self::Times(0.5),
        Self::Times(1.0),
        Self::Times(2.0),
        Self::Times(5.0),
        Self::Times(10.0),
        Self::Times(20.0),
        Self::Times(50.0),
        Self::Times(100.0),
        Self::Max,
    ];
}

/// Events a frame, at least, where it is played as fast as it can be.
const RACED: u64 = 2_000;

/// A capture being played.
#[derive(Clone, Copy, Debug)]
pub struct Playing {
    /// The window's clock when it was looked at last.
    since: Micros,
    /// The capture's instant by then.
    at: Micros,
}

impl Playing {
    /// The capture's instant.
    #[must_use]
    pub const fn at(&self) -> Micros {
        self.at
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "microseconds of a frame, times a hundred at most"
    )]
    fn advance(&mut self, now: Micros, times: f64) {
        self.at = self.at + Micros((now.since(self.since).0 as f64 * times) as u64);
        self.since = now;
    }
}

impl Past {
    /// Goes somewhere; `now` is the window's clock.
    pub fn travel(&mut self, travel: Travel, now: Micros) {
        if !matches!(travel, Travel::Speed(_))
            && let Some(stand) = &mut self.resume
        {
            stand.place = None;
        }
        self.instant = match travel {
            Travel::Instant(at) => Some(at),
            Travel::Play | Travel::Speed(_) => self.playing.map(|playing| playing.at()).or(self.instant),
            _ => None,
        };
        match travel {
            Travel::Play if self.playing.is_some() => self.playing = None,
            Travel::Play => self.begin_to_play(now),
            Travel::Speed(speed) => self.speed = speed,
            _ => {
                self.playing = None;
                self.go(travel);
            }
        }
    }

    /// Does what was asked for in the panes: what would act on a bench is not for the past.
    pub fn grant(&mut self, wish: Wish, now: Micros) {
        match wish {
            Wish::Travel(travel) => self.travel(travel, now),
            Wish::ShowRow { seq, .. } | Wish::ShowEvent(seq) => {
                self.travel(Travel::Event(seq), now);
                self.state.grant(wish, &self.model);
            }
            Wish::ShowInstant(at) | Wish::ShowMessagesAt(at) => {
                self.travel(Travel::Instant(at), now);
                self.state.grant(wish, &self.model);
            }
            Wish::SelectDevice(_) => {
                self.chosen = true;
                self.state.grant(wish, &self.model);
            }
            Wish::CloseLog(name) => self.model.close_log(&name),
            Wish::Act(_) | Wish::Open(_) | Wish::SetQuickSends(_) => {}
            other => self.state.grant(other, &self.model),
        }
        // The line of the moment stands there.
        self.state.mark = None;
    }

    fn go(&mut self, travel: Travel) {
        self.pending = None;
        let film = self.model.journal.film();
        let place = match travel {
            Travel::Start => Some(0),
            Travel::End => film.map(Film::len),
            Travel::Place(place) => Some(place.min(self.len())),
            Travel::Event(seq) | Travel::Number(seq) => film.and_then(|film| film.until(seq)),
            Travel::Instant(at) => film.and_then(|film| film.until_time(at)),
            // Quick presses count from where one wants to stand, which may not be worked out yet.
            Travel::EventForward => Some((self.wanted + 1).min(self.len())),
            Travel::EventBack => Some(self.wanted.saturating_sub(1)),
            Travel::Forward => return self.step(true),
            Travel::Back => return self.step(false),
            Travel::Play | Travel::Speed(_) => return,
        };
        match place {
            Some(place) => {
                self.wanted = place;
                self.at_end = travel == Travel::End || place == self.len() && self.reading().is_none();
                match travel {
                    Travel::Start => self.reveal(Micros::default()),
                    Travel::EventForward | Travel::EventBack | Travel::Number(_) | Travel::Place(_) => {
                        let last = place.checked_sub(1).and_then(|last| self.model.journal.film()?.at(last));
                        if let Some((seq, at)) = last.map(|event| (event.seq, event.at)) {
                            self.reveal(at);
                            // What happened last is what the details tell of.
                            self.state.message = self.model.feed.index_of(seq).map(|row| (row, row));
                        }
                    }
                    // Of a row that had not happened yet nothing is told.
                    Travel::Instant(_) => self.state.message = None,
                    Travel::End => {
                        self.state.messages.jump_to_latest();
                        self.state.console.jump_to_latest();
                    }
                    _ => {}
                }
            }
            None => self.pending = Some(travel),
        }
    }

    /// To the row after or before the moment where one wants to stand; past the first, to the start.
    fn step(&mut self, forward: bool) {
        let Some(seq) = self.wanted_number() else { return };
        let (listing, feed) = (&self.state.listing, &self.model.feed);
        let next = listing.place_of(feed.index_after(seq));
        let last_of = |place: u64| listing.item(place).map(Item::last).and_then(|row| Some((row, feed.row(row)?)));
        let before = |place: u64| place.checked_sub(1).and_then(|before| Some((before, last_of(before)?)));
        let target = if forward {
            last_of(next).map(|row| (next, row))
        } else {
            let here = before(next);
            let stands_there = here.is_some_and(|(_, (_, row))| row.seq == seq);
            if stands_there { before(next - 1) } else { here }
        };
        match target {
            Some((place, (index, row))) => {
                let (seq, at) = (row.seq, row.at);
                self.go(Travel::Event(seq));
                self.reveal(at);
                self.state.message = Some((index, index));
                self.state.messages.reveal = Some(place);
            }
            None if forward => self.go(Travel::End),
            None => self.go(Travel::Start),
        }
    }

    /// The number of the last event up to where one wants to stand; that of the moment that is shown, until the other is known.
    fn wanted_number(&self) -> Option<u64> {
        let wanted = if self.shown == self.wanted { None } else { Some(self.wanted) };
        match wanted {
            Some(0) => Some(0),
            Some(place) => self.film()?.at(place - 1).map(|event| event.seq).or(Some(self.state.past?.seq)),
            None => Some(self.state.past?.seq),
        }
    }

    fn begin_to_play(&mut self, now: Micros) {
        let Some(cursor) = self.state.past else { return };
        let mut at = cursor.at;
        if self.shown == self.len() {
            self.wanted = 0;
            at = self.model.journal.film().and_then(|film| film.at(0)).map_or(at, |first| first.at);
        }
        (self.pending, self.at_end) = (None, false);
        self.playing = Some(Playing { since: now, at });
        self.state.messages.follow = false;
        self.state.console.follow = false;
    }

    /// Goes on with the time.
    pub(super) fn play(&mut self, now: Micros) {
        let Some(mut playing) = self.playing else { return };
        let len = self.len();
        match self.speed {
            Speed::Times(times) => {
                playing.advance(now, times);
                let film = self.model.journal.film();
                self.wanted = film.and_then(|film| film.until_time(playing.at)).unwrap_or(self.wanted);
            }
            // As far as one comes, and never slower than at the highest speed that is offered.
            Speed::Max => {
                playing.advance(now, 100.0);
                if !self.is_going() {
                    let until = self.model.journal.film().and_then(|film| film.until_time(playing.at));
                    self.wanted = (self.shown + RACED).max(until.unwrap_or_default()).min(len);
                    playing.at = playing.at.max(self.state.past.map_or(playing.at, |cursor| cursor.at));
                }
            }
        }
        self.playing = Some(playing);
        if self.shown == len && self.wanted == len && self.reading().is_none() {
            (self.playing, self.at_end) = (None, true);
        }
        self.reveal(playing.at);
    }

    /// Brings an instant into view in both panes.
    fn reveal(&mut self, at: Micros) {
        self.state.grant(Wish::ShowInstant(at), &self.model);
        self.state.mark = None;
    }
}
