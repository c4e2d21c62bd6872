//! From what was typed and what the bench file says to a session that listens.

use super::{BenchArgs, Ended, print};
use crate::bench::{Bench, Service};
use crate::event::{Event, Trouble};
use crate::io::bench_file::BenchFile;
use crate::io::folder;
use crate::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// How often a waiting command looks whether it was interrupted.
pub const LOOK: Duration = Duration::from_millis(100);

/// How a session begins: what was typed goes before what the bench file says, and that before `fallback`.
///
/// # Errors
/// `bad-bench-file`, `file-not-found`, `data-folder` and their like, each with its exit status.
pub fn session_options(args: &BenchArgs, fallback: SessionOptions) -> Result<SessionOptions, Ended> {
    let file = args.bench.as_deref().map(BenchFile::read).transpose().map_err(Ended::usage)?.unwrap_or_default();
    let wrong = |detail: String| Ended::usage(Trouble::new("bad-bench-file").with("path", "").with("detail", detail));
    let capture = match &args.capture {
        Some(file) => CaptureChoice::File(file.clone()),
        None => CaptureChoice::Folder(folder::data(args.data.as_deref()).map_err(Ended::unusable)?.join("captures")),
    };
    let broker = match (&args.mqtt, &args.broker) {
        (Some(address), _) => Some(BrokerChoice::Embedded(address.clone())),
        (None, Some(url)) => Some(external(url)),
        (None, None) => file.broker.as_ref().map(|place| broker_choice(place)),
    };
    let name = args.bench.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let (devices, ports) = (file.devices().map_err(wrong)?, file.ports().map_err(wrong)?);
    Ok(SessionOptions {
        broker: broker.unwrap_or(fallback.broker),
        http: args.http.clone().or(file.http).unwrap_or(fallback.http),
        advertise: args.advertise.clone().or(file.advertise).or(fallback.advertise),
        capture,
        bench: name,
        images: file.builds.into_iter().chain(fallback.images).collect(),
        devices: devices.into_iter().chain(fallback.devices).collect(),
        ports: ports.into_iter().chain(fallback.ports).collect(),
    })
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
}

impl Desk {
    /// Starts a session and waits until broker and firmware server are up.
    ///
    /// # Errors
    /// One of them cannot be had.
    pub fn open(options: SessionOptions, json: bool) -> Result<Self, Ended> {
        let session = Session::start(options, Box::new(|| {})).map_err(Ended::unusable)?;
        let bench = Bench::new(session.clock().began_unix_ms());
        let mut desk = Self { session, bench, json, held: Some(Vec::new()) };
        loop {
            match (desk.bench.broker(), desk.bench.server()) {
                (Service::Failed(trouble), _) | (_, Service::Failed(trouble)) => {
                    return Err(Ended::unusable(trouble.clone()));
                }
                (Service::Running { address: mqtt, .. }, Service::Running { address: http, .. }) => {
                    let first = json!({"kind": "listening", "mqtt": mqtt, "http": http}).to_string();
                    desk.say_first(&first);
                    return Ok(desk);
                }
                _ => drop(desk.look()),
            }
        }
    }

    /// Waits a little and takes in what happened. Returns those events.
    pub fn look(&mut self) -> Vec<Arc<Event>> {
        let batch = self.session.wait(LOOK);
        if let Some(bench) = batch.resync {
            self.bench = *bench;
        }
        for event in &batch.events {
            let _ = self.bench.apply(event);
            match &mut self.held {
                Some(held) => held.push(Arc::clone(event)),
                None if self.json => print::event(event),
                None => {}
            }
        }
        batch.events
    }

    /// The session.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Ends the session, printing what it still has to say.
    pub fn close(self) {
        let Self { session, json, .. } = self;
        let rest = session.drain();
        drop(session);
        if json {
            for event in &rest.events {
                print::event(event);
            }
        }
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
