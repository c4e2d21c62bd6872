//! MQTT 3.1.1 by hand, so that a client costs next to nothing and the broker is what is measured.

use crate::Failed;
use ota_workbench::dialect::{self, Credentials};
use ota_workbench::event::DeviceId;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub const PUBLISH: u8 = 3;
const PINGREQ: u8 = 12;

/// How the device's cloud is spelt.
pub const DIALECT: &str = "uiot";

/// Who the device is.
pub fn device() -> DeviceId {
    DeviceId::new("bench", "device")
}

/// How it signs in, and what it subscribes to.
pub fn credentials() -> Result<(Credentials, Vec<String>), Failed> {
    let dialect = dialect::find(DIALECT).map_err(|trouble| format!("{trouble:?}"))?;
    Ok((dialect.credentials(&device(), ""), dialect.device_subscriptions(&device())))
}

/// A packet from the other side.
pub struct Packet {
    /// 1 to 14, as MQTT numbers them.
    pub kind: u8,
    /// Bits 2 and 1 of the first byte: a PUBLISH's `QoS`.
    pub qos: u8,
    pub body: Vec<u8>,
}

/// A client that is signed in.
pub struct Client(pub TcpStream);

impl Client {
    /// Signs in with a clean session and no keep-alive.
    pub fn connect(address: SocketAddr, client_id: &str, username: Option<&str>) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let flags = if username.is_some() { 0x82 } else { 0x02 };
        let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0, 0];
        put_text(client_id, &mut body)?;
        if let Some(username) = username {
            put_text(username, &mut body)?;
        }
        let mut client = Self(stream);
        client.0.write_all(&packet(0x10, &body)?)?;
        match client.next()? {
            Packet { kind: 2, body, .. } if body == [0, 0] => Ok(client),
            _ => Err(format!("{client_id} was not let in").into()),
        }
    }

    /// Takes a client in as a broker does that asks nobody anything, and lets it subscribe.
    pub fn accept(listener: &TcpListener) -> Result<Self, Failed> {
        let (stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut client = Self(stream);
        let Packet { kind: 1, .. } = client.next()? else { return Err("not a CONNECT".into()) };
        client.0.write_all(&packet(0x20, &[0, 0])?)?;
        let subscribe = client.next()?;
        if subscribe.kind != 8 {
            return Err("not a SUBSCRIBE".into());
        }
        let number = subscribe.body.get(..2).ok_or("a SUBSCRIBE without a number")?;
        client.0.write_all(&packet(0x90, &[number, &[1]].concat())?)?;
        Ok(client)
    }

    /// Subscribes with `QoS` 1, and waits until it is done.
    pub fn subscribe(&mut self, filter: &str) -> Result<(), Failed> {
        let mut body = vec![0, 1];
        put_text(filter, &mut body)?;
        body.push(1);
        self.0.write_all(&packet(0x82, &body)?)?;
        while self.next()?.kind != 9 {}
        Ok(())
    }

    /// Acknowledges a PUBLISH of `QoS` 1.
    pub fn acknowledge(&mut self, publish: &Packet) -> Result<(), Failed> {
        let topic = publish.body.first_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        let number = publish.body.get(2 + topic..4 + topic).ok_or("a PUBLISH without a number")?;
        Ok(self.0.write_all(&packet(0x40, number)?)?)
    }

    /// The next packet.
    pub fn next(&mut self) -> Result<Packet, Failed> {
        let [first] = self.bytes()?;
        let mut length = 0_usize;
        for place in 0..4 {
            let [byte] = self.bytes()?;
            length |= usize::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        if first >> 4 == PINGREQ {
            self.0.write_all(&packet(0xd0, &[])?)?;
        }
        Ok(Packet { kind: first >> 4, qos: first >> 1 & 3, body })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Failed> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// A PUBLISH with `QoS` 0.
pub fn publish(topic: &str, payload: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    put_text(topic, &mut body)?;
    body.extend_from_slice(payload);
    packet(0x30, &body)
}

fn packet(first: u8, body: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let seven = u8::try_from(left & 0x7f)?;
        left >>= 7;
        packet.push(if left > 0 { seven | 0x80 } else { seven });
        if left == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    Ok(packet)
}

fn put_text(text: &str, body: &mut Vec<u8>) -> Result<(), Failed> {
    body.extend(u16::try_from(text.len())?.to_be_bytes());
    body.extend_from_slice(text.as_bytes());
    Ok(())
}
