//! The bytes of the chosen lines, as numbers.

use super::LogPane;
use crate::console::{Console, hex};
use crate::ui::pieces::weak_ui;
use crate::ui::words::{self, say, tell};
use eframe::egui;
use eframe::egui::{Label, RichText, ScrollArea, TextStyle, Ui};

/// Bytes that are shown as numbers.
const SHOWN_BYTES: usize = 4_096;
/// Lines that are looked at for them: a line may have no byte at all.
const SHOWN_LINES: u64 = 4_096;

/// Draws the bytes of the chosen lines, or of the latest.
pub fn bytes_ui(ui: &mut Ui, console: &Console, log: &LogPane) {
    let (cursor, anchor) = log.chosen.unwrap_or((u64::MAX, u64::MAX));
    let last = console.end_index().saturating_sub(1);
    let (first, last) = (cursor.min(anchor).min(last), cursor.max(anchor).min(last));
    let shown = bytes(console, first, last);
    let panel = egui::Panel::bottom("console-hex").resizable(true).default_size(130.0).size_range(60.0..=600.0);
    panel.frame(egui::Frame::new().inner_margin(egui::Margin::symmetric(0, 4))).show(ui, |ui| {
        let columns = if ui.available_width() < 560.0 { 8 } else { 16 };
        match shown.ends {
            Ends::All => {}
            Ends::Cut => {
                weak_ui(ui, tell("log.hex-cut", &[("n", &words::count(shown.bytes.len() as u64))]));
            }
            Ends::Missing => {
                weak_ui(ui, say("log.reading"));
            }
            Ends::Lost => {
                weak_ui(ui, say("log.lost"));
            }
        }
        ScrollArea::both().id_salt("hex").auto_shrink(false).show(ui, |ui| {
            let text = RichText::new(hex(&shown.bytes, columns)).text_style(TextStyle::Monospace);
            let label = ui.add(Label::new(text).selectable(true).extend());
            label.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Label, true, say("log.hex")));
        });
    });
}

/// Where what is shown stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// With the last line.
    All,
    /// Before it: there are more bytes.
    Cut,
    /// Before a line that is still on its way.
    Missing,
    /// Before a line that is gone.
    Lost,
}

struct Bytes {
    bytes: Vec<u8>,
    ends: Ends,
}

fn bytes(console: &Console, first: u64, last: u64) -> Bytes {
    let mut bytes = Vec::new();
    for number in first..=last.min(first + SHOWN_LINES - 1) {
        // No further: every line that is not at hand would be asked for, of a file all of it.
        let Some(line) = console.line(number) else {
            let ends = match number < console.end_index() {
                true if console.is_lost(number) => Ends::Lost,
                true => Ends::Missing,
                false => Ends::All,
            };
            return Bytes { bytes, ends };
        };
        bytes.extend_from_slice(&line.raw);
        bytes.extend_from_slice(line.end.bytes());
        if bytes.len() > SHOWN_BYTES {
            bytes.truncate(SHOWN_BYTES);
            return Bytes { bytes, ends: Ends::Cut };
        }
    }
    let ends = if last - first >= SHOWN_LINES { Ends::Cut } else { Ends::All };
    Bytes { bytes, ends }
}

#[cfg(test)]
mod tests {
    use super::{Console, Ends, bytes};
    use crate::console::{Board, work};

    #[test]
    fn the_bytes_of_a_million_chosen_lines_are_cut_and_said_to_be() {
        let text = b"0123456789\n".repeat(1_000_000);
        let size = text.len() as u64;
        let (mut console, index) = Console::of_file(Board::with(text), size);
        work(vec![index]);
        work(console.keep_up());
        let shown = bytes(&console, 0, 999_999);
        assert_eq!((shown.bytes.len(), shown.ends), (0, Ends::Missing), "the first line is on its way");
        let jobs = console.keep_up();
        assert_eq!(jobs.len(), 1, "one page was asked for, not all of them");
        work(jobs);
        work(console.keep_up());
        let shown = bytes(&console, 0, 999_999);
        assert_eq!((shown.bytes.len(), shown.ends), (4_096, Ends::Cut));
        let shown = bytes(&console, 5, 6);
        assert_eq!((shown.bytes, shown.ends), (b"0123456789\n".repeat(2), Ends::All));
    }
}
