//! A session to look at: a build, a device, an upgrade over range requests, a console.

use crate::bench::Bench;
use crate::event::{Client, DeviceId, Event, Extras, Fact, Micros, UpgradeOrder};
use std::sync::Arc;

pub const DEVICE: &str = "lamp-01";
const PRODUCT: &str = "70ly1tvowt696r15";
const CHUNK: u64 = 4_096;
const SIZE: u64 = 421_888;
const STARTED: u64 = 1_790_000_000_000;

/// Writes a session down, event by event.
pub struct Story {
    pub bench: Bench,
    pub events: Vec<Arc<Event>>,
    pub at: u64,
}

impl Story {
    pub fn new() -> Self {
        Self { bench: Bench::new(STARTED), events: Vec::new(), at: 1_000 }
    }

    pub fn add(&mut self, fact: Fact) -> &mut Self {
        let seq = self.events.len() as u64 + 1;
        let event = Event { seq, at: Micros::from_millis(self.at), fact };
        self.bench.apply(&event);
        self.events.push(Arc::new(event));
        self
    }

    pub fn wait(&mut self, millis: u64) -> &mut Self {
        self.at += millis;
        self
    }

    pub fn services(&mut self) -> &mut Self {
        self.add(Fact::BrokerStarted { address: "127.0.0.1:1883".into(), external: false });
        let advertised = "http://127.0.0.1:8070".into();
        self.add(Fact::ServerStarted { address: "127.0.0.1:8070".into(), advertised })
    }

    pub fn build(&mut self) -> &mut Self {
        let md5 = "93230c3bde425a9d7984a594ac45fe1e".into();
        self.add(Fact::ImageAdded {
            image: 1,
            path: "/home/me/lamp/build/lamp-2.0.0.bin".into(),
            name: "lamp-2.0.0.bin".into(),
            size: SIZE,
            md5,
            sha256: "e3b0".repeat(16).into(),
            version: Some("2.0.0".into()),
        })
    }

    pub fn id() -> DeviceId {
        DeviceId::new(PRODUCT, DEVICE)
    }

    fn client() -> Client {
        Client {
            name: format!("{PRODUCT}.{DEVICE}").into(),
            username: Some(format!("{PRODUCT}|{DEVICE}|1")),
            address: "127.0.0.1:50122".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 60,
        }
    }

    pub fn says(&mut self, payload: &str) -> &mut Self {
        self.add(Fact::MessageReceived {
            client: Some(Self::client().name),
            topic: format!("/$system/{PRODUCT}/{DEVICE}/ota/upstream").into(),
            payload: payload.as_bytes().into(),
            qos: 1,
            retain: false,
        })
    }

    pub fn prints(&mut self, line: &str) -> &mut Self {
        let bytes = format!("{line}\r\n").into_bytes().into();
        self.add(Fact::BytesReceived { port: "/dev/ttyUSB0".into(), bytes })
    }

    pub fn device(&mut self) -> &mut Self {
        let client = Self::client();
        let name = client.name.clone();
        self.add(Fact::PortOpened { port: "/dev/ttyUSB0".into(), settings: "115200 8N1".into() });
        self.prints("\x1b[0;32mI (312) boot: ESP-IDF v5.2 2nd stage bootloader\x1b[0m");
        self.wait(40).add(Fact::ClientConnected { client: client.into() });
        let filter = format!("/$system/{PRODUCT}/{DEVICE}/ota/downstream");
        self.wait(4).add(Fact::Subscribed { client: name, filter: filter.into(), qos: 1, implicit: false });
        self.wait(8).says(r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#);
        self.prints("\x1b[0;32mI (1204) mqtt: connected, running 1.0.0\x1b[0m")
    }

    fn path() -> String {
        "/firmware/1/lamp-2.0.0.bin".into()
    }

    pub fn push(&mut self) -> &mut Self {
        let order = UpgradeOrder {
            upgrade: 1,
            device: Self::id(),
            dialect: "uiot".into(),
            module: None,
            name: "lamp-2.0.0.bin".into(),
            version: "2.0.0".into(),
            size: SIZE,
            md5: "93230c3bde425a9d7984a594ac45fe1e".into(),
            sha256: String::new(),
            url: format!("http://127.0.0.1:8070{}", Self::path()),
            path: Self::path(),
            timeout_secs: None,
            task: None,
            extras: Extras::default(),
            faults: Vec::new(),
            replay: None,
        };
        self.wait(3_000).add(Fact::UpgradeRequested { order: order.into() });
        let payload = r#"{"method":"update_firmware","payload":{"version":"2.0.0","url":"http://127.0.0.1:8070/firmware/1/lamp-2.0.0.bin","md5":"93230c3bde425a9d7984a594ac45fe1e","size":421888}}"#;
        let topic = format!("/$system/{PRODUCT}/{DEVICE}/ota/downstream");
        self.wait(2).add(Fact::MessagePublished {
            topic: topic.clone().into(),
            payload: payload.as_bytes().into(),
            qos: 1,
        });
        let client = Self::client().name;
        self.wait(1).add(Fact::MessageDelivered { client: client.clone(), topic: topic.clone().into(), qos: 1 });
        self.wait(3).add(Fact::MessageAcknowledged { client, topic: topic.into() });
        self.wait(20).prints("\x1b[0;32mI (4310) ota: start, 421888 bytes\x1b[0m")
    }

    /// Downloads up to so many percent.
    pub fn download(&mut self, percent: u64) -> &mut Self {
        let chunks = SIZE / CHUNK;
        for chunk in 0..chunks * percent / 100 {
            let (request, offset) = (chunk + 1, chunk * CHUNK);
            self.wait(45).add(Fact::RequestReceived {
                request,
                peer: "127.0.0.1:50200".into(),
                method: "GET".into(),
                path: Self::path().into(),
                range: Some((format!("bytes={offset}-{}", offset + CHUNK - 1)).into()),
            });
            self.wait(15).add(Fact::RangeServed {
                request,
                path: Self::path().into(),
                status: 206,
                offset,
                length: CHUNK,
                sent: CHUNK,
                complete: true,
            });
            if chunk % 7 == 6 {
                let said = (chunk + 1) * 100 / chunks;
                self.says(&format!(
                    r#"{{"method":"report_progress","payload":{{"state":"downloading","percent":{said}}}}}"#
                ));
                self.prints(&format!("\x1b[0;32mI ({}) ota: {said} %\x1b[0m", self.at));
            }
        }
        self
    }

    pub fn finish(&mut self) -> &mut Self {
        self.wait(30).says(r#"{"method":"report_progress","payload":{"state":"downloading","percent":100}}"#);
        self.wait(100).says(r#"{"method":"report_progress","payload":{"state":"burning","percent":50}}"#);
        self.prints("\x1b[1;33mW (9911) ota: writing partition ota_1\x1b[0m");
        self.wait(300).says(r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#);
        self.prints("\x1b[0;32mI (10230) ota: running 2.0.0\x1b[0m")
    }

    pub fn fail(&mut self) -> &mut Self {
        self.wait(30).says(r#"{"method":"report_fail","payload":{"err_code":-4,}}"#);
        self.prints("\x1b[0;31mE (9911) ota: md5 mismatch\x1b[0m")
    }
}
