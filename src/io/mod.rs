//! Adapters: the only place for sockets, ports, files, clocks and threads.

pub mod build_file;
pub mod broker;
pub mod client;
mod inbox;
mod outbox;
pub mod server;

pub use inbox::{Inbox, InboxClosed, Input};
