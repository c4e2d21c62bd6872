//! Measures the workbench against its yardsticks: `cargo run --release --example measure -- NAME`.
//!
//! Prints one line per figure: its name, its value, its unit; beside it the peer's from the same run, where there is one.
//! Without a name, the list of names. `start`, `idle` and `flood` open the window itself, which must be built before:
//! `cargo build --release --features inspection`.

#![expect(clippy::print_stdout, reason = "a command line tool")]
#![expect(clippy::disallowed_methods, reason = "it measures time, and knows its deadlines")]

mod bare;
mod capture;
mod console;
mod figures;
mod fleet;
mod flood;
mod idle;
mod inspection;
mod messages;
mod programs;
mod push;
mod ranges;
mod replay;
mod screen;
#[cfg(unix)]
mod serial;
mod serving;
mod start;
mod wire;

use std::process::ExitCode;

/// What went wrong, in words.
type Failed = Box<dyn std::error::Error + Send + Sync>;

type Measurement = fn() -> Result<(), Failed>;

/// Every measurement by its name.
const MEASUREMENTS: &[(&str, Measurement)] = &[
    ("start", start::start),
    ("idle", idle::idle),
    ("push", push::push),
    ("ranges", ranges::ranges),
    ("file", serving::file),
    ("slow", serving::slow),
    ("messages", messages::messages),
    ("fleet", fleet::fleet),
    ("answers", fleet::answers),
    ("flood", flood::flood),
    ("replay", replay::replay),
    ("console", console::console),
    ("capture", capture::capture),
    #[cfg(unix)]
    ("serial", serial::serial),
];

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    if wanted == bare::NAME {
        return bare::open();
    }
    let Some((name, measure)) = MEASUREMENTS.iter().find(|(name, _)| *name == wanted) else {
        for (name, _) in MEASUREMENTS {
            println!("{name}");
        }
        return ExitCode::FAILURE;
    };
    figures::tell_load(name);
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{name} failed: {error}");
            ExitCode::FAILURE
        }
    }
}
