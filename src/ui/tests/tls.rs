//! TLS in the window: switched on under Network, and told about among the messages.

use super::desk::Desk;
use super::of;
use crate::bench::Action;
use crate::event::{Fact, TlsService, Trouble};

#[test]
fn tls_is_switched_on_beside_the_plain_addresses_and_the_certificate_saved() {
    let mut desk = Desk::at(of(|story| {
        story.services();
    }));
    desk.click("Network…");
    assert!(desk.shows("off"));
    desk.click("Broker over TLS");
    desk.click("Firmware server over TLS");
    desk.fill("Firmware server over TLS", "0.0.0.0:9443");
    desk.click("Save CA certificate…");
    assert_eq!(desk.saved(), 1);
    desk.click("Use these addresses");
    let (mqtts, https) = (Some("127.0.0.1:8883".to_owned()), Some("0.0.0.0:9443".to_owned()));
    assert_eq!(desk.acted(), [Action::SetTls { mqtts: mqtts.clone(), https: https.clone() }]);
    let remembered = desk.remembered().unwrap();
    assert_eq!((remembered.mqtts, remembered.https), (mqtts, https));
}

#[test]
fn a_refused_handshake_stands_among_the_messages_with_what_to_do() {
    let mut desk = Desk::at(of(|story| {
        story.services();
        story.add(Fact::TlsStarted { service: TlsService::Mqtts, address: "0.0.0.0:8883".into() });
        let offered = "TLS 1.2: TLS_RSA_WITH_AES_128_CBC_SHA256";
        story.add(Fact::TlsRefused {
            service: TlsService::Mqtts,
            peer: "192.168.1.7:50000".into(),
            trouble: Trouble::new("tls-too-old").with("offered", offered),
        });
    }));
    assert!(desk.says("mqtts://0.0.0.0:8883"));
    assert!(desk.says("turned away (mqtts): 192.168.1.7:50000"));
    desk.click_holding("192.168.1.7:50000", eframe::egui::Modifiers::NONE);
    assert!(desk.says("MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED"));
}
