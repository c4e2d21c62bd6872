//! The time in front of a row, as it was chosen to be shown.

use super::settings::TimeShown;
use super::words;
use crate::event::Micros;

/// How times are shown at this moment; for work that goes on away from the window.
#[derive(Clone, Copy, Debug)]
pub struct Stamps {
    /// From where they are counted.
    pub shown: TimeShown,
    /// The wall clock at the session's first instant, in milliseconds since 1970.
    pub started_unix_ms: u64,
    /// The zone's offset from UTC.
    pub utc_offset_secs: i32,
    /// When Push was pressed.
    pub pushed: Option<Micros>,
}

impl Stamps {
    /// Whether the time of the row before matters.
    #[must_use]
    pub fn needs_before(&self) -> bool {
        self.shown == TimeShown::SincePrevious
    }

    /// A time; `before` is that of the row before, if there is one.
    #[must_use]
    pub fn text(&self, at: Micros, before: Option<Micros>) -> String {
        match self.shown {
            TimeShown::Clock => words::clock(self.started_unix_ms.saturating_add(at.0 / 1_000), self.utc_offset_secs),
            TimeShown::SinceStart => at.to_string(),
            TimeShown::SincePrevious => {
                before.map_or_else(|| at.to_string(), |before| format!("+{}", at.since(before)))
            }
            TimeShown::SincePush => match self.pushed {
                Some(pushed) if at < pushed => format!("-{}", pushed.since(at)),
                Some(pushed) => format!("+{}", at.since(pushed)),
                None => at.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stamps;
    use crate::event::Micros;
    use crate::ui::settings::TimeShown;

    /// A header that somebody else wrote must not close the window, and the bench's session with it.
    #[test]
    fn a_time_past_all_reason_is_shown_all_the_same() {
        let stamps = Stamps { shown: TimeShown::Clock, started_unix_ms: u64::MAX, utc_offset_secs: 0, pushed: None };
        assert_eq!(stamps.text(Micros(u64::MAX), None).len(), "01:00:13.031".len());
    }

    #[test]
    fn times_are_shown_from_where_they_are_to_be_counted() {
        let stamps = |shown, pushed| Stamps { shown, started_unix_ms: 1_000, utc_offset_secs: 3_600, pushed };
        let at = Micros::from_millis(12_031);
        let text = |shown, pushed, before| stamps(shown, pushed).text(at, before);
        assert_eq!(text(TimeShown::Clock, None, None), "01:00:13.031");
        assert_eq!(text(TimeShown::SinceStart, None, None), "12.031");
        assert_eq!(text(TimeShown::SincePrevious, None, None), "12.031");
        assert_eq!(text(TimeShown::SincePrevious, None, Some(Micros::from_millis(12_000))), "+0.031");
        assert_eq!(text(TimeShown::SincePush, Some(Micros::from_secs(13)), None), "-0.969");
        assert_eq!(text(TimeShown::SincePush, Some(Micros::from_secs(12)), None), "+0.031");
    }
}
