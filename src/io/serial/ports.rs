//! Which ports there are, and how one is asked for.

use crate::bench::{FlowControl, LinesAtOpening, Parity, PluggedPort, SerialSettings, UsbIdentity};
use crate::event::{Fact, Trouble};
use serialport::{SerialPort, SerialPortBuilder, SerialPortInfo, SerialPortType, UsbPortInfo};
use std::path::Path;
use std::time::Duration;

/// How long one read or write waits. Closing a port takes at most this long.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

/// The serial ports of this computer, those on USB first.
#[must_use]
pub fn available_ports() -> Vec<PluggedPort> {
    // The serial library panics on a Linux without this directory, such as a bare container.
    if cfg!(target_os = "linux") && !std::path::Path::new("/sys/class/tty").is_dir() {
        return Vec::new();
    }
    let mut ports: Vec<_> = serialport::available_ports().unwrap_or_default().into_iter().map(plugged).collect();
    // macOS has every port twice; the `tty.` one waits for a carrier that a board never gives.
    ports.retain(|port| !port.name.starts_with("/dev/tty."));
    ports.sort_by_key(|port| (port.usb.is_none(), in_order(&port.name)));
    ports
}

/// `ttyUSB2` before `ttyUSB10`.
fn in_order(name: &str) -> (String, u64) {
    let head = name.trim_end_matches(|end: char| end.is_ascii_digit());
    (head.to_owned(), name[head.len()..].parse().unwrap_or_default())
}

fn plugged(port: SerialPortInfo) -> PluggedPort {
    let named = PluggedPort::named(&port.port_name);
    match port.port_type {
        SerialPortType::UsbPort(usb) => on_usb(usb, socket(&named.name), named),
        SerialPortType::BluetoothPort => PluggedPort { product: "Bluetooth".to_owned(), ..named },
        SerialPortType::PciPort => PluggedPort { product: "PCI".to_owned(), ..named },
        SerialPortType::Unknown => named,
    }
}

/// The USB socket a port is in, where the system tells: `1-1.2`.
fn socket(port: &str) -> Option<String> {
    let device = std::fs::canonicalize(Path::new("/sys/class/tty").join(Path::new(port).file_name()?).join("device"));
    socket_of(&device.ok()?)
}

/// The socket in a device's path: `…/usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0`. An interface stands after a colon.
fn socket_of(device: &Path) -> Option<String> {
    let parts = device.iter().filter_map(|part| part.to_str());
    let interface = |part: &str| Some(part.split_once(':')?.0.to_owned()).filter(|socket| socket.contains('-'));
    parts.rev().find_map(interface)
}

fn on_usb(usb: UsbPortInfo, socket: Option<String>, named: PluggedPort) -> PluggedPort {
    let told = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let serial = told(usb.serial_number);
    PluggedPort {
        usb: Some(UsbIdentity { vid: usb.vid, pid: usb.pid, serial, location: socket, interface: usb.interface }),
        manufacturer: told(usb.manufacturer).unwrap_or_default(),
        product: told(usb.product).unwrap_or_default(),
        ..named
    }
}

/// Asks for a port with these settings.
pub(super) fn builder(port: &str, settings: SerialSettings) -> Result<SerialPortBuilder, Trouble> {
    let Library { data_bits, stop_bits, parity, flow_control } =
        Library::of(settings).map_err(|what| Trouble::new("port-failed").with("port", port).with("detail", what))?;
    let builder = serialport::new(port, settings.baud_rate).data_bits(data_bits).stop_bits(stop_bits);
    Ok(builder.parity(parity).flow_control(flow_control).timeout(PATIENCE))
}

/// Gives an open port other settings. It stays open: opening it anew would reset many a board.
pub(super) fn set(port: &mut impl SerialPort, name: &str, settings: SerialSettings) -> Result<(), Trouble> {
    let failed = |what: String| Trouble::new("port-failed").with("port", name).with("detail", what);
    let Library { data_bits, stop_bits, parity, flow_control } = Library::of(settings).map_err(failed)?;
    let has = read_back(port).ok();
    let mut done = Ok(());
    // Five bits with two stop bits are refused, and so is the way from there to here: with one stop bit all is legal.
    if has.is_none_or(|has| has.data_bits != settings.data_bits) {
        done = port.set_stop_bits(serialport::StopBits::One).and_then(|()| port.set_data_bits(data_bits));
    }
    let done = done
        .and_then(|()| port.set_parity(parity))
        .and_then(|()| port.set_stop_bits(stop_bits))
        .and_then(|()| port.set_flow_control(flow_control))
        .and_then(|()| port.set_baud_rate(settings.baud_rate));
    done.map_err(|error| failed(error.description))
}

/// What is to be told of an open port: the settings it has, as far as the system tells, and that they are not those asked
/// for. An adapter may take less, and say nothing.
pub(super) fn opened(port: &impl SerialPort, name: &str, asked: SerialSettings) -> Vec<Fact> {
    let has = read_back(port).map_or(asked, |has| as_asked(has, asked));
    let opened = Fact::PortOpened { port: name.into(), settings: has.to_string().into() };
    let differs = || Trouble::new("port-settings-differ").with("port", name).with("asked", asked).with("has", has);
    let differs = (has != asked).then(|| Fact::TroubleMet { trouble: differs() });
    std::iter::once(opened).chain(differs).collect()
}

/// An adapter divides its clock: the nearest rate it can make is as good. None was asked for on a pseudo terminal.
fn as_asked(has: SerialSettings, asked: SerialSettings) -> SerialSettings {
    let near = has.baud_rate.abs_diff(asked.baud_rate) <= asked.baud_rate / 33 || asked.baud_rate == 0;
    let baud_rate = if near { asked.baud_rate } else { has.baud_rate };
    SerialSettings { baud_rate, lines: asked.lines, ..has }
}

fn read_back(port: &impl SerialPort) -> serialport::Result<SerialSettings> {
    Ok(SerialSettings {
        baud_rate: port.baud_rate()?,
        data_bits: port.data_bits()?.into(),
        stop_bits: port.stop_bits()?.into(),
        parity: match port.parity()? {
            serialport::Parity::None => Parity::None,
            serialport::Parity::Odd => Parity::Odd,
            serialport::Parity::Even => Parity::Even,
        },
        flow_control: match port.flow_control()? {
            serialport::FlowControl::None => FlowControl::None,
            serialport::FlowControl::Hardware => FlowControl::Hardware,
            serialport::FlowControl::Software => FlowControl::Software,
        },
        lines: LinesAtOpening::default(),
    })
}

/// Settings in the serial library's words.
struct Library {
    data_bits: serialport::DataBits,
    stop_bits: serialport::StopBits,
    parity: serialport::Parity,
    flow_control: serialport::FlowControl,
}

impl Library {
    fn of(settings: SerialSettings) -> Result<Self, String> {
        Ok(Self {
            data_bits: settings.data_bits.try_into().map_err(|()| format!("{} data bits", settings.data_bits))?,
            stop_bits: settings.stop_bits.try_into().map_err(|()| format!("{} stop bits", settings.stop_bits))?,
            parity: match settings.parity {
                Parity::None => serialport::Parity::None,
                Parity::Odd => serialport::Parity::Odd,
                Parity::Even => serialport::Parity::Even,
            },
            flow_control: match settings.flow_control {
                FlowControl::None => serialport::FlowControl::None,
                FlowControl::Hardware => serialport::FlowControl::Hardware,
                FlowControl::Software => serialport::FlowControl::Software,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Path, builder, in_order, on_usb, plugged, socket_of};
    use crate::bench::{FlowControl, Parity, PluggedPort, SerialSettings};
    use serialport::{SerialPortInfo, SerialPortType, UsbPortInfo};

    #[test]
    fn a_usb_port_says_what_is_plugged_in() {
        let usb = UsbPortInfo {
            vid: 0x10C4,
            pid: 0xEA60,
            serial_number: Some("0001".into()),
            manufacturer: Some("Silicon Labs".into()),
            product: Some("CP2102".into()),
            interface: Some(0),
        };
        let bare = UsbPortInfo {
            serial_number: Some(" ".into()),
            manufacturer: None,
            product: None,
            interface: None,
            ..usb.clone()
        };
        let port = |usb| SerialPortInfo { port_name: "COM7".into(), port_type: SerialPortType::UsbPort(usb) };
        assert_eq!(plugged(port(usb)).detail(), "Silicon Labs CP2102 (10c4:ea60:0001#0)");
        assert_eq!(plugged(port(bare)).detail(), "(10c4:ea60)");
    }

    #[test]
    fn twins_without_a_serial_number_are_known_by_their_sockets() {
        for (path, socket) in [
            ("/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0", Some("1-1.2")),
            ("/sys/devices/pci0000:00/0000:00:14.0/usb3/3-2/3-2:1.1", Some("3-2")),
            ("/sys/devices/platform/serial8250", None),
            ("/sys/devices/pci0000:00/0000:00:16.3", None),
        ] {
            assert_eq!(socket_of(Path::new(path)).as_deref(), socket, "{path}");
        }
        let usb = |serial: Option<&str>| UsbPortInfo {
            vid: 0x1A86,
            pid: 0x7523,
            serial_number: serial.map(str::to_owned),
            manufacturer: None,
            product: None,
            interface: None,
        };
        let known = |serial| on_usb(usb(serial), Some("1-1.2".into()), PluggedPort::named("/dev/ttyUSB0")).usb;
        assert_eq!(known(None).unwrap().to_string(), "1a86:7523@1-1.2");
        assert_eq!(known(Some("A1")).unwrap().to_string(), "1a86:7523:A1");
    }

    #[test]
    fn the_tenth_port_stands_after_the_second() {
        let mut names = ["/dev/ttyUSB10", "COM10", "/dev/ttyUSB2", "COM9"];
        names.sort_by_key(|name| in_order(name));
        assert_eq!(names, ["/dev/ttyUSB2", "/dev/ttyUSB10", "COM9", "COM10"]);
    }

    /// A pseudo terminal has neither parity nor data bits, so that what is asked of the library is all a test can see.
    #[test]
    fn every_setting_is_asked_for() {
        for (data_bits, words) in [(5, "Five"), (6, "Six"), (7, "Seven"), (8, "Eight")] {
            check(SerialSettings { data_bits, ..SerialSettings::default() }, &format!("data_bits: {words}"));
        }
        for (stop_bits, words) in [(1, "One"), (2, "Two")] {
            check(SerialSettings { stop_bits, ..SerialSettings::default() }, &format!("stop_bits: {words}"));
        }
        for parity in Parity::ALL {
            check(SerialSettings { parity, ..SerialSettings::default() }, &format!("parity: {parity:?}"));
        }
        for flow_control in FlowControl::ALL {
            let settings = SerialSettings { flow_control, ..SerialSettings::default() };
            check(settings, &format!("flow_control: {flow_control:?}"));
        }
        check(SerialSettings { baud_rate: 123_456, ..SerialSettings::default() }, "baud_rate: 123456");
        for wrong in [
            SerialSettings { data_bits: 9, ..SerialSettings::default() },
            SerialSettings { stop_bits: 3, ..SerialSettings::default() },
        ] {
            assert_eq!(builder("COM7", wrong).unwrap_err().code, "port-failed");
        }
    }

    fn check(settings: SerialSettings, expected: &str) {
        let asked = format!("{:?}", builder("COM7", settings).unwrap());
        assert!(asked.contains(expected), "{asked}");
    }
}
