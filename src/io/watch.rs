//! Keeps the lists of serial ports and network interfaces up to date without anybody waiting for them.

use super::network::{Interface, interfaces};
use super::serial::available_ports;
use crate::bench::PluggedPort;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the system is asked while somebody waits for a board: it is there before the hand is back at the mouse.
const PERIOD: Duration = Duration::from_secs(1);
/// How often it is asked otherwise: a list that is opened is to be right, and a look takes a millisecond or two.
const IDLE: Duration = Duration::from_secs(3);

/// What this machine has to reach a device by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugged {
    /// Serial ports.
    pub ports: Vec<PluggedPort>,
    /// Network interfaces with an address.
    pub interfaces: Vec<Interface>,
}

/// A look at what is plugged in: every few seconds, whenever it is asked for, and each second while it is watched.
pub struct Watch {
    known: Arc<Mutex<Plugged>>,
    watched: Arc<AtomicBool>,
    look: SyncSender<()>,
}

impl Watch {
    /// Looks; `wake` is called when something has changed. Ends when it is dropped.
    #[must_use]
    pub fn start(wake: Box<dyn Fn() + Send>) -> Self {
        let known: Arc<Mutex<Plugged>> = Arc::default();
        let watched = Arc::<AtomicBool>::default();
        let (look, asked) = sync_channel(1);
        let (shared, all_the_time) = (Arc::clone(&known), Arc::clone(&watched));
        let looking = move || {
            loop {
                let found = Plugged { ports: available_ports(), interfaces: interfaces() };
                let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
                let changed = *known != found;
                *known = found;
                drop(known);
                if changed {
                    wake();
                }
                let pause = if all_the_time.load(Ordering::Acquire) { PERIOD } else { IDLE };
                if matches!(asked.recv_timeout(pause), Err(RecvTimeoutError::Disconnected)) {
                    return;
                }
            }
        };
        // Without the thread the lists stay empty; a port can still be opened by its name, an address be typed.
        let _ = std::thread::Builder::new().name("plugged in".into()).spawn(looking);
        Self { known, watched, look }
    }

    /// What was there at the last look.
    #[must_use]
    pub fn known(&self) -> Plugged {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a look now.
    pub fn look(&self) {
        // One that is already asked for is as good.
        let _ = self.look.try_send(());
    }

    /// Whether to look each second from now on.
    pub fn watch(&self, watched: bool) {
        if self.watched.swap(watched, Ordering::AcqRel) != watched && watched {
            self.look();
        }
    }
}
