//! What is being pushed: the bytes under their paths, or in their streams, and what a retry needs.

use crate::bench::PushOrder;
use crate::event::{DeviceId, Extras, OrderedFile, Trouble, UpgradeId, UpgradeOrder};
use crate::fault;
use crate::io::build_file::Snapshot;
use crate::io::server::{Firmware, Offers};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How long a firmware URL lives, as on the clouds.
const URL_LIFETIME: Duration = Duration::from_hours(24);
/// Upgrades whose bytes are kept for a retry.
const MAX_KEPT: usize = 16;

/// What a retry of an upgrade needs.
struct Kept {
    upgrade: UpgradeId,
    firmware: Vec<Arc<Firmware>>,
    /// How long its URLs live.
    lifetime: Duration,
}

/// The images on their way to devices.
pub struct Pushes {
    /// What is served, whichever server does.
    offers: Arc<Offers>,
    /// The files of the latest upgrades, for a retry.
    kept: VecDeque<Kept>,
    /// What goes over MQTT, and to whom.
    streams: BTreeMap<u64, (DeviceId, Arc<[u8]>)>,
}

impl Pushes {
    /// Nothing is pushed yet.
    ///
    /// # Errors
    /// `no-randomness`.
    pub fn new() -> Result<Self, Trouble> {
        Ok(Self { offers: Arc::new(Offers::new()?), kept: VecDeque::new(), streams: BTreeMap::new() })
    }

    /// What the firmware server serves.
    pub fn offers(&self) -> Arc<Offers> {
        Arc::clone(&self.offers)
    }

    /// Makes the bytes available, and fixes what is announced of them.
    ///
    /// # Errors
    /// `no-randomness`.
    pub fn begin(
        &mut self,
        order: PushOrder,
        upgrade: UpgradeId,
        task: Option<String>,
        advertised: &str,
        files: &[&Snapshot],
    ) -> Result<UpgradeOrder, Trouble> {
        let stream = order.extras.over_mqtt.then(|| self.open_stream(&order.device, files)).transpose()?;
        let lifetime = order.url_lifetime_secs.map_or(URL_LIFETIME, Duration::from_secs);
        let firmware: Vec<_> = files.iter().map(|file| Arc::new(Firmware::from(*file))).collect();
        let mut ordered = files.iter().zip(&firmware).map(|(file, firmware)| {
            let path = stream.map_or_else(
                || self.offers.offer_with(Arc::clone(firmware), lifetime, upgrade, &order.faults),
                |_| String::new(),
            );
            let url =
                if path.is_empty() { String::new() } else { fault::announced_url(&order.faults, advertised, &path) };
            let (md5, sha256) = (file.digests.md5.clone(), file.digests.sha256.clone());
            OrderedFile { name: file.name.clone(), size: file.bytes.len() as u64, md5, sha256, url, path }
        });
        let OrderedFile { name, size, md5, sha256, url, path } =
            ordered.next().ok_or_else(|| Trouble::new("no-such-build"))?;
        let extras = Extras {
            sha256: order.extras.sha256,
            differential: order.extras.differential,
            tags: order.extras.tags,
            stream,
            files: ordered.collect(),
        };
        self.keep(Kept { upgrade, firmware, lifetime });
        let PushOrder { device, dialect, module, version, timeout_secs, faults, .. } = order;
        let version = fault::announced_version(&faults, &version);
        Ok(UpgradeOrder {
            upgrade,
            device,
            dialect,
            module,
            name,
            version,
            size,
            md5,
            sha256,
            url,
            path,
            timeout_secs,
            task,
            extras,
            faults,
            replay: None,
        })
    }

    /// Makes the bytes of a captured upgrade available under the paths they had then, and announces it under today's address.
    ///
    /// # Errors
    /// `no-such-build`: these are not the files that were ordered then.
    pub fn begin_again(
        &mut self,
        recorded: &UpgradeOrder,
        upgrade: UpgradeId,
        advertised: &str,
        files: &[&Snapshot],
    ) -> Result<UpgradeOrder, Trouble> {
        let digests = std::iter::once(&recorded.md5).chain(recorded.extras.files.iter().map(|file| &file.md5));
        if !digests.eq(files.iter().map(|file| &file.digests.md5)) {
            return Err(Trouble::new("no-such-build"));
        }
        let firmware: Vec<_> = files.iter().map(|file| Arc::new(Firmware::from(*file))).collect();
        let mut order = UpgradeOrder { upgrade, ..recorded.clone() };
        if let (Some(stream), Some(firmware)) = (order.extras.stream, firmware.first()) {
            self.streams.insert(stream, (order.device.clone(), Arc::clone(&firmware.bytes)));
        } else {
            for ((path, _), firmware) in recorded.paths().zip(&firmware) {
                self.offers.restore(path, Arc::clone(firmware), URL_LIFETIME, upgrade, &order.faults);
            }
            order.url = fault::announced_url(&order.faults, advertised, &order.path);
            for file in &mut order.extras.files {
                file.url = fault::announced_url(&order.faults, advertised, &file.path);
            }
        }
        self.keep(Kept { upgrade, firmware, lifetime: URL_LIFETIME });
        Ok(order)
    }

    fn keep(&mut self, kept: Kept) {
        self.kept.push_back(kept);
        if self.kept.len() > MAX_KEPT {
            self.kept.pop_front();
        }
    }

    /// The bytes of a stream, for the device it was announced to.
    pub fn stream(&self, device: &DeviceId, stream: u64) -> Option<&[u8]> {
        let (whose, bytes) = self.streams.get(&stream)?;
        (whose == device).then_some(&**bytes)
    }

    /// Takes the bytes of an upgrade away: it is over.
    pub fn withdraw(&mut self, order: &UpgradeOrder) {
        for (path, _) in order.paths().filter(|(path, _)| !path.is_empty()) {
            self.offers.withdraw(path);
        }
        if let Some(stream) = order.extras.stream {
            self.streams.remove(&stream);
        }
    }

    /// Makes the bytes of an upgrade available as they were, so that the same push can be sent again.
    ///
    /// # Errors
    /// `retry-too-old`; `retry-moved` when firmware is announced under another address now.
    pub fn restore(&mut self, order: &UpgradeOrder, advertised: &str) -> Result<(), Trouble> {
        let moved = |url: &str, path: &str| url != fault::announced_url(&order.faults, advertised, path);
        let mut more = order.extras.files.iter();
        if order.extras.stream.is_none()
            && (moved(&order.url, &order.path) || more.any(|file| moved(&file.url, &file.path)))
        {
            return Err(Trouble::new("retry-moved").with("address", advertised));
        }
        let kept = self.kept.iter().find(|kept| kept.upgrade == order.upgrade);
        match (kept, order.extras.stream) {
            (Some(kept), Some(stream)) => {
                let firmware = kept.firmware.first().ok_or_else(|| Trouble::new("retry-too-old"))?;
                self.streams.insert(stream, (order.device.clone(), Arc::clone(&firmware.bytes)));
            }
            (Some(kept), None) => {
                for ((path, _), firmware) in order.paths().zip(&kept.firmware) {
                    self.offers.restore(path, Arc::clone(firmware), kept.lifetime, order.upgrade, &order.faults);
                }
            }
            (None, Some(stream)) if self.streams.contains_key(&stream) => {}
            (None, None) if order.paths().all(|(path, _)| self.offers.is_open(path)) => {}
            (None, _) => return Err(Trouble::new("retry-too-old")),
        }
        Ok(())
    }

    /// A stream of its own for one device, under a number nobody guesses.
    fn open_stream(&mut self, device: &DeviceId, files: &[&Snapshot]) -> Result<u64, Trouble> {
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(|error| Trouble::new("no-randomness").with("detail", error))?;
        // Devices read it as a signed number of 32 bits.
        let stream = u64::from(u32::from_ne_bytes(random) >> 1).max(1);
        let file = files.first().ok_or_else(|| Trouble::new("no-such-build"))?;
        self.streams.insert(stream, (device.clone(), file.bytes.clone()));
        Ok(stream)
    }
}
