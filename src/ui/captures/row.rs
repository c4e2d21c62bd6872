//! A recorded session in one row: when, how long, who, how it ended.

use super::Running;
use crate::capture::{Condition, Entry, Found, Verdict};
use crate::ui::pieces::Light;
use crate::ui::rows::RowSpace;
use crate::ui::theme::{self, Palette};
use crate::ui::words::{self, say, tell};
use crate::upgrade::Outcome;
use eframe::egui;
use eframe::egui::{Align2, Color32, FontId, Rect, pos2};

/// How an upgrade stood at the end of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerdictView {
    /// How it ended, if it did.
    pub outcome: Option<Outcome>,
    /// In words, with device and version.
    pub text: String,
}

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    /// Whether it is starred.
    pub star: bool,
    /// When it began.
    pub when: String,
    /// How long it took; empty while that is not known.
    pub length: String,
    /// What the user calls it; empty for none.
    pub title: String,
    /// Who took part.
    pub devices: String,
    /// How its upgrades stood at the end.
    pub verdicts: Vec<VerdictView>,
    /// Its size.
    pub size: String,
    /// How things are with it, if that is to be told.
    pub condition: Option<(Light, String)>,
}

/// Works a row out; of a session that is being recorded, with what the window knows of it.
#[must_use]
pub fn view(entry: &Entry, running: Option<&Running>, utc_offset_secs: i32) -> RowView {
    let found = entry.about.found.as_ref();
    let known = found.map(|found| (found.length(), &found.devices));
    let known = known.or_else(|| running.map(|running| (running.length, &running.devices)));
    let devices = known.map(|(_, devices)| devices.iter().map(|id| device(id)).collect::<Vec<_>>().join(", "));
    let named = !crate::capture::is_own_name(&entry.name);
    let title = entry.about.title.clone().or_else(|| named.then(|| entry.name.clone()));
    RowView {
        star: entry.about.star,
        // A packet trace does not tell when it was taken.
        when: match entry.started_unix_ms {
            0 => "–".to_owned(),
            started => words::date(started, utc_offset_secs),
        },
        length: known.map(|(length, _)| words::duration(length)).unwrap_or_default(),
        title: title.unwrap_or_default(),
        devices: devices.unwrap_or_default(),
        verdicts: found.map(verdicts).unwrap_or_default(),
        size: words::bytes(entry.bytes),
        condition: match &entry.condition {
            _ if running.is_some() => Some((Light::On, say("captures.recording"))),
            Condition::Writing => Some((Light::Unknown, say("captures.writing"))),
            // It is kept as it is, and nobody looks into it.
            Condition::Unread if entry.strange.is_some() => Some((Light::Unknown, say("captures.strange"))),
            Condition::Unread => Some((Light::Unknown, say("captures.unread"))),
            Condition::Known => None,
            Condition::Unreadable(trouble) => Some((Light::Broken, words::trouble(trouble).cause)),
        },
    }
}

/// The device without its product.
fn device(id: &str) -> &str {
    id.rsplit_once('/').map_or(id, |(_, device)| device)
}

/// What went wrong comes first, what only a replay said last: no device need have succeeded there.
fn verdicts(found: &Found) -> Vec<VerdictView> {
    let mut verdicts: Vec<_> =
        found.upgrades.iter().map(|verdict| (is_replayed(verdict), self::verdict(verdict))).collect();
    let is_bad = |view: &VerdictView| matches!(view.outcome, Some(Outcome::Failed | Outcome::TimedOut));
    verdicts.sort_by_key(|(replayed, view)| (*replayed, !is_bad(view)));
    verdicts.into_iter().map(|(_, view)| view).collect()
}

fn is_replayed(verdict: &Verdict) -> bool {
    verdict.findings.iter().any(|finding| finding == "said-by-replay")
}

fn verdict(verdict: &Verdict) -> VerdictView {
    let (outcome, state) = verdict_words(&verdict.state);
    let replayed = is_replayed(verdict);
    let key = if replayed { "captures.verdict-replayed" } else { "captures.verdict" };
    let text = tell(key, &[("device", &device(&verdict.device)), ("version", &verdict.version), ("state", &state)]);
    VerdictView { outcome: outcome.filter(|_| !replayed), text }
}

/// The state of an upgrade, as a summary spells it, in words: `failed md5-mismatch -4`, `downloading 63`.
#[must_use]
pub fn verdict_words(spelt: &str) -> (Option<Outcome>, String) {
    let mut parts = spelt.split_whitespace();
    let (state, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    match (state, rest.as_slice()) {
        ("succeeded", _) => (Some(Outcome::Succeeded), say("state.succeeded")),
        ("cancelled", _) => (Some(Outcome::Cancelled), say("state.cancelled")),
        ("timed_out", _) => (Some(Outcome::TimedOut), say("captures.timed-out")),
        ("failed", [code, ..]) => {
            let why = words::find(&format!("captures.failed-{code}"));
            let why = why.unwrap_or_else(|| rest.join(" "));
            (Some(Outcome::Failed), tell("captures.failed", &[("why", &why)]))
        }
        ("downloading" | "burning", [percent]) => (None, format!("{} {percent} %", say(&format!("state.{state}")))),
        _ => (None, words::find(&format!("state.{state}")).unwrap_or_else(|| spelt.to_owned())),
    }
}

/// Where each column begins, in points from the left, for a list of this width; the last is the right edge of the sizes.
pub fn columns(width: f32) -> [f32; 6] {
    let right = width - 10.0;
    let size = right - 70.0;
    let rest = (size - 262.0).max(300.0);
    [28.0, 180.0, 262.0, 262.0 + rest * 0.24, 262.0 + rest * 0.44, right]
}

/// Draws a row; gives its text.
pub fn draw(space: &RowSpace<'_>, view: &RowView) -> String {
    let colours = theme::palette_of(space.painter.ctx());
    let rect = space.rect.with_max_x(space.painter.clip_rect().right());
    let [when, length, title, devices, verdicts, right] = columns(rect.width());
    star(space.painter, pos2(rect.left() + 14.0, rect.center().y), view.star, colours);
    let cell = |from: f32, to: f32, text: &str, colour: Color32| {
        let cell =
            Rect::from_min_max(pos2(rect.left() + from, rect.top()), pos2(rect.left() + to - 8.0, rect.bottom()));
        let painter = space.painter.with_clip_rect(cell.intersect(space.painter.clip_rect()));
        let drawn = painter.text(cell.left_center(), Align2::LEFT_CENTER, text, font(), colour);
        drawn.right() - rect.left()
    };
    cell(when, length, &view.when, colours.text);
    cell(length, title, &view.length, colours.weak);
    cell(title, devices, &view.title, colours.strong);
    cell(devices, verdicts, &view.devices, colours.text);
    let mut left = verdicts;
    let end = right - 76.0;
    if let Some((light, words)) = &view.condition {
        let colour = match light {
            Light::On => colours.ok,
            Light::Broken => colours.bad,
            Light::Off | Light::Unknown => colours.weak,
        };
        left = cell(left, end, words, colour) + 14.0;
    }
    for verdict in &view.verdicts {
        left = cell(left, end, &verdict.text, colour(verdict.outcome, colours)) + 14.0;
    }
    let size = pos2(rect.left() + right, rect.center().y);
    space.painter.text(size, Align2::RIGHT_CENTER, &view.size, font(), colours.weak);
    spoken(view)
}

/// The colour of how it ended; the words say it as well.
pub const fn colour(outcome: Option<Outcome>, colours: &Palette) -> Color32 {
    match outcome {
        Some(Outcome::Succeeded) => colours.ok,
        Some(Outcome::Failed | Outcome::TimedOut) => colours.bad,
        Some(Outcome::Cancelled) | None => colours.weak,
    }
}

const fn font() -> FontId {
    FontId::proportional(13.0)
}

/// A row as it is read out.
pub fn spoken(view: &RowView) -> String {
    let star = if view.star { say("captures.starred") } else { String::new() };
    let condition = view.condition.as_ref().map(|(_, words)| words.clone()).unwrap_or_default();
    let verdicts: Vec<&str> = view.verdicts.iter().map(|verdict| verdict.text.as_str()).collect();
    let parts = [&view.title, &view.when, &view.length, &view.devices, &verdicts.join("; "), &condition, &view.size];
    let parts = std::iter::once(star.as_str()).chain(parts.into_iter().map(String::as_str));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A star, painted: not every system has a font with one.
fn star(painter: &egui::Painter, center: egui::Pos2, full: bool, colours: &Palette) {
    if !full {
        return;
    }
    let corner = |number: u8| {
        let (turn, radius) =
            (f32::from(number) * std::f32::consts::PI / 5.0, if number.is_multiple_of(2) { 6.5 } else { 2.8 });
        center + egui::vec2(turn.sin(), -turn.cos()) * radius
    };
    for number in (0..10).step_by(2) {
        let points = vec![center, corner((number + 9) % 10), corner(number), corner(number + 1)];
        painter.add(egui::Shape::convex_polygon(points, colours.warn, egui::Stroke::NONE));
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, verdict_words};

    #[test]
    fn the_end_of_an_upgrade_is_said_in_words_whatever_wrote_it() {
        let check = |spelt: &str, outcome, words: &str| {
            assert_eq!(verdict_words(spelt), (outcome, words.to_owned()), "{spelt}");
        };
        check("succeeded", Some(Outcome::Succeeded), "Succeeded");
        check("downloading 63", None, "Downloading 63 %");
        check("failed md5-mismatch -4", Some(Outcome::Failed), "Failed: MD5 mismatch");
        check("failed wrong-version 1.9.9", Some(Outcome::Failed), "Failed: wrong version");
        check("failed from-the-future -99", Some(Outcome::Failed), "Failed: from-the-future -99");
        check("timed_out", Some(Outcome::TimedOut), "Timed out");
        check("restarting", None, "Restarting");
        check("waiting for godot", None, "waiting for godot");
        check("", None, "");
    }
}
