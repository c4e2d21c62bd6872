//! The embedded broker: rmqtt on a thread and a runtime of its own, telling the session everything that happens.

mod admission;
mod dollar;
mod extensions;
mod faults;
mod hooks;
mod presence;
mod reason;
mod routes;
mod settings;

use super::outbox::{Outbox, Sending};
use super::tls::Peers;
use super::{Inbox, Keyring};
use crate::dialect::Outgoing;
use crate::event::{ClientName, DeviceId, Trouble};
use admission::Admission;
use faults::Faults;
pub use faults::LostAck;
use hooks::Witness;
use presence::Presence;
use rmqtt::codec::types::{Publish, QoS};
use rmqtt::context::ServerContext;
use rmqtt::net::Listener;
use rmqtt::server::MqttServer;
use rmqtt::session::SessionState;
use rmqtt::types::From;
use settings::Threads;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// How long stopping may take. Only a hook that waits for room in the inbox needs any of it.
const GRACE: Duration = Duration::from_millis(500);

/// Topic filters for a client, from its client id and its user name.
pub type Implicit = Box<dyn Fn(&str, Option<&str>) -> Vec<String> + Send + Sync>;

/// What a client id and a user name stand for, as the dialects see it.
pub struct Rules {
    /// What the cloud subscribes for a client by itself.
    pub implicit: Implicit,
    /// The secrets devices sign in with.
    pub keyring: Arc<Keyring>,
}

/// A running broker. It stops when it is dropped.
pub struct Broker {
    address: SocketAddr,
    peers: Arc<Peers>,
    faults: Faults,
    outbox: Arc<Outbox>,
    ready: Arc<Notify>,
    stop: Arc<Notify>,
    ended: Receiver<()>,
}

impl Broker {
    /// Takes connections on `address`, written `ip:port`; port 0 picks a free one.
    ///
    /// # Errors
    /// `bad-address`, `address-in-use`, `address-not-available`, `permission-denied` or `broker-not-started`, each with
    /// the address.
    pub fn start(address: &str, rules: Rules, inbox: Inbox) -> Result<Self, Trouble> {
        let threads = Arc::default();
        let runtime = settings::runtime(&threads).map_err(|error| settings::not_started(address, &error))?;
        let (listener, bound) = settings::bind(address, &runtime)?;
        let (ended_sender, ended) = sync_channel(0);
        let (outbox, ready, stop) = (Arc::new(Outbox::default()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (peers, faults) = (Arc::<Peers>::default(), Faults::default());
        let admission =
            Admission::new(Arc::clone(&rules.keyring), bound, Arc::clone(&peers), faults.clone(), inbox.clone());
        let cloud = Cloud {
            inbox,
            admission,
            faults: faults.clone(),
            outbox: Arc::clone(&outbox),
            ready: Arc::clone(&ready),
            stop: Arc::clone(&stop),
        };
        std::thread::Builder::new()
            .name("broker".into())
            .spawn(move || run((runtime, &threads), listener, rules, cloud, ended_sender))
            .map_err(|error| settings::not_started(address, &error))?;
        Ok(Self { address: bound, peers, faults, outbox, ready, stop, ended })
    }

    /// Where it takes connections, the port it picked included.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it looks up who is behind a connection that was relayed to it.
    #[must_use]
    pub const fn peers(&self) -> &Arc<Peers> {
        &self.peers
    }

    /// Publishes as the cloud does. Never waits: without room the message is dropped, and a fact says so.
    pub fn publish(&self, message: impl Into<Sending>) {
        self.outbox.put(message.into(), |_| true);
        self.ready.notify_one();
    }

    /// Ends a device's connection, whatever it is connected as, and turns its sign-ins away for so long.
    pub fn turn_away(&self, device: DeviceId, client: Option<ClientName>, away: Duration) {
        self.faults.turn_away(device, client, away);
        self.ready.notify_one();
    }

    /// Loses the next acknowledgement of this kind: its message is sent again as a repeat, and a fact says so.
    pub fn lose_ack(&self, lost: LostAck) {
        self.faults.lose_ack(lost);
    }

    /// Stops the broker: its clients are cut off and its port is free when this returns.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop.notify_one();
        // The thread never sends: it lets go of its end when it is done. Whoever drops us may be the reader of a full
        // inbox that a hook waits for, so this must not wait for ever.
        let _ = self.ended.recv_timeout(GRACE * 3);
    }
}

/// What the broker's thread needs to speak for the cloud.
struct Cloud {
    inbox: Inbox,
    admission: Admission,
    faults: Faults,
    outbox: Arc<Outbox>,
    ready: Arc<Notify>,
    stop: Arc<Notify>,
}

/// The broker's thread, from the first connection to the last.
fn run((runtime, threads): (Runtime, &Threads), listener: Listener, rules: Rules, cloud: Cloud, ended: SyncSender<()>) {
    let presence = Arc::new(Presence::new(cloud.inbox.clone(), cloud.admission.clone()));
    let context = runtime.block_on(assemble(rules, &cloud, &presence));
    let server = MqttServer::new(context.clone()).listener_by_id(listener, 1).build();
    runtime.block_on(async {
        tokio::select! {
            () = cloud.stop.notified() => {}
            _ = server.run() => {}
            () = cloud.speak(&context, &presence) => {}
        }
    });
    // Sessions are tasks of their own and outlive the server; only the end of the runtime ends them.
    runtime.shutdown_timeout(GRACE);
    cloud.faults.end();
    drop(cloud);
    let mut ended = Some(ended);
    if !threads.wait_for_end(Some(GRACE)) {
        // A hook still waits for room in the inbox: whoever stops us waits no longer, but nothing is taken apart under it.
        ended = None;
        threads.wait_for_end(None);
    }
    extensions::let_go(context, presence);
    drop(ended);
}

/// The broker's inside, with everything of ours plugged in.
async fn assemble(rules: Rules, cloud: &Cloud, presence: &Arc<Presence>) -> ServerContext {
    let context = ServerContext::new().busy_check_enable(false).build().await;
    extensions::plug_in(&context, rules, &cloud.inbox).await;
    cloud.faults.begin(&context);
    cloud.admission.register(&context).await;
    let witness =
        Witness::new(cloud.inbox.clone(), Arc::clone(presence), cloud.admission.clone(), cloud.faults.clone());
    witness.register(&context).await;
    context
}

impl Cloud {
    /// Publishes what the session asks for, in its order.
    async fn speak(&self, context: &ServerContext, presence: &Presence) {
        let cloud = From::from_system(extensions::cloud_id(context));
        loop {
            self.ready.notified().await;
            for fact in self.outbox.take_drops("broker") {
                let _ = self.inbox.fact_from_runtime(fact);
            }
            while let Some(message) = self.outbox.take() {
                self.publish(context, cloud.clone(), message).await;
            }
            for leaver in self.faults.take_leavers() {
                presence.cut_off(context, |id| leaver.is(id)).await;
            }
        }
    }

    async fn publish(&self, context: &ServerContext, cloud: From, sending: Sending) {
        let Sending { message: Outgoing { topic, payload, qos }, told, retain, receipt } = sending;
        let publish = Publish {
            dup: false,
            retain,
            qos: match qos {
                0 => QoS::AtMostOnce,
                1 => QoS::AtLeastOnce,
                _ => QoS::ExactlyOnce,
            },
            topic: topic.as_str().into(),
            packet_id: None,
            payload: payload.into(),
            properties: None,
        };
        // Told first, or a quick client's delivery would stand before the message it delivers.
        let _ = self.inbox.fact_from_runtime(told);
        // Cannot fail without a message store; what becomes of the message comes back through the hooks.
        let _ = SessionState::forwards(context, cloud, publish.into(), false, None).await;
        if let Some(receipt) = receipt {
            receipt.went_out();
        }
    }
}
