//! Where packets come from and go to, where nobody recorded it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where a server is, and where others are, whose addresses are not known (RFC 5737, RFC 3849).
pub(super) const SOMEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub(super) const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));
pub(super) const ELSEWHERE_6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 2));

/// The ports of the two without TLS.
pub(super) const MQTT: u16 = 1_883;
pub(super) const HTTP: u16 = 80;

/// `10.0.0.1:1883`, `10.0.0.1`, or a name, whose address nobody recorded.
pub(super) fn place_of(place: &str, otherwise: u16) -> SocketAddr {
    let bare = place.trim_start_matches('[').trim_end_matches(']');
    let port = || place.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(otherwise);
    let known = place.parse().ok().or_else(|| Some(SocketAddr::new(bare.parse().ok()?, otherwise)));
    known.unwrap_or_else(|| SocketAddr::new(SOMEWHERE, port()))
}
