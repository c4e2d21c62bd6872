//! Faults in the fold: what is armed, what acts when, and what the fold itself has done for it.

use super::{Bench, Effect, PushOrder};
use crate::dialect;
use crate::event::{DeviceId, Micros, OrderedFile, Trouble, UpgradeId, UpgradeOrder};
use crate::fault::{Fault, Stage, clash};
use crate::upgrade::{Report, Send, SuccessRule};

/// Faults of one push at most.
const MOST: usize = 16;

/// What became of the faults of one upgrade.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Those that acted, in the order in which they first did.
    pub acted: Vec<Acted>,
    /// Those that act once, and were let loose.
    spent: Vec<Fault>,
    /// The push that is held back, and until when.
    late: Option<(Micros, Send)>,
}

/// A fault that acted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acted {
    /// Which.
    pub fault: Fault,
    /// How often.
    pub times: u64,
    /// The event in which it first did.
    pub first: u64,
    /// The byte or the percent at which it first did, where it acts at one.
    pub place: Option<u64>,
}

impl Faults {
    /// When the push that is held back goes out, if there is one.
    #[must_use]
    pub(super) fn late_at(&self) -> Option<Micros> {
        self.late.as_ref().map(|(at, _)| *at)
    }

    /// Lets a fault loose that acts once. Whether it had not acted before.
    fn spend(&mut self, fault: &Fault) -> bool {
        let fresh = !self.spent.contains(fault);
        if fresh {
            self.spent.push(fault.clone());
        }
        fresh
    }

    fn note(&mut self, seq: u64, fault: &Fault, place: Option<u64>) {
        if let Some(acted) = self.acted.iter_mut().find(|acted| acted.fault == *fault) {
            acted.times += 1;
        } else if self.acted.len() < MOST {
            // More than can be armed are none of ours.
            self.acted.push(Acted { fault: fault.clone(), times: 1, first: seq, place });
        }
    }
}

impl Bench {
    /// Whether these faults can act in this push.
    ///
    /// # Errors
    /// `too-many-faults`, `faults-clash`, `fault-needs-own-broker`, `fault-not-over-mqtt`, `fault-beyond-image`,
    /// `fault-no-such-field`.
    pub(super) fn check_faults(&self, order: &PushOrder) -> Result<(), Trouble> {
        let faults = &order.faults;
        if faults.len() > MOST {
            return Err(Trouble::new("too-many-faults").with("limit", MOST));
        }
        if let Some((one, other)) = clash(faults) {
            return Err(Trouble::new("faults-clash").with("one", one).with("other", other));
        }
        if let Some(fault) = faults.iter().find(|fault| fault.stage() == Stage::Mqtt).filter(|_| self.external) {
            return Err(Trouble::new("fault-needs-own-broker").with("fault", fault));
        }
        let by_http = |fault: &&Fault| {
            matches!(fault.stage(), Stage::BeforeDownload | Stage::Serving) || **fault == Fault::EmptyUrl
        };
        if let Some(fault) = faults.iter().find(by_http).filter(|_| order.extras.over_mqtt) {
            return Err(Trouble::new("fault-not-over-mqtt").with("fault", fault));
        }
        let images = std::iter::once(&order.image).chain(&order.extras.more);
        let Some(largest) = images.filter_map(|image| Some(self.build(*image)?.size)).max() else { return Ok(()) };
        let beyond = |fault: &&Fault| match fault {
            Fault::ShortBody { bytes } => *bytes > largest,
            fault => fault.offset().is_some_and(|offset| offset >= largest),
        };
        if let Some(fault) = faults.iter().find(beyond) {
            return Err(Trouble::new("fault-beyond-image").with("fault", fault).with("size", largest));
        }
        dialect::check_faults(dialect::find(&order.dialect)?, &self.sample(order))
    }

    /// The push with everything in it that such a push has, whatever its values.
    fn sample(&self, order: &PushOrder) -> UpgradeOrder {
        let OrderedFile { name, size, md5, sha256, url, path } = OrderedFile {
            name: String::new(),
            size: 1,
            md5: String::new(),
            sha256: String::new(),
            url: String::new(),
            path: String::new(),
        };
        UpgradeOrder {
            upgrade: self.next_upgrade(),
            device: order.device.clone(),
            dialect: order.dialect.clone(),
            module: order.module.clone(),
            name,
            version: order.version.clone(),
            size,
            md5,
            sha256,
            url,
            path,
            timeout_secs: None,
            task: None,
            extras: order.extras.draft(),
            faults: order.faults.clone(),
            replay: None,
        }
    }

    /// Sends what an upgrade's machine asks for, as its faults will have it.
    pub(super) fn send(&mut self, at: usize, send: Send, effects: &mut Vec<Effect>) {
        let now = self.now;
        let case = &mut self.cases[at];
        let delay = case.order.faults.iter().find_map(|fault| match fault {
            Fault::PushLate { millis } => Some((fault, Micros::from_millis(*millis))),
            _ => None,
        });
        match delay {
            Some((fault, delay)) if send != Send::Cancel => {
                if case.faults.spend(fault) {
                    case.faults.late = Some((now + delay, send));
                } else if let Some((_, held)) = &mut case.faults.late {
                    // It asked meanwhile: what is held back is the answer.
                    *held = send;
                } else {
                    return self.publish(at, &send, effects);
                }
                if let Some(until) = case.faults.late_at() {
                    case.upgrade.handle_delay(until);
                }
            }
            _ => self.publish(at, &send, effects),
        }
    }

    /// The time of a push that was held back has come.
    pub(super) fn send_late(&mut self, upgrade: UpgradeId, effects: &mut Vec<Effect>) {
        let Some(at) = self.cases.iter().rposition(|case| case.order.upgrade == upgrade) else { return };
        let case = &mut self.cases[at];
        let Some((_, send)) = case.faults.late.take() else { return };
        if case.upgrade.state().outcome().is_some() {
            return;
        }
        let fault = case.order.faults.iter().find(|fault| matches!(fault, Fault::PushLate { .. })).cloned();
        self.publish(at, &send, effects);
        effects.extend(fault.map(|fault| Effect::TellFault { upgrade, fault, place: None }));
    }

    fn publish(&mut self, at: usize, send: &Send, effects: &mut Vec<Effect>) {
        let Some(message) = self.message(&self.cases[at], send) else { return };
        let order = self.cases[at].order.clone();
        if *send == Send::Cancel {
            return self.post(&order.device, None, message, effects);
        }
        let case = &mut self.cases[at];
        let upgrade = case.order.upgrade;
        let mut acting = Vec::new();
        let mut twice = false;
        for fault in &case.order.faults {
            let acts = match fault {
                Fault::PushTwice => {
                    twice = case.faults.spend(fault);
                    twice
                }
                Fault::LoseAck if case.faults.spend(fault) => {
                    let client = self.devices.get(&case.order.device).and_then(|device| device.client.clone());
                    effects.push(Effect::LoseAck { upgrade, client, topic: message.topic.clone() });
                    false
                }
                fault => fault.is_announced(),
            };
            acting.extend(acts.then(|| Effect::TellFault { upgrade, fault: fault.clone(), place: None }));
        }
        if twice {
            self.post(&order.device, Some(upgrade), message.clone(), effects);
        }
        self.post(&order.device, Some(upgrade), message, effects);
        effects.extend(acting);
    }

    /// The same push again has the same faults again.
    pub(super) fn rearm(&mut self, upgrade: UpgradeId) {
        if let Some(case) = self.cases.iter_mut().find(|case| case.order.upgrade == upgrade) {
            case.faults = Faults::default();
        }
    }

    pub(super) fn note_fault(&mut self, seq: u64, upgrade: UpgradeId, fault: &Fault, place: Option<u64>) {
        if let Some(case) = self.cases.iter_mut().rev().find(|case| case.order.upgrade == upgrade) {
            case.faults.note(seq, fault, place);
        }
    }

    /// Ends the device's connection where its progress has reached what a fault waits for.
    pub(super) fn kick_at_report(&mut self, upgrade: UpgradeId, report: &Report, effects: &mut Vec<Effect>) {
        match report {
            Report::Downloading { percent } => self.kick_at(upgrade, *percent, effects),
            Report::Burning { .. } => self.kick_at(upgrade, 100, effects),
            _ => {}
        }
    }

    /// Devices of some clouds tell no percent: there it is what was served.
    pub(super) fn kick_at_served(&mut self, upgrade: UpgradeId, effects: &mut Vec<Effect>) {
        let Some(case) = self.case(upgrade).filter(|case| !case.order.faults.is_empty()) else { return };
        let tells_none = |dialect: &dyn dialect::Dialect| dialect.rules().success == SuccessRule::TaskDone;
        if dialect::find(&case.order.dialect).is_ok_and(tells_none) {
            self.kick_at(upgrade, case.witness.percent(), effects);
        }
    }

    fn kick_at(&mut self, upgrade: UpgradeId, reached: u8, effects: &mut Vec<Effect>) {
        let Some(case) = self.cases.iter_mut().rev().find(|case| case.order.upgrade == upgrade) else { return };
        let order = case.order.clone();
        let due = |fault: &&Fault| matches!(fault, Fault::Kick { percent } if *percent <= reached);
        let fresh: Vec<_> = order.faults.iter().filter(due).filter(|fault| case.faults.spend(fault)).cloned().collect();
        if !fresh.is_empty() {
            let tell = |fault| Effect::TellFault { upgrade, fault, place: Some(u64::from(reached)) };
            self.send_away(&order.device, &[upgrade], fresh.into_iter().map(tell).collect(), effects);
        }
    }

    /// The device went away: where a fault waits for that, it does not come back at once.
    pub(super) fn refuse_return(&mut self, device: &DeviceId, effects: &mut Vec<Effect>) {
        let open = self.cases.iter().filter(|case| case.order.device == *device && case.upgrade.state().is_open());
        let open: Vec<_> = open.map(|case| case.order.upgrade).collect();
        self.send_away(device, &open, Vec::new(), effects);
    }

    /// Ends a device's connection if there are `kicks` to tell, and refuses its return where one of these upgrades has a fault
    /// for that.
    fn send_away(&mut self, device: &DeviceId, upgrades: &[UpgradeId], kicks: Vec<Effect>, effects: &mut Vec<Effect>) {
        let mut told = kicks;
        let mut longest = 0;
        for case in self.cases.iter_mut().filter(|case| upgrades.contains(&case.order.upgrade)) {
            for fault in &case.order.faults {
                if let Fault::RefuseReconnect { millis } = fault
                    && case.faults.spend(fault)
                {
                    longest = longest.max(*millis);
                    told.push(Effect::TellFault { upgrade: case.order.upgrade, fault: fault.clone(), place: None });
                }
            }
        }
        if !told.is_empty() {
            let client = self.devices.get(device).and_then(|device| device.client.clone());
            effects.push(Effect::TurnAway { device: device.clone(), client, millis: longest });
        }
        effects.extend(told);
    }
}

#[cfg(test)]
mod tests {
    use super::{Bench, MOST, PushOrder};
    use crate::bench::PushExtras;
    use crate::event::{DeviceId, Event, Fact, Micros};

    /// The code with which a push of a build of 1,000 bytes is refused, if it is.
    fn refused(external: bool, extras: PushExtras, faults: &[&str]) -> Option<String> {
        let mut bench = Bench::new(0);
        let build = Fact::ImageAdded {
            image: 1,
            path: "/l.bin".into(),
            name: "l.bin".into(),
            size: 1_000,
            md5: "m".into(),
            sha256: "s".into(),
            version: None,
        };
        let broker = Fact::BrokerStarted { address: "h:1883".into(), external };
        for (seq, fact) in (1..).zip([build, broker]) {
            bench.apply(&Event { seq, at: Micros(seq), fact });
        }
        let order = PushOrder {
            image: 1,
            device: DeviceId::new("P", "D"),
            dialect: "aliyun".into(),
            version: "2".into(),
            module: None,
            timeout_secs: None,
            url_lifetime_secs: None,
            extras,
            faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        };
        bench.check_push(&order).err().map(|trouble| trouble.code.to_string())
    }

    #[test]
    fn a_fault_that_could_never_act_is_refused_with_its_reason() {
        let (plain, blocks) = (PushExtras::default, || PushExtras { over_mqtt: true, ..PushExtras::default() });
        assert_eq!(refused(false, plain(), &["flip:999", "short-body:1000", "kick:1", "missing-field:sign"]), None);
        assert_eq!(refused(true, plain(), &["wrong-digest", "cut:1"]), None);
        assert_eq!(refused(false, blocks(), &["wrong-digest", "kick:1", "missing-field:streamId"]), None);
        for (external, extras, fault, code) in [
            (false, plain(), "flip:1000", "fault-beyond-image"),
            (false, plain(), "short-body:1001", "fault-beyond-image"),
            (false, plain(), "stall:5000,1", "fault-beyond-image"),
            (false, plain(), "missing-field:MD5", "fault-no-such-field"),
            (false, plain(), "missing-field:streamId", "fault-no-such-field"),
            (false, blocks(), "missing-field:url", "fault-no-such-field"),
            (false, blocks(), "empty-url", "fault-not-over-mqtt"),
            (false, blocks(), "cut:1", "fault-not-over-mqtt"),
            (true, plain(), "push-twice", "fault-needs-own-broker"),
        ] {
            assert_eq!(refused(external, extras, &[fault]).as_deref(), Some(code), "{fault}");
        }
        assert_eq!(refused(false, plain(), &["cut:1", "cut:1"]).as_deref(), Some("faults-clash"));
        let many: Vec<_> = (0..=MOST).map(|at| format!("cut:{at}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(refused(false, plain(), &many).as_deref(), Some("too-many-faults"));
    }
}
