//! The serial adapter against pseudo terminals: a pair of ports without a cable.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "these are tests, helpers included"
)]

use ota_workbench::bench::{PortIdentity, SerialSettings};
use ota_workbench::event::Fact;
use ota_workbench::io::pty::Pty;
use ota_workbench::io::serial::{SerialPort, TendedPort};
use ota_workbench::io::{Inbox, InboxReader, Input};
use serialport::{SerialPort as _, TTYPort};
use std::io::{Read, Write};

use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);

/// A board on a cable: its end of the line, the port's name, and what the session hears.
struct Bench {
    board: TTYPort,
    /// Keeps the port in being while nobody has it open, as a USB adapter does.
    plugged: TTYPort,
    name: String,
    inbox: Inbox,
    facts: InboxReader,
}

impl Bench {
    fn new() -> Self {
        let (board, plugged) = TTYPort::pair().unwrap();
        let (inbox, facts) = Inbox::new();
        Self { board, name: plugged.name().unwrap(), plugged, inbox, facts }
    }

    fn open(&self) -> SerialPort {
        let port = SerialPort::open(&self.name, &settings(), self.inbox.clone()).unwrap();
        assert!(matches!(self.next(), Fact::PortOpened { .. }));
        port
    }

    fn next(&self) -> Fact {
        match self.facts.recv_timeout(DEADLINE) {
            Ok(Input::Fact(fact)) => fact,
            other => panic!("no fact: {other:?}"),
        }
    }

    fn expect_received(&self, expected: &[u8]) {
        let mut got = Vec::new();
        while got.len() < expected.len() {
            match self.next() {
                Fact::BytesReceived { bytes, .. } => got.extend_from_slice(&bytes),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(got, expected);
    }
}

fn settings() -> SerialSettings {
    // A pseudo terminal on macOS refuses any baud rate but none.
    SerialSettings { baud_rate: if cfg!(target_os = "macos") { 0 } else { 115_200 }, ..SerialSettings::default() }
}

fn read_exactly(board: &mut TTYPort, length: usize) -> Vec<u8> {
    let until = Instant::now() + DEADLINE;
    let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
    while got.len() < length && Instant::now() < until {
        if let Ok(read) = board.read(&mut buffer) {
            got.extend_from_slice(&buffer[..read]);
        }
    }
    got
}

fn code_of(result: Result<SerialPort, ota_workbench::event::Trouble>) -> String {
    result.expect_err("it opened").code.to_string()
}

#[test]
fn what_the_board_prints_is_heard_and_the_opening_names_its_settings() {
    let mut bench = Bench::new();
    let settings = SerialSettings { stop_bits: 2, ..settings() };
    let _port = SerialPort::open(&bench.name, &settings, bench.inbox.clone()).unwrap();
    let opened = Fact::PortOpened { port: bench.name.clone().into(), settings: settings.to_string().into() };
    assert_eq!(bench.next(), opened);
    assert!(settings.to_string().ends_with(" 8N2"));
    bench.board.write_all(b"boot\r\n").unwrap();
    bench.expect_received(b"boot\r\n");
}

#[test]
fn a_prompt_without_newline_is_heard_at_once() {
    let mut bench = Bench::new();
    let _port = bench.open();
    bench.board.write_all(b"lamp> ").unwrap();
    bench.expect_received(b"lamp> ");
}

#[test]
fn every_byte_value_comes_through_unchanged() {
    let mut bench = Bench::new();
    let port = bench.open();
    let all: Vec<u8> = (0..=255).collect();
    bench.board.write_all(&all).unwrap();
    bench.expect_received(&all);
    port.send(all.clone()).unwrap();
    assert_eq!(read_exactly(&mut bench.board, all.len()), all);
}

#[test]
fn what_is_sent_reaches_the_board_and_is_told() {
    let mut bench = Bench::new();
    let port = bench.open();
    port.send(b"help\r\n".to_vec()).unwrap();
    assert_eq!(read_exactly(&mut bench.board, 6), b"help\r\n");
    let sent = Fact::BytesSent { port: bench.name.clone().into(), bytes: (*b"help\r\n").into() };
    assert_eq!(bench.next(), sent);
}

#[test]
fn a_board_that_reads_nothing_blocks_neither_the_sender_nor_the_closing() {
    let bench = Bench::new();
    let port = bench.open();
    let begun = Instant::now();
    for _ in 0..200 {
        if port.send(vec![b'x'; 64 * 1024]).is_err_and(|trouble| trouble.code == "port-send-full") {
            break;
        }
    }
    port.close();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let last = std::iter::from_fn(|| Some(bench.next())).find(|fact| !matches!(fact, Fact::BytesSent { .. }));
    assert_eq!(last, Some(Fact::PortClosed { port: bench.name.clone().into(), trouble: None }));
}

#[test]
fn a_port_that_disappears_is_told_once_and_sending_to_it_is_refused() {
    let bench = Bench::new();
    let port = bench.open();
    let Bench { board, plugged, facts, inbox, .. } = bench;
    drop(inbox);
    drop((board, plugged));
    match facts.recv_timeout(DEADLINE) {
        Ok(Input::Fact(Fact::PortClosed { trouble: Some(trouble), .. })) => assert_eq!(trouble.code, "port-vanished"),
        other => panic!("{other:?}"),
    }
    assert_eq!(port.send(b"x".to_vec()).unwrap_err().code, "port-gone");
    assert!(facts.recv_timeout(DEADLINE).is_err(), "both threads ended, with nothing more to say");
}

#[test]
fn a_closed_port_can_be_opened_again_at_once() {
    let bench = Bench::new();
    for _ in 0..5 {
        bench.open().close();
        assert_eq!(bench.next(), Fact::PortClosed { port: bench.name.clone().into(), trouble: None });
    }
}

#[test]
fn a_port_in_use_an_absent_port_and_a_file_are_told_apart() {
    let bench = Bench::new();
    let _port = bench.open();
    let open = |name: &str| code_of(SerialPort::open(name, &settings(), bench.inbox.clone()));
    assert_eq!(open(&bench.name), "port-busy");
    assert_eq!(open("/dev/ttyNONE9"), "port-not-found");
    assert_eq!(open("/dev/null"), "port-failed");
    let nine = SerialSettings { data_bits: 9, ..settings() };
    assert_eq!(code_of(SerialPort::open(&bench.name, &nine, bench.inbox.clone())), "port-failed");
}

#[test]
fn closing_does_not_wait_for_a_session_that_is_behind() {
    let mut bench = Bench::new();
    let port = bench.open();
    fill(&bench.inbox);
    bench.board.write_all(b"the reader now waits for the session").unwrap();
    let begun = Instant::now();
    port.close();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Fills the session's inbox to the brim, from a thread that ends with the session.
fn fill(inbox: &Inbox) {
    let inbox = inbox.clone();
    let (tell, told) = std::sync::mpsc::sync_channel(0);
    let filler = move || while inbox.put(Input::Stop).is_ok() && tell.send(()).is_ok() {};
    std::thread::Builder::new().spawn(filler).unwrap();
    while told.recv_timeout(Duration::from_millis(200)).is_ok() {}
}

#[test]
fn a_simulated_console_is_a_port_like_any_other_and_can_be_opened_again() {
    let (mut pty, mut output) = Pty::open().unwrap();
    let (tell, typed) = std::sync::mpsc::sync_channel(8);
    pty.listen(move |bytes| tell.send(bytes.to_vec()).unwrap()).unwrap();
    for _ in 0..2 {
        let (inbox, facts) = Inbox::new();
        let port = SerialPort::open(pty.path(), &settings(), inbox).unwrap();
        assert!(matches!(facts.recv_timeout(DEADLINE), Ok(Input::Fact(Fact::PortOpened { .. }))));
        output.print(b"lamp> ");
        match facts.recv_timeout(DEADLINE) {
            Ok(Input::Fact(Fact::BytesReceived { bytes, .. })) => assert_eq!(&*bytes, b"lamp> "),
            other => panic!("{other:?}"),
        }
        port.send(b"help\r\n".to_vec()).unwrap();
        assert_eq!(typed.recv_timeout(DEADLINE).unwrap(), b"help\r\n");
    }
}

#[test]
fn a_simulated_console_that_nobody_reads_does_not_stop_the_device() {
    let (pty, mut output) = Pty::open().unwrap();
    let begun = Instant::now();
    for _ in 0..200 {
        output.print(&[b'x'; 1024]);
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let (inbox, facts) = Inbox::new();
    let _port = SerialPort::open(pty.path(), &settings(), inbox).unwrap();
    let heard = std::iter::from_fn(|| facts.recv_timeout(DEADLINE).ok());
    assert!(heard.into_iter().any(|input| matches!(input, Input::Fact(Fact::BytesReceived { .. }))));
}

#[test]
fn a_stopped_simulator_takes_its_port_with_it() {
    let (mut pty, output) = Pty::open().unwrap();
    pty.listen(|_| {}).unwrap();
    let (inbox, facts) = Inbox::new();
    let _port = SerialPort::open(pty.path(), &settings(), inbox).unwrap();
    drop((pty, output));
    let heard: Vec<_> =
        std::iter::from_fn(|| facts.recv_timeout(std::time::Duration::from_secs(10)).ok()).take(2).collect();
    assert!(matches!(&heard[1], Input::Fact(Fact::PortClosed { trouble: Some(_), .. })), "{heard:?}");
}

#[test]
fn listing_ports_never_fails() {
    for port in ota_workbench::io::serial::available_ports() {
        assert!(!port.name.is_empty());
    }
}

#[test]
fn what_is_no_serial_port_is_not_tried_for_ever() {
    let (inbox, facts) = Inbox::new();
    let port = TendedPort::new("/dev/null", inbox).unwrap();
    port.open(settings(), None).unwrap();
    let Ok(Input::Fact(Fact::PortClosed { trouble, .. })) = facts.recv_timeout(DEADLINE) else { panic!("no trouble") };
    assert_eq!(trouble.unwrap().code, "port-failed");
    port.close().unwrap();
    drop(port);
    assert!(facts.recv_timeout(DEADLINE).is_err(), "closing what was given up is no news");
}

#[test]
fn a_console_may_have_another_name_than_its_port() {
    let Bench { name: place, plugged, board, inbox, facts } = Bench::new();
    let name = "ttyUSB0 #2";
    let port = TendedPort::new(name, inbox).unwrap();
    port.open(settings(), Some(PortIdentity::named(&place))).unwrap();
    let next = || match facts.recv_timeout(DEADLINE) {
        Ok(Input::Fact(fact)) => fact,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(), Fact::PortMoved { port: name.into(), now: place.into() });
    assert!(matches!(next(), Fact::PortOpened { port, .. } if port == name));
    drop((plugged, board));
}
