//! Secrets, signatures and tokens taken out of a capture, so that it can be handed on.
//!
//! What goes: the token in a firmware URL's path, signatures and access keys in queries, passwords and secrets by their names in
//! payloads, URLs and consoles, what is typed at a console's password prompt, and each of these wherever else it is met. In its
//! place stands `token-1`, `signature-2` and so on, as long as what stood there: the same value reads the same everywhere,
//! requests still belong to their upgrade, and lengths still tell what is too long.
//!
//! What stays: names of products, devices, clients and users, addresses and hosts, file names, digests of images, the instant at
//! which a URL expires, and every word a device says that nothing tells to be a secret.

mod book;
mod console;
mod find;
#[cfg(test)]
mod tests;
mod texts;

pub use book::{SecretKind, Taken};

use crate::event::{Event, Fact, Payload};
use book::Book;
use console::Consoles;
use find::{Place, find};
use std::sync::Arc;
use texts::{Spot, Words, each};

/// Takes secrets out of events. Each must come by here, in order: a token is told before it is used.
#[derive(Debug, Default)]
pub struct Redactor {
    book: Book,
    consoles: Consoles,
}

impl Redactor {
    /// The event without its secrets. It counts as `taken` what is really handed on.
    pub fn redact(&mut self, event: &Event, counts: bool) -> Event {
        let mut event = event.clone();
        if let Fact::UpgradeRequested { order } = &event.fact {
            let files = order.extras.files.iter().flat_map(|file| [&file.md5, &file.sha256]);
            [&order.md5, &order.sha256].into_iter().chain(files).for_each(|digest| self.book.keep(digest));
        }
        let Self { book, consoles } = self;
        book.counts(counts);
        each(&mut event.fact, &mut |text| match text {
            Spot::Plain(text) => clean(book, text, Place::Text),
            Spot::Path(text) => clean(book, text, Place::Path),
            Spot::Username(text) => clean(book, text, Place::Username),
            Spot::Named(name, value) => {
                // A tag's or argument's name says what it holds.
                let pair = format!("{name}={value}");
                if let Some(cleaned) = cleaned(book, pair.as_bytes(), Place::Text)
                    && let Some(value_then) = cleaned.get(name.len() + 1..)
                {
                    *value = String::from_utf8_lossy(value_then).into_owned();
                }
            }
            Spot::Payload(payload) => {
                if let Some(cleaned) = cleaned(book, payload, Place::Text) {
                    *payload = cleaned.into();
                }
            }
            Spot::Received(port, bytes) => put(bytes, consoles.received(port, bytes, book)),
            Spot::Sent(port, bytes) => put(bytes, consoles.sent(port, bytes, book)),
        });
        event
    }

    /// What was taken out so far, of events that counted.
    #[must_use]
    pub const fn taken(&self) -> &Taken {
        self.book.taken()
    }
}

fn put(bytes: &mut Payload, cleaned: Option<Vec<u8>>) {
    if let Some(cleaned) = cleaned {
        *bytes = Arc::from(cleaned);
    }
}

fn clean(book: &mut Book, text: &mut dyn Words, place: Place) {
    if let Some(cleaned) = cleaned(book, text.words().as_bytes(), place) {
        text.rewrite(String::from_utf8_lossy(&cleaned).into_owned());
    }
}

/// The text without its secrets; nothing when it holds none.
fn cleaned(book: &mut Book, text: &[u8], place: Place) -> Option<Vec<u8>> {
    let found = find(book, text, place);
    if found.is_empty() {
        return None;
    }
    let mut cleaned = Vec::with_capacity(text.len());
    let mut done = 0;
    for secret in found {
        cleaned.extend_from_slice(&text[done..secret.at.start]);
        cleaned.extend_from_slice(&book.label(secret.kind, &text[secret.at.clone()]));
        done = secret.at.end;
    }
    cleaned.extend_from_slice(&text[done..]);
    Some(cleaned)
}
