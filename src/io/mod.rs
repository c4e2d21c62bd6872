//! Adapters: the only place for sockets, ports, files, clocks and threads.

pub mod bench_file;
mod bench_file_port;
mod bench_file_save;
pub mod broker;
pub mod build_file;
pub mod captures;
pub mod client;
mod clock;
pub mod console;
mod descriptors;
pub mod dialog;
mod ending;
pub mod folder;
mod inbox;
mod keyring;
pub mod keys;
mod latest;
pub mod network;
mod new_file;
mod outbox;
#[cfg(unix)]
pub mod pty;
#[cfg(not(unix))]
#[path = "pty_elsewhere.rs"]
pub mod pty;
mod recorder;
pub mod remember;
pub mod replaying;
pub mod sample;
pub mod serial;
pub mod server;
pub mod session;
mod shelf;
mod simulated;
pub mod simulator;
mod tail;
pub mod tls;
mod watch;
mod worker;

pub use crate::bench::broker_url;
pub use clock::{Clock, local_time, utc_offset_secs};
pub use descriptors::raise_limit;
pub use ending::end_after;
pub use inbox::{Inbox, InboxClosed, InboxReader, Input};
pub use keyring::Keyring;
pub use latest::Latest;
pub use network::Interface;
pub use new_file::{NewFile, save_test_case};
pub use shelf::Prepared;
pub use tail::{Batch, Waker};
pub use watch::{Plugged, Watch};
