//! An answer with faults leaves step by step, and every fault is told at the instant it acts.

use super::answer::Answer;
use super::armed::{Armed, Effect, Script, Step};
use super::connection::Connection;
use super::seats::{Doing, Seat};
use super::service::Telling;
use crate::event::Fact;
use std::future::pending;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Bytes in a chunk of a chunked body.
const CHUNK: usize = 4_096;
/// So many pieces a second leave while the rate is limited.
const PIECES_A_SECOND: u64 = 20;
/// How often a pause shows that it is one, and no client that takes nothing in.
const PAUSE: Duration = Duration::from_secs(30);

/// An answer under way.
pub(super) struct Act<'a> {
    pub(super) connection: &'a Connection,
    pub(super) armed: &'a Armed,
    pub(super) seat: &'a Seat,
    pub(super) telling: &'a mut Telling,
}

impl Act<'_> {
    /// Sends an answer as its script says.
    ///
    /// # Errors
    /// The client went, or a fault ended the connection.
    pub(super) async fn perform(&mut self, answer: &Answer, script: &Script) -> io::Result<()> {
        let begun = now();
        let mut sent = 0;
        for step in &script.steps {
            match step {
                Step::Head => self.put(answer.head()).await?,
                Step::Act(number, at) => self.act(*number, *at).await?,
                Step::Body(range) => {
                    let body = answer.body().get(range.clone()).unwrap_or_default();
                    for piece in body.chunks(longest(script)) {
                        if let Some(rate) = script.rate {
                            let due = (sent + piece.len()) as u64;
                            let due = Duration::from_micros(due.saturating_mul(1_000_000) / rate.max(1));
                            self.pause(due.saturating_sub(now().duration_since(begun))).await?;
                        }
                        self.put_framed(piece, script.chunked).await?;
                        sent += piece.len();
                        self.telling.has_sent(sent);
                    }
                }
            }
        }
        if script.chunked { self.put(b"0\r\n\r\n").await } else { Ok(()) }
    }

    async fn act(&mut self, number: usize, at: Option<u64>) -> io::Result<()> {
        let Some((fault, effect, is_news)) = self.armed.act(number) else { return Ok(()) };
        if is_news {
            let (upgrade, request) = (self.armed.upgrade, Some(self.telling.request()));
            self.connection.service().tell(Fact::FaultActed {
                upgrade,
                fault: fault.clone().into(),
                place: at,
                request,
            });
        }
        match effect {
            Effect::Nothing => Ok(()),
            Effect::Pause(time) => self.pause(time).await,
            Effect::Silence => self.pause(Duration::MAX).await,
            Effect::Cut => Err(ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn put(&self, bytes: &[u8]) -> io::Result<()> {
        self.connection.put([bytes, &[]], self.seat, |_| {}).await
    }

    async fn put_framed(&self, piece: &[u8], chunked: bool) -> io::Result<()> {
        if !chunked {
            return self.put(piece).await;
        }
        let frame = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        self.put(&frame).await
    }

    /// Lets time pass while the client stays.
    async fn pause(&self, mut time: Duration) -> io::Result<()> {
        while !time.is_zero() {
            let part = time.min(PAUSE);
            if timeout(part, self.connection.gone()).await.is_ok() {
                return Err(ErrorKind::ConnectionReset.into());
            }
            self.seat.does(Doing::Answering);
            time -= part;
        }
        Ok(())
    }
}

impl Connection {
    /// Ends when the client has closed its side.
    async fn gone(&self) {
        let stream = self.stream();
        if stream.readable().await.is_ok() && matches!(stream.peek(&mut [0]).await, Ok(1..)) {
            // It says something instead; that is read after the answer.
            pending::<()>().await;
        }
    }
}

fn longest(script: &Script) -> usize {
    let paced = script.rate.map_or(u64::MAX, |rate| (rate / PIECES_A_SECOND).max(1));
    let framed = if script.chunked { CHUNK } else { usize::MAX };
    usize::try_from(paced).unwrap_or(usize::MAX).min(framed)
}

#[expect(clippy::disallowed_methods, reason = "io reads the clock")]
fn now() -> Instant {
    Instant::now()
}
