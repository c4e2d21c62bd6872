//! Why a client went away or a message did not get through: what is recorded in English, in the language being spoken.

use super::find;
use crate::event::{KICKED, TAKEN_OVER};

/// What a recorded reason is, and its key below `why`.
const WHOLE: &[(&str, &str)] = &[
    (KICKED, "kicked"),
    (TAKEN_OVER, "taken-over"),
    ("the client disconnected", "goodbye"),
    ("keep-alive time-out: nothing was heard from the client", "keep-alive"),
    ("connection closed without a DISCONNECT", "closed"),
    ("the client stopped reading", "stopped-reading"),
    ("too many messages wait for the client", "queue-full"),
    ("the message expired before it could be delivered", "message-expired"),
    ("the client's session expired", "session-expired"),
    ("too many messages wait for an acknowledgement", "window-full"),
    ("too many messages wait to be sent", "outbox-full"),
    ("there is no broker", "no-broker"),
    ("nobody is subscribed", "nobody"),
    ("unknown", "unknown"),
];

/// The same of reasons behind which more is told.
const FRONTS: &[(&str, &str)] = &[
    ("the client disconnected: ", "goodbye"),
    ("malformed packet: ", "malformed"),
    ("protocol error: ", "protocol"),
    ("refused subscription: ", "subscription"),
    ("connection lost: ", "lost"),
    ("the client is gone: ", "gone"),
];

/// A recorded reason in words; as it was recorded where it is none of the known ones.
#[must_use]
pub fn why(reason: &str) -> String {
    let known = |key: &str| find(&format!("why.{key}"));
    if let Some((_, key)) = WHOLE.iter().find(|(whole, _)| *whole == reason) {
        return known(key).unwrap_or_else(|| reason.to_owned());
    }
    let front = FRONTS.iter().find_map(|(front, key)| Some((key, reason.strip_prefix(front)?)));
    let Some((key, rest)) = front else { return reason.to_owned() };
    known(key).map_or_else(|| reason.to_owned(), |words| format!("{words}{}{}", super::say("why.colon"), why(rest)))
}

#[cfg(test)]
mod tests {
    use super::super::{Language, speak};
    use super::{FRONTS, WHOLE, why};

    /// Otherwise a row of a Chinese window is half in English; in English it stays what scripts read in the capture.
    #[test]
    fn a_reason_reads_as_it_was_recorded_in_english_and_as_engineers_say_it_in_chinese() {
        let more = FRONTS.iter().map(|(front, _)| format!("{front}reset by peer"));
        let nested =
            ["the client is gone: connection lost: reset by peer".to_owned(), "somebody's own words".to_owned()];
        let all = WHOLE.iter().map(|(whole, _)| (*whole).to_owned()).chain(more).chain(nested);
        for reason in all {
            speak(Language::English);
            assert_eq!(why(&reason), reason);
            speak(Language::Chinese);
            let own = ["reset by peer", "DISCONNECT", "broker"];
            let rest = own.iter().fold(why(&reason), |text, own| text.replace(own, ""));
            let english = rest.contains(|letter: char| letter.is_ascii_alphabetic());
            assert_eq!(english, reason == "somebody's own words", "{reason}: {rest}");
        }
        speak(Language::English);
    }
}
