//! What the middle of the window shows of an upgrade, in plain text.

use super::are_announced;
use super::transfer::{self, TransferView};
use crate::bench::{Build, Case, Device, PushOrder, Service};
use crate::device::console_name;
use crate::diagnosis::{self, Finding};
use crate::dialect;
use crate::event::{DeviceId, ImageId, Micros, UpgradeId};
use crate::ui::model::Model;
use crate::ui::state::WindowState;
use crate::ui::words::{self, say, tell};
use crate::upgrade::{Outcome, State};

/// How a step of the track stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepMark {
    /// Behind us.
    Done,
    /// Here.
    Now,
    /// Before us.
    Ahead,
    /// Ended badly here.
    Failed,
}

/// One step of the track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    /// Its name, with a percentage.
    pub name: String,
    /// Its name for assistive tools.
    pub spoken: String,
    /// How it stands.
    pub mark: StepMark,
}

/// Both witnesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// What the device says, in percent.
    pub said: Option<u8>,
    /// What was served, in percent.
    pub served: u8,
    /// The rate, when something moves.
    pub rate: Option<String>,
    /// The time left, when it can be told.
    pub left: Option<String>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How.
    pub outcome: Outcome,
    /// In words.
    pub text: String,
    /// What to try; may be empty.
    pub advice: String,
}

/// The upgrade that is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseView {
    /// Names it.
    pub upgrade: UpgradeId,
    /// What goes where, when that is not what is chosen for the next push.
    pub title: Option<String>,
    /// The track.
    pub steps: Vec<StepView>,
    /// The witnesses.
    pub witnessed: Witnessed,
    /// The download, once it has begun.
    pub transfer: Option<TransferView>,
    /// What it waits for.
    pub waits: Option<String>,
    /// What is armed for it, and what of that acted.
    pub faults: Option<String>,
    /// How it ended.
    pub verdict: Option<Verdict>,
}

/// What to do next, when there is no upgrade to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextStepsView {
    /// The sentences.
    pub steps: Vec<String>,
    /// Whether a simulated device is offered here.
    pub offers_simulation: bool,
    /// Whether only this computer can reach the bench.
    pub loopback: bool,
}

/// The middle of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct UpgradeView {
    /// The chosen build.
    pub build: String,
    /// The chosen device.
    pub device: String,
    /// Its identity, under which its faults are kept.
    pub target: Option<DeviceId>,
    /// The push, or why not.
    pub push: Result<PushOrder, String>,
    /// The upgrade of the chosen device.
    pub case: Option<CaseView>,
    /// What to do next, when there is none.
    pub next: Option<NextStepsView>,
    /// Whether it is looked at in a capture: nothing can be done.
    pub past: bool,
    /// What was found out.
    pub findings: Vec<Finding>,
    /// What is likely to go wrong with the push as it would be made.
    pub warnings: Vec<Finding>,
    /// Builds that could go along as further files, where the cloud has such upgrades.
    pub along: Option<Vec<(ImageId, String)>>,
}

/// Whether the view changes by itself while time passes.
#[must_use]
pub fn is_moving(model: &Model, state: &WindowState, now: Micros) -> bool {
    state.case(model).is_some_and(|case| case.witness.rate(now).is_some() && case.upgrade.ended_at().is_none())
}

/// Works the middle of the window out.
#[must_use]
pub fn view(model: &Model, state: &WindowState, now: Micros) -> UpgradeView {
    let case = state.case(model).map(|case| case_view(case, model, state, now));
    let next = (case.is_none() && !state.is_past()).then(|| next_steps(model));
    let findings = case.as_ref().map(|case| diagnosis::examine(model.shown(), case.upgrade)).unwrap_or_default();
    UpgradeView {
        build: state.build(model).map_or_else(|| say("push.no-build-chosen"), |(_, build)| build_line(build)),
        device: state
            .device(model)
            .map_or_else(|| say("push.no-device-chosen"), |(id, device)| device_line(&id, device)),
        target: state.device(model).map(|(id, _)| id),
        push: state.push_order(model),
        case,
        next,
        past: state.is_past(),
        findings,
        warnings: if state.is_past() { Vec::new() } else { warnings(model, state) },
        along: along(model, state),
    }
}

/// A simulated device takes any push; warnings are for real ones.
fn warnings(model: &Model, state: &WindowState) -> Vec<Finding> {
    let Ok(order) = state.push_order(model) else { return Vec::new() };
    let console = console_name(&order.device);
    if model.shown().ports().any(|(port, _)| port == console) {
        return Vec::new();
    }
    diagnosis::lint(model.shown(), &order)
}

fn along(model: &Model, state: &WindowState) -> Option<Vec<(ImageId, String)>> {
    let others = model.shown().builds().filter(|(build, _)| Some(*build) != state.build);
    are_announced(&state.dialect(model)).then(|| others.map(|(build, known)| (build, known.name.clone())).collect())
}

fn build_line(build: &Build) -> String {
    format!("{} · {} · {}", build.name, words::bytes(build.size), words::short_md5(&build.md5))
}

fn device_line(id: &DeviceId, device: &Device) -> String {
    let about = [device.dialect(), device.version(None)];
    let about: Vec<_> = about.into_iter().flatten().collect();
    if about.is_empty() { id.device.to_string() } else { format!("{} ({})", id.device, about.join(", ")) }
}

fn case_view(case: &Case, model: &Model, state: &WindowState, now: Micros) -> CaseView {
    let order = &case.order;
    let chosen = state.build(model);
    let same = chosen.is_some_and(|(_, build)| build.md5 == order.md5) && state.draft.version.trim() == order.version;
    let title = (!same || state.is_past()).then(|| {
        tell("upgrade.title", &[("name", &order.name), ("version", &order.version), ("device", &order.device.device)])
    });
    let online = model.shown().device(&order.device).and_then(|device| device.online);
    let ended = case.upgrade.ended_at().is_some();
    CaseView {
        upgrade: order.upgrade,
        title,
        steps: steps(case, model.said(order.upgrade).burning),
        witnessed: Witnessed {
            said: model.said(order.upgrade).downloaded,
            served: case.witness.percent(),
            rate: case.witness.rate(now).filter(|_| !ended).map(words::rate),
            left: case.witness.time_left(now).filter(|_| !ended).map(words::time_left),
        },
        transfer: transfer::view(case, model.said(order.upgrade).downloaded),
        waits: words::waiting(case, online),
        faults: words::faults_of(case),
        verdict: verdict(case),
    }
}

/// How far it came, by what both witnesses and the broker know.
fn steps(case: &Case, burning: bool) -> Vec<StepView> {
    let state = case.upgrade.state();
    let (reached, last) = match state {
        State::Queued => (0, StepMark::Now),
        State::Offered => (1, StepMark::Now),
        State::Upgrading | State::Downloading { .. } => (2, StepMark::Now),
        State::Burning { .. } => (3, StepMark::Now),
        State::Restarting => (4, StepMark::Now),
        State::Succeeded => (5, StepMark::Done),
        State::Failed(_) | State::Cancelled if burning => (3, StepMark::Failed),
        // A replay fetches nothing: there, only the device's word tells how far it came.
        State::Failed(_) | State::Cancelled if case.witness.first.is_some() || case.reports.progress > 0 => {
            (2, StepMark::Failed)
        }
        State::Failed(_) | State::Cancelled if case.delivery.published.is_some() => (1, StepMark::Failed),
        State::Failed(_) | State::Cancelled => (0, StepMark::Failed),
    };
    let keys = ["queued", "offered", "downloading", "burning", "restarting", "succeeded"];
    let named = keys.iter().enumerate().map(|(at, key)| {
        let mark = match at.cmp(&reached) {
            std::cmp::Ordering::Less => StepMark::Done,
            std::cmp::Ordering::Equal => last,
            std::cmp::Ordering::Greater => StepMark::Ahead,
        };
        let name = if mark == StepMark::Now { words::state(state) } else { say(&format!("state.{key}")) };
        // Nobody who listens for the verdict shall hear it before it is there.
        let spoken = if *key == "succeeded" && mark != StepMark::Done { say("step.success") } else { name.clone() };
        StepView { name, spoken, mark }
    });
    // Waiting in the queue is no step of most upgrades.
    named.skip(usize::from(reached > 0)).collect()
}

fn verdict(case: &Case) -> Option<Verdict> {
    let outcome = case.upgrade.state().outcome()?;
    let order = &case.order;
    let span = case.upgrade.ended_at().map(|ended| ended.since(case.upgrade.requested_at())).unwrap_or_default();
    let span = words::duration(span);
    let (text, advice) = match (case.upgrade.state(), dialect::find(&order.dialect)) {
        (State::Failed(failure), Ok(dialect)) => {
            let words = words::failure(failure, dialect, &order.version);
            // What to do about a fault of the device's is no advice where one of ours acted.
            let advice = if case.faults.acted.is_empty() { words.advice } else { String::new() };
            (tell("verdict.failed", &[("span", &span), ("reason", &words.cause)]), advice)
        }
        (State::Cancelled, _) => (tell("verdict.cancelled", &[("span", &span)]), String::new()),
        _ => {
            let args: [(&str, &dyn std::fmt::Display); 3] =
                [("span", &span), ("device", &order.device.device), ("version", &order.version)];
            (tell("verdict.succeeded", &args), String::new())
        }
    };
    let by_replay = case.ended.is_some() && case.ended == case.reports.replayed;
    let text = if by_replay { tell("verdict.by-replay", &[("verdict", &text)]) } else { text };
    Some(Verdict { outcome, text, advice })
}

fn next_steps(model: &Model) -> NextStepsView {
    let bench = model.shown();
    let mut steps = Vec::new();
    let mut loopback = false;
    let refused = bench.devices().filter_map(|(id, device)| Some((id, device.refused.as_ref()?)));
    if let Some((id, (_, trouble))) = refused.max_by_key(|(_, (seq, _))| *seq) {
        let why = words::trouble(trouble).joined();
        steps.push(tell("next.refused", &[("device", &id.device), ("why", &why)]));
    }
    if bench.builds().next().is_none() {
        steps.push(say("next.add-build"));
    }
    if let Service::Running { address, .. } = bench.broker() {
        let url = if address.contains("://") { address.clone() } else { format!("mqtt://{address}") };
        loopback = address.contains("127.0.0.1") || address.contains("localhost") || address.contains("[::1]");
        if bench.devices().next().is_none() {
            steps.push(tell("next.point-device", &[("url", &url)]));
        }
    }
    if matches!(bench.broker(), Service::Failed(_)) {
        steps.push(say("next.broker"));
    }
    let has_device = bench.devices().next().is_some();
    if has_device && bench.builds().next().is_some() {
        steps.push(say("next.push"));
    }
    NextStepsView { steps, offers_simulation: !has_device, loopback }
}
