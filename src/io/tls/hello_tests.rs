//! What devices open a connection with, and what is read from it.

use super::{Hello, Opening, read};

/// A `ClientHello` by hand, as a device with these suites sends it, in records of at most `piece` bytes.
pub fn client_hello(version: u16, suites: &[u16], extensions: &[u8], piece: usize) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]);
    body.push(0);
    body.extend(u16::try_from(suites.len() * 2).unwrap().to_be_bytes());
    body.extend(suites.iter().flat_map(|suite| suite.to_be_bytes()));
    body.extend([1, 0]);
    if !extensions.is_empty() {
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
    }
    let mut message = vec![1];
    message.extend(&u32::try_from(body.len()).unwrap().to_be_bytes()[1..]);
    message.extend(body);
    let records = message.chunks(piece).map(|chunk| {
        let mut record = vec![0x16, 3, 1];
        record.extend(u16::try_from(chunk.len()).unwrap().to_be_bytes());
        record.extend(chunk);
        record
    });
    records.flatten().collect()
}

fn hello(bytes: &[u8]) -> Hello {
    match read(bytes) {
        Opening::Hello(hello) => hello,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_suites_of_an_old_device_are_named_as_its_source_names_them() {
    let old = client_hello(0x0303, &[0x003c, 0x002f, 0x00ff], &[], 1_000);
    let hello = hello(&old);
    assert_eq!(hello.to_string(), "TLS 1.2: TLS_RSA_WITH_AES_128_CBC_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA");
    assert!(hello.is_modern());
}

#[test]
fn versions_and_host_are_read_from_the_extensions() {
    let mut extensions = vec![0, 0, 0, 10, 0, 8, 0, 0, 5];
    extensions.extend(b"bench");
    // A value that only keeps servers tolerant, TLS 1.3, TLS 1.2.
    extensions.extend([0, 43, 0, 7, 6, 0x1a, 0x1a, 3, 4, 3, 3]);
    let hello = hello(&client_hello(0x0303, &[0x2a2a, 0x1301], &extensions, 1_000));
    assert_eq!(hello.versions, [0x0304, 0x0303]);
    assert_eq!((hello.suites.as_slice(), hello.server_name.as_deref()), (&[0x1301][..], Some("bench")));
}

#[test]
fn a_hello_in_any_pieces_and_records_is_the_same() {
    let whole = client_hello(0x0301, &[0x000a; 9], &[], 1_000);
    let expected = hello(&whole);
    assert!(!expected.is_modern());
    assert!(expected.to_string().ends_with(", +3"), "{expected}");
    for piece in [1, 7, 50] {
        let bytes = client_hello(0x0301, &[0x000a; 9], &[], piece);
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Opening::More, "{end} bytes in records of {piece}");
        }
        assert_eq!(hello(&bytes), expected, "in records of {piece}");
    }
}

#[test]
fn what_is_not_tls_is_named() {
    let plain = |bytes: &[u8], what: &str| assert_eq!(read(bytes), Opening::Plain(what.to_owned()), "{bytes:?}");
    plain(b"\x10\x12\x00\x04MQTT\x04\x02", "MQTT");
    plain(b"GET /fw.bin HTTP/1.1\r\n", "HTTP");
    plain(b"\x00\x01\x02", "00 01 02");
    plain(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", "ff ff ff ff ff ff ff ff");
}

#[test]
fn an_ssl_2_opening_is_told_by_its_name() {
    assert_eq!(hello(&[0x80, 0x2e, 1, 0, 2, 0, 0x15]).to_string(), "SSL 2.0");
    assert_eq!(hello(&[0x80, 0x2e, 1, 3, 1, 0, 0x15]).to_string(), "SSL 2.0");
}

#[test]
fn nonsense_never_panics() {
    for bytes in [&[0x16, 2, 1, 0, 1][..], &[0x16, 3, 1, 0, 0], &[0x16, 3, 1, 0, 4, 2, 0, 0, 0]] {
        assert_eq!(read(bytes), Opening::Malformed, "{bytes:?}");
    }
    let mut whole = client_hello(0x0303, &[0x1301], &[0, 43, 0, 3, 2, 3, 4], 1_000);
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let kept = std::mem::replace(&mut whole[at], value);
            let _ = read(&whole);
            whole[at] = kept;
        }
    }
}
