//! Lines taken out of a console: onto the clipboard, or into a file.

use super::LogPane;
use crate::console::{Console, Encoding, Excerpt, Job, Taken};
use crate::event::Trouble;
use crate::ui::stamps::Stamps;
use crate::ui::words;
use eframe::egui;
use std::io;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

/// More bytes than this belong in a file: the clipboard holds them several times over, and so does who pastes them.
const MOST: usize = 64 << 20;

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
    /// The writer's; a page that cannot be read any more.
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

/// What work away from the window has to tell.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Option<Trouble>>>);

impl Told {
    fn tell(&self, trouble: Trouble) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    /// Takes what was told.
    pub fn take(&self) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
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

    /// The work that puts rows on the clipboard, all of them or none.
    pub(super) fn copy(&self, ctx: &egui::Context, save: Save) -> Job {
        let (ctx, told) = (ctx.clone(), self.told.clone());
        Box::new(move || {
            match text_of(&save) {
                Ok((text, trouble)) => {
                    ctx.copy_text(text);
                    if let Some(trouble) = trouble {
                        told.tell(trouble);
                    }
                }
                Err(trouble) => told.tell(trouble),
            }
            ctx.request_repaint();
        })
    }
}

/// What is put on the clipboard, and what is to be said of it.
fn text_of(save: &Save) -> Result<(String, Option<Trouble>), Trouble> {
    let mut written = Clipboard { bytes: Vec::new(), full: false };
    if let Err(error) = save.write(&mut written) {
        return Err(if written.full {
            Trouble::new("copy-too-large").with("most", words::bytes(MOST as u64))
        } else {
            Trouble::new("lines-unreadable").with("detail", error)
        });
    }
    let mut bytes = written.bytes;
    if !save.raw && bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok(match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            (text, Some(Trouble::new("copy-not-text")))
        }
    })
}

/// The lines that rows stand for.
fn taken(pane: &LogPane, console: &Console, rows: Option<RangeInclusive<u64>>) -> Taken {
    if !pane.lists_hits() {
        let (first, end) = (console.first_index(), console.end_index());
        let range = rows.map_or(first..end, |rows| *rows.start().max(&first)..(*rows.end() + 1).min(end));
        return Taken::Range(range);
    }
    let all = pane.seek.range();
    let range = rows.map_or(all.clone(), |rows| *rows.start().max(&all.start)..(*rows.end() + 1).min(all.end));
    Taken::Hits(pane.seek.hits(range))
}

struct Clipboard {
    bytes: Vec<u8>,
    full: bool,
}

impl io::Write for Clipboard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > MOST {
            self.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Console, Encoding, Save, text_of};
    use crate::console::{Direction, Taken};
    use crate::event::Micros;

    fn save(bytes: &[u8], raw: bool) -> Save {
        let mut console = Console::new(1 << 30);
        console.feed(Micros(0), bytes, Direction::Received);
        let excerpt = console.excerpt(Taken::Range(0..console.end_index()));
        Save { excerpt, raw, encoding: Encoding::Utf8, stamps: None }
    }

    #[test]
    fn more_than_a_clipboard_can_bear_is_refused_in_words_and_not_cut() {
        let line = [vec![b'x'; 1_000], vec![b'\n']].concat();
        assert_eq!(text_of(&save(&line.repeat(70_000), true)).unwrap_err().code, "copy-too-large");
        let (text, trouble) = text_of(&save(&line.repeat(1_000), true)).unwrap();
        assert_eq!((text.len(), trouble), (1_001_000, None));
    }

    #[test]
    fn raw_bytes_that_are_no_text_are_said_to_be_none() {
        let (_, trouble) = text_of(&save(b"a\xffb\n", true)).unwrap();
        assert_eq!(trouble.unwrap().code, "copy-not-text");
        assert_eq!(text_of(&save(b"a\xffb\n", false)).unwrap(), ("a\\xffb".to_owned(), None), "as shown: escapes");
    }
}
