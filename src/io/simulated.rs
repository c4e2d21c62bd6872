//! The simulated devices of a session: real clients whose consoles are ports like any other.

use super::Inbox;
use crate::dialect::Dialect;
use crate::event::{DeviceId, Trouble};

/// The simulated devices that run.
pub struct Simulated {
    inbox: Inbox,
}

impl Simulated {
    pub fn new(inbox: Inbox) -> Self {
        Self { inbox }
    }
    pub fn start(
        &mut self,
        _url: &str,
        _dialect: &'static dyn Dialect,
        _taken: impl Fn(&DeviceId) -> bool,
    ) -> Result<(), Trouble> {
        let _ = &self.inbox;
        Ok(())
    }
    pub fn stop(&mut self, _device: &DeviceId) {}
    pub fn stop_all(&mut self) {}
    pub fn type_in(&self, port: &str, _bytes: Vec<u8>) -> Result<(), Trouble> {
        Err(Trouble::new("port-gone").with("port", port))
    }
}
