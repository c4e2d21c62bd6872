//! The list of builds.

use super::entry::{EntryView, Touch, entry_ui};
use super::model::Model;
use super::pieces::{Light, button_ui, pane_ui, title_ui, weak_ui};
use super::state::WindowState;
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::bench::{Action, Build};
use crate::event::{ImageId, Micros};
use eframe::egui::{Align, Key, Layout, Modifiers, ScrollArea, Ui};

/// For how long a rebuilt build's age is counted; afterwards the time it was read is shown.
const FRESH: Micros = Micros::from_secs(60);

/// The list of builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildsView {
    /// Whether none can be added, for they are of the past.
    pub fixed: bool,
    /// Each build.
    pub entries: Vec<(ImageId, EntryView)>,
}

/// Whether an age shown here changes by itself.
#[must_use]
pub fn ages(model: &Model, now: Micros) -> bool {
    model.shown().builds().any(|(_, build)| is_fresh(build, now))
}

fn is_fresh(build: &Build, now: Micros) -> bool {
    build.rebuilt && now.since(build.read_at) < FRESH
}

/// Works the list out.
#[must_use]
pub fn view(model: &Model, state: &WindowState, now: Micros) -> BuildsView {
    let entry = |(id, build): (ImageId, &Build)| (id, entry(build, state.build == Some(id), model, state, now));
    BuildsView { fixed: state.is_past(), entries: model.shown().builds().map(entry).collect() }
}

fn entry(build: &Build, chosen: bool, model: &Model, state: &WindowState, now: Micros) -> EntryView {
    let version = build.version.clone().unwrap_or_else(|| say("build.no-version"));
    let (light, meaning) = match (&build.trouble, build.rebuilt) {
        (Some(_), _) => (Some(Light::Broken), say("build.troubled")),
        (None, true) => (Some(Light::On), say("build.rebuilt")),
        (None, false) => (None, String::new()),
    };
    let below = match &build.trouble {
        Some(trouble) => words::trouble(trouble).cause,
        None if is_fresh(build, now) => {
            let secs = now.since(build.read_at).0 / 1_000_000;
            tell("build.rebuilt-ago", &[("n", &secs)])
        }
        None if build.rebuilt => tell("build.rebuilt-at", &[("time", &state.time(build.read_at, model))]),
        None => format!("{} · {}", words::bytes(build.size), words::short_md5(&build.md5)),
    };
    EntryView {
        light,
        meaning,
        title: build.name.clone(),
        right: version,
        below,
        troubled: build.trouble.is_some(),
        chosen,
        fixed: state.is_past(),
    }
}

/// Draws the list.
pub fn builds_ui(ui: &mut Ui, view: &BuildsView) -> Vec<Wish> {
    let mut wishes = Vec::new();
    pane_ui(ui, &say("pane.builds"), |ui| {
        ui.horizontal(|ui| {
            title_ui(ui, &say("pane.builds"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if view.fixed {
                    return;
                }
                let shortcut = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::O));
                if button_ui(ui, say("build.add")).clicked() || shortcut {
                    wishes.push(Wish::PickImages);
                }
            });
        });
        if view.entries.is_empty() {
            weak_ui(ui, say(if view.fixed { "past.no-build" } else { "build.none" }));
        }
        ScrollArea::vertical().id_salt("builds").auto_shrink([false, true]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            for (id, entry) in &view.entries {
                match ui.push_id(id, |ui| entry_ui(ui, entry, |_| {})).inner {
                    Some(Touch::Chosen) => wishes.push(Wish::SelectBuild(*id)),
                    Some(Touch::Removed) => wishes.push(Action::RemoveImage(*id).into()),
                    None => {}
                }
            }
        });
    });
    wishes
}
