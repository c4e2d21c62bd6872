//! Who is connected to the broker, and what they would receive.

use super::filter::covers;
use crate::event::{Client, ClientName, DeviceId, Micros};
use std::collections::{BTreeMap, BTreeSet};

/// Clients and filters remembered at most; a mad client cannot make the bench grow.
const MAX_CLIENTS: usize = 10_000;
const MAX_FILTERS: usize = 256;

#[derive(Clone, Debug, Default, PartialEq)]
struct Connection {
    device: Option<DeviceId>,
    connected: bool,
    clean: bool,
    /// Where it connects from, without the port.
    host: String,
    filters: BTreeSet<String>,
}

/// A device that went away so long ago may still be meant by what another witness is slow to tell.
const JUST_NOW: Micros = Micros::from_secs(2);

/// The broker's clients by name, and the device that left last: where it was, and when it left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clients(BTreeMap<ClientName, Connection>, Option<(String, DeviceId, Micros)>);

impl Clients {
    /// A client was let in. A persistent session keeps the filters it had.
    pub fn connect(&mut self, client: &Client, device: Option<DeviceId>) {
        if self.0.len() >= MAX_CLIENTS && !self.0.contains_key(&client.name) {
            return;
        }
        let connection = self.0.entry(client.name.clone()).or_default();
        if client.clean {
            connection.filters.clear();
        }
        *connection = Connection {
            device,
            connected: true,
            clean: client.clean,
            host: client.address.rsplit_once(':').map_or_else(String::new, |(host, _)| host.to_owned()),
            filters: std::mem::take(&mut connection.filters),
        };
    }

    /// A client is gone; a clean session is forgotten.
    pub fn disconnect(&mut self, client: &str, now: Micros) -> Option<DeviceId> {
        let connection = self.0.get_mut(client)?;
        connection.connected = false;
        let device = connection.device.clone();
        self.1 = device.clone().map(|device| (connection.host.clone(), device, now)).or(self.1.take());
        if connection.clean {
            self.0.remove(client);
        }
        device
    }

    /// A client that signed in under another name speaks for this device.
    pub fn adopt(&mut self, client: &str, device: &DeviceId) {
        if let Some(connection) = self.0.get_mut(client) {
            connection.device.get_or_insert_with(|| device.clone());
        }
    }

    /// A connected client that speaks for this device.
    pub fn of_device(&self, device: &DeviceId) -> Option<&ClientName> {
        let mut connected = self.0.iter().filter(|(_, connection)| connection.connected);
        connected.find(|(_, connection)| connection.device.as_ref() == Some(device)).map(|(client, _)| client)
    }

    /// The device at this address, if it is the only one there, or was until just now.
    pub fn alone_at(&self, host: &str, now: Micros) -> Option<&DeviceId> {
        let there = self.0.values().filter(|connection| connection.connected && connection.host == host);
        let mut devices = there.filter_map(|connection| connection.device.as_ref());
        let left = || self.1.as_ref().filter(|(place, _, at)| place == host && now.since(*at) < JUST_NOW);
        match devices.next() {
            Some(device) => Some(device).filter(|_| devices.next().is_none()),
            None => left().map(|(_, device, _)| device),
        }
    }

    /// Where those connect from that speak for a device.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        let devices = self.0.values().filter(|connection| connection.connected && connection.device.is_some());
        devices.map(|connection| connection.host.as_str())
    }

    /// A client is subscribed.
    pub fn subscribe(&mut self, client: &str, filter: &str) {
        if let Some(connection) = self.0.get_mut(client).filter(|connection| connection.filters.len() < MAX_FILTERS) {
            connection.filters.insert(filter.to_owned());
        }
    }

    /// A client is no longer subscribed.
    pub fn unsubscribe(&mut self, client: &str, filter: &str) {
        if let Some(connection) = self.0.get_mut(client) {
            connection.filters.remove(filter);
        }
    }

    /// The device a client speaks for.
    pub fn device(&self, client: &str) -> Option<&DeviceId> {
        self.0.get(client)?.device.as_ref()
    }

    /// Whether this client is connected and would receive this topic.
    pub fn would_receive(&self, client: &str, topic: &str) -> bool {
        self.0.get(client).is_some_and(|connection| {
            connection.connected && connection.filters.iter().any(|filter| covers(filter, topic))
        })
    }

    /// How many are connected.
    pub fn connected(&self) -> usize {
        self.0.values().filter(|connection| connection.connected).count()
    }

    /// The broker stopped: everyone is gone.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
