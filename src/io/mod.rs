//! Adapters: the only place for sockets, ports, files, clocks and threads.

pub mod broker;
pub mod build_file;
pub mod client;
mod inbox;
mod outbox;
pub mod serial;
pub mod server;

pub use inbox::{Inbox, InboxClosed, Input};
