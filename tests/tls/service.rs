//! Devices that speak modern TLS: they are served as on the plain ports, under their own addresses.

use crate::bench::{Device, Secured};
use crate::mqtt::{self, connect_options};
use ota_workbench::event::{Fact, TlsService};
use ota_workbench::io::server::Firmware;
use ota_workbench::io::tls::Limits;
use rumqttc::{QoS, TlsConfiguration, Transport};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Barrier};
use std::time::Duration;

fn image(size: u32) -> Arc<[u8]> {
    (0..size).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn a_device_signs_in_over_tls_and_is_known_by_its_own_address() {
    let mut bench = Secured::broker(Limits::of(TlsService::Mqtts));
    let mut device = bench.connect();
    device.sign_in("lamp-1");
    let told = bench.facts.until(|fact| matches!(fact, Fact::ClientConnected { .. }));
    let Some(Fact::ClientConnected { client }) = told.last() else { panic!("{told:?}") };
    assert_eq!((&*client.name, client.address.clone()), ("lamp-1", device.address().to_string()));
    drop(device);
    bench.facts.until(|fact| matches!(fact, Fact::ClientDisconnected { client, .. } if &**client == "lamp-1"));
}

/// The relay comes from this computer, where nobody is asked for a secret; whoever uses it may not.
#[test]
fn a_stranger_from_the_network_is_no_friend_for_coming_over_tls() {
    let mut bench = Secured::broker_at("0.0.0.0:0", Limits::of(TlsService::Mqtts));
    let here = std::net::SocketAddr::from(([127, 0, 0, 1], bench.tls.address().port()));
    let mut stranger = Device::connect(here, "127.0.0.1", &bench.trusted()).unwrap();
    assert_eq!(stranger.try_sign_in("stranger"), 5);
    let told = bench.facts.until(|fact| matches!(fact, Fact::ClientRefused { .. }));
    let Some(Fact::ClientRefused { client, .. }) = told.last() else { panic!("{told:?}") };
    assert_eq!(client.address, stranger.address().to_string());
    assert_eq!(Secured::broker(Limits::of(TlsService::Mqtts)).connect().try_sign_in("engineer"), 0);
}

#[test]
fn messages_pass_both_ways_over_tls() {
    let bench = Secured::broker(Limits::of(TlsService::Mqtts));
    let mut options = connect_options(bench.tls.address(), "dn");
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(bench.trusted())));
    let device = mqtt::Device::connect(options);
    device.subscribe("down/#", QoS::AtLeastOnce);
    let other = mqtt::Device::connect(connect_options(bench.plain, "plain"));
    other.publish("down/a", QoS::AtLeastOnce, vec![7; 1_000_000]);
    assert_eq!(device.next_message().payload, vec![7; 1_000_000]);
    device.publish("down/b", QoS::AtLeastOnce, "up");
    assert_eq!(device.next_message().payload, "up");
}

#[test]
fn a_download_over_tls_is_served_range_by_range_on_one_connection() {
    let mut bench = Secured::server();
    let image = image(50_000);
    let path = bench.offers.offer(Firmware::from(Arc::clone(&image)), Duration::from_mins(1));
    let mut device = bench.connect();
    let mut fetched = Vec::new();
    for offset in (0..image.len()).step_by(4_096) {
        let (head, body) = device.get(&path, &format!("{offset}-{}", (offset + 4_095).min(image.len() - 1)));
        assert!(head.starts_with("HTTP/1.1 206 "), "{head}");
        fetched.extend(body);
    }
    assert!(fetched == *image, "not a byte is changed");
    let (_, whole) = device.get(&path, "0-");
    assert!(whole == *image, "nor in a large answer");
    let told = bench.facts.until(|fact| matches!(fact, Fact::RequestReceived { .. }));
    let Some(Fact::RequestReceived { peer, .. }) = told.last() else { panic!("{told:?}") };
    assert_eq!(*peer, device.address().to_string());
}

#[test]
fn a_device_that_closes_its_own_direction_still_gets_its_answer() {
    let bench = Secured::server();
    let image = image(100_000);
    let path = bench.offers.offer(Firmware::from(Arc::clone(&image)), Duration::from_mins(1));
    let mut device = bench.connect();
    write!(device.0, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
    device.0.conn.send_close_notify();
    device.0.flush().unwrap();
    let mut answer = Vec::new();
    device.0.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&image), "{} bytes came", answer.len());
}

#[test]
fn a_device_finds_the_host_it_asks_for_in_the_certificate() {
    let bench = Secured::server();
    for asked in ["localhost", "127.0.0.1", "iot-cn.example.com"] {
        let device = Device::connect(bench.tls.address(), asked, &bench.trusted());
        assert!(device.is_ok(), "{asked}: {:?}", device.err());
    }
}

#[test]
fn no_record_is_longer_than_the_buffers_of_small_devices() {
    let bench = Secured::server();
    let path = bench.offers.offer(Firmware::from(image(10_000)), Duration::from_mins(1));
    let mut device = bench.connect();
    let socket = device.0.sock.try_clone().unwrap();
    write!(device.0, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n").unwrap();
    let bytes = crate::bench::to_the_end(socket);
    let mut rest = &bytes[..];
    let mut records = 0;
    while let Some((head, after)) = rest.split_first_chunk::<5>() {
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        // Encryption adds a little.
        assert!(length <= 4_096 + 24, "a record of {length} bytes");
        rest = after.get(length..).unwrap_or_default();
        records += 1;
    }
    assert!(records >= 10, "{records}");
}

#[test]
fn two_hundred_devices_are_signed_in_at_the_same_time() {
    const DEVICES: usize = 200;
    let mut bench = Secured::broker(Limits::of(TlsService::Mqtts));
    let (config, address) = (bench.trusted(), bench.tls.address());
    let all_in = Arc::new(Barrier::new(DEVICES + 1));
    let devices: Vec<_> = (0..DEVICES)
        .map(|number| {
            let (config, all_in) = (Arc::clone(&config), Arc::clone(&all_in));
            let device = move || {
                let mut device = Device::connect(address, "127.0.0.1", &config).unwrap();
                device.sign_in(&format!("lamp-{number}"));
                all_in.wait();
                device.address().to_string()
            };
            std::thread::Builder::new().spawn(device).unwrap()
        })
        .collect();
    all_in.wait();
    let mut own: Vec<_> = devices.into_iter().map(|device| device.join().unwrap()).collect();
    let mut told = Vec::new();
    while told.len() < DEVICES {
        let facts = bench.facts.until(|fact| matches!(fact, Fact::ClientConnected { .. }));
        told.extend(facts.into_iter().filter_map(|fact| match fact {
            Fact::ClientConnected { client } => Some(client.address),
            _ => None,
        }));
    }
    own.sort();
    told.sort();
    assert_eq!(told, own, "each under its own address");
}

#[test]
fn a_stopped_listener_cuts_its_devices_off_and_frees_its_port() {
    let bench = Secured::server();
    let address = bench.tls.address();
    let device = bench.connect();
    let socket = device.0.sock.try_clone().unwrap();
    let Secured { tls, .. } = bench;
    drop(tls);
    assert!(crate::bench::to_the_end(socket).len() < 4_096, "the connection has ended");
    TcpListener::bind(address).unwrap();
}
