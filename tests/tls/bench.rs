//! What the tests stand on: broker and firmware server behind TLS, and a device that speaks it byte by byte.

use crate::mqtt::Facts;
use ota_workbench::event::{Fact, TlsService, Trouble};
use ota_workbench::io::Inbox;
use ota_workbench::io::broker::{Broker, Rules};
use ota_workbench::io::server::{FirmwareServer, Offers};
use ota_workbench::io::tls::{Authority, Behind, Certificates, Limits, Terminator, Trust};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub const DEADLINE: Duration = Duration::from_secs(20);

/// A service of the bench behind TLS.
pub struct Secured {
    pub tls: Terminator,
    pub facts: Facts,
    pub offers: Arc<Offers>,
    /// The plain service.
    pub plain: SocketAddr,
    folder: TempDir,
    _service: Service,
}

#[expect(dead_code, reason = "held so that it runs")]
enum Service {
    Broker(Broker),
    Server(FirmwareServer),
}

impl Secured {
    pub fn broker(limits: Limits) -> Self {
        Self::broker_at("127.0.0.1:0", limits)
    }

    /// A broker on loopback, whose listener for TLS may be elsewhere.
    pub fn broker_at(address: &str, limits: Limits) -> Self {
        let (inbox, receiver) = Inbox::new();
        let rules = Rules { implicit: Box::new(|_, _| Vec::new()), keyring: Arc::default() };
        let broker = Broker::start("127.0.0.1:0", rules, inbox.clone()).unwrap();
        let behind = Behind { address: broker.address(), peers: Arc::clone(broker.peers()) };
        let offers = Arc::new(Offers::new().unwrap());
        Self::start(
            (TlsService::Mqtts, address),
            behind,
            limits,
            (inbox, Facts::new(receiver)),
            offers,
            Service::Broker(broker),
        )
    }

    pub fn server() -> Self {
        let (inbox, receiver) = Inbox::new();
        let offers = Arc::new(Offers::new().unwrap());
        let server = FirmwareServer::start("127.0.0.1:0", Arc::clone(&offers), inbox.clone()).unwrap();
        let behind = Behind { address: server.address(), peers: Arc::clone(server.peers()) };
        let limits = Limits::of(TlsService::Https);
        Self::start(
            (TlsService::Https, "127.0.0.1:0"),
            behind,
            limits,
            (inbox, Facts::new(receiver)),
            offers,
            Service::Server(server),
        )
    }

    fn start(
        (service, address): (TlsService, &str),
        behind: Behind,
        limits: Limits,
        (inbox, facts): (Inbox, Facts),
        offers: Arc<Offers>,
        running: Service,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let certificates = Arc::new(Certificates::new(Authority::open(folder.path()).unwrap()).unwrap());
        let plain = behind.address;
        let tls = Terminator::start(service, address, behind, certificates, limits, inbox).unwrap();
        Self { tls, facts, offers, plain, folder, _service: running }
    }

    /// The file with the authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// What a device needs that was given the authority's certificate.
    pub fn trusted(&self) -> Arc<ClientConfig> {
        Trust { ca: Some(self.ca()), ..Trust::default() }.client_config().unwrap()
    }

    /// A device that trusts the bench.
    pub fn connect(&self) -> Device {
        Device::connect(self.tls.address(), "127.0.0.1", &self.trusted()).unwrap()
    }

    /// Who was turned away next, and why.
    pub fn refused(&mut self) -> (String, Trouble) {
        let told = self.facts.until(|fact| matches!(fact, Fact::TlsRefused { .. }));
        match told.into_iter().last() {
            Some(Fact::TlsRefused { peer, trouble, .. }) => (peer.to_string(), trouble),
            other => panic!("{other:?}"),
        }
    }
}

/// A device with a TLS connection.
pub struct Device(pub StreamOwned<ClientConnection, TcpStream>);

impl Device {
    /// Connects and shakes hands, asking for a host or an address.
    pub fn connect(to: SocketAddr, asked: &str, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let socket = plain(to);
        let name = ServerName::try_from(asked.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::clone(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Self(stream))
    }

    /// Its own end of the connection.
    pub fn address(&self) -> SocketAddr {
        self.0.sock.local_addr().unwrap()
    }

    /// Signs in, and waits until it is let in.
    pub fn sign_in(&mut self, client: &str) {
        assert_eq!(self.try_sign_in(client), 0, "let in");
    }

    /// Signs in, and returns what it is answered: 0 lets it in.
    pub fn try_sign_in(&mut self, client: &str) -> u8 {
        let id = client.as_bytes();
        let mut packet = vec![0x10, u8::try_from(12 + id.len()).unwrap(), 0, 4];
        packet.extend(b"MQTT\x04\x02\x00\x3c\x00");
        packet.push(u8::try_from(id.len()).unwrap());
        packet.extend(id);
        self.0.write_all(&packet).unwrap();
        let mut answer = [0; 4];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(answer[..3], [0x20, 2, 0]);
        answer[3]
    }

    /// Asks for a range. Head and body of the answer.
    pub fn get(&mut self, path: &str, range: &str) -> (String, Vec<u8>) {
        write!(self.0, "GET {path} HTTP/1.1\r\nHost: bench\r\nRange: bytes={range}\r\n\r\n").unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (head, body)
    }
}

/// A connection without TLS.
pub fn plain(to: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

/// All that comes until the other side closes.
pub fn to_the_end(mut socket: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection may also end with a reset: what came before counts.
    let _ = socket.read_to_end(&mut bytes);
    bytes
}
