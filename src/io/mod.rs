//! Adapters: the only place for sockets, ports, files, clocks and threads.

mod inbox;
pub mod serial;

pub use inbox::{Inbox, InboxClosed, Input};
