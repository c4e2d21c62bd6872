//! TLS in a session: it comes and goes with the plain services, and is switched while they run.

use crate::bench::DEADLINE;
use ota_workbench::bench::{Action, Bench, Service};
use ota_workbench::event::{Fact, TlsService};
use ota_workbench::io::session::{BrokerChoice, Session, SessionOptions, TlsOptions};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const ANYWHERE: &str = "127.0.0.1:0";

struct Desk {
    session: Session,
    bench: Bench,
    facts: Vec<Fact>,
}

impl Desk {
    fn open(tls: TlsOptions) -> Self {
        let options = SessionOptions {
            broker: BrokerChoice::Embedded(ANYWHERE.into()),
            http: ANYWHERE.into(),
            tls,
            ..SessionOptions::default()
        };
        let session = Session::start(options, Box::new(|| {})).unwrap();
        let bench = Bench::new(session.clock().began_unix_ms());
        Self { session, bench, facts: Vec::new() }
    }

    fn act(&mut self, action: Action) {
        self.facts.clear();
        self.session.act(action);
    }

    /// Follows the session until something is so.
    fn until(&mut self, so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !so(self) {
            assert!(Instant::now() < deadline, "not in time: {:?}", self.facts);
            for event in self.session.wait(Duration::from_millis(200)).events {
                let _ = self.bench.apply(&event);
                self.facts.push(event.fact.clone());
            }
        }
    }

    fn address(&self, service: TlsService) -> Option<String> {
        match self.bench.tls(service) {
            Service::Running { address, .. } => Some(address.clone()),
            _ => None,
        }
    }

    fn kinds(&self) -> Vec<&'static str> {
        let kind = |fact: &Fact| match fact {
            Fact::BrokerStarted { .. } => "broker",
            Fact::BrokerStopped => "no broker",
            Fact::ServerStarted { .. } => "server",
            Fact::TlsStarted { .. } => "tls",
            Fact::TlsStopped { .. } => "no tls",
            _ => "other",
        };
        self.facts.iter().map(kind).collect()
    }
}

#[test]
fn tls_is_switched_on_and_off_while_the_bench_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(TlsOptions { folder: Some(folder.path().join("tls")), ..TlsOptions::default() });
    desk.until(|desk| matches!(desk.bench.server(), Service::Running { .. }));
    assert_eq!(desk.kinds(), ["broker", "server"], "nothing of TLS where nobody asked for it");
    assert!(!folder.path().join("tls").exists(), "nor an authority");

    desk.act(Action::SetTls { mqtts: Some(ANYWHERE.into()), https: Some("localhost:0".into()) });
    desk.until(|desk| desk.address(TlsService::Https).is_some());
    assert_eq!(desk.kinds(), ["tls", "tls"]);
    let before = desk.address(TlsService::Mqtts);

    // Confirmed once more, nothing changes: devices would be cut off.
    desk.act(Action::SetTls { mqtts: Some(ANYWHERE.into()), https: None });
    desk.until(|desk| desk.address(TlsService::Https).is_none());
    assert_eq!((desk.kinds(), desk.address(TlsService::Mqtts)), (vec!["no tls"], before));

    desk.act(Action::SetBroker(ANYWHERE.into()));
    desk.until(|desk| desk.facts.len() == 4);
    assert_eq!(desk.kinds(), ["no tls", "no broker", "broker", "tls"]);

    desk.act(Action::SetBroker("mqtt://127.0.0.1:1".into()));
    desk.until(|desk| desk.address(TlsService::Mqtts).is_none());

    let saved = folder.path().join("saved.pem");
    desk.act(Action::SaveAuthority(saved.clone()));
    desk.act(Action::SaveAuthority(folder.path().join("no").join("such.pem")));
    desk.until(|desk| {
        desk.facts.iter().any(|fact| matches!(fact, Fact::TroubleMet { trouble } if trouble.code == "file-unwritable"))
    });
    let own = std::fs::read_to_string(folder.path().join("tls").join("ca.pem")).unwrap();
    assert_eq!(std::fs::read_to_string(saved).unwrap(), own);
}

#[test]
fn a_port_that_is_taken_is_told_and_tried_again_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(ANYWHERE).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let tls = TlsOptions { https: Some(address.clone()), folder: Some(folder.path().into()), ..TlsOptions::default() };
    let mut desk = Desk::open(tls);
    desk.until(|desk| matches!(desk.bench.tls(TlsService::Https), Service::Failed(_)));
    let Service::Failed(trouble) = desk.bench.tls(TlsService::Https) else { unreachable!() };
    assert_eq!((&*trouble.code, trouble.arg("address")), ("address-in-use", Some(address.as_str())));
    assert!(matches!(desk.bench.server(), Service::Running { .. }), "the plain server runs all the same");
    drop(taken);
    desk.act(Action::SetTls { mqtts: None, https: Some(address.clone()) });
    desk.until(|desk| desk.address(TlsService::Https) == Some(address.clone()));
}
