//! The band over a capture: that this is the past, how to move in it, and how the bench goes on meanwhile.

use super::{Past, Speed, Travel};
use crate::event::Micros;
use crate::ui::captures::Ask;
use crate::ui::pieces::{Light, button_ui, choice_ui, light_ui, line_ui, weak_ui};
use crate::ui::replaying::ReplayOf;
use crate::ui::theme::palette;
use crate::ui::wish::Wish;
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::{Align, Button, DragValue, Key, Layout, Modifiers, RichText, Ui, WidgetInfo, pos2, vec2};

/// How the live bench goes on while a capture is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveView {
    /// The light of its recording.
    pub light: Light,
    /// The light in a word.
    pub meaning: String,
    /// What it does.
    pub text: String,
    /// The verdict that came since the capture was opened, if one did.
    pub verdict: Option<String>,
}

/// Draws the band, and hears the keys that move in the past.
pub fn band_ui(ui: &mut Ui, past: &Past, live: &LiveView, wishes: &mut Vec<Wish>) {
    keys(ui, wishes);
    ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
        node.set_role(Role::Region);
        node.set_label(say("past.band"));
    });
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            live_ui(ui, live);
            ui.add_space(10.0);
            if button_ui(ui, say("past.back")).on_hover_text(say("past.back-hint")).clicked() {
                wishes.push(Wish::LeavePast);
            }
            if button_ui(ui, say("export.open")).on_hover_text(say("export.open-hint")).clicked() {
                let only = past.state.filter.of_captures();
                wishes.push(Wish::Captures(Ask::Export(past.path.clone(), past.name.clone(), only)));
            }
            if button_ui(ui, say("replay.open")).on_hover_text(say("replay.open-hint")).clicked() {
                wishes.push(Wish::Captures(Ask::Replay(ReplayOf::past(past))));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let started = past.model.bench.started_unix_ms();
                let date = words::date(started, past.state.utc_offset_secs);
                // A packet trace does not tell when it was taken.
                let key = if started == 0 { "past.looking-undated" } else { "past.looking" };
                let text = tell(key, &[("name", &past.name), ("date", &date)]);
                line_ui(ui, RichText::new(text).color(palette(ui).strong).size(14.5));
            });
        });
    });
    ui.horizontal(|ui| {
        player_ui(ui, past, wishes);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| progress_ui(ui, past));
    });
    for trouble in past.troubles() {
        ui.colored_label(palette(ui).bad, words::trouble(trouble).joined());
    }
    if past.damaged() > 0 {
        ui.colored_label(palette(ui).warn, tell("past.damaged", &[("n", &words::count(past.damaged()))]));
    }
}

fn live_ui(ui: &mut Ui, live: &LiveView) {
    if let Some(verdict) = &live.verdict {
        ui.label(RichText::new(verdict).color(palette(ui).warn));
        weak_ui(ui, "·");
    }
    ui.label(&live.text);
    light_ui(ui, live.light, &live.meaning);
}

fn player_ui(ui: &mut Ui, past: &Past, wishes: &mut Vec<Wish>) {
    let mut ask = |travel| wishes.push(Wish::Travel(travel));
    let (first, last) = (past.position() == 0, past.position() == past.len());
    if sign_ui(ui, !first, Sign::Start, "past.start") {
        ask(Travel::Start);
    }
    let by_event = ui.input(|input| input.modifiers.shift);
    if sign_ui(ui, !first, Sign::Back, "past.step-back") {
        ask(if by_event { Travel::EventBack } else { Travel::Back });
    }
    let key = if past.is_playing() { "past.pause" } else { "past.play" };
    if button_ui(ui, say(key)).on_hover_text(say("past.play-hint")).clicked() {
        ask(Travel::Play);
    }
    if sign_ui(ui, !last, Sign::Forward, "past.step-forward") {
        ask(if by_event { Travel::EventForward } else { Travel::Forward });
    }
    if sign_ui(ui, !last, Sign::End, "past.end") {
        ask(Travel::End);
    }
    let speeds = Speed::ALL.map(|speed| (speed, face(speed)));
    if let Some(speed) = choice_ui(ui, "speed", &say("past.speed"), 96.0, &past.speed, speeds) {
        ask(Travel::Speed(speed));
    }
    ui.add_space(8.0);
    place_ui(ui, past, &mut ask);
}

/// Where one stands, to be read and to be typed.
fn place_ui(ui: &mut Ui, past: &Past, ask: &mut impl FnMut(Travel)) {
    let at = past.state.past.map_or_else(Micros::default, |cursor| cursor.at);
    let mut secs = held(ui, whole_millis(at).as_secs_f64());
    let field = DragValue::new(&mut secs).range(0.0..=past.end().as_secs_f64()).fixed_decimals(3).speed(0.01);
    if number_ui(ui, field, "past.instant")
        && let Some(instant) = typed(secs, at, past.end())
    {
        ask(Travel::Instant(instant));
    }
    ui.label(tell("past.of-time", &[("end", &past.end())]));
    let last = past.last_number();
    let mut event = held(ui, past.state.past.map_or(0, |cursor| cursor.seq));
    let field = DragValue::new(&mut event).range(0..=last).speed(0.2);
    if number_ui(ui, field, "past.event") {
        ask(Travel::Number(event));
    }
    // A part of a session keeps the numbers it had there.
    let key = if past.len() == last { "past.of-events" } else { "past.of-events-some" };
    ui.label(tell(key, &[("all", &words::count(last)), ("n", &words::count(past.len()))]));
}

/// As an instant is shown.
const fn whole_millis(at: Micros) -> Micros {
    Micros::from_millis(at.0 / 1_000)
}

/// Where seconds that were typed lead: behind all of their millisecond, for more than that cannot be typed. Nowhere when
/// they are what is shown of where one stands.
fn typed(secs: f64, at: Micros, end: Micros) -> Option<Micros> {
    let wanted = whole_millis(Micros::from_secs_f64(secs));
    (wanted != whole_millis(at)).then(|| (wanted + Micros(999)).min(end))
}

/// What a number field shows: while it has the keyboard, what it showed when it got it, for a value that changes under it takes
/// what is being typed away.
fn held<T: Copy + Send + Sync + 'static>(ui: &Ui, value: T) -> T {
    let id = ui.next_auto_id();
    let (focused, key) = (ui.memory(|memory| memory.has_focus(id)), id.with("held"));
    ui.data_mut(|data| {
        if !focused {
            data.remove::<T>(key);
            return value;
        }
        *data.get_temp_mut_or(key, value)
    })
}

/// A number that can be typed or dragged; true when it was.
fn number_ui(ui: &mut Ui, field: DragValue<'_>, key: &str) -> bool {
    let response = ui.add(field.update_while_editing(false));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(say(key)));
    response.on_hover_text(say(key)).changed()
}

/// What is painted on a button: not every system has a font with these signs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Start,
    Back,
    Forward,
    End,
}

fn sign_ui(ui: &mut Ui, enabled: bool, sign: Sign, key: &str) -> bool {
    let name = say(key);
    let response = ui.add_enabled(enabled, Button::new("").min_size(vec2(26.0, 22.0)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &name));
    let colours = palette(ui);
    let colour = if enabled { colours.text } else { colours.ahead };
    let (center, side) = (response.rect.center(), if matches!(sign, Sign::Start | Sign::Back) { -1.0 } else { 1.0 });
    let far = matches!(sign, Sign::Start | Sign::End);
    let base = center - vec2(if far { 5.0 } else { 2.0 } * side, 0.0);
    let tip = base + vec2(7.0 * side, 0.0);
    let points = vec![base - vec2(0.0, 5.0), tip, base + vec2(0.0, 5.0)];
    ui.painter().add(egui::Shape::convex_polygon(points, colour, egui::Stroke::NONE));
    // A step ends at a line before the arrow, a jump to the end at one behind it.
    let line = if far { tip.x + 1.5 * side } else { base.x - 3.0 * side };
    ui.painter().line_segment([pos2(line, center.y - 5.0), pos2(line, center.y + 5.0)], (1.8, colour));
    response.on_hover_text(name).clicked()
}

fn face(speed: Speed) -> String {
    match speed {
        Speed::Times(times) => format!("{times} ×"),
        Speed::Max => say("past.fastest"),
    }
}

fn progress_ui(ui: &mut Ui, past: &Past) {
    if let Some(part) = past.reading() {
        let bar = egui::ProgressBar::new(part).desired_width(110.0).desired_height(8.0);
        ui.add(bar).accessible_name(say("past.progress"));
        weak_ui(ui, tell("past.reading", &[("n", &format_args!("{:.0}", part * 100.0))]));
    } else if past.is_going() {
        weak_ui(ui, say("past.going"));
    }
}

/// The keys are heard before the lists hear theirs; where something is typed, they are letters.
fn keys(ui: &Ui, wishes: &mut Vec<Wish>) {
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    // The longer ones first: a key with Shift is also one without.
    for (modifiers, key, travel) in [
        (Modifiers::ALT | Modifiers::SHIFT, Key::ArrowRight, Travel::EventForward),
        (Modifiers::ALT | Modifiers::SHIFT, Key::ArrowLeft, Travel::EventBack),
        (Modifiers::ALT, Key::ArrowRight, Travel::Forward),
        (Modifiers::ALT, Key::ArrowLeft, Travel::Back),
        (Modifiers::ALT, Key::Home, Travel::Start),
        (Modifiers::ALT, Key::End, Travel::End),
    ] {
        // On a slow frame there are several.
        let times = ui.input_mut(|input| input.count_and_consume_key(modifiers, key));
        wishes.extend(std::iter::repeat_n(Wish::Travel(travel), times));
    }
    // The space bar presses a button that has the keyboard.
    let elsewhere = ui.ctx().text_edit_focused() || ui.memory(|memory| memory.focused().is_some());
    let in_list = past_list_focused(ui);
    if (!elsewhere || in_list) && pressed(Modifiers::NONE, Key::Space) || pressed(Modifiers::CTRL, Key::Space) {
        wishes.push(Wish::Travel(Travel::Play));
    }
}

/// Whether a list of rows has the keyboard: there, the space bar has no other meaning.
fn past_list_focused(ui: &Ui) -> bool {
    let focused = ui.memory(egui::Memory::focused);
    focused.is_some_and(|id| ui.data(|data| data.get_temp::<bool>(id.with("rows")).unwrap_or(false)))
}

#[cfg(test)]
mod tests {
    use super::{Micros, typed};

    /// Otherwise a click into the field and Enter would lose the event one stands at.
    #[test]
    fn a_typed_instant_leads_behind_its_millisecond_and_nowhere_when_one_stands_there() {
        let (at, end) = (Micros(4_302_433), Micros(9_000_250));
        for (secs, expected) in [
            (4.302, None),
            (4.302_433, None),
            (4.301, Some(4_301_999)),
            (4.303, Some(4_303_999)),
            (0.0, Some(999)),
            (9.0, Some(9_000_250)),
            (9.000_25, Some(9_000_250)),
        ] {
            assert_eq!(typed(secs, at, end), expected.map(Micros), "{secs}");
        }
        assert_eq!(typed(9.0, end, end), None, "at the end as well");
    }
}
