//! Devices that do not get through the handshake: each is told why, and none holds up another.

use crate::bench::{Device, Secured, plain, to_the_end};
use ota_workbench::event::TlsService;
use ota_workbench::io::tls::{Authority, Limits, Trust};
use std::io::Write;
use std::time::Duration;

/// The `ClientHello` of a device whose TLS library knows only RSA key exchange with CBC, as Alibaba Cloud's C-SDK 3.x builds
/// it: TLS 1.2, the suites 0x3c, 0x2f and the renegotiation signal, signatures with RSA.
const RSA_WITH_CBC: &[u8] = &[
    0x16, 0x03, 0x01, 0x00, 0x43, 0x01, 0x00, 0x00, 0x3f, 0x03, 0x03, 0x5f, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a,
    0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x00, 0x00, 0x06, 0x00, 0x3c, 0x00, 0x2f, 0x00, 0xff, 0x01, 0x00, 0x00, 0x10, 0x00,
    0x0d, 0x00, 0x0c, 0x00, 0x0a, 0x06, 0x01, 0x05, 0x01, 0x04, 0x01, 0x03, 0x01, 0x02, 0x01,
];

/// The same with other suites, each two bytes, three of them.
fn with_suites(suites: [u16; 3]) -> Vec<u8> {
    let mut hello = RSA_WITH_CBC.to_vec();
    let at = hello.windows(4).position(|four| four == [0x00, 0x3c, 0x00, 0x2f]).unwrap();
    hello[at..at + 6].copy_from_slice(&suites.map(u16::to_be_bytes).concat());
    hello
}

fn check_refused(opening: &[u8], code: &str, words: &str, alert: Option<u8>) {
    let mut bench = Secured::broker(Limits::of(TlsService::Mqtts));
    let mut socket = plain(bench.tls.address());
    let own = socket.local_addr().unwrap().to_string();
    socket.write_all(opening).unwrap();
    let answer = to_the_end(socket);
    match alert {
        // A fatal alert in a record of its own.
        Some(alert) => assert!(matches!(answer[..], [0x15, 3, _, 0, 2, 2, told] if told == alert), "{answer:02x?}"),
        None => assert!(answer.is_empty(), "{answer:02x?} could be taken for an answer"),
    }
    let (peer, trouble) = bench.refused();
    assert_eq!((peer, &*trouble.code), (own, code));
    assert!(trouble.args.iter().any(|(_, value)| value.contains(words)), "{trouble:?}");
    // The next one is served.
    bench.connect().sign_in("lamp");
}

#[test]
fn a_device_with_rsa_key_exchange_and_cbc_only_is_told_what_it_offers() {
    let both = "TLS 1.2: TLS_RSA_WITH_AES_128_CBC_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA";
    check_refused(RSA_WITH_CBC, "tls-too-old", both, Some(40));
}

#[test]
fn a_device_that_ends_with_tls_1_1_is_told_its_version() {
    let mut hello = RSA_WITH_CBC.to_vec();
    hello[10] = 2;
    check_refused(&hello, "tls-too-old", "TLS 1.1: ", Some(70));
}

#[test]
fn a_device_without_ecdsa_is_told_that_the_certificate_is_of_another_kind() {
    let hello = with_suites([0xc02f, 0xc030, 0x003c]);
    check_refused(&hello, "tls-rsa-only", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", Some(40));
}

#[test]
fn a_device_that_forgot_tls_is_told_so() {
    check_refused(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04lamp", "plain-on-tls", "MQTT", None);
    check_refused(b"GET /fw.bin HTTP/1.1\r\nHost: bench\r\n\r\n", "plain-on-tls", "HTTP", None);
    check_refused(b"\x00\x01\x02\x03", "plain-on-tls", "00 01 02 03", None);
}

#[test]
fn a_device_that_does_not_trust_the_bench_is_told_from_its_alert() {
    let mut bench = Secured::server();
    let stranger = tempfile::tempdir().unwrap();
    Authority::open(stranger.path()).unwrap();
    let trust = Trust { ca: Some(stranger.path().join("ca.pem")), ..Trust::default() };
    let device = Device::connect(bench.tls.address(), "127.0.0.1", &trust.client_config().unwrap());
    let refused = device.err().unwrap().to_string();
    assert!(refused.contains("UnknownIssuer") || refused.contains("certificate"), "{refused}");
    let (_, trouble) = bench.refused();
    // Both authorities have names of their own, so that no device takes one for the other.
    assert_eq!((&*trouble.code, trouble.arg("alert")), ("tls-untrusted", Some("UnknownCA")));
}

#[test]
fn a_device_that_leaves_in_the_middle_is_told_and_one_that_only_looked_is_not() {
    let mut bench = Secured::server();
    drop(plain(bench.tls.address()));
    let mut socket = plain(bench.tls.address());
    let own = socket.local_addr().unwrap().to_string();
    socket.write_all(&RSA_WITH_CBC[..20]).unwrap();
    drop(socket);
    let (peer, trouble) = bench.refused();
    assert_eq!((peer, &*trouble.code), (own, "tls-broken-off"));
}

#[test]
fn a_handshake_that_stalls_holds_up_nobody_and_ends_in_its_time() {
    let limits = Limits { handshake: Duration::from_secs(2), ..Limits::of(TlsService::Mqtts) };
    let mut bench = Secured::broker(limits);
    let stalled: Vec<_> = (0..20)
        .map(|_| {
            let mut socket = plain(bench.tls.address());
            socket.write_all(&RSA_WITH_CBC[..30]).unwrap();
            socket
        })
        .collect();
    bench.connect().sign_in("lamp");
    for _ in &stalled {
        let (_, trouble) = bench.refused();
        assert_eq!((&*trouble.code, trouble.arg("secs")), ("tls-stalled", Some("2")));
    }
    for socket in stalled {
        assert!(to_the_end(socket).is_empty(), "its connection has ended");
    }
}

#[test]
fn one_connection_too_many_is_turned_away_and_a_place_that_is_free_again_is_given() {
    let limits = Limits { connections: 2, ..Limits::of(TlsService::Mqtts) };
    let mut bench = Secured::broker(limits);
    let (mut first, mut second) = (bench.connect(), bench.connect());
    first.sign_in("first");
    second.sign_in("second");
    assert!(to_the_end(plain(bench.tls.address())).is_empty());
    assert_eq!(bench.refused().1.code, "tls-full");
    drop(first);
    crate::program::wait_for("a free place", || {
        Device::connect(bench.tls.address(), "127.0.0.1", &bench.trusted()).ok()
    });
}

#[test]
fn a_connection_on_which_nothing_passes_is_let_go() {
    let limits = Limits { quiet: Duration::from_millis(300), ..Limits::of(TlsService::Mqtts) };
    let bench = Secured::broker(limits);
    let mut device = bench.connect();
    device.sign_in("lamp");
    let socket = device.0.sock.try_clone().unwrap();
    to_the_end(socket);
}
