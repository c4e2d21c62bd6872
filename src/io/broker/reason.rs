//! Why a client is gone or a message was dropped, in plain words.

use rmqtt::net::MqttError;
use rmqtt::types::{Disconnect, Reason};

/// The client took its leave properly.
pub(super) const SAID_GOODBYE: &str = "the client disconnected";
pub(super) use crate::event::{KICKED, TAKEN_OVER};

/// Why a connection ended. rmqtt gathers reasons; the first is the cause, the rest are its consequences.
pub(super) fn of_end(reason: &Reason) -> String {
    match reason {
        Reason::Reasons(reasons) => reasons.first().map_or_else(|| "unknown".into(), of_end),
        Reason::ConnectDisconnect(Some(Disconnect::V5(goodbye))) => match &goodbye.reason_string {
            Some(why) => format!("{SAID_GOODBYE}: {why}"),
            None => SAID_GOODBYE.into(),
        },
        Reason::ConnectDisconnect(_) => SAID_GOODBYE.into(),
        Reason::ConnectKeepaliveTimeout => "keep-alive time-out: nothing was heard from the client".into(),
        Reason::ConnectRemoteClose => "connection closed without a DISCONNECT".into(),
        Reason::ConnectKicked(false) => TAKEN_OVER.into(),
        Reason::ConnectKicked(true) => KICKED.into(),
        Reason::ConnectReadWriteTimeout | Reason::MqttError(MqttError::WriteTimeout | MqttError::FlushTimeout) => {
            "the client stopped reading".into()
        }
        Reason::MqttError(MqttError::Decode(error)) => format!("malformed packet: {error:?}"),
        Reason::ProtocolError(what) => format!("protocol error: {what}"),
        Reason::SubscribeFailed(Some(what)) => format!("refused subscription: {what}"),
        Reason::Error(what) => format!("connection lost: {what}"),
        other => format!("connection lost: {other}"),
    }
}

/// Why a message did not get to its client.
pub(super) fn of_drop(reason: &Reason) -> String {
    match reason {
        Reason::Reasons(reasons) => reasons.first().map_or_else(|| "unknown".into(), of_drop),
        Reason::MessageQueueFull => "too many messages wait for the client".into(),
        Reason::MessageExpiration => "the message expired before it could be delivered".into(),
        Reason::SessionExpiration => "the client's session expired".into(),
        Reason::InflightWindowFull => "too many messages wait for an acknowledgement".into(),
        Reason::Error(what) => what.to_string(),
        end => format!("the client is gone: {}", of_end(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::{SAID_GOODBYE, TAKEN_OVER, of_end};
    use rmqtt::types::{Disconnect, Reason};

    fn check(reasons: Vec<Reason>, expected: &str) {
        assert_eq!(of_end(&Reason::Reasons(reasons)), expected);
    }

    #[test]
    fn the_cause_of_an_end_is_told_and_not_its_consequence() {
        let goodbye = Reason::ConnectDisconnect(Some(Disconnect::V3));
        check(vec![goodbye, Reason::ConnectRemoteClose], SAID_GOODBYE);
        check(vec![Reason::ConnectKicked(false), Reason::ConnectRemoteClose], TAKEN_OVER);
        check(vec![Reason::ConnectRemoteClose], "connection closed without a DISCONNECT");
        check(vec![Reason::from("reset by peer")], "connection lost: reset by peer");
    }
}
