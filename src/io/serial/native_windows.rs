//! Opening a port on Windows, and what its errors mean.

use super::ports::{available_ports, builder};
use crate::bench::SerialSettings;
use crate::event::Trouble;
use serialport::{Error, ErrorKind, SerialPort};
use std::io::Read;

pub(super) use super::ports::PATIENCE;
pub(super) use serialport::COMPort as Native;

/// Opens a port with all of its settings. Windows opens ports exclusively in any case.
pub(super) fn open(port: &str, settings: SerialSettings) -> Result<Native, Trouble> {
    builder(port, settings)?.open_native().map_err(|error| trouble(port, &error))
}

/// Reads what is there already; nothing when nothing is, or when the port is gone, which the next read tells.
pub(super) fn read_at_once(native: &mut Native, buffer: &mut [u8]) -> usize {
    match native.bytes_to_read() {
        Ok(waiting) if waiting > 0 => native.read(buffer).unwrap_or(0),
        _ => 0,
    }
}

/// What an error of the serial library means to the operator. It has one kind for “absent” and “in use”.
pub(super) fn trouble(port: &str, error: &Error) -> Trouble {
    let known = || available_ports().iter().any(|known| known.name.eq_ignore_ascii_case(port));
    let code = match error.kind {
        ErrorKind::NoDevice if known() => "port-busy",
        ErrorKind::NoDevice => "port-not-found",
        _ => return Trouble::new("port-failed").with("port", port).with("detail", &error.description),
    };
    Trouble::new(code).with("port", port)
}
