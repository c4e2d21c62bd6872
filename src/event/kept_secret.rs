//! A secret that is handed on and compared, and never shown.

use super::MASK;
use std::convert::Infallible;
use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

/// A device's or a product's secret. It prints as dots, and no event holds one.
#[derive(Clone, Default, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret as it was typed.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret itself, for who signs with it. Never for a text that is shown, recorded or remembered.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The field into which it is typed.
    pub const fn typed(&mut self) -> &mut String {
        &mut self.0
    }

    /// Whether this was given. How long that takes to say depends on nothing but what was given; an empty secret is never
    /// the right one.
    #[must_use]
    pub fn is(&self, given: &[u8]) -> bool {
        !self.is_empty() && same(self.0.as_bytes(), given)
    }
}

/// Compares all of `given`, whatever the first difference.
fn same(held: &[u8], given: &[u8]) -> bool {
    let differing = given.iter().enumerate().fold(0_u8, |differing, (at, byte)| {
        let other = held.get(at).copied().unwrap_or_default();
        black_box(differing | (byte ^ other))
    });
    (differing == 0) & (held.len() == given.len())
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        same(self.0.as_bytes(), other.0.as_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::new(text))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn only_the_very_same_text_is_the_secret() {
        let secret = Secret::new("hly3dk1u5y8fq0b9");
        assert!(secret.is(b"hly3dk1u5y8fq0b9"));
        for wrong in
            ["", "hly3dk1u5y8fq0b", "hly3dk1u5y8fq0b8", "hly3dk1u5y8fq0b90", "Hly3dk1u5y8fq0b9", "hly3dk1u5y8fq0b9\0"]
        {
            assert!(!secret.is(wrong.as_bytes()), "{wrong}");
        }
        assert!(!Secret::default().is(b""), "no secret is no secret to sign in with");
        assert_eq!(Secret::default(), Secret::new(""));
    }

    #[test]
    fn a_printed_secret_is_dots() {
        let secret = Secret::new("hly3dk1u5y8fq0b9");
        assert_eq!((format!("{secret:?}"), secret.to_string()), ("•••".to_owned(), "•••".to_owned()));
        assert!(!format!("{:?}", Some(vec![secret])).contains("hly3"));
    }
}
