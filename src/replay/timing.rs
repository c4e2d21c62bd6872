//! The steps of a replay put into their time.

use crate::bench::{ReplayAct, ReplayStep};
use crate::event::Micros;
use std::collections::{BTreeMap, BTreeSet};

/// Every speaker is there before the first step and goes after the last: only goings in between that are followed by a
/// coming and by something said, and those comings, are steps.
pub fn only_needed(mut steps: Vec<(Micros, ReplayStep)>) -> Vec<(Micros, ReplayStep)> {
    // Who comes when all is said has not to come, nor to go before.
    let last_said =
        steps.iter().rposition(|(_, step)| matches!(step.act, ReplayAct::Say { .. } | ReplayAct::Upgrade(_)));
    steps.truncate(last_said.map_or(0, |last| last + 1));
    let mut away = BTreeMap::new();
    let mut needed = vec![true; steps.len()];
    let mut begun = BTreeSet::new();
    for (place, (_, step)) in steps.iter().enumerate() {
        match step.act {
            ReplayAct::Leave => {
                needed[place] = false;
                if begun.contains(&step.speaker) {
                    away.entry(step.speaker).or_insert(place);
                }
            }
            ReplayAct::Come => {
                let left = away.remove(&step.speaker);
                needed[place] = left.is_some();
                if let Some(left) = left {
                    needed[left] = true;
                }
            }
            ReplayAct::Say { .. } | ReplayAct::Upgrade(_) => {
                begun.insert(step.speaker);
                // It spoke, so it was there after all: under another name, or the capture lost its coming.
                away.remove(&step.speaker);
            }
        }
    }
    steps.into_iter().zip(needed).filter(|(_, needed)| *needed).map(|(step, _)| step).collect()
}

/// Counts the time from the first step; a capture whose clock went back stands still meanwhile.
pub fn keep_time(steps: Vec<(Micros, ReplayStep)>) -> Vec<ReplayStep> {
    let mut before = None;
    let mut after = Micros::default();
    let timed = steps.into_iter().map(|(at, step)| {
        after = after + before.map_or_else(Micros::default, |before| at.since(before));
        before = Some(at);
        ReplayStep { after, ..step }
    });
    timed.collect()
}
