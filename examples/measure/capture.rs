//! Captures: what a message of 100 bytes costs on disk and in memory, how many are recorded a second without loss, and how
//! long a capture of a million events takes to be opened, beside lnav opening the same file.

use crate::Failed;
use crate::figures::median;
use crate::messages;
use crate::programs;
use crate::screen::resident_mb_of;
use crate::wire::{self, Client};
use ota_workbench::bench::Bench;
use ota_workbench::capture::{Header, encode};
use ota_workbench::event::{Event, Fact, Micros, Texts};
use ota_workbench::io::captures::{News, Opened, Recording, compress};
use ota_workbench::io::session::{BrokerChoice, CaptureChoice, Session, SessionOptions};
use ota_workbench::ui::model::Model;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PAYLOAD: usize = 100;
const MESSAGES: u64 = 200_000;
const ROUNDS: usize = 3;
/// Messages in one write.
const TOGETHER: usize = 100;
const EVENTS: u64 = 1_000_000;
const TOPIC: &str = "bench/messages";
/// The window drains about so often.
const FRAME: Duration = Duration::from_millis(16);
const PATIENCE: Duration = Duration::from_mins(1);

pub fn capture() -> Result<(), Failed> {
    memory()?;
    recording()?;
    opening()
}

/// What the window keeps of a message: the event, its row, the bench.
fn memory() -> Result<(), Failed> {
    let mut model = Model::new(Bench::new(0));
    // What is made once is no message's.
    let mut texts = Texts::default();
    // As the session's thread, and the reader of a capture, put an event into the world.
    let mut take = |model: &mut Model, seq| {
        let mut event = message(seq);
        texts.share(&mut event.fact);
        model.apply(&Arc::new(event));
    };
    (1..=1_000).for_each(|seq| take(&mut model, seq));
    let before = resident_mb_of("self")?;
    let messages = 400_000;
    (1_001..=1_000 + messages).for_each(|seq| take(&mut model, seq));
    let grown = resident_mb_of("self")? - before;
    let dropped = model.journal.dropped();
    let each = grown * 1e6 / cast(messages) - cast(PAYLOAD as u64);
    println!("capture.memory {each:.0} bytes a message and its payload ({dropped} of {messages} were let go)");
    Ok(())
}

fn message(seq: u64) -> Event {
    let payload = vec![b'm'; PAYLOAD].into();
    let fact =
        Fact::MessageReceived { client: Some("publisher".into()), topic: TOPIC.into(), payload, qos: 0, retain: false };
    Event { seq, at: Micros(1_000_000 + seq * 20), fact }
}

/// From a socket through the broker to a subscriber and into the file.
fn recording() -> Result<(), Failed> {
    let folder = tempfile::tempdir_in(programs::target()?)?;
    let options = SessionOptions {
        broker: BrokerChoice::Embedded("127.0.0.1:0".into()),
        http: "127.0.0.1:0".into(),
        capture: CaptureChoice::Folder(folder.path().to_owned()),
        ..SessionOptions::default()
    };
    let session = Arc::new(Session::start(options, Box::new(|| {})).map_err(|trouble| format!("{trouble:?}"))?);
    let address = messages::broker_address(&session)?;
    let path = session.capture().ok_or("no capture")?.to_owned();
    let (over, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (drained, ends, counted) = (Arc::clone(&session), Arc::clone(&over), Arc::clone(&heard));
    let window = thread::Builder::new().name("window".into()).spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            let batch = drained.drain();
            let messages = batch.events.iter().filter(|event| matches!(event.fact, Fact::MessageReceived { .. }));
            // What was left out for a slow window is counted by the file below.
            counted.fetch_add(messages.count() as u64, Ordering::Relaxed);
            thread::park_timeout(FRAME);
        }
    })?;
    let mut subscriber = Client::connect(address, "subscriber", None)?;
    subscriber.subscribe(TOPIC)?;
    let mut publisher = Client::connect(address, "publisher", None)?;
    let packet = wire::publish(TOPIC, &[b'm'; PAYLOAD])?;
    let batch = packet.repeat(TOGETHER);
    let mut rates = Vec::new();
    for round in 1..=ROUNDS as u64 {
        let begun = Instant::now();
        let (mut sender, sent) = (publisher.0.try_clone()?, batch.clone());
        let sending = thread::Builder::new()
            .name("publisher".into())
            .spawn(move || (0..MESSAGES / TOGETHER as u64).try_for_each(|_| sender.write_all(&sent)))?;
        receive(&mut subscriber, packet.len() as u64 * MESSAGES)?;
        while heard.load(Ordering::Relaxed) < round * MESSAGES {
            if begun.elapsed() > PATIENCE {
                return Err("the session does not hear every message".into());
            }
            thread::park_timeout(Duration::from_millis(1));
        }
        rates.push(cast(MESSAGES) / begun.elapsed().as_secs_f64());
        sending.join().map_err(|_| "the publisher panicked")??;
    }
    publisher.0.flush()?;
    over.store(true, Ordering::Relaxed);
    window.join().map_err(|_| "the draining thread panicked")?;
    let plain = fs::metadata(&path)?.len();
    drop(session);
    let recording = Recording::open(&path).map_err(|trouble| format!("{trouble:?}"))?;
    let (mut recorded, mut gaps, mut of_messages) = (0, 0, 0);
    let mut line = Vec::new();
    for event in recording {
        gaps += u64::from(matches!(event.fact, Fact::Gap { .. }));
        if matches!(event.fact, Fact::MessageReceived { .. }) {
            recorded += 1;
            line.clear();
            encode(&event, &mut line);
            of_messages += line.len() as u64;
        }
    }
    let sent = MESSAGES * ROUNDS as u64;
    println!("capture.rate {:.0} messages/s", median(rates));
    println!("capture.loss {sent} sent, {recorded} recorded, {gaps} gaps");
    println!(
        "capture.disk {:.0} bytes a message and its payload",
        cast(of_messages) / cast(recorded) - cast(PAYLOAD as u64)
    );
    println!("capture.disk-all {:.0} bytes a message, with its deliveries and its payload", cast(plain) / cast(sent));
    // So large a one is left to the next start.
    let kept = path.with_extension("jsonl.zst");
    if !kept.exists() {
        compress(&path, &kept, &AtomicBool::new(false))?;
    }
    println!("capture.disk-closed {:.1} bytes a message", cast(fs::metadata(kept)?.len()) / cast(sent));
    Ok(())
}

fn receive(client: &mut Client, mut bytes: u64) -> Result<(), Failed> {
    let mut buffer = vec![0; 256 * 1024];
    while bytes > 0 {
        match client.0.read(&mut buffer)? {
            0 => return Err("the broker closed the connection".into()),
            read => bytes = bytes.saturating_sub(read as u64),
        }
    }
    Ok(())
}

/// Opens a million events, plain and compressed, and lets lnav do the same.
fn opening() -> Result<(), Failed> {
    let folder = tempfile::tempdir_in(programs::target()?)?;
    let plain = folder.path().join("million.jsonl");
    write(&plain)?;
    let small = folder.path().join("small.jsonl.zst");
    fs::copy(&plain, &small)?;
    let begun = Instant::now();
    compress(&small, &small, &AtomicBool::new(false))?;
    println!("capture.compress {:.2} s", begun.elapsed().as_secs_f64());
    println!("capture.file {} bytes, {} compressed", fs::metadata(&plain)?.len(), fs::metadata(&small)?.len());
    open("plain", &plain, false)?;
    open("compressed", &small, false)?;
    open("folded", &small, true)?;
    lnav(folder.path(), &plain)
}

fn write(path: &Path) -> Result<(), Failed> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "{}", Header::new(1_700_000_000_000, None).encode())?;
    let mut line = Vec::new();
    for seq in 1..=EVENTS {
        line.clear();
        encode(&message(seq), &mut line);
        file.write_all(&line)?;
    }
    Ok(file.flush()?)
}

/// Opens a capture as the window does, with or without the window's own fold, and looks for single events.
fn open(name: &str, path: &Path, folded: bool) -> Result<(), Failed> {
    let mut model = Model::new(Bench::new(0));
    let before = resident_mb_of("self")?;
    let begun = Instant::now();
    let opened = Opened::start(path, Box::new(|| {})).map_err(|trouble| format!("{trouble:?}"))?;
    let (mut first, mut events) = (None, 0);
    loop {
        match opened.wait(PATIENCE).ok_or("no news of the capture")? {
            News::Header(_) => {}
            News::Events(portion) => {
                first.get_or_insert_with(|| begun.elapsed());
                events += portion.len() as u64;
                for event in portion.iter().filter(|_| folded) {
                    model.apply(event);
                }
            }
            News::Over(damage) if damage.is_empty() && events == EVENTS => break,
            other => return Err(format!("after {events} events: {other:?}").into()),
        }
    }
    let took = begun.elapsed();
    let grown = resident_mb_of("self")? - before;
    let first = first.unwrap_or_default().as_secs_f64() * 1e3;
    println!(
        "capture.open-{name} first events after {first:.1} ms, all after {:.2} s, {grown:.1} MB",
        took.as_secs_f64()
    );
    let pages = opened.pages();
    let mut times = Vec::new();
    for number in 0..100 {
        let place = number * 7_919_017 % EVENTS;
        let begun = Instant::now();
        let found = pages.read(place, 1).map_err(|trouble| format!("{trouble:?}"))?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        if found.first().is_none_or(|event| event.seq != place + 1) {
            return Err(format!("another event at {place}").into());
        }
    }
    println!("capture.any-event-{name} {:.2} ms", median(times));
    Ok(())
}

/// lnav, told of the format, reads the same file to its end.
fn lnav(folder: &Path, capture: &Path) -> Result<(), Failed> {
    let Some(program) = programs::find("lnav") else {
        println!("capture.lnav is not installed: nothing to compare with");
        return Ok(());
    };
    let formats = folder.join("formats").join("ota");
    fs::create_dir_all(&formats)?;
    let format = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/ota-workbench.lnav.json");
    fs::copy(PathBuf::from(format), formats.join("ota-workbench.json"))?;
    let begun = Instant::now();
    let counting = ";select count(*) as events from ota_workbench";
    let output = Command::new(program)
        .args(["-n", "-I"])
        .arg(folder)
        .args(["-c", counting])
        .arg(capture)
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()?;
    let took = begun.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stdout);
    let count = said.split_whitespace().last().unwrap_or_default().to_owned();
    println!("capture.lnav all after {took:.2} s ({count} lines)");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count")]
fn cast(count: u64) -> f64 {
    count as f64
}
