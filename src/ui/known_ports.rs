//! Serial ports as they were used: remembered by what they are, not by what the system calls them today.

use super::settings::Settings;
use crate::bench::{PluggedPort, PortIdentity, SerialSettings};
use crate::event::DeviceId;
use serde::{Deserialize, Serialize};

/// Ports remembered; the one that was used longest ago goes first.
const REMEMBERED: usize = 32;

/// A port that was used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KnownPort {
    /// What the system called it.
    pub name: String,
    /// What it is on USB: `10c4:ea60:0001`.
    pub usb: Option<String>,
    /// `115200 8N1`.
    pub settings: String,
    /// Whose it is, `PRODUCT/DEVICE`.
    pub device: Option<String>,
}

impl KnownPort {
    fn identity(&self) -> PortIdentity {
        PortIdentity { name: self.name.clone(), usb: self.usb.as_ref().and_then(|usb| usb.parse().ok()) }
    }

    /// How it was set.
    #[must_use]
    pub fn serial(&self) -> Option<SerialSettings> {
        SerialSettings::read(&self.settings)
    }

    /// Whose it is.
    #[must_use]
    pub fn device(&self) -> Option<DeviceId> {
        self.device.as_ref()?.parse().ok()
    }
}

/// Where the console of that name began: `/dev/ttyUSB0 #2` is the second one there.
#[must_use]
pub fn place_of(name: &str) -> &str {
    match name.rsplit_once(" #") {
        Some((place, number)) if number.parse::<u32>().is_ok() => place,
        _ => name,
    }
}

/// What is remembered of the port that the system now calls so.
#[must_use]
pub fn recall<'a>(settings: &'a Settings, name: &str, plugged: &[PluggedPort]) -> Option<&'a KnownPort> {
    let there = plugged.iter().any(|port| port.name == name);
    settings.serial.iter().find(|known| match known.identity().find(plugged, None) {
        Some(port) => port.name == name,
        // What is not plugged in, or in no list, has but its name.
        None => !there && known.name == name,
    })
}

/// The port that was used last, of those plugged in.
#[must_use]
pub fn last_used(settings: &Settings, plugged: &[PluggedPort]) -> Option<String> {
    let mut known = settings.serial.iter().map(KnownPort::identity);
    known.find_map(|identity| identity.find(plugged, None).map(|port| port.name.clone()))
}

/// What a port is known by, if it is on USB; by its name otherwise.
#[must_use]
fn identity(name: &str, plugged: &[PluggedPort]) -> Option<PortIdentity> {
    let port = plugged.iter().find(|port| port.name == name)?;
    port.usb.is_some().then(|| port.identity(plugged))
}

/// Remembers how a port is used, as the last one.
pub fn remember(
    settings: &mut Settings,
    name: &str,
    plugged: &[PluggedPort],
    serial: &SerialSettings,
    device: Option<&DeviceId>,
) {
    let known = recall(settings, name, plugged).cloned();
    settings.serial.retain(|other| Some(other) != known.as_ref());
    let usb = identity(name, plugged).and_then(|identity| identity.usb).map(|usb| usb.to_string());
    let entry = KnownPort {
        name: name.to_owned(),
        usb: usb.or(known.and_then(|known| known.usb)),
        settings: serial.to_string(),
        device: device.map(ToString::to_string),
    };
    settings.serial.insert(0, entry);
    settings.serial.truncate(REMEMBERED);
}

#[cfg(test)]
mod tests {
    use super::{Settings, last_used, recall, remember};
    use crate::bench::{PluggedPort, SerialSettings};
    use crate::event::DeviceId;

    fn plugged(ports: &[(&str, &str)]) -> Vec<PluggedPort> {
        let port = |(name, usb): &(&str, &str)| PluggedPort { usb: usb.parse().ok(), ..PluggedPort::named(name) };
        ports.iter().map(port).collect()
    }

    #[test]
    fn a_board_keeps_its_settings_and_its_device_when_the_system_renames_it() {
        let mut settings = Settings::default();
        let monday = plugged(&[("COM7", "10c4:ea60:0001"), ("COM8", "1a86:7523")]);
        let fast = SerialSettings { baud_rate: 921_600, ..SerialSettings::default() };
        let lamp = DeviceId::new("P", "lamp");
        remember(&mut settings, "COM8", &monday, &SerialSettings::default(), None);
        remember(&mut settings, "COM7", &monday, &fast, Some(&lamp));
        let tuesday = plugged(&[("COM7", "1a86:7523"), ("COM9", "10c4:ea60:0001")]);
        let known = recall(&settings, "COM9", &tuesday).unwrap();
        assert_eq!((known.serial(), known.device()), (Some(fast), Some(lamp.clone())));
        assert_eq!(recall(&settings, "COM7", &tuesday), None, "another board has that name today");
        assert_eq!(last_used(&settings, &tuesday).as_deref(), Some("COM9"));
        remember(&mut settings, "COM9", &tuesday, &fast, None);
        assert_eq!(settings.serial.len(), 2, "it is the same board");
        let written = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&written).unwrap().serial, settings.serial);
    }

    #[test]
    fn a_port_that_is_in_no_list_is_remembered_by_its_name() {
        let mut settings = Settings::default();
        remember(&mut settings, "/dev/pts/3", &[], &SerialSettings::default(), None);
        assert!(recall(&settings, "/dev/pts/3", &[]).is_some());
        assert!(recall(&settings, "/dev/pts/4", &[]).is_none());
        for number in 0..100 {
            remember(&mut settings, &format!("/dev/pts/{number}"), &[], &SerialSettings::default(), None);
        }
        assert_eq!(settings.serial.len(), super::REMEMBERED);
    }
}
