//! Everything known about the bench, as a fold over events.

mod action;
pub mod broker_url;
mod build;
mod case;
mod clients;
mod delivery;
mod device;
mod downloads;
mod faults;
mod filter;
mod fold;
mod hear;
mod host;
mod lines;
mod marks;
mod port;
mod publishing;
mod query;
mod refusal;
mod replaying;
mod replays;
mod sending;
mod serial;
#[cfg(test)]
mod tests;
mod tls;
mod witness;

pub use action::{Action, PushExtras, PushOrder, SimulatedOrder};
pub use broker_url::BrokerUrl;
pub use build::Build;
pub use case::{Case, Reports, Rush};
pub use delivery::Delivery;
pub use device::{Defects, Device};
pub use faults::{Acted, Faults};
pub use lines::{LineStep, LinesAtOpening, lines_after, steps};
pub use marks::Marks;
pub use port::{Port, SendingFile};
pub use publishing::{Publication, SavedMessage, check_topic};
pub use replaying::{
    OnDrop, ROUND_PAUSE, ReplayAct, ReplayOrder, ReplayStep, ReplayTarget, Speaker, Speed, Steer, SteerOrder,
};
pub use replays::{Replay, ReplayState};
pub use sending::{FASTEST_REPEAT_MS, LineEnding, QuickSend, first_twin, parse_hex};
pub use serial::{FlowControl, Parity, PluggedPort, PortIdentity, SerialSettings, UsbIdentity};
pub use witness::{Served, Witness};

use crate::dialect::Outgoing;
use crate::event::{ClientName, DeviceId, ImageId, Micros, Trouble, UpgradeId, UpgradeOrder};
use crate::fault::Fault;
use crate::upgrade::{BlockRequest, ReplyTo};
use clients::Clients;
use delivery::UnderWay;
use replays::Replays;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the core wants done by the adapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Publish this as the cloud.
    Publish(Outgoing),
    /// A fault acts now: tell it.
    TellFault {
        /// Of which upgrade.
        upgrade: UpgradeId,
        /// Which.
        fault: Fault,
        /// At which percent, where it acts at one.
        place: Option<u64>,
    },
    /// End a device's connection, and turn its sign-ins away for so long.
    TurnAway {
        /// Whose.
        device: DeviceId,
        /// Under which client id it is connected, where that is known.
        client: Option<ClientName>,
        /// How long, in milliseconds; 0 lets it sign in again at once.
        millis: u64,
    },
    /// Lose the acknowledgement of the push that goes out next: send it again as a repeat. Once it acts, that is told.
    LoseAck {
        /// Of which upgrade.
        upgrade: UpgradeId,
        /// Whose acknowledgement, where that is known.
        client: Option<ClientName>,
        /// The topic of the push.
        topic: String,
    },
    /// Stop serving this upgrade's files: it is over.
    Withdraw(Arc<UpgradeOrder>),
    /// Answer a device that asks for a block of firmware over MQTT.
    ServeBlock {
        /// Who asks.
        device: DeviceId,
        /// In which dialect.
        dialect: &'static str,
        /// Where the answer belongs.
        reply: ReplyTo,
        /// Which block.
        block: BlockRequest,
    },
    /// Answer a device that asks for its secret.
    TellPassword {
        /// Who asks.
        device: DeviceId,
        /// In which dialect.
        dialect: &'static str,
        /// Where the answer belongs.
        reply: ReplyTo,
    },
}

/// How the broker or the firmware server stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// Not started yet, or stopped.
    #[default]
    Stopped,
    /// Up.
    Running {
        /// Where.
        address: String,
        /// The URL prefix told to devices (firmware server), or empty.
        advertised: String,
    },
    /// Down, and why.
    Failed(Trouble),
}

/// The bench at one instant: the fold of all events so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Bench {
    started_unix_ms: u64,
    now: Micros,
    seq: u64,
    lost: u64,
    /// Why nothing is recorded any more.
    recording: Option<Trouble>,
    broker: Service,
    external: bool,
    /// Whether those without a secret are let in from the network.
    open: bool,
    server: Service,
    mqtts: Service,
    https: Service,
    ports: BTreeMap<String, Port>,
    /// Whose port is whose, by the port.
    bound: BTreeMap<String, DeviceId>,
    builds: BTreeMap<ImageId, Build>,
    devices: BTreeMap<DeviceId, Device>,
    clients: Clients,
    under_way: UnderWay,
    /// Every upgrade of the session, in the order of their latest push; old ended ones are forgotten past a limit.
    cases: Vec<Case>,
    upgrades: u32,
    replays: Replays,
}

impl Bench {
    /// A bench on which nothing has happened yet. The wall clock, in milliseconds since 1970, goes into Aliyun's push ids.
    #[must_use]
    pub fn new(started_unix_ms: u64) -> Self {
        Self {
            started_unix_ms,
            now: Micros::default(),
            seq: 0,
            lost: 0,
            recording: None,
            broker: Service::default(),
            external: false,
            open: false,
            server: Service::default(),
            mqtts: Service::default(),
            https: Service::default(),
            ports: BTreeMap::new(),
            bound: BTreeMap::new(),
            builds: BTreeMap::new(),
            devices: BTreeMap::new(),
            clients: Clients::default(),
            under_way: UnderWay::default(),
            cases: Vec::new(),
            upgrades: 0,
            replays: Replays::default(),
        }
    }
}
