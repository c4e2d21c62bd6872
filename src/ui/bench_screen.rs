//! The Bench screen: where everything stands in the window.

use super::detail::DetailAsk;
use super::model::Model;
use super::past::{LiveView, Past, band_ui};
use super::publish_dialog::PublishDraft;
use super::state::{Dialog, PluggedIn, WindowState};
use super::top_bar::Recording;
use super::upgrade::Fields;
use super::wish::Wish;
use super::{
    builds, console, detail, devices, dialogs, messages, overview, send_bar, status_bar, theme, top_bar, upgrade,
};
use crate::event::Micros;
use eframe::egui::{CentralPanel, Frame, Margin, Panel, Rect, Ui};

/// What the screen is drawn from besides model and state.
pub struct Surroundings<'a> {
    /// The session's clock.
    pub now: Micros,
    /// How the recording stands.
    pub recording: Option<&'a Recording>,
}

/// Draws a capture in the same panes, under a band that says so.
pub fn past_screen_ui(ui: &mut Ui, past: &mut Past, live: &LiveView) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let colours = theme::palette(ui);
    let fill = colours.panel.blend(colours.warn.gamma_multiply(0.14));
    let band = Frame::new().fill(fill).inner_margin(Margin::symmetric(10, 5));
    Panel::top("past").frame(band).show(ui, |ui| band_ui(ui, past, live, &mut wishes));
    let now = past.state.past.map_or_else(Micros::default, |cursor| cursor.at);
    let around = Surroundings { now, recording: None };
    wishes.extend(bench_screen_ui(ui, &past.model, &mut past.state, &around));
    wishes
}

/// Draws the whole screen. The bench is only read; what is to be done comes back.
pub fn bench_screen_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, around: &Surroundings<'_>) -> Vec<Wish> {
    let mut wishes = Vec::new();
    send_bar::send_keys_first(ui, model, state, &mut wishes);
    let fill = theme::palette(ui).panel;
    let bar = Frame::new().fill(fill).inner_margin(Margin::symmetric(10, 5));
    let top = top_bar::view(model, state, around.recording);
    Panel::top("status").frame(bar).show(ui, |ui| {
        wishes.extend(top_bar::top_bar_ui(ui, &top, &mut state.settings));
    });
    Panel::bottom("loss").frame(bar.inner_margin(Margin::symmetric(10, 3))).show(ui, |ui| {
        let view = status_bar::view(model, state, around.now);
        status_bar::status_bar_ui(ui, &view, &mut state.settings.time);
    });
    let plain = Frame::new().fill(fill);
    let side = Panel::left("lists").frame(plain).default_size(state.settings.side_width).size_range(190.0..=420.0);
    let side = side.show(ui, |ui| {
        ui.take_available_width();
        side_ui(ui, model, state, around.now, &mut wishes);
    });
    state.settings.side_width = side.response.rect.width().round();
    CentralPanel::default().frame(plain).show(ui, |ui| {
        let view = upgrade::view(model, state, around.now);
        Panel::top("upgrade").frame(Frame::new()).show(ui, |ui| {
            let fields =
                Fields { draft: &mut state.draft, dialect: &mut state.settings.dialect, network: &top.network };
            wishes.extend(upgrade::upgrade_ui(ui, &view, fields));
        });
        let margin = Frame::new().inner_margin(Margin::symmetric(theme::MARGIN, 5));
        Panel::top("overview").frame(margin).show(ui, |ui| {
            let view = overview::view(model, state);
            wishes.extend(overview::overview_ui(ui, &view, &mut state.zoom_from));
        });
        panes_ui(ui, model, state, &mut wishes);
    });
    wishes.extend(open_dialog_ui(ui, model, state, false));
    wishes
}

/// Draws the dialog that is open on the bench, if one is.
pub fn open_dialog_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, over_capture: bool) -> Vec<Wish> {
    let Some(dialog) = &mut state.dialog else { return Vec::new() };
    if let Dialog::Publish(draft) = dialog {
        draft.keep_up(&model.bench, &state.plugged.own(), over_capture);
    }
    let interfaces = dialogs::nearest_first(&state.plugged.interfaces, model.bench.device_hosts());
    let plugged = PluggedIn { interfaces, ..state.plugged.clone() };
    dialogs::dialog_ui(ui, &mut state.dialog, &plugged, &mut state.settings)
}

fn side_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, now: Micros, wishes: &mut Vec<Wish>) {
    let builds = builds::view(model, state, now);
    let half = (ui.available_height() * 0.45).max(120.0);
    Panel::top("builds").resizable(true).frame(Frame::new()).default_size(half).size_range(90.0..=900.0).show(
        ui,
        |ui| {
            wishes.extend(builds::builds_ui(ui, &builds));
        },
    );
    let (touched, dialect) = devices::devices_ui(ui, &devices::view(model, state));
    wishes.extend(touched);
    if let Some(dialect) = dialect {
        state.settings.dialect = dialect;
    }
}

fn panes_ui(ui: &mut Ui, model: &Model, state: &mut WindowState, wishes: &mut Vec<Wish>) {
    let whole: Rect = ui.available_rect_before_wrap();
    let width = whole.width();
    // A panel keeps its width when the window grows; both panes shall grow.
    let wanted = (width * state.settings.console_part).round().clamp(280.0, (width - 300.0).max(281.0));
    let settled = (state.panes_width - width).abs() < 0.5;
    let range = if settled { 280.0..=(width - 300.0).max(281.0) } else { wanted..=wanted };
    let console = Panel::right("console").frame(Frame::new()).default_size(wanted).size_range(range);
    let shown = console.show(ui, |ui| {
        ui.take_available_width();
        wishes.extend(console::console_ui(ui, model, state));
    });
    if settled {
        state.settings.console_part = (shown.response.rect.width() / width.max(1.0) * 100.0).round() / 100.0;
    }
    state.panes_width = width;
    if let Some(view) = detail::view(model, state) {
        detail_pane_ui(ui, &view, whole.height(), (model, state), wishes);
    }
    CentralPanel::default().frame(Frame::new()).show(ui, |ui| {
        wishes.extend(messages::messages_ui(ui, model, state));
    });
}

fn detail_pane_ui(
    ui: &mut Ui,
    view: &detail::DetailView,
    height: f32,
    (model, state): (&Model, &mut WindowState),
    wishes: &mut Vec<Wish>,
) {
    let most = (height * 0.6).max(91.0);
    let below = Panel::bottom("detail")
        .resizable(true)
        .frame(Frame::new().inner_margin(Margin::symmetric(theme::MARGIN, 4)))
        .default_size(state.settings.detail_height.min(most))
        .size_range(90.0..=most);
    let shown = below.show(ui, |ui| {
        ui.take_available_height();
        match detail::detail_ui(ui, view) {
            Some(DetailAsk::Away) => state.put_away(),
            Some(DetailAsk::SendAgain) => {
                let draft = PublishDraft::again(model, state);
                wishes.extend(draft.map(|draft| Wish::Open(Dialog::Publish(Box::new(draft)))));
            }
            None => {}
        }
    });
    state.settings.detail_height = shown.response.rect.height().round();
}
