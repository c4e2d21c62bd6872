//! Whose an event is: the device behind a client id, a topic, a path, a port.

use crate::dialect;
use crate::event::{ClientName, DeviceId, Event, Fact, UpgradeId, UpgradeOrder};
use std::collections::{BTreeMap, BTreeSet};

/// Names remembered of each sort; a flood of invented ones cannot fill the memory.
const MOST_NAMES: usize = 16_384;

/// What tells whose an event is, gathered from the events before it.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    devices: BTreeSet<DeviceId>,
    clients: BTreeMap<ClientName, DeviceId>,
    ports: BTreeMap<String, DeviceId>,
    /// Paths under which firmware is served, without their queries.
    paths: BTreeMap<String, DeviceId>,
    upgrades: BTreeMap<UpgradeId, DeviceId>,
}

impl Whose {
    /// The device an event is about, where that can be known. Every event must come by here, in order.
    pub fn of(&mut self, event: &Event) -> Option<DeviceId> {
        match &event.fact {
            Fact::DeviceAdded { device, .. } | Fact::DeviceRemoved { device } | Fact::SecretSet { device, .. } => {
                Some(self.meet(device.clone()))
            }
            Fact::BlockServed { device, .. } => Some(self.meet((**device).clone())),
            Fact::ClientConnected { client } | Fact::ClientRefused { client, .. } => {
                let (_, device) = dialect::identify(&client.name, client.username.as_deref())?;
                put(&mut self.clients, client.name.clone(), &device);
                Some(self.meet(device))
            }
            Fact::ClientDisconnected { client, .. } => self.clients.remove(client),
            Fact::AccessRefused { client, .. }
            | Fact::Subscribed { client, .. }
            | Fact::Unsubscribed { client, .. }
            | Fact::MessageDelivered { client, .. }
            | Fact::MessageAcknowledged { client, .. } => self.clients.get(client).cloned(),
            Fact::MessageReceived { client, topic, .. } | Fact::MessageDropped { client, topic, .. } => {
                let of_client = client.as_ref().and_then(|client| self.clients.get(client)).cloned();
                of_client.or_else(|| self.owner(topic))
            }
            Fact::MessagePublished { topic, .. } => self.owner(topic),
            Fact::RequestReceived { path, .. }
            | Fact::RangeServed { path, .. }
            | Fact::RangeProgressed { path, .. }
            | Fact::FileDelivered { path, .. } => self.paths.get(stem(path)).cloned(),
            Fact::PortBound { port, device } => {
                match device {
                    Some(device) => put(&mut self.ports, port.to_string(), device),
                    None => drop(self.ports.remove(&**port)),
                }
                device.clone()
            }
            Fact::PortOpened { port, .. }
            | Fact::PortClosed { port, .. }
            | Fact::PortMoved { port, .. }
            | Fact::LinesMoved { port, .. }
            | Fact::FileStarted { port, .. }
            | Fact::FileEnded { port, .. }
            | Fact::RepeatSet { port, .. }
            | Fact::BytesReceived { port, .. }
            | Fact::BytesSent { port, .. } => self.of_port(port),
            Fact::UpgradeRequested { order } => Some(self.order(order)),
            Fact::UpgradeCancelled { upgrade }
            | Fact::UpgradeRetried { upgrade }
            | Fact::FaultActed { upgrade, .. }
            | Fact::DeadlineReached { upgrade, .. } => self.upgrades.get(upgrade).cloned(),
            _ => None,
        }
    }

    fn meet(&mut self, device: DeviceId) -> DeviceId {
        if self.devices.len() < MOST_NAMES && !self.devices.contains(&device) {
            self.devices.insert(device.clone());
        }
        device
    }

    fn owner(&mut self, topic: &str) -> Option<DeviceId> {
        dialect::owner(topic).map(|device| self.meet(device))
    }

    fn order(&mut self, order: &UpgradeOrder) -> DeviceId {
        for (path, _) in order.paths().filter(|(path, _)| !path.is_empty()) {
            put(&mut self.paths, stem(path).to_owned(), &order.device);
        }
        put(&mut self.upgrades, order.upgrade, &order.device);
        self.meet(order.device.clone())
    }

    /// A port that was bound, or a simulated device's console.
    fn of_port(&mut self, port: &str) -> Option<DeviceId> {
        if let Some(device) = self.ports.get(port) {
            return Some(device.clone());
        }
        let name = port.strip_suffix(SIMULATED)?;
        let device = self.devices.iter().find(|device| *device.device == *name)?.clone();
        put(&mut self.ports, port.to_owned(), &device);
        Some(device)
    }
}

/// What stands behind the name of a simulated device's console.
const SIMULATED: &str = " (simulated)";

/// A path without its query.
pub(super) fn stem(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

fn put<K: Ord>(names: &mut BTreeMap<K, DeviceId>, name: K, device: &DeviceId) {
    if names.len() < MOST_NAMES || names.contains_key(&name) {
        names.insert(name, device.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::Whose;
    use crate::capture::kind;
    use std::collections::BTreeMap;

    /// How many events of a recording are whose, by kind.
    fn told(name: &str) -> BTreeMap<&'static str, (u32, u32)> {
        let file = format!("{}/tests/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
        let capture = crate::replay::read(&std::fs::read(file).unwrap()).unwrap();
        let mut whose = Whose::default();
        let mut told = BTreeMap::<_, (u32, u32)>::new();
        for event in &capture.events {
            let count = told.entry(kind(&event.fact)).or_default();
            match whose.of(event) {
                Some(_) => count.0 += 1,
                None => count.1 += 1,
            }
        }
        told
    }

    /// Otherwise a device's half of the story would be missing from what is handed on about it.
    #[test]
    fn all_that_a_device_does_is_known_to_be_its_own() {
        for name in
            ["captures/aliyun-simulated-success", "captures/uiot-simulated-md5-mismatch", "traces/uiot-v2-success"]
        {
            for (kind, (known, unknown)) in told(name) {
                let of_bench = matches!(kind, "broker_started" | "server_started" | "image_added" | "file_delivered");
                // The console is open before anybody says whose it is; traces have no names of devices but the topics'.
                assert!(unknown == 0 || of_bench, "{name} {kind}: {known} known, {unknown} not");
            }
        }
    }
}
