//! A broker's URL: `mqtt://user:password@host:port`, or `mqtts://` over TLS; the scheme and the port may be left out.

use crate::event::Trouble;

/// Where the broker is and how to sign in there.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUrl {
    /// Name or address; an IPv6 address keeps its brackets.
    pub host: String,
    /// 1883, or 8883 over TLS, unless the URL says otherwise.
    pub port: u16,
    /// Whether it is reached over TLS.
    pub tls: bool,
    /// User name and password, decoded.
    pub credentials: Option<(String, String)>,
}

impl BrokerUrl {
    /// Reads a URL. The trouble never repeats it: it may hold a password.
    ///
    /// # Errors
    /// `bad-broker-url`, `broker-url-scheme` for MQTT inside something else.
    pub fn parse(url: &str) -> Result<Self, Trouble> {
        let (scheme, rest) = url.trim().split_once("://").unwrap_or(("mqtt", url.trim()));
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "mqtt" | "tcp" => false,
            "mqtts" | "ssl" | "tls" => true,
            other @ ("ws" | "wss") => return Err(Trouble::new("broker-url-scheme").with("scheme", other)),
            _ => return Err(bad()),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // An unescaped `@` in a password is forgiven: the last one counts.
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place, if tls { 8883 } else { 1883 }).ok_or_else(bad)?;
        let credentials = credentials.map(decode_credentials).transpose()?;
        Ok(Self { host: host.into(), port, tls, credentials })
    }

    /// `host:port`, or `mqtts://host:port` over TLS: the way a person writes it and facts carry it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}{}:{}", if self.tls { "mqtts://" } else { "" }, self.host, self.port)
    }

    /// The host as a certificate has it: an IPv6 address goes without its brackets.
    #[must_use]
    pub fn bare_host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }
}

/// A text that is no broker's URL. It is never repeated: it may hold a password.
#[must_use]
pub fn bad() -> Trouble {
    Trouble::new("bad-broker-url").with("example", "mqtt://user:password@192.168.1.10:1883")
}

/// `host`, `host:port`, `[ip]` or `[ip]:port`.
#[must_use]
pub fn split_port(place: &str, usual: u16) -> Option<(&str, u16)> {
    let bracket = place.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match place[bracket..].find(':') {
        Some(colon) => (&place[..bracket + colon], place[bracket + colon + 1..].parse().ok()?),
        None => (place, usual),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']') && host.len() > 2;
    let plain = !host.is_empty() && !host.contains(['[', ']', ' ']);
    (port != 0 && (bracketed || plain)).then_some((host, port))
}

fn decode_credentials(text: &str) -> Result<(String, String), Trouble> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    Ok((percent_decode(user).ok_or_else(bad)?, percent_decode(password).ok_or_else(bad)?))
}

fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            decoded.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            decoded.push(first);
            rest = tail;
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::BrokerUrl;

    fn check(url: &str, address: &str, credentials: Option<(&str, &str)>) {
        let read = BrokerUrl::parse(url).unwrap_or_else(|trouble| panic!("{url}: {trouble:?}"));
        assert_eq!(read.address(), address, "{url}");
        let expected = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
        assert_eq!(read.credentials, expected, "{url}");
    }

    fn check_refused(url: &str, code: &str) {
        let trouble = BrokerUrl::parse(url).err().unwrap_or_else(|| panic!("{url} was read"));
        assert_eq!(trouble.code, code, "{url}");
        assert!(!format!("{trouble:?}").contains("secret"), "a password was told: {trouble:?}");
    }

    #[test]
    fn a_broker_is_found_where_its_url_says() {
        check("192.168.1.10:1884", "192.168.1.10:1884", None);
        check("mqtt://192.168.1.10", "192.168.1.10:1883", None);
        check("192.168.1.10:1884", "192.168.1.10:1884", None);
        check("MQTT://broker.local:8883/", "broker.local:8883", None);
        check("tcp://[::1]:1884", "[::1]:1884", None);
        check("mqtt://[::1]", "[::1]:1883", None);
        check("mqtts://host", "mqtts://host:8883", None);
        check("SSL://u:p@[::1]:8884", "mqtts://[::1]:8884", Some(("u", "p")));
        check("mqtt://user@host", "host:1883", Some(("user", "")));
        check("mqtt://user:p%40ss%3Aword@host:1", "host:1", Some(("user", "p@ss:word")));
        check("mqtt://dn%26pk:a:b@host", "host:1883", Some(("dn&pk", "a:b")));
        check("mqtt://u:p@ss@host", "host:1883", Some(("u", "p@ss")));
        check("mqtt://%E8%AE%BE:x@host", "host:1883", Some(("设", "x")));
    }

    #[test]
    fn a_url_that_is_none_is_refused_without_telling_its_password() {
        check_refused("http://u:secret@host", "bad-broker-url");
        check_refused("mqtt://", "bad-broker-url");
        check_refused("mqtt://u:secret@:1883", "bad-broker-url");
        check_refused("mqtt://u:secret@host:0", "bad-broker-url");
        check_refused("mqtt://u:secret@host:66000", "bad-broker-url");
        check_refused("mqtt://u:secret%zz@host", "bad-broker-url");
        check_refused("mqtt://u:secret%4@host", "bad-broker-url");
        check_refused("mqtt://[::1", "bad-broker-url");
        check_refused("ws://u:secret@host", "broker-url-scheme");
        check_refused("wss://u:secret@host", "broker-url-scheme");
    }
}
