//! From what was typed and what the bench file says to a session that listens.

use super::{BenchArgs, Ended, print, warn};
use crate::bench::{Bench, Service};
use crate::event::{Event, Fact, Micros, TlsService, Trouble};
use crate::io::bench_file::BenchFile;
use crate::io::broker_url::BrokerUrl;
use crate::io::remember::SETTINGS;
use crate::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions, TlsOptions};
use crate::io::tls::{Trust, folder_in};
use crate::io::{Batch, captures, folder, network};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a waiting command looks whether it was interrupted.
pub const LOOK: Duration = Duration::from_millis(100);

/// How a session begins: what was typed goes before what the bench file says, and that before `fallback`.
///
/// # Errors
/// `bad-address`, `bad-broker-url`, `bad-url-prefix`, `bad-bench-file`, `file-not-found`, `data-folder` and their like, each
/// with its exit status.
pub fn session_options(args: &BenchArgs, fallback: SessionOptions) -> Result<SessionOptions, Ended> {
    check(args).map_err(Ended::usage)?;
    let file = args.bench.as_deref().map(BenchFile::read).transpose().map_err(Ended::usage)?.unwrap_or_default();
    let wrong = |detail: String| Ended::usage(Trouble::new("bad-bench-file").with("path", "").with("detail", detail));
    let (capture, limits) = if let Some(file) = &args.capture {
        (CaptureChoice::File(file.clone()), fallback.limits)
    } else {
        let data = folder::data(args.data.as_deref()).map_err(Ended::unusable)?;
        // The window's own setting: a command clears away no more than the window would.
        (CaptureChoice::Folder(data.join("captures")), captures::limits(&data.join(SETTINGS)))
    };
    let broker = match (&args.mqtt, &args.broker) {
        (Some(address), _) => Some(BrokerChoice::Embedded(address.clone())),
        (None, Some(url)) => Some(external(url)),
        (None, None) => file.broker.as_ref().map(|place| broker_choice(place)),
    };
    let tls = tls(args, &file, fallback.tls)?;
    let name = args.bench.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let (devices, ports) = (file.devices().map_err(wrong)?, file.ports().map_err(wrong)?);
    let (secrets, product_secrets) = (file.secrets().map_err(wrong)?, file.product_secrets());
    Ok(SessionOptions {
        broker: broker.unwrap_or(fallback.broker),
        http: args.http.clone().or(file.http).unwrap_or(fallback.http),
        advertise: args.advertise.clone().or(file.advertise).or(fallback.advertise),
        tls,
        capture,
        limits,
        bench: name,
        images: file.builds.into_iter().chain(fallback.images).collect(),
        devices: devices.into_iter().chain(fallback.devices).collect(),
        // What was typed comes last, and counts.
        secrets: secrets.into_iter().chain(fallback.secrets).collect(),
        product_secrets: product_secrets.into_iter().chain(fallback.product_secrets).collect(),
        open: args.open || file.open || fallback.open,
        logs: fallback.logs,
        log_stamp: fallback.log_stamp,
        ports: ports.into_iter().chain(fallback.ports).collect(),
        quick_sends: file.quick_sends,
        messages: file.messages,
    })
}

/// TLS, by the same order of precedence. The authority's folder is only asked for where something listens over TLS.
fn tls(args: &BenchArgs, file: &BenchFile, fallback: TlsOptions) -> Result<TlsOptions, Ended> {
    let mqtts = args.mqtts.clone().or_else(|| file.mqtts.clone()).or(fallback.mqtts);
    let https = args.https.clone().or_else(|| file.https.clone()).or(fallback.https);
    let typed = args.trust.trust();
    let trust = Trust {
        ca: typed.ca.or_else(|| file.ca.clone()),
        certificate: typed.certificate.or_else(|| file.cert.clone()),
        key: typed.key.or_else(|| file.key.clone()),
        own: None,
    };
    trust.check().map_err(Ended::usage)?;
    let folder = match fallback.folder {
        None if mqtts.is_some() || https.is_some() => {
            Some(folder_in(&folder::data(args.data.as_deref()).map_err(Ended::unusable)?))
        }
        given => given,
    };
    Ok(TlsOptions { mqtts, https, folder, trust })
}

/// Whether what was typed can be meant. What a bench file says is looked at when it is read.
fn check(args: &BenchArgs) -> Result<(), Trouble> {
    args.mqtt.as_deref().map_or(Ok(()), network::check_broker_address)?;
    args.broker.as_deref().map_or(Ok(()), |url| BrokerUrl::parse(url).map(drop))?;
    for address in [&args.http, &args.mqtts, &args.https] {
        address.as_deref().map_or(Ok(()), network::check_address)?;
    }
    args.advertise.as_deref().map_or(Ok(()), network::check_prefix)
}

/// `--broker` always means somebody else's; a forgotten scheme is MQTT.
fn external(url: &str) -> BrokerChoice {
    BrokerChoice::External(if url.contains("://") { url.to_owned() } else { format!("mqtt://{url}") })
}

/// An address of ours, or the URL of somebody else's broker.
#[must_use]
pub fn broker_choice(place: &str) -> BrokerChoice {
    if place.contains("://") { external(place) } else { BrokerChoice::Embedded(place.to_owned()) }
}

/// A session seen from the command line: its own fold, and what it prints as it goes.
pub struct Desk {
    session: Session,
    /// The bench after the last event seen.
    pub bench: Bench,
    json: bool,
    /// Events before the first line is known are held back.
    held: Option<Vec<Arc<Event>>>,
    /// Troubles met before the first line, for whoever looks next.
    unread: Vec<Arc<Event>>,
}

impl Desk {
    /// Starts a session and waits until broker and firmware server are up, at most `patience`. Nothing comes of it when it is
    /// interrupted meanwhile.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub fn open(
        options: SessionOptions,
        json: bool,
        interrupted: &AtomicBool,
        patience: Option<Micros>,
    ) -> Result<Option<Self>, Ended> {
        let broker = match &options.broker {
            BrokerChoice::Embedded(address) => address.clone(),
            BrokerChoice::External(url) => BrokerUrl::parse(url).map_err(Ended::usage)?.address(),
        };
        let is_embedded = matches!(options.broker, BrokerChoice::Embedded(_));
        let over_tls = [
            (TlsService::Mqtts, is_embedded && options.tls.mqtts.is_some()),
            (TlsService::Https, options.tls.https.is_some()),
        ];
        let over_tls = over_tls.into_iter().filter_map(|(service, wanted)| wanted.then_some(service));
        let over_tls: Vec<_> = over_tls.collect();
        let session = Session::start(options, Box::new(|| {})).map_err(Ended::unusable)?;
        let bench = Bench::new(session.clock().began_unix_ms());
        let mut desk = Self { session, bench, json, held: Some(Vec::new()), unread: Vec::new() };
        loop {
            if let Some(trouble) = desk.failed_over_tls(&over_tls) {
                return Err(Ended::unusable(trouble.clone()));
            }
            match (desk.bench.broker(), desk.bench.server()) {
                (Service::Failed(trouble), Service::Failed(also)) => {
                    return Err(Ended { also: Some(also.clone()), ..Ended::unusable(trouble.clone()) });
                }
                (Service::Failed(trouble), _) | (_, Service::Failed(trouble)) => {
                    return Err(Ended::unusable(trouble.clone()));
                }
                (Service::Running { address: mqtt, .. }, Service::Running { address: http, .. })
                    if desk.runs_over_tls(&over_tls) =>
                {
                    let mut first = json!({"kind": "listening", "mqtt": mqtt, "http": http});
                    for service in &over_tls {
                        if let Service::Running { address, .. } = desk.bench.tls(*service) {
                            first[service.scheme()] = address.as_str().into();
                        }
                    }
                    let first = first.to_string();
                    desk.say_first(&first);
                    return Ok(Some(desk));
                }
                _ => {}
            }
            if interrupted.load(Ordering::Acquire) {
                return Ok(None);
            }
            if patience.is_some_and(|patience| desk.session.clock().now() >= patience) {
                let trouble = Trouble::new("broker-unreachable").with("address", broker).with("detail", "no answer");
                return Err(Ended::unusable(trouble));
            }
            let batch = desk.session.wait(LOOK);
            let met = desk.take_in(batch);
            desk.unread.extend(met.into_iter().filter(|event| matches!(event.fact, Fact::TroubleMet { .. })));
        }
    }

    fn failed_over_tls(&self, services: &[TlsService]) -> Option<&Trouble> {
        services.iter().find_map(|service| match self.bench.tls(*service) {
            Service::Failed(trouble) => Some(trouble),
            _ => None,
        })
    }

    fn runs_over_tls(&self, services: &[TlsService]) -> bool {
        services.iter().all(|service| matches!(self.bench.tls(*service), Service::Running { .. }))
    }

    /// Waits a little and takes in what happened. Returns those events.
    pub fn look(&mut self) -> Vec<Arc<Event>> {
        let at_most = if self.unread.is_empty() { LOOK } else { Duration::ZERO };
        let batch = self.session.wait(at_most);
        let mut events = std::mem::take(&mut self.unread);
        events.extend(self.take_in(batch));
        events
    }

    /// The session.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Ends the session, printing what it still has to say. What the recording lacks is told, and comes back.
    pub fn close(mut self) -> Option<Trouble> {
        let rest = self.session.finish();
        self.take_in(rest);
        self.session.unrecorded().inspect(warn)
    }

    fn take_in(&mut self, batch: Batch) -> Vec<Arc<Event>> {
        let gap = gap(&batch).map(Arc::new);
        if let Some(bench) = batch.resync {
            self.bench = *bench;
        }
        for event in &batch.events {
            let _ = self.bench.apply(event);
            // Not only for those who read standard output.
            if let Fact::TroubleMet { trouble } = &event.fact
                && trouble.stops_recording()
            {
                warn(trouble);
            }
        }
        for event in gap.iter().chain(&batch.events) {
            match &mut self.held {
                Some(held) => held.push(Arc::clone(event)),
                None if self.json => print::event(event),
                None => {}
            }
        }
        batch.events
    }

    fn say_first(&mut self, first: &str) {
        let held = self.held.take().unwrap_or_default();
        if self.json {
            print::line(first);
            for event in &held {
                print::event(event);
            }
        }
    }
}

/// What a reader that fell behind has missed, as an event in the place of the last one missing.
fn gap(batch: &Batch) -> Option<Event> {
    let bench = batch.resync.as_ref().filter(|_| batch.missed > 0)?;
    let fact = Fact::Gap { source: "output".into(), lost: batch.missed };
    Some(Event { seq: bench.events(), at: bench.now(), fact })
}

#[cfg(test)]
mod tests {
    use super::{Batch, Bench, Event, Fact, gap};
    use crate::capture::encode;
    use crate::event::Micros;

    #[test]
    fn a_reader_that_fell_behind_sees_how_many_events_are_missing_and_where() {
        let mut bench = Bench::new(0);
        for seq in 1..=5 {
            let _ = bench.apply(&Event { seq, at: Micros(seq * 10), fact: Fact::BrokerStopped });
        }
        let mut batch = Batch { resync: Some(Box::new(bench)), missed: 3, ..Batch::default() };
        let mut line = Vec::new();
        encode(&gap(&batch).unwrap(), &mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, "{\"seq\":5,\"at\":50,\"kind\":\"gap\",\"source\":\"output\",\"lost\":3}\n");
        batch.missed = 0;
        assert_eq!(gap(&batch), None);
        assert_eq!(gap(&Batch::default()), None);
    }
}
