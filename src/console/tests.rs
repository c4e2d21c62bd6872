//! What the console promises, whatever the chunking.

use super::{Console, Direction, Job, LONGEST_LINE, Line, LineEnd, Origin, Shelf};
use crate::event::Micros;
use proptest::prelude::*;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    assert!(console.cost() <= 150_000, "{}", console.cost());
    for number in 0..10_000 {
        console.feed(Micros(number), b"\n", Direction::Received);
    }
    assert!(console.cost() <= 600_000, "{}", console.cost());
    assert_eq!(console.end_index(), (64 << 20) / LONGEST_LINE as u64 + 9_999);
    assert_eq!(console.first_index(), console.end_index() - console.len());
    assert!(console.line(0).is_none());
    assert_eq!(console.lines(0..u64::MAX).next().unwrap().0, console.first_index());
}

/// A shelf in memory that keeps so many of the latest bytes, or is broken.
#[derive(Debug)]
pub struct Board {
    pub bytes: Mutex<Vec<u8>>,
    keeps: usize,
    /// How many bytes fit.
    room: AtomicUsize,
}

impl Board {
    pub fn with(bytes: Vec<u8>) -> Arc<Self> {
        Arc::new(Self { bytes: Mutex::new(bytes), keeps: usize::MAX, room: AtomicUsize::new(usize::MAX) })
    }
}

impl Shelf for Board {
    fn put(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut held = self.bytes.lock().unwrap();
        if held.len() + bytes.len() > self.room.load(Ordering::Relaxed) {
            return Err(io::Error::other("no space left"));
        }
        held.extend_from_slice(bytes);
        Ok((held.len() - bytes.len()) as u64)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let held = self.bytes.lock().unwrap();
        let at = usize::try_from(at).unwrap();
        let bytes = held.get(at..at + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(bytes);
        Ok(())
    }

    fn oldest(&self) -> u64 {
        (self.bytes.lock().unwrap().len()).saturating_sub(self.keeps) as u64
    }
}

pub fn work(jobs: Vec<Job>) {
    for job in jobs {
        job();
    }
}

/// A line that may have to be read back first.
fn fetched(console: &mut Console, index: u64) -> Line {
    let _ = console.line(index);
    work(console.keep_up());
    console.line(index).unwrap()
}

#[test]
fn what_does_not_fit_the_memory_is_read_back_from_the_shelf_with_its_time_and_origin() {
    let board = Board::with(Vec::new());
    let mut console = Console::on_shelf(40_000, board.clone());
    for number in 0..20_000_u64 {
        let direction = if number % 10 == 0 { Direction::Sent } else { Direction::Received };
        console.feed(Micros(number * 1_000), format!("line {number}\r\n").as_bytes(), direction);
        if number % 100 == 0 {
            work(console.keep_up());
        }
    }
    work(console.keep_up());
    assert_eq!(console.len(), 20_000, "nothing is given up");
    assert!(console.cost() < 100_000 && board.bytes.lock().unwrap().len() > 200_000, "{}", console.cost());
    for number in [0, 1, 9_999, 10_000, 19_999] {
        let line = fetched(&mut console, number);
        assert_eq!((line.at, line.text().into_owned()), (Micros(number * 1_000), format!("line {number}")));
        assert_eq!(line.origin, if number % 10 == 0 { Origin::Sent } else { Origin::Received });
        assert_eq!(line.end, LineEnd::CrLf);
    }
    let _ = console.find_at(Micros(7_500_000));
    work(console.keep_up());
    assert_eq!(console.find_at(Micros(7_500_000)), Ok(7_500));
    assert_eq!(console.find_at(Micros(7_500_001)), Ok(7_501));
}

#[test]
fn a_shelf_that_is_full_is_told_once_and_the_console_goes_on() {
    let board = Arc::new(Board { bytes: Mutex::default(), keeps: 0, room: AtomicUsize::new(0) });
    let mut console = Console::on_shelf(40_000, board);
    let mut told = Vec::new();
    for number in 0..20_000_u64 {
        console.feed(Micros(number), format!("line {number}\n").as_bytes(), Direction::Received);
        work(console.keep_up());
        told.extend(console.take_trouble());
    }
    assert_eq!(told, ["no space left"]);
    assert!(console.cost() < 100_000, "{}", console.cost());
    assert_eq!(console.line(19_999).unwrap().text(), "line 19999");
}

#[test]
fn a_disk_that_fills_up_costs_the_lines_that_do_not_fit_and_none_of_those_it_has() {
    let board = Board::with(Vec::new());
    let mut console = Console::on_shelf(40_000, board.clone());
    let feed = |console: &mut Console, numbers: Range<u64>| {
        for number in numbers {
            console.feed(Micros(number), format!("line {number}\n").as_bytes(), Direction::Received);
            work(console.keep_up());
            let _ = console.take_trouble();
        }
    };
    feed(&mut console, 0..20_000);
    let full = board.bytes.lock().unwrap().len();
    board.room.store(full, Ordering::Relaxed);
    feed(&mut console, 20_000..40_000);
    assert!(console.cost() < 200_000, "{}", console.cost());
    assert_eq!((console.first_index(), console.len()), (0, 40_000));
    for number in [0, 9_999, 39_999] {
        assert_eq!(fetched(&mut console, number).text(), format!("line {number}"));
    }
    let lost = (0..40_000).filter(|number| console.is_lost(*number)).count();
    assert!((15_000..23_000).contains(&lost), "{lost}");
    assert!(console.is_lost(25_000) && console.line(25_000).is_none() && console.find_at(Micros(25_000)).is_ok());
    assert!(console.keep_up().is_empty(), "nobody looks for what is lost");
    board.room.store(usize::MAX, Ordering::Relaxed);
    feed(&mut console, 40_000..100_000);
    assert!(board.bytes.lock().unwrap().len() > full, "there is room again");
    assert_eq!(fetched(&mut console, 70_000).text(), "line 70000");
}

#[test]
fn a_screen_of_lines_from_fifty_pages_stays_at_hand() {
    let mut console = Console::on_shelf(40_000, Board::with(Vec::new()));
    for number in 0..60_000_u64 {
        console.feed(Micros(number), format!("line {number}\n").as_bytes(), Direction::Received);
        work(console.keep_up());
    }
    let looked_at = || (0..50).map(|row| row * 1_000);
    for number in looked_at() {
        let _ = console.line(number);
    }
    work(console.keep_up());
    assert!(looked_at().all(|number| console.line(number).is_some()));
    assert!(console.keep_up().is_empty(), "all were fetched at once");
}

#[test]
fn a_slow_disk_is_not_asked_twice_at_once() {
    let mut console = Console::on_shelf(40_000, Board::with(Vec::new()));
    for number in 0..20_000_u64 {
        console.feed(Micros(number), format!("line {number}\n").as_bytes(), Direction::Received);
        work(console.keep_up());
    }
    let _ = console.line(0);
    let first = console.keep_up();
    let _ = console.line(5_000);
    assert_eq!((first.len(), console.keep_up().len()), (1, 0));
    work(first);
    let _ = console.line(5_000);
    work(console.keep_up());
    assert!(console.line(0).is_some() && console.line(5_000).is_some());
}

#[test]
fn lines_that_the_shelf_gave_up_are_gone_and_the_others_keep_their_numbers() {
    let board = Arc::new(Board { bytes: Mutex::default(), keeps: 100_000, room: AtomicUsize::new(usize::MAX) });
    let mut console = Console::on_shelf(40_000, board);
    for number in 0..30_000_u64 {
        console.feed(Micros(number), format!("line {number}\n").as_bytes(), Direction::Received);
        if number % 50 == 0 {
            work(console.keep_up());
        }
    }
    work(console.keep_up());
    let first = console.first_index();
    assert!((10_000..28_000).contains(&first), "{first}");
    assert_eq!(fetched(&mut console, first).text(), format!("line {first}"));
}

#[test]
fn a_file_has_the_lines_that_a_port_would_have_given() {
    let mut bytes = Vec::new();
    for number in 0..30_000 {
        bytes.extend_from_slice(format!("line {number}\r\n").as_bytes());
    }
    bytes.extend_from_slice(&vec![b'x'; 1 << 20]);
    bytes.extend_from_slice(b"\rend");
    let live = fed(&[&bytes]);
    let (mut file, index) = Console::of_file(Board::with(bytes.clone()), bytes.len() as u64);
    work(file.keep_up());
    index();
    work(file.keep_up());
    assert_eq!(file.len(), live.len());
    assert!(file.log().indexing().is_none() && file.cost() < 100_000);
    for number in (0..live.len()).step_by(997).chain([live.len() - 1]) {
        let (one, other) = (fetched(&mut file, number), live.line(number).unwrap());
        assert_eq!((one.raw, one.end), (other.raw, other.end), "line {number}");
    }
}

#[test]
fn a_crash_is_noticed_when_its_line_is_whole() {
    let mut console = Console::new(PLENTY);
    console.feed(Micros(1), b"boot\r\nGuru Medit", Direction::Received);
    assert!(console.take_crashes().is_empty());
    console.feed(Micros(2), b"ation Error: Core 0\r\n", Direction::Received);
    console.feed(Micros(3), b"panic now\r\n", Direction::Sent);
    let crashes = console.take_crashes();
    assert_eq!(crashes.len(), 1);
    assert_eq!(
        (crashes[0].line, crashes[0].at, crashes[0].text.as_str()),
        (1, Micros(1), "Guru Meditation Error: Core 0")
    );
}

#[test]
fn a_prompt_that_never_ends_does_not_hold_back_the_log() {
    let mut console = fed(&[b"lamp> "]);
    for number in 0..1_000 {
        console.feed(Micros(number), b"x\n", Direction::Sent);
    }
    assert_eq!(console.len(), 1_001);
    assert!(console.open.len() < 2, "{}", console.open.len());
    console.feed(Micros(9_000), b"hello", Direction::Received);
    assert_eq!(console.line(1_001).unwrap().text(), "hello");
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
        let lines = |console: &Console| console.lines(0..u64::MAX).map(|(_, line)| line).collect::<Vec<_>>();
        prop_assert_eq!(lines(&whole), lines(&chunked));
        prop_assert_eq!(texts(&whole), texts(&chunked));
        prop_assert_eq!(whole.first_index(), chunked.first_index());
    }

    /// A device and its operator talk at once: each one's lines are the same however its bytes are cut.
    #[test]
    fn two_directions_in_any_chunking_give_the_same_lines(
        turns in prop::collection::vec((any::<bool>(), console_bytes()), 0..8),
        size in 1usize..6,
    ) {
        let (mut whole, mut chunked) = (Console::new(PLENTY), Console::new(PLENTY));
        for (at, (received, bytes)) in (0..).zip(&turns) {
            let direction = if *received { Direction::Received } else { Direction::Sent };
            whole.feed(Micros(at), bytes, direction);
            for chunk in bytes.chunks(size) {
                chunked.feed(Micros(at), chunk, direction);
            }
        }
        let lines = |console: &Console| console.lines(0..u64::MAX).collect::<Vec<_>>();
        prop_assert_eq!(lines(&whole), lines(&chunked));
    }

    #[test]
    fn a_file_is_cut_into_the_same_lines(bytes in console_bytes()) {
        let (mut file, index) = Console::of_file(Board::with(bytes.clone()), bytes.len() as u64);
        index();
        work(file.keep_up());
        let _ = file.line(0);
        work(file.keep_up());
        let lines = |console: &Console| {
            console.lines(0..u64::MAX).map(|(_, line)| (line.raw, line.end)).collect::<Vec<_>>()
        };
        prop_assert_eq!(lines(&file), lines(&fed(&[&bytes])));
    }

    #[test]
    fn no_byte_is_lost(bytes in console_bytes()) {
        let console = fed(&[&bytes]);
        let again: Vec<u8> =
            console.lines(0..u64::MAX).flat_map(|(_, line)| [line.raw.as_slice(), line.end.bytes()].concat()).collect();
        prop_assert_eq!(again, bytes);
    }
}
