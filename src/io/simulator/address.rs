//! Where a broker is: `mqtt://host:port`.

use crate::event::Trouble;

const DEFAULT_PORT: u16 = 1883;

/// A broker's host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

/// Reads a broker's address. The scheme and the port may be left out.
pub(super) fn read(url: &str) -> Result<Address, Trouble> {
    let rest = url.strip_prefix("mqtt://").or_else(|| url.strip_prefix("tcp://")).unwrap_or(url);
    host_and_port(rest.trim_end_matches('/'))
        .ok_or_else(|| Trouble::new("broker-address-malformed").with("address", url))
}

fn host_and_port(text: &str) -> Option<Address> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok().filter(|port| *port != 0)?),
        _ => (text, DEFAULT_PORT),
    };
    // An IPv6 address stands in brackets, or its colons would read as a port.
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && !host.contains(['/', '@', '[', ']', ' ']);
    is_host.then(|| Address { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::{Address, read};

    fn check(url: &str, expected: Option<(&str, u16)>) {
        let expected = expected.map(|(host, port)| Address { host: host.to_owned(), port });
        assert_eq!(read(url).ok(), expected, "{url}");
    }

    #[test]
    fn a_broker_is_found_however_its_address_is_written() {
        check("mqtt://127.0.0.1:1884", Some(("127.0.0.1", 1884)));
        check("mqtt://bench.local", Some(("bench.local", 1883)));
        check("mqtt://bench.local/", Some(("bench.local", 1883)));
        check("localhost:18830", Some(("localhost", 18830)));
        check("tcp://[::1]:1883", Some(("::1", 1883)));
        check("[::1]", Some(("::1", 1883)));
        check("mqtts://a:1", None);
        check("mqtt://a:port", None);
        check("mqtt://a:0", None);
        check("mqtt://", None);
        check("mqtt://:1883", None);
    }
}
