//! Going to lines: from hit to hit, from bookmark to bookmark, by number.

use super::LogPane;
use crate::console::Console;
use crate::event::Micros;
use crate::ui::model::Model;
use crate::ui::state::WindowState;

/// What Enter does in the field: a number goes to its line, anything else to the next hit.
pub fn entered(model: &Model, state: &mut WindowState, back: bool) {
    match (line_number(&state.find), state.shown(model)) {
        (Some(number), Some(console)) => {
            let (first, last) = (console.first_index(), console.end_index().max(1) - 1);
            state.go_to_line(number.saturating_sub(1).clamp(first, last), model);
        }
        _ => go(model, state, back),
    }
}

/// The number that was typed, such as `:12,346`. It is looked for as text all the same: `:8883` may be a port.
fn line_number(text: &str) -> Option<u64> {
    let number = text.trim().strip_prefix(':')?;
    let digits: String = number.chars().filter(|char| !matches!(char, ',' | ' ' | '_' | '.')).collect();
    digits.parse().ok()
}

/// Goes to the next line that holds what is looked for, round the end; while more is searched, as soon as it is certain.
pub fn go(model: &Model, state: &mut WindowState, back: bool) {
    let seek = &state.log.seek;
    let settled = seek.query().text == state.find;
    let from = state.log.chosen.map(|(line, _)| line);
    let hit = if settled { seek.next_known(from, back) } else { None };
    // What was typed just now is looked for in a moment.
    state.log.going = (hit.is_none() && (!settled || seek.is_searching())).then(|| (back, state.find.clone()));
    if let Some(line) = hit {
        state.go_to_line(line, model);
        state.log.aim = Some(line);
    }
}

/// Goes on where the search was not far enough before, unless something else was typed since.
pub fn go_on(model: &Model, state: &mut WindowState) {
    let going = state.log.going.take().filter(|(_, text)| *text == state.find);
    if let Some((back, _)) = going {
        go(model, state, back);
    }
}

/// Goes to the next bookmark, round the end.
pub fn go_to_bookmark(model: &Model, state: &mut WindowState, back: bool) {
    if let Some(line) = state.log.bookmark_from(state.log.chosen.map(|(line, _)| line), back) {
        state.go_to_line(line, model);
    }
}

/// Stays at the end, or where the list stands now.
pub const fn toggle_follow(state: &mut WindowState) {
    state.console.follow = !state.console.follow;
}

impl LogPane {
    /// The next bookmark behind a line, or the last before it; round the end.
    fn bookmark_from(&self, line: Option<u64>, back: bool) -> Option<u64> {
        let behind = || self.bookmarks().find(|mark| line.is_none_or(|line| *mark > line));
        let before = || self.bookmarks().rev().find(|mark| line.is_none_or(|line| *mark < line));
        if back {
            before().or_else(|| self.bookmarks().next_back())
        } else {
            behind().or_else(|| self.bookmarks().next())
        }
    }

    /// The instant of the line that was gone to, once it is at hand.
    pub(super) fn reached(&mut self, console: &Console) -> Option<Micros> {
        let goal = self.goal?;
        let kept = (console.first_index()..console.end_index()).contains(&goal) && !console.is_lost(goal);
        if console.is_file() || !kept {
            self.goal = None;
            return None;
        }
        let at = console.line(goal)?.at;
        self.goal = None;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::line_number;

    #[test]
    fn only_a_number_behind_a_colon_is_a_line() {
        assert_eq!(line_number(":12,346"), Some(12_346));
        assert_eq!(line_number(" :8883 "), Some(8_883));
        assert_eq!(["12", ":", ":8883/x", "mqtt:1883"].map(line_number), [None; 4]);
    }
}
