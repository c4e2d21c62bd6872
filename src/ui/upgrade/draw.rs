//! Draws the push and what became of it.

use super::extras::extras_ui;
use super::faults::{armed_ui, faults_button_ui};
use super::transfer::transfer_ui;
use super::view::{CaseView, NextStepsView, StepMark, StepView, UpgradeView, Verdict, Witnessed};
use crate::bench::Action;
use crate::diagnosis::Finding;
use crate::ui::devices::simulate_ui;
use crate::ui::pieces::{line_ui, pane_ui, warning_ui, weak_ui};
use crate::ui::state::{Dialog, Draft};
use crate::ui::theme::palette;
use crate::ui::wish::Wish;
use crate::ui::words::{self, say, tell};
use crate::upgrade::Outcome;
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::{
    Align, Button, Color32, Key, Layout, Modifiers, Rect, RichText, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

/// What the fields of this panel change.
pub struct Fields<'a> {
    /// What is to be pushed.
    pub draft: &'a mut Draft,
    /// The dialect of simulated devices.
    pub dialect: &'a mut String,
    /// What the dialog for addresses begins with.
    pub network: &'a Dialog,
}

/// Draws the panel.
pub fn upgrade_ui(ui: &mut Ui, view: &UpgradeView, fields: Fields<'_>) -> Vec<Wish> {
    let Fields { draft, dialect, network } = fields;
    let mut wishes = Vec::new();
    pane_ui(ui, &say("pane.upgrade"), |ui| {
        if view.past {
            return past_ui(ui, view, &mut wishes);
        }
        headline_ui(ui, view, draft, &mut wishes);
        if draft.more {
            more_ui(ui, draft);
            if let Some(along) = &view.along {
                extras_ui(ui, &mut draft.extras, along);
            }
        }
        if let Some(device) = &view.target {
            armed_ui(ui, draft, device);
        }
        for warning in &view.warnings {
            lint_ui(ui, warning);
        }
        if let Some(case) = &view.case {
            case_ui(ui, case, true, &mut wishes);
        }
        for finding in &view.findings {
            finding_ui(ui, finding, &mut wishes);
        }
        if let Some(next) = &view.next {
            next_ui(ui, next, dialect, network, &mut wishes);
        }
    });
    wishes
}

/// What became of the push, at a moment of a capture.
fn past_ui(ui: &mut Ui, view: &UpgradeView, wishes: &mut Vec<Wish>) {
    match &view.case {
        Some(case) => case_ui(ui, case, false, wishes),
        None => {
            weak_ui(ui, tell("past.no-upgrade", &[("device", &view.device)]));
        }
    }
    for finding in &view.findings {
        finding_ui(ui, finding, wishes);
    }
}

fn headline_ui(ui: &mut Ui, view: &UpgradeView, draft: &mut Draft, wishes: &mut Vec<Wish>) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            push_ui(ui, view, wishes);
            let more = ui.selectable_label(draft.more, say("push.more"));
            if more.on_hover_text(say("push.more-hint")).clicked() {
                draft.more = !draft.more;
            }
            if let Some(device) = &view.target {
                faults_button_ui(ui, draft, device);
            }
            let field = TextEdit::singleline(&mut draft.version).desired_width(96.0).hint_text("1.0.0");
            ui.add(field).accessible_name(say("push.version")).on_hover_text(say("push.version-hint"));
            weak_ui(ui, say("push.version"));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let colours = palette(ui);
                let text = format!("{}  →  {}", view.build, view.device);
                line_ui(ui, RichText::new(text).color(colours.strong).size(14.5));
            });
        });
    });
}

fn push_ui(ui: &mut Ui, view: &UpgradeView, wishes: &mut Vec<Wish>) {
    let colours = palette(ui);
    let face = RichText::new(say("push.button")).strong();
    let mut button = Button::new(if view.push.is_ok() { face.color(Color32::WHITE) } else { face });
    if view.push.is_ok() {
        let fill = if ui.visuals().dark_mode { Color32::from_rgb(0x1f, 0x6f, 0xd6) } else { colours.accent };
        button = button.fill(fill);
    }
    let response = ui.add_enabled(view.push.is_ok(), button.min_size(vec2(84.0, 28.0)));
    match &view.push {
        Ok(order) => {
            // Under a dialog, the key is the dialog's.
            let uncovered = ui.memory(|memory| memory.allows_interaction(ui.layer_id()));
            let shortcut = uncovered && ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
            if response.on_hover_text(say("push.hint")).clicked() || shortcut {
                wishes.push(Action::Push(order.clone()).into());
            }
        }
        Err(why) => {
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(why.as_str()));
            response.on_disabled_hover_text(why);
        }
    }
}

fn more_ui(ui: &mut Ui, draft: &mut Draft) {
    ui.horizontal_wrapped(|ui| {
        let label = ui.label(say("push.module"));
        let module = TextEdit::singleline(&mut draft.module).desired_width(110.0).hint_text(say("push.module-hint"));
        ui.add(module).labelled_by(label.id);
        ui.add_space(12.0);
        let label = ui.label(say("push.timeout"));
        let timeout = TextEdit::singleline(&mut draft.timeout).desired_width(70.0).hint_text(say("push.timeout-hint"));
        ui.add(timeout).labelled_by(label.id);
        weak_ui(ui, say("push.timeout-unit"));
        ui.add_space(12.0);
        let label = ui.label(say("push.url-lifetime"));
        let lifetime = TextEdit::singleline(&mut draft.url_lifetime).desired_width(70.0).hint_text("86400");
        ui.add(lifetime).labelled_by(label.id);
        weak_ui(ui, say("push.timeout-unit"));
    });
}

/// Draws an upgrade; a live one can be cancelled or tried again.
fn case_ui(ui: &mut Ui, case: &CaseView, live: bool, wishes: &mut Vec<Wish>) {
    if let Some(title) = &case.title {
        let colours = palette(ui);
        let title = RichText::new(title);
        line_ui(ui, if live { title.color(colours.weak) } else { title.color(colours.strong).size(14.5) });
    }
    track_ui(ui, &case.steps);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            match &case.verdict {
                _ if !live => {}
                None => {
                    if ui.button(say("upgrade.cancel")).clicked() {
                        wishes.push(Action::CancelUpgrade(case.upgrade).into());
                    }
                }
                Some(verdict) if verdict.outcome != Outcome::Succeeded => {
                    if ui.button(say("upgrade.retry")).clicked() {
                        wishes.push(Action::RetryUpgrade(case.upgrade).into());
                    }
                }
                Some(_) => {}
            }
            ui.with_layout(Layout::left_to_right(Align::Center).with_main_wrap(true), |ui| {
                witnesses_ui(ui, &case.witnessed);
            });
        });
    });
    if let Some(transfer) = &case.transfer {
        transfer_ui(ui, transfer);
    }
    if let Some(faults) = &case.faults {
        ui.horizontal_wrapped(|ui| {
            warning_ui(ui, &say("fault.name"));
            let colour = palette(ui).warn;
            ui.label(RichText::new(faults).color(colour));
        });
    }
    if let Some(waits) = &case.waits {
        let colour = palette(ui).accent;
        ui.label(RichText::new(waits).color(colour));
    }
    if let Some(verdict) = &case.verdict {
        verdict_ui(ui, verdict);
    }
}

fn track_ui(ui: &mut Ui, steps: &[StepView]) {
    let colours = palette(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width().min(620.0), 34.0), Sense::hover());
    let id = ui.scope_id().with("track");
    let count = steps.len().max(1);
    #[expect(clippy::cast_precision_loss, reason = "six steps")]
    let width = rect.width() / count as f32;
    let painter = ui.painter_at(rect);
    let mut from: Option<egui::Pos2> = None;
    for (at, step) in steps.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "six steps")]
        let left = rect.left() + width * at as f32;
        let center = pos2(left + 7.0, rect.top() + 9.0);
        let colour = match step.mark {
            StepMark::Done => colours.ok,
            StepMark::Now => colours.accent,
            StepMark::Ahead => colours.weak,
            StepMark::Failed => colours.bad,
        };
        if let Some(from) = from {
            let line = if step.mark == StepMark::Ahead { colours.line } else { colour };
            painter.line_segment([from + vec2(8.0, 0.0), center - vec2(8.0, 0.0)], egui::Stroke::new(2.0, line));
        }
        paint_step(&painter, center, step.mark, colour);
        let text = if step.mark == StepMark::Ahead { colours.weak } else { colours.text };
        let cell = Rect::from_min_size(pos2(left, rect.top()), vec2(width - 4.0, rect.height()));
        painter.with_clip_rect(cell.intersect(ui.clip_rect())).text(
            pos2(left, rect.top() + 19.0),
            egui::Align2::LEFT_TOP,
            &step.name,
            egui::FontId::proportional(12.0),
            text,
        );
        let mark = say(match step.mark {
            StepMark::Done => "step.done",
            StepMark::Now => "step.now",
            StepMark::Ahead => "step.ahead",
            StepMark::Failed => "step.failed",
        });
        let info = || WidgetInfo::labeled(Role::ListItem, true, format!("{}: {mark}", step.spoken));
        ui.interact(cell, id.with(at), Sense::hover()).widget_info(info);
        from = Some(center);
    }
}

fn paint_step(painter: &egui::Painter, center: egui::Pos2, mark: StepMark, colour: Color32) {
    let stroke = egui::Stroke::new(1.6, colour);
    match mark {
        StepMark::Done => {
            painter.circle_filled(center, 6.0, colour);
        }
        StepMark::Now => {
            painter.circle_stroke(center, 5.5, stroke);
            painter.circle_filled(center, 2.8, colour);
        }
        StepMark::Ahead => {
            painter.circle_stroke(center, 5.0, egui::Stroke::new(1.2, colour));
        }
        StepMark::Failed => {
            let arm = 4.0;
            painter.line_segment([center + vec2(-arm, -arm), center + vec2(arm, arm)], stroke);
            painter.line_segment([center + vec2(-arm, arm), center + vec2(arm, -arm)], stroke);
        }
    }
}

fn witnesses_ui(ui: &mut Ui, witnessed: &Witnessed) {
    let colours = palette(ui);
    let said = match witnessed.said {
        Some(percent) => tell("upgrade.said", &[("n", &percent)]),
        None => say("upgrade.said-nothing"),
    };
    bar_ui(ui, witnessed.said.unwrap_or(0), colours.said);
    ui.label(said).on_hover_text(say("upgrade.said-hint"));
    ui.add_space(10.0);
    bar_ui(ui, witnessed.served, colours.served);
    ui.label(tell("upgrade.served", &[("n", &witnessed.served)])).on_hover_text(say("upgrade.served-hint"));
    for text in [&witnessed.rate, &witnessed.left].into_iter().flatten() {
        ui.add_space(10.0);
        ui.label(text);
    }
}

fn bar_ui(ui: &mut Ui, percent: u8, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(vec2(90.0, 8.0), Sense::hover());
    ui.painter().rect_filled(rect, 4.0, palette(ui).raised);
    let filled = Rect::from_min_size(rect.min, vec2(rect.width() * f32::from(percent.min(100)) / 100.0, 8.0));
    ui.painter().rect_filled(filled, 4.0, colour);
}

fn verdict_ui(ui: &mut Ui, verdict: &Verdict) {
    let colours = palette(ui);
    let colour = match verdict.outcome {
        Outcome::Succeeded => colours.ok,
        Outcome::Failed | Outcome::TimedOut => colours.bad,
        Outcome::Cancelled => colours.weak,
    };
    let frame = egui::Frame::new()
        .fill(colour.gamma_multiply(0.16))
        .stroke(egui::Stroke::new(1.0, colour))
        .corner_radius(4)
        .inner_margin(egui::Margin::symmetric(10, 6));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.label(RichText::new(&verdict.text).color(colour).size(15.5).strong());
        if !verdict.advice.is_empty() {
            ui.label(&verdict.advice);
        }
    });
}

/// One line: what is likely to go wrong; what it means and what to do on hover.
fn lint_ui(ui: &mut Ui, warning: &Finding) {
    let part = |part| words::finding(warning.code, part, &warning.args);
    ui.horizontal(|ui| {
        warning_ui(ui, &say("push.likely"));
        let weak = palette(ui).weak;
        let line = line_ui(ui, RichText::new(format!("{} {}", part("seen"), part("means"))).color(weak));
        line.on_hover_text(part("advice"));
    });
}

fn finding_ui(ui: &mut Ui, finding: &Finding, wishes: &mut Vec<Wish>) {
    ui.horizontal_wrapped(|ui| {
        warning_ui(ui, &say("diagnosis.name"));
        let part = |part| words::finding(finding.code, part, &finding.args);
        ui.label(RichText::new(part("seen")).color(palette(ui).strong));
        ui.label(part("means"));
        ui.label(part("advice"));
        if let Some(seq) = finding.evidence.first()
            && ui.link(say("diagnosis.show")).clicked()
        {
            wishes.push(Wish::ShowEvent(*seq));
        }
    });
}

fn next_ui(ui: &mut Ui, next: &NextStepsView, dialect: &mut String, network: &Dialog, wishes: &mut Vec<Wish>) {
    let colours = palette(ui);
    let frame = egui::Frame::new().fill(colours.sunken).corner_radius(4).inner_margin(egui::Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        ui.set_min_width(ui.available_width());
        ui.label(RichText::new(say("next.title")).color(colours.strong));
        for step in &next.steps {
            ui.horizontal_wrapped(|ui| {
                weak_ui(ui, "•");
                ui.add(egui::Label::new(step).selectable(true).wrap());
            });
        }
        ui.horizontal_wrapped(|ui| {
            if next.offers_simulation
                && let Some(other) = simulate_ui(ui, dialect, wishes)
            {
                *dialect = other;
            }
            if next.loopback && ui.button(say("next.network")).on_hover_text(say("next.network-hint")).clicked() {
                wishes.push(Wish::Open(network.clone()));
            }
        });
    });
}
