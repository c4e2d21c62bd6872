//! What the window remembers that is not on the bench.

pub use super::dialog::{DeviceDraft, Dialog, OverTls, Runs};
use super::history::Place;
use super::known_ports::place_of;
use super::listing::{Filter, Listing};
use super::log::LogPane;
use super::model::Model;
use super::past::Cursor;
use super::rows::Scroll;
use super::settings::Settings;
use super::stamps::Stamps;
use super::upgrade::{ExtrasDraft, FaultsDraft};
use super::wish::Wish;
use super::words;
use crate::bench::{Build, Case, Device, PluggedPort, PushOrder, QuickSend, SavedMessage};
use crate::console::Console;
use crate::event::{DeviceId, ImageId, Micros, Trouble};
use crate::fault::Fault;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// Something of the system's to choose from: a network interface by its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What it is called where it is used.
    pub name: String,
    /// What it is: the interface's name; may be empty.
    pub detail: String,
}

/// What the system has to reach a device by, as last looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PluggedIn {
    /// Serial ports.
    pub ports: Vec<PluggedPort>,
    /// Network interfaces.
    pub interfaces: Vec<Choice>,
}

impl PluggedIn {
    /// The addresses of this machine on its networks.
    #[must_use]
    pub fn own(&self) -> Vec<IpAddr> {
        self.interfaces.iter().filter_map(|interface| interface.name.parse().ok()).collect()
    }
}

/// What is to be pushed, as typed so far.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The version to announce.
    pub version: String,
    /// The module; empty for the default one.
    pub module: String,
    /// The time-out in seconds; empty for the cloud's own rule.
    pub timeout: String,
    /// How long the URL lives, in seconds; empty for a day.
    pub url_lifetime: String,
    /// What only one cloud announces.
    pub extras: ExtrasDraft,
    /// What is to go wrong, device by device.
    pub faults: BTreeMap<DeviceId, FaultsDraft>,
    /// Whether faults can be armed here.
    pub faults_shown: bool,
    /// Whether the rarely used fields are shown.
    pub more: bool,
    /// The build and digest the version was filled in from.
    filled_from: Option<(ImageId, String)>,
}

/// What the window remembers that is not on the bench.
#[derive(Debug, Default)]
pub struct WindowState {
    /// What is kept from one start to the next.
    pub settings: Settings,
    /// The chosen build.
    pub build: Option<ImageId>,
    /// The chosen device.
    pub device: Option<DeviceId>,
    /// What is to be pushed.
    pub draft: Draft,
    /// What the Messages pane lists.
    pub filter: Filter,
    /// The Messages pane's list.
    pub listing: Listing,
    /// Where the Messages pane stands.
    pub messages: Scroll,
    /// The chosen rows of the feed: cursor and other end.
    pub message: Option<(u64, u64)>,
    /// The port whose console is shown.
    pub port: Option<String>,
    /// Where the console stands.
    pub console: Scroll,
    /// The console's log.
    pub log: LogPane,
    /// What is looked for in the console.
    pub find: String,
    /// What is to be sent.
    pub line: String,
    /// Where the arrow keys are among the lines that were sent.
    pub history: Place,
    /// What is sent with one click.
    pub quick: Vec<QuickSend>,
    /// Messages kept to be sent by hand.
    pub saved: Vec<SavedMessage>,
    /// The bench file, which keeps both.
    pub bench_file: Option<PathBuf>,
    /// Whether the keys are to go to the device from the next frame on.
    pub seize_keys: bool,
    /// Whether somebody waits for a serial port to be plugged in.
    pub watch_ports: bool,
    /// What the system has to reach a device by.
    pub plugged: PluggedIn,
    /// The dialog that is open.
    pub dialog: Option<Dialog>,
    /// The instant marked in both panes.
    pub mark: Option<Micros>,
    /// The span both panes are limited to.
    pub zoom: Option<(Micros, Micros)>,
    /// Where a drag over the overview began.
    pub zoom_from: Option<Micros>,
    /// How wide both panes were together in the last frame, in points.
    pub panes_width: f32,
    /// Where one stands in a capture; nothing on the live bench.
    pub past: Option<Cursor>,
    /// The zone's offset from UTC.
    pub utc_offset_secs: i32,
}

impl WindowState {
    /// Chooses what is new and alone, and lets go of what is gone.
    pub fn keep_up(&mut self, model: &Model) {
        let bench = model.shown();
        if self.build.is_none_or(|build| bench.build(build).is_none()) {
            self.build = bench.builds().map(|(id, _)| id).next();
        }
        // In a capture, a device that is not there yet or no longer stays chosen.
        let gone = |device: &DeviceId| bench.device(device).is_none() && model.bench.device(device).is_none();
        if self.device.as_ref().is_none_or(gone) {
            let online = bench.devices().find(|(_, device)| device.online == Some(true));
            self.device = online.or_else(|| bench.devices().next()).map(|(id, _)| id.clone());
        }
        let plugged = |place: &str| self.plugged.ports.iter().any(|one| one.name == place);
        let listed = |port: &String| model.consoles.contains_key(port) || plugged(place_of(port));
        if self.port.as_ref().is_none_or(|port| !listed(port)) {
            let open = bench.ports().find(|(_, port)| port.state.is_ok()).map(|(name, _)| name.to_owned());
            self.port = open.or_else(|| model.consoles.keys().next().cloned());
        }
        self.fill_version(model);
    }

    /// A build's own version is what is announced, until another is typed; a rebuild brings its own again.
    fn fill_version(&mut self, model: &Model) {
        let Some((id, build)) = self.build(model) else { return };
        let from = (id, build.md5.clone());
        if self.draft.filled_from.as_ref() != Some(&from) {
            if let Some(version) = &build.version {
                self.draft.version.clone_from(version);
            } else if self.draft.filled_from.as_ref().is_some_and(|(last, _)| *last != id) {
                self.draft.version.clear();
            }
            self.draft.filled_from = Some(from);
        }
    }

    /// The chosen build.
    #[must_use]
    pub fn build<'a>(&self, model: &'a Model) -> Option<(ImageId, &'a Build)> {
        let id = self.build?;
        Some((id, model.shown().build(id)?))
    }

    /// The chosen device.
    #[must_use]
    pub fn device<'a>(&self, model: &'a Model) -> Option<(DeviceId, &'a Device)> {
        let id = self.device.clone()?;
        let device = model.shown().device(&id)?;
        Some((id, device))
    }

    /// The upgrade that is shown: the chosen device's latest.
    #[must_use]
    pub fn case<'a>(&self, model: &'a Model) -> Option<&'a Case> {
        model.shown().latest_case(self.device.as_ref()?)
    }

    /// The dialect a push to the chosen device is written in.
    #[must_use]
    pub fn dialect(&self, model: &Model) -> String {
        let spoken = self.device(model).and_then(|(_, device)| device.dialect().map(str::to_owned));
        spoken.unwrap_or_else(|| self.settings.dialect.clone())
    }

    /// The faults armed for a device.
    fn faults(&self, device: &DeviceId) -> Result<Vec<Fault>, String> {
        self.draft.faults.get(device).map_or(Ok(Vec::new()), FaultsDraft::ordered)
    }

    /// The push as it would be made now.
    ///
    /// # Errors
    /// The reason in words for which it cannot be made.
    pub fn push_order(&self, model: &Model) -> Result<PushOrder, String> {
        let Some((image, _)) = self.build(model) else { return Err(words::say("push.no-build")) };
        let Some((device, _)) = self.device(model) else { return Err(words::say("push.no-device")) };
        let version = self.draft.version.trim().to_owned();
        if version.is_empty() {
            return Err(words::say("push.no-version"));
        }
        let timeout_secs = seconds(&self.draft.timeout, "push.bad-timeout")?;
        let url_lifetime_secs = seconds(&self.draft.url_lifetime, "push.bad-url-lifetime")?;
        let module = Some(self.draft.module.trim().to_owned()).filter(|module| !module.is_empty());
        let dialect = self.dialect(model);
        let extras = self.draft.extras.ordered(&dialect, image, &model.bench);
        let faults = self.faults(&device)?;
        let order =
            PushOrder { image, device, dialect, version, module, timeout_secs, url_lifetime_secs, extras, faults };
        match model.shown().check_push(&order) {
            Ok(()) => Ok(order),
            Err(trouble) => Err(refusal(&trouble)),
        }
    }

    /// Whether a capture is looked at: nothing can be done there.
    #[must_use]
    pub const fn is_past(&self) -> bool {
        self.past.is_some()
    }

    /// Whether what happened at this event has not happened yet at the moment that is looked at.
    #[must_use]
    pub fn is_ahead(&self, seq: u64) -> bool {
        self.past.is_some_and(|cursor| seq > cursor.seq)
    }

    /// Does what only concerns the window.
    pub fn grant(&mut self, wish: Wish, model: &Model) {
        match wish {
            Wish::SelectBuild(build) => self.build = Some(build),
            Wish::SelectDevice(device) => {
                if let Some(port) =
                    model.shown().port_of_device(&device).filter(|port| model.consoles.contains_key(port))
                {
                    self.select_port(port);
                }
                self.device = Some(device);
            }
            Wish::SelectPort(port) => self.select_port(port),
            Wish::SetQuickSends(sends) => {
                if self.bench_file.is_none() {
                    self.settings.quick.clone_from(&sends);
                }
                self.quick = sends;
            }
            Wish::SetMessages(messages) => {
                if self.bench_file.is_none() {
                    self.settings.messages.clone_from(&messages);
                }
                self.saved = messages;
            }
            Wish::Open(mut dialog) => {
                if let Dialog::Publish(draft) = &mut dialog {
                    draft.keep_in(self.saved.clone(), self.bench_file.clone());
                }
                self.dialog = Some(dialog);
            }
            Wish::ShowInstant(at) | Wish::ShowRow { at, .. } => self.show_instant(at, model),
            Wish::ShowMessagesAt(at) => self.show_messages_at(at, model),
            Wish::ShowEvent(seq) => self.show_event(seq, model),
            Wish::Zoom(span) => self.zoom = span,
            Wish::Act(_)
            | Wish::PickImages
            | Wish::PickLog
            | Wish::PickToSend(_)
            | Wish::CloseLog(_)
            | Wish::SaveAuthority
            | Wish::Travel(_)
            | Wish::LeavePast
            | Wish::Captures(_)
            | Wish::ListPorts => {}
        }
    }

    fn select_port(&mut self, port: String) {
        self.port = Some(port);
    }

    /// The console that is shown.
    #[must_use]
    pub fn shown<'a>(&self, model: &'a Model) -> Option<&'a Console> {
        model.consoles.get(self.port.as_ref()?)
    }

    /// Chooses no message any more.
    pub const fn put_away(&mut self) {
        self.message = None;
        (self.messages.cursor, self.messages.anchor) = (None, None);
    }

    /// Both panes at this instant, marked there.
    fn show_instant(&mut self, at: Micros, model: &Model) {
        self.show_messages_at(at, model);
        if self.shown(model).is_some_and(|console| !console.is_file()) {
            self.log.reveal_at = Some(at);
            self.console.follow = false;
        }
    }

    fn show_messages_at(&mut self, at: Micros, model: &Model) {
        self.mark = Some(at);
        let place = self.listing.place_of(model.feed.index_at(at));
        (self.messages.reveal, self.messages.follow) = (Some(place), false);
    }

    fn show_event(&mut self, seq: u64, model: &Model) {
        let Some(index) = model.feed.index_of(seq) else { return };
        let Some(row) = model.feed.row(index) else { return };
        self.filter = Filter::default();
        self.zoom = None;
        // The whole list is not scanned here: a row that is not listed yet is revealed once it is.
        self.listing.update(model, &self.filter);
        self.show_instant(row.at, model);
        self.message = Some((index, index));
        self.messages.reveal = Some(self.listing.place_of(index));
    }

    /// Goes to one line of the console: chosen, in view, and the messages at its instant. Where it would not be listed,
    /// everything is listed again.
    pub fn go_to_line(&mut self, line: u64, model: &Model) {
        let Some(console) = self.shown(model) else { return };
        if !self.log.lists(line) {
            self.log.only = false;
        }
        let inside = |(from, to)| (console.index_at(from)..console.index_at(to)).contains(&line);
        if !console.is_file() && !self.zoom.is_none_or(inside) {
            self.zoom = None;
        }
        self.log.chosen = Some((line, line));
        self.console.choose(self.log.row_of(line));
        self.pursue(line, console);
    }

    /// Has the messages go to the instant of a line, as soon as that is known; until then no other is marked.
    pub fn pursue(&mut self, line: u64, console: &Console) {
        self.log.goal = Some(line);
        if !console.is_file() && console.line(line).is_none() {
            self.mark = None;
        }
    }

    /// How times are shown at this moment.
    #[must_use]
    pub fn stamps(&self, model: &Model) -> Stamps {
        Stamps {
            shown: self.settings.time,
            started_unix_ms: model.bench.started_unix_ms(),
            utc_offset_secs: self.utc_offset_secs,
            pushed: self.device.as_ref().and_then(|device| model.bench.latest_case(device)).map(pushed),
        }
    }

    /// A time as it is to be shown.
    #[must_use]
    pub fn time(&self, at: Micros, model: &Model) -> String {
        self.stamps(model).text(at, None)
    }
}

fn pushed(case: &Case) -> Micros {
    case.upgrade.requested_at()
}

fn refusal(trouble: &Trouble) -> String {
    words::trouble(trouble).joined()
}

/// A number of seconds, which may be left out.
///
/// # Errors
/// What stands under this key, when it holds something else.
fn seconds(field: &str, refusal: &str) -> Result<Option<u64>, String> {
    match field.trim() {
        "" => Ok(None),
        text => text.parse().ok().filter(|secs| *secs > 0).map(Some).ok_or_else(|| words::say(refusal)),
    }
}
