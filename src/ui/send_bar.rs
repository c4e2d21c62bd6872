//! The bar below the console: a line, bytes in hex, keys, a file, and what is sent with one click.

use super::history::Place;
use super::model::Model;
use super::pieces::{button_ui, choice_ui};
use super::quick_dialog::QuickDraft;
use super::settings::Settings;
use super::state::{Dialog, WindowState};
use super::terminal;
use super::theme::palette;
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::bench::{Action, LineEnding, Port, QuickSend, SendingFile, SerialSettings, parse_hex};
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::text_edit::TextEditState;
use eframe::egui::{
    Align, Align2, Button, EventFilter, FontId, Id, Key, Layout, Modifiers, ProgressBar, Sense, TextEdit, Ui,
    WidgetInfo, vec2,
};
use serde::{Deserialize, Serialize};

/// How what is typed is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendAs {
    /// A line of text.
    #[default]
    Text,
    /// Bytes in hex.
    Hex,
    /// Key by key.
    Keys,
}

impl SendAs {
    const ALL: [Self; 3] = [Self::Text, Self::Hex, Self::Keys];

    const fn key(self) -> &'static str {
        match self {
            Self::Text => "send.text",
            Self::Hex => "send.hex",
            Self::Keys => "send.keys",
        }
    }
}

/// Draws the bar.
pub fn send_bar_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let seize = std::mem::take(&mut state.seize_keys);
    let shown = model.bench.ports().find(|(name, _)| state.port.as_deref() == Some(*name));
    let port = shown.map(|(_, port)| port).filter(|port| port.state.is_ok());
    ui.add_space(5.0);
    quick_ui(ui, port, state, wishes);
    if let (Some(name), Some(file)) = (state.port.clone(), port.and_then(|port| port.file.as_ref())) {
        file_ui(ui, &name, file, wishes);
    }
    if let Err(refused) = typed_bytes(&state.line, &state.settings) {
        ui.colored_label(palette(ui).bad, refused);
    }
    ui.horizontal(|ui| {
        let ways = SendAs::ALL.map(|way| (way, say(way.key())));
        if let Some(mode) = choice_ui(ui, "send-as", &say("send.as"), 62.0, &state.settings.send_as, ways) {
            state.settings.send_as = mode;
            // Not at once: the click that chose it would take the focus away again.
            state.seize_keys = mode == SendAs::Keys;
            ui.ctx().request_repaint();
        }
        if state.settings.send_as == SendAs::Keys {
            if seize {
                ui.memory_mut(|memory| memory.request_focus(keys_id()));
            }
            keys_ui(ui, port.is_some());
        } else {
            line_ui(ui, port.is_some(), state, wishes);
        }
    });
}

/// Hands keys to the device before anything in the window takes them for a shortcut, while they are the device's.
pub fn send_keys_first(ui: &Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    if state.settings.send_as == SendAs::Keys && ui.memory(|memory| memory.has_focus(keys_id())) {
        let shown = model.bench.ports().find(|(name, _)| state.port.as_deref() == Some(*name));
        take_keys(ui, shown.is_some_and(|(_, port)| port.state.is_ok()), state, wishes);
    }
}

/// The quick sends of the chosen group. One with a repetition is a switch.
fn quick_ui(ui: &mut Ui, port: Option<&Port>, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    ui.horizontal_wrapped(|ui| {
        let mut groups: Vec<String> = state.quick.iter().map(|send| send.group.clone()).collect();
        groups.sort();
        groups.dedup();
        if !groups.contains(&state.settings.quick_group) {
            state.settings.quick_group = groups.first().cloned().unwrap_or_default();
        }
        if groups.len() > 1 {
            let face = |group: &String| if group.is_empty() { say("quick.no-group") } else { group.clone() };
            let choices = groups.iter().map(|group| (group.clone(), face(group)));
            let chosen = &state.settings.quick_group;
            if let Some(group) = choice_ui(ui, "group", &say("quick.groups"), 80.0, chosen, choices) {
                state.settings.quick_group = group;
            }
        }
        let name = state.port.clone().unwrap_or_default();
        for send in state.quick.iter().filter(|send| send.group == state.settings.quick_group) {
            quick_button_ui(ui, send, &name, port, wishes);
        }
        if button_ui(ui, say("quick.edit")).on_hover_text(say("quick.edit-hint")).clicked() {
            let draft = QuickDraft::new(&state.quick, state.bench_file.clone());
            wishes.push(Wish::Open(Dialog::Quick(Box::new(draft))));
        }
        // A simulated device takes what is typed, no files.
        if port.is_none_or(|port| SerialSettings::read(&port.settings).is_some()) {
            file_button_ui(ui, port.is_some(), state, wishes);
        }
    });
}

fn quick_button_ui(ui: &mut Ui, send: &QuickSend, name: &str, port: Option<&Port>, wishes: &mut Vec<Wish>) {
    let Ok(bytes) = send.bytes() else { return };
    let id = format!("{}/{}", send.group, send.label());
    let repeats = port.is_some_and(|port| port.repeats.contains_key(&id));
    let (hint, button) = match send.every_ms {
        Some(every) => {
            let text = tell("quick.every", &[("name", &send.label()), ("every", &every)]);
            (tell("quick.repeat-hint", &[("send", &send.send), ("every", &every)]), Button::new(text).selected(repeats))
        }
        None => (tell("quick.hint", &[("send", &send.send)]), Button::new(send.label())),
    };
    let button = ui.add_enabled(port.is_some(), button).on_hover_text(hint);
    if !button.on_disabled_hover_text(say("console.send-closed")).clicked() {
        return;
    }
    let port = name.to_owned();
    wishes.push(match send.every_ms {
        Some(every) => Action::Repeat { port, name: id, bytes, every_ms: (!repeats).then_some(every) }.into(),
        None => Action::Send { port, bytes }.into(),
    });
}

/// How far the file is, and a way to give it up.
fn file_ui(ui: &mut Ui, name: &str, file: &SendingFile, wishes: &mut Vec<Wish>) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if button_ui(ui, say("send.cancel-file")).clicked() {
                wishes.push(Action::CancelFile(name.to_owned()).into());
            }
            let percent = file.sent.saturating_mul(100).checked_div(file.size).unwrap_or(100).min(100);
            let (sent, size) = (words::bytes(file.sent), words::bytes(file.size));
            let text = tell("send.file-at", &[("name", &file.name), ("sent", &sent), ("size", &size)]);
            let part = f32::from(u8::try_from(percent).unwrap_or(100)) / 100.0;
            let bar = ui.add(ProgressBar::new(part).text(text.clone()));
            bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, text.clone()));
        });
    });
}

/// A line to type, with its buttons.
fn line_ui(ui: &mut Ui, open: bool, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let parsed = typed_bytes(&state.line, &state.settings);
        let refused = match (&parsed, open) {
            (_, false) => Some(say("console.send-closed")),
            (Err(refused), _) => Some(refused.clone()),
            _ => None,
        };
        let button = ui.add_enabled(refused.is_none(), Button::new(say("console.send")));
        let clicked = button.on_disabled_hover_text(refused.unwrap_or_default()).clicked();
        if state.settings.send_as == SendAs::Text {
            let endings = LineEnding::ALL.map(|ending| (ending, say(&format!("console.ending-{}", ending.name()))));
            let chosen = state.settings.line_ending;
            if let Some(ending) = choice_ui(ui, "ending", &say("console.ending"), 64.0, &chosen, endings) {
                state.settings.line_ending = ending;
            }
        }
        let entered = field_ui(ui, open, parsed.is_err(), state);
        if let (Ok(bytes), Some(port), true) = (parsed, state.port.clone(), open && (clicked || entered)) {
            let line = std::mem::take(&mut state.line);
            state.history.sent(&mut state.settings.history, &line);
            state.console.jump_to_latest();
            ui.memory_mut(|memory| memory.request_focus(line_id()));
            wishes.push(Action::Send { port, bytes }.into());
        }
    });
}

/// What is sent when the line is, or why it cannot be.
fn typed_bytes(line: &str, settings: &Settings) -> Result<Vec<u8>, String> {
    if settings.send_as == SendAs::Hex {
        return parse_hex(line).map_err(|trouble| words::trouble(&trouble).joined());
    }
    // As the device reads it, and as the console shows it.
    Ok([&settings.log.encoding.encode(line), settings.line_ending.bytes()].concat())
}

/// The field; the arrow keys go through what was sent. Gives whether Enter was pressed in it.
fn field_ui(ui: &mut Ui, open: bool, wrong: bool, state: &mut WindowState) -> bool {
    let id = line_id();
    if ui.memory(|memory| memory.has_focus(id)) {
        let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        let sent = &state.settings.history;
        let (older, newer) = (pressed(Key::ArrowUp), pressed(Key::ArrowDown));
        if older {
            state.history.older(sent, &mut state.line);
        }
        if newer {
            state.history.newer(sent, &mut state.line);
        }
        if older || newer {
            type_on_behind(ui, id, &state.line);
        }
    }
    let key = if state.settings.send_as == SendAs::Hex { "send.hex-hint" } else { "console.line" };
    let mut field = TextEdit::singleline(&mut state.line)
        .id(id)
        .desired_width(ui.available_width())
        .font(egui::TextStyle::Monospace)
        .hint_text(say(key));
    if wrong {
        field = field.text_color(palette(ui).bad);
    }
    let field = ui.add_enabled(open, field).accessible_name(say("console.line"));
    if field.changed() {
        state.history = Place::default();
    }
    field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter) && input.modifiers == Modifiers::NONE)
}

/// What is typed next comes behind the line that was brought back.
fn type_on_behind(ui: &Ui, id: Id, line: &str) {
    let end = CCursorRange::one(CCursor::new(line.chars().count()));
    let mut field = TextEditState::load(ui.ctx(), id).unwrap_or_default();
    field.cursor.set_char_range(Some(end));
    field.store(ui.ctx(), id);
}

fn file_button_ui(ui: &mut Ui, open: bool, state: &WindowState, wishes: &mut Vec<Wish>) {
    let button = ui.add_enabled(open, Button::new(say("send.file")));
    let button = button.on_hover_text(say("send.file-hint")).on_disabled_hover_text(say("console.send-closed"));
    if let Some(port) = state.port.clone().filter(|_| button.clicked()) {
        wishes.push(Wish::PickToSend(port));
    }
}

/// The field for what is to be sent.
#[must_use]
pub fn line_id() -> Id {
    Id::unique("line to send")
}

fn keys_id() -> Id {
    Id::unique("keys to send")
}

/// A place that hands every key to the device while it has the focus.
fn keys_ui(ui: &mut Ui, open: bool) {
    let size = vec2(ui.available_width(), ui.spacing().interact_size.y);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, keys_id(), Sense::click());
    if response.clicked() {
        response.request_focus();
    }
    let focused = ui.memory(|memory| memory.has_focus(keys_id()));
    let text = say(match (open, focused) {
        (false, _) => "console.send-closed",
        (true, true) => "send.keys-go",
        (true, false) => "send.keys-click",
    });
    response.widget_info(|| {
        let told = WidgetInfo::labeled(Role::Terminal, open, say("send.keys-name"));
        WidgetInfo { current_text_value: Some(text.clone()), ..told }
    });
    let colours = palette(ui);
    let line = egui::Stroke::new(1.0, if focused && open { colours.accent } else { colours.line });
    ui.painter().rect_stroke(rect, 3.0, line, egui::StrokeKind::Inside);
    let place = rect.left_center() + vec2(6.0, 0.0);
    let colour = if focused && open { colours.text } else { colours.weak };
    let clipped = ui.painter().with_clip_rect(rect.shrink(2.0));
    clipped.text(place, Align2::LEFT_CENTER, &text, FontId::proportional(13.0), colour);
    let _ = response.on_hover_text(text);
    if focused {
        let filter = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: true };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(keys_id(), filter));
    }
}

fn take_keys(ui: &Ui, open: bool, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let (modifiers, key) = terminal::LEAVE;
    if ui.input_mut(|input| input.consume_key(modifiers, key)) {
        state.settings.send_as = SendAs::Text;
        ui.memory_mut(|memory| memory.request_focus(line_id()));
        return;
    }
    let bytes: Vec<u8> = ui.input_mut(|input| {
        let bytes = input.events.iter().filter_map(terminal::bytes_of).flatten().collect();
        input.events.retain(|event| !terminal::is_typed(event));
        bytes
    });
    if let (Some(port), true) = (state.port.clone(), open && !bytes.is_empty()) {
        state.console.jump_to_latest();
        wishes.push(Action::Send { port, bytes }.into());
    }
}
