//! Any moment of a capture is what the bench was after the events so far, however one came there.

use super::{Moments, Opening, Past, Speed, Travel};
use crate::capture::Capture;
use crate::event::{Event, Fact, Micros};
use crate::journal::{Journal, Page, Reading, Reel};
use crate::ui::moment::Moment;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A capture in memory, handed over a portion at a time.
pub struct Tape {
    events: Vec<Arc<Event>>,
    next: Cell<usize>,
    portion: usize,
    again: RefCell<Vec<Page>>,
}

impl Tape {
    /// These events, so many at a time.
    #[must_use]
    pub fn of(events: Vec<Arc<Event>>, portion: usize) -> Box<Self> {
        Box::new(Self { events, next: Cell::new(0), portion, again: RefCell::default() })
    }
}

impl Reel for Tape {
    fn read(&self, at_most: usize) -> Reading {
        let from = self.next.get();
        let to = (from + self.portion.min(at_most)).min(self.events.len());
        self.next.set(to);
        let (events, over) = (self.events[from..to].to_vec(), to == self.events.len());
        Reading { events, over, again: self.again.take(), part: 1.0, ..Reading::default() }
    }

    fn ask(&self, place: u64, count: u64) {
        let (from, count) = (usize::try_from(place).unwrap(), usize::try_from(count).unwrap());
        self.again.borrow_mut().push((place, self.events[from..from + count].to_vec()));
    }
}

fn captures() -> Vec<Capture> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    files.filter_map(|path| Capture::parse(&std::fs::read(path).unwrap()).ok()).collect()
}

fn events(capture: &Capture) -> Vec<Arc<Event>> {
    capture.events.iter().cloned().map(Arc::new).collect()
}

/// Opens events and reads all of them.
fn open(started_unix_ms: u64, events: Vec<Arc<Event>>, every: u64) -> Past {
    let reel = Tape::of(events, 100);
    let opening = Opening { path: "a.jsonl".into(), name: "a".into(), started_unix_ms, reel };
    let mut past = Past::new(opening, None, 0);
    past.moments = Moments::every(Moment::first(started_unix_ms), every);
    settle(&mut past);
    past
}

/// Draws frames until nothing happens by itself.
fn settle(past: &mut Past) {
    for _ in 0..10_000 {
        past.keep_up(&|| Micros(0));
        if !past.is_busy() {
            return;
        }
    }
    panic!("it never settles");
}

fn check(past: &Past, events: &[Arc<Event>], place: usize) {
    let mut expected = Moment::first(past.model.bench.started_unix_ms());
    events[..place].iter().for_each(|event| expected.apply(event));
    assert_eq!(past.position(), place as u64);
    assert!(*past.model.shown() == expected.bench, "the bench after {place} events");
    for case in expected.bench.cases() {
        let upgrade = case.order.upgrade;
        assert_eq!(past.model.said(upgrade), expected.said.of(upgrade), "after {place} events");
    }
}

#[test]
fn the_bench_at_any_moment_is_the_fold_of_the_events_so_far_however_one_came_there() {
    for capture in captures() {
        let events = events(&capture);
        for every in [1, 7, 64, 100_000] {
            let mut past = open(capture.header.started_unix_ms, events.clone(), every);
            check(&past, &events, events.len());
            // Back and forth, near and far; 97 meets every place of some hundred events once.
            for step in 0..=events.len() {
                let place = (step * 97) % (events.len() + 1);
                let seq = place.checked_sub(1).map_or(0, |last| events[last].seq);
                past.travel(Travel::Event(seq), Micros(0));
                settle(&mut past);
                check(&past, &events, place);
            }
            past.travel(Travel::Start, Micros(0));
            settle(&mut past);
            check(&past, &events, 0);
            past.travel(Travel::End, Micros(0));
            settle(&mut past);
            check(&past, &events, events.len());
        }
    }
}

#[test]
fn an_instant_leads_behind_all_events_up_to_it() {
    for capture in captures() {
        let events = events(&capture);
        let mut past = open(capture.header.started_unix_ms, events.clone(), 32);
        let times = events.iter().map(|event| event.at).chain([Micros(0), Micros(u64::MAX)]);
        for at in times.flat_map(|at| [at, at - Micros(u64::from(at.0 > 0)), at + Micros(1)]) {
            past.travel(Travel::Instant(at), Micros(0));
            settle(&mut past);
            check(&past, &events, events.iter().filter(|event| event.at <= at).count());
            // Between two events one stands where one asked to, not at the one before.
            assert_eq!(past.state.past.map(|cursor| cursor.at), Some(at.min(past.end())));
        }
    }
}

#[test]
fn steps_meet_every_row_that_is_listed_once_and_lead_back_the_same_way() {
    for capture in captures() {
        let mut past = open(capture.header.started_unix_ms, events(&capture), 32);
        past.list();
        past.travel(Travel::Start, Micros(0));
        settle(&mut past);
        let mut met = vec![past.position()];
        while past.position() < past.len() {
            past.travel(Travel::Forward, Micros(0));
            settle(&mut past);
            assert!(past.position() > met[met.len() - 1], "a step forward goes forward");
            met.push(past.position());
        }
        let rows = past.state.listing.range();
        assert!(met.len() as u64 > rows.end - rows.start, "{} rows, {} steps", rows.end - rows.start, met.len());
        for expected in met.iter().rev().skip(1) {
            past.travel(Travel::Back, Micros(0));
            settle(&mut past);
            assert_eq!(past.position(), *expected, "a step back leads to where one came from");
        }
        past.travel(Travel::Back, Micros(0));
        assert_eq!(past.position(), 0);
        // Quick presses count from where the ones before lead.
        for (pressed, expected) in met.iter().enumerate() {
            past.travel(Travel::Start, Micros(0));
            settle(&mut past);
            (0..pressed).for_each(|_| past.travel(Travel::Forward, Micros(0)));
            settle(&mut past);
            assert_eq!(past.position(), *expected, "{pressed} steps before a frame was drawn");
        }
    }
}

/// A part of a session keeps its events' numbers: they are what a colleague, a report and a replay speak of.
#[test]
fn a_typed_number_is_that_of_the_session_the_part_was_taken_from() {
    let capture = captures().swap_remove(0);
    let events: Vec<_> = events(&capture).into_iter().filter(|event| event.seq.is_multiple_of(3)).collect();
    let mut past = open(capture.header.started_unix_ms, events.clone(), 32);
    assert_eq!((past.last_number(), past.len()), (events[events.len() - 1].seq, events.len() as u64));
    for (typed, place) in [(3, 1), (4, 1), (6, 2), (2, 0), (0, 0)] {
        past.travel(Travel::Number(typed), Micros(0));
        settle(&mut past);
        assert_eq!(past.position(), place, "event {typed}");
    }
}

#[test]
fn playing_shows_at_every_instant_what_had_happened_by_then() {
    for (speed, factor) in [(Speed::Times(1.0), 1.0), (Speed::Times(10.0), 10.0), (Speed::Times(0.1), 0.1)] {
        let capture = captures().remove(0);
        let events = events(&capture);
        let mut past = open(capture.header.started_unix_ms, events.clone(), 32);
        past.travel(Travel::Speed(speed), Micros(0));
        past.travel(Travel::Play, Micros::from_secs(100));
        let first = events[0].at;
        for frame in 0..50_u32 {
            let after = f64::from(frame) * 40_000.0;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "two seconds")]
            let (now, at) = (Micros::from_secs(100) + Micros(after as u64), first + Micros((after * factor) as u64));
            past.keep_up(&|| now);
            let by_then = events.iter().filter(|event| event.at <= at).count();
            let shown = usize::try_from(past.position()).unwrap();
            // The clock is cut to microseconds in every frame.
            let close = events.iter().filter(|event| event.at.0 <= at.0 + 100 && event.at.0 + 100 >= at.0).count();
            assert!(shown.abs_diff(by_then) <= close, "{shown} events instead of {by_then} at {at}");
            check(&past, &events, shown);
            if !past.is_playing() {
                break;
            }
        }
    }
}

#[test]
fn playing_ends_at_the_end_and_begins_anew_from_there() {
    let capture = captures().remove(0);
    let mut past = open(capture.header.started_unix_ms, events(&capture), 32);
    past.travel(Travel::Speed(Speed::Max), Micros(0));
    past.travel(Travel::Play, Micros(0));
    assert!(past.is_playing());
    settle(&mut past);
    assert_eq!((past.is_playing(), past.position()), (false, past.len()));
    past.travel(Travel::Speed(Speed::Times(0.1)), Micros(0));
    past.travel(Travel::Play, Micros(0));
    past.keep_up(&|| Micros(0));
    assert!(past.is_playing() && past.position() < past.len());
    past.travel(Travel::Play, Micros(0));
    assert!(!past.is_playing() && past.position() < past.len(), "a pause stays where it is");
}

#[test]
fn a_capture_larger_than_the_memory_is_read_again_where_one_goes() {
    let print = |seq: u64| {
        let fact = match seq % 3 {
            0 => Fact::PortOpened { port: "p".into(), settings: format!("{seq} 8N1").into() },
            _ => Fact::BytesReceived { port: "p".into(), bytes: vec![b'x'; 2_000].into() },
        };
        Arc::new(Event { seq, at: Micros(seq * 1_000), fact })
    };
    let events: Vec<_> = (1..=30_000).map(print).collect();
    let opening =
        Opening { path: "a".into(), name: "a".into(), started_unix_ms: 0, reel: Tape::of(events.clone(), 1_000) };
    let mut past = Past::new(opening, None, 0);
    past.model.journal = Journal::of_capture(24 << 20);
    settle(&mut past);
    for place in [0, 1, 29_999, 12_345, 12_346, 25_000, 5_000, 30_000] {
        past.travel(Travel::Event(place as u64), Micros(0));
        settle(&mut past);
        check(&past, &events, place);
        assert!(past.model.journal.film().unwrap().held() <= 30 << 20);
    }
}

#[test]
fn rows_are_there_while_the_rest_is_still_read_and_one_stays_where_one_went() {
    let capture = captures().remove(0);
    let events = events(&capture);
    let reel = Tape::of(events.clone(), 50);
    let opening = Opening { path: "a".into(), name: "a".into(), started_unix_ms: 0, reel };
    let mut past = Past::new(opening, None, 0);
    past.keep_up(&|| Micros(0));
    // The last one that was read waits for what comes after it.
    assert!(past.len() == 49 && past.reading().is_some() && past.position() == 49);
    past.travel(Travel::Event(events[9].seq), Micros(0));
    settle(&mut past);
    assert_eq!((past.len(), past.position()), (events.len() as u64, 10));
}

#[test]
fn every_single_event_can_be_stepped_to_whatever_the_list_shows_of_it() {
    let capture = captures().remove(0);
    let events = events(&capture);
    let mut past = open(capture.header.started_unix_ms, events.clone(), 32);
    past.travel(Travel::Place(7), Micros(0));
    for (travel, expected) in [(Travel::EventForward, 8), (Travel::EventForward, 9), (Travel::EventBack, 8)] {
        settle(&mut past);
        past.travel(travel, Micros(0));
        settle(&mut past);
        check(&past, &events, expected);
        let told = past.state.message.and_then(|(row, _)| past.model.feed.row(row)).map(|row| row.seq);
        let last = past.model.feed.index_of(events[expected - 1].seq).and_then(|row| past.model.feed.row(row));
        assert_eq!(told, last.map(|row| row.seq), "the details are of what happened last");
    }
    past.travel(Travel::Instant(Micros(1)), Micros(0));
    assert!(past.state.message.is_none(), "nothing is told of what had not happened yet");
    for (from, travel, expected) in [(0, Travel::EventBack, 0), (events.len(), Travel::EventForward, events.len())] {
        past.travel(Travel::Place(from as u64), Micros(0));
        settle(&mut past);
        past.travel(travel, Micros(0));
        settle(&mut past);
        check(&past, &events, expected);
    }
}

/// Otherwise two quick presses in a long capture go one event.
#[test]
fn presses_count_while_the_moment_before_is_still_worked_out() {
    let capture = captures().remove(0);
    let events = events(&capture);
    let mut past = open(capture.header.started_unix_ms, events.clone(), 32);
    past.travel(Travel::Place(7), Micros(0));
    settle(&mut past);
    for (travel, expected) in [(Travel::EventForward, 10), (Travel::EventBack, 7)] {
        (0..3).for_each(|_| past.travel(travel, Micros(0)));
        settle(&mut past);
        check(&past, &events, expected);
    }
}

#[test]
fn as_fast_as_possible_is_never_slower_than_the_fastest_speed_with_a_number() {
    // A second of the window shows a hundred of the capture, however many events those have.
    let print = |seq: u64| {
        let fact = Fact::PortOpened { port: "p".into(), settings: "8N1".into() };
        Arc::new(Event { seq, at: Micros(seq * 20), fact })
    };
    let mut past = open(0, (1..=100_000).map(print).collect(), 512);
    past.travel(Travel::Speed(Speed::Max), Micros(0));
    past.travel(Travel::Play, Micros(0));
    past.keep_up(&|| Micros::from_millis(10));
    past.keep_up(&|| Micros::from_millis(10));
    assert!(past.position() >= 50_000, "{} of 100,000 events in the second that a hundredth plays", past.position());
}

#[test]
fn what_is_out_of_order_in_a_file_moves_alone_and_the_rest_keeps_its_place() {
    let capture = captures().remove(0);
    let mut events = events(&capture);
    events.swap(20, 21);
    let past = open(capture.header.started_unix_ms, events.clone(), 32);
    let film = past.film().unwrap();
    let moved = (0..).zip(&events).filter(|(place, event)| film.at(*place) != Some(event));
    assert_eq!(moved.map(|(place, _)| place).collect::<Vec<_>>(), [20, 21]);
    assert_eq!(past.end(), events[events.len() - 1].at);
}

/// A reel whose file is gone.
struct Gone(Box<Tape>);

impl Reel for Gone {
    fn read(&self, at_most: usize) -> Reading {
        self.0.read(at_most)
    }

    fn ask(&self, place: u64, _: u64) {
        self.0.again.borrow_mut().push((place, Vec::new()));
    }
}

#[test]
fn where_a_capture_cannot_be_read_any_more_one_stands_still_instead_of_waiting_for_ever() {
    let print = |seq: u64| {
        let fact = Fact::BytesReceived { port: "p".into(), bytes: vec![b'x'; 2_000].into() };
        Arc::new(Event { seq, at: Micros(seq * 1_000), fact })
    };
    let events: Vec<_> = (1..=30_000).map(print).collect();
    let reel = Box::new(Gone(Tape::of(events, 1_000)));
    let mut past = Past::new(Opening { path: "a".into(), name: "a".into(), started_unix_ms: 0, reel }, None, 0);
    past.model.journal = Journal::of_capture(24 << 20);
    settle(&mut past);
    for travel in [Travel::Event(15_000), Travel::Instant(Micros(15_000_000)), Travel::EventForward, Travel::Back] {
        past.travel(travel, Micros(0));
        settle(&mut past);
        assert!(!past.is_going());
    }
}
