//! Something that went wrong, free of language: a stable code and the words that fill its sentences.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

/// What went wrong. The sentences for a code stand in `assets/locales` under `trouble.<code>`: one of cause, one of advice.
///
/// It is one pointer wide: facts stay small, and so does the answer of whatever can fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble(Box<Said>);

/// What a [`Trouble`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Stable, kebab-case: `address-in-use`.
    pub code: Cow<'static, str>,
    /// What the sentences mention, by name.
    pub args: Vec<(Cow<'static, str>, String)>,
}

impl Trouble {
    /// A trouble with nothing to fill in yet.
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self::said(Cow::Borrowed(code), Vec::new())
    }

    /// A trouble as somebody else said it.
    #[must_use]
    pub fn said(code: Cow<'static, str>, args: Vec<(Cow<'static, str>, String)>) -> Self {
        Self(Box::new(Said { code, args }))
    }

    /// Adds one named word for the sentences.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a caller hands over what it has, a reference or the thing")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((Cow::Borrowed(name), value.to_string()));
        self
    }

    /// Whether it means that nothing is recorded for the time being.
    #[must_use]
    pub fn stops_recording(&self) -> bool {
        matches!(&*self.code, "capture-unwritable" | "capture-stalled")
    }

    /// The named word, if it was given.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Deref for Trouble {
    type Target = Said;
    fn deref(&self) -> &Said {
        &self.0
    }
}

impl DerefMut for Trouble {
    fn deref_mut(&mut self) -> &mut Said {
        &mut self.0
    }
}
