//! Consoles as files that are written by themselves: one a port, named by it and the date, a new one when it has grown.

use crate::console::{Console, Direction, Line, LineEnd, LogStamp, Origin};
use crate::event::{Event, Fact, Micros, Trouble};
use crate::io::{Inbox, folder};
use chrono::{Local, TimeZone};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Events that may wait for the disk. Full means the session waits, as it does for the capture.
const CAPACITY: usize = 4_096;
/// A file of this size is followed by a new one.
const ROTATE: u64 = 64 << 20;
/// What a console may hold of lines that are not written yet.
const BUDGET: usize = 4 << 20;

/// Where logs go, and how.
#[derive(Clone, Debug)]
pub struct KeepTo {
    /// The folder; made when the first line is written.
    pub folder: PathBuf,
    /// What stands before a line.
    pub stamp: LogStamp,
    /// The wall clock at the session's first instant, in milliseconds since 1970.
    pub started_unix_ms: u64,
}

/// Writes what consoles print. Dropping it writes everything out.
pub struct Keep {
    events: Option<SyncSender<Arc<Event>>>,
    thread: Option<JoinHandle<()>>,
}

impl Keep {
    /// Starts to write; the first trouble is told, and ends it.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn start(to: KeepTo, inbox: Inbox) -> Result<Self, Trouble> {
        let (events, queue) = sync_channel(CAPACITY);
        let writer = Writer { to, rotate: ROTATE, inbox, ports: BTreeMap::new(), failed: false };
        let thread = std::thread::Builder::new()
            .name("console logs".into())
            .spawn(move || writer.run(&queue))
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { events: Some(events), thread: Some(thread) })
    }

    /// Takes in an event; those that are no console's are passed over.
    pub fn take(&self, event: &Arc<Event>) {
        let of_console = matches!(
            event.fact,
            Fact::BytesReceived { .. } | Fact::BytesSent { .. } | Fact::PortOpened { .. } | Fact::PortClosed { .. }
        );
        if let (true, Some(events)) = (of_console, &self.events) {
            // The writer takes events until we let go of our end, even when the disk is full.
            let _ = events.send(Arc::clone(event));
        }
    }
}

impl Drop for Keep {
    fn drop(&mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    to: KeepTo,
    rotate: u64,
    inbox: Inbox,
    ports: BTreeMap<String, Kept>,
    failed: bool,
}

/// One port's log.
struct Kept {
    console: Console,
    /// The next line to be written.
    next: u64,
    file: Option<(BufWriter<File>, u64)>,
    before: Option<Micros>,
    /// Whether the file ends in the middle of a line.
    open: bool,
}

impl Writer {
    fn run(mut self, queue: &Receiver<Arc<Event>>) {
        while let Ok(event) = queue.recv() {
            self.take(&event);
            while let Ok(event) = queue.try_recv() {
                self.take(&event);
            }
            self.each(Kept::flush);
        }
        let (to, rotate) = (self.to.clone(), self.rotate);
        self.ports.retain(|port, kept| kept.write(port, &to, rotate, true).and_then(|()| kept.flush()).is_ok());
    }

    fn take(&mut self, event: &Event) {
        let (port, at) = match &event.fact {
            _ if self.failed => return,
            Fact::BytesReceived { port, .. }
            | Fact::BytesSent { port, .. }
            | Fact::PortOpened { port, .. }
            | Fact::PortClosed { port, .. } => (port, event.at),
            _ => return,
        };
        let kept = self.ports.entry(port.clone()).or_insert_with(|| Kept {
            console: Console::new(BUDGET),
            next: 0,
            file: None,
            before: None,
            open: false,
        });
        match &event.fact {
            Fact::BytesReceived { bytes, .. } => kept.console.feed(at, bytes, Direction::Received),
            Fact::BytesSent { bytes, .. } => kept.console.feed(at, bytes, Direction::Sent),
            Fact::PortOpened { settings, .. } => kept.console.note(at, &format!("opened {settings}")),
            _ => kept.console.note(at, "closed"),
        }
        let closed = matches!(event.fact, Fact::PortClosed { .. });
        if let Err((path, error)) = kept.write(port, &self.to, self.rotate, closed) {
            self.give_up(&path, &error);
        }
    }

    fn each(&mut self, act: impl Fn(&mut Kept) -> Result<(), (PathBuf, io::Error)>) {
        if let Err((path, error)) = self.ports.values_mut().try_for_each(act) {
            self.give_up(&path, &error);
        }
    }

    /// A full disk is said once; the consoles go on without files.
    fn give_up(&mut self, path: &Path, error: &io::Error) {
        if self.failed {
            return;
        }
        self.failed = true;
        self.ports.clear();
        let path = if path.as_os_str().is_empty() { &self.to.folder } else { path };
        let trouble = Trouble::new("log-unwritable").with("path", path.display()).with("detail", error);
        // Not from here: the session may be waiting for us while it reads nothing.
        let inbox = self.inbox.clone();
        let told = std::thread::Builder::new().name("log trouble".into());
        let _ = told.spawn(move || inbox.fact(Fact::TroubleMet { trouble }));
    }
}

impl Kept {
    /// Writes the lines that do not grow any more; with `all`, the others too.
    fn write(&mut self, port: &str, to: &KeepTo, rotate: u64, all: bool) -> Result<(), (PathBuf, io::Error)> {
        let end = if all { self.console.end_index() } else { self.console.log().end() };
        let lines: Vec<Line> = self.console.lines(self.next..end).map(|(_, line)| line).collect();
        self.next = end;
        let count = lines.len();
        for (place, line) in lines.into_iter().enumerate() {
            // A piece of a line too long to be shown in one goes on where the piece before it ended.
            let goes_on = self.open && line.origin == Origin::Received;
            let begin: &[u8] = if self.open && !goes_on { b"\n" } else { b"" };
            if !self.open && self.file.as_ref().is_some_and(|(_, bytes)| *bytes >= rotate) {
                self.flush()?;
                self.file = None;
            }
            if self.file.is_none() {
                let path = free_path(to, port, line.at);
                let failed = |error| (path.clone(), error);
                folder::make(&to.folder).map_err(failed)?;
                let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(failed)?;
                self.file = Some((BufWriter::with_capacity(1 << 16, file), 0));
            }
            let stamp = if goes_on { String::new() } else { stamp(to, line.at, self.before) };
            let last = all && place + 1 == count;
            let ends = line.end != LineEnd::None || line.origin != Origin::Received || last;
            if let Some((file, bytes)) = &mut self.file {
                let end: &[u8] = if ends { b"\n" } else { b"" };
                let parts = [begin, stamp.as_bytes(), line.origin.sign().as_bytes(), &line.raw, end];
                *bytes += parts.iter().map(|part| part.len() as u64).sum::<u64>();
                parts.iter().try_for_each(|part| file.write_all(part)).map_err(|error| (PathBuf::new(), error))?;
            }
            (self.before, self.open) = (Some(line.at), !ends);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), (PathBuf, io::Error)> {
        self.file.as_mut().map_or(Ok(()), |(file, _)| file.flush()).map_err(|error| (PathBuf::new(), error))
    }
}

fn stamp(to: &KeepTo, at: Micros, before: Option<Micros>) -> String {
    match to.stamp {
        LogStamp::None => String::new(),
        LogStamp::Clock => format!("{} ", wall(to, at, "%H:%M:%S%.3f")),
        LogStamp::SinceStart => format!("{at} "),
        LogStamp::SincePrevious => format!("+{} ", at.since(before.unwrap_or(at))),
    }
}

fn wall(to: &KeepTo, at: Micros, format: &str) -> String {
    let millis = i64::try_from(to.started_unix_ms + at.0 / 1_000).ok();
    let time = millis.and_then(|millis| Local.timestamp_millis_opt(millis).single());
    time.map_or_else(|| at.to_string(), |time| time.format(format).to_string())
}

/// A name that is free: the port's last part, the date, and a number if need be.
fn free_path(to: &KeepTo, port: &str, at: Micros) -> PathBuf {
    let name = port.rsplit(['/', '\\']).next().unwrap_or(port);
    let safe = |letter: char| if letter.is_alphanumeric() || "-_. ()".contains(letter) { letter } else { '_' };
    let name: String = name.chars().map(safe).collect();
    let date = wall(to, at, "%Y-%m-%d %H.%M.%S");
    let path = |number: u32| match number {
        1 => to.folder.join(format!("{name} {date}.log")),
        _ => to.folder.join(format!("{name} {date}-{number}.log")),
    };
    (1..10_000).map(path).find(|path| !path.try_exists().unwrap_or(false)).unwrap_or_else(|| path(1))
}

#[cfg(test)]
mod tests {
    use super::{Arc, Event, Fact, Inbox, Keep, KeepTo, LogStamp, Micros, Path, Writer};
    use crate::io::Input;
    use std::collections::BTreeMap;
    use std::time::Duration;

    fn event(at: u64, fact: Fact) -> Arc<Event> {
        Arc::new(Event { seq: 1, at: Micros::from_millis(at), fact })
    }

    fn received(at: u64, bytes: &[u8]) -> Arc<Event> {
        event(at, Fact::BytesReceived { port: "/dev/ttyUSB0".into(), bytes: bytes.into() })
    }

    fn to(folder: &Path, stamp: LogStamp) -> KeepTo {
        KeepTo { folder: folder.join("logs"), stamp, started_unix_ms: 1_790_000_000_000 }
    }

    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = std::fs::read_dir(folder.join("logs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
            })
            .collect();
        files.sort();
        files
    }

    #[test]
    fn a_log_is_named_by_port_and_date_and_has_every_line_with_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, _reader) = Inbox::new();
        let keep = Keep::start(to(folder.path(), LogStamp::SincePrevious), inbox).unwrap();
        let port = || "/dev/ttyUSB0".to_owned();
        keep.take(&event(0, Fact::PortOpened { port: port(), settings: "115200 8N1".into() }));
        keep.take(&received(12, b"boot\r\nlam"));
        keep.take(&event(20, Fact::BytesSent { port: port(), bytes: b"help\r\n"[..].into() }));
        keep.take(&received(31, b"p> "));
        drop(keep);
        let files = files(folder.path());
        assert_eq!(files.len(), 1);
        assert!(files[0].0.starts_with("ttyUSB0 2026-09-2") && files[0].0.contains(".log"), "{}", files[0].0);
        assert_eq!(files[0].1, "+0.000 — opened 115200 8N1\n+0.012 boot\n+0.000 lamp> \n+0.008 > help\n");
    }

    #[test]
    fn a_log_that_has_grown_is_followed_by_another_and_no_line_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, _reader) = Inbox::new();
        let to = to(folder.path(), LogStamp::None);
        let mut writer = Writer { to, rotate: 100_000, inbox, ports: BTreeMap::new(), failed: false };
        let long = vec![b'x'; 60_000];
        for _ in 0..4 {
            writer.take(&received(1, &long));
            writer.take(&received(1, b"\n"));
        }
        drop(writer);
        let files = files(folder.path());
        assert_eq!(files.iter().map(|(_, text)| text.len()).collect::<Vec<_>>(), [120_002, 120_002]);
        assert!(files.iter().all(|(_, text)| text.lines().all(|line| line.len() == 60_000)));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told_once_and_nothing_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("logs"), "a file in the way").unwrap();
        let (inbox, reader) = Inbox::new();
        let keep = Keep::start(to(folder.path(), LogStamp::Clock), inbox).unwrap();
        for _ in 0..20_000 {
            keep.take(&received(1, b"line\n"));
        }
        drop(keep);
        let told = reader.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(told, Input::Fact(Fact::TroubleMet { trouble }) if trouble.code == "log-unwritable"));
        assert!(reader.try_recv().is_err());
    }
}
