//! A capture is whole whatever becomes of its program.

use super::{Header, Inbox, Recorder};
use crate::bench::Bench;
use crate::capture::{Capture, Limits};
use crate::event::{Event, Fact, Micros};
use crate::io::captures::{Files, Recording, list, tend};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

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
    let first = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap();
    let second = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap();
    assert_ne!(first.path(), second.path());
    let trouble = Recorder::create(first.path(), &header, inbox.clone()).err().unwrap();
    assert_eq!(trouble.code, "recording-exists");
    drop((first, second));
    let third = Recorder::create_in(folder.path(), "now", &header, &inbox).unwrap();
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
    let mut recorder = Recorder::create_in(folder.path(), "c", &header, &inbox).unwrap();
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
    let mut recorder = Recorder::create_in(Path::new(&folder), "2026-01-01 10.00.00", &header, &inbox).unwrap();
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
        let troubles = tend(folder.path(), Limits::default(), 0, &AtomicBool::new(false));
        assert_eq!(troubles, [], "{round}");
        let left =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        assert_eq!(left.len(), 2, "{round}: {left:?}");
        check(&files.compressed());
        assert!(list(folder.path()).unwrap()[0].about.found.is_some());
    }
}
