//! The simulated device against somebody else's broker and server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "these are tests, helpers included"
)]

mod program;

use ota_workbench::device::Ending;
use ota_workbench::dialect::{self, Dialect};
use ota_workbench::event::{DeviceId, Secret};
use ota_workbench::io::simulator::{Simulator, SimulatorOptions};
use ota_workbench::io::tls::Trust;
use program::free_port;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(20);
/// MD5 of “0123456789” a thousand times, worked out with md5sum.
const IMAGE_MD5: &str = "2bb571599a4180e1d542f76904adc3df";

fn uiot() -> &'static dyn Dialect {
    dialect::find("uiot").unwrap()
}

/// A device and all its console printed.
fn start(port: u16, once: bool) -> (Simulator, Arc<Mutex<String>>) {
    let console = Arc::new(Mutex::new(String::new()));
    let printed = console.clone();
    let options = SimulatorOptions {
        broker_url: format!("mqtt://127.0.0.1:{port}"),
        trust: Trust::default(),
        device: DeviceId::new("product", "lamp-1"),
        dialect: uiot(),
        version: "1.0.0".into(),
        secret: "secret".into(),
        sign: None,
        fail_with: None,
        product_secret: None,
        behaviour: None,
        pace: 0,
        once,
    };
    let print = move |bytes: &[u8]| printed.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
    (Simulator::start(options, print).unwrap(), console)
}

fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn wait_to_read(console: &Mutex<String>, words: &str) {
    let until = Instant::now() + DEADLINE;
    while !console.lock().unwrap().contains(words) {
        assert!(Instant::now() < until, "{words:?} does not stand in {}", console.lock().unwrap());
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn a_device_without_a_broker_says_so_answers_at_its_console_and_stops_at_once() {
    let (simulator, console) = start(free_port(), false);
    wait_to_read(&console, "mqtt: Not connected: ");
    simulator.console_input(b"version\r\n");
    wait_to_read(&console, "lamp> version\r\nlamp 1.0.0");
    let begun = Instant::now();
    simulator.stop();
    assert!(begun.elapsed() < Duration::from_millis(900), "{:?}", begun.elapsed());
    assert_eq!(simulator.wait_for(DEADLINE), None);
}

#[test]
fn a_broker_s_address_that_is_none_is_refused_at_once() {
    let options = SimulatorOptions {
        broker_url: "https://bench".into(),
        trust: Trust::default(),
        device: DeviceId::new("p", "d"),
        dialect: uiot(),
        version: "1".into(),
        secret: Secret::default(),
        sign: None,
        fail_with: None,
        product_secret: None,
        behaviour: None,
        pace: 0,
        once: false,
    };
    assert_eq!(Simulator::start(options, |_| {}).err().unwrap().code, "bad-broker-url");
}

/// A mosquitto of our own on loopback.
struct Mosquitto(Child);

impl Mosquitto {
    fn start(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mosquitto.conf");
        std::fs::write(&file, format!("listener {port} 127.0.0.1\nallow_anonymous true\n")).unwrap();
        let mut command = Command::new("/usr/sbin/mosquitto");
        let child = command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("mosquitto", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self(child)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The cloud: what it heard, and a way to say something to devices.
struct Cloud {
    client: rumqttc::Client,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Cloud {
    fn new(port: u16) -> Self {
        let options = rumqttc::MqttOptions::new("cloud", "127.0.0.1", port);
        let (client, mut connection) = rumqttc::Client::new(options, 10);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (hearing, subscriber) = (heard.clone(), client.clone());
        let listen = move || {
            for event in connection.iter() {
                match event {
                    Ok(rumqttc::Event::Incoming(rumqttc::Packet::ConnAck(_))) => {
                        subscriber
                            .subscribe("/$system/product/lamp-1/ota/upstream", rumqttc::QoS::AtLeastOnce)
                            .unwrap();
                    }
                    Ok(rumqttc::Event::Incoming(rumqttc::Packet::SubAck(_))) => {
                        hearing.lock().unwrap().push("subscribed".to_owned());
                    }
                    Ok(rumqttc::Event::Incoming(rumqttc::Packet::Publish(message))) => {
                        hearing.lock().unwrap().push(String::from_utf8(message.payload.to_vec()).unwrap());
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        };
        std::thread::Builder::new().spawn(listen).unwrap();
        let cloud = Self { client, heard };
        cloud.expect("subscribed");
        cloud
    }

    fn expect(&self, words: &str) {
        wait_for(words, || self.heard.lock().unwrap().iter().any(|said| said == words));
    }

    fn push(&self, version: &str, url: &str, md5: &str) {
        let push = format!(
            r#"{{"method":"update_firmware","payload":{{"version":"{version}","url":"{url}","md5":"{md5}","size":10000}}}}"#
        );
        let topic = "/$system/product/lamp-1/ota/downstream";
        self.client.publish(topic, rumqttc::QoS::AtLeastOnce, false, push).unwrap();
    }
}

/// A server with an image of ten thousand bytes; gives its URL.
fn serve_image() -> String {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}/fw.bin", server.server_addr());
    let serve = move || {
        let image = b"0123456789".repeat(1000);
        for request in server.incoming_requests() {
            let range = request.headers().iter().find(|header| header.field.equiv("Range")).unwrap();
            let (from, to) = range.value.as_str().strip_prefix("bytes=").unwrap().split_once('-').unwrap();
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            let _ = request.respond(tiny_http::Response::from_data(&image[from..=to]).with_status_code(206));
        }
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    url
}

#[test]
#[ignore = "needs mosquitto"]
fn an_upgrade_over_a_real_broker_ends_with_the_new_version_told() {
    let port = free_port();
    let _broker = Mosquitto::start(port);
    let cloud = Cloud::new(port);
    let (simulator, console) = start(port, true);
    cloud.expect(r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#);
    cloud.push("2.0.0", &serve_image(), IMAGE_MD5);
    assert_eq!(simulator.wait_for(DEADLINE), Some(Ok(Ending::Succeeded { version: "2.0.0".into() })));
    for words in [
        r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#,
        r#"{"method":"report_progress","payload":{"state":"downloading","percent":100}}"#,
        r#"{"method":"report_progress","payload":{"state":"burning","percent":100}}"#,
        r#"{"method":"report_version","payload":{"version":"2.0.0"}}"#,
    ] {
        cloud.expect(words);
    }
    assert!(console.lock().unwrap().contains("rst:0xc (SW_CPU_RESET)"));
}

#[test]
#[ignore = "needs mosquitto"]
fn a_device_whose_broker_was_restarted_hears_offers_again_and_does_not_repeat_its_greeting() {
    let port = free_port();
    let broker = Mosquitto::start(port);
    let cloud = Cloud::new(port);
    let (simulator, console) = start(port, true);
    cloud.expect(r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#);
    drop(broker);
    wait_to_read(&console, "Not connected: ");
    let _broker = Mosquitto::start(port);
    let cloud = Cloud::new(port);
    wait_for("a second connection", || console.lock().unwrap().matches("Connected and subscribed").count() == 2);
    cloud.push("2.0.0", &serve_image(), "00000000000000000000000000000000");
    assert_eq!(simulator.wait_for(DEADLINE), Some(Ok(Ending::Failed { code: -4 })));
    cloud.expect(r#"{"method":"report_fail","payload":{"err_code":-4}}"#);
    let heard = cloud.heard.lock().unwrap();
    assert!(!heard.iter().any(|said| said.contains("report_version")), "{heard:?}");
}
