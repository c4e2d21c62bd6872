//! The simulated devices of a session: real clients whose consoles are ports like any other.

use super::Inbox;
use super::simulator::{Simulator, SimulatorOptions};
use super::tls::Trust;
use crate::bench::SimulatedOrder;
use crate::device::{Profile, console_name};
use crate::dialect;
use crate::event::{DeviceId, Fact, Secret, Trouble};
use std::collections::BTreeMap;

/// Both clouds take it for a product: UIoT's have 16 characters.
const PRODUCT: &str = "simulated0000001";
/// Simulated devices at once; each has threads of its own.
const MAX_DEVICES: usize = 64;

/// The simulated devices that run, by the name of their console.
pub struct Simulated {
    inbox: Inbox,
    running: BTreeMap<String, (DeviceId, Simulator)>,
}

impl Simulated {
    /// None runs yet.
    pub const fn new(inbox: Inbox) -> Self {
        Self { inbox, running: BTreeMap::new() }
    }

    /// Starts a device, under a name that is free unless it was given one, with the secret that `secret_of` has for it.
    /// Returns the fact that its console is open.
    pub fn start(
        &mut self,
        broker_url: String,
        trust: Trust,
        order: SimulatedOrder,
        taken: impl Fn(&DeviceId) -> bool,
        secret_of: impl FnOnce(&DeviceId) -> Result<Secret, Trouble>,
    ) -> Result<Fact, Trouble> {
        let dialect = dialect::find(&order.dialect)?;
        let mut names = (1..=MAX_DEVICES).map(|number| DeviceId::new(PRODUCT, &format!("lamp-{number:02}")));
        let free = |device: &DeviceId| !taken(device) && !self.running.contains_key(&console_name(device));
        let device = order
            .device
            .or_else(|| names.find(free))
            .ok_or_else(|| Trouble::new("too-many-simulated").with("limit", MAX_DEVICES))?;
        let port = console_name(&device);
        let options = SimulatorOptions {
            broker_url,
            trust,
            device: device.clone(),
            dialect,
            version: "1.0.0".into(),
            secret: secret_of(&device)?,
            sign: None,
            fail_with: order.fail_with,
            product_secret: None,
            behaviour: order.behaviour,
            pace: Profile::WATCHABLE_PACE,
            once: false,
        };
        let (inbox, name) = (self.inbox.clone(), port.clone());
        let simulator = Simulator::start(options, move |bytes| {
            // When the session is over nobody reads the console.
            let _ = inbox.fact(Fact::BytesReceived { port: name.clone().into(), bytes: bytes.into() });
        })?;
        self.running.insert(port.clone(), (device, simulator));
        Ok(Fact::PortOpened { port: port.into(), settings: dialect.id().into() })
    }

    /// Switches the device with this console off. Returns the fact that its console is closed, if it ran.
    pub fn stop(&mut self, port: String) -> Option<Fact> {
        let stopped = self.running.remove(&port)?;
        switch_off(stopped);
        Some(Fact::PortClosed { port: port.into(), trouble: None })
    }

    /// Switches all of them off.
    pub fn stop_all(&mut self) {
        std::mem::take(&mut self.running).into_values().for_each(switch_off);
    }

    /// Types at a device's console. Returns the fact that it was sent.
    pub fn type_in(&self, port: &str, bytes: Vec<u8>) -> Result<Fact, Trouble> {
        let (_, simulator) = self.running.get(port).ok_or_else(|| Trouble::new("port-gone").with("port", port))?;
        simulator.console_input(&bytes);
        Ok(Fact::BytesSent { port: port.into(), bytes: bytes.into() })
    }
}

/// Away from the session's thread: the device says goodbye into the very inbox that thread reads.
fn switch_off(running: (DeviceId, Simulator)) {
    let _ = std::thread::Builder::new().name("switch off".into()).spawn(move || drop(running));
}
