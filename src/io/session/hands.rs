//! The session's hands: the adapters it runs, and how an action becomes facts.

use super::access::Access;
use super::ports::Ports;
use super::pushes::Pushes;
use super::replays::Replays;
use super::saver::{Kept, Saver};
use super::secured::Secured;
use crate::bench::{Action, Bench, PushOrder, SimulatedOrder};
use crate::device::console_name;
use crate::dialect;
use crate::event::{ClientName, DeviceId, Fact, ImageId, MASK, Micros, TlsService, Trouble, UpgradeId, UpgradeOrder};
use crate::io::broker::{Broker, LostAck, Rules};
use crate::io::build_file::Snapshot;
use crate::io::client::Client;
use crate::io::network;
use crate::io::outbox::Sending;
use crate::io::server::FirmwareServer;
use crate::io::shelf::{Prepared, ReadBuild, Shelf};
use crate::io::simulated::Simulated;
use crate::io::tls::{Behind, Trust};
use crate::io::{Inbox, Keyring};
use crate::upgrade::{BlockRequest, ReplyTo};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The broker in use.
pub(super) enum BrokerHand {
    Embedded(Broker),
    /// The client and the URL, for simulated devices.
    External(Client, String),
}

/// Everything with a socket, a port or a file.
pub struct Hands {
    pub(super) inbox: Inbox,
    pub(super) broker: Option<BrokerHand>,
    server: Option<(FirmwareServer, String)>,
    pub(super) secured: Secured,
    pushes: Pushes,
    pub(super) shelf: Shelf,
    images: BTreeMap<ImageId, PathBuf>,
    next_image: ImageId,
    ports: Ports,
    simulated: Simulated,
    pub(super) access: Access,
    saver: Saver,
    pub(super) replays: Replays,
}

impl Hands {
    /// Hands that hold nothing yet.
    ///
    /// # Errors
    /// `thread-not-started`, `no-randomness`.
    pub fn new(inbox: Inbox) -> Result<Self, Trouble> {
        Ok(Self {
            shelf: Shelf::start(inbox.clone())?,
            saver: Saver::new(inbox.clone()),
            simulated: Simulated::new(inbox.clone()),
            secured: Secured::new(inbox.clone()),
            ports: Ports::new(inbox.clone()),
            inbox,
            broker: None,
            server: None,
            pushes: Pushes::new()?,
            images: BTreeMap::new(),
            next_image: 1,
            access: Access::default(),
            replays: Replays::default(),
        })
    }

    /// Where our certificate authority is kept, and whom to trust as a client.
    pub fn prepare(&mut self, folder: Option<PathBuf>, trust: Trust) {
        self.secured.prepare(folder, trust);
    }

    /// The secrets of this session.
    pub fn keyring(&self) -> Arc<Keyring> {
        self.access.keyring()
    }

    /// Lets go of everything.
    pub fn stop(&mut self) {
        self.replays.stop_all();
        self.simulated.stop_all();
        self.ports.stop();
        self.secured.stop();
        self.broker = None;
        self.server = None;
    }

    /// Does what the operator asks for, or begins to. Returns what is known to have happened at once.
    pub fn act(&mut self, action: Action, bench: &Bench) -> Vec<Fact> {
        match action {
            Action::AddImages(paths) => paths.into_iter().filter_map(|path| trouble(self.add_image(path))).collect(),
            Action::RemoveImage(image) => {
                self.images.remove(&image);
                let forgotten = self.shelf.forget(image);
                std::iter::once(Fact::ImageRemoved { image }).chain(trouble(forgotten)).collect()
            }
            Action::AddDevice { device, dialect } => vec![match dialect::find(&dialect) {
                Ok(_) => Fact::DeviceAdded { device, dialect: dialect.into() },
                Err(trouble) => Fact::TroubleMet { trouble },
            }],
            Action::RemoveDevice(device) => {
                self.access.forget(&device);
                vec![Fact::DeviceRemoved { device }]
            }
            Action::SetSecret { device, secret } => vec![self.access.set_secret(device, secret)],
            Action::SetProductSecret { product, secret } => {
                self.access.set_product_secret(&product, secret);
                Vec::new()
            }
            Action::SetOpen(open) => vec![self.access.set_open(open)],
            Action::Push(order) => {
                let order = order.tidy();
                let begun = bench.check_push(&order).and_then(|()| self.shelf.prepare(order));
                trouble(begun).into_iter().collect()
            }
            Action::CancelUpgrade(upgrade) => vec![Fact::UpgradeCancelled { upgrade }],
            Action::RetryUpgrade(upgrade) => vec![fact(self.retry(upgrade, bench))],
            Action::StartSimulatedDevice(order) => {
                self.simulate(order, bench).unwrap_or_else(|trouble| vec![Fact::TroubleMet { trouble }])
            }
            Action::StopSimulatedDevice(device) => self.switch_off(console_name(&device)),
            Action::ClosePort(port) => {
                let closed = trouble(self.ports.close(&port));
                let silenced = self.ports.repeats.forget(&port);
                let off = |name: String| Fact::RepeatSet { port: (&port).into(), name: name.into(), every_ms: None };
                let silenced: Vec<_> = silenced.into_iter().map(off).collect();
                closed.into_iter().chain(silenced).chain(self.switch_off(port)).collect()
            }
            Action::Send { port, bytes } => self.send(&port, bytes),
            // The session's own.
            Action::LogConsoles(_) => Vec::new(),
            Action::OpenPort { .. }
            | Action::BindPort { .. }
            | Action::MoveLines { .. }
            | Action::SendFile { .. }
            | Action::CancelFile(_)
            | Action::Repeat { .. }
            | Action::EndRepeats(_) => self.ports.act(action),
            Action::SaveQuickSends { file, sends } => {
                trouble(self.saver.save(&file, Kept::QuickSends(sends))).into_iter().collect()
            }
            Action::SaveMessages { file, messages } => {
                trouble(self.saver.save(&file, Kept::Messages(messages))).into_iter().collect()
            }
            Action::Publish(message) => self.publish_alone(message).into_iter().collect(),
            Action::Replay(order) => vec![fact(self.replay(*order, bench))],
            Action::SteerReplay(order) => trouble(self.replays.steer(order, bench)).into_iter().collect(),
            Action::OrderAgain { replay, order, serve } => {
                self.order_again(replay, &order, serve, bench).into_iter().collect()
            }
            Action::SetBroker(place) => self.set_broker(&place),
            Action::SetServer { address, advertise } => self.set_server(&address, advertise),
            Action::SetTls { mqtts, https } => {
                let mut facts = self.secured.set(TlsService::Mqtts, mqtts);
                facts.extend(self.secured.set(TlsService::Https, https));
                facts
            }
            Action::SaveAuthority(file) => trouble(self.save_authority(&file)).into_iter().collect(),
        }
    }

    /// Takes what the shelf has read.
    pub fn take_prepared(&mut self, prepared: Prepared, bench: &Bench) -> Vec<Fact> {
        match prepared {
            Prepared::Image { image, path, read } => match read {
                Ok(snapshot) => vec![added(image, &path, &snapshot)],
                // A file that was never read is not on the list: it is refused.
                Err(trouble) if bench.build(image).is_none() => {
                    self.images.remove(&image);
                    let _ = self.shelf.forget(image);
                    vec![Fact::TroubleMet { trouble }]
                }
                Err(trouble) => vec![Fact::ImageTroubled { image, trouble }],
            },
            Prepared::Push { order, read } => match read {
                Ok(files) => {
                    self.push(order, &files, bench).unwrap_or_else(|trouble| vec![Fact::TroubleMet { trouble }])
                }
                Err((image, trouble)) => {
                    vec![Fact::ImageTroubled { image, trouble: trouble.clone() }, Fact::TroubleMet { trouble }]
                }
            },
        }
    }

    /// Publishes as the cloud. Without a broker the message is dropped, and said to be.
    pub fn publish(&self, message: impl Into<Sending>) -> Option<Fact> {
        let sending = message.into();
        match &self.broker {
            Some(BrokerHand::Embedded(broker)) => broker.publish(sending),
            Some(BrokerHand::External(client, _)) => client.publish(sending),
            None if sending.receipt.is_some() => {}
            None => {
                let (topic, reason) = (sending.message.topic.into(), "there is no broker".into());
                return Some(Fact::MessageDropped { client: None, topic, reason });
            }
        }
        None
    }

    /// Ends a device's connection on purpose, and turns it away for so long. Only our own broker can.
    pub fn turn_away(&self, device: DeviceId, client: Option<ClientName>, millis: u64) {
        if let Some(BrokerHand::Embedded(broker)) = &self.broker {
            broker.turn_away(device, client, Duration::from_millis(millis));
        }
    }

    /// Loses the next acknowledgement of this topic on purpose. Only our own broker can.
    pub fn lose_ack(&self, upgrade: UpgradeId, client: Option<ClientName>, topic: String) {
        if let Some(BrokerHand::Embedded(broker)) = &self.broker {
            broker.lose_ack(LostAck { upgrade, client, topic });
        }
    }

    /// Stops serving an upgrade's files.
    pub fn withdraw(&mut self, order: &UpgradeOrder) {
        self.pushes.withdraw(order);
    }

    /// Answers a request for a block of firmware. The bytes stay out of the events: the capture is no copy of the build.
    pub fn serve_block(&self, device: DeviceId, dialect: &str, reply: &ReplyTo, block: &BlockRequest) -> Option<Fact> {
        let file = self.pushes.stream(&device, block.stream);
        let answer = dialect::find(dialect).ok()?.block(reply, block, file)?;
        let BlockRequest { stream, file, offset, .. } = *block;
        let device = device.into();
        let told = Fact::BlockServed { device, stream, file, offset, length: answer.length, code: answer.code };
        self.publish(Sending { message: answer.message, told, retain: false, receipt: None })
    }

    /// Tells a device its secret. The events show that it was told, not what.
    pub fn tell_password(&self, device: &DeviceId, dialect: &str, reply: &ReplyTo) -> Option<Fact> {
        let dialect = dialect::find(dialect).ok()?;
        let (secret, made) = match self.access.secret_for_registered(device) {
            Ok(told) => told,
            Err(trouble) => return Some(Fact::TroubleMet { trouble }),
        };
        let shown = Sending::from(dialect.password(reply, MASK)?);
        let message = dialect.password(reply, secret.reveal())?;
        let dropped = self.publish(Sending { message, told: shown.told, retain: false, receipt: None });
        made.or(dropped)
    }

    fn add_image(&mut self, path: PathBuf) -> Result<(), Trouble> {
        // The same file again is read again, under its own id.
        let path = std::path::absolute(&path).unwrap_or(path);
        let known = self.images.iter().find(|(_, known)| **known == path).map(|(image, _)| *image);
        let image = known.unwrap_or_else(|| {
            self.next_image += 1;
            self.next_image - 1
        });
        self.images.insert(image, path.clone());
        self.shelf.add(image, path)
    }

    fn push(&mut self, order: PushOrder, files: &[ReadBuild], bench: &Bench) -> Result<Vec<Fact>, Trouble> {
        // Meanwhile the device may have begun another upgrade.
        bench.check_push(&order)?;
        let (_, advertised) = self.server.as_ref().ok_or_else(|| Trouble::new("no-server"))?;
        let changed =
            |file: &&ReadBuild| bench.build(file.image).is_none_or(|build| build.md5 != file.snapshot.digests.md5);
        let changed = files.iter().filter(changed).map(|file| added(file.image, &file.path, &file.snapshot));
        let upgrade = bench.next_upgrade();
        if let Some(recorded) = self.replays.take_again(&order) {
            let files: Vec<_> = files.iter().map(|file| &file.snapshot).collect();
            let order = self.pushes.begin_again(&recorded, upgrade, advertised, &files)?;
            return Ok(changed.chain([Fact::UpgradeRequested { order: Arc::new(order) }]).collect());
        }
        let task = dialect::find(&order.dialect)?.task(upgrade, bench.started_unix_millis());
        let files: Vec<_> = files.iter().map(|file| &file.snapshot).collect();
        let order = self.pushes.begin(order, upgrade, task, advertised, &files)?;
        Ok(changed.chain([Fact::UpgradeRequested { order: Arc::new(order) }]).collect())
    }

    /// Serves an upgrade's bytes under its old paths again, so that the same push can be sent again.
    fn retry(&mut self, upgrade: UpgradeId, bench: &Bench) -> Result<Fact, Trouble> {
        let order = &bench.case(upgrade).ok_or_else(|| Trouble::new("retry-too-old"))?.order;
        let of_device = bench.cases().iter().rev().map(|case| (&case.order, &case.upgrade));
        let mut of_device = of_device.filter(|(other, _)| other.device == order.device && other.module == order.module);
        if let Some((open, _)) = of_device.find(|(_, upgrade)| upgrade.state().outcome().is_none()) {
            return Err(Trouble::new("upgrade-in-progress")
                .with("device", &open.device)
                .with("version", &open.version));
        }
        let (_, advertised) = self.server.as_ref().ok_or_else(|| Trouble::new("no-server"))?;
        self.pushes.restore(order, advertised)?;
        Ok(Fact::UpgradeRetried { upgrade })
    }

    fn send(&self, port: &str, bytes: Vec<u8>) -> Vec<Fact> {
        // A port tells by itself when they are written.
        let sent = self.ports.send(port, bytes);
        sent.unwrap_or_else(|bytes| Some(fact(self.simulated.type_in(port, bytes)))).into_iter().collect()
    }

    /// When something is to be sent again.
    pub fn poll_timeout(&self) -> Option<Micros> {
        self.ports.repeats.poll_timeout()
    }

    /// Sends again what is due, to ports that are open: one that is away is spared until it is back.
    pub fn handle_timeout(&mut self, now: Micros, bench: &Bench) -> Vec<Fact> {
        let due = self.ports.repeats.take_due(now);
        let open = |port: &str| bench.ports().any(|(name, known)| name == port && known.state.is_ok());
        let due = due.into_iter().filter(|(port, _)| open(port)).collect::<Vec<_>>();
        let beat = |(port, bytes): (String, Vec<u8>)| match self.ports.send_beat(&port, bytes) {
            Ok(()) => None,
            Err(bytes) => Some(fact(self.simulated.type_in(&port, bytes))),
        };
        due.into_iter().filter_map(beat).collect()
    }

    fn simulate(&mut self, order: SimulatedOrder, bench: &Bench) -> Result<Vec<Fact>, Trouble> {
        let mut guarded = false;
        let url = match &self.broker {
            Some(BrokerHand::Embedded(broker)) => {
                // Where it can, it comes over TLS: it is there to try the bench out.
                let over_tls = self.secured.broker_url();
                guarded = !broker.address().ip().is_loopback() || (over_tls.is_some() && self.secured.is_exposed());
                over_tls.unwrap_or_else(|| format!("mqtt://{}", network::reachable_here(broker.address())))
            }
            Some(BrokerHand::External(_, url)) => url.clone(),
            None => return Err(Trouble::new("no-broker")),
        };
        let taken = |device: &DeviceId| bench.device(device).is_some();
        let (trust, mut lent) = (self.secured.trust_of_devices(), None);
        let access = &mut self.access;
        let opened = self.simulated.start(url, trust, order, taken, |device| {
            let (secret, fact) = access.secret_for_simulated(device, guarded)?;
            lent = fact;
            Ok(secret)
        })?;
        Ok(lent.into_iter().chain([opened]).collect())
    }

    fn save_authority(&mut self, file: &Path) -> Result<(), Trouble> {
        let pem = self.secured.authority_pem()?;
        std::fs::write(file, pem)
            .map_err(|error| Trouble::new("file-unwritable").with("path", file.display()).with("detail", error))
    }

    /// Switches the simulated device with this console off, if it is one.
    fn switch_off(&mut self, console: String) -> Vec<Fact> {
        let lent = self.access.take_back(&console);
        self.simulated.stop(console).into_iter().chain(lent).collect()
    }

    /// An address for the embedded broker, a URL for an external one.
    fn set_broker(&mut self, place: &str) -> Vec<Fact> {
        let unsecured = self.secured.detach(TlsService::Mqtts);
        let stopped = self.broker.take().map(|_| Fact::BrokerStopped);
        let started = if place.contains("://") {
            let filters = dialect::ALL.iter().flat_map(|dialect| dialect.upstream_filters());
            let filters = filters.map(ToString::to_string).collect();
            Client::start(place, self.secured.trust(), filters, self.inbox.clone()).map(|client| {
                // It tells by itself when it is connected.
                self.broker = Some(BrokerHand::External(client, place.to_owned()));
                None
            })
        } else {
            let start = |()| {
                let rules = Rules { implicit: Box::new(implicit), keyring: self.access.keyring() };
                Broker::start(&network::resolved(place), rules, self.inbox.clone())
            };
            network::check_broker_address(place).and_then(start).map(|broker| {
                let address = broker.address().to_string();
                self.broker = Some(BrokerHand::Embedded(broker));
                Some(Fact::BrokerStarted { address: address.into(), external: false })
            })
        };
        let started = started.unwrap_or_else(|trouble| Some(Fact::BrokerFailed { trouble }));
        let secured = match &self.broker {
            Some(BrokerHand::Embedded(broker)) => {
                let behind = Behind { address: broker.address(), peers: Arc::clone(broker.peers()) };
                self.secured.attach(TlsService::Mqtts, behind)
            }
            _ => None,
        };
        unsecured.into_iter().chain(stopped).chain(started).chain(secured).collect()
    }

    fn set_server(&mut self, address: &str, advertise: Option<String>) -> Vec<Fact> {
        if let Some(Err(trouble)) = advertise.as_deref().map(network::check_prefix) {
            return vec![Fact::TroubleMet { trouble }];
        }
        // The old one first: the new address may be the same.
        let unsecured = self.secured.detach(TlsService::Https);
        self.server = None;
        let started = self.start_server(address, advertise);
        let secured = self.server.as_ref().map(|(server, advertised)| {
            (Behind { address: server.address(), peers: Arc::clone(server.peers()) }, advertised.clone())
        });
        let secured = secured.and_then(|(behind, advertised)| {
            self.secured.advertise(&advertised);
            self.secured.attach(TlsService::Https, behind)
        });
        unsecured.into_iter().chain([started]).chain(secured).collect()
    }

    fn start_server(&mut self, address: &str, advertise: Option<String>) -> Fact {
        match FirmwareServer::start(address, self.pushes.offers(), self.inbox.clone()) {
            Ok(server) => {
                let address = server.address();
                let advertised = advertise.map_or_else(
                    || format!("http://{}", network::reachable_from_outside(address)),
                    |prefix| prefix.trim_end_matches('/').to_owned(),
                );
                self.server = Some((server, advertised.clone()));
                Fact::ServerStarted { address: address.to_string().into(), advertised: advertised.into() }
            }
            Err(trouble) => Fact::ServerFailed { trouble },
        }
    }
}

fn trouble(done: Result<(), Trouble>) -> Option<Fact> {
    done.err().map(|trouble| Fact::TroubleMet { trouble })
}

fn fact(done: Result<Fact, Trouble>) -> Fact {
    done.unwrap_or_else(|trouble| Fact::TroubleMet { trouble })
}

fn added(image: ImageId, path: &Path, snapshot: &Snapshot) -> Fact {
    Fact::ImageAdded {
        image,
        path: path.display().to_string().into(),
        name: snapshot.name.clone().into(),
        size: snapshot.bytes.len() as u64,
        md5: snapshot.digests.md5.clone().into(),
        sha256: snapshot.digests.sha256.clone().into(),
        version: snapshot.version.as_ref().map(|found| found.version.as_str().into()),
    }
}

/// What the client's cloud would subscribe for it by itself.
fn implicit(client_id: &str, username: Option<&str>) -> Vec<String> {
    dialect::identify(client_id, username)
        .map(|(dialect, device)| dialect.implicit_subscriptions(&device))
        .unwrap_or_default()
}
