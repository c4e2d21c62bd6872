//! The console with a log of 12 million lines: opening it, searching it, and a frame of the window while more arrives.

use crate::Failed;
use crate::figures::{median, quantile};
use crate::programs::{self, Program};
use crate::screen::processor_time;
use eframe::egui::{self, Pos2, RawInput, Rect, vec2};
use ota_workbench::app::{Captures, Logs, Wiring, Workbench};
use ota_workbench::bench::Bench;
use ota_workbench::console::{Console, Job, Query, Seek};
use ota_workbench::event::{Event, Fact, Micros};
use ota_workbench::io::console::{self, Spill};
use ota_workbench::ui::model::{Batch, Shelves};
use ota_workbench::ui::settings::Settings;
use ota_workbench::ui::state::PluggedIn;
use ota_workbench::ui::words::Language;
use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LINES: u64 = 12_000_000;
const SIZE: u64 = 1 << 30;
/// What stands in twelve lines, and what in every fifth.
const RARE: &str = "brownout_reset_cause";
const COMMON: &str = "wifi_event";
const TURNS: usize = 5;
/// A program that did nothing for so long has done its work.
const IDLE: Duration = Duration::from_secs(1);
/// What arrives while frames are drawn.
const ARRIVING: u64 = 5_000_000;
const FRAMES_A_SECOND: u64 = 60;
const FRAMES: u64 = 1_800;

pub fn console() -> Result<(), Failed> {
    let folder = tempfile::tempdir_in(programs::target()?)?;
    let log = folder.path().join("board.log");
    write_log(&log)?;
    open(&log)?;
    search(&log)?;
    frames(&log, folder.path())
}

/// A log of exactly so many lines and bytes.
fn write_log(path: &Path) -> Result<(), Failed> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut written = 0;
    for line in 0..LINES {
        // What is left is shared among the lines that are left.
        let length = (SIZE - written) / (LINES - line);
        let topic = if line % (LINES / 12) == 77_777 {
            RARE
        } else if line % 5 == 0 {
            COMMON
        } else {
            "http_client"
        };
        let mut text = format!("I ({}) {topic}: chunk {line} of the image, ", line * 3);
        while (text.len() as u64) < length - 1 {
            text.push(char::from(b'a' + u8::try_from((line + text.len() as u64) % 26)?));
        }
        text.truncate(usize::try_from(length - 1)?);
        text.push('\n');
        written += text.len() as u64;
        file.write_all(text.as_bytes())?;
    }
    file.flush()?;
    Ok(())
}

fn indexed(log: &Path) -> Result<Console, Failed> {
    let (file, size) = console::open(log).map_err(|trouble| trouble.code.to_string())?;
    let (mut console, index) = Console::of_file(file, size);
    index();
    console.keep_up();
    Ok(console)
}

fn open(log: &Path) -> Result<(), Failed> {
    let (mut ours, mut wc, mut glogged, mut memory) = (Vec::new(), Vec::new(), Vec::new(), 0.0_f64);
    let empty = log.with_extension("empty");
    fs::write(&empty, "")?;
    for _ in 0..=TURNS {
        let (before, begun) = (anonymous_mb()?, Instant::now());
        let console = indexed(log)?;
        ours.push(begun.elapsed().as_secs_f64());
        memory = memory.max(anonymous_mb()? - before);
        if console.len() != LINES {
            return Err(format!("{} lines", console.len()).into());
        }
        wc.push(timed(Command::new("wc").arg("-l").arg(log))?);
        // Without what it takes to come up.
        if let (Some(all), Some(start)) = (glogg(log)?, glogg(&empty)?) {
            glogged.push(all - start);
        }
    }
    println!("console.open {:.2} s", median(ours.split_off(1)));
    println!("console.open.wc-l {:.2} s", median(wc.split_off(1)));
    if !glogged.is_empty() {
        println!("console.open.glogg {:.2} s", median(glogged.split_off(1)));
    }
    println!("console.open.anonymous-memory {memory:.1} MB");
    Ok(())
}

fn search(log: &Path) -> Result<(), Failed> {
    for (name, words) in [("rare", RARE), ("common", COMMON)] {
        let (mut ours, mut grep, mut hits) = (Vec::new(), Vec::new(), 0);
        for _ in 0..=TURNS {
            let console = indexed(log)?;
            let begun = Instant::now();
            let query = Query { text: words.into(), case: true, ..Query::default() };
            let mut seek = Seek::new(query);
            start(seek.keep_up(&console));
            while seek.is_searching() {
                thread::park_timeout(Duration::from_micros(500));
                start(seek.keep_up(&console));
            }
            ours.push(begun.elapsed().as_secs_f64());
            hits = seek.len();
            grep.push(timed(Command::new("grep").args(["-c", "-F", words]).arg(log).env("LC_ALL", "C"))?);
        }
        println!("console.search.{name}.hits {hits}");
        println!("console.search.{name} {:.2} s", median(ours.split_off(1)));
        println!("console.search.{name}.grep {:.2} s", median(grep.split_off(1)));
    }
    Ok(())
}

fn start(jobs: Vec<Job>) {
    for job in jobs {
        console::in_background(job, || {});
    }
}

/// Frames of the whole window, with 12 million lines held and more arriving, while it is followed, and while something is
/// looked for.
fn frames(log: &Path, folder: &Path) -> Result<(), Failed> {
    let events: Rc<RefCell<Vec<Arc<Event>>>> = Rc::default();
    let ctx = egui::Context::default();
    let mut window = window(&ctx, &events, folder);
    let bytes = fs::read(log)?;
    let mut input = Input { ctx, events, seq: 0 };
    input.tell(Fact::PortOpened { port: "/dev/ttyUSB0".into(), settings: "3000000 8N1".into() });
    for chunk in bytes.chunks(4 << 20) {
        input.receive(chunk);
        input.frame(&mut window);
        // As fast as the disk takes it.
        thread::park_timeout(Duration::from_millis(4));
    }
    println!("console.frame.lines-held {}", window.model().consoles.values().map(Console::len).sum::<u64>());
    let mut arriving = bytes.chunks(usize::try_from(ARRIVING / FRAMES_A_SECOND)?).cycle();
    let mut took = Vec::new();
    for _ in 0..FRAMES {
        input.receive(arriving.next().unwrap_or_default());
        let before = processor_nanos()?;
        input.frame(&mut window);
        took.push(f64::from(u32::try_from(processor_nanos()? - before)?) / 1e6);
    }
    println!("console.frame.median {:.2} ms", median(took.clone()));
    println!("console.frame.99-percent {:.2} ms", quantile(took, 99));
    println!("console.frame.anonymous-memory {:.0} MB", anonymous_mb()? - to_mb(bytes.len()));
    Ok(())
}

struct Input {
    ctx: egui::Context,
    events: Rc<RefCell<Vec<Arc<Event>>>>,
    seq: u64,
}

impl Input {
    fn tell(&mut self, fact: Fact) {
        self.seq += 1;
        let at = Micros(self.seq * 1_000_000 / FRAMES_A_SECOND);
        self.events.borrow_mut().push(Arc::new(Event { seq: self.seq, at, fact }));
    }

    fn receive(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8 << 10) {
            self.tell(Fact::BytesReceived { port: "/dev/ttyUSB0".into(), bytes: chunk.into() });
        }
    }

    fn frame(&self, window: &mut Workbench) {
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(1_440.0, 900.0));
        let input = RawInput { screen_rect: Some(screen), ..RawInput::default() };
        let mut output = self.ctx.run_ui(input, |ui| window.frame(ui));
        let shapes = std::mem::take(&mut output.shapes);
        let drawn = self.ctx.tessellate(shapes, output.pixels_per_point);
        drop(drawn);
        output.drop_without_applying_deltas();
    }
}

fn window(ctx: &egui::Context, events: &Rc<RefCell<Vec<Arc<Event>>>>, folder: &Path) -> Workbench {
    let (events, spill) = (Rc::clone(events), folder.join("spill"));
    let logs = Logs {
        background: Box::new(|job| console::in_background(job, || {})),
        shelves: Some(Shelves(Rc::new(move || Arc::new(Spill::new(&spill))))),
        ..Logs::default()
    };
    let wiring = Wiring {
        captures: Captures::default(),
        watch_ports: Box::new(|_| {}),
        pick_to_send: Box::new(|_| {}),
        bench_file: None,
        quick_sends: Vec::new(),
        messages: Vec::new(),
        act: Box::new(drop),
        drain: Box::new(move || Batch { resync: None, events: events.take() }),
        pick_images: Box::new(|| {}),
        save_authority: Box::new(|| {}),
        plugged: Box::new(PluggedIn::default),
        look_for_ports: Box::new(|| {}),
        recording: Box::new(|| None),
        troubles: Box::new(Vec::new),
        remember: Box::new(|_| {}),
        now: Box::new(|| Micros(0)),
        utc_offset_secs: 0,
        logs,
    };
    Workbench::new(ctx, Bench::new(0), Settings::default(), Language::English, wiring)
}

fn timed(command: &mut Command) -> Result<f64, Failed> {
    let begun = Instant::now();
    command.output()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Processor time of this thread. Before it is read, the system is made to add up what it is to tell.
fn processor_nanos() -> Result<u64, Failed> {
    thread::yield_now();
    let told = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(told.split(' ').next().ok_or("no schedstat")?.parse()?)
}

/// How long glogg works on a file, from its start until it does nothing; nothing when it is not installed.
fn glogg(log: &Path) -> Result<Option<f64>, Failed> {
    let Some(program) = programs::find("glogg") else { return Ok(None) };
    let mut command = Command::new(program);
    let begun = Instant::now();
    let program = Program::start(command.arg("-m").arg(log).env("QT_QPA_PLATFORM", "offscreen"))?;
    let (mut used, mut worked) = (Duration::ZERO, Duration::ZERO);
    while begun.elapsed() < worked + IDLE {
        thread::park_timeout(Duration::from_millis(10));
        let now = processor_time(&program.0)?;
        if now > used + Duration::from_millis(4) {
            (used, worked) = (now, begun.elapsed());
        }
    }
    Ok(Some(worked.as_secs_f64()))
}

fn anonymous_mb() -> Result<f64, Failed> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).ok_or("no RssAnon")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<f64>()? * 1_024.0 / 1e6)
}

#[expect(clippy::cast_precision_loss, reason = "to be shown")]
fn to_mb(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
