//! How the broker is set up: limits a bench never meets, and troubles in words of the trade.

use crate::event::Trouble;
use rmqtt::net::{Builder, Listener};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// The longest client id let in, in bytes. Alibaba Cloud's reach 140.
pub(super) const LONGEST_CLIENT_ID: usize = 1_024;
/// The largest packet, in bytes: firmware in one message, with room to spare.
const LARGEST_PACKET: u32 = 16 * 1024 * 1024;
/// Messages that may wait for one client.
const LONGEST_QUEUE: usize = 1_000_000;
/// How long a device that stopped reading is waited for: an engineer at a breakpoint takes his time.
const SEND_TIMEOUT: Duration = Duration::from_mins(5);
/// How long a persistent session outlives its connection.
const SESSION_EXPIRY: Duration = Duration::from_hours(30 * 24);

/// How many threads of a runtime there are; its shutdown does not say whether all have ended.
#[derive(Default)]
pub(super) struct Threads {
    alive: Mutex<usize>,
    ended: Condvar,
}

impl Threads {
    fn count(&self, change: impl FnOnce(&mut usize)) {
        change(&mut self.alive.lock().unwrap_or_else(PoisonError::into_inner));
        self.ended.notify_all();
    }

    /// Waits for the last one to end, at most so long if a limit is given. Whether it has.
    pub(super) fn wait_for_end(&self, at_most: Option<Duration>) -> bool {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match at_most {
            Some(at_most) => {
                let waited = self.ended.wait_timeout_while(alive, at_most, |alive| *alive > 0);
                *waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => *self.ended.wait_while(alive, |alive| *alive > 0).unwrap_or_else(PoisonError::into_inner),
        };
        left == 0
    }
}

/// The broker's own runtime.
pub(super) fn runtime(threads: &Arc<Threads>) -> io::Result<Runtime> {
    let (started, ended) = (Arc::clone(threads), Arc::clone(threads));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("broker-worker")
        .on_thread_start(move || started.count(|alive| *alive += 1))
        .on_thread_stop(move || ended.count(|alive| *alive -= 1))
        .enable_io()
        .enable_time()
        .build()
}

/// Binds `address`, and says which one it became.
pub(super) fn bind(address: &str, runtime: &Runtime) -> Result<(Listener, SocketAddr), Trouble> {
    let wanted: SocketAddr =
        address.parse().map_err(|_| Trouble::new("bad-address").with("address", fit_to_tell(address)))?;
    let _inside = runtime.enter();
    let bound = builder(wanted).bind().and_then(Listener::tcp).and_then(|listener| {
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    });
    bound.map_err(|error| match error.downcast::<io::Error>() {
        Ok(error) => refused(address, &error),
        Err(error) => Trouble::new("broker-not-started").with("address", address).with("detail", error),
    })
}

/// What was typed as an address; with an `@` it may be a URL with a password in it, which nobody is told.
fn fit_to_tell(address: &str) -> &str {
    if address.contains('@') { "…" } else { address }
}

/// The broker could not be started, for a reason of the system's own.
pub(super) fn not_started(address: &str, error: &io::Error) -> Trouble {
    Trouble::new("broker-not-started").with("address", fit_to_tell(address)).with("detail", error)
}

fn refused(address: &str, error: &io::Error) -> Trouble {
    let code = match error.kind() {
        io::ErrorKind::AddrInUse => "address-in-use",
        io::ErrorKind::AddrNotAvailable => "address-not-available",
        io::ErrorKind::PermissionDenied => "permission-denied",
        _ => return not_started(address, error),
    };
    Trouble::new(code).with("address", address)
}

fn builder(address: SocketAddr) -> Builder {
    Builder::new()
        .name("ota-workbench")
        .laddr(address)
        // Elsewhere it only lets a port be taken again at once; on Windows it would let two programs share one.
        .reuseaddr(Some(cfg!(not(windows))))
        .nodelay(true)
        // Everybody is asked at our own door.
        .allow_anonymous(false)
        .max_clientid_len(LONGEST_CLIENT_ID)
        .max_packet_size(LARGEST_PACKET)
        .max_mqueue_len(LONGEST_QUEUE)
        .max_inflight(NonZeroU16::MAX)
        .send_timeout(SEND_TIMEOUT)
        .session_expiry_interval(SESSION_EXPIRY)
        // A push that is sent again starts a second download in real devices. With the retry at zero rmqtt falls back
        // on the expiry interval, so both are zero; that also means messages and retained ones do not expire.
        .message_retry_interval(Duration::ZERO)
        .message_expiry_interval(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::{Arc, bind, refused, runtime};
    use std::io;

    fn check(kind: io::ErrorKind, code: &str) {
        let trouble = refused("1.2.3.4:1883", &io::Error::from(kind));
        assert_eq!((&*trouble.code, trouble.arg("address")), (code, Some("1.2.3.4:1883")));
    }

    #[test]
    fn a_refused_address_says_why() {
        check(io::ErrorKind::AddrInUse, "address-in-use");
        check(io::ErrorKind::AddrNotAvailable, "address-not-available");
        check(io::ErrorKind::PermissionDenied, "permission-denied");
        check(io::ErrorKind::OutOfMemory, "broker-not-started");
    }

    #[test]
    fn an_address_that_is_none_is_named_as_typed() {
        let trouble = bind("localhost", &runtime(&Arc::default()).expect("a runtime")).err().expect("no such address");
        assert_eq!((&*trouble.code, trouble.arg("address")), ("bad-address", Some("localhost")));
        let trouble = bind("user:secret@localhost:1883", &runtime(&Arc::default()).expect("a runtime"))
            .err()
            .expect("no such address");
        assert_eq!((&*trouble.code, trouble.arg("address")), ("bad-address", Some("…")));
    }

    #[test]
    fn an_address_of_another_machine_is_not_available() {
        let trouble = bind("192.0.2.1:0", &runtime(&Arc::default()).expect("a runtime")).err().expect("not ours");
        assert_eq!(trouble.code, "address-not-available");
    }
}
