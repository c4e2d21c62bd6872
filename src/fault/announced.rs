//! What the faults make of the URL and the version that a device is told.

use super::Fault;

/// A host of the network that is kept for documentation: nobody is there to answer (RFC 5737).
const NOBODY: &str = "192.0.2.1";
/// A port on which nothing listens: TCPMUX, which is no longer in use.
const CLOSED: &str = "1";
/// Versions a build does not have; the second is for one that has the first.
const OTHER_VERSIONS: [&str; 2] = ["99.0.0", "98.0.0"];

impl Fault {
    /// Whether it acts at the instant the push goes out, by what the push says.
    #[must_use]
    pub const fn is_announced(&self) -> bool {
        matches!(
            self,
            Self::ClosedPort
                | Self::Unreachable
                | Self::WrongDigest
                | Self::WrongSize { .. }
                | Self::WrongVersion { .. }
                | Self::EmptyUrl
                | Self::MissingField { .. }
        )
    }

    fn spoils_url(&self) -> bool {
        matches!(self, Self::ClosedPort | Self::Unreachable | Self::EmptyUrl)
    }
}

/// The URL told to a device for a file that is served under `path`, where URLs begin with `prefix` (`http://host:port`).
#[must_use]
pub fn announced_url(faults: &[Fault], prefix: &str, path: &str) -> String {
    let Some(fault) = faults.iter().find(|fault| fault.spoils_url()) else { return format!("{prefix}{path}") };
    if *fault == Fault::EmptyUrl {
        return String::new();
    }
    let (scheme, rest) = prefix.split_once("://").unwrap_or(("http", prefix));
    let (place, behind) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // The host of an address of IP version 6 has colons of its own.
    let port_at = place.rfind(':').filter(|at| place.rfind(']').is_none_or(|end| end < *at));
    let (host, port) = place.split_at(port_at.unwrap_or(place.len()));
    let place = if *fault == Fault::Unreachable { format!("{NOBODY}{port}") } else { format!("{host}:{CLOSED}") };
    format!("{scheme}://{place}{behind}{path}")
}

/// The version told to a device for a build of this one.
#[must_use]
pub fn announced_version(faults: &[Fault], version: &str) -> String {
    let wrong = faults.iter().find_map(|fault| match fault {
        Fault::WrongVersion { version } => Some(version.as_deref()),
        _ => None,
    });
    let other = || OTHER_VERSIONS.into_iter().find(|other| *other != version);
    wrong.and_then(|wrong| wrong.or_else(other)).unwrap_or(version).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Fault, announced_url, announced_version};

    fn check(fault: Fault, prefix: &str, expected: &str) {
        assert_eq!(announced_url(&[Fault::Chunked, fault], prefix, "/a?b=1"), expected);
    }

    #[test]
    fn the_url_leads_nowhere_in_the_way_that_was_asked_for() {
        check(Fault::LowerCase, "http://10.0.0.5:8070", "http://10.0.0.5:8070/a?b=1");
        check(Fault::ClosedPort, "http://10.0.0.5:8070", "http://10.0.0.5:1/a?b=1");
        check(Fault::ClosedPort, "https://bench/fw", "https://bench:1/fw/a?b=1");
        check(Fault::ClosedPort, "http://[::1]", "http://[::1]:1/a?b=1");
        check(Fault::Unreachable, "http://[::1]:8070", "http://192.0.2.1:8070/a?b=1");
        check(Fault::Unreachable, "http://bench/", "http://192.0.2.1//a?b=1");
        check(Fault::EmptyUrl, "http://10.0.0.5:8070", "");
    }

    #[test]
    fn the_version_is_another_than_the_builds() {
        let announced = |fault: &str, version: &str| announced_version(&[fault.parse().unwrap()], version);
        assert_eq!(announced("wrong-version:7", "2.0.0"), "7");
        assert_eq!(announced("wrong-version", "2.0.0"), "99.0.0");
        assert_eq!(announced("wrong-version", "99.0.0"), "98.0.0");
        assert_eq!(announced("chunked", "2.0.0"), "2.0.0");
    }
}
