//! What is asked of a replay: which messages of a capture go where, as whom, and how fast.

use super::host::{Host, shares_broker};
use super::{Bench, BrokerUrl, Case, Replay, ReplayState, Service};
use crate::device::console_name;
use crate::event::{DeviceId, Micros, Payload, ReplayId, Secret, TlsService, Trouble, UpgradeOrder};
use core::net::IpAddr;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How long a replay rests between two rounds, at the original speed.
pub const ROUND_PAUSE: Micros = Micros::from_secs(1);
/// How much slower and faster than the original a replay may be.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

/// How fast messages are sent again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as they came.
    Times(f64),
    /// As fast as possible.
    Max,
    /// One by one, each when it is asked for.
    Step,
}

impl Default for Speed {
    fn default() -> Self {
        Self::Times(1.0)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::Max => f.write_str("max"),
            Self::Step => f.write_str("step"),
        }
    }
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "max" => Ok(Self::Max),
            "step" => Ok(Self::Step),
            number => match number.trim_end_matches(['x', '×']).trim_end().parse() {
                Ok(times) if SPEEDS.contains(&times) => Ok(Self::Times(times)),
                _ => Err("a speed is a number from 0.01 to 1000, max or step"),
            },
        }
    }
}

/// Where a replay goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayTarget {
    /// The broker of this session, whichever it is.
    Here,
    /// The broker at this URL, `mqtt://user:password@host:port` or `mqtts://…`.
    Broker(String),
}

/// What becomes of a replay whose target drops it in the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDrop {
    /// It waits until the target is there again, and goes on.
    #[default]
    Resume,
    /// It ends.
    Stop,
}

/// As whom messages are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The device, which signs in as its cloud has it; an ordinary client of the workbench's when absent.
    pub device: Option<DeviceId>,
    /// The device's dialect; without a device it is of no matter.
    pub dialect: String,
    /// What the device signs in with. When absent, the session's own is taken, if it has one.
    pub secret: Option<Secret>,
}

/// What happens in one step of a replay.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayAct {
    /// A message goes out.
    Say {
        /// To this topic.
        topic: String,
        /// With this in it, byte for byte.
        payload: Payload,
        /// 0, 1 or 2.
        qos: u8,
        /// Whether the broker is to keep it.
        retain: bool,
    },
    /// The speaker signs in again.
    Come,
    /// The speaker goes away.
    Leave,
    /// The upgrade is ordered again on this bench, which pushes it and judges it.
    Upgrade(Arc<UpgradeOrder>),
}

impl ReplayAct {
    /// Whether it counts as a message: to a device, an upgrade ordered again stands for its push.
    #[must_use]
    pub const fn is_message(&self, downstream: bool) -> bool {
        match self {
            Self::Say { .. } => true,
            Self::Upgrade(_) => downstream,
            Self::Come | Self::Leave => false,
        }
    }
}

/// One step of a replay.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayStep {
    /// The event it comes from.
    pub of: u64,
    /// When, after the first step, at the original speed.
    pub after: Micros,
    /// Whose it is, by its place among the speakers.
    pub speaker: usize,
    /// What happens.
    pub act: ReplayAct,
}

/// A whole replay, worked out before it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayOrder {
    /// The name of the capture.
    pub source: String,
    /// Where to.
    pub target: ReplayTarget,
    /// As whom, each over a connection of its own.
    pub speakers: Vec<Speaker>,
    /// What happens, in the order of time.
    pub steps: Arc<[ReplayStep]>,
    /// Whether it goes the other way: from the cloud to devices.
    pub downstream: bool,
    /// How fast.
    pub speed: Speed,
    /// How often all of it, at least once.
    pub rounds: u64,
    /// What becomes of it when its target drops it.
    pub on_drop: OnDrop,
}

impl ReplayOrder {
    /// How many messages go out in one round.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.steps.iter().filter(|step| step.act.is_message(self.downstream)).count() as u64
    }

    /// How many messages go out in all rounds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.messages().saturating_mul(self.rounds)
    }

    /// When a step is due, counted from the first one; at once where no time is kept.
    #[must_use]
    pub fn due(&self, round: u64, after: Micros) -> Micros {
        let Speed::Times(times) = self.speed else { return Micros::default() };
        let round_length = self.span() + ROUND_PAUSE;
        scaled(Micros(round_length.0.saturating_mul(round)) + after, times)
    }

    /// How long it takes; nothing can be said of one that goes step by step or as fast as possible.
    #[must_use]
    pub fn length(&self) -> Option<Micros> {
        matches!(self.speed, Speed::Times(_)).then(|| self.due(self.rounds.saturating_sub(1), self.span()))
    }

    /// From the first step to the last, at the original speed.
    fn span(&self) -> Micros {
        self.steps.last().map_or_else(Micros::default, |step| step.after)
    }

    /// The devices it speaks as, or to.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceId> {
        self.speakers.iter().filter_map(|speaker| speaker.device.as_ref())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "exact for 285 years"
)]
fn scaled(span: Micros, times: f64) -> Micros {
    Micros((span.0 as f64 / times).round() as u64)
}

/// What is done with a replay that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// It waits.
    Pause,
    /// It goes on; one that goes step by step keeps the original time from here on.
    Resume,
    /// Its next message goes out, and it waits after it.
    Step,
    /// It ends.
    Stop,
}

/// One steering of one replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SteerOrder {
    /// Which.
    pub replay: ReplayId,
    /// What.
    pub steer: Steer,
}

impl Bench {
    /// What is to be asked before this replay begins: it would get in the way of a real device. `own` are the addresses of
    /// this machine on its networks.
    #[must_use]
    pub fn replay_warnings(&self, order: &ReplayOrder, own: &[IpAddr]) -> Vec<Trouble> {
        if !self.is_target(&order.target, own) {
            return Vec::new();
        }
        let mut warnings = Vec::new();
        for device in order.devices().collect::<BTreeSet<_>>() {
            if self.is_simulated(device) {
                continue;
            }
            let open = |case: &&Case| case.order.device == *device && case.upgrade.state().outcome().is_none();
            for case in self.cases().iter().filter(open) {
                let version = &case.order.version;
                warnings.push(Trouble::new("replay-into-upgrade").with("device", device).with("version", version));
            }
            let online = self.device(device).and_then(|device| device.online);
            match (order.downstream, online) {
                // It is a replay's connection that would be taken over, not a device's.
                (false, Some(true)) if self.speaks_as(device) => {}
                (false, Some(true)) => warnings.push(Trouble::new("replay-takes-over").with("device", device)),
                (true, Some(false) | None) if !self.is_external() => {
                    warnings.push(Trouble::new("replay-unheard").with("device", device));
                }
                _ => {}
            }
        }
        warnings
    }

    /// Whether a replay that is not over speaks as this device.
    fn speaks_as(&self, device: &DeviceId) -> bool {
        let speaks = |replay: &Replay| !replay.downstream && replay.device.as_ref() == Some(device);
        self.replays().any(|replay| speaks(replay) && !matches!(replay.state, ReplayState::Ended(_)))
    }

    /// Whether a simulated device of this bench has this name.
    fn is_simulated(&self, device: &DeviceId) -> bool {
        let console = console_name(device);
        self.ports().any(|(name, port)| name == console && port.state.is_ok())
    }

    /// Whether what goes there comes up on this bench.
    fn is_target(&self, target: &ReplayTarget, own: &[IpAddr]) -> bool {
        let ReplayTarget::Broker(url) = target else { return true };
        let Ok(target) = BrokerUrl::parse(url) else { return false };
        let services = [self.broker(), self.tls(TlsService::Mqtts)];
        let mut addresses = services.into_iter().filter_map(|service| match service {
            Service::Running { address, .. } => BrokerUrl::parse(address).ok(),
            Service::Stopped | Service::Failed(_) => None,
        });
        let same = |broker: &BrokerUrl| {
            let here = Host::of(broker.bare_host());
            if self.is_external() { shares_broker(&target, broker, own) } else { here.hears(&target, broker.port, own) }
        };
        addresses.any(|broker| same(&broker))
    }
}
