//! What a replay needs of a capture, and no more of it than fits into memory.

use crate::event::{Event, Fact, Trouble};

/// The most that is held for a replay, in bytes.
const MOST: usize = 512 << 20;

/// Collects the events that [`super::plan`] goes by: consoles and downloads are never replayed, and need not be held for it.
///
/// # Errors
/// `replay-too-large` with `mb`: they do not fit.
pub fn gather(events: impl IntoIterator<Item = Event>) -> Result<Vec<Event>, Trouble> {
    within(MOST, events)
}

fn within(most: usize, events: impl IntoIterator<Item = Event>) -> Result<Vec<Event>, Trouble> {
    let mut gathered = Vec::new();
    let mut weight = 0;
    for event in events.into_iter().filter(is_planned_with) {
        weight += event.weight();
        if weight > most {
            return Err(Trouble::new("replay-too-large").with("mb", most >> 20));
        }
        gathered.push(event);
    }
    Ok(gathered)
}

const fn is_planned_with(event: &Event) -> bool {
    !matches!(
        event.fact,
        Fact::BytesReceived { .. } | Fact::BytesSent { .. } | Fact::RequestReceived { .. } | Fact::RangeServed { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::event::{Event, Fact, Micros};

    fn event(seq: u64, fact: Fact) -> Event {
        Event { seq, at: Micros(seq), fact }
    }

    fn message(seq: u64) -> Event {
        let payload = vec![0; 1 << 20].into();
        event(seq, Fact::MessagePublished { topic: "/a".into(), payload, qos: 0 })
    }

    #[test]
    fn a_capture_that_does_not_fit_is_refused_before_the_memory_is_full() {
        let console =
            (1..=100).map(|seq| event(seq, Fact::BytesReceived { port: "p".into(), bytes: vec![0; 1 << 20].into() }));
        assert_eq!(within(4 << 20, console.chain([message(101)])).unwrap(), [message(101)]);
        let trouble = within(4 << 20, (1..).map(message)).unwrap_err();
        assert_eq!((trouble.code.as_ref(), trouble.arg("mb")), ("replay-too-large", Some("4")));
    }
}
