//! Which ports there are, and how one is asked for.

use crate::bench::{FlowControl, Parity, SerialSettings};
use crate::event::Trouble;
use serialport::{SerialPortBuilder, SerialPortType, UsbPortInfo};
use std::time::Duration;

/// How long one read or write waits. Closing a port takes at most this long.
pub(super) const PATIENCE: Duration = Duration::from_millis(20);

/// A serial port of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortName {
    /// The system's name for it: `/dev/ttyUSB0`, `COM3`.
    pub name: String,
    /// What is plugged in there, as far as the system knows; else empty.
    pub detail: String,
}

/// The serial ports of this computer, those on USB first.
#[must_use]
pub fn available_ports() -> Vec<PortName> {
    // The serial library panics on a Linux without this directory, such as a bare container.
    if cfg!(target_os = "linux") && !std::path::Path::new("/sys/class/tty").is_dir() {
        return Vec::new();
    }
    let mut ports = serialport::available_ports().unwrap_or_default();
    // macOS has every port twice; the `tty.` one waits for a carrier that a board never gives.
    ports.retain(|port| !port.port_name.starts_with("/dev/tty."));
    ports.sort_by_key(|port| (!matches!(port.port_type, SerialPortType::UsbPort(_)), port.port_name.clone()));
    ports.into_iter().map(|port| PortName { detail: detail(&port.port_type), name: port.port_name }).collect()
}

fn detail(kind: &SerialPortType) -> String {
    match kind {
        SerialPortType::UsbPort(usb) => usb_detail(usb),
        SerialPortType::BluetoothPort => "Bluetooth".to_owned(),
        SerialPortType::PciPort => "PCI".to_owned(),
        SerialPortType::Unknown => String::new(),
    }
}

/// `Silicon Labs CP2102 (10c4:ea60)`.
fn usb_detail(usb: &UsbPortInfo) -> String {
    let numbers = format!("({:04x}:{:04x})", usb.vid, usb.pid);
    [usb.manufacturer.as_deref(), usb.product.as_deref(), Some(&numbers)]
        .into_iter()
        .flatten()
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Asks for a port with these settings.
pub(super) fn builder(port: &str, settings: &SerialSettings) -> Result<SerialPortBuilder, Trouble> {
    let refused = |what: String| Trouble::new("port-failed").with("port", port).with("detail", what);
    let data_bits = settings.data_bits.try_into().map_err(|()| refused(format!("{} data bits", settings.data_bits)))?;
    let stop_bits = settings.stop_bits.try_into().map_err(|()| refused(format!("{} stop bits", settings.stop_bits)))?;
    let parity = match settings.parity {
        Parity::None => serialport::Parity::None,
        Parity::Odd => serialport::Parity::Odd,
        Parity::Even => serialport::Parity::Even,
    };
    let flow_control = match settings.flow_control {
        FlowControl::None => serialport::FlowControl::None,
        FlowControl::Hardware => serialport::FlowControl::Hardware,
        FlowControl::Software => serialport::FlowControl::Software,
    };
    let builder = serialport::new(port, settings.baud_rate).data_bits(data_bits).stop_bits(stop_bits);
    Ok(builder.parity(parity).flow_control(flow_control).timeout(PATIENCE))
}

#[cfg(test)]
mod tests {
    use super::usb_detail;
    use serialport::UsbPortInfo;

    #[test]
    fn a_usb_port_says_what_is_plugged_in() {
        let mut usb = UsbPortInfo {
            vid: 0x10C4,
            pid: 0xEA60,
            serial_number: None,
            manufacturer: Some("Silicon Labs".into()),
            product: Some("CP2102".into()),
        };
        assert_eq!(usb_detail(&usb), "Silicon Labs CP2102 (10c4:ea60)");
        usb.manufacturer = None;
        usb.product = Some(String::new());
        assert_eq!(usb_detail(&usb), "(10c4:ea60)");
    }
}
