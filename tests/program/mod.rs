//! The built program as a user runs it: what it prints is read as it comes, and every wait has a deadline.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail, and knows its deadline"
)]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Long enough for an upgrade on a busy machine.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// A build that comes with the project.
pub const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sample/lamp-2.0.0.bin");

/// A program that runs; killed when dropped.
pub struct Program {
    child: Child,
    out: Arc<Printed>,
    err: Arc<Printed>,
    /// How many lines of standard output were looked at.
    seen: usize,
}

/// A program that ended by itself.
pub struct Ended {
    /// Exit status.
    pub status: i32,
    /// Lines of standard output.
    pub out: Vec<String>,
    /// Standard error.
    pub err: String,
}

/// Lines as they come.
#[derive(Default)]
struct Printed {
    lines: Mutex<(Vec<String>, bool)>,
    more: Condvar,
}

impl Program {
    /// Starts the workbench.
    pub fn start(args: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_ota-workbench")).args(args))
    }

    /// Starts the workbench on a system that speaks another language than the tests.
    pub fn start_in(locale: &str, args: &[&str]) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_ota-workbench")).args(args).env("LC_ALL", locale))
    }

    /// Starts any program.
    pub fn spawn(command: &mut Command) -> Self {
        // The language of the machine that runs the tests is not the test's.
        if !command.get_envs().any(|(name, _)| name == "LC_ALL") {
            command.env("LC_ALL", "en_US.UTF-8");
        }
        command.env_remove("LANGUAGE").env("RUST_BACKTRACE", "0");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = Printed::read(child.stdout.take().unwrap());
        let err = Printed::read(child.stderr.take().unwrap());
        Self { child, out, err, seen: 0 }
    }

    /// The next line of standard output that fits.
    pub fn until(&mut self, fits: impl Fn(&str) -> bool) -> String {
        let (found, seen) = self.out.until(self.seen, fits).unwrap_or_else(|so_far| {
            panic!("not in time; standard output:\n{so_far}\nstandard error:\n{}", self.err.text())
        });
        self.seen = seen;
        found
    }

    /// The next line of standard output that is a JSON object of this kind.
    pub fn until_kind(&mut self, kind: &str) -> Value {
        let line = self.until(|line| json(line)["kind"] == kind);
        json(&line)
    }

    /// Where its broker and its firmware server listen.
    pub fn listening(&mut self) -> (String, String) {
        let first = self.until_kind("listening");
        (first["mqtt"].as_str().unwrap().to_owned(), first["http"].as_str().unwrap().to_owned())
    }

    /// Ctrl+C.
    #[cfg(unix)]
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// A request to terminate.
    #[cfg(unix)]
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    #[cfg(unix)]
    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it ends by itself.
    pub fn end(mut self) -> Ended {
        let until = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "it does not end:\n{}\n{}", self.out.text(), self.err.text());
            std::thread::park_timeout(Duration::from_millis(5));
        };
        let (out, err) = (self.out.to_the_end(), self.err.to_the_end().join("\n"));
        assert!(!err.contains("panicked"), "{err}");
        Ended { status: status.code().unwrap_or_else(|| panic!("{status}: {err}")), out, err }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Fails unless it ended with this status.
    #[track_caller]
    pub fn check(self, status: i32) -> Self {
        assert_eq!(self.status, status, "\n{}\n{}", self.out.join("\n"), self.err);
        self
    }

    /// Fails unless it ended with this status and told this trouble, with these words in its sentences.
    #[track_caller]
    pub fn check_trouble(self, status: i32, code: &str, words: &str) {
        let told = self.err.lines().next().is_some_and(|first| first.starts_with(&format!("error[{code}]: ")));
        assert!(told && self.err.contains(words), "{}", self.err);
        assert!(self.err.lines().count() >= 2, "it says what to do: {}", self.err);
        self.check(status);
    }

    /// The last line, which is the verdict.
    #[track_caller]
    pub fn verdict(&self) -> Value {
        let last = json(self.out.last().unwrap_or_else(|| panic!("nothing was printed; {}", self.err)));
        assert_eq!(last["kind"], "verdict", "{last}");
        last
    }
}

impl Printed {
    fn read(from: impl Read + Send + 'static) -> Arc<Self> {
        let printed = Arc::new(Self::default());
        let filled = Arc::clone(&printed);
        let read = move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                filled.lines.lock().unwrap().0.push(String::from_utf8_lossy(&line).into_owned());
                filled.more.notify_all();
            }
            filled.lines.lock().unwrap().1 = true;
            filled.more.notify_all();
        };
        std::thread::Builder::new().spawn(read).unwrap();
        printed
    }

    fn until(&self, mut seen: usize, fits: impl Fn(&str) -> bool) -> Result<(String, usize), String> {
        let until = Instant::now() + DEADLINE;
        let mut printed = self.lines.lock().unwrap();
        loop {
            while let Some(line) = printed.0.get(seen) {
                seen += 1;
                if fits(line) {
                    return Ok((line.clone(), seen));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if printed.1 || left.is_zero() {
                return Err(printed.0.join("\n"));
            }
            printed = self.more.wait_timeout(printed, left).unwrap().0;
        }
    }

    /// All of it, once the program has closed it.
    fn to_the_end(&self) -> Vec<String> {
        let until = Instant::now() + DEADLINE;
        let mut printed = self.lines.lock().unwrap();
        while !printed.1 {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "somebody still holds its output");
            printed = self.more.wait_timeout(printed, left).unwrap().0;
        }
        printed.0.clone()
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().0.join("\n")
    }
}

/// A line as JSON; `null` when it is none.
pub fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

/// Polls until there is something.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// A port nobody listens on, for a program that cannot be told to pick one. Not from the range the system picks from:
/// another test would get it meanwhile, or a connection that comes too early would meet itself.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    wait_for("a free port", || {
        let number = std::process::id().wrapping_mul(97).wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = 10_000 + u16::try_from(number % 20_000).unwrap();
        std::net::TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    })
}

/// A folder for one test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes it.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A place in it.
    pub fn at(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// A place in it, as a path.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
