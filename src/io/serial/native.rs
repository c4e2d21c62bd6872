//! Opening a port on Unix, and what its errors mean.

use super::ports::builder;
use crate::bench::SerialSettings;
use crate::event::Trouble;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serialport::{Error, ErrorKind};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

pub(super) use super::ports::PATIENCE;
pub(super) use serialport::TTYPort as Native;

/// Opens a port exclusively, with all of its settings.
pub(super) fn open(port: &str, settings: SerialSettings) -> Result<Native, Trouble> {
    let native = builder(port, settings)?.open_native().map_err(|error| trouble(port, &error))?;
    never_block(&native).map_err(|error| trouble(port, &error))?;
    Ok(native)
}

/// Makes writes give up when the line takes nothing: a stopped line would otherwise hold its thread, and the port, for ever.
pub(in crate::io) fn never_block(native: &Native) -> Result<(), Error> {
    fcntl(native.as_raw_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(drop).map_err(Error::from)
}

/// Reads what is there already; nothing when nothing is, or when the port is gone, which the next read tells.
pub(super) fn read_at_once(native: &mut Native, buffer: &mut [u8]) -> usize {
    nix::unistd::read(native.as_raw_fd(), buffer).unwrap_or(0)
}

/// What an error of the serial library means to the operator.
pub(super) fn trouble(port: &str, error: &Error) -> Trouble {
    let code = match error.kind {
        ErrorKind::Io(io::ErrorKind::PermissionDenied) => "port-denied",
        ErrorKind::NoDevice if Path::new(port).exists() => "port-busy",
        ErrorKind::NoDevice | ErrorKind::Io(io::ErrorKind::NotFound) => "port-not-found",
        _ => return Trouble::new("port-failed").with("port", port).with("detail", &error.description),
    };
    Trouble::new(code).with("port", port)
}
