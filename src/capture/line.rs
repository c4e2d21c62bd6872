//! One event, one line: the table of kinds.

use super::field::{Field, Object};
use crate::event::{Event, Fact, Micros};
use serde_json_borrow::Value;
use std::io::Write;

/// Why a line is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEvent {
    /// Not a JSON object, or one without `seq`, `at` and `kind`.
    Malformed,
    /// A kind this version does not know.
    UnknownKind(String),
    /// A known kind whose fields are missing or of another type.
    WrongFields(String),
    /// Longer than any event is.
    TooLong,
}

macro_rules! kinds {
    ($($kind:literal = $fact:ident { $($field:ident),* };)*) => {
        /// The kind of a fact, as captures name it.
        #[must_use]
        pub const fn kind(fact: &Fact) -> &'static str {
            match fact {
                $(Fact::$fact { .. } => $kind,)*
            }
        }

        fn kind_and_fields(fact: &Fact, out: &mut Vec<u8>) {
            match fact {
                $(Fact::$fact { $($field),* } => {
                    out.extend_from_slice(concat!(",\"kind\":\"", $kind, "\"").as_bytes());
                    $($field.put(stringify!($field), out);)*
                })*
            }
        }

        fn fact_of(kind: &str, object: &Object) -> Result<Fact, NoEvent> {
            let wrong = || NoEvent::WrongFields(kind.to_owned());
            Ok(match kind {
                $($kind => Fact::$fact { $($field: Field::take(object, stringify!($field)).ok_or_else(wrong)?),* },)*
                _ => return Err(NoEvent::UnknownKind(kind.to_owned())),
            })
        }

        /// Every kind of event with the names of its fields, as they stand in a capture.
        pub const FIELDS: &[(&str, &[&str])] = &[$(($kind, &[$(stringify!($field)),*])),*];

        /// One fact of every kind: a new one is missing nowhere.
        #[cfg(test)]
        pub fn samples(full: bool) -> Vec<Fact> {
            use super::samples::Sample;
            vec![$(Fact::$fact { $($field: Sample::sample(full)),* }),*]
        }
    };
}

kinds! {
    "broker_started" = BrokerStarted { address, external };
    "broker_stopped" = BrokerStopped {};
    "broker_failed" = BrokerFailed { trouble };
    "server_started" = ServerStarted { address, advertised };
    "server_failed" = ServerFailed { trouble };
    "image_added" = ImageAdded { image, path, name, size, md5, sha256, version };
    "image_removed" = ImageRemoved { image };
    "image_troubled" = ImageTroubled { image, trouble };
    "device_added" = DeviceAdded { device, dialect };
    "secret_set" = SecretSet { device, set };
    "open_set" = OpenSet { open };
    "device_removed" = DeviceRemoved { device };
    "client_connected" = ClientConnected { client };
    "client_refused" = ClientRefused { client, trouble };
    "access_refused" = AccessRefused { client, topic, trouble };
    "client_disconnected" = ClientDisconnected { client, reason };
    "subscribed" = Subscribed { client, filter, qos, implicit };
    "unsubscribed" = Unsubscribed { client, filter };
    "message_received" = MessageReceived { client, topic, payload, qos, retain };
    "message_published" = MessagePublished { topic, payload, qos };
    "message_delivered" = MessageDelivered { client, topic, qos };
    "message_acknowledged" = MessageAcknowledged { client, topic };
    "message_dropped" = MessageDropped { client, topic, reason };
    "request_received" = RequestReceived { request, peer, method, path, range };
    "range_served" = RangeServed { request, path, status, offset, length, sent, complete };
    "range_progressed" = RangeProgressed { request, path, offset, sent };
    "file_delivered" = FileDelivered { request, path, md5 };
    "request_refused" = RequestRefused { peer, status, trouble };
    "block_served" = BlockServed { device, stream, file, offset, length, code };
    "tls_started" = TlsStarted { service, address };
    "tls_stopped" = TlsStopped { service };
    "tls_failed" = TlsFailed { service, trouble };
    "tls_refused" = TlsRefused { service, peer, trouble };
    "port_opened" = PortOpened { port, settings };
    "port_closed" = PortClosed { port, trouble };
    "port_moved" = PortMoved { port, now };
    "port_bound" = PortBound { port, device };
    "lines_moved" = LinesMoved { port, line };
    "file_started" = FileStarted { port, name, size };
    "file_progressed" = FileProgressed { port, sent };
    "file_ended" = FileEnded { port, name, sent, complete, sha256, trouble };
    "repeat_set" = RepeatSet { port, name, every_ms };
    "bytes_received" = BytesReceived { port, bytes };
    "bytes_sent" = BytesSent { port, bytes };
    "upgrade_requested" = UpgradeRequested { order };
    "upgrade_cancelled" = UpgradeCancelled { upgrade };
    "upgrade_retried" = UpgradeRetried { upgrade };
    "fault_acted" = FaultActed { upgrade, fault, place, request };
    "deadline_reached" = DeadlineReached { upgrade, deadline };
    "replay_started" = ReplayStarted { replay, source, target, downstream, device, speed, messages, rounds };
    "message_replayed" = MessageReplayed { replay, of, client, topic, payload, qos, retain, waiting };
    "replay_paused" = ReplayPaused { replay, trouble };
    "replay_resumed" = ReplayResumed { replay };
    "replay_ended" = ReplayEnded { replay, sent, of, trouble };
    "trouble_met" = TroubleMet { trouble };
    "gap" = Gap { source, lost };
}

/// Appends one event as a line, with its line end.
pub fn encode(event: &Event, line: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(line, "{{\"seq\":{},\"at\":{}", event.seq, event.at.0);
    kind_and_fields(&event.fact, line);
    line.extend_from_slice(b"}\n");
}

/// Reads one line back.
///
/// # Errors
/// It is not an event of this version.
pub fn decode(line: &str) -> Result<Event, NoEvent> {
    let value: Value = serde_json::from_str(line).map_err(|_| NoEvent::Malformed)?;
    let object = value.as_object().ok_or(NoEvent::Malformed)?;
    let seq = u64::take(object, "seq").ok_or(NoEvent::Malformed)?;
    let at = u64::take(object, "at").ok_or(NoEvent::Malformed)?;
    let kind = object.get("kind").and_then(Value::as_str).ok_or(NoEvent::Malformed)?;
    Ok(Event { seq, at: Micros(at), fact: fact_of(kind, object)? })
}

#[cfg(test)]
mod tests {
    use super::super::field::Field;
    use super::{NoEvent, Value, decode, encode};
    use crate::event::{
        Client, Deadline, DeviceId, Event, Extras, Fact, LineMove, Micros, OrderedFile, TlsService, Trouble,
        UpgradeOrder,
    };
    use crate::fault::Fault;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn check(fact: Fact, expected: &str) {
        let event = Event { seq: 7, at: Micros(12_031_000), fact };
        let mut line = Vec::new();
        encode(&event, &mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, format!("{{\"seq\":7,\"at\":12031000,{expected}}}\n"));
        assert_eq!(decode(&line), Ok(event));
    }

    #[test]
    fn the_format_is_a_contract() {
        check(Fact::BrokerStopped, r#""kind":"broker_stopped""#);
        check(
            Fact::MessageReceived {
                client: Some("lamp".into()),
                topic: "/a".into(),
                payload: b"{\"x\":1}"[..].into(),
                qos: 1,
                retain: false,
            },
            r#""kind":"message_received","client":"lamp","topic":"/a","payload":"{\"x\":1}","qos":1,"retain":false"#,
        );
        check(
            Fact::BytesReceived { port: "COM3".into(), bytes: [0xff, 0x00][..].into() },
            r#""kind":"bytes_received","port":"COM3","bytes_base64":"/wA=""#,
        );
        check(
            Fact::ClientConnected {
                client: Client {
                    name: "p.d".into(),
                    username: None,
                    address: "127.0.0.1:5".into(),
                    level: 4,
                    clean: true,
                    keep_alive_secs: 240,
                }
                .into(),
            },
            r#""kind":"client_connected","client":{"name":"p.d","address":"127.0.0.1:5","level":4,"clean":true,"keep_alive_secs":240}"#,
        );
        check(
            Fact::ServerFailed { trouble: Trouble::new("address-in-use").with("address", "127.0.0.1:8070") },
            r#""kind":"server_failed","trouble":{"code":"address-in-use","args":{"address":"127.0.0.1:8070"}}"#,
        );
        check(
            Fact::TlsRefused {
                service: TlsService::Https,
                peer: "192.168.1.7:5".into(),
                trouble: Trouble::new("plain-on-tls").with("what", "HTTP"),
            },
            r#""kind":"tls_refused","service":"https","peer":"192.168.1.7:5","trouble":{"code":"plain-on-tls","args":{"what":"HTTP"}}"#,
        );
        check(
            Fact::LinesMoved { port: "COM3".into(), line: LineMove::BootLoader },
            r#""kind":"lines_moved","port":"COM3","line":"boot-loader""#,
        );
        check(Fact::PortBound { port: "COM3".into(), device: None }, r#""kind":"port_bound","port":"COM3""#);
        check(
            Fact::FileEnded { port: "COM3".into(), name: None, sent: 9, complete: false, sha256: None, trouble: None },
            r#""kind":"file_ended","port":"COM3","sent":9,"complete":false"#,
        );
        check(
            Fact::RepeatSet { port: "COM3".into(), name: "ping".into(), every_ms: Some(1_000) },
            r#""kind":"repeat_set","port":"COM3","name":"ping","every_ms":1000"#,
        );
        check(
            Fact::DeadlineReached { upgrade: 1, deadline: Deadline::Silence },
            r#""kind":"deadline_reached","upgrade":1,"deadline":"silence""#,
        );
        check(
            Fact::UpgradeRequested {
                order: Arc::new(UpgradeOrder {
                    upgrade: 1,
                    device: DeviceId::new("p", "AA:BB"),
                    dialect: "uiot".into(),
                    module: None,
                    name: "l.bin".into(),
                    version: "2".into(),
                    size: 3,
                    md5: "m".into(),
                    sha256: "s".into(),
                    url: "http://h/x?y".into(),
                    path: "/x?y".into(),
                    timeout_secs: Some(60),
                    task: None,
                    extras: Extras::default(),
                    faults: Vec::new(),
                    replay: None,
                }),
            },
            r#""kind":"upgrade_requested","order":{"upgrade":1,"device":"p/AA:BB","dialect":"uiot","name":"l.bin","version":"2","size":3,"md5":"m","sha256":"s","url":"http://h/x?y","path":"/x?y","timeout_secs":60}"#,
        );
    }

    #[test]
    fn a_replay_stands_in_a_capture_in_words_of_its_own() {
        check(
            Fact::ReplayStarted {
                replay: 1,
                source: "a.jsonl".into(),
                target: "127.0.0.1:1883".into(),
                downstream: false,
                device: Some(DeviceId::new("p", "d").into()),
                speed: "2.5".into(),
                messages: 23,
                rounds: 2,
            },
            r#""kind":"replay_started","replay":1,"source":"a.jsonl","target":"127.0.0.1:1883","downstream":false,"device":"p/d","speed":"2.5","messages":23,"rounds":2"#,
        );
        check(
            Fact::MessageReplayed {
                replay: 1,
                of: 19,
                client: Some("p.d".into()),
                topic: "/a".into(),
                payload: b"{}"[..].into(),
                qos: 1,
                retain: false,
                waiting: Some(3),
            },
            r#""kind":"message_replayed","replay":1,"of":19,"client":"p.d","topic":"/a","payload":"{}","qos":1,"retain":false,"waiting":3"#,
        );
        check(Fact::ReplayPaused { replay: 1, trouble: None }, r#""kind":"replay_paused","replay":1"#);
        check(Fact::ReplayResumed { replay: 1 }, r#""kind":"replay_resumed","replay":1"#);
        check(
            Fact::ReplayEnded { replay: 1, sent: 7, of: 46, trouble: Some(Trouble::new("replay-lost")) },
            r#""kind":"replay_ended","replay":1,"sent":7,"of":46,"trouble":{"code":"replay-lost","args":{}}"#,
        );
    }

    #[test]
    fn what_only_one_cloud_announces_survives_the_round_trip() {
        let file = OrderedFile {
            name: "b.bin".into(),
            size: 4,
            md5: "n".into(),
            sha256: "t".into(),
            url: "http://h/z".into(),
            path: "/z".into(),
        };
        let extras = Extras {
            sha256: true,
            differential: true,
            tags: vec![("b".into(), "1".into()), ("a".into(), "2".into())],
            stream: Some(1_397_345),
            files: vec![file],
        };
        let mut line = Vec::new();
        extras.put("extras", &mut line);
        let object = format!("{{{}}}", String::from_utf8_lossy(&line[1..]));
        let object: Value = serde_json::from_str(&object).unwrap();
        assert_eq!(Extras::take(object.as_object().unwrap(), "extras"), Some(extras));
        let mut line = Vec::new();
        Extras::default().put("extras", &mut line);
        assert!(line.is_empty(), "an ordinary push carries nothing of it");
    }

    #[test]
    fn armed_faults_stand_in_a_capture_as_they_are_typed() {
        let faults: Vec<Fault> = ["wrong-size:-1", "stall:4096,2.5"].map(|fault| fault.parse().unwrap()).into();
        let mut line = Vec::new();
        faults.put("faults", &mut line);
        assert_eq!(String::from_utf8_lossy(&line), r#","faults":["wrong-size:-1","stall:4096,2.5"]"#);
        let object = format!("{{{}}}", String::from_utf8_lossy(&line[1..]));
        let object: Value = serde_json::from_str(&object).unwrap();
        let object = object.as_object().unwrap();
        assert_eq!(Vec::<Fault>::take(object, "faults"), Some(faults));
        assert_eq!(Vec::<Fault>::take(object, "none"), Some(Vec::new()), "a capture from before there were any");
        let fault = Fault::Cut { offset: 4_096 };
        check(
            Fact::FaultActed { upgrade: 1, fault: fault.into(), place: Some(4_096), request: Some(2) },
            r#""kind":"fault_acted","upgrade":1,"fault":"cut:4096","place":4096,"request":2"#,
        );
    }

    #[test]
    fn a_line_that_is_no_event_says_why() {
        assert_eq!(decode("nonsense"), Err(NoEvent::Malformed));
        assert_eq!(decode(r#"{"seq":1,"at":2}"#), Err(NoEvent::Malformed));
        assert_eq!(decode(r#"{"seq":1,"at":2,"kind":"novelty"}"#), Err(NoEvent::UnknownKind("novelty".into())));
        assert_eq!(decode(r#"{"seq":1,"at":2,"kind":"gap","source":5}"#), Err(NoEvent::WrongFields("gap".into())));
    }

    proptest! {
        #[test]
        fn any_message_survives_the_round_trip(topic: String, payload: Vec<u8>, qos in 0_u8..3, at: u64, client: Option<String>) {
            let fact = Fact::MessageReceived {
                client: client.map(Into::into), topic: topic.into(), payload: payload.into(), qos, retain: qos == 2,
            };
            let event = Event { seq: 1, at: Micros(at), fact };
            let mut line = Vec::new();
            encode(&event, &mut line);
            prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
            prop_assert_eq!(decode(std::str::from_utf8(&line).unwrap()), Ok(event));
        }
    }
}
