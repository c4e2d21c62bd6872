//! A capture of any length is looked at in a bounded memory, and whatever is wrong with its order.

use super::Film;
use crate::event::{Event, Fact, Micros};
use std::sync::Arc;

fn event(seq: u64, at: u64) -> Arc<Event> {
    let fact = Fact::BytesReceived { port: "p".into(), bytes: vec![0; 900].into() };
    Arc::new(Event { seq, at: Micros(at), fact })
}

fn film(budget: usize, events: impl Iterator<Item = Arc<Event>>) -> Film {
    let mut film = Film::new(budget);
    for event in events {
        let event = film.mend(event);
        film.push(event);
    }
    film
}

#[test]
fn a_capture_larger_than_the_memory_keeps_its_first_rows_and_brings_any_other_back_on_demand() {
    let budget = 40 << 20;
    let all = || (1..=100_000).map(|seq| event(seq, seq * 10));
    let mut film = film(budget, all());
    assert_eq!(film.len(), 100_000);
    assert!(film.held() <= budget, "{} bytes are held", film.held());
    assert!(film.get(1).is_some() && film.at(0).is_some(), "the first row");
    assert!(film.get(100_000).is_some(), "the last row");
    assert!(film.wanted().is_empty());
    let mut cold = 0;
    for place in (0..100_000).step_by(4_096) {
        cold += u64::from(film.at(place).is_none());
        for (from, count) in film.wanted() {
            let page = all().skip(usize::try_from(from).unwrap()).take(usize::try_from(count).unwrap());
            film.put((from, page.collect()));
        }
        assert_eq!(film.at(place).map(|event| event.seq), Some(place + 1));
        assert!(film.held() <= budget, "{} bytes are held", film.held());
    }
    assert!(cold > 5 && film.at(0).is_some(), "{cold} pages were read again, and the first row is still there");
}

#[test]
fn an_instant_and_a_number_are_found_between_events() {
    let film = film(1 << 30, (1..=10_000).map(|number| event(number * 2, number * 10)));
    for (at, until) in [(0, 0), (9, 0), (10, 1), (19, 1), (50_005, 5_000), (100_000, 10_000), (u64::MAX, 10_000)] {
        assert_eq!(film.until_time(Micros(at)), Some(until), "at {at}");
    }
    for (seq, until) in [(0, 0), (1, 0), (2, 1), (3, 1), (9_999, 4_999), (20_000, 10_000)] {
        assert_eq!(film.until(seq), Some(until), "number {seq}");
    }
    assert!(film.get(3).is_none() && film.get(4).is_some());
    assert_eq!(Film::new(1).until(7), Some(0));
}

#[test]
fn events_that_go_back_are_put_behind_those_before_them_the_same_each_time_they_are_read() {
    let lines = || [(5, 50), (3, 40), (3, 60), (9, 10)].into_iter().map(|(seq, at)| event(seq, at));
    let mut film = film(1 << 20, lines());
    let order = |film: &Film| (0..4).map(|place| film.at(place).map(|one| (one.seq, one.at.0))).collect::<Vec<_>>();
    let expected = vec![Some((5, 50)), Some((6, 50)), Some((7, 60)), Some((9, 60))];
    assert_eq!(order(&film), expected);
    film.forget(0);
    assert_eq!(film.at(0), None);
    assert_eq!(film.wanted(), [(0, 4)]);
    assert!(film.wanted().is_empty(), "it is asked for once");
    film.put((0, lines().collect()));
    assert_eq!(order(&film), expected);
}

#[test]
fn what_cannot_be_read_again_is_not_asked_for_for_ever() {
    let mut film = film(1 << 20, (1..=10).map(|seq| event(seq, seq)));
    film.forget(0);
    assert!(film.get(3).is_none());
    assert_eq!(film.wanted(), [(0, 10)]);
    film.put((0, Vec::new()));
    assert!(film.get(3).is_none() && film.is_lost(2) && !film.waits());
    assert!(film.wanted().is_empty());
}
