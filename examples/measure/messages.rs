//! 100-byte messages with `QoS` 0 through the embedded broker, recorded and drained as in a session, beside mosquitto.

use crate::Failed;
use crate::figures::{median, ratio};
use crate::programs::{self, Program};
use crate::wire::{self, Client};
use ota_workbench::bench::{Bench, Service};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const MESSAGES: usize = 50_000;
/// Messages in one write.
const TOGETHER: usize = 100;
const TOPIC: &str = "bench/messages";
/// The window drains about so often.
const FRAME: Duration = Duration::from_millis(16);

pub fn messages() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let options = SessionOptions {
        broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::File(folder.path().join("capture.jsonl")),
        ..SessionOptions::default()
    };
    let session = Session::start(options, Box::new(|| {})).map_err(|trouble| format!("{trouble:?}"))?;
    let session = Arc::new(session);
    let address = broker_address(&session)?;
    let (over, events) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (drained, ends, counted) = (Arc::clone(&session), Arc::clone(&over), Arc::clone(&events));
    let window = thread::Builder::new().name("window".into()).spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            counted.fetch_add(drained.drain().events.len() as u64, Ordering::Relaxed);
            thread::park_timeout(FRAME);
        }
    })?;
    let peer = mosquitto(folder.path())?;
    if peer.is_none() {
        println!("messages.mosquitto is not installed: nothing to compare with");
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // By turns, so that both meet the same weather.
    for _ in 0..ROUNDS {
        ours.push(messages_per_second(address)?);
        if let Some((_, address)) = &peer {
            theirs.push(messages_per_second(*address)?);
        }
    }
    over.store(true, Ordering::Relaxed);
    window.join().map_err(|_| "the draining thread panicked")?;
    println!("messages.workbench {:.0} messages/s", median(ours.clone()));
    if peer.is_some() {
        println!("messages.mosquitto {:.0} messages/s", median(theirs.clone()));
        println!("messages.ratio {:.2}", ratio(&ours, &theirs));
    }
    println!("messages.events {}", events.load(Ordering::Relaxed));
    println!("messages.captured {} bytes", session.captured_bytes());
    Ok(())
}

/// Where the session's broker takes connections.
pub fn broker_address(session: &Session) -> Result<SocketAddr, Failed> {
    let mut bench = Bench::new(session.clock().began_unix_ms());
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        session.wait(Duration::from_millis(100)).events.iter().for_each(|event| drop(bench.apply(event)));
        match bench.broker() {
            Service::Running { address, .. } => return Ok(address.parse()?),
            Service::Failed(trouble) => return Err(format!("{trouble:?}").into()),
            Service::Stopped if Instant::now() > deadline => return Err("the broker does not come up".into()),
            Service::Stopped => {}
        }
    }
}

/// One publisher, one subscriber, from the first byte sent to the last one received.
#[expect(clippy::cast_precision_loss, reason = "a count of messages")]
fn messages_per_second(address: SocketAddr) -> Result<f64, Failed> {
    let message = wire::publish(TOPIC, &[b'm'; 100])?;
    let (batch, expected) = (message.repeat(TOGETHER), message.len() * MESSAGES);
    let mut subscriber = Client::connect(address, "subscriber", None)?;
    subscriber.subscribe(TOPIC)?;
    let mut publisher = Client::connect(address, "publisher", None)?;
    let begun = Instant::now();
    let publishing = thread::Builder::new()
        .name("publisher".into())
        .spawn(move || (0..MESSAGES / TOGETHER).try_for_each(|_| publisher.0.write_all(&batch)).map(|()| publisher))?;
    let mut buffer = vec![0; 256 * 1024];
    let mut received = 0;
    while received < expected {
        match subscriber.0.read(&mut buffer) {
            Ok(0) => return Err("the broker closed the connection".into()),
            Ok(read) => received += read,
            Err(error) => return Err(format!("{received} of {expected} bytes came: {error}").into()),
        }
    }
    let took = begun.elapsed();
    publishing.join().map_err(|_| "the publisher panicked")??;
    Ok(MESSAGES as f64 / took.as_secs_f64())
}

/// A mosquitto of our own, told to lose nothing; nothing when it is not installed.
fn mosquitto(folder: &Path) -> Result<Option<(Program, SocketAddr)>, Failed> {
    let Some(program) = programs::find("mosquitto") else { return Ok(None) };
    let address = programs::free_address()?;
    let file = folder.join("mosquitto.conf");
    let port = address.port();
    let settings = format!(
        "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest none\n\
         set_tcp_nodelay true\nmax_queued_messages 0\n"
    );
    fs::write(&file, settings)?;
    let started = Program::start(Command::new(program).arg("-c").arg(file))?;
    Ok(Some((started.wait_for(address)?, address)))
}
