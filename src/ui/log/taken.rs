//! Lines taken out of a console: onto the clipboard, or into a file.

use super::LogPane;
use crate::console::{Console, Encoding, Excerpt, Job, Taken};
use crate::ui::stamps::Stamps;
use eframe::egui;
use std::io;
use std::ops::RangeInclusive;

/// More than this does not belong on a clipboard.
const MOST: usize = 512 << 20;

/// What is to be saved, and how.
#[derive(Debug)]
pub struct Save {
    excerpt: Excerpt,
    /// The bytes as they came; else text as it is shown.
    pub raw: bool,
    encoding: Encoding,
    stamps: Option<Stamps>,
}

impl Save {
    /// Writes it.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, to: &mut dyn io::Write) -> io::Result<()> {
        if self.raw {
            return self.excerpt.write_raw(to);
        }
        self.excerpt.write_text(to, self.encoding, &|at, before| {
            self.stamps.as_ref().map_or_else(String::new, |stamps| format!("{} ", stamps.text(at, before)))
        })?;
        to.write_all(b"\n")
    }
}

impl LogPane {
    /// What is to be saved: the chosen rows, or all when there are none.
    pub(super) fn save(
        &self,
        console: &Console,
        rows: Option<RangeInclusive<u64>>,
        raw: bool,
        encoding: Encoding,
        stamps: Stamps,
    ) -> Save {
        let stamps = (!console.is_file()).then_some(stamps);
        Save { excerpt: console.excerpt(taken(self, console, rows)), raw, encoding, stamps }
    }

    /// The work that puts rows on the clipboard.
    pub(super) fn copy(ctx: &egui::Context, save: Save) -> Job {
        let ctx = ctx.clone();
        Box::new(move || {
            let mut text = Clipboard(Vec::new());
            // Full is full: what fits is copied.
            let _ = save.write(&mut text);
            let mut text = String::from_utf8_lossy(&text.0).into_owned();
            if !save.raw && text.ends_with('\n') {
                text.pop();
            }
            ctx.copy_text(text);
            ctx.request_repaint();
        })
    }
}

/// The lines that rows stand for.
#[must_use]
pub fn taken(pane: &LogPane, console: &Console, rows: Option<RangeInclusive<u64>>) -> Taken {
    if !pane.lists_hits() {
        let (first, end) = (console.first_index(), console.end_index());
        let range = rows.map_or(first..end, |rows| *rows.start().max(&first)..(*rows.end() + 1).min(end));
        return Taken::Range(range);
    }
    let all = pane.seek.range();
    let range = rows.map_or(all.clone(), |rows| *rows.start().max(&all.start)..(*rows.end() + 1).min(all.end));
    Taken::Numbers(range.filter_map(|number| pane.seek.line(number)).collect())
}

struct Clipboard(Vec<u8>);

impl io::Write for Clipboard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MOST {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
