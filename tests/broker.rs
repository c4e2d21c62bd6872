//! The embedded broker and the client of an external one, over real sockets.
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
use rumqttc::QoS;
use std::sync::Arc;

fn no_rules() -> Rules {
    Rules { implicit: Box::new(|_, _| Vec::new()), keyring: Arc::default() }
}

/// What Alibaba Cloud does for a client id that starts with its product and device.
fn push_for_everyone() -> Rules {
    Rules { implicit: Box::new(|client, _| vec![format!("/ota/device/upgrade/pk/{client}")]), keyring: Arc::default() }
}

fn start(rules: Rules) -> (Broker, Facts) {
    let (inbox, receiver) = Inbox::new();
    let broker = Broker::start("127.0.0.1:0", rules, inbox).expect("a free port");
    (broker, Facts::new(receiver))
}

fn message(topic: &str, payload: &[u8], qos: u8) -> Outgoing {
    Outgoing { topic: topic.into(), payload: payload.to_vec(), qos }
}

#[test]
fn a_device_signs_in_and_speaks_and_the_facts_stand_in_that_order() {
    let (broker, mut facts) = start(push_for_everyone());
    let mut options = connect_options(broker.address(), "pk.dn|securemode=3,_ss=1|");
    options.set_credentials("dn&pk", "the-secret-sign");
    let device = Device::connect(options);
    device.publish("/ota/device/inform/pk/dn", QoS::AtLeastOnce, "{\"id\":1}");
    let told = facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    assert!(!format!("{told:?}").contains("the-secret-sign"), "a password was told");
    let [Fact::ClientConnected { client }, Fact::Subscribed { filter, implicit: true, qos: 1, .. }, last] = &told[..]
    else {
        panic!("{told:?}")
    };
    assert_eq!((&*client.name, client.username.as_deref()), ("pk.dn|securemode=3,_ss=1|", Some("dn&pk")));
    assert_eq!((client.level, client.clean), (4, true));
    assert!(client.address.starts_with("127.0.0.1:"));
    assert_eq!(filter, "/ota/device/upgrade/pk/pk.dn|securemode=3,_ss=1|");
    let Fact::MessageReceived { client: Some(from), topic, payload, qos, retain } = last else { panic!("{last:?}") };
    assert_eq!((&**from, topic.as_str(), &**payload), (&*client.name, "/ota/device/inform/pk/dn", &b"{\"id\":1}"[..]));
    assert_eq!((*qos, *retain), (1, false));
}

#[test]
fn a_push_reaches_a_device_that_never_subscribed_and_its_acknowledgement_is_told() {
    let (broker, mut facts) = start(push_for_everyone());
    let device = Device::connect(connect_options(broker.address(), "dn"));
    broker.publish(message("/ota/device/upgrade/pk/dn", b"push", 1));
    assert_eq!(device.next_message().payload, "push");
    let told = facts.until(|fact| matches!(fact, Fact::MessageAcknowledged { .. }));
    let [.., published, delivered, acknowledged] = &told[..] else { panic!("{told:?}") };
    assert!(
        matches!(published, Fact::MessagePublished { payload, qos: 1, .. } if **payload == *b"push"),
        "{published:?}"
    );
    assert!(matches!(delivered, Fact::MessageDelivered { client, qos: 1, .. } if &**client == "dn"), "{delivered:?}");
    assert!(matches!(acknowledged, Fact::MessageAcknowledged { client, topic }
        if &**client == "dn" && topic == "/ota/device/upgrade/pk/dn"));
}

#[test]
fn a_push_reaches_a_device_whose_session_is_resumed_by_a_restarted_broker() {
    let (broker, mut facts) = start(push_for_everyone());
    let address = broker.address().to_string();
    let mut options = connect_options(broker.address(), "dn");
    options.set_clean_session(false);
    let device = Device::connect(options.clone());
    facts.until(|fact| matches!(fact, Fact::Subscribed { .. }));
    broker.stop();
    device.wait_for_end();

    let (inbox, receiver) = Inbox::new();
    let broker = Broker::start(&address, push_for_everyone(), inbox).expect("the same port");
    let device = Device::connect(options.clone());
    broker.publish(message("/ota/device/upgrade/pk/dn", b"after a restart", 1));
    assert_eq!(device.next_message().payload, "after a restart");
    device.disconnect();
    let mut facts = Facts::new(receiver);
    facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));

    let device = Device::connect(options);
    broker.publish(message("/ota/device/upgrade/pk/dn", b"resumed", 1));
    assert_eq!(device.next_message().payload, "resumed");
    device.expect_silence();
}

#[test]
fn a_device_that_subscribes_itself_as_well_gets_its_push_once() {
    let (broker, mut facts) = start(push_for_everyone());
    let device = Device::connect(connect_options(broker.address(), "dn"));
    device.subscribe("/ota/device/upgrade/pk/dn", QoS::AtMostOnce);
    device.subscribe("/ota/#", QoS::AtLeastOnce);
    facts.until(|fact| matches!(fact, Fact::Subscribed { filter, implicit: false, .. } if filter == "/ota/#"));
    broker.publish(message("/ota/device/upgrade/pk/dn", b"once", 1));
    broker.publish(message("/ota/other", b"next", 1));
    let first = device.next_message();
    assert_eq!((first.payload, first.qos), ("once".into(), QoS::AtLeastOnce));
    assert_eq!(device.next_message().payload, "next");
}

#[test]
fn a_push_to_nobody_is_told_as_dropped_and_a_device_speaking_to_us_alone_is_not() {
    let (broker, mut facts) = start(no_rules());
    let device = Device::connect(connect_options(broker.address(), "dn"));
    device.publish("/ota/device/inform/pk/dn", QoS::AtLeastOnce, "hello");
    facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    broker.publish(message("/ota/device/upgrade/pk/dn", b"push", 1));
    let told = facts.until(|fact| matches!(fact, Fact::MessageDropped { .. }));
    assert!(
        matches!(&told[..], [Fact::MessagePublished { .. }, Fact::MessageDropped { client: None, topic, reason }]
        if topic == "/ota/device/upgrade/pk/dn" && reason == "nobody is subscribed"),
        "{told:?}"
    );
}

#[test]
fn an_end_says_whether_the_device_left_or_was_lost_or_fell_silent_or_was_replaced() {
    let (broker, mut facts) = start(no_rules());
    let mut reason_of = |client: &str| {
        let told =
            facts.until(|fact| matches!(fact, Fact::ClientDisconnected { client: gone, .. } if &**gone == client));
        let Some(Fact::ClientDisconnected { reason, .. }) = told.last() else { panic!("{told:?}") };
        reason.clone()
    };
    Device::connect(connect_options(broker.address(), "polite")).disconnect();
    assert_eq!(reason_of("polite"), "the client disconnected");

    drop(mqtt::connect_silently(broker.address(), "unplugged", 60));
    assert_eq!(reason_of("unplugged"), "connection closed without a DISCONNECT");

    let _silent = mqtt::connect_silently(broker.address(), "silent", 1);
    assert_eq!(reason_of("silent"), "keep-alive time-out: nothing was heard from the client");

    let _first = mqtt::connect_silently(broker.address(), "twin", 60);
    let _second = Device::connect(connect_options(broker.address(), "twin"));
    assert_eq!(reason_of("twin"), "taken over by a new connection with the same identity");
    let told = facts.until(|fact| matches!(fact, Fact::ClientConnected { .. }));
    assert_eq!(told.len(), 1, "the second twin is there, and nothing says it is gone: {told:?}");
}

#[test]
fn a_retained_message_waits_for_whoever_subscribes_later() {
    let (broker, _facts) = start(no_rules());
    let speaker = Device::connect(connect_options(broker.address(), "speaker"));
    speaker.publish_retained("state/lamp", "on");
    let listener = Device::connect(connect_options(broker.address(), "listener"));
    listener.subscribe("state/#", QoS::AtMostOnce);
    let message = listener.next_message();
    assert_eq!((message.payload, message.retain), ("on".into(), true));
}

#[test]
fn a_megabyte_of_any_bytes_arrives_as_it_left_both_ways() {
    let (broker, mut facts) = start(push_for_everyone());
    let device = Device::connect(connect_options(broker.address(), "dn"));
    let firmware: Vec<u8> = (0..1_048_576_u32).map(|byte| byte.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    device.publish("up", QoS::AtLeastOnce, firmware.clone());
    let told = facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    assert!(matches!(told.last(), Some(Fact::MessageReceived { payload, .. }) if **payload == *firmware));
    broker.publish(message("/ota/device/upgrade/pk/dn", &firmware, 1));
    assert!(device.next_message().payload == firmware, "the bytes differ");
}

#[test]
fn a_stopped_broker_cuts_its_clients_off_and_frees_its_port_and_its_inbox() {
    let (inbox, receiver) = Inbox::new();
    let broker = Broker::start("127.0.0.1:0", push_for_everyone(), inbox).expect("a free port");
    let address = broker.address().to_string();
    let mut options = connect_options(broker.address(), "dn");
    options.set_clean_session(false);
    let device = Device::connect(options);
    let mut facts = Facts::new(receiver);
    facts.until(|fact| matches!(fact, Fact::Subscribed { .. }));
    broker.stop();
    device.wait_for_end();
    facts.wait_for_close();
    let (inbox, _receiver) = Inbox::new();
    Broker::start(&address, no_rules(), inbox).expect("the same port at once");
}

#[test]
fn a_port_somebody_else_has_is_named_as_the_trouble() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let trouble = Broker::start(&address, no_rules(), Inbox::new().0).err().expect("the port is taken");
    assert_eq!((&*trouble.code, trouble.arg("address")), ("address-in-use", Some(address.as_str())));
}

#[test]
fn a_long_client_id_is_let_in_and_an_absurd_one_is_told_as_refused() {
    let (broker, mut facts) = start(no_rules());
    let long = format!("a1BenchPK00.bench01|securemode=3,signmethod=hmacsha256,{}|", "x".repeat(500));
    let _device = Device::connect(connect_options(broker.address(), &long));
    let absurd = "x".repeat(1_025);
    mqtt::connect_silently(broker.address(), &absurd, 60);
    let told = facts.until(|fact| matches!(fact, Fact::ClientRefused { .. }));
    assert!(
        matches!(&told[..], [Fact::ClientConnected { client }, Fact::ClientRefused { trouble, .. }]
        if *client.name == *long && trouble.code == "client-id-too-long"),
        "{told:?}"
    );
}

#[test]
fn a_push_goes_out_while_earlier_ones_are_not_acknowledged() {
    let (broker, mut facts) = start(push_for_everyone());
    let mut options = connect_options(broker.address(), "dn");
    options.set_manual_acks(true);
    let device = Device::connect(options);
    facts.until(|fact| matches!(fact, Fact::Subscribed { .. }));
    for number in 0..100 {
        broker.publish(message("/ota/device/upgrade/pk/dn", format!("{number}").as_bytes(), 1));
    }
    for number in 0..100 {
        assert_eq!(device.next_message().payload, format!("{number}"));
    }
}

#[test]
fn a_flood_waits_for_a_slow_session_and_loses_nothing() {
    let (broker, mut facts) = start(no_rules());
    let device = Device::connect(connect_options(broker.address(), "dn"));
    let flood = std::thread::Builder::new().spawn(move || {
        for number in 0..10_000_u32 {
            device.publish("up", QoS::AtMostOnce, number.to_be_bytes());
        }
        device
    });
    facts.until(|fact| matches!(fact, Fact::ClientConnected { .. }));
    for number in 0..10_000_u32 {
        let told = facts.until(|_| true);
        assert!(matches!(&told[..], [Fact::MessageReceived { payload, .. }] if **payload == number.to_be_bytes()));
    }
    drop(flood.expect("a thread").join().expect("the flood ends"));
}

#[test]
fn a_device_that_speaks_mqtt_5_gets_its_push_too() {
    let (broker, mut facts) = start(push_for_everyone());
    let options = rumqttc::v5::MqttOptions::new("dn", broker.address().ip().to_string(), broker.address().port());
    let (_client, mut connection) = rumqttc::v5::Client::new(options, 10);
    let device = std::thread::Builder::new().spawn(move || {
        connection.iter().find_map(|event| match event.expect("a standing connection") {
            rumqttc::v5::Event::Incoming(rumqttc::v5::mqttbytes::v5::Packet::Publish(publish)) => Some(publish.payload),
            _ => None,
        })
    });
    let told = facts.until(|fact| matches!(fact, Fact::Subscribed { implicit: true, .. }));
    assert!(matches!(&told[0], Fact::ClientConnected { client } if client.level == 5), "{told:?}");
    broker.publish(message("/ota/device/upgrade/pk/dn", b"push", 1));
    assert_eq!(device.expect("a thread").join().expect("a device").expect("a push"), "push");
}

#[test]
fn stopping_never_hangs_though_nobody_reads_the_facts_of_a_flood() {
    let (broker, mut facts) = start(no_rules());
    let device = Device::connect(connect_options(broker.address(), "dn"));
    facts.until(|fact| matches!(fact, Fact::ClientConnected { .. }));
    let flood = std::thread::Builder::new().spawn(move || {
        for _ in 0..20_000 {
            if !device.try_publish("up", "x") {
                break;
            }
        }
        device.wait_for_end();
    });
    facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    let asked = std::time::Instant::now();
    broker.stop();
    assert!(asked.elapsed() < std::time::Duration::from_secs(10), "stopping took {:?}", asked.elapsed());
    facts.wait_for_close();
    flood.expect("a thread").join().expect("the flood ends");
}

#[test]
fn a_stop_in_the_middle_of_a_flood_brings_nothing_down() {
    let panics = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (usual, told) = (std::panic::take_hook(), std::sync::Arc::clone(&panics));
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name().is_some_and(|name| name.starts_with("broker")) {
            told.lock().expect("a list").push(panic.to_string());
        }
        usual(panic);
    }));
    for _ in 0..3 {
        let (broker, mut facts) = start(no_rules());
        // All are there before the first begins: who floods leaves nobody else the time to come in.
        let device = |number| Device::connect(connect_options(broker.address(), &format!("dn{number}")));
        let devices: Vec<_> = (0..4).map(device).collect();
        let floods: Vec<_> = devices
            .into_iter()
            .map(|device| {
                std::thread::Builder::new().spawn(move || {
                    while device.try_publish("up", "x") {}
                    device.wait_for_end();
                })
            })
            .collect();
        facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
        broker.stop();
        facts.wait_for_close();
        for flood in floods {
            flood.expect("a thread").join().expect("the flood ends");
        }
    }
    let panics = panics.lock().expect("a list");
    assert!(panics.is_empty(), "{panics:?}");
}
