//! MQTT and HTTP as packets that Wireshark reads (pcap-ng), made up from what the events tell of them.

mod blocks;
mod http;
mod letters;
mod mqtt;
mod places;
mod tcp;

use super::super::whose::stem;
use super::{Export, unix_micros};
use crate::capture::Header;
use crate::event::{Client, ClientName, Event, Fact, Payload};
use letters::Letters;
use places::{ELSEWHERE, ELSEWHERE_6, HTTP, MQTT, SOMEWHERE, place_of};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use tcp::{Connection, From, Packet};

/// Names, requests and files remembered of each sort; a flood of them cannot fill the memory.
const MOST: usize = 4_096;
/// Deliveries on one topic that may wait for their acknowledgement.
const MOST_WAITING: usize = 64;

const COMMENT: &str = "Written by OTA Workbench from a capture of events, not from a wire: addresses, ports, topics, payloads, \
paths, ranges and times are as recorded; TCP handshakes, sequence numbers and HTTP header lines that nobody recorded are made \
up. Bodies of HTTP answers are not in a capture: their packets are cut, shorter than their original length says. What came over \
TLS stands here in clear, on the port without TLS; so does the workbench's own connection to an external broker, whose sign-in \
nobody recorded. An address that is not known is one of 192.0.2.0/24, 198.51.100.0/24 or 2001:db8::/32. If \
MQTT is not shown as such, its port is not 1883: choose Decode As… MQTT.";
const NO_PAYLOAD: &str = "The capture does not tell what this message carried.";
const MADE_UP: &str = "The capture does not tell how the workbench signed in: this packet is made up.";
const NO_BODY: &str = "The capture does not hold the bytes of the image: this packet is cut behind the head.";

/// The packets.
#[derive(Default)]
pub struct PcapNg {
    started_unix_ms: u64,
    now: u64,
    broker: Option<SocketAddr>,
    server: Option<(SocketAddr, String)>,
    /// The workbench's own connection to an external broker.
    own: Option<Peer>,
    external: bool,
    clients: BTreeMap<ClientName, Peer>,
    letters: Letters,
    /// Connections of firmware requests, by where they come from; the oldest is closed when there are too many.
    downloads: BTreeMap<String, Connection>,
    /// Requests without their answers: where from, which method.
    requests: BTreeMap<u64, (String, String)>,
    /// How long the files behind paths are.
    sizes: BTreeMap<String, u64>,
    unknown: u16,
    /// Connections so far.
    connections: u32,
}

/// An MQTT client.
struct Peer {
    client: Client,
    connection: Connection,
    open: bool,
    numbers: u16,
    /// The latest message it got on each topic; from before it connected it gets none.
    read: BTreeMap<String, u64>,
    since: u64,
    waiting: VecDeque<(String, u16, u8)>,
}

impl Peer {
    fn number(&mut self) -> u16 {
        self.numbers = self.numbers.checked_add(1).unwrap_or(1);
        self.numbers
    }
}

/// Whether packets are made of it, or it tells of what others carry.
pub(super) const fn holds(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::BrokerStarted { .. }
            | Fact::BrokerStopped
            | Fact::BrokerFailed { .. }
            | Fact::ClientConnected { .. }
            | Fact::ClientRefused { .. }
            | Fact::ClientDisconnected { .. }
            | Fact::Subscribed { implicit: false, .. }
            | Fact::Unsubscribed { .. }
            | Fact::MessageReceived { .. }
            | Fact::MessagePublished { .. }
            | Fact::MessageDelivered { .. }
            | Fact::MessageAcknowledged { .. }
            | Fact::RequestReceived { .. }
            | Fact::RangeServed { .. }
            | Fact::RequestRefused { .. }
    )
}

impl Export for PcapNg {
    fn begin(&mut self, header: &Header, out: &mut dyn Write) -> io::Result<()> {
        self.started_unix_ms = header.started_unix_ms;
        blocks::begin(&header.application, COMMENT, "MQTT and HTTP of a capture", out)
    }

    fn event(&mut self, event: &Event, out: &mut dyn Write) -> io::Result<()> {
        self.now = unix_micros(self.started_unix_ms, event.at).unwrap_or(event.at.0);
        self.learn(event);
        match &event.fact {
            Fact::BrokerStarted { .. } | Fact::BrokerStopped | Fact::BrokerFailed { .. } => self.leave_broker(out),
            Fact::ClientConnected { client } => self.connect(client, 0, out),
            Fact::ClientRefused { client, .. } => {
                // Each cloud has its own code for no: UIoT, whose user names have bars, 5.
                let code = if client.username.as_ref().is_some_and(|name| name.contains('|')) { 5 } else { 4 };
                self.connect(client, code, out)?;
                self.leave(&client.name, From::Server, false, out)
            }
            Fact::ClientDisconnected { client, reason } => {
                let polite = reason.starts_with("the client disconnected") || reason == "disconnected";
                let from = if reason.contains("workbench") || reason.contains("taken over") {
                    From::Server
                } else {
                    From::Client
                };
                self.leave(client, from, polite, out)
            }
            Fact::Subscribed { client, filter, qos, implicit: false } => {
                self.ask(client, out, |level, number| mqtt::subscribe(level, filter, *qos, number))
            }
            Fact::Unsubscribed { client, filter } => {
                self.ask(client, out, |level, number| mqtt::unsubscribe(level, filter, number))
            }
            Fact::MessageReceived { client: Some(client), topic, payload, qos, retain } => {
                self.publish(client, From::Client, topic, Some(payload), *qos, *retain, out)
            }
            // An external broker's are those of our own connection.
            Fact::MessageReceived { client: None, topic, payload, qos, retain } => {
                self.own_publish(From::Server, topic, payload, *qos, *retain, out)
            }
            Fact::MessagePublished { topic, payload, qos } if self.external => {
                self.own_publish(From::Client, topic, payload, *qos, false, out)
            }
            Fact::MessageDelivered { client, topic, qos } => {
                let payload = self.next_letter(client, topic);
                self.publish(client, From::Server, topic, payload.as_ref(), *qos, false, out)
            }
            Fact::MessageAcknowledged { client, topic } => self.acknowledge(client, topic, out),
            Fact::RequestReceived { request, peer, method, path, range } => {
                let host = self.server.as_ref().map_or("firmware-server", |(_, host)| host).to_owned();
                let head = http::request(method, path, &host, range.as_deref());
                self.note_request(*request, peer, method);
                self.download(peer, From::Client, &head, 0, out)
            }
            Fact::RangeServed { request, path, status, offset, length, sent, complete } => {
                let (peer, method) =
                    self.requests.remove(request).unwrap_or_else(|| (format!("request {request}"), "GET".into()));
                let head = http::answer(*status, *offset, *length, self.sizes.get(stem(path)).copied());
                let body = if method == "HEAD" { 0 } else { *sent };
                self.download(&peer, From::Server, &head, body, out)?;
                if *complete { Ok(()) } else { self.break_off(&peer, out) }
            }
            Fact::RequestRefused { peer, status, .. } => {
                if *status > 0 {
                    self.download(peer, From::Server, &http::answer(*status, 0, 0, None), 0, out)?;
                }
                self.break_off(peer, out)
            }
            _ => Ok(()),
        }
    }

    fn pass(&mut self, event: &Event) {
        self.learn(event);
        match &event.fact {
            Fact::ClientConnected { client } => {
                let peer = self.peer(client);
                self.put_client(client.name.clone(), peer);
            }
            Fact::ClientDisconnected { client, .. } => drop(self.clients.remove(client)),
            Fact::RequestReceived { request, peer, method, .. } => self.note_request(*request, peer, method),
            Fact::BrokerStarted { .. } => self.own = None,
            _ => {}
        }
    }
}

impl PcapNg {
    /// What later packets need to know, whether this event becomes one or not.
    fn learn(&mut self, event: &Event) {
        match &event.fact {
            Fact::BrokerStarted { address, external } => {
                let (scheme, place) = address.rsplit_once("://").unwrap_or(("", address));
                let broker = place_of(place, MQTT);
                // In clear, it is not what a reader expects on the port of TLS.
                let port = if scheme == "mqtts" { MQTT } else { broker.port() };
                self.broker = Some(SocketAddr::new(broker.ip(), port));
                self.external = *external;
            }
            Fact::ServerStarted { address, advertised } => {
                let host = advertised.rsplit_once("://").map_or(&**address, |(_, host)| host);
                self.server = Some((place_of(address, HTTP), host.to_owned()));
            }
            Fact::UpgradeRequested { order } => {
                let more = order.extras.files.iter().map(|file| (&file.path, file.size));
                for (path, size) in std::iter::once((&order.path, order.size)).chain(more) {
                    if self.sizes.len() < MOST {
                        self.sizes.insert(stem(path).to_owned(), size);
                    }
                }
            }
            Fact::MessageReceived { topic, payload, .. } | Fact::MessagePublished { topic, payload, .. } => {
                self.letters.post(topic, payload);
            }
            _ => {}
        }
    }

    fn peer(&mut self, client: &Client) -> Peer {
        let broker = self.broker.unwrap_or(SocketAddr::new(SOMEWHERE, MQTT));
        let address = client.address.parse().unwrap_or_else(|_| self.invented(broker.ip()));
        Peer {
            client: client.clone(),
            connection: self.connection(address, broker),
            open: false,
            numbers: 0,
            read: BTreeMap::new(),
            since: self.letters.count(),
            waiting: VecDeque::new(),
        }
    }

    fn connection(&mut self, client: SocketAddr, server: SocketAddr) -> Connection {
        self.connections = self.connections.wrapping_add(1);
        Connection::new(client, server, self.connections)
    }

    /// An address for somebody whose own is not known, from which this server can be reached: another one each time.
    fn invented(&mut self, server: IpAddr) -> SocketAddr {
        self.unknown = self.unknown.wrapping_add(1);
        let address = if server.is_ipv6() && !server.is_unspecified() { ELSEWHERE_6 } else { ELSEWHERE };
        SocketAddr::new(address, 49_152_u16.saturating_add(self.unknown % 16_000))
    }

    fn put_client(&mut self, name: ClientName, peer: Peer) {
        if self.clients.len() < MOST || self.clients.contains_key(&name) {
            self.clients.insert(name, peer);
        }
    }

    fn connect(&mut self, client: &Client, code: u8, out: &mut dyn Write) -> io::Result<()> {
        self.leave(&client.name, From::Server, false, out)?;
        let mut peer = self.peer(client);
        let now = self.now;
        say(now, &mut peer, From::Client, &mqtt::connect(client), None, out)?;
        say(now, &mut peer, From::Server, &mqtt::connack(client.level, code), None, out)?;
        self.put_client(client.name.clone(), peer);
        Ok(())
    }

    fn leave(&mut self, client: &ClientName, from: From, polite: bool, out: &mut dyn Write) -> io::Result<()> {
        let Some(mut peer) = self.clients.remove(client).filter(|peer| peer.open) else { return Ok(()) };
        if polite {
            say(self.now, &mut peer, From::Client, &mqtt::disconnect(), None, out)?;
        }
        write_all(self.now, peer.connection.close(from), None, out)
    }

    /// A request of a client and the broker's answer.
    fn ask(
        &mut self,
        client: &ClientName,
        out: &mut dyn Write,
        packets: impl FnOnce(u8, u16) -> [Vec<u8>; 2],
    ) -> io::Result<()> {
        let now = self.now;
        let Some(peer) = self.clients.get_mut(client) else { return Ok(()) };
        let number = peer.number();
        let [question, answer] = packets(peer.client.level, number);
        say(now, peer, From::Client, &question, None, out)?;
        say(now, peer, From::Server, &answer, None, out)
    }

    fn next_letter(&mut self, client: &ClientName, topic: &str) -> Option<Payload> {
        let peer = self.clients.get_mut(client)?;
        let behind = peer.read.get(topic).copied().unwrap_or(peer.since);
        let (number, payload) = self.letters.next(topic, behind)?;
        if peer.read.len() < MOST || peer.read.contains_key(topic) {
            peer.read.insert(topic.to_owned(), number);
        }
        Some(payload)
    }

    #[expect(clippy::too_many_arguments, reason = "a message has so many parts")]
    fn publish(
        &mut self,
        client: &ClientName,
        from: From,
        topic: &str,
        payload: Option<&Payload>,
        qos: u8,
        retain: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if !self.clients.contains_key(client) {
            // It connected before the capture began.
            let peer = self.peer(&unseen(client.clone()));
            self.put_client(client.clone(), peer);
        }
        let now = self.now;
        let Some(peer) = self.clients.get_mut(client) else { return Ok(()) };
        message(now, peer, &Message { from, topic, payload, qos, retain }, out)
    }

    fn own_publish(
        &mut self,
        from: From,
        topic: &str,
        payload: &Payload,
        qos: u8,
        retain: bool,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut own = match self.own.take() {
            Some(own) => own,
            None => self.sign_in(out)?,
        };
        let written = message(self.now, &mut own, &Message { from, topic, payload: Some(payload), qos, retain }, out);
        self.own = Some(own);
        written
    }

    /// The workbench signs in at an external broker: a reader understands nothing of a connection without.
    fn sign_in(&mut self, out: &mut dyn Write) -> io::Result<Peer> {
        let client = unseen("ota-workbench".into());
        let mut own = self.peer(&client);
        say(self.now, &mut own, From::Client, &mqtt::connect(&client), Some(MADE_UP), out)?;
        say(self.now, &mut own, From::Server, &mqtt::connack(client.level, 0), Some(MADE_UP), out)?;
        Ok(own)
    }

    /// The connection to an external broker is gone with it.
    fn leave_broker(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(mut own) = self.own.take() else { return Ok(()) };
        write_all(self.now, own.connection.close(From::Server), None, out)
    }

    fn acknowledge(&mut self, client: &ClientName, topic: &str, out: &mut dyn Write) -> io::Result<()> {
        let now = self.now;
        let Some(peer) = self.clients.get_mut(client) else { return Ok(()) };
        let Some(at) = peer.waiting.iter().position(|(waiting, ..)| waiting == topic) else { return Ok(()) };
        let Some((_, number, qos)) = peer.waiting.remove(at) else { return Ok(()) };
        for (back, packet) in mqtt::acknowledge(qos, number) {
            say(now, peer, if back { From::Client } else { From::Server }, &packet, None, out)?;
        }
        Ok(())
    }

    fn note_request(&mut self, request: u64, peer: &str, method: &str) {
        self.requests.insert(request, (peer.to_owned(), method.to_owned()));
        if self.requests.len() > MOST {
            self.requests.pop_first();
        }
    }

    fn download(&mut self, peer: &str, from: From, head: &[u8], body: u64, out: &mut dyn Write) -> io::Result<()> {
        if !self.downloads.contains_key(peer) {
            if self.downloads.len() >= MOST
                && let Some((_, mut oldest)) = self.downloads.pop_first()
            {
                write_all(self.now, oldest.close(From::Client), None, out)?;
            }
            let server = self.server.as_ref().map_or(SocketAddr::new(SOMEWHERE, HTTP), |(server, _)| *server);
            let client = peer.parse().unwrap_or_else(|_| self.invented(server.ip()));
            let mut connection = self.connection(client, server);
            write_all(self.now, connection.open(), None, out)?;
            self.downloads.insert(peer.to_owned(), connection);
        }
        let Some(connection) = self.downloads.get_mut(peer) else { return Ok(()) };
        write_all(self.now, connection.say(from, head, body), (body > 0).then_some(NO_BODY), out)
    }

    fn break_off(&mut self, peer: &str, out: &mut dyn Write) -> io::Result<()> {
        let Some(mut connection) = self.downloads.remove(peer) else { return Ok(()) };
        write_all(self.now, vec![connection.reset(From::Server)], None, out)
    }
}

/// A client of whose signing in nothing is known.
const fn unseen(name: ClientName) -> Client {
    Client { name, username: None, address: String::new(), level: 4, clean: true, keep_alive_secs: 0 }
}

struct Message<'a> {
    from: From,
    topic: &'a str,
    payload: Option<&'a Payload>,
    qos: u8,
    retain: bool,
}

/// A message of either side; what a client sends is acknowledged at once, what it gets when an event says so.
fn message(now: u64, peer: &mut Peer, message: &Message<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Message { from, topic, payload, qos, retain } = *message;
    let number = peer.number();
    let bytes = payload.map_or(&[][..], |payload| payload);
    let packet = mqtt::publish(peer.client.level, topic, bytes, qos, retain, number);
    say(now, peer, from, &packet, payload.is_none().then_some(NO_PAYLOAD), out)?;
    if from == From::Server {
        if qos > 0 && peer.waiting.len() < MOST_WAITING {
            peer.waiting.push_back((topic.to_owned(), number, qos));
        }
        return Ok(());
    }
    for (back, packet) in mqtt::acknowledge(qos, number) {
        say(now, peer, if back { From::Server } else { From::Client }, &packet, None, out)?;
    }
    Ok(())
}

fn say(
    now: u64,
    peer: &mut Peer,
    from: From,
    bytes: &[u8],
    comment: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if !std::mem::replace(&mut peer.open, true) {
        write_all(now, peer.connection.open(), None, out)?;
    }
    write_all(now, peer.connection.say(from, bytes, 0), comment, out)
}

/// Packets of one instant; the comment stands with the first.
fn write_all(now: u64, packets: Vec<Packet>, comment: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    for (place, packet) in packets.into_iter().enumerate() {
        let on_wire = u32::try_from(packet.bytes.len()).unwrap_or(u32::MAX).saturating_add(packet.missing);
        blocks::packet(now, &packet.bytes, on_wire, comment.filter(|_| place == 0), out)?;
    }
    Ok(())
}
