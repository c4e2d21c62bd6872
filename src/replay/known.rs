//! Who is who in a capture: which devices there are, as whom clients signed in, whose a topic is.

use crate::dialect::{self, Dialect};
use crate::event::{ClientName, DeviceId, Event, Fact, ReplayId, UpgradeOrder};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Who is who in a capture.
#[derive(Default)]
pub struct Known {
    pub devices: BTreeMap<DeviceId, &'static dyn Dialect>,
    /// The device a client signed in as.
    pub clients: BTreeMap<ClientName, DeviceId>,
    /// What was pushed, and in which event.
    pub orders: Vec<(u64, Arc<UpgradeOrder>)>,
    /// As which clients each replay in it spoke.
    pub voices: BTreeMap<ReplayId, BTreeSet<ClientName>>,
    /// Whose a topic is.
    owners: BTreeMap<String, Option<DeviceId>>,
}

/// Everybody who speaks in a capture, or is spoken to.
#[must_use]
pub fn devices<'a>(events: impl IntoIterator<Item = &'a Event> + Clone) -> BTreeSet<DeviceId> {
    let mut known = Known::gather(events.clone());
    let mut devices = BTreeSet::new();
    for event in events {
        let device = match &event.fact {
            Fact::MessageReceived { client, topic, .. } => {
                let signed_in = client.as_ref().and_then(|client| known.clients.get(client).cloned());
                signed_in.or_else(|| known.owner(topic))
            }
            Fact::MessagePublished { topic, .. } => known.owner(topic),
            _ => None,
        };
        devices.extend(device);
    }
    devices
}

impl Known {
    /// Looks at all of a capture.
    pub fn gather<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut known = Self::default();
        for event in events {
            match &event.fact {
                Fact::ClientConnected { client } => {
                    if let Some((dialect, device)) = dialect::identify(&client.name, client.username.as_deref()) {
                        known.clients.insert(client.name.clone(), device.clone());
                        known.devices.entry(device).or_insert(dialect);
                    }
                }
                Fact::DeviceAdded { device, dialect } => known.meet(device, dialect),
                Fact::UpgradeRequested { order } => {
                    known.meet(&order.device, &order.dialect);
                    known.orders.push((event.seq, Arc::clone(order)));
                }
                Fact::MessageReplayed { replay, client: Some(client), .. } => {
                    known.voices.entry(*replay).or_default().insert(client.clone());
                }
                Fact::MessageReceived { topic, .. } => {
                    let speaker = dialect::ALL.iter().find_map(|dialect| Some((*dialect, dialect.speaker(topic)?)));
                    if let Some((dialect, device)) = speaker {
                        known.devices.entry(device).or_insert(dialect);
                    }
                }
                _ => {}
            }
        }
        known
    }

    fn meet(&mut self, device: &DeviceId, dialect: &str) {
        if let Ok(dialect) = dialect::find(dialect) {
            self.devices.entry(device.clone()).or_insert(dialect);
        }
    }

    /// The device whose topic this is, in a cloud's way.
    pub fn owner(&mut self, topic: &str) -> Option<DeviceId> {
        if let Some(owner) = self.owners.get(topic) {
            return owner.clone();
        }
        let owner = dialect::owner(topic).or_else(|| {
            let mut devices = self.devices.iter();
            devices.find(|(device, dialect)| dialect.owns_topic(device, topic)).map(|(device, _)| device.clone())
        });
        self.owners.insert(topic.to_owned(), owner.clone());
        owner
    }

    /// The dialect of a device's cloud.
    pub fn dialect(&self, device: &DeviceId) -> &'static dyn Dialect {
        self.devices.get(device).copied().unwrap_or(dialect::ALL[0])
    }
}
