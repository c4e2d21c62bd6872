//! The download never began: the firmware server and the device found no TLS they both speak, or trust.

use super::{Finding, Subject};
use crate::event::Trouble;

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let is_tls = |trouble: &Trouble| trouble.code.contains("tls");
    let (seq, trouble) =
        case.refused.as_ref().filter(|(_, trouble)| is_tls(trouble) && case.witness.coverage.covered() == 0)?;
    let unshared = trouble.code == "tls-too-old";
    let rsa_only = trouble.code == "tls-rsa-only";
    let unspoken = trouble.code == "plain-on-tls";
    let unexpected = trouble.code == "tls-on-plain";
    let distrusted = matches!(&*trouble.code, "tls-untrusted" | "tls-device-clock" | "tls-broken-off");
    let code = if unshared {
        "tls-not-shared"
    } else if rsa_only {
        "tls-needs-ecdsa"
    } else if unspoken {
        "tls-not-spoken"
    } else if unexpected {
        "tls-on-plain-port"
    } else if distrusted {
        "tls-not-trusted"
    } else {
        "tls-not-come-about"
    };
    let offered = trouble.arg("offered").unwrap_or("–");
    Some(Finding {
        code,
        args: vec![("device", case.order.device.to_string()), ("offered", offered.to_owned())],
        evidence: vec![*seq],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, says, served};
    use crate::event::{Fact, TlsService, Trouble};

    fn refused(peer: &str, code: &'static str) -> Fact {
        let trouble = Trouble::new(code).with("offered", "TLS 1.2: TLS_RSA_WITH_AES_128_CBC_SHA256");
        Fact::TlsRefused { service: TlsService::Https, peer: peer.into(), trouble }
    }

    #[test]
    fn a_download_that_fails_in_the_handshake_is_told_by_where_it_comes_from() {
        check(vec![refused("127.0.0.1:9", "tls-too-old")], &["tls-not-shared"]);
        check(vec![refused("127.0.0.1:9", "tls-rsa-only")], &["tls-needs-ecdsa"]);
        check(vec![refused("127.0.0.1:9", "tls-untrusted")], &["tls-not-trusted"]);
        check(vec![refused("127.0.0.1:9", "plain-on-tls")], &["tls-not-spoken"]);
        let on_plain =
            Fact::RequestRefused { peer: "127.0.0.1:9".into(), status: 0, trouble: Trouble::new("tls-on-plain") };
        check(vec![on_plain], &["tls-on-plain-port"]);
        check(vec![refused("127.0.0.1:9", "tls-stalled")], &["tls-not-come-about"]);
    }

    /// Otherwise a device that gives up and leaves is told to check its network, for the bench was slow to say what it saw.
    #[test]
    fn a_handshake_told_of_when_the_device_has_just_left_is_still_its_own() {
        let failed = says(r#"{"method":"report_fail","payload":{"err_code":-1}}"#);
        let left = Fact::ClientDisconnected { client: "P.D".into(), reason: "gone".into() };
        check(vec![failed, left, refused("127.0.0.1:9", "tls-untrusted")], &["tls-not-trusted"]);
    }

    #[test]
    fn another_computers_handshake_and_one_that_worked_later_are_no_findings() {
        check(vec![refused("127.0.0.2:9", "tls-too-old")], &[]);
        check(vec![refused("127.0.0.1:9", "tls-too-old"), served(206, 0, 500)], &[]);
        let broker = Fact::TlsRefused {
            service: TlsService::Mqtts,
            peer: "127.0.0.1:9".into(),
            trouble: Trouble::new("tls-too-old"),
        };
        check(vec![broker], &[]);
    }
}
