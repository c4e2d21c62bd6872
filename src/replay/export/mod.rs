//! A capture, or a part of it, handed on: as a capture again, as a table, as a console's text, as packets.

mod console;
mod csv;
mod pcapng;

pub use console::ConsoleText;
pub use csv::Csv;
pub use pcapng::PcapNg;

use super::filter::{Filter, Sieve};
use super::redact::{Redactor, Taken};
use crate::capture::{Header, encode};
use crate::event::{Event, Fact, Micros};
use csv::BYTE_ORDER_MARK;
use std::borrow::Borrow;
use std::io::{self, Write};
use std::str::FromStr;

/// What a capture can be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON Lines: a capture again.
    Jsonl,
    /// A table with a row for each event.
    Csv,
    /// What serial consoles said.
    Txt,
    /// MQTT and HTTP as packets.
    PcapNg,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::Csv, Self::Txt, Self::PcapNg];

    /// Its name on the command line, and what its files' names end with.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Txt => "txt",
            Self::PcapNg => "pcapng",
        }
    }

    /// Whether an event of this kind can be in it, or be made into what is.
    fn holds(self, fact: &Fact) -> bool {
        match self {
            Self::Jsonl | Self::Csv => true,
            Self::Txt => console::holds(fact),
            Self::PcapNg => pcapng::holds(fact),
        }
    }

    fn writer(self) -> Box<dyn Export> {
        match self {
            Self::Jsonl => Box::new(Jsonl),
            Self::Csv => Box::new(Csv::default()),
            Self::Txt => Box::new(ConsoleText::default()),
            Self::PcapNg => Box::new(PcapNg::default()),
        }
    }
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        Self::ALL.into_iter().find(|format| format.id() == text).ok_or("csv, txt, pcapng, jsonl")
    }
}

/// Writes events as they come, however many there are.
pub trait Export {
    /// The capture's header.
    ///
    /// # Errors
    /// What the place it is written to says; so do the others.
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()>;
    /// An event that is handed on.
    ///
    /// # Errors
    /// As above.
    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()>;
    /// An event that is not, but tells what later ones mean.
    fn pass(&mut self, _event: &Event) {}
    /// The end.
    ///
    /// # Errors
    /// As above.
    fn end(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// Notices whether anything is written.
struct Noticed<W> {
    out: W,
    wrote: bool,
}

impl<W: Write> Write for Noticed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wrote |= !bytes.is_empty();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

struct Jsonl;

impl Export for Jsonl {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", header.encode())
    }

    /// With its own number: whoever speaks of an event means the same one.
    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let mut line = Vec::new();
        encode(event, &mut line);
        out.write_all(&line)
    }
}

/// The lines of the capture that packets are made of, for who looks before they are.
#[derive(Default)]
struct PacketLines(PcapNg);

impl Export for PacketLines {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        self.0.begin(header, &mut io::sink())?;
        Jsonl.begin(header, out)
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        let mut packets = Noticed { out: io::sink(), wrote: false };
        self.0.event(event, &mut packets)?;
        if packets.wrote { Jsonl.event(event, out) } else { Ok(()) }
    }

    fn pass(&mut self, event: &Event) {
        self.0.pass(event);
    }
}

/// What is handed on: which events, and whether with their secrets.
#[derive(Debug)]
pub struct Part {
    /// Which events.
    pub only: Filter,
    /// Takes out secrets, signatures and tokens; they stay in where it is absent.
    pub redactor: Option<Redactor>,
}

/// All of it, without what events name as secrets until they are met.
impl Default for Part {
    fn default() -> Self {
        Self { only: Filter::default(), redactor: Some(Redactor::default()) }
    }
}

/// How much was handed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// How many events, of how many.
    pub events: (u64, u64),
    /// What was taken out.
    pub taken: Taken,
}

/// A capture on its way out, event by event: chosen, redacted, written.
pub struct Exporter<W> {
    format: Format,
    sieve: Sieve,
    redactor: Option<Redactor>,
    /// Something was taken out of what was written last.
    took: bool,
    export: Box<dyn Export>,
    out: W,
    events: (u64, u64),
}

impl<W: Write> Exporter<W> {
    /// Begins with the capture's header.
    ///
    /// # Errors
    /// What the place it is written to says; so do the others.
    pub fn begin(format: Format, choice: Part, header: &Header, out: W) -> io::Result<Self> {
        Self::begin_as(format, format.writer(), choice, header, out)
    }

    fn begin_as(
        format: Format,
        mut export: Box<dyn Export>,
        choice: Part,
        header: &Header,
        mut out: W,
    ) -> io::Result<Self> {
        let Part { only, mut redactor } = choice;
        let redacted = redactor.as_mut().map(|redactor| redactor.header(header));
        let took = redacted.as_ref().is_some_and(|redacted| redacted != header);
        export.begin(redacted.as_ref().unwrap_or(header), &mut out)?;
        Ok(Self { format, sieve: Sieve::new(only), redactor, took, export, out, events: (0, 0) })
    }

    /// The next event of the capture. Whether it was handed on: chosen, and of a kind that the format holds. Among packets it
    /// is if one at least was made of it: a push through the embedded broker counts where it is delivered, not where it is
    /// published, and what only tells who listens where does not count at all.
    ///
    /// # Errors
    /// As above.
    pub fn event(&mut self, event: &Event) -> io::Result<bool> {
        let chosen = self.sieve.takes(event) && self.format.holds(&event.fact);
        self.events.1 += 1;
        let redacted = self.redactor.as_mut().map(|redactor| redactor.redact(event, chosen));
        self.took = redacted.as_ref().is_some_and(|redacted| redacted != event);
        let event = redacted.as_ref().unwrap_or(event);
        if !chosen {
            self.export.pass(event);
            return Ok(false);
        }
        let mut out = Noticed { out: &mut self.out, wrote: false };
        self.export.event(event, &mut out)?;
        // A console's line may be written later, when it ends.
        let handed = out.wrote || self.format != Format::PcapNg;
        self.events.0 += u64::from(handed);
        Ok(handed)
    }

    /// The end of the capture.
    ///
    /// # Errors
    /// As above.
    pub fn end(mut self) -> io::Result<Handed> {
        self.export.end(&mut self.out)?;
        self.out.flush()?;
        let taken = self.redactor.map(|redactor| redactor.taken().clone()).unwrap_or_default();
        Ok(Handed { events: self.events, taken })
    }
}

/// What would go out, to be looked at before it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// How much of it.
    pub handed: Handed,
    /// Lines as they will be written, first those in which something was taken out; of packets, the lines of the capture they
    /// are made of.
    pub lines: Vec<String>,
    /// So many of them are lines in which something was taken out.
    pub taken_lines: usize,
}

/// Lines of a preview that are longer are cut, in bytes.
const LONGEST_LINE: usize = 4_096;

/// Works out what an export would hand on, and `lines` of its lines.
#[must_use]
pub fn preview<E: Borrow<Event>>(
    format: Format,
    choice: Part,
    header: &Header,
    events: impl IntoIterator<Item = E>,
    lines: usize,
) -> Preview {
    let shown: Box<dyn Export> =
        if format == Format::PcapNg { Box::new(PacketLines::default()) } else { format.writer() };
    let mut first = FirstLines { most: lines, ..FirstLines::default() };
    // Nothing goes wrong in memory.
    let begun = Exporter::begin_as(format, shown, choice, header, &mut first);
    let Ok(mut exporter) = begun else { return Preview::default() };
    exporter.out.settle(exporter.took);
    for event in events {
        let _ = exporter.event(event.borrow());
        exporter.out.settle(exporter.took);
    }
    let handed = exporter.end().unwrap_or_default();
    if !first.line.is_empty() {
        first.end_line();
    }
    first.settle(false);
    let taken_lines = first.taken.len();
    let mut lines = first.taken;
    lines.extend(first.others.into_iter().take(first.most - taken_lines));
    Preview { handed, lines, taken_lines }
}

/// The first lines of each sort.
#[derive(Default)]
struct FirstLines {
    most: usize,
    taken: Vec<String>,
    others: Vec<String>,
    /// Lines that ended with the event at hand, and the one that goes on.
    ended: Vec<String>,
    line: Vec<u8>,
    /// Something was taken out of what the line that goes on began with.
    began_taken: bool,
}

impl FirstLines {
    fn end_line(&mut self) {
        if self.ended.len() < self.most {
            let line = String::from_utf8_lossy(&self.line);
            self.ended.push(line.trim_start_matches(BYTE_ORDER_MARK).trim_end_matches('\r').to_owned());
        }
        self.line.clear();
    }

    /// Puts what an event wrote where it belongs.
    fn settle(&mut self, took: bool) {
        let goes_on = self.ended.is_empty();
        for line in std::mem::take(&mut self.ended) {
            let lines = if took || self.began_taken { &mut self.taken } else { &mut self.others };
            if lines.len() < self.most {
                lines.push(line);
            }
            self.began_taken = false;
        }
        self.began_taken = took && !self.line.is_empty() || goes_on && self.began_taken;
    }
}

impl Write for FirstLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, ended) = part.strip_suffix(b"\n").map_or((part, false), |text| (text, true));
            let room = LONGEST_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if ended {
                self.end_line();
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The wall clock at an instant of a session, as ISO 8601 in UTC; nothing for a recording that does not tell it.
fn wall_clock(started_unix_ms: u64, at: Micros) -> Option<String> {
    let micros = i64::try_from(unix_micros(started_unix_ms, at)?).ok()?;
    let time = chrono::DateTime::from_timestamp_micros(micros)?;
    Some(time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
}

fn unix_micros(started_unix_ms: u64, at: Micros) -> Option<u64> {
    (started_unix_ms > 0).then(|| started_unix_ms.saturating_mul(1_000).saturating_add(at.0))
}

#[cfg(test)]
mod tests;
