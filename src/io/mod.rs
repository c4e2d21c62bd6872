//! Adapters: the only place for sockets, ports, files, clocks and threads.

mod inbox;
#[cfg(unix)]
pub mod pty;
#[cfg(not(unix))]
#[path = "pty_elsewhere.rs"]
pub mod pty;
pub mod serial;
pub mod simulator;

pub use inbox::{Inbox, InboxClosed, Input};
