//! Who may sign in at this session's broker, as the operator says it.

use crate::device::console_name;
use crate::event::{DeviceId, Fact, Secret, Trouble};
use crate::io::Keyring;
use std::collections::HashSet;
use std::sync::Arc;

/// The session's keyring, and what became of it on the operator's account.
#[derive(Default)]
pub struct Access {
    keyring: Arc<Keyring>,
    /// Simulated devices that were given a secret so that their own bench lets them in.
    lent: HashSet<DeviceId>,
}

impl Access {
    /// The keyring, for a broker.
    pub fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring)
    }

    /// Gives a device its secret, or takes it away.
    pub fn set_secret(&mut self, device: DeviceId, secret: Option<Secret>) -> Fact {
        self.lent.remove(&device);
        let secret = secret.filter(|secret| !secret.is_empty());
        let set = secret.is_some();
        self.keyring.set_device(&device, secret);
        Fact::SecretSet { device, set }
    }

    /// Gives a product its secret, or takes it away.
    pub fn set_product_secret(&self, product: &str, secret: Option<Secret>) {
        self.keyring.set_product(product, secret);
    }

    /// Lets those without a secret in from the network, or no longer.
    pub fn set_open(&self, open: bool) -> Fact {
        self.keyring.set_open(open);
        Fact::OpenSet { open }
    }

    /// The device left the list: its secret goes with it.
    pub fn forget(&mut self, device: &DeviceId) {
        self.lent.remove(device);
        self.keyring.set_device(device, None);
    }

    /// What a simulated device signs in with. On a bench that would turn it away it is lent a secret, which a fact tells.
    ///
    /// # Errors
    /// `no-randomness`.
    pub fn secret_for_simulated(
        &mut self,
        device: &DeviceId,
        needs_one: bool,
    ) -> Result<(Secret, Option<Fact>), Trouble> {
        if let Some(secret) = self.keyring.secrets(device).device {
            return Ok((secret, None));
        }
        if !needs_one || self.keyring.is_open() {
            return Ok((Secret::default(), None));
        }
        let secret = self.keyring.device_secret_or_new(device)?;
        self.lent.insert(device.clone());
        Ok((secret, Some(Fact::SecretSet { device: device.clone(), set: true })))
    }

    /// The secret of a device that registers itself, made for it when it has none, which a fact tells.
    ///
    /// # Errors
    /// `no-randomness`.
    pub fn secret_for_registered(&self, device: &DeviceId) -> Result<(Secret, Option<Fact>), Trouble> {
        let known = self.keyring.secrets(device).device.is_some();
        let secret = self.keyring.device_secret_or_new(device)?;
        Ok((secret, (!known).then(|| Fact::SecretSet { device: device.clone(), set: true })))
    }

    /// The simulated device with this console was switched off: what it was lent is taken back.
    pub fn take_back(&mut self, console: &str) -> Option<Fact> {
        let device = self.lent.iter().find(|device| console_name(device) == console)?.clone();
        Some(self.set_secret(device, None))
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, DeviceId, Fact, Secret};
    use crate::device::console_name;

    #[test]
    fn what_a_simulated_device_was_lent_goes_when_it_does_and_what_it_was_given_stays() {
        let (mut access, device) = (Access::default(), DeviceId::new("P", "lamp-01"));
        let console = console_name(&device);
        let secret_of = |access: &mut Access, needs_one| access.secret_for_simulated(&device, needs_one).unwrap();
        assert_eq!(secret_of(&mut access, false), (Secret::default(), None), "on loopback nobody asks");
        let told = |set| Fact::SecretSet { device: device.clone(), set };
        let (lent, fact) = secret_of(&mut access, true);
        assert!(!lent.is_empty() && fact == Some(told(true)));
        assert_eq!(secret_of(&mut access, true), (lent, None), "a second one is the same device");
        assert_eq!(access.take_back(&console), Some(told(false)));
        assert!(access.keyring().is_empty());

        assert_eq!(access.set_secret(device.clone(), Some("given".into())), told(true));
        assert_eq!(secret_of(&mut access, false), ("given".into(), None));
        assert_eq!(access.take_back(&console), None);
        assert!(access.keyring().knows(&device));
        access.set_open(true);
        access.forget(&device);
        assert_eq!(secret_of(&mut access, true), (Secret::default(), None), "an open bench lets it in as it is");
    }
}
