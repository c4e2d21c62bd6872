//! Under which address others reach what listens here.

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
    use super::{reachable_from_outside, reachable_here};

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
