//! Bytes both ways between a device's TLS connection and the plain service behind it, on this computer.

use super::peers::{Noted, Peer, Peers};
use super::wire::{Wire, silence};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, copy, sink, split};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

/// How long the last bytes may take to leave.
const LINGER: Duration = Duration::from_secs(10);

/// The plain service that a TLS connection leads to.
#[derive(Clone)]
pub struct Behind {
    /// Where it listens, as seen from this computer.
    pub address: SocketAddr,
    /// Where it looks up who its clients are.
    pub peers: Arc<Peers>,
}

impl Behind {
    /// Connects for a device, which is known before the service sees the connection.
    pub(super) async fn connect(&self, peer: Peer) -> io::Result<(TcpStream, Noted)> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_nodelay(true)?;
        socket.bind(SocketAddr::new(self.address.ip(), 0))?;
        let noted = self.peers.note(socket.local_addr()?, peer);
        Ok((socket.connect(self.address).await?, noted))
    }
}

/// Carries bytes until one side ends, or nothing has passed for `quiet`.
pub(super) async fn relay(device: TlsStream<Wire>, service: TcpStream, quiet: Duration) {
    let passed = device.get_ref().0.passed();
    let (mut from_device, mut to_device) = split(device);
    let (mut from_service, mut to_service) = service.into_split();
    let up = async {
        let _ = copy(&mut from_device, &mut to_service).await;
        // The service may still have an answer to send.
        let _ = to_service.shutdown().await;
        std::future::pending::<()>().await;
    };
    let down = async {
        if copy(&mut from_service, &mut to_device).await.is_ok() {
            let _ = timeout(LINGER, to_device.shutdown()).await;
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
        () = silence(&passed, quiet) => {}
    }
    // Whoever is behind this connection is looked up until the service has let go of it too: not before must it look local.
    drop((from_device, to_device, to_service));
    let _ = copy(&mut from_service, &mut sink()).await;
}
