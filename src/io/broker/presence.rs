//! Who is connected, so that coming and going are told in the order a person would tell them.

use super::{hooks, reason};
use crate::event::{Client, Fact};
use crate::io::Inbox;
use crate::io::tls::Peers;
use rmqtt::session::Session;
use rmqtt::types::{ClientId, ConnectInfo, Reason};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The sessions with a connection, by client id.
///
/// When a client id connects a second time, rmqtt lets the new connection in before the old one has noticed its end. Told
/// in that order the device would look gone while it is there; so the old one's end is told when the new one comes.
pub(super) struct Presence {
    inbox: Inbox,
    peers: Arc<Peers>,
    connected: Mutex<HashMap<ClientId, Session>>,
}

impl Presence {
    pub(super) fn new(inbox: Inbox, peers: Arc<Peers>) -> Self {
        Self { inbox, peers, connected: Mutex::default() }
    }

    pub(super) async fn arrived(&self, session: &Session) {
        let Ok(connect) = session.connect_info().await else { return };
        // Held while telling: nobody may come between the two facts.
        let mut connected = self.connected.lock().await;
        if let Some(old) = connected.insert(session.id.client_id.clone(), session.clone()) {
            let said_goodbye = matches!(old.disconnect().await, Ok(Some(_)));
            let why = if said_goodbye { reason::SAID_GOODBYE } else { reason::TAKEN_OVER };
            self.tell_end(&old, why.into());
        }
        let _ = self.inbox.fact_from_runtime(Fact::ClientConnected { client: self.client(&connect) });
    }

    pub(super) async fn left(&self, session: &Session, why: &Reason) {
        let mut connected = self.connected.lock().await;
        let current = connected.get(&session.id.client_id).is_some_and(|known| known.id == session.id);
        if current {
            connected.remove(&session.id.client_id);
            self.tell_end(session, reason::of_end(why));
        }
    }

    /// What a client said of itself, and where it really is.
    pub(super) fn client(&self, connect: &ConnectInfo) -> Client {
        let address = connect.ipaddress().map(|seen| self.peers.behind(seen).to_string());
        hooks::client(connect, address.unwrap_or_default())
    }

    /// Lets go of every session; they hold on to the broker that holds on to us.
    pub(super) async fn clear(&self) {
        self.connected.lock().await.clear();
    }

    fn tell_end(&self, session: &Session, reason: String) {
        let client = hooks::name(&session.id);
        let _ = self.inbox.fact_from_runtime(Fact::ClientDisconnected { client, reason });
    }
}
