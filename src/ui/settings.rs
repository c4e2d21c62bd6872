//! What the window remembers from one start to the next.

use super::known_ports::KnownPort;
use super::log::LogSettings;
use super::send_bar::SendAs;
use super::words::Language;
use crate::bench::{LineEnding, QuickSend, SavedMessage};
use crate::capture::Limits;
use crate::event;
use eframe::egui;
use serde::{Deserialize, Serialize, Serializer};

/// Which theme to draw in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeChoice {
    /// As the system has it.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl ThemeChoice {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::System, Self::Dark, Self::Light];

    /// The key of its name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::System => "theme.system",
            Self::Dark => "theme.dark",
            Self::Light => "theme.light",
        }
    }

    /// In egui's words.
    #[must_use]
    pub const fn preference(self) -> egui::ThemePreference {
        match self {
            Self::System => egui::ThemePreference::System,
            Self::Dark => egui::ThemePreference::Dark,
            Self::Light => egui::ThemePreference::Light,
        }
    }
}

/// From where times are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeShown {
    /// The time of day.
    #[default]
    Clock,
    /// Seconds since the session began.
    SinceStart,
    /// Seconds since the row before.
    SincePrevious,
    /// Seconds since Push was pressed.
    SincePush,
}

impl TimeShown {
    /// Every choice, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Clock, Self::SinceStart, Self::SincePrevious, Self::SincePush];

    /// The key of its name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Clock => "time.shown-clock",
            Self::SinceStart => "time.shown-start",
            Self::SincePrevious => "time.shown-previous",
            Self::SincePush => "time.shown-push",
        }
    }
}

/// What the window remembers from one start to the next; the roof keeps it in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The language; the system's when absent.
    pub language: Option<Language>,
    /// Dark, light or as the system has it.
    pub theme: ThemeChoice,
    /// From where times are counted.
    pub time: TimeShown,
    /// What ends a line sent to a device.
    pub line_ending: LineEnding,
    /// How what is typed is sent.
    pub send_as: SendAs,
    /// The serial port last shown.
    pub port: Option<String>,
    /// The baud rate used last, for a port that was never used.
    pub baud_rate: u32,
    /// The group of quick sends that is shown.
    pub quick_group: String,
    /// The lines that were sent, oldest first.
    pub history: Vec<String>,
    /// The dialect of simulated and hand-made devices.
    pub dialect: String,
    /// The window's size, in points.
    pub window: Option<[f32; 2]>,
    /// Width of the lists at the left, in points.
    pub side_width: f32,
    /// Width of the console, as a part of both panes.
    pub console_part: f32,
    /// Height of the detail, in points.
    pub detail_height: f32,
    /// Broker address (`ip:port`), or an external broker's URL; the program's own choice when absent. A password in it
    /// is not remembered.
    #[serde(serialize_with = "without_password")]
    pub broker: Option<String>,
    /// Address the firmware server listens on; the program's own choice when absent.
    pub server: Option<String>,
    /// URL prefix told to devices; from the server's address when absent.
    pub advertise: Option<String>,
    /// Address on which the broker takes connections over TLS; nowhere when absent.
    pub mqtts: Option<String>,
    /// Address on which the firmware server does.
    pub https: Option<String>,
    /// Whether devices without a secret are let in though the broker listens on the network.
    pub open: bool,
    /// How consoles are shown and kept.
    pub log: LogSettings,
    /// How much is kept of captures that nobody named or starred.
    pub captures: Limits,
    /// Serial ports as they were used, the last one first.
    pub serial: Vec<KnownPort>,
    /// What is sent with one click, where no bench file says it.
    pub quick: Vec<QuickSend>,
    /// Messages kept to be sent by hand, where no bench file has them.
    pub messages: Vec<SavedMessage>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: ThemeChoice::System,
            time: TimeShown::Clock,
            line_ending: LineEnding::CrLf,
            send_as: SendAs::Text,
            port: None,
            baud_rate: 115_200,
            quick_group: String::new(),
            history: Vec::new(),
            dialect: "uiot".to_owned(),
            window: None,
            side_width: 252.0,
            console_part: 0.45,
            detail_height: 170.0,
            broker: None,
            server: None,
            advertise: None,
            mqtts: None,
            https: None,
            open: false,
            log: LogSettings::default(),
            captures: Limits::default(),
            serial: Vec::new(),
            quick: Vec::new(),
            messages: Vec::new(),
        }
    }
}

#[expect(clippy::ref_option, reason = "serde calls it with the field")]
fn without_password<S: Serializer>(broker: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    broker.as_deref().map(event::without_password).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn the_settings_file_holds_no_password() {
        let broker = Some("mqtt://user:secret@host:1883".to_owned());
        let written = toml::to_string(&Settings { broker, ..Settings::default() }).unwrap();
        assert!(!written.contains("secret"), "{written}");
        let read: Settings = toml::from_str(&written).unwrap();
        assert_eq!(read.broker.as_deref(), Some("mqtt://user@host:1883"));
        let none: Settings = toml::from_str(&toml::to_string(&Settings::default()).unwrap()).unwrap();
        assert_eq!(none, Settings::default());
    }
}
