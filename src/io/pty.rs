//! A console on a pseudo terminal: the simulated device looks like a serial port to any other program.

use crate::event::Trouble;
use crate::io::serial::native::never_block;
use serialport::{SerialPort, TTYPort};
use std::fmt::Display;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long one read waits. Closing takes at most this long.
const PATIENCE: Duration = Duration::from_millis(50);

/// A pseudo terminal, open until dropped.
pub struct Pty {
    path: String,
    board: TTYPort,
    /// Held open, so that the terminal stays in being while no other program has it open.
    _port: TTYPort,
    closing: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

/// What the console prints goes in here.
pub struct PtyOutput(TTYPort);

impl Pty {
    /// Opens a pseudo terminal.
    ///
    /// # Errors
    /// `pty-failed` with the system's own words as `detail`; `pty-unavailable` on a system that has none.
    pub fn open() -> Result<(Self, PtyOutput), Trouble> {
        let (mut board, port) = TTYPort::pair().map_err(failed)?;
        let path = port.name().ok_or_else(|| failed("it has no name"))?;
        never_block(&board).map_err(failed)?;
        let mut output = board.try_clone_native().map_err(failed)?;
        output.set_timeout(Duration::ZERO).map_err(failed)?;
        board.set_timeout(PATIENCE).map_err(failed)?;
        let closing = Arc::new(AtomicBool::new(false));
        Ok((Self { path, board, _port: port, closing, reader: None }, PtyOutput(output)))
    }

    /// Where other programs find it: `/dev/pts/3`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Begins to listen to what is typed. Only the first call does anything.
    ///
    /// # Errors
    /// `pty-failed` when the system gives no thread.
    pub fn listen(&mut self, typed: impl FnMut(&[u8]) + Send + 'static) -> Result<(), Trouble> {
        if self.reader.is_some() {
            return Ok(());
        }
        let (board, closing) = (self.board.try_clone_native().map_err(failed)?, self.closing.clone());
        let read = move || read_on(board, &closing, typed);
        let reader = std::thread::Builder::new().name(format!("pty {}", self.path)).spawn(read).map_err(failed)?;
        self.reader = Some(reader);
        Ok(())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl PtyOutput {
    /// Prints. What nobody reads is dropped once the terminal is full, as a UART drops it; it never waits.
    pub fn print(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.0.write(rest) {
                Ok(written) if written > 0 => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }
}

fn read_on(mut board: TTYPort, closing: &AtomicBool, mut typed: impl FnMut(&[u8])) {
    let mut buffer = [0; 1024];
    while !closing.load(Ordering::Acquire) {
        match board.read(&mut buffer) {
            Ok(length) if length > 0 => typed(&buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            // Someone else was quicker; the next read waits again.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::park_timeout(PATIENCE),
            _ => return,
        }
    }
}

fn failed(detail: impl Display) -> Trouble {
    Trouble::new("pty-failed").with("detail", detail)
}
