//! The replays of a session, and what else the operator sends by hand.

use super::hands::{BrokerHand, Hands};
use crate::bench::{
    Bench, Publication, PushExtras, PushOrder, ReplayOrder, ReplayTarget, Service, Speaker, Steer, SteerOrder,
};
use crate::dialect::Outgoing;
use crate::event::{Fact, ImageId, ReplayId, Trouble, UpgradeOrder};
use crate::io::broker_url::BrokerUrl;
use crate::io::network;
use crate::io::outbox::Sending;
use crate::io::replaying::{Replayer, ReplayerOptions, Route, started};
use crate::io::tls::Trust;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Replays at once.
const MAX_REPLAYS: usize = 4;
/// Captured upgrades whose images are being read.
const MAX_AGAIN: usize = 64;

/// The replays that run.
#[derive(Default)]
pub struct Replays {
    running: BTreeMap<ReplayId, Replayer>,
    /// Captured upgrades that are ordered again once their images are read.
    again: VecDeque<(PushOrder, Arc<UpgradeOrder>)>,
}

impl Replays {
    /// Pauses, resumes or stops a replay, or takes its next step.
    pub fn steer(&self, SteerOrder { replay, steer }: SteerOrder, bench: &Bench) -> Result<(), Trouble> {
        let runs = bench.replay(replay).is_some_and(|replay| !replay.is_over());
        match self.running.get(&replay).filter(|_| runs) {
            Some(replayer) => replayer.steer(steer),
            // It ended while the button was pressed.
            None if steer == Steer::Stop => {}
            None => return Err(Trouble::new("replay-over")),
        }
        Ok(())
    }

    /// What becomes of the broker concerns those that speak as the cloud.
    pub fn hear(&self, fact: &Fact) {
        match fact {
            Fact::BrokerFailed { trouble } => self.lose_broker(trouble),
            Fact::BrokerStopped => self.lose_broker(&Trouble::new("no-broker")),
            Fact::BrokerStarted { .. } => self.running.values().for_each(Replayer::note_broker_back),
            _ => {}
        }
    }

    fn lose_broker(&self, why: &Trouble) {
        self.running.values().for_each(|replayer| replayer.note_broker_lost(why));
    }

    /// Ends all of them.
    pub fn stop_all(&mut self) {
        self.running.values().for_each(|replayer| replayer.steer(Steer::Stop));
        self.running.clear();
    }

    /// The captured upgrade that this push orders again, if it does.
    pub fn take_again(&mut self, order: &PushOrder) -> Option<Arc<UpgradeOrder>> {
        let at = self.again.iter().position(|(push, _)| push == order)?;
        Some(self.again.remove(at)?.1)
    }
}

impl Hands {
    /// Begins a replay.
    pub fn replay(&mut self, mut order: ReplayOrder, bench: &Bench) -> Result<Fact, Trouble> {
        self.replays.running.retain(|_, replayer| !replayer.is_over());
        if self.replays.running.len() >= MAX_REPLAYS {
            return Err(Trouble::new("too-many-replays").with("limit", MAX_REPLAYS));
        }
        let (route, target) = self.route(&order, bench)?;
        let keyring = self.keyring();
        for Speaker { device, secret, .. } in &mut order.speakers {
            if let (Some(device), None) = (device, &secret) {
                *secret = keyring.secrets(device).device;
            }
        }
        let replay = bench.next_replay();
        let fact = started(replay, &order, target);
        let judged = order.target == ReplayTarget::Here;
        let options = ReplayerOptions { replay, order, route, judged, inbox: self.inbox.clone() };
        self.replays.running.insert(replay, Replayer::start(options)?);
        Ok(fact)
    }

    /// How messages get there, and what the target is called.
    fn route(&self, order: &ReplayOrder, bench: &Bench) -> Result<(Route, String), Trouble> {
        let trust = self.secured.trust().clone();
        match (&order.target, &self.broker) {
            (ReplayTarget::Broker(url), _) => {
                let target = BrokerUrl::parse(url)?.address();
                Ok((Route::Broker { url: url.clone(), trust }, target))
            }
            (ReplayTarget::Here, None) => Err(Trouble::new("no-broker")),
            (ReplayTarget::Here, Some(hand)) => {
                let target = match bench.broker() {
                    Service::Running { address, .. } => address.clone(),
                    Service::Failed(trouble) => return Err(trouble.clone()),
                    Service::Stopped => return Err(Trouble::new("no-broker")),
                };
                let route = match hand {
                    _ if order.downstream => Route::Cloud,
                    BrokerHand::Embedded(broker) => {
                        let url = format!("mqtt://{}", network::reachable_here(broker.address()));
                        Route::Broker { url, trust: Trust::default() }
                    }
                    BrokerHand::External(_, url) => Route::Broker { url: url.clone(), trust },
                };
                Ok((route, target))
            }
        }
    }

    /// Orders a captured upgrade again. With its image served, the push leaves once that is read; else it is only judged.
    pub fn order_again(
        &mut self,
        replay: ReplayId,
        order: &Arc<UpgradeOrder>,
        serve: bool,
        bench: &Bench,
    ) -> Option<Fact> {
        let ordered = self.try_to_order_again(order, serve, bench);
        if let Some(replayer) = self.replays.running.get(&replay) {
            replayer.note_order(ordered.is_ok());
        }
        ordered.unwrap_or_else(|trouble| Some(Fact::TroubleMet { trouble }))
    }

    fn try_to_order_again(
        &mut self,
        order: &Arc<UpgradeOrder>,
        serve: bool,
        bench: &Bench,
    ) -> Result<Option<Fact>, Trouble> {
        let mine = |case: &&crate::bench::Case| case.order.device == order.device && case.order.module == order.module;
        if let Some(open) = bench.cases().iter().rev().filter(mine).find(|case| case.upgrade.state().in_progress()) {
            return Err(Trouble::new("upgrade-in-progress")
                .with("device", &open.order.device)
                .with("version", &open.order.version));
        }
        if !serve {
            // The faults would act on the replay itself.
            let order = UpgradeOrder { upgrade: bench.next_upgrade(), faults: Vec::new(), ..(**order).clone() };
            return Ok(Some(Fact::UpgradeRequested { order: Arc::new(order) }));
        }
        let push = push_of(order, bench).ok_or_else(|| Trouble::new("no-such-build"))?.tidy();
        bench.check_push(&push)?;
        if self.replays.again.len() == MAX_AGAIN {
            self.replays.again.pop_front();
        }
        self.replays.again.push_back((push.clone(), Arc::clone(order)));
        self.shelf.prepare(push)?;
        Ok(None)
    }

    /// Publishes one message of the operator's.
    pub fn publish_alone(&self, message: Publication) -> Option<Fact> {
        if let Err(trouble) = message.check() {
            return Some(Fact::TroubleMet { trouble });
        }
        let Publication { topic, payload, qos, retain } = message;
        self.publish(Sending { retain, ..Sending::from(Outgoing { topic, payload, qos }) })
    }
}

/// The push that orders a captured upgrade again, of the builds on the list.
fn push_of(order: &UpgradeOrder, bench: &Bench) -> Option<PushOrder> {
    let build = |md5: &str, sha256: &str| -> Option<ImageId> { bench.build_with(md5, sha256) };
    let more = order.extras.files.iter().map(|file| build(&file.md5, &file.sha256)).collect::<Option<_>>()?;
    Some(PushOrder {
        image: build(&order.md5, &order.sha256)?,
        device: order.device.clone(),
        dialect: order.dialect.clone(),
        version: order.version.clone(),
        module: order.module.clone(),
        timeout_secs: order.timeout_secs,
        url_lifetime_secs: None,
        extras: PushExtras {
            sha256: order.extras.sha256,
            differential: order.extras.differential,
            tags: order.extras.tags.clone(),
            over_mqtt: order.extras.stream.is_some(),
            more,
        },
        faults: order.faults.clone(),
    })
}
