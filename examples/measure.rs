//! Measures the workbench against its yardsticks: `cargo run --release --example measure -- NAME`.
//!
//! Prints one line per figure: its name, its value, its unit. Without a name, the list of names.

#![expect(clippy::print_stdout, reason = "a command line tool")]

use ota_workbench::io::Inbox;
use ota_workbench::io::server::{FirmwareServer, Offers};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// What went wrong, in words.
type Failed = Box<dyn std::error::Error>;

type Measurement = fn() -> Result<(), Failed>;

/// Every measurement by its name.
const MEASUREMENTS: &[(&str, Measurement)] = &[("ranges", ranges)];

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let Some((name, measure)) = MEASUREMENTS.iter().find(|(name, _)| *name == wanted) else {
        for (name, _) in MEASUREMENTS {
            println!("{name}");
        }
        return ExitCode::FAILURE;
    };
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{name} failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ranges of 4,097 bytes on one keep-alive connection, as a real SDK asks for them: the firmware server beside nginx.
fn ranges() -> Result<(), Failed> {
    let image: Arc<[u8]> = (0..4 * 1024 * 1024_u32).map(|place| place.to_le_bytes()[1]).collect();
    let (inbox, facts) = Inbox::new();
    let session = thread::Builder::new()
        .name("session".into())
        .spawn(move || std::iter::from_fn(|| facts.recv_timeout(Duration::from_mins(10)).ok()).count())?;
    let offers = Arc::new(Offers::new().map_err(|trouble| format!("{trouble:?}"))?);
    let server = FirmwareServer::start("127.0.0.1:0", Arc::clone(&offers), inbox);
    let server = server.map_err(|trouble| format!("{trouble:?}"))?;
    let path = offers.offer(Arc::clone(&image), Duration::from_hours(1));
    let folder = tempfile::tempdir()?;
    let nginx = Nginx::start(folder.path(), &image)?;
    if nginx.is_none() {
        println!("ranges.nginx is not installed: nothing to compare with");
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // By turns, so that both meet the same weather.
    for _ in 0..ROUNDS {
        ours.push(requests_per_second(server.address(), &path, &image)?);
        if let Some(nginx) = &nginx {
            theirs.push(requests_per_second(nginx.address, "/image", &image)?);
        }
    }
    server.stop();
    let workbench = median(ours);
    println!("ranges.workbench {workbench:.0} requests/s");
    if nginx.is_some() {
        let nginx = median(theirs);
        println!("ranges.nginx {nginx:.0} requests/s");
        println!("ranges.ratio {:.2}", workbench / nginx);
    }
    let told = session.join().map_err(|_| "the session's thread panicked")?;
    println!("ranges.facts {told}");
    Ok(())
}

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(1_500);
const RANGE: usize = 4_097;

/// Downloads the image in ranges, again and again, checking every byte.
#[expect(clippy::disallowed_methods, reason = "measures")]
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

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// An nginx of our own, ended with this value.
struct Nginx {
    process: Child,
    address: SocketAddr,
}

impl Nginx {
    /// Serves the image as `/image`; nothing when nginx is not installed.
    fn start(folder: &Path, image: &[u8]) -> Result<Option<Self>, Failed> {
        let program = ["/usr/sbin/nginx", "/usr/local/bin/nginx", "/opt/homebrew/bin/nginx"];
        let Some(program) = program.iter().find(|program| Path::new(program).exists()) else { return Ok(None) };
        fs::write(folder.join("image"), image)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let place = folder.display();
        let settings = format!(
            "daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000;\n\
             client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;\n\
             uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
             server {{ listen {address}; root {place}; }} }}\n"
        );
        let file = folder.join("nginx.conf");
        fs::write(&file, settings)?;
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(file).stdout(Stdio::null()).stderr(Stdio::null());
        let nginx = Self { process: command.spawn()?, address };
        nginx.wait()?;
        Ok(Some(nginx))
    }

    #[expect(clippy::disallowed_methods, reason = "measures")]
    fn wait(&self) -> Result<(), Failed> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > deadline {
                return Err("nginx does not come up".into());
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
