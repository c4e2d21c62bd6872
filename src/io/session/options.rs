//! How a session begins.

use crate::bench::{Action, QuickSend, SavedMessage};
use crate::capture::Limits;
use crate::console::LogStamp;
use crate::event::{DeviceId, Secret};
use crate::io::bench_file::BenchPort;
use crate::io::tls::Trust;
use crate::io::{Keyring, network};
use chrono::{Local, TimeZone};
use std::path::PathBuf;

/// Which broker the devices sign in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerChoice {
    /// Ours, on this `ip:port` or `host:port`.
    Embedded(String),
    /// Somebody else's, `mqtt://user:password@host:port` or `mqtts://…`.
    External(String),
}

/// Where the session is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureChoice {
    /// Not at all: tests, and a data folder that cannot be had.
    Nowhere,
    /// In this file, which must not exist yet.
    File(PathBuf),
    /// In this folder, under a name made of the time; nowhere when the folder cannot be written, which an event tells.
    Folder(PathBuf),
}

/// What there is to TLS in a session.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// Where the broker takes connections over TLS too, `ip:port` or `host:port`; nowhere when absent.
    pub mqtts: Option<String>,
    /// Where the firmware server does.
    pub https: Option<String>,
    /// The folder of our certificate authority, which is made when it is first needed; without one there is no TLS.
    pub folder: Option<PathBuf>,
    /// Whom an external broker has to convince, and what it is shown.
    pub trust: Trust,
}

/// How a session begins.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The broker.
    pub broker: BrokerChoice,
    /// Where the firmware server listens, `ip:port` or `host:port`.
    pub http: String,
    /// The URL prefix told to devices; from where the server listens when absent.
    pub advertise: Option<String>,
    /// TLS.
    pub tls: TlsOptions,
    /// Where the session is recorded.
    pub capture: CaptureChoice,
    /// How much is kept in a folder of captures.
    pub limits: Limits,
    /// The bench file's name, if there is one.
    pub bench: Option<String>,
    /// Builds on the list from the start.
    pub images: Vec<PathBuf>,
    /// Devices on the list from the start, each with its dialect.
    pub devices: Vec<(DeviceId, String)>,
    /// Secrets of devices.
    pub secrets: Vec<(DeviceId, Secret)>,
    /// Secrets of products, for devices that ask for their own.
    pub product_secrets: Vec<(String, Secret)>,
    /// Whether a device without a secret is let in though the broker listens on the network.
    pub open: bool,
    /// Where consoles are logged, once that is asked for.
    pub logs: Option<PathBuf>,
    /// Log them from the first byte, with this before each line.
    pub log_stamp: Option<LogStamp>,
    /// Serial ports to open.
    pub ports: Vec<BenchPort>,
    /// What the window offers to send with one click.
    pub quick_sends: Vec<QuickSend>,
    /// Messages that the window offers to publish with one click.
    pub messages: Vec<SavedMessage>,
}

impl Default for SessionOptions {
    /// Loopback only, on the usual ports, recorded nowhere.
    fn default() -> Self {
        Self {
            broker: BrokerChoice::Embedded("127.0.0.1:1883".into()),
            http: "127.0.0.1:8070".into(),
            advertise: None,
            tls: TlsOptions::default(),
            capture: CaptureChoice::Nowhere,
            limits: Limits::default(),
            bench: None,
            images: Vec::new(),
            devices: Vec::new(),
            secrets: Vec::new(),
            product_secrets: Vec::new(),
            open: false,
            logs: None,
            log_stamp: None,
            ports: Vec::new(),
            quick_sends: Vec::new(),
            messages: Vec::new(),
        }
    }
}

impl SessionOptions {
    /// Puts the secrets where the broker looks for them.
    pub(super) fn hand_secrets_to(&self, keyring: &Keyring) {
        keyring.set_open(self.open);
        for (device, secret) in &self.secrets {
            keyring.set_device(device, Some(secret.clone()));
        }
        for (product, secret) in &self.product_secrets {
            keyring.set_product(product, Some(secret.clone()));
        }
    }

    /// What is asked for in the session's first instant.
    pub(super) fn first_actions(self) -> Vec<Action> {
        let broker = match self.broker {
            BrokerChoice::Embedded(place) => network::resolved(&place),
            BrokerChoice::External(url) => url,
        };
        let mut actions = vec![
            Action::LogConsoles(self.log_stamp),
            Action::SetTls { mqtts: self.tls.mqtts, https: self.tls.https },
            Action::SetBroker(broker),
            Action::SetServer { address: network::resolved(&self.http), advertise: self.advertise },
            Action::AddImages(self.images),
        ];
        actions.extend(self.devices.into_iter().map(|(device, dialect)| Action::AddDevice { device, dialect }));
        let secrets = self.secrets.into_iter();
        actions.extend(secrets.map(|(device, secret)| Action::SetSecret { device, secret: Some(secret) }));
        actions.extend(self.open.then_some(Action::SetOpen(true)));
        for BenchPort { port, settings, identity, device } in self.ports {
            actions.extend(device.map(|device| Action::BindPort { port: port.clone(), device: Some(device) }));
            actions.push(Action::OpenPort { port, settings, identity });
        }
        actions
    }
}

/// A capture's name: local time, in an order that sorts, without what a file system refuses.
pub(super) fn file_name(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|millis| Local.timestamp_millis_opt(millis).single());
    time.map_or_else(|| unix_ms.to_string(), |time| time.format("%Y-%m-%d %H.%M.%S").to_string())
}
