//! `serve`: the bench without a window, until Ctrl+C.

use super::args::ServeArgs;
use super::begin::Desk;
use super::{Ended, Exit, interruption, print, session_options};
use crate::bench::Service;
use crate::event::{Event, Fact};
use crate::io::session::SessionOptions;
use crate::ui::words;
use std::sync::atomic::Ordering;

pub fn run(args: &ServeArgs) -> Result<Exit, Ended> {
    let interrupted = interruption();
    let options = session_options(&args.bench, SessionOptions::default())?;
    let Some(mut desk) = Desk::open(options, args.json, &interrupted, None)? else { return Ok(Exit::Done) };
    if !args.json {
        greet(&desk);
    }
    while !interrupted.load(Ordering::Acquire) {
        let events = desk.look();
        if !args.json {
            events.iter().filter_map(|event| tell(event, &desk)).for_each(|text| print::line(&text));
        }
    }
    desk.close();
    Ok(Exit::Done)
}

/// Where everything is.
pub fn greet(desk: &Desk) {
    let (broker, server) = (desk.bench.broker(), desk.bench.server());
    if let (Service::Running { address, .. }, Service::Running { advertised, .. }) = (broker, server) {
        print::line(&words::tell("cli.broker", &[("address", address)]));
        print::line(&words::tell("cli.server", &[("advertised", advertised)]));
    }
    if let Some(capture) = desk.session().capture() {
        print::line(&words::tell("cli.capture", &[("path", &capture.display())]));
    }
}

/// What a person wants to know of an event, if anything.
pub fn tell(event: &Event, desk: &Desk) -> Option<String> {
    let text = match &event.fact {
        Fact::ClientConnected { client } => {
            words::tell("cli.connected", &[("client", &client.name), ("address", &client.address)])
        }
        Fact::ClientDisconnected { client, reason } => {
            words::tell("cli.disconnected", &[("client", client), ("reason", reason)])
        }
        Fact::ClientRefused { client, trouble } => {
            words::tell("fact.refused", &[("client", &client.name), ("why", &words::trouble(trouble).joined())])
        }
        Fact::AccessRefused { trouble, .. } => words::trouble(trouble).joined(),
        // On standard error already.
        Fact::TroubleMet { trouble } if trouble.code == "capture-unwritable" => return None,
        Fact::TroubleMet { trouble } | Fact::BrokerFailed { trouble } | Fact::ServerFailed { trouble } => {
            words::trouble(trouble).joined()
        }
        Fact::MessageReceived { topic, payload, .. } => {
            let text = String::from_utf8_lossy(payload);
            format!("↑ {topic} {}", text.chars().take(200).collect::<String>().replace(['\n', '\r'], " "))
        }
        Fact::BrokerStarted { address, .. } if event.seq > 2 => words::tell("cli.broker", &[("address", address)]),
        _ => return None,
    };
    let at = desk.bench.started_unix_ms() + event.at.0 / 1_000;
    Some(format!("{} {text}", crate::io::local_time(at)))
}
