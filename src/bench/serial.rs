//! A serial port as it is asked for: framing and clock, and what it is known by when the system renames it.

use super::LinesAtOpening;
use std::fmt;
use std::str::FromStr;

/// How a serial line is framed and clocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SerialSettings {
    /// Baud rate, any number.
    pub baud_rate: u32,
    /// 5 to 8.
    pub data_bits: u8,
    /// None, odd or even.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
    /// None, RTS/CTS or XON/XOFF.
    pub flow_control: FlowControl,
    /// How DTR and RTS are to stand once it is open.
    pub lines: LinesAtOpening,
}

/// A serial line's parity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// No parity bit.
    None,
    /// Odd.
    Odd,
    /// Even.
    Even,
}

impl Parity {
    /// Every parity.
    pub const ALL: [Self; 3] = [Self::None, Self::Odd, Self::Even];

    /// Its letter in `8N1`.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::None => 'N',
            Self::Odd => 'O',
            Self::Even => 'E',
        }
    }
}

/// A serial line's flow control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowControl {
    /// None.
    None,
    /// RTS/CTS.
    Hardware,
    /// XON/XOFF.
    Software,
}

impl FlowControl {
    /// Every flow control.
    pub const ALL: [Self; 3] = [Self::None, Self::Hardware, Self::Software];

    /// How it is written; nothing for none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Hardware => "RTS/CTS",
            Self::Software => "XON/XOFF",
        }
    }
}

impl Default for SerialSettings {
    /// 115200 8N1 without flow control.
    fn default() -> Self {
        Self {
            baud_rate: 115_200,
            data_bits: 8,
            parity: Parity::None,
            stop_bits: 1,
            flow_control: FlowControl::None,
            lines: LinesAtOpening::default(),
        }
    }
}

impl SerialSettings {
    /// These with another framing, `8N1` and its like.
    #[must_use]
    pub fn framed(self, framing: &str) -> Option<Self> {
        let [data @ b'5'..=b'8', parity, stop @ b'1'..=b'2'] = framing.as_bytes() else { return None };
        let letter = char::from(parity.to_ascii_uppercase());
        let parity = Parity::ALL.into_iter().find(|parity| parity.letter() == letter)?;
        Some(Self { data_bits: data - b'0', parity, stop_bits: stop - b'0', ..self })
    }

    /// `8N1`.
    #[must_use]
    pub fn framing(&self) -> String {
        format!("{}{}{}", self.data_bits, self.parity.letter(), self.stop_bits)
    }

    /// The same as written by [`fmt::Display`], read back.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let baud_rate = words.next()?.parse().ok()?;
        let settings = Self { baud_rate, ..Self::default() }.framed(words.next()?)?;
        words.try_fold(settings, |settings, word| {
            let (dtr, rts) = settings.lines.standing();
            let lines = match word {
                "DTR-off" => LinesAtOpening::Set { dtr: false, rts },
                "RTS-off" => LinesAtOpening::Set { dtr, rts: false },
                "lines-alone" => LinesAtOpening::LeftAlone,
                flow => {
                    let flow_control = FlowControl::ALL.into_iter().find(|control| control.name() == flow)?;
                    return (!flow.is_empty()).then_some(Self { flow_control, ..settings });
                }
            };
            Some(Self { lines, ..settings })
        })
    }
}

impl fmt::Display for SerialSettings {
    /// `115200 8N1`, as it is written on every bench; `115200 8N1 RTS/CTS DTR-off` with what is not usual.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.baud_rate, self.framing())?;
        match self.flow_control.name() {
            "" => {}
            flow => write!(f, " {flow}")?,
        }
        f.write_str(self.lines.words())
    }
}

/// What a port on USB is known by, wherever it is plugged in: `10c4:ea60:0001`, with `#1` for the second port of one chip.
/// Without a serial number, `1a86:7523@1-1.2` tells twins apart by their sockets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsbIdentity {
    /// Vendor.
    pub vid: u16,
    /// Product.
    pub pid: u16,
    /// Serial number, where the maker gave it one.
    pub serial: Option<String>,
    /// The socket it is in, `1-1.2`, where the system tells. It counts where there is no serial number.
    pub location: Option<String>,
    /// Which of several ports of one chip.
    pub interface: Option<u8>,
}

impl UsbIdentity {
    /// Whether it may be the same; an interface that one side does not know counts as the same.
    fn is_like(&self, other: &Self) -> bool {
        let interfaces = self.interface.zip(other.interface);
        (self.vid, self.pid, &self.serial) == (other.vid, other.pid, &other.serial)
            && interfaces.is_none_or(|(one, other)| one == other)
    }

    /// Whether both are known to be in one socket, or in two.
    fn shares_socket(&self, other: &Self) -> Option<bool> {
        (self.serial.is_none()).then_some(self.location.as_ref()? == other.location.as_ref()?)
    }
}

impl fmt::Display for UsbIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04x}:{:04x}", self.vid, self.pid)?;
        self.serial.iter().try_for_each(|serial| write!(f, ":{serial}"))?;
        let location = self.location.iter().filter(|_| self.serial.is_none());
        location.into_iter().try_for_each(|location| write!(f, "@{location}"))?;
        self.interface.iter().try_for_each(|interface| write!(f, "#{interface}"))
    }
}

impl FromStr for UsbIdentity {
    type Err = ();

    /// A serial number may have colons itself: it is all that follows the product.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (text, interface) = match text.rsplit_once('#').map(|(head, number)| (head, number.parse().ok())) {
            Some((head, Some(interface))) => (head, Some(interface)),
            _ => (text, None),
        };
        let mut parts = text.splitn(3, ':');
        let (vid, pid) = (parts.next().ok_or(())?, parts.next().ok_or(())?);
        let (pid, location) =
            pid.split_once('@').map_or((pid, None), |(pid, location)| (pid, Some(location.to_owned())));
        let number = |part| u16::from_str_radix(part, 16).map_err(drop);
        let serial = parts.next().filter(|serial| !serial.is_empty()).map(str::to_owned);
        Ok(Self { vid: number(vid)?, pid: number(pid)?, serial, location, interface })
    }
}

/// What a port is known by: on USB what is plugged in, else the system's name for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortIdentity {
    /// What the system called it when it was last seen.
    pub name: String,
    /// What it is on USB.
    pub usb: Option<UsbIdentity>,
}

/// A serial port of this computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluggedPort {
    /// The system's name for it: `/dev/ttyUSB0`, `COM3`.
    pub name: String,
    /// What it is on USB.
    pub usb: Option<UsbIdentity>,
    /// Who made it, as USB says.
    pub manufacturer: String,
    /// What it is, as USB says, or the bus it is on.
    pub product: String,
}

impl PluggedPort {
    /// One of which only the name is known.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), usb: None, manufacturer: String::new(), product: String::new() }
    }

    /// What it can be found by later, among these. A serial number that two adapters share tells nothing.
    #[must_use]
    pub fn identity(&self, ports: &[Self]) -> PortIdentity {
        let twin = |other: &Self| {
            let usb = self.usb.as_ref().zip(other.usb.as_ref());
            other.name != self.name && usb.is_some_and(|(usb, other)| usb.serial.is_some() && usb.is_like(other))
        };
        let mut usb = self.usb.clone();
        if ports.iter().any(twin)
            && let Some(usb) = &mut usb
        {
            usb.serial = None;
        }
        PortIdentity { name: self.name.clone(), usb }
    }

    /// `Silicon Labs CP2102 (10c4:ea60:0001)`.
    #[must_use]
    pub fn detail(&self) -> String {
        // A product often repeats its maker.
        let maker = if self.product.starts_with(&self.manufacturer) { "" } else { &self.manufacturer };
        let usb = self.usb.as_ref().map(|usb| format!("({usb})")).unwrap_or_default();
        let words = [maker, &self.product, &usb].into_iter().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

impl PortIdentity {
    /// Known by its name alone.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), usb: None }
    }

    /// What the system calls this port now, if it is there. `others` are ports that were there when it went, where that was
    /// seen: none of them is it under a new name.
    ///
    /// One without USB is found by its name. On USB the same name goes first, then the only one that is alike. One without
    /// serial number is found by its socket first, and under another name and in another socket only when it was seen going,
    /// for any other board of the kind would look the same.
    #[must_use]
    pub fn find<'a>(&self, ports: &'a [PluggedPort], others: Option<&[String]>) -> Option<&'a PluggedPort> {
        let Some(usb) = &self.usb else { return ports.iter().find(|port| port.name == self.name) };
        let like = |port: &&PluggedPort| {
            let mut there = port.usb.clone();
            if usb.serial.is_none()
                && let Some(there) = &mut there
            {
                there.serial = None;
            }
            there.is_some_and(|there| usb.is_like(&there))
        };
        let socket = |port: &PluggedPort| port.usb.as_ref().and_then(|there| usb.shares_socket(there));
        if let Some(same) = ports.iter().filter(like).find(|port| socket(port) == Some(true)) {
            return Some(same);
        }
        // A twin in another socket may have its name today.
        let named = |port: &&PluggedPort| port.name == self.name && socket(port) != Some(false);
        if let Some(same) = ports.iter().filter(like).find(named) {
            return Some(same);
        }
        if usb.serial.is_none() && others.is_none() {
            return None;
        }
        let others = others.unwrap_or_default();
        let mut newcomers = ports.iter().filter(like).filter(|port| !others.contains(&port.name));
        let found = newcomers.next()?;
        newcomers.next().is_none().then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{FlowControl, LinesAtOpening, Parity, PluggedPort, PortIdentity, SerialSettings, UsbIdentity};

    fn plugged(name: &str, usb: &str) -> PluggedPort {
        PluggedPort { usb: usb.parse().ok(), ..PluggedPort::named(name) }
    }

    fn check(wanted: (&str, &str), others: Option<&[&str]>, ports: &[(&str, &str)], expected: Option<&str>) {
        let identity = PortIdentity { name: wanted.0.to_owned(), usb: wanted.1.parse().ok() };
        let ports: Vec<_> = ports.iter().map(|(name, usb)| plugged(name, usb)).collect();
        let others = others.map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>());
        let found = identity.find(&ports, others.as_deref()).map(|port| port.name.as_str());
        assert_eq!(found, expected, "{wanted:?} {others:?} among {ports:?}");
    }

    const CP: &str = "10c4:ea60:0001";
    const CH: &str = "1a86:7523";

    #[test]
    fn a_board_is_known_again_whatever_the_system_calls_it_today() {
        check(("COM7", CP), None, &[("COM3", CH), ("COM9", CP)], Some("COM9"));
        check(("COM7", CP), None, &[("COM7", CH), ("COM9", CP)], Some("COM9"));
        check(("COM7", CP), None, &[("COM7", "10c4:ea60:0002")], None);
        check(("COM7", CP), None, &[], None);
        // Two with one serial number: the name decides, and nothing is guessed.
        check(("COM7", CP), None, &[("COM7", CP), ("COM9", CP)], Some("COM7"));
        check(("COM7", CP), None, &[("COM8", CP), ("COM9", CP)], None);
        check(("COM7", CP), Some(&["COM8"]), &[("COM8", CP), ("COM9", CP)], Some("COM9"));
        // Without a serial number: the name, or what came after it was seen going.
        check(("COM7", CH), None, &[("COM7", CH), ("COM9", CH)], Some("COM7"));
        check(("COM7", CH), None, &[("COM9", CH)], None);
        check(("COM7", CH), Some(&[]), &[("COM9", CH)], Some("COM9"));
        check(("COM7", CH), Some(&["COM9"]), &[("COM9", CH)], None);
        check(("COM7", CH), Some(&["COM9"]), &[("COM9", CH), ("COM10", CH)], Some("COM10"));
        check(("COM7", CH), None, &[("COM7", CP)], None);
        // Twins without a serial number: the socket tells.
        let (one, two) = ("1a86:7523@1-1.1", "1a86:7523@1-1.2");
        check(("COM7", two), None, &[("COM7", one), ("COM9", two)], Some("COM9"));
        check(("COM7", two), None, &[("COM7", one)], None);
        check(("COM7", two), Some(&[]), &[("COM9", one)], Some("COM9"));
        check(("COM7", CH), None, &[("COM7", one)], Some("COM7"));
        // The two ports of one chip.
        check(("/dev/ttyUSB1", "0403:6010:FT1#1"), None, &[("/dev/ttyUSB2", "0403:6010:FT1#0")], None);
        let both = [("/dev/ttyUSB2", "0403:6010:FT1#0"), ("/dev/ttyUSB3", "0403:6010:FT1#1")];
        check(("/dev/ttyUSB1", "0403:6010:FT1#1"), None, &both, Some("/dev/ttyUSB3"));
        // Not on USB.
        check(("/dev/ttyS0", ""), None, &[("/dev/ttyS0", ""), ("/dev/ttyUSB0", CP)], Some("/dev/ttyS0"));
        check(("/dev/ttyS1", ""), None, &[("/dev/ttyS0", "")], None);
    }

    #[test]
    fn a_serial_number_that_two_adapters_share_is_not_what_they_are_known_by() {
        let ports = [plugged("COM7", CP), plugged("COM9", CP), plugged("COM11", "10c4:ea60:0002")];
        assert_eq!(ports[0].identity(&ports).usb, "10c4:ea60".parse().ok());
        assert_eq!(ports[2].identity(&ports).usb, ports[2].usb);
        let identity = ports[0].identity(&ports);
        assert_eq!(identity.find(&ports, None).map(|port| port.name.as_str()), Some("COM7"));
    }

    #[test]
    fn an_identity_is_written_and_read_back() {
        for text in
            ["10c4:ea60", "10c4:ea60:0001", "303a:1001:34:85:18:AB:CD:EF", "0403:6010:FT1#1", "1a86:7523@1-1.2#0"]
        {
            let read: UsbIdentity = text.parse().unwrap();
            assert_eq!(read.to_string(), text);
        }
        for text in ["", "10c4", "xyzw:1234", "COM7"] {
            assert_eq!(text.parse::<UsbIdentity>(), Err(()), "{text}");
        }
        let port = PluggedPort { manufacturer: "Silicon Labs".into(), product: "CP2102".into(), ..plugged("COM7", CP) };
        assert_eq!(port.detail(), "Silicon Labs CP2102 (10c4:ea60:0001)");
        let repeated = PluggedPort { product: "Silicon Labs CP2102".into(), ..port };
        assert_eq!(repeated.detail(), "Silicon Labs CP2102 (10c4:ea60:0001)");
        assert_eq!(PluggedPort::named("COM1").detail(), "");
    }

    #[test]
    fn settings_are_written_as_on_every_bench_and_read_back() {
        let odd = SerialSettings {
            baud_rate: 74_880,
            data_bits: 7,
            parity: Parity::Odd,
            stop_bits: 2,
            flow_control: FlowControl::Hardware,
            lines: LinesAtOpening::default(),
        };
        let with = |lines| SerialSettings { lines, ..odd };
        for (settings, text) in [
            (SerialSettings::default(), "115200 8N1"),
            (odd, "74880 7O2 RTS/CTS"),
            (with(LinesAtOpening::Set { dtr: false, rts: true }), "74880 7O2 RTS/CTS DTR-off"),
            (with(LinesAtOpening::Set { dtr: true, rts: false }), "74880 7O2 RTS/CTS RTS-off"),
            (with(LinesAtOpening::Set { dtr: false, rts: false }), "74880 7O2 RTS/CTS DTR-off RTS-off"),
            (with(LinesAtOpening::LeftAlone), "74880 7O2 RTS/CTS lines-alone"),
        ] {
            assert_eq!(settings.to_string(), text);
            assert_eq!(SerialSettings::read(text), Some(settings));
        }
        for text in ["", "fast 8N1", "9600", "9600 9N1", "9600 8X1", "9600 8N3", "9600 8N1 never"] {
            assert_eq!(SerialSettings::read(text), None, "{text}");
        }
    }
}
