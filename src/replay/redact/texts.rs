//! Every place of an event in which a text of somebody else's stands.

use crate::event::{Client, Fact, OrderedFile, Payload, Text, Trouble};
use std::sync::Arc;

/// A text that can be written anew.
pub(super) trait Words {
    fn words(&self) -> &str;
    fn rewrite(&mut self, words: String);
}

impl Words for Text {
    fn words(&self) -> &str {
        self
    }
    fn rewrite(&mut self, words: String) {
        *self = words.into();
    }
}

impl Words for String {
    fn words(&self) -> &str {
        self
    }
    fn rewrite(&mut self, words: String) {
        *self = words;
    }
}

/// One text of an event.
pub(super) enum Spot<'a> {
    Plain(&'a mut dyn Words),
    /// A path with its query.
    Path(&'a mut dyn Words),
    Username(&'a mut dyn Words),
    /// A name that other events go by as well.
    Name(&'a mut Text),
    /// A topic, or a filter of topics.
    Topic(&'a mut Text),
    /// A value with its name.
    Named(&'a str, &'a mut String),
    Payload(&'a mut Payload),
    /// Bytes from a port.
    Received(&'a mut Text, &'a mut Payload),
    /// Bytes to a port.
    Sent(&'a mut Text, &'a mut Payload),
}

/// Shows every text of a fact. A new fact has to say here what of it may be a secret.
pub(super) fn each(fact: &mut Fact, see: &mut impl FnMut(Spot<'_>)) {
    match fact {
        // Identities that an event and its fold go by, and what the workbench says itself.
        Fact::BrokerStopped
        | Fact::ImageRemoved { .. }
        | Fact::DeviceAdded { .. }
        | Fact::SecretSet { .. }
        | Fact::OpenSet { .. }
        | Fact::DeviceRemoved { .. }
        | Fact::BlockServed { .. }
        | Fact::TlsStopped { .. }
        | Fact::UpgradeCancelled { .. }
        | Fact::UpgradeRetried { .. }
        | Fact::FaultActed { .. }
        | Fact::DeadlineReached { .. }
        | Fact::ReplayResumed { .. }
        | Fact::Gap { .. } => {}
        Fact::BrokerStarted { address, .. } | Fact::TlsStarted { address, .. } => see(Spot::Plain(address)),
        Fact::ServerStarted { address, advertised } => {
            see(Spot::Plain(address));
            see(Spot::Plain(advertised));
        }
        Fact::ImageAdded { path, name, .. } => {
            see(Spot::Plain(path));
            see(Spot::Plain(name));
        }
        Fact::BrokerFailed { trouble }
        | Fact::ServerFailed { trouble }
        | Fact::ImageTroubled { trouble, .. }
        | Fact::RequestRefused { trouble, .. }
        | Fact::TlsFailed { trouble, .. }
        | Fact::TlsRefused { trouble, .. }
        | Fact::TroubleMet { trouble } => of_trouble(trouble, see),
        Fact::ReplayStarted { source, target, .. } => {
            see(Spot::Plain(source));
            see(Spot::Plain(target));
        }
        Fact::ReplayPaused { trouble, .. } | Fact::ReplayEnded { trouble, .. } => of_troubles(trouble.as_mut(), see),
        Fact::PortOpened { .. }
        | Fact::PortClosed { .. }
        | Fact::PortMoved { .. }
        | Fact::PortBound { .. }
        | Fact::LinesMoved { .. }
        | Fact::FileStarted { .. }
        | Fact::FileProgressed { .. }
        | Fact::FileEnded { .. }
        | Fact::RepeatSet { .. }
        | Fact::BytesReceived { .. }
        | Fact::BytesSent { .. } => of_port(fact, see),
        Fact::ClientConnected { client } => of_client(client, see),
        Fact::ClientRefused { client, trouble } => {
            of_client(client, see);
            of_trouble(trouble, see);
        }
        Fact::AccessRefused { client, topic, trouble } => {
            see(Spot::Name(client));
            see(Spot::Topic(topic));
            of_trouble(trouble, see);
        }
        Fact::ClientDisconnected { .. }
        | Fact::Subscribed { .. }
        | Fact::Unsubscribed { .. }
        | Fact::MessageDelivered { .. }
        | Fact::MessageAcknowledged { .. }
        | Fact::MessageReceived { .. }
        | Fact::MessageReplayed { .. }
        | Fact::MessagePublished { .. }
        | Fact::MessageDropped { .. } => of_message(fact, see),
        Fact::RequestReceived { method, path, range, .. } => {
            see(Spot::Path(path));
            see(Spot::Plain(method));
            if let Some(range) = range {
                see(Spot::Plain(range));
            }
        }
        Fact::RangeServed { path, .. } | Fact::RangeProgressed { path, .. } | Fact::FileDelivered { path, .. } => {
            see(Spot::Path(path));
        }
        Fact::UpgradeRequested { order } => {
            let order = Arc::make_mut(order);
            see(Spot::Plain(&mut order.url));
            see(Spot::Path(&mut order.path));
            for OrderedFile { url, path, .. } in &mut order.extras.files {
                see(Spot::Plain(url));
                see(Spot::Path(path));
            }
            order.extras.tags.iter_mut().for_each(|(name, value)| see(Spot::Named(name, value)));
        }
    }
}

/// What happens between clients and topics.
fn of_message(fact: &mut Fact, see: &mut impl FnMut(Spot<'_>)) {
    match fact {
        Fact::ClientDisconnected { client, reason } => {
            see(Spot::Name(client));
            see(Spot::Plain(reason));
        }
        Fact::Subscribed { client, filter: topic, .. }
        | Fact::Unsubscribed { client, filter: topic }
        | Fact::MessageDelivered { client, topic, .. }
        | Fact::MessageAcknowledged { client, topic } => {
            see(Spot::Name(client));
            see(Spot::Topic(topic));
        }
        Fact::MessageReceived { client, topic, payload, .. } | Fact::MessageReplayed { client, topic, payload, .. } => {
            if let Some(client) = client {
                see(Spot::Name(client));
            }
            see(Spot::Topic(topic));
            see(Spot::Payload(payload));
        }
        Fact::MessagePublished { topic, payload, .. } => {
            see(Spot::Topic(topic));
            see(Spot::Payload(payload));
        }
        Fact::MessageDropped { client, topic, reason } => {
            if let Some(client) = client {
                see(Spot::Name(client));
            }
            see(Spot::Topic(topic));
            see(Spot::Plain(reason));
        }
        _ => {}
    }
}

/// What happens at a serial port, whose name may be a URL.
fn of_port(fact: &mut Fact, see: &mut impl FnMut(Spot<'_>)) {
    match fact {
        Fact::BytesReceived { port, bytes } => see(Spot::Received(port, bytes)),
        Fact::BytesSent { port, bytes } => see(Spot::Sent(port, bytes)),
        Fact::PortOpened { port, .. }
        | Fact::PortBound { port, .. }
        | Fact::LinesMoved { port, .. }
        | Fact::FileProgressed { port, .. } => see(Spot::Name(port)),
        Fact::PortMoved { port, now } => {
            see(Spot::Name(port));
            see(Spot::Name(now));
        }
        Fact::PortClosed { port, trouble } => {
            see(Spot::Name(port));
            of_troubles(trouble.as_mut(), see);
        }
        Fact::FileStarted { port, name, .. } | Fact::RepeatSet { port, name, .. } => {
            see(Spot::Name(port));
            see(Spot::Plain(name));
        }
        Fact::FileEnded { port, name, trouble, .. } => {
            see(Spot::Name(port));
            if let Some(name) = name {
                see(Spot::Plain(name));
            }
            of_troubles(trouble.as_mut(), see);
        }
        _ => {}
    }
}

fn of_client(client: &mut Client, see: &mut impl FnMut(Spot<'_>)) {
    see(Spot::Name(&mut client.name));
    if let Some(name) = &mut client.username {
        see(Spot::Username(name));
    }
}

fn of_troubles<'a>(troubles: impl IntoIterator<Item = &'a mut Trouble>, see: &mut impl FnMut(Spot<'_>)) {
    for trouble in troubles {
        of_trouble(trouble, see);
    }
}

fn of_trouble(trouble: &mut Trouble, see: &mut impl FnMut(Spot<'_>)) {
    for (name, value) in &mut trouble.args {
        match name.as_ref() {
            "username" => see(Spot::Username(value)),
            "path" => see(Spot::Path(value)),
            name => see(Spot::Named(name, value)),
        }
    }
}
