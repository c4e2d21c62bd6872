//! Secrets, signatures and tokens taken out of a capture, so that it can be handed on.
//!
//! What goes: the token in a firmware URL's path, what queries carry beyond what is known to be harmless, passwords and secrets
//! by their names in payloads, URLs and consoles, in AT commands, what is typed at a console's password prompt, in one piece or
//! key by key, what looks like a web token, an access key or a private key, and each of these of twelve bytes and more wherever
//! else it is met, before and after: as a word, with blanks and marks in it, with JSON's or a URL's escapes, cut by a console's
//! chunks. In its place stands `token-1`, `signature-2` and so on, as long as what stood there: the same value reads the same
//! everywhere, requests still belong to their upgrade, and lengths still tell what is too long.
//!
//! What stays: names of products and devices that the bench, user names or the clouds' topics tell, even where somebody calls one
//! of them a password; clients and users, addresses and hosts, names, versions and digests of builds, the instant at which a URL
//! expires, and every word a device says that nothing tells to be a secret. Not looked into: text in base64 and in UTF-16, a
//! secret shorter than that where nothing names it, a secret within a longer word, and one of more than a kilobyte that a
//! console's chunks cut.
//!
//! Without a look at the whole capture before ([`Redactor::of`]), a secret goes from where it is named first.

mod book;
mod commands;
mod console;
mod cuts;
mod find;
mod forms;
mod harmless;
mod json;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod learned;
mod names;
mod shapes;
mod sign;
mod spread;
#[cfg(test)]
mod tests;
mod texts;
mod value;

pub use book::{SecretKind, Taken};

use crate::capture::Header;
use crate::dialect;
use crate::event::{DeviceId, Event, Fact, Payload, Text};
use book::Book;
use console::Consoles;
use find::{Place, find};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;
use texts::{Spot, Words, each};

/// Names remembered as they read first.
const MOST_NAMES: usize = 65_536;

/// Takes secrets out of events. Each must come by here, in order: what a password is asked for, and what is typed then, are
/// several events.
#[derive(Debug, Default)]
pub struct Redactor {
    book: Book,
    consoles: Consoles,
    names: Names,
}

impl Redactor {
    /// Knows the secrets of a whole capture before any of it is handed on: a secret may be met long before it is named, and half
    /// of it before the other half.
    pub fn of<E: Borrow<Event>>(header: &Header, events: impl IntoIterator<Item = E>) -> Self {
        let mut reader = Self { book: Book::to_learn(), ..Self::default() };
        reader.header(header);
        for event in events {
            reader.redact(event.borrow(), false);
        }
        let book = reader.book.begin_again();
        Self { consoles: reader.consoles.begin_again(&book), book, ..Self::default() }
    }

    /// The header without its secrets.
    pub fn header(&mut self, header: &Header) -> Header {
        let mut header = header.clone();
        self.book.counts(true);
        if let Some(bench) = &mut header.bench {
            clean(&mut self.book, bench, Place::Text);
        }
        clean(&mut self.book, &mut header.application, Place::Text);
        header
    }

    /// The event without its secrets. It counts as `taken` what is really handed on.
    pub fn redact(&mut self, event: &Event, counts: bool) -> Event {
        let mut event = event.clone();
        self.keep(&event.fact);
        let Self { book, consoles, names } = self;
        book.counts(counts);
        each(&mut event.fact, &mut |text| match text {
            Spot::Plain(text) => clean(book, text, Place::Text),
            Spot::Path(text) => clean(book, text, Place::Path),
            Spot::Username(text) => clean(book, text, Place::Username),
            Spot::Name(text) => names.clean(book, text, Place::Text),
            Spot::Topic(text) => names.clean(book, text, Place::Topic),
            Spot::Named(name, value) => of_name(book, name, value),
            Spot::Payload(payload) => put(payload, cleaned(book, payload, Place::Payload)),
            Spot::Received(port, bytes) => {
                put(bytes, consoles.received(port, bytes, book));
                names.clean(book, port, Place::Text);
            }
            Spot::Sent(port, bytes) => {
                put(bytes, consoles.sent(port, bytes, book));
                names.clean(book, port, Place::Text);
            }
        });
        event
    }

    /// What an event tells to be no secret: builds by their names, versions and digests, and names of devices. Those that only
    /// a topic tells, [`Names`] keep.
    fn keep(&mut self, fact: &Fact) {
        let book = &mut self.book;
        match fact {
            Fact::DeviceAdded { device, .. }
            | Fact::DeviceRemoved { device }
            | Fact::SecretSet { device, .. }
            | Fact::PortBound { device: Some(device), .. } => keep_device(book, device),
            Fact::ClientConnected { client } | Fact::ClientRefused { client, .. } => {
                if let Some((_, device)) = dialect::identify(&client.name, client.username.as_deref()) {
                    keep_device(book, &device);
                }
            }
            Fact::ImageAdded { name, md5, sha256, version, .. } => {
                [name, md5, sha256].into_iter().chain(version).for_each(|word| book.keep(word));
            }
            Fact::UpgradeRequested { order } => {
                keep_device(book, &order.device);
                let files = order.extras.files.iter().flat_map(|file| [&file.md5, &file.sha256]);
                let build = [&order.name, &order.version, &order.md5, &order.sha256];
                build.into_iter().chain(files).for_each(|word| book.keep(word));
            }
            _ => {}
        }
    }

    /// What was taken out so far, of events that counted.
    #[must_use]
    pub const fn taken(&self) -> &Taken {
        self.book.taken()
    }
}

fn keep_device(book: &mut Book, device: &DeviceId) {
    book.keep(&device.product);
    book.keep(&device.device);
}

fn put(bytes: &mut Payload, cleaned: Option<Vec<u8>>) {
    if let Some(cleaned) = cleaned {
        *bytes = Arc::from(cleaned);
    }
}

/// A tag's or argument's name says what it holds.
fn of_name(book: &mut Book, name: &str, value: &mut String) {
    let told = names::name_of(name.as_bytes(), None).is_some_and(|name| name.sure == names::Sure::Always);
    if !told {
        clean(book, value, Place::Text);
    } else if book.is_secret(value.as_bytes()) {
        let label = book.label(SecretKind::Secret, value.as_bytes());
        *value = String::from_utf8_lossy(&label).into_owned();
    }
}

/// Names that events go by: each reads as it did first, so that one topic stays one topic.
#[derive(Debug, Default)]
struct Names(HashMap<Text, Text>);

impl Names {
    fn clean(&mut self, book: &mut Book, name: &mut Text, place: Place) {
        if let Some(known) = self.0.get(name) {
            *name = known.clone();
            return;
        }
        if place == Place::Topic
            && let Some(device) = dialect::owner(name)
        {
            keep_device(book, &device);
        }
        let given = name.clone();
        clean(book, name, place);
        if self.0.len() < MOST_NAMES {
            self.0.insert(given, name.clone());
        }
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
        cleaned.extend(book.written(&secret, &text[secret.at.clone()]));
        done = secret.at.end;
    }
    cleaned.extend_from_slice(&text[done..]);
    Some(cleaned)
}
