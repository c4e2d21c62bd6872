//! What the firmware server, and the blocks over MQTT, served: credited to the upgrade it was for.

use super::{Bench, Case, Effect, Served};
use crate::event::{DeviceId, Event, Fact, UpgradeId};

impl Bench {
    pub(super) fn see_download(&mut self, event: &Event, effects: &mut Vec<Effect>) {
        match &event.fact {
            Fact::RequestReceived { request, peer, path, .. } => self.see_request(*request, peer, path),
            Fact::RangeProgressed { request, path, offset, sent } => {
                if let Some(upgrade) = self.see_progress(*request, path, *offset, *sent) {
                    self.kick_at_served(upgrade, effects);
                }
            }
            Fact::RangeServed { request, path, status, offset, sent, complete, .. } => {
                let served = Served { status: *status, offset: *offset, sent: *sent, complete: *complete };
                if let Some(upgrade) = self.see_served(event.seq, *request, path, served) {
                    self.kick_at_served(upgrade, effects);
                }
            }
            Fact::FileDelivered { path, md5, .. } => {
                if let Some((case, _)) = self.case_serving(path) {
                    case.witness.delivered = Some((event.seq, md5.to_string()));
                }
            }
            Fact::BlockServed { device, stream, offset, length, code, .. } => {
                let served = Served { status: *code, offset: *offset, sent: *length, complete: true };
                self.see_block(event.seq, device, *stream, served);
            }
            _ => {}
        }
    }

    fn see_request(&mut self, request: u64, peer: &str, path: &str) {
        let now = self.now;
        if let Some((case, file)) = self.case_serving(path) {
            case.witness.note_request(request, file, peer, now);
            case.upgrade.handle_life(now);
        }
    }

    /// An answer is under way. Gives the upgrade it is for.
    fn see_progress(&mut self, request: u64, path: &str, offset: u64, sent: u64) -> Option<UpgradeId> {
        let now = self.now;
        let (case, start) = self.case_serving(path)?;
        case.witness.note_progress(request, offset.saturating_add(start), sent, now);
        case.upgrade.handle_life(now);
        Some(case.order.upgrade)
    }

    /// The firmware server answered. Gives the upgrade it was for.
    fn see_served(&mut self, seq: u64, request: u64, path: &str, served: Served) -> Option<UpgradeId> {
        let now = self.now;
        let (case, start) = self.case_serving(path)?;
        let counted = case.witness.note_answer(request, served.sent, now);
        case.witness.note(Served { offset: served.offset.saturating_add(start), ..served }, counted, seq, now);
        case.upgrade.handle_life(now);
        Some(case.order.upgrade)
    }

    fn see_block(&mut self, seq: u64, device: &DeviceId, stream: u64, served: Served) {
        let now = self.now;
        let mine = |case: &&mut Case| case.order.device == *device && case.order.extras.stream == Some(stream);
        if let Some(case) = self.cases.iter_mut().rev().find(mine) {
            case.witness.note(served, 0, seq, now);
            case.upgrade.handle_life(now);
        }
    }

    /// The upgrade to which a path of the firmware server belongs, and where that file begins among its files.
    fn case_serving(&mut self, path: &str) -> Option<(&mut Case, u64)> {
        let wanted = stem(path);
        self.cases.iter_mut().rev().find_map(|case| {
            let (_, start) = case.order.paths().find(|(path, _)| !path.is_empty() && stem(path) == wanted)?;
            Some((case, start))
        })
    }
}

/// A path without its query: an SDK that cuts it off still means this upgrade.
pub(super) fn stem(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
