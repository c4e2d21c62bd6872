//! The dialogs: a device, a serial port, quick sends, a message by hand, network addresses.

use super::device_dialog::device_dialog_ui;
use super::port_dialog::port_dialog_ui;
use super::publish_dialog::publish_dialog_ui;
use super::quick_dialog::quick_dialog_ui;
use super::settings::Settings;
use super::state::{Choice, Dialog, OverTls, PluggedIn, Runs};
use super::theme::palette;
use super::wish::Wish;
use super::words::say;
use crate::bench::Action;
use crate::event::take_mask;
use eframe::egui;
use eframe::egui::{Grid, Id, Key, Modal, ModalResponse, RichText, TextEdit, Ui};
use std::net::Ipv4Addr;

/// Where TLS is usually listened for.
const MQTTS_PORT: &str = "8883";
const HTTPS_PORT: &str = "8443";

/// Draws the open dialog over everything else. Closes it when it is done.
pub fn dialog_ui(ui: &mut Ui, open: &mut Option<Dialog>, plugged: &PluggedIn, settings: &mut Settings) -> Vec<Wish> {
    let Some(dialog) = open else { return Vec::new() };
    let mut wishes = Vec::new();
    let mut done = false;
    let modal = Modal::new(Id::unique("dialog")).show(ui.ctx(), |ui| {
        ui.set_width(match dialog {
            Dialog::Quick(_) => 680.0,
            Dialog::Publish(_) => 560.0,
            _ => 430.0,
        });
        let (confirmed, closed) = match dialog {
            Dialog::Device(draft) => device_dialog_ui(ui, draft, &mut wishes),
            Dialog::Port(draft) => port_dialog_ui(ui, draft, &plugged.ports, settings, &mut wishes),
            Dialog::Quick(draft) => quick_dialog_ui(ui, draft, &mut wishes),
            Dialog::Publish(draft) => (false, publish_dialog_ui(ui, draft, &mut wishes)),
            Dialog::Network { broker, server, advertise, open, tls, runs } => {
                interfaces_ui(ui, &plugged.interfaces, [broker, server, advertise], tls);
                network_ui(ui, [broker, server, advertise], (open, tls), runs, settings, &mut wishes)
            }
        };
        done = confirmed || closed;
    });
    if done || is_left(&modal) {
        *open = None;
    }
    wishes
}

/// Whether a dialog is to close without having been confirmed: by Escape, and not by a click beside it, which would lose what
/// was typed.
pub(super) fn is_left<T>(modal: &ModalResponse<T>) -> bool {
    modal.should_close() && !modal.backdrop_response.clicked()
}

pub(super) fn heading_ui(ui: &mut Ui, text: String, hint: String) {
    ui.heading(text);
    let weak = palette(ui).weak;
    ui.label(RichText::new(hint).color(weak));
    ui.add_space(6.0);
}

/// Gives whether it was confirmed, and whether it was left.
pub(super) fn buttons_ui(ui: &mut Ui, confirm: String, refused: Option<&str>) -> (bool, bool) {
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let button = ui.add_enabled(refused.is_none(), egui::Button::new(confirm));
        let button = button.on_disabled_hover_text(refused.unwrap_or_default());
        let entered = refused.is_none() && ui.input(|input| input.key_pressed(Key::Enter));
        (button.clicked() || entered, ui.button(say("dialog.close")).clicked())
    })
    .inner
}

pub(super) fn field_ui(ui: &mut Ui, key: &str, hint: &str, text: &mut String) {
    let label = ui.label(say(key));
    ui.add(TextEdit::singleline(text).desired_width(270.0).hint_text(hint.to_owned())).labelled_by(label.id);
    ui.end_row();
}

/// One choice puts the right host into all fields; what they hold can still be edited.
fn interfaces_ui(ui: &mut Ui, interfaces: &[Choice], fields: [&mut String; 3], tls: &mut OverTls) {
    heading_ui(ui, say("network.title"), say("network.hint"));
    let here = Choice { name: "127.0.0.1".into(), detail: say("network.here") };
    let all = Choice { name: "0.0.0.0".into(), detail: say("network.all") };
    let [broker, server, advertise] = fields;
    ui.horizontal_wrapped(|ui| {
        for interface in std::iter::once(&here).chain(interfaces).chain(std::iter::once(&all)) {
            let chosen = host(broker) == Some(&interface.name) && host(server) == Some(&interface.name);
            if ui.selectable_label(chosen, format!("{} · {}", interface.detail, interface.name)).clicked() {
                *broker = format!("{}:{}", interface.name, port(broker).unwrap_or("1883"));
                *server = format!("{}:{}", interface.name, port(server).unwrap_or("8070"));
                advertise.clear();
                for (address, usual) in [(&mut tls.mqtts, MQTTS_PORT), (&mut tls.https, HTTPS_PORT)] {
                    if let Some(address) = address {
                        *address = format!("{}:{}", interface.name, port(address).unwrap_or(usual));
                    }
                }
            }
        }
    });
    ui.add_space(6.0);
}

/// Interfaces in the order in which a device is likely to reach them: the one that shares most of its address with a device
/// that is there comes first.
pub fn nearest_first<'a>(interfaces: &[Choice], devices: impl Iterator<Item = &'a str>) -> Vec<Choice> {
    let devices: Vec<Ipv4Addr> =
        devices.filter_map(|host| host.parse().ok()).filter(|ip: &Ipv4Addr| !ip.is_loopback()).collect();
    let shared = |choice: &Choice| {
        let own = choice.name.parse::<Ipv4Addr>().ok()?.to_bits();
        devices.iter().map(|device| (own ^ device.to_bits()).leading_zeros()).max()
    };
    let mut sorted = interfaces.to_vec();
    sorted.sort_by_key(|choice| std::cmp::Reverse(shared(choice)));
    sorted
}

/// The host of an `ip:port`; none of a URL.
fn host(address: &str) -> Option<&str> {
    address.rsplit_once(':').map(|(host, _)| host).filter(|host| !host.contains('/'))
}

/// The port of an `ip:port`.
fn port(address: &str) -> Option<&str> {
    address.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok())
}

/// A switch, and beside it the address while it is on, first on the host of the plain service.
fn over_tls_ui(ui: &mut Ui, key: &str, plain: &str, usual: &str, address: &mut Option<String>) {
    let mut on = address.is_some();
    let switch = ui.checkbox(&mut on, say(key));
    if switch.changed() {
        *address = on.then(|| format!("{}:{usual}", host(plain).unwrap_or("127.0.0.1")));
    }
    if let Some(text) = address {
        ui.add(TextEdit::singleline(text).desired_width(270.0)).labelled_by(switch.id);
    } else {
        let weak = palette(ui).weak;
        ui.label(RichText::new(say("network.off")).color(weak));
    }
    ui.end_row();
}

fn network_ui(
    ui: &mut Ui,
    [broker, server, advertise]: [&mut String; 3],
    (open, tls): (&mut bool, &mut OverTls),
    runs: &Runs,
    settings: &mut Settings,
    wishes: &mut Vec<Wish>,
) -> (bool, bool) {
    Grid::new("network").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        field_ui(ui, "network.broker", "0.0.0.0:1883", broker);
        field_ui(ui, "network.server", "0.0.0.0:8070", server);
        field_ui(ui, "network.advertise", "http://192.168.1.20:8070", advertise);
        over_tls_ui(ui, "network.mqtts", broker, MQTTS_PORT, &mut tls.mqtts);
        over_tls_ui(ui, "network.https", server, HTTPS_PORT, &mut tls.https);
    });
    if ui.button(say("network.save-ca")).on_hover_text(say("network.save-ca-hint")).clicked() {
        wishes.push(Wish::SaveAuthority);
    }
    ui.label(RichText::new(say("network.example")).small());
    if !broker.contains("://") {
        open_ui(ui, open);
    }
    let (confirmed, closed) = buttons_ui(ui, say("network.use"), None);
    if confirmed {
        let asked = asked_for([broker, server, advertise], (*open, tls), runs, settings);
        wishes.extend(asked.into_iter().map(Wish::from));
    }
    (confirmed, closed)
}

/// Whether those without a secret are let in, and what that means.
fn open_ui(ui: &mut Ui, open: &mut bool) {
    ui.add_space(6.0);
    ui.checkbox(open, say("network.open-bench"));
    let (key, colour) =
        if *open { ("network.open-on", palette(ui).warn) } else { ("network.open-off", palette(ui).weak) };
    ui.label(RichText::new(say(key)).small().color(colour));
}

/// What is to be done about the addresses typed, and remembered. What runs already is left alone: its devices would be cut off.
fn asked_for(
    [broker, server, advertise]: [&str; 3],
    (open, tls): (bool, &OverTls),
    runs: &Runs,
    settings: &mut Settings,
) -> Vec<Action> {
    let mut actions = Vec::new();
    // First: who is let in is decided before a new address is listened on.
    if open != runs.open {
        settings.open = open;
        actions.push(Action::SetOpen(open));
    }
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let typed = |address: &Option<String>| address.as_deref().and_then(given);
    let tls = OverTls { mqtts: typed(&tls.mqtts), https: typed(&tls.https) };
    if tls != runs.tls {
        (settings.mqtts, settings.https) = (tls.mqtts.clone(), tls.https.clone());
        actions.push(Action::SetTls { mqtts: tls.mqtts, https: tls.https });
    }
    if let Some(broker) = given(broker).filter(|broker| runs.broker.as_ref() != Some(broker)) {
        let broker = take_mask(&broker, settings.broker.as_deref().unwrap_or_default());
        settings.broker = Some(broker.clone());
        actions.push(Action::SetBroker(broker));
    }
    let unchanged =
        |address: &str| runs.server.as_ref().is_some_and(|(at, prefix)| at == address && prefix == advertise.trim());
    if let Some(address) = given(server).filter(|address| !unchanged(address)) {
        let advertise = given(advertise);
        (settings.server, settings.advertise) = (Some(address.clone()), advertise.clone());
        actions.push(Action::SetServer { address, advertise });
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::{Action, Choice, OverTls, Runs, Settings, asked_for, nearest_first};

    fn check(fields: [&str; 3], expected: &[Action]) -> Settings {
        let runs = Runs {
            broker: Some("mqtt://user:•••@host:1883".to_owned()),
            server: Some(("0.0.0.0:8070".to_owned(), "http://bench:8070".to_owned())),
            open: false,
            tls: OverTls::default(),
        };
        let broker = Some("mqtt://user:secret@host:1883".to_owned());
        let mut settings = Settings { broker, ..Settings::default() };
        assert_eq!(asked_for(fields, (false, &OverTls::default()), &runs, &mut settings), expected, "{fields:?}");
        settings
    }

    #[test]
    fn the_interface_on_a_devices_subnet_is_proposed_first() {
        let choice = |name: &str| Choice { name: name.to_owned(), detail: String::new() };
        let interfaces = ["10.0.0.5", "192.168.1.20", "192.168.7.1"].map(choice);
        let check = |devices: &[&str], expected: [&str; 3]| {
            let sorted = nearest_first(&interfaces, devices.iter().copied());
            assert_eq!(sorted.iter().map(|choice| &*choice.name).collect::<Vec<_>>(), expected, "{devices:?}");
        };
        check(&[], ["10.0.0.5", "192.168.1.20", "192.168.7.1"]);
        check(&["127.0.0.1"], ["10.0.0.5", "192.168.1.20", "192.168.7.1"]);
        check(&["192.168.7.44"], ["192.168.7.1", "192.168.1.20", "10.0.0.5"]);
        check(&["fe80::1", "192.168.1.9"], ["192.168.1.20", "192.168.7.1", "10.0.0.5"]);
    }

    #[test]
    fn confirming_unchanged_addresses_cuts_no_device_off() {
        let (broker, server, prefix) = ("mqtt://user:•••@host:1883", "0.0.0.0:8070", "http://bench:8070");
        assert_eq!(check([broker, &format!(" {server} "), prefix], &[]).server, None);
        let other = Action::SetServer { address: server.to_owned(), advertise: None };
        assert_eq!(check([broker, server, ""], &[other]).server.as_deref(), Some(server));
        let moved = "mqtt://user:secret@other:1883".to_owned();
        let settings = check(["mqtt://user:•••@other:1883", server, prefix], &[Action::SetBroker(moved.clone())]);
        assert_eq!(settings.broker, Some(moved));
        let own = "127.0.0.1:1883".to_owned();
        check([&own, server, prefix], &[Action::SetBroker(own.clone())]);
        check(["", "", ""], &[]);
        // What does not run is tried again, with its password.
        let mut settings = Settings { broker: Some("mqtt://u:secret@h".to_owned()), ..Settings::default() };
        let none = OverTls::default();
        let actions = asked_for(["mqtt://u:•••@h", "", ""], (false, &none), &Runs::default(), &mut settings);
        assert_eq!(actions, [Action::SetBroker("mqtt://u:secret@h".to_owned())]);
    }

    #[test]
    fn who_is_let_in_is_decided_before_the_network_is_listened_on() {
        let (mut settings, none) = (Settings::default(), OverTls::default());
        let actions = asked_for(["0.0.0.0:1883", "", ""], (true, &none), &Runs::default(), &mut settings);
        assert_eq!(actions, [Action::SetOpen(true), Action::SetBroker("0.0.0.0:1883".to_owned())]);
        assert!(settings.open, "it is remembered with the address it was said for");
        let runs = Runs { open: true, ..Runs::default() };
        assert_eq!(asked_for(["", "", ""], (true, &none), &runs, &mut settings), []);
        assert_eq!(asked_for(["", "", ""], (false, &none), &runs, &mut settings), [Action::SetOpen(false)]);
    }

    #[test]
    fn tls_is_switched_on_and_off_where_it_is_not_so_already() {
        let some = |address: &str| Some(address.to_owned());
        let runs = Runs { tls: OverTls { mqtts: some("0.0.0.0:8883"), https: None }, ..Runs::default() };
        let check = |mqtts: Option<String>, https: Option<String>, expected: &[Action]| {
            let mut settings = Settings::default();
            assert_eq!(asked_for([""; 3], (false, &OverTls { mqtts, https }), &runs, &mut settings), expected);
            settings
        };
        check(some(" 0.0.0.0:8883 "), some(""), &[]);
        let off = Action::SetTls { mqtts: None, https: None };
        check(None, None, &[off]);
        let both = Action::SetTls { mqtts: some("0.0.0.0:8883"), https: some("0.0.0.0:8443") };
        let settings = check(some("0.0.0.0:8883"), some("0.0.0.0:8443"), &[both]);
        assert_eq!((settings.mqtts, settings.https), (some("0.0.0.0:8883"), some("0.0.0.0:8443")));
    }
}
