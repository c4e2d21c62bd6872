//! One boot's connection to the broker, on a thread of its own.

use super::named;
use crate::dialect::{Credentials, Outgoing};
use crate::event::Trouble;
use crate::io::broker_url::BrokerUrl;
use crate::io::client;
use crate::io::tls::{self, Trust};
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions, Packet, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

/// How many messages may wait for the broker; with it away for long, later ones are lost, as a device loses them.
const QUEUED_MESSAGES: usize = 256;
/// How many messages rumqttc holds unsent; its own queue is larger, so that putting one there never fails.
const IN_HAND: usize = 32;
const LARGEST_PACKET: usize = 256 * 1024;
/// How long the last words may take to be acknowledged.
const LAST_WORDS: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// What becomes of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LinkEvent {
    /// Signed in and subscribed.
    Connected,
    /// Not connected, for this reason; it is tried again.
    Disconnected(String),
    /// The broker does not accept who we say we are; it is tried again all the same.
    Refused(Trouble),
    /// A message came.
    Heard { topic: String, payload: Vec<u8> },
}

/// Who connects where, and to hear what.
pub(super) struct LinkOptions {
    pub(super) name: String,
    pub(super) broker: BrokerUrl,
    pub(super) trust: Trust,
    pub(super) credentials: Credentials,
    pub(super) subscriptions: Vec<String>,
}

/// A connection that is kept up until it is cut or left.
pub(super) struct Link {
    outbox: mpsc::Sender<Outgoing>,
    end: oneshot::Sender<End>,
    finished: Receiver<()>,
}

/// How a connection ends, in both cases after the last words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Without a word, as a reset does.
    Cut,
    /// With a DISCONNECT.
    Goodbye,
}

impl Link {
    /// Begins to connect. `tell` hears what becomes of it, on the link's thread.
    pub(super) fn open(options: LinkOptions, tell: impl FnMut(LinkEvent) + Send + 'static) -> Result<Self, Trouble> {
        let failed = |error: std::io::Error| Trouble::new("thread-not-started").with("detail", error);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (outbox, messages) = mpsc::channel(QUEUED_MESSAGES);
        let (end, ending) = oneshot::channel();
        let (holding, finished) = sync_channel(0);
        let name = format!("mqtt {}", options.name);
        let session = Session::new(options, messages, Box::new(tell))?;
        named(name, move || {
            runtime.block_on(session.run(ending));
            drop(holding);
        })?;
        Ok(Self { outbox, end, finished })
    }

    /// Queues a message; `false` when the queue is full and the message lost.
    pub(super) fn say(&self, message: Outgoing) -> bool {
        self.outbox.try_send(message).is_ok()
    }

    /// Ends the connection and waits until it has ended, though not for ever.
    pub(super) fn end(self, how: End) {
        let _ = self.end.send(how);
        let _ = self.finished.recv_timeout(LAST_WORDS * 3 / 2);
    }
}

struct Session {
    client: AsyncClient,
    events: EventLoop,
    messages: mpsc::Receiver<Outgoing>,
    subscriptions: Vec<String>,
    tell: Box<dyn FnMut(LinkEvent) + Send>,
    connected: bool,
    /// Messages handed to rumqttc and not on the wire yet.
    unsent: usize,
    /// Messages on the wire and not acknowledged yet.
    unacknowledged: usize,
    pause: Duration,
    /// The broker's, for troubles.
    address: String,
}

impl Session {
    fn new(
        options: LinkOptions,
        messages: mpsc::Receiver<Outgoing>,
        tell: Box<dyn FnMut(LinkEvent) + Send>,
    ) -> Result<Self, Trouble> {
        let LinkOptions { broker, trust, credentials, subscriptions, .. } = options;
        let address = broker.address();
        let mut mqtt = MqttOptions::new(credentials.client_id, client::host(&broker), broker.port);
        client::set_transport(&mut mqtt, &broker, &trust)?;
        // What stands in the URL was typed for this very broker.
        let (username, password) = broker.credentials.unwrap_or((credentials.username, credentials.password));
        mqtt.set_credentials(username, password)
            .set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET)
            .set_clean_session(true);
        let (client, mut events) = AsyncClient::new(mqtt, IN_HAND * 2);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        events.set_network_options(network);
        let pause = FIRST_PAUSE;
        let (connected, unsent, unacknowledged) = (false, 0, 0);
        Ok(Self { client, events, messages, subscriptions, tell, connected, unsent, unacknowledged, pause, address })
    }

    async fn run(mut self, mut ending: oneshot::Receiver<End>) {
        loop {
            tokio::select! {
                how = &mut ending => return self.finish(how.unwrap_or(End::Cut)).await,
                event = self.events.poll() => match event {
                    Ok(event) => self.take_in(event),
                    Err(error) => {
                        self.lose(&error);
                        tokio::select! {
                            // Nothing can be said any more, not even goodbye.
                            _ = &mut ending => return,
                            () = sleep(self.pause) => self.pause = (self.pause * 2).min(LONGEST_PAUSE),
                        }
                    }
                },
                // Not before the broker listens: rumqttc forgets what it holds when a session is new.
                Some(message) = self.messages.recv(), if self.connected && self.unsent < IN_HAND => self.publish(message),
            }
        }
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) if self.subscriptions.is_empty() => self.arrive(),
            Event::Incoming(Packet::ConnAck(_)) => self.subscribe(),
            Event::Incoming(Packet::SubAck(answer)) => {
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                    (self.tell)(LinkEvent::Disconnected("the broker refused a subscription".to_owned()));
                } else {
                    self.arrive();
                }
            }
            Event::Incoming(Packet::Publish(message)) => {
                (self.tell)(LinkEvent::Heard { topic: message.topic, payload: message.payload.to_vec() });
            }
            Event::Incoming(Packet::PubAck(_)) => self.unacknowledged = self.unacknowledged.saturating_sub(1),
            Event::Outgoing(rumqttc::Outgoing::Publish(id)) => {
                self.unsent = self.unsent.saturating_sub(1);
                // Packet id 0 is QoS 0, which nobody acknowledges.
                self.unacknowledged += usize::from(id != 0);
            }
            _ => {}
        }
    }

    fn subscribe(&mut self) {
        let filters = self.subscriptions.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
        // Its queue is empty: nothing is handed over before the subscription is acknowledged.
        let _ = self.client.try_subscribe_many(filters);
    }

    fn arrive(&mut self) {
        self.connected = true;
        self.pause = FIRST_PAUSE;
        (self.tell)(LinkEvent::Connected);
    }

    fn lose(&mut self, error: &ConnectionError) {
        self.connected = false;
        (self.unsent, self.unacknowledged) = (0, 0);
        (self.tell)(LinkEvent::Disconnected(error.to_string()));
        if let ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) = error
        {
            let trouble = Trouble::new("broker-refused-password").with("address", &self.address);
            (self.tell)(LinkEvent::Refused(trouble));
        } else if let Some(trouble) = tls::of_broker(error, &self.address) {
            (self.tell)(LinkEvent::Refused(trouble));
        }
    }

    fn publish(&mut self, message: Outgoing) {
        let qos = if message.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        if self.client.try_publish(message.topic, qos, false, message.payload).is_ok() {
            self.unsent += 1;
        }
    }

    /// Sends what is still to be said, and ends.
    async fn finish(mut self, how: End) {
        if !self.connected {
            return;
        }
        let _ = timeout(LAST_WORDS, self.say_all()).await;
        if how == End::Goodbye && self.client.try_disconnect().is_ok() {
            let _ = timeout(LAST_WORDS, self.say_goodbye()).await;
        }
    }

    async fn say_all(&mut self) {
        loop {
            while self.unsent < IN_HAND {
                let Ok(message) = self.messages.try_recv() else { break };
                self.publish(message);
            }
            // Closing a socket before the acknowledgements are read could reset it, and lose the last words.
            if self.unsent == 0 && self.unacknowledged == 0 {
                return;
            }
            match self.events.poll().await {
                Ok(event) => self.take_in(event),
                Err(_) => return,
            }
        }
    }

    async fn say_goodbye(&mut self) {
        while let Ok(event) = self.events.poll().await {
            if event == Event::Outgoing(rumqttc::Outgoing::Disconnect) {
                return;
            }
        }
    }
}
