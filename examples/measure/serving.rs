//! The firmware server alone: a large file beside nginx, and hundreds of slow devices at once.

use crate::Failed;
use crate::figures::{median, quantile, ratio};
use crate::programs::{self, Program};
use crate::screen::resident_mb_of;
use ota_workbench::io::Inbox;
use ota_workbench::io::server::{Firmware, FirmwareServer, Offers};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::time::interval;

const FILE: usize = 200 * 1000 * 1000;
const ROUNDS: usize = 11;
/// The slow devices: how many, how fast each, for how long.
const DEVICES: usize = 500;
const BYTES_A_SECOND: usize = 10_000;
const SLOWLY: Duration = Duration::from_secs(10);
/// How often a slow device reads.
const READS_A_SECOND: usize = 10;

/// A firmware server with one image, and somebody who takes its facts.
pub struct Serving {
    server: FirmwareServer,
    session: JoinHandle<usize>,
    /// The image's.
    pub path: String,
}

impl Serving {
    pub fn start(image: &[u8]) -> Result<Self, Failed> {
        let (inbox, facts) = Inbox::new();
        let session = thread::Builder::new()
            .name("session".into())
            .spawn(move || std::iter::from_fn(|| facts.recv_timeout(Duration::from_mins(10)).ok()).count())?;
        let offers = Arc::new(Offers::new().map_err(|trouble| format!("{trouble:?}"))?);
        let server = FirmwareServer::start("127.0.0.1:0", Arc::clone(&offers), inbox);
        let server = server.map_err(|trouble| format!("{trouble:?}"))?;
        let path = offers.offer(Firmware::from(Arc::<[u8]>::from(image)), Duration::from_hours(1));
        Ok(Self { server, session, path })
    }

    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// How many facts it told.
    pub fn stop(self) -> Result<usize, Failed> {
        self.server.stop();
        self.session.join().map_err(|_| "the session's thread panicked".into())
    }
}

/// A peer that serves the image as `/image`.
pub struct Peer {
    pub name: &'static str,
    pub address: SocketAddr,
    program: Program,
}

/// One nginx without and one with its access log; none when it is not installed.
pub fn nginx(folder: &Path, image: &[u8]) -> Result<Vec<Peer>, Failed> {
    let Some(program) = programs::find("nginx") else {
        println!("nginx is not installed: nothing to compare with");
        return Ok(Vec::new());
    };
    let mut peers = Vec::new();
    for (name, log) in [("nginx", "access_log off"), ("nginx-with-log", "access_log access.log")] {
        let folder = folder.join(name);
        fs::create_dir(&folder)?;
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
        let started = Program::start(Command::new(&program).arg("-p").arg(&folder).arg("-c").arg(file))?;
        peers.push(Peer { name, address, program: started.wait_for(address)? });
    }
    Ok(peers)
}

/// One large file on one connection.
pub fn file() -> Result<(), Failed> {
    let image: Vec<u8> = (0..FILE).map(|place| place.to_le_bytes()[1]).collect();
    let serving = Serving::start(&image)?;
    let folder = tempfile::tempdir()?;
    let peers = nginx(folder.path(), &image)?;
    let mut peer_times = vec![Vec::new(); peers.len()];
    let mut ours = Vec::new();
    let before = resident_mb_of("self")?;
    for _ in 0..ROUNDS {
        ours.push(bytes_per_second(serving.address(), &serving.path, &image)?);
        for (peer, theirs) in peers.iter().zip(&mut peer_times) {
            theirs.push(bytes_per_second(peer.address, "/image", &image)?);
        }
    }
    println!("file.workbench {:.0} MB/s", median(ours.clone()) / 1e6);
    println!("file.memory-grown {:.1} MB", resident_mb_of("self")? - before);
    for (peer, theirs) in peers.iter().zip(peer_times) {
        println!("file.{} {:.0} MB/s", peer.name, median(theirs.clone()) / 1e6);
        println!("file.ratio-to-{} {:.2}", peer.name, ratio(&ours, &theirs));
        println!("file.{}.resident {:.1} MB", peer.name, resident_mb_of(&peer.program.0.id().to_string())?);
    }
    serving.stop()?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of bytes")]
fn bytes_per_second(address: SocketAddr, path: &str, image: &[u8]) -> Result<f64, Failed> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut buffer = vec![0; 256 * 1024];
    let (mut head, mut done) = (Vec::new(), 0);
    loop {
        let read = stream.read(&mut buffer)?;
        let mut fresh = buffer.get(..read).unwrap_or_default();
        if read == 0 {
            break;
        }
        if done == 0 {
            head.extend_from_slice(fresh);
            let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            fresh = head.get(end + 4..).unwrap_or_default();
        }
        // Looking at the ends of every piece costs next to nothing, and no byte can be missing between them.
        let expected = image.get(done..done + fresh.len()).ok_or("more than the image")?;
        if fresh.first() != expected.first() || fresh.last() != expected.last() {
            return Err("not the bytes asked for".into());
        }
        done += fresh.len();
    }
    if done != image.len() {
        return Err(format!("{done} bytes of {}", image.len()).into());
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// Slow devices, and how long one in a hurry waits among them.
pub fn slow() -> Result<(), Failed> {
    let image: Vec<u8> = (0..1024 * 1024_u32).map(|place| place.to_le_bytes()[1]).collect();
    let serving = Serving::start(&image)?;
    let before = (resident_mb_of("self")?, threads());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let clients = runtime.block_on(async {
        let mut clients = Vec::new();
        for _ in 0..DEVICES {
            clients.push(tokio::spawn(slow_client(serving.address(), serving.path.clone())));
        }
        let hurried = in_a_hurry(&serving).await?;
        let among = (resident_mb_of("self")?, threads());
        let mut rates = Vec::new();
        for client in clients {
            rates.push(client.await??);
        }
        println!("slow.memory-grown {:.1} MB", among.0 - before.0);
        println!("slow.threads-grown {}", among.1.saturating_sub(before.1));
        println!("slow.hurried.median {:.2} ms", quantile(hurried.clone(), 50));
        println!("slow.hurried.99 {:.2} ms", quantile(hurried, 99));
        Ok::<_, Failed>(rates)
    })?;
    println!("slow.devices {}", clients.len());
    println!("slow.slowest {:.0} B/s", quantile(clients.clone(), 0));
    println!("slow.median {:.0} B/s", median(clients));
    serving.stop()?;
    Ok(())
}

/// Downloads no faster than a slow device; how fast that was.
#[expect(clippy::cast_precision_loss, reason = "a count of bytes")]
async fn slow_client(address: SocketAddr, path: String) -> Result<f64, Failed> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4 * 1024)?;
    let mut stream = socket.connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").as_bytes()).await?;
    let mut buffer = vec![0; BYTES_A_SECOND / READS_A_SECOND];
    let begun = Instant::now();
    let mut turns = interval(Duration::from_secs(1) / u32::try_from(READS_A_SECOND)?);
    let mut done = 0;
    while begun.elapsed() < SLOWLY {
        stream.read_exact(&mut buffer).await?;
        done += buffer.len();
        turns.tick().await;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// Small ranges, one after the other, while the others download; the milliseconds each took.
async fn in_a_hurry(serving: &Serving) -> Result<Vec<f64>, Failed> {
    let mut stream = tokio::net::TcpStream::connect(serving.address()).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET {} HTTP/1.1\r\nHost: bench\r\nRange: bytes=0-99\r\n\r\n", serving.path);
    let mut buffer = vec![0; 4 * 1024];
    let begun = Instant::now();
    let mut turns = interval(Duration::from_millis(5));
    let mut times = Vec::new();
    while begun.elapsed() < SLOWLY / 2 {
        let asked = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let read = stream.read(&mut buffer).await?;
        if !buffer.get(..read).unwrap_or_default().starts_with(b"HTTP/1.1 206 ") {
            return Err("no range".into());
        }
        times.push(asked.elapsed().as_secs_f64() * 1e3);
        turns.tick().await;
    }
    Ok(times)
}

/// How many threads this process has, where that can be read.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}
