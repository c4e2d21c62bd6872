//! What the embedded broker does wrong on purpose, over real sockets: cut off, turn away, lose an acknowledgement.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod mqtt;

use mqtt::{Device, Facts, connect_options};
use ota_workbench::dialect::Outgoing;
use ota_workbench::event::{DeviceId, Fact, KICKED};
use ota_workbench::fault::Fault;
use ota_workbench::io::Inbox;
use ota_workbench::io::broker::{Broker, LostAck, Rules};
use rumqttc::{MqttOptions, QoS};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TOPIC: &str = "/$system/P/D/ota/downstream";
const DEADLINE: Duration = Duration::from_secs(20);

fn start() -> (Broker, Facts) {
    let (inbox, receiver) = Inbox::new();
    let rules = Rules { implicit: Box::new(|_, _| Vec::new()), keyring: Arc::default() };
    (Broker::start("127.0.0.1:0", rules, inbox).expect("a free port"), Facts::new(receiver))
}

fn lamp(broker: &Broker) -> MqttOptions {
    let mut options = connect_options(broker.address(), "P.D");
    options.set_credentials("P|D|1", "");
    options
}

fn push() -> Outgoing {
    Outgoing { topic: TOPIC.into(), payload: b"{}".to_vec(), qos: 1 }
}

/// The code with which a CONNECT of this protocol level is answered.
fn connack(broker: &Broker, level: u8) -> u8 {
    let mut packet = vec![0, 4, b'M', b'Q', b'T', b'T', level, 0b1100_0010, 0, 60];
    if level == 5 {
        packet.push(0);
    }
    for text in ["P.D", "P|D|1", ""] {
        packet.extend(u16::try_from(text.len()).expect("short").to_be_bytes());
        packet.extend(text.as_bytes());
    }
    let mut stream = TcpStream::connect(broker.address()).expect("a broker");
    stream.set_read_timeout(Some(DEADLINE)).expect("a time-out");
    stream.write_all(&[0x10, u8::try_from(packet.len()).expect("short")]).expect("sent");
    stream.write_all(&packet).expect("sent");
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).expect("a CONNACK");
    assert_eq!(answer[0], 0x20);
    answer[3]
}

#[test]
fn a_device_is_cut_off_and_its_sign_ins_are_refused_as_unavailable_until_its_time_is_over() {
    let (broker, mut facts) = start();
    let device = Device::connect(lamp(&broker));
    let other = Device::connect(connect_options(broker.address(), "engineer"));
    broker.turn_away(DeviceId::new("P", "D"), None, Duration::from_millis(1_500));
    device.wait_for_end();
    let gone = facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    let Some(Fact::ClientDisconnected { client, reason }) = gone.last() else { unreachable!() };
    assert_eq!((&**client, reason.as_str()), ("P.D", KICKED));
    assert_eq!((connack(&broker, 4), connack(&broker, 5)), (3, 0x88), "server unavailable, in both protocols");
    let told = facts.until(|fact| matches!(fact, Fact::ClientRefused { .. }));
    let Some(Fact::ClientRefused { trouble, .. }) = told.last() else { unreachable!() };
    assert_eq!((&*trouble.code, trouble.arg("device")), ("refused-on-purpose", Some("P/D")));
    // Nobody else is concerned.
    other.expect_silence();
    let end = Instant::now() + DEADLINE;
    while connack(&broker, 4) != 0 {
        // Taken in one by one: a full inbox would hold the broker up.
        facts.until(|fact| matches!(fact, Fact::ClientRefused { .. }));
        assert!(Instant::now() < end, "it is never let in again");
    }
}

#[test]
fn a_device_that_is_only_cut_off_comes_back_at_once_and_finds_its_session_as_it_was() {
    let (broker, mut facts) = start();
    let persistent = || {
        let mut options = lamp(&broker);
        options.set_clean_session(false);
        options
    };
    let device = Device::connect(persistent());
    device.subscribe(TOPIC, QoS::AtLeastOnce);
    broker.turn_away(DeviceId::new("no", "body"), Some("P.D".into()), Duration::ZERO);
    device.wait_for_end();
    facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    broker.publish(push());
    let device = Device::connect(persistent());
    assert_eq!(device.next_message().topic, TOPIC, "its subscription was kept, and what came meanwhile");
}

#[test]
fn a_push_whose_acknowledgement_is_lost_comes_again_as_a_repeat_of_the_same_packet() {
    let (broker, mut facts) = start();
    let device = Device::connect(lamp(&broker));
    device.subscribe(TOPIC, QoS::AtLeastOnce);
    let other = Device::connect(connect_options(broker.address(), "engineer"));
    other.subscribe(TOPIC, QoS::AtLeastOnce);
    broker.lose_ack(LostAck { upgrade: 7, client: Some("P.D".into()), topic: TOPIC.into() });
    broker.publish(push());
    let (first, second) = (device.next_message(), device.next_message());
    assert_eq!((first.dup, second.dup), (false, true));
    assert_eq!((first.pkid, &first.payload), (second.pkid, &second.payload));
    assert!(!other.next_message().dup);
    let of_device = |fact: &Fact| match fact {
        Fact::MessageDelivered { client, .. } if &**client == "P.D" => Some("delivered"),
        Fact::MessageAcknowledged { client, .. } if &**client == "P.D" => Some("acknowledged"),
        Fact::FaultActed { upgrade: 7, fault, .. } if **fault == Fault::LoseAck => Some("lost"),
        _ => None,
    };
    let told = facts.until(|fact| of_device(fact) == Some("acknowledged"));
    let story: Vec<_> = told.iter().filter_map(of_device).collect();
    assert_eq!(story, ["delivered", "lost", "delivered", "acknowledged"]);
    device.expect_silence();
    other.expect_silence();
    broker.publish(push());
    assert!(!device.next_message().dup, "it acts once");
    device.expect_silence();
}
