//! Consoles as files that are written by themselves: named by device, port and date, a new one when it has grown.

use super::log_names::LogNames;
use crate::console::{Console, Direction, Line, LineEnd, LogStamp, Origin};
use crate::event::{DeviceId, Event, Fact, Micros, Trouble};
use crate::io::Inbox;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Events that may wait for the disk. What comes while it is full is not logged, and the log says so.
const CAPACITY: usize = 16_384;
/// A file of this size is followed by a new one.
const ROTATE: u64 = 64 << 20;
/// What a console may hold of lines that are not written yet.
const BUDGET: usize = 4 << 20;
/// After trouble it is tried again so often.
const PAUSE: Micros = Micros::from_secs(60);

/// Where logs go, and how.
#[derive(Clone, Debug)]
pub struct LogPlan {
    /// The folder; made when the first line is written.
    pub folder: PathBuf,
    /// What stands before a line.
    pub stamp: LogStamp,
    /// The wall clock at the session's first instant, in milliseconds since 1970.
    pub started_unix_ms: u64,
}

/// Writes what consoles print. Dropping it writes everything out.
pub struct LogWriter {
    events: Option<SyncSender<Arc<Event>>>,
    missed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl LogWriter {
    /// Starts to write. Trouble is told once; then it is tried again each minute.
    ///
    /// # Errors
    /// `thread-not-started`.
    pub fn start(plan: LogPlan, inbox: Inbox) -> Result<Self, Trouble> {
        let (events, queue) = sync_channel(CAPACITY);
        let missed = Arc::new(AtomicU64::new(0));
        let writer = Writer::new(plan, inbox, Arc::clone(&missed));
        let thread = std::thread::Builder::new()
            .name("console logs".into())
            .spawn(move || writer.run(&queue))
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { events: Some(events), missed, thread: Some(thread) })
    }

    /// Takes in an event; those that are no console's are passed over. Never waits for the disk.
    pub fn take(&self, event: &Arc<Event>) {
        let matters = matches!(
            event.fact,
            Fact::BytesReceived { .. }
                | Fact::BytesSent { .. }
                | Fact::PortOpened { .. }
                | Fact::PortClosed { .. }
                | Fact::PortBound { .. }
                | Fact::UpgradeRequested { .. }
        );
        if let (true, Some(events)) = (matters, &self.events)
            && events.try_send(Arc::clone(event)).is_err()
        {
            self.missed.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    stamp: LogStamp,
    names: LogNames,
    rotate: u64,
    inbox: Inbox,
    ports: BTreeMap<String, PortLog>,
    /// Events that found the queue full.
    missed: Arc<AtomicU64>,
    /// After trouble: when it is tried again, and the bytes that are not in the files.
    pause: Option<(Micros, u64)>,
    told: bool,
}

/// One port's log.
struct PortLog {
    console: Console,
    /// Whose port it is.
    device: Option<DeviceId>,
    /// When a push to that device began.
    pushed: Option<Micros>,
    /// The next line to be written.
    next: u64,
    file: Option<LogFile>,
    /// Whether a new file is to be begun.
    turn: bool,
    before: Option<Micros>,
    /// Whether the file ends in the middle of a line.
    open: bool,
}

struct LogFile {
    to: BufWriter<File>,
    bytes: u64,
    /// The day it is named by.
    day: String,
}

/// Why a log cannot be written.
type Failed = (PathBuf, io::Error);

impl Writer {
    fn new(plan: LogPlan, inbox: Inbox, missed: Arc<AtomicU64>) -> Self {
        let names = LogNames { folder: plan.folder, started_unix_ms: plan.started_unix_ms };
        let ports = BTreeMap::new();
        Self { stamp: plan.stamp, names, rotate: ROTATE, inbox, ports, missed, pause: None, told: false }
    }

    fn run(mut self, queue: &Receiver<Arc<Event>>) {
        while let Ok(event) = queue.recv() {
            self.take(&event);
            while let Ok(event) = queue.try_recv() {
                self.take(&event);
            }
            if let Err(failed) = self.ports.values_mut().try_for_each(PortLog::flush) {
                self.pause_after(event.at, &failed);
            }
        }
        let (names, stamp, rotate) = (&self.names, self.stamp, self.rotate);
        let all = |(port, log): (&String, &mut PortLog)| log.write(port, names, stamp, rotate, true)?.flush();
        if let Err(failed) = self.ports.iter_mut().try_for_each(all) {
            self.tell(&failed);
        }
    }

    fn take(&mut self, event: &Event) {
        let at = event.at;
        match &event.fact {
            Fact::UpgradeRequested { order } => {
                let of_device = |log: &&mut PortLog| log.device.as_ref() == Some(&order.device);
                self.ports.values_mut().filter(of_device).for_each(|log| log.pushed = Some(at));
            }
            Fact::PortBound { port, device } => {
                let log = self.log(port);
                log.device.clone_from(device);
                // What follows is another device's; a file has one name.
                log.turn |= log.file.is_some();
            }
            Fact::BytesReceived { port, bytes } => self.feed(port, at, bytes, Direction::Received),
            Fact::BytesSent { port, bytes } => self.feed(port, at, bytes, Direction::Sent),
            Fact::PortOpened { port, settings } => self.note(port, at, &format!("opened {settings}"), false),
            Fact::PortClosed { port, .. } => self.note(port, at, "closed", true),
            _ => {}
        }
    }

    fn log(&mut self, port: &str) -> &mut PortLog {
        self.ports.entry(port.to_owned()).or_default()
    }

    fn feed(&mut self, port: &str, at: Micros, bytes: &[u8], direction: Direction) {
        if self.goes_on(at, bytes.len()) {
            self.log(port).console.feed(at, bytes, direction);
            self.write(port, at, false);
        }
    }

    fn note(&mut self, port: &str, at: Micros, text: &str, all: bool) {
        if self.goes_on(at, 0) {
            self.log(port).console.note(at, text);
            self.write(port, at, all);
        }
    }

    /// Whether these bytes are logged; while the disk has no room they are only counted.
    fn goes_on(&mut self, at: Micros, bytes: usize) -> bool {
        let missed = self.missed.swap(0, Ordering::AcqRel);
        if missed > 0 {
            self.remark(at, &format!("{missed} chunks are not in this log: the disk did not keep up"));
        }
        match &mut self.pause {
            None => true,
            Some((until, lost)) if at < *until => {
                *lost += bytes as u64;
                false
            }
            Some((_, lost)) => {
                let lost = *lost;
                self.pause = None;
                self.remark(at, &format!("{lost} bytes are not in this log: the disk had no room"));
                true
            }
        }
    }

    fn remark(&mut self, at: Micros, text: &str) {
        self.ports.values_mut().for_each(|log| log.console.note(at, text));
    }

    fn write(&mut self, port: &str, at: Micros, all: bool) {
        let Some(log) = self.ports.get_mut(port) else { return };
        if let Err(failed) = log.write(port, &self.names, self.stamp, self.rotate, all) {
            self.pause_after(at, &failed);
        }
    }

    /// A full disk is said once; the consoles go on without files, and with files once there is room again.
    fn pause_after(&mut self, at: Micros, failed: &Failed) {
        self.pause = Some((at + PAUSE, 0));
        for log in self.ports.values_mut() {
            // What is half written stays; the next file begins with what comes next.
            log.next = log.console.end_index();
            (log.file, log.open) = (None, false);
        }
        self.tell(failed);
    }

    fn tell(&mut self, (path, error): &Failed) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        let path = if path.as_os_str().is_empty() { &self.names.folder } else { path };
        let trouble = Trouble::new("log-unwritable").with("path", path.display()).with("detail", error);
        // Not from here: the session may be waiting for us while it reads nothing.
        let inbox = self.inbox.clone();
        let told = std::thread::Builder::new().name("log trouble".into());
        let _ = told.spawn(move || inbox.fact(Fact::TroubleMet { trouble }));
    }
}

impl Default for PortLog {
    fn default() -> Self {
        Self {
            console: Console::new(BUDGET),
            device: None,
            pushed: None,
            next: 0,
            file: None,
            turn: false,
            before: None,
            open: false,
        }
    }
}

impl PortLog {
    /// Writes the lines that do not grow any more; with `all`, the others too.
    fn write(
        &mut self,
        port: &str,
        names: &LogNames,
        stamp: LogStamp,
        rotate: u64,
        all: bool,
    ) -> Result<&mut Self, Failed> {
        let end = if all { self.console.end_index() } else { self.console.log().end() };
        let lines: Vec<Line> = self.console.lines(self.next..end).map(|(_, line)| line).collect();
        self.next = end;
        let count = lines.len();
        for (place, line) in lines.into_iter().enumerate() {
            // A piece of a line too long to be shown in one goes on where the piece before it ended.
            let goes_on = self.open && line.origin == Origin::Received;
            let begin: &[u8] = if self.open && !goes_on { b"\n" } else { b"" };
            let day = names.day(line.at);
            if !self.open && self.file.as_ref().is_some_and(|file| self.turn || file.bytes >= rotate || file.day != day)
            {
                self.flush()?;
                self.file = None;
            }
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(begin_file(names, port, self.device.as_ref(), line.at)?),
            };
            self.turn = false;
            let stamp = if goes_on { String::new() } else { names.stamp(stamp, line.at, self.before, self.pushed) };
            let last = all && place + 1 == count;
            let ends = line.end != LineEnd::None || line.origin != Origin::Received || last;
            let end: &[u8] = if ends { b"\n" } else { b"" };
            let parts = [begin, stamp.as_bytes(), line.origin.sign().as_bytes(), &line.raw, end];
            file.bytes += parts.iter().map(|part| part.len() as u64).sum::<u64>();
            parts.iter().try_for_each(|part| file.to.write_all(part)).map_err(|error| (PathBuf::new(), error))?;
            (self.before, self.open) = (Some(line.at), !ends);
        }
        Ok(self)
    }

    fn flush(&mut self) -> Result<(), Failed> {
        self.file.as_mut().map_or(Ok(()), |file| file.to.flush()).map_err(|error| (PathBuf::new(), error))
    }
}

fn begin_file(names: &LogNames, port: &str, device: Option<&DeviceId>, at: Micros) -> Result<LogFile, Failed> {
    let path = names.free_path(port, device, at);
    let failed = |error| (path.clone(), error);
    names.make_room().map_err(failed)?;
    let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(failed)?;
    Ok(LogFile { to: BufWriter::with_capacity(1 << 16, file), bytes: 0, day: names.day(at) })
}

#[cfg(test)]
mod tests {
    use super::{Arc, AtomicU64, Event, Fact, Inbox, LogPlan, LogStamp, LogWriter, Micros, Writer};
    use crate::io::Input;
    use std::path::Path;
    use std::time::Duration;

    fn event(at: u64, fact: Fact) -> Arc<Event> {
        Arc::new(Event { seq: 1, at: Micros::from_millis(at), fact })
    }

    fn received(at: u64, bytes: &[u8]) -> Arc<Event> {
        event(at, Fact::BytesReceived { port: "/dev/ttyUSB0".into(), bytes: bytes.into() })
    }

    fn to(folder: &Path, stamp: LogStamp) -> LogPlan {
        LogPlan { folder: folder.join("logs"), stamp, started_unix_ms: 1_790_000_000_000 }
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
        let logs = LogWriter::start(to(folder.path(), LogStamp::SincePrevious), inbox).unwrap();
        let port = || "/dev/ttyUSB0".to_owned();
        logs.take(&event(0, Fact::PortOpened { port: port().into(), settings: "115200 8N1".into() }));
        logs.take(&received(12, b"boot\r\nlam"));
        logs.take(&event(20, Fact::BytesSent { port: port().into(), bytes: b"help\r\n"[..].into() }));
        logs.take(&received(31, b"p> "));
        drop(logs);
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
        let mut writer = Writer::new(to, inbox, Arc::new(AtomicU64::new(0)));
        writer.rotate = 100_000;
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
        let logs = LogWriter::start(to(folder.path(), LogStamp::Clock), inbox).unwrap();
        for _ in 0..20_000 {
            logs.take(&received(1, b"line\n"));
        }
        drop(logs);
        let told = reader.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(matches!(told, Input::Fact(Fact::TroubleMet { trouble }) if trouble.code == "log-unwritable"));
        assert!(reader.try_recv().is_err());
    }

    #[test]
    fn a_log_bears_the_device_s_name_once_it_is_known_and_the_date_of_each_day() {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, _reader) = Inbox::new();
        let mut writer = Writer::new(to(folder.path(), LogStamp::SincePush), inbox, Arc::new(AtomicU64::new(0)));
        let device = Some("product0/lamp-01".parse().unwrap());
        writer.take(&received(1, b"boot\n"));
        writer.take(&event(2, Fact::PortBound { port: "/dev/ttyUSB0".into(), device }));
        writer.take(&received(3, b"ready\n"));
        let day = 24 * 3_600_000;
        writer.take(&received(day, b"next day\n"));
        drop(writer);
        let files = files(folder.path());
        let named = |start: &str, text: &str| {
            files.iter().filter(|(name, has)| name.starts_with(start) && has.contains(text)).count()
        };
        assert_eq!((files.len(), named("lamp-01 ttyUSB0 2026", " ready"), named("ttyUSB0 2026", "boot")), (3, 1, 1));
        assert_eq!(named("lamp-01 ttyUSB0 2026", "next day"), 1);
    }

    #[test]
    fn once_there_is_room_again_the_log_goes_on_and_says_what_it_misses() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        std::fs::write(&logs, "a file in the way").unwrap();
        let (inbox, _reader) = Inbox::new();
        let mut writer = Writer::new(to(folder.path(), LogStamp::None), inbox, Arc::new(AtomicU64::new(0)));
        writer.take(&received(1, b"first\n"));
        writer.take(&received(2, b"12345\n"));
        std::fs::remove_file(&logs).unwrap();
        writer.take(&received(30_000, b"67890\n"));
        writer.take(&received(61_000, b"there again\n"));
        drop(writer);
        let files = files(folder.path());
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].1, "— 12 bytes are not in this log: the disk had no room\nthere again\n");
    }
}
