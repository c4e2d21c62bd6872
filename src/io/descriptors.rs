//! How many sockets and files this process may have open: a whole bench of devices needs more than systems allow at first.

/// As many as a bench needs: a thousand devices, each with two connections, and room for more.
#[cfg(unix)]
const WANTED: u64 = 8_192;

/// Raises the limit as far as it is needed and allowed. What the system does not allow shows when a connection is refused.
#[cfg(unix)]
pub fn raise_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < WANTED
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, WANTED.min(hard), hard);
    }
}

/// Windows has no such limit.
#[cfg(not(unix))]
pub const fn raise_limit() {}
