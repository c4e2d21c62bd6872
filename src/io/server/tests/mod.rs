//! The firmware server over real loopback connections, byte for byte.

mod faulty;
mod rough;
mod table;

use super::{Firmware, FirmwareServer, Offers};
use crate::event::Fact;
use crate::io::{Inbox, InboxReader, Input};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use std::time::Duration;

const HOUR: Duration = Duration::from_hours(1);
/// A test that waits this long has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// Bytes that differ from place to place.
fn image(size: usize) -> Arc<[u8]> {
    (0..size).map(|place| u8::try_from(place * 31 % 251).unwrap()).collect()
}

fn offers() -> Arc<Offers> {
    Arc::new(Offers::new().expect("random"))
}

struct Bench {
    server: FirmwareServer,
    offers: Arc<Offers>,
    facts: InboxReader,
}

impl Bench {
    fn new() -> Self {
        let (inbox, facts) = Inbox::new();
        let offers = offers();
        let server = FirmwareServer::start("127.0.0.1:0", Arc::clone(&offers), inbox).expect("a free port");
        Self { server, offers, facts }
    }

    fn client(&self) -> Client {
        Client::new(self.server.address())
    }

    fn fact(&self) -> Fact {
        match self.facts.recv_timeout(DEADLINE) {
            Ok(Input::Fact(fact)) => fact,
            other => panic!("no fact: {other:?}"),
        }
    }

    /// The next answer that left: status, offset, length, sent, complete.
    fn served(&self) -> (u16, u64, u64, u64, bool) {
        loop {
            if let Fact::RangeServed { status, offset, length, sent, complete, .. } = self.fact() {
                return (status, offset, length, sent, complete);
            }
        }
    }
}

struct Client(TcpStream);

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("connect");
        stream.set_read_timeout(Some(DEADLINE)).expect("timeout");
        stream.set_nodelay(true).expect("nodelay");
        Self(stream)
    }

    fn send(&mut self, text: &str) {
        self.send_bytes(text.as_bytes());
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("send");
    }

    /// The head, to its empty line.
    fn head(&mut self) -> String {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).expect("head");
            head.push(byte[0]);
        }
        String::from_utf8(head).expect("text")
    }

    fn answer(&mut self) -> (String, Vec<u8>) {
        let head = self.head();
        let body = self.body(length(&head));
        (head, body)
    }

    fn body(&mut self, length: usize) -> Vec<u8> {
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("body");
        body
    }

    fn ask(&mut self, path: &str, headers: &str) -> (String, Vec<u8>) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n"));
        self.answer()
    }

    fn is_closed(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

/// What a device that looks for the name case-sensitively reads.
fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    line.expect("Content-Length").parse().expect("number")
}

/// A head with the date of an example in place of today's.
fn undated(head: &str) -> String {
    let lines = head.split_inclusive("\r\n").map(|line| match line.split_once(": ") {
        Some((name @ ("Date" | "Last-Modified"), _)) => format!("{name}: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
        _ => line.to_owned(),
    });
    lines.collect()
}

fn status(head: &str) -> &str {
    head.strip_prefix("HTTP/1.1 ").expect("HTTP/1.1").get(..3).expect("status")
}

#[test]
fn a_device_that_downloads_in_ranges_of_4097_bytes_gets_the_image_whole() {
    let bench = Bench::new();
    let image = image(40_000);
    let path = bench.offers.offer(Firmware::from(image.clone()), HOUR);
    let mut client = bench.client();
    let mut received = Vec::new();
    let mut offset = 0;
    while offset < image.len() {
        let (head, body) = client.ask(&path, &format!("Range: bytes={offset}-{}\r\n", offset + 4_096));
        let last = (offset + 4_096).min(image.len() - 1);
        assert_eq!(status(&head), "206");
        assert!(head.contains(&format!("\r\nContent-Range: bytes {offset}-{last}/40000\r\n")), "{head}");
        assert_eq!(bench.served(), (206, offset as u64, body.len() as u64, body.len() as u64, true));
        received.extend(body);
        offset += 4_097;
    }
    assert_eq!(received, image.as_ref());
}

#[test]
fn every_byte_of_the_head_is_one_that_the_clouds_sdks_can_read() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(20_000)), HOUR);
    let mut client = bench.client();
    let golden = "HTTP/1.1 206 Partial Content\r\n\
                  Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                  Content-Type: application/octet-stream\r\n\
                  Content-Length: 4097\r\n\
                  ETag: \"51f4773eb9da429a4d38e7639419834e\"\r\n\
                  Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                  Accept-Ranges: bytes\r\n\
                  Content-Range: bytes 4097-8193/20000\r\n\
                  Connection: keep-alive\r\n\r\n";
    assert_eq!(undated(&client.ask(&path, "Range: bytes=4097-8193\r\n").0), golden);
    let whole = "HTTP/1.1 200 OK\r\n\
                 Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                 Content-Type: application/octet-stream\r\n\
                 Content-Length: 20000\r\n\
                 ETag: \"51f4773eb9da429a4d38e7639419834e\"\r\n\
                 Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                 Accept-Ranges: bytes\r\n\
                 Connection: close\r\n\r\n";
    assert_eq!(undated(&client.ask(&path, "Connection: close\r\n").0), whole);
    assert!(golden.len() < 400 && golden.lines().all(|line| line.len() <= 118));
}

#[test]
fn whatever_a_device_asks_for_it_is_answered_exactly_that() {
    let bench = Bench::new();
    let image = image(150_000);
    let path = bench.offers.offer(Firmware::from(image.clone()), HOUR);
    let check = |headers: &str, expected: &str, part: std::ops::Range<usize>| {
        let (head, body) = bench.client().ask(&path, headers);
        assert_eq!(status(&head), expected, "{headers}");
        assert!(body == image[part.clone()], "{headers} gives {part:?}");
        assert_eq!(
            bench.served(),
            (expected.parse().unwrap(), part.start as u64, part.len() as u64, part.len() as u64, true)
        );
    };
    check("", "200", 0..150_000);
    check("Range: bytes=0-\r\n", "206", 0..150_000);
    check("range: bytes=57344-\r\n", "206", 57_344..150_000);
    check("Range: bytes=149999-149999\r\n", "206", 149_999..150_000);
    check("Range: bytes=-500\r\n", "206", 149_500..150_000);
    check("Range: bytes=0-1,5-6\r\n", "200", 0..150_000);
    check("Range: nonsense\r\n", "200", 0..150_000);
    check("Accept-Encoding: gzip\r\nTE: chunked\r\n", "200", 0..150_000);
    check("Content-Length: 0\r\nRange: bytes=0-\r\n", "206", 0..150_000);
    check("Content-Length: 5\r\n\r\nhello", "200", 0..150_000);
}

#[test]
fn what_is_not_served_says_why_in_its_status() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(100)), HOUR);
    let expired = bench.offers.offer(Firmware::from(image(100)), Duration::ZERO);
    let withdrawn = bench.offers.offer(Firmware::from(image(100)), HOUR);
    bench.offers.withdraw(&withdrawn);
    let mut client = bench.client();
    let mut check = |request: &str, expected: &str, header: &str| {
        client.send(&format!("{request} HTTP/1.1\r\nHost: bench\r\nRange: bytes=100-\r\n\r\n"));
        let (head, body) = client.answer();
        assert_eq!(status(&head), expected, "{request}");
        assert!(head.contains(header) && head.contains("\r\nContent-Type: text/plain\r\n"), "{head}");
        assert!(!body.is_empty());
        assert_eq!(bench.served(), (expected.parse().unwrap(), 0, body.len() as u64, body.len() as u64, true));
    };
    check(&format!("GET {path}"), "416", "\r\nContent-Range: bytes */100\r\n");
    check(&format!("GET {expired}"), "403", "");
    check(&format!("GET {withdrawn}"), "404", "");
    check(&format!("GET {path}x"), "404", "");
    check("GET /", "404", "");
    check(&format!("GET {}", path.split('?').next().unwrap()), "404", "");
    check(&format!("GET {}", path.replace('&', "&amp;")), "404", "");
    check(&format!("POST {path}"), "405", "\r\nAllow: GET, HEAD\r\n");
    check(&format!("BREW {path}"), "405", "");
}

#[test]
fn a_head_request_is_told_the_size_and_sent_no_body() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(20_000)), HOUR);
    let mut client = bench.client();
    client.send(&format!("HEAD {path} HTTP/1.1\r\nHost: bench\r\n\r\n"));
    let head = client.head();
    assert_eq!((status(&head), length(&head)), ("200", 20_000));
    assert_eq!(bench.served(), (200, 0, 0, 0, true));
    client.send("HEAD /gone HTTP/1.1\r\nHost: bench\r\n\r\n");
    assert_eq!(status(&client.head()), "404");
    // Anything of a body would stand in front of this answer.
    assert_eq!(client.ask(&path, "").1.len(), 20_000);
}

#[test]
fn a_client_of_http_1_0_gets_its_image_and_the_connection_ends() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(50_000)), HOUR);
    let mut client = bench.client();
    client.send(&format!("GET {path} HTTP/1.0\r\n\r\n"));
    let (head, body) = client.answer();
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert_eq!(body.len(), 50_000);
    assert!(client.is_closed());
    let mut lasting = bench.client();
    for _ in 0..2 {
        lasting.send(&format!("GET {path} HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
        assert!(lasting.answer().0.contains("\r\nConnection: keep-alive\r\n"));
    }
}

#[test]
fn a_device_that_writes_the_whole_url_into_its_request_is_served() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(100)), HOUR);
    let (head, _) = bench.client().ask(&format!("http://{}{path}", bench.server.address()), "");
    assert_eq!(status(&head), "200");
}

#[test]
fn requests_sent_without_waiting_are_answered_in_their_order() {
    let bench = Bench::new();
    let image = image(300_000);
    let path = bench.offers.offer(Firmware::from(image.clone()), HOUR);
    let mut client = bench.client();
    client.send(&format!(
        "GET {path} HTTP/1.1\r\n\r\nGET {path} HTTP/1.1\r\nRange: bytes=7-9\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    ));
    assert!(client.answer().1 == image.as_ref());
    assert_eq!(client.answer().1, image[7..10]);
    assert_eq!(status(&client.answer().0), "404");
}

#[test]
fn a_device_that_asks_to_close_sees_the_connection_end_after_the_last_byte() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(200_000)), HOUR);
    let mut client = bench.client();
    assert_eq!(client.ask(&path, "Connection: close\r\n").1.len(), 200_000);
    assert!(client.is_closed());
}

#[test]
fn the_session_hears_of_a_request_when_it_comes_and_when_its_answer_has_left() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(100)), HOUR);
    let mut client = bench.client();
    client.ask(&path, "Range: bytes=10-19\r\n");
    let peer = client.0.local_addr().unwrap().to_string();
    let Fact::RequestReceived { request, peer: told, method, path: asked, range } = bench.fact() else {
        panic!("order")
    };
    assert_eq!([&*told, &*method, &*asked], [&*peer, "GET", &*path]);
    assert_eq!(range.as_deref(), Some("bytes=10-19"));
    let served =
        Fact::RangeServed { request, path: path.into(), status: 206, offset: 10, length: 10, sent: 10, complete: true };
    assert_eq!(bench.fact(), served);
    client.ask(&format!("/{}", "x".repeat(5_000)), "");
    let Fact::RequestReceived { request: next, path: cut, .. } = bench.fact() else { panic!("order") };
    assert!(next > request, "a request keeps its own number");
    assert_eq!(cut.len(), 1_024);
}

#[test]
fn a_device_that_vanishes_in_the_middle_is_not_counted_as_served() {
    let bench = Bench::new();
    let size = 64 * 1024 * 1024;
    let path = bench.offers.offer(Firmware::from(image(size)), HOUR);
    let mut client = bench.client();
    client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
    client.head();
    drop(client);
    let (status, offset, length, sent, complete) = bench.served();
    assert_eq!((status, offset, length, complete), (200, 0, size as u64, false));
    assert!(sent < length, "{sent} of {length}");
}

#[test]
fn devices_that_take_nothing_in_do_not_keep_others_waiting() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(16 * 1024 * 1024)), HOUR);
    let stuck: Vec<Client> = (0..24)
        .map(|_| {
            let mut client = bench.client();
            client.send(&format!("GET {path} HTTP/1.1\r\n\r\n"));
            client.head();
            client
        })
        .collect();
    assert_eq!(status(&bench.client().ask(&path, "Range: bytes=0-9\r\n").0), "206");
    drop(stuck);
}

#[test]
fn what_is_not_http_does_not_bring_the_server_down() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(100)), HOUR);
    let odd = [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 9000000000000000\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        "GET / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\nExpect: miracles\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n",
        "GET http:// HTTP/1.1\r\n\r\n",
    ];
    for request in odd {
        let mut client = bench.client();
        client.send(request);
        drop(client);
        assert_eq!(status(&bench.client().ask(&path, "").0), "200", "after {request:?}");
    }
}

#[test]
fn the_port_is_free_at_once_when_the_server_stops() {
    let bench = Bench::new();
    let address = bench.server.address();
    let path = bench.offers.offer(Firmware::from(image(100)), HOUR);
    let mut open = bench.client();
    open.ask(&path, "");
    bench.server.stop();
    let (inbox, _facts) = Inbox::new();
    let again = FirmwareServer::start(&address.to_string(), Arc::clone(&bench.offers), inbox).expect("the same port");
    assert_eq!(again.address(), address);
    assert_eq!(status(&Client::new(address).ask(&path, "").0), "200", "a device goes on where it was");
}

#[test]
fn a_port_that_somebody_else_has_is_named() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let trouble = FirmwareServer::start(&address, offers(), Inbox::new().0).err().expect("in use");
    assert_eq!((trouble.code.as_ref(), trouble.arg("address")), ("address-in-use", Some(address.as_str())));
}

#[test]
fn a_request_with_a_large_body_is_turned_away_and_told() {
    let bench = Bench::new();
    let path = bench.offers.offer(Firmware::from(image(100)), HOUR);
    for announced in [1_000_000, 9_000_000_000_000_000_u64] {
        let mut client = bench.client();
        client.send(&format!("POST {path} HTTP/1.1\r\nContent-Length: {announced}\r\n\r\n"));
        assert_eq!(status(&client.head()), "413");
        assert!(matches!(bench.fact(), Fact::RequestReceived { method, .. } if method == "POST"));
        assert_eq!(bench.served().0, 413);
    }
    assert_eq!(status(&bench.client().ask(&path, "").0), "200", "the next device is served");
}
