//! What a replay sends next: known of those that were begun in this window.

use crate::bench::{Bench, Replay, ReplayAct, ReplayOrder, ReplayStep};
use crate::event::ReplayId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Replays that were ordered and have not begun; one that is refused never does.
const MOST_ORDERED: usize = 8;
/// Characters shown of a payload.
const SHOWN: usize = 80;

/// A replay's messages.
#[derive(Debug)]
struct Course {
    source: String,
    downstream: bool,
    messages: u64,
    rounds: u64,
    steps: Arc<[ReplayStep]>,
    /// Which steps are messages.
    said: Vec<usize>,
}

/// The replays that were begun in this window.
#[derive(Debug, Default)]
pub struct Ahead {
    ordered: Vec<Course>,
    running: BTreeMap<ReplayId, Course>,
    /// Every replay up to here was looked for.
    seen: ReplayId,
}

impl Ahead {
    /// Remembers what was ordered.
    pub fn order(&mut self, order: &ReplayOrder) {
        if self.ordered.len() == MOST_ORDERED {
            self.ordered.remove(0);
        }
        let said = |(_, step): &(usize, &ReplayStep)| matches!(step.act, ReplayAct::Say { .. });
        self.ordered.push(Course {
            source: order.source.clone(),
            downstream: order.downstream,
            messages: order.messages(),
            rounds: order.rounds,
            steps: Arc::clone(&order.steps),
            said: order.steps.iter().enumerate().filter(said).map(|(place, _)| place).collect(),
        });
    }

    /// Sees which of them run.
    pub fn keep_up(&mut self, bench: &Bench) {
        for replay in bench.replays().filter(|replay| replay.id > self.seen) {
            let same = |course: &Course| {
                (course.downstream, course.messages, course.rounds)
                    == (replay.downstream, replay.messages, replay.rounds)
                    && course.source == replay.source
            };
            if let Some(place) = self.ordered.iter().position(same) {
                self.running.insert(replay.id, self.ordered.remove(place));
            }
        }
        self.seen = bench.next_replay().saturating_sub(1);
        self.running.retain(|id, _| bench.replay(*id).is_some_and(|replay| !replay.is_over()));
    }

    /// The next message of a replay: its topic, and how its payload begins.
    #[must_use]
    pub fn next(&self, replay: &Replay) -> Option<(&str, String)> {
        let course = self.running.get(&replay.id)?;
        let place = usize::try_from(replay.sent.checked_rem(course.said.len() as u64)?).ok()?;
        match &course.steps.get(*course.said.get(place)?)?.act {
            ReplayAct::Say { topic, payload, .. } if replay.sent < replay.total() => Some((topic, beginning(payload))),
            _ => None,
        }
    }
}

/// The beginning of a payload on one line.
fn beginning(payload: &[u8]) -> String {
    // No character is longer than four bytes.
    let start = &payload[..payload.len().min(SHOWN * 4)];
    let text = String::from_utf8_lossy(start);
    let mut shown: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() || start.len() < payload.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::beginning;

    #[test]
    fn a_long_payload_is_shown_by_its_beginning_on_one_line() {
        assert_eq!(beginning(b"{\"a\":\n1}"), "{\"a\": 1}");
        assert_eq!(beginning(&"温".repeat(81).into_bytes()), format!("{}…", "温".repeat(80)));
        assert_eq!(beginning(&"温".repeat(80).into_bytes()), "温".repeat(80));
    }
}
