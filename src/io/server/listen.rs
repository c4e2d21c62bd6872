//! Takes a port, and says in plain words why it cannot be had.

use crate::event::Trouble;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

/// How many connections may wait to be accepted: a whole bench switched on at once.
const BACKLOG: i32 = 1_024;

/// Listens on `HOST:PORT`.
///
/// # Errors
/// `bad-address`, `address-in-use`, `address-not-available`, `permission-denied`, each with `address`, the first and any
/// other reason with `detail`.
pub(in crate::io) fn listen(address: &str) -> Result<TcpListener, Trouble> {
    let found = resolve(address)?;
    bind(found).map_err(|error| trouble(address, &error))
}

/// The first address a host name stands for.
fn resolve(address: &str) -> Result<SocketAddr, Trouble> {
    let bad = |detail: String| Trouble::new("bad-address").with("address", address).with("detail", detail);
    let mut found = address.trim().to_socket_addrs().map_err(|error| bad(error.to_string()))?;
    found.next().ok_or_else(|| bad(String::from("no such host")))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix this lets a port be taken again while old connections fade; on Windows it would let two servers share it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `[::]` is for devices with IPv4 addresses as well.
        socket.set_only_v6(false)?;
    }
    // Inherited by what is accepted, where the system does so: a small range must not wait for an acknowledgement.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn trouble(address: &str, error: &io::Error) -> Trouble {
    let code = match error.kind() {
        ErrorKind::AddrInUse => "address-in-use",
        ErrorKind::PermissionDenied => "permission-denied",
        _ => "address-not-available",
    };
    Trouble::new(code).with("address", address).with("detail", error)
}

#[cfg(test)]
mod tests {
    use super::listen;

    fn check(address: &str, code: &str) {
        let trouble = listen(address).expect_err(address);
        assert_eq!(trouble.code, code, "{address}");
        assert_eq!(trouble.arg("address"), Some(address));
    }

    #[test]
    fn an_address_that_cannot_be_had_says_why() {
        check("", "bad-address");
        check("8080", "bad-address");
        check("127.0.0.1", "bad-address");
        check("127.0.0.1:http", "bad-address");
        check("127.0.0.1:65536", "bad-address");
        check("192.0.2.1:0", "address-not-available");
        let taken = listen("127.0.0.1:0").expect("a free port");
        check(&taken.local_addr().expect("address").to_string(), "address-in-use");
    }
}
