//! The firmware server: serves snapshots of builds under unguessable paths, range by range, and tells what it served.

mod answer;
pub(super) mod listen;
mod offers;
mod service;
mod workers;

pub use offers::Offers;

use crate::event::Trouble;
use crate::io::Inbox;
use crate::io::tls::Peers;
use service::Service;
use socket2::SockRef;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use workers::Workers;

/// How long [`FirmwareServer::stop`] waits for the port to be free.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// A firmware server that listens.
pub struct FirmwareServer {
    address: SocketAddr,
    peers: Arc<Peers>,
    workers: Arc<Workers>,
    http: Option<Arc<tiny_http::Server>>,
    listener: TcpListener,
}

impl FirmwareServer {
    /// Listens on `HOST:PORT`, port 0 for any, serves what is on offer, and puts what happens into `inbox`.
    ///
    /// # Errors
    /// `bad-address`, `address-in-use`, `address-not-available`, `permission-denied`, each with `address` and `detail`;
    /// `server-not-started` with `detail`.
    pub fn start(address: &str, offers: Arc<Offers>, inbox: Inbox) -> Result<Self, Trouble> {
        let not_started = |detail: String| Trouble::new("server-not-started").with("detail", detail);
        let listener = listen::listen(address)?;
        let peers = Arc::<Peers>::default();
        let service = Arc::new(Service { offers, inbox, peers: Arc::clone(&peers) });
        let address = listener.local_addr().map_err(|error| not_started(error.to_string()))?;
        let twin = listener.try_clone().map_err(|error| not_started(error.to_string()))?;
        let http = tiny_http::Server::from_listener(twin, None).map_err(|error| not_started(error.to_string()))?;
        let http = Arc::new(http);
        let workers = Workers::start(service, &http).map_err(|error| not_started(error.to_string()))?;
        Ok(Self { address, peers, workers, http: Some(http), listener })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it looks up who is behind a connection that was relayed to it.
    #[must_use]
    pub const fn peers(&self) -> &Arc<Peers> {
        &self.peers
    }

    /// Stops listening; when this returns, the port is free.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for FirmwareServer {
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn drop(&mut self) {
        let deadline = Instant::now() + STOP_WITHIN;
        if let Some(http) = self.http.take() {
            self.workers.stop(&http);
            while Arc::strong_count(&http) > 1 && Instant::now() < deadline {
                thread::park_timeout(Duration::from_millis(1));
            }
        }
        // Linux ends the listening at once; elsewhere the connection below lets the accepting thread notice.
        let _ = SockRef::from(&self.listener).shutdown(Shutdown::Both);
        while is_listening(self.address) && Instant::now() < deadline {
            thread::park_timeout(Duration::from_millis(1));
        }
    }
}

/// Whether somebody still takes connections there. `tiny_http` itself connects to `0.0.0.0`, which Windows refuses.
fn is_listening(address: SocketAddr) -> bool {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    TcpStream::connect_timeout(&SocketAddr::new(here, address.port()), Duration::from_millis(200)).is_ok()
}

#[cfg(test)]
mod tests;
