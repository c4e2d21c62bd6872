//! The fold against what devices and brokers really do.

use super::{Bench, Effect};
use crate::event::{Client, DeviceId, Event, Extras, Fact, Micros, UpgradeOrder};
use crate::upgrade::State;

const UP: &str = "/$system/P/D/ota/upstream";
const DOWN: &str = "/$system/P/D/ota/downstream";

/// A bench and the events it was given, a second apart.
struct Desk {
    bench: Bench,
    effects: Vec<Effect>,
}

impl Desk {
    fn new() -> Self {
        Self { bench: Bench::new(0), effects: Vec::new() }
    }

    fn take(&mut self, facts: impl IntoIterator<Item = Fact>) -> &mut Self {
        for fact in facts {
            let seq = self.bench.events() + 1;
            self.effects = self.bench.apply(&Event { seq, at: Micros::from_secs(seq), fact });
        }
        self
    }

    fn state(&self) -> &State {
        self.bench.cases().last().unwrap().upgrade.state()
    }

    fn device(&self) -> &super::Device {
        self.bench.device(&DeviceId::new("P", "D")).unwrap()
    }
}

fn connected(name: &str, username: &str) -> Fact {
    let client = Client {
        name: name.into(),
        username: Some(username.into()),
        address: "127.0.0.1:1".into(),
        level: 4,
        clean: true,
        keep_alive_secs: 60,
    };
    Fact::ClientConnected { client: client.into() }
}

fn subscribed(client: &str) -> Fact {
    Fact::Subscribed { client: client.into(), filter: DOWN.into(), qos: 1, implicit: false }
}

fn gone(client: &str) -> Fact {
    Fact::ClientDisconnected { client: client.into(), reason: String::new().into() }
}

fn says(client: Option<&str>, retain: bool, payload: &str) -> Fact {
    let client = client.map(Into::into);
    Fact::MessageReceived { client, topic: UP.into(), payload: payload.as_bytes().into(), qos: 1, retain }
}

fn pushed(dialect: &str, module: Option<&str>) -> Fact {
    order(1, "2.0.0", dialect, module)
}

fn order(upgrade: u32, version: &str, dialect: &str, module: Option<&str>) -> Fact {
    let order = UpgradeOrder {
        upgrade,
        device: DeviceId::new("P", "D"),
        dialect: dialect.into(),
        module: module.map(Into::into),
        name: "l.bin".into(),
        version: version.into(),
        size: 1_000,
        md5: "m".into(),
        sha256: "s".into(),
        url: "http://h/x?q".into(),
        path: "/x?q".into(),
        timeout_secs: None,
        task: None,
        extras: Extras::default(),
        faults: Vec::new(),
        replay: None,
    };
    Fact::UpgradeRequested { order: order.into() }
}

const SUCCESS: &str = r#"{"method":"report_success","payload":{"version":"2.0.0"}}"#;
const VERSION: &str = r#"{"method":"report_version","payload":{"version":"1.0.0"}}"#;

#[test]
fn a_success_that_an_external_broker_kept_from_yesterday_is_no_success_today() {
    let external = Fact::BrokerStarted { address: "h:1883".into(), external: true };
    let mut desk = Desk::new();
    desk.take([external, pushed("uiot", None), says(None, true, SUCCESS)]);
    assert_eq!(desk.state(), &State::Offered);
    assert_eq!(desk.device().defects.counts.get("stale-retained"), Some(&1));
    desk.take([says(None, false, SUCCESS)]);
    assert_eq!(desk.state(), &State::Succeeded);
}

#[test]
fn of_an_endless_task_only_the_beginning_is_kept_in_a_defect() {
    let mut desk = Desk::new();
    let task = "任".repeat(1_000);
    let success = format!(r#"{{"Method":"success","Payload":{{"TaskID":"{task}"}}}}"#);
    desk.take([pushed("uiot-stack", None), says(None, false, &success)]);
    let (_, defect) = desk.device().defects.latest.back().unwrap();
    assert_eq!(defect.code, "other-upgrade");
    assert!(defect.at.starts_with("任任") && defect.at.ends_with('…') && defect.at.len() < 210, "{}", defect.at);
}

#[test]
fn a_device_that_signs_in_under_a_name_of_its_own_is_known_by_what_it_says() {
    let mut desk = Desk::new();
    desk.take([connected("whatever", "me"), subscribed("whatever"), says(Some("whatever"), false, VERSION)]);
    assert_eq!(desk.device().online, Some(true));
    desk.take([pushed("uiot", None)]);
    assert_eq!(desk.effects.len(), 1, "the push leaves");
}

#[test]
fn a_device_stays_online_while_one_of_its_two_clients_is_there() {
    let mut desk = Desk::new();
    desk.take([connected("P.D", "P|D|1"), connected("P.D.2", "P|D|1"), gone("P.D.2")]);
    assert_eq!(desk.device().online, Some(true));
    desk.take([gone("P.D")]);
    assert_eq!(desk.device().online, Some(false));
}

#[test]
fn what_a_listener_acknowledges_is_not_the_devices_word() {
    let acknowledged = |client: &str| Fact::MessageAcknowledged { client: client.into(), topic: DOWN.into() };
    let mut desk = Desk::new();
    desk.take([connected("P.D", "P|D|1"), subscribed("P.D"), connected("spy", "spy"), pushed("uiot", None)]);
    desk.take([acknowledged("spy")]);
    assert_eq!(desk.bench.cases()[0].delivery.acknowledged, None);
    desk.take([acknowledged("P.D")]);
    assert!(desk.bench.cases()[0].delivery.acknowledged.is_some());
}

#[test]
fn after_a_move_to_an_external_broker_presence_is_unknown() {
    let mut desk = Desk::new();
    let external = Fact::BrokerStarted { address: "h:1883".into(), external: true };
    desk.take([connected("P.D", "P|D|1"), Fact::BrokerStopped, external]);
    assert_eq!(desk.device().online, None);
}

#[test]
fn a_failure_of_the_module_that_was_pushed_is_that_modules_even_when_it_is_its_first_word() {
    let failed = Fact::MessageReceived {
        client: None,
        topic: "/ota/device/progress/P/D".into(),
        payload: br#"{"id":1,"params":{"step":"-3","desc":"","module":"MCU"}}"#[..].into(),
        qos: 0,
        retain: false,
    };
    let mut desk = Desk::new();
    let external = Fact::BrokerStarted { address: "h:1883".into(), external: true };
    desk.take([external, pushed("aliyun", Some("MCU")), failed]);
    assert!(desk.state().outcome().is_some());
}

#[test]
fn a_request_without_the_urls_query_still_counts_as_the_devices() {
    let asked = |path: &str| Fact::RequestReceived {
        request: 1,
        peer: String::new().into(),
        method: "GET".into(),
        path: path.into(),
        range: None,
    };
    let mut desk = Desk::new();
    desk.take([connected("P.D", "P|D|1"), subscribed("P.D"), pushed("uiot", None), asked("/x"), asked("/y")]);
    assert_eq!(desk.bench.cases()[0].witness.requests, 1);
}

#[test]
fn a_flood_of_invented_devices_does_not_make_the_bench_grow() {
    let mut desk = Desk::new();
    desk.take((0..10_000).map(|number| Fact::MessageReceived {
        client: None,
        topic: format!("/$system/P/D{number}/ota/upstream").into(),
        payload: VERSION.as_bytes().into(),
        qos: 0,
        retain: false,
    }));
    assert_eq!(desk.bench.devices().count(), 4_096);
}

fn published() -> Fact {
    Fact::MessagePublished { topic: DOWN.into(), payload: b"{}"[..].into(), qos: 1 }
}

fn delivered() -> Fact {
    Fact::MessageDelivered { client: "P.D".into(), topic: DOWN.into(), qos: 1 }
}

fn acknowledged() -> Fact {
    Fact::MessageAcknowledged { client: "P.D".into(), topic: DOWN.into() }
}

/// Which events each upgrade's delivery is proved by: published, delivered, acknowledged.
fn deliveries(desk: &Desk) -> Vec<[Option<u64>; 3]> {
    let seq = |proof: Option<(u64, Micros)>| proof.map(|(seq, _)| seq);
    let of_case = |case: &super::Case| {
        let delivery = &case.delivery;
        [seq(delivery.published), seq(delivery.delivered), seq(delivery.acknowledged)]
    };
    desk.bench.cases().iter().map(of_case).collect()
}

#[test]
fn of_two_modules_pushed_at_once_each_is_told_what_became_of_its_own_push() {
    let mut desk = Desk::new();
    desk.take([connected("P.D", "P|D|1"), subscribed("P.D")]);
    desk.take([order(1, "2.0.0", "uiot-v2", Some("mcu")), order(2, "3.0.0", "uiot-v2", None)]);
    desk.take([published(), delivered()]);
    assert_eq!(deliveries(&desk), [[Some(5), Some(6), None], [None, None, None]]);
    desk.take([published(), acknowledged(), delivered(), acknowledged()]);
    assert_eq!(deliveries(&desk), [[Some(5), Some(6), Some(8)], [Some(7), Some(9), Some(10)]]);
}

#[test]
fn a_cancellation_that_arrives_is_no_delivery_of_another_modules_push() {
    let mut desk = Desk::new();
    desk.take([connected("P.D", "P|D|1"), subscribed("P.D")]);
    desk.take([order(1, "2.0.0", "uiot-v2", Some("mcu")), published(), delivered(), acknowledged()]);
    desk.take([Fact::UpgradeCancelled { upgrade: 1 }, order(2, "3.0.0", "uiot-v2", None)]);
    desk.take([published(), delivered(), acknowledged()]);
    assert_eq!(deliveries(&desk)[1], [None; 3]);
    desk.take([published(), delivered(), acknowledged()]);
    assert_eq!(deliveries(&desk)[1], [Some(12), Some(13), Some(14)]);
}

#[test]
fn a_push_lost_with_a_clean_session_does_not_take_the_next_ones_delivery() {
    let mut desk = Desk::new();
    desk.take([connected("P.D", "P|D|1"), subscribed("P.D"), order(1, "2.0.0", "uiot-v2", Some("mcu"))]);
    desk.take([published(), gone("P.D"), connected("P.D", "P|D|1"), subscribed("P.D")]);
    desk.take([order(2, "3.0.0", "uiot-v2", None), published(), delivered(), acknowledged()]);
    assert_eq!(deliveries(&desk), [[Some(4), None, None], [Some(9), Some(10), Some(11)]]);
}

#[test]
fn an_older_push_that_is_sent_again_is_what_the_device_speaks_of_from_then_on() {
    let mut desk = Desk::new();
    let failed = r#"{"method":"report_fail","payload":{"err_code":-4}}"#;
    let loads = r#"{"method":"report_progress","payload":{"state":"downloading","percent":7}}"#;
    desk.take([connected("P.D", "P|D|1"), subscribed("P.D"), pushed("uiot", None)]);
    desk.take([says(Some("P.D"), false, loads), says(Some("P.D"), false, failed)]);
    desk.take([order(2, "3.0.0", "uiot", None), says(Some("P.D"), false, failed)]);
    desk.take([Fact::UpgradeRetried { upgrade: 1 }]);
    let latest = desk.bench.latest_case(&DeviceId::new("P", "D")).unwrap();
    assert_eq!((latest.order.upgrade, latest.last_report), (1, None), "nothing was said of this attempt yet");
    desk.take([says(Some("P.D"), false, loads)]);
    assert_eq!(desk.state(), &State::Downloading { percent: 7 });
    assert!(desk.bench.case(2).unwrap().upgrade.state().outcome().is_some());
}
