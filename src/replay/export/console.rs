//! What serial consoles said and were told, line by line, each with its time.

use super::{Export, wall_clock};
use crate::capture::Header;
use crate::console::{Line, LineEnd, Origin};
use crate::event::{Event, Fact, Micros};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};

/// A longer line is written in pieces of so many bytes.
const LONGEST_LINE: usize = 16 * 1024;
/// Ports whose lines may be open at the same time; beyond, the lines of the first one end.
const MOST_PORTS: usize = 1_024;
/// Lines that may wait for one before them to end, such as a prompt: more, and it ends there.
const MOST_WAITING: usize = 256;

/// The text: `2026-11-22T04:56:06.123456Z lamp-01 (simulated): I (29) boot: …`, with `> ` before what was sent, in the order of
/// the window's console. Colours and what cannot be printed are left out.
#[derive(Default)]
pub struct ConsoleText {
    started_unix_ms: u64,
    /// Lines that are not written yet, by port.
    ports: BTreeMap<String, Port>,
}

#[derive(Default)]
struct Port {
    lines: VecDeque<Open>,
    /// The last line of what was received, or sent, ended in a carriage return: a line feed belongs to it.
    returned: [bool; 2],
}

struct Open {
    line: Line,
    ended: bool,
}

/// Whether it is of a console.
pub(super) const fn holds(fact: &Fact) -> bool {
    matches!(fact, Fact::BytesReceived { .. } | Fact::BytesSent { .. })
}

impl Export for ConsoleText {
    fn begin(&mut self, header: &Header, _out: &mut dyn Write) -> io::Result<()> {
        self.started_unix_ms = header.started_unix_ms;
        Ok(())
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let (name, bytes, origin) = match &event.fact {
            Fact::BytesReceived { port, bytes } => (port, bytes, Origin::Received),
            Fact::BytesSent { port, bytes } => (port, bytes, Origin::Sent),
            _ => return Ok(()),
        };
        if self.ports.len() >= MOST_PORTS
            && !self.ports.contains_key(&**name)
            && let Some((first, port)) = self.ports.pop_first()
        {
            self.write(&first, port.lines, out)?;
        }
        let mut port = self.ports.remove(&**name).unwrap_or_default();
        port.take_in(event.at, bytes, origin);
        let done = port.done();
        self.ports.insert(name.to_string(), port);
        self.write(name, done, out)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        for (name, port) in std::mem::take(&mut self.ports) {
            self.write(&name, port.lines, out)?;
        }
        Ok(())
    }
}

impl Port {
    fn take_in(&mut self, at: Micros, bytes: &[u8], origin: Origin) {
        let direction = usize::from(origin == Origin::Sent);
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let returned = std::mem::replace(&mut self.returned[direction], part.ends_with(b"\r"));
            if returned && part == b"\n" {
                continue;
            }
            let text = part.strip_suffix(b"\n").or_else(|| part.strip_suffix(b"\r")).unwrap_or(part);
            let mut open = self.open(at, origin);
            for piece in text.chunks(LONGEST_LINE) {
                if open.line.raw.len() + piece.len() > LONGEST_LINE {
                    open.ended = true;
                    open = self.open(at, origin);
                }
                open.line.raw.extend_from_slice(piece);
            }
            open.ended = text.len() < part.len();
        }
    }

    /// The line that goes on, or a new one.
    fn open(&mut self, at: Micros, origin: Origin) -> &mut Open {
        let known = self.lines.iter().rposition(|open| open.line.origin == origin && !open.ended);
        let place = known.unwrap_or_else(|| {
            let line = Line { at, origin, raw: Vec::new(), end: LineEnd::Lf };
            self.lines.push_back(Open { line, ended: false });
            self.lines.len() - 1
        });
        &mut self.lines[place]
    }

    /// Lines that can be written: all before them ended.
    fn done(&mut self) -> VecDeque<Open> {
        let open = self.lines.iter().position(|open| !open.ended).unwrap_or(self.lines.len());
        let rest = self.lines.split_off(open.max(self.lines.len().saturating_sub(MOST_WAITING)));
        std::mem::replace(&mut self.lines, rest)
    }
}

impl ConsoleText {
    fn write(&self, port: &str, lines: VecDeque<Open>, out: &mut dyn Write) -> io::Result<()> {
        for Open { line, .. } in lines {
            let (time, sign) = (wall_clock(self.started_unix_ms, line.at), line.origin.sign());
            let time = time.unwrap_or_else(|| line.at.to_string());
            let mut texts: Vec<_> = line.on_paper().map(|part| part.text().into_owned()).collect();
            texts.retain(|text| !text.is_empty());
            if texts.is_empty() {
                texts.push(String::new());
            }
            for text in texts {
                writeln!(out, "{time} {port}: {sign}{text}")?;
            }
        }
        Ok(())
    }
}
