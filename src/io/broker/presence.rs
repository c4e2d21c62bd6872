//! Who is connected, so that coming and going are told in the order a person would tell them.

use super::admission::Admission;
use super::{hooks, reason};
use crate::event::Fact;
use crate::io::Inbox;
use rmqtt::context::ServerContext;
use rmqtt::session::Session;
use rmqtt::types::{ClientId, Id, Message, Reason};
use std::collections::HashMap;
use tokio::sync::Mutex;

/// The sessions with a connection, by client id.
///
/// When a client id connects a second time, rmqtt lets the new connection in before the old one has noticed its end. Told
/// in that order the device would look gone while it is there; so the old one's end is told when the new one comes.
pub(super) struct Presence {
    inbox: Inbox,
    admission: Admission,
    connected: Mutex<HashMap<ClientId, Session>>,
}

impl Presence {
    pub(super) fn new(inbox: Inbox, admission: Admission) -> Self {
        Self { inbox, admission, connected: Mutex::default() }
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
        let _ = self.inbox.fact_from_runtime(Fact::ClientConnected { client: self.admission.client(&connect).into() });
    }

    pub(super) async fn left(&self, session: &Session, why: &Reason) {
        let mut connected = self.connected.lock().await;
        let current = connected.get(&session.id.client_id).is_some_and(|known| known.id == session.id);
        if current {
            connected.remove(&session.id.client_id);
            self.tell_end(session, reason::of_end(why));
        }
    }

    /// A device came whose credentials were checked: as on its cloud, any other connection of its ends, whatever client id
    /// that has. `is_its` says which they are.
    pub(super) async fn end_others(&self, newest: &Session, is_its: impl Fn(&Id) -> bool) {
        let others: Vec<_> = {
            let connected = self.connected.lock().await;
            let others = connected.values().map(|other| &other.id);
            others.filter(|id| id.client_id != newest.id.client_id && is_its(id)).cloned().collect()
        };
        for other in others {
            let context = newest.scx.clone();
            // The old connection may be slow to end; the new one's CONNACK does not wait for it.
            tokio::spawn(async move {
                let entry = context.extends.shared().await.entry(other);
                if let Ok(mut entry) = entry.try_lock().await {
                    let _ = entry.kick(true, true, false).await;
                }
            });
        }
    }

    /// Ends connections as a broken line does: what the session holds is kept as long as its client asked for. `is_its` says
    /// which they are.
    pub(super) async fn cut_off(&self, context: &ServerContext, is_its: impl Fn(&Id) -> bool) {
        let connected = self.connected.lock().await;
        let leaving: Vec<_> = connected.values().map(|session| &session.id).filter(|id| is_its(id)).cloned().collect();
        drop(connected);
        for id in leaving {
            if let Some(sender) = context.extends.shared().await.entry(id).tx() {
                let _ = sender.unbounded_send(Message::Closed(Reason::ConnectKicked(true)));
            }
        }
    }

    /// Lets go of every session; they hold on to the broker that holds on to us.
    pub(super) async fn clear(&self) {
        self.connected.lock().await.clear();
    }

    fn tell_end(&self, session: &Session, reason: String) {
        let client = hooks::name(&session.id);
        let _ = self.inbox.fact_from_runtime(Fact::ClientDisconnected { client, reason: reason.into() });
    }
}
