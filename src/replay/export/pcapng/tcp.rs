//! A TCP connection as it would have been seen on the wire.

// Addresses as values: nothing is connected to anything here.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of one segment, as on an Ethernet.
const SEGMENT: usize = 1_460;
/// The same where the bytes are not known: fewer packets say as much.
const LARGE_SEGMENT: u64 = 60 * 1024;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

/// How far the first numbers of two connections lie apart: RFC 793's clock counts so far in a second. A reader would take the
/// packets of a device that comes again from the same port for ones that it has seen.
const APART: u32 = 250_000;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    Client,
    Server,
}

/// An IP packet, and how many bytes it had behind those that are known.
pub(super) struct Packet {
    pub bytes: Vec<u8>,
    pub missing: u32,
}

#[derive(Debug)]
pub(super) struct Connection {
    client: SocketAddr,
    server: SocketAddr,
    /// The next sequence number of either side.
    sent: [u32; 2],
    packets: u16,
}

impl Connection {
    /// The connection with this number between these two. A server that listens everywhere, or of the other family, gets an
    /// address that the client can reach.
    pub fn new(client: SocketAddr, server: SocketAddr, number: u32) -> Self {
        // A listener for both families tells `::ffff:10.0.0.9` of what came as IPv4.
        let [client, server] = [client, server].map(|it| SocketAddr::new(it.ip().to_canonical(), it.port()));
        let ip = server.ip();
        let fits = !ip.is_unspecified() && ip.is_ipv4() == client.is_ipv4();
        let reached = if fits { ip } else { reachable(client.ip()) };
        Self {
            client,
            server: SocketAddr::new(reached, server.port()),
            sent: [number.wrapping_mul(APART); 2],
            packets: 0,
        }
    }

    /// The three packets of the handshake.
    pub fn open(&mut self) -> Vec<Packet> {
        [(From::Client, SYN), (From::Server, SYN | ACK), (From::Client, ACK)]
            .map(|(from, flags)| self.packet(from, flags, &[], 0))
            .into()
    }

    /// Bytes in one direction, `missing` of them unknown.
    pub fn say(&mut self, from: From, bytes: &[u8], missing: u64) -> Vec<Packet> {
        let mut packets = Vec::new();
        let mut rest = bytes;
        while rest.len() > SEGMENT {
            let (segment, after) = rest.split_at(SEGMENT);
            packets.push(self.packet(from, PSH | ACK, segment, 0));
            rest = after;
        }
        let mut left = missing;
        while left > 0 || !rest.is_empty() {
            let unknown = left.min(LARGE_SEGMENT);
            packets.push(self.packet(from, PSH | ACK, rest, unknown));
            left -= unknown;
            rest = &[];
        }
        packets
    }

    /// Both sides close, this one first.
    pub fn close(&mut self, from: From) -> Vec<Packet> {
        let other = if from == From::Client { From::Server } else { From::Client };
        [(from, FIN | ACK), (other, FIN | ACK), (from, ACK)]
            .map(|(from, flags)| self.packet(from, flags, &[], 0))
            .into()
    }

    /// This side breaks it off.
    pub fn reset(&mut self, from: From) -> Packet {
        self.packet(from, RST | ACK, &[], 0)
    }

    fn packet(&mut self, from: From, flags: u8, bytes: &[u8], unknown: u64) -> Packet {
        let (source, target) = match from {
            From::Client => (self.client, self.server),
            From::Server => (self.server, self.client),
        };
        let [own, other] = match from {
            From::Client => [0, 1],
            From::Server => [1, 0],
        };
        let unknown = u32::try_from(unknown).unwrap_or(u32::MAX);
        let acknowledged = if flags & ACK == 0 { 0 } else { self.sent[other] };
        let mut tcp = Vec::with_capacity(20 + bytes.len());
        tcp.extend(source.port().to_be_bytes());
        tcp.extend(target.port().to_be_bytes());
        tcp.extend(self.sent[own].to_be_bytes());
        tcp.extend(acknowledged.to_be_bytes());
        tcp.extend([5 << 4, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        tcp.extend(bytes);
        let length = u32::try_from(tcp.len()).unwrap_or(u32::MAX).saturating_add(unknown);
        let sum = checksum(&[&pseudo_header(source.ip(), target.ip(), length), &tcp]);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        let opens_or_ends = u32::from(flags & (SYN | FIN) != 0);
        let said = length - 20 + opens_or_ends;
        self.sent[own] = self.sent[own].wrapping_add(said);
        self.packets = self.packets.wrapping_add(1);
        let mut packet = ip_header(source.ip(), target.ip(), length, self.packets);
        packet.extend(tcp);
        Packet { bytes: packet, missing: unknown }
    }
}

/// Where a server is for a client that does not tell: on the same machine, or somewhere (RFC 5737, RFC 3849).
fn reachable(client: IpAddr) -> IpAddr {
    match (client, client.is_loopback()) {
        (_, true) => client,
        (IpAddr::V4(_), _) => Ipv4Addr::new(192, 0, 2, 1).into(),
        (IpAddr::V6(_), _) => Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1).into(),
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().into(),
        IpAddr::V6(address) => address.octets().into(),
    }
}

const TCP: u8 = 6;

fn ip_header(source: IpAddr, target: IpAddr, length: u32, number: u16) -> Vec<u8> {
    let mut header = Vec::with_capacity(40);
    if source.is_ipv4() {
        header.extend([0x45, 0]);
        header.extend(u16::try_from(length + 20).unwrap_or(u16::MAX).to_be_bytes());
        header.extend(number.to_be_bytes());
        // Never in fragments.
        header.extend([0x40, 0, 64, TCP, 0, 0]);
    } else {
        header.extend([0x60, 0, 0, 0]);
        header.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        header.extend([TCP, 64]);
    }
    header.extend(octets(source));
    header.extend(octets(target));
    if source.is_ipv4() {
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    header
}

fn pseudo_header(source: IpAddr, target: IpAddr, length: u32) -> Vec<u8> {
    let mut header = [octets(source), octets(target)].concat();
    // The same sum for both versions of IP: the halves only stand elsewhere.
    header.extend(length.to_be_bytes());
    header.extend([0, 0, 0, TCP]);
    header
}

/// The Internet's checksum (RFC 1071). All parts but the last have an even number of bytes.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum = words.fold(0_u64, |sum, word| {
        sum + u64::from(u16::from_be_bytes([word[0], word.get(1).copied().unwrap_or_default()]))
    });
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Connection, From, checksum};

    #[test]
    fn both_sides_count_each_others_bytes() {
        let mut connection = Connection::new("10.0.0.7:40000".parse().unwrap(), "0.0.0.0:1883".parse().unwrap(), 0);
        let mut all = connection.open();
        all.extend(connection.say(From::Client, &[7; 3_000], 0));
        all.extend(connection.say(From::Server, b"HTTP/1.1 200 OK\r\n\r\n", 100_000));
        all.extend(connection.close(From::Client));
        let word = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        let numbers: Vec<_> = all.iter().map(|packet| (word(&packet.bytes, 24), word(&packet.bytes, 28))).collect();
        let expected = [
            (0, 0),
            (0, 1),
            (1, 1),
            (1, 1),
            (1_461, 1),
            (2_921, 1),
            (1, 3_001),
            (61_460, 3_001),
            (3_001, 100_020),
            (100_020, 3_002),
            (3_002, 100_021),
        ];
        assert_eq!(numbers, expected);
        let missing: u32 = all.iter().map(|packet| packet.missing).sum();
        assert_eq!(missing, 100_000);
        for packet in &all {
            assert_eq!(checksum(&[&packet.bytes[..20]]), 0, "a right header sums up to nothing");
            assert_eq!(
                packet.bytes[16..20],
                if packet.bytes[20..22] == 1_883_u16.to_be_bytes() { [10, 0, 0, 7] } else { [192, 0, 2, 1] }
            );
        }
    }

    /// Otherwise Wireshark takes a device that reconnects from the same port for one that says everything twice.
    #[test]
    fn connections_between_the_same_two_have_numbers_of_their_own() {
        let [client, server] = ["10.0.0.5:49153", "10.0.0.1:1883"].map(|place| place.parse().unwrap());
        let first = |number| Connection::new(client, server, number).open()[0].bytes[24..28].to_vec();
        assert_eq!(first(1), 250_000_u32.to_be_bytes());
        let all: std::collections::BTreeSet<_> = (0..40_000).map(first).collect();
        assert_eq!(all.len(), 40_000);
    }

    #[test]
    fn an_ipv4_address_in_an_ipv6_one_is_written_as_what_it_is() {
        let [client, server] = ["[::ffff:10.0.0.9]:5000", "[::]:1883"].map(|place| place.parse().unwrap());
        let packet = &Connection::new(client, server, 0).open()[0].bytes;
        assert_eq!((packet[0], &packet[12..16]), (0x45, &[10, 0, 0, 9][..]));
    }

    #[test]
    fn a_checksum_is_the_one_of_the_standard() {
        // RFC 1071's own example.
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(checksum(&[&[0x00, 0x01], &[0xf2]]), !0xf201);
    }
}
