//! The firmware server: serves snapshots of builds under unguessable paths, range by range, and tells what it served.
//!
//! `tiny_http` reads and names the parts of HTTP. Its server takes one thread a connection and starves devices that connect
//! together, so what listens, and what a slow or broken client may do, is ours.

mod acting;
mod answer;
mod armed;
mod connection;
mod firmware;
mod head;
pub(super) mod listen;
mod offers;
mod seats;
mod service;

pub use firmware::Firmware;
pub use offers::Offers;
pub use seats::Limits;

use crate::event::{Fact, Trouble};
use crate::io::Inbox;
use crate::io::tls::Peers;
use seats::Seats;
use service::Service;
use std::future::pending;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How long [`FirmwareServer::stop`] waits for the port to be free. Only a fact that waits for room needs any of it.
const STOP_WITHIN: Duration = Duration::from_secs(1);
/// How often connections are looked at that may have to go.
const SWEEP: Duration = Duration::from_millis(500);
/// How long accepting rests when the system has nothing left to accept with.
const REST: Duration = Duration::from_millis(50);

/// A firmware server that listens. One thread serves all its connections.
pub struct FirmwareServer {
    address: SocketAddr,
    peers: Arc<Peers>,
    stop: Option<oneshot::Sender<()>>,
    stopped: Receiver<()>,
}

impl FirmwareServer {
    /// Listens on `HOST:PORT`, port 0 for any, serves what is on offer, and puts what happens into `inbox`.
    ///
    /// # Errors
    /// `bad-address`, `address-in-use`, `address-not-available`, `permission-denied`, each with `address` and `detail`;
    /// `server-not-started` with `detail`.
    pub fn start(address: &str, offers: Arc<Offers>, inbox: Inbox) -> Result<Self, Trouble> {
        Self::start_within(Limits::default(), address, offers, inbox)
    }

    /// The same, with limits of one's own.
    ///
    /// # Errors
    /// As [`FirmwareServer::start`].
    pub fn start_within(limits: Limits, address: &str, offers: Arc<Offers>, inbox: Inbox) -> Result<Self, Trouble> {
        let not_started = |error: io::Error| Trouble::new("server-not-started").with("detail", error);
        let listener = listen::listen(address)?;
        let address = listener.local_addr().map_err(not_started)?;
        listener.set_nonblocking(true).map_err(not_started)?;
        let runtime = Builder::new_current_thread().enable_io().enable_time().build().map_err(not_started)?;
        let inside = runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(not_started)?;
        drop(inside);
        let peers = Arc::<Peers>::default();
        let service = Arc::new(Service { offers, inbox, peers: Arc::clone(&peers), progress: limits.progress });
        let seats = Seats::new(limits);
        let (stop, told_to_stop) = oneshot::channel();
        let (has_stopped, stopped) = sync_channel(1);
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, &service, &seats) => {}
                    () = sweep(&seats) => {}
                    _ = told_to_stop => {}
                }
            });
            // Ends every connection, and tells of those that were being answered.
            drop(runtime);
            let _ = has_stopped.try_send(());
        };
        thread::Builder::new().name("firmware".into()).spawn(work).map_err(not_started)?;
        Ok(Self { address, peers, stop: Some(stop), stopped })
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
    fn drop(&mut self) {
        if self.stop.take().is_some_and(|stop| stop.send(()).is_ok()) {
            let _ = self.stopped.recv_timeout(STOP_WITHIN);
        }
    }
}

/// Takes connections until the system gives no more.
async fn accept(listener: TcpListener, service: &Arc<Service>, seats: &Arc<Seats>) {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match seats.take() {
                Some(seat) => {
                    tokio::spawn(connection::serve(stream, peer, Arc::clone(service), seat));
                }
                None => service.tell(Fact::RequestRefused {
                    peer: service.told_peer(peer).into(),
                    status: 0,
                    trouble: Trouble::new("server-full").with("limit", seats.limit()),
                }),
            },
            // It concerns the client that was to be accepted.
            Err(error) if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) => {}
            Err(error) if is_short_of_something(&error) => {
                let _ = timeout(REST, pending::<()>()).await;
            }
            Err(error) => {
                let trouble = Trouble::new("server-lost").with("detail", error);
                return service.tell(Fact::ServerFailed { trouble });
            }
        }
    }
}

/// The process has no descriptors left, or the system none, or no memory: it will have some again.
fn is_short_of_something(error: &io::Error) -> bool {
    // EMFILE, ENFILE, ENOBUFS on Linux and macOS, WSAEMFILE and WSAENOBUFS on Windows.
    error.kind() == ErrorKind::OutOfMemory || matches!(error.raw_os_error(), Some(23 | 24 | 55 | 105 | 10_024 | 10_055))
}

async fn sweep(seats: &Seats) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        seats.sweep();
    }
}

#[cfg(test)]
mod tests;
