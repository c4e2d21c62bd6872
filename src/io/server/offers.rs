//! What is on offer: which path serves which bytes, and until when.

use super::armed::Armed;
use super::firmware::Firmware;
use crate::event::{Trouble, UpgradeId};
use crate::fault::Fault;
use crate::image::digest;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many expired paths are remembered, so that a late device hears 403 instead of 404.
const MAX_EXPIRED: usize = 1_024;

/// How much of a file has left in order, from its first byte.
#[derive(Debug, Default)]
pub(super) struct InOrder(AtomicU64);

impl InOrder {
    /// Takes in that so many bytes from `offset` have left. Whether the file of `size` bytes is whole now, for the first time
    /// since it was begun from the start.
    pub(super) fn completes(&self, offset: u64, sent: u64, size: u64) -> bool {
        let before = if offset == 0 { 0 } else { self.0.load(Ordering::Relaxed) };
        let end = offset.saturating_add(sent);
        if offset > before || end <= before {
            return false;
        }
        self.0.store(end, Ordering::Relaxed);
        end >= size
    }
}

/// What stands behind a path.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// These bytes.
    Firmware(Arc<Firmware>, Arc<InOrder>),
    /// These bytes, spoilt by the faults armed for them; the true ones have this size.
    Armed { firmware: Arc<Firmware>, size: u64, armed: Arc<Armed>, in_order: Arc<InOrder> },
    /// Bytes once, but their time is over.
    Expired,
    /// Nothing was ever issued under this path, or it was withdrawn.
    Unknown,
}

/// All paths that were issued. They outlive the server that serves them: a server on another address goes on with them.
pub struct Offers {
    /// Makes paths unguessable; drawn once, so that a later offer cannot fail.
    secret: [u8; 32],
    issued: Mutex<Issued>,
}

#[derive(Default)]
struct Issued {
    count: u64,
    by_path: HashMap<String, Offer>,
}

struct Offer {
    number: u64,
    /// Gone when expired.
    found: Option<Found>,
    /// Nothing: further away than the clock can count.
    expires: Option<Instant>,
}

impl Offers {
    /// No offers yet.
    ///
    /// # Errors
    /// `no-randomness` with `detail`: the system has none to give.
    pub fn new() -> Result<Self, Trouble> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).map_err(|error| Trouble::new("no-randomness").with("detail", error))?;
        Ok(Self { secret, issued: Mutex::default() })
    }

    /// Serves these bytes under a fresh path, which nobody can guess, for as long as `lifetime`; 403 afterwards.
    /// Returns the path with its query, `/<32 hex>?Expires=<unix seconds>&Signature=<32 hex>`: one segment and under 128
    /// bytes, as the clouds' SDKs need it.
    #[must_use = "nobody can ask for what has no known path"]
    pub fn offer(&self, firmware: impl Into<Arc<Firmware>>, lifetime: Duration) -> String {
        self.offer_with(firmware.into(), lifetime, 0, &[])
    }

    /// The same with the faults of an upgrade, as far as a server can act them out.
    #[must_use = "nobody can ask for what has no known path"]
    pub fn offer_with(
        &self,
        firmware: Arc<Firmware>,
        lifetime: Duration,
        upgrade: UpgradeId,
        faults: &[Fault],
    ) -> String {
        let found = found(firmware, upgrade, faults);
        let mut issued = self.lock();
        let path = self.path(issued.count + 1, lifetime);
        issued.put(path.clone(), found, lifetime);
        path
    }

    /// Serves these bytes again under a path that was issued before, expired and withdrawn ones included; the faults are armed
    /// anew.
    pub fn restore(
        &self,
        path: &str,
        firmware: Arc<Firmware>,
        lifetime: Duration,
        upgrade: UpgradeId,
        faults: &[Fault],
    ) {
        self.lock().put(path.to_owned(), found(firmware, upgrade, faults), lifetime);
    }

    /// Takes an offer back: 404 from now on. Answers under way go out.
    pub fn withdraw(&self, path: &str) {
        self.lock().by_path.remove(path);
    }

    /// Whether a path is served at the moment.
    #[must_use]
    pub fn is_open(&self, path: &str) -> bool {
        matches!(self.find(path), Found::Firmware(..) | Found::Armed { .. })
    }

    /// What stands behind a path, to the letter but for letters that are written as `%41`.
    pub(super) fn find(&self, path: &str) -> Found {
        let issued = self.lock();
        match issued.by_path.get(path).or_else(|| issued.by_path.get(&plain(path)?)) {
            None => Found::Unknown,
            Some(offer) if offer.has_expired(now()) => Found::Expired,
            Some(offer) => offer.found.clone().unwrap_or(Found::Expired),
        }
    }

    fn path(&self, number: u64, lifetime: Duration) -> String {
        let seed = [self.secret.as_slice(), &number.to_le_bytes()].concat();
        let hex = digest(&seed).sha256;
        let (token, signature) = hex.split_at(32);
        format!("/{token}?Expires={}&Signature={signature}", unix_secs(lifetime))
    }

    fn lock(&self) -> MutexGuard<'_, Issued> {
        // The map is whole after every statement; a panic elsewhere does not spoil it.
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issued {
    fn put(&mut self, path: String, found: Found, lifetime: Duration) {
        self.count += 1;
        let offer = Offer { number: self.count, found: Some(found), expires: now().checked_add(lifetime) };
        self.forget_expired(now());
        self.by_path.insert(path, offer);
    }

    /// Gives up the bytes of expired offers, and the oldest of their paths when there are too many.
    fn forget_expired(&mut self, now: Instant) {
        let mut expired = Vec::new();
        for offer in self.by_path.values_mut().filter(|offer| offer.has_expired(now)) {
            offer.found = None;
            expired.push(offer.number);
        }
        let too_many = expired.len().saturating_sub(MAX_EXPIRED);
        if too_many > 0 {
            expired.sort_unstable();
            expired.truncate(too_many);
            self.by_path.retain(|_, offer| expired.binary_search(&offer.number).is_err());
        }
    }
}

impl Offer {
    fn has_expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

fn found(firmware: Arc<Firmware>, upgrade: UpgradeId, faults: &[Fault]) -> Found {
    match Armed::new(upgrade, faults) {
        Some(armed) => {
            let size = firmware.bytes.len() as u64;
            Found::Armed { firmware: armed.spoil(&firmware), size, armed: Arc::new(armed), in_order: Arc::default() }
        }
        None => Found::Firmware(firmware, Arc::default()),
    }
}

/// A path whose letters and digits are written as themselves, which means the same (RFC 3986, 6.2.2.2); nothing when they
/// already are.
fn plain(path: &str) -> Option<String> {
    let (first, rest) = path.split_once('%')?;
    let mut plain = first.to_owned();
    for part in rest.split('%') {
        let code = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let letter = code.map(char::from).filter(char::is_ascii_alphanumeric);
        plain.push(letter.unwrap_or('%'));
        plain.push_str(part.get(letter.map_or(0, |_| 2)..).unwrap_or_default());
    }
    Some(plain)
}

#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn now() -> Instant {
    Instant::now()
}

/// The wall-clock second an offer ends, for people who read the URL; what decides is the steady clock.
#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn unix_secs(lifetime: Duration) -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.saturating_add(lifetime).as_secs()
}

#[cfg(test)]
mod tests {
    use super::{Firmware, Found, MAX_EXPIRED, Offers};
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_hours(1);

    fn serves(offers: &Offers, path: &str) -> bool {
        matches!(offers.find(path), Found::Firmware(found, _) if found == bytes())
    }

    fn bytes() -> Arc<Firmware> {
        Arc::new(Firmware::new(Arc::from(*b"firmware"), "md5", std::time::UNIX_EPOCH))
    }

    #[test]
    fn a_path_is_one_that_the_clouds_sdks_can_ask_for() {
        let path = Offers::new().expect("random").offer(bytes(), HOUR);
        let (segment, query) = path.split_once('?').expect("a query");
        assert_eq!(segment.matches('/').count(), 1, "{path}");
        assert_eq!(segment.len(), 33, "{path}");
        assert!(query.starts_with("Expires=") && query.contains("&Signature="), "{path}");
        assert!(path.len() < 128, "{path}");
        assert_eq!(path.len(), crate::diagnosis::SAMPLE_PATH.len(), "lints look at a path like this");
    }

    #[test]
    fn nobody_guesses_a_path() {
        let offers = Offers::new().expect("random");
        let paths: HashSet<String> = (0..1_000).map(|_| offers.offer(bytes(), HOUR)).collect();
        assert_eq!(paths.len(), 1_000);
        assert!(!paths.contains(&Offers::new().expect("random").offer(bytes(), HOUR)));
    }

    #[test]
    fn an_offer_is_found_by_its_whole_path_until_it_ends() {
        let offers = Offers::new().expect("random");
        let path = offers.offer(bytes(), HOUR);
        assert!(serves(&offers, &path));
        assert!(matches!(offers.find(path.split_once('?').expect("query").0), Found::Unknown));
        assert!(matches!(offers.find(&format!("{path}0")), Found::Unknown));
        let ended = offers.offer(bytes(), Duration::ZERO);
        assert!(matches!(offers.find(&ended), Found::Expired));
        offers.withdraw(&path);
        assert!(matches!(offers.find(&path), Found::Unknown));
        let endless = offers.offer(bytes(), Duration::MAX);
        assert!(serves(&offers, &endless));
    }

    #[test]
    fn a_path_that_ended_can_be_opened_again() {
        let offers = Offers::new().expect("random");
        let (withdrawn, expired) = (offers.offer(bytes(), HOUR), offers.offer(bytes(), Duration::ZERO));
        offers.withdraw(&withdrawn);
        for path in [withdrawn, expired] {
            assert!(!offers.is_open(&path));
            offers.restore(&path, bytes(), HOUR, 0, &[]);
            assert!(offers.is_open(&path));
        }
        assert_ne!(offers.offer(bytes(), HOUR), offers.offer(bytes(), HOUR));
    }

    #[test]
    fn expired_offers_do_not_keep_their_images_in_memory() {
        let offers = Offers::new().expect("random");
        let image = bytes();
        let first = offers.offer(image.clone(), Duration::ZERO);
        let mut last = String::new();
        for _ in 0..=MAX_EXPIRED {
            last = offers.offer(image.clone(), Duration::ZERO);
        }
        let live = offers.offer(bytes(), HOUR);
        assert_eq!(Arc::strong_count(&image), 1);
        assert!(matches!(offers.find(&first), Found::Unknown));
        assert!(matches!(offers.find(&last), Found::Expired));
        assert!(serves(&offers, &live));
    }
}
