//! A simulated device against a real broker and a real firmware server: the brain of `device` with hands.

mod fetch;
mod link;
mod worker;

use crate::device::{Behaviour, Ending};
use crate::dialect::{Dialect, SignMethod};
use crate::event::{DeviceId, Secret, Trouble};
use crate::io::broker_url::BrokerUrl;
use crate::io::tls::Trust;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use worker::{Input, Worker};

/// How many inputs may wait for the device. Keys typed beyond it are lost, as on a real UART.
const QUEUED_INPUTS: usize = 256;
/// How long stopping waits for a polite goodbye; it takes some milliseconds unless the broker is gone.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a simulated device is to be.
pub struct SimulatorOptions {
    /// `mqtt://host:port` or `mqtts://host:port`; a user name and password in it go before the dialect's.
    pub broker_url: String,
    /// Whom it trusts over TLS.
    pub trust: Trust,
    /// Who it is.
    pub device: DeviceId,
    /// How its cloud is spelt.
    pub dialect: &'static dyn Dialect,
    /// The version it runs at first.
    pub version: String,
    /// The device secret; may be empty where none is checked.
    pub secret: Secret,
    /// How it signs, on a cloud where devices do; the dialect's own way when absent.
    pub sign: Option<SignMethod>,
    /// Fail every upgrade with this code.
    pub fail_with: Option<i64>,
    /// Sign in with this product secret first, to be told the device secret.
    pub product_secret: Option<Secret>,
    /// What it does otherwise than it should.
    pub behaviour: Option<Behaviour>,
    /// Bytes a second to download; 0 is as fast as possible. See [`crate::device::Profile::WATCHABLE_PACE`].
    pub pace: u64,
    /// End after one upgrade, or when the broker does not accept the user name or password.
    pub once: bool,
}

/// A simulated device that is switched on. Dropping it switches it off.
pub struct Simulator {
    inputs: SyncSender<Input>,
    stopping: Arc<AtomicBool>,
    ending: Mutex<Receiver<Result<Ending, Trouble>>>,
    finished: Mutex<Receiver<()>>,
}

impl Simulator {
    /// Switches a device on. It keeps trying to reach its broker; what it prints goes to `console`, on the device's own thread.
    ///
    /// # Errors
    /// `bad-broker-url`, `broker-url-scheme`, or `thread-not-started` when the system gives no thread; over TLS
    /// `bad-certificate-file`, `bad-key-file`, `no-system-ca`.
    pub fn start(options: SimulatorOptions, console: impl FnMut(&[u8]) + Send + 'static) -> Result<Self, Trouble> {
        let broker = BrokerUrl::parse(&options.broker_url)?;
        if broker.tls {
            options.trust.client_config()?;
        }
        let (inputs, queue) = sync_channel(QUEUED_INPUTS);
        let (tell_ending, ending) = sync_channel(1);
        let (holding, finished) = sync_channel(0);
        let stopping = Arc::new(AtomicBool::new(false));

        let name = format!("device {}", options.device);
        let worker = Worker::new(options, broker, Box::new(console), inputs.clone(), stopping.clone())?;
        named(name, move || {
            if let Some(ending) = worker.run(&queue) {
                // The queue holds one, and one is all there ever is.
                let _ = tell_ending.try_send(ending);
            }
            drop(holding);
        })?;
        Ok(Self { inputs, stopping, ending: Mutex::new(ending), finished: Mutex::new(finished) })
    }

    /// Types at the device's console.
    pub fn console_input(&self, bytes: &[u8]) {
        // A device that does not come to reading loses keys, like a UART without flow control.
        let _ = self.inputs.try_send(Input::Typed(bytes.to_vec()));
    }

    /// Waits, at most so long, until a device started with `once` has ended its upgrade; nothing when it has not.
    ///
    /// # Errors
    /// `broker-refused-password`: the broker does not let this device in; `broker-untrusted` and its like: TLS does not
    /// come about.
    pub fn wait_for(&self, at_most: Duration) -> Option<Result<Ending, Trouble>> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(at_most).ok()
    }

    /// Switches the device off, with a goodbye to its broker.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        // When the queue is full the device is awake anyway.
        let _ = self.inputs.try_send(Input::Stop);
        // Not a join: the console's reader may be the very thread that waits here.
        let _ = self.finished.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(GOODBYE);
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts a thread that says what it does.
fn named(name: String, work: impl FnOnce() + Send + 'static) -> Result<(), Trouble> {
    let started = std::thread::Builder::new().name(name).spawn(work);
    started.map(drop).map_err(|error| Trouble::new("thread-not-started").with("detail", error))
}
