//! Somebody else's broker over TLS: whom we trust there, what we show, and what we say when it does not work.

use crate::bench::{DEADLINE, Secured};
use crate::mqtt::{self, Facts, connect_options};
use ota_workbench::dialect::Outgoing;
use ota_workbench::event::{Fact, TlsService, Trouble};
use ota_workbench::io::Inbox;
use ota_workbench::io::client::Client;
use ota_workbench::io::tls::{Limits, Trust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rumqttc::QoS;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

fn client(url: &str, trust: &Trust) -> (Client, Facts) {
    let (inbox, receiver) = Inbox::new();
    (Client::start(url, trust, vec!["up/#".to_owned()], inbox).unwrap(), Facts::new(receiver))
}

fn failed(url: &str, trust: &Trust) -> Trouble {
    let (_client, mut facts) = client(url, trust);
    let told = facts.until(|fact| matches!(fact, Fact::BrokerFailed { .. }));
    match told.into_iter().last() {
        Some(Fact::BrokerFailed { trouble }) => trouble,
        other => panic!("{other:?}"),
    }
}

fn broker() -> Secured {
    Secured::broker(Limits::of(TlsService::Mqtts))
}

#[test]
fn messages_pass_an_external_broker_over_tls() {
    let bench = broker();
    let trust = Trust { ca: Some(bench.ca()), ..Trust::default() };
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("mqtts://user:secret@{host}:{}", bench.tls.address().port());
        let (client, mut facts) = client(&url, &trust);
        let told = facts.until(|fact| matches!(fact, Fact::BrokerStarted { .. }));
        let address = format!("mqtts://{host}:{}", bench.tls.address().port());
        assert_eq!(told, [Fact::BrokerStarted { address: address.into(), external: true }]);
        let device = mqtt::Device::connect(connect_options(bench.plain, "dn"));
        device.subscribe("down", QoS::AtLeastOnce);
        client.publish(Outgoing { topic: "down".into(), payload: b"hello".to_vec(), qos: 1 });
        assert_eq!(device.next_message().payload, "hello");
        device.publish("up/dn", QoS::AtLeastOnce, "back");
        facts.until(|fact| matches!(fact, Fact::MessageReceived { topic, .. } if topic == "up/dn"));
    }
}

#[test]
fn a_broker_that_nobody_vouches_for_is_not_joined() {
    let bench = broker();
    let url = format!("mqtts://user:secret@127.0.0.1:{}", bench.tls.address().port());
    let other = broker();
    let trouble = failed(&url, &Trust { ca: Some(other.ca()), ..Trust::default() });
    assert_eq!(trouble.code, "broker-untrusted");
    assert!(!format!("{trouble:?}").contains("secret"), "{trouble:?}");
}

#[test]
fn a_broker_without_tls_is_told_from_one_that_is_away() {
    let bench = broker();
    let trust = Trust { ca: Some(bench.ca()), ..Trust::default() };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let speaks_plain = move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 512]);
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    };
    std::thread::Builder::new().spawn(speaks_plain).unwrap();
    assert_eq!(failed(&format!("mqtts://{address}"), &trust).code, "broker-not-tls");
    assert_eq!(failed(&format!("mqtts://{address}"), &trust).code, "broker-unreachable");
}

#[test]
fn files_that_cannot_be_used_are_refused_at_once() {
    let trust = Trust { ca: Some("/nowhere/ca.pem".into()), ..Trust::default() };
    let (inbox, _receiver) = Inbox::new();
    let refused = Client::start("mqtts://127.0.0.1:1", &trust, Vec::new(), inbox).err().unwrap();
    assert_eq!((&*refused.code, refused.arg("path")), ("bad-certificate-file", Some("/nowhere/ca.pem")));
}

/// A broker that lets in only who shows a certificate of its own authority. Everything lies in `folder` as PEM.
fn strict_broker(folder: &Path) -> std::net::SocketAddr {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &authority).unwrap(), key)
    };
    let (shown, key) = issue("bench-client");
    std::fs::write(folder.join("client.pem"), shown.pem()).unwrap();
    std::fs::write(folder.join("client-key.pem"), key.serialize_pem()).unwrap();

    let (own, key) = issue("127.0.0.1");
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = builder.with_client_cert_verifier(verifier).with_single_cert(vec![own.der().clone()], key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = move || {
        for socket in listener.incoming().flatten() {
            socket.set_read_timeout(Some(DEADLINE)).unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), socket);
            // A CONNECT is answered that it may not come in: who reads that got through the handshake.
            if stream.read(&mut [0; 512]).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(&[0x20, 2, 0, 5]);
            }
        }
    };
    std::thread::Builder::new().spawn(serve).unwrap();
    address
}

#[test]
fn a_broker_that_wants_a_client_certificate_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| Some(folder.path().join(name));
    let url = format!("mqtts://{}", strict_broker(folder.path()));
    let without = Trust { ca: at("ca.pem"), ..Trust::default() };
    assert_eq!(failed(&url, &without).code, "broker-wants-certificate");
    let with = Trust { certificate: at("client.pem"), key: at("client-key.pem"), ..without };
    assert_eq!(failed(&url, &with).code, "broker-refused-password", "it got as far as MQTT");
}
