//! What happens inside the broker, told to the session as facts.

use super::admission::Admission;
use super::faults::Faults;
use super::presence::Presence;
use super::{reason, settings};
use crate::event::{Client, ClientName, Fact, Trouble};
use crate::io::Inbox;
use async_trait::async_trait;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::session::Session;
use rmqtt::types::{ConnectInfo, From, Id, Publish, Reason};
use std::sync::Arc;

/// The moments that become facts.
const MOMENTS: [Type; 9] = [
    Type::ClientConnect,
    Type::ClientConnected,
    Type::ClientDisconnected,
    Type::SessionSubscribed,
    Type::SessionUnsubscribed,
    Type::MessagePublish,
    Type::MessageDelivered,
    Type::MessageAcked,
    Type::MessageDropped,
];

/// Sees everything, changes nothing. A full inbox makes it wait, and with it the client that is too fast.
#[derive(Clone)]
pub(super) struct Witness {
    inbox: Inbox,
    presence: Arc<Presence>,
    admission: Admission,
    faults: Faults,
}

impl Witness {
    pub(super) fn new(inbox: Inbox, presence: Arc<Presence>, admission: Admission, faults: Faults) -> Self {
        Self { inbox, presence, admission, faults }
    }

    pub(super) async fn register(self, context: &ServerContext) {
        let register = context.extends.hook_mgr().register();
        for moment in MOMENTS {
            register.add(moment, Box::new(self.clone())).await;
        }
        register.start().await;
    }

    fn tell(&self, fact: Fact) {
        // Closed only while the session ends, and the broker with it.
        let _ = self.inbox.fact_from_runtime(fact);
    }

    /// rmqtt turns such a client away before it asks at our door, and calls no hook; so the rule is applied here as well.
    fn tell_refusal(&self, connect: &ConnectInfo) {
        if connect.client_id().len() > settings::LONGEST_CLIENT_ID {
            let limit = settings::LONGEST_CLIENT_ID;
            let trouble = Trouble::new("client-id-too-long").with("limit", limit);
            self.admission.tell_refusal(connect, trouble);
        }
    }
}

#[async_trait]
impl Handler for Witness {
    async fn hook(&self, moment: &Parameter, result: Option<HookResult>) -> ReturnType {
        match moment {
            Parameter::MessagePublish(_, from, publish) => match self.admission.keeps_out(&from.id, &publish.topic) {
                Some(device) => self.admission.tell_foreign_message(&from.id, &device, &publish.topic),
                None => self.tell(received(&from.id, publish)),
            },
            Parameter::MessageDelivered(session, _, publish) => self.tell(Fact::MessageDelivered {
                client: name(&session.id),
                topic: publish.topic.to_string().into(),
                qos: publish.qos.value(),
            }),
            Parameter::MessageAcked(session, from, publish) => {
                let (client, topic) = (name(&session.id), publish.topic.to_string());
                match self.faults.loses_ack(&client, &topic) {
                    Some(lost) => {
                        self.tell(lost);
                        repeat(session, from, publish).await;
                    }
                    None => self.tell(Fact::MessageAcknowledged { client, topic: topic.into() }),
                }
            }
            // Told when it came in.
            Parameter::MessageDropped(_, _, _, Reason::PublishResult(_)) => {}
            Parameter::MessageDropped(to, from, publish, why) => self.tell(Fact::MessageDropped {
                client: Some(name(to.as_ref().unwrap_or(&from.id))),
                topic: publish.topic.to_string().into(),
                reason: reason::of_drop(why).into(),
            }),
            Parameter::ClientConnect(connect) => self.tell_refusal(connect),
            Parameter::ClientConnected(session) => {
                self.presence.arrived(session).await;
                if let Some(device) = self.admission.checked(&session.id) {
                    let is_its = |other: &Id| self.admission.checked(other).as_ref() == Some(&device);
                    self.presence.end_others(session, is_its).await;
                }
            }
            Parameter::ClientDisconnected(session, why) => self.presence.left(session, why).await,
            Parameter::SessionSubscribed(session, subscribe) => self.tell(Fact::Subscribed {
                client: name(&session.id),
                filter: subscribe.topic_filter.to_string().into(),
                qos: subscribe.opts.qos_value(),
                implicit: false,
            }),
            Parameter::SessionUnsubscribed(session, unsubscribe) => self.tell(Fact::Unsubscribed {
                client: name(&session.id),
                filter: unsubscribe.topic_filter.to_string().into(),
            }),
            _ => {}
        }
        (true, result)
    }
}

/// Sends a message again to the same client, marked as a repeat and under the same packet id, as a broker does that heard no
/// acknowledgement.
async fn repeat(session: &Session, from: &From, publish: &Publish) {
    let mut publish = publish.clone();
    publish.dup = true;
    let entry = session.scx.extends.shared().await.entry(session.id.clone());
    // A client that is gone by now does not get it again, and the hooks tell so.
    let _ = entry.publish(from.clone(), publish).await;
}

/// A client's name, out of rmqtt's identity.
pub(super) fn name(id: &Id) -> ClientName {
    ClientName::from(&*id.client_id)
}

/// What a client said of itself. The password stays behind.
pub(super) fn client(connect: &ConnectInfo, address: String) -> Client {
    Client {
        name: name(connect.id()),
        username: connect.username().map(ToString::to_string),
        address,
        level: connect.proto_ver(),
        clean: connect.clean_start(),
        keep_alive_secs: connect.keep_alive(),
    }
}

fn received(from: &Id, publish: &Publish) -> Fact {
    Fact::MessageReceived {
        client: Some(name(from)),
        topic: publish.topic.to_string().into(),
        payload: publish.payload.as_ref().into(),
        qos: publish.qos.value(),
        retain: publish.retain,
    }
}
