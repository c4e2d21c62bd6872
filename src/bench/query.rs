//! What can be asked of the bench.

use super::downloads::stem;
use super::{Bench, Build, Case, Device, Port, PushOrder, Service};
use crate::dialect::{self, Decoded, Dialect};
use crate::event::{Deadline, DeviceId, Fact, ImageId, Micros, TlsService, Trouble, UpgradeId};

impl Bench {
    /// The wall clock at the session's first instant, in milliseconds since 1970.
    #[must_use]
    pub const fn started_unix_ms(&self) -> u64 {
        self.started_unix_ms
    }

    /// The time of the latest event.
    #[must_use]
    pub const fn now(&self) -> Micros {
        self.now
    }

    /// How many events there were.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.seq
    }

    /// How many events were lost before they could be recorded.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// Why nothing is recorded any more, if so.
    #[must_use]
    pub const fn recording_trouble(&self) -> Option<&Trouble> {
        self.recording.as_ref()
    }

    /// How the broker stands.
    #[must_use]
    pub const fn broker(&self) -> &Service {
        &self.broker
    }

    /// Whether the broker is somebody else's: presence and subscriptions cannot be known.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        self.external
    }

    /// Whether devices without a secret are let in from the network as well.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// How many clients are connected, where that can be known.
    #[must_use]
    pub fn connected_clients(&self) -> Option<usize> {
        (!self.external).then(|| self.clients.connected())
    }

    /// How the firmware server stands.
    #[must_use]
    pub const fn server(&self) -> &Service {
        &self.server
    }

    /// How a service over TLS stands.
    #[must_use]
    pub const fn tls(&self, service: TlsService) -> &Service {
        match service {
            TlsService::Mqtts => &self.mqtts,
            TlsService::Https => &self.https,
        }
    }

    /// Serial ports and simulated consoles opened in this session, by name.
    pub fn ports(&self) -> impl Iterator<Item = (&str, &Port)> {
        self.ports.iter().map(|(name, port)| (name.as_str(), port))
    }

    /// The builds on the list.
    pub fn builds(&self) -> impl Iterator<Item = (ImageId, &Build)> {
        self.builds.iter().map(|(id, build)| (*id, build))
    }

    /// One build.
    #[must_use]
    pub fn build(&self, image: ImageId) -> Option<&Build> {
        self.builds.get(&image)
    }

    /// The build on the list that has these digests.
    #[must_use]
    pub fn build_with(&self, md5: &str, sha256: &str) -> Option<ImageId> {
        let same = |build: &Build| build.md5 == md5 && build.sha256 == sha256 && build.trouble.is_none();
        self.builds().find(|(_, build)| same(build)).map(|(image, _)| image)
    }

    /// The devices, by identity.
    pub fn devices(&self) -> impl Iterator<Item = (&DeviceId, &Device)> {
        self.devices.iter()
    }

    /// One device.
    #[must_use]
    pub fn device(&self, device: &DeviceId) -> Option<&Device> {
        self.devices.get(device)
    }

    /// The upgrades of this session, in the order of their latest push.
    #[must_use]
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// One upgrade.
    #[must_use]
    pub fn case(&self, upgrade: UpgradeId) -> Option<&Case> {
        self.cases.iter().rev().find(|case| case.order.upgrade == upgrade)
    }

    /// A device's latest upgrade.
    #[must_use]
    pub fn latest_case(&self, device: &DeviceId) -> Option<&Case> {
        self.cases.iter().rev().find(|case| case.order.device == *device)
    }

    /// Where the devices that are online connect from, without ports.
    pub fn device_hosts(&self) -> impl Iterator<Item = &str> {
        self.clients.hosts()
    }

    /// What a device's message says, going by what it spoke before.
    #[must_use]
    pub fn decode(&self, topic: &str, payload: &[u8]) -> Option<(&'static dyn Dialect, Decoded)> {
        dialect::decode(topic, payload, |device| self.devices.get(device)?.spoken.as_deref())
    }

    /// The upgrade that a request or an answer of the firmware server, or a block over MQTT, belongs to.
    #[must_use]
    pub fn case_served(&self, fact: &Fact) -> Option<&Case> {
        let mut latest = self.cases.iter().rev();
        match fact {
            Fact::RequestReceived { path, .. }
            | Fact::RangeProgressed { path, .. }
            | Fact::FileDelivered { path, .. }
            | Fact::RangeServed { path, .. } => {
                latest.find(|case| case.order.paths().any(|(own, _)| !own.is_empty() && stem(own) == stem(path)))
            }
            Fact::BlockServed { device, stream, .. } => {
                latest.find(|case| case.order.device == **device && case.order.extras.stream == Some(*stream))
            }
            _ => None,
        }
    }

    /// The session's first instant, in milliseconds since 1970.
    #[must_use]
    pub const fn started_unix_millis(&self) -> u64 {
        self.started_unix_ms
    }

    /// The id the next upgrade gets.
    #[must_use]
    pub const fn next_upgrade(&self) -> UpgradeId {
        self.upgrades + 1
    }

    /// Whether a push would reach the device now; `None` where that cannot be known.
    #[must_use]
    pub fn reaches(&self, device: &DeviceId, dialect: &str) -> Option<bool> {
        if self.external {
            return None;
        }
        let topic = dialect::find(dialect).ok()?.push_topic(device);
        let client = self.devices.get(device).and_then(|device| device.client.as_deref());
        Some(client.is_some_and(|client| self.clients.would_receive(client, &topic)))
    }

    /// The next deadline of any upgrade, and its reason.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Micros, UpgradeId, Deadline)> {
        let deadlines = self.cases.iter().filter_map(|case| {
            let own = case.upgrade.poll_timeout();
            let late = case.faults.late_at().filter(|_| case.upgrade.state().outcome().is_none());
            let (at, deadline) =
                own.into_iter().chain(late.map(|at| (at, Deadline::LatePush))).min_by_key(|it| it.0)?;
            Some((at, case.order.upgrade, deadline))
        });
        deadlines.min_by_key(|(at, ..)| *at)
    }

    /// Whether this push may be made.
    ///
    /// # Errors
    /// No such build or dialect, a version the cloud does not take, no firmware server, or an upgrade of this device that
    /// has begun.
    pub fn check_push(&self, order: &PushOrder) -> Result<(), Trouble> {
        let dialect = dialect::find(&order.dialect)?;
        dialect.check_version(&order.version)?;
        dialect.check_module(order.module.as_deref())?;
        dialect.check_extras(&order.extras.draft())?;
        self.check_faults(order)?;
        // A build whose file could not be read may be back: Push reads it again.
        if !self.builds.contains_key(&order.image) {
            return Err(Trouble::new("no-such-build"));
        }
        if let Service::Failed(trouble) = &self.server {
            return Err(trouble.clone());
        }
        if let Service::Failed(trouble) = &self.broker {
            return Err(trouble.clone());
        }
        let begun = |case: &&Case| {
            case.order.device == order.device && case.order.module == order.module && case.upgrade.state().in_progress()
        };
        match self.cases.iter().rev().find(begun) {
            Some(case) => Err(Trouble::new("upgrade-in-progress")
                .with("device", &order.device)
                .with("version", &case.order.version)),
            None => Ok(()),
        }
    }
}
