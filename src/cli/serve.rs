//! `serve`: the bench without a window, until Ctrl+C.

use super::args::ServeArgs;
use super::begin::Desk;
use super::{Ended, Exit, interruption, print, session_options};
use crate::bench::Service;
use crate::event::{Event, Fact, TlsService};
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
    let _ = desk.close();
    Ok(Exit::Done)
}

/// Where everything is.
pub fn greet(desk: &Desk) {
    let (broker, server) = (desk.bench.broker(), desk.bench.server());
    if let (Service::Running { address, .. }, Service::Running { advertised, .. }) = (broker, server) {
        print::line(&place_of_broker(address));
        print::line(&words::tell("cli.server", &[("advertised", advertised)]));
        for service in [TlsService::Mqtts, TlsService::Https] {
            if let Service::Running { address, .. } = desk.bench.tls(service) {
                print::line(&words::tell("cli.tls", &[("scheme", &service.scheme()), ("address", address)]));
            }
        }
    }
    // What cannot be recorded is said on standard error.
    if let Some(capture) = desk.session().capture().filter(|_| desk.bench.recording_trouble().is_none()) {
        print::line(&words::tell("cli.capture", &[("path", &capture.display())]));
    }
}

/// Where the broker is. An external one over TLS carries its scheme.
fn place_of_broker(address: &str) -> String {
    let key = if address.contains("://") { "cli.broker-at" } else { "cli.broker" };
    words::tell(key, &[("address", &address)])
}

/// What a person wants to know of an event, if anything.
pub fn tell(event: &Event, desk: &Desk) -> Option<String> {
    let text = match &event.fact {
        Fact::ClientConnected { client } => {
            words::tell("cli.connected", &[("client", &client.name), ("address", &client.address)])
        }
        Fact::ClientDisconnected { client, reason } => {
            words::tell("cli.disconnected", &[("client", client), ("reason", &words::why(reason))])
        }
        Fact::ClientRefused { client, trouble } => {
            words::tell("fact.refused", &[("client", &client.name), ("why", &words::trouble(trouble).joined())])
        }
        // On standard error already.
        Fact::TroubleMet { trouble } if trouble.stops_recording() => return None,
        Fact::AccessRefused { trouble, .. }
        | Fact::TroubleMet { trouble }
        | Fact::BrokerFailed { trouble }
        | Fact::ServerFailed { trouble }
        | Fact::TlsFailed { trouble, .. } => words::trouble(trouble).joined(),
        Fact::TlsRefused { service, peer, trouble } => {
            let sentences = words::trouble(trouble).joined();
            words::tell("cli.tls-refused", &[("scheme", &service.scheme()), ("peer", peer), ("why", &sentences)])
        }
        Fact::RequestRefused { peer, trouble, .. } => {
            words::tell("cli.request-refused", &[("peer", peer), ("why", &words::trouble(trouble).joined())])
        }
        Fact::MessageReceived { topic, payload, .. } => {
            let text = String::from_utf8_lossy(payload);
            format!("↑ {topic} {}", text.chars().take(200).collect::<String>().replace(['\n', '\r'], " "))
        }
        Fact::BrokerStarted { address, .. } if event.seq > 2 => place_of_broker(address),
        _ => return None,
    };
    let at = desk.bench.started_unix_ms().saturating_add(event.at.0 / 1_000);
    Some(format!("{} {text}", crate::io::local_time(at)))
}
