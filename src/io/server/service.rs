//! What every connection needs: what is on offer, and whom to tell.

use super::answer::{Answer, Question};
use super::armed::{Armed, Script, unfollowed};
use super::head::Head;
use super::offers::{Found, Offers};
use crate::event::Fact;
use crate::io::Inbox;
use crate::io::tls::Peers;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tiny_http::Method;

/// The longest path and range that go into a fact, in characters.
const MAX_TOLD: usize = 1_024;

/// Numbers the requests of this process: a server that is started again in one session does not use a number twice.
static LAST_REQUEST: AtomicU64 = AtomicU64::new(0);

/// What every connection needs.
pub(super) struct Service {
    pub(super) offers: Arc<Offers>,
    pub(super) inbox: Inbox,
    pub(super) peers: Arc<Peers>,
    /// How often a long answer is told of while it is under way.
    pub(super) progress: Duration,
}

impl Service {
    /// Works out what a request is answered.
    pub(super) fn answer(&self, question: &Question<'_>) -> (Answer, Option<(Arc<Armed>, Script)>) {
        let is_read = matches!(question.head.method, Method::Get | Method::Head);
        match self.offers.find(unfollowed(origin_form(&question.head.target))) {
            Found::Armed { firmware, size, armed, in_order } if is_read => {
                let (answer, script) = armed.answer(question, firmware, size);
                (answer.counted_by(in_order), Some((armed, script)))
            }
            found => (Answer::to(question, found), None),
        }
    }

    /// The scheme by which a device came in.
    pub(super) fn scheme(&self, seen: SocketAddr) -> &'static str {
        if self.peers.behind(seen) == seen { "http" } else { "https" }
    }

    /// Tells of a request, and of its answer when that is over.
    pub(super) fn note(self: &Arc<Self>, peer: SocketAddr, head: &Head) -> Telling {
        let request = LAST_REQUEST.fetch_add(1, Ordering::Relaxed) + 1;
        let path = cut(&head.target);
        self.tell(Fact::RequestReceived {
            request,
            peer: self.told_peer(peer).into(),
            method: cut(head.method.as_str()).into(),
            path: path.clone().into(),
            range: head.header("Range").map(cut).map(Into::into),
        });
        let service = Arc::clone(self);
        Telling {
            service,
            request,
            path,
            status: 0,
            offset: 0,
            length: 0,
            sent: 0,
            complete: false,
            delivered: None,
            told: None,
        }
    }

    pub(super) fn tell(&self, fact: Fact) {
        // When the session is over, nobody wants to know; the device still gets its bytes.
        let _ = self.inbox.fact(fact);
    }

    /// `ip:port` of the device behind a connection, an IPv4 device on an IPv6 socket as the IPv4 device it is.
    pub(super) fn told_peer(&self, seen: SocketAddr) -> String {
        let peer = self.peers.behind(seen);
        SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string()
    }
}

/// An answer on its way. However it ends, the session is told, with what had left by then.
pub(super) struct Telling {
    service: Arc<Service>,
    request: u64,
    path: String,
    status: u16,
    offset: u64,
    length: u64,
    sent: u64,
    complete: bool,
    /// The MD5 of the file of which the last byte has left with it.
    delivered: Option<String>,
    /// When its progress was last told, or it began to take long.
    told: Option<Instant>,
}

impl Telling {
    pub(super) const fn request(&self) -> u64 {
        self.request
    }

    pub(super) fn answers(&mut self, answer: &Answer) {
        (self.status, self.offset, self.length) = (answer.status, answer.offset, answer.body().len() as u64);
    }

    /// So many bytes of the body have left in all.
    pub(super) fn has_sent(&mut self, bytes: usize) {
        self.sent = bytes as u64;
        if self.sent == self.length || !matches!(self.status, 200 | 206) {
            return;
        }
        let now = now();
        if now.duration_since(*self.told.get_or_insert(now)) >= self.service.progress {
            self.told = Some(now);
            let (request, path) = (self.request, self.path.clone());
            self.service.tell(Fact::RangeProgressed {
                request,
                path: path.into(),
                offset: self.offset,
                sent: self.sent,
            });
        }
    }

    /// Nothing more of this answer will leave; `complete` when all has, head and body.
    pub(super) fn is_done(&mut self, answer: &Answer, complete: bool) {
        self.complete = complete;
        self.delivered = answer.delivers(self.sent).map(str::to_owned);
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        let (request, path) = (self.request, std::mem::take(&mut self.path));
        let (status, offset, length) = (self.status, self.offset, self.length);
        let (sent, complete) = (self.sent, self.complete);
        let delivered = self.delivered.take().map(|md5| Fact::FileDelivered {
            request,
            path: path.clone().into(),
            md5: md5.into(),
        });
        self.service.tell(Fact::RangeServed { request, path: path.into(), status, offset, length, sent, complete });
        if let Some(delivered) = delivered {
            self.service.tell(delivered);
        }
    }
}

/// Some clients write the whole URL into the request line, as they would for a proxy.
fn origin_form(target: &str) -> &str {
    let rest = target.strip_prefix("http://").or_else(|| target.strip_prefix("https://"));
    rest.and_then(|rest| rest.find('/').and_then(|slash| rest.get(slash..))).unwrap_or(target)
}

fn cut(text: &str) -> String {
    // Characters are at least as many bytes.
    if text.len() <= MAX_TOLD { text.to_owned() } else { text.chars().take(MAX_TOLD).collect() }
}

#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn now() -> Instant {
    Instant::now()
}
