//! Replays in words.

use super::{count, say, tell, trouble};
use crate::event::Fact;

/// What happened to a replay, in one line; nothing for any other fact.
#[must_use]
pub fn of_replay(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::ReplayStarted { source, target, speed, messages, rounds, downstream, .. } => {
            let key = if *downstream { "fact.replay-down" } else { "fact.replay-started" };
            let (n, rounds) = (count(*messages), count(*rounds));
            tell(key, &[("source", source), ("target", target), ("n", &n), ("rounds", &rounds), ("speed", speed)])
        }
        Fact::MessageReplayed { of, topic, .. } => tell("fact.replayed", &[("n", &count(*of)), ("topic", topic)]),
        Fact::ReplayPaused { trouble: Some(why), .. } => tell("fact.replay-waits", &[("why", &trouble(why).cause)]),
        Fact::ReplayPaused { .. } => say("fact.replay-paused"),
        Fact::ReplayResumed { .. } => say("fact.replay-resumed"),
        Fact::ReplayEnded { sent, of, trouble: None, .. } if sent >= of => {
            tell("fact.replay-done", &[("n", &count(*sent))])
        }
        Fact::ReplayEnded { sent, of, trouble: why, .. } => {
            let (sent, of) = (count(*sent), count(*of));
            let why = why.as_ref().map(|why| trouble(why).cause).unwrap_or_default();
            tell("fact.replay-stopped", &[("sent", &sent), ("of", &of), ("why", &why)]).trim_end().to_owned()
        }
        _ => return None,
    })
}
