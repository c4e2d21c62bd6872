//! Something that went wrong, free of language: a stable code and the words that fill its sentences.

use std::borrow::Cow;

/// What went wrong. The sentences for a code stand in `assets/locales` under `trouble.<code>`: one of cause, one of advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Stable, kebab-case: `address-in-use`.
    pub code: Cow<'static, str>,
    /// What the sentences mention, by name.
    pub args: Vec<(Cow<'static, str>, String)>,
}

impl Trouble {
    /// A trouble with nothing to fill in yet.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), args: Vec::new() }
    }

    /// Adds one named word for the sentences.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a caller hands over what it has, a reference or the thing")]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((Cow::Borrowed(name), value.to_string()));
        self
    }

    /// The named word, if it was given.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
