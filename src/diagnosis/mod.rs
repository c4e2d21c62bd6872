//! What is wrong with an upgrade, and whose doing it is: one rule a file, judged from what both witnesses say.

mod gone_after_download;
mod image_not_complete;
mod nobody_subscribed;
mod nothing_served;
mod served_intact;
mod server_refused;
mod silent_after_push;
mod tls_refused;

use crate::bench::{Bench, Case, Device};
use crate::event::UpgradeId;

/// What a rule looks at: one upgrade and its device.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The upgrade with both its witnesses.
    pub case: &'a Case,
    /// The device, if the bench knows it.
    pub device: Option<&'a Device>,
    /// Whether the broker is somebody else's: presence and delivery cannot be known.
    pub external: bool,
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
    nobody_subscribed::examine,
    tls_refused::examine,
    server_refused::examine,
    silent_after_push::examine,
    nothing_served::examine,
    image_not_complete::examine,
    served_intact::examine,
    gone_after_download::examine,
];

/// What is wrong with an upgrade, most likely cause first; nothing when all goes well.
#[must_use]
pub fn examine(bench: &Bench, upgrade: UpgradeId) -> Vec<Finding> {
    let Some(case) = bench.case(upgrade) else { return Vec::new() };
    let subject = Subject { case, device: bench.device(&case.order.device), external: bench.is_external() };
    RULES.iter().filter_map(|rule| rule(subject)).collect()
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
            Fact::ClientConnected { client },
            Fact::Subscribed { client: "P.D".into(), filter, qos: 1, implicit: false },
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

    /// What is found once all this has happened, a second apart.
    pub fn findings(facts: impl IntoIterator<Item = Fact>) -> Vec<Finding> {
        let mut bench = Bench::new(0);
        for (seq, fact) in (1..).zip(facts) {
            bench.apply(&Event { seq, at: Micros::from_secs(seq), fact });
        }
        examine(&bench, 1)
    }

    pub fn check(more: Vec<Fact>, expected: &[&str]) {
        let found = findings(signed_in().into_iter().chain(more));
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
