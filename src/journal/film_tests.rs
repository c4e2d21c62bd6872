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
    let mut events = events.peekable();
    while let Some(event) = events.next() {
        let event = film.mend(event, events.peek().map(|next| (next.seq, next.at)));
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

/// Puts events in order and compares, as they are taken in and as they are read again.
fn check_order(lines: &[(u64, u64)], expected: &[(u64, u64)]) {
    let lines = || lines.iter().map(|(seq, at)| event(*seq, *at));
    let mut film = film(1 << 20, lines());
    let order =
        |film: &Film| (0..film.len()).filter_map(|place| film.at(place)).map(|one| (one.seq, one.at.0)).collect();
    let first: Vec<_> = order(&film);
    assert_eq!(first, expected, "as it is taken in");
    film.forget(0);
    assert_eq!(film.at(0), None);
    assert_eq!(film.wanted(), [(0, film.len())]);
    assert!(film.wanted().is_empty(), "it is asked for once");
    film.put((0, lines().collect()));
    let again: Vec<_> = order(&film);
    assert_eq!(again, expected, "as it is read again");
}

#[test]
fn what_is_out_of_order_moves_nothing_but_itself() {
    check_order(&[(1, 10), (2, 20), (3, 30)], &[(1, 10), (2, 20), (3, 30)]);
    // Two lines that are the wrong way round.
    check_order(&[(1, 10), (3, 30), (2, 20), (4, 40)], &[(1, 10), (2, 20), (3, 20), (4, 40)]);
    // A time and a number that stand out.
    check_order(&[(1, 10), (2, 99_999), (3, 30), (4, 40)], &[(1, 10), (2, 30), (3, 30), (4, 40)]);
    check_order(&[(1, 10), (2, u64::MAX), (3, 30)], &[(1, 10), (2, 30), (3, 30)]);
    check_order(&[(1, 10), (u64::MAX, 20), (3, 30), (4, 40)], &[(1, 10), (3, 20), (4, 30), (5, 40)]);
    check_order(&[(1, 10), (7, 20), (9, 0), (11, 40)], &[(1, 10), (7, 10), (9, 10), (11, 40)]);
    // Everything is wrong.
    check_order(&[(5, 50), (3, 40), (3, 60), (9, 10)], &[(3, 40), (4, 40), (5, 40), (9, 40)]);
    check_order(&[(u64::MAX, 9), (u64::MAX, 8)], &[(u64::MAX, 8), (u64::MAX, 8)]);
}

#[test]
fn what_cannot_be_read_again_is_not_asked_for_for_ever() {
    let mut film = film(1 << 20, (1..=10).map(|seq| event(seq, seq)));
    film.forget(0);
    assert!(film.get(3).is_none());
    assert_eq!(film.wanted(), [(0, 10)]);
    assert!(film.is_awaited(3));
    film.put((0, Vec::new()));
    assert!(film.get(3).is_none() && film.is_lost(2) && !film.waits() && !film.is_awaited(3));
    assert!(film.wanted().is_empty());
    assert_eq!((film.until(3), film.until_time(Micros(3))), (Some(0), Some(0)), "one goes to where it is still known");
}

#[test]
fn a_capture_of_large_messages_takes_no_more_memory_than_one_of_small_ones() {
    let budget = 40 << 20;
    let large = |seq| {
        let fact = Fact::BytesReceived { port: "p".into(), bytes: vec![0; 1 << 20].into() };
        Arc::new(Event { seq, at: Micros(seq), fact })
    };
    let mut film = film(budget, (1..=200).map(large));
    assert!(film.held() <= budget, "{} bytes are held", film.held());
    assert!(film.at(0).is_some() && film.at(199).is_some() && film.at(100).is_none());
    let [(from, count)] = film.wanted()[..] else { panic!("one piece is wanted") };
    assert!((from..from + count).contains(&100) && count < 10, "{from} {count}");
    film.put((from, (from + 1..=from + count).map(large).collect()));
    assert_eq!(film.at(100).map(|event| event.seq), Some(101));
    assert!(film.held() <= budget, "{} bytes are held", film.held());
}
