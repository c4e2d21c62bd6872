//! The TLS listeners of a session: each stands and falls with the plain service behind it.

use crate::event::{Fact, TlsService, Trouble};
use crate::io::tls::{Authority, Behind, Certificates, Limits, Terminator, Trust};
use crate::io::{Inbox, network};
use std::path::PathBuf;
use std::sync::Arc;

/// The TLS side of a session.
pub struct Secured {
    inbox: Inbox,
    folder: Option<PathBuf>,
    /// Whom external brokers are trusted by, and what they are shown.
    trust: Trust,
    /// Made when it is first needed.
    certificates: Option<Arc<Certificates>>,
    /// The host devices are told for downloads.
    advertised: Option<String>,
    mqtts: Listener,
    https: Listener,
}

#[derive(Default)]
struct Listener {
    wanted: Option<String>,
    behind: Option<Behind>,
    running: Option<Terminator>,
}

impl Secured {
    /// Nothing listens yet.
    pub fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            folder: None,
            trust: Trust::default(),
            certificates: None,
            advertised: None,
            mqtts: Listener::default(),
            https: Listener::default(),
        }
    }

    /// Where the authority is kept, and whom to trust.
    pub fn prepare(&mut self, folder: Option<PathBuf>, trust: Trust) {
        (self.folder, self.trust) = (folder, trust);
    }

    /// Listens there, or nowhere. Returns what came of it; nothing when that is so already.
    pub fn set(&mut self, service: TlsService, wanted: Option<String>) -> Vec<Fact> {
        let listener = self.listener(service);
        if listener.wanted == wanted && (listener.running.is_some() || wanted.is_none()) {
            return Vec::new();
        }
        listener.wanted = wanted;
        self.listener_stopped(service).into_iter().chain(self.start(service)).collect()
    }

    /// The plain service is about to stop.
    pub fn detach(&mut self, service: TlsService) -> Option<Fact> {
        self.listener(service).behind = None;
        self.listener_stopped(service)
    }

    /// The plain service runs.
    pub fn attach(&mut self, service: TlsService, behind: Behind) -> Option<Fact> {
        let address = network::reachable_here(behind.address);
        self.listener(service).behind = Some(Behind { address, ..behind });
        self.start(service)
    }

    /// Puts the host of the URLs devices are told into the certificates.
    pub fn advertise(&mut self, prefix: &str) {
        self.advertised = Some(prefix.to_owned());
        if let Some(certificates) = &self.certificates {
            certificates.add_host_of(prefix);
        }
    }

    /// The URL by which a simulated device signs in over TLS, if that is possible.
    pub fn broker_url(&self) -> Option<String> {
        let running = self.mqtts.running.as_ref()?;
        Some(format!("mqtts://{}", network::reachable_here(running.address())))
    }

    /// Whether other computers can sign in over TLS.
    pub fn is_exposed(&self) -> bool {
        self.mqtts.running.as_ref().is_some_and(|running| !running.address().ip().is_loopback())
    }

    /// Whom an external broker has to convince.
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Whom a simulated device trusts: as a real one that was given the authority's certificate.
    pub fn trust_of_devices(&self) -> Trust {
        match &self.certificates {
            Some(certificates) => self.trust.clone().with_own(certificates.authority_pem()),
            None => self.trust.clone(),
        }
    }

    /// The certificate to be put into devices, as PEM.
    pub fn authority_pem(&mut self) -> Result<String, Trouble> {
        self.certificates().map(|certificates| certificates.authority_pem().to_owned())
    }

    /// Lets go of both listeners.
    pub fn stop(&mut self) {
        (self.mqtts, self.https) = (Listener::default(), Listener::default());
    }

    const fn listener(&mut self, service: TlsService) -> &mut Listener {
        match service {
            TlsService::Mqtts => &mut self.mqtts,
            TlsService::Https => &mut self.https,
        }
    }

    fn listener_stopped(&mut self, service: TlsService) -> Option<Fact> {
        self.listener(service).running.take().map(|_| Fact::TlsStopped { service })
    }

    fn start(&mut self, service: TlsService) -> Option<Fact> {
        let listener = self.listener(service);
        let (address, behind) = (listener.wanted.clone()?, listener.behind.clone()?);
        let started = self.certificates().and_then(|certificates| {
            network::check_address(&address)?;
            let (place, limits) = (network::resolved(&address), Limits::of(service));
            Terminator::start(service, &place, behind, certificates, limits, self.inbox.clone())
        });
        Some(match started {
            Ok(terminator) => {
                let address = terminator.address().to_string();
                self.listener(service).running = Some(terminator);
                Fact::TlsStarted { service, address: address.into() }
            }
            Err(trouble) => Fact::TlsFailed { service, trouble },
        })
    }

    fn certificates(&mut self) -> Result<Arc<Certificates>, Trouble> {
        if let Some(certificates) = &self.certificates {
            return Ok(Arc::clone(certificates));
        }
        let folder = self
            .folder
            .as_deref()
            .ok_or_else(|| Trouble::new("tls-not-started").with("detail", "no folder for its certificate authority"))?;
        let made = Arc::new(Certificates::new(Authority::open(folder)?)?);
        if let Some(prefix) = &self.advertised {
            made.add_host_of(prefix);
        }
        self.certificates = Some(Arc::clone(&made));
        Ok(made)
    }
}
