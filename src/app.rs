//! The window on the roof: drains the session, draws the screen, hands the operator's actions over.

mod handing;
mod looking;
mod replays;
mod wiring;

pub use wiring::{Captures, Logs, OpenedLog, Wiring};

use crate::bench::{Action, Bench};
use crate::console::{Highlight, Job, LogStamp, Shelf};
use crate::event::{Micros, Trouble};
use crate::ui::bench_screen::{Surroundings, bench_screen_ui};
use crate::ui::captures::{Ask, CapturesState};
use crate::ui::model::{Model, Shelves};
use crate::ui::settings::Settings;
use crate::ui::state::WindowState;
use crate::ui::upgrade;
use crate::ui::wish::Wish;
use crate::ui::words::{self, Language};
use crate::ui::{builds, theme};
use eframe::egui;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// While a download runs, its clock moves this often.
const MOVING: Duration = Duration::from_millis(250);
/// While lines are being found.
const FINDING: Duration = Duration::from_millis(60);
/// While an age is counted in seconds.
const AGEING: Duration = Duration::from_secs(1);

/// The window.
pub struct Workbench {
    model: Model,
    state: WindowState,
    remembered: Settings,
    captures: CapturesState,
    past: Option<looking::Looking>,
    replays: replays::Replays,
    handing: handing::Handing,
    shelves: Option<Shelves>,
    /// How consoles are logged to files at this moment.
    kept: Option<LogStamp>,
    /// The rules as the bench file has them.
    kept_highlights: Vec<Highlight>,
    wiring: Wiring,
    system_language: Language,
}

impl Workbench {
    /// A window onto a bench, as it was left the last time.
    ///
    /// `system_language` is what is spoken until another is chosen.
    #[must_use]
    pub fn new(
        ctx: &egui::Context,
        bench: Bench,
        settings: Settings,
        system_language: Language,
        mut wiring: Wiring,
    ) -> Self {
        theme::install(ctx);
        ctx.set_theme(settings.theme.preference());
        let utc_offset_secs = wiring.utc_offset_secs;
        let (bench_file, kept_sends) = (wiring.bench_file.clone(), wiring.quick_sends.clone());
        let quick = if bench_file.is_some() { kept_sends } else { settings.quick.clone() };
        let saved = if bench_file.is_some() { wiring.messages.clone() } else { settings.messages.clone() };
        let state = WindowState {
            settings: settings.clone(),
            utc_offset_secs,
            bench_file,
            quick,
            saved,
            ..WindowState::default()
        };
        let mut model = Model::new(bench);
        let shelves = wiring.logs.shelves.take();
        if let Some(shelves) = shelves.clone() {
            model.keep_on(shelves);
        }
        let captures = CapturesState::default();
        // The session logs consoles in this way from its first instant.
        let kept = settings.log.to_files();
        let kept_highlights = settings.log.highlights.clone();
        Self {
            model,
            state,
            remembered: settings,
            captures,
            past: None,
            replays: replays::Replays::default(),
            handing: handing::Handing::default(),
            shelves,
            kept,
            kept_highlights,
            wiring,
            system_language,
        }
    }

    /// What the window knows; for tests and for a replay.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// Takes in what happened since the last frame.
    fn keep_up(&mut self, ctx: &egui::Context) {
        words::speak(self.state.settings.language.unwrap_or(self.system_language));
        let batch = (self.wiring.drain)();
        self.captures.hear(&batch.events);
        self.model.take(batch);
        self.state.plugged = (self.wiring.plugged)();
        for (name, opened) in (self.wiring.logs.opened)() {
            self.open_log(&name, opened);
        }
        self.state.keep_up(&self.model);
        self.look_back();
        self.hear_of_errands();
        self.work();
        if self.state.listing.update(&self.model, &self.state.filter) {
            ctx.request_repaint();
        }
    }

    fn open_log(&mut self, path: &str, opened: Result<(Arc<dyn Shelf>, u64), Trouble>) {
        match opened {
            Ok((file, size)) => {
                let (name, index) = self.model.open_log(path, file, size);
                (self.wiring.logs.background)(index);
                self.state.grant(Wish::SelectPort(name), &self.model);
            }
            Err(trouble) => self.state.log.trouble = Some(trouble),
        }
    }

    /// Has done what consoles want done away from the window.
    fn work(&mut self) {
        let state = &mut self.state;
        for job in jobs(state, &mut self.model) {
            (self.wiring.logs.background)(job);
        }
        let keep = state.settings.log.to_files();
        if self.kept != keep {
            self.kept = keep;
            (self.wiring.logs.keep)(keep);
        }
        if let Some(save) = state.log.to_save.take() {
            (self.wiring.logs.save)(save);
        }
        // Half a pattern is no rule: they are kept once the dialog is closed.
        if !state.log.highlighting {
            self.keep_highlights();
        }
    }

    fn keep_highlights(&mut self) {
        let rules = &self.state.settings.log.highlights;
        if self.kept_highlights != *rules {
            self.kept_highlights.clone_from(rules);
            (self.wiring.logs.keep_highlights)(rules.clone());
        }
    }

    /// Draws one frame.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        let ctx = ui.ctx().clone();
        self.keep_up(&ctx);
        let now = (self.wiring.now)();
        let recording = (self.wiring.recording)();
        let mut wishes = self.replay_strip(ui);
        self.reports_strip(ui);
        wishes.extend(if self.captures.open {
            self.captures_screen(ui, recording.as_ref())
        } else if self.past.is_some() {
            self.past_screen(ui, recording.as_ref())
        } else {
            let around = Surroundings { now, recording: recording.as_ref() };
            bench_screen_ui(ui, &self.model, &mut self.state, &around)
        });
        wishes.extend(self.replay_dialog(ui));
        self.handing_dialogs(ui);
        self.captures.covered = self.replays.covers() || self.handing.covers();
        for wish in wishes.into_iter().chain(dropped_files(&ctx)) {
            self.grant(wish);
        }
        (self.wiring.watch_ports)(self.state.watch_ports);
        // What was asked for while drawing, such as lines that are on disk, is fetched at once.
        self.work();
        self.remember(&ctx);
        self.rest(&ctx, now);
    }

    fn grant(&mut self, wish: Wish) {
        match wish {
            Wish::Act(action) => self.act(action),
            Wish::PickImages => (self.wiring.pick_images)(),
            Wish::SaveAuthority => (self.wiring.save_authority)(),
            Wish::PickLog => (self.wiring.logs.pick)(),
            Wish::CloseLog(name) => self.model.close_log(&name),
            Wish::ListPorts => (self.wiring.look_for_ports)(),
            Wish::Captures(ask) => self.ask(ask),
            Wish::PickToSend(port) => (self.wiring.pick_to_send)(port),
            other => self.state.grant(other, &self.model),
        }
    }

    /// Hands the settings over when they changed; not in the middle of a drag.
    fn remember(&mut self, ctx: &egui::Context) {
        let size = ctx.input(|input| input.viewport_rect().size());
        self.state.settings.window = Some([size.x.round(), size.y.round()]);
        if self.state.settings == self.remembered || ctx.input(|input| input.pointer.any_down()) {
            return;
        }
        if self.state.settings.theme != self.remembered.theme {
            ctx.set_theme(self.state.settings.theme.preference());
        }
        if self.state.settings.language != self.remembered.language {
            self.state.listing.start_over();
            ctx.request_repaint();
        }
        self.remembered = self.state.settings.clone();
        (self.wiring.remember)(&self.remembered);
    }

    /// Draws again only while something moves by itself.
    fn rest(&self, ctx: &egui::Context, now: Micros) {
        self.rest_in_the_past(ctx);
        if self.state.log.is_busy(self.state.shown(&self.model)) {
            ctx.request_repaint_after(FINDING);
        } else if upgrade::is_moving(&self.model, &self.state, now) {
            ctx.request_repaint_after(MOVING);
        } else if builds::ages(&self.model, now) || self.model.events_a_second(now) > 0 {
            ctx.request_repaint_after(AGEING);
        }
    }
}

impl eframe::App for Workbench {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
    }

    /// While the window is hidden nothing is drawn, but what happens is still taken in.
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.keep_up(ctx);
    }
}

impl Drop for Workbench {
    /// The window may be closed while the rules are being written down.
    fn drop(&mut self) {
        self.keep_highlights();
    }
}

/// The work that is to be done away from the window.
fn jobs(state: &mut WindowState, model: &mut Model) -> Vec<Job> {
    let mut jobs = std::mem::take(&mut state.log.jobs.0);
    jobs.extend(model.keep_up());
    let (port, settings) = (state.port.as_ref(), &state.settings.log);
    jobs.extend(state.log.keep_up(port, &state.find, settings, &mut state.console, model));
    jobs
}

/// Captures that are dropped on the window are looked at; everything else is a build.
fn dropped_files(ctx: &egui::Context) -> Vec<Wish> {
    let paths = ctx.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect());
    let (captures, builds): (Vec<PathBuf>, Vec<PathBuf>) =
        Vec::into_iter(paths).partition(|path| looking::is_capture(path));
    let builds = (!builds.is_empty()).then(|| Action::AddImages(builds).into());
    captures.into_iter().map(|path| Wish::Captures(Ask::Open(path))).chain(builds).collect()
}
