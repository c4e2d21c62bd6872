//! The dialog for what is sent with one click: its groups, names, bytes and repetitions.

use super::dialogs::{buttons_ui, heading_ui};
use super::pieces::{button_ui, choice_ui, sign_ui};
use super::wish::Wish;
use super::words::{self, say, tell};
use crate::bench::{Action, LineEnding, QuickSend, first_twin};
use eframe::egui::{Grid, ScrollArea, TextEdit, Ui, vec2};
use std::path::PathBuf;

/// The quick sends as written so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuickDraft {
    rows: Vec<Row>,
    /// As they were.
    before: Vec<QuickSend>,
    /// The bench file they are kept in; without one, the window remembers them.
    file: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    send: QuickSend,
    every: String,
}

impl QuickDraft {
    /// The quick sends as they are.
    #[must_use]
    pub fn new(sends: &[QuickSend], file: Option<PathBuf>) -> Self {
        let every = |send: &QuickSend| send.every_ms.map(|every| every.to_string()).unwrap_or_default();
        let rows = sends.iter().map(|send| Row { send: send.clone(), every: every(send) });
        let mut draft = Self { rows: rows.collect(), before: sends.to_vec(), file };
        if draft.rows.is_empty() {
            draft.add();
        }
        draft
    }

    /// A new row, in the group of the one above.
    fn add(&mut self) {
        let group = self.rows.last().map(|row| row.send.group.clone()).unwrap_or_default();
        self.rows.push(Row { send: QuickSend { group, ..QuickSend::default() }, every: String::new() });
    }

    /// What is written down, without empty rows; or what is wrong with a row.
    fn sends(&self) -> Result<Vec<QuickSend>, String> {
        let mut sends = Vec::new();
        for row in self.rows.iter().filter(|row| !row.send.send.is_empty()) {
            let every = row.every.trim();
            let every_ms = if every.is_empty() { None } else { every.parse().ok() };
            if every_ms.is_none() && !every.is_empty() {
                return Err(tell("quick.bad-every", &[("text", &every)]));
            }
            let send = QuickSend { every_ms, ..row.send.clone() };
            send.bytes().map_err(|trouble| words::trouble(&trouble).joined())?;
            sends.push(send);
        }
        match first_twin(&sends) {
            Some(twin) => Err(tell("quick.same-name", &[("name", &twin.label())])),
            None => Ok(sends),
        }
    }

    /// What may be repeated now and cannot be ended any more, for its button is gone or does something else.
    fn ended(&self, sends: &[QuickSend]) -> Vec<String> {
        let gone = self.before.iter().filter(|send| send.every_ms.is_some() && !sends.contains(send));
        gone.map(QuickSend::id).collect()
    }
}

/// Draws the dialog. Gives whether it was confirmed, and whether it was left.
pub(super) fn quick_dialog_ui(ui: &mut Ui, draft: &mut QuickDraft, wishes: &mut Vec<Wish>) -> (bool, bool) {
    let hint = match &draft.file {
        Some(file) => tell("quick.kept-in", &[("file", &file.display())]),
        None => say("quick.kept-here"),
    };
    heading_ui(ui, say("quick.title"), hint);
    let mut removed = None;
    ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
        Grid::new("quick").num_columns(7).spacing([6.0, 5.0]).show(ui, |ui| {
            for key in ["quick.group", "quick.name", "quick.send", "quick.hex", "quick.ending", "quick.repeat"] {
                ui.label(say(key));
            }
            ui.end_row();
            for (number, row) in (1..).zip(&mut draft.rows) {
                if row_ui(ui, number, row) {
                    removed = Some(number - 1);
                }
            }
        });
    });
    if let Some(row) = removed {
        draft.rows.remove(row);
    }
    if button_ui(ui, say("quick.add")).clicked() {
        draft.add();
    }
    let sends = draft.sends();
    let (confirmed, closed) = buttons_ui(ui, say("dialog.save"), sends.as_ref().err().map(String::as_str));
    if let (Ok(sends), true) = (sends, confirmed) {
        let ended = draft.ended(&sends);
        if !ended.is_empty() {
            wishes.push(Action::EndRepeats(ended).into());
        }
        wishes.extend(draft.file.clone().map(|file| Action::SaveQuickSends { file, sends: sends.clone() }.into()));
        wishes.push(Wish::SetQuickSends(sends));
    }
    (confirmed, closed)
}

/// Draws one row. Gives whether it is to go.
fn row_ui(ui: &mut Ui, number: usize, row: &mut Row) -> bool {
    let name = |key| format!("{} {number}", say(key));
    let text_ui = |ui: &mut Ui, key, width, text: &mut String| {
        // A grid would give a field no more room than its heading has.
        let size = vec2(width, ui.spacing().interact_size.y);
        ui.add_sized(size, TextEdit::singleline(text)).accessible_name(name(key));
    };
    text_ui(ui, "quick.group", 90.0, &mut row.send.group);
    text_ui(ui, "quick.name", 120.0, &mut row.send.name);
    text_ui(ui, "quick.send", 200.0, &mut row.send.send);
    ui.checkbox(&mut row.send.hex, "").accessible_name(name("quick.hex"));
    let endings = LineEnding::ALL.map(|ending| (ending, say(&format!("console.ending-{}", ending.name()))));
    ui.add_enabled_ui(!row.send.hex, |ui| {
        let salt = format!("ending {number}");
        if let Some(ending) = choice_ui(ui, &salt, &name("quick.ending"), 74.0, &row.send.ending, endings) {
            row.send.ending = ending;
        }
    });
    text_ui(ui, "quick.repeat", 60.0, &mut row.every);
    let removed = sign_ui(ui, "×", &tell("list.remove", &[("name", &row.send.label())])).clicked();
    ui.end_row();
    removed
}

#[cfg(test)]
mod tests {
    use super::{QuickDraft, QuickSend, Row};

    fn check(send: &str, hex: bool, every: &str, expected: Result<Option<u64>, &str>) {
        let send = QuickSend { send: send.into(), hex, ..QuickSend::default() };
        let draft =
            QuickDraft { rows: vec![Row { send, every: every.into() }, Row::default()], ..QuickDraft::default() };
        match (draft.sends(), expected) {
            (Ok(sends), Ok(every)) => assert_eq!(sends.iter().map(|send| send.every_ms).collect::<Vec<_>>(), [every]),
            (Err(refused), Err(mention)) => assert!(refused.contains(mention), "{refused}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn what_cannot_be_sent_is_not_kept_and_empty_rows_are_left_out() {
        crate::ui::words::speak(crate::ui::words::Language::English);
        check("AT", false, "", Ok(None));
        check("AT", false, " 500 ", Ok(Some(500)));
        check("03 04", true, "", Ok(None));
        check("zz", true, "", Err("zz"));
        check("AT", false, "soon", Err("soon"));
        check("AT", false, "1", Err("10"));
    }

    #[test]
    fn what_is_changed_or_taken_away_is_repeated_no_longer_and_two_of_one_name_are_refused() {
        crate::ui::words::speak(crate::ui::words::Language::English);
        let send = |name: &str, every_ms| QuickSend {
            group: "AT".into(),
            name: name.into(),
            send: name.into(),
            every_ms,
            ..QuickSend::default()
        };
        let before = [send("kept", Some(500)), send("slower", Some(500)), send("gone", Some(500)), send("once", None)];
        let mut draft = QuickDraft::new(&before, None);
        draft.rows[1].every = "800".into();
        draft.rows.truncate(2);
        let after = draft.sends().unwrap();
        assert_eq!(draft.ended(&after), ["AT/slower", "AT/gone"]);
        draft.rows[1].send.name = "kept".into();
        assert!(draft.sends().unwrap_err().contains("kept"));
        draft.rows[1].send.group = "lamp".into();
        assert!(draft.sends().is_ok(), "another group has names of its own");
    }

    #[test]
    fn a_new_row_stands_in_the_group_of_the_one_above() {
        let mut draft = QuickDraft::new(&[QuickSend { group: "AT".into(), ..QuickSend::default() }], None);
        draft.add();
        assert_eq!(draft.rows[1].send.group, "AT");
        assert_eq!(QuickDraft::new(&[], None).rows.len(), 1, "there is a row to type in");
    }
}
