//! Trouble, failures, states and defects in words: one sentence of what happened, one of what to do.

use super::{fill, find, say, tell};
use crate::bench::Case;
use crate::dialect::{self, Defect, Dialect};
use crate::event::Trouble;
use crate::upgrade::{Failure, PushWhen, State};

/// A sentence of cause and one of advice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentences {
    /// What is the matter.
    pub cause: String,
    /// What to do about it; may be empty.
    pub advice: String,
}

impl Sentences {
    /// Both sentences in one line.
    #[must_use]
    pub fn joined(&self) -> String {
        format!("{} {}", self.cause, self.advice).trim_end().to_owned()
    }
}

/// A trouble in words. An unknown code, from a newer program's capture, still says what it knows.
#[must_use]
pub fn trouble(trouble: &Trouble) -> Sentences {
    let args = || trouble.args.iter().map(|(name, value)| (name.as_ref(), value.clone()));
    let find = |part: &str| find(&format!("trouble.{}.{part}", trouble.code));
    let Some(cause) = find("cause") else {
        let words: Vec<_> = trouble.args.iter().map(|(name, value)| format!("{name} {value}")).collect();
        let cause = tell("trouble.unknown.cause", &[("code", &trouble.code), ("words", &words.join(", "))]);
        return Sentences { cause, advice: String::new() };
    };
    Sentences {
        cause: fill(&cause, args()),
        advice: find("advice").map(|text| fill(&text, args())).unwrap_or_default(),
    }
}

/// Why an upgrade failed, in words.
#[must_use]
pub fn failure(failure: &Failure, dialect: &dyn Dialect, target: &str) -> Sentences {
    let (key, code, text, reported) = match failure {
        Failure::Reported { code, text } => (dialect.failure(*code), code.to_string(), text.as_str(), ""),
        Failure::WrongVersion { reported } => ("wrong-version", String::new(), "", reported.as_str()),
        Failure::TimedOut => ("timed-out", String::new(), "", ""),
    };
    let text = if text.is_empty() { String::new() } else { format!(": {text}") };
    let args: [(&str, &dyn std::fmt::Display); 4] =
        [("code", &code), ("text", &text), ("reported", &reported), ("target", &target)];
    Sentences {
        cause: tell(&format!("failure.{key}.reason"), &args),
        advice: tell(&format!("failure.{key}.advice"), &args),
    }
}

/// A state's name, with its percentage.
#[must_use]
pub fn state(state: &State) -> String {
    match state {
        State::Queued => say("state.queued"),
        State::Offered => say("state.offered"),
        State::Upgrading => say("state.upgrading"),
        State::Downloading { percent } => format!("{} {percent} %", say("state.downloading")),
        State::Burning { percent } => format!("{} {percent} %", say("state.burning")),
        State::Restarting => say("state.restarting"),
        State::Succeeded => say("state.succeeded"),
        State::Failed(_) => say("state.failed"),
        State::Cancelled => say("state.cancelled"),
    }
}

/// What an upgrade that has not begun waits for.
#[must_use]
pub fn waiting(case: &Case, online: Option<bool>) -> Option<String> {
    let by_push = dialect::find(&case.order.dialect).is_ok_and(|dialect| dialect.rules().push_when == PushWhen::Online);
    let key = match case.upgrade.state() {
        State::Queued if by_push => "upgrade.waits-online",
        State::Queued if online == Some(true) => "upgrade.waits-ask",
        State::Queued => "upgrade.waits-online-ask",
        State::Offered if case.witness.is_answering() => "upgrade.waits-loading",
        State::Offered if case.upgrade.is_silent() && case.witness.requests > 0 => "upgrade.waits-stopped",
        State::Offered if case.upgrade.is_silent() => "upgrade.waits-silent",
        State::Offered => "upgrade.waits-begin",
        State::Restarting => "upgrade.waits-restart",
        _ => return None,
    };
    Some(tell(key, &[("device", &case.order.device.device)]))
}

/// What was wrong with a message, in words.
#[must_use]
pub fn defect(defect: &Defect) -> String {
    let key = format!("defect.{}", defect.code);
    find(&key).map_or_else(
        || format!("{}: {}", defect.code, defect.at),
        |text| fill(&text, [("at", defect.at.clone())].into_iter()),
    )
}

/// One of a finding's three sentences: `seen`, `means` or `advice`.
#[must_use]
pub fn finding(code: &str, part: &str, args: &[(&str, String)]) -> String {
    let text = find(&format!("diagnosis.{code}.{part}")).unwrap_or_default();
    fill(&text, args.iter().map(|(name, value)| (*name, value.clone())))
}
