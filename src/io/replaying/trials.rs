//! What to think of a connection that breaks off again and again.

use super::books::Line;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A connection that lasted so long was a good one.
const LONG: Duration = Duration::from_secs(10);
/// So many short ones in a row are no chance.
const MOST_SHORT: u32 = 3;
/// A message is sent so often over connections that break off before anything else arrives.
const MOST_SENT: u32 = 4;

/// What is known of the last connections of one line.
#[derive(Debug, Default)]
pub(super) struct Trials {
    /// How many in a row did not last.
    short: u32,
    /// Of those, how many broke off though messages went through, or none was sent: no message is to blame.
    unexplained: u32,
    /// Over how many in a row the same message was sent first and nothing arrived.
    stuck: u32,
    first: Option<u64>,
}

/// What a loss looks like.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing special: it is connected again after a pause.
    Chance(Duration),
    /// Somebody else signs in under the same name: dropped so often in a row soon after it came up.
    TakenOver(u32, Duration),
    /// The target does not take this message: it was sent so often.
    Stuck { message: u64, times: u32 },
}

impl Trials {
    /// Takes in that this connection is lost.
    pub fn judge(&mut self, line: &Line, now: Instant) -> Verdict {
        let Some(up_since) = line.up_since else { return Verdict::Chance(self.pause()) };
        let lasted = now.saturating_duration_since(up_since) >= LONG;
        self.short = if lasted { 0 } else { self.short + 1 };
        let first = line.first_open();
        let in_vain = line.written_now > 0 && line.arrived_now == 0 && first.is_some();
        self.stuck = match in_vain {
            true if first == self.first => self.stuck + 1,
            true => 1,
            false => 0,
        };
        self.unexplained = match in_vain {
            _ if lasted => 0,
            true => self.unexplained,
            false => self.unexplained + 1,
        };
        self.first = first;
        match first {
            Some(message) if self.stuck >= MOST_SENT => Verdict::Stuck { message, times: self.stuck },
            _ if self.unexplained >= MOST_SHORT => Verdict::TakenOver(self.unexplained, self.pause()),
            _ => Verdict::Chance(self.pause()),
        }
    }

    /// Whether the last connection broke off before anything arrived: messages then go out one by one, so that it shows
    /// which of them the target does not take.
    pub const fn are_careful(&self) -> bool {
        self.stuck > 0
    }

    /// Whether the last connection did not last: the next one is first seen to, for what drops it may be no message.
    pub const fn want_quiet(&self) -> bool {
        self.short > 0
    }

    fn pause(&self) -> Duration {
        let doublings = self.stuck.max(self.unexplained.saturating_sub(MOST_SHORT - 1)).min(8);
        (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
    }

    /// A longer pause after one that did not help.
    pub fn longer(pause: Duration) -> Duration {
        (pause * 2).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::books::Line;
    use super::super::play::now;
    use super::{LONG, Trials, Verdict};
    use std::time::Duration;

    /// Connections, each with how long it lasted in seconds, what it wrote and how many of that arrived.
    fn check(connections: &[(u64, u64, u64)]) -> Verdict {
        let (mut trials, mut line, began) = (Trials::default(), Line::default(), now());
        let mut verdict = Verdict::Chance(Duration::ZERO);
        (0..30).for_each(|number| line.hand_over(number, began));
        for (lasted, written, arrived) in connections {
            line.take_back();
            line.begin();
            line.note_up(began);
            for (packet, number) in (1..).zip(line.again.clone().into_iter().take(usize::try_from(*written).unwrap())) {
                line.hand_over(number, began);
                line.note_written(packet, began);
            }
            (1..=*arrived).for_each(|packet| line.note_acknowledged(u16::try_from(packet).unwrap(), began));
            verdict = trials.judge(&line, began + Duration::from_secs(*lasted));
        }
        verdict
    }

    #[test]
    fn a_message_that_the_target_never_takes_is_named_and_not_sent_for_ever() {
        assert_eq!(check(&[(0, 3, 1), (0, 2, 0)]), Verdict::Chance(Duration::from_secs(1)));
        let three = [(0, 3, 1), (0, 2, 0), (0, 2, 0), (0, 1, 0)];
        assert_eq!(check(&three), Verdict::Chance(Duration::from_secs(4)), "and the pauses grow");
        let four = [&three[..], &[(0, 1, 0)]].concat();
        assert_eq!(check(&four), Verdict::Stuck { message: 1, times: 4 });
        let progress = [&three[..], &[(0, 2, 1), (0, 1, 0)]].concat();
        assert!(matches!(check(&progress), Verdict::Chance(_)), "the next message begins anew");
    }

    #[test]
    fn a_tug_of_war_with_a_real_device_is_called_one() {
        let kicked = [(0, 0, 0); 3];
        assert!(matches!(check(&kicked[..2]), Verdict::Chance(_)));
        assert!(matches!(check(&kicked), Verdict::TakenOver(3, _)));
        assert!(
            matches!(check(&[(5, 2, 2), (5, 2, 2), (5, 2, 2)]), Verdict::TakenOver(3, _)),
            "it says a little each time"
        );
        assert!(
            matches!(check(&[(0, 2, 2), (0, 3, 0), (0, 2, 2), (0, 3, 0), (0, 2, 2)]), Verdict::TakenOver(3, _)),
            "though an acknowledgement is lost with its connection now and then"
        );
        let bad_message = [(0, 3, 0), (0, 3, 0), (0, 3, 1)];
        assert!(matches!(check(&bad_message), Verdict::Chance(_)), "the device is not blamed for a message");
        let long = LONG.as_secs();
        assert_eq!(check(&[(0, 0, 0), (0, 0, 0), (long, 2, 2)]), Verdict::Chance(Duration::from_millis(500)));
    }
}
