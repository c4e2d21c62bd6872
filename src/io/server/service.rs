//! One request from coming in to its answer gone out, told to the session at both ends.

use super::answer::{Answer, Question};
use super::offers::Offers;
use crate::event::Fact;
use crate::io::Inbox;
use crate::io::tls::Peers;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest path and range that go into a fact, in characters.
const MAX_TOLD: usize = 1_024;

/// Numbers the requests of this process: a server that is started again in one session does not use a number twice.
static LAST_REQUEST: AtomicU64 = AtomicU64::new(0);

/// A request, free of the way it came in.
pub(super) struct Request<'a> {
    pub(super) peer: Option<SocketAddr>,
    pub(super) method: &'a str,
    /// As the device wrote it.
    pub(super) target: &'a str,
    pub(super) range: Option<&'a str>,
    pub(super) keep_alive: bool,
}

/// What every connection needs.
pub(super) struct Service {
    pub(super) offers: Arc<Offers>,
    pub(super) inbox: Inbox,
    pub(super) peers: Arc<Peers>,
}

impl Service {
    /// Answers one request; false when the answer did not all go out.
    pub(super) fn serve(&self, request: &Request<'_>, out: &mut dyn Write) -> bool {
        let (number, path) = self.note(request);
        let question = Question { method: request.method, range: request.range, keep_alive: request.keep_alive };
        let answer = Answer::to(question, self.offers.find(origin_form(request.target)));
        let sent = answer.send(out);
        self.tell(Fact::RangeServed {
            request: number,
            path,
            status: answer.status,
            offset: answer.offset,
            length: answer.length(),
            sent: sent.bytes,
            complete: sent.complete,
        });
        sent.complete
    }

    /// Tells of a request that is turned away unread: its body is too long.
    pub(super) fn note_refused(&self, request: &Request<'_>) {
        let (number, path) = self.note(request);
        let (offset, length, sent, complete) = (0, 0, 0, true);
        self.tell(Fact::RangeServed { request: number, path, status: 413, offset, length, sent, complete });
    }

    /// Tells of a request. Gives its number and its path.
    fn note(&self, request: &Request<'_>) -> (u64, String) {
        let number = LAST_REQUEST.fetch_add(1, Ordering::Relaxed) + 1;
        let path = cut(request.target);
        self.tell(Fact::RequestReceived {
            request: number,
            peer: request.peer.map_or_else(String::new, |seen| told_peer(self.peers.behind(seen))),
            method: cut(request.method),
            path: path.clone(),
            range: request.range.map(cut),
        });
        (number, path)
    }

    fn tell(&self, fact: Fact) {
        // When the session is over, nobody wants to know; the device still gets its bytes.
        let _ = self.inbox.fact(fact);
    }
}

/// Some clients write the whole URL into the request line, as they would for a proxy.
fn origin_form(target: &str) -> &str {
    let rest = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://"));
    rest.and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..))).unwrap_or(target)
}

/// `ip:port`, an IPv4 device on an IPv6 socket as the IPv4 device it is.
fn told_peer(peer: SocketAddr) -> String {
    SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
}

fn cut(text: &str) -> String {
    // Characters are at least as many bytes.
    if text.len() <= MAX_TOLD { text.to_owned() } else { text.chars().take(MAX_TOLD).collect() }
}
