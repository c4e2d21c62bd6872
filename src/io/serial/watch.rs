//! Keeps the list of serial ports up to date without anybody waiting for it.

use super::ports::{PortName, available_ports};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the system is asked: a board that is plugged in is there before the hand is back at the mouse.
const PERIOD: Duration = Duration::from_secs(2);

/// The serial ports as last looked up.
pub struct PortWatch {
    known: Arc<Mutex<Vec<PortName>>>,
    look: SyncSender<()>,
}

impl PortWatch {
    /// Begins to look; `wake` is called when the list has changed. Ends when it is dropped.
    #[must_use]
    pub fn start(wake: Box<dyn Fn() + Send>) -> Self {
        let known: Arc<Mutex<Vec<PortName>>> = Arc::default();
        let (look, asked) = sync_channel(1);
        let shared = Arc::clone(&known);
        let looking = move || {
            loop {
                let found = available_ports();
                let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if *known != found {
                    *known = found;
                    wake();
                }
                drop(known);
                if matches!(asked.recv_timeout(PERIOD), Err(RecvTimeoutError::Disconnected)) {
                    return;
                }
            }
        };
        // Without the thread the list stays empty, and a port can still be opened by its name.
        let _ = std::thread::Builder::new().name("serial ports".into()).spawn(looking);
        Self { known, look }
    }

    /// The list as last looked up.
    #[must_use]
    pub fn known(&self) -> Vec<PortName> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks for a look now.
    pub fn look(&self) {
        // One that is already asked for is as good.
        let _ = self.look.try_send(());
    }
}
