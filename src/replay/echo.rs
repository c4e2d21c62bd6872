//! What of a capture is there only because something was replayed: the echo, which no other replay takes up.

use super::known::Known;
use crate::bench::Marks;
use crate::event::{ClientName, DeviceId, Event, Fact, ReplayId, Text, UpgradeId, UpgradeOrder};
use std::collections::{BTreeMap, BTreeSet};

/// A replay that was met in the capture.
struct Met {
    downstream: bool,
    /// Whether its messages come up in this very capture.
    here: bool,
    /// The device it speaks as, when there is only one.
    device: Option<DeviceId>,
    over: bool,
}

/// Tells what a replay brought about. Events are shown in their order.
#[derive(Default)]
pub struct Echo {
    marks: Marks,
    met: BTreeMap<ReplayId, Met>,
    broker: Option<Text>,
    /// What URLs of the operator's own pushes begin with.
    advertised: Option<Text>,
    /// The connections of replays that stand.
    standing: BTreeSet<ClientName>,
    orders: BTreeSet<UpgradeId>,
    /// Captures of an earlier version do not tell who ordered an upgrade: a URL that was announced before is a replay's.
    announced: BTreeSet<String>,
}

impl Echo {
    /// Takes in an event. Whether it is an echo: a message that came up, a connection, or an order that its devices did not
    /// answer themselves.
    pub fn take(&mut self, event: &Event, known: &Known) -> bool {
        match &event.fact {
            Fact::BrokerStarted { address, .. } => self.broker = Some(address.clone()),
            Fact::ServerStarted { advertised, .. } => self.advertised = Some(advertised.clone()),
            Fact::ReplayStarted { replay, target, downstream, device, .. } => {
                let here = self.broker.as_ref() == Some(target);
                let device = device.as_deref().cloned();
                self.met.insert(*replay, Met { downstream: *downstream, here, device, over: false });
            }
            Fact::ReplayEnded { replay, .. } => {
                if let Some(met) = self.met.get_mut(replay) {
                    met.over = true;
                }
            }
            Fact::ClientConnected { client } if self.speaks(&client.name, known) => {
                self.standing.insert(client.name.clone());
                return true;
            }
            Fact::ClientDisconnected { client, .. } => return self.standing.remove(client),
            Fact::UpgradeRequested { order } => return self.take_order(order),
            _ => {}
        }
        self.marks.take(event)
    }

    /// Whether a replay ordered this upgrade, so that its push is an echo as well.
    pub fn is_order(&self, upgrade: UpgradeId) -> bool {
        self.orders.contains(&upgrade)
    }

    /// Whether a replay that runs here speaks as this client.
    fn speaks(&self, client: &ClientName, known: &Known) -> bool {
        let voices = |replay| known.voices.get(replay).is_some_and(|voices| voices.contains(client));
        self.met.iter().any(|(replay, met)| met.here && !met.over && !met.downstream && voices(replay))
    }

    fn take_order(&mut self, order: &UpgradeOrder) -> bool {
        let ordered = order.replay.is_some() || self.is_unsaid_echo(order);
        if !order.url.is_empty() {
            self.announced.insert(order.url.clone());
        }
        if ordered {
            self.orders.insert(order.upgrade);
        }
        // A push that a replay brought to a real device is answered by that device itself, and judged again with it.
        let answered = order.replay.and_then(|replay| self.met.get(&replay)).is_some_and(|met| met.downstream);
        ordered && !answered
    }

    /// Whether a capture that says nothing of it shows a replay's order all the same: a replay that comes up here orders
    /// what was announced elsewhere, or before.
    fn is_unsaid_echo(&self, order: &UpgradeOrder) -> bool {
        let own = |prefix: &Text| order.url.starts_with(&**prefix);
        let foreign = !self.advertised.as_ref().is_some_and(own) || self.announced.contains(&order.url);
        let orders = |met: &Met| {
            met.here && !met.over && !met.downstream && met.device.as_ref().is_none_or(|device| *device == order.device)
        };
        foreign && !order.url.is_empty() && order.faults.is_empty() && self.met.values().any(orders)
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::{Bench, ReplayAct};
    use crate::event::{Client, Event, Fact, Micros, UpgradeOrder};
    use crate::replay::{Choice, Manner, plan, read};
    use std::sync::Arc;

    const ADDRESS: &str = "127.0.0.1:1883";
    const CLIENT: &str = "simulated0000001.lamp-01";
    const UP: &str = "/$system/simulated0000001/lamp-01/ota/upstream";
    const DOWN: &str = "/$system/simulated0000001/lamp-01/ota/downstream";

    /// The upgrade of a recording, and its push.
    fn pushed() -> (UpgradeOrder, Fact) {
        let capture = read(include_bytes!("../../tests/captures/uiot-simulated-md5-mismatch.jsonl")).unwrap();
        let mut facts = capture.events.into_iter().map(|event| event.fact);
        let order = facts.by_ref().find_map(|fact| match fact {
            Fact::UpgradeRequested { order } => Some((*order).clone()),
            _ => None,
        });
        (order.unwrap(), facts.find(|fact| matches!(fact, Fact::MessagePublished { .. })).unwrap())
    }

    fn services() -> [Fact; 2] {
        let (address, advertised) = ("127.0.0.1:8070".into(), "http://127.0.0.1:8070".into());
        [Fact::BrokerStarted { address: ADDRESS.into(), external: false }, Fact::ServerStarted { address, advertised }]
    }

    fn started(replay: u32, downstream: bool) -> Fact {
        Fact::ReplayStarted {
            replay,
            source: "c".into(),
            target: ADDRESS.into(),
            downstream,
            device: Some(Box::new("simulated0000001/lamp-01".parse().unwrap())),
            speed: "1".into(),
            messages: 1,
            rounds: 1,
        }
    }

    fn ended(replay: u32) -> Fact {
        Fact::ReplayEnded { replay, sent: 1, of: 1, trouble: None }
    }

    fn connected() -> Fact {
        let client = Client {
            name: CLIENT.into(),
            username: Some("simulated0000001|lamp-01|1".into()),
            address: "127.0.0.1:9".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 30,
        };
        Fact::ClientConnected { client: client.into() }
    }

    fn gone() -> Fact {
        Fact::ClientDisconnected { client: CLIENT.into(), reason: "gone".into() }
    }

    fn replayed(replay: u32) -> Fact {
        let (client, topic, payload) = (Some(CLIENT.into()), UP.into(), b"{}"[..].into());
        Fact::MessageReplayed { replay, of: 9, client, topic, payload, qos: 1, retain: false, waiting: None }
    }

    fn said() -> Fact {
        let (client, topic, payload) = (Some(CLIENT.into()), UP.into(), b"{}"[..].into());
        Fact::MessageReceived { client, topic, payload, qos: 1, retain: false }
    }

    fn ordered(upgrade: u32, url: &str, replay: Option<u32>) -> Fact {
        let order = UpgradeOrder { upgrade, url: url.into(), faults: Vec::new(), replay, ..pushed().0 };
        Fact::UpgradeRequested { order: Arc::new(order) }
    }

    /// What of a capture in which this happened is replayed: coming, leaving, saying, upgrading.
    fn check(more: Vec<Fact>, downstream: bool, expected: &str) {
        let facts = services().into_iter().chain(more);
        let events: Vec<_> = (1..).zip(facts).map(|(seq, fact)| Event { seq, at: Micros(seq), fact }).collect();
        let choice = Choice { downstream, ..Choice::default() };
        let planned = plan("c", &events, &choice, &Manner::default(), Some(&Bench::new(0)));
        let acts = planned.map(|plan| plan.order.steps.iter().map(|step| letter(&step.act)).collect());
        assert_eq!(acts.unwrap_or_else(|trouble| trouble.code.to_string()), expected);
    }

    const fn letter(act: &ReplayAct) -> char {
        match act {
            ReplayAct::Say { .. } => 's',
            ReplayAct::Come => 'c',
            ReplayAct::Leave => 'l',
            ReplayAct::Upgrade(_) => 'u',
        }
    }

    /// Otherwise each replay of a session's own capture would push the upgrades of the ones before it once more.
    #[test]
    fn what_a_replay_ordered_and_who_came_for_it_go_into_no_other_replay() {
        for (url, replay) in [("http://127.0.0.1:41137/x", None), ("http://127.0.0.1:8070/x", Some(1))] {
            let echo = vec![started(1, false), connected(), ordered(1, url, replay), replayed(1), said(), ended(1)];
            check(echo.clone(), false, "replay-empty");
            // The device itself comes after that, and what the operator pushes to it is the operator's.
            let own = ordered(2, "http://127.0.0.1:8070/y", None);
            let lived = [vec![said()], echo, vec![gone(), connected(), own, said(), gone()]].concat();
            check(lived, false, "sus");
        }
    }

    #[test]
    fn what_is_pushed_while_a_replay_runs_is_the_operators_unless_it_was_announced_before() {
        let (own, fresh) = ("http://127.0.0.1:8070/x", "http://127.0.0.1:8070/y");
        let lived = |url| vec![ordered(1, own, None), said(), started(1, false), replayed(1), ordered(2, url, None)];
        check(lived(fresh), false, "usu");
        check(lived(own), false, "us");
    }

    #[test]
    fn a_push_that_a_replay_brought_to_a_device_is_judged_with_its_answer_and_pushed_by_no_other_replay() {
        let (order, push) = pushed();
        let order = UpgradeOrder { replay: Some(1), ..order };
        let order = Fact::UpgradeRequested { order: Arc::new(order) };
        let lived = vec![connected(), started(1, true), order, push.clone(), said(), ended(1)];
        check(lived.clone(), false, "us");
        check(lived, true, "replay-empty");
        let Fact::MessagePublished { topic, .. } = &push else { panic!("no push") };
        assert_eq!(&**topic, DOWN);
    }
}
