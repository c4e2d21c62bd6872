//! Keeps the lists of serial ports and network interfaces up to date without anybody waiting for them.

use super::network::{Interface, interfaces};
use super::serial::{PortName, available_ports};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the system is asked: a board that is plugged in is there before the hand is back at the mouse.
const PERIOD: Duration = Duration::from_secs(2);

/// What this machine has to reach a device by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugged {
    /// Serial ports.
    pub ports: Vec<PortName>,
    /// Network interfaces with an address.
    pub interfaces: Vec<Interface>,
}

/// A standing look at what is plugged in.
pub struct Watch {
    known: Arc<Mutex<Plugged>>,
    look: SyncSender<()>,
}

impl Watch {
    /// Begins to look; `wake` is called when something has changed. Ends when it is dropped.
    #[must_use]
    pub fn start(wake: Box<dyn Fn() + Send>) -> Self {
        let known: Arc<Mutex<Plugged>> = Arc::default();
        let (look, asked) = sync_channel(1);
        let shared = Arc::clone(&known);
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
                if matches!(asked.recv_timeout(PERIOD), Err(RecvTimeoutError::Disconnected)) {
                    return;
                }
            }
        };
        // Without the thread the lists stay empty; a port can still be opened by its name, an address be typed.
        let _ = std::thread::Builder::new().name("plugged in".into()).spawn(looking);
        Self { known, look }
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
}
