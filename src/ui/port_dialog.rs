//! The dialog for one serial port: rate, framing, flow control, and whose it is.

use super::dialogs::{buttons_ui, heading_ui};
use super::known_ports::remember;
use super::pieces::choice_ui;
use super::port_bar::BAUD_RATES;
use super::settings::Settings;
use super::wish::Wish;
use super::words::{say, tell};
use crate::bench::{Action, FlowControl, LinesAtOpening, Parity, PluggedPort, SerialSettings};
use crate::event::DeviceId;
use eframe::egui::{Grid, TextEdit, Ui};

/// A port as set so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortDraft {
    port: String,
    /// What the system calls it now.
    at: String,
    baud_rate: String,
    serial: SerialSettings,
    device: Option<DeviceId>,
    /// Whose it was.
    was_of: Option<DeviceId>,
    devices: Vec<DeviceId>,
    /// Whether it is open, or waited for: the settings then count at once.
    live: bool,
}

impl PortDraft {
    /// A port as it is set.
    #[must_use]
    pub fn new(
        port: &str,
        at: &str,
        serial: SerialSettings,
        device: Option<DeviceId>,
        devices: Vec<DeviceId>,
        live: bool,
    ) -> Self {
        let (port, at, baud_rate) = (port.to_owned(), at.to_owned(), serial.baud_rate.to_string());
        Self { port, at, baud_rate, serial, was_of: device.clone(), device, devices, live }
    }

    /// The settings, if the rate is a number.
    fn settings(&self) -> Option<SerialSettings> {
        let baud_rate = self.baud_rate.trim().replace([' ', ',', '_'], "").parse().ok().filter(|rate| *rate > 0)?;
        Some(SerialSettings { baud_rate, ..self.serial })
    }
}

/// Draws the dialog. Gives whether it was confirmed, and whether it was left.
pub(super) fn port_dialog_ui(
    ui: &mut Ui,
    draft: &mut PortDraft,
    plugged: &[PluggedPort],
    settings: &mut Settings,
    wishes: &mut Vec<Wish>,
) -> (bool, bool) {
    heading_ui(ui, tell("port.title", &[("port", &draft.port)]), say("port.hint"));
    Grid::new("port").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        baud_rate_ui(ui, draft);
        let serial = &mut draft.serial;
        let bits = [5, 6, 7, 8].map(|bits| (bits, bits.to_string()));
        row_ui(ui, "port.data-bits", &mut serial.data_bits, bits);
        row_ui(ui, "port.parity", &mut serial.parity, Parity::ALL.map(|parity| (parity, parity_name(parity))));
        row_ui(ui, "port.stop-bits", &mut serial.stop_bits, [1, 2].map(|bits| (bits, bits.to_string())));
        let flow = FlowControl::ALL.map(|flow| (flow, flow_name(flow)));
        row_ui(ui, "port.flow-control", &mut serial.flow_control, flow);
        row_ui(ui, "port.lines", &mut serial.lines, lines());
        let devices =
            draft.devices.iter().chain(&draft.device).map(|device| (Some(device.clone()), device.to_string()));
        let mut devices: Vec<_> = std::iter::once((None, say("port.nobodys"))).chain(devices).collect();
        devices.dedup();
        row_ui(ui, "port.device", &mut draft.device, devices);
    });
    let refused = draft.settings().is_none().then(|| say("port.bad-baud"));
    let confirm = say(if draft.live { "port.apply" } else { "dialog.save" });
    let (confirmed, closed) = buttons_ui(ui, confirm, refused.as_deref());
    if let Some(serial) = draft.settings().filter(|_| confirmed) {
        wishes.extend(asked_for(draft, serial, plugged, settings).into_iter().map(Wish::from));
    }
    (confirmed, closed)
}

fn baud_rate_ui(ui: &mut Ui, draft: &mut PortDraft) {
    let label = ui.label(say("console.baud"));
    ui.horizontal(|ui| {
        ui.add(TextEdit::singleline(&mut draft.baud_rate).desired_width(90.0)).labelled_by(label.id);
        let usual = BAUD_RATES.map(|rate| (rate.to_string(), rate.to_string()));
        if let Some(rate) = choice_ui(ui, "usual", &say("port.usual"), 20.0, &draft.baud_rate, usual) {
            draft.baud_rate = rate;
        }
    });
    ui.end_row();
}

fn row_ui<T: PartialEq + Clone>(
    ui: &mut Ui,
    key: &str,
    chosen: &mut T,
    choices: impl IntoIterator<Item = (T, String)>,
) {
    ui.label(say(key));
    if let Some(other) = choice_ui(ui, key, &say(key), 200.0, chosen, choices) {
        *chosen = other;
    }
    ui.end_row();
}

fn parity_name(parity: Parity) -> String {
    say(match parity {
        Parity::None => "port.parity-none",
        Parity::Odd => "port.parity-odd",
        Parity::Even => "port.parity-even",
    })
}

fn flow_name(flow: FlowControl) -> String {
    if flow == FlowControl::None { say("port.flow-none") } else { flow.name().to_owned() }
}

/// How the control lines may stand once the port is open, in words.
fn lines() -> [(LinesAtOpening, String); 5] {
    let set = |dtr, rts| LinesAtOpening::Set { dtr, rts };
    [
        (set(true, true), say("port.lines-on")),
        (set(true, false), say("port.lines-dtr")),
        (set(false, true), say("port.lines-rts")),
        (set(false, false), say("port.lines-off")),
        (LinesAtOpening::LeftAlone, say("port.lines-alone")),
    ]
}

/// What is to be done about what was set, and remembered of it.
fn asked_for(
    draft: &PortDraft,
    serial: SerialSettings,
    plugged: &[PluggedPort],
    settings: &mut Settings,
) -> Vec<Action> {
    let port = draft.port.clone();
    settings.baud_rate = serial.baud_rate;
    remember(settings, &draft.at, plugged, &serial, draft.device.as_ref());
    let mut actions = Vec::new();
    if draft.device != draft.was_of {
        actions.push(Action::BindPort { port: port.clone(), device: draft.device.clone() });
    }
    if draft.live {
        // It is the one that it is.
        actions.push(Action::OpenPort { port, settings: serial, identity: None });
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::{Action, DeviceId, PortDraft, SerialSettings, Settings, asked_for};

    fn draft(live: bool) -> PortDraft {
        PortDraft::new("COM7", "COM7", SerialSettings::default(), None, Vec::new(), live)
    }

    #[test]
    fn any_rate_can_be_typed_and_nonsense_is_not_taken() {
        for (text, rate) in
            [("250000", Some(250_000)), (" 3 000 000 ", Some(3_000_000)), ("1,500,000", Some(1_500_000))]
        {
            let draft = PortDraft { baud_rate: text.into(), ..draft(false) };
            assert_eq!(draft.settings().map(|settings| settings.baud_rate), rate);
        }
        for text in ["", "0", "fast", "-9600", "99999999999"] {
            assert_eq!(PortDraft { baud_rate: text.into(), ..draft(false) }.settings(), None, "{text}");
        }
    }

    #[test]
    fn settings_of_an_open_port_count_at_once_and_those_of_a_closed_one_when_it_is_opened() {
        let lamp = DeviceId::new("P", "lamp");
        let serial = SerialSettings { data_bits: 7, ..SerialSettings::default() };
        let mut settings = Settings::default();
        let closed = PortDraft { device: Some(lamp.clone()), ..draft(false) };
        let actions = asked_for(&closed, serial, &[], &mut settings);
        assert_eq!(actions, [Action::BindPort { port: "COM7".into(), device: Some(lamp) }]);
        assert_eq!(settings.serial[0].settings, "115200 7N1");
        let opened = Action::OpenPort { port: "COM7".into(), settings: serial, identity: None };
        assert_eq!(asked_for(&draft(true), serial, &[], &mut settings), [opened]);
    }
}
