//! What of TLS the bench knows: how its listeners stand; and which upgrade a connection without a request belongs to.

use super::{Bench, Case, Service};
use crate::event::{Event, Fact, TlsService, Trouble};
use crate::upgrade::Outcome;

impl Bench {
    pub(super) fn take_tls(&mut self, event: &Event) {
        let (service, stands) = match &event.fact {
            Fact::TlsStarted { service, address } => {
                (service, Service::Running { address: address.to_string(), advertised: String::new() })
            }
            Fact::TlsStopped { service } => (service, Service::Stopped),
            Fact::TlsFailed { service, trouble } => (service, Service::Failed(trouble.clone())),
            Fact::TlsRefused { service: TlsService::Https, peer, trouble }
            | Fact::RequestRefused { peer, trouble, .. } => {
                return self.note_refusal(event.seq, peer, trouble);
            }
            _ => return,
        };
        match service {
            TlsService::Mqtts => self.mqtts = stands,
            TlsService::Https => self.https = stands,
        }
    }

    /// A download that failed before its request names no path: whose it was is told by where it came from.
    fn note_refusal(&mut self, seq: u64, peer: &str, trouble: &Trouble) {
        let Some((host, _)) = peer.rsplit_once(':') else { return };
        let Some(device) = self.clients.alone_at(host, self.now) else { return };
        // The device may have given up, and said so, before this is told.
        let open = |case: &&mut Case| case.upgrade.state().outcome() != Some(Outcome::Succeeded);
        let latest = self.cases.iter_mut().rev().find(|case| case.order.device == *device);
        if let Some(case) = latest.filter(open) {
            case.refused = Some((seq, trouble.clone()));
        }
    }
}
