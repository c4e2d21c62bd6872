//! Clients that are slow, greedy, broken or many: each is told of, and none holds up another.

use super::{Bench, Client, Fact, Firmware, HOUR, image, offers, status};
use crate::io::Inbox;
use crate::io::server::{FirmwareServer, Limits};
use std::sync::Arc;
use std::time::Duration;

impl Bench {
    fn with_limits(limits: Limits) -> Self {
        let (inbox, facts) = Inbox::new();
        let offers = offers();
        let server = FirmwareServer::start_within(limits, "127.0.0.1:0", Arc::clone(&offers), inbox).expect("a port");
        Self { server, offers, facts }
    }

    /// The next connection that brought no request: the answer's status and the reason.
    fn refused(&self) -> (u16, String) {
        loop {
            if let Fact::RequestRefused { status, trouble, .. } = self.fact() {
                return (status, trouble.code.to_string());
            }
        }
    }
}

#[test]
fn what_came_instead_of_a_request_is_told() {
    let bench = Bench::new();
    let check = |sent: &[u8], status: u16, code: &str| {
        bench.client().send_bytes(sent);
        assert_eq!(bench.refused(), (status, code.to_owned()));
    };
    check(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 0, "tls-on-plain");
    check(b"\x10\x12\0\x04MQTT\x04\x02\0\x3c", 0, "mqtt-on-http");
    check(b"\0\x01\x02", 400, "not-http");
    check(&vec![b'A'; 20_000], 414, "request-too-long");
}

#[test]
fn a_client_that_sends_far_too_much_still_reads_why_it_is_turned_away() {
    let bench = Bench::new();
    let mut long_line = bench.client();
    long_line.send(&format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(1_000_000)));
    assert_eq!(status(&long_line.head()), "414");
    let mut many_headers = bench.client();
    many_headers.send(&format!("GET / HTTP/1.1\r\n{}\r\n", "X-Header: value\r\n".repeat(10_000)));
    assert_eq!(status(&many_headers.head()), "431");
    assert!(many_headers.is_closed());
}

#[test]
fn a_request_that_is_never_finished_is_answered_408_and_told() {
    let bench = Bench::with_limits(Limits { asking: Duration::from_millis(50), ..Limits::default() });
    let mut client = bench.client();
    client.send("GET / HTTP/1.1\r\nHost:");
    assert_eq!(status(&client.head()), "408");
    assert_eq!(bench.refused(), (408, "request-unfinished".to_owned()));
    assert!(client.is_closed());
}

#[test]
fn a_connection_nobody_uses_is_closed_without_a_word() {
    let bench = Bench::with_limits(Limits { idle: Duration::from_millis(50), ..Limits::default() });
    assert!(bench.client().is_closed());
}

#[test]
fn a_client_that_takes_nothing_in_is_given_up_and_what_it_got_is_told() {
    let bench = Bench::with_limits(Limits { stalled: Duration::from_millis(50), ..Limits::default() });
    let size = 64 * 1024 * 1024;
    let path = bench.offers.offer(Firmware::from(image(size)), HOUR);
    let mut client = bench.client();
    client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
    let (status, _, length, sent, complete) = bench.served();
    assert_eq!((status, length, complete), (200, size as u64, false));
    assert!(sent < length, "{sent} of {length}");
}

#[test]
fn a_flood_of_connections_takes_the_place_of_idle_ones_only() {
    let bench = Bench::with_limits(Limits { connections: 4, ..Limits::default() });
    let path = bench.offers.offer(Firmware::from(image(16 * 1024 * 1024)), HOUR);
    let busy: Vec<Client> = (0..3)
        .map(|_| {
            let mut client = bench.client();
            client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
            client.head();
            client
        })
        .collect();
    let mut idle = bench.client();
    assert_eq!(status(&idle.ask("/", "").0), "404");
    let mut next = bench.client();
    assert_eq!(status(&next.ask(&path, "Range: bytes=0-9\r\n").0), "206");
    assert!(idle.is_closed(), "the idle one made room");
    next.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
    next.head();
    let mut refused = bench.client();
    assert!(refused.is_closed());
    assert_eq!(bench.refused(), (0, "server-full".to_owned()));
    drop(busy);
}

#[test]
fn hundreds_of_devices_that_connect_together_and_stay_are_all_answered() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(10_000)), HOUR);
    let mut clients: Vec<Client> = (0..500).map(|_| bench.client()).collect();
    for client in &mut clients {
        client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
    }
    for client in &mut clients {
        assert_eq!(client.answer().1.len(), 10_000);
    }
}

#[test]
fn a_long_answer_is_told_of_while_it_is_under_way() {
    let bench = Bench::with_limits(Limits { progress: Duration::ZERO, ..Limits::default() });
    let size = 16 * 1024 * 1024;
    let path = bench.offers.offer(Firmware::from(image(size)), HOUR);
    let mut client = bench.client();
    assert_eq!(client.ask(&path, "").1.len(), size);
    let mut last = 0;
    loop {
        match bench.fact() {
            Fact::RangeProgressed { offset, sent, .. } => {
                assert!(offset == 0 && last < sent && sent < size as u64, "{sent} after {last}");
                last = sent;
            }
            Fact::RangeServed { sent, complete, .. } => break assert_eq!((sent, complete), (size as u64, true)),
            _ => {}
        }
    }
    assert!(last > 0, "nothing was told before the end");
}
