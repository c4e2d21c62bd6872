//! Who is let in by the embedded broker and what a device may say and hear, over real sockets.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

mod mqtt;

use mqtt::{Device, Facts, connect_options};
use ota_workbench::bench::{Action, Bench, Service};
use ota_workbench::dialect::{self, Secrets, SignIn, SignMethod};
use ota_workbench::event::{Client as Told, DeviceId, Fact, Secret, Trouble};
use ota_workbench::io::broker::{Broker, Rules};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::io::simulator::{Simulator, SimulatorOptions};
use ota_workbench::io::tls::Trust;
use ota_workbench::io::{Inbox, Keyring};
use rumqttc::{
    Client, ConnectReturnCode, ConnectionError, Event, LastWill, MqttOptions, Packet, QoS, SubscribeReasonCode,
};
use std::net::SocketAddr;
use std::sync::Arc;

const SECRET: &str = "hly3dk1u5y8fq0b9";
const PRODUCT_SECRET: &str = "u6k83pfc2jwnzz5s";
const ALIYUN_SECRET: &str = "0123456789abcdef0123456789abcdef";
const LAMP: &str = "70ly1tvowt696r15|lamp-01|1";
const OWN: &str = "/$system/70ly1tvowt696r15/lamp-01/ota/upstream";
const FOREIGN: &str = "/$system/70ly1tvowt696r15/lamp-02/ota/upstream";

/// A bench with one device of each cloud and a product's secret.
fn start(listen: &str) -> (Broker, Facts, Arc<Keyring>) {
    let keyring: Arc<Keyring> = Arc::default();
    keyring.set_device(&DeviceId::new("70ly1tvowt696r15", "lamp-01"), Some(SECRET.into()));
    keyring.set_device(&DeviceId::new("a1BenchPK00", "bench01"), Some(ALIYUN_SECRET.into()));
    keyring.set_product("70ly1tvowt696r15", Some(PRODUCT_SECRET.into()));
    let (broker, facts) = start_with(listen, &keyring);
    (broker, facts, keyring)
}

fn start_with(listen: &str, keyring: &Arc<Keyring>) -> (Broker, Facts) {
    let (inbox, receiver) = Inbox::new();
    let rules = Rules { implicit: Box::new(|_, _| Vec::new()), keyring: Arc::clone(keyring) };
    (Broker::start(listen, rules, inbox).expect("a free port"), Facts::new(receiver))
}

/// Where a program on this machine reaches it.
fn here(broker: &Broker) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], broker.address().port()))
}

fn options(broker: &Broker, client_id: &str, username: &str, password: &str) -> MqttOptions {
    let mut options = connect_options(here(broker), client_id);
    options.set_credentials(username, password);
    options
}

/// What the broker answers to a CONNECT.
fn answer(options: MqttOptions) -> ConnectReturnCode {
    let (_client, mut connection) = Client::new(options, 10);
    let answer = connection.iter().find_map(|event| match event {
        Ok(Event::Incoming(Packet::ConnAck(answer))) => Some(answer.code),
        Err(ConnectionError::ConnectionRefused(code)) => Some(code),
        Ok(_) => None,
        Err(error) => panic!("{error:?}"),
    });
    answer.expect("an answer")
}

/// What the session is told of the next client that is turned away.
fn refusal(facts: &mut Facts) -> (Told, Trouble) {
    let told = facts.until(|fact| matches!(fact, Fact::ClientRefused { .. }));
    assert!(!told.iter().any(|fact| matches!(fact, Fact::ClientConnected { .. })), "{told:?}");
    let Some(Fact::ClientRefused { client, trouble }) = told.into_iter().last() else { unreachable!() };
    (*client, trouble)
}

fn check_uiot(broker: &Broker, username: &str, password: &str, expected: ConnectReturnCode) {
    assert_eq!(answer(options(broker, "P.D", username, password)), expected, "{username}");
}

fn aliyun_options(broker: &Broker, secret: &str) -> MqttOptions {
    let signed = "clientIda1BenchPK00.bench01deviceNamebench01productKeya1BenchPK00timestamp2524608000000";
    let sign = SignMethod::HmacSha256.sign(&Secret::new(secret), signed);
    let client = "a1BenchPK00.bench01|timestamp=2524608000000,_ss=1,securemode=3,signmethod=hmacsha256|";
    options(broker, client, "bench01&a1BenchPK00", &sign)
}

#[test]
fn a_secret_that_is_wrong_by_one_letter_is_answered_as_the_cloud_does_and_told_with_what_was_signed() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    assert_eq!(answer(aliyun_options(&broker, ALIYUN_SECRET)), ConnectReturnCode::Success);
    facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    let wrong = "0123456789abcdef0123456789abcdee";
    assert_eq!(answer(aliyun_options(&broker, wrong)), ConnectReturnCode::BadUserNamePassword);
    let (client, trouble) = refusal(&mut facts);
    assert_eq!(trouble.code, "wrong-signature");
    assert_eq!(client.username.as_deref(), Some("bench01&a1BenchPK00"));
    assert!(client.name.starts_with("a1BenchPK00.bench01|timestamp="));
    assert_eq!(trouble.arg("method"), Some("hmacsha256"));
    let signed = "clientIda1BenchPK00.bench01deviceNamebench01productKeya1BenchPK00timestamp2524608000000";
    assert_eq!(trouble.arg("signed"), Some(signed));
    let told = format!("{client:?} {trouble:?}");
    assert!(!told.contains(wrong) && !told.contains(ALIYUN_SECRET), "{told}");

    check_uiot(&broker, LAMP, SECRET, ConnectReturnCode::Success);
    facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    check_uiot(&broker, LAMP, "hly3dk1u5y8fq0b8", ConnectReturnCode::NotAuthorized);
    let (client, trouble) = refusal(&mut facts);
    assert_eq!((&*trouble.code, client.username.as_deref()), ("wrong-secret", Some(LAMP)));
    assert!(!format!("{client:?} {trouble:?}").contains("hly3dk1u5y8fq0b"));
}

#[test]
fn a_uiot_device_may_come_with_its_products_secret_and_a_malformed_user_name_is_another_answer() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    check_uiot(&broker, "70ly1tvowt696r15|new-lamp|2", PRODUCT_SECRET, ConnectReturnCode::Success);
    facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    check_uiot(&broker, "70ly1tvowt696r15|new-lamp|2", SECRET, ConnectReturnCode::NotAuthorized);
    assert_eq!(refusal(&mut facts).1.code, "wrong-product-secret");
    check_uiot(&broker, "70ly1tvowt696r15|lamp-01", SECRET, ConnectReturnCode::BadUserNamePassword);
    assert_eq!(refusal(&mut facts).1.code, "malformed-user-name");
    // A device whose firmware puts its secret into the wrong field.
    check_uiot(&broker, &format!("70ly1tvowt696r15|lamp-01|{SECRET}"), "", ConnectReturnCode::BadUserNamePassword);
    let (client, trouble) = refusal(&mut facts);
    assert!(!format!("{client:?} {trouble:?}").contains(SECRET), "{client:?} {trouble:?}");
    assert_eq!(client.username.as_deref(), Some("70ly1tvowt696r15|lamp-01|•••"));
}

#[test]
fn a_device_that_speaks_mqtt_5_gets_its_answers_in_mqtt_5() {
    use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode as Code, Packet};
    use rumqttc::v5::{Client, ConnectionError, Event, MqttOptions};
    let (broker, _facts, _keyring) = start("127.0.0.1:0");
    let answer = |username: &str, password: &str| {
        let mut options = MqttOptions::new("P.D", "127.0.0.1", broker.address().port());
        options.set_credentials(username, password);
        let (_client, mut connection) = Client::new(options, 10);
        let answer = connection.iter().find_map(|event| match event {
            Ok(Event::Incoming(Packet::ConnAck(answer))) => Some(answer.code),
            Err(ConnectionError::ConnectionRefused(code)) => Some(code),
            Ok(_) => None,
            Err(error) => panic!("{error:?}"),
        });
        answer.expect("an answer")
    };
    assert_eq!(answer(LAMP, SECRET), Code::Success);
    assert_eq!(answer(LAMP, "hly3dk1u5y8fq0b8"), Code::NotAuthorized);
    assert_eq!(answer("bench01&a1BenchPK00", "00"), Code::BadUserNamePassword);
}

#[test]
fn a_device_with_a_secret_speaks_and_hears_on_its_own_topics_only() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    let (client, mut connection) = Client::new(options(&broker, "P.D", LAMP, SECRET), 10);
    client.subscribe(OWN, QoS::AtLeastOnce).expect("room");
    client.subscribe(FOREIGN, QoS::AtLeastOnce).expect("room");
    client.subscribe("#", QoS::AtLeastOnce).expect("room");
    client.publish(FOREIGN, QoS::AtLeastOnce, true, "foreign").expect("room");
    client.publish(OWN, QoS::AtLeastOnce, false, "own").expect("room");
    let (mut subscribed, mut acknowledged, mut heard) = (Vec::new(), 0, Vec::new());
    for event in connection.iter() {
        match event.expect("nobody is cut off for it") {
            Event::Incoming(Packet::SubAck(answer)) => subscribed.extend(answer.return_codes),
            Event::Incoming(Packet::PubAck(_)) => acknowledged += 1,
            Event::Incoming(Packet::Publish(message)) => heard.push(message.payload),
            _ => {}
        }
        if acknowledged == 2 && !heard.is_empty() {
            break;
        }
    }
    let refused = SubscribeReasonCode::Failure;
    assert_eq!(subscribed, [SubscribeReasonCode::Success(QoS::AtLeastOnce), refused, refused]);
    assert_eq!(heard, ["own"]);
    let told = facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    let refused = told.iter().filter_map(|fact| match fact {
        Fact::AccessRefused { topic, trouble, .. } => Some((&*trouble.code, topic.as_str())),
        Fact::MessageDropped { .. } => panic!("told twice: {told:?}"),
        _ => None,
    });
    let expected = [("foreign-subscription", FOREIGN), ("foreign-subscription", "#"), ("foreign-message", FOREIGN)];
    assert_eq!(refused.collect::<Vec<_>>(), expected);
    assert!(matches!(told.last(), Some(Fact::MessageReceived { topic, .. }) if topic == OWN), "{told:?}");

    // Nor does anybody find it later.
    let explorer = Device::connect(connect_options(here(&broker), "explorer"));
    explorer.subscribe("/$system/#", QoS::AtLeastOnce);
    explorer.expect_silence();
}

#[test]
fn what_a_device_without_a_secret_or_an_engineers_own_client_says_goes_through() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    let lamp = Device::connect(options(&broker, "P.E", "other|lamp-02|1", "anything"));
    let explorer = Device::connect(connect_options(here(&broker), "explorer"));
    explorer.subscribe("#", QoS::AtLeastOnce);
    lamp.publish("anywhere", QoS::AtLeastOnce, "free");
    assert_eq!(explorer.next_message().payload, "free");
    let told = facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    assert!(
        !told.iter().any(|fact| matches!(fact, Fact::AccessRefused { .. } | Fact::ClientRefused { .. })),
        "{told:?}"
    );
}

#[test]
fn a_will_for_a_foreign_topic_is_refused_before_anybody_could_hear_it() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    let with_will = |topic: &str| {
        let mut options = options(&broker, "P.D", LAMP, SECRET);
        options.set_last_will(LastWill::new(topic, "gone", QoS::AtLeastOnce, false));
        answer(options)
    };
    assert_eq!(with_will(OWN), ConnectReturnCode::Success);
    facts.until(|fact| matches!(fact, Fact::MessageReceived { .. }));
    assert_eq!(with_will(FOREIGN), ConnectReturnCode::NotAuthorized);
    assert_eq!(refusal(&mut facts).1.code, "foreign-will");
}

#[test]
fn on_the_network_only_devices_with_a_secret_are_let_in_until_the_engineer_says_otherwise() {
    let (broker, mut facts, keyring) = start("0.0.0.0:0");
    let stranger = || answer(connect_options(here(&broker), "explorer"));
    let device = || answer(options(&broker, "P.E", "other|lamp-02|1", "anything"));
    let aliyun = || answer(options(&broker, "id|securemode=3|", "dn&pk", "anything"));
    check_uiot(&broker, LAMP, SECRET, ConnectReturnCode::Success);
    facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    assert_eq!(stranger(), ConnectReturnCode::NotAuthorized);
    assert_eq!(refusal(&mut facts).1.code, "unknown-client");
    assert_eq!(device(), ConnectReturnCode::NotAuthorized);
    assert_eq!(refusal(&mut facts).1.code, "no-secret");
    assert_eq!(aliyun(), ConnectReturnCode::BadUserNamePassword);
    assert_eq!(refusal(&mut facts).1.code, "no-secret");
    keyring.set_open(true);
    let all = [stranger(), device(), aliyun()];
    assert_eq!(all, [ConnectReturnCode::Success; 3]);
    check_uiot(&broker, LAMP, "hly3dk1u5y8fq0b8", ConnectReturnCode::NotAuthorized);
    keyring.set_open(false);
    assert_eq!(device(), ConnectReturnCode::NotAuthorized, "at once");
}

#[test]
fn on_loopback_a_device_without_a_secret_is_let_in_whatever_its_user_name_as_long_as_no_secret_is_set() {
    let (broker, _facts) = start_with("127.0.0.1:0", &Arc::default());
    let names = [LAMP, "70ly1tvowt696r15|lamp-01|2", "70ly1tvowt696r15|lamp-01", "dn&pk", "me", ""];
    for (number, username) in names.into_iter().enumerate() {
        let options = options(&broker, &format!("client {number}"), username, "anything");
        assert_eq!(answer(options), ConnectReturnCode::Success, "{username}");
    }
}

#[test]
fn a_client_id_of_64_kib_is_turned_away_and_told_in_brief() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    let absurd = "x".repeat(65_535);
    let mut options = options(&broker, &absurd, &"u".repeat(65_535), SECRET);
    options.set_max_packet_size(1024 * 1024, 1024 * 1024);
    assert_eq!(answer(options), ConnectReturnCode::BadClientId);
    let (client, trouble) = refusal(&mut facts);
    assert_eq!((&*trouble.code, trouble.arg("limit")), ("client-id-too-long", Some("1024")));
    assert!(client.name.len() < 1_100 && client.name.ends_with('…'));
    assert!(client.username.is_some_and(|username| username.len() < 1_100));
    check_uiot(&broker, LAMP, SECRET, ConnectReturnCode::Success);
}

#[test]
fn a_second_connection_with_the_same_identity_takes_over() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    let first = Device::connect(options(&broker, "70ly1tvowt696r15.lamp-01", LAMP, SECRET));
    // Somebody who does not have the secret does not get in its way.
    let impostor = options(&broker, "70ly1tvowt696r15.lamp-01", LAMP, "wrong");
    assert_eq!(answer(impostor), ConnectReturnCode::NotAuthorized);
    first.subscribe(OWN, QoS::AtLeastOnce);
    let second = Device::connect(options(&broker, "70ly1tvowt696r15.lamp-01", LAMP, SECRET));
    first.wait_for_end();
    second.subscribe(OWN, QoS::AtLeastOnce);
    let told = facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    assert!(matches!(told.last(), Some(Fact::ClientDisconnected { reason, .. }) if reason.contains("taken over")));
    let told = facts.until(|fact| matches!(fact, Fact::ClientConnected { .. }));
    assert_eq!(told.len(), 1, "{told:?}");
}

/// The Python SDK puts the time into its client id: another one each time it connects.
#[test]
fn a_second_connection_of_the_same_device_takes_over_under_another_client_id_too() {
    let (broker, mut facts, _keyring) = start("127.0.0.1:0");
    let first = Device::connect(options(&broker, "lamp-01 of yesterday", LAMP, SECRET));
    let other = Device::connect(options(&broker, "P.E", "other|lamp-02|1", ""));
    let second = Device::connect(options(&broker, "lamp-01 of today", LAMP, SECRET));
    first.wait_for_end();
    second.subscribe(OWN, QoS::AtLeastOnce);
    other.subscribe("anything", QoS::AtLeastOnce);
    let told = facts.until(|fact| matches!(fact, Fact::ClientDisconnected { .. }));
    assert!(
        matches!(told.last(), Some(Fact::ClientDisconnected { client, reason })
        if &**client == "lamp-01 of yesterday" && reason.contains("taken over")),
        "{told:?}"
    );
}

#[test]
fn a_device_that_is_turned_away_a_hundred_times_is_told_a_hundred_times_and_gets_in_when_its_secret_is_right() {
    let (broker, mut facts, keyring) = start("127.0.0.1:0");
    for _ in 0..100 {
        check_uiot(&broker, LAMP, "wrong", ConnectReturnCode::NotAuthorized);
    }
    for _ in 0..100 {
        refusal(&mut facts);
    }
    keyring.set_device(&DeviceId::new("70ly1tvowt696r15", "lamp-01"), Some("wrong".into()));
    check_uiot(&broker, LAMP, "wrong", ConnectReturnCode::Success);
}

/// The CONNECT packets of the vendors' SDKs, as they were recorded.

#[test]
fn a_device_with_its_products_secret_is_told_its_own_and_no_event_shows_it() {
    let (inbox, capture) = (tempfile::tempdir().expect("a folder"), "capture.jsonl");
    let file = inbox.path().join(capture);
    let product = "70ly1tvowt696r15";
    let options = SessionOptions {
        broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::File(file.clone()),
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).expect("a session");
    let secret = Some(Secret::new(PRODUCT_SECRET));
    session.act(Action::SetProductSecret { product: product.into(), secret });
    let mut bench = Bench::new(0);
    let follow = |session: &Session, bench: &mut Bench, so: &dyn Fn(&Bench) -> bool| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !so(bench) {
            for event in session.wait(std::time::Duration::from_millis(100)).events {
                bench.apply(&event);
            }
            assert!(std::time::Instant::now() < until, "not in time: {bench:?}");
        }
    };
    follow(&session, &mut bench, &|bench| matches!(bench.broker(), Service::Running { .. }));
    let Service::Running { address, .. } = bench.broker().clone() else { unreachable!() };
    let device = DeviceId::new(product, "lamp-07");
    let simulator = Simulator::start(
        SimulatorOptions {
            broker_url: format!("mqtt://{address}"),
            device: device.clone(),
            dialect: dialect::find("uiot-v2").expect("spoken here"),
            version: "1.0.0".into(),
            secret: Secret::default(),
            sign: None,
            fail_with: None,
            product_secret: Some(Secret::new(PRODUCT_SECRET)),
            behaviour: None,
            pace: 0,
            once: false,
            trust: Trust::default(),
        },
        |_| {},
    )
    .expect("a device");
    let reported = device.clone();
    follow(&session, &mut bench, &move |bench| {
        bench.device(&reported).is_some_and(|known| known.version(None) == Some("1.0.0"))
    });
    drop(simulator);
    let _ = session.finish();
    let told = std::fs::read_to_string(file).expect("a capture");
    assert!(told.contains(r#"{\"RetCode\":\"0\",\"RequestID\":\"1\",\"Password\":\"•••\"}"#), "{told}");
    assert!(!told.contains(PRODUCT_SECRET));
    assert!(told.contains(r#""kind":"secret_set""#), "the device has a secret from here on");
}

#[test]
fn every_recorded_device_signs_in_with_its_secret_and_with_no_other() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/traces");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("traces") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let packets = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        for packet in packets.filter(|packet| packet["packet"] == "connect") {
            let text = |key: &str| packet[key].as_str().unwrap_or_default().to_owned();
            let (client_id, username, password) = (text("clientId"), text("username"), text("password"));
            let (dialect, _) = dialect::identify(&client_id, Some(&username)).expect("a device");
            let password = Some(password.as_bytes());
            let sign_in = SignIn { client_id: &client_id, username: Some(&username), password };
            let right = if username.contains('&') { ALIYUN_SECRET } else { SECRET };
            let with = |secret: &str| Secrets { device: Some(secret.into()), ..Secrets::default() };
            assert_eq!(dialect.check_sign_in(&sign_in, &with(right)), Ok(()), "{}", path.display());
            let almost = format!("{}~", &right[..right.len() - 1]);
            assert!(dialect.check_sign_in(&sign_in, &with(&almost)).is_err(), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 7, "{seen}");
}
