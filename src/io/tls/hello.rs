//! What a device offers when it opens a TLS connection: its `ClientHello`, read before anything is answered.

use rustls::CipherSuite;
use std::fmt;

/// The longest `ClientHello` that is read, in bytes; real ones have some hundreds.
const LONGEST: usize = 16 * 1024;
/// Suites that are named; the rest is counted.
const NAMED: usize = 6;

/// What the first bytes of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Not enough to tell yet.
    More,
    /// A `ClientHello`.
    Hello(Hello),
    /// Something that is not TLS, and what it looks like.
    Plain(String),
    /// TLS that makes no sense.
    Malformed,
}

/// What a `ClientHello` offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Protocol versions, as on the wire: 0x0303 is TLS 1.2.
    pub versions: Vec<u16>,
    /// Cipher suites, as on the wire, those left out that only signal something.
    pub suites: Vec<u16>,
    /// The host it means to talk to, if it says so.
    pub server_name: Option<String>,
}

impl Hello {
    /// Whether it knows TLS 1.2 or 1.3.
    #[must_use]
    pub fn is_modern(&self) -> bool {
        self.versions.iter().any(|version| matches!(version, 0x0303 | 0x0304))
    }

    /// Whether it offers one of these suites.
    #[must_use]
    pub fn offers(&self, suites: &[CipherSuite]) -> bool {
        suites.iter().any(|suite| self.suites.contains(&u16::from(*suite)))
    }
}

impl fmt::Display for Hello {
    /// `TLS 1.2: TLS_RSA_WITH_AES_128_CBC_SHA256, TLS_RSA_WITH_AES_128_CBC_SHA`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<_> = self.versions.iter().map(|version| version_name(*version)).collect();
        f.write_str(&versions.join(", "))?;
        let suites: Vec<_> = self.suites.iter().take(NAMED).map(|suite| suite_name(*suite)).collect();
        if !suites.is_empty() {
            write!(f, ": {}", suites.join(", "))?;
        }
        match self.suites.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, ", +{more}"),
        }
    }
}

/// Looks at all that has come so far.
#[must_use]
pub fn read(bytes: &[u8]) -> Opening {
    match bytes {
        [] | [0x16] => Opening::More,
        [0x16, 3, ..] => records(bytes),
        [0x16, ..] => Opening::Malformed,
        // How SSL 2.0 opened, and later versions towards a server they did not know.
        [length, rest @ ..] if length & 0x80 != 0 => match rest {
            [] | [_] | [_, 1] | [_, 1, _] => Opening::More,
            [_, 1, major, minor, ..] if matches!((major, minor), (0, 2) | (3, _)) => {
                Opening::Hello(Hello { versions: vec![0x0002], ..Hello::default() })
            }
            _ => plain(bytes),
        },
        _ => plain(bytes),
    }
}

fn plain(bytes: &[u8]) -> Opening {
    let methods: [&[u8]; 4] = [b"GET ", b"HEAD ", b"POST ", b"PUT "];
    let is_mqtt = bytes[0] == 0x10 && bytes.windows(4).take(12).any(|four| four == b"MQTT" || four == b"MQIs");
    if is_mqtt {
        return Opening::Plain("MQTT".to_owned());
    }
    if methods.iter().any(|method| bytes.starts_with(method)) {
        return Opening::Plain("HTTP".to_owned());
    }
    let first: Vec<_> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Opening::Plain(first.join(" "))
}

/// Puts the handshake message together from its records.
fn records(bytes: &[u8]) -> Opening {
    let (mut message, mut rest) = (Vec::new(), bytes);
    while let Some((head, body)) = rest.split_first_chunk::<5>() {
        if head[0] != 0x16 || head[1] != 3 {
            return Opening::Malformed;
        }
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        message.extend_from_slice(&body[..length.min(body.len())]);
        rest = body.get(length..).unwrap_or_default();
        if length == 0 {
            return Opening::Malformed;
        }
    }
    let Some((head, body)) = message.split_first_chunk::<4>() else { return Opening::More };
    if head[0] != 1 {
        return Opening::Malformed;
    }
    let length = u32::from_be_bytes([0, head[1], head[2], head[3]]) as usize;
    match body.get(..length) {
        _ if length > LONGEST => Opening::Malformed,
        Some(body) => hello(body).map_or(Opening::Malformed, Opening::Hello),
        None => Opening::More,
    }
}

/// A message being read from its front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<usize> {
        Some(usize::from(self.take(1)?[0]))
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// What stands behind a length of two bytes.
    fn long(&mut self) -> Option<Self> {
        let length = self.u16()?;
        self.take(usize::from(length)).map(Reader)
    }

    fn u16s(mut self) -> Vec<u16> {
        std::iter::from_fn(|| self.u16()).collect()
    }
}

/// RFC 8446, 4.1.2; the same in TLS 1.2.
fn hello(body: &[u8]) -> Option<Hello> {
    let mut reader = Reader(body);
    let version = reader.u16()?;
    reader.take(32)?;
    let session = reader.u8()?;
    reader.take(session)?;
    let suites = reader.long()?.u16s().into_iter().filter(|suite| !is_signal(*suite)).collect();
    let compressions = reader.u8()?;
    reader.take(compressions)?;
    let mut hello = Hello { versions: vec![version], suites, server_name: None };
    // TLS 1.0 may go without extensions.
    let Some(mut extensions) = reader.long() else { return Some(hello) };
    while let Some(kind) = extensions.u16() {
        let mut extension = extensions.long()?;
        match kind {
            0 => hello.server_name = server_name(extension),
            43 => {
                extension.u8()?;
                hello.versions = extension.u16s().into_iter().filter(|version| !is_grease(*version)).collect();
            }
            _ => {}
        }
    }
    Some(hello)
}

fn server_name(mut extension: Reader<'_>) -> Option<String> {
    let mut names = extension.long()?;
    (names.u8()? == 0).then_some(())?;
    Some(std::str::from_utf8(names.long()?.0).ok()?.to_owned())
}

/// Values that stand for no suite: renegotiation and fallback signals, and those that keep servers tolerant (RFC 8701).
fn is_signal(suite: u16) -> bool {
    matches!(suite, 0x00ff | 0x5600) || is_grease(suite)
}

const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

fn version_name(version: u16) -> String {
    match version {
        0x0002 => "SSL 2.0".to_owned(),
        0x0300 => "SSL 3.0".to_owned(),
        0x0301..=0x0304 => format!("TLS 1.{}", version - 0x0301),
        other => format!("0x{other:04x}"),
    }
}

fn suite_name(suite: u16) -> String {
    CipherSuite::from(suite).as_str().map_or_else(|| format!("0x{suite:04x}"), str::to_owned)
}

#[cfg(test)]
#[path = "hello_tests.rs"]
pub(super) mod tests;
