//! Ranges of 4,097 bytes on one keep-alive connection, as a real SDK asks for them: the firmware server beside nginx.

use crate::Failed;
use crate::figures::{median, ratio};
use crate::programs::{self, Program};
use ota_workbench::io::Inbox;
use ota_workbench::io::server::{FirmwareServer, Offers};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(500);
const RANGE: usize = 4_097;

pub fn ranges() -> Result<(), Failed> {
    let image: Arc<[u8]> = (0..4 * 1024 * 1024_u32).map(|place| place.to_le_bytes()[1]).collect();
    let (inbox, facts) = Inbox::new();
    let session = thread::Builder::new()
        .name("session".into())
        .spawn(move || std::iter::from_fn(|| facts.recv_timeout(Duration::from_mins(10)).ok()).count())?;
    let offers = Arc::new(Offers::new().map_err(|trouble| format!("{trouble:?}"))?);
    let server =
        FirmwareServer::start("127.0.0.1:0", Arc::clone(&offers), inbox).map_err(|trouble| format!("{trouble:?}"))?;
    let path = offers.offer(Arc::clone(&image), Duration::from_hours(1));
    let folder = tempfile::tempdir()?;
    let mut peers = Vec::new();
    for (name, log) in [("nginx", "access_log off"), ("nginx-with-log", "access_log access.log")] {
        let place = folder.path().join(name);
        fs::create_dir(&place)?;
        peers.extend(nginx(&place, &image, log)?.map(|(nginx, address)| (name, nginx, address, Vec::new())));
    }
    if peers.is_empty() {
        println!("ranges.nginx is not installed: nothing to compare with");
    }
    let mut ours = Vec::new();
    // By turns, so that all meet the same weather.
    for _ in 0..ROUNDS {
        ours.push(requests_per_second(server.address(), &path, &image)?);
        for (_, _, address, theirs) in &mut peers {
            theirs.push(requests_per_second(*address, "/image", &image)?);
        }
    }
    server.stop();
    println!("ranges.workbench {:.0} requests/s", median(ours.clone()));
    for (name, _, _, theirs) in peers {
        println!("ranges.{name} {:.0} requests/s", median(theirs.clone()));
        println!("ranges.ratio-to-{name} {:.2}", ratio(&ours, &theirs));
    }
    let told = session.join().map_err(|_| "the session's thread panicked")?;
    println!("ranges.facts {told}");
    Ok(())
}

/// Downloads the image in ranges, again and again, checking every byte.
#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
fn requests_per_second(address: SocketAddr, path: &str, image: &[u8]) -> Result<f64, Failed> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut buffer = vec![0; 16 * 1024];
    let mut request = String::new();
    let (mut count, mut offset) = (0_u64, 0);
    let begun = Instant::now();
    while begun.elapsed() < ROUND {
        let last = offset + RANGE - 1;
        request.clear();
        write!(request, "GET {path} HTTP/1.1\r\nHost: bench\r\nRange: bytes={offset}-{last}\r\n\r\n")?;
        stream.write_all(request.as_bytes())?;
        let end = image.len().min(last + 1);
        let expected = image.get(offset..end).ok_or("no such range")?;
        read_answer(&mut stream, &mut buffer, expected)?;
        count += 1;
        offset = if end == image.len() { 0 } else { end };
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// Reads one 206 whose body must be the bytes expected.
fn read_answer(stream: &mut TcpStream, buffer: &mut [u8], expected: &[u8]) -> Result<(), Failed> {
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..).unwrap_or_default())?;
        if read == 0 {
            return Err("the connection ended".into());
        }
        filled += read;
        let seen = buffer.get(..filled).unwrap_or_default();
        let Some(head) = seen.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let body = seen.get(head + 4..).unwrap_or_default();
        if body.len() >= expected.len() {
            let right = seen.starts_with(b"HTTP/1.1 206 ") && body == expected;
            return if right { Ok(()) } else { Err("not the bytes asked for".into()) };
        }
    }
}

/// An nginx of our own that serves the image as `/image`; nothing when it is not installed.
fn nginx(folder: &Path, image: &[u8], log: &str) -> Result<Option<(Program, SocketAddr)>, Failed> {
    let Some(program) = programs::find("nginx") else { return Ok(None) };
    fs::write(folder.join("image"), image)?;
    let address = programs::free_address()?;
    let place = folder.display();
    let settings = format!(
        "daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;\n\
         events {{ worker_connections 768; }}\n\
         http {{ {log}; sendfile on; tcp_nopush on; keepalive_requests 1000000000; types_hash_max_size 2048;\n\
         client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;\n\
         uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
         server {{ listen {address}; root {place}; }} }}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, settings)?;
    let started = Program::start(Command::new(program).arg("-p").arg(folder).arg("-c").arg(file))?;
    Ok(Some((started.wait_for(address)?, address)))
}
