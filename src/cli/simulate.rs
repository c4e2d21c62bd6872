//! `simulate`: be a device, against any broker.

use super::args::SimulateArgs;
use super::{Ended, Exit, check_failure, interruption, print};
use crate::device::{Ending, Profile};
use crate::dialect::{self, Dialect};
use crate::event::Trouble;
use crate::io::pty::Pty;
use crate::io::simulator::{Simulator, SimulatorOptions};
use crate::ui::words;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Where a device's console is printed.
type Console = Box<dyn FnMut(&[u8]) + Send>;

pub fn run(args: SimulateArgs) -> Result<Exit, Ended> {
    let dialect = dialect::find(&args.dialect).map_err(Ended::usage)?;
    dialect.check_version(&args.version).map_err(Ended::usage)?;
    check_sign(&args, dialect).map_err(Ended::usage)?;
    check_failure(dialect, args.fail).map_err(Ended::usage)?;
    let trust = args.trust.trust();
    trust.check().map_err(Ended::usage)?;
    let (console, mut pty) = console(&args.console)?;
    let interrupted = interruption();
    let options = SimulatorOptions {
        broker_url: args.broker,
        trust,
        device: args.device,
        dialect,
        version: args.version,
        secret: args.secret,
        sign: args.sign,
        fail_with: args.fail,
        product_secret: args.register,
        behaviour: args.behave,
        pace: Profile::WATCHABLE_PACE,
        once: args.once,
    };
    let simulator = Arc::new(Simulator::start(options, console).map_err(Ended::usage)?);
    if let Some(pty) = &mut pty {
        let typed = Arc::clone(&simulator);
        pty.listen(move |bytes| typed.console_input(bytes)).map_err(Ended::unusable)?;
    }
    loop {
        if let Some(ending) = simulator.wait_for(super::begin::LOOK) {
            return Ok(match ending.map_err(Ended::unusable)? {
                Ending::Succeeded { .. } => Exit::Done,
                Ending::Failed { .. } | Ending::Cancelled => Exit::Failed,
            });
        }
        if interrupted.load(Ordering::Acquire) {
            simulator.stop();
            return Ok(if args.once { Exit::Failed } else { Exit::Done });
        }
    }
}

/// Whether devices of this cloud sign at all.
fn check_sign(args: &SimulateArgs, dialect: &dyn Dialect) -> Result<(), Trouble> {
    match args.sign {
        Some(method) if dialect.signed_credentials(&args.device, &args.secret, method).is_none() => {
            Err(Trouble::new("no-signature").with("dialect", dialect.id()))
        }
        _ => Ok(()),
    }
}

fn console(place: &str) -> Result<(Console, Option<Pty>), Ended> {
    match place {
        "-" => Ok((Box::new(print::bytes), None)),
        "pty" => {
            let (pty, mut output) = Pty::open().map_err(Ended::unusable)?;
            print::line(&words::tell("cli.console", &[("path", &pty.path())]));
            Ok((Box::new(move |bytes| output.print(bytes)), Some(pty)))
        }
        path => {
            let unwritable = |error: std::io::Error| {
                Ended::unusable(Trouble::new("file-unwritable").with("path", path).with("detail", error))
            };
            let mut file = File::create(path).map_err(unwritable)?;
            // A disk that fills up loses the console, not the device.
            Ok((Box::new(move |bytes| drop(file.write_all(bytes))), None))
        }
    }
}
