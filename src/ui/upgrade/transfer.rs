//! The download as evidence: a strip of the file filling up, and in words what the firmware server saw.

use crate::bench::{Case, Witness};
use crate::ui::theme::palette;
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::accesskit::Role;
use eframe::egui::{Rect, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

/// Height of the strip, in points.
const HEIGHT: f32 = 12.0;
/// Parts of a file in which the strip is shown at most: more cannot be told apart.
const PARTS: usize = 1_024;

/// What is shown of a download.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferView {
    /// Parts of the file that were served, each from where to where, from 0 to 1.
    pub served: Vec<[f32; 2]>,
    /// Parts that were served more than once.
    pub twice: Vec<[f32; 2]>,
    /// Where answers broke off.
    pub breaks: Vec<f32>,
    /// How far the device says it is.
    pub said: Option<f32>,
    /// All of it in words.
    pub words: String,
}

/// What is to be shown of a download; nothing before it has begun.
#[must_use]
pub fn view(case: &Case, said: Option<u8>) -> Option<TransferView> {
    let witness = &case.witness;
    if witness.requests == 0 && witness.wire == 0 {
        return None;
    }
    let size = witness.coverage.size();
    Some(TransferView {
        served: parts(witness.coverage.spans(), size),
        twice: parts(witness.twice.spans(), size),
        breaks: witness.breaks.iter().map(|offset| part(*offset, size)).collect(),
        said: said.map(|percent| f32::from(percent.min(100)) / 100.0),
        words: in_words(case),
    })
}

/// Spans as parts of the whole, those together that no eye tells apart.
fn parts(spans: impl Iterator<Item = std::ops::Range<u64>>, size: u64) -> Vec<[f32; 2]> {
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let close = 1.0 / PARTS as f32;
    let mut parts: Vec<[f32; 2]> = Vec::new();
    for span in spans {
        let [from, to] = [part(span.start, size), part(span.end, size)];
        let full = parts.len() >= PARTS;
        match parts.last_mut() {
            Some(last) if from - last[1] < close && from > last[1] && to - last[0] < close => last[1] = to,
            Some(last) if full => last[1] = to,
            _ => parts.push([from, to]),
        }
    }
    parts
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "it is for the eye")]
fn part(offset: u64, size: u64) -> f32 {
    (offset as f64 / size.max(1) as f64) as f32
}

fn in_words(case: &Case) -> String {
    let witness = &case.witness;
    let mut words =
        vec![tell("transfer.sent", &[("requests", &witness.requests), ("size", &words::bytes(witness.wire))])];
    let average = witness.average().map(|rate| tell("transfer.average", &[("rate", &words::rate(rate))]));
    words.extend(average);
    words.push(gaps(witness));
    if witness.twice.covered() > 0 {
        words.push(tell("transfer.twice", &[("size", &words::bytes(witness.twice.covered()))]));
    }
    if witness.broken > 0 {
        words.push(tell("transfer.broken", &[("n", &witness.broken)]));
    }
    if let Some((_, md5)) = &witness.delivered {
        let files = std::iter::once(&case.order.md5).chain(case.order.extras.files.iter().map(|file| &file.md5));
        let key = if files.into_iter().any(|announced| announced == md5) {
            "transfer.delivered"
        } else {
            "transfer.delivered-other"
        };
        words.push(tell(key, &[("md5", &words::short_md5(md5))]));
    }
    words.join(" · ")
}

fn gaps(witness: &Witness) -> String {
    let gaps = witness.coverage.gaps().count();
    match witness.coverage.gaps().next() {
        None => say("transfer.whole"),
        // What comes last is not missing: it is not there yet.
        Some(first) if gaps == 1 && first.end == witness.coverage.size() => {
            tell("transfer.up-to", &[("size", &words::count(first.start))])
        }
        Some(first) => tell("transfer.gaps", &[("n", &gaps), ("offset", &words::count(first.start))]),
    }
}

/// Draws the strip and its words.
pub fn transfer_ui(ui: &mut Ui, view: &TransferView) {
    let colours = palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width().min(620.0), HEIGHT), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 2.0, colours.raised);
    let across = |part: f32| rect.left() + rect.width() * part;
    let span = |[from, to]: [f32; 2], top: f32| {
        // However little was served, it is to be seen.
        let right = across(to).max(across(from) + 1.0);
        Rect::from_min_max(pos2(across(from), rect.top() + top), pos2(right, rect.bottom()))
    };
    for part in &view.served {
        painter.rect_filled(span(*part, 0.0), 0.0, colours.served);
    }
    for part in &view.twice {
        painter.rect_filled(span(*part, HEIGHT * 0.6), 0.0, colours.warn);
    }
    for part in &view.breaks {
        painter.vline(across(*part), rect.y_range(), Stroke::new(2.0, colours.bad));
    }
    if let Some(said) = view.said {
        painter.vline(across(said), rect.y_range(), Stroke::new(2.0, colours.said));
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, tell("transfer.name", &[("words", &view.words)])));
    response.on_hover_text(say("transfer.hint"));
    let text = egui::RichText::new(&view.words).color(colours.weak).small();
    ui.add(egui::Label::new(text).selectable(true).wrap());
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn the_strip_shows_every_gap_that_can_be_seen_and_stays_small() {
        assert_eq!(parts(std::iter::once(0..50), 100), [[0.0, 0.5]]);
        assert_eq!(parts([0..10, 90..100].into_iter(), 100), [[0.0, 0.1], [0.9, 1.0]]);
        let scattered = (0..100_000).map(|n| n * 10..n * 10 + 5);
        assert!(parts(scattered, 1_000_000).len() <= super::PARTS);
        assert_eq!(parts(std::iter::empty(), 0), Vec::<[f32; 2]>::new());
    }
}
