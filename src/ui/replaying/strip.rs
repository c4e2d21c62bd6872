//! The strip over every screen while messages are sent again: how far it is, and its brakes.

use crate::bench::{Action, Bench, Replay, ReplayState, Speed, Steer, SteerOrder};
use crate::event::ReplayId;
use crate::ui::pieces::{button_ui, line_ui, sign_ui};
use crate::ui::theme::palette;
use crate::ui::wish::Wish;
use crate::ui::words::{self, say, tell};
use eframe::egui::{Align, Layout, ProgressBar, RichText, Ui};

/// Replays shown at the same time.
const SHOWN: usize = 4;

/// The replays to be shown: those that run, and those that ended and were not put away yet.
#[must_use]
pub fn shown(bench: &Bench, put_away: ReplayId) -> Vec<&Replay> {
    bench.replays().rev().filter(|replay| !replay.is_over() || replay.id > put_away).take(SHOWN).collect()
}

/// Draws them. Those that are over are put away by `put_away`, the last of them.
pub fn strip_ui(ui: &mut Ui, replays: &[&Replay], put_away: &mut ReplayId) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for replay in replays {
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if replay.is_over() {
                    if sign_ui(ui, "×", &say("replay.put-away")).clicked() {
                        *put_away = replay.id.max(*put_away);
                    }
                } else {
                    steer_ui(ui, replay, &mut wishes);
                }
                ui.add(ProgressBar::new(part(replay)).desired_width(140.0).desired_height(8.0));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let colour = if is_troubled(replay) { palette(ui).warn } else { palette(ui).strong };
                    line_ui(ui, RichText::new(text(replay)).color(colour));
                });
            });
        });
    }
    wishes
}

fn steer_ui(ui: &mut Ui, replay: &Replay, wishes: &mut Vec<Wish>) {
    let paused = matches!(replay.state, ReplayState::Paused(_));
    let by_step = replay.speed == Some(Speed::Step);
    let buttons = [
        ("replay.stop", Steer::Stop, true),
        ("replay.step", Steer::Step, paused || by_step),
        ("replay.pause", Steer::Pause, !paused && !by_step),
        ("replay.resume", Steer::Resume, paused && !by_step),
    ];
    for (key, steer, offered) in buttons {
        if offered && button_ui(ui, say(key)).clicked() {
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
