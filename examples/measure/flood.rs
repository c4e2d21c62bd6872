//! One mad device: 2,000 messages and 2,000 requests a second, and somebody who goes on clicking in the window.

use crate::Failed;
use crate::figures::quantile;
use crate::inspection::Inspection;
use crate::screen::{Screen, drawing_time, processor_time, resident_mb};
use crate::start::window;
use crate::wire::{self, Client};
use crate::{programs, wire::PUBLISH};
use ota_workbench::dialect::{self, Heard};
use ota_workbench::event::Fact;
use ota_workbench::io::captures::Recording;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const CALM: Duration = Duration::from_secs(5);
const FLOOD: Duration = Duration::from_secs(20);
/// Messages a second, and requests.
const RATE: u32 = 2_000;
/// Connections that share the requests.
const CONNECTIONS: u32 = 2;
/// How often the device does a part of its work, and somebody clicks.
const BEAT: Duration = Duration::from_millis(10);
const CLICKS: Duration = Duration::from_millis(100);
/// Where somebody clicks: on the list of messages.
const PLACES: [(f32, f32); 2] = [(700.0, 700.0), (720.0, 740.0)];
/// How long anything else may take.
const PATIENCE: Duration = Duration::from_mins(1);

type Counting = JoinHandle<Result<u64, Failed>>;

pub fn flood() -> Result<(), Failed> {
    let Some(mut screen) = Screen::start()? else { return Err("Xvfb is not installed".into()) };
    let data = tempfile::tempdir()?;
    let [mqtt, http, inspection] = [programs::free_address()?, programs::free_address()?, programs::free_address()?];
    let mut command = window(&programs::workbench()?, &mqtt.to_string(), &http.to_string(), data.path());
    command.env("EGUI_INSPECTION", inspection.to_string());
    let program = screen.open(&mut command)?;
    screen.wait_for_frame()?;
    let mut inspection = Inspection::connect(inspection)?;
    let (device, path) = pushed(mqtt, &mut inspection)?;

    println!("flood.resident.before {:.0} MB", resident_mb(&program.0)?);
    look(&program.0, &mut inspection, "calm", CALM)?;
    let messages = thread::Builder::new().name("messages".into()).spawn(move || talk(device))?;
    let requests: Vec<_> = (0..CONNECTIONS).map(|_| asking(http, path.clone())).collect::<Result<_, _>>()?;
    look(&program.0, &mut inspection, "mad", FLOOD)?;
    let messages = counted(messages)?;
    let requests = requests.into_iter().map(counted).sum::<Result<u64, Failed>>()?;
    println!("flood.resident.after {:.0} MB", resident_mb(&program.0)?);
    look(&program.0, &mut inspection, "calm-again", CALM)?;
    drop(program);
    compare(data.path(), messages, requests)
}

/// A device that is signed in and got its push, and the path of its image.
fn pushed(broker: SocketAddr, inspection: &mut Inspection) -> Result<(Client, String), Failed> {
    let (credentials, filters) = wire::credentials()?;
    let mut client = Client::connect(broker, &credentials.client_id, Some(&credentials.username))?;
    for filter in &filters {
        client.subscribe(filter)?;
    }
    client
        .0
        .write_all(&wire::publish(&upstream(), br#"{"method":"report_version","payload":{"version":"1.0.0"}}"#)?)?;
    client.0.set_read_timeout(Some(Duration::from_secs(1)))?;
    let deadline = Instant::now() + PATIENCE;
    // Its list of devices may not be drawn yet.
    while Instant::now() < deadline {
        inspection.press_ctrl_enter()?;
        let Ok(packet) = client.next() else { continue };
        if packet.kind == PUBLISH {
            client.acknowledge(&packet)?;
            return Ok((client, path_in(&packet.body)?));
        }
    }
    Err("nothing was pushed".into())
}

fn upstream() -> String {
    let device = wire::device();
    format!("/$system/{}/{}/ota/upstream", device.product, device.device)
}

/// The path of the image, in a PUBLISH that announces it.
fn path_in(packet: &[u8]) -> Result<String, Failed> {
    let cloud = dialect::find(wire::DIALECT).map_err(|trouble| format!("{trouble:?}"))?;
    let topic = cloud.push_topic(&wire::device());
    let payload = packet.get(2 + topic.len() + 2..).unwrap_or_default();
    let Some(Heard::Offer(offer)) = cloud.hear(&wire::device(), &topic, payload) else { return Err("no push".into()) };
    let url = &offer.files.first().ok_or("a push without a file")?.url;
    let (_, path) = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).ok_or("a URL without a path")?;
    Ok(format!("/{path}"))
}

/// Clicks for so long, and tells what the window made of it.
#[expect(clippy::cast_precision_loss, reason = "a count of frames")]
fn look(process: &Child, inspection: &mut Inspection, name: &str, span: Duration) -> Result<(), Failed> {
    let begun = Instant::now();
    let (frames, all, drawing) = (inspection.frames()?, processor_time(process)?, drawing_time(process));
    let mut millis = Vec::new();
    while begun.elapsed() < span {
        for (x, y) in PLACES {
            let clicked = Instant::now();
            inspection.click(x, y)?;
            millis.push(clicked.elapsed().as_secs_f64() * 1_000.0);
            thread::park_timeout(CLICKS.saturating_sub(clicked.elapsed()));
        }
    }
    let took = begun.elapsed().as_secs_f64();
    let (all, drawing) = (processor_time(process)?.saturating_sub(all), drawing_time(process).saturating_sub(drawing));
    let frames = inspection.frames()?.saturating_sub(frames).max(1) as f64;
    println!("flood.{name}.frames {:.1} a second", frames / took);
    println!("flood.{name}.drawing {:.1} ms of processor time a frame", drawing.as_secs_f64() * 1_000.0 / frames);
    println!("flood.{name}.processor {:.0} % of one core", all.as_secs_f64() / took * 100.0);
    println!("flood.{name}.click.median {:.1} ms", quantile(millis.clone(), 50));
    println!("flood.{name}.click.99-percent {:.1} ms", quantile(millis.clone(), 99));
    println!("flood.{name}.click.worst {:.1} ms", quantile(millis, 100));
    Ok(())
}

/// Does a part of the work with every beat, as much as is due by then; tells how much in all.
fn with_every_beat(a_second: u32, mut work: impl FnMut(u64) -> Result<(), Failed>) -> Result<u64, Failed> {
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed() < FLOOD {
        let due = u64::try_from(begun.elapsed().as_millis())? * u64::from(a_second) / 1_000;
        for number in done..due {
            work(number)?;
        }
        done = due.max(done);
        thread::park_timeout(BEAT);
    }
    Ok(done)
}

fn talk(mut device: Client) -> Result<u64, Failed> {
    let topic = upstream();
    let said = with_every_beat(RATE, |number| {
        let percent = number % 100;
        let report =
            format!(r#"{{"method":"report_progress","payload":{{"state":"downloading","percent":{percent}}}}}"#);
        Ok(device.0.write_all(&wire::publish(&topic, report.as_bytes())?)?)
    })?;
    // What is still in the socket is taken first: the broker answers in order.
    device.subscribe("bench/over")?;
    Ok(said)
}

fn asking(address: SocketAddr, path: String) -> Result<Counting, Failed> {
    let ask = move || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        with_every_beat(RATE / CONNECTIONS, |number| {
            let path = if number % 2 == 0 { path.as_str() } else { "/nothing-of-ours" };
            let first = number * 64 % 4_096;
            let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nRange: bytes={first}-{}\r\n\r\n", first + 511);
            stream.write_all(request.as_bytes())?;
            read_answer(&mut stream)
        })
    };
    Ok(thread::Builder::new().name("requests".into()).spawn(ask)?)
}

/// Reads one answer to its end.
fn read_answer(stream: &mut TcpStream) -> Result<(), Failed> {
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Err("the connection ended".into());
        }
        answer.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let fields = String::from_utf8_lossy(answer.get(..head).unwrap_or_default()).to_ascii_lowercase();
        let length = fields.lines().find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.ok_or("an answer without its length")?.trim().parse()?;
        if answer.len() >= head + 4 + length {
            return Ok(());
        }
    }
}

fn counted(thread: Counting) -> Result<u64, Failed> {
    thread.join().map_err(|_| "a thread of the device panicked")?
}

/// What was sent beside what the session recorded.
fn compare(data: &Path, messages: u64, requests: u64) -> Result<(), Failed> {
    let file = captures(data)?.pop().ok_or("no capture")?;
    let capture = Recording::open(&file).map_err(|trouble| format!("{trouble:?}"))?.collect();
    let count = |fits: fn(&Fact) -> bool| capture.events.iter().filter(|event| fits(&event.fact)).count();
    // The device spoke once before.
    let heard = count(|fact| matches!(fact, Fact::MessageReceived { .. })) - 1;
    let asked = count(|fact| matches!(fact, Fact::RequestReceived { .. }));
    let answered = count(|fact| matches!(fact, Fact::RangeServed { .. }));
    println!("flood.messages {messages} sent, {heard} recorded");
    println!("flood.requests {requests} sent, {asked} recorded, {answered} answers");
    println!("flood.gaps {}", count(|fact| matches!(fact, Fact::Gap { .. })));
    println!("flood.damaged-lines {}", capture.damage.len());
    Ok(())
}

fn captures(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(captures(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "jsonl" || extension == "zst") {
            found.push(path);
        }
    }
    Ok(found)
}
