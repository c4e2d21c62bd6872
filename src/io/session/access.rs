//! Who may sign in at this session's broker, as the operator says it.

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

    /// A simulated device was switched off: what it was lent is taken back.
    pub fn take_back(&mut self, device: &DeviceId) -> Option<Fact> {
        self.lent.contains(device).then(|| self.set_secret(device.clone(), None))
    }
}
