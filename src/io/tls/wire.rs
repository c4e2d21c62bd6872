//! A device's TCP connection whose first bytes were already looked at, and which counts what passes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Bytes read at a time while the opening is looked at.
const PIECE: usize = 1_024;

/// A connection that can be read again from its first byte.
pub(super) struct Wire {
    stream: TcpStream,
    /// What was looked at and not read yet.
    opening: Vec<u8>,
    passed: Arc<AtomicU64>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, opening: Vec::new(), passed: Arc::default() }
    }

    /// Waits for more of the opening. All of it so far; nothing when no more will come.
    pub(super) async fn look(&mut self) -> io::Result<Option<&[u8]>> {
        let mut piece = [0; PIECE];
        match self.stream.read(&mut piece).await? {
            0 => Ok(None),
            length => {
                self.opening.extend_from_slice(&piece[..length]);
                Ok(Some(&self.opening))
            }
        }
    }

    /// How many bytes have passed, either way.
    pub(super) fn passed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.passed)
    }

    fn count(&self, bytes: usize) {
        self.passed.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Waits until nothing has passed for so long, or for up to twice as long.
pub(super) async fn silence(passed: &AtomicU64, for_so_long: Duration) {
    loop {
        let before = passed.load(Ordering::Relaxed);
        let _ = timeout(for_so_long, std::future::pending::<()>()).await;
        if passed.load(Ordering::Relaxed) == before {
            return;
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.opening.is_empty() {
            let length = self.opening.len().min(into.remaining());
            into.put_slice(&self.opening[..length]);
            self.opening.drain(..length);
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        self.count(into.filled().len() - before);
        read
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(length)) = &written {
            self.count(*length);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
