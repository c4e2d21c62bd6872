//! Hits in a whole log, while it grows and while its head is given up.

use super::{Query, Seek};
use crate::console::tests::{Board, work};
use crate::console::{Console, Direction};
use crate::event::Micros;

fn wanted(text: &str) -> Query {
    Query { text: text.into(), case: true, ..Query::default() }
}

fn settle(seek: &mut Seek, console: &mut Console) {
    for _ in 0..3 {
        work(seek.keep_up(console));
        work(console.keep_up());
    }
}

fn feed(console: &mut Console, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let word = if number % 7 == 0 { "seven" } else { "other" };
        console.feed(Micros(number), format!("{word} {number}\n").as_bytes(), Direction::Received);
    }
}

fn lines(seek: &Seek) -> Vec<u64> {
    seek.range().map(|number| seek.line(number).unwrap()).collect()
}

#[test]
fn every_hit_of_a_growing_log_is_found_once_and_in_order() {
    let mut console = Console::on_shelf(40_000, Board::with(Vec::new()));
    feed(&mut console, 0..5_000);
    let mut seek = Seek::new(wanted("seven"));
    settle(&mut seek, &mut console);
    for from in (5_000..20_000).step_by(50) {
        feed(&mut console, from..from + 50);
        work(seek.keep_up(&console));
        work(console.keep_up());
    }
    settle(&mut seek, &mut console);
    assert!(!seek.is_searching());
    let expected: Vec<u64> = (0..20_000).filter(|number| number % 7 == 0).collect();
    assert_eq!(lines(&seek), expected);
    assert_eq!(seek.len(), expected.len() as u64);
    for line in [0, 1, 6_999, 7_000, 7_001, 19_999] {
        assert_eq!(seek.number_at(line), expected.partition_point(|hit| *hit < line) as u64, "{line}");
    }
    let density = seek.density(0..20_000, 100);
    assert_eq!(density.iter().sum::<u64>(), expected.len() as u64);
    assert!(density.iter().all(|hits| (28..=29).contains(hits)), "{density:?}");
}

#[test]
fn a_prompt_that_waits_is_found_before_its_line_ends() {
    let mut console = Console::new(1 << 20);
    feed(&mut console, 0..10);
    console.feed(Micros(10), b"seven> ", Direction::Received);
    console.feed(Micros(11), b"help seven\r\n", Direction::Sent);
    let mut seek = Seek::new(wanted("seven"));
    settle(&mut seek, &mut console);
    assert_eq!(lines(&seek), [0, 7, 10, 11]);
    assert_eq!([9, 10, 11, 12].map(|line| seek.number_at(line)), [2, 2, 3, 4]);
    assert_eq!((seek.next(Some(10), false), seek.next(Some(0), true)), (Some(11), Some(11)));
    console.feed(Micros(12), b"x\r\n", Direction::Received);
    settle(&mut seek, &mut console);
    assert_eq!(lines(&seek), [0, 7, 10, 11]);
}

#[test]
fn next_and_previous_go_round_the_end() {
    let mut console = Console::new(1 << 20);
    feed(&mut console, 0..20);
    let mut seek = Seek::new(wanted("seven"));
    settle(&mut seek, &mut console);
    assert_eq!(lines(&seek), [0, 7, 14]);
    for (from, forth, back) in [(0, 7, 14), (7, 14, 0), (8, 14, 7), (14, 0, 7), (19, 0, 14)] {
        assert_eq!(seek.next(Some(from), false), Some(forth), "from {from}");
        assert_eq!(seek.next(Some(from), true), Some(back), "from {from}");
    }
    assert_eq!((seek.next(None, false), seek.next(None, true)), (Some(0), Some(14)));
    let mut none = Seek::new(wanted("eight"));
    settle(&mut none, &mut console);
    assert_eq!(none.next(Some(3), false), None);
}

#[test]
fn hits_keep_their_numbers_when_the_oldest_lines_are_given_up() {
    let mut console = Console::new(100_000);
    let mut seek = Seek::new(wanted("seven"));
    for from in (0..40_000).step_by(100) {
        feed(&mut console, from..from + 100);
        settle(&mut seek, &mut console);
    }
    let range = seek.range();
    assert!(range.start > 1_000 && console.first_index() > 7_000, "{range:?}");
    for number in range {
        assert_eq!(seek.line(number), Some(number * 7));
    }
}
