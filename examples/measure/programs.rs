//! Other programs: found, started, ended with the value that holds them.

use crate::Failed;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A program of our own, ended with this value.
pub struct Program(pub Child);

impl Program {
    /// Starts it, silent.
    pub fn start(command: &mut Command) -> Result<Self, Failed> {
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    /// Waits until it takes connections.
    pub fn wait_for(mut self, address: SocketAddr) -> Result<Self, Failed> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.0.try_wait()? {
                return Err(format!("it ended at once: {status}").into());
            }
            if Instant::now() > deadline {
                return Err(format!("nobody answers at {address}").into());
            }
            thread::park_timeout(Duration::from_millis(10));
        }
        Ok(self)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where a program lies; servers are often installed outside the usual path.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/opt/homebrew/sbin"];
    let folders = std::env::split_paths(&path).chain(more.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The workbench itself, built beside this example.
pub fn workbench() -> Result<PathBuf, Failed> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent).ok_or("no folder above this program")?;
    let program = folder.join("ota-workbench").with_extension(std::env::consts::EXE_EXTENSION);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("{} is missing: cargo build --release --features inspection", program.display()).into())
}

/// The folder of what was built: on a real disk, unlike many a folder for temporary files.
pub fn target() -> Result<PathBuf, Failed> {
    let here = std::env::current_exe()?;
    Ok(here.parent().and_then(Path::parent).ok_or("no folder above this program")?.to_owned())
}

/// An address on loopback that was free an instant ago.
pub fn free_address() -> Result<SocketAddr, Failed> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
