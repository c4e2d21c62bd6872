//! What the threads of an open port need of it, so that a test can put a stubborn line in its place.

use super::native::{Native, read_at_once};
use serialport::{ClearBuffer, SerialPort as _};
use std::io::{Read, Write};

/// A serial line: reads and writes wait [`super::native::PATIENCE`] at most.
pub(super) trait Wire: Read + Write + Send + 'static {
    /// Reads what is there already; nothing when nothing is, or when the port is gone, which the next read tells.
    fn read_at_once(&mut self, buffer: &mut [u8]) -> usize;

    /// Bytes that the system has taken and the line has not. Nothing where the system does not tell.
    fn unsent(&self) -> usize;

    /// Forgets them.
    fn drop_unsent(&self);
}

impl Wire for Native {
    fn read_at_once(&mut self, buffer: &mut [u8]) -> usize {
        read_at_once(self, buffer)
    }

    fn unsent(&self) -> usize {
        self.bytes_to_write().map_or(0, |left| left as usize)
    }

    fn drop_unsent(&self) {
        // A port that is gone has forgotten them already.
        let _ = self.clear(ClearBuffer::Output);
    }
}
