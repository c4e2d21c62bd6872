//! Under which address others reach what listens here.

use super::broker_url;
use crate::event::Trouble;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

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

/// Whether this can be listened on, as far as its spelling goes: `ip:port` or `host:port`.
///
/// # Errors
/// `bad-address` with the address, which is told without what stands before an `@`: that may be a password.
pub fn check_address(place: &str) -> Result<(), Trouble> {
    let is_host = |host: &str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        !host.is_empty() && host.bytes().all(known)
    };
    let named = || place.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
    if place.parse::<SocketAddr>().is_ok() || named() {
        return Ok(());
    }
    Err(Trouble::new("bad-address").with("address", without_credentials(place)))
}

/// Whether the embedded broker can be told to listen there, as far as the spelling goes.
///
/// # Errors
/// As [`check_address`]; `bad-broker-url` for what holds an `@`: the URL of somebody else's broker without its scheme,
/// of which nothing is repeated.
pub fn check_broker_address(place: &str) -> Result<(), Trouble> {
    if place.contains('@') { Err(broker_url::bad()) } else { check_address(place) }
}

/// Whether firmware URLs can begin like this: `http://` or `https://`, a host, and perhaps a port and a path.
///
/// # Errors
/// `bad-url-prefix` with the prefix.
pub fn check_prefix(prefix: &str) -> Result<(), Trouble> {
    let behind_scheme = |scheme: &str| {
        let (start, rest) = prefix.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let rest = behind_scheme("http://").or_else(|| behind_scheme("https://"));
    let place = rest.and_then(|rest| rest.split('/').next()).and_then(|place| broker_url::split_port(place, 80));
    let plain = prefix.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#@\"<>\\".contains(&byte));
    if place.is_some() && plain {
        return Ok(());
    }
    Err(Trouble::new("bad-url-prefix").with("prefix", without_credentials(prefix)))
}

/// A text without what stands before its last `@`.
fn without_credentials(text: &str) -> String {
    text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, place)| format!("…@{place}"))
}

/// The address a host name stands for, IPv4 first: devices on a bench rarely have another. What stands for none is left
/// as it is, and refused by name where it is used.
#[must_use]
pub fn resolved(place: &str) -> String {
    if place.contains("://") || place.parse::<SocketAddr>().is_ok() {
        return place.to_owned();
    }
    let found: Vec<_> = place.to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    let one = found.iter().find(|address| address.is_ipv4()).or(found.first());
    one.map_or_else(|| place.to_owned(), ToString::to_string)
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
    use super::{check_address, check_broker_address, check_prefix, reachable_from_outside, reachable_here, resolved};

    #[test]
    fn what_cannot_be_listened_on_is_refused_and_no_password_is_repeated() {
        for good in ["127.0.0.1:0", "[::1]:1883", "localhost:8070", "bench-2.local:1"] {
            check_broker_address(good).unwrap_or_else(|trouble| panic!("{good}: {trouble:?}"));
        }
        for bad in ["", "localhost", ":1", "127.0.0.1", "localhost:http", "a:65536", "mqtt://127.0.0.1:1", "a b:1"] {
            assert_eq!(
                check_address(bad).err().map(|trouble| trouble.code.clone()).as_deref(),
                Some("bad-address"),
                "{bad}"
            );
        }
        let trouble = check_broker_address("u:secret@127.0.0.1:1").err().map(|trouble| format!("{trouble:?}"));
        assert!(trouble.is_some_and(|text| text.contains("bad-broker-url") && !text.contains("secret")));
        let trouble = check_address("u:secret@127.0.0.1:1").err().map(|trouble| format!("{trouble:?}"));
        assert!(trouble.is_some_and(|text| text.contains("127.0.0.1:1") && !text.contains("secret")));
    }

    #[test]
    fn a_firmware_url_begins_with_what_a_device_can_ask() {
        for good in ["http://192.168.1.5:8070", "https://host/", "HTTP://host:1/a/b", "http://[::1]:80"] {
            check_prefix(good).unwrap_or_else(|trouble| panic!("{good}: {trouble:?}"));
        }
        for bad in [
            "",
            "nonsense",
            "192.168.1.5:8070",
            "http://",
            "http:///a",
            "ftp://host",
            "http://host:x",
            "http://a b",
            "http://host?a=1",
            "http://u:secret@host",
            "http://主机",
        ] {
            let trouble = check_prefix(bad).err().map(|trouble| format!("{trouble:?}"));
            assert!(trouble.is_some_and(|text| text.contains("bad-url-prefix") && !text.contains("secret")), "{bad}");
        }
    }

    #[test]
    fn a_name_of_this_computer_can_be_listened_on() {
        assert!(resolved("localhost:1883").parse::<std::net::SocketAddr>().is_ok());
        assert_eq!(resolved("0.0.0.0:1"), "0.0.0.0:1");
        assert_eq!(resolved("no such host:1"), "no such host:1");
    }

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
}
