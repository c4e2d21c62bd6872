//! Captures in a folder: listed, named, starred, cleared away, and opened however large they are.

use super::{Files, Library, Lock, News, Opened, Recording, Wish};
use super::{Tended, compress, delete, limits, list, set_star, set_title, tend};
use crate::capture::{Condition, Entry, Header, Limits, encode};
use crate::event::{Event, Fact, Micros};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_mins(1);
static NO: AtomicBool = AtomicBool::new(false);

fn event(seq: u64) -> Event {
    let fact = Fact::MessageReceived {
        client: Some("lamp".into()),
        topic: format!("/up/{seq}").into(),
        payload: seq.to_string().repeat(5).into_bytes().into(),
        qos: 0,
        retain: false,
    };
    Event { seq, at: Micros(seq * 10), fact }
}

/// Writes a capture of so many events.
fn write(path: &Path, events: u64) {
    let mut text = Header::new(1_700_000_000_000, None).encode().into_bytes();
    text.push(b'\n');
    (1..=events).for_each(|seq| encode(&event(seq), &mut text));
    fs::write(path, text).unwrap();
}

fn name(day: u32) -> String {
    format!("2026-01-{day:02} 10.00.00")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = list(folder).unwrap().iter().map(|entry| entry.name.clone()).collect();
    names.sort();
    names
}

#[test]
fn what_the_user_says_of_a_capture_outlives_what_is_found_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path(), &name(1));
    write(&files.plain(), 3);
    set_title(&files.plain(), Some("  the bad one ")).unwrap();
    set_star(&files.plain(), true).unwrap();
    assert_eq!(tend(folder.path(), Limits::default(), 0, &NO), Tended::default());
    let entry = list(folder.path()).unwrap().remove(0);
    assert_eq!((entry.title(), entry.about.star, &entry.condition), ("the bad one", true, &Condition::Known));
    assert_eq!(entry.started_unix_ms, 1_700_000_000_000);
    assert_eq!(entry.about.found.map(|found| (found.events, found.length_us)), Some((3, 30)));
    // Another tool wrote to the file: what was found is not believed any more, what was said is.
    write(&files.plain(), 4);
    let entry = list(folder.path()).unwrap().remove(0);
    assert_eq!((entry.title(), &entry.condition, &entry.about.found), ("the bad one", &Condition::Unread, &None));
    set_title(&files.plain(), Some(" ")).unwrap();
    assert_eq!(list(folder.path()).unwrap()[0].about.title, None);
    // What is damaged says nothing, and may have been a star.
    fs::write(files.about(), "{\"about\":").unwrap();
    let entry = list(folder.path()).unwrap().remove(0);
    assert!(entry.title() == name(1) && entry.is_wanted());
    assert_eq!(set_star(&files.plain(), true).unwrap_err().code, "capture-notes-strange");
    let least = Limits { megabytes: 1, days: 1 };
    assert_eq!(tend(folder.path(), least, u64::MAX / 2, &NO), Tended::default());
    assert!(files.plain().exists() && fs::read_to_string(files.about()).unwrap() == "{\"about\":");
}

#[test]
fn a_folder_with_anything_in_it_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(list(&folder.path().join("none")).unwrap(), []);
    write(&Files::new(folder.path(), "by hand").plain(), 1);
    fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    fs::write(folder.path().join("foreign.jsonl.zst"), "\x28\u{0}").unwrap();
    fs::write(folder.path().join("notes.txt"), "hello").unwrap();
    fs::create_dir(folder.path().join("no file.jsonl")).unwrap();
    let entries = list(folder.path()).unwrap();
    let code = |entry: &Entry| match &entry.condition {
        Condition::Unreadable(trouble) => trouble.code.to_string(),
        other => format!("{other:?}"),
    };
    let mut told: Vec<_> = entries.iter().map(|entry| (entry.name.clone(), code(entry))).collect();
    told.sort();
    let expected = [("by hand", "Unread"), ("empty", "capture-empty"), ("foreign", "capture-foreign")];
    assert_eq!(told, expected.map(|(name, code)| (name.to_owned(), code.to_owned())));
}

#[test]
fn only_what_nobody_wants_or_writes_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    for day in 1..=5 {
        write(&Files::new(folder.path(), &name(day)).plain(), 1);
    }
    set_title(&Files::new(folder.path(), &name(1)).plain(), Some("named")).unwrap();
    set_star(&Files::new(folder.path(), &name(2)).plain(), true).unwrap();
    let _writing = Lock::take(&Files::new(folder.path(), &name(3)).lock()).unwrap().unwrap();
    write(&Files::new(folder.path(), "by hand").plain(), 1);
    let far = u64::MAX / 2;
    let kept = Limits::NONE;
    assert_eq!(tend(folder.path(), kept, far, &NO), Tended::default());
    assert_eq!(names(folder.path()).len(), 6);
    let day = Limits { days: 1, ..Limits::NONE };
    let tended = tend(folder.path(), day, far, &NO);
    assert_eq!((tended.captures, tended.troubles), (2, Vec::new()));
    assert!(tended.bytes > 0);
    assert_eq!(names(folder.path()), [name(1), name(2), name(3), "by hand".to_owned()]);
    assert!(!Files::new(folder.path(), &name(4)).about().exists(), "nothing of it is left");
    let trouble = delete(&Files::new(folder.path(), &name(3)).plain()).unwrap_err();
    assert_eq!(trouble.code, "capture-being-written");
    delete(&Files::new(folder.path(), &name(1)).plain()).unwrap();
    let trouble = delete(&Files::new(folder.path(), &name(1)).plain()).unwrap_err();
    assert_eq!(trouble.code, "recording-not-found");
}

#[test]
fn settings_that_cannot_be_read_clear_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    assert_eq!(limits(&file), Limits::default());
    for (text, expected) in [
        ("", Limits::default()),
        ("theme = \"dark\"\n[captures]\ndays = 5\n", Limits { days: 5, ..Limits::default() }),
        ("[captures]\nmegabytes = 1\ndays = 0\n", Limits { megabytes: 1, days: 0 }),
        ("[captures]\ndays = -1\n", Limits::NONE),
        ("[capt", Limits::NONE),
    ] {
        fs::write(&file, text).unwrap();
        assert_eq!(limits(&file), expected, "{text}");
    }
}

/// A capture found by its name whatever became of it since that was told.
#[test]
fn a_name_that_was_told_finds_the_capture_after_it_was_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path(), &name(1));
    write(&files.plain(), 3);
    for path in [files.plain(), files.compressed()] {
        assert_eq!(Recording::open(&path).unwrap().count(), 3);
    }
    compress(&files.plain(), &files.compressed(), &NO).unwrap();
    for path in [files.plain(), files.compressed()] {
        assert_eq!(Recording::open(&path).unwrap().count(), 3);
    }
    let trouble = Recording::open(&folder.path().join("none.jsonl")).err().unwrap();
    assert_eq!(trouble.code, "recording-not-found");
}

/// Everything that comes of a capture.
fn opened(path: &Path) -> (Opened, Vec<Arc<Event>>, usize) {
    let opened = Opened::start(path, Box::new(|| {})).unwrap();
    let mut events = Vec::new();
    let mut first = true;
    loop {
        match opened.wait(LONG).expect("news") {
            News::Header(header) => assert!(std::mem::take(&mut first) && header.capture == 1),
            News::Events(portion) => events.extend(portion),
            News::Over(damage) => return (opened, events, damage.len()),
            News::Failed(trouble) => panic!("{trouble:?}"),
        }
    }
}

fn check_opened(path: &Path, events: u64, damaged: usize) {
    let (opened, read, found) = opened(path);
    assert_eq!((read.len() as u64, found), (events, damaged), "{}", path.display());
    let progress = opened.progress();
    assert_eq!((progress.events, progress.bytes), (events, progress.of_bytes));
    assert!(opened.poll().is_none());
    let pages = opened.pages();
    for first in [0, 1, 63, 64, 4_095, events / 2, events - 3, events - 1] {
        let again = pages.read(first, 5).unwrap();
        let from = usize::try_from(first).unwrap();
        assert_eq!(again, read[from..read.len().min(from + 5)], "{first}");
        assert_eq!(pages.place_of(again[0].seq).unwrap(), Some(first));
    }
    assert_eq!(pages.read(events, 5).unwrap(), []);
    assert_eq!(pages.place_of(0).unwrap(), None);
    assert_eq!(pages.place_of(events * 2).unwrap(), None);
}

#[test]
fn a_capture_is_opened_in_portions_and_any_event_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path(), "a");
    write(&files.plain(), 30_000);
    check_opened(&files.plain(), 30_000, 0);
    // As other tools compress: in one piece.
    let text = fs::read(files.plain()).unwrap();
    let single = folder.path().join("single.zst");
    fs::write(&single, zstd::bulk::compress(&text, 1).unwrap()).unwrap();
    check_opened(&single, 30_000, 0);
    compress(&files.plain(), &files.compressed(), &NO).unwrap();
    check_opened(&files.compressed(), 30_000, 0);
    check_opened(&files.plain(), 30_000, 0);
}

#[test]
fn a_capture_compressed_in_one_large_piece_is_spilled_and_not_read_again_for_every_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl.zst");
    let mut text = Header::new(1_700_000_000_000, None).encode().into_bytes();
    text.push(b'\n');
    let fact = Fact::BytesReceived { port: "p".into(), bytes: vec![b'x'; 100_000].into() };
    for seq in 1..=120 {
        encode(&Event { seq, at: Micros(seq), fact: fact.clone() }, &mut text);
    }
    fs::write(&path, zstd::bulk::compress(&text, 1).unwrap()).unwrap();
    let (opened, read, _) = opened(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(opened.pages().read(100, 2).unwrap(), read[100..102], "from the spilled text");
}

#[test]
fn a_capture_that_is_deleted_while_it_is_looked_at_can_be_looked_at_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path(), "a");
    write(&files.plain(), 10_000);
    let (opened, read, _) = opened(&files.plain());
    fs::remove_file(files.plain()).unwrap();
    assert_eq!(opened.pages().read(7_000, 2).unwrap(), read[7_000..7_002]);
}

#[test]
fn lines_that_are_no_events_do_not_shift_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    write(&path, 10_000);
    let text = fs::read_to_string(&path).unwrap();
    let lines = (1..).zip(text.lines()).map(|(number, line)| if number % 50 == 0 { "rubbish" } else { line });
    let text: Vec<_> = lines.collect();
    fs::write(&path, text.join("\n") + "\n").unwrap();
    let (opened, read, damaged) = opened(&path);
    assert_eq!((read.len(), damaged), (9_800, 200));
    for first in [0, 48, 49, 5_000, 9_799] {
        assert_eq!(opened.pages().read(first, 1).unwrap()[0], read[usize::try_from(first).unwrap()]);
    }
}

#[test]
fn a_packet_trace_is_opened_like_a_capture() {
    let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces/aliyun-csdk3-success.jsonl");
    let (opened, read, damaged) = opened(&trace);
    assert!(read.len() > 5 && damaged == 0);
    assert_eq!(opened.pages().read(3, 1).unwrap(), read[3..4]);
    assert_eq!(opened.pages().place_of(read[3].seq).unwrap(), Some(3));
}

#[test]
fn a_file_that_is_no_capture_says_so_and_a_window_that_closes_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, "hello\n").unwrap();
    let opened = Opened::start(&path, Box::new(|| {})).unwrap();
    let news = opened.wait(LONG);
    assert!(matches!(&news, Some(News::Failed(trouble)) if trouble.code == "capture-foreign"), "{news:?}");
    write(&path, 50_000);
    let woken = Arc::new((Mutex::new(0), Condvar::new()));
    let counted = Arc::clone(&woken);
    let opened = Opened::start(
        &path,
        Box::new(move || {
            *counted.0.lock().unwrap() += 1;
            counted.1.notify_all();
        }),
    )
    .unwrap();
    let waited = woken.1.wait_timeout_while(woken.0.lock().unwrap(), LONG, |count| *count < 2).unwrap();
    assert!(!waited.1.timed_out());
    drop(waited);
    drop(opened);
    // The reading thread lets go of the waker when it ends.
    let ended = || Arc::strong_count(&woken) == 1;
    (0..u32::MAX)
        .find(|_| {
            std::thread::yield_now();
            ended()
        })
        .expect("the thread ends");
}

#[test]
fn the_window_sees_what_is_there_and_has_it_changed_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    for day in 1..=3 {
        write(&Files::new(folder.path(), &name(day)).plain(), u64::from(day));
    }
    let path = |day| -> PathBuf { Files::new(folder.path(), &name(day)).plain() };
    let news = Arc::new((Mutex::new(0_u32), Condvar::new()));
    let waker = Arc::clone(&news);
    let library = Library::open(
        folder.path(),
        Box::new(move || {
            *waker.0.lock().unwrap() += 1;
            waker.1.notify_all();
        }),
    );
    let library = library.unwrap();
    let until = |fits: &dyn Fn(&super::Listing) -> bool| {
        let mut count = news.0.lock().unwrap();
        loop {
            let listing = library.listing();
            if fits(&listing) {
                return listing;
            }
            let (again, waited) = news.1.wait_timeout(count, LONG).unwrap();
            assert!(!waited.timed_out(), "{listing:?}");
            count = again;
        }
    };
    let known =
        |listing: &super::Listing| listing.entries.iter().filter(|entry| entry.condition == Condition::Known).count();
    let listing = until(&|listing| known(listing) == 3 && !listing.reading);
    assert_eq!(listing.entries[0].about.found.as_ref().map(|found| found.events), Some(3), "{:?}", listing.entries);
    library.ask(Wish::Title(path(1), Some("first".into())));
    library.ask(Wish::Star(path(2), true));
    library.ask(Wish::Delete(path(3)));
    let listing = until(&|listing| listing.entries.len() == 2 && listing.entries.iter().any(|entry| entry.about.star));
    assert!(listing.entries.iter().any(|entry| entry.title() == "first"));
    library.ask(Wish::Delete(path(3)));
    let listing = until(&|listing| !listing.troubles.is_empty());
    assert_eq!(listing.troubles[0].code, "recording-not-found");
    write(&path(4), 4);
    library.ask(Wish::List);
    until(&|listing| known(listing) == 3);
}
