//! Many devices upgraded at once, each with a build of its own; and how long a device waits for an answer.

use crate::Failed;
use crate::figures::quantile;
use crate::messages::broker_address;
use crate::screen::resident_mb_of;
use crate::wire::{self, Client, PUBLISH};
use ota_workbench::bench::{Action, Bench, PushExtras, PushOrder};
use ota_workbench::event::{DeviceId, Secret};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::io::simulator::{Simulator, SimulatorOptions};
use ota_workbench::io::tls::Trust;
use ota_workbench::upgrade::Outcome;
use ota_workbench::{diagnosis, dialect};
use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

const DEVICES: u32 = 200;
const IMAGE: u32 = 1024 * 1024;
const QUESTIONS: u32 = 2_000;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_mins(5);

fn device(number: u32) -> DeviceId {
    DeviceId::new("simulated0000001", &format!("lamp-{number:03}"))
}

/// A version that no other device reaches.
fn version(number: u32) -> String {
    format!("2.0.{number}")
}

/// The four spellings and the other cloud by turns.
fn dialect_of(number: u32) -> &'static str {
    ["uiot-v2", "aliyun", "uiot", "uiot-v1", "uiot-stack"][number as usize % 5]
}

/// A session and what is known of it.
struct Desk {
    session: Session,
    bench: Bench,
    deadline: Instant,
}

impl Desk {
    fn until(&mut self, so: impl Fn(&Bench) -> bool) -> Result<(), Failed> {
        while !so(&self.bench) {
            let batch = self.session.wait(Duration::from_millis(100));
            if let Some(bench) = batch.resync {
                self.bench = *bench;
            }
            batch.events.iter().for_each(|event| drop(self.bench.apply(event)));
            if Instant::now() > self.deadline {
                return Err("not in time".into());
            }
        }
        Ok(())
    }
}

pub fn fleet() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let images: Vec<_> = (0..DEVICES)
        .map(|number| {
            let path = folder.path().join(format!("lamp-{number:03}.bin"));
            let bytes: Vec<u8> =
                (0..IMAGE / 4).flat_map(|at| (at ^ number.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
            fs::write(&path, bytes).map(|()| path)
        })
        .collect::<Result<_, _>>()?;
    let (session, address) = session(folder.path())?;
    let bench = Bench::new(session.clock().began_unix_ms());
    let mut desk = Desk { session, bench, deadline: Instant::now() + PATIENCE };
    // In small parts: more orders at once than the shelf holds would be refused.
    for (at, part) in images.chunks(50).enumerate() {
        desk.session.act(Action::AddImages(part.to_vec()));
        let expected = at * 50 + part.len();
        desk.until(|bench| bench.builds().count() >= expected)?;
    }
    println!("fleet.resident.before-devices {:.0} MB", resident_mb_of("self")?);
    let simulators = (0..DEVICES).map(|number| simulator(address, number)).collect::<Result<Vec<_>, _>>()?;
    desk.until(|bench| (0..DEVICES).all(|number| bench.reaches(&device(number), dialect_of(number)) == Some(true)))?;
    println!("fleet.resident.with-devices {:.0} MB", resident_mb_of("self")?);
    let begun = Instant::now();
    for (number, image) in (0..DEVICES).zip(1..) {
        desk.session.act(Action::Push(PushOrder {
            image,
            device: device(number),
            dialect: dialect_of(number).into(),
            version: version(number),
            module: None,
            timeout_secs: None,
            url_lifetime_secs: None,
            extras: PushExtras::default(),
            faults: Vec::new(),
        }));
    }
    desk.until(|bench| bench.cases().iter().filter(|case| case.ended.is_some()).count() >= DEVICES as usize)?;
    println!("fleet.took {:.1} s", begun.elapsed().as_secs_f64());
    println!("fleet.resident.after {:.0} MB", resident_mb_of("self")?);
    let succeeded =
        desk.bench.cases().iter().filter(|case| {
            case.upgrade.state().outcome() == Some(Outcome::Succeeded) && case.witness.in_all.is_complete()
        });
    println!("fleet.succeeded {} of {DEVICES}", succeeded.count());
    let right = (0..DEVICES).filter(|number| {
        desk.bench.device(&device(*number)).and_then(|device| device.version(None)) == Some(&version(*number))
    });
    println!("fleet.in-its-own-version {} of {DEVICES}", right.count());
    for case in desk.bench.cases().iter().filter(|case| case.upgrade.state().outcome() != Some(Outcome::Succeeded)) {
        let (state, findings) = (case.upgrade.state(), diagnosis::examine(&desk.bench, case.order.upgrade));
        println!("fleet.lost {} {} {state:?} {findings:?}", case.order.device, case.order.dialect);
    }
    drop(simulators);
    Ok(())
}

fn session(folder: &Path) -> Result<(Session, SocketAddr), Failed> {
    let options = SessionOptions {
        broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::File(folder.join("capture.jsonl")),
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).map_err(|trouble| format!("{trouble:?}"))?;
    let address = broker_address(&session)?;
    Ok((session, address))
}

fn simulator(broker: SocketAddr, number: u32) -> Result<Simulator, Failed> {
    let options = SimulatorOptions {
        broker_url: format!("mqtt://{broker}"),
        trust: Trust::default(),
        device: device(number),
        dialect: dialect::find(dialect_of(number)).map_err(|trouble| format!("{trouble:?}"))?,
        version: "1.0.0".into(),
        secret: Secret::default(),
        sign: None,
        fail_with: None,
        product_secret: None,
        behaviour: None,
        pace: 0,
        once: false,
    };
    Ok(Simulator::start(options, |_| {}).map_err(|trouble| format!("{trouble:?}"))?)
}

/// From a device's question to the answer on its socket.
pub fn answers() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (_session, address) = session(folder.path())?;
    let cloud = dialect::find("aliyun").map_err(|trouble| format!("{trouble:?}"))?;
    let credentials = cloud.credentials(&wire::device(), "");
    let mut client = Client::connect(address, &credentials.client_id, Some(&credentials.username))?;
    let topic = "/sys/bench/device/thing/ota/firmware/get";
    let question =
        wire::publish(topic, br#"{"id":"1","version":"1.0","params":{},"method":"thing.ota.firmware.get"}"#)?;
    let mut millis = Vec::new();
    for _ in 0..QUESTIONS {
        let begun = Instant::now();
        client.0.write_all(&question)?;
        let answer = client.next()?;
        millis.push(begun.elapsed().as_secs_f64() * 1_000.0);
        if answer.kind != PUBLISH {
            return Err(format!("a packet of kind {} instead of the answer", answer.kind).into());
        }
        if answer.qos > 0 {
            client.acknowledge(&answer)?;
        }
    }
    println!("answers.median {:.2} ms", quantile(millis.clone(), 50));
    println!("answers.99-percent {:.2} ms", quantile(millis, 99));
    Ok(())
}
