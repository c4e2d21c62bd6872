//! The client of an external broker, against the embedded one.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod mqtt;

use mqtt::{Device, Facts, connect_options};
use ota_workbench::dialect::Outgoing;
use ota_workbench::event::Fact;
use ota_workbench::io::Inbox;
use ota_workbench::io::broker::{Broker, Rules};
use ota_workbench::io::client::Client;
use ota_workbench::io::tls::Trust;
use rumqttc::QoS;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn broker(address: &str) -> (Broker, Facts) {
    let (inbox, receiver) = Inbox::new();
    let rules = Rules { implicit: Box::new(|_, _| Vec::new()), keyring: Arc::default() };
    let broker = Broker::start(address, rules, inbox).expect("a port");
    (broker, Facts::new(receiver))
}

fn client(url: &str, filters: &[&str]) -> (Client, Facts) {
    let (inbox, receiver) = Inbox::new();
    let filters = filters.iter().map(|&filter| filter.to_owned()).collect();
    (Client::start(url, &Trust::default(), filters, inbox).expect("a URL"), Facts::new(receiver))
}

fn is_started(fact: &Fact) -> bool {
    matches!(fact, Fact::BrokerStarted { external: true, .. })
}

/// An address where nothing listens.
fn silent_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

#[test]
fn messages_pass_an_external_broker_both_ways_and_are_told() {
    let (broker, _its_facts) = broker("127.0.0.1:0");
    let (client, mut facts) = client(&format!("mqtt://us:se%63ret@{}", broker.address()), &["up/+", "other/#"]);
    let told = facts.until(is_started);
    assert_eq!(told, [Fact::BrokerStarted { address: broker.address().to_string().into(), external: true }]);

    let device = Device::connect(connect_options(broker.address(), "dn"));
    device.subscribe("down/#", QoS::AtLeastOnce);
    device.publish("up/dn", QoS::AtLeastOnce, [0, 255, 10, 0]);
    let told = facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    assert!(
        matches!(&told[..], [Fact::MessageReceived { client: None, topic, payload, qos: 1, retain: false }]
        if topic == "up/dn" && **payload == [0, 255, 10, 0]),
        "{told:?}"
    );

    for (topic, qos) in [("down/0", 0), ("down/1", 1)] {
        client.publish(Outgoing { topic: topic.into(), payload: vec![7; 100_000], qos });
        assert_eq!(device.next_message().payload, vec![7; 100_000]);
        let told = facts.until(|fact| matches!(fact, Fact::MessagePublished { .. }));
        assert!(matches!(&told[..], [Fact::MessagePublished { topic: sent, qos: as_sent, payload }]
            if sent == topic && *as_sent == qos && payload.len() == 100_000));
    }
}

#[test]
fn a_broker_that_comes_back_is_found_again_and_what_waited_goes_out_once() {
    let (first, _its_facts) = broker("127.0.0.1:0");
    let address = first.address().to_string();
    let (client, mut facts) = client(&format!("mqtt://{address}"), &["up/#"]);
    facts.until(is_started);
    first.stop();
    let told = facts.until(|fact| matches!(fact, Fact::BrokerFailed { .. }));
    assert!(matches!(told.last(), Some(Fact::BrokerFailed { trouble }) if trouble.code == "broker-connection-lost"));
    client.publish(Outgoing { topic: "down/a".into(), payload: b"waited".to_vec(), qos: 1 });

    let (second, mut its_facts) = broker(&address);
    its_facts.until(|fact| matches!(fact, Fact::Subscribed { .. }));
    its_facts.until(|fact| matches!(fact, Fact::MessageReceived { topic, .. } if topic == "down/a"));
    let device = Device::connect(connect_options(second.address(), "dn"));
    device.publish("up/dn", QoS::AtMostOnce, "hello again");
    let told = facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    assert_eq!(told.iter().filter(|fact| is_started(fact)).count(), 1, "{told:?}");
    let published = told.iter().filter(|fact| matches!(fact, Fact::MessagePublished { .. })).count();
    assert_eq!(published, 1, "sent once: {told:?}");
}

#[test]
fn an_unreachable_broker_is_told_with_its_address_and_left_promptly() {
    let address = silent_address();
    let (client, mut facts) = client(&format!("mqtt://user:secret@{address}"), &["#"]);
    let told = facts.until(|fact| matches!(fact, Fact::BrokerFailed { .. }));
    let [Fact::BrokerFailed { trouble }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&*trouble.code, trouble.arg("address")), ("broker-unreachable", Some(address.as_str())));
    assert!(!format!("{told:?}").contains("secret"), "a password was told");
    let asked = Instant::now();
    client.stop();
    facts.wait_for_close();
    assert!(asked.elapsed() < Duration::from_secs(2), "stopping took {:?}", asked.elapsed());
}

#[test]
fn a_broker_that_refuses_says_whether_it_was_the_password() {
    for (answer, code) in [(5, "broker-refused-password"), (4, "broker-refused-password"), (3, "broker-refused")] {
        let address = mqtt::refuse_once(answer);
        let (_client, mut facts) = client(&format!("mqtt://{address}"), &["#"]);
        let told = facts.until(|fact| matches!(fact, Fact::BrokerFailed { .. }));
        assert!(matches!(&told[..], [Fact::BrokerFailed { trouble }] if trouble.code == code), "{answer}: {told:?}");
    }
}

#[test]
fn publishing_to_an_unreachable_broker_never_stops_the_session_and_drops_are_told() {
    let (client, mut facts) = client(&format!("mqtt://{}", silent_address()), &["#"]);
    for _ in 0..5_000 {
        client.publish(Outgoing { topic: "down".into(), payload: vec![0; 10], qos: 0 });
    }
    facts.until(|fact| matches!(fact, Fact::MessageDropped { client: None, topic, .. } if topic == "down"));
}
