//! Every text of the window: found by key in `assets/locales`, in the language being spoken.

mod faults;
mod numbers;
mod reasons;
mod replays;
mod sentences;
#[cfg(test)]
mod tests;

pub use faults::{fault_acted, fault_expects, fault_help, fault_malformed, fault_stage, faults_of};
pub use numbers::{bytes, clock, count, date, duration, rate, short_md5, time_left};
pub use reasons::why;
pub use replays::of_replay;
pub use sentences::{Sentences, defect, failure, finding, state, trouble, waiting};

use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fmt::Display;

/// A language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The name of its file in `assets/locales`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// Its name in itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "简体中文",
        }
    }

    /// The language of a system locale such as `zh-Hans-CN` or `en_GB`.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        if locale.starts_with("zh") { Self::Chinese } else { Self::English }
    }
}

// One language a thread: the window and the command line each have their own, and tests do not disturb each other.
thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// Speaks this language from here on, on this thread.
pub fn speak(language: Language) {
    SPOKEN.set(language);
}

/// The language being spoken on this thread.
#[must_use]
pub fn spoken() -> Language {
    SPOKEN.get()
}

/// The text of a key; the key itself when there is none, so that a forgotten one is seen.
#[must_use]
pub fn say(key: &str) -> String {
    find(key).unwrap_or_else(|| key.to_owned())
}

/// The text of a key with its `%{name}`s filled in.
#[must_use]
pub fn tell(key: &str, args: &[(&str, &dyn Display)]) -> String {
    fill(&say(key), args.iter().map(|(name, value)| (*name, value.to_string())))
}

/// The text of a key, if there is one.
#[must_use]
pub fn find(key: &str) -> Option<String> {
    crate::_rust_i18n_try_translate(spoken().id(), key).map(std::borrow::Cow::into_owned)
}

/// One pass from left to right: what is filled in is never searched again, whatever a device called itself.
fn fill<'a>(text: &str, args: impl Iterator<Item = (&'a str, String)>) -> String {
    let args: Vec<_> = args.collect();
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("%{") {
        let Some((name, tail)) = after.split_once('}') else { break };
        filled.push_str(before);
        if let Some((_, value)) = args.iter().find(|(known, _)| *known == name) {
            filled.push_str(value);
        }
        rest = tail;
    }
    filled + rest
}
