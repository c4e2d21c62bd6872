//! Opens the window: session, settings and dialogs on one side, eframe on the other.

mod captures;
mod handing;
mod logs;

use crate::app::{Captures, Wiring, Workbench};
use crate::bench::{Action, Bench, QuickSend, SavedMessage};
use crate::cli::{self, Ended, Exit, Theme, WindowArgs};
use crate::event::Trouble;
use crate::io::session::{Session, SessionOptions, TlsOptions};
use crate::io::{Watch, dialog, end_after, folder, remember, sample, tls, utc_offset_secs};
use crate::ui::model::Batch;
use crate::ui::settings::{Settings, ThemeChoice};
use crate::ui::state::{Choice, PluggedIn};
use crate::ui::top_bar::Recording;
use crate::ui::words::{self, Language};
use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// At most so often is the window drawn while events pour in.
const FRAME: Duration = Duration::from_millis(16);
/// What the window opens with at first, in points, and how small it can be made.
const FIRST_SIZE: [f32; 2] = [1440.0, 900.0];
const LEAST_SIZE: [f32; 2] = [960.0, 600.0];

/// Opens the window and runs until it is closed.
#[must_use]
pub fn open(args: &WindowArgs) -> Exit {
    run(args).unwrap_or_else(|ended| {
        ended.complain();
        ended.exit
    })
}

fn run(args: &WindowArgs) -> Result<Exit, Ended> {
    let data = folder::data(args.bench.data.as_deref()).map_err(Ended::unusable)?;
    let settings_file = data.join(remember::SETTINGS);
    let mut settings = settings(args, &settings_file);
    let keeper = logs::Keeper::new(remember::Keeper::start(settings_file), &args.bench, &mut settings)?;
    let options = options(args, &settings, &data)?;
    let (quick_sends, messages) = (options.quick_sends.clone(), options.messages.clone());
    let kept = Kept { keeper, file: args.bench.bench.clone(), quick_sends, messages };
    let screen: Arc<OnceLock<egui::Context>> = Arc::default();
    let wake = waker(&screen);
    let session = Session::start(options, Box::new(wake.clone())).map_err(Ended::unusable)?;
    let session = Arc::new(session);
    close_when_asked(&session, &screen);
    let size = settings.window.unwrap_or(FIRST_SIZE);
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title(words::say("window.title"))
            .with_app_id("ota-workbench")
            .with_inner_size(size)
            .with_min_inner_size(LEAST_SIZE),
        ..Default::default()
    };
    let language = Language::of_locale(&sys_locale::get_locale().unwrap_or_default());
    let wired = Arc::clone(&session);
    let logs = logs::LogFiles::new(&args.logs, data.join("console"), Box::new(wake.clone()));
    let captures = captures::CaptureFiles::new(data.join("captures"), args.look.as_deref(), wake.clone());
    let looked = Arc::clone(&captures);
    let made = Box::new(move |creation: &eframe::CreationContext<'_>| {
        let _ = screen.set(creation.egui_ctx.clone());
        let bench = Bench::new(wired.clock().began_unix_ms());
        let captures = captures::wired(&captures, &wired);
        let wiring = wiring(&wired, wake, kept, &logs, captures);
        let window = Workbench::new(&creation.egui_ctx, bench, settings, language, wiring);
        Ok(Box::new(window) as Box<dyn eframe::App>)
    });
    let closed = eframe::run_native("ota-workbench", native, made);
    looked.close();
    closed.map_err(|error| Ended::unusable(Trouble::new("no-window").with("detail", error)))?;
    Ok(Exit::Done)
}

/// A request to terminate, as at the end of a login, closes the capture first, and then the window.
fn close_when_asked(session: &Arc<Session>, screen: &Arc<OnceLock<egui::Context>>) {
    let (session, screen) = (Arc::downgrade(session), Arc::clone(screen));
    cli::when_interrupted(move || {
        let (session, screen) = (session.upgrade(), Arc::clone(&screen));
        end_after(move || {
            if let Some(session) = session {
                session.end();
            }
            if let Some(ctx) = screen.get() {
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
        });
    });
}

/// What was remembered, and over it what was typed.
fn settings(args: &WindowArgs, file: &Path) -> Settings {
    let mut settings: Settings = remember::load(file);
    if let Some(lang) = &args.lang {
        settings.language = Some(Language::of_locale(lang));
    }
    if let Some(theme) = args.theme {
        settings.theme = match theme {
            Theme::Dark => ThemeChoice::Dark,
            Theme::Light => ThemeChoice::Light,
            Theme::System => ThemeChoice::System,
        };
    }
    settings
}

/// What was typed, then the bench file, then what was remembered, then loopback. Without a build, the sample is there.
fn options(args: &WindowArgs, settings: &Settings, data: &Path) -> Result<SessionOptions, Ended> {
    let usual = SessionOptions::default();
    let fallback = SessionOptions {
        broker: settings.broker.as_deref().map_or(usual.broker, cli::broker_choice),
        http: settings.server.clone().unwrap_or(usual.http),
        advertise: settings.advertise.clone(),
        tls: TlsOptions {
            mqtts: settings.mqtts.clone(),
            https: settings.https.clone(),
            folder: Some(tls::folder_in(data)),
            ..TlsOptions::default()
        },
        open: settings.open,
        images: args.images.clone(),
        logs: Some(data.join("logs")),
        log_stamp: settings.log.to_files(),
        ..SessionOptions::default()
    };
    let mut options = cli::session_options(&args.bench, fallback)?;
    if options.images.is_empty() {
        options.images.extend(sample::build(data));
    }
    Ok(options)
}

/// Has the window drawn again soon; before there is a window, nothing.
fn waker(screen: &Arc<OnceLock<egui::Context>>) -> impl Fn() + Clone + Send + Sync + 'static {
    let screen = Arc::clone(screen);
    move || {
        if let Some(ctx) = screen.get() {
            ctx.request_repaint_after(FRAME);
        }
    }
}

/// What the window keeps, and where.
struct Kept {
    keeper: logs::Keeper,
    /// The bench file, with its quick sends and messages.
    file: Option<PathBuf>,
    quick_sends: Vec<QuickSend>,
    messages: Vec<SavedMessage>,
}

/// Dialogs that the system could not show, to be told.
#[derive(Clone)]
struct Unshown {
    troubles: Arc<Mutex<Vec<Trouble>>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Unshown {
    /// What was chosen; or nothing, and it is told why.
    fn chosen<T>(&self, answer: Result<T, Trouble>) -> Option<T> {
        answer
            .inspect_err(|trouble| {
                self.troubles.lock().unwrap_or_else(PoisonError::into_inner).push(trouble.clone());
                (self.wake)();
            })
            .ok()
    }

    fn take(&self) -> Vec<Trouble> {
        std::mem::take(&mut *self.troubles.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn wiring(
    session: &Arc<Session>,
    wake: impl Fn() + Clone + Send + Sync + 'static,
    kept: Kept,
    logs: &Arc<logs::LogFiles>,
    captures: Captures,
) -> Wiring {
    let unshown = Unshown { troubles: Arc::default(), wake: Arc::new(wake.clone()) };
    let [no_images, no_authority, no_file] = [(); 3].map(|()| unshown.clone());
    let watch = Arc::new(Watch::start(Box::new(wake)));
    let (looking, watching) = (Arc::clone(&watch), Arc::clone(&watch));
    let [acting, draining, picking, sending, saving, recording] = [(); 6].map(|()| Arc::clone(session));
    let clock = session.clock();
    let keeper = Arc::new(kept.keeper);
    let logs = logs::wired(logs, session, &keeper);
    Wiring {
        act: Box::new(move |action| acting.act(action)),
        drain: Box::new(move || {
            let batch = draining.drain();
            Batch { resync: batch.resync.map(|bench| *bench), events: batch.events }
        }),
        pick_images: Box::new(move || {
            let (session, unshown) = (Arc::clone(&picking), no_images.clone());
            dialog::pick_files(words::say("builds.pick"), move |picked| {
                let paths = unshown.chosen(picked).unwrap_or_default();
                if !paths.is_empty() {
                    session.act(Action::AddImages(paths));
                }
            });
        }),
        save_authority: Box::new(move || {
            let (session, unshown) = (Arc::clone(&saving), no_authority.clone());
            let chosen = move |chosen| {
                if let Some(path) = unshown.chosen(chosen).flatten() {
                    session.act(Action::SaveAuthority(path));
                }
            };
            dialog::save_file(words::say("network.save-ca-title"), "ota-workbench-ca.pem", chosen);
        }),
        plugged: Box::new(move || {
            let known = watch.known();
            let interfaces = known.interfaces.into_iter();
            let interfaces =
                interfaces.map(|interface| Choice { name: interface.ip.to_string(), detail: interface.name });
            PluggedIn { ports: known.ports, interfaces: interfaces.collect() }
        }),
        look_for_ports: Box::new(move || looking.look()),
        watch_ports: Box::new(move |watched| watching.watch(watched)),
        pick_to_send: Box::new(move |port| {
            let (session, unshown) = (Arc::clone(&sending), no_file.clone());
            dialog::pick_files(words::say("send.pick"), move |picked| {
                for file in unshown.chosen(picked).unwrap_or_default() {
                    session.act(Action::SendFile { port: port.clone(), file });
                }
            });
        }),
        bench_file: kept.file,
        quick_sends: kept.quick_sends,
        messages: kept.messages,
        recording: Box::new(move || {
            let path = recording.capture()?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Some(Recording { name, bytes: recording.captured_bytes() })
        }),
        troubles: Box::new(move || unshown.take()),
        remember: Box::new(move |settings| keeper.keep(settings)),
        now: Box::new(move || clock.now()),
        utc_offset_secs: utc_offset_secs(),
        logs,
        captures,
    }
}
