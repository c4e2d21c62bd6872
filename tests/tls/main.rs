//! TLS on real sockets: what devices that speak it get, and what those that do not are told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

#[path = "../mqtt/mod.rs"]
mod mqtt;
#[path = "../program/mod.rs"]
mod program;

mod bench;
mod client;
mod commands;
mod handshake;
mod service;
mod session;
