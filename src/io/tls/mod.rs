//! TLS: our own authority, the listeners in front of broker and firmware server, and whom we trust ourselves.

mod authority;
mod certificates;
mod hello;
mod peers;
mod relay;
mod terminator;
mod trust;
mod verdict;
mod wire;

pub use authority::{Authority, folder_in};
pub use certificates::Certificates;
pub(super) use certificates::provider;
pub use peers::Peers;
pub use relay::Behind;
pub use terminator::{Limits, Terminator};
pub use trust::Trust;
pub(super) use verdict::{of_broker, tls_error};
