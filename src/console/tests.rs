//! What the console promises, whatever the chunking.

use super::{Console, Direction, LONGEST_LINE, LineEnd, Origin};
use crate::event::Micros;
use proptest::prelude::*;

const PLENTY: usize = 1 << 30;

fn fed(chunks: &[&[u8]]) -> Console {
    let mut console = Console::new(PLENTY);
    for (at, chunk) in (0..).zip(chunks) {
        console.feed(Micros(at), chunk, Direction::Received);
    }
    console
}

fn texts(console: &Console) -> Vec<String> {
    console.lines(0..u64::MAX).map(|(_, line)| line.text().into_owned()).collect()
}

fn check(chunks: &[&[u8]], expected: &[&str]) {
    assert_eq!(texts(&fed(chunks)), expected, "{chunks:?}");
}

#[test]
fn every_line_end_ends_one_line() {
    check(&[b"a\nb\r\nc\rd"], &["a", "b", "c", "d"]);
    check(&[b"\n\n\r\n\r\r"], &["", "", "", "", ""]);
    check(&[b""], &[]);
}

#[test]
fn a_carriage_return_and_its_line_feed_in_two_chunks_make_no_empty_line() {
    check(&[b"a\r", b"\nb"], &["a", "b"]);
    assert_eq!(fed(&[b"a\r", b"\n"]).line(0).unwrap().end, LineEnd::CrLf);
}

#[test]
fn a_prompt_shows_before_its_newline_arrives() {
    let mut console = fed(&[b"boot\r\nlamp> "]);
    assert_eq!(texts(&console), ["boot", "lamp> "]);
    console.feed(Micros(9), b"help\r\n", Direction::Received);
    assert_eq!(texts(&console), ["boot", "lamp> help"]);
}

#[test]
fn a_line_has_the_time_of_its_first_byte() {
    let console = fed(&[b"a", b"b\n", b"c"]);
    let times: Vec<_> = console.lines(0..9).map(|(_, line)| line.at.0).collect();
    assert_eq!(times, [0, 2]);
}

#[test]
fn what_we_send_does_not_break_the_device_s_line() {
    let mut console = fed(&[b"lamp> "]);
    console.feed(Micros(1), b"help\r\n", Direction::Sent);
    console.feed(Micros(2), b"help\r\ncommands:\r\n", Direction::Received);
    assert_eq!(texts(&console), ["lamp> help", "help", "commands:"]);
    let origins: Vec<_> = console.lines(0..9).map(|(_, line)| line.origin).collect();
    assert_eq!(origins, [Origin::Received, Origin::Sent, Origin::Received]);
}

#[test]
fn after_a_note_the_device_begins_a_new_line() {
    let mut console = fed(&[b"half", b" a line\r"]);
    console.note(Micros(5), "port closed");
    console.feed(Micros(6), b"\nboot", Direction::Received);
    assert_eq!(texts(&console), ["half a line", "port closed", "", "boot"]);
    assert_eq!(console.line(1).unwrap().origin, Origin::Note);
}

#[test]
fn a_line_without_end_is_shown_in_pieces_and_nothing_is_lost() {
    let bytes = vec![b'x'; LONGEST_LINE * 3 + 5];
    let console = fed(&[&bytes]);
    let lengths: Vec<_> = console.lines(0..9).map(|(_, line)| line.raw.len()).collect();
    assert_eq!(lengths, [LONGEST_LINE, LONGEST_LINE, LONGEST_LINE, 5]);
    let exact = fed(&[&bytes[..LONGEST_LINE], b"\n"]);
    assert_eq!(exact.len(), 1, "a line that just fits is one line");
}

#[test]
fn a_long_line_is_not_cut_inside_a_character() {
    let text = "温".repeat(LONGEST_LINE);
    let console = fed(&[text.as_bytes()]);
    assert_eq!(texts(&console).concat(), text);
}

#[test]
fn a_flood_stays_within_its_budget_and_keeps_the_line_numbers() {
    let mut console = Console::new(100_000);
    for _ in 0..64 {
        console.feed(Micros(0), &vec![b'z'; 1 << 20], Direction::Received);
    }
    assert!(console.cost() <= 100_000, "{}", console.cost());
    for number in 0..10_000 {
        console.feed(Micros(number), b"\n", Direction::Received);
    }
    assert!(console.cost() <= 100_000, "{}", console.cost());
    assert_eq!(console.end_index(), (64 << 20) / LONGEST_LINE as u64 + 9_999);
    assert_eq!(console.first_index(), console.end_index() - console.len() as u64);
    assert!(console.line(0).is_none());
    assert_eq!(console.lines(0..u64::MAX).next().unwrap().0, console.first_index());
}

#[test]
fn the_line_at_a_moment_is_found() {
    let mut console = Console::new(PLENTY);
    for at in [10, 20, 20, 15, 30] {
        console.feed(Micros(at), b"x\n", Direction::Received);
    }
    let found: Vec<_> = [0, 10, 11, 20, 21, 31].map(|at| console.index_at(Micros(at))).to_vec();
    assert_eq!(found, [0, 0, 1, 1, 4, 5]);
}

/// Bytes as consoles have them: mostly line ends, escapes and text, some of it broken.
fn console_bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\r".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\x1b[0;31m".to_vec()),
        Just("温".as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..8),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_lines(
        bytes in console_bytes(),
        sizes in prop::collection::vec(1usize..6, 1..60),
        budget in prop_oneof![Just(PLENTY), Just(500usize)],
    ) {
        let mut whole = Console::new(budget);
        whole.feed(Micros(0), &bytes, Direction::Received);
        let mut chunked = Console::new(budget);
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            let (chunk, after) = rest.split_at((*size).min(rest.len()));
            chunked.feed(Micros(0), chunk, Direction::Received);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(&whole.lines, &chunked.lines);
        prop_assert_eq!(texts(&whole), texts(&chunked));
        prop_assert_eq!(whole.first_index(), chunked.first_index());
    }

    #[test]
    fn no_byte_is_lost(bytes in console_bytes()) {
        let console = fed(&[&bytes]);
        let again: Vec<u8> =
            console.lines(0..u64::MAX).flat_map(|(_, line)| [line.raw.as_slice(), line.end.bytes()].concat()).collect();
        prop_assert_eq!(again, bytes);
    }
}
