//! What is known of a serial port, or of a simulated device's console.

use super::lines::lines_after;
use super::{Bench, SerialSettings};
use crate::device::console_name;
use crate::event::{DeviceId, Fact, Trouble};
use std::collections::BTreeMap;

/// Ports remembered at most; a mad program that opens ports for ever cannot make the bench grow.
const MAX_PORTS: usize = 1_024;

/// A serial port, or a simulated device's console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// `115200 8N1`.
    pub settings: String,
    /// Whether it is open; else the trouble that closed it, if any.
    pub state: Result<(), Option<Trouble>>,
    /// What the system calls it now, when it came back under another name.
    pub now: Option<String>,
    /// DTR, as far as we moved it.
    pub dtr: bool,
    /// RTS, likewise.
    pub rts: bool,
    /// The file that is being written to it.
    pub file: Option<SendingFile>,
    /// What is sent to it again and again, by name, with its period in milliseconds.
    pub repeats: BTreeMap<String, u64>,
}

/// A file on its way to a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendingFile {
    /// Its name.
    pub name: String,
    /// Bytes in it.
    pub size: u64,
    /// Bytes written.
    pub sent: u64,
}

impl Port {
    fn new(settings: &str) -> Self {
        Self {
            settings: settings.to_owned(),
            state: Err(None),
            now: None,
            dtr: true,
            rts: true,
            file: None,
            repeats: BTreeMap::new(),
        }
    }

    /// Whether it is closed only until it is back, or free: the workbench keeps looking.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(&self.state, Err(Some(trouble)) if trouble.code != "port-failed")
    }
}

impl Bench {
    /// Whose port this is: as it was bound, or the simulated device's whose console it is.
    #[must_use]
    pub fn device_of_port(&self, port: &str) -> Option<&DeviceId> {
        let simulated = || self.devices.keys().find(|device| console_name(device) == port);
        self.bound.get(port).or_else(simulated)
    }

    /// A device's port: the one bound to it, or the console of the simulated device.
    #[must_use]
    pub fn port_of_device(&self, device: &DeviceId) -> Option<String> {
        let console = console_name(device);
        let bound = self.bound.iter().find(|(_, bound)| *bound == device).map(|(port, _)| port.clone());
        bound.or_else(|| self.ports.contains_key(&console).then_some(console))
    }

    pub(super) fn take_port(&mut self, fact: &Fact) {
        match fact {
            Fact::PortOpened { port, settings } => {
                let known = self.meet_port(port, settings);
                if let Some(known) = known {
                    // Settings that change while it is open move the lines only if that was asked for.
                    let lines = |text: &str| SerialSettings::read(text).map(|settings| settings.lines.standing());
                    if known.state.is_err() || lines(settings) != lines(&known.settings) {
                        (known.dtr, known.rts) = lines(settings).unwrap_or((true, true));
                    }
                    known.settings = settings.to_string();
                    known.state = Ok(());
                }
            }
            Fact::PortClosed { port, trouble } => {
                if let Some(known) = self.meet_port(port, "") {
                    known.state = Err(trouble.clone());
                    known.file = None;
                }
            }
            Fact::PortMoved { port, now } => {
                if let Some(known) = self.meet_port(port, "") {
                    known.now = (now != port).then(|| now.to_string());
                }
            }
            Fact::PortBound { port, device: Some(device) } => {
                if self.bound.len() < MAX_PORTS || self.bound.contains_key(&**port) {
                    self.bound.insert(port.to_string(), device.clone());
                }
            }
            Fact::PortBound { port, device: None } => {
                self.bound.remove(&**port);
            }
            _ => self.take_port_work(fact),
        }
    }

    /// What goes on at an open port.
    fn take_port_work(&mut self, fact: &Fact) {
        let (Fact::LinesMoved { port, .. }
        | Fact::FileStarted { port, .. }
        | Fact::FileProgressed { port, .. }
        | Fact::FileEnded { port, .. }
        | Fact::RepeatSet { port, .. }) = fact
        else {
            return;
        };
        let Some(known) = self.ports.get_mut(&**port) else { return };
        match fact {
            Fact::LinesMoved { line, .. } => (known.dtr, known.rts) = lines_after((known.dtr, known.rts), *line),
            Fact::FileStarted { name, size, .. } => {
                known.file = Some(SendingFile { name: name.to_string(), size: *size, sent: 0 });
            }
            Fact::FileEnded { .. } => known.file = None,
            Fact::FileProgressed { sent, .. } => {
                if let Some(file) = &mut known.file {
                    file.sent = *sent;
                }
            }
            Fact::RepeatSet { name, every_ms, .. } => {
                match every_ms {
                    Some(every) => known.repeats.insert(name.to_string(), *every),
                    None => known.repeats.remove(&**name),
                };
            }
            _ => {}
        }
    }

    fn meet_port(&mut self, port: &str, settings: &str) -> Option<&mut Port> {
        if self.ports.len() >= MAX_PORTS && !self.ports.contains_key(port) {
            return None;
        }
        Some(self.ports.entry(port.to_owned()).or_insert_with(|| Port::new(settings)))
    }
}

#[cfg(test)]
mod tests {
    use crate::bench::Bench;
    use crate::event::{DeviceId, Event, Fact, LineMove, Micros, Trouble};

    fn port() -> String {
        "COM7".to_owned()
    }

    fn bench(facts: Vec<Fact>) -> Bench {
        let mut bench = Bench::new(0);
        for (seq, fact) in (1..).zip(facts) {
            let _ = bench.apply(&Event { seq, at: Micros(seq), fact });
        }
        bench
    }

    fn opened() -> Fact {
        Fact::PortOpened { port: port().into(), settings: "9600 8N1".into() }
    }

    fn closed(code: &'static str) -> Fact {
        Fact::PortClosed { port: port().into(), trouble: Some(Trouble::new(code)) }
    }

    #[test]
    fn a_port_that_cannot_be_opened_is_waited_for_unless_waiting_is_no_use() {
        for (facts, waits) in [
            (vec![closed("port-not-found")], true),
            (vec![opened(), closed("port-vanished")], true),
            (vec![closed("port-held")], true),
            (vec![closed("port-failed")], false),
            (vec![opened(), Fact::PortClosed { port: port().into(), trouble: None }], false),
            (vec![closed("port-not-found"), opened()], false),
        ] {
            let bench = bench(facts);
            assert_eq!(bench.ports().next().map(|(_, port)| port.waits()), Some(waits));
        }
    }

    #[test]
    fn a_port_belongs_to_the_device_it_is_bound_to_before_it_is_open_and_after() {
        let lamp = DeviceId::new("P", "lamp");
        let bound = |device: Option<&DeviceId>| Fact::PortBound { port: port().into(), device: device.cloned() };
        let kept = bench(vec![bound(Some(&lamp)), opened(), closed("port-vanished")]);
        assert_eq!(kept.device_of_port("COM7"), Some(&lamp));
        assert_eq!(kept.port_of_device(&lamp), Some(port()));
        assert_eq!(bench(vec![bound(Some(&lamp)), bound(None)]).device_of_port("COM7"), None);
        let simulated = Fact::PortOpened { port: "lamp (simulated)".into(), settings: "uiot".into() };
        let added = Fact::DeviceAdded { device: lamp.clone(), dialect: "uiot".into() };
        assert_eq!(bench(vec![added, simulated]).device_of_port("lamp (simulated)"), Some(&lamp));
    }

    #[test]
    fn the_switches_stand_as_the_port_was_opened_and_stay_when_only_the_rate_changes() {
        let opened = |settings: &str| Fact::PortOpened { port: port().into(), settings: settings.into() };
        let off = Fact::LinesMoved { port: port().into(), line: LineMove::RtsOff };
        for (facts, lines) in [
            (vec![opened("9600 8N1 RTS-off")], (true, false)),
            (vec![opened("9600 8N1"), off.clone(), opened("115200 8N1")], (true, false)),
            (vec![opened("9600 8N1"), off.clone(), closed("port-vanished"), opened("9600 8N1 RTS-off")], (true, false)),
            (vec![opened("9600 8N1"), opened("9600 8N1 DTR-off")], (false, true)),
            (vec![opened("9600 8N1 DTR-off"), closed("port-vanished"), opened("9600 8N1 lines-alone")], (true, true)),
        ] {
            let bench = bench(facts.clone());
            let (_, known) = bench.ports().next().unwrap();
            assert_eq!((known.dtr, known.rts), lines, "{facts:?}");
        }
    }

    #[test]
    fn the_window_sees_how_far_a_file_is_and_how_the_lines_stand() {
        let sent = |sent| Fact::FileProgressed { port: port().into(), sent };
        let started = Fact::FileStarted { port: port().into(), name: "a.bin".into(), size: 100 };
        let mut facts = vec![opened(), started, sent(40), sent(80)];
        facts.push(Fact::LinesMoved { port: port().into(), line: LineMove::DtrOff });
        facts.push(Fact::RepeatSet { port: port().into(), name: "ping".into(), every_ms: Some(50) });
        let (_, known) =
            bench(facts.clone()).ports().next().map(|(name, port)| (name.to_owned(), port.clone())).unwrap();
        assert_eq!((known.file.map(|file| file.sent), known.dtr, known.rts), (Some(80), false, true));
        assert_eq!(known.repeats.get("ping"), Some(&50));
        let name = Some("a.bin".into());
        facts.push(Fact::FileEnded {
            port: port().into(),
            name,
            sent: 80,
            complete: false,
            sha256: None,
            trouble: None,
        });
        facts.push(Fact::RepeatSet { port: port().into(), name: "ping".into(), every_ms: None });
        facts.push(Fact::PortMoved { port: port().into(), now: "COM9".into() });
        let bench = bench(facts);
        let (_, known) = bench.ports().next().unwrap();
        assert!(known.file.is_none() && known.repeats.is_empty() && known.now.as_deref() == Some("COM9"));
    }
}
