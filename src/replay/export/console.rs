//! What serial consoles said, line by line, each with its time.

use super::{Export, wall_clock};
use crate::capture::Header;
use crate::console::{Line, LineEnd, Origin};
use crate::event::{Event, Fact, Micros};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A longer line is written in pieces of so many bytes.
const LONGEST_LINE: usize = 16 * 1024;
/// Ports whose lines may be open at the same time; beyond, the line of the first one ends.
const MOST_PORTS: usize = 1_024;

/// The text: `2026-11-22T04:56:06.123456Z lamp-01 (simulated): I (29) boot: …`. Colours and what cannot be printed are left out.
#[derive(Default)]
pub struct ConsoleText {
    started_unix_ms: u64,
    /// Lines without their end so far, by port.
    open: BTreeMap<String, Open>,
}

struct Open {
    at: Micros,
    raw: Vec<u8>,
    /// The last line ended in a carriage return: a line feed belongs to it.
    returned: bool,
}

impl Export for ConsoleText {
    fn begin(&mut self, header: &Header, _out: &mut dyn Write) -> io::Result<()> {
        self.started_unix_ms = header.started_unix_ms;
        Ok(())
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let Fact::BytesReceived { port, bytes } = &event.fact else { return Ok(()) };
        if self.open.len() >= MOST_PORTS
            && !self.open.contains_key(&**port)
            && let Some((first, open)) = self.open.pop_first()
        {
            self.line(&first, open.at, open.raw, out)?;
        }
        let mut open =
            self.open.remove(&**port).unwrap_or_else(|| Open { at: event.at, raw: Vec::new(), returned: false });
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            if part == b"\n" && std::mem::take(&mut open.returned) {
                continue;
            }
            if open.raw.is_empty() {
                open.at = event.at;
            }
            let text = part.strip_suffix(b"\n").or_else(|| part.strip_suffix(b"\r")).unwrap_or(part);
            for piece in text.chunks(LONGEST_LINE) {
                if open.raw.len() + piece.len() > LONGEST_LINE {
                    self.line(port, open.at, std::mem::take(&mut open.raw), out)?;
                }
                open.raw.extend_from_slice(piece);
            }
            open.returned = part.ends_with(b"\r");
            if text.len() < part.len() {
                self.line(port, open.at, std::mem::take(&mut open.raw), out)?;
            }
        }
        self.open.insert(port.to_string(), open);
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for (port, open) in std::mem::take(&mut self.open) {
            if !open.raw.is_empty() {
                self.line(&port, open.at, open.raw, out)?;
            }
        }
        Ok(())
    }
}

impl ConsoleText {
    fn line(&self, port: &str, at: Micros, raw: Vec<u8>, out: &mut dyn Write) -> io::Result<()> {
        let line = Line { at, origin: Origin::Received, raw, end: LineEnd::Lf };
        match wall_clock(self.started_unix_ms, at) {
            Some(time) => writeln!(out, "{time} {port}: {}", line.text()),
            None => writeln!(out, "{at} {port}: {}", line.text()),
        }
    }
}
