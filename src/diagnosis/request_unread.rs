//! The download never began: what the device sent to the firmware server is no request.

use super::{Finding, Subject};

pub fn examine(subject: Subject<'_>) -> Option<Finding> {
    let case = subject.case;
    let (seq, trouble) = case.refused.as_ref().filter(|_| case.witness.coverage.covered() == 0)?;
    let foreign = trouble.code == "mqtt-on-http";
    let unread = matches!(&*trouble.code, "not-http" | "request-too-long" | "request-unfinished");
    let code = if foreign { "mqtt-on-http-port" } else { "request-unread" };
    let seen = trouble.arg("seen").unwrap_or("–");
    (foreign || unread).then(|| Finding {
        code,
        args: vec![("device", case.order.device.to_string()), ("seen", seen.to_owned())],
        evidence: vec![*seq],
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, served};
    use crate::event::{Fact, Trouble};

    fn refused(peer: &str, code: &'static str) -> Fact {
        Fact::RequestRefused { peer: peer.into(), status: 400, trouble: Trouble::new(code) }
    }

    #[test]
    fn a_device_that_sends_no_request_is_told_by_where_it_comes_from() {
        check(vec![refused("127.0.0.1:9", "not-http")], &["request-unread"]);
        check(vec![refused("127.0.0.1:9", "request-unfinished")], &["request-unread"]);
        check(vec![refused("127.0.0.1:9", "mqtt-on-http")], &["mqtt-on-http-port"]);
    }

    #[test]
    fn another_computer_and_a_download_that_worked_are_no_findings() {
        check(vec![refused("127.0.0.2:9", "not-http")], &[]);
        check(vec![refused("127.0.0.1:9", "server-full")], &[]);
        check(vec![refused("127.0.0.1:9", "not-http"), served(206, 0, 500)], &[]);
    }
}
