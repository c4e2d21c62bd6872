//! TLS in front of a plain service of this process: accepts, shakes hands, and relays.

use super::certificates::Certificates;
use super::hello::{self, Hello, Opening};
use super::peers::{Peer, canonical};
use super::relay::{Behind, relay};
use super::verdict;
use super::wire::Wire;
use crate::event::{Fact, TlsService, Trouble};
use crate::io::Inbox;
use crate::io::server::listen;
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long stopping may take. Only a fact that waits for room in the inbox needs any of it.
const GRACE: Duration = Duration::from_millis(500);
/// When a device that says nothing is asked whether it is still there, and how often from then on.
const KEEP_ALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_mins(1)).with_interval(Duration::from_secs(15));

/// How much is put up with.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at the same time, handshakes included.
    pub connections: usize,
    /// How long a handshake may take: small processors need seconds for it.
    pub handshake: Duration,
    /// How long nothing may pass on a connection.
    pub quiet: Duration,
}

impl Limits {
    /// What a bench needs of this service.
    #[must_use]
    pub const fn of(service: TlsService) -> Self {
        let quiet = match service {
            // Longer than the longest keep-alive of MQTT, which the broker itself watches.
            TlsService::Mqtts => Duration::from_hours(20),
            TlsService::Https => Duration::from_mins(5),
        };
        Self { connections: 1_024, handshake: Duration::from_mins(1), quiet }
    }
}

/// A listener for TLS. Its connections end when it is dropped.
pub struct Terminator {
    address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Terminator {
    /// Listens on `HOST:PORT`, port 0 for any, in front of the service `behind`.
    ///
    /// # Errors
    /// `bad-address`, `address-in-use`, `address-not-available`, `permission-denied`, `tls-not-started`.
    pub fn start(
        service: TlsService,
        address: &str,
        behind: Behind,
        certificates: Arc<Certificates>,
        limits: Limits,
        inbox: Inbox,
    ) -> Result<Self, Trouble> {
        let not_started = |error: io::Error| Trouble::new("tls-not-started").with("detail", error);
        let listener = listen::listen(address)?;
        let bound = listener.local_addr().map_err(not_started)?;
        listener.set_nonblocking(true).map_err(not_started)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(format!("{} worker", service.scheme()))
            .enable_io()
            .enable_time()
            .build()
            .map_err(not_started)?;
        let inside = runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(not_started)?;
        drop(inside);
        let places = Arc::new(Semaphore::new(limits.connections));
        let exposed = !bound.ip().is_loopback();
        let front = Arc::new(Front { service, behind, exposed, certificates, limits, places, inbox });
        runtime.spawn(front.accept(listener));
        Ok(Self { address: bound, runtime: Some(runtime) })
    }

    /// Where it listens, the port it picked included.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(GRACE);
        }
    }
}

/// What every connection needs.
struct Front {
    service: TlsService,
    behind: Behind,
    /// Whether other computers can reach the listener.
    exposed: bool,
    certificates: Arc<Certificates>,
    limits: Limits,
    places: Arc<Semaphore>,
    inbox: Inbox,
}

impl Front {
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((socket, peer)) => self.take(socket, canonical(peer)),
                Err(error) if concerns_one_client(&error) => {}
                Err(error) => {
                    let trouble = Trouble::new("tls-lost").with("detail", error);
                    return self.tell(Fact::TlsFailed { service: self.service, trouble });
                }
            }
        }
    }

    fn take(self: &Arc<Self>, socket: TcpStream, peer: SocketAddr) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let limit = self.limits.connections;
            return self.refuse(peer, Trouble::new("tls-full").with("limit", limit));
        };
        let front = Arc::clone(self);
        tokio::spawn(async move {
            front.serve(socket, peer).await;
            drop(place);
        });
    }

    async fn serve(&self, socket: TcpStream, peer: SocketAddr) {
        // A device that goes away without a word is noticed; a small answer does not wait for an acknowledgement.
        let _ = SockRef::from(&socket).set_tcp_keepalive(&KEEP_ALIVE);
        let _ = socket.set_nodelay(true);
        match timeout(self.limits.handshake, self.shake_hands(socket)).await {
            Ok(Ok(Some(stream))) => match self.behind.connect(Peer { device: peer, exposed: self.exposed }).await {
                Ok((service, noted)) => {
                    relay(stream, service, self.limits.quiet).await;
                    drop(noted);
                }
                Err(error) => self.refuse(peer, Trouble::new("tls-nothing-behind").with("detail", error)),
            },
            Ok(Ok(None)) => {}
            Ok(Err(trouble)) => self.refuse(peer, trouble),
            Err(_) => {
                let secs = self.limits.handshake.as_secs();
                self.refuse(peer, Trouble::new("tls-stalled").with("secs", secs));
            }
        }
    }

    /// Nothing comes of it when the device leaves before it has said a word: something looked whether the port is open.
    async fn shake_hands(&self, socket: TcpStream) -> Result<Option<TlsStream<Wire>>, Trouble> {
        let broken_off = |error: io::Error| Trouble::new("tls-broken-off").with("detail", error);
        let local = socket.local_addr().map_err(broken_off)?;
        let mut wire = Wire::new(socket);
        let Some(hello) = read_hello(&mut wire).await? else { return Ok(None) };
        let config = self.certificates.for_connection(local, hello.server_name.as_deref());
        // It also sends the alert that belongs to a refusal.
        let accepted = TlsAcceptor::from(config).accept(wire).await;
        accepted.map(Some).map_err(|error| verdict::of_device(&hello, &error))
    }

    fn refuse(&self, peer: SocketAddr, trouble: Trouble) {
        self.tell(Fact::TlsRefused { service: self.service, peer: peer.to_string().into(), trouble });
    }

    fn tell(&self, fact: Fact) {
        // Closed only while the session ends, and the listener with it.
        let _ = self.inbox.fact_from_runtime(fact);
    }
}

async fn read_hello(wire: &mut Wire) -> Result<Option<Hello>, Trouble> {
    let mut begun = false;
    loop {
        let opening = match wire.look().await {
            Ok(Some(bytes)) => hello::read(bytes),
            Ok(None) | Err(_) if !begun => return Ok(None),
            Ok(None) => return Err(Trouble::new("tls-broken-off").with("detail", "eof")),
            Err(error) => return Err(Trouble::new("tls-broken-off").with("detail", error)),
        };
        begun = true;
        match opening {
            Opening::More => {}
            Opening::Hello(hello) => return Ok(Some(hello)),
            Opening::Plain(what) => return Err(Trouble::new("plain-on-tls").with("what", what)),
            // What rustls makes of it is told in its words.
            Opening::Malformed => return Ok(Some(Hello::default())),
        }
    }
}

/// Accepting failed because of the client that was to be accepted.
fn concerns_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}
