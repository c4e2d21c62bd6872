//! How punctual a replay at the original speed is, as the other side sees it.

use crate::Failed;
use crate::figures::quantile;
use crate::messages::broker_address;
use crate::wire::{self, Client, PUBLISH, Packet};
use ota_workbench::bench::{Action, OnDrop, ReplayAct, ReplayOrder, ReplayStep, ReplayTarget, Speaker, Speed};
use ota_workbench::event::Micros;
use ota_workbench::io::Inbox;
use ota_workbench::io::replaying::{Replayer, ReplayerOptions, Route};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::io::tls::Trust;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

const MESSAGES: u64 = 1_000;
const TOPIC: &str = "/$system/bench/device/ota/upstream";

pub fn replay() -> Result<(), Failed> {
    let order = order();
    tell("socket", &order, &at_a_socket(order.clone())?);
    tell("broker", &order, &through_the_broker(order.clone())?);
    Ok(())
}

/// Messages from 1 to 20 ms apart, as a busy device sends them.
fn order() -> ReplayOrder {
    let mut after = 0;
    let steps = (0..MESSAGES).map(|number| {
        after += 1_000 + number.wrapping_mul(2_654_435_761) % 19_000;
        let payload = format!("{{\"number\":{number}}}").into_bytes().into();
        let act = ReplayAct::Say { topic: TOPIC.into(), payload, qos: 0, retain: false };
        ReplayStep { of: number, after: Micros(after), speaker: 0, act }
    });
    ReplayOrder {
        source: "measured".into(),
        target: ReplayTarget::Here,
        speakers: vec![Speaker { device: Some(wire::device()), dialect: wire::DIALECT.into(), secret: None }],
        steps: steps.collect(),
        downstream: false,
        speed: Speed::Times(1.0),
        rounds: 1,
        on_drop: OnDrop::Stop,
    }
}

/// On the wire: the target is a bare socket that lets everybody in and looks at the clock.
fn at_a_socket(order: ReplayOrder) -> Result<Vec<Instant>, Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let target: SocketAddr = listener.local_addr()?;
    let (inbox, facts) = Inbox::new();
    let route = Route::Broker { url: format!("mqtt://{target}"), trust: Trust::default() };
    let options = ReplayerOptions { replay: 1, order, route, judged: false, inbox };
    let replayer = Replayer::start(options).map_err(|trouble| format!("{trouble:?}"))?;
    let reading = std::thread::Builder::new()
        .name("facts".into())
        .spawn(move || while facts.recv_timeout(Duration::from_mins(1)).is_ok() {})?;
    let mut client = Client::accept(&listener)?;
    let arrived = arrivals(|| client.next())?;
    drop(client);
    drop(replayer);
    reading.join().map_err(|_| "the reader panicked")?;
    Ok(arrived)
}

/// Through the session's own broker, to a subscriber.
fn through_the_broker(order: ReplayOrder) -> Result<Vec<Instant>, Failed> {
    let folder = tempfile::tempdir()?;
    let options = SessionOptions {
        broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::File(folder.path().join("capture.jsonl")),
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).map_err(|trouble| format!("{trouble:?}"))?;
    let mut subscriber = Client::connect(broker_address(&session)?, "subscriber", None)?;
    subscriber.subscribe(TOPIC)?;
    session.act(Action::Replay(Box::new(order)));
    arrivals(|| subscriber.next())
}

fn arrivals(mut next: impl FnMut() -> Result<Packet, Failed>) -> Result<Vec<Instant>, Failed> {
    let mut arrived = Vec::new();
    while arrived.len() as u64 != MESSAGES {
        if next()?.kind == PUBLISH {
            arrived.push(Instant::now());
        }
    }
    Ok(arrived)
}

/// How late each was, beside the most punctual of all.
fn tell(name: &str, order: &ReplayOrder, arrived: &[Instant]) {
    let Some(first) = arrived.first() else { return };
    let offsets = arrived
        .iter()
        .zip(&*order.steps)
        .map(|(at, step)| at.duration_since(*first).as_secs_f64() * 1_000.0 - step.after.as_secs_f64() * 1_000.0);
    let offsets: Vec<f64> = offsets.collect();
    let punctual = offsets.iter().copied().fold(f64::INFINITY, f64::min);
    let late: Vec<f64> = offsets.into_iter().map(|offset| offset - punctual).collect();
    println!("replay.{name}.median {:.3} ms", quantile(late.clone(), 50));
    println!("replay.{name}.99-percent {:.3} ms", quantile(late.clone(), 99));
    println!("replay.{name}.worst {:.3} ms", quantile(late, 100));
}
