//! Every place of an event in which a text of somebody else's stands.

use crate::event::{Client, ClientName, Fact, OrderedFile, Payload, Trouble};
use std::sync::Arc;

/// One text of an event.
pub(super) enum Text<'a> {
    Plain(&'a mut String),
    /// A path with its query.
    Path(&'a mut String),
    Username(&'a mut String),
    Shared(&'a mut ClientName),
    /// A value with its name.
    Named(&'a str, &'a mut String),
    Payload(&'a mut Payload),
    /// Bytes from a port.
    Received(&'a str, &'a mut Payload),
    /// Bytes to a port.
    Sent(&'a str, &'a mut Payload),
}

/// Shows every text of a fact. A new fact has to say here what of it may be a secret.
pub(super) fn each(fact: &mut Fact, see: &mut impl FnMut(Text<'_>)) {
    match fact {
        // Names that an event and its fold go by, and what the workbench says itself.
        Fact::BrokerStopped
        | Fact::ImageRemoved { .. }
        | Fact::DeviceAdded { .. }
        | Fact::SecretSet { .. }
        | Fact::OpenSet { .. }
        | Fact::DeviceRemoved { .. }
        | Fact::BlockServed { .. }
        | Fact::TlsStarted { .. }
        | Fact::TlsStopped { .. }
        | Fact::PortOpened { .. }
        | Fact::PortMoved { .. }
        | Fact::PortBound { .. }
        | Fact::LinesMoved { .. }
        | Fact::FileProgressed { .. }
        | Fact::RepeatSet { .. }
        | Fact::UpgradeCancelled { .. }
        | Fact::UpgradeRetried { .. }
        | Fact::FaultActed { .. }
        | Fact::DeadlineReached { .. }
        | Fact::ReplayResumed { .. }
        | Fact::Gap { .. } => {}
        Fact::BrokerStarted { address, .. } => see(Text::Plain(address)),
        Fact::ServerStarted { address, advertised } => {
            see(Text::Plain(address));
            see(Text::Plain(advertised));
        }
        Fact::ImageAdded { path, name, .. } => {
            see(Text::Plain(path));
            see(Text::Plain(name));
        }
        Fact::BrokerFailed { trouble }
        | Fact::ServerFailed { trouble }
        | Fact::ImageTroubled { trouble, .. }
        | Fact::RequestRefused { trouble, .. }
        | Fact::TlsFailed { trouble, .. }
        | Fact::TlsRefused { trouble, .. }
        | Fact::TroubleMet { trouble } => of_trouble(trouble, see),
        Fact::ReplayStarted { source, target, .. } => {
            see(Text::Plain(source));
            see(Text::Plain(target));
        }
        Fact::PortClosed { trouble, .. } | Fact::ReplayPaused { trouble, .. } | Fact::ReplayEnded { trouble, .. } => {
            of_troubles(trouble.as_mut(), see);
        }
        Fact::FileEnded { name, trouble, .. } => {
            if let Some(name) = name {
                see(Text::Plain(name));
            }
            of_troubles(trouble.as_mut(), see);
        }
        Fact::FileStarted { name, .. } => see(Text::Plain(name)),
        Fact::ClientConnected { client } => of_client(client, see),
        Fact::ClientRefused { client, trouble } => {
            of_client(client, see);
            of_trouble(trouble, see);
        }
        Fact::AccessRefused { client, trouble, .. } => {
            see(Text::Shared(client));
            of_trouble(trouble, see);
        }
        Fact::ClientDisconnected { client, reason } => {
            see(Text::Shared(client));
            see(Text::Plain(reason));
        }
        Fact::Subscribed { client, .. }
        | Fact::Unsubscribed { client, .. }
        | Fact::MessageDelivered { client, .. }
        | Fact::MessageAcknowledged { client, .. } => see(Text::Shared(client)),
        Fact::MessageReceived { client, payload, .. } | Fact::MessageReplayed { client, payload, .. } => {
            if let Some(client) = client {
                see(Text::Shared(client));
            }
            see(Text::Payload(payload));
        }
        Fact::MessagePublished { payload, .. } => see(Text::Payload(payload)),
        Fact::MessageDropped { client, reason, .. } => {
            if let Some(client) = client {
                see(Text::Shared(client));
            }
            see(Text::Plain(reason));
        }
        Fact::RequestReceived { path, .. }
        | Fact::RangeServed { path, .. }
        | Fact::RangeProgressed { path, .. }
        | Fact::FileDelivered { path, .. } => see(Text::Path(path)),
        Fact::BytesReceived { port, bytes } => see(Text::Received(port, bytes)),
        Fact::BytesSent { port, bytes } => see(Text::Sent(port, bytes)),
        Fact::UpgradeRequested { order } => {
            let order = Arc::make_mut(order);
            see(Text::Plain(&mut order.url));
            see(Text::Path(&mut order.path));
            for OrderedFile { url, path, .. } in &mut order.extras.files {
                see(Text::Plain(url));
                see(Text::Path(path));
            }
            order.extras.tags.iter_mut().for_each(|(name, value)| see(Text::Named(name, value)));
        }
    }
}

fn of_client(client: &mut Client, see: &mut impl FnMut(Text<'_>)) {
    see(Text::Shared(&mut client.name));
    if let Some(name) = &mut client.username {
        see(Text::Username(name));
    }
}

fn of_troubles<'a>(troubles: impl IntoIterator<Item = &'a mut Trouble>, see: &mut impl FnMut(Text<'_>)) {
    for trouble in troubles {
        of_trouble(trouble, see);
    }
}

fn of_trouble(trouble: &mut Trouble, see: &mut impl FnMut(Text<'_>)) {
    for (name, value) in &mut trouble.args {
        match name.as_ref() {
            "username" => see(Text::Username(value)),
            "path" => see(Text::Path(value)),
            name => see(Text::Named(name, value)),
        }
    }
}
