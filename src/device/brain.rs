//! The device's life: boot, sign in, hear of an upgrade, fetch it, check it, burn it, reboot, and tell.

use super::burning::Burning;
use super::download::Download;
use super::failure::Failure;
use super::shell::{Key, Shell};
use super::voice::{Level, Reset, Slot, Voice};
use super::{Behaviour, Ending, FetchFailure, Input, Offered, Profile, Step};
use crate::event::Micros;
use crate::upgrade::{About, Report, Said, SuccessRule};
use md5::Md5;

/// Between “restarting” and the reset.
const HALT: Micros = Micros::from_millis(500);
/// Between the reset and the application.
const BOOT: Micros = Micros::from_millis(700);

/// A simulated device. Put [`Input`]s in, then take every [`Step`] out; come back at [`Brain::poll_timeout`].
pub struct Brain {
    pub(super) profile: Profile,
    pub(super) voice: Voice,
    shell: Shell,
    pub(super) state: State,
    pub(super) slot: Slot,
    pub(super) tickets: u32,
    greeted: bool,
    /// The upgrade to be told of once connected after the reboot.
    pub(super) burnt: Option<Offered>,
    /// The digest of the last upgrade, which a faulty device goes on with.
    pub(super) stale: Option<Md5>,
    /// How often the fault of this device has shown in this upgrade.
    pub(super) faults: u32,
}

pub(super) enum State {
    Off,
    Idle,
    Downloading(Box<Download>),
    Burning(Burning),
    Halting(Micros),
    Booting(Micros),
}

impl Brain {
    /// A device that is switched off.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        Self {
            profile,
            voice: Voice::default(),
            shell: Shell::default(),
            state: State::Off,
            slot: Slot::First,
            tickets: 0,
            greeted: false,
            burnt: None,
            stale: None,
            faults: 0,
        }
    }

    /// The version it runs.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.profile.version
    }

    /// The next thing to be done, in order.
    pub fn poll_step(&mut self) -> Option<Step> {
        self.voice.poll()
    }

    /// When [`Input::Timer`] is due, if ever.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Micros> {
        match &self.state {
            State::Off | State::Idle => None,
            State::Downloading(download) => download.next_at(),
            State::Burning(burning) => Some(burning.next_at()),
            State::Halting(until) | State::Booting(until) => Some(*until),
        }
    }

    /// Takes in what happens.
    pub fn handle(&mut self, input: Input, now: Micros) {
        match input {
            Input::Started => self.handle_started(now),
            Input::Connected => self.handle_connected(now),
            Input::Disconnected(reason) => self.handle_disconnected(&reason, now),
            Input::Offered(offered) => self.handle_offered(offered, now),
            Input::Cancelled => self.handle_cancelled(now),
            Input::Arrived { ticket, bytes } => self.handle_arrived(ticket, &bytes, now),
            Input::FetchFailed { ticket, why } => self.handle_fetch_failed(ticket, &why, now),
            Input::Typed(bytes) => self.handle_typed(&bytes, now),
            Input::Timer => self.handle_timer(now),
        }
        self.prompt();
    }

    fn handle_started(&mut self, now: Micros) {
        if matches!(self.state, State::Off) {
            self.voice.reset(Reset::PowerOn);
            self.boot(now);
        }
    }

    fn handle_connected(&mut self, now: Micros) {
        if !self.is_running() {
            return;
        }
        self.info(now, "mqtt", "Connected and subscribed");
        // Only a start makes a device say who it is; real ones stay silent after a mere reconnect.
        if !std::mem::replace(&mut self.greeted, true) {
            self.greet(now);
        }
    }

    fn handle_disconnected(&mut self, reason: &str, now: Micros) {
        if self.is_running() {
            self.voice.log(Level::Warned, now, "mqtt", &format!("Not connected: {reason}"));
        }
    }

    fn handle_offered(&mut self, offered: Offered, now: Micros) {
        let busy_with = match &self.state {
            State::Idle if self.behaves(Behaviour::Silent) => {
                return self.voice.log(Level::Warned, now, "ota", "Upgrade message without a module, ignored");
            }
            State::Idle => return self.begin(offered, now),
            State::Downloading(download) => &download.offered.version,
            State::Burning(burning) => &burning.offered.version,
            State::Off | State::Halting(_) | State::Booting(_) => return,
        };
        let words = if *busy_with == offered.version {
            format!("Already upgrading to {busy_with}, ignored")
        } else {
            format!("Busy upgrading to {busy_with}, {} ignored", offered.version)
        };
        self.voice.log(Level::Warned, now, "ota", &words);
    }

    fn handle_cancelled(&mut self, now: Micros) {
        match &self.state {
            State::Downloading(_) => {
                self.state = State::Idle;
                self.voice.log(Level::Warned, now, "ota", "Cancelled by the cloud, download given up");
                self.voice.step(Step::Ended(Ending::Cancelled));
            }
            State::Burning(_) => self.voice.log(Level::Warned, now, "ota", "Too late to cancel: writing flash"),
            State::Off | State::Idle | State::Halting(_) | State::Booting(_) => {}
        }
    }

    fn handle_arrived(&mut self, ticket: u32, bytes: &[u8], now: Micros) {
        if bytes.is_empty() {
            let why = FetchFailure::Broken("the server has no more bytes".to_owned());
            return self.handle_fetch_failed(ticket, &why, now);
        }
        let pace = self.profile.pace;
        let (fault, lost) = (self.profile.behaviour, self.faults);
        let Some(download) = self.download_awaiting(ticket) else { return };
        if fault.is_some_and(|fault| download.strays(fault, lost)) {
            download.wait(pace);
            self.faults += 1;
            if fault == Some(Behaviour::Storm) {
                self.say_of_download(Report::Downloading { percent: 0 });
            }
            return;
        }
        download.take(bytes, pace);
        let (half_way, complete) = (download.is_half_way(), download.is_complete());
        if let Some(percent) = download.progress() {
            let received = download.received();
            self.info(now, "ota", &format!("{percent:3}% {received} bytes"));
            self.say_of_download(Report::Downloading { percent });
        }
        if half_way && self.fails(Failure::TimedOut) {
            self.error(now, "esp-tls", "select() timeout, no data for 10000 ms");
            self.fail(Failure::TimedOut, now);
        } else if half_way && self.behaves(Behaviour::GivesUp) {
            self.state = State::Idle;
        } else if complete {
            self.check_digest(now);
        }
    }

    fn handle_fetch_failed(&mut self, ticket: u32, why: &FetchFailure, now: Micros) {
        let careless = self.behaves(Behaviour::IgnoresStatus) || self.behaves(Behaviour::Storm);
        let Some(download) = self.download_awaiting(ticket) else { return };
        if careless && matches!(why, FetchFailure::Status(_)) {
            let page = vec![b'<'; download.expected()];
            return self.handle_arrived(ticket, &page, now);
        }
        let words = match why {
            FetchFailure::Status(status) => format!("Server answered with status {status}"),
            FetchFailure::Unreachable(words) => format!("Failed to open HTTP connection: {words}"),
            FetchFailure::TimedOut => "No answer from the server".to_owned(),
            FetchFailure::Broken(words) => format!("Connection lost: {words}"),
        };
        self.error(now, "HTTP_CLIENT", &words);
        self.fail(Failure::from(why), now);
    }

    fn handle_typed(&mut self, bytes: &[u8], now: Micros) {
        if !self.is_running() {
            return;
        }
        for &byte in bytes {
            match self.shell.press(byte) {
                Key::Echo(text) => self.voice.print(text),
                Key::EchoChar(char) => self.voice.print(char.encode_utf8(&mut [0; 4])),
                Key::Enter(line) => {
                    self.obey(&line, now);
                    self.prompt();
                }
                Key::Nothing => {}
            }
        }
    }

    fn handle_timer(&mut self, now: Micros) {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return;
        }
        match &mut self.state {
            State::Downloading(_) => self.fetch_next(),
            State::Burning(_) => self.burn_on(now),
            State::Halting(_) => {
                self.voice.step(Step::Disconnect);
                self.voice.reset(Reset::Software);
                self.state = State::Booting(self.after(BOOT, now));
            }
            State::Booting(_) => self.boot(now),
            State::Off | State::Idle => {}
        }
    }

    /// Comes up in the version that is in flash.
    fn boot(&mut self, now: Micros) {
        self.voice.boot(&self.profile.version, self.slot, now);
        self.shell = Shell::default();
        self.greeted = false;
        self.state = State::Idle;
        self.voice.step(Step::Connect);
    }

    /// Says what a device says first, and how the upgrade before the reboot went.
    fn greet(&mut self, now: Micros) {
        let running = match &self.burnt {
            Some(burnt) if burnt.module.is_none() => self.profile.reported(&burnt.version),
            _ => self.profile.version.clone(),
        };
        let greeting = (self.profile.greeting)(&running);
        // A question comes last: a cloud that has not heard of the success yet might answer with the same upgrade again.
        let (asked, told): (Vec<_>, Vec<_>) = greeting.into_iter().partition(is_question);
        if self.burnt.is_some() && self.behaves(Behaviour::NeverReports) {
            self.burnt = None;
            return;
        }
        let again = self.burnt.clone().filter(|_| self.behaves(Behaviour::UpgradesTwice) && self.faults == 0);
        let news = self.burnt.take().map(|burnt| {
            let version = self.profile.reported(&burnt.version);
            let (module, about) = (burnt.module.clone(), burnt.about());
            (Said { module, about, report: self.success(&version) }, version)
        });
        let known = news.as_ref().is_some_and(|(said, _)| said.module.is_none() && told.contains(&said.report));
        for report in told {
            self.say(None, About::Latest, report);
        }
        if let Some((said, version)) = news {
            self.info(now, "ota", &format!("Upgrade to {version} succeeded"));
            if !known {
                self.say(said.module, said.about, said.report);
            }
            self.voice.step(Step::Ended(Ending::Succeeded { version }));
        }
        if let Some(offered) = again {
            self.begin(offered, now);
            self.faults = 1;
            return;
        }
        for report in asked {
            self.say(None, About::Latest, report);
        }
    }

    fn success(&self, version: &str) -> Report {
        let version = version.to_owned();
        match self.profile.success {
            SuccessRule::Reported => Report::Succeeded { version: Some(version) },
            SuccessRule::TaskDone => Report::Succeeded { version: None },
            SuccessRule::Informed => Report::Version { version },
        }
    }

    pub(super) fn halt(&mut self, now: Micros) {
        self.info(now, "main", "Restarting now");
        self.state = State::Halting(self.after(HALT, now));
    }

    fn obey(&mut self, line: &str, now: Micros) {
        self.voice.enter();
        let free = if matches!(self.state, State::Idle) { 212_384 } else { 187_912 };
        match line.trim() {
            "" => {}
            "help" => self.voice.print(
                "help     this list\r\nversion  what is running\r\nheap     bytes of heap free\r\nreboot   restart the chip\r\n",
            ),
            "version" => self.voice.print(&format!("lamp {} ({})\r\n", self.profile.version, self.slot.label())),
            "heap" => self.voice.print(&format!("{free} bytes free\r\n")),
            "reboot" => self.halt(now),
            _ => self.voice.print("Unrecognized command\r\n"),
        }
    }

    /// A device with nothing to do waits for a command.
    fn prompt(&mut self) {
        if matches!(self.state, State::Idle) {
            self.voice.prompt(self.shell.line());
        }
    }

    fn download_awaiting(&mut self, ticket: u32) -> Option<&mut Download> {
        match &mut self.state {
            State::Downloading(download) if download.awaits(ticket) => Some(download),
            _ => None,
        }
    }

    fn is_running(&self) -> bool {
        matches!(self.state, State::Idle | State::Downloading(_) | State::Burning(_))
    }

    /// A pause from now; none at all on a device without a pace.
    pub(super) fn after(&self, pause: Micros, now: Micros) -> Micros {
        if self.profile.pace == 0 { now } else { now + pause }
    }

    /// Tells the cloud; a faulty device may tell no progress.
    pub(super) fn say(&mut self, module: Option<String>, about: About, report: Report) {
        let progress = matches!(report, Report::Begun | Report::Downloading { .. } | Report::Burning { .. });
        if !(progress && self.behaves(Behaviour::NoProgress)) {
            self.voice.step(Step::Say(Said { module, about, report }));
        }
    }

    /// Tells something of the download under way.
    pub(super) fn say_of_download(&mut self, report: Report) {
        let State::Downloading(download) = &self.state else { return };
        let (module, about) = (download.offered.module.clone(), download.offered.about());
        self.say(module, about, report);
    }

    /// Whether this is what the device does wrong.
    pub(super) fn behaves(&self, behaviour: Behaviour) -> bool {
        self.profile.behaviour == Some(behaviour)
    }

    pub(super) fn info(&mut self, now: Micros, tag: &str, words: &str) {
        self.voice.log(Level::Told, now, tag, words);
    }

    pub(super) fn error(&mut self, now: Micros, tag: &str, words: &str) {
        self.voice.log(Level::Failed, now, tag, words);
    }
}

pub(super) fn is_question(report: &Report) -> bool {
    matches!(report, Report::Asked { .. })
}
