//! Whose bytes a relayed connection carries: the service sees the relay's address, the engineer wants the device's.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The devices behind relayed connections, by the address the service sees.
#[derive(Debug, Default)]
pub struct Peers(Mutex<HashMap<SocketAddr, Peer>>);

/// Who is behind a relayed connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    pub(super) device: SocketAddr,
    /// Whether the listener it came in by can be reached from other computers.
    pub(super) exposed: bool,
}

impl Peers {
    /// Who is really there: the device behind a relayed connection, or the address itself.
    #[must_use]
    pub fn behind(&self, seen: SocketAddr) -> SocketAddr {
        self.lock().get(&canonical(seen)).map_or(seen, |peer| peer.device)
    }

    /// Whether the connection came from a listener that other computers can reach, though it was relayed from this one.
    #[must_use]
    pub fn is_exposed(&self, seen: SocketAddr) -> bool {
        self.lock().get(&canonical(seen)).is_some_and(|peer| peer.exposed)
    }

    /// Notes who is behind an address, until what is returned is dropped.
    pub(super) fn note(self: &Arc<Self>, seen: SocketAddr, peer: Peer) -> Noted {
        let seen = canonical(seen);
        self.lock().insert(seen, Peer { device: canonical(peer.device), ..peer });
        Noted { peers: Arc::clone(self), seen }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Peer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A relayed connection that is known.
pub(super) struct Noted {
    peers: Arc<Peers>,
    seen: SocketAddr,
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.peers.lock().remove(&self.seen);
    }
}

/// An IPv4 device on an IPv6 socket as the IPv4 device it is.
pub(super) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::{Peer, Peers};
    use std::sync::Arc;

    #[test]
    fn a_device_is_known_as_long_as_its_connection_lasts() {
        let peers = Arc::new(Peers::default());
        let (relay, device) = ("127.0.0.1:40000".parse().unwrap(), "[::ffff:192.168.1.7]:5".parse().unwrap());
        let noted = peers.note(relay, Peer { device, exposed: true });
        assert!(peers.is_exposed(relay));
        assert_eq!(peers.behind(relay).to_string(), "192.168.1.7:5");
        assert_eq!(peers.behind("[::ffff:127.0.0.1]:40000".parse().unwrap()).to_string(), "192.168.1.7:5");
        drop(noted);
        assert_eq!(peers.behind(relay), relay);
        assert!(!peers.is_exposed(relay));
    }
}
