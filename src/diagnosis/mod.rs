//! What is wrong with an upgrade, and whose doing it is: one rule a file, judged from what both witnesses say.

mod announced_smaller;
mod cancelled_quiet;
mod digest_not_reset;
mod error_page_taken;
mod fault_armed;
mod gave_up;
mod gone_after_download;
mod image_not_complete;
mod lint;
mod no_progress;
mod nobody_subscribed;
mod nothing_served;
mod overlapping_ranges;
mod push_ignored;
mod pushed_by_replay;
mod repeats_the_end;
mod request_unread;
mod retry_storm;
mod said_by_replay;
mod served_intact;
mod server_refused;
mod shared_identity;
mod silent_after_push;
mod silent_at_hundred;
mod tls_refused;
mod two_downloads;
mod upgraded_twice;
mod wrong_dialect;

pub use lint::{SAMPLE_PATH, lint};

use crate::bench::{Bench, Case, Device};
use crate::dialect;
use crate::event::UpgradeId;
use crate::upgrade::{Rules, SuccessRule};

/// What a rule looks at: one upgrade and its device.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The upgrade with both its witnesses.
    pub case: &'a Case,
    /// Everything known.
    pub bench: &'a Bench,
    /// The device, if the bench knows it.
    pub device: Option<&'a Device>,
    /// Whether the broker is somebody else's: presence and delivery cannot be known.
    pub external: bool,
}

impl Subject<'_> {
    /// The rules of the cloud that the push was written for.
    fn rules(&self) -> Option<Rules> {
        Some(dialect::find(&self.case.order.dialect).ok()?.rules())
    }

    /// Whether its cloud takes an inform of the target version for success (Alibaba Cloud).
    fn success_is_informed(&self) -> bool {
        self.rules().is_some_and(|rules| rules.success == SuccessRule::Informed)
    }

    /// The status that the firmware server answered with most, when it gave nothing but errors.
    fn only_refused_with(&self) -> Option<u16> {
        let witness = &self.case.witness;
        let refused = witness.statuses.iter().filter(|(status, _)| **status >= 400 && **status != 416);
        let (status, _) = refused.max_by_key(|(_, count)| **count)?;
        (witness.coverage.covered() == 0).then_some(*status)
    }
}

/// One thing found. Its sentences stand in the locales under `diagnosis.<code>`: what is seen, what it means, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// What the sentences mention, by name.
    pub args: Vec<(&'static str, String)>,
    /// The events that prove it.
    pub evidence: Vec<u64>,
}

/// A rule: what it finds in an upgrade, if anything.
type Rule = fn(Subject<'_>) -> Option<Finding>;

/// Every rule, the one nearest to the cause first. A new one is one file and one line here.
const RULES: &[Rule] = &[
    said_by_replay::examine,
    pushed_by_replay::examine,
    fault_armed::examine,
    wrong_dialect::examine,
    shared_identity::examine,
    nobody_subscribed::examine,
    tls_refused::examine,
    request_unread::examine,
    retry_storm::examine,
    error_page_taken::examine,
    server_refused::examine,
    silent_after_push::examine,
    push_ignored::examine,
    announced_smaller::examine,
    repeats_the_end::examine,
    two_downloads::examine,
    overlapping_ranges::examine,
    gave_up::examine,
    nothing_served::examine,
    image_not_complete::examine,
    silent_at_hundred::examine,
    digest_not_reset::examine,
    served_intact::examine,
    gone_after_download::examine,
    upgraded_twice::examine,
    no_progress::examine,
    cancelled_quiet::examine,
];

/// What is wrong with an upgrade, most likely cause first; nothing when all goes well.
#[must_use]
pub fn examine(bench: &Bench, upgrade: UpgradeId) -> Vec<Finding> {
    let Some(case) = bench.case(upgrade) else { return Vec::new() };
    let device = bench.device(&case.order.device);
    let subject = Subject { case, bench, device, external: bench.is_external() };
    let found = RULES.iter().filter_map(|rule| rule(subject));
    let explained = |code| fault_armed::explains(case, code) || said_by_replay::explains(case, code);
    found.filter(|finding| !explained(finding.code)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Finding, examine};
    use crate::bench::Bench;
    use crate::event::{Client, Deadline, DeviceId, Event, Extras, Fact, Micros, UpgradeOrder};

    /// A bench on which a UIoT device is signed in, and an upgrade of 1,000 bytes.
    pub fn order() -> UpgradeOrder {
        UpgradeOrder {
            upgrade: 1,
            device: DeviceId::new("P", "D"),
            dialect: "uiot".into(),
            module: None,
            name: "l.bin".into(),
            version: "2.0.0".into(),
            size: 1_000,
            md5: "m".into(),
            sha256: "s".into(),
            url: "http://h/x".into(),
            path: "/x".into(),
            timeout_secs: None,
            task: None,
            extras: Extras::default(),
            faults: Vec::new(),
            replay: None,
        }
    }

    pub fn signed_in() -> Vec<Fact> {
        let client = Client {
            name: "P.D".into(),
            username: Some("P|D|1".into()),
            address: "127.0.0.1:1".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 240,
        };
        let filter = "/$system/P/D/ota/downstream".to_owned();
        vec![
            Fact::ClientConnected { client: client.into() },
            Fact::Subscribed { client: "P.D".into(), filter: filter.into(), qos: 1, implicit: false },
            Fact::UpgradeRequested { order: order().into() },
            Fact::MessageDelivered { client: "P.D".into(), topic: "/$system/P/D/ota/downstream".into(), qos: 1 },
        ]
    }

    pub fn says(payload: &str) -> Fact {
        Fact::MessageReceived {
            client: Some("P.D".into()),
            topic: "/$system/P/D/ota/upstream".into(),
            payload: payload.as_bytes().into(),
            qos: 1,
            retain: false,
        }
    }

    pub fn loads(percent: u8) -> Fact {
        says(&format!(r#"{{"method":"report_progress","payload":{{"state":"downloading","percent":{percent}}}}}"#))
    }

    pub fn served(status: u16, offset: u64, sent: u64) -> Fact {
        Fact::RangeServed { request: 1, path: "/x".into(), status, offset, length: sent, sent, complete: true }
    }

    pub const SILENCE: Fact = Fact::DeadlineReached { upgrade: 1, deadline: Deadline::Silence };

    pub const TIMED_OUT: Fact = Fact::DeadlineReached { upgrade: 1, deadline: Deadline::Upgrade };

    /// A request for the image on this connection.
    pub fn asked(peer: &str) -> Fact {
        let (peer, method, path) = (peer.into(), "GET".into(), "/x".into());
        Fact::RequestReceived { request: 1, peer, method, path, range: None }
    }

    /// The same as [`signed_in`], with this version to reach.
    pub fn signed_in_for(version: &str) -> Vec<Fact> {
        signed_in_with(UpgradeOrder { version: version.into(), ..order() })
    }

    /// A device that speaks `uiot-v2`.
    pub fn signed_in_v2() -> Vec<Fact> {
        signed_in_with(UpgradeOrder { dialect: "uiot-v2".into(), ..order() })
    }

    /// A device that is to be upgraded so.
    pub fn signed_in_with(order: UpgradeOrder) -> Vec<Fact> {
        let mut facts = signed_in();
        facts[2] = Fact::UpgradeRequested { order: order.into() };
        facts
    }

    pub use self::says as v2;

    /// A device of Alibaba Cloud that got its push.
    pub fn aliyun() -> Vec<Fact> {
        let mut facts = signed_in_with(UpgradeOrder { dialect: "aliyun".into(), ..order() });
        let (filter, topic) = ("/ota/device/upgrade/P/D".to_owned(), "/ota/device/upgrade/P/D".to_owned());
        if let Fact::ClientConnected { client } = &mut facts[0] {
            client.username = Some("D&P".into());
        }
        facts[1] = Fact::Subscribed { client: "P.D".into(), filter: filter.into(), qos: 1, implicit: true };
        facts[3] = Fact::MessageDelivered { client: "P.D".into(), topic: topic.into(), qos: 1 };
        facts
    }

    pub fn informs(version: &str) -> Fact {
        Fact::MessageReceived {
            client: Some("P.D".into()),
            topic: "/ota/device/inform/P/D".into(),
            payload: format!(r#"{{"id":1,"params":{{"version":"{version}"}}}}"#).into_bytes().into(),
            qos: 0,
            retain: false,
        }
    }

    /// What is found about an upgrade once all this has happened, each at its time.
    fn examined(facts: impl IntoIterator<Item = Fact>, at: impl Fn(u64) -> Micros, upgrade: u32) -> Vec<Finding> {
        let mut bench = Bench::new(0);
        for (seq, fact) in (1..).zip(facts) {
            bench.apply(&Event { seq, at: at(seq), fact });
        }
        examine(&bench, upgrade)
    }

    /// What is found once all this has happened, a second apart.
    pub fn findings(facts: impl IntoIterator<Item = Fact>) -> Vec<Finding> {
        findings_of(facts, 1)
    }

    pub fn findings_of(facts: impl IntoIterator<Item = Fact>, upgrade: u32) -> Vec<Finding> {
        examined(facts, Micros::from_secs, upgrade)
    }

    /// What is found of a device that is signed in when this happens at these times.
    pub fn found_at(more: impl IntoIterator<Item = Fact>, at: impl Fn(u64) -> Micros) -> Vec<Finding> {
        examined(signed_in().into_iter().chain(more), at, 1)
    }

    pub fn check(more: Vec<Fact>, expected: &[&str]) {
        check_in(signed_in(), more, expected);
    }

    pub fn check_in(before: Vec<Fact>, more: Vec<Fact>, expected: &[&str]) {
        let found = findings(before.into_iter().chain(more));
        assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_upgrade_that_goes_well_has_no_findings() {
        check(vec![], &[]);
        check(vec![loads(50), served(206, 0, 500)], &[]);
        let success = says(r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#);
        check(vec![loads(50), served(206, 0, 1_000), success], &[]);
    }
}
