//! One speaker's connection: signs in as the device would, hears what it would hear, and keeps the books of what is sent.

use super::board::{Board, Books};
use super::books::{Line, Phase};
use super::play::now;
use crate::bench::Speaker;
use crate::dialect::{self, Credentials};
use crate::event::{ClientName, Trouble};
use crate::io::broker_url::BrokerUrl;
use crate::io::client;
use crate::io::tls::{self, Trust};
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, NetworkOptions, Packet, QoS,
    SubscribeFilter,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// The largest packet MQTT can carry, in bytes.
const LARGEST_PACKET: usize = 268_435_455;
/// Requests rumqttc may hold: more than are ever handed over at once.
const CAPACITY: usize = 256;
/// Packets in flight as rumqttc counts them: more than are ever, so that no packet id is used twice at once.
const INFLIGHT: u16 = 1_024;
/// How long one packet may take to get onto the wire, in seconds: a large one over a slow line needs it.
const SLOWEST_WRITE_SECS: u64 = 60;
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a goodbye may take.
pub(super) const GOODBYE: Duration = Duration::from_millis(300);

/// Where a replay signs in.
#[derive(Clone)]
pub(super) struct Place {
    pub broker: BrokerUrl,
    pub trust: Trust,
}

/// A connection from the side that sends.
pub(super) struct Mouth {
    pub requests: AsyncClient,
    quit: Arc<Notify>,
    ear: AbortHandle,
}

impl Mouth {
    /// Says goodbye, as far as that is quickly done.
    pub fn leave(&self) {
        self.quit.notify_one();
    }

    /// Cuts it off: nothing that it still holds goes out.
    pub fn abandon(&self) {
        self.ear.abort();
    }
}

/// Who a speaker is to a broker.
pub(super) struct Identity {
    pub client: ClientName,
    credentials: Option<Credentials>,
    subscriptions: Vec<String>,
}

impl Identity {
    /// As its dialect has it; an ordinary client when it is no device, or speaks as the cloud.
    pub fn of(speaker: &Speaker, as_cloud: bool) -> Self {
        let dialect = dialect::find(&speaker.dialect).ok().filter(|_| !as_cloud);
        let Some((dialect, device)) = dialect.zip(speaker.device.as_ref()) else {
            return Self { client: client::client_id().into(), credentials: None, subscriptions: Vec::new() };
        };
        let secret = speaker.secret.clone().unwrap_or_default();
        let credentials = dialect.credentials(device, secret.reveal());
        Self {
            client: credentials.client_id.as_str().into(),
            credentials: Some(credentials),
            subscriptions: dialect.device_subscriptions(device),
        }
    }
}

/// Begins to connect; how that goes stands on the board.
pub(super) fn open(
    place: &Place,
    identity: &Identity,
    board: &Arc<Board>,
    number: usize,
    runtime: &tokio::runtime::Runtime,
) -> Result<Mouth, Trouble> {
    let Place { broker, trust } = place;
    let mut mqtt = MqttOptions::new(&*identity.client, client::host(broker), broker.port);
    client::set_transport(&mut mqtt, broker, trust)?;
    let own = identity.credentials.as_ref().map(|own| (own.username.clone(), own.password.clone()));
    // What stands in the URL was typed for this very broker.
    if let Some((username, password)) = broker.credentials.clone().or(own) {
        mqtt.set_credentials(username, password);
    }
    mqtt.set_clean_session(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_inflight(INFLIGHT)
        .set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET);
    let (requests, mut events) = AsyncClient::new(mqtt, CAPACITY);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(SLOWEST_WRITE_SECS);
    events.set_network_options(network);
    let quit = Arc::new(Notify::new());
    let connection = board.change(|books| books.lines[number].begin());
    let ear = Ear {
        requests: requests.clone(),
        events,
        subscriptions: identity.subscriptions.clone(),
        board: Arc::clone(board),
        number,
        connection,
        address: broker.address(),
        client: identity.client.clone(),
        was_up: false,
    };
    let ear = runtime.spawn(ear.run(Arc::clone(&quit))).abort_handle();
    Ok(Mouth { requests, quit, ear })
}

/// A connection from the side that hears.
struct Ear {
    requests: AsyncClient,
    events: EventLoop,
    subscriptions: Vec<String>,
    board: Arc<Board>,
    number: usize,
    connection: u64,
    address: String,
    client: ClientName,
    was_up: bool,
}

impl Ear {
    async fn run(mut self, quit: Arc<Notify>) {
        loop {
            tokio::select! {
                () = quit.notified() => return self.leave().await,
                heard = self.hear() => if let Err(error) = heard {
                    let (why, refused) = self.trouble(&error);
                    return self.line(|line| line.phase = Phase::Lost { why, refused });
                },
            }
        }
    }

    async fn hear(&mut self) -> Result<(), ConnectionError> {
        let event = self.events.poll().await?;
        self.take_in(&event);
        match event {
            Event::Outgoing(rumqttc::Outgoing::PingReq) if self.is_dead() => Err(ConnectionError::NetworkTimeout),
            Event::Outgoing(rumqttc::Outgoing::Publish(_)) | Event::Incoming(Packet::PingResp) => self.ping().await,
            _ => Ok(()),
        }
    }

    fn line(&self, change: impl FnOnce(&mut Line)) {
        self::change(&self.board, self.number, self.connection, change);
    }

    /// Asks the target for an answer behind messages that it does not acknowledge: it has what came before the ping.
    async fn ping(&mut self) -> Result<(), ConnectionError> {
        if !self.wants_ping() {
            return Ok(());
        }
        self.line(|line| line.note_ping(now()));
        if let Some(network) = self.events.network.as_mut() {
            // Past rumqttc's own pending requests: it makes them wait for a tick of its timer, and what follows with them.
            network.write(Packet::PingReq).await?;
            network.flush().await?;
        }
        Ok(())
    }

    fn wants_ping(&self) -> bool {
        let line = &self.board.lock().lines[self.number];
        line.connection == self.connection && line.wants_ping()
    }

    /// Whether the target has owed an answer for too long. Looked at whenever the connection is kept alive.
    fn is_dead(&self) -> bool {
        let books = self.board.lock();
        books.lines[self.number].pinged_since().is_some_and(|since| now().saturating_duration_since(since) > KEEP_ALIVE)
    }

    fn take_in(&mut self, event: &Event) {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                if self.subscriptions.is_empty() {
                    self.arrive();
                } else {
                    let filters =
                        self.subscriptions.iter().map(|filter| SubscribeFilter::new(filter.clone(), QoS::AtLeastOnce));
                    // Its queue is empty: nothing is handed over before it is up.
                    let _ = self.requests.try_subscribe_many(filters);
                }
            }
            // A target that lets it hear nothing may still let it speak.
            Event::Incoming(Packet::SubAck(_)) => self.arrive(),
            Event::Outgoing(rumqttc::Outgoing::Publish(packet)) => self.line(|line| line.note_written(*packet, now())),
            Event::Outgoing(rumqttc::Outgoing::PingReq) => self.line(|line| line.note_ping(now())),
            Event::Incoming(Packet::PingResp) => self.line(|line| line.note_answer(now())),
            Event::Incoming(Packet::PubAck(ack)) => self.line(|line| line.note_acknowledged(ack.pkid, now())),
            Event::Incoming(Packet::PubComp(ack)) => self.line(|line| line.note_acknowledged(ack.pkid, now())),
            _ => {}
        }
    }

    fn arrive(&mut self) {
        self.was_up = true;
        self.line(|line| line.note_up(now()));
    }

    async fn leave(mut self) {
        if self.was_up {
            let _ = timeout(GOODBYE, self.say_goodbye()).await;
        }
        let Self { board, events, number, connection, .. } = self;
        // First the socket: whoever waits for this may sign in again at once.
        drop(events);
        change(&board, number, connection, |line| line.phase = Phase::Away);
    }

    async fn say_goodbye(&mut self) {
        if self.requests.try_disconnect().is_err() {
            return;
        }
        // Until the other side closes: a socket closed with something unread in it takes what it sent last back.
        while let Ok(event) = self.events.poll().await {
            self.take_in(&event);
        }
    }

    /// Why it is not connected, and whether trying again is of no use.
    fn trouble(&self, error: &ConnectionError) -> (Trouble, bool) {
        let about = |code| Trouble::new(code).with("address", &self.address);
        match error {
            ConnectionError::ConnectionRefused(answer) => {
                let ((reason, final_word), (client, address)) = (in_words(*answer), (&self.client, &self.address));
                let trouble = if final_word {
                    Trouble::new("replay-identity-refused")
                        .with("address", address)
                        .with("client", client)
                        .with("reason", reason)
                } else {
                    Trouble::new("replay-refused")
                        .with("address", address)
                        .with("client", client)
                        .with("reason", reason)
                };
                (trouble, final_word)
            }
            error if let Some(trouble) = tls::of_broker(error, &self.address) => (trouble, true),
            error if self.was_up => (about("replay-lost").with("detail", error), false),
            error => (about("replay-unreachable").with("detail", error), false),
        }
    }
}

/// Changes a connection's books, unless another has taken its place.
fn change(board: &Board, number: usize, connection: u64, change: impl FnOnce(&mut Line)) {
    board.change(|books: &mut Books| {
        let line = &mut books.lines[number];
        if line.connection == connection {
            change(line);
        }
    });
}

/// What a CONNACK says, and whether it is about who signs in.
const fn in_words(answer: ConnectReturnCode) -> (&'static str, bool) {
    match answer {
        ConnectReturnCode::BadClientId => ("CONNACK 2, client id rejected", true),
        ConnectReturnCode::BadUserNamePassword => ("CONNACK 4, bad user name or password", true),
        ConnectReturnCode::NotAuthorized => ("CONNACK 5, not authorized", true),
        ConnectReturnCode::RefusedProtocolVersion => ("CONNACK 1, protocol version not accepted", true),
        ConnectReturnCode::ServiceUnavailable => ("CONNACK 3, server unavailable", false),
        ConnectReturnCode::Success => ("CONNACK 0", false),
    }
}
