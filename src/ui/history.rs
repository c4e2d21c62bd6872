//! The lines that were sent, to go back to with the arrow keys.

/// Lines kept.
const KEPT: usize = 100;

/// Where the arrow keys are among the lines that were sent; nowhere while a new one is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// How far back: 0 is the latest.
    back: Option<usize>,
    /// What was being typed.
    draft: String,
}

impl Place {
    /// Shows the line before.
    pub fn older(&mut self, sent: &[String], line: &mut String) {
        let back = self.back.map_or(0, |back| back + 1);
        let Some(older) = entry(sent, back) else { return };
        if self.back.is_none() {
            self.draft = std::mem::take(line);
        }
        older.clone_into(line);
        self.back = Some(back);
    }

    /// Shows the line after; behind the latest stands what was being typed.
    pub fn newer(&mut self, sent: &[String], line: &mut String) {
        let Some(back) = self.back else { return };
        self.back = back.checked_sub(1);
        *line = match self.back.and_then(|back| entry(sent, back)) {
            Some(newer) => newer.to_owned(),
            None => std::mem::take(&mut self.draft),
        };
    }

    /// Puts a line that was sent behind the others; the same one twice in a row, or an empty one, tells nothing.
    pub fn sent(&mut self, sent: &mut Vec<String>, line: &str) {
        *self = Self::default();
        if line.is_empty() || sent.last().is_some_and(|last| last == line) {
            return;
        }
        sent.push(line.to_owned());
        let over = sent.len().saturating_sub(KEPT);
        sent.drain(..over);
    }
}

fn entry(sent: &[String], back: usize) -> Option<&str> {
    sent.len().checked_sub(back + 1).map(|at| sent[at].as_str())
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Place};

    /// `^` and `v` are the arrow keys; anything else is sent. Gives what the line shows then.
    fn check(typed: &str, keys: &str, expected: &str) {
        let (mut place, mut sent) = (Place::default(), Vec::new());
        for line in ["one", "two", "two", ""] {
            place.sent(&mut sent, line);
        }
        assert_eq!(sent, ["one", "two"]);
        let mut line = typed.to_owned();
        for key in keys.chars() {
            match key {
                '^' => place.older(&sent, &mut line),
                _ => place.newer(&sent, &mut line),
            }
        }
        assert_eq!(line, expected, "{keys}");
    }

    #[test]
    fn the_arrows_go_back_to_what_was_sent_and_forth_to_what_was_being_typed() {
        check("dra", "^", "two");
        check("dra", "^^", "one");
        check("dra", "^^^^", "one");
        check("dra", "^^v", "two");
        check("dra", "^^vv", "dra");
        check("dra", "v", "dra");
        check("dra", "^vv", "dra");
        check("dra", "^v^", "two");
    }

    #[test]
    fn the_history_stays_short() {
        let (mut place, mut sent) = (Place::default(), Vec::new());
        (0..KEPT * 2).for_each(|number| place.sent(&mut sent, &number.to_string()));
        assert_eq!((sent.len(), sent[0].as_str()), (KEPT, "100"));
    }
}
