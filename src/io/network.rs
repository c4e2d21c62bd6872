//! Under which address others reach what listens here.

use crate::event::Trouble;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// A network interface by which a device may reach this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The system's name for it: `eth0`, `Wi-Fi`.
    pub name: String,
    /// Its IPv4 address.
    pub ip: Ipv4Addr,
}

/// The interfaces with an IPv4 address, loopback left out, in the system's order.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    let reachable = found.into_iter().filter(|interface| !interface.is_loopback());
    reachable
        .filter_map(|interface| match interface.ip() {
            IpAddr::V4(ip) => Some(Interface { name: interface.name, ip }),
            IpAddr::V6(_) => None,
        })
        .collect()
}

/// The address for a program on this machine.
#[must_use]
pub fn reachable_here(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// The address for a device on the network: of the interface towards the outside, when we listen on all of them.
#[must_use]
pub fn reachable_from_outside(listening: SocketAddr) -> SocketAddr {
    if !listening.ip().is_unspecified() {
        return listening;
    }
    let ip = outward_ip().unwrap_or_else(|| reachable_here(listening).ip());
    SocketAddr::new(ip, listening.port())
}

/// Whether devices can be told URLs that begin so: `http(s)://host[:port][/…]`.
///
/// # Errors
/// `bad-url-prefix` with `prefix`.
pub fn check_prefix(prefix: &str) -> Result<(), Trouble> {
    // With an `@` there may be a password in it, which nobody is told.
    let bad = || Trouble::new("bad-url-prefix").with("prefix", if prefix.contains('@') { "…" } else { prefix });
    let (scheme, rest) = prefix.split_once("://").ok_or_else(bad)?;
    let place = rest.split('/').next().unwrap_or_default();
    let bracket = place.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match place[bracket..].find(':') {
        Some(colon) => (&place[..bracket + colon], Some(&place[bracket + colon + 1..])),
        None => (place, None),
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    let is_scheme = matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https");
    let is_path = !rest.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#'));
    if is_scheme && is_host && is_port && is_path { Ok(()) } else { Err(bad()) }
}

/// The address of the interface a packet to the outside would leave by. Connecting a UDP socket sends nothing.
fn outward_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // TEST-NET-1 of RFC 5737: nobody's.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_unspecified()).then_some(ip)
}

#[cfg(test)]
mod tests {
    use super::{check_prefix, reachable_from_outside, reachable_here};

    #[test]
    fn a_device_is_never_told_to_connect_to_all_zeros() {
        for listening in ["0.0.0.0:1883", "[::]:1883"] {
            let listening = listening.parse().unwrap();
            assert!(!reachable_here(listening).ip().is_unspecified());
            assert!(!reachable_from_outside(listening).ip().is_unspecified());
            assert_eq!(reachable_from_outside(listening).port(), 1883);
        }
        let one = "192.168.1.20:8070".parse().unwrap();
        assert_eq!(reachable_from_outside(one), one);
    }

    #[test]
    fn a_prefix_that_no_device_could_ask_is_refused() {
        let good = ["http://192.168.1.20:8070", "HTTPS://bench.local/ota/", "http://[fe80::1]:80", "http://host"];
        for prefix in good {
            assert!(check_prefix(prefix).is_ok(), "{prefix}");
        }
        let bad = [
            "",
            "192.168.1.20:8070",
            "ftp://host",
            "http://",
            "http:///x",
            "http://:80",
            "http://host:",
            "http://host:0",
            "http://host:65536",
            "http://ho st",
            "http://host/a b",
            "http://host/?a",
            "http://[::1",
            "http://[host]",
        ];
        for prefix in bad {
            let trouble = check_prefix(prefix).expect_err(prefix);
            assert_eq!((&*trouble.code, trouble.arg("prefix")), ("bad-url-prefix", Some(prefix)));
        }
        assert_eq!(check_prefix("http://user:secret@host").unwrap_err().arg("prefix"), Some("…"));
    }
}
