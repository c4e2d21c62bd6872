//! From the start of the process to the first frame on the screen, and the memory then; beside a bare eframe window.

use crate::Failed;
use crate::figures::median;
use crate::screen::{Screen, resident_mb};
use crate::{bare, programs};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const STARTS: usize = 10;
/// After the first frame, until memory is read: broker, firmware server and the sample build are there by then.
const SETTLED: Duration = Duration::from_millis(500);

pub fn start() -> Result<(), Failed> {
    let Some(mut screen) = Screen::start()? else { return Err("Xvfb is not installed".into()) };
    let workbench = programs::workbench()?;
    let this = std::env::current_exe()?;
    let data = tempfile::tempdir()?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    // The first of each is only for the system's caches.
    for _ in 0..=STARTS {
        ours.push(once(&mut screen, &mut window(&workbench, "127.0.0.1:0", "127.0.0.1:0", data.path()))?);
        bare.push(once(&mut screen, Command::new(&this).arg(bare::NAME))?);
    }
    let of = |starts: &[(f64, f64)], pick: fn(&(f64, f64)) -> f64| median(starts.iter().skip(1).map(pick).collect());
    for (name, pick, unit) in [("first-frame", millis as fn(&(f64, f64)) -> f64, "ms"), ("resident", megabytes, "MB")] {
        let (workbench, bare) = (of(&ours, pick), of(&bare, pick));
        println!("start.{name}.workbench {workbench:.0} {unit}");
        println!("start.{name}.bare-window {bare:.0} {unit}");
        println!("start.{name}.ratio {:.2}", workbench / bare);
    }
    Ok(())
}

const fn millis(start: &(f64, f64)) -> f64 {
    start.0
}

const fn megabytes(start: &(f64, f64)) -> f64 {
    start.1
}

/// The workbench with its broker and its firmware server there, and its data out of the way.
pub fn window(program: &Path, mqtt: &str, http: &str, data: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(["--mqtt", mqtt, "--http", http, "--theme", "dark", "--data"]).arg(data);
    command
}

/// Milliseconds to the first frame, and megabytes resident.
fn once(screen: &mut Screen, command: &mut Command) -> Result<(f64, f64), Failed> {
    let begun = Instant::now();
    let program = screen.open(command)?;
    screen.wait_for_frame()?;
    let took = begun.elapsed();
    thread::park_timeout(SETTLED);
    let resident = resident_mb(&program.0)?;
    drop(program);
    screen.wait_for_nothing()?;
    Ok((took.as_secs_f64() * 1_000.0, resident))
}
