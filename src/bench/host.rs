//! Whether two spellings of a host are the same place: `localhost`, `127.1` and `[::1]` are, and `0.0.0.0` hears them all.

use super::BrokerUrl;
// Addresses as values: `core` has no sockets.
use core::net::{IpAddr, Ipv4Addr};

/// The ports of a broker that listens with and without TLS.
const USUAL_PORTS: [u16; 2] = [1883, 8883];

/// A host by what its spelling says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// This machine, by whatever spelling.
    Loopback,
    /// All addresses of this machine.
    Any,
    Ip(IpAddr),
    /// A name that only the network can tell of, in lower case.
    Name(String),
}

impl Host {
    /// Of a host without its brackets.
    pub fn of(text: &str) -> Self {
        let text = text.trim_end_matches('.').to_ascii_lowercase();
        let plain = text.split('%').next().unwrap_or_default();
        let ip = plain.parse::<IpAddr>().ok().map(|ip| ip.to_canonical()).or_else(|| old_ip(plain).map(IpAddr::V4));
        match ip {
            Some(ip) if ip.is_unspecified() => Self::Any,
            Some(ip) if ip.is_loopback() => Self::Loopback,
            Some(ip) => Self::Ip(ip),
            None if text == "localhost" || text.ends_with(".localhost") || text == "ip6-localhost" => Self::Loopback,
            None => Self::Name(text),
        }
    }

    /// Whether a broker of this machine that listens here on this port hears what is sent to that target.
    pub fn hears(&self, target: &BrokerUrl, port: u16, own: &[IpAddr]) -> bool {
        let reached = match (self, Self::of(target.bare_host())) {
            // Who connects to “all addresses” comes to this machine.
            (Self::Any | Self::Loopback, Self::Loopback | Self::Any) => true,
            (Self::Any, Self::Ip(ip)) => own.contains(&ip),
            (here, there) => *here == there,
        };
        reached && target.port == port
    }

    fn is_here(&self, own: &[IpAddr]) -> bool {
        match self {
            Self::Loopback | Self::Any => true,
            Self::Ip(ip) => own.contains(ip),
            Self::Name(_) => false,
        }
    }
}

/// Whether both are the same broker of somebody else's: it may listen with and without TLS.
pub(super) fn shares_broker(a: &BrokerUrl, b: &BrokerUrl, own: &[IpAddr]) -> bool {
    let (here, there) = (Host::of(a.bare_host()), Host::of(b.bare_host()));
    let usual = |url: &BrokerUrl| USUAL_PORTS.contains(&url.port);
    (here == there || here.is_here(own) && there.is_here(own)) && (a.port == b.port || usual(a) && usual(b))
}

/// An IPv4 address of fewer than four numbers, as every system's resolver reads it: the last one fills what is left.
fn old_ip(text: &str) -> Option<Ipv4Addr> {
    let numbers: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = numbers.split_last()?;
    if first.len() > 3 || first.iter().any(|byte| *byte > 255) {
        return None;
    }
    let room = 32 - 8 * u32::try_from(first.len()).ok()?;
    if room < 32 && last >> room != 0 {
        return None;
    }
    let high = first.iter().zip([24, 16, 8]).fold(0, |high, (byte, shift)| high | (byte << shift));
    Some(Ipv4Addr::from_bits(high | last))
}

/// Decimal, octal behind a 0, or hex behind 0x.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::{BrokerUrl, Host, IpAddr, shares_broker};

    fn url(text: &str) -> BrokerUrl {
        BrokerUrl::parse(text).unwrap_or_else(|trouble| panic!("{text}: {trouble:?}"))
    }

    fn own() -> [IpAddr; 1] {
        ["192.168.1.20".parse().unwrap()]
    }

    /// Otherwise a replay would speak into a real device's upgrade without a question, because of how its target is spelt.
    #[test]
    fn our_own_broker_is_known_by_every_spelling_of_its_address() {
        let local = ["mqtt://127.0.0.1", "LOCALHOST:1883", "tcp://127.1:1883", "mqtt://u:p@[::1]", "mqtt://0x7f000001"];
        let local = local.into_iter().chain(["mqtt://[::ffff:127.0.0.1]:1883/", "mqtt://0.0.0.0", "localhost."]);
        let check = |listening: &str, target: &str, expected: bool| {
            let broker = url(listening);
            let heard = Host::of(broker.bare_host()).hears(&url(target), broker.port, &own());
            assert_eq!(heard, expected, "{target} at {listening}");
        };
        for target in local {
            check("127.0.0.1:1883", target, true);
            check("0.0.0.0:1883", target, true);
            check("[::]:1883", target, true);
            check("192.168.1.20:1883", target, false);
            check("127.0.0.1:1884", target, false);
        }
        check("0.0.0.0:1883", "mqtt://192.168.1.20", true);
        check("192.168.1.20:1883", "mqtt://192.168.1.20", true);
        check("127.0.0.1:1883", "mqtt://192.168.1.20", false);
        check("0.0.0.0:8883", "mqtts://192.168.1.20", true);
        check("0.0.0.0:1883", "mqtt://192.168.1.21", false);
        check("0.0.0.0:1883", "mqtt://broker.local", false);
        check("0.0.0.0:1883", "mqtt://1.2.3.4.5", false);
    }

    #[test]
    fn an_external_broker_is_the_same_one_with_and_without_tls() {
        for (a, b, expected) in [
            ("Broker.local:1883", "mqtts://broker.local", true),
            ("localhost:1884", "mqtt://127.0.0.1:1884", true),
            ("192.168.1.20:1884", "mqtt://localhost:1884", true),
            ("broker.local:1883", "mqtt://broker.local:1884", false),
            ("broker.local:1883", "mqtt://other.local", false),
            ("10.0.0.7:1883", "mqtt://127.0.0.1", false),
        ] {
            assert_eq!(shares_broker(&url(a), &url(b), &own()), expected, "{a} {b}");
        }
    }
}
