//! The program: reads the command line, then opens the window or runs a command.

use ota_workbench::cli::{self, WorkbenchArgs};
use ota_workbench::io::raise_limit;
use ota_workbench::window;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = WorkbenchArgs::typed();
    raise_limit();
    cli::speak(args.window.lang.as_deref());
    match args.command {
        Some(command) => cli::run(command).into(),
        None => window::open(&args.window).into(),
    }
}
