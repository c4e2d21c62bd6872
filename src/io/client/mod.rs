//! The external broker: rumqttc on a thread of its own, connected again whenever the connection is lost.

mod connection;

use super::Inbox;
use super::broker_url::BrokerUrl;
use super::outbox::{self, Outbox, Sending};
use super::tls::Trust;
use crate::event::Trouble;
use connection::Connection;
use rumqttc::{AsyncClient, MqttOptions, QoS, TlsConfiguration, Transport};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use tokio::sync::Notify;

/// How long stopping may take. Only a thread that waits for room in the inbox needs any of it.
const GRACE: Duration = Duration::from_millis(500);
/// The largest packet, in bytes, either way.
const LARGEST_PACKET: usize = 16 * 1024 * 1024;
/// Messages the broker may owe an acknowledgement for.
const INFLIGHT: u16 = 1_000;

/// A connection to somebody else's broker, kept up until it is stopped or dropped.
pub struct Client {
    requests: AsyncClient,
    outbox: Arc<Outbox>,
    stop: Arc<Stop>,
    ended: Receiver<()>,
}

/// The wish to stop, for those who wait and for those who ask.
#[derive(Default)]
struct Stop {
    wanted: AtomicBool,
    wake: Notify,
}

impl Client {
    /// Connects to the broker at `url`, written `mqtt://user:password@host:port` or `mqtts://…`, and subscribes to
    /// `upstream_filters`. Whether that works out is told in facts. `trust` counts only over TLS.
    ///
    /// # Errors
    /// `bad-broker-url`, `broker-url-scheme`, `thread-not-started`; over TLS `bad-certificate-file`, `bad-key-file`,
    /// `no-system-ca`.
    pub fn start(url: &str, trust: &Trust, upstream_filters: Vec<String>, inbox: Inbox) -> Result<Self, Trouble> {
        let url = BrokerUrl::parse(url)?;
        let mut options = options(&url);
        set_transport(&mut options, &url, trust)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        let (requests, events) = AsyncClient::new(options, outbox::MOST_HELD);
        let (outbox, stop) = (Arc::new(Outbox::default()), Arc::new(Stop::default()));
        let (ended_sender, ended) = sync_channel::<()>(0);
        let connection = Connection {
            address: url.address(),
            filters: upstream_filters,
            inbox,
            outbox: Arc::clone(&outbox),
            stop: Arc::clone(&stop),
            events,
            unsent: Vec::new(),
            unacknowledged: HashMap::new(),
            connected: false,
        };
        std::thread::Builder::new()
            .name("mqtt client".into())
            .spawn(move || {
                runtime.block_on(connection.keep_up());
                drop(ended_sender);
            })
            .map_err(|error| Trouble::new("thread-not-started").with("detail", error))?;
        Ok(Self { requests, outbox, stop, ended })
    }

    /// Publishes as the cloud does, as soon as the broker can be reached. Never waits: without room the message is dropped,
    /// and a fact says so.
    pub fn publish(&self, message: impl Into<Sending>) {
        // The outbox remembers what the requests hold, so that what went out can be told in full.
        self.outbox.put(message.into(), |Sending { message, retain, .. }| {
            let payload = message.payload.as_slice();
            self.requests.try_publish(message.topic.as_str(), qos(message.qos), *retain, payload).is_ok()
        });
    }

    /// Leaves the broker.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.wanted.store(true, Ordering::Release);
        self.stop.wake.notify_one();
        // The thread never sends: it lets go of its end when it is done. Whoever drops us may be the reader of a full
        // inbox that the thread waits for, so this must not wait for ever.
        let _ = self.ended.recv_timeout(GRACE);
    }
}

/// The `QoS` of that number; there are no others.
pub(super) const fn qos(number: u8) -> QoS {
    match number {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

/// Has the broker talked to over TLS, if its URL says so.
pub(super) fn set_transport(options: &mut MqttOptions, url: &BrokerUrl, trust: &Trust) -> Result<(), Trouble> {
    if url.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(trust.client_config()?)));
    }
    Ok(())
}

/// The host as rumqttc wants it: with brackets in an address, without in a name to be verified.
pub(super) fn host(url: &BrokerUrl) -> &str {
    if url.tls { url.bare_host() } else { &url.host }
}

fn options(url: &BrokerUrl) -> MqttOptions {
    let mut options = MqttOptions::new(client_id(), host(url), url.port);
    options
        .set_clean_session(true)
        .set_keep_alive(Duration::from_secs(30))
        .set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET)
        .set_inflight(INFLIGHT);
    if let Some((user, password)) = &url.credentials {
        options.set_credentials(user.as_str(), password.as_str());
    }
    options
}

/// A client id no other workbench on the same broker has.
pub(super) fn client_id() -> String {
    let mut random = [0; 8];
    if getrandom::fill(&mut random).is_err() {
        random[..4].copy_from_slice(&std::process::id().to_be_bytes());
    }
    random.iter().fold("ota-workbench-".to_owned(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
