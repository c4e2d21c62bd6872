//! The window looking back: the list of captures, and the one that is open.

use super::{FINDING, Workbench, jobs};
use crate::bench::Case;
use crate::capture::Condition;
use crate::event::Micros;
use crate::ui::bench_screen::{open_dialog_ui, past_screen_ui};
use crate::ui::captures::{Ask, Running, captures_ui};
use crate::ui::compare_dialog::Visit;
use crate::ui::past::{LiveView, Opening, Past};
use crate::ui::pieces::{Light, button_ui};
use crate::ui::state::Dialog;
use crate::ui::theme;
use crate::ui::top_bar::{self, Recording};
use crate::ui::wish::Wish;
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::{CentralPanel, Frame, Margin, Panel};
use std::path::Path;

/// A capture that is looked at, and what the live bench had come to when it was opened.
pub struct Looking {
    past: Past,
    /// The latest event in which an upgrade had ended.
    ended: Option<u64>,
    /// Its session went on when it was opened: it was read as far as it had come.
    running: bool,
}

/// Whether a file is looked at rather than pushed, by its name.
pub fn is_capture(path: &Path) -> bool {
    let ends = |path: &Path, ending: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    ends(path, "jsonl") || ends(path, "zst") && path.file_stem().is_some_and(|stem| ends(Path::new(stem), "jsonl"))
}

impl Workbench {
    /// Takes in what was read of captures since the last frame.
    pub(super) fn look_back(&mut self) {
        for opened in (self.wiring.captures.opened)() {
            match opened {
                Ok(opening) => self.open_past(opening),
                Err(trouble) => {
                    self.handing.visit = None;
                    self.captures.troubles.push(trouble);
                    self.captures.open = true;
                }
            }
        }
        if self.captures.open {
            let devices = self.model.bench.devices().map(|(device, _)| device.to_string()).collect();
            self.captures.running = Running { length: (self.wiring.now)(), devices };
            self.captures.take((self.wiring.captures.shelf)(), self.state.utc_offset_secs);
        }
        let visit = self.handing.visit.clone();
        let left = self.in_the_past(|past, wiring| {
            past.keep_up(&wiring.now);
            let left = visit.and_then(|visit| show(past, visit, (wiring.now)()));
            for job in jobs(&mut past.state, &mut past.model) {
                (wiring.logs.background)(job);
            }
            left
        });
        if let Some(left) = left {
            self.handing.visit = left;
        }
    }

    /// Goes to an event of a capture, which is opened for it unless it is.
    pub(super) fn visit(&mut self, (path, seq): Visit) {
        if self.past.as_ref().is_some_and(|looking| looking.past.path == path) {
            self.captures.open = false;
        } else {
            (self.wiring.captures.ask)(Ask::Open(path.clone()));
        }
        self.handing.visit = Some((path, seq));
    }

    fn open_past(&mut self, opening: Opening) {
        self.captures.take((self.wiring.captures.shelf)(), self.state.utc_offset_secs);
        let running = self.is_written(&opening.path);
        let before = self.past.take_if(|looking| looking.running && looking.past.path == opening.path);
        let mut past = Past::new(opening, self.shelves.clone(), self.state.utc_offset_secs);
        if let Some(before) = before {
            past.read_on(before.past);
        }
        let ended = latest_end(self.model.bench.cases()).and_then(|case| case.ended);
        self.past = Some(Looking { past, ended, running });
        self.captures.open = false;
    }

    /// Whether a capture is being written, by this window or, as the list has it, by another program.
    fn is_written(&self, path: &Path) -> bool {
        let known = &self.captures.shelf;
        let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let own = known.recording.as_ref().is_some_and(|own| whole(own) == whole(path));
        let listed = known.entries.iter().find(|entry| entry.path == path);
        own || listed.is_some_and(|entry| entry.condition == Condition::Writing)
    }

    /// Says how far a session was read that goes on, and reads on where that is asked for.
    fn reading_on_strip(&self, ui: &mut egui::Ui) -> Option<Wish> {
        let past = &self.past.as_ref().filter(|looking| looking.running)?.past;
        if past.reading().is_some() {
            return None;
        }
        let until = past.model.bench.started_unix_ms() + past.end().0 / 1_000;
        let until = words::clock(until, self.state.utc_offset_secs);
        let frame = Frame::new().fill(theme::palette(ui).raised).inner_margin(Margin::symmetric(10, 3));
        let strip = Panel::top("read on").frame(frame).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(tell("past.until", &[("time", &until)]));
                button_ui(ui, say("past.read-on")).on_hover_text(say("past.read-on-hint")).clicked()
            })
        });
        strip.inner.inner.then(|| Wish::Captures(Ask::Open(past.path.clone())))
    }

    /// Does something with the capture that is looked at. What is set in the window is the same there and on the bench.
    fn in_the_past<T>(&mut self, act: impl FnOnce(&mut Past, &super::Wiring) -> T) -> Option<T> {
        let looking = self.past.as_mut()?;
        std::mem::swap(&mut looking.past.state.settings, &mut self.state.settings);
        let done = act(&mut looking.past, &self.wiring);
        std::mem::swap(&mut looking.past.state.settings, &mut self.state.settings);
        Some(done)
    }

    pub(super) fn past_screen(&mut self, ui: &mut egui::Ui, recording: Option<&Recording>) -> Vec<Wish> {
        let Some(looking) = &self.past else { return Vec::new() };
        let live = self.live(looking, recording);
        let read_on = self.reading_on_strip(ui);
        let left = self.in_the_past(|past, wiring| {
            let wishes = past_screen_ui(ui, past, &live);
            let now = (wiring.now)();
            let (own, others): (Vec<_>, Vec<_>) = wishes.into_iter().partition(is_of_the_past);
            for wish in own {
                past.grant(wish, now);
            }
            if let Some(save) = past.state.log.to_save.take() {
                (wiring.logs.save)(save);
            }
            for job in jobs(&mut past.state, &mut past.model) {
                (wiring.logs.background)(job);
            }
            others.into_iter().map(|wish| named_after(wish, &past.name)).collect::<Vec<_>>()
        });
        let mut left = left.unwrap_or_default();
        if left.contains(&Wish::LeavePast) {
            self.past = None;
        }
        left.retain(|wish| *wish != Wish::LeavePast);
        left.extend(read_on.into_iter().filter(|wish| matches!(wish, Wish::Captures(_))));
        // A message of the capture is sent by the live bench.
        if matches!(self.state.dialog, Some(Dialog::Publish(_))) {
            left.extend(open_dialog_ui(ui, &self.model, &mut self.state, true));
        }
        left
    }

    pub(super) fn captures_screen(&mut self, ui: &mut egui::Ui, recording: Option<&Recording>) -> Vec<Wish> {
        let fill = theme::palette(ui).panel;
        let bar = Frame::new().fill(fill).inner_margin(Margin::symmetric(10, 5));
        let view = top_bar::view(&self.model, &self.state, recording);
        let mut wishes = Vec::new();
        Panel::top("status").frame(bar).show(ui, |ui| {
            wishes.extend(top_bar::top_bar_ui(ui, &view, &mut self.state.settings));
        });
        let zone = self.state.utc_offset_secs;
        let (captures, limits) = (&mut self.captures, &mut self.state.settings.captures);
        CentralPanel::default().frame(Frame::new().fill(fill)).show(ui, |ui| {
            wishes.extend(captures_ui(ui, captures, limits, zone).into_iter().map(Wish::Captures));
        });
        // The dialog for addresses is the bench's.
        if wishes.iter().any(|wish| matches!(wish, Wish::Open(_))) {
            self.captures.open = false;
        }
        wishes
    }

    /// Does what was asked about captures.
    pub(super) fn ask(&mut self, ask: Ask) {
        match ask {
            Ask::Show(open) => {
                self.captures.open = open && !self.captures.open;
                if self.captures.open {
                    (self.wiring.captures.ask)(Ask::Look);
                }
            }
            Ask::Replay(of) => {
                self.open_replay(of.clone());
                (self.wiring.captures.ask)(Ask::Replay(of));
            }
            Ask::Compare(a, b) => self.open_comparison(a, b),
            Ask::Export(path, name, only) => self.open_export(path, name, &only),
            other => (self.wiring.captures.ask)(other),
        }
    }

    /// How the live bench goes on behind the capture.
    fn live(&self, looking: &Looking, recording: Option<&Recording>) -> LiveView {
        let (light, meaning, text) = match (self.model.bench.recording_trouble(), recording) {
            (Some(trouble), _) => (Light::Broken, words::trouble(trouble).joined(), say("past.live-unrecorded")),
            (None, Some(recording)) => {
                let size = words::bytes(recording.bytes);
                (Light::On, say("status.running"), tell("past.live", &[("size", &size)]))
            }
            (None, None) => (Light::Off, say("status.stopped"), say("past.live-unrecorded")),
        };
        let verdict = latest_end(self.model.bench.cases()).filter(|case| case.ended > looking.ended);
        LiveView { light, meaning, text, verdict: verdict.map(verdict_of) }
    }

    /// Draws again while a capture is read or played.
    pub(super) fn rest_in_the_past(&self, ctx: &egui::Context) {
        let Some(Looking { past, .. }) = &self.past else { return };
        if past.is_playing() || past.is_going() {
            ctx.request_repaint();
        } else if past.is_busy() || past.state.log.is_busy(past.state.shown(&past.model)) {
            ctx.request_repaint_after(FINDING);
        }
    }
}

/// Shows an event of the capture it is of, once it was read so far; gives it back until then.
fn show(past: &mut Past, (path, seq): Visit, now: Micros) -> Option<Visit> {
    if past.path == path && (past.len() >= seq || past.reading().is_none()) {
        past.grant(Wish::ShowEvent(seq), now);
        return None;
    }
    Some((path, seq))
}

/// The upgrade that ended last.
fn latest_end(cases: &[Case]) -> Option<&Case> {
    cases.iter().filter(|case| case.ended.is_some()).max_by_key(|case| case.ended)
}

fn verdict_of(case: &Case) -> String {
    let state = words::state(case.upgrade.state());
    let device = &case.order.device.device;
    tell("past.live-verdict", &[("device", device), ("version", &case.order.version), ("state", &state)])
}

/// What only concerns the capture; nothing acts on the bench from there, but for a message that is written first.
const fn is_of_the_past(wish: &Wish) -> bool {
    !matches!(wish, Wish::Captures(_) | Wish::LeavePast | Wish::Open(Dialog::Publish(_)))
}

/// A message that was taken from a capture remembers which.
fn named_after(mut wish: Wish, capture: &str) -> Wish {
    if let Wish::Open(Dialog::Publish(draft)) = &mut wish {
        draft.take_from(capture);
    }
    wish
}
