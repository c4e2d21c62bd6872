//! What the device prints: an ESP-IDF log as every firmware engineer has read a thousand of.

use super::Step;
use crate::event::Micros;
use std::collections::VecDeque;
use std::fmt::Write as _;

const PROMPT: &str = "lamp> ";
/// What a real boot takes before the application's first line.
const BOOT: Micros = Micros::from_millis(480);

/// Which way a chip came up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    PowerOn,
    Software,
}

/// How serious a log line is, with ESP-IDF's letter and colour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Told,
    Warned,
    Failed,
}

/// The device's console output and the steps it stands among.
#[derive(Default)]
pub(super) struct Voice {
    steps: VecDeque<Step>,
    booted: Micros,
    prompted: bool,
}

impl Voice {
    pub(super) fn step(&mut self, step: Step) {
        self.steps.push_back(step);
    }

    pub(super) fn poll(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    /// Prints a log line of the application, below the prompt if one is open.
    pub(super) fn log(&mut self, level: Level, now: Micros, tag: &str, words: &str) {
        self.leave_prompt();
        let uptime = now.since(self.booted) + BOOT;
        self.log_at(level, uptime.0 / 1_000, tag, words);
    }

    /// Prints characters as they are.
    pub(super) fn print(&mut self, text: &str) {
        if let Some(Step::Log(last)) = self.steps.back_mut() {
            last.push_str(text);
        } else {
            self.steps.push_back(Step::Log(text.to_owned()));
        }
    }

    /// Prints the prompt and what is typed behind it, unless it is there already.
    pub(super) fn prompt(&mut self, typed: &str) {
        if !self.prompted {
            self.print(PROMPT);
            self.print(typed);
            self.prompted = true;
        }
    }

    /// Goes to a new line, as the enter key does.
    pub(super) fn enter(&mut self) {
        self.prompted = false;
        self.print("\r\n");
    }

    /// Goes to a new line if a prompt is open.
    fn leave_prompt(&mut self) {
        if std::mem::take(&mut self.prompted) {
            self.print("\r\n");
        }
    }

    /// Prints what the chip prints when it is reset; noise first, as a UART gives it.
    pub(super) fn reset(&mut self, reset: Reset) {
        self.leave_prompt();
        let reason = match reset {
            Reset::PowerOn => "0x1 (POWERON_RESET)",
            Reset::Software => "0xc (SW_CPU_RESET)",
        };
        self.print("\0\0ets Jul 29 2019 12:21:46\r\n\r\n");
        self.print(&format!("rst:{reason},boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"));
        self.print("configsip: 0, SPIWP:0xee\r\nmode:DIO, clock div:2\r\n");
        self.print("load:0x3fff0030,len:7084\r\nload:0x40078000,len:15584\r\nentry 0x40080698\r\n");
    }

    /// Prints the boot log of a version that runs from this slot.
    pub(super) fn boot(&mut self, version: &str, slot: Slot, now: Micros) {
        self.booted = now;
        let (label, offset) = (slot.label(), slot.offset());
        let lines: [(u64, &str, &str); 13] = [
            (29, "boot", "ESP-IDF v5.2.1 2nd stage bootloader"),
            (33, "boot.esp32", "SPI Speed      : 40MHz"),
            (38, "boot.esp32", "SPI Flash Size : 4MB"),
            (42, "boot", "Partition Table:"),
            (46, "boot", "## Label            Usage          Type ST Offset   Length"),
            (53, "boot", " 0 nvs              WiFi data        01 02 00009000 00004000"),
            (60, "boot", " 1 otadata          OTA data         01 00 0000d000 00002000"),
            (68, "boot", " 2 ota_0            OTA app          00 10 00010000 001a0000"),
            (75, "boot", " 3 ota_1            OTA app          00 11 001b0000 001a0000"),
            (83, "boot", &format!("Loaded app from partition at offset {offset:#x}")),
            (271, "app_init", "Project name:     lamp"),
            (276, "app_init", &format!("App version:      {version}")),
            (402, "main", &format!("Running {version} from {label}, 212384 bytes of heap free")),
        ];
        for (millis, tag, words) in lines {
            self.log_at(Level::Told, millis, tag, words);
        }
    }

    fn log_at(&mut self, level: Level, millis: u64, tag: &str, words: &str) {
        let (colour, letter) = match level {
            Level::Told => (32, 'I'),
            Level::Warned => (33, 'W'),
            Level::Failed => (31, 'E'),
        };
        let mut line = String::new();
        // Writing to a string cannot fail.
        let _ = write!(line, "\x1b[0;{colour}m{letter} ({millis}) {tag}: {words}\x1b[0m\r\n");
        self.print(&line);
    }
}

/// The two places an application can run from; an upgrade goes to the other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    First,
    Second,
}

impl Slot {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::First => "ota_0",
            Self::Second => "ota_1",
        }
    }

    pub(super) const fn offset(self) -> u32 {
        match self {
            Self::First => 0x1_0000,
            Self::Second => 0x1B_0000,
        }
    }
}
