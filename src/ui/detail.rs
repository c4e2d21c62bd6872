//! The chosen message in full: its fields, its bytes, what is wrong with it.

use super::model::Model;
use super::pieces::{button_ui, sign_ui, title_ui, warning_ui, weak_ui};
use super::state::WindowState;
use super::words::{self, say};
use super::{publish_dialog, summary, theme};
use crate::console::hex;
use crate::dialect;
use crate::event::{Event, Fact};
use eframe::egui::{Align, Grid, Label, Layout, RichText, ScrollArea, TextStyle, Ui};

/// More of a payload than this is not laid out; it can be copied from the capture.
const SHOWN_BYTES: usize = 4_096;
const HEX_COLUMNS: usize = 16;

/// One chosen message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailView {
    /// Name and value.
    pub fields: Vec<(String, String)>,
    /// The bytes as text, where there are any.
    pub text: Option<String>,
    /// The bytes as hex.
    pub hex: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<String>,
    /// Whether it is a message that can be sent by hand.
    pub sendable: bool,
}

/// Works out what is shown of the chosen row.
#[must_use]
pub fn view(model: &Model, state: &WindowState) -> Option<DetailView> {
    let (cursor, _) = state.message?;
    let row = model.feed.row(cursor)?;
    let event = model.journal.get(row.seq)?;
    let mut view = DetailView::default();
    view.field("detail.time", state.time(event.at, model));
    view.field("detail.event", words::count(event.seq));
    view.take(event);
    view.sendable = publish_dialog::is_message(&event.fact);
    if row.replayed {
        view.field("detail.sent-by", say("detail.a-replay"));
    }
    if view.fields.len() == 2 {
        view.field("detail.summary", summary::line(row, &model.journal, &model.bench));
    }
    if let Some(answer) = row.answer().filter(|answer| answer.seq != row.seq)
        && let Some(event) = model.journal.get(answer.seq)
    {
        view.field("detail.answered", state.time(event.at, model));
        view.take(event);
    }
    Some(view)
}

impl DetailView {
    fn field(&mut self, key: &str, value: impl Into<String>) {
        self.fields.push((say(key), value.into()));
    }

    fn take(&mut self, event: &Event) {
        match &event.fact {
            Fact::MessageReceived { client, topic, payload, qos, retain } => {
                if let Some(client) = client {
                    self.field("detail.client", client.as_ref());
                }
                let retain = if *retain { say("detail.retained") } else { String::new() };
                self.message(topic, payload, format!("{qos} {retain}").trim_end());
                if let Some((dialect, decoded)) = dialect::decode(topic, payload, |_| None) {
                    self.field("detail.dialect", dialect.id());
                    self.problems.extend(decoded.defects.iter().map(words::defect));
                }
            }
            Fact::MessageReplayed { topic, payload, qos, of, .. } => {
                if *of > 0 {
                    self.field("detail.replay-of", words::count(*of));
                }
                self.message(topic, payload, &qos.to_string());
            }
            Fact::MessagePublished { topic, payload, qos } => self.message(topic, payload, &qos.to_string()),
            Fact::MessageDelivered { client, topic, .. } | Fact::MessageAcknowledged { client, topic } => {
                self.field("detail.client", client.as_ref());
                self.field("detail.topic", topic);
            }
            Fact::MessageDropped { client, topic, reason } => {
                self.field("detail.client", client.as_deref().unwrap_or("–"));
                self.field("detail.topic", topic);
                self.field("detail.reason", words::why(reason));
            }
            Fact::RequestReceived { peer, method, path, range, .. } => {
                self.field("detail.request", format!("{method} {path}"));
                self.field("detail.range", range.as_deref().unwrap_or("–"));
                self.field("detail.peer", peer);
            }
            Fact::FileDelivered { path, md5, .. } => {
                self.field("detail.path", path);
                self.field("detail.md5", md5);
            }
            Fact::RangeServed { status, offset, length, sent, complete, .. } => {
                self.field("detail.status", status.to_string());
                self.field("detail.offset", words::count(*offset));
                self.field("detail.sent", format!("{} / {}", words::count(*sent), words::count(*length)));
                if !complete {
                    self.problems.push(say("detail.broken"));
                }
            }
            other => self.bench(other),
        }
    }

    fn bench(&mut self, fact: &Fact) {
        match fact {
            Fact::ClientConnected { client } | Fact::ClientRefused { client, .. } => {
                self.field("detail.client", client.name.as_ref());
                self.field("detail.username", client.username.as_deref().unwrap_or("–"));
                self.field("detail.peer", &client.address);
                let level = match client.level {
                    3 => "3.1".to_owned(),
                    4 => "3.1.1".to_owned(),
                    5 => "5.0".to_owned(),
                    other => other.to_string(),
                };
                self.field("detail.protocol", level);
                self.field("detail.keep-alive", format!("{} s", client.keep_alive_secs));
            }
            Fact::AccessRefused { client, topic, .. } => {
                self.field("detail.client", client.as_ref());
                self.field("detail.topic", topic);
            }
            Fact::UpgradeRequested { order } => {
                self.field("detail.url", &order.url);
                self.field("detail.size", words::count(order.size));
                self.field("detail.md5", &order.md5);
                self.field("detail.sha256", &order.sha256);
                for fault in &order.faults {
                    self.field("detail.fault", fault.to_string());
                }
            }
            Fact::FaultActed { fault, request, .. } => {
                self.field("detail.fault", fault.to_string());
                self.field("detail.help", words::fault_help(fault.kind()));
                if let Some(request) = request {
                    self.field("detail.request", request.to_string());
                }
            }
            Fact::ImageAdded { path, size, md5, sha256, .. } => {
                self.field("detail.path", path);
                self.field("detail.size", words::count(*size));
                self.field("detail.md5", md5);
                self.field("detail.sha256", sha256);
            }
            _ => {}
        }
        if let Fact::TlsRefused { peer, trouble, .. } | Fact::RequestRefused { peer, trouble, .. } = fact {
            self.field("detail.peer", peer);
            if let Some(offered) = trouble.arg("offered") {
                self.field("detail.offered", offered);
            }
        }
        if let Fact::ClientRefused { trouble, .. } = fact {
            for (name, key) in [("signed", "detail.signed"), ("method", "detail.sign-method")] {
                if let Some(value) = trouble.arg(name) {
                    self.field(key, value);
                }
            }
        }
        if let Fact::ClientRefused { trouble, .. }
        | Fact::AccessRefused { trouble, .. }
        | Fact::TlsRefused { trouble, .. }
        | Fact::RequestRefused { trouble, .. }
        | Fact::TlsFailed { trouble, .. }
        | Fact::BrokerFailed { trouble }
        | Fact::ServerFailed { trouble }
        | Fact::ImageTroubled { trouble, .. }
        | Fact::PortClosed { trouble: Some(trouble), .. }
        | Fact::FileEnded { trouble: Some(trouble), .. }
        | Fact::TroubleMet { trouble } = fact
        {
            self.problems.push(words::trouble(trouble).joined());
        }
    }

    fn message(&mut self, topic: &str, payload: &[u8], qos: &str) {
        self.field("detail.topic", topic);
        self.field("detail.qos", qos);
        self.field("detail.size", words::bytes(payload.len() as u64));
        let shown = &payload[..payload.len().min(SHOWN_BYTES)];
        self.text = Some(laid_out(shown));
        self.hex = Some(hex(shown, HEX_COLUMNS));
    }
}

/// JSON with line breaks where it is JSON; anything else as it is.
fn laid_out(payload: &[u8]) -> String {
    serde_json::from_slice::<serde_json::Value>(payload)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| String::from_utf8_lossy(payload).into_owned())
}

/// What was clicked in the detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailAsk {
    /// Put it away.
    Away,
    /// Send the message again, perhaps edited.
    SendAgain,
}

/// Draws the detail. Gives what was clicked.
pub fn detail_ui(ui: &mut Ui, view: &DetailView) -> Option<DetailAsk> {
    let mut asked = None;
    ui.horizontal(|ui| {
        title_ui(ui, &say("detail.name"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if sign_ui(ui, "×", &say("detail.hide")).clicked() {
                asked = Some(DetailAsk::Away);
            }
            if view.sendable && button_ui(ui, say("publish.again")).on_hover_text(say("publish.again-hint")).clicked() {
                asked = Some(DetailAsk::SendAgain);
            }
        });
    });
    ScrollArea::both().id_salt("detail").auto_shrink(false).show(ui, |ui| {
        for problem in &view.problems {
            ui.horizontal(|ui| {
                warning_ui(ui, &say("detail.problem"));
                ui.add(Label::new(problem).selectable(true).extend());
            });
        }
        let bytes_ui = |ui: &mut Ui, text: &Option<String>| {
            if let Some(text) = text {
                ui.add(Label::new(RichText::new(text).text_style(TextStyle::Monospace)).selectable(true).extend());
                ui.separator();
            }
        };
        bytes_ui(ui, &view.text);
        Grid::new("fields").num_columns(2).spacing([12.0, 1.0]).min_row_height(theme::ROW).show(ui, |ui| {
            for (name, value) in &view.fields {
                weak_ui(ui, name);
                ui.add(Label::new(RichText::new(value).text_style(TextStyle::Monospace)).selectable(true).extend());
                ui.end_row();
            }
        });
        bytes_ui(ui, &view.hex);
    });
    asked
}
