//! MQTT packets of the versions 3.1, 3.1.1 and, without any properties, 5.

use crate::event::Client;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const PUBACK: u8 = 0x40;
const PUBREC: u8 = 0x50;
const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const UNSUBSCRIBE: u8 = 0xA2;
const UNSUBACK: u8 = 0xB0;
const DISCONNECT: u8 = 0xE0;

/// The protocol level from which on packets have properties.
const WITH_PROPERTIES: u8 = 5;

pub(super) fn connect(client: &Client) -> Vec<u8> {
    let mut body = Vec::new();
    text(if client.level == 3 { "MQIsdp" } else { "MQTT" }, &mut body);
    body.push(client.level);
    let username = if client.username.is_some() { 0x80 } else { 0 };
    body.push(username | if client.clean { 2 } else { 0 });
    body.extend(client.keep_alive_secs.to_be_bytes());
    properties(client.level, &mut body);
    text(&client.name, &mut body);
    if let Some(username) = &client.username {
        text(username, &mut body);
    }
    packet(CONNECT, &body)
}

/// The answer to a CONNECT: 0, or why not.
pub(super) fn connack(level: u8, code: u8) -> Vec<u8> {
    // MQTT 5 has other numbers for the same two.
    let code = match code {
        4 if level >= WITH_PROPERTIES => 0x86,
        5 if level >= WITH_PROPERTIES => 0x87,
        code => code,
    };
    let mut body = vec![0, code];
    properties(level, &mut body);
    packet(CONNACK, &body)
}

/// A message; `number` where its `QoS` needs one.
pub(super) fn publish(level: u8, topic: &str, payload: &[u8], qos: u8, retain: bool, number: u16) -> Vec<u8> {
    let qos = qos.min(2);
    let mut body = Vec::with_capacity(topic.len() + payload.len() + 5);
    text(topic, &mut body);
    if qos > 0 {
        body.extend(number.to_be_bytes());
    }
    properties(level, &mut body);
    body.extend(payload);
    packet(PUBLISH | qos << 1 | u8::from(retain), &body)
}

/// What follows a message until it is acknowledged: from whom it came to (`true`) or from who sent it.
pub(super) fn acknowledge(qos: u8, number: u16) -> Vec<(bool, Vec<u8>)> {
    let ack = |sort| packet(sort, &number.to_be_bytes());
    match qos {
        0 => Vec::new(),
        1 => vec![(true, ack(PUBACK))],
        _ => vec![(true, ack(PUBREC)), (false, ack(PUBREL)), (true, ack(PUBCOMP))],
    }
}

pub(super) fn subscribe(level: u8, filter: &str, qos: u8, number: u16) -> [Vec<u8>; 2] {
    let mut body = number.to_be_bytes().to_vec();
    properties(level, &mut body);
    text(filter, &mut body);
    body.push(qos.min(2));
    let mut answer = number.to_be_bytes().to_vec();
    properties(level, &mut answer);
    answer.push(qos.min(2));
    [packet(SUBSCRIBE, &body), packet(SUBACK, &answer)]
}

pub(super) fn unsubscribe(level: u8, filter: &str, number: u16) -> [Vec<u8>; 2] {
    let mut body = number.to_be_bytes().to_vec();
    properties(level, &mut body);
    text(filter, &mut body);
    let mut answer = number.to_be_bytes().to_vec();
    if level >= WITH_PROPERTIES {
        answer.extend([0, 0]);
    }
    [packet(UNSUBSCRIBE, &body), packet(UNSUBACK, &answer)]
}

pub(super) fn disconnect() -> Vec<u8> {
    packet(DISCONNECT, &[])
}

fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(body.len() + 5);
    packet.push(first);
    let mut length = body.len();
    loop {
        let seven = u8::try_from(length & 0x7F).unwrap_or_default();
        length >>= 7;
        packet.push(if length > 0 { seven | 0x80 } else { seven });
        if length == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

/// A text with its length in front. MQTT has none that is longer.
fn text(text: &str, body: &mut Vec<u8>) {
    let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    body.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    body.extend(text);
}

fn properties(level: u8, body: &mut Vec<u8>) {
    if level >= WITH_PROPERTIES {
        body.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::{acknowledge, connack, connect, publish, subscribe};
    use crate::event::Client;

    #[test]
    fn packets_are_those_of_the_standard() {
        let client = Client {
            name: "a".into(),
            username: Some("u".into()),
            address: String::new(),
            level: 4,
            clean: true,
            keep_alive_secs: 60,
        };
        assert_eq!(connect(&client), *b"\x10\x10\x00\x04MQTT\x04\x82\x00\x3c\x00\x01a\x00\x01u");
        assert_eq!(connack(4, 5), *b"\x20\x02\x00\x05");
        assert_eq!(connack(5, 5), *b"\x20\x03\x00\x87\x00");
        assert_eq!(publish(4, "t", b"x", 1, true, 7), *b"\x33\x06\x00\x01t\x00\x07x");
        assert_eq!(publish(5, "t", b"x", 0, false, 7), *b"\x30\x05\x00\x01t\x00x");
        assert_eq!(publish(4, "t", &[0; 200], 0, false, 0)[..3], [0x30, 0xCB, 0x01]);
        assert_eq!(
            subscribe(4, "t", 1, 9),
            [b"\x82\x06\x00\x09\x00\x01t\x01".to_vec(), b"\x90\x03\x00\x09\x01".to_vec()]
        );
        assert_eq!(acknowledge(1, 7), [(true, b"\x40\x02\x00\x07".to_vec())]);
        assert_eq!(acknowledge(2, 7).len(), 3);
    }
}
