//! Adapters: the only place for sockets, ports, files, clocks and threads.

pub mod build_file;
mod inbox;
pub mod serial;

pub use inbox::{Inbox, InboxClosed, Input};
