//! Ports that are kept open: they go, come back, are held by others, and take lines, files and settings.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "these are tests, helpers included"
)]

use ota_workbench::bench::{FlowControl, Parity, PortIdentity, SerialSettings};
use ota_workbench::event::{Fact, LineMove, Trouble};
use ota_workbench::io::serial::TendedPort;
use ota_workbench::io::{Inbox, InboxReader, Input};
use serialport::{SerialPort as _, TTYPort};
use std::cell::Cell;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

/// A board that can be unplugged: its port is a name that leads to a pseudo terminal, or nowhere.
struct Bench {
    folder: TempDir,
    plugged: Option<(TTYPort, TTYPort)>,
    port: TendedPort,
    facts: InboxReader,
    /// One that was taken already, and is to come again.
    told: Cell<Option<Fact>>,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("ttyUSB0");
        let (inbox, facts) = Inbox::new();
        let port = TendedPort::new(name.to_str().unwrap(), inbox).unwrap();
        Self { folder, plugged: None, port, facts, told: Cell::new(None) }
    }

    /// One with a board, and open.
    fn open(settings: SerialSettings) -> Self {
        let mut bench = Self::new();
        bench.plug_in();
        bench.port.open(settings, None).unwrap();
        bench.wait_for("the opening", |fact| matches!(fact, Fact::PortOpened { .. }));
        bench
    }

    fn name(&self) -> PathBuf {
        self.folder.path().join("ttyUSB0")
    }

    fn plug_in(&mut self) {
        let pair = TTYPort::pair().unwrap();
        std::os::unix::fs::symlink(pair.1.name().unwrap(), self.name()).unwrap();
        self.plugged = Some(pair);
    }

    fn unplug(&mut self) {
        std::fs::remove_file(self.name()).unwrap();
        self.plugged = None;
    }

    fn board(&mut self) -> &mut TTYPort {
        &mut self.plugged.as_mut().unwrap().0
    }

    fn next(&self) -> Fact {
        if let Some(fact) = self.told.take() {
            return fact;
        }
        match self.facts.recv_timeout(DEADLINE) {
            Ok(Input::Fact(fact)) => fact,
            other => panic!("no fact: {other:?}"),
        }
    }

    /// The first fact like this one; gives what came before it, too.
    fn wait_for(&self, what: &str, like: impl Fn(&Fact) -> bool) -> Vec<Fact> {
        let mut seen = Vec::new();
        let until = Instant::now() + DEADLINE;
        while Instant::now() < until {
            let Ok(Input::Fact(fact)) = self.facts.recv_timeout(DEADLINE) else { break };
            let found = like(&fact);
            seen.push(fact);
            if found {
                return seen;
            }
        }
        panic!("{what} does not come, but {:?}", seen.iter().rev().take(5).collect::<Vec<_>>());
    }

    fn closed(&self) -> Option<Trouble> {
        match self.wait_for("the closing", |fact| matches!(fact, Fact::PortClosed { .. })).pop() {
            Some(Fact::PortClosed { trouble, .. }) => trouble,
            other => panic!("{other:?}"),
        }
    }

    fn read_exactly(&mut self, length: usize) -> Vec<u8> {
        let until = Instant::now() + DEADLINE;
        let (mut got, mut buffer) = (Vec::new(), [0; 8 * 1024]);
        while got.len() < length && Instant::now() < until {
            if let Ok(read) = self.board().read(&mut buffer) {
                got.extend_from_slice(&buffer[..read]);
            }
        }
        got
    }
}

fn settings() -> SerialSettings {
    // A pseudo terminal on macOS refuses any baud rate but none.
    SerialSettings { baud_rate: if cfg!(target_os = "macos") { 0 } else { 115_200 }, ..SerialSettings::default() }
}

fn received(facts: &[Fact]) -> Vec<u8> {
    let bytes =
        facts.iter().filter_map(|fact| if let Fact::BytesReceived { bytes, .. } = fact { Some(bytes) } else { None });
    bytes.flat_map(|bytes| bytes.iter().copied()).collect()
}

fn code(trouble: Option<Trouble>) -> String {
    trouble.map(|trouble| trouble.code.to_string()).unwrap_or_default()
}

#[test]
fn a_board_that_is_unplugged_says_so_once_and_speaks_again_when_it_is_back() {
    let mut bench = Bench::open(settings());
    for _ in 0..2 {
        bench.unplug();
        assert_eq!(code(bench.closed()), "port-vanished");
        assert_eq!(bench.port.send(b"x".to_vec()).unwrap_err().code, "port-gone");
        bench.plug_in();
        let since = bench.wait_for("the return", |fact| matches!(fact, Fact::PortOpened { .. }));
        assert_eq!(since.len(), 1, "nothing more is told meanwhile: {since:?}");
        bench.board().write_all(b"boot").unwrap();
        let facts = bench.wait_for("its output", |fact| matches!(fact, Fact::BytesReceived { .. }));
        assert_eq!(received(&facts), b"boot");
        bench.port.send(b"help".to_vec()).unwrap();
        assert_eq!(bench.read_exactly(4), b"help");
        bench.wait_for("what was sent", |fact| matches!(fact, Fact::BytesSent { .. }));
    }
}

#[test]
fn a_port_that_is_not_there_yet_is_opened_when_it_comes() {
    let mut bench = Bench::new();
    bench.port.open(settings(), None).unwrap();
    assert_eq!(code(bench.closed()), "port-not-found");
    bench.plug_in();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }));
}

#[test]
fn closing_ends_the_wait_and_is_told() {
    let mut bench = Bench::new();
    bench.port.open(settings(), None).unwrap();
    assert_eq!(code(bench.closed()), "port-not-found");
    bench.port.close().unwrap();
    assert_eq!(bench.closed(), None);
    bench.plug_in();
    bench.port.open(settings(), None).unwrap();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }));
    bench.port.close().unwrap();
    assert_eq!(bench.closed(), None);
    assert_eq!(bench.port.send(b"x".to_vec()).unwrap_err().code, "port-gone");
    bench.port.open(settings(), None).unwrap();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }), "it can be opened again at once");
}

/// Every setting by itself, with what stty calls it.
#[cfg(target_os = "linux")]
fn each_setting() -> [(SerialSettings, &'static str); 11] {
    [
        (SerialSettings { baud_rate: 74_880, ..settings() }, ""),
        (SerialSettings { baud_rate: 123_456, ..settings() }, ""),
        (SerialSettings { baud_rate: 3_000_000, ..settings() }, ""),
        (SerialSettings { data_bits: 7, ..settings() }, " cs7"),
        (SerialSettings { data_bits: 5, stop_bits: 2, ..settings() }, " cs5"),
        (SerialSettings { parity: Parity::Even, ..settings() }, " parenb"),
        (SerialSettings { parity: Parity::Odd, ..settings() }, " parodd"),
        (SerialSettings { stop_bits: 2, ..settings() }, " cstopb"),
        (SerialSettings { flow_control: FlowControl::Hardware, ..settings() }, " crtscts"),
        (SerialSettings { flow_control: FlowControl::Software, ..settings() }, " ixon"),
        (settings(), "-ixon"),
    ]
}

/// Read back by the board's side of the line and, in its words, by stty. Where the system's pseudo terminals have neither
/// parity nor seven data bits, the port says what it has: an adapter that takes less than it was asked for shows garbage
/// otherwise.
#[cfg(target_os = "linux")]
fn check_taken(bench: &Bench, settings: SerialSettings, words: &str) {
    let seen = &bench.plugged.as_ref().unwrap().1;
    let parity = match seen.parity().unwrap() {
        serialport::Parity::None => Parity::None,
        serialport::Parity::Odd => Parity::Odd,
        serialport::Parity::Even => Parity::Even,
    };
    let has = SerialSettings {
        baud_rate: seen.baud_rate().unwrap(),
        data_bits: seen.data_bits().unwrap().into(),
        parity,
        stop_bits: seen.stop_bits().unwrap().into(),
        ..settings
    };
    assert_eq!(format!("{:?}", seen.flow_control().unwrap()), format!("{:?}", settings.flow_control));
    let taken = SerialSettings { data_bits: has.data_bits, parity: has.parity, ..settings };
    assert_eq!(has, taken, "all but data bits and parity");
    let port = bench.name().to_str().unwrap().to_owned();
    assert_eq!(
        bench.next(),
        Fact::PortOpened { port: port.into(), settings: has.to_string().into() },
        "what it has is told"
    );
    if has == settings {
        // Root may open a port that is held exclusively; others are refused.
        let stty = std::process::Command::new("stty").arg("-aF").arg(bench.name()).output().unwrap();
        let told = String::from_utf8(stty.stdout).unwrap();
        assert!(!stty.status.success() || told.contains(words), "{words} not in {told}");
    } else {
        let Fact::TroubleMet { trouble } = bench.next() else { panic!("nothing is said") };
        assert_eq!((&*trouble.code, trouble.arg("asked")), ("port-settings-differ", Some(&*settings.to_string())));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_port_is_opened_with_each_setting_and_says_what_it_has() {
    for (settings, words) in each_setting() {
        let mut bench = Bench::new();
        bench.plug_in();
        bench.port.open(settings, None).unwrap();
        let opened = bench.next();
        assert!(matches!(opened, Fact::PortOpened { .. }), "{opened:?}");
        bench.told.set(Some(opened));
        check_taken(&bench, settings, words);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn each_setting_is_read_back_from_the_port_or_said_to_differ_and_changes_without_closing_it() {
    let bench = Bench::open(settings());
    for (settings, words) in each_setting() {
        bench.port.open(settings, None).unwrap();
        let opened = bench.next();
        bench.told.set(Some(opened));
        check_taken(&bench, settings, words);
    }
}

#[test]
fn settings_that_are_refused_are_not_wanted_when_the_board_comes_back() {
    let mut bench = Bench::open(settings());
    bench.port.open(SerialSettings { data_bits: 9, ..settings() }, None).unwrap();
    let Fact::TroubleMet { trouble } = bench.next() else { panic!("nothing is said") };
    assert_eq!(trouble.code, "port-failed");
    bench.unplug();
    assert_eq!(code(bench.closed()), "port-vanished");
    bench.plug_in();
    let Fact::PortOpened { settings: told, .. } = bench.next() else { panic!("it does not open") };
    assert_eq!(told, settings().to_string());
}

#[test]
fn a_board_that_was_replaced_under_the_same_name_by_something_else_says_so() {
    let mut bench = Bench::open(settings());
    bench.unplug();
    assert_eq!(code(bench.closed()), "port-vanished");
    std::os::unix::fs::symlink("/dev/null", bench.name()).unwrap();
    assert_eq!(code(bench.closed()), "port-not-reopened", "its cause has changed");
    std::fs::remove_file(bench.name()).unwrap();
    bench.plug_in();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }), "and it is still waited for");
}

#[test]
fn a_port_closed_and_opened_at_once_ends_open() {
    let bench = Bench::open(settings());
    for _ in 0..20 {
        bench.port.close().unwrap();
        bench.port.open(settings(), None).unwrap();
        assert!(matches!(bench.next(), Fact::PortClosed { trouble: None, .. }), "the old end comes first");
        assert!(matches!(bench.next(), Fact::PortOpened { .. }));
    }
}

#[test]
fn what_stands_at_a_name_now_is_opened_whatever_was_there_before() {
    let mut bench = Bench::new();
    bench.plug_in();
    let before = PortIdentity { name: "/dev/ttyUSB0".into(), usb: "10c4:ea60:0001".parse().ok() };
    bench.port.open(settings(), Some(before)).unwrap();
    assert_eq!(code(bench.closed()), "port-not-found");
    bench.port.open(settings(), Some(PortIdentity::named(bench.name().to_str().unwrap()))).unwrap();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }));
}

#[cfg(target_os = "linux")]
#[test]
fn a_port_held_by_another_program_says_which_and_opens_when_it_is_free() {
    use std::process::{Command, Stdio};
    let mut bench = Bench::new();
    bench.plug_in();
    let holding = Command::new("flock").arg("-x").arg(bench.name()).arg("cat").stdin(Stdio::piped()).spawn();
    let mut holding = holding.unwrap();
    let until = Instant::now() + DEADLINE;
    // It holds the port once its own program runs.
    while !ota_workbench::io::serial::holders(bench.name().to_str().unwrap()).iter().any(|one| one.program == "cat") {
        assert!(Instant::now() < until, "flock does not take the port");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    bench.port.open(settings(), None).unwrap();
    let trouble = bench.closed().unwrap();
    assert_eq!(trouble.code, "port-held");
    assert!(["flock", "cat"].contains(&trouble.arg("program").unwrap()), "{trouble:?}");
    assert!(trouble.arg("pid").unwrap().parse::<u32>().unwrap() >= holding.id());
    // Its input ends, and so does it.
    drop(holding.stdin.take());
    holding.wait().unwrap();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }));
}

#[test]
fn a_board_that_never_reads_is_told_and_the_port_goes_on() {
    let mut bench = Bench::open(settings());
    bench.port.send(vec![b'x'; 256 * 1024]).unwrap();
    let facts = bench.wait_for("the time-out", |fact| matches!(fact, Fact::TroubleMet { .. }));
    let Some(Fact::TroubleMet { trouble }) = facts.last() else { panic!("{facts:?}") };
    let sent: usize =
        facts.iter().map(|fact| if let Fact::BytesSent { bytes, .. } = fact { bytes.len() } else { 0 }).sum();
    assert_eq!(trouble.code, "port-send-stalled");
    assert_eq!(trouble.arg("unsent"), Some((256 * 1024 - sent).to_string().as_str()), "what was written was told");
    bench.board().write_all(b"still here").unwrap();
    let facts = bench.wait_for("its output", |fact| matches!(fact, Fact::BytesReceived { .. }));
    assert_eq!(received(&facts), b"still here");
}

#[test]
fn a_port_that_vanishes_in_the_middle_of_a_write_is_told_once() {
    let mut bench = Bench::open(settings());
    bench.port.send(vec![b'x'; 256 * 1024]).unwrap();
    bench.wait_for("the first bytes", |fact| matches!(fact, Fact::BytesSent { .. }));
    bench.unplug();
    assert_eq!(code(bench.closed()), "port-vanished");
    bench.plug_in();
    assert!(matches!(bench.next(), Fact::PortOpened { .. }), "and what was left of the write is not sent to it");
}

#[test]
fn a_flood_loses_nothing() {
    const FLOOD: usize = 8 << 20;
    let mut bench = Bench::open(settings());
    let mut board = bench.board().try_clone_native().unwrap();
    let flooding = std::thread::Builder::new().spawn(move || {
        let chunk: Vec<u8> = (0..=250).cycle().take(251 * 16).collect();
        let mut sent = 0;
        while sent < FLOOD {
            let rest = chunk.len().min(FLOOD - sent);
            board.write_all(&chunk[..rest]).unwrap();
            sent += rest;
        }
        board
    });
    let mut expected = (0..=250_u8).cycle();
    let mut got = 0;
    while got < FLOOD {
        let Fact::BytesReceived { bytes, .. } = bench.next() else { continue };
        assert!(bytes.iter().all(|byte| Some(*byte) == expected.next()), "at {got}");
        got += bytes.len();
    }
    flooding.unwrap().join().unwrap();
}

#[test]
fn a_file_is_sent_byte_for_byte_and_its_progress_is_told() {
    let mut bench = Bench::open(settings());
    let file = bench.folder.path().join("config.bin");
    let bytes: Vec<u8> = (0..=255).cycle().take(20_000).collect();
    std::fs::write(&file, &bytes).unwrap();
    bench.port.send_file(file).unwrap();
    assert_eq!(bench.read_exactly(bytes.len()), bytes);
    let facts = bench.wait_for("its end", |fact| matches!(fact, Fact::FileEnded { .. }));
    assert!(
        matches!(&facts[0], Fact::FileStarted { name, size: 20_000, .. } if name == "config.bin"),
        "{:?}",
        facts[0]
    );
    let Some(Fact::FileEnded { sent: 20_000, complete: true, sha256: Some(sha256), trouble: None, .. }) = facts.last()
    else {
        panic!("{facts:?}")
    };
    assert_eq!(*sha256, ota_workbench::image::digest(&bytes).sha256);
    assert!(
        !facts.iter().any(|fact| matches!(fact, Fact::BytesSent { .. })),
        "its bytes are not in the console, the log and the capture"
    );
}

#[test]
fn a_file_can_be_given_up_and_one_that_is_not_there_is_refused() {
    let mut bench = Bench::open(settings());
    let file = bench.folder.path().join("large.bin");
    std::fs::write(&file, vec![b'x'; 1 << 20]).unwrap();
    bench.port.send_file(file).unwrap();
    bench.wait_for("its progress", |fact| matches!(fact, Fact::FileProgressed { .. }));
    bench.port.cancel_files();
    let facts = bench.wait_for("its end", |fact| matches!(fact, Fact::FileEnded { .. }));
    assert!(matches!(facts.last(), Some(Fact::FileEnded { complete: false, trouble: None, .. })), "{:?}", facts.last());
    bench.port.send_file(bench.folder.path().join("none.bin")).unwrap();
    let facts = bench.wait_for("the refusal", |fact| matches!(fact, Fact::FileEnded { .. }));
    let Some(Fact::FileEnded { sent: 0, complete: false, trouble, .. }) = facts.last() else { panic!("{facts:?}") };
    assert_eq!(code(trouble.clone()), "file-unreadable");
    assert!(bench.board().read(&mut [0; 16]).is_ok());
}

#[test]
fn a_port_without_control_lines_says_so_and_stays_open() {
    let mut bench = Bench::open(settings());
    bench.port.move_lines(LineMove::Reset).unwrap();
    let Fact::TroubleMet { trouble } = bench.next() else { panic!("nothing is said") };
    assert_eq!(trouble.code, "port-no-lines");
    bench.board().write_all(b"on").unwrap();
    let facts = bench.wait_for("its output", |fact| matches!(fact, Fact::BytesReceived { .. }));
    assert_eq!(received(&facts), b"on");
}

#[test]
fn dropping_a_port_tells_its_end_before_the_session_is_over() {
    let bench = Bench::open(settings());
    let Bench { port, facts, plugged, .. } = bench;
    drop(port);
    let last = std::iter::from_fn(|| facts.try_recv().ok()).last();
    assert!(matches!(last, Some(Input::Fact(Fact::PortClosed { trouble: None, .. }))), "{last:?}");
    drop(plugged);
}
