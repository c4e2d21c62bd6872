//! Faults in words: what each does, what it should provoke, what is armed and what acted.

use super::{count, say, tell};
use crate::bench::Case;
use crate::fault::{Fault, Kind, MalformedFault, Stage};

/// What a fault does, in one sentence.
#[must_use]
pub fn fault_help(kind: &Kind) -> String {
    say(&format!("fault.help.{}", kind.name))
}

/// What a device should make of it: the codes on both clouds, and whether a good one gets its upgrade all the same.
#[must_use]
pub fn fault_expects(kind: &Kind) -> String {
    let mut text = if kind.uiot.is_empty() {
        say("fault.expects-none")
    } else {
        tell("fault.expects", &[("uiot", &codes(kind.uiot)), ("aliyun", &codes(kind.aliyun))])
    };
    if kind.recoverable {
        text = format!("{text} {}", say("fault.recoverable"));
    }
    text.trim().to_owned()
}

/// `-4 / -3`.
fn codes(codes: &[i64]) -> String {
    codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The name of a stage.
#[must_use]
pub fn fault_stage(stage: Stage) -> String {
    say(match stage {
        Stage::BeforeDownload => "fault.stage.before",
        Stage::Announced => "fault.stage.announced",
        Stage::Serving => "fault.stage.serving",
        Stage::Mqtt => "fault.stage.mqtt",
    })
}

/// Why a text is no fault.
#[must_use]
pub fn fault_malformed(why: &MalformedFault) -> String {
    match why {
        MalformedFault::Unknown => say("fault.unknown"),
        MalformedFault::Needless(name) => tell("fault.needless", &[("name", name)]),
        MalformedFault::Argument { name, argument, example } => {
            tell("fault.argument", &[("name", name), ("argument", argument), ("example", example)])
        }
    }
}

/// That a fault acted, and where.
#[must_use]
pub fn fault_acted(fault: &Fault, at: Option<u64>) -> String {
    acted("fact.fault-acted", fault, &place(fault, at))
}

fn acted(key: &str, fault: &Fault, place: &str) -> String {
    if place.is_empty() {
        return tell(key, &[("fault", fault)]);
    }
    tell(&format!("{key}-at"), &[("fault", fault), ("where", &place)])
}

fn place(fault: &Fault, at: Option<u64>) -> String {
    match (fault, at) {
        (_, None) => String::new(),
        (Fault::Kick { .. }, Some(percent)) => tell("fault.at-percent", &[("n", &percent)]),
        (_, Some(byte)) => tell("fault.at-byte", &[("n", &count(byte))]),
    }
}

/// What is armed for an upgrade, each with what became of it; nothing where nothing is.
#[must_use]
pub fn faults_of(case: &Case) -> Option<String> {
    let told = case.order.faults.iter().map(|fault| {
        let known = case.faults.acted.iter().find(|known| known.fault == *fault);
        match known {
            None => tell("fault.waiting", &[("fault", fault)]),
            Some(told) => {
                let times = if told.times > 1 { format!("×{}", count(told.times)) } else { String::new() };
                let at = format!("{} {times}", place(fault, told.place));
                acted("fault.acted", fault, at.trim())
            }
        }
    });
    let told: Vec<_> = told.collect();
    (!told.is_empty()).then(|| tell("fault.armed", &[("faults", &told.join(&say("fault.separator")))]))
}
