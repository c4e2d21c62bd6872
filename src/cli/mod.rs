//! The command line: the same core without the window. Verbs, flags and exit statuses are contracts.

mod args;
mod begin;
mod inspect;
mod print;
mod push;
mod serve;
mod simulate;

pub use args::{BenchArgs, Command, Theme, WindowArgs, WorkbenchArgs};
pub use begin::{broker_choice, session_options};

use crate::event::Trouble;
use crate::ui::words;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How the program ends, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The upgrade succeeded, or there was nothing to fail.
    Done = 0,
    /// The upgrade failed or was cancelled.
    Failed = 1,
    /// Bad usage or input.
    Usage = 2,
    /// No device, or timed out.
    TimedOut = 3,
    /// A port, file or broker could not be used.
    Unusable = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A command that ended early, and with which exit status.
#[derive(Debug)]
pub struct Ended {
    /// What happened.
    pub trouble: Trouble,
    /// How the program ends.
    pub exit: Exit,
}

impl Ended {
    /// The input cannot be used.
    #[must_use]
    pub const fn usage(trouble: Trouble) -> Self {
        Self { trouble, exit: Exit::Usage }
    }

    /// A port, file or broker cannot be used.
    #[must_use]
    pub const fn unusable(trouble: Trouble) -> Self {
        Self { trouble, exit: Exit::Unusable }
    }
}

/// Runs a command to its end.
#[must_use]
pub fn run(command: Command) -> Exit {
    let ended = match command {
        Command::Serve(args) => serve::run(&args),
        Command::Push(args) => push::run(&args),
        Command::Simulate(args) => simulate::run(args),
        Command::Inspect(args) => inspect::run(&args),
    };
    ended.unwrap_or_else(|ended| {
        complain(&ended.trouble);
        ended.exit
    })
}

/// Tells a trouble on standard error: what happened, what to do, and its code.
pub fn complain(trouble: &Trouble) {
    let words::Sentences { cause, advice } = words::trouble(trouble);
    print::err(&format!("error[{}]: {cause}", trouble.code));
    if !advice.is_empty() {
        print::err(&format!("  {advice}"));
    }
}

/// A flag that Ctrl+C, or a request to terminate, raises.
fn interruption() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    // Without a handler Ctrl+C ends the program at once: the capture loses its last moment, nothing else.
    let _ = ctrlc::set_handler(move || raised.store(true, Ordering::Release));
    flag
}
