//! `export`: a capture, or a part of it, for somebody else, without its secrets.

use super::args::ExportArgs;
use super::{Ended, Exit, interruption, print};
use crate::event::Trouble;
use crate::io::NewFile;
use crate::io::captures::Recording;
use crate::replay::{Exporter, Handed, Part, Redactor, SecretKind};
use crate::ui::words;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// By this name a script asks for standard output where it has to name a file.
const STANDARD_OUTPUT: &str = "/dev/stdout";

pub fn run(args: &ExportArgs) -> Result<Exit, Ended> {
    let mut recording = Recording::open(&args.capture).map_err(Ended::usage)?;
    let interrupted = interruption();
    let redactor = if args.with_secrets { None } else { Some(redactor(args, &interrupted)?) };
    let handed = match args.out.as_deref().filter(|path| *path != Path::new(STANDARD_OUTPUT)) {
        Some(path) => {
            let mut file = NewFile::made_of(&args.capture, path, args.force).map_err(Ended::unusable)?;
            let handed = write(args, redactor, &mut recording, &mut file, &interrupted);
            let handed = handed.map_err(|error| Ended::unusable(file.trouble(&error)))?;
            if handed.is_some() {
                file.finish().map_err(Ended::unusable)?;
            }
            handed
        }
        None => match write(args, redactor, &mut recording, BufWriter::new(io::stdout().lock()), &interrupted) {
            // A reader that has seen enough ends nothing but the output.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Done),
            written => written.map_err(|error| {
                Ended::unusable(Trouble::new("file-unwritable").with("path", "-").with("detail", error))
            })?,
        },
    };
    // Whoever interrupts it knows that it is not whole; nothing stands under the name of the file.
    let Some(handed) = handed else { return Ok(Exit::Failed) };
    tell(&handed);
    let damage = recording.damage();
    if !damage.is_empty() {
        print::err(&words::tell("cli.damaged", &[("lines", &words::count(damage.len() as u64))]));
    }
    damage.troubles().iter().for_each(|trouble| print::err(&words::trouble(trouble).joined()));
    Ok(Exit::Done)
}

/// Reads all of the capture for its secrets.
fn redactor(args: &ExportArgs, interrupted: &AtomicBool) -> Result<Redactor, Ended> {
    let mut recording = Recording::open(&args.capture).map_err(Ended::usage)?;
    let header = recording.header().clone();
    Ok(Redactor::of(&header, recording.by_ref().take_while(|_| !interrupted.load(Ordering::Acquire))))
}

/// Nothing when it was interrupted.
fn write(
    args: &ExportArgs,
    redactor: Option<Redactor>,
    recording: &mut Recording,
    out: impl Write,
    interrupted: &AtomicBool,
) -> io::Result<Option<Handed>> {
    let choice = Part { only: args.only.clone().unwrap_or_default(), redactor };
    let mut exporter = Exporter::begin(args.format, choice, recording.header(), out)?;
    for event in recording.by_ref() {
        if interrupted.load(Ordering::Acquire) {
            return Ok(None);
        }
        exporter.event(&event)?;
    }
    exporter.end().map(Some)
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
