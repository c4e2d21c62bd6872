//! Bytes from a pseudo terminal through the port's threads, the inbox and the console's fold, beside picocom.

use crate::Failed;
use crate::figures::{median, ratio};
use crate::programs;
use ota_workbench::bench::SerialSettings;
use ota_workbench::console::{Console, Direction};
use ota_workbench::event::{Fact, Micros};
use ota_workbench::io::serial::SerialPort;
use ota_workbench::io::{Inbox, Input};
use serialport::{SerialPort as _, TTYPort};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;
/// Bytes in one round.
const FLOOD: usize = 64 << 20;
/// One line of a board's log.
const LINE: &[u8] = b"\x1b[0;32mI (123456) wifi: state: run -> init (b0), channel 11, rssi -43\x1b[0m\r\n";
/// What no line begins with: the board sends it until somebody listens.
const CALL: &[u8] = b"!";
const DEADLINE: Duration = Duration::from_mins(2);
/// What the window keeps of a console.
const BUDGET: usize = 64 << 20;

pub fn serial() -> Result<(), Failed> {
    let picocom = programs::find("picocom");
    if picocom.is_none() {
        println!("serial.picocom is not installed: nothing to compare with");
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // By turns, so that both meet the same weather.
    for _ in 0..ROUNDS {
        ours.push(through_the_workbench()?);
        if picocom.is_some() {
            theirs.push(through_picocom()?);
        }
    }
    println!("serial.workbench {:.1} MB/s", median(ours.clone()));
    if picocom.is_some() {
        println!("serial.picocom {:.1} MB/s", median(theirs.clone()));
        println!("serial.ratio {:.2}", ratio(&ours, &theirs));
    }
    println!("serial.lost 0 of {FLOOD} bytes in each of {ROUNDS} rounds");
    Ok(())
}

/// From the first byte written to the last one folded into lines.
fn through_the_workbench() -> Result<f64, Failed> {
    let (board, plugged) = TTYPort::pair()?;
    let (inbox, facts) = Inbox::new();
    let name = plugged.name().ok_or("the pseudo terminal has no name")?;
    let settings = SerialSettings::default();
    let port = SerialPort::open(&name, &settings, inbox).map_err(|trouble| format!("{trouble:?}"))?;
    let mut console = Console::new(BUDGET);
    let mut check = Check::default();
    let begun = Instant::now();
    let flooding = flood(board)?;
    while check.got < FLOOD {
        match facts.recv_timeout(DEADLINE) {
            Ok(Input::Fact(Fact::BytesReceived { bytes, .. })) => {
                console.feed(Micros(1), &bytes, Direction::Received);
                check.take(&bytes)?;
            }
            Ok(Input::Fact(Fact::PortOpened { .. })) => {}
            other => return Err(format!("{} of {FLOOD} bytes came, then {other:?}", check.got).into()),
        }
    }
    let took = begun.elapsed();
    flooding.join().map_err(|_| "the flooding thread panicked")??;
    port.close();
    drop(plugged);
    Ok(rate(took))
}

/// From the first byte written to the last one that picocom prints.
fn through_picocom() -> Result<f64, Failed> {
    let (mut board, plugged) = TTYPort::pair()?;
    let name = plugged.name().ok_or("the pseudo terminal has no name")?;
    // It takes its own keys from a terminal only: it gets one that nobody types at.
    let (keys, screen) = TTYPort::pair()?;
    let keyboard = screen.name().ok_or("the pseudo terminal has no name")?;
    let mut command = Command::new("picocom");
    command.args(["--baud", "115200", "--quiet", "--nolock"]).arg(&name);
    command.stdin(std::fs::File::open(keyboard)?).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut picocom = Ended(command.spawn()?);
    let mut output = picocom.0.stdout.take().ok_or("picocom has no output")?;
    let reads = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&reads);
    let calling = thread::Builder::new().name("board".into()).spawn(move || {
        // What comes before it listens it throws away.
        let until = Instant::now() + DEADLINE;
        while !told.load(Ordering::Acquire) && Instant::now() < until {
            let _ = board.write_all(CALL);
            thread::park_timeout(Duration::from_millis(20));
        }
        board
    })?;
    let mut buffer = vec![0; 64 * 1024];
    output.read_exact(&mut buffer[..CALL.len()])?;
    reads.store(true, Ordering::Release);
    let board = calling.join().map_err(|_| "the calling thread panicked")?;
    let mut check = Check::default();
    let begun = Instant::now();
    let flooding = flood(board)?;
    while check.got < FLOOD {
        let length = output.read(&mut buffer)?;
        if length == 0 {
            return Err(format!("picocom ended after {} of {FLOOD} bytes", check.got).into());
        }
        let calls =
            if check.got == 0 { buffer[..length].iter().take_while(|byte| **byte == CALL[0]).count() } else { 0 };
        check.take(&buffer[calls..length])?;
    }
    let took = begun.elapsed();
    flooding.join().map_err(|_| "the flooding thread panicked")??;
    drop((keys, screen, plugged));
    Ok(rate(took))
}

/// A program that ends with this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether every byte came, in order.
#[derive(Default)]
struct Check {
    got: usize,
}

impl Check {
    fn take(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let line = &LINE[self.got % LINE.len()..];
            let length = line.len().min(rest.len());
            if line[..length] != rest[..length] {
                return Err(format!("a byte is wrong or missing after {} bytes", self.got).into());
            }
            self.got += length;
            rest = &rest[length..];
        }
        Ok(())
    }
}

/// Writes as fast as the line takes it.
fn flood(mut board: TTYPort) -> Result<JoinHandle<Result<TTYPort, Failed>>, Failed> {
    let writing = move || {
        let lines: Vec<u8> = LINE.iter().copied().cycle().take(FLOOD).collect();
        let (mut sent, until) = (0, Instant::now() + DEADLINE);
        while sent < FLOOD {
            match board.write(&lines[sent..(sent + 64 * 1024).min(FLOOD)]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut && Instant::now() < until => {}
                Err(error) => return Err(format!("{sent} of {FLOOD} bytes were written: {error}").into()),
            }
        }
        Ok(board)
    };
    Ok(thread::Builder::new().name("board".into()).spawn(writing)?)
}

#[expect(clippy::cast_precision_loss, reason = "a count of bytes")]
fn rate(took: Duration) -> f64 {
    FLOOD as f64 / 1e6 / took.as_secs_f64()
}
