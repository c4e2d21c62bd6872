//! The broker's door: who may connect, and what a device with a secret may say and hear.

use super::faults::Faults;
use super::hooks;
use crate::dialect::{self, Connack, Refused, SignIn};
use crate::event::{Client, DeviceId, Fact, Trouble};
use crate::io::tls::Peers;
use crate::io::{Inbox, Keyring};
use async_trait::async_trait;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType, Type};
use rmqtt::types::{AuthResult, ConnectInfo, Id, LastWill, PublishAclResult, SubscribeAclResult};
use std::net::SocketAddr;
use std::sync::Arc;

/// What rmqtt asks at its door.
const QUESTIONS: [Type; 3] = [Type::ClientAuthenticate, Type::ClientSubscribeCheckAcl, Type::MessagePublishCheckAcl];
/// Of a longer text only the beginning is told: a client that comes again and again could fill a disk with its name.
const LONGEST_TOLD: usize = 1_024;

/// The door of one broker.
#[derive(Clone)]
pub(super) struct Admission {
    keyring: Arc<Keyring>,
    /// Whether only this computer can reach the broker.
    loopback: bool,
    peers: Arc<Peers>,
    faults: Faults,
    inbox: Inbox,
}

impl Admission {
    pub(super) fn new(
        keyring: Arc<Keyring>,
        listening: SocketAddr,
        peers: Arc<Peers>,
        faults: Faults,
        inbox: Inbox,
    ) -> Self {
        Self { keyring, loopback: listening.ip().is_loopback(), peers, faults, inbox }
    }

    pub(super) async fn register(&self, context: &ServerContext) {
        let register = context.extends.hook_mgr().register();
        for question in QUESTIONS {
            register.add(question, Box::new(self.clone())).await;
        }
        register.start().await;
    }

    /// Tells who was turned away and why, without any secret and at a bearable length.
    pub(super) fn tell_refusal(&self, connect: &ConnectInfo, trouble: Trouble) {
        let trouble = self.trouble_to_tell(trouble);
        let client = self.client(connect);
        let client = Client {
            name: self.fit_to_tell(&client.name).into(),
            username: client.username.map(|username| self.fit_to_tell(&username)),
            ..client
        };
        let _ = self.inbox.fact_from_runtime(Fact::ClientRefused { client: client.into(), trouble });
    }

    /// What a client said of itself, and where it really is.
    pub(super) fn client(&self, connect: &ConnectInfo) -> Client {
        let address = connect.ipaddress().map(|seen| self.peers.behind(seen).to_string());
        hooks::client(connect, address.unwrap_or_default())
    }

    /// Whether nobody but this computer can have made this connection. One that was relayed from a listener on the network
    /// looks as if it came from here.
    fn is_local(&self, connect: &ConnectInfo) -> bool {
        self.loopback && connect.ipaddress().is_some_and(|seen| !self.peers.is_exposed(seen))
    }

    /// Which device a client is, if it is one whose credentials are checked.
    pub(super) fn checked(&self, id: &Id) -> Option<DeviceId> {
        if self.keyring.is_empty() {
            return None;
        }
        let (_, device) = dialect::identify(&id.client_id, id.username.as_deref())?;
        self.keyring.knows(&device).then_some(device)
    }

    /// The device that may not use this topic, if the client is one: it has a secret, and the topic is not its own.
    pub(super) fn keeps_out(&self, id: &Id, topic: &str) -> Option<DeviceId> {
        if self.keyring.is_empty() {
            return None;
        }
        let (dialect, device) = dialect::identify(&id.client_id, id.username.as_deref())?;
        (self.keyring.knows(&device) && !dialect.owns_topic(&device, topic)).then_some(device)
    }

    /// Tells that a client's message was kept from everybody.
    pub(super) fn tell_foreign_message(&self, id: &Id, device: &DeviceId, topic: &str) {
        self.tell_access(id, topic, Trouble::new("foreign-message").with("device", device).with("topic", topic));
    }

    fn tell_access(&self, id: &Id, topic: &str, trouble: Trouble) {
        let (client, topic) = (hooks::name(id), self.fit_to_tell(topic));
        let trouble = self.trouble_to_tell(trouble);
        let _ = self.inbox.fact_from_runtime(Fact::AccessRefused { client, topic: topic.into(), trouble });
    }

    fn trouble_to_tell(&self, mut trouble: Trouble) -> Trouble {
        for (_, value) in &mut trouble.args {
            *value = self.fit_to_tell(value);
        }
        trouble
    }

    fn fit_to_tell(&self, text: &str) -> String {
        // A little more than is told is looked through: half a secret at the end would still be one.
        let mut told = self.keyring.masked(&text[..text.floor_char_boundary(LONGEST_TOLD * 2)]);
        if told.len() > LONGEST_TOLD {
            told.truncate(told.floor_char_boundary(LONGEST_TOLD));
            told.push('…');
        }
        told
    }

    fn admit(&self, connect: &ConnectInfo) -> Result<(), Refused> {
        let sign_in = SignIn {
            client_id: connect.client_id(),
            username: connect.username().map(AsRef::as_ref),
            password: connect.password().map(AsRef::as_ref),
        };
        let lets_strangers_in = self.is_local(connect) || self.keyring.is_open();
        let Some((dialect, device)) = dialect::identify(sign_in.client_id, sign_in.username) else {
            return self.admit_stranger(&sign_in, lets_strangers_in);
        };
        match dialect.check_sign_in(&sign_in, &self.keyring.secrets(&device)) {
            Err(refused) if !(refused.unchecked && lets_strangers_in) => return Err(refused),
            _ => {}
        }
        let will = connect.last_will().map(|will| match will {
            LastWill::V3(will) => will.topic.to_string(),
            LastWill::V5(will) => will.topic.to_string(),
        });
        match will.filter(|topic| self.keeps_out(connect.id(), topic).is_some()) {
            Some(topic) => Err(Refused {
                connack: Connack::NotAuthorized,
                unchecked: false,
                trouble: Trouble::new("foreign-will").with("device", device).with("topic", topic),
            }),
            None => Ok(()),
        }
    }

    /// An engineer's own client, or a device whose user name is so wrong that nobody can tell which one it is.
    fn admit_stranger(&self, sign_in: &SignIn, lets_strangers_in: bool) -> Result<(), Refused> {
        let misspelt = dialect::misspelt(sign_in);
        if lets_strangers_in && (misspelt.is_none() || self.keyring.is_empty()) {
            return Ok(());
        }
        let username = sign_in.username.unwrap_or_default();
        Err(misspelt.unwrap_or_else(|| Refused {
            connack: Connack::NotAuthorized,
            unchecked: true,
            trouble: Trouble::new("unknown-client").with("client", sign_in.client_id).with("username", username),
        }))
    }

    async fn answer(&self, connect: &ConnectInfo) -> AuthResult {
        if let Some(trouble) = self.faults.refuse(connect.id()).await {
            self.tell_refusal(connect, trouble);
            // rmqtt goes on, finds the client's session held, and answers that the server is unavailable.
            return AuthResult::Allow(false, None);
        }
        let Err(refused) = self.admit(connect) else { return AuthResult::Allow(false, None) };
        self.tell_refusal(connect, refused.trouble);
        match refused.connack {
            Connack::BadUserNameOrPassword => AuthResult::BadUsernameOrPassword,
            Connack::NotAuthorized => AuthResult::NotAuthorized,
        }
    }
}

#[async_trait]
impl Handler for Admission {
    async fn hook(&self, question: &Parameter, result: Option<HookResult>) -> ReturnType {
        let answer = match question {
            Parameter::ClientAuthenticate(connect) => Some(HookResult::AuthResult(self.answer(connect).await)),
            Parameter::ClientSubscribeCheckAcl(session, subscribe) => {
                self.keeps_out(&session.id, &subscribe.topic_filter).map(|device| {
                    let filter: &str = &subscribe.topic_filter;
                    let trouble = Trouble::new("foreign-subscription").with("device", device).with("topic", filter);
                    self.tell_access(&session.id, filter, trouble);
                    HookResult::SubscribeAclResult(SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized))
                })
            }
            // It was told when the message came in.
            Parameter::MessagePublishCheckAcl(session, publish) => self
                .keeps_out(&session.id, &publish.topic)
                .map(|_| HookResult::PublishAclResult(PublishAclResult::rejected(false, None))),
            _ => None,
        };
        match answer {
            Some(answer) => (false, Some(answer)),
            None => (true, result),
        }
    }
}
