//! The strip over every screen while messages are sent again: how far it is, and its brakes.

use super::ahead::Ahead;
use crate::bench::{Action, Bench, Replay, ReplayState, Speed, Steer, SteerOrder};
use crate::event::ReplayId;
use crate::ui::pieces::{button_ui, line_ui, sign_ui, weak_ui};
use crate::ui::theme::palette;
use crate::ui::wish::Wish;
use crate::ui::words::{self, say, tell};
use eframe::egui::{Align, Layout, ProgressBar, RichText, ScrollArea, Ui};
use std::collections::BTreeSet;

/// Rows shown at the same time; more are scrolled to.
const SHOWN: f32 = 5.0;

/// What the strip is drawn from besides the replays themselves.
#[derive(Debug, Default)]
pub struct Strip {
    /// What each sends next.
    pub ahead: Ahead,
    /// Replays that were over and are no longer shown.
    pub put_away: BTreeSet<ReplayId>,
}

/// The replays to be shown, those that run first: their brakes are always at hand. How one ended stays until it is put away; that
/// a single message went out, until the next one.
#[must_use]
pub fn shown<'a>(bench: &'a Bench, put_away: &BTreeSet<ReplayId>) -> Vec<&'a Replay> {
    let newest = bench.replays().next_back().map(|replay| replay.id);
    let went_out = |replay: &Replay| replay.total() == 1 && matches!(replay.state, ReplayState::Ended(None));
    let told = |replay: &Replay| put_away.contains(&replay.id) || went_out(replay) && newest != Some(replay.id);
    let mut shown: Vec<_> = bench.replays().rev().filter(|replay| !replay.is_over() || !told(replay)).collect();
    shown.sort_by_key(|replay| replay.is_over());
    shown
}

/// Draws them. Those that are over can be put away.
pub fn strip_ui(ui: &mut Ui, replays: &[&Replay], strip: &mut Strip) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let row = ui.spacing().interact_size.y + ui.spacing().item_spacing.y;
    // A panel that grows with what is in it gives a scrolled list no room but the least it asks for.
    ScrollArea::vertical().max_height(row * SHOWN).min_scrolled_height(row * SHOWN).show(ui, |ui| {
        for replay in replays {
            replay_ui(ui, replay, strip, &mut wishes);
        }
    });
    wishes
}

fn replay_ui(ui: &mut Ui, replay: &Replay, strip: &mut Strip, wishes: &mut Vec<Wish>) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if replay.is_over() {
                if sign_ui(ui, "×", &say("replay.put-away")).clicked() {
                    strip.put_away.insert(replay.id);
                }
            } else {
                steer_ui(ui, replay, wishes);
            }
            let bar = ProgressBar::new(part(replay)).desired_width(140.0).desired_height(8.0);
            ui.add(bar).accessible_name(say("replay.progress"));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let colour = if is_troubled(replay) { palette(ui).warn } else { palette(ui).strong };
                line_ui(ui, RichText::new(text(replay)).color(colour));
            });
        });
    });
    if let Some((topic, payload)) = strip.ahead.next(replay).filter(|_| waits_for_operator(replay)) {
        weak_ui(ui, tell("replay.next", &[("topic", &topic), ("payload", &payload)]));
    }
}

fn is_by_step(replay: &Replay) -> bool {
    replay.speed == Some(Speed::Step)
}

fn waits_for_operator(replay: &Replay) -> bool {
    match replay.state {
        ReplayState::Running => is_by_step(replay),
        ReplayState::Paused(None) => true,
        ReplayState::Paused(Some(_)) | ReplayState::Ended(_) => false,
    }
}

fn steer_ui(ui: &mut Ui, replay: &Replay, wishes: &mut Vec<Wish>) {
    // While the target is lost, neither a step nor going on would send anything.
    let lost = matches!(replay.state, ReplayState::Paused(Some(_)));
    let paused = matches!(replay.state, ReplayState::Paused(None));
    let by_step = is_by_step(replay);
    let buttons = [
        ("replay.stop", Steer::Stop, true),
        ("replay.pause", Steer::Pause, !by_step),
        ("replay.resume", Steer::Resume, paused && !by_step),
        ("replay.run-on", Steer::Resume, by_step && !lost),
        ("replay.step", Steer::Step, (paused || by_step) && !lost),
    ];
    for (key, steer, offered) in buttons {
        // The brake stays where it is once it is pulled: a second press there sends nothing.
        let useful = steer != Steer::Pause || !paused;
        if offered && ui.add_enabled_ui(useful, |ui| button_ui(ui, say(key))).inner.clicked() {
            wishes.push(Action::SteerReplay(SteerOrder { replay: replay.id, steer }).into());
        }
    }
}

const fn is_troubled(replay: &Replay) -> bool {
    matches!(replay.state, ReplayState::Paused(Some(_)) | ReplayState::Ended(Some(_)))
}

#[expect(clippy::cast_precision_loss, reason = "shown as a bar")]
fn part(replay: &Replay) -> f32 {
    replay.sent as f32 / replay.total().max(1) as f32
}

/// Whose it is, how far, and how it stands.
fn text(replay: &Replay) -> String {
    let state = match &replay.state {
        ReplayState::Running if is_by_step(replay) => say("replay.waits-for-you"),
        ReplayState::Running => say("replay.running"),
        ReplayState::Paused(None) => say("replay.paused"),
        ReplayState::Paused(Some(trouble)) => tell("replay.waits", &[("why", &words::trouble(trouble).joined())]),
        ReplayState::Ended(None) if replay.sent >= replay.total() => say("replay.done"),
        ReplayState::Ended(None) => say("replay.stopped"),
        ReplayState::Ended(Some(trouble)) => tell("replay.failed", &[("why", &words::trouble(trouble).joined())]),
    };
    let (sent, of) = (words::count(replay.sent), words::count(replay.total()));
    let all: [(&str, &dyn std::fmt::Display); 5] =
        [("source", &replay.source), ("target", &replay.target), ("sent", &sent), ("of", &of), ("state", &state)];
    tell("replay.strip", &all)
}
