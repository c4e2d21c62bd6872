//! The secrets of this session's devices and products, shared by whoever checks or needs one. Nothing here is written down.

use crate::dialect::Secrets;
use crate::event::{DeviceId, MASK, Secret, Trouble};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A secret that is made here: so many of these characters, as the cloud's own look.
const MADE_LENGTH: usize = 16;
const MADE_OF: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// A shorter secret would be found in any text by chance.
const LEAST_MASKED: usize = 4;

/// The secrets of this session, and whether those who have none are let in from the network.
#[derive(Default)]
pub struct Keyring {
    held: RwLock<Held>,
    open: AtomicBool,
}

#[derive(Default)]
struct Held {
    devices: HashMap<DeviceId, Secret>,
    products: HashMap<String, Secret>,
    /// Devices whose secret was made here.
    made: HashSet<DeviceId>,
}

impl Keyring {
    /// Gives a device its secret, or takes it away. An empty one is none.
    pub fn set_device(&self, device: &DeviceId, secret: Option<Secret>) {
        let mut held = self.write();
        held.made.remove(device);
        match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => held.devices.insert(device.clone(), secret),
            None => held.devices.remove(device),
        };
    }

    /// Gives a product its secret, or takes it away. An empty one is none.
    pub fn set_product(&self, product: &str, secret: Option<Secret>) {
        let mut held = self.write();
        match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => held.products.insert(product.to_owned(), secret),
            None => held.products.remove(product),
        };
    }

    /// Lets those without a secret in from the network as well, or no longer.
    pub fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Relaxed);
    }

    /// Whether those without a secret are let in from the network as well.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// What is known of a device.
    #[must_use]
    pub fn secrets(&self, device: &DeviceId) -> Secrets {
        let held = self.read();
        Secrets {
            device: held.devices.get(device).cloned(),
            product: held.products.get(&*device.product).cloned(),
            made_here: held.made.contains(device),
        }
    }

    /// Whether a secret is known of this device, or of its product.
    #[must_use]
    pub fn knows(&self, device: &DeviceId) -> bool {
        let held = self.read();
        held.devices.contains_key(device) || held.products.contains_key(&*device.product)
    }

    /// Whether no secret is known at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let held = self.read();
        held.devices.is_empty() && held.products.is_empty()
    }

    /// The device's secret; one is made, and kept from here on, when it has none: what a cloud does for a device that
    /// registers itself.
    ///
    /// # Errors
    /// `no-randomness`.
    pub fn device_secret_or_new(&self, device: &DeviceId) -> Result<Secret, Trouble> {
        let mut held = self.write();
        if let Some(secret) = held.devices.get(device) {
            return Ok(secret.clone());
        }
        let mut random = [0; MADE_LENGTH];
        getrandom::fill(&mut random).map_err(|error| Trouble::new("no-randomness").with("detail", error))?;
        let text: String = random.iter().map(|byte| char::from(MADE_OF[usize::from(byte % 32)])).collect();
        let secret = Secret::new(text);
        held.devices.insert(device.clone(), secret.clone());
        held.made.insert(device.clone());
        Ok(secret)
    }

    /// A text with dots in the place of every secret known: a device may put its secret where it does not belong.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        let held = self.read();
        let secrets = held.devices.values().chain(held.products.values()).map(Secret::reveal);
        let found = secrets.filter(|secret| secret.len() >= LEAST_MASKED && text.contains(secret));
        found.fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    fn read(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Held> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyring, MADE_LENGTH};
    use crate::event::{DeviceId, Secret};

    #[test]
    fn a_secret_is_given_replaced_and_taken_away() {
        let (keyring, device) = (Keyring::default(), DeviceId::new("P", "D"));
        assert!(keyring.is_empty() && !keyring.knows(&device));
        keyring.set_device(&device, Some("first".into()));
        keyring.set_device(&device, Some("second".into()));
        assert_eq!(keyring.secrets(&device).device, Some(Secret::new("second")));
        assert!(keyring.knows(&device) && !keyring.knows(&DeviceId::new("P", "E")));
        keyring.set_device(&device, Some("".into()));
        assert!(keyring.is_empty(), "an empty secret is none");
        keyring.set_product("P", Some("products".into()));
        assert!(keyring.knows(&device) && keyring.secrets(&device).device.is_none());
        assert_eq!(keyring.secrets(&device).product, Some(Secret::new("products")));
    }

    #[test]
    fn a_secret_that_is_made_is_kept_and_is_another_for_every_device() {
        let (keyring, device) = (Keyring::default(), DeviceId::new("P", "D"));
        let made = keyring.device_secret_or_new(&device).unwrap();
        assert_eq!(made.reveal().len(), MADE_LENGTH);
        assert!(made.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(keyring.device_secret_or_new(&device).unwrap(), made);
        assert!(keyring.secrets(&device).made_here);
        assert_ne!(keyring.device_secret_or_new(&DeviceId::new("P", "E")).unwrap(), made);
        keyring.set_device(&device, Some("given".into()));
        assert!(!keyring.secrets(&device).made_here);
        assert_eq!(keyring.device_secret_or_new(&device).unwrap(), Secret::new("given"));
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        let keyring = Keyring::default();
        keyring.set_device(&DeviceId::new("P", "D"), Some("hly3dk1u5y8fq0b9".into()));
        keyring.set_device(&DeviceId::new("P", "E"), Some("1".into()));
        assert_eq!(keyring.masked("P|D|hly3dk1u5y8fq0b9"), "P|D|•••");
        assert_eq!(keyring.masked("P|D|1"), "P|D|1");
    }
}
