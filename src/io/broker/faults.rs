//! What the broker does wrong on purpose: cut a device off, turn it away, lose an acknowledgement.

use crate::dialect;
use crate::event::{ClientName, DeviceId, Fact, Trouble, UpgradeId};
use crate::fault::Fault;
use rmqtt::context::ServerContext;
use rmqtt::shared::Entry;
use rmqtt::types::Id;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Devices turned away, sessions held and acknowledgements to be lost; more than a bench arms.
const MOST: usize = 1_024;

/// An acknowledgement that is to be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostAck {
    /// For which upgrade.
    pub upgrade: UpgradeId,
    /// Whose; anybody's when it is not known.
    pub client: Option<ClientName>,
    /// Of a message under this topic.
    pub topic: String,
}

/// A device that is to be cut off.
#[derive(Clone, Debug)]
pub(super) struct Leaver {
    device: DeviceId,
    /// What it is connected as, where that tells nothing of who it is.
    client: Option<ClientName>,
}

impl Leaver {
    /// Whether this connection is the device's.
    pub(super) fn is(&self, id: &Id) -> bool {
        self.client.as_deref() == Some(&*id.client_id) || device(id).as_ref() == Some(&self.device)
    }
}

/// The faults of one broker, shared by all who act them out.
#[derive(Clone, Default)]
pub(super) struct Faults(Arc<Mutex<Armed>>);

#[derive(Default)]
struct Armed {
    leavers: Vec<Leaver>,
    /// Who is turned away, and until when.
    away: Vec<(Leaver, Instant)>,
    /// Sessions that nobody can take up until then: rmqtt answers such a sign-in with "server unavailable", which none of its
    /// hooks can.
    held: Vec<(Box<dyn Entry>, Instant)>,
    lost: Vec<LostAck>,
    /// Where the sessions are, while the broker runs.
    context: Option<ServerContext>,
}

impl Faults {
    pub(super) fn turn_away(&self, device: DeviceId, client: Option<ClientName>, away: Duration) {
        let leaver = Leaver { device, client };
        let mut armed = self.lock();
        if !away.is_zero() && armed.away.len() < MOST {
            armed.away.push((leaver.clone(), now() + away));
        }
        armed.leavers.push(leaver);
    }

    /// Those who are to be cut off now.
    pub(super) fn take_leavers(&self) -> Vec<Leaver> {
        std::mem::take(&mut self.lock().leavers)
    }

    /// Why this sign-in is turned away, if it is; its session is held then.
    pub(super) async fn refuse(&self, id: &Id) -> Option<Trouble> {
        let (trouble, until, context) = self.lock().refuse(id)?;
        if let Some(context) = context
            // Held already: the device has tried before.
            && let Ok(held) = context.extends.shared().await.entry(id.clone()).try_lock().await
        {
            let mut armed = self.lock();
            if armed.held.len() < MOST {
                armed.held.push((held, until));
            }
        }
        Some(trouble)
    }

    /// The broker runs.
    pub(super) fn begin(&self, context: &ServerContext) {
        self.lock().context = Some(context.clone());
    }

    /// Lets go of the broker, which holds on to us.
    pub(super) fn end(&self) {
        *self.lock() = Armed::default();
    }

    pub(super) fn lose_ack(&self, lost: LostAck) {
        let mut armed = self.lock();
        if armed.lost.len() < MOST {
            armed.lost.push(lost);
        }
    }

    /// The fact that this acknowledgement is lost, if it is to be.
    pub(super) fn loses_ack(&self, client: &ClientName, topic: &str) -> Option<Fact> {
        let mut armed = self.lock();
        let is_it = |lost: &LostAck| lost.topic == topic && lost.client.as_ref().is_none_or(|known| known == client);
        let at = armed.lost.iter().position(is_it)?;
        let LostAck { upgrade, .. } = armed.lost.remove(at);
        Some(Fact::FaultActed { upgrade, fault: Fault::LoseAck.into(), place: None, request: None })
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        // It is whole after every statement; a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn refuse(&mut self, id: &Id) -> Option<(Trouble, Instant, Option<ServerContext>)> {
        let now = now();
        self.away.retain(|(_, until)| *until > now);
        self.held.retain(|(_, until)| *until > now);
        let (leaver, until) = self.away.iter().find(|(leaver, _)| leaver.is(id))?;
        let left = until.duration_since(now).as_secs_f64();
        let trouble =
            Trouble::new("refused-on-purpose").with("device", &leaver.device).with("secs", format!("{left:.1}"));
        Some((trouble, *until, self.context.clone()))
    }
}

fn device(id: &Id) -> Option<DeviceId> {
    dialect::identify(&id.client_id, id.username.as_deref()).map(|(_, device)| device)
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an adapter reads the clock")]
    Instant::now()
}
