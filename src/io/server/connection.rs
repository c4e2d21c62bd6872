//! One connection, from its first byte to its last: requests in, answers out, and every end told.

use super::acting::Act;
use super::answer::{Answer, Question};
use super::head::{self, Body, Head, Opening, Refusal};
use super::seats::{Doing, Seat};
use super::service::Service;
use crate::event::{Fact, Trouble};
use socket2::SockRef;
use std::io::{self, ErrorKind, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use tiny_http::Method;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task;

/// How much the system may hold of what was handed to it, in bytes: what it holds counts as sent, and the device has not got
/// it yet. Enough for a device at 100 Mbit/s that is 20 ms away.
const HELD: usize = 256 * 1024;
/// How much is handed to the socket before others get their turn, in bytes.
const TURN: usize = 512 * 1024;
/// A request for firmware has no body. One up to this long is read and ignored.
const MAX_BODY: u64 = 64 * 1024;
/// How much a client that is turned away may still be sending, in bytes. Without this it would never read the answer.
const MAX_IGNORED: usize = 4 * 1024 * 1024;
/// What is read at once.
const READ: usize = 4 * 1024;

/// A connection and what has come in on it.
pub(super) struct Connection {
    stream: TcpStream,
    /// As the socket tells it.
    peer: SocketAddr,
    input: Vec<u8>,
    service: Arc<Service>,
}

/// Serves a connection until it ends.
pub(super) async fn serve(stream: TcpStream, peer: SocketAddr, service: Arc<Service>, seat: Seat) {
    // Without it the system would hold megabytes for a slow device.
    let _ = SockRef::from(&stream).set_send_buffer_size(HELD);
    let mut connection = Connection { stream, peer, input: Vec::new(), service };
    let was_doing = tokio::select! {
        () = connection.converse(&seat) => return,
        doing = seat.told_to_go() => doing,
    };
    if was_doing == Doing::Asking {
        let secs = seat.limits().asking.as_secs();
        connection.refuse(&Refusal { status: 408, trouble: Trouble::new("request-unfinished").with("secs", secs) });
    }
}

impl Connection {
    pub(super) const fn stream(&self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn service(&self) -> &Service {
        &self.service
    }

    async fn converse(&mut self, seat: &Seat) {
        while let Some(head) = self.next(seat).await {
            seat.does(Doing::Answering);
            if !self.answer(&head, seat).await {
                break;
            }
            seat.does(Doing::Idle);
        }
        seat.does(Doing::Leaving);
        self.leave().await;
    }

    /// The next request; nothing when the client is done, or has sent none.
    async fn next(&mut self, seat: &Seat) -> Option<Head> {
        loop {
            match head::read(&self.input) {
                Opening::Request(head, length) => {
                    self.input.drain(..length);
                    return Some(head);
                }
                Opening::More => {}
                Opening::Refused(refusal) => {
                    self.refuse(&refusal);
                    return None;
                }
            }
            if !self.input.is_empty() && self.input.len() < READ {
                seat.does(Doing::Asking);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// Takes more in; false at the end.
    async fn read(&mut self) -> bool {
        self.input.reserve(READ);
        matches!(self.stream.read_buf(&mut self.input).await, Ok(1..))
    }

    /// Answers one request; false when nothing can follow on this connection.
    async fn answer(&mut self, head: &Head, seat: &Seat) -> bool {
        let body = head.body();
        let is_small = matches!(body, Body::Length(..=MAX_BODY));
        let keep_alive = head.keeps_alive() && is_small;
        let mut telling = self.service.note(self.peer, head);
        let question = Question { head, keep_alive, ranged: true, scheme: self.service.scheme(self.peer) };
        let (answer, acting) = match body {
            Body::Length(length @ 1..=MAX_BODY) => {
                if !self.ignore(head, length).await {
                    return false;
                }
                self.service.answer(&question)
            }
            Body::Length(0) => self.service.answer(&question),
            _ if matches!(head.method, Method::Get | Method::Head) => self.service.answer(&question),
            _ => (Answer::error(&question, 413, "too large\n", ""), None),
        };
        telling.answers(&answer);
        let done = match acting {
            None => {
                let pieces = [answer.head(), answer.body()];
                let head = answer.head().len();
                self.put(pieces, seat, |sent| telling.has_sent(sent.saturating_sub(head))).await
            }
            Some((armed, script)) => {
                let mut act = Act { connection: self, armed: &armed, seat, telling: &mut telling };
                act.perform(&answer, &script).await
            }
        };
        telling.is_done(&answer, done.is_ok());
        done.is_ok() && keep_alive
    }

    /// Reads a body that nobody needs.
    async fn ignore(&mut self, head: &Head, length: u64) -> bool {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if head.header("Expect").is_some() && self.input.len() < length {
            let _ = self.stream.try_write(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        while self.input.len() < length {
            if !self.read().await {
                return false;
            }
        }
        self.input.drain(..length);
        true
    }

    /// Sends two pieces, together as far as the socket takes them, and says how much has left each time some has.
    pub(super) async fn put(
        &self,
        [head, body]: [&[u8]; 2],
        seat: &Seat,
        mut has_left: impl FnMut(usize),
    ) -> io::Result<()> {
        let (mut done, mut turn) = (0, 0);
        while done < head.len() + body.len() {
            let rest = body.get(done.saturating_sub(head.len())..).unwrap_or_default();
            let rest = rest.get(..rest.len().min(TURN)).unwrap_or_default();
            let pieces = [IoSlice::new(head.get(done..).unwrap_or_default()), IoSlice::new(rest)];
            match self.stream.try_write_vectored(&pieces) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => {
                    done += written;
                    turn += written;
                    has_left(done);
                    if turn >= TURN {
                        turn = 0;
                        seat.does(Doing::Answering);
                        task::yield_now().await;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                    seat.does(Doing::Answering);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Answers what is no request, as far as the socket takes it at once, and tells of it.
    fn refuse(&self, refusal: &Refusal) {
        if refusal.status > 0 {
            let _ = self.stream.try_write(Answer::refusal(refusal.status).head());
        }
        let peer = self.service.told_peer(self.peer);
        self.service.tell(Fact::RequestRefused {
            peer: peer.into(),
            status: refusal.status,
            trouble: refusal.trouble.clone(),
        });
    }

    /// Ends the connection so that the client gets to read the last answer: what it still sends would tear it down.
    async fn leave(&mut self) {
        if SockRef::from(&self.stream).shutdown(Shutdown::Write).is_err() {
            return;
        }
        let mut ignored = 0;
        while ignored < MAX_IGNORED {
            self.input.clear();
            if !self.read().await {
                break;
            }
            ignored += self.input.len();
        }
    }
}
