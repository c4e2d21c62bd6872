//! A device for tests, and a way to wait for facts: everything has a deadline, nothing sleeps.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod target;

use ota_workbench::event::Fact;
use ota_workbench::io::{InboxReader, Input};
use rumqttc::{Client, Connection, Event, MqttOptions, NetworkOptions, Outgoing, Packet, Publish, QoS};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

pub use target::{Deed, Target};

/// Long enough for a busy machine, short enough to be waited for.
const DEADLINE: Duration = Duration::from_secs(20);

/// The session's end of the inbox.
pub struct Facts(InboxReader);

impl Facts {
    pub fn new(receiver: InboxReader) -> Self {
        Self(receiver)
    }

    /// All facts up to the first that fits.
    pub fn until(&mut self, fits: impl Fn(&Fact) -> bool) -> Vec<Fact> {
        let mut told = Vec::new();
        let end = Instant::now() + DEADLINE;
        loop {
            match self.0.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Input::Fact(fact)) => {
                    let found = fits(&fact);
                    told.push(fact);
                    if found {
                        return told;
                    }
                }
                other => panic!("{other:?} after {told:?}"),
            }
        }
    }

    /// Waits until nobody holds the other end any more.
    pub fn wait_for_close(&mut self) {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.0.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("somebody still holds the inbox"),
            }
        }
    }
}

pub fn connect_options(address: SocketAddr, client_id: &str) -> MqttOptions {
    let mut options = MqttOptions::new(client_id, address.ip().to_string(), address.port());
    options.set_max_packet_size(4 * 1024 * 1024, 4 * 1024 * 1024).set_keep_alive(Duration::from_secs(30));
    options
}

/// What a device's own thread tells of.
enum Heard {
    Connected,
    Subscribed,
    Acknowledged,
    Message(Publish),
}

/// A connected device: rumqttc, polled on a thread until it is dropped.
pub struct Device {
    client: Client,
    heard: Receiver<Heard>,
}

impl Device {
    /// Connects, and waits until it is let in.
    pub fn connect(options: MqttOptions) -> Self {
        let (client, mut connection) = Client::new(options, 1_000);
        let mut network = NetworkOptions::new();
        network.set_connection_timeout(DEADLINE.as_secs());
        connection.eventloop.set_network_options(network);
        let (sender, heard) = sync_channel(100_000);
        std::thread::Builder::new()
            .name("test device".into())
            .spawn(move || poll(connection, |news| sender.send(news).is_ok()))
            .expect("a thread");
        let device = Self { client, heard };
        device.wait_for(|news| matches!(news, Heard::Connected).then_some(()));
        device
    }

    pub fn publish(&self, topic: &str, qos: QoS, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, qos, false, payload).expect("it is connected");
    }

    /// Publishes as long as the connection stands.
    pub fn try_publish(&self, topic: &str, payload: &str) -> bool {
        self.client.publish(topic, QoS::AtMostOnce, false, payload).is_ok()
    }

    /// Publishes a retained message, and waits until the broker has it.
    pub fn publish_retained(&self, topic: &str, payload: &str) {
        self.client.publish(topic, QoS::AtLeastOnce, true, payload).expect("it is connected");
        self.wait_for(|news| matches!(news, Heard::Acknowledged).then_some(()));
    }

    pub fn subscribe(&self, filter: &str, qos: QoS) {
        self.client.subscribe(filter, qos).expect("it is connected");
        self.wait_for(|news| matches!(news, Heard::Subscribed).then_some(()));
    }

    pub fn next_message(&self) -> Publish {
        self.wait_for(|news| if let Heard::Message(message) = news { Some(message) } else { None })
    }

    /// Nothing more is on its way: a subscription's answer would have come after it.
    pub fn expect_silence(&self) {
        self.client.subscribe("nothing/comes/here", QoS::AtMostOnce).expect("it is connected");
        self.wait_for(|news| match news {
            Heard::Subscribed => Some(()),
            Heard::Message(message) => panic!("{message:?}"),
            _ => None,
        });
    }

    /// Leaves politely.
    pub fn disconnect(self) {
        self.client.disconnect().expect("it is connected");
        self.wait_for_end();
    }

    /// Waits until the connection has ended.
    pub fn wait_for_end(&self) {
        loop {
            match self.heard.recv_timeout(DEADLINE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("the device is still connected"),
            }
        }
    }

    fn wait_for<T>(&self, mut pick: impl FnMut(Heard) -> Option<T>) -> T {
        loop {
            let news = self.heard.recv_timeout(DEADLINE).expect("the device hears what it waits for");
            if let Some(picked) = pick(news) {
                return picked;
            }
        }
    }
}

/// Runs a device's connection to its end; it is never taken up again.
fn poll(mut connection: Connection, tell: impl Fn(Heard) -> bool) {
    for event in connection.iter() {
        let news = match event {
            Ok(Event::Incoming(Packet::ConnAck(_))) => Heard::Connected,
            Ok(Event::Incoming(Packet::SubAck(_))) => Heard::Subscribed,
            Ok(Event::Incoming(Packet::PubAck(_))) => Heard::Acknowledged,
            Ok(Event::Incoming(Packet::Publish(publish))) => Heard::Message(publish),
            Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(_) => return,
            Ok(_) => continue,
        };
        if !tell(news) {
            return;
        }
    }
}

/// Signs in by hand and then says nothing, not even a ping.
pub fn connect_silently(address: SocketAddr, client_id: &str, keep_alive_secs: u16) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("a broker");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    let id = client_id.as_bytes();
    let length = 12 + id.len();
    let mut packet = vec![0x10];
    if length > 127 {
        packet.push(u8::try_from(length % 128).expect("7 bits") | 0x80);
        packet.push(u8::try_from(length / 128).expect("a short packet"));
    } else {
        packet.push(u8::try_from(length).expect("a short packet"));
    }
    packet.extend([0, 4, b'M', b'Q', b'T', b'T', 4, 2]);
    packet.extend(keep_alive_secs.to_be_bytes());
    packet.extend(u16::try_from(id.len()).expect("a short id").to_be_bytes());
    packet.extend(id);
    stream.write_all(&packet).expect("a packet sent");
    stream.read_exact(&mut [0; 4]).expect("a CONNACK");
    stream
}

/// A broker that answers one CONNECT with `answer`, and its address.
pub fn refuse_once(answer: u8) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::Builder::new()
        .name("refusing broker".into())
        .spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(&[0x20, 2, 0, answer]);
        })
        .expect("a thread");
    address
}
