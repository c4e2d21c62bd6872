//! The bench file (`*.bench.toml`): devices, addresses, builds and serial ports, to be kept beside the firmware.

use super::broker_url::BrokerUrl;
use super::network;
use crate::bench::{QuickSend, SavedMessage, first_twin};
use crate::console::Highlight;
use crate::event::{DeviceId, Secret, Trouble};
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

pub use super::bench_file_port::{BenchPort, PortEntry};
pub use super::bench_file_save::{save_highlights, save_messages, save_quick_sends};

/// A bench as it is written down. A key that is not known is refused: it is a typing mistake.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BenchFile {
    /// The embedded broker's address, or an external broker's URL.
    pub broker: Option<String>,
    /// Where the firmware server listens.
    pub http: Option<String>,
    /// Where the broker takes connections over TLS as well.
    pub mqtts: Option<String>,
    /// Where the firmware server does.
    pub https: Option<String>,
    /// The URL prefix told to devices.
    pub advertise: Option<String>,
    /// The authorities an external broker is trusted by; relative to the bench file.
    pub ca: Option<PathBuf>,
    /// The client certificate it is shown; likewise.
    pub cert: Option<PathBuf>,
    /// That certificate's private key; likewise.
    pub key: Option<PathBuf>,
    /// Whether devices without a secret are let in though the broker listens on the network.
    pub open: bool,
    /// Builds; relative to the bench file.
    pub builds: Vec<PathBuf>,
    /// Devices.
    #[serde(rename = "device")]
    pub devices: Vec<DeviceEntry>,
    /// Products with a secret.
    #[serde(rename = "product")]
    pub products: Vec<ProductEntry>,
    /// Serial ports to open.
    #[serde(rename = "serial")]
    pub ports: Vec<PortEntry>,
    /// What is to catch the eye in consoles.
    #[serde(rename = "highlight")]
    pub highlights: Vec<Highlight>,
    /// What the window offers to send with one click.
    #[serde(rename = "quick")]
    pub quick_sends: Vec<QuickSend>,
    /// Messages to be published with one click.
    #[serde(rename = "message")]
    pub messages: Vec<SavedMessage>,
}

/// One device of a bench file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceEntry {
    /// `PRODUCT/DEVICE`.
    pub id: String,
    /// Dialect id.
    pub dialect: String,
    /// What the device signs in with.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<Secret>,
}

/// One product of a bench file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProductEntry {
    /// `ProductSN` or `ProductKey`.
    pub name: String,
    /// With what its devices ask for their own.
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<Secret>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(Secret::new(text)))
}

impl BenchFile {
    /// Reads a bench file. Paths in it come back relative to where it lies.
    ///
    /// # Errors
    /// `file-not-found`, `file-unreadable`, `bad-bench-file` with `path` and `detail`.
    pub fn read(path: &Path) -> Result<Self, Trouble> {
        let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Trouble::new("file-not-found").with("path", path.display()),
            _ => Trouble::new("file-unreadable").with("path", path.display()).with("detail", error),
        })?;
        let mut bench = Self::parse(&text)
            .map_err(|detail| Trouble::new("bad-bench-file").with("path", path.display()).with("detail", detail))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let files = [&mut bench.ca, &mut bench.cert, &mut bench.key].into_iter().flatten();
        for file in bench.builds.iter_mut().chain(files) {
            *file = folder.join(&file);
        }
        Ok(bench)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let bench: Self = toml::from_str(text).map_err(|error| in_words(text, &error))?;
        bench.check_addresses()?;
        bench.devices()?;
        bench.ports()?;
        bench.check_quick_sends()?;
        Ok(bench)
    }

    fn check_quick_sends(&self) -> Result<(), String> {
        let refused = |send: &QuickSend, trouble: &Trouble| {
            let (key, value) = if trouble.code == "bad-hex" { ("send", &send.send) } else { ("every_ms", &send.name) };
            format!("[[quick]] {key}: {value:?}")
        };
        self.quick_sends
            .iter()
            .try_for_each(|send| send.bytes().map(drop).map_err(|trouble| refused(send, &trouble)))?;
        // Its name is what a repetition is ended by.
        let twin =
            first_twin(&self.quick_sends).map(|twin| format!("[[quick]] name: {:?} {:?}", twin.group, twin.label()));
        twin.map_or(Ok(()), Err)
    }

    /// Nothing of the broker's address is repeated: it may hold a password.
    fn check_addresses(&self) -> Result<(), String> {
        if let Some(broker) = &self.broker {
            let read = if broker.contains("://") {
                BrokerUrl::parse(broker).map(drop)
            } else {
                network::check_broker_address(broker)
            };
            read.map_err(|trouble| match trouble.arg("scheme") {
                Some(scheme) => format!("broker: {scheme}"),
                None => "broker: ip:port, mqtt://user:password@host:port".to_owned(),
            })?;
        }
        let named =
            |key: &str, arg: &str, trouble: &Trouble| format!("{key} = {:?}", trouble.arg(arg).unwrap_or_default());
        for (key, address) in [("http", &self.http), ("mqtts", &self.mqtts), ("https", &self.https)] {
            if let Some(address) = address {
                network::check_address(address).map_err(|trouble| named(key, "address", &trouble) + ": ip:port")?;
            }
        }
        if self.mqtts.is_some() && self.broker.as_ref().is_some_and(|broker| broker.contains("://")) {
            return Err("mqtts: broker = \"ip:port\"".to_owned());
        }
        if self.cert.is_some() != self.key.is_some() {
            return Err("cert, key".to_owned());
        }
        if let Some(prefix) = &self.advertise {
            network::check_prefix(prefix)
                .map_err(|trouble| named("advertise", "prefix", &trouble) + ": http://host:port")?;
        }
        Ok(())
    }

    /// The devices with their dialects.
    ///
    /// # Errors
    /// In words, what is wrong with an entry; never after [`Self::read`].
    pub fn devices(&self) -> Result<Vec<(DeviceId, String)>, String> {
        let device = |entry: &DeviceEntry| {
            let id = entry.id.parse().map_err(|error| format!("id = {:?}: {error}", entry.id))?;
            crate::dialect::find(&entry.dialect).map_err(|trouble| {
                format!("dialect = {:?}: {}", entry.dialect, trouble.arg("known").unwrap_or_default())
            })?;
            Ok((id, entry.dialect.clone()))
        };
        self.devices.iter().map(device).collect()
    }

    /// The secrets of its devices.
    ///
    /// # Errors
    /// As [`Self::devices`].
    pub fn secrets(&self) -> Result<Vec<(DeviceId, Secret)>, String> {
        let ids = self.devices()?.into_iter().map(|(id, _)| id);
        Ok(ids.zip(&self.devices).filter_map(|(id, entry)| Some((id, entry.secret.clone()?))).collect())
    }

    /// The secrets of its products.
    #[must_use]
    pub fn product_secrets(&self) -> Vec<(String, Secret)> {
        self.products.iter().filter_map(|entry| Some((entry.name.clone(), entry.secret.clone()?))).collect()
    }

    /// The serial ports with their settings.
    ///
    /// # Errors
    /// In words, what is wrong with an entry; never after [`Self::read`].
    pub fn ports(&self) -> Result<Vec<BenchPort>, String> {
        self.ports.iter().map(PortEntry::read).collect()
    }
}

/// The keys there are, for naming the one that is wrong.
const KEYS: [&str; 40] = [
    "message",
    "broker",
    "http",
    "mqtts",
    "https",
    "advertise",
    "ca",
    "cert",
    "key",
    "open",
    "builds",
    "id",
    "dialect",
    "secret",
    "name",
    "port",
    "baud_rate",
    "framing",
    "flow",
    "usb",
    "device",
    "group",
    "send",
    "hex",
    "ending",
    "every_ms",
    "dtr",
    "rts",
    "leave_lines",
    "product",
    "serial",
    "quick",
    "highlight",
    "pattern",
    "colour",
    "topic",
    "payload",
    "payload_base64",
    "qos",
    "retain",
];

/// What is wrong and in which line, without the line: it may hold a password.
fn in_words(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().replace('\n', ", ");
    // Between quotes stands a value; a number stands between other quotes, which elsewhere hold the name of a key.
    let without = |message: String, quote: char| match (message.find(quote), message.rfind(quote)) {
        (Some(from), Some(to)) if from < to => format!("{}{}", message[..from].trim_end(), &message[to + 1..]),
        _ => message,
    };
    let message = without(message, '"');
    let message = if message.contains("invalid type") { without(message, '`') } else { message };
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let number = before.split('\n').count();
    let line = text.lines().nth(number - 1).unwrap_or_default();
    let key = line.split('=').next().unwrap_or_default().trim();
    let key = if KEYS.contains(&key) { format!(" ({key})") } else { String::new() };
    format!("line {number}{key}: {message}")
}

#[cfg(test)]
mod tests {
    use super::BenchFile;

    #[test]
    fn a_bench_is_read_as_it_is_written_down() {
        let bench = BenchFile::parse(
            "broker = '0.0.0.0:1883'\nmqtts = '0.0.0.0:8883'\nca = 'ca.pem'\nbuilds = ['build/lamp.bin']\n[[device]]\nid = 'P/AA:BB'\ndialect = 'uiot'\n\
             [[serial]]\nport = 'COM7'\nbaud_rate = 921600\nframing = '7E2'\n",
        )
        .unwrap();
        assert_eq!(bench.devices().unwrap()[0].0.to_string(), "P/AA:BB");
        let port = &bench.ports().unwrap()[0];
        assert_eq!((port.settings.to_string(), &port.identity, &port.device), ("921600 7E2".to_owned(), &None, &None));
    }

    #[test]
    fn a_port_is_known_by_what_it_is_and_belongs_to_a_device() {
        let bench = BenchFile::parse(
            "[[serial]]\nport = 'COM7'\nusb = '10c4:ea60:0001'\nflow = 'rts/cts'\ndevice = 'P/D'\n\
             [[quick]]\ngroup = 'AT'\nname = 'Ping'\nsend = 'AT'\nending = 'cr'\nevery_ms = 500\n\
             [[quick]]\nsend = '03'\nhex = true\n",
        )
        .unwrap();
        let port = &bench.ports().unwrap()[0];
        assert_eq!(port.settings.to_string(), "115200 8N1 RTS/CTS");
        assert_eq!(port.identity.as_ref().and_then(|known| known.usb.as_ref()).unwrap().to_string(), "10c4:ea60:0001");
        assert_eq!(port.device, Some(crate::event::DeviceId::new("P", "D")));
        let bytes: Vec<_> = bench.quick_sends.iter().map(|send| send.bytes().unwrap()).collect();
        assert_eq!(bytes, [b"AT\r".to_vec(), b"\x03".to_vec()]);
    }

    #[test]
    fn secrets_are_read_and_not_repeated() {
        let bench = BenchFile::parse(
            "open = true\n[[device]]\nid = 'P/D'\ndialect = 'uiot'\nsecret = 'hly3dk1u'\n\
             [[device]]\nid = 'P/E'\ndialect = 'uiot'\n[[product]]\nname = 'P'\nsecret = 'u6k83pfc'\n",
        )
        .unwrap();
        assert!(bench.open && !format!("{bench:?}").contains("hly3dk1u") && !format!("{bench:?}").contains("u6k83pfc"));
        let secrets = bench.secrets().unwrap();
        assert_eq!(secrets, [(crate::event::DeviceId::new("P", "D"), "hly3dk1u".into())]);
        assert_eq!(bench.product_secrets(), [("P".to_owned(), "u6k83pfc".into())]);
        for wrong in [
            "secret = 48151623",
            "secret = ['48151623']",
            "secret = 48151623x",
            "secret = '48151623",
            "secrt = '48151623'",
        ] {
            let error = BenchFile::parse(&format!("[[device]]\nid = 'P/D'\ndialect = 'uiot'\n{wrong}")).unwrap_err();
            assert!(!error.contains("48151623") && error.contains("line 4"), "{error}");
        }
    }

    #[test]
    fn control_lines_are_put_as_written_or_left_alone() {
        let lines = |text: &str| {
            let bench = BenchFile::parse(&format!("[[serial]]\nport = 'x'\n{text}")).unwrap();
            bench.ports().unwrap()[0].settings.to_string()
        };
        for (text, settings) in [
            ("", "115200 8N1"),
            ("dtr = false", "115200 8N1 DTR-off"),
            ("dtr = true\nrts = false", "115200 8N1 RTS-off"),
            ("leave_lines = true", "115200 8N1 lines-alone"),
        ] {
            assert_eq!(lines(text), settings);
        }
    }

    /// What may stand in a table, as the reader itself says when something else does.
    fn taken_in(table: &str) -> Vec<String> {
        let error = toml::from_str::<BenchFile>(&format!("{table}\nno-such-key = 1")).unwrap_err();
        let message = error.message().to_owned();
        let (_, expected) = message.split_once("expected").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_key_can_be_named_when_its_value_is_wrong() {
        for table in ["", "[[device]]", "[[product]]", "[[serial]]", "[[highlight]]", "[[quick]]", "[[message]]"] {
            let keys = taken_in(table);
            assert!(!keys.is_empty(), "{table}");
            for key in keys {
                assert!(super::KEYS.contains(&&*key), "{key} of {table} is in no list");
            }
        }
    }

    #[test]
    fn a_mistake_in_a_bench_file_is_named() {
        for (text, mention) in [
            ("brokr = 'x'", "brokr"),
            ("[[device]]\nid = 'lonely'\ndialect = 'uiot'", "lonely"),
            ("[[device]]\nid = 'P/D'\ndialect = 'tuya'", "tuya"),
            ("[[serial]]\nport = 'x'\nframing = '9N1'", "9N1"),
            ("[[serial]]\nport = 'x'\nflow = 'sometimes'", "sometimes"),
            ("[[serial]]\nport = 'x'\nusb = 'blue'", "blue"),
            ("[[serial]]\nport = 'x'\nbaud_rate = 0", "baud_rate = 0"),
            ("[[serial]]\nport = 'x'\nleave_lines = true\ndtr = false", "leave_lines"),
            ("[[quick]]\nname = 'a'\nsend = 'x'\n[[quick]]\nname = 'a'\nsend = 'y'", "\"a\""),
            ("[[serial]]\nport = 'x'\ndevice = 'lonely'", "lonely"),
            ("[[quick]]\nsend = 'zz'\nhex = true", "zz"),
            ("[[quick]]\nsend = 'x'\nending = 'nl'", "ending"),
            ("[[quick]]\nname = 'mad'\nevery_ms = 1", "mad"),
            ("[[message]]\ntopic = '/a/+'", "topic-wildcard"),
            ("builds = 5", "builds"),
            ("\n\nbuilds = 5", "line 3"),
            ("broker = '127.0.0.1'", "broker"),
            ("broker = 'wss://bench'", "wss"),
            ("http = 'lonely'", "lonely"),
            ("https = 'solitary'", "solitary"),
            ("cert = 'c.pem'", "key"),
            ("broker = 'mqtt://bench'\nmqtts = '0.0.0.0:8883'", "mqtts"),
            ("advertise = 'nonsense'", "nonsense"),
        ] {
            let error = BenchFile::parse(text).unwrap_err();
            assert!(error.contains(mention), "{error}");
        }
    }

    #[test]
    fn a_mistake_beside_a_password_does_not_tell_the_password() {
        for text in [
            "broker = 'u:secret@127.0.0.1:1883'",
            "broker = 'http://u:secret@bench'",
            "broker = 'mqtt://u:secret@bench",
            "broker = [\"mqtt://u:secret@bench\"]",
            "brokr = 'mqtt://u:secret@bench'",
            "builds = 'mqtt://u:secret@bench'",
            "builds = \"mqtt://u:secret@bench\"",
            "broker = mqtt://u:secret@bench",
            "http = 'u:secret@bench'",
            "advertise = 'http://u:secret@bench'",
        ] {
            let error = BenchFile::parse(text).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
