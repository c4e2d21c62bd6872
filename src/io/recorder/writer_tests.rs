//! A disk that is full, and one that comes back.

use super::{Disk, KEPT, Ledger, Order, Writer};
use crate::capture::Found;
use crate::event::{Fact, UNRECORDED};
use crate::io::{Inbox, InboxReader, Input};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A disk with so much room; it takes what fits of what does not, as real ones do.
#[derive(Clone, Default)]
struct Small(Arc<Mutex<(Vec<u8>, usize)>>);

impl Small {
    fn make_room(&self, room: usize) {
        self.0.lock().unwrap().1 = room;
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
    }
}

impl Disk for Small {
    fn put(&mut self, length: u64, bytes: &[u8]) -> io::Result<()> {
        let (held, room) = &mut *self.0.lock().unwrap();
        held.truncate(usize::try_from(length).unwrap());
        let fits = bytes.len().min(room.saturating_sub(held.len()));
        held.extend(&bytes[..fits]);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn close(self, _found: Option<Found>) {}
}

fn writer(disk: &Small) -> (Writer<Small>, InboxReader) {
    let (inbox, told) = Inbox::new();
    let (ledger, written) = (Arc::new(Ledger::default()), Arc::new(AtomicU64::new(0)));
    (Writer::new(disk.clone(), PathBuf::from("a.jsonl"), inbox, ledger, written, None), told)
}

/// What the session was told next: a trouble's code, or how many events are missing.
fn told(inbox: &InboxReader) -> String {
    match inbox.recv_timeout(Duration::from_secs(30)) {
        Ok(Input::Fact(Fact::TroubleMet { trouble })) => trouble.code.to_string(),
        Ok(Input::Fact(Fact::Gap { source, lost })) if source == UNRECORDED => format!("{lost} lost"),
        _ => "nothing".into(),
    }
}

#[test]
fn a_full_disk_is_said_once_and_nothing_is_lost_that_fits_into_memory() {
    let disk = Small::default();
    disk.make_room(10);
    let (mut writer, inbox) = writer(&disk);
    for line in ["one\n", "two\n", "three\n", "four\n"] {
        writer.write(line.into(), 1);
    }
    assert_eq!(disk.text(), "one\ntwo\n", "never half a line");
    assert_eq!(told(&inbox), "capture-unwritable");
    writer.try_again();
    assert_eq!(disk.text(), "one\ntwo\n");
    disk.make_room(100);
    writer.try_again();
    writer.write("five\n".into(), 1);
    assert_eq!(disk.text(), "one\ntwo\nthree\nfour\nfive\n");
    assert_eq!(told(&inbox), "0 lost", "that it is recorded again is said as well, and the trouble only once");
}

#[test]
fn a_disk_that_stays_full_for_long_costs_bounded_memory_and_the_events_missing_are_counted() {
    let disk = Small::default();
    let (mut writer, inbox) = writer(&disk);
    let line = "x".repeat(KEPT / 4 - 1) + "\n";
    for _ in 0..8 {
        writer.write(line.clone().into(), 10);
    }
    writer.write("small\n".into(), 1);
    disk.make_room(usize::MAX);
    writer.try_again();
    writer.write("last\n".into(), 1);
    assert_eq!(disk.text(), line.repeat(4) + "last\n");
    assert_eq!([told(&inbox), told(&inbox)], ["capture-unwritable", "41 lost"]);
    assert_eq!(writer.ledger.tally.kept.load(Ordering::Relaxed), 41, "and so are those that are there");
}

#[test]
fn the_rest_is_written_when_the_capture_is_closed() {
    let disk = Small::default();
    let (writer, _inbox) = writer(&disk);
    let written = Arc::clone(&writer.written);
    let (orders, queue) = sync_channel(10);
    orders.send(Order::Write { lines: "one\n".into(), events: 1 }).unwrap();
    let (small, ordering) = (disk.clone(), std::thread::Builder::new());
    let thread = ordering.spawn(move || writer.run(&queue)).unwrap();
    // Said by the writer's own thread once it has failed, and then there is room.
    small.make_room(10);
    drop(orders);
    thread.join().unwrap();
    assert_eq!(disk.text(), "one\n");
    assert_eq!(written.load(Ordering::Relaxed), 4);
}

/// Nobody has to restart the bench once there is room: the first line comes first, and nothing before it is missing.
#[test]
fn a_disk_that_was_full_at_the_start_gets_the_whole_capture_once_there_is_room() {
    let disk = Small::default();
    let (inbox, told_to) = Inbox::new();
    let (ledger, written) = (Arc::new(Ledger::default()), Arc::new(AtomicU64::new(0)));
    let pending = Some(b"header\n".to_vec());
    let mut writer = Writer::new(disk.clone(), PathBuf::from("a.jsonl"), inbox, ledger, written, pending);
    writer.write("one\n".into(), 1);
    writer.try_again();
    assert_eq!(disk.text(), "");
    disk.make_room(100);
    writer.try_again();
    writer.write("two\n".into(), 1);
    assert_eq!(disk.text(), "header\none\ntwo\n");
    assert_eq!(told(&told_to), "0 lost", "that it could not begin was told by who began it");
}
