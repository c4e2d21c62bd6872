//! Two captures side by side: upgrade by upgrade, phase by phase, and where they first part.

use super::Did;
use super::summary::spell;
use crate::bench::{Bench, Case};
use crate::capture::Header;
use crate::diagnosis::{self, Finding};
use crate::event::{DeviceId, Event, Fact, Micros, Trouble, UpgradeId};
use crate::upgrade::{Report, State};
use std::collections::BTreeMap;

/// Upgrades of one capture that are compared, and steps remembered of each.
const MOST_UPGRADES: usize = 1_024;
const MOST_STEPS: usize = 1_024;

/// What an upgrade comes by, in the order in which it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The push went out.
    Published,
    /// The broker wrote it to the device's socket.
    Delivered,
    /// The device acknowledged it.
    Acknowledged,
    /// The device asked for the first bytes.
    FirstRequest,
    /// It reported progress for the first time.
    FirstProgress,
    /// The last byte of the image had left.
    AllServed,
    /// It said that it writes to flash.
    Burning,
    /// It reported its success.
    ReportedSuccess,
    /// It went offline.
    Offline,
    /// It came back.
    Back,
    /// It said that it runs the target version.
    NewVersion,
    /// The upgrade was over, one way or the other.
    Verdict,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 12] = [
        Self::Published,
        Self::Delivered,
        Self::Acknowledged,
        Self::FirstRequest,
        Self::FirstProgress,
        Self::AllServed,
        Self::Burning,
        Self::ReportedSuccess,
        Self::Offline,
        Self::Back,
        Self::NewVersion,
        Self::Verdict,
    ];

    /// A stable name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::FirstRequest => "first-request",
            Self::FirstProgress => "first-progress",
            Self::AllServed => "all-served",
            Self::Burning => "burning",
            Self::ReportedSuccess => "reported-success",
            Self::Offline => "offline",
            Self::Back => "back",
            Self::NewVersion => "new-version",
            Self::Verdict => "verdict",
        }
    }
}

/// Who tells of a step. Each tells its own story in order; how the stories interleave is chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The device's messages.
    Says,
    /// The firmware server's answers.
    Served,
    /// The device's connection.
    Link,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Says, Self::Served, Self::Link];

    /// A stable name.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Says => "says",
            Self::Served => "served",
            Self::Link => "link",
        }
    }
}

/// A step of an upgrade; the same one again is no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Since Push was pressed.
    pub at: Micros,
    /// The event.
    pub seq: u64,
    /// What.
    pub what: Did,
}

/// One upgrade's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Its number within its capture.
    pub upgrade: UpgradeId,
    /// Who.
    pub device: DeviceId,
    /// How its cloud is spelt.
    pub dialect: String,
    /// The target version.
    pub version: String,
    /// When Push was pressed, since the session began.
    pub requested: Micros,
    /// When it came by which phase, since then.
    pub phases: BTreeMap<Phase, Micros>,
    /// How it ended, or stands, in the words of summaries.
    pub state: String,
    /// What the workbench found wrong with it, most likely cause first.
    pub findings: Vec<Finding>,
    /// Who tells of it at all: beside somebody else's firmware server nobody sees what was served, beside an external broker
    /// nobody sees who is there.
    pub told_by: Vec<Lane>,
    steps: BTreeMap<Lane, Vec<Step>>,
}

impl Course {
    /// The steps that one tells of, in order.
    #[must_use]
    pub fn steps(&self, lane: Lane) -> &[Step] {
        self.steps.get(&lane).map_or(&[], Vec::as_slice)
    }

    fn step(&mut self, lane: Lane, event: &Event, what: Did) {
        let at = event.at.since(self.requested);
        let steps = self.steps.entry(lane).or_default();
        if steps.len() < MOST_STEPS && steps.last().is_none_or(|last| last.what != what) {
            steps.push(Step { at, seq: event.seq, what });
        }
    }
}

/// Where two upgrades part for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// Who tells.
    pub lane: Lane,
    /// What the first one did; nothing when its story ends here.
    pub a: Option<Step>,
    /// What the second one did.
    pub b: Option<Step>,
}

impl Parting {
    fn at(&self) -> Micros {
        self.a.iter().chain(&self.b).map(|step| step.at).min().unwrap_or_default()
    }
}

/// An upgrade of either capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The first capture's.
    pub a: Course,
    /// The second one's.
    pub b: Course,
    /// Where they part; nothing when they tell the same.
    pub parting: Option<Parting>,
}

/// Two captures compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Upgrades with their counterparts.
    pub pairs: Vec<Pair>,
    /// Upgrades that only the first capture has.
    pub only_a: Vec<Course>,
    /// Upgrades that only the second one has.
    pub only_b: Vec<Course>,
    /// What is wrong with the first file: a run that seems to end too early may be one whose file does.
    pub troubles_a: Vec<Trouble>,
    /// What is wrong with the second one.
    pub troubles_b: Vec<Trouble>,
}

/// Follows the upgrades of a capture, event by event.
pub struct Courses {
    bench: Bench,
    followed: BTreeMap<UpgradeId, Course>,
    /// Whether a firmware server was seen.
    server: bool,
}

impl Courses {
    /// Of a capture with this header.
    #[must_use]
    pub fn begin(header: &Header) -> Self {
        Self { bench: Bench::new(header.started_unix_ms), followed: BTreeMap::new(), server: false }
    }

    /// Its next event.
    pub fn event(&mut self, event: &Event) {
        let _ = self.bench.apply(event);
        let Self { bench, followed: courses, server } = self;
        *server |=
            matches!(event.fact, Fact::ServerStarted { .. } | Fact::RequestReceived { .. } | Fact::BlockServed { .. });
        if let Fact::UpgradeRequested { order } = &event.fact
            && courses.len() < MOST_UPGRADES
        {
            let course = Course {
                upgrade: order.upgrade,
                device: order.device.clone(),
                dialect: order.dialect.clone(),
                version: order.version.clone(),
                requested: event.at,
                phases: BTreeMap::new(),
                state: String::new(),
                findings: Vec::new(),
                told_by: Vec::new(),
                steps: BTreeMap::new(),
            };
            courses.insert(order.upgrade, course);
        }
        for (lane, device, what) in told(bench, event) {
            // What a device says when its upgrade is over belongs to it still: its new version comes last of all.
            let latest = courses.values_mut().rev().find(|course| course.device == device);
            if let Some(course) = latest {
                course.step(lane, event, what);
            }
        }
        for case in bench.cases().iter().rev().take(COMPARED_AT_ONCE) {
            if let Some(course) = courses.get_mut(&case.order.upgrade) {
                note_phases(bench, case, event, course);
            }
        }
    }

    /// All its upgrades, in order.
    #[must_use]
    pub fn end(self) -> Vec<Course> {
        let Self { bench, followed: mut courses, server } = self;
        let told_by = [(Lane::Says, true), (Lane::Served, server), (Lane::Link, !bench.is_external())];
        for (upgrade, course) in &mut courses {
            course.told_by = told_by.iter().filter(|(_, told)| *told).map(|(lane, _)| *lane).collect();
            course.state = bench.case(*upgrade).map_or_else(String::new, spell);
            course.findings = diagnosis::examine(&bench, *upgrade);
        }
        courses.into_values().collect()
    }
}

/// Upgrades looked at after each event: the latest; no bench runs more at a time.
const COMPARED_AT_ONCE: usize = 64;

/// What an event tells, of whom, and who tells it.
fn told(bench: &Bench, event: &Event) -> Vec<(Lane, DeviceId, Did)> {
    let case_of = |fact| bench.case_served(fact).map(|case| case.order.device.clone());
    match &event.fact {
        Fact::MessageReceived { topic, payload, .. } => {
            let Some((_, decoded)) = bench.decode(topic, payload) else { return Vec::new() };
            let Some(case) = bench.latest_case(&decoded.device) else { return Vec::new() };
            let said = decoded.said.iter().filter_map(|said| words(&said.report, case));
            said.map(|what| (Lane::Says, decoded.device.clone(), what)).collect()
        }
        fact @ Fact::RangeServed { status, complete, .. } => {
            let what = Did::Answered { status: *status, complete: *complete };
            case_of(fact).map(|device| (Lane::Served, device, what)).into_iter().collect()
        }
        Fact::BlockServed { device, code, .. } => vec![(Lane::Served, *device.clone(), Did::Block { code: *code })],
        Fact::MessageAcknowledged { client, .. } => of_client(bench, client, Did::Acknowledged),
        Fact::ClientConnected { client } => of_client(bench, &client.name, Did::Connected),
        Fact::ClientDisconnected { client, .. } => of_client(bench, client, Did::Disconnected),
        _ => Vec::new(),
    }
}

fn of_client(bench: &Bench, client: &str, what: Did) -> Vec<(Lane, DeviceId, Did)> {
    let mut devices = bench.devices();
    let whose = devices.find(|(_, device)| device.client.as_deref() == Some(client));
    whose.map(|(id, _)| (Lane::Link, id.clone(), what)).into_iter().collect()
}

/// A report without what differs from run to run.
fn words(report: &Report, case: &Case) -> Option<Did> {
    let target = |version: &String| *version == case.order.version;
    Some(match report {
        // That it still runs what it ran, a device says whenever it likes.
        Report::Version { version } if !target(version) && is_source(case, version) => return None,
        Report::Version { version } => Did::Runs { target: target(version) },
        Report::Received => Did::Received,
        Report::Begun => Did::Begun,
        Report::Downloading { .. } => Did::Downloading,
        Report::Burning { .. } => Did::Burning,
        Report::Succeeded { version } => Did::Succeeded { target: version.as_ref().map(target) },
        Report::Failed { code, .. } => Did::Failed { code: *code },
        Report::Asked { .. } | Report::BlockAsked { .. } | Report::PasswordAsked { .. } => return None,
    })
}

fn is_source(case: &Case, version: &str) -> bool {
    case.upgrade.source().is_none_or(|source| source == version)
}

fn note_phases(bench: &Bench, case: &Case, event: &Event, course: &mut Course) {
    let now = event.at;
    let requested = course.requested;
    let phases = &mut course.phases;
    let mut note = |phase: Phase, reached: bool, at: Micros| {
        if reached {
            phases.entry(phase).or_insert(at.since(requested));
        }
    };
    let delivery = &case.delivery;
    for (phase, happened) in [
        (Phase::Published, delivery.published),
        (Phase::Delivered, delivery.delivered),
        (Phase::Acknowledged, delivery.acknowledged),
    ] {
        note(phase, happened.is_some(), happened.map_or(now, |(_, at)| at));
    }
    note(Phase::FirstRequest, case.witness.requests > 0, now);
    note(Phase::FirstProgress, case.reports.progress > 0, now);
    note(Phase::AllServed, case.witness.in_all.is_complete(), now);
    note(Phase::Burning, matches!(case.upgrade.state(), State::Burning { .. }), now);
    note(Phase::ReportedSuccess, !case.reports.successes.is_empty(), now);
    note(Phase::Verdict, case.ended.is_some(), now);
    let Some(device) = bench.device(&case.order.device) else { return };
    note(Phase::NewVersion, device.version(case.order.module.as_deref()) == Some(case.order.version.as_str()), now);
    // Before its first request a device that is not there is only late.
    let begun = case.witness.requests > 0 || case.reports.progress > 0;
    note(Phase::Offline, begun && device.online == Some(false), now);
    let gone = course.phases.contains_key(&Phase::Offline);
    if gone && device.online == Some(true) {
        course.phases.entry(Phase::Back).or_insert(now.since(requested));
    }
}

/// Compares the upgrades of two captures: those of the same device first, in order, then what is left, in order.
#[must_use]
pub fn compare(a: Vec<Course>, b: Vec<Course>) -> Comparison {
    let (mut left_a, mut left_b): (Vec<_>, Vec<_>) =
        (a.into_iter().map(Some).collect(), b.into_iter().map(Some).collect());
    let mut pairs = Vec::new();
    for same_device in [true, false] {
        for (place, slot) in left_a.iter_mut().enumerate() {
            let Some(course) = slot else { continue };
            let fits = |other: &&mut Option<Course>| {
                other.as_ref().is_some_and(|other| !same_device || other.device == course.device)
            };
            let Some(other) = left_b.iter_mut().find(fits).and_then(Option::take) else { continue };
            if let Some(course) = slot.take() {
                pairs.push((place, pair(course, other)));
            }
        }
    }
    pairs.sort_by_key(|(place, _)| *place);
    Comparison {
        pairs: pairs.into_iter().map(|(_, pair)| pair).collect(),
        only_a: left_a.into_iter().flatten().collect(),
        only_b: left_b.into_iter().flatten().collect(),
        ..Comparison::default()
    }
}

fn pair(a: Course, b: Course) -> Pair {
    let both = Lane::ALL.into_iter().filter(|lane| a.told_by.contains(lane) && b.told_by.contains(lane));
    let parting = both.filter_map(|lane| parting(lane, &a, &b)).min_by_key(Parting::at);
    Pair { a, b, parting }
}

fn parting(lane: Lane, a: &Course, b: &Course) -> Option<Parting> {
    let (one, other) = (a.steps(lane), b.steps(lane));
    let same = one.iter().zip(other).take_while(|(one, other)| one.what == other.what).count();
    let parting = Parting { lane, a: one.get(same).cloned(), b: other.get(same).cloned() };
    (parting.a.is_some() || parting.b.is_some()).then_some(parting)
}

impl Pair {
    /// Every phase that either came by, with both times, in their order.
    pub fn phases(&self) -> impl Iterator<Item = (Phase, Option<Micros>, Option<Micros>)> {
        let at = |course: &Course, phase| course.phases.get(&phase).copied();
        let both = Phase::ALL.into_iter().map(|phase| (phase, at(&self.a, phase), at(&self.b, phase)));
        let mut both: Vec<_> = both.filter(|(_, a, b)| a.is_some() || b.is_some()).collect();
        both.sort_by_key(|(_, a, b)| a.iter().chain(b).min().copied());
        both.into_iter()
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
