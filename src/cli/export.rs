//! `export`: a capture, or a part of it, for somebody else, without its secrets.

use super::args::ExportArgs;
use super::{Ended, Exit, print};
use crate::event::Trouble;
use crate::io::NewFile;
use crate::io::captures::Recording;
use crate::replay::{Exporter, Handed, Part, SecretKind};
use crate::ui::words;
use std::io::{self, BufWriter, ErrorKind, Write};

pub fn run(args: &ExportArgs) -> Result<Exit, Ended> {
    let mut recording = Recording::open(&args.capture).map_err(Ended::usage)?;
    let handed = match &args.out {
        Some(path) => {
            let mut file = NewFile::create(path, args.force).map_err(Ended::unusable)?;
            let handed =
                write(args, &mut recording, &mut file).map_err(|error| Ended::unusable(file.trouble(&error)))?;
            file.finish().map_err(Ended::unusable)?;
            handed
        }
        None => match write(args, &mut recording, BufWriter::new(io::stdout().lock())) {
            // A reader that has seen enough ends nothing but the output.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Done),
            written => written.map_err(|error| {
                Ended::unusable(Trouble::new("file-unwritable").with("path", "-").with("detail", error))
            })?,
        },
    };
    tell(&handed);
    let damage = recording.damage();
    if !damage.is_empty() {
        print::err(&words::tell("cli.damaged", &[("lines", &words::count(damage.len() as u64))]));
    }
    damage.troubles().iter().for_each(|trouble| print::err(&words::trouble(trouble).joined()));
    Ok(Exit::Done)
}

fn write(args: &ExportArgs, recording: &mut Recording, out: impl Write) -> io::Result<Handed> {
    let choice = Part { only: args.only.clone().unwrap_or_default(), with_secrets: args.with_secrets };
    let mut exporter = Exporter::begin(args.format, &choice, recording.header(), out)?;
    for event in recording.by_ref() {
        exporter.event(&event)?;
    }
    exporter.end()
}

/// On standard error, where it is in nobody's way.
fn tell(handed: &Handed) {
    let (events, all) = handed.events;
    print::err(&words::tell("cli.exported", &[("events", &words::count(events)), ("all", &words::count(all))]));
    for kind in SecretKind::ALL {
        let (values, places) = handed.taken.of(kind);
        if places > 0 {
            let kind = words::say(&format!("cli.taken-{}", kind.name()));
            let numbers = (words::count(values), words::count(places));
            print::err(&words::tell("cli.taken", &[("kind", &kind), ("values", &numbers.0), ("places", &numbers.1)]));
        }
    }
}
