//! The certificates our servers show: one for all the names and addresses of this computer, and a wider one as soon as a
//! device asks for another.

use super::authority::Authority;
use super::peers::canonical;
use crate::event::Trouble;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Names in one certificate at most: a stranger that asks for more and more makes no difference.
const MAX_NAMES: usize = 64;
/// The longest record we send, in bytes. Devices whose TLS buffer is larger than the 4 KiB many SDKs give it are rare, and
/// few ask for shorter records.
const LONGEST_RECORD: usize = 4_096;

/// What our servers show to devices. It grows with the addresses the devices come in on and the hosts they ask for: a
/// network plugged in later, or a cloud's host name that leads to the bench, needs no settings.
pub struct Certificates {
    authority: Authority,
    shown: Mutex<Shown>,
}

struct Shown {
    names: BTreeSet<String>,
    config: Arc<ServerConfig>,
}

impl Certificates {
    /// A first certificate, for this computer as it is now.
    ///
    /// # Errors
    /// `tls-not-started` with `detail`.
    pub fn new(authority: Authority) -> Result<Self, Trouble> {
        let names = own_names();
        let config =
            config(&authority, &names).map_err(|detail| Trouble::new("tls-not-started").with("detail", detail))?;
        Ok(Self { authority, shown: Mutex::new(Shown { names, config }) })
    }

    /// The certificate to be put into devices, as PEM.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    /// Adds the host of a URL that devices are told.
    pub fn add_host_of(&self, url: &str) {
        let place = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
        let host = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, _)) => host,
            None => place.split(':').next().unwrap_or_default(),
        };
        self.show_for([named(host)]);
    }

    /// What to show to a device that came in on this address of ours and asks for this host.
    pub(super) fn for_connection(&self, local: SocketAddr, asked: Option<&str>) -> Arc<ServerConfig> {
        self.show_for([Some(canonical(local).ip().to_string()), asked.and_then(named)])
    }

    fn show_for<const N: usize>(&self, more: [Option<String>; N]) -> Arc<ServerConfig> {
        let mut shown = self.lock();
        let mut names = shown.names.clone();
        names.extend(more.into_iter().flatten());
        if names.len() > shown.names.len() && names.len() <= MAX_NAMES {
            // A name that cannot be put into a certificate is not shown; the device then says that it misses it.
            if let Ok(config) = config(&self.authority, &names) {
                *shown = Shown { names, config };
            }
        }
        Arc::clone(&shown.config)
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What this computer is called and where it can be reached.
fn own_names() -> BTreeSet<String> {
    let addresses =
        if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|interface| interface.ip().to_string());
    let host = gethostname::gethostname().into_string().unwrap_or_default();
    let hosts = [host.clone(), format!("{host}.local")];
    let always = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    // The own host first: there may be more addresses than room.
    let rest = hosts.iter().filter_map(|host| named(host)).chain(addresses);
    always.into_iter().chain(rest).take(MAX_NAMES / 2).collect()
}

/// A name that can stand in a certificate, spelt in one way.
fn named(host: &str) -> Option<String> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(ip.to_string());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let fits = (1..=253).contains(&host.len()) && host.bytes().all(plain) && !host.starts_with('.');
    fits.then(|| host.trim_end_matches('.').to_ascii_lowercase())
}

fn config(authority: &Authority, names: &BTreeSet<String>) -> Result<Arc<ServerConfig>, String> {
    let (certificate, key) = authority.issue(names.iter().cloned()).map_err(|error| error.to_string())?;
    let made = || -> Result<ServerConfig, Error> {
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13, &TLS12])?;
        builder.with_no_client_auth().with_single_cert(vec![certificate], key)
    };
    let mut config = made().map_err(|error| error.to_string())?;
    config.max_fragment_size = Some(LONGEST_RECORD);
    Ok(Arc::new(config))
}

/// The cryptography of everything here.
pub(in crate::io) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

#[cfg(test)]
mod tests {
    use super::{Authority, Certificates, MAX_NAMES};
    use std::sync::Arc;

    fn certificates() -> Certificates {
        let folder = tempfile::tempdir().unwrap();
        Certificates::new(Authority::open(folder.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_certificate_is_for_this_computer_and_for_the_host_in_the_devices_url() {
        let certificates = certificates();
        for (url, name) in [
            ("https://Bench.example:8443/fw", "bench.example"),
            ("http://192.0.2.7:8070", "192.0.2.7"),
            ("https://[2001:db8::1]:8443", "2001:db8::1"),
        ] {
            certificates.add_host_of(url);
            assert!(certificates.lock().names.contains(name), "{url}");
        }
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(certificates.lock().names.contains(name), "{name}");
        }
    }

    #[test]
    fn a_new_certificate_is_made_only_for_a_new_name_and_not_without_end() {
        let certificates = certificates();
        let local = "192.0.2.9:8883".parse().unwrap();
        let first = certificates.for_connection(local, Some("iot.example.com"));
        assert!(Arc::ptr_eq(&first, &certificates.for_connection(local, Some("IOT.example.com."))));
        assert!(Arc::ptr_eq(&first, &certificates.for_connection(local, Some("no host"))));
        for number in 0..2 * MAX_NAMES {
            certificates.for_connection(local, Some(&format!("host-{number}")));
        }
        assert!(certificates.lock().names.len() <= MAX_NAMES);
    }
}
