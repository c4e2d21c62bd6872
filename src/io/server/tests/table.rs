//! What is asked and what is answered, pair by pair, on the running server.

use super::{Bench, Firmware, HOUR, image, length, status};

/// Bytes in the image that is asked for.
const SIZE: usize = 10_000;

/// A request line with headers, and the answer: status, a header line that must be there, which bytes of the image.
struct Pair {
    line: &'static str,
    headers: &'static str,
    status: &'static str,
    line_of_head: &'static str,
    body: Option<std::ops::Range<usize>>,
}

/// For everything that is no range of bytes.
const NO_BYTES: Option<std::ops::Range<usize>> = None;

const fn pair(
    line: &'static str,
    headers: &'static str,
    status: &'static str,
    line_of_head: &'static str,
    body: Option<std::ops::Range<usize>>,
) -> Pair {
    Pair { line, headers, status, line_of_head, body }
}

/// `PATH` stands for the image's path, `HOST` for the server's address, `MD5` for the image's digest, `DATE` for its date.
fn table() -> Vec<Pair> {
    let get = |headers, status, line, body| pair("GET PATH HTTP/1.1", headers, status, line, body);
    let line = |line, status, head, body| pair(line, "", status, head, body);
    vec![
        // The whole image.
        get("", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("", "200", "Accept-Ranges: bytes", Some(0..SIZE)),
        get("", "200", "ETag: MD5", Some(0..SIZE)),
        get("", "200", "Last-Modified: DATE", Some(0..SIZE)),
        get("Accept-Encoding: gzip, deflate\r\nTE: trailers", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Content-Length: 0", "200", "Connection: keep-alive", Some(0..SIZE)),
        get("Connection: close", "200", "Connection: close", Some(0..SIZE)),
        get("connection: Keep-Alive", "200", "Connection: keep-alive", Some(0..SIZE)),
        line("GET PATH HTTP/1.0", "200", "Connection: close", Some(0..SIZE)),
        pair("GET PATH HTTP/1.0", "Connection: Keep-Alive", "200", "Connection: keep-alive", Some(0..SIZE)),
        pair("GET PATH HTTP/1.0", "Range: bytes=0-9", "206", "Content-Length: 10", Some(0..10)),
        line("GET http://HOSTPATH HTTP/1.1", "200", "Content-Length: 10000", Some(0..SIZE)),
        line("GET https://bench:8443PATH HTTP/1.1", "200", "Content-Length: 10000", Some(0..SIZE)),
        line("HEAD PATH HTTP/1.1", "200", "Content-Length: 10000", NO_BYTES),
        pair("HEAD PATH HTTP/1.1", "Range: bytes=1-4", "206", "Content-Length: 4", NO_BYTES),
        // One range.
        get("Range: bytes=0-4096", "206", "Content-Range: bytes 0-4096/10000", Some(0..4_097)),
        get("Range: bytes=4097-8193", "206", "Content-Range: bytes 4097-8193/10000", Some(4_097..8_194)),
        get("Range: bytes=8194-12290", "206", "Content-Range: bytes 8194-9999/10000", Some(8_194..SIZE)),
        get("Range: bytes=0-", "206", "Content-Range: bytes 0-9999/10000", Some(0..SIZE)),
        get("Range: bytes=5734-", "206", "Content-Length: 4266", Some(5_734..SIZE)),
        get("Range: bytes=-1", "206", "Content-Range: bytes 9999-9999/10000", Some(9_999..SIZE)),
        get("Range: bytes=-10001", "206", "Content-Range: bytes 0-9999/10000", Some(0..SIZE)),
        get("Range: bytes=0-0", "206", "Content-Length: 1", Some(0..1)),
        get("Range: bytes=9999-9999", "206", "Content-Length: 1", Some(9_999..SIZE)),
        get("Range: bytes=0-18446744073709551615", "206", "Content-Length: 10000", Some(0..SIZE)),
        get("range: Bytes = 1 - 2", "206", "Content-Length: 2", Some(1..3)),
        get("RANGE:bytes=1-2", "206", "Content-Length: 2", Some(1..3)),
        // Bytes the image does not have.
        get("Range: bytes=10000-", "416", "Content-Range: bytes */10000", NO_BYTES),
        get("Range: bytes=10000-10001", "416", "Content-Range: bytes */10000", NO_BYTES),
        get("Range: bytes=-0", "416", "Content-Range: bytes */10000", NO_BYTES),
        get("Range: bytes=99999999999999999999-", "416", "Content-Range: bytes */10000", NO_BYTES),
        // Ranges nobody can read, and several.
        get("Range: bytes=2-1", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: bytes=", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: bytes=-", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: bytes=a-b", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: lines=0-1", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: bytes=0-1,4-5", "200", "Content-Length: 10000", Some(0..SIZE)),
        // Conditions.
        get("Range: bytes=0-9\r\nIf-Range: MD5", "206", "Content-Length: 10", Some(0..10)),
        get("Range: bytes=0-9\r\nIf-Range: \"other\"", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: bytes=0-9\r\nIf-Range: W/MD5", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("Range: bytes=0-9\r\nIf-Range: DATE", "206", "Content-Length: 10", Some(0..10)),
        get(
            "Range: bytes=0-9\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT",
            "200",
            "Content-Length: 10000",
            Some(0..SIZE),
        ),
        get("If-Range: \"other\"", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("If-None-Match: MD5", "304", "ETag: MD5", NO_BYTES),
        get("If-None-Match: \"a\", W/MD5", "304", "ETag: MD5", NO_BYTES),
        get("If-None-Match: *", "304", "ETag: MD5", NO_BYTES),
        get("If-None-Match: \"a\"", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("If-None-Match: \"a\"\r\nIf-Modified-Since: DATE", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("If-Modified-Since: DATE", "304", "Last-Modified: DATE", NO_BYTES),
        get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "200", "Content-Length: 10000", Some(0..SIZE)),
        get("If-Modified-Since: yesterday", "200", "Content-Length: 10000", Some(0..SIZE)),
        // What is not there.
        line("GET / HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET PATHx HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET PATH/ HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET /../../etc/passwd HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET PATH%00 HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET PATH%zz HTTP/1.1", "404", "Content-Type: text/plain", NO_BYTES),
        line("GET EXPIRED HTTP/1.1", "403", "Content-Type: text/plain", NO_BYTES),
        line("HEAD EXPIRED HTTP/1.1", "403", "Content-Type: text/plain", NO_BYTES),
        line("GET ENCODED HTTP/1.1", "200", "Content-Length: 10000", Some(0..SIZE)),
        // What is not served.
        line("POST PATH HTTP/1.1", "405", "Allow: GET, HEAD", NO_BYTES),
        line("PUT PATH HTTP/1.1", "405", "Allow: GET, HEAD", NO_BYTES),
        line("DELETE PATH HTTP/1.1", "405", "Allow: GET, HEAD", NO_BYTES),
        line("OPTIONS * HTTP/1.1", "405", "Allow: GET, HEAD", NO_BYTES),
        line("BREW PATH HTTP/1.1", "405", "Allow: GET, HEAD", NO_BYTES),
        pair("POST PATH HTTP/1.1", "Content-Length: 65537", "413", "Connection: close", NO_BYTES),
        pair("PUT PATH HTTP/1.1", "Transfer-Encoding: chunked", "413", "Connection: close", NO_BYTES),
        pair("GET PATH HTTP/1.1", "Transfer-Encoding: chunked", "200", "Connection: close", Some(0..SIZE)),
        // What is no request.
        line("GET PATH", "400", "Content-Length: 0", NO_BYTES),
        line("GET HTTP/1.1", "400", "Connection: close", NO_BYTES),
        line("GET PATH HTTP/2.0", "505", "Connection: close", NO_BYTES),
        get("no colon", "400", "Connection: close", NO_BYTES),
    ]
}

#[test]
fn every_request_has_exactly_its_answer() {
    let bench = Bench::new();
    let image = image(SIZE);
    let firmware = Firmware::from(image.clone());
    let (etag, date) = (firmware.etag.clone(), firmware.modified.clone());
    let path = bench.offers.offer(firmware, HOUR);
    let expired = bench.offers.offer(Firmware::from(image.clone()), std::time::Duration::ZERO);
    let encoded = format!("/%{:02x}{}", path.as_bytes()[1], &path[2..]);
    let host = bench.server.address().to_string();
    let words = [
        ("ENCODED", &*encoded),
        ("EXPIRED", &*expired),
        ("PATH", &*path),
        ("HOST", &host),
        ("MD5", &etag),
        ("DATE", &date),
    ];
    let filled = |text: &str| words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value));
    assert!(table().len() > 60);
    for pair in table() {
        let about = format!("{} {}", pair.line, pair.headers);
        let end = if pair.headers.is_empty() { "\r\n" } else { "\r\n\r\n" };
        let mut client = bench.client();
        client.send(&format!("{}\r\n{}{end}", filled(pair.line), filled(pair.headers)));
        let head = client.head();
        assert_eq!(status(&head), pair.status, "{about}");
        assert!(head.lines().any(|line| line == filled(pair.line_of_head)), "{about}: {head}");
        assert!(head.len() < 400 && head.lines().all(|line| line.len() < 120), "{about}: {head}");
        assert!(!head.contains("Transfer-Encoding") && !head.contains("Content-Encoding"), "{about}");
        assert_eq!(head.contains("Content-Length: "), pair.status != "304", "{about}");
        if let Some(bytes) = pair.body {
            assert!(client.body(length(&head)) == image[bytes], "{about}");
        } else if !pair.line.starts_with("HEAD") && pair.status != "304" {
            assert!(client.body(length(&head)).len() < 64, "{about}");
        }
        // Nothing follows: the connection ends, or the next answer is right behind.
        if head.contains("Connection: close") {
            assert!(client.is_closed(), "{about}");
        } else {
            assert_eq!(status(&client.ask("/", "").0), "404", "{about}");
        }
    }
}
