//! Threads that take requests from `tiny_http` and answer them, as many as slow clients make necessary.

use super::service::{Request, Service};
use crate::event::{Fact, Trouble};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use tiny_http::{HTTPVersion, Header, Response};

/// Answers written at the same time. A worker is busy only while a client takes in a body larger than its socket buffer, so
/// this bounds the slow downloads of whole images, not the devices.
const MAX_WORKERS: usize = 64;
/// How often a worker looks for the next request before it sleeps, giving way in between. A device asks for its next range
/// as soon as it has one, and waking a worker costs as much as the answer. All looks together take some ten microseconds.
const LOOKS: u32 = 50;
/// A request for firmware has no body. One up to this long is read and ignored.
const MAX_BODY: usize = 64 * 1024;

/// What all workers share. They hold the server itself only while they wait for a request.
pub(super) struct Workers {
    service: Arc<Service>,
    http: Weak<tiny_http::Server>,
    stopping: AtomicBool,
    alive: AtomicUsize,
    idle: AtomicUsize,
}

impl Workers {
    /// Starts the first worker.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn start(service: Arc<Service>, http: &Arc<tiny_http::Server>) -> io::Result<Arc<Self>> {
        let workers = Arc::new(Self {
            service,
            http: Arc::downgrade(http),
            stopping: AtomicBool::new(false),
            alive: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
        });
        workers.spawn()?;
        Ok(workers)
    }

    /// Lets the waiting workers end, the busy ones after their answer.
    pub(super) fn stop(&self, http: &tiny_http::Server) {
        self.stopping.store(true, Ordering::SeqCst);
        for _ in 0..MAX_WORKERS {
            http.unblock();
        }
    }

    fn spawn(self: &Arc<Self>) -> io::Result<()> {
        let workers = Arc::clone(self);
        let number = self.alive.fetch_add(1, Ordering::SeqCst);
        let spawned = thread::Builder::new().name(format!("firmware-{number}")).spawn(move || workers.work());
        if spawned.is_err() {
            self.alive.fetch_sub(1, Ordering::SeqCst);
        }
        spawned.map(|_| ())
    }

    fn work(self: &Arc<Self>) {
        while !self.stopping.load(Ordering::SeqCst) {
            let Some(http) = self.http.upgrade() else { break };
            self.idle.fetch_add(1, Ordering::SeqCst);
            let received = self.next(&http);
            let was_last_idle = self.idle.fetch_sub(1, Ordering::SeqCst) == 1;
            drop(http);
            match received {
                Ok(request) => {
                    if was_last_idle && self.alive.load(Ordering::SeqCst) < MAX_WORKERS {
                        // Without another thread the next request waits for this one's end; it is not lost.
                        let _ = self.spawn();
                    }
                    self.answer(request);
                }
                Err(error) => {
                    self.report(&error);
                    break;
                }
            }
        }
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }

    /// The next request.
    fn next(&self, http: &tiny_http::Server) -> io::Result<tiny_http::Request> {
        for _ in 0..LOOKS {
            match http.try_recv()? {
                Some(request) => return Ok(request),
                None => thread::yield_now(),
            }
        }
        // A look takes away the word that would end the wait below.
        if self.stopping.load(Ordering::SeqCst) {
            return Err(io::Error::other("stopping"));
        }
        http.recv()
    }

    /// `tiny_http` stops listening after any error of accepting.
    fn report(&self, error: &io::Error) {
        if !self.stopping.load(Ordering::SeqCst) {
            let trouble = Trouble::new("server-lost").with("detail", error);
            let _ = self.service.inbox.fact(Fact::ServerFailed { trouble });
        }
    }

    fn answer(&self, mut request: tiny_http::Request) {
        let body = request.body_length().unwrap_or(0);
        if body > 0 && body <= MAX_BODY {
            // Also says `100 Continue` to a client that waits for it.
            let _ = io::copy(request.as_reader(), &mut io::sink());
        }
        let peer = request.remote_addr().copied();
        let method = request.method().to_string();
        let target = request.url().to_owned();
        let range = header(request.headers(), "Range").map(str::to_owned);
        let keep_alive = body <= MAX_BODY && keeps_alive(&request);
        let asked = Request { peer, method: &method, target: &target, range: range.as_deref(), keep_alive };
        if body <= MAX_BODY {
            self.service.serve(&asked, &mut request.into_writer());
        } else {
            self.service.note_refused(&asked);
            refuse_body(request);
        }
    }
}

/// Answers and lets the connection be. `tiny_http` allocates the announced length when it throws a body away: a header alone
/// could bring the workbench down. Never dropping the reader costs a thread and a socket instead.
fn refuse_body(request: tiny_http::Request) {
    let stream = request.upgrade("none", Response::empty(413));
    std::mem::forget(stream);
}

/// The rule by which `tiny_http` goes on reading the connection.
fn keeps_alive(request: &tiny_http::Request) -> bool {
    let asked = header(request.headers(), "Connection").map(str::to_ascii_lowercase);
    let old = *request.http_version() <= HTTPVersion(1, 0);
    match asked {
        Some(asked) if asked.contains("close") || asked.contains("upgrade") => false,
        Some(asked) => !old || asked.contains("keep-alive"),
        None => !old,
    }
}

fn header<'a>(headers: &'a [Header], name: &'static str) -> Option<&'a str> {
    headers.iter().find(|header| header.field.equiv(name)).map(|header| header.value.as_str())
}
