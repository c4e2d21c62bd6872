//! `push`: one build to one device, and the verdict.

use super::args::PushArgs;
use super::begin::Desk;
use super::{Ended, Exit, check_failure, in_english, interruption, print, sentences, serve, session_options};
use crate::bench::{Action, Case, PushExtras, PushOrder, Service, SimulatedOrder};
use crate::diagnosis::{self, Finding};
use crate::dialect::{self, Dialect};
use crate::event::{Event, Fact, ImageId, Micros, Trouble};
use crate::io::build_file;
use crate::io::session::SessionOptions;
use crate::ui::words;
use crate::upgrade::{Failure, Outcome, State};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many characters the progress bar is wide.
const BAR: usize = 30;
/// How long after its time is over a push is still waited for: the bench itself ends it, and says so in an event.
const GRACE: Micros = Micros::from_secs(5);
/// How long a failure that nothing explains is waited on for what may explain it.
const LATE_WITNESS: Micros = Micros::from_secs(1);

pub fn run(args: &PushArgs) -> Result<Exit, Ended> {
    let dialect = dialect::find(&args.dialect).map_err(Ended::usage)?;
    dialect.check_version(&args.version).map_err(Ended::usage)?;
    let module = args.module.as_deref().filter(|module| !matches!(*module, "" | "default"));
    dialect.check_module(module).map_err(Ended::usage)?;
    check_failure(dialect, args.fail).map_err(Ended::usage)?;
    let more = vec![0; args.more.len()];
    dialect.check_extras(&PushExtras { more, ..extras(args) }.draft()).map_err(Ended::usage)?;
    let files: Vec<_> = std::iter::once(&args.image).chain(&args.more).cloned().collect();
    let fallback = SessionOptions {
        images: files.clone(),
        devices: vec![(args.device.clone(), args.dialect.clone())],
        secrets: args.secret.iter().map(|secret| (args.device.clone(), secret.clone())).collect(),
        ..SessionOptions::default()
    };
    let options = session_options(&args.bench, fallback)?;
    // What cannot be pushed is refused before anything listens.
    for file in &files {
        build_file::read(file).map_err(Ended::usage)?;
    }
    let interrupted = interruption();
    let Some(desk) = Desk::open(options, args.json, &interrupted, Some(Micros::from_secs(args.timeout)))? else {
        if !args.json {
            print::line(&words::say("cli.cancelled"));
        }
        return Ok(Exit::Failed);
    };
    let mut push = Push { args, dialect, interrupted, desk, shown: String::new(), warnings: Vec::new() };
    let verdict = push.run_to_the_end();
    push.conclude(verdict)
}

/// What is asked for of the announcement, without the further files.
fn extras(args: &PushArgs) -> PushExtras {
    let PushArgs { sha256, differential, tags, over_mqtt, .. } = args;
    let (sha256, differential, over_mqtt) = (*sha256, *differential, *over_mqtt);
    PushExtras { sha256, differential, tags: tags.clone(), over_mqtt, more: Vec::new() }
}

/// Outcome, reason code, text and exit status.
type Verdict = (Outcome, Cow<'static, str>, String, Exit);

fn cancelled() -> Verdict {
    (Outcome::Cancelled, "cancelled".into(), words::say("cli.cancelled"), Exit::Failed)
}

/// How a push came out, when it did not reach a verdict of its own.
enum Stopped {
    /// The device did not come.
    NoDevice,
    /// The time was over before the push was made.
    TimedOut,
    /// Ctrl+C before the push.
    Interrupted,
    /// The workbench cannot do it.
    Ended(Ended),
}

impl From<Ended> for Stopped {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

struct Push<'a> {
    args: &'a PushArgs,
    dialect: &'static dyn Dialect,
    interrupted: Arc<AtomicBool>,
    desk: Desk,
    shown: String,
    /// What a real device is likely to stumble over.
    warnings: Vec<Finding>,
}

impl Push<'_> {
    fn run_to_the_end(&mut self) -> Result<(), Stopped> {
        if !self.args.json {
            serve::greet(&self.desk);
        }
        let images = self.wait_for_builds()?;
        // A push that cannot be made is refused before anybody waits for its device.
        let refused = self.order(&images).and_then(|order| self.desk.bench.check_push(&order).err());
        if let Some(ended) = refused.and_then(|trouble| self.refusal(&trouble)) {
            return Err(ended.into());
        }
        if self.args.simulate {
            self.desk.session().act(Action::StartSimulatedDevice(SimulatedOrder {
                dialect: self.args.dialect.clone(),
                device: Some(self.args.device.clone()),
                fail_with: self.args.fail,
                behaviour: self.args.behave,
            }));
        }
        self.wait_for_device()?;
        self.warn(&images);
        self.push(&images)?;
        self.wait_for_verdict();
        self.wait_for_the_reason();
        Ok(())
    }

    /// Says what a real device is likely to stumble over.
    fn warn(&mut self, images: &[ImageId]) {
        if let Some(order) = self.order(images).filter(|_| !self.args.simulate) {
            self.warnings = diagnosis::lint(&self.desk.bench, &order);
        }
        for warning in self.warnings.iter().filter(|_| !self.args.json) {
            let parts = ["seen", "means", "advice"].map(|part| words::finding(warning.code, part, &warning.args));
            print::line(&format!("{}: {}", words::say("push.likely"), parts.join(" ")));
        }
    }

    fn order(&self, images: &[ImageId]) -> Option<PushOrder> {
        let (&image, more) = images.split_first()?;
        Some(PushOrder {
            image,
            device: self.args.device.clone(),
            dialect: self.args.dialect.clone(),
            version: self.args.version.clone(),
            module: self.args.module.clone(),
            timeout_secs: Some(self.left().max(1)),
            url_lifetime_secs: self.args.url_lifetime,
            extras: PushExtras { more: more.to_vec(), ..extras(self.args) },
            faults: self.args.faults.clone(),
        })
    }

    /// The builds in the order they were named.
    fn wait_for_builds(&mut self) -> Result<Vec<ImageId>, Stopped> {
        let wanted = self.wanted();
        loop {
            let events = self.look()?;
            let named = |path: &String| self.desk.bench.builds().find(|(_, build)| build.path == *path);
            let added: Option<Vec<_>> = wanted.iter().map(|path| named(path).map(|(image, _)| image)).collect();
            if let Some(images) = added {
                return Ok(images);
            }
            self.check(&events)?;
            if self.left() == 0 {
                return Err(Stopped::TimedOut);
            }
        }
    }

    /// Until a push would reach the device; where that cannot be known, not at all.
    fn wait_for_device(&mut self) -> Result<(), Stopped> {
        let reaches = |desk: &Desk| desk.bench.reaches(&self.args.device, self.dialect.id()) != Some(false);
        if !reaches(&self.desk) && !self.args.json && !self.args.simulate {
            print::line(&words::tell("cli.waiting", &[("device", &self.args.device), ("secs", &self.args.timeout)]));
        }
        while self.desk.bench.reaches(&self.args.device, self.dialect.id()) == Some(false) {
            let events = self.look()?;
            if !self.args.json {
                // Why a device that is there does not come.
                let refused = events.iter().filter(|event| matches!(event.fact, Fact::TlsRefused { .. }));
                refused.filter_map(|event| serve::tell(event, &self.desk)).for_each(|text| print::line(&text));
            }
            self.check(&events)?;
            if self.left() == 0 {
                return Err(Stopped::NoDevice);
            }
        }
        Ok(())
    }

    fn push(&mut self, images: &[ImageId]) -> Result<(), Stopped> {
        let Some(order) = self.order(images) else { return Ok(()) };
        self.desk.session().act(Action::Push(order));
        while self.case().is_none() {
            let events = self.look()?;
            if self.case().is_none() {
                self.check(&events)?;
                if self.is_overdue() {
                    return Err(Stopped::TimedOut);
                }
            }
        }
        Ok(())
    }

    /// Whether one of these events says that this push cannot be made. Troubles of something else end nothing.
    fn check(&self, events: &[Arc<Event>]) -> Result<(), Stopped> {
        let mut troubles = events.iter().filter_map(|event| match &event.fact {
            Fact::TroubleMet { trouble } => Some(trouble),
            _ => None,
        });
        troubles.find_map(|trouble| self.refusal(trouble)).map_or(Ok(()), |ended| Err(ended.into()))
    }

    fn refusal(&self, trouble: &Trouble) -> Option<Ended> {
        let lost = |service: &Service| matches!(service, Service::Failed(why) if why == trouble);
        if lost(self.desk.bench.broker()) || lost(self.desk.bench.server()) || trouble.code.starts_with("broker-") {
            return Some(Ended::unusable(trouble.clone()));
        }
        match &*trouble.code {
            "no-broker" | "no-server" | "server-lost" => Some(Ended::unusable(trouble.clone())),
            "thread-not-started" | "too-many-simulated" if self.args.simulate => Some(Ended::unusable(trouble.clone())),
            code if code.starts_with("fault") || code == "too-many-faults" => Some(Ended::usage(trouble.clone())),
            "no-such-build" | "builds-busy" | "version-not-allowed" | "unknown-dialect" => {
                Some(Ended::usage(trouble.clone()))
            }
            "upgrade-in-progress" if trouble.arg("device") == Some(&self.args.device.to_string()) => {
                Some(Ended::usage(trouble.clone()))
            }
            code if code.starts_with("file-") && self.wanted().iter().any(|path| trouble.arg("path") == Some(path)) => {
                Some(Ended::usage(trouble.clone()))
            }
            _ => None,
        }
    }

    /// The paths of the files as events have them.
    fn wanted(&self) -> Vec<String> {
        let files = std::iter::once(&self.args.image).chain(&self.args.more);
        files.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone()).display().to_string()).collect()
    }

    fn wait_for_verdict(&mut self) {
        while self.case().is_some_and(|case| case.ended.is_none()) && !self.is_overdue() {
            self.desk.look();
            if self.interrupted.swap(false, Ordering::AcqRel)
                && let Some(upgrade) = self.case().map(|case| case.order.upgrade)
            {
                self.desk.session().act(Action::CancelUpgrade(upgrade));
            }
            if !self.args.json {
                self.show_progress();
            }
        }
    }

    /// A device says that it failed before the bench has told what it saw of that itself, such as a handshake that broke off.
    fn wait_for_the_reason(&mut self) {
        let until = self.desk.session().clock().now() + LATE_WITNESS;
        while self.desk.session().clock().now() < until && !self.interrupted.load(Ordering::Acquire) {
            let unexplained = |case: &&Case| case.upgrade.state().outcome() == Some(Outcome::Failed);
            let Some(case) = self.case().filter(unexplained) else { return };
            if !diagnosis::examine(&self.desk.bench, case.order.upgrade).is_empty() {
                return;
            }
            self.desk.look();
        }
    }

    fn look(&mut self) -> Result<Vec<Arc<Event>>, Stopped> {
        let events = self.desk.look();
        if self.interrupted.swap(false, Ordering::AcqRel) { Err(Stopped::Interrupted) } else { Ok(events) }
    }

    /// Why the push never left: the device is not there, was turned away, or does not listen.
    fn absence(&self) -> Trouble {
        let device = &self.args.device;
        let known = self.desk.bench.device(device);
        match known.and_then(|known| known.online) {
            Some(true) => {
                Trouble::new("not-subscribed").with("device", device).with("topic", self.dialect.push_topic(device))
            }
            _ => match known.and_then(|known| known.refused.as_ref()) {
                Some((_, why)) => why.clone(),
                None => Trouble::new("no-device").with("device", device),
            },
        }
    }

    /// Seconds left of the time given.
    fn left(&self) -> u64 {
        let gone = self.desk.session().clock().now();
        Micros::from_secs(self.args.timeout).since(gone).0.div_ceil(1_000_000)
    }

    /// Whether the bench itself should have ended it by now.
    fn is_overdue(&self) -> bool {
        self.desk.session().clock().now() > Micros::from_secs(self.args.timeout) + GRACE
    }

    fn case(&self) -> Option<&Case> {
        self.desk.bench.cases().last()
    }

    fn show_progress(&mut self) {
        let Some(case) = self.case() else { return };
        let state = words::state(case.upgrade.state());
        let percent = case.witness.percent();
        let rate = case.witness.rate(self.desk.bench.now()).map(words::rate).unwrap_or_default();
        let filled = usize::from(percent) * BAR / 100;
        let bar = format!("[{}{}]", "#".repeat(filled), "·".repeat(BAR - filled));
        let served = words::tell("cli.served", &[("percent", &percent)]);
        if print::is_terminal() {
            print::passing(&format!("{bar} {state} · {served} {rate}"));
        } else if state != self.shown {
            print::line(&format!("{state} · {served}"));
            self.shown = state;
        }
    }

    /// How it came out, in the language being spoken.
    fn told(&self, verdict: &Result<(), Stopped>) -> Verdict {
        match verdict {
            Ok(()) => self.verdict(),
            Err(Stopped::NoDevice) => {
                let trouble = self.absence();
                (Outcome::TimedOut, trouble.code.clone(), words::trouble(&trouble).joined(), Exit::TimedOut)
            }
            Err(Stopped::TimedOut) => self.timed_out(),
            Err(Stopped::Interrupted) => cancelled(),
            Err(Stopped::Ended(why)) => {
                (Outcome::Failed, why.trouble.code.clone(), sentences(&why.trouble).joined(), why.exit)
            }
        }
    }

    fn conclude(self, verdict: Result<(), Stopped>) -> Result<Exit, Ended> {
        let told = || self.told(&verdict);
        let (outcome, code, text, exit) = if self.args.json { in_english(told) } else { told() };
        let ended = match verdict {
            Err(Stopped::Ended(why)) => Some(why),
            _ => None,
        };
        let (json, device) = (self.args.json, self.args.device.to_string());
        let version = self.args.version.clone();
        let codes =
            |findings: &[Finding]| findings.iter().map(|finding| Cow::Borrowed(finding.code)).collect::<Vec<_>>();
        let mut warnings = codes(&self.warnings);
        let findings = self.case().map(|case| diagnosis::examine(&self.desk.bench, case.order.upgrade));
        let findings = codes(&findings.unwrap_or_default());
        let faults = self.acted();
        warnings.extend(self.desk.close().map(|trouble| trouble.code.clone()));
        if json {
            let reason = json!({"code": code, "text": text});
            let outcome = outcome.id();
            let verdict = json!({
                "kind": "verdict", "device": device, "outcome": outcome, "version": version, "reason": reason,
                "findings": findings, "warnings": warnings, "faults": faults,
            });
            print::line(&verdict.to_string());
        } else if ended.is_none() {
            let newline = if print::is_terminal() { "\n" } else { "" };
            print::line(&format!("{newline}{text}"));
        }
        ended.map_or(Ok(exit), Err)
    }

    /// What was armed, and what of it acted.
    fn acted(&self) -> Vec<Value> {
        let Some(case) = self.case() else { return Vec::new() };
        let told = case.order.faults.iter().map(|fault| {
            let acted = case.faults.acted.iter().find(|acted| acted.fault == *fault);
            let (times, place) = acted.map_or((0, None), |acted| (acted.times, acted.place));
            json!({"fault": fault.to_string(), "acted": times, "place": place})
        });
        told.collect()
    }

    fn timed_out(&self) -> Verdict {
        let reason = words::failure(&Failure::TimedOut, self.dialect, &self.args.version);
        let text = format!("{} {}", words::say("cli.failed"), reason.joined());
        (Outcome::TimedOut, "timed-out".into(), text, Exit::TimedOut)
    }

    fn verdict(&self) -> Verdict {
        let Some(case) = self.case() else { return cancelled() };
        if case.ended.is_none() {
            return self.timed_out();
        }
        let took = case.upgrade.ended_at().unwrap_or_default().since(case.upgrade.requested_at());
        let took = words::duration(took);
        let outcome = case.upgrade.state().outcome().unwrap_or(Outcome::Cancelled);
        let (code, reason, exit) = match case.upgrade.state() {
            State::Succeeded => ("succeeded", None, Exit::Done),
            State::Failed(failure) => {
                let code = match failure {
                    Failure::Reported { code, .. } => self.dialect.failure(*code),
                    Failure::WrongVersion { .. } => "wrong-version",
                    Failure::TimedOut => "timed-out",
                };
                let exit = if outcome == Outcome::TimedOut { Exit::TimedOut } else { Exit::Failed };
                (code, Some(words::failure(failure, self.dialect, &case.order.version)), exit)
            }
            _ => ("cancelled", None, Exit::Failed),
        };
        let args: [(&str, &dyn std::fmt::Display); 3] =
            [("device", &case.order.device), ("version", &case.order.version), ("took", &took)];
        let text = match (&reason, outcome) {
            (Some(reason), _) => format!("{} {}", words::say("cli.failed"), reason.joined()),
            (None, Outcome::Succeeded) => words::tell("cli.succeeded", &args),
            (None, _) => words::say("cli.cancelled"),
        };
        let findings = diagnosis::examine(&self.desk.bench, case.order.upgrade);
        let seen = findings.iter().map(|finding| {
            format!(
                " {} {}",
                words::finding(finding.code, "means", &finding.args),
                words::finding(finding.code, "advice", &finding.args)
            )
        });
        (outcome, code.into(), text + &seen.collect::<String>(), exit)
    }
}
