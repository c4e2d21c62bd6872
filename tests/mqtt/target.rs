//! A broker that lets everybody in and does with each message what a test wants.

use super::DEADLINE;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// What is done with a message that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is acknowledged, if that was asked for.
    Take,
    /// It arrives, and the connection breaks off before it is acknowledged.
    TakeAndDrop,
    /// It does not arrive, and the connection breaks off.
    Drop,
    /// It arrives, and from now on nothing is answered.
    FallSilent,
}

/// What happens to a message, by the number of its connection, its own in that connection, and what is in it.
pub type Policy = dyn Fn(u64, u64, &str) -> Deed + Send + Sync;

/// The broker.
pub struct Target {
    pub address: SocketAddr,
    /// What arrived, with the number of its connection.
    pub arrived: Receiver<(u64, String)>,
    /// Each connection, to be cut by hand.
    pub connections: Receiver<TcpStream>,
}

impl Target {
    pub fn start(policy: impl Fn(u64, u64, &str) -> Deed + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (tell, arrived) = sync_channel(1_000_000);
        let (hand_out, connections) = sync_channel(1_000);
        let policy: Arc<Policy> = Arc::new(policy);
        let serve = move || {
            for (number, stream) in (0..).zip(listener.incoming().map_while(Result::ok)) {
                let (tell, policy) = (tell.clone(), Arc::clone(&policy));
                let _ = hand_out.try_send(stream.try_clone().expect("a second handle"));
                let one = move || {
                    let cut = stream.try_clone().expect("a second handle");
                    serve_one(stream, number, &tell, &*policy);
                    let _ = cut.shutdown(Shutdown::Both);
                };
                std::thread::Builder::new().name("target connection".into()).spawn(one).expect("a thread");
            }
        };
        std::thread::Builder::new().name("target".into()).spawn(serve).expect("a thread");
        Self { address, arrived, connections }
    }

    /// What arrived so far, by number.
    pub fn numbers(&self) -> Vec<u64> {
        self.arrived.try_iter().map(|(_, payload)| payload.parse().expect("a number")).collect()
    }

    /// The next connection.
    pub fn connection(&self) -> TcpStream {
        self.connections.recv_timeout(DEADLINE).expect("somebody connects")
    }
}

fn serve_one(mut stream: TcpStream, number: u64, tell: &SyncSender<(u64, String)>, policy: &Policy) -> Option<()> {
    let (mut seen, mut silent) = (0, false);
    loop {
        let [first] = bytes(&mut stream)?;
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let [byte] = bytes(&mut stream)?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let answer = match first >> 4 {
            1 => vec![0x20, 2, 0, 0],
            8 => vec![0x90, 3, body[0], body[1], 1],
            12 => vec![0xd0, 0],
            14 => return None,
            3 => {
                let topic = usize::from(u16::from_be_bytes([body[0], body[1]])) + 2;
                let qos = first >> 1 & 3;
                let payload = String::from_utf8_lossy(&body[if qos == 0 { topic } else { topic + 2 }..]).into_owned();
                let deed = policy(number, seen, &payload);
                seen += 1;
                if deed != Deed::Drop {
                    tell.send((number, payload)).ok()?;
                }
                if matches!(deed, Deed::Drop | Deed::TakeAndDrop) {
                    return None;
                }
                silent |= deed == Deed::FallSilent;
                if qos == 0 { Vec::new() } else { vec![0x40, 2, body[topic], body[topic + 1]] }
            }
            _ => Vec::new(),
        };
        if !silent {
            stream.write_all(&answer).ok()?;
        }
    }
}

fn bytes<const N: usize>(stream: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
