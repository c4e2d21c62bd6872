//! The dialog for a message that is sent by hand: its topic, its bytes, and those that are kept.

use super::dialogs::{field_ui, heading_ui};
use super::model::Model;
use super::pieces::{choice_ui, sign_ui, weak_ui};
use super::publish_as::{Voice, speaker};
use super::state::WindowState;
use super::theme::palette;
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::bench::{Action, Bench, Publication, SavedMessage, Service, parse_hex};
use crate::event::{Fact, Payload};
use eframe::egui::{Button, Grid, Key, Modifiers, RichText, ScrollArea, TextEdit, TextStyle, Ui};
use std::net::IpAddr;
use std::path::PathBuf;

/// More bytes than these are sent as they are: a field with all of them would be too slow to type in.
const EDITABLE: usize = 32 << 10;

/// A message as written so far.
#[expect(clippy::struct_excessive_bools, reason = "each is told by something else")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishDraft {
    topic: String,
    payload: String,
    /// Whether `payload` holds bytes in hex.
    hex: bool,
    /// A payload that is too long to be edited.
    kept: Option<Payload>,
    qos: u8,
    retain: bool,
    /// Under which it would be saved.
    name: String,
    saved: Vec<SavedMessage>,
    chosen: Option<usize>,
    /// The bench file they are kept in; without one, the window remembers them.
    file: Option<PathBuf>,
    /// Where it goes; nowhere without a broker.
    target: Option<Target>,
    voice: Voice,
    from_device: bool,
    /// Whether a capture's messages are on screen, not the bench's.
    over_capture: bool,
    /// How often it was sent.
    sent: u64,
}

/// The broker that gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    address: String,
    external: bool,
}

impl Default for PublishDraft {
    /// An empty message.
    fn default() -> Self {
        Self {
            topic: String::new(),
            payload: String::new(),
            hex: false,
            kept: None,
            qos: 1,
            retain: false,
            name: String::new(),
            saved: Vec::new(),
            chosen: None,
            file: None,
            target: None,
            voice: Voice::default(),
            from_device: false,
            over_capture: false,
            sent: 0,
        }
    }
}

/// Whether this is a message, which can be sent again by hand.
pub(super) const fn is_message(fact: &Fact) -> bool {
    matches!(fact, Fact::MessageReceived { .. } | Fact::MessagePublished { .. } | Fact::MessageReplayed { .. })
}

impl PublishDraft {
    /// The messages that are kept already, and the bench file they are in.
    pub fn keep_in(&mut self, saved: Vec<SavedMessage>, file: Option<PathBuf>) {
        (self.saved, self.file) = (saved, file);
    }

    /// Remembers of which capture it is.
    pub fn take_from(&mut self, capture: &str) {
        self.voice.source = Some(capture.to_owned());
    }

    /// Sees what the live bench has come to. `own` are the addresses of this machine; `over_capture`: a capture is
    /// looked at meanwhile.
    pub fn keep_up(&mut self, bench: &Bench, own: &[IpAddr], over_capture: bool) {
        self.over_capture = over_capture;
        self.target = match bench.broker() {
            Service::Running { address, .. } => {
                Some(Target { address: address.clone(), external: bench.is_external() })
            }
            Service::Stopped | Service::Failed(_) => None,
        };
        self.voice.keep_up(bench, own);
    }

    /// The chosen message once more; nothing when none is chosen, or it is no longer in memory.
    #[must_use]
    pub fn again(model: &Model, state: &WindowState) -> Option<Self> {
        let row = model.feed.row(state.message?.0)?;
        let event = model.journal.get(row.seq)?;
        let mut draft = Self::default();
        draft.voice.of = event.seq;
        match &event.fact {
            Fact::MessageReceived { topic, payload, qos, retain, .. }
            | Fact::MessageReplayed { client: Some(_), topic, payload, qos, retain, .. } => {
                draft.fill(topic, payload, *qos, *retain);
                draft.from_device = true;
                draft.voice.own = speaker(model, topic, row);
                // What a capture is looked at for is what the device said; on the live bench the device is there itself.
                draft.voice.device = draft.voice.own.as_ref().map(|own| own.0.clone()).filter(|_| state.is_past());
            }
            Fact::MessagePublished { topic, payload, qos } => draft.fill(topic, payload, *qos, false),
            Fact::MessageReplayed { topic, payload, qos, retain, .. } => draft.fill(topic, payload, *qos, *retain),
            _ => return None,
        }
        Some(draft)
    }

    fn fill(&mut self, topic: &str, payload: &[u8], qos: u8, retain: bool) {
        (self.topic, self.qos, self.retain) = (topic.to_owned(), qos, retain);
        self.kept = (payload.len() > EDITABLE).then(|| payload.into());
        let shown = if self.kept.is_some() { &[] } else { payload };
        let text = plain(shown);
        self.hex = text.is_none();
        self.payload = text.unwrap_or_else(|| in_hex(shown));
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        match &self.kept {
            Some(kept) => Ok(kept.to_vec()),
            None if self.hex => parse_hex(&self.payload).map_err(|trouble| words::trouble(&trouble).joined()),
            None => Ok(self.payload.clone().into_bytes()),
        }
    }

    /// What is sent, or why it cannot be.
    fn publication(&self) -> Result<Publication, String> {
        self.check()?;
        Ok(Publication { payload: self.bytes()?, ..self.head() })
    }

    /// Whether it can be sent, or why not. A payload that is too long to be edited is not copied for it.
    fn check(&self) -> Result<(), String> {
        if self.kept.is_none() {
            self.bytes()?;
        }
        self.head().check().map_err(|trouble| words::trouble(&trouble).joined())
    }

    /// All but the payload.
    fn head(&self) -> Publication {
        Publication { topic: self.topic.clone(), payload: Vec::new(), qos: self.qos, retain: self.retain }
    }

    /// What is done when it is confirmed, or why it cannot be.
    fn action(&self) -> Result<Action, String> {
        let message = self.publication()?;
        Ok(match self.voice.said(message) {
            Ok(order) => Action::Replay(Box::new(order)),
            Err(message) => Action::Publish(message),
        })
    }

    /// Whether it can be sent now.
    fn is_ready(&self) -> Result<(), String> {
        if self.target.is_none() {
            return Err(say("publish.nowhere"));
        }
        self.check()?;
        self.voice.check()
    }

    /// Who gets it, and from whom.
    fn hint(&self) -> String {
        let Some(Target { address, external }) = &self.target else { return String::new() };
        let key = match (&self.voice.device, external) {
            (Some(_), _) => "publish.to-as-device",
            (None, true) => "publish.to-external",
            (None, false) => "publish.to-here",
        };
        tell(key, &[("address", address)])
    }

    /// The same bytes written the other way, where they can be.
    fn spell(&mut self, hex: bool) {
        let Ok(bytes) = self.bytes() else { return };
        match (hex, plain(&bytes)) {
            (true, _) => (self.payload, self.hex) = (in_hex(&bytes), true),
            (false, Some(text)) => (self.payload, self.hex) = (text, false),
            (false, None) => {}
        }
    }

    fn load(&mut self, place: usize) {
        let Some(SavedMessage { name, message }) = self.saved.get(place).cloned() else { return };
        self.fill(&message.topic, &message.payload, message.qos, message.retain);
        (self.name, self.chosen, self.from_device) = (name, Some(place), false);
        self.voice.forget_origin();
    }

    /// Keeps the message, in place of the one of the same name.
    fn save(&mut self, message: Publication) {
        let fresh = SavedMessage { name: self.name.trim().to_owned(), message };
        let same = self.saved.iter().position(|saved| saved.label() == fresh.label());
        let place = same.unwrap_or(self.saved.len());
        if same.is_some() {
            self.saved[place] = fresh;
        } else {
            self.saved.push(fresh);
        }
        self.chosen = Some(place);
    }

    fn keep(&self, wishes: &mut Vec<Wish>) {
        let messages = self.saved.clone();
        wishes.extend(self.file.clone().map(|file| Action::SaveMessages { file, messages: messages.clone() }.into()));
        wishes.push(Wish::SetMessages(messages));
    }
}

/// The bytes as text, if a field shows and gives back every one of them.
fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let shown = |c: char| c == '\n' || c == '\t' || !c.is_control();
    text.chars().all(shown).then(|| text.to_owned())
}

fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn looks_like_broken_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
}

/// Draws the dialog, which stays while messages are sent. Gives whether it was left.
pub(super) fn publish_dialog_ui(ui: &mut Ui, draft: &mut PublishDraft, wishes: &mut Vec<Wish>) -> bool {
    // Enter alone belongs to the payload, which is not to get this one.
    let entered = ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::Enter));
    heading_ui(ui, say("publish.title"), draft.hint());
    if draft.from_device && draft.voice.device.is_none() {
        weak_ui(ui, say("publish.from-device"));
    }
    let can_be_kept = draft.check().is_ok();
    saved_ui(ui, draft, can_be_kept, wishes);
    Grid::new("publish").num_columns(2).spacing([10.0, 6.0]).show(ui, |ui| {
        draft.voice.choice_ui(ui);
        field_ui(ui, "publish.topic", "/…", &mut draft.topic);
        ui.label(say("publish.qos"));
        ui.horizontal(|ui| {
            let levels = (0..=2).map(|qos| (qos, qos.to_string()));
            if let Some(qos) = choice_ui(ui, "qos", &say("publish.qos"), 40.0, &draft.qos, levels) {
                draft.qos = qos;
            }
            ui.checkbox(&mut draft.retain, say("publish.retain")).on_hover_text(say("publish.retain-hint"));
            let mut hex = draft.hex;
            if draft.kept.is_none() && ui.checkbox(&mut hex, say("publish.hex")).changed() {
                draft.spell(hex);
            }
        });
        ui.end_row();
    });
    if draft.topic.trim() != draft.topic {
        ui.colored_label(palette(ui).warn, say("publish.blank-topic"));
    }
    payload_ui(ui, draft);
    draft.voice.warnings_ui(ui);
    let ready = draft.is_ready();
    if let Err(reason) = &ready {
        ui.colored_label(palette(ui).warn, reason);
    }
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let button = ui.add_enabled(ready.is_ok(), Button::new(say("publish.now")));
        let button = button.on_disabled_hover_text(ready.as_ref().err().map_or("", String::as_str));
        if ready.is_ok()
            && (button.clicked() || entered)
            && let Ok(action) = draft.action()
        {
            draft.sent += 1;
            wishes.push(action.into());
        }
        let closed = ui.button(say("dialog.close")).clicked();
        if draft.sent > 0 {
            let key = if draft.over_capture { "publish.sent-over-capture" } else { "publish.sent" };
            weak_ui(ui, tell(key, &[("n", &words::count(draft.sent))]));
        }
        closed
    })
    .inner
}

fn payload_ui(ui: &mut Ui, draft: &mut PublishDraft) {
    let label = ui.label(say("publish.payload"));
    if let Some(kept) = &draft.kept {
        weak_ui(ui, tell("publish.kept", &[("size", &words::bytes(kept.len() as u64))]));
        return;
    }
    ScrollArea::vertical().max_height(260.0).min_scrolled_height(260.0).show(ui, |ui| {
        let field = TextEdit::multiline(&mut draft.payload).desired_rows(6).desired_width(f32::INFINITY);
        ui.add(field.font(TextStyle::Monospace)).labelled_by(label.id);
    });
    if !draft.hex && looks_like_broken_json(&draft.payload) {
        let warn = palette(ui).warn;
        ui.label(RichText::new(say("publish.not-json")).small().color(warn));
    }
}

/// The messages that are kept: one is taken, kept or let go.
fn saved_ui(ui: &mut Ui, draft: &mut PublishDraft, can_be_kept: bool, wishes: &mut Vec<Wish>) {
    let where_kept = match &draft.file {
        Some(file) => tell("quick.kept-in", &[("file", &file.display())]),
        None => say("quick.kept-here"),
    };
    ui.horizontal_wrapped(|ui| {
        if draft.saved.is_empty() {
            weak_ui(ui, say("publish.none-saved"));
        } else {
            let none = draft.chosen.is_none().then(|| (None, say("publish.pick")));
            let kept = draft.saved.iter().enumerate().map(|(place, saved)| (Some(place), saved.label().to_owned()));
            let choices: Vec<_> = none.into_iter().chain(kept).collect();
            let picked = choice_ui(ui, "saved", &say("publish.saved"), 170.0, &draft.chosen, choices);
            if let Some(place) = picked.flatten() {
                draft.load(place);
            }
        }
        if let Some(place) = draft.chosen {
            let name = draft.saved.get(place).map(|saved| saved.label().to_owned()).unwrap_or_default();
            if sign_ui(ui, "×", &tell("publish.remove", &[("name", &name)])).clicked() {
                draft.saved.remove(place);
                draft.chosen = None;
                draft.keep(wishes);
            }
        }
        let label = ui.label(say("publish.name"));
        ui.add(TextEdit::singleline(&mut draft.name).desired_width(110.0)).labelled_by(label.id);
        let save = ui.add_enabled(can_be_kept, Button::new(say("publish.save")));
        let save = save.on_hover_text(format!("{} · {where_kept}", say("publish.save-hint")));
        if let (true, Ok(message)) = (save.clicked(), draft.publication()) {
            draft.save(message);
            draft.keep(wishes);
        }
    });
    ui.add_space(4.0);
}

#[cfg(test)]
mod tests {
    use super::{Action, EDITABLE, PathBuf, Publication, PublishDraft, SavedMessage, Wish, looks_like_broken_json};

    #[test]
    fn every_payload_is_sent_byte_for_byte_however_it_is_shown() {
        let long = vec![b'x'; EDITABLE + 1];
        for (payload, hex) in [
            (&b"{\"a\": 1}\n"[..], false),
            ("温度".as_bytes(), false),
            (b"", false),
            (b"\xff\x00", true),
            (b"a\r\nb\x1b", true),
            (&long, false),
        ] {
            let mut draft = PublishDraft::default();
            draft.fill("/a", payload, 1, false);
            assert_eq!((draft.bytes().unwrap(), draft.hex), (payload.to_vec(), hex));
            draft.spell(!draft.hex);
            assert_eq!(draft.bytes().unwrap(), payload, "the other way");
        }
    }

    #[test]
    fn a_saved_message_is_kept_in_the_bench_file_and_replaces_the_one_of_its_name() {
        let file = Some(PathBuf::from("lamp.toml"));
        let mut draft = PublishDraft { name: " light ".into(), file, ..PublishDraft::default() };
        let message = |topic: &str| Publication { topic: topic.into(), ..Publication::default() };
        draft.save(message("/a"));
        draft.save(message("/b"));
        let messages = vec![SavedMessage { name: "light".into(), message: message("/b") }];
        let mut wishes = Vec::new();
        draft.keep(&mut wishes);
        let written = Action::SaveMessages { file: "lamp.toml".into(), messages: messages.clone() };
        assert_eq!(wishes, [Wish::Act(written), Wish::SetMessages(messages)]);
    }

    #[test]
    fn what_the_payload_is_not_is_said() {
        for (text, broken) in [("{\"a\":1}", false), ("{\"a\":1,}", true), (" [1", true), ("on", false), ("", false)] {
            assert_eq!(looks_like_broken_json(text), broken, "{text}");
        }
    }
}
