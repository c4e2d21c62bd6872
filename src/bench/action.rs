//! What the operator asks for, in the window or on the command line.

use super::publishing::{Publication, SavedMessage};
use super::replaying::{ReplayOrder, SteerOrder};
use super::sending::QuickSend;
use super::serial::{PortIdentity, SerialSettings};
use crate::console::LogStamp;
use crate::device::Behaviour;
use crate::event::{DeviceId, Extras, ImageId, LineMove, OrderedFile, ReplayId, Secret, UpgradeId, UpgradeOrder};
use crate::fault::Fault;
use std::path::PathBuf;
use std::sync::Arc;

/// One request of the operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Put these files on the list of builds.
    AddImages(Vec<PathBuf>),
    /// Take a build off the list.
    RemoveImage(ImageId),
    /// Put a device on the list, or change its dialect.
    AddDevice {
        /// Who.
        device: DeviceId,
        /// Dialect id.
        dialect: String,
    },
    /// Give a device its secret, or take it away. No event repeats it.
    SetSecret {
        /// Whose.
        device: DeviceId,
        /// The secret; none lets the device sign in as one without.
        secret: Option<Secret>,
    },
    /// Give a product its secret, or take it away. No event repeats it.
    SetProductSecret {
        /// Whose.
        product: String,
        /// The secret with which its devices ask for their own.
        secret: Option<Secret>,
    },
    /// Let devices without a secret, and clients that are no device, in from the network as well, or no longer.
    SetOpen(bool),
    /// Take a device off the list.
    RemoveDevice(DeviceId),
    /// Push a build to a device.
    Push(PushOrder),
    /// Cancel an upgrade.
    CancelUpgrade(UpgradeId),
    /// Send the same push again.
    RetryUpgrade(UpgradeId),
    /// Start a simulated device against this bench.
    StartSimulatedDevice(SimulatedOrder),
    /// Stop a simulated device.
    StopSimulatedDevice(DeviceId),
    /// Open a serial port and keep it open: it is opened again whenever it comes back. One that is open gets these settings.
    OpenPort {
        /// The system's name for it.
        port: String,
        /// Framing and clock.
        settings: SerialSettings,
        /// What it is known by, when the system may call it otherwise today.
        identity: Option<PortIdentity>,
    },
    /// Close a serial port, or no longer wait for it.
    ClosePort(String),
    /// Say whose port it is.
    BindPort {
        /// Which port.
        port: String,
        /// Whose; nobody's when absent.
        device: Option<DeviceId>,
    },
    /// Move a port's control lines.
    MoveLines {
        /// Which port.
        port: String,
        /// How.
        line: LineMove,
    },
    /// Write bytes to a port or to a simulated device's console.
    Send {
        /// Which port.
        port: String,
        /// What, line ending included.
        bytes: Vec<u8>,
    },
    /// Write a file to a port, byte for byte.
    SendFile {
        /// Which port.
        port: String,
        /// Which file.
        file: PathBuf,
    },
    /// Give up the files that are being written to this port, or wait for it.
    CancelFile(String),
    /// Write the same bytes again and again, or no longer.
    Repeat {
        /// Which port.
        port: String,
        /// What the repetition is called; one of the same name is replaced.
        name: String,
        /// What.
        bytes: Vec<u8>,
        /// How often, in milliseconds; no longer when absent.
        every_ms: Option<u64>,
    },
    /// Send these no longer again and again, to whatever port: the quick sends they came from are gone or others now.
    EndRepeats(Vec<String>),
    /// Write the quick sends into this bench file; the rest of it stays as it is.
    SaveQuickSends {
        /// The bench file.
        file: PathBuf,
        /// All of them.
        sends: Vec<QuickSend>,
    },
    /// Send a capture's messages again.
    Replay(Box<ReplayOrder>),
    /// Pause, resume or stop a replay, or take its next step.
    SteerReplay(SteerOrder),
    /// Order a captured upgrade again, as it was ordered then: a step of a replay that has come to it.
    OrderAgain {
        /// The replay that asks for it.
        replay: ReplayId,
        /// The upgrade as it was ordered.
        order: Arc<UpgradeOrder>,
        /// Whether the image is to be served as well: the device is real. Otherwise it is only judged.
        serve: bool,
    },
    /// Send this message once, as the cloud.
    Publish(Publication),
    /// Write the saved messages into this bench file; the rest of it stays as it is.
    SaveMessages {
        /// The bench file.
        file: PathBuf,
        /// All of them.
        messages: Vec<SavedMessage>,
    },
    /// Listen on another address, `ip:port`, or use an external broker, `mqtt://…` or `mqtts://…`.
    SetBroker(String),
    /// Serve firmware on another address, and announce it under this prefix (`http://host:port`), if given.
    SetServer {
        /// `ip:port` to listen on.
        address: String,
        /// URL prefix told to devices; from the address when absent.
        advertise: Option<String>,
    },
    /// Take connections over TLS as well, on these `ip:port`; nowhere when absent.
    SetTls {
        /// For the broker.
        mqtts: Option<String>,
        /// For the firmware server.
        https: Option<String>,
    },
    /// Write the certificate of our authority into this file, to be put into devices.
    SaveAuthority(PathBuf),
    /// Log consoles to files, with this before each line; no longer when absent.
    LogConsoles(Option<LogStamp>),
}

/// What a simulated device is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedOrder {
    /// Dialect id.
    pub dialect: String,
    /// Who it is; one that is not on the bench yet when absent.
    pub device: Option<DeviceId>,
    /// Fail every upgrade with this code of its cloud.
    pub fail_with: Option<i64>,
    /// What it does otherwise than it should.
    pub behaviour: Option<Behaviour>,
}

impl PushOrder {
    /// The same order with the default module spelt in one way: not at all.
    #[must_use]
    pub fn tidy(mut self) -> Self {
        self.module = self.module.filter(|module| !matches!(module.as_str(), "" | "default"));
        self
    }
}

impl PushExtras {
    /// What would be announced, as far as it is known before Push is pressed.
    #[must_use]
    pub fn draft(&self) -> Extras {
        let file = OrderedFile {
            name: String::new(),
            size: 0,
            md5: String::new(),
            sha256: String::new(),
            url: String::new(),
            path: String::new(),
        };
        Extras {
            sha256: self.sha256,
            differential: self.differential,
            tags: self.tags.clone(),
            stream: self.over_mqtt.then_some(1),
            files: vec![file; self.more.len()],
        }
    }
}

/// Which build goes to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOrder {
    /// The build.
    pub image: ImageId,
    /// The device.
    pub device: DeviceId,
    /// The dialect to write in.
    pub dialect: String,
    /// The version to announce.
    pub version: String,
    /// The module, when it is not the default one.
    pub module: Option<String>,
    /// The time-out in seconds; the cloud's own rule when absent.
    pub timeout_secs: Option<u64>,
    /// How long its URLs live, in seconds; a day, as on the clouds, when absent.
    pub url_lifetime_secs: Option<u64>,
    /// What only Alibaba Cloud announces.
    pub extras: PushExtras,
    /// What is to go wrong with it on purpose.
    pub faults: Vec<Fault>,
}

/// What only Alibaba Cloud announces, as the operator orders it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushExtras {
    /// Sign with SHA-256 instead of MD5.
    pub sha256: bool,
    /// Say that it is a differential package.
    pub differential: bool,
    /// Tags for `extData`, in order.
    pub tags: Vec<(String, String)>,
    /// Hand the firmware out in blocks over MQTT.
    pub over_mqtt: bool,
    /// The builds behind the first one, where the upgrade has several files.
    pub more: Vec<ImageId>,
}
