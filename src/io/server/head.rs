//! The head of a request, read as far as it has come, within limits.

use crate::event::Trouble;
use tiny_http::{HTTPVersion, Header, Method};

/// The longest head that is read, in bytes; real ones have some hundreds.
pub(super) const LONGEST: usize = 16 * 1024;
/// How much of what is no request is told, in bytes.
const TOLD: usize = 24;

/// What has come in on a connection so far.
#[derive(Debug)]
pub(super) enum Opening {
    /// Not enough to tell.
    More,
    /// A request, and how many bytes its head has.
    Request(Head, usize),
    /// Nothing that can be answered as a request.
    Refused(Refusal),
}

/// Why a connection is ended before it has brought a request.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What is answered; 0 when nothing is, because the other side does not speak HTTP.
    pub(super) status: u16,
    pub(super) trouble: Trouble,
}

/// The head of a request.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    /// As the device wrote it.
    pub(super) target: String,
    version: HTTPVersion,
    headers: Vec<Header>,
}

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// So many bytes, mostly none.
    Length(u64),
    /// Something whose end nobody knows without reading it.
    Endless,
}

/// Reads the first request out of what has come in.
pub(super) fn read(bytes: &[u8]) -> Opening {
    let empty = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let text = bytes.get(empty..).unwrap_or_default();
    if let Some(refusal) = foreign(text) {
        return Opening::Refused(refusal);
    }
    match end(text) {
        Some(length) if length <= LONGEST => {
            let head = String::from_utf8_lossy(text.get(..length).unwrap_or_default());
            parse(&head).map_or_else(Opening::Refused, |head| Opening::Request(head, empty + length))
        }
        None if bytes.len() <= LONGEST => Opening::More,
        _ => Opening::Refused(too_long(text)),
    }
}

impl Head {
    /// The value of a header, the first if there are several.
    pub(super) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers.iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str())
    }

    /// Whether the client wants to go on with the connection.
    pub(super) fn keeps_alive(&self) -> bool {
        let old = self.version <= HTTPVersion(1, 0);
        match self.header("Connection").map(str::to_ascii_lowercase) {
            Some(asked) if asked.contains("close") => false,
            Some(asked) => !old || asked.contains("keep-alive"),
            None => !old,
        }
    }

    /// What follows.
    pub(super) fn body(&self) -> Body {
        if self.header("Transfer-Encoding").is_some() {
            return Body::Endless;
        }
        self.header("Content-Length")
            .map_or(Body::Length(0), |length| length.parse().map_or(Body::Endless, Body::Length))
    }
}

/// Where a head ends, its empty line included. Some clients write line feeds alone.
fn end(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(feed) = text.get(from..)?.iter().position(|byte| *byte == b'\n') {
        let next = from + feed + 1;
        match text.get(next..)? {
            [b'\n', ..] => return Some(next + 1),
            [b'\r', b'\n', ..] => return Some(next + 2),
            _ => from = next,
        }
    }
    None
}

/// Another protocol on this port, by its first bytes.
fn foreign(text: &[u8]) -> Option<Refusal> {
    let refused = |status, trouble| Some(Refusal { status, trouble });
    match text {
        [] | [0x16] => None,
        // A handshake record of any TLS version.
        [0x16, 0x03, ..] => refused(0, Trouble::new("tls-on-plain")),
        // CONNECT, and the name of the protocol behind two lengths.
        [0x10, ..] if text.len() < 8 => None,
        [0x10, rest @ ..] if rest.windows(4).take(8).any(|four| matches!(four, b"MQTT" | b"MQIs")) => {
            refused(0, Trouble::new("mqtt-on-http"))
        }
        [first, ..] if first.is_ascii_graphic() => None,
        _ => refused(400, not_http(text)),
    }
}

fn not_http(text: &[u8]) -> Trouble {
    let seen = text.get(..text.len().min(TOLD)).unwrap_or_default();
    Trouble::new("not-http").with("seen", seen.escape_ascii())
}

fn too_long(text: &[u8]) -> Refusal {
    let in_first_line = !text.get(..LONGEST).unwrap_or(text).contains(&b'\n');
    let status = if in_first_line { 414 } else { 431 };
    Refusal { status, trouble: Trouble::new("request-too-long").with("limit", LONGEST) }
}

fn parse(head: &str) -> Result<Head, Refusal> {
    let refused = |status| Refusal { status, trouble: not_http(head.as_bytes()) };
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split_ascii_whitespace();
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(refused(400));
    };
    let version = match version.strip_prefix("HTTP/").ok_or_else(|| refused(400))? {
        "1.0" => HTTPVersion(1, 0),
        "1.1" => HTTPVersion(1, 1),
        _ => return Err(refused(505)),
    };
    let method = method.parse().map_err(|()| refused(400))?;
    let lines = lines.filter(|line| !line.is_empty());
    // What cannot be one is passed over, as other servers do; without a colon it is not even meant as one.
    let headers = lines.map(|line| if line.contains(':') { Ok(line.parse().ok()) } else { Err(refused(400)) });
    let headers = headers.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    Ok(Head { method, target: target.to_owned(), version, headers })
}

#[cfg(test)]
mod tests {
    use super::{Body, Head, LONGEST, Opening, read};

    fn request(text: &str) -> (Head, usize) {
        match read(text.as_bytes()) {
            Opening::Request(head, length) => (head, length),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    fn refused(bytes: &[u8], status: u16, code: &str) {
        match read(bytes) {
            Opening::Refused(refusal) => {
                let seen = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]);
                assert_eq!((refusal.status, &*refusal.trouble.code), (status, code), "{seen:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_is_read_when_its_head_is_whole_and_not_before() {
        let text = "GET /a?b=c HTTP/1.1\r\nHost: bench\r\nRange:bytes=0-9\r\n\r\nnext";
        let whole = text.len() - 4;
        for end in 0..whole {
            assert!(matches!(read(&text.as_bytes()[..end]), Opening::More), "{end}");
        }
        let (head, length) = request(text);
        assert_eq!((head.method.as_str(), head.target.as_str(), length), ("GET", "/a?b=c", whole));
        assert_eq!((head.header("range"), head.header("Accept")), (Some("bytes=0-9"), None));
        assert_eq!((head.keeps_alive(), head.body()), (true, Body::Length(0)));
    }

    #[test]
    fn clients_that_are_careless_with_the_grammar_are_understood() {
        assert_eq!(request("\r\n\r\nGET / HTTP/1.1\r\n\r\n").1, 22);
        assert_eq!(request("GET / HTTP/1.1\nHost: x\n\n").0.header("Host"), Some("x"));
        assert_eq!(request("GET  /  HTTP/1.1 \r\n\r\n").0.target, "/");
        assert_eq!(
            request("GET / HTTP/1.1\r\nBad Name: 1\r\nRange: bytes=1-\r\n\r\n").0.header("Range"),
            Some("bytes=1-")
        );
        assert_eq!(request("GET /caf\u{e9} HTTP/1.1\r\nX: \u{e9}\r\n\r\n").0.target, "/caf\u{e9}");
    }

    #[test]
    fn a_connection_is_kept_as_its_client_wishes() {
        let check = |version: &str, header: &str, kept: bool| {
            assert_eq!(
                request(&format!("GET / {version}\r\n{header}\r\n\r\n")).0.keeps_alive(),
                kept,
                "{version} {header}"
            );
        };
        check("HTTP/1.1", "A: b", true);
        check("HTTP/1.1", "Connection: Close", false);
        check("HTTP/1.1", "Connection: TE, close", false);
        check("HTTP/1.0", "A: b", false);
        check("HTTP/1.0", "Connection: Keep-Alive", true);
    }

    #[test]
    fn what_follows_a_head_is_known_or_has_no_known_end() {
        let check = |header: &str, body: Body| {
            assert_eq!(request(&format!("POST / HTTP/1.1\r\n{header}\r\n\r\n")).0.body(), body, "{header}");
        };
        check("Content-Length: 5", Body::Length(5));
        check("Content-Length: -1", Body::Endless);
        check("Content-Length: 99999999999999999999", Body::Endless);
        check("Transfer-Encoding: chunked", Body::Endless);
    }

    #[test]
    fn what_is_no_request_is_called_by_its_name() {
        refused(b"\x16\x03\x01\x02\0\x01", 0, "tls-on-plain");
        refused(b"\x10\x12\0\x04MQTT\x04\x02\0\x3c", 0, "mqtt-on-http");
        refused(b"\x10\x80\x01\0\x06MQIsdp\x03", 0, "mqtt-on-http");
        refused(b"\x10\x12\0\x04nothing", 400, "not-http");
        refused(b"\0\0\0\0", 400, "not-http");
        refused(b"GET\r\n\r\n", 400, "not-http");
        refused(b"GET /\r\n\r\n", 400, "not-http");
        refused(b"GET /a b HTTP/1.1\r\n\r\n", 400, "not-http");
        refused(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "not-http");
        refused(b"GET / FTP/1.1\r\n\r\n", 400, "not-http");
        refused(b"GET / HTTP/9.9\r\n\r\n", 505, "not-http");
        refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "not-http");
        refused(&vec![b'A'; LONGEST + 1], 414, "request-too-long");
        let many = format!("GET / HTTP/1.1\r\n{}", "X-Header: value\r\n".repeat(10_000));
        refused(many.as_bytes(), 431, "request-too-long");
        refused(format!("{many}\r\n").as_bytes(), 431, "request-too-long");
    }
}
