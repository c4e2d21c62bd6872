//! From Push to the bytes on the device's socket.

use crate::Failed;
use crate::figures::quantile;
use crate::messages::broker_address;
use crate::wire::{self, Client, PUBLISH};
use ota_workbench::bench::{Action, PushExtras, PushOrder};
use ota_workbench::event::Fact;
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use std::fs;
use std::time::{Duration, Instant};

const PUSHES: u32 = 200;
const IMAGE: u32 = 412 * 1024;
/// Nothing happened for so long: the bench rests, as it does before an engineer pushes.
const REST: Duration = Duration::from_millis(20);

pub fn push() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("lamp-2.0.0.bin");
    fs::write(
        &image,
        (0..IMAGE / 4).flat_map(|place| place.wrapping_mul(2_654_435_761).to_le_bytes()).collect::<Vec<_>>(),
    )?;
    let options = SessionOptions {
        broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::File(folder.path().join("capture.jsonl")),
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).map_err(|trouble| format!("{trouble:?}"))?;
    let address = broker_address(&session)?;
    session.act(Action::AddImages(vec![image]));
    wait_for(&session, |fact| matches!(fact, Fact::ImageAdded { .. }))?;
    let (credentials, filters) = wire::credentials()?;
    let mut client = Client::connect(address, &credentials.client_id, Some(&credentials.username))?;
    filters.iter().try_for_each(|filter| client.subscribe(filter))?;
    wait_for(&session, |fact| matches!(fact, Fact::Subscribed { .. }))?;
    let mut millis = Vec::new();
    for upgrade in 1..=PUSHES {
        rest(&session);
        let order = PushOrder {
            image: 1,
            device: wire::device(),
            dialect: wire::DIALECT.into(),
            version: "2.0.0".into(),
            module: None,
            timeout_secs: None,
            url_lifetime_secs: None,
            extras: PushExtras::default(),
            faults: Vec::new(),
        };
        let begun = Instant::now();
        session.act(Action::Push(order));
        let message = client.next()?;
        millis.push(begun.elapsed().as_secs_f64() * 1_000.0);
        if message.kind != PUBLISH {
            return Err(format!("a packet of kind {} instead of the push", message.kind).into());
        }
        if message.qos > 0 {
            client.acknowledge(&message)?;
        }
        session.act(Action::CancelUpgrade(upgrade));
        wait_for(&session, |fact| matches!(fact, Fact::UpgradeCancelled { .. }))?;
    }
    println!("push.median {:.2} ms", quantile(millis.clone(), 50));
    println!("push.99-percent {:.2} ms", quantile(millis, 99));
    Ok(())
}

fn wait_for(session: &Session, fits: impl Fn(&Fact) -> bool) -> Result<(), Failed> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if session.wait(Duration::from_millis(200)).events.iter().any(|event| fits(&event.fact)) {
            return Ok(());
        }
    }
    Err("the session does not go on".into())
}

fn rest(session: &Session) {
    while !session.wait(REST).events.is_empty() {}
}
