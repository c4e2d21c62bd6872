//! What the broker does wrong on purpose: cut a device off, turn it away, lose an acknowledgement.

use crate::dialect;
use crate::event::{ClientName, DeviceId, Fact, Trouble, UpgradeId};
use crate::fault::Fault;
use rmqtt::types::Id;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Refusals on their way out, and acknowledgements to be lost; more than a bench arms.
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
    /// Sign-ins that were turned away, whose answer has not left yet.
    refused: HashSet<Id>,
    lost: Vec<LostAck>,
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

    /// Why this sign-in is turned away, if it is.
    pub(super) fn refuse(&self, id: &Id) -> Option<Trouble> {
        let now = now();
        let mut armed = self.lock();
        armed.away.retain(|(_, until)| *until > now);
        let (leaver, until) = armed.away.iter().find(|(leaver, _)| leaver.is(id))?;
        let left = until.duration_since(now).as_secs_f64();
        let trouble =
            Trouble::new("refused-on-purpose").with("device", &leaver.device).with("secs", format!("{left:.1}"));
        if armed.refused.len() < MOST {
            armed.refused.insert(id.clone());
        }
        Some(trouble)
    }

    /// Whether this sign-in was turned away; asked once, when its answer leaves.
    pub(super) fn was_refused(&self, id: &Id) -> bool {
        self.lock().refused.remove(id)
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
        Some(Fact::FaultActed { upgrade, fault: Fault::LoseAck, place: None, request: None })
    }

    fn lock(&self) -> MutexGuard<'_, Armed> {
        // It is whole after every statement; a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn device(id: &Id) -> Option<DeviceId> {
    dialect::identify(&id.client_id, id.username.as_deref()).map(|(_, device)| device)
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "an adapter reads the clock")]
    Instant::now()
}
