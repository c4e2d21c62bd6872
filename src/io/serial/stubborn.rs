//! Tests of an open port's threads against a line that does what real ones do on bad days.

use super::wire::Wire;
use super::writer::now;
use super::{Running, SerialPort};
use crate::event::{Fact, Trouble};
use crate::io::{Inbox, InboxReader, Input};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(20);

/// What the line does with what is written to it.
#[derive(Clone, Copy)]
enum Taking {
    /// The system takes it and the line never does: RTS/CTS on a board with three wires.
    Held,
    /// The line takes a byte whenever somebody looks.
    Slow,
    /// The system takes nothing more, as Windows tells it.
    Nothing,
    Everything,
    /// The adapter's way out is broken.
    Error,
}

#[derive(Default)]
struct State {
    taking: Option<Taking>,
    held: usize,
    cleared: usize,
    written: Vec<u8>,
}

/// One end of a stubborn line.
struct Stubborn {
    state: Arc<Mutex<State>>,
    reads: Option<Receiver<io::Result<Vec<u8>>>>,
    calls: Arc<AtomicUsize>,
}

impl Read for Stubborn {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls.fetch_add(1, Ordering::AcqRel);
        let Some(reads) = &self.reads else { return Err(ErrorKind::TimedOut.into()) };
        match reads.recv_timeout(Duration::from_millis(20)) {
            Ok(read) => read.map(|bytes| {
                buffer[..bytes.len()].copy_from_slice(&bytes);
                bytes.len()
            }),
            Err(RecvTimeoutError::Timeout) => Err(ErrorKind::TimedOut.into()),
            Err(RecvTimeoutError::Disconnected) => Err(ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Stubborn {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.lock().unwrap();
        match state.taking.unwrap_or(Taking::Everything) {
            Taking::Held | Taking::Slow => state.held += bytes.len(),
            Taking::Nothing => return Ok(0),
            Taking::Everything => {}
            Taking::Error => return Err(io::Error::other("the pipe is stuck")),
        }
        state.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire for Stubborn {
    fn read_at_once(&mut self, _buffer: &mut [u8]) -> usize {
        0
    }

    fn unsent(&self) -> usize {
        let mut state = self.state.lock().unwrap();
        if matches!(state.taking, Some(Taking::Slow)) {
            state.held = state.held.saturating_sub(1);
        }
        state.held
    }

    fn drop_unsent(&self) {
        let mut state = self.state.lock().unwrap();
        state.cleared += std::mem::take(&mut state.held);
    }
}

/// An open port on a stubborn line.
struct Bench {
    port: SerialPort,
    state: Arc<Mutex<State>>,
    /// What the board says; hanging up unplugs it.
    board: SyncSender<io::Result<Vec<u8>>>,
    facts: InboxReader,
}

impl Bench {
    fn new(taking: Taking) -> Self {
        let state = Arc::new(Mutex::new(State { taking: Some(taking), ..State::default() }));
        let (board, reads) = sync_channel(8);
        let (inbox, facts) = Inbox::new();
        let end = |reads| Stubborn { state: Arc::clone(&state), reads, calls: Arc::default() };
        // A place that is there, as a port is that only fails.
        let names = ("COM7", env!("CARGO_MANIFEST_DIR"));
        let (reading, writing) = (end(Some(reads)), end(None));
        let running = Running::start(names, opened(), reading, writing, inbox, Box::new(drop), |_| {}).unwrap();
        let port = SerialPort { name: "COM7".into(), running, lines: None, standing: (true, true) };
        let bench = Self { port, state, board, facts };
        assert!(matches!(bench.next(), Fact::PortOpened { .. }));
        bench
    }

    fn next(&self) -> Fact {
        match self.facts.recv_timeout(DEADLINE) {
            Ok(Input::Fact(fact)) => fact,
            other => panic!("no fact: {other:?}"),
        }
    }

    /// The next trouble; gives what came before it, too.
    fn trouble(&self) -> (Trouble, Vec<Fact>) {
        let mut before = Vec::new();
        loop {
            match self.next() {
                Fact::TroubleMet { trouble } | Fact::PortClosed { trouble: Some(trouble), .. } => {
                    return (trouble, before);
                }
                fact => before.push(fact),
            }
        }
    }

    fn send(&self, bytes: &[u8]) {
        self.port.send(bytes.to_vec()).unwrap();
    }

    fn take(&self, taking: Taking) {
        let mut state = self.state.lock().unwrap();
        (state.taking, state.held) = (Some(taking), 0);
    }
}

fn opened() -> Vec<Fact> {
    vec![Fact::PortOpened { port: "COM7".into(), settings: "115200 8N1".into() }]
}

fn unsent(trouble: &Trouble) -> (&str, &str) {
    (&trouble.code, trouble.arg("unsent").unwrap_or_default())
}

#[test]
fn an_adapter_that_reads_but_cannot_write_says_so_and_is_opened_anew() {
    let bench = Bench::new(Taking::Error);
    bench.send(b"help\r\n");
    let (trouble, before) = bench.trouble();
    assert_eq!((&*trouble.code, trouble.arg("detail")), ("port-write-failed", Some("the pipe is stuck")));
    assert_eq!(before, [], "nothing is said to have been sent");
    assert_eq!(bench.port.send(b"x".to_vec()).unwrap_err().code, "port-gone");
}

#[test]
fn a_port_that_fails_without_being_unplugged_says_what_failed() {
    for (error, code) in
        [(io::Error::other("framing went mad"), "port-read-failed"), (ErrorKind::BrokenPipe.into(), "port-vanished")]
    {
        let bench = Bench::new(Taking::Everything);
        bench.board.send(Err(error)).unwrap();
        assert_eq!(bench.trouble().0.code, code);
    }
}

#[test]
fn a_write_that_takes_nothing_is_a_stall_and_not_the_end() {
    let bench = Bench::new(Taking::Nothing);
    bench.send(b"help\r\n");
    let (trouble, _) = bench.trouble();
    assert_eq!(unsent(&trouble), ("port-send-stalled", "6"));
    bench.take(Taking::Everything);
    bench.send(b"help\r\n");
    assert_eq!(bench.next(), Fact::BytesSent { port: "COM7".into(), bytes: (*b"help\r\n").into() });
}

#[test]
fn a_few_bytes_that_cts_holds_back_are_told_and_closing_does_not_wait_for_them() {
    let bench = Bench::new(Taking::Held);
    bench.send(b"help\r\n");
    let (trouble, before) = bench.trouble();
    assert_eq!(unsent(&trouble), ("port-send-stalled", "6"));
    assert_eq!(before.len(), 1, "{before:?}");
    // Nothing more goes into a buffer that nobody empties.
    bench.send(b"again\r\n");
    let (trouble, before) = bench.trouble();
    assert_eq!((unsent(&trouble), before), (("port-send-stalled", "7"), Vec::new()));
    let begun = now();
    let Bench { port, state, facts, board, .. } = bench;
    drop(port);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(state.lock().unwrap().cleared, 6);
    let facts: Vec<_> = std::iter::from_fn(|| facts.recv_timeout(DEADLINE).ok()).collect();
    let [Input::Fact(Fact::TroubleMet { trouble }), Input::Fact(Fact::PortClosed { trouble: None, .. })] = &*facts
    else {
        panic!("{facts:?}")
    };
    assert_eq!(unsent(trouble), ("port-send-cut", "6"));
    drop(board);
}

#[test]
fn what_is_still_leaving_when_the_port_is_closed_leaves() {
    let bench = Bench::new(Taking::Slow);
    bench.send(b"reset\r\n");
    assert!(matches!(bench.next(), Fact::BytesSent { .. }));
    let Bench { port, state, facts, board, .. } = bench;
    drop(port);
    assert_eq!(state.lock().unwrap().cleared, 0);
    let last = std::iter::from_fn(|| facts.recv_timeout(DEADLINE).ok()).collect::<Vec<_>>();
    assert!(matches!(&*last, [Input::Fact(Fact::PortClosed { trouble: None, .. })]), "{last:?}");
    drop(board);
}

#[test]
fn a_repeat_on_a_stalled_port_tells_once_and_goes_on_when_the_board_reads_again() {
    for taking in [Taking::Held, Taking::Nothing] {
        let bench = Bench::new(taking);
        bench.send(b"first");
        let until = now() + Duration::from_secs(5);
        let mut told = 0;
        while now() < until {
            bench.port.running.link.send_beat(b"AT\r\n".to_vec());
            if let Ok(Input::Fact(Fact::TroubleMet { trouble })) = bench.facts.recv_timeout(Duration::from_millis(10)) {
                assert_eq!(trouble.code, "port-send-stalled");
                told += 1;
            }
        }
        assert_eq!(told, 1, "five seconds at ten milliseconds");
        let before = bench.state.lock().unwrap().written.len();
        bench.take(Taking::Everything);
        let until = now() + DEADLINE;
        while bench.state.lock().unwrap().written.len() < before + 8 {
            assert!(now() < until, "it does not go on");
            bench.port.running.link.send_beat(b"AT\r\n".to_vec());
            let _ = bench.facts.recv_timeout(Duration::from_millis(10));
        }
    }
}

#[test]
fn what_queued_behind_a_stall_is_dropped_and_counted_and_a_file_says_so() {
    let bench = Bench::new(Taking::Nothing);
    bench.send(b"first");
    bench.send(b"second");
    bench.port.send_file(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let mut facts = Vec::new();
    let trouble = loop {
        match bench.next() {
            Fact::TroubleMet { trouble } => break trouble,
            fact => facts.push(fact),
        }
    };
    assert_eq!(unsent(&trouble), ("port-send-stalled", "11"));
    let [Fact::FileEnded { sent: 0, complete: false, trouble: Some(trouble), .. }] = &*facts else {
        panic!("{facts:?}")
    };
    assert_eq!(trouble.code, "port-send-stalled");
}

#[test]
fn too_many_bytes_are_refused_however_few_the_sends_are() {
    let bench = Bench::new(Taking::Nothing);
    let sends = (0..8).map(|_| bench.port.send(vec![b'x'; 1 << 20]));
    let refused: Vec<_> = sends.filter_map(Result::err).collect();
    assert!(!refused.is_empty() && refused.iter().all(|trouble| trouble.code == "port-send-full"), "{refused:?}");
}

#[test]
fn a_file_given_up_is_not_sent_on_from_the_systems_buffer() {
    let bench = Bench::new(Taking::Held);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.bin");
    std::fs::write(&path, [b'x'; 1_000]).unwrap();
    bench.port.send_file(path).unwrap();
    assert!(matches!(bench.next(), Fact::FileStarted { size: 1_000, .. }));
    let until = now() + DEADLINE;
    while bench.state.lock().unwrap().held < 1_000 {
        assert!(now() < until);
        std::thread::yield_now();
    }
    bench.port.cancel_files();
    let ended = std::iter::from_fn(|| Some(bench.next())).find(|fact| !matches!(fact, Fact::FileProgressed { .. }));
    assert!(matches!(ended, Some(Fact::FileEnded { sent: 0, complete: false, sha256: None, trouble: None, .. })));
    assert_eq!(bench.state.lock().unwrap().cleared, 1_000);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_and_does_not_hold_the_writer() {
    let bench = Bench::new(Taking::Everything);
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    bench.port.send_file(pipe).unwrap();
    bench.send(b"on");
    let Fact::FileEnded { trouble: Some(trouble), .. } = bench.next() else { panic!("the pipe is not refused") };
    assert_eq!(trouble.code, "file-unreadable");
    assert!(matches!(bench.next(), Fact::BytesSent { .. }));
}

#[test]
fn a_driver_that_comes_back_at_once_does_not_keep_a_processor_busy() {
    let calls = Arc::<AtomicUsize>::default();
    let (inbox, facts) = Inbox::new();
    let end = || Stubborn { state: Arc::default(), reads: None, calls: Arc::clone(&calls) };
    let names = ("COM7", "COM7");
    let running = Running::start(names, opened(), end(), end(), inbox, Box::new(drop), |_| {}).unwrap();
    let begun = now();
    let port = SerialPort { name: "COM7".into(), running, lines: None, standing: (true, true) };
    assert!(matches!(facts.recv_timeout(DEADLINE), Ok(Input::Fact(Fact::PortOpened { .. }))));
    assert!(facts.recv_timeout(Duration::from_millis(200)).is_err());
    let most = begun.elapsed().as_millis() / 20 + 5;
    assert!(calls.load(Ordering::Acquire) as u128 <= most, "{} reads", calls.load(Ordering::Acquire));
    drop(port);
}
