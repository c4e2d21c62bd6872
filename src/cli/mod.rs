//! The command line: the same core without the window. Verbs, flags and exit statuses are contracts.

mod args;
mod authority;
mod begin;
mod compare;
mod export;
mod inspect;
mod print;
mod push;
mod replay;
mod serve;
mod simulate;
mod typed;

pub use args::{BenchArgs, Command, Theme, WindowArgs, WorkbenchArgs};
pub use begin::{broker_choice, session_options};

use crate::dialect::Dialect;
use crate::event::Trouble;
use crate::ui::words::{self, Language};
use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
    /// What else did, at the same time.
    pub also: Option<Trouble>,
    /// How the program ends.
    pub exit: Exit,
}

impl Ended {
    /// The input cannot be used.
    #[must_use]
    pub const fn usage(trouble: Trouble) -> Self {
        Self { trouble, also: None, exit: Exit::Usage }
    }

    /// A port, file or broker cannot be used.
    #[must_use]
    pub const fn unusable(trouble: Trouble) -> Self {
        Self { trouble, also: None, exit: Exit::Unusable }
    }

    /// Tells it on standard error.
    pub fn complain(&self) {
        std::iter::once(&self.trouble).chain(&self.also).for_each(complain);
    }
}

/// Speaks the language that was asked for, or else the system's. What is read by programs stays as it is: JSON, codes, the
/// help.
pub fn speak(lang: Option<&str>) {
    let of_system = || sys_locale::get_locale().unwrap_or_default();
    words::speak(Language::of_locale(&lang.map_or_else(of_system, str::to_owned)));
}

/// What is made in here is English whatever is spoken: what stands in JSON.
fn in_english<T>(tell: impl FnOnce() -> T) -> T {
    let spoken = words::spoken();
    words::speak(Language::English);
    let told = tell();
    words::speak(spoken);
    told
}

/// Runs a command to its end.
#[must_use]
pub fn run(command: Command) -> Exit {
    // What these print is all there is of them.
    let is_output = match &command {
        Command::Inspect(_) | Command::Ca(_) => true,
        Command::Replay(args) => args.dry_run,
        _ => false,
    };
    let as_json = match &command {
        Command::Inspect(args) => args.json,
        Command::Replay(args) => args.json,
        _ => false,
    };
    let ended = match command {
        Command::Serve(args) => serve::run(&args),
        Command::Push(args) => push::run(&args),
        Command::Simulate(args) => simulate::run(args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Ca(args) => authority::run(&args),
    };
    let exit = ended.unwrap_or_else(|ended| {
        if as_json {
            let words::Sentences { cause, advice } = in_english(|| sentences(&ended.trouble));
            let error = json!({"kind": "error", "code": ended.trouble.code, "text": cause, "advice": advice});
            print::line(&error.to_string());
        }
        ended.complain();
        ended.exit
    });
    let Some(trouble) = print::refused() else { return exit };
    complain(&trouble);
    if is_output && exit == Exit::Done { Exit::Unusable } else { exit }
}

/// Tells a trouble that ends a command on standard error: what happened, what to do, and its code.
fn complain(trouble: &Trouble) {
    tell(trouble, sentences(trouble));
}

/// Tells a trouble with which a command goes on.
fn warn(trouble: &Trouble) {
    tell(trouble, words::trouble(trouble));
}

fn tell(trouble: &Trouble, sentences: words::Sentences) {
    let words::Sentences { cause, advice } = sentences;
    print::err(&format!("error[{}]: {cause}", trouble.code));
    if !advice.is_empty() {
        print::err(&format!("  {advice}"));
    }
}

/// A trouble in words that are true of a command that ends with it.
fn sentences(trouble: &Trouble) -> words::Sentences {
    let sentences = words::trouble(trouble);
    match &*trouble.code {
        // The window's own say that it is tried again.
        "broker-unreachable" | "broker-connection-lost" => {
            words::Sentences { advice: words::say("cli.check-broker"), ..sentences }
        }
        // A session that has begun goes on recording by itself.
        "capture-unwritable" => words::Sentences { advice: words::say("cli.check-disk"), ..sentences },
        _ => sentences,
    }
}

/// Whether a device of this cloud can fail with this code.
fn check_failure(dialect: &dyn Dialect, code: Option<i64>) -> Result<(), Trouble> {
    // UIoT's -6 is in its list, as “undefined”.
    let known = |code| dialect.failure(code) != "device-failed" || (dialect.id() == "uiot" && code == -6);
    match code {
        Some(code) if !known(code) => {
            Err(Trouble::new("bad-failure-code").with("code", code).with("dialect", dialect.id()))
        }
        _ => Ok(()),
    }
}

/// A flag that Ctrl+C, or a request to terminate, raises.
fn interruption() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&flag);
    when_interrupted(move || raised.store(true, Ordering::Release));
    flag
}

/// Has this done when Ctrl+C, a request to terminate or the end of the login comes. It must not wait for anything.
pub fn when_interrupted(act: impl Fn() + Send + 'static) {
    let asked = AtomicU32::new(0);
    // Without a handler Ctrl+C ends the program at once: the capture loses its last moment, nothing else.
    let _ = ctrlc::set_handler(move || {
        // Whoever asks twice does not want to wait for an orderly end.
        if asked.fetch_add(1, Ordering::AcqRel) > 0 {
            std::process::exit(i32::from(Exit::Failed as u8));
        }
        act();
    });
}
