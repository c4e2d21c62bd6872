//! What of TLS the bench knows: how its listeners stand, and which upgrade a failed handshake belongs to.

use super::{Bench, Service};
use crate::event::{Event, Fact, TlsService, Trouble};

impl Bench {
    pub(super) fn take_tls(&mut self, event: &Event) {
        let (service, stands) = match &event.fact {
            Fact::TlsStarted { service, address } => {
                (service, Service::Running { address: address.clone(), advertised: String::new() })
            }
            Fact::TlsStopped { service } => (service, Service::Stopped),
            Fact::TlsFailed { service, trouble } => (service, Service::Failed(trouble.clone())),
            Fact::TlsRefused { service: TlsService::Https, peer, trouble } => {
                return self.note_refusal(event.seq, peer, trouble);
            }
            _ => return,
        };
        match service {
            TlsService::Mqtts => self.mqtts = stands,
            TlsService::Https => self.https = stands,
        }
    }

    /// A download that failed in the handshake names no path: whose it was is told by where it came from.
    fn note_refusal(&mut self, seq: u64, peer: &str, trouble: &Trouble) {
        let Some((host, _)) = peer.rsplit_once(':') else { return };
        let Some(device) = self.clients.alone_at(host) else { return };
        let mine = |case: &&mut super::Case| case.order.device == *device && case.upgrade.state().outcome().is_none();
        if let Some(case) = self.cases.iter_mut().rev().find(mine) {
            case.refused = Some((seq, trouble.clone()));
        }
    }
}
