//! Fetching ranges of an image, one after the other on one connection kept alive.

use super::named;
use crate::device::FetchFailure;
use crate::event::Trouble;
use crate::io::tls::{self, Trust};
use rustls::pki_types::CertificateDer;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::{Agent, Error, Timeout};

/// Real devices give up after so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// A range to be fetched.
pub(super) struct Request {
    pub(super) ticket: u32,
    pub(super) url: String,
    /// On which connection.
    pub(super) lane: u8,
    pub(super) offset: u64,
    pub(super) length: u64,
}

/// What became of it.
pub(super) type Answer = Result<Vec<u8>, FetchFailure>;

/// Starts the thread that fetches; it ends when the requests' sender is dropped.
pub(super) fn start(
    device: &str,
    trust: Trust,
    tell: impl Fn(u32, Answer) + Send + 'static,
) -> Result<SyncSender<Request>, Trouble> {
    // A brain asks for one range at a time, and at most once more after a cancelled one.
    let (requests, queue) = sync_channel::<Request>(8);
    named(format!("fetch {device}"), move || {
        let plain = [agent(None), agent(None)];
        let mut over_tls = None;
        for request in queue {
            let lane = usize::from(request.lane) % plain.len();
            let is_https = request.url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"));
            let answer = if is_https {
                // Only a device that is sent there reads whom the system trusts.
                let agents = over_tls
                    .get_or_insert_with(|| trust.roots().map(|roots| [agent(Some(&roots)), agent(Some(&roots))]));
                match agents {
                    Ok(agents) => fetch(&agents[lane], &request),
                    Err(trouble) => Err(FetchFailure::Unreachable(trouble.code.to_string())),
                }
            } else {
                fetch(&plain[lane], &request)
            };
            tell(request.ticket, answer);
        }
    })?;
    Ok(requests)
}

/// A client as a device has one: no proxy, no redirects, no compression, one connection at a time.
fn agent(trusted: Option<&[CertificateDer<'static>]>) -> Agent {
    let trusted = trusted.unwrap_or_default().iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(tls::provider())
        .root_certs(RootCerts::Specific(Arc::new(trusted)))
        .build();
    Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent("ESP32 HTTP Client/1.0")
        .max_idle_connections(1)
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE))
        .timeout_recv_body(Some(PATIENCE))
        .build()
        .new_agent()
}

fn fetch(agent: &Agent, request: &Request) -> Answer {
    let last = request.offset + request.length.saturating_sub(1);
    let range = format!("bytes={}-{last}", request.offset);
    let response = agent.get(&request.url).header("Range", range).call().map_err(failure)?;
    match response.status().as_u16() {
        206 => {}
        200 if request.offset == 0 => {}
        200 => return Err(FetchFailure::Broken("the server ignores ranges".to_owned())),
        status => return Err(FetchFailure::Status(status)),
    }
    // The limit is the first length refused.
    response.into_body().into_with_config().limit(request.length + 1).read_to_vec().map_err(failure)
}

fn failure(error: Error) -> FetchFailure {
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve)
        | Error::HostNotFound
        | Error::ConnectionFailed
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::Tls(_)
        | Error::Rustls(_) => FetchFailure::Unreachable(error.to_string()),
        Error::Timeout(_) => FetchFailure::TimedOut,
        Error::BodyExceedsLimit(_) => FetchFailure::Broken("the server sent more than was asked for".to_owned()),
        Error::Io(error) if is_unreachable(error.kind()) || tls::tls_error(&error).is_some() => {
            FetchFailure::Unreachable(error.to_string())
        }
        error => FetchFailure::Broken(error.to_string()),
    }
}

fn is_unreachable(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::AddrNotAvailable
    )
}

#[cfg(test)]
mod tests {
    use super::{Answer, Request, agent, fetch};
    use crate::device::FetchFailure;
    use std::collections::HashSet;
    use std::sync::{Arc, Mutex};
    use tiny_http::{Header, Response, Server};

    /// A firmware server that answers the same to every request, and knows how many connections there were.
    struct Site {
        server: Arc<Server>,
        peers: Arc<Mutex<HashSet<String>>>,
        ranges: Arc<Mutex<Vec<String>>>,
    }

    impl Site {
        fn new(status: u16, body: &'static [u8]) -> Self {
            let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
            let (peers, ranges) = (Arc::default(), Arc::default());
            let site = Self { server, peers, ranges };
            let (server, peers, ranges) = (site.server.clone(), site.peers.clone(), site.ranges.clone());
            let serve = move || {
                for request in server.incoming_requests() {
                    peers.lock().unwrap().insert(request.remote_addr().unwrap().to_string());
                    let range = request.headers().iter().find(|header| header.field.equiv("Range"));
                    ranges.lock().unwrap().push(range.map_or(String::new(), |range| range.value.to_string()));
                    let elsewhere: Header = "Location: http://127.0.0.1:1/".parse().unwrap();
                    let answer = Response::from_data(body).with_status_code(status).with_header(elsewhere);
                    let _ = request.respond(answer);
                }
            };
            std::thread::Builder::new().spawn(serve).unwrap();
            site
        }

        fn ask(&self, agent: &ureq::Agent, offset: u64, length: u64) -> Answer {
            let url = format!("http://{}/fw.bin?a=1", self.server.server_addr());
            fetch(agent, &Request { ticket: 1, url, lane: 0, offset, length })
        }
    }

    impl Drop for Site {
        fn drop(&mut self) {
            self.server.unblock();
        }
    }

    fn check(status: u16, offset: u64, length: u64, expected: &Answer) {
        assert_eq!(
            Site::new(status, b"0123456789").ask(&agent(None), offset, length),
            *expected,
            "{status} from {offset}"
        );
    }

    #[test]
    fn what_the_server_answers_is_what_the_device_gets() {
        let broken = |words: &str| Err(FetchFailure::Broken(words.to_owned()));
        check(206, 4096, 10, &Ok(b"0123456789".to_vec()));
        check(206, 4096, 20, &Ok(b"0123456789".to_vec()));
        check(200, 0, 10, &Ok(b"0123456789".to_vec()));
        check(200, 4096, 10, &broken("the server ignores ranges"));
        check(206, 0, 9, &broken("the server sent more than was asked for"));
        check(404, 0, 10, &Err(FetchFailure::Status(404)));
        check(403, 0, 10, &Err(FetchFailure::Status(403)));
        check(302, 0, 10, &Err(FetchFailure::Status(302)));
    }

    #[test]
    fn ranges_are_asked_for_on_one_connection() {
        let (site, agent) = (Site::new(206, b"0123456789"), agent(None));
        for offset in 0..5 {
            site.ask(&agent, offset * 10, 10).unwrap();
        }
        assert_eq!(site.peers.lock().unwrap().len(), 1);
        assert_eq!(site.ranges.lock().unwrap()[1], "bytes=10-19");
    }

    #[test]
    fn a_server_that_is_not_there_is_unreachable() {
        let url = |url: &str| Request { ticket: 1, url: url.to_owned(), lane: 0, offset: 0, length: 1 };
        for url in [url("http://127.0.0.1:1/fw"), url("https://127.0.0.1/fw"), url("no url")] {
            let answer = fetch(&agent(None), &url);
            assert!(matches!(answer, Err(FetchFailure::Unreachable(_))), "{}: {answer:?}", url.url);
        }
    }
}
