//! A capture is whole whatever becomes of its program.

use super::{Disk, Header, Inbox, Recorder};
use crate::bench::Bench;
use crate::capture::{Capture, Found, Limits};
use crate::event::{Event, Fact, Micros, UNRECORDED};
use crate::io::Input;
use crate::io::captures::{Files, Recording, list, tend};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

fn event(seq: u64) -> Event {
    Event { seq, at: Micros(seq), fact: Fact::BrokerFailed { trouble: crate::event::Trouble::new("no-answer") } }
}

#[test]
fn every_event_is_in_the_file_once_the_session_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new folder").join("a.jsonl");
    let (inbox, _receiver) = Inbox::new();
    let mut recorder = Recorder::create(&path, &Header::new(5, None), inbox).unwrap();
    let written = recorder.written();
    (1..=10_000).for_each(|seq| recorder.record(&event(seq)));
    drop(recorder);
    let file = std::fs::read(&path).unwrap();
    assert_eq!(file.len() as u64, written.load(Ordering::Relaxed));
    let capture = Capture::parse(&file).unwrap();
    assert_eq!((capture.events.len(), capture.damage.len()), (10_000, 0));
}

#[test]
fn a_capture_that_exists_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, _receiver) = Inbox::new();
    let header = Header::new(5, None);
    let first = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap().0;
    let second = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap().0;
    assert_ne!(first.path(), second.path());
    let trouble = Recorder::create(first.path(), &header, inbox.clone()).err().unwrap();
    assert_eq!(trouble.code, "recording-exists");
    drop((first, second));
    let third = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap().0;
    assert!(third.path().ends_with("now-3.jsonl"), "one that was compressed has its name all the same");
}

/// Who asked for a file by name gets that file; the folder's own are kept small.
#[test]
fn a_closed_capture_is_compressed_where_nobody_asked_for_a_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, _receiver) = Inbox::new();
    let header = Header::new(5, None);
    let by_name = ["a.jsonl", "b.jsonl.zst"].map(|name| folder.path().join(name));
    for path in &by_name {
        let mut recorder = Recorder::create(path, &header, inbox.clone()).unwrap();
        recorder.record(&event(1));
    }
    let first = |path: &Path| std::fs::read(path).unwrap()[0];
    assert_eq!((first(&by_name[0]), first(&by_name[1])), (b'{', 0x28));
    let mut recorder = Recorder::create_in(folder.path(), "c", &header, &inbox).unwrap().0;
    let told = recorder.path().to_owned();
    recorder.record(&event(1));
    let mut bench = Bench::new(5);
    let _ = bench.apply(&event(1));
    recorder.finish(&bench);
    for path in by_name.iter().chain([&told]) {
        let capture = Recording::open(path).unwrap().collect();
        assert_eq!((capture.events, capture.header), (vec![event(1)], header.clone()), "{}", path.display());
    }
    let files = Files::of(&told).unwrap();
    assert!(files.compressed().exists() && files.about().exists() && !files.plain().exists() && !files.lock().exists());
    let entries = list(folder.path()).unwrap();
    let entry = entries.iter().find(|entry| entry.name == "c").unwrap();
    assert_eq!(entry.about.found.as_ref().map(|found| found.events), Some(1), "nobody has to look into it");
}

/// A disk that takes nothing and refuses nothing: a network drive that is gone.
#[derive(Clone, Default)]
struct Hung {
    /// Whether it takes anything by now, and what it took.
    held: Arc<Mutex<(bool, Vec<u8>)>>,
    news: Arc<Condvar>,
}

impl Hung {
    fn wake(&self) {
        self.held.lock().unwrap().0 = true;
        self.news.notify_all();
    }
}

impl Disk for Hung {
    fn put(&mut self, _length: u64, bytes: &[u8]) -> std::io::Result<()> {
        let mut held = self.news.wait_while(self.held.lock().unwrap(), |(awake, _)| !*awake).unwrap();
        held.1.extend(bytes);
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }

    fn close(self, found: Option<Found>) {
        assert!(found.is_none(), "what is missing is not counted as there");
    }
}

#[test]
fn a_disk_that_hangs_is_told_within_seconds_and_never_holds_the_bench_up() {
    let (inbox, told) = Inbox::new();
    let (disk, header) = (Hung::default(), Header::new(5, None));
    let mut recorder = Recorder::begin(disk.clone(), Path::new("a"), &header, inbox, None).unwrap();
    recorder.room = 100_000;
    let mut now = Micros::default();
    recorder.record(&event(1));
    recorder.flush();
    let first = (0..=4).find_map(|half_second| {
        now = Micros::from_millis(half_second * 500);
        recorder.attend(now)
    });
    let Some(Fact::TroubleMet { trouble }) = first else { panic!("nothing is told") };
    assert_eq!((&*trouble.code, now), ("capture-stalled", Micros::from_secs(2)));
    // More than there is room for, in pieces of every size.
    let mut seq = 1;
    for _ in 0..40 {
        (0..100).for_each(|_| {
            seq += 1;
            recorder.record(&event(seq));
        });
        recorder.flush();
    }
    now = now + Micros::from_secs(1);
    assert_eq!(recorder.attend(now), None, "once is enough");
    assert!(recorder.ledger.waiting.load(Ordering::Relaxed) <= recorder.room);
    disk.wake();
    let lost = (0..60_000).find_map(|_| {
        now = now + Micros::from_secs(1);
        assert_eq!(recorder.attend(now), None);
        match told.recv_timeout(Duration::from_millis(1)) {
            Ok(Input::Fact(Fact::Gap { source, lost })) if source == UNRECORDED => Some(lost),
            _ => None,
        }
    });
    let lost = lost.expect("that it goes on is told, and how many are missing");
    assert!(lost > 0);
    recorder.finish(&Bench::new(5));
    let text = String::from_utf8(disk.held.lock().unwrap().1.clone()).unwrap();
    assert_eq!(text.lines().count() as u64, seq - lost);
    assert!(told.try_recv().is_err(), "and only once");
}

/// A folder on a drive that is not there when the bench starts.
#[test]
fn a_recording_that_cannot_begin_says_so_and_begins_as_soon_as_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let captures = folder.path().join("captures");
    std::fs::write(&captures, "in the way").unwrap();
    let (inbox, _receiver) = Inbox::new();
    let (mut recorder, trouble) = Recorder::create_in(&captures, "a", &Header::new(5, None), &inbox).unwrap();
    assert_eq!(trouble.unwrap().code, "capture-unwritable");
    let path = recorder.path().to_owned();
    recorder.record(&event(1));
    recorder.flush();
    std::fs::remove_file(&captures).unwrap();
    recorder.record(&event(2));
    let bench = [1, 2].into_iter().fold(Bench::new(5), |mut bench, seq| {
        let _ = bench.apply(&event(seq));
        bench
    });
    recorder.finish(&bench);
    let capture = Recording::open(&path).unwrap().collect();
    assert_eq!((capture.events.len(), capture.header.started_unix_ms), (2, 5));
    let left = std::fs::read_dir(&captures).unwrap().count();
    assert_eq!(left, 2, "the capture and what is known of it");
}

#[test]
fn a_session_in_which_nothing_happened_is_told_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, _receiver) = Inbox::new();
    for (name, heard) in [("2026-01-01 10.00.00", false), ("2026-01-01 10.00.01", true)] {
        let (mut recorder, _) = Recorder::create_in(folder.path(), name, &Header::new(5, None), &inbox).unwrap();
        recorder.record(&event(1));
        if heard {
            let fact = Fact::BytesReceived { port: "p".into(), bytes: b"hello".to_vec().into() };
            recorder.record(&Event { seq: 2, at: Micros(2), fact });
        }
        recorder.finish(&Bench::new(5));
    }
    let idle: Vec<_> = list(folder.path()).unwrap().iter().map(|entry| (entry.name.clone(), entry.is_idle())).collect();
    let expected = [("2026-01-01 10.00.01", false), ("2026-01-01 10.00.00", true)];
    assert_eq!(idle, expected.map(|(name, idle)| (name.to_owned(), idle)));
}

/// Where a child of these tests records.
const FOLDER: &str = "OTA_WORKBENCH_TEST_RECORDS_IN";
/// How many events it records before it closes the capture.
const EVENTS: u64 = 2_000;

/// Not a test of its own: the child that is killed. It says which events were handed to the disk, then that it is closed.
#[test]
fn a_child_that_records() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (inbox, _receiver) = Inbox::new();
    let header = Header::new(5, None);
    let (mut recorder, _) = Recorder::create_in(Path::new(&folder), "2026-01-01 10.00.00", &header, &inbox).unwrap();
    let written = recorder.written();
    let mut out = std::io::stdout().lock();
    let mut wanted = written.load(Ordering::Acquire);
    for seq in 1..=EVENTS {
        let mut line = Vec::new();
        crate::capture::encode(&event(seq), &mut line);
        wanted += line.len() as u64;
        recorder.record(&event(seq));
        if seq % 7 == 0 {
            recorder.flush();
            while written.load(Ordering::Acquire) < wanted {
                std::thread::yield_now();
            }
            writeln!(out, "@{seq}").unwrap();
        }
    }
    drop(recorder);
    writeln!(out, "@{EVENTS}\n@closed").unwrap();
    // Killed here at the latest.
    let _ = std::io::stdin().read_line(&mut String::new());
}

/// Starts a child, kills it once it has said so much, and returns the last event it said was written.
fn killed(folder: &Path, after: usize) -> u64 {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "io::recorder::tests::a_child_that_records", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = child.unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut said = 0;
    // What the test harness prints stands before the first one, in the same line.
    let lines = out.lines().map_while(Result::ok).filter_map(|line| Some(line.split_once('@')?.1.to_owned()));
    for (number, line) in lines.enumerate() {
        if number == after {
            child.kill().unwrap();
        }
        said = line.parse().unwrap_or(said);
    }
    child.wait().unwrap();
    said
}

/// A power cut, a crash, a kill: whoever comes back finds every event that was told to be written, in one readable file.
#[test]
fn a_kill_at_any_instant_loses_no_written_event_and_leaves_the_file_readable() {
    let most = usize::try_from(EVENTS / 7).unwrap() + 2;
    for round in 0..100 {
        let folder = tempfile::tempdir().unwrap();
        // Spread over the recording, and every fourth one at its closing.
        let after = if round % 4 == 3 { most - 2 - round % 3 } else { round * 37 % most };
        let said = killed(folder.path(), after);
        let files = Files::new(folder.path(), "2026-01-01 10.00.00");
        let check = |path: &PathBuf| {
            let mut recording = Recording::open(path).unwrap_or_else(|trouble| panic!("{round}: {trouble:?}"));
            let seqs: Vec<_> = recording.by_ref().map(|event| event.seq).collect();
            assert!(recording.damage().is_empty(), "{round}: {:?}", recording.damage());
            assert!(seqs.iter().copied().eq(1..=seqs.len() as u64), "{round}: no holes");
            assert!(seqs.len() as u64 >= said, "{round}: {said} was told to be written, {} are there", seqs.len());
        };
        let there: Vec<_> = [files.plain(), files.compressed()].into_iter().filter(|path| path.exists()).collect();
        assert!(!there.is_empty(), "{round}: no capture left");
        there.iter().for_each(check);
        // The next start finishes what was begun.
        let tended = tend(folder.path(), Limits::default(), 0, &AtomicBool::new(false));
        assert_eq!(tended.troubles, [], "{round}");
        let left =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!(left.len(), 2, "{round}: {left:?}");
        check(&files.compressed());
        assert!(list(folder.path()).unwrap()[0].about.found.is_some());
    }
}
