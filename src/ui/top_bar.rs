//! The top of the window: how broker, firmware server, serial ports and recording stand; language, theme, network.

use super::captures::Ask;
use super::model::Model;
use super::pieces::{Light, button_ui, choice_ui, light_ui};
use super::settings::{Settings, ThemeChoice};
use super::state::{Dialog, OverTls, Runs, WindowState};
use super::theme::palette;
use super::wish::Wish;
use super::words::{self, Language, say, tell};
use crate::bench::{Port, Service};
use crate::event::{TlsService, Trouble, mask_password};
use crate::journal::Film;
use eframe::egui;
use eframe::egui::{Align, Layout, RichText, Ui};

/// What a light and the beginning of its text take, in points.
const LEAST_STATUS: f32 = 48.0;

/// How the recording stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The file's name.
    pub name: String,
    /// Bytes written.
    pub bytes: u64,
}

/// How one thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    /// Its light.
    pub light: Light,
    /// The light in a word.
    pub meaning: String,
    /// What and where.
    pub text: String,
    /// What is the matter and what to do, if anything is.
    pub trouble: Option<String>,
    /// Whether the trouble is written out; a port's is, in the console.
    pub loud: bool,
}

/// The top of the window.
#[derive(Clone, Debug, PartialEq)]
pub struct TopBarView {
    /// Broker, firmware server, serial, recording.
    pub status: Vec<StatusView>,
    /// What the dialog for addresses begins with.
    pub network: Dialog,
    /// Whether it is of the past: no address can be set.
    pub past: bool,
}

/// Works the bar out.
#[must_use]
pub fn view(model: &Model, state: &WindowState, recording: Option<&Recording>) -> TopBarView {
    let mut status = vec![broker(model), server(model)];
    status.extend([TlsService::Mqtts, TlsService::Https].into_iter().filter_map(|service| over_tls(model, service)));
    status.push(serial(model));
    if !state.is_past() {
        status.extend(recorded(recording, model.shown().recording_trouble()));
    }
    TopBarView { status, network: network(model, &state.settings), past: state.is_past() }
}

/// What runs stands in the dialog; what does not run, as it was last wanted.
fn network(model: &Model, settings: &Settings) -> Dialog {
    let mut runs = Runs { open: model.shown().is_open(), ..Runs::default() };
    if let Service::Running { address, .. } = model.shown().broker() {
        let wanted = settings.broker.as_deref().filter(|wanted| is_at(wanted, address));
        let has_scheme = !model.shown().is_external() || address.contains("://");
        let running = || if has_scheme { address.clone() } else { format!("mqtt://{address}") };
        runs.broker = Some(wanted.map_or_else(running, mask_password));
    }
    if let Service::Running { address, advertised } = model.shown().server() {
        let prefix = settings.advertise.as_ref().map(|_| advertised.clone());
        runs.server = Some((address.clone(), prefix.unwrap_or_default()));
    }
    let wanted = |wanted: &Option<String>| wanted.clone().unwrap_or_default();
    let (server, advertise) =
        runs.server.clone().unwrap_or_else(|| (wanted(&settings.server), wanted(&settings.advertise)));
    let broker = runs.broker.clone().unwrap_or_else(|| mask_password(&wanted(&settings.broker)));
    let listening = |service| match model.shown().tls(service) {
        Service::Running { address, .. } => Some(address.clone()),
        _ => None,
    };
    runs.tls = OverTls { mqtts: listening(TlsService::Mqtts), https: listening(TlsService::Https) };
    let tls = OverTls {
        mqtts: runs.tls.mqtts.clone().or_else(|| settings.mqtts.clone()),
        https: runs.tls.https.clone().or_else(|| settings.https.clone()),
    };
    Dialog::Network { broker, server, advertise, open: runs.open, tls, runs }
}

/// Whether a broker's URL, or address, leads to `ip:port`, or to `mqtts://ip:port`.
fn is_at(url: &str, address: &str) -> bool {
    let (scheme, place) = url.split_once("://").unwrap_or(("mqtt", url));
    let place = place.rsplit('@').next().unwrap_or(place).trim_end_matches('/');
    let (over_tls, address) = match address.strip_prefix("mqtts://") {
        Some(address) => (true, address),
        None => (false, address),
    };
    let usual = if over_tls { ":8883" } else { ":1883" };
    let same_scheme = matches!(scheme, "mqtts" | "ssl" | "tls") == over_tls;
    same_scheme && (place == address || address.strip_suffix(usual) == Some(place))
}

fn running(text: String) -> StatusView {
    StatusView { light: Light::On, meaning: say("status.running"), text, trouble: None, loud: false }
}

fn stopped(text: String) -> StatusView {
    StatusView { light: Light::Off, meaning: say("status.stopped"), text, trouble: None, loud: false }
}

fn untold(text: String) -> StatusView {
    StatusView { light: Light::Unknown, meaning: say("status.untold"), ..stopped(text) }
}

/// Whether it is a part of a session, or a packet trace: what ran at its begin is not in it.
fn is_untold(model: &Model) -> bool {
    let first = model.journal.film().and_then(Film::first);
    first.is_some_and(|(number, _)| number > 1 || model.bench.started_unix_ms() == 0)
}

fn broken(text: String, trouble: &Trouble) -> StatusView {
    let trouble = Some(words::trouble(trouble).joined());
    StatusView { light: Light::Broken, meaning: say("status.failed"), text, trouble, loud: true }
}

fn broker(model: &Model) -> StatusView {
    match (model.shown().broker(), model.shown().connected_clients()) {
        (Service::Running { address, .. }, Some(n)) => {
            let text = tell("status.broker", &[("address", address), ("n", &n)]);
            running(if model.shown().is_open() { format!("{text} · {}", say("status.open")) } else { text })
        }
        (Service::Running { address, .. }, None) => running(tell("status.broker-external", &[("address", address)])),
        (Service::Failed(trouble), _) => broken(say("status.broker-failed"), trouble),
        (Service::Stopped, _) if is_untold(model) => untold(say("status.broker-untold")),
        (Service::Stopped, _) => stopped(say("status.broker-stopped")),
    }
}

fn server(model: &Model) -> StatusView {
    match model.shown().server() {
        Service::Running { advertised, .. } => running(tell("status.server", &[("address", advertised)])),
        Service::Failed(trouble) => broken(say("status.server-failed"), trouble),
        Service::Stopped if is_untold(model) => untold(say("status.server-untold")),
        Service::Stopped => stopped(say("status.server-stopped")),
    }
}

/// TLS is only spoken of where it was asked for.
fn over_tls(model: &Model, service: TlsService) -> Option<StatusView> {
    let scheme = service.scheme();
    match model.shown().tls(service) {
        Service::Running { address, .. } => Some(running(format!("{scheme}://{address}"))),
        Service::Failed(trouble) => Some(broken(tell("status.tls-failed", &[("scheme", &scheme)]), trouble)),
        Service::Stopped => None,
    }
}

fn serial(model: &Model) -> StatusView {
    let ports: Vec<(&str, &Port)> = model.shown().ports().collect();
    let open: Vec<_> = ports.iter().filter(|(_, port)| port.state.is_ok()).collect();
    if let [(name, port)] = open.as_slice() {
        return running(tell("status.serial", &[("port", name), ("settings", &port.settings)]));
    }
    if open.len() > 1 {
        return running(tell("status.serial-many", &[("n", &open.len())]));
    }
    let troubled = ports.iter().find_map(|(name, port)| match &port.state {
        Err(Some(trouble)) => Some((name, trouble)),
        _ => None,
    });
    match troubled {
        Some((name, trouble)) => {
            StatusView { loud: false, ..broken(tell("status.serial-failed", &[("port", name)]), trouble) }
        }
        None => stopped(say("status.serial-closed")),
    }
}

fn recorded(recording: Option<&Recording>, trouble: Option<&Trouble>) -> Option<StatusView> {
    let text = recording
        .map(|Recording { name, bytes }| tell("status.recording", &[("name", name), ("size", &words::bytes(*bytes))]));
    match trouble {
        // Even where there is no file: what is not kept is said.
        Some(trouble) => Some(broken(text.unwrap_or_else(|| say("status.unrecorded")), trouble)),
        None => text.map(running),
    }
}

/// Draws the bar; changes language and theme in the settings.
pub fn top_bar_ui(ui: &mut Ui, view: &TopBarView, settings: &mut Settings) -> Vec<Wish> {
    let mut wishes = Vec::new();
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !view.past && button_ui(ui, say("network.open")).clicked() {
                wishes.push(Wish::Open(view.network.clone()));
            }
            if button_ui(ui, say("captures.open-list")).on_hover_text(say("captures.open-list-hint")).clicked() {
                wishes.push(Wish::Captures(Ask::Show(true)));
            }
            let themes = ThemeChoice::ALL.map(|choice| (choice, say(choice.key())));
            if let Some(theme) = choice_ui(ui, "theme", &say("theme.name"), 70.0, &settings.theme, themes) {
                settings.theme = theme;
            }
            let languages = Language::ALL.map(|language| (language, language.name().to_owned()));
            if let Some(language) = choice_ui(ui, "language", &say("language.name"), 74.0, &words::spoken(), languages)
            {
                settings.language = Some(language);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                for status in &view.status {
                    // In a narrow window the last ones find no room; what is wrong with them is written out below.
                    if ui.available_width() < LEAST_STATUS {
                        break;
                    }
                    status_ui(ui, status);
                }
            });
        });
    });
    for status in &view.status {
        if let Some(trouble) = status.trouble.as_ref().filter(|_| status.loud) {
            ui.label(RichText::new(trouble).color(palette(ui).bad));
        }
    }
    wishes
}

fn status_ui(ui: &mut Ui, status: &StatusView) {
    light_ui(ui, status.light, &status.meaning);
    let label = ui.add(egui::Label::new(&status.text).truncate());
    if let Some(trouble) = &status.trouble {
        label.on_hover_text(trouble);
    }
    ui.add_space(8.0);
}

#[cfg(test)]
mod tests {
    use super::{Dialog, Model, OverTls, Runs, Settings, is_at, network};
    use super::{Light, Trouble, recorded};
    use crate::bench::Bench;
    use crate::event::{Event, Fact, Micros, TlsService};

    fn model(facts: Vec<Fact>) -> Model {
        let mut bench = Bench::new(0);
        for (seq, fact) in (1..).zip(facts) {
            bench.apply(&Event { seq, at: Micros(seq), fact });
        }
        Model::new(bench)
    }

    #[test]
    fn a_url_is_known_by_where_it_leads() {
        assert!(is_at("mqtts://u:p@host", "mqtts://host:8883") && is_at("ssl://host:8884/", "mqtts://host:8884"));
        assert!(is_at("mqtt://host", "host:1883") && is_at("0.0.0.0:1883", "0.0.0.0:1883"));
        assert!(!is_at("mqtt://host:8883", "mqtts://host:8883") && !is_at("mqtts://host", "host:8883"));
    }

    #[test]
    fn the_dialog_shows_what_runs_and_no_password() {
        let broker = Some("mqtt://user:secret@10.0.0.5".to_owned());
        let settings = Settings { broker, ..Settings::default() };
        let shown = "mqtt://user:•••@10.0.0.5".to_owned();
        let expect = |facts, broker: &str, runs: Runs| {
            let server = runs.server.clone().unwrap_or_default().0;
            let (advertise, tls) = (String::new(), runs.tls.clone());
            let dialog = Dialog::Network { broker: broker.to_owned(), server, advertise, open: false, tls, runs };
            assert_eq!(network(&model(facts), &settings), dialog);
        };
        expect(Vec::new(), &shown, Runs::default());
        let joined = |address: &str, external| Fact::BrokerStarted { address: address.into(), external };
        let runs = |broker: &str| Runs { broker: Some(broker.to_owned()), ..Runs::default() };
        expect(vec![joined("10.0.0.5:1883", true)], &shown, runs(&shown));
        expect(vec![joined("10.0.0.6:1883", true)], "mqtt://10.0.0.6:1883", runs("mqtt://10.0.0.6:1883"));
        expect(vec![joined("0.0.0.0:1883", false)], "0.0.0.0:1883", runs("0.0.0.0:1883"));
        expect(vec![joined("mqtts://10.0.0.5:8883", true)], "mqtts://10.0.0.5:8883", runs("mqtts://10.0.0.5:8883"));
        let over_tls = Fact::TlsStarted { service: TlsService::Https, address: "0.0.0.0:8443".into() };
        let tls = OverTls { https: Some("0.0.0.0:8443".to_owned()), mqtts: None };
        expect(vec![over_tls], &shown, Runs { tls, ..Runs::default() });
        let advertised = "http://10.0.0.1:8070".to_owned();
        let started = Fact::ServerStarted { address: "0.0.0.0:8070".into(), advertised: advertised.into() };
        let server = Some(("0.0.0.0:8070".to_owned(), String::new()));
        expect(vec![started], &shown, Runs { server, ..Runs::default() });
    }

    /// A bench that records nothing never looks like one that records.
    #[test]
    fn the_light_of_the_recording_is_red_even_where_there_is_no_file() {
        let trouble = Trouble::new("capture-unwritable").with("path", "a").with("detail", "full");
        let status = recorded(None, Some(&trouble)).unwrap();
        assert!(status.light == Light::Broken && status.loud && status.trouble.is_some());
        assert_eq!(recorded(None, None), None, "a session that is recorded nowhere on purpose");
    }
}
