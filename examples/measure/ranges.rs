//! Ranges of 4,097 bytes on keep-alive connections, as a real SDK asks for them: the firmware server beside nginx.

use crate::Failed;
use crate::figures::{median, ratio};
use crate::serving::{Serving, nginx};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(500);
const RANGE: usize = 4_097;
/// The other measurement: so many connections, shared by so many clients.
const MANY: usize = 64;
const CLIENTS: usize = 2;

pub fn ranges() -> Result<(), Failed> {
    let image: Vec<u8> = (0..4 * 1024 * 1024_u32).map(|place| place.to_le_bytes()[1]).collect();
    let serving = Serving::start(&image)?;
    let folder = tempfile::tempdir()?;
    let peers = nginx(folder.path(), &image)?;
    for connections in [1, MANY] {
        let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); peers.len()]);
        // By turns, so that all meet the same weather.
        for _ in 0..ROUNDS {
            ours.push(requests_per_second(serving.address(), &serving.path, &image, connections)?);
            for (peer, theirs) in peers.iter().zip(&mut theirs) {
                theirs.push(requests_per_second(peer.address, "/image", &image, connections)?);
            }
        }
        println!("ranges.{connections}.workbench {:.0} requests/s", median(ours.clone()));
        for (peer, theirs) in peers.iter().zip(theirs) {
            println!("ranges.{connections}.{} {:.0} requests/s", peer.name, median(theirs.clone()));
            println!("ranges.{connections}.ratio-to-{} {:.2}", peer.name, ratio(&ours, &theirs));
        }
    }
    println!("ranges.facts {}", serving.stop()?);
    Ok(())
}

/// Downloads the image in ranges, again and again, checking every byte.
fn requests_per_second(address: SocketAddr, path: &str, image: &[u8], connections: usize) -> Result<f64, Failed> {
    let clients = connections.min(CLIENTS);
    let client = || download(address, path, image, connections / clients);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|client| client.join().map_err(|_| "a client panicked")?).sum()
    })
}

/// One client: asks on every connection, then reads every answer.
#[expect(clippy::cast_precision_loss, reason = "a count of requests")]
fn download(address: SocketAddr, path: &str, image: &[u8], connections: usize) -> Result<f64, Failed> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        streams.push(stream);
    }
    let mut buffer = vec![0; 16 * 1024];
    let mut request = String::new();
    let (mut count, mut offset) = (0_u64, 0);
    let begun = Instant::now();
    while begun.elapsed() < ROUND {
        let last = offset + RANGE - 1;
        request.clear();
        write!(request, "GET {path} HTTP/1.1\r\nHost: bench\r\nRange: bytes={offset}-{last}\r\n\r\n")?;
        let end = image.len().min(last + 1);
        let expected = image.get(offset..end).ok_or("no such range")?;
        for stream in &mut streams {
            stream.write_all(request.as_bytes())?;
        }
        for stream in &mut streams {
            read_answer(stream, &mut buffer, expected)?;
            count += 1;
        }
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
