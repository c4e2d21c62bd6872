//! The fold itself: one event in, the bench after it, and what is to be done.

use super::hear::Heard;
use super::{Bench, Build, Case, Delivery, Device, Effect, Faults, Reports, Service, Witness};
use crate::dialect::{self, Outgoing, Push};
use crate::event::{Client, Deadline, DeviceId, Event, Fact, Micros, TAKEN_OVER, UNRECORDED, UpgradeId, UpgradeOrder};
use crate::upgrade::{Outcome, ReplyTo, Send, Upgrade};
use std::sync::Arc;

/// Devices remembered at most; a flood of invented names cannot make the bench grow.
const MAX_DEVICES: usize = 4_096;
/// Upgrades remembered; older ended ones are forgotten.
const MAX_CASES: usize = 1_024;

impl Bench {
    /// Takes in what happened. Returns what is to be done about it; a replay drops that.
    pub fn apply(&mut self, event: &Event) -> Vec<Effect> {
        self.now = event.at;
        self.seq = event.seq;
        self.replays.take(event);
        let mut effects = Vec::new();
        match &event.fact {
            Fact::BrokerStarted { address, external } => {
                self.broker = Service::Running { address: address.to_string(), advertised: String::new() };
                self.external = *external;
                if *external {
                    self.forget_presence();
                }
            }
            Fact::BrokerStopped => self.lose_broker(Service::Stopped),
            Fact::BrokerFailed { trouble } => self.lose_broker(Service::Failed(trouble.clone())),
            Fact::ServerStarted { address, advertised } => {
                self.server = Service::Running { address: address.to_string(), advertised: advertised.to_string() };
            }
            Fact::ServerFailed { trouble } => self.server = Service::Failed(trouble.clone()),
            Fact::ImageAdded { .. } | Fact::ImageRemoved { .. } | Fact::ImageTroubled { .. } => self.take_image(event),
            Fact::DeviceAdded { device, dialect } => {
                let client = self.clients.of_device(device).cloned();
                if let Some(known) = self.meet(device) {
                    if client.is_some() {
                        (known.online, known.client) = (Some(true), client);
                    }
                    known.listed = true;
                    known.chosen = Some(dialect.to_string());
                }
            }
            Fact::DeviceRemoved { device } => {
                self.devices.remove(device);
            }
            Fact::SecretSet { device, set } => self.note_secret(device, *set),
            Fact::OpenSet { open } => self.open = *open,
            Fact::ClientConnected { client } => self.connect(client, &mut effects),
            Fact::ClientRefused { client, trouble } => self.turn_away(event.seq, client, trouble),
            Fact::ClientDisconnected { client, reason } => self.disconnect(client, reason, &mut effects),
            Fact::Subscribed { client, filter, .. } => self.subscribe(client, filter, &mut effects),
            Fact::Unsubscribed { client, filter } => self.clients.unsubscribe(client, filter),
            Fact::MessageReceived { client, topic, payload, retain, .. } => {
                let stale = client.is_none() && *retain;
                let client = client.as_ref().filter(|_| !stale);
                self.hear(&Heard { seq: event.seq, client, topic, payload, stale }, &mut effects);
            }
            Fact::MessagePublished { .. }
            | Fact::MessageDelivered { .. }
            | Fact::MessageAcknowledged { .. }
            | Fact::MessageDropped { .. } => self.follow_push(event),
            Fact::RequestReceived { .. }
            | Fact::RangeProgressed { .. }
            | Fact::RangeServed { .. }
            | Fact::FileDelivered { .. }
            | Fact::BlockServed { .. } => self.see_download(event, &mut effects),
            Fact::PortOpened { .. }
            | Fact::PortClosed { .. }
            | Fact::PortMoved { .. }
            | Fact::PortBound { .. }
            | Fact::LinesMoved { .. }
            | Fact::FileStarted { .. }
            | Fact::FileProgressed { .. }
            | Fact::FileEnded { .. }
            | Fact::RepeatSet { .. }
            | Fact::BytesSent { .. } => self.take_port(&event.fact),
            Fact::UpgradeRequested { order } => self.begin(event.seq, order, &mut effects),
            Fact::UpgradeCancelled { upgrade } => {
                self.drive(event.seq, *upgrade, &mut effects, |upgrade, _, now| upgrade.handle_cancel(now));
            }
            Fact::UpgradeRetried { upgrade } => {
                self.make_latest(event.seq, *upgrade);
                let source = self.source_of(*upgrade);
                self.rearm(*upgrade);
                self.drive(event.seq, *upgrade, &mut effects, |upgrade, reaches, now| {
                    upgrade.handle_retry(source.as_deref(), reaches, now)
                });
            }
            Fact::FaultActed { upgrade, fault, place, .. } => self.note_fault(event.seq, *upgrade, fault, *place),
            Fact::DeadlineReached { upgrade, deadline } => self.be_due(event.seq, *upgrade, *deadline, &mut effects),
            Fact::Gap { lost, source } => {
                self.lost = self.lost.saturating_add(*lost);
                self.recording = self.recording.take().filter(|_| source != UNRECORDED);
            }
            Fact::TroubleMet { trouble } if trouble.stops_recording() => {
                self.recording = Some(trouble.clone());
            }
            Fact::TlsStarted { .. }
            | Fact::TlsStopped { .. }
            | Fact::TlsFailed { .. }
            | Fact::TlsRefused { .. }
            | Fact::RequestRefused { .. } => self.take_tls(event),
            // Taken in above, or nothing is worked out from it.
            Fact::ReplayStarted { .. }
            | Fact::MessageReplayed { .. }
            | Fact::ReplayPaused { .. }
            | Fact::ReplayResumed { .. }
            | Fact::ReplayEnded { .. }
            | Fact::AccessRefused { .. }
            | Fact::BytesReceived { .. }
            | Fact::TroubleMet { .. } => {}
        }
        effects
    }

    fn be_due(&mut self, seq: u64, upgrade: UpgradeId, deadline: Deadline, effects: &mut Vec<Effect>) {
        if deadline == Deadline::LatePush {
            return self.send_late(upgrade, effects);
        }
        self.drive(seq, upgrade, effects, |upgrade, _, now| {
            upgrade.handle_deadline(deadline, now);
            None
        });
    }

    fn lose_broker(&mut self, service: Service) {
        self.broker = service;
        self.clients.clear();
        for device in self.devices.values_mut() {
            device.online = device.online.map(|_| false);
        }
    }

    /// An external broker does not tell who is there.
    fn forget_presence(&mut self) {
        for device in self.devices.values_mut() {
            (device.online, device.client) = (None, None);
        }
    }

    /// The version that the device of an upgrade runs now.
    fn source_of(&self, upgrade: UpgradeId) -> Option<String> {
        let order = &self.case(upgrade)?.order;
        self.devices.get(&order.device)?.version(order.module.as_deref()).map(str::to_owned)
    }

    fn take_image(&mut self, event: &Event) {
        match &event.fact {
            Fact::ImageAdded { image, path, name, size, md5, sha256, version } => {
                let rebuilt = self.builds.get(image).is_some_and(|known| *md5 != known.md5);
                let build = Build {
                    path: path.to_string(),
                    name: name.to_string(),
                    size: *size,
                    md5: md5.to_string(),
                    sha256: sha256.to_string(),
                    version: version.clone().map(Into::into),
                    read_at: event.at,
                    rebuilt,
                    trouble: None,
                };
                self.builds.insert(*image, build);
            }
            Fact::ImageRemoved { image } => {
                self.builds.remove(image);
            }
            Fact::ImageTroubled { image, trouble } => {
                if let Some(build) = self.builds.get_mut(image) {
                    build.trouble = Some(trouble.clone());
                }
            }
            _ => {}
        }
    }

    /// The record of a device, made if need be and room is left.
    pub(super) fn meet(&mut self, device: &DeviceId) -> Option<&mut Device> {
        if self.devices.len() >= MAX_DEVICES && !self.devices.contains_key(device) {
            return None;
        }
        Some(self.devices.entry(device.clone()).or_default())
    }

    fn connect(&mut self, client: &Client, effects: &mut Vec<Effect>) {
        let told = dialect::identify(&client.name, client.username.as_deref());
        self.clients.connect(client, told.as_ref().map(|(_, device)| device.clone()));
        let Some((dialect, id)) = told else { return };
        if client.clean {
            self.under_way.lose(&id);
        }
        let now = self.now;
        let name = client.name.clone();
        // Under another client id its old connection may end long after: what was sent there is lost.
        if self.devices.get(&id).and_then(|device| device.client.as_ref()).is_some_and(|old| *old != name) {
            self.tell_presence(&id, false, effects);
        }
        if let Some(device) = self.meet(&id) {
            device.expected = Some(dialect.id().to_owned());
            device.online = Some(true);
            device.refused = None;
            device.client = Some(name);
            device.last_seen = Some(now);
        }
    }

    fn disconnect(&mut self, client: &str, reason: &str, effects: &mut Vec<Effect>) {
        let Some(id) = self.clients.disconnect(client, self.now) else { return };
        let now = self.now;
        if let Some(device) = self.devices.get_mut(&id).filter(|_| reason == TAKEN_OVER) {
            device.takeovers.note(self.seq, now);
        }
        let other = self.clients.of_device(&id).cloned();
        let Some(device) = self.devices.get_mut(&id).filter(|device| device.client.as_deref() == Some(client)) else {
            return;
        };
        if other.is_some() {
            device.client = other;
            return;
        }
        device.online = Some(false);
        device.blocks.0 = 0;
        device.last_seen = Some(now);
        self.under_way.keep_for_return(&id);
        self.tell_presence(&id, false, effects);
        self.refuse_return(&id, effects);
    }

    fn subscribe(&mut self, client: &str, filter: &str, effects: &mut Vec<Effect>) {
        self.clients.subscribe(client, filter);
        if let Some(id) = self.clients.device(client).cloned() {
            self.tell_presence(&id, true, effects);
        }
    }

    /// Tells a device's upgrades that it went away, or that it can now be reached.
    fn tell_presence(&mut self, id: &DeviceId, online: bool, effects: &mut Vec<Effect>) {
        let now = self.now;
        let mine = |case: &&Case| case.order.device == *id && case.upgrade.state().outcome().is_none();
        let waiting: Vec<_> = self.cases.iter().filter(mine).map(|case| case.order.clone()).collect();
        for order in waiting {
            if online && self.reaches(id, &order.dialect) != Some(true) {
                continue;
            }
            self.drive(self.seq, order.upgrade, effects, |upgrade, _, _| upgrade.handle_presence(online, now));
        }
    }

    fn begin(&mut self, seq: u64, order: &Arc<UpgradeOrder>, effects: &mut Vec<Effect>) {
        let Ok(dialect) = dialect::find(&order.dialect) else { return };
        self.replace_older(seq, order, effects);
        self.upgrades = self.upgrades.max(order.upgrade);
        if let Some(device) = self.meet(&order.device) {
            device.expected.get_or_insert_with(|| order.dialect.clone());
        }
        let source = self.devices.get(&order.device).and_then(|device| device.version(order.module.as_deref()));
        // In the round before, a replay left the device with the version that it is upgraded to.
        let source = source.filter(|version| order.replay.is_none() || *version != order.version).map(str::to_owned);
        let spoken = self.devices.get(&order.device).and_then(|device| device.spoken.clone());
        let reaches = self.reaches(&order.device, &order.dialect);
        let timeout = order.timeout_secs.map(Micros::from_secs);
        let (upgrade, send) =
            Upgrade::new(dialect.rules(), &order.version, source.as_deref(), reaches, timeout, self.now);
        let case = Case {
            order: Arc::clone(order),
            upgrade,
            witness: Witness::new(order.total_size()),
            delivery: Delivery { requested: seq, ..Delivery::default() },
            last_report: None,
            spoken,
            refused: None,
            reports: Reports::default(),
            faults: Faults::default(),
            ended: None,
        };
        self.cases.push(case);
        if let Some(send) = send {
            self.send(self.cases.len() - 1, send, effects);
        }
        self.forget_old();
    }

    /// A newer push takes the place of one that has not begun, and ends what a finished one still holds.
    fn replace_older(&mut self, seq: u64, order: &UpgradeOrder, effects: &mut Vec<Effect>) {
        let now = self.now;
        for case in &mut self.cases {
            if case.order.device != order.device || case.order.module != order.module {
                continue;
            }
            if case.upgrade.state().outcome().is_none() {
                // The device is not told: the newer push says it all.
                let _ = case.upgrade.handle_cancel(now);
                case.ended = Some(seq);
            }
            // A captured push that is replayed again is served under the very paths it had.
            if !case.order.shares_files_with(order) {
                effects.push(Effect::Withdraw(Arc::clone(&case.order)));
            }
        }
    }

    /// A push that is sent again is the device's latest from here on, and begins anew.
    fn make_latest(&mut self, seq: u64, upgrade: UpgradeId) {
        let Some(at) = self.cases.iter().position(|case| case.order.upgrade == upgrade) else { return };
        let mut case = self.cases.remove(at);
        (case.ended, case.refused, case.last_report) = (None, None, None);
        case.witness.start_over();
        case.reports = Reports::default();
        case.delivery = Delivery { requested: seq, ..Delivery::default() };
        case.spoken = self.devices.get(&case.order.device).and_then(|device| device.spoken.clone());
        self.cases.push(case);
    }

    fn forget_old(&mut self) {
        if self.cases.len() > MAX_CASES
            && let Some(oldest) = self.cases.iter().position(|case| case.upgrade.state().outcome().is_some())
        {
            self.cases.remove(oldest);
        }
    }

    /// Lets one upgrade's machine take a step, and sees to what follows from it.
    pub(super) fn drive(
        &mut self,
        seq: u64,
        upgrade: UpgradeId,
        effects: &mut Vec<Effect>,
        step: impl FnOnce(&mut Upgrade, Option<bool>, Micros) -> Option<Send>,
    ) {
        let now = self.now;
        let Some(at) = self.cases.iter().rposition(|case| case.order.upgrade == upgrade) else { return };
        let order = self.cases[at].order.clone();
        let reaches = self.reaches(&order.device, &order.dialect);
        let case = &mut self.cases[at];
        let was_over = case.upgrade.state().outcome().is_some();
        let send = step(&mut case.upgrade, reaches, now);
        if !was_over && let Some(outcome) = case.upgrade.state().outcome() {
            case.ended = Some(seq);
            // A failed device may try the same URL again, and so may the operator.
            if matches!(outcome, Outcome::Succeeded | Outcome::Cancelled) {
                effects.push(Effect::Withdraw(Arc::clone(&order)));
            }
        }
        if let Some(send) = send {
            self.send(at, send, effects);
        }
    }

    /// What is sent in an upgrade's dialect.
    pub(super) fn message(&self, case: &Case, send: &Send) -> Option<Outgoing> {
        let dialect = dialect::find(&case.order.dialect).ok()?;
        let offer = |reply: Option<&ReplyTo>| {
            dialect.offer(&Push {
                order: &case.order,
                source: case.upgrade.source(),
                reply,
                now_unix_millis: self.started_unix_ms.saturating_add(self.now.0 / 1_000),
            })
        };
        match send {
            Send::Push => Some(offer(None)),
            Send::Answer(reply) => Some(offer(Some(reply))),
            Send::Cancel => dialect.cancel(&case.order),
        }
    }
}
