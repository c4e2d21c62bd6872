//! What a reader makes of captures that were cut, shuffled, damaged or never were any.

use super::{Capture, Cut, LONGEST_LINE, Line, NoEvent, Reader, read_line};
use crate::event::Micros;
use std::io::{BufRead, BufReader, Cursor, Error, Read};

const HEADER: &str = r#"{"capture":1,"application":"ota-workbench 0.1.0","started_unix_ms":1795282189732}"#;
const STOPPED: &str = r#"{"seq":1,"at":5,"kind":"broker_stopped"}"#;

fn stopped(seq: u64, at: u64) -> String {
    format!("{{\"seq\":{seq},\"at\":{at},\"kind\":\"broker_stopped\"}}\n")
}

fn check(text: &str, events: usize, damage: &[usize]) {
    let capture = Capture::parse(text.as_bytes()).unwrap();
    let lines: Vec<_> = capture.damage.iter().map(|damage| damage.line).collect();
    assert_eq!((capture.events.len(), lines.as_slice()), (events, damage), "{text}");
}

#[test]
fn what_is_readable_is_read() {
    check(&format!("{HEADER}\n"), 0, &[]);
    check(&format!("{HEADER}\n{STOPPED}\n"), 1, &[]);
    check(&format!("{HEADER}\r\n{STOPPED}\r\n"), 1, &[]);
    check(&format!("\u{feff}{HEADER}\n\n{STOPPED}\n"), 1, &[]);
    check(&format!("{HEADER}\n{STOPPED}\nrubbish\n{STOPPED}\n"), 2, &[3]);
    check(&format!("{HEADER}\n\0\0\0\0\n{STOPPED}\n"), 1, &[2]);
    check(&format!("{HEADER}\n{STOPPED}\n\0\0\0\0"), 1, &[]);
    check(HEADER, 0, &[]);
    check(&format!("{HEADER}\n{STOPPED}"), 1, &[]);
}

/// Whoever gets a capture that was cut must not take its end for the session's.
#[test]
fn a_capture_that_was_cut_says_so_and_behind_which_event() {
    let check_cut = |text: &[u8], after: Option<(u64, u64)>, codes: &[&str]| {
        let damage = Capture::parse(text).unwrap().damage;
        assert_eq!(damage.cut.as_ref().and_then(|cut| cut.after), after.map(|(seq, at)| (seq, Micros(at))));
        let told: Vec<_> = damage.troubles().iter().map(|trouble| trouble.code.to_string()).collect();
        assert_eq!((told, damage.len()), (codes.iter().map(ToString::to_string).collect(), 0));
    };
    let whole = format!("{HEADER}\n{STOPPED}\n");
    for cut in 1..STOPPED.len() {
        check_cut(format!("{whole}{}", &STOPPED[..cut]).as_bytes(), Some((1, 5)), &["recording-cut"]);
        check_cut(format!("{HEADER}\n{}", &STOPPED[..cut]).as_bytes(), None, &["recording-cut-early"]);
    }
    check_cut(whole.as_bytes(), None, &[]);
    check_cut(whole.trim_end().as_bytes(), None, &[]);
    check_cut(format!("{whole}\0\0\0\0").as_bytes(), Some((1, 5)), &["recording-cut"]);
    // Cut inside a character of two bytes.
    let mut bytes = whole.into_bytes();
    bytes.extend(b"{\"seq\":2,\"topic\":\"\xe5");
    check_cut(&bytes, Some((1, 5)), &["recording-cut"]);
}

#[test]
fn bytes_that_are_no_text_cost_no_more_than_their_line() {
    let mut bytes = format!("{HEADER}\n").into_bytes();
    bytes.extend(b"\xff\xfe\n{\"seq\":1,\"at\":2,\"kind\":\"broker_failed\xff\"}\n");
    bytes.extend(STOPPED.as_bytes());
    bytes.push(b'\n');
    let capture = Capture::parse(&bytes).unwrap();
    assert_eq!((capture.events.len(), capture.damage.len()), (1, 2));
}

#[test]
fn a_kind_of_a_later_version_is_passed_over_and_said() {
    let novelty = "{\"seq\":1,\"at\":0,\"kind\":\"novelty\"}";
    let text = format!("{HEADER}\n{novelty}\n{STOPPED}\n{novelty}\n{}", novelty.replace("novelty", "surprise"));
    let capture = Capture::parse(text.as_bytes()).unwrap();
    let damage = &capture.damage;
    assert_eq!((capture.events.len(), damage.unknown, damage.len(), &damage.cut), (1, 3, 0, &None), "not damaged");
    let trouble = &damage.troubles()[0];
    let told = (&*trouble.code, trouble.arg("n"), trouble.arg("kinds"));
    assert_eq!(told, ("recording-newer", Some("3"), Some("novelty, surprise")));
}

#[test]
fn what_goes_back_is_told_in_the_files_order_and_counted() {
    for (order, reordered, earlier) in [
        (&[(1, 1), (2, 1), (3, 9)][..], 0, 0),
        (&[(1, 1), (3, 2), (2, 3)], 1, 0),
        (&[(1, 1), (1, 2)], 1, 0),
        (&[(1, 9), (2, 8), (3, 7)], 0, 2),
        (&[(2, 9), (1, 8)], 1, 1),
    ] {
        let lines: String = order.iter().map(|(seq, at)| stopped(*seq, *at)).collect();
        let capture = Capture::parse(format!("{HEADER}\n{lines}").as_bytes()).unwrap();
        let read: Vec<_> = capture.events.iter().map(|event| (event.seq, event.at.0)).collect();
        assert_eq!((read.as_slice(), capture.damage.len()), (order, 0));
        assert_eq!((capture.damage.reordered, capture.damage.earlier), (reordered, earlier), "{order:?}");
        let told = capture.damage.troubles().iter().any(|trouble| trouble.code == "recording-reordered");
        assert_eq!(told, reordered + earlier > 0, "whoever reads, exports or replays it hears of it: {order:?}");
    }
}

#[test]
fn what_is_no_capture_is_refused_with_its_reason() {
    let later = r#"{"capture":2,"shape":"nobody knows"}"#;
    for (text, code) in [
        ("", "capture-empty"),
        ("hello\n", "capture-foreign"),
        ("\n", "capture-foreign"),
        ("{\"trace\": 1}\n", "capture-foreign"),
        (&HEADER[..HEADER.len() - 1], "recording-cut-short"),
        (&HEADER.replace("1795282189732", "18446744073709551615"), "recording-impossible-start"),
        (&HEADER.replace("1795282189732", "253402300800000"), "recording-impossible-start"),
        (&HEADER.replace(":1,", ":2,"), "capture-future"),
        (&format!("{}\n", HEADER.replace(":1,", ":0,")), "capture-foreign"),
        (&"x".repeat(100_000), "capture-foreign"),
        (&format!("{}\n", HEADER.replace("\"capture\":1", "\"capture\":2")), "capture-future"),
        (&format!("{later}\n"), "capture-future"),
    ] {
        assert_eq!(Capture::parse(text.as_bytes()).unwrap_err().code, code, "{text}");
    }
}

/// A source as long as one likes that takes no memory.
struct Endless {
    head: Cursor<Vec<u8>>,
    filler: u64,
    tail: Cursor<Vec<u8>>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.head.read(buffer)?;
        if read > 0 {
            return Ok(read);
        }
        let filler = usize::try_from(self.filler).unwrap_or(usize::MAX).min(buffer.len());
        if filler > 0 {
            buffer[..filler].fill(b'x');
            self.filler -= filler as u64;
            return Ok(filler);
        }
        self.tail.read(buffer)
    }
}

#[test]
fn a_line_of_fifty_megabytes_is_passed_over_and_never_held() {
    let head = Cursor::new(format!("{HEADER}\n{STOPPED}\n").into_bytes());
    let tail = Cursor::new(format!("\n{}", stopped(2, 6)).into_bytes());
    let source = BufReader::with_capacity(1 << 20, Endless { head, filler: 50_000_000, tail });
    let mut reader = Reader::open(source).unwrap();
    assert_eq!(reader.next().map(|event| event.seq), Some(1));
    assert_eq!(reader.next().map(|event| event.seq), Some(2));
    assert_eq!(reader.next(), None);
    let damage: Vec<_> = reader.damage().iter().map(|damage| (damage.line, damage.why.clone())).collect();
    assert_eq!(damage, [(3, NoEvent::TooLong)]);
    assert!(reader.line.capacity() <= 2 * LONGEST_LINE);
}

/// What a lost power supply leaves: the file's length was written, what stood in it was not.
#[test]
fn zeros_without_end_behind_the_last_event_are_told_and_never_held() {
    let filler = |filler, text: &str| Endless { head: Cursor::new(text.into()), filler, tail: Cursor::default() };
    let source = filler(3 * LONGEST_LINE as u64, &format!("{HEADER}\n{STOPPED}\n"));
    let mut reader = Reader::open(BufReader::with_capacity(1 << 20, source)).unwrap();
    assert_eq!((reader.by_ref().count(), reader.damage().len()), (1, 0));
    assert_eq!(reader.damage().cut, Some(Cut { line: 3, after: Some((1, Micros(5))), why: None }));
    assert!(reader.line.capacity() <= 2 * LONGEST_LINE);
    let nothing_else = Reader::open(BufReader::new(filler(u64::MAX, "")));
    assert_eq!(nothing_else.err().map(|trouble| trouble.code.to_string()).as_deref(), Some("capture-foreign"));
}

#[test]
fn rubbish_without_end_is_counted_and_not_kept() {
    let text = format!("{HEADER}\n{}{STOPPED}\n", "no\n".repeat(100_000));
    let capture = Capture::parse(text.as_bytes()).unwrap();
    assert_eq!((capture.events.len(), capture.damage.len()), (1, 100_000));
    assert_eq!(capture.damage.iter().count(), 100);
}

#[test]
fn a_disk_that_fails_in_the_middle_leaves_what_came_before() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(Error::other("bad sector"))
        }
    }
    let text = format!("{HEADER}\n{STOPPED}\n");
    let capture = Capture::read(BufReader::new(text.as_bytes().chain(Failing))).unwrap();
    assert_eq!(capture.events.len(), 1);
    assert_eq!(capture.damage.cut.as_ref().and_then(|cut| cut.why.as_deref()), Some("bad sector"));
    assert_eq!((&*capture.damage.troubles()[0].code, capture.damage.len()), ("recording-broken", 0));
    let trouble = Capture::read(BufReader::new(Failing)).unwrap_err();
    assert_eq!((&*trouble.code, trouble.arg("detail")), ("capture-unreadable", Some("bad sector")));
}

/// Wherever the system cuts what it hands over, the lines are the same.
#[test]
fn lines_do_not_depend_on_how_they_are_handed_over() {
    let text = format!("{HEADER}\r\n{}{}\n\n{}", stopped(1, 1), "é".repeat(30), stopped(2, 2));
    let whole = Capture::parse(text.as_bytes()).unwrap();
    for capacity in 1..70 {
        assert_eq!(Capture::read(BufReader::with_capacity(capacity, text.as_bytes())).unwrap(), whole, "{capacity}");
    }
}

#[test]
fn a_line_is_as_long_as_it_may_be() {
    for (text, longest, expected, rest) in [
        ("abc\nd", 3, Line::Whole, "d"),
        ("abcd\ne", 3, Line::TooLong, "e"),
        ("abcd", 3, Line::Unfinished, ""),
        ("", 3, Line::End, ""),
        ("\nd", 3, Line::Whole, "d"),
    ] {
        let mut source = text.as_bytes();
        assert_eq!(read_line(&mut source, &mut Vec::new(), longest).unwrap(), expected, "{text}");
        assert_eq!(source.fill_buf().unwrap(), rest.as_bytes());
    }
}
