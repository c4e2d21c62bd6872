//! A screen nobody looks at, whose picture is a file: Xvfb. And what can be read of a process.

use crate::Failed;
use crate::programs::{self, Program};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A screen larger than the windows, which come up in its corner.
const SIZE: &str = "1600x1000x24";
/// The row and the columns that are watched: inside any window measured here.
const ROW: u64 = 450;
const COLUMNS: std::ops::Range<u64> = 40..1_400;
const LOOK_EVERY: Duration = Duration::from_micros(500);

/// A screen of our own.
pub struct Screen {
    _server: Program,
    display: String,
    picture: File,
    place: u64,
    empty: Vec<u8>,
    _folder: TempDir,
}

impl Screen {
    /// Starts it; nothing when Xvfb is not installed.
    pub fn start() -> Result<Option<Self>, Failed> {
        let Some(program) = programs::find("Xvfb") else { return Ok(None) };
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command.args(["-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp", "-br", "-fbdir"]).arg(folder.path());
        let mut server = Program(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
        let mut number = String::new();
        BufReader::new(server.0.stdout.take().ok_or("no output of Xvfb")?).read_line(&mut number)?;
        let mut picture = File::open(folder.path().join("Xvfb_screen0"))?;
        let place = place_of_row(&mut picture)?;
        let mut screen = Self {
            _server: server,
            display: format!(":{}", number.trim()),
            picture,
            place,
            empty: Vec::new(),
            _folder: folder,
        };
        screen.empty = screen.row()?;
        Ok(Some(screen))
    }

    /// Starts a program on this screen.
    pub fn open(&self, command: &mut Command) -> Result<Program, Failed> {
        command.env("DISPLAY", &self.display).env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET");
        Program::start(command)
    }

    /// Waits until the window's first frame is to be seen.
    pub fn wait_for_frame(&mut self) -> Result<(), Failed> {
        self.wait_until("no frame is drawn", |drawn| drawn)
    }

    /// Waits until the window is gone.
    pub fn wait_for_nothing(&mut self) -> Result<(), Failed> {
        self.wait_until("the window does not go away", |drawn| !drawn)
    }

    fn wait_until(&mut self, otherwise: &str, fits: impl Fn(bool) -> bool) -> Result<(), Failed> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            let row = self.row()?;
            let pixels = row.chunks(4).zip(self.empty.chunks(4));
            let drawn = pixels.filter(|(now, before)| now != before).count() * 10 > row.len() / 4 * 9;
            if fits(drawn) {
                return Ok(());
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Err(otherwise.into())
    }

    fn row(&mut self) -> Result<Vec<u8>, Failed> {
        let mut row = vec![0; usize::try_from(COLUMNS.end - COLUMNS.start)? * 4];
        self.picture.seek(SeekFrom::Start(self.place))?;
        self.picture.read_exact(&mut row)?;
        Ok(row)
    }
}

/// Where in an X window dump the watched pixels lie.
fn place_of_row(picture: &mut File) -> Result<u64, Failed> {
    let mut head = [0; 80];
    picture.read_exact(&mut head)?;
    let number = |place: usize| {
        let bytes = head.get(place..place + 4).and_then(|bytes| bytes.first_chunk()).copied();
        bytes.map(|bytes| u64::from(u32::from_be_bytes(bytes))).unwrap_or_default()
    };
    let (head_length, bits, row_length, colours) = (number(0), number(44), number(48), number(76));
    if bits != 32 {
        return Err(format!("{bits} bits a pixel on this screen").into());
    }
    Ok(head_length + colours * 12 + ROW * row_length + COLUMNS.start * 4)
}

/// Memory of a process that is in use, in MB.
pub fn resident_mb(process: &Child) -> Result<f64, Failed> {
    resident_mb_of(&process.id().to_string())
}

/// The same by its number, or `self`.
pub fn resident_mb_of(process: &str) -> Result<f64, Failed> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1_024.0 / 1e6)
}

/// Processor time of all threads of a process that still live.
pub fn processor_time(process: &Child) -> Result<Duration, Failed> {
    let threads = fs::read_dir(format!("/proc/{}/task", process.id()))?;
    threads.map(|thread| Ok(time_of_thread(&thread?.path()))).sum()
}

/// Processor time of a process's first thread, which is the one that draws.
pub fn drawing_time(process: &Child) -> Duration {
    let id = process.id();
    time_of_thread(Path::new(&format!("/proc/{id}/task/{id}")))
}

fn time_of_thread(thread: &Path) -> Duration {
    let told = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|ran| ran.parse().ok()).unwrap_or_default())
}
