//! A text in a fact: one pointer wide, so that a fact stays small, and shared by whoever has the same.

use super::Fact;
use std::borrow::{Borrow, Cow};
use std::collections::HashSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text that never changes. A copy costs nothing, and the many events that mention one topic have it once.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<Box<str>>);

impl Text {
    /// It as it is.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        text.into_owned().into()
    }
}

impl From<&Text> for String {
    fn from(text: &Text) -> Self {
        (**text).to_owned()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        (*text).to_owned()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// Texts that were met, so that each is there once, however many events mention it.
#[derive(Debug, Default)]
pub struct Texts(HashSet<Text>);

impl Texts {
    /// Gives a fact the texts there are for those of its own that are likely to come again.
    pub fn share(&mut self, fact: &mut Fact) {
        match fact {
            Fact::MessageReceived { client, topic, .. }
            | Fact::MessageReplayed { client, topic, .. }
            | Fact::MessageDropped { client, topic, .. } => {
                if let Some(client) = client {
                    self.keep(client);
                }
                self.keep(topic);
            }
            Fact::MessageDelivered { client, topic, .. } | Fact::MessageAcknowledged { client, topic } => {
                self.keep(client);
                self.keep(topic);
            }
            Fact::MessagePublished { topic, .. } => self.keep(topic),
            Fact::RequestReceived { method, path, .. } => {
                self.keep(method);
                self.keep(path);
            }
            Fact::RangeServed { path, .. } | Fact::RangeProgressed { path, .. } => self.keep(path),
            Fact::BytesReceived { port, .. } | Fact::BytesSent { port, .. } => self.keep(port),
            _ => {}
        }
    }

    fn keep(&mut self, text: &mut Text) {
        if let Some(known) = self.0.get(text) {
            text.clone_from(known);
        } else if text.len() <= LONGEST {
            if self.0.len() == MOST {
                self.0.clear();
            }
            self.0.insert(text.clone());
        }
    }
}

/// Texts kept at most: more topics than a bench has. Past them one begins anew.
const MOST: usize = 4_096;
/// A longer text is not kept, in bytes.
const LONGEST: usize = 512;

#[cfg(test)]
mod tests {
    use super::{Fact, Texts};

    fn message(topic: &str) -> Fact {
        let payload = [0][..].into();
        Fact::MessageReceived { client: Some("c".into()), topic: topic.into(), payload, qos: 0, retain: false }
    }

    /// Where the texts of a message lie in memory.
    fn places(fact: &Fact) -> [*const u8; 2] {
        let Fact::MessageReceived { client: Some(client), topic, .. } = fact else { panic!("{fact:?}") };
        [client.as_ptr(), topic.as_ptr()]
    }

    #[test]
    fn a_topic_is_in_memory_once_however_many_messages_it_has() {
        let mut texts = Texts::default();
        let mut shared = |topic: &str| {
            let mut fact = message(topic);
            texts.share(&mut fact);
            assert_eq!(fact, message(topic), "it says the same");
            fact
        };
        let first = shared("/a");
        assert_eq!(places(&first), places(&shared("/a")));
        assert_ne!(places(&first)[1], places(&shared("/b"))[1]);
    }

    #[test]
    fn a_client_that_invents_topics_for_ever_does_not_fill_the_memory() {
        let mut texts = Texts::default();
        for number in 0..20_000 {
            texts.share(&mut message(&format!("/{number}")));
            texts.share(&mut message(&"x".repeat(1_000 + number)));
        }
        assert!(texts.0.len() <= super::MOST, "{}", texts.0.len());
        assert!(texts.0.iter().all(|text| text.len() <= super::LONGEST));
    }

    #[test]
    fn a_day_of_messages_fits_because_a_fact_is_small() {
        assert!(size_of::<Fact>() <= 56, "{} bytes", size_of::<Fact>());
    }
}
