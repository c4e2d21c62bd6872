//! Why a TLS handshake failed, as a trouble somebody can act on.

use super::hello::Hello;
use crate::event::Trouble;
use rustls::{AlertDescription, CertificateError, CipherSuite, Error};
use std::error::Error as Cause;
use std::io;

/// Suites that need a certificate of another kind than ours: everything else about them would do.
const FOR_RSA_CERTIFICATES: [CipherSuite; 3] = [
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// Suites that are served, those of TLS 1.3 included.
const SERVED: [CipherSuite; 6] = [
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS13_AES_128_GCM_SHA256,
    CipherSuite::TLS13_AES_256_GCM_SHA384,
    CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
];

/// Why a device that offered this did not get through the handshake with us.
pub(super) fn of_device(hello: &Hello, error: &io::Error) -> Trouble {
    match tls_error(error) {
        Some(Error::PeerIncompatible(_)) => {
            unserved(hello).unwrap_or_else(|| Trouble::new("tls-failed").with("detail", error).with("offered", hello))
        }
        Some(Error::AlertReceived(alert)) => of_alert(*alert),
        Some(error) => Trouble::new("tls-failed").with("detail", error).with("offered", hello),
        None => Trouble::new("tls-broken-off").with("detail", error),
    }
}

/// What about an offer cannot be served, if that is in its versions or suites.
fn unserved(hello: &Hello) -> Option<Trouble> {
    if !hello.is_modern() || !hello.offers(&SERVED) && !hello.offers(&FOR_RSA_CERTIFICATES) {
        return Some(Trouble::new("tls-too-old").with("offered", hello));
    }
    (!hello.offers(&SERVED)).then(|| Trouble::new("tls-rsa-only").with("offered", hello))
}

/// A device that says why it leaves says so in an alert.
fn of_alert(alert: AlertDescription) -> Trouble {
    let name = alert.as_str().unwrap_or("alert");
    match alert {
        AlertDescription::CertificateExpired => Trouble::new("tls-device-clock"),
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown => Trouble::new("tls-untrusted").with("alert", name),
        _ => Trouble::new("tls-device-left").with("alert", name),
    }
}

/// Why somebody else's broker could not be joined over TLS; nothing when TLS is not to blame.
pub(in crate::io) fn of_broker(error: &(dyn Cause + 'static), address: &str) -> Option<Trouble> {
    let told = |code: &'static str| Trouble::new(code).with("address", address);
    let error = tls_error(error)?;
    Some(match error {
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => told("broker-other-name").with("detail", error),
        Error::InvalidCertificate(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => told("broker-certificate-expired").with("detail", error),
        Error::InvalidCertificate(_) => told("broker-untrusted").with("detail", error),
        Error::InvalidMessage(_) => told("broker-not-tls"),
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied,
        ) => told("broker-wants-certificate").with("detail", error),
        _ => told("broker-tls-failed").with("detail", error),
    })
}

/// What rustls has to say in an error, wherever in its causes that stands.
pub(in crate::io) fn tls_error<'a>(error: &'a (dyn Cause + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<Error>() {
            return Some(found);
        }
        // An io::Error does not count what it carries among its causes.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = carried.and_then(|carried| tls_error(carried)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{of_alert, of_broker, of_device};
    use crate::io::tls::hello::Hello;
    use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
    use std::io;

    fn device(versions: &[u16], suites: &[u16], error: Error) -> String {
        let hello = Hello { versions: versions.to_vec(), suites: suites.to_vec(), server_name: None };
        of_device(&hello, &io::Error::new(io::ErrorKind::InvalidData, error)).code.to_string()
    }

    #[test]
    fn what_a_device_lacks_is_told_from_what_it_offers() {
        let none = || Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon);
        assert_eq!(device(&[0x0303], &[0x003c, 0x002f], none()), "tls-too-old");
        assert_eq!(device(&[0x0301], &[0xc02b], none()), "tls-too-old");
        assert_eq!(device(&[0x0303], &[0xc02f, 0x003c], none()), "tls-rsa-only");
        assert_eq!(device(&[0x0303], &[0xc02b], none()), "tls-failed");
        let wanted = Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(device(&[0x0303], &[0xc02b], wanted), "tls-untrusted");
        let hello = Hello::default();
        assert_eq!(of_device(&hello, &io::Error::from(io::ErrorKind::UnexpectedEof)).code, "tls-broken-off");
        assert_eq!(of_alert(AlertDescription::CertificateExpired).code, "tls-device-clock");
        assert_eq!(of_alert(AlertDescription::HandshakeFailure).code, "tls-device-left");
    }

    #[test]
    fn what_a_broker_lacks_is_told_even_from_deep_inside() {
        let check = |error: Error, code: &str| {
            let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
            let trouble = of_broker(&wrapped, "bench:8883").unwrap();
            assert_eq!((&*trouble.code, trouble.arg("address")), (code, Some("bench:8883")));
        };
        check(Error::InvalidCertificate(CertificateError::UnknownIssuer), "broker-untrusted");
        check(Error::InvalidCertificate(CertificateError::NotValidForName), "broker-other-name");
        check(Error::InvalidCertificate(CertificateError::Expired), "broker-certificate-expired");
        check(Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType), "broker-not-tls");
        check(Error::AlertReceived(AlertDescription::CertificateRequired), "broker-wants-certificate");
        check(Error::DecryptError, "broker-tls-failed");
        assert_eq!(of_broker(&io::Error::other("no network"), "bench:8883"), None);
    }
}
