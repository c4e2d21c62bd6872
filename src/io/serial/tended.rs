//! A port that is kept open: opened, and opened again whenever it comes back, wherever it is plugged in.

use super::retry::{Retry, Why};
use super::{Holder, Link, RELEASE, SerialPort, available_ports, holders, named};
use crate::bench::{FlowControl, LineStep, PluggedPort, PortIdentity, SerialSettings, steps};
use crate::event::{Fact, LineMove, Trouble};
use crate::io::Inbox;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How many orders may wait for a reset to end.
const CAPACITY: usize = 64;

/// What the operator, or the port's own reader, has to say.
enum Order {
    Open(SerialSettings, Option<PortIdentity>),
    Close,
    Move(LineMove),
    /// The connection with this number is over.
    Ended(u64, Option<Trouble>),
    /// Nothing: look whether it is over.
    Look,
}

/// What the handle and the thread share.
#[derive(Default)]
struct Shared {
    /// The way to the writer, while the port is open.
    link: Mutex<Option<Arc<Link>>>,
    over: AtomicBool,
}

/// A port that is kept open. Dropping it closes it.
pub struct TendedPort {
    name: String,
    orders: SyncSender<Order>,
    shared: Arc<Shared>,
    done: Receiver<()>,
}

impl TendedPort {
    /// A port that is still closed, under the name that all its facts will have.
    ///
    /// # Errors
    /// `port-failed` when there is no thread for it.
    pub fn new(name: &str, inbox: Inbox) -> Result<Self, Trouble> {
        let (orders, queue) = sync_channel(CAPACITY);
        let (holding, done) = sync_channel(0);
        let shared = Arc::<Shared>::default();
        let tender = Tender {
            name: name.to_owned(),
            path: name.to_owned(),
            told_path: name.to_owned(),
            orders: orders.clone(),
            queue,
            shared: Arc::clone(&shared),
            inbox,
            wanted: None,
            identity: PortIdentity::named(name),
            others: None,
            open: None,
            connections: 0,
            retry: Retry::new(),
            next: None,
            told: None,
            was_open: false,
        };
        named("serial", name, move || {
            tender.run();
            drop(holding);
        })?;
        Ok(Self { name: name.to_owned(), orders, shared, done })
    }

    /// Opens it, or gives it other settings. What comes of it is told in facts. Never waits.
    ///
    /// # Errors
    /// `port-send-full`.
    pub fn open(&self, settings: SerialSettings, identity: Option<PortIdentity>) -> Result<(), Trouble> {
        self.order(Order::Open(settings, identity))
    }

    /// Closes it, or ends waiting for it. Never waits.
    ///
    /// # Errors
    /// `port-send-full`.
    pub fn close(&self) -> Result<(), Trouble> {
        self.order(Order::Close)
    }

    /// Moves its control lines. Never waits.
    ///
    /// # Errors
    /// `port-gone`, `port-send-full`.
    pub fn move_lines(&self, line: LineMove) -> Result<(), Trouble> {
        self.link()?;
        self.order(Order::Move(line))
    }

    /// Queues bytes to be written; `BytesSent` tells when they were. Never waits.
    ///
    /// # Errors
    /// `port-gone`, `port-send-full`.
    pub fn send(&self, bytes: Vec<u8>) -> Result<(), Trouble> {
        self.link()?.send(&self.name, bytes)
    }

    /// Queues a file to be written. Never waits.
    ///
    /// # Errors
    /// `port-gone`, `port-send-full`.
    pub fn send_file(&self, file: PathBuf) -> Result<(), Trouble> {
        self.link()?.send_file(&self.name, file)
    }

    /// Gives up every file asked for so far.
    pub fn cancel_files(&self) {
        if let Ok(link) = self.link() {
            link.cancel_files();
        }
    }

    /// Begins to close it for good; dropping it then waits until it is.
    pub fn leave(&self) {
        self.shared.over.store(true, Ordering::Release);
        // When the queue is full, the thread looks by itself.
        let _ = self.orders.try_send(Order::Look);
    }

    fn link(&self) -> Result<Arc<Link>, Trouble> {
        let link = self.shared.link.lock().unwrap_or_else(PoisonError::into_inner).clone();
        link.ok_or_else(|| Trouble::new("port-gone").with("port", &self.name))
    }

    fn order(&self, order: Order) -> Result<(), Trouble> {
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => Trouble::new("port-send-full").with("port", &self.name),
            TrySendError::Disconnected(_) => Trouble::new("port-gone").with("port", &self.name),
        })
    }
}

impl Drop for TendedPort {
    fn drop(&mut self) {
        self.leave();
        // Not a join: a reader may be waiting for the very session that drops this.
        let _ = self.done.recv_timeout(RELEASE);
    }
}

/// The thread's side.
struct Tender {
    /// What all facts call it.
    name: String,
    /// What the system calls it now, and what was told of that.
    path: String,
    told_path: String,
    orders: SyncSender<Order>,
    queue: Receiver<Order>,
    shared: Arc<Shared>,
    inbox: Inbox,
    /// Its settings, while it is to be open.
    wanted: Option<SerialSettings>,
    identity: PortIdentity,
    /// Ports that were there when it went.
    others: Option<Vec<String>>,
    open: Option<(SerialPort, Instant)>,
    connections: u64,
    retry: Retry,
    /// When to try again.
    next: Option<Instant>,
    /// The trouble that was told last.
    told: Option<String>,
    /// Whether it was open since it was asked for.
    was_open: bool,
}

impl Tender {
    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn run(mut self) {
        while !self.shared.over.load(Ordering::Acquire) {
            let order = match self.next {
                Some(at) => self.queue.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match order {
                Ok(Order::Open(settings, identity)) => self.take_settings(settings, identity),
                Ok(Order::Close) => self.close(),
                Ok(Order::Move(line)) => self.move_lines(line),
                Ok(Order::Ended(connection, trouble)) if connection == self.connections => self.lose(trouble),
                Ok(Order::Ended(..) | Order::Look) => {}
                Err(RecvTimeoutError::Timeout) => self.try_to_open(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if self.open.is_some() {
            self.let_go();
            // The port's last word is part of the session.
            while let Ok(order) = self.queue.recv_timeout(RELEASE) {
                if matches!(order, Order::Ended(connection, _) if connection == self.connections) {
                    return;
                }
            }
        }
    }

    fn take_settings(&mut self, settings: SerialSettings, identity: Option<PortIdentity>) {
        self.wanted = Some(settings);
        if let Some((port, _)) = &mut self.open {
            let told = match port.set(settings) {
                Ok(()) => Fact::PortOpened { port: self.name.clone(), settings: settings.to_string() },
                Err(trouble) => Fact::TroubleMet { trouble },
            };
            let differs = port.differs(settings).map(|trouble| Fact::TroubleMet { trouble });
            self.tell(std::iter::once(told).chain(differs));
            return;
        }
        if let Some(identity) = identity {
            (self.identity, self.others) = (identity, None);
        }
        (self.retry, self.told, self.was_open) = (Retry::new(), None, false);
        self.try_to_open();
    }

    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn try_to_open(&mut self) {
        self.next = None;
        let Some(settings) = self.wanted else { return };
        match self.open_port(settings) {
            Ok((mut port, plugged)) => {
                *self.shared.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&port.link));
                let differs = port.differs(settings).map(|trouble| Fact::TroubleMet { trouble });
                // As the window shows them; a pseudo terminal has none. With RTS/CTS the driver moves RTS.
                let raised = [LineStep::Dtr(true), LineStep::Rts(true)];
                let ours = if settings.flow_control == FlowControl::Hardware { 1 } else { 2 };
                let _ = port.play(&raised[..ours]);
                self.open = Some((port, Instant::now()));
                (self.told, self.was_open, self.others) = (None, true, None);
                if let Some(mine) = plugged.iter().find(|known| known.name == self.path) {
                    self.identity = mine.identity(&plugged);
                }
                let shared = self.shared_with();
                self.tell(differs.into_iter().chain(shared));
            }
            Err(trouble) => self.wait_for_it(trouble),
        }
    }

    /// Opens the port where it is now. Gives the ports that are there, to know it by.
    fn open_port(&mut self, settings: SerialSettings) -> Result<(SerialPort, Vec<PluggedPort>), Trouble> {
        let not_there = || Trouble::new("port-not-found").with("port", &self.name);
        let plugged = available_ports();
        self.path = match &self.identity.usb {
            Some(_) => self.identity.find(&plugged, self.others.as_deref()).ok_or_else(not_there)?.name.clone(),
            None => self.identity.name.clone(),
        };
        // To open a port moves its lines: what a flasher is at work with is left alone.
        if self.told.as_deref() == Some("port-held")
            && let Some(held) = self.held()
        {
            return Err(held);
        }
        self.connections += 1;
        let (number, orders) = (self.connections, self.orders.clone());
        let ended = Box::new(move |trouble| {
            // The thread may be gone: then nobody wants to know.
            let _ = orders.send(Order::Ended(number, trouble));
        });
        if self.path != self.told_path {
            self.told_path.clone_from(&self.path);
            self.tell([Fact::PortMoved { port: self.name.clone(), now: self.path.clone() }]);
        }
        let opened = SerialPort::open_as(&self.name, &self.path, settings, self.inbox.clone(), ended);
        let port = opened.map_err(|trouble| match &*trouble.code {
            "port-busy" => self.held().unwrap_or(trouble),
            _ => trouble,
        })?;
        Ok((port, plugged))
    }

    /// Which program has it, where the system tells.
    fn held(&self) -> Option<Trouble> {
        let Holder { program, pid } = holders(&self.path).into_iter().next()?;
        Some(Trouble::new("port-held").with("port", &self.name).with("program", program).with("pid", pid))
    }

    /// Whether another program reads along. A pseudo terminal is held open by whoever made it.
    fn shared_with(&self) -> Option<Fact> {
        let pseudo = std::fs::canonicalize(&self.path).is_ok_and(|path| path.starts_with("/dev/pts"));
        let Holder { program, pid } = (!pseudo).then(|| holders(&self.path).into_iter().next())??;
        let trouble = Trouble::new("port-shared").with("port", &self.name).with("program", program).with("pid", pid);
        Some(Fact::TroubleMet { trouble })
    }

    /// It could not be opened: says why, if that is new, and when to try again.
    fn wait_for_it(&mut self, trouble: Trouble) {
        let code = trouble.code.clone().into_owned();
        let hopeless = code == "port-failed" && !self.was_open;
        if hopeless {
            self.wanted = None;
        } else {
            let away = matches!(&*code, "port-not-found" | "port-held" | "port-busy");
            self.try_again_after(if away { Why::Away } else { Why::Refused });
        }
        // One that went and is not back yet, or does not open yet, is no news.
        let news = self.told.as_deref() != Some(&*code)
            && !(self.was_open && matches!(&*code, "port-not-found" | "port-failed"));
        if news {
            self.told = Some(code);
            self.tell([Fact::PortClosed { port: self.name.clone(), trouble: Some(trouble) }]);
        }
    }

    /// The connection is over: by trouble, for it was not closed here.
    fn lose(&mut self, trouble: Option<Trouble>) {
        let Some(lived) = self.open.as_ref().map(|(_, since)| since.elapsed()) else { return };
        self.let_go();
        let like = |port: &PluggedPort| port.name != self.path;
        self.others = Some(available_ports().into_iter().filter(like).map(|port| port.name).collect());
        self.told = trouble.map(|trouble| trouble.code.into_owned());
        self.try_again_after(Why::Lost(lived));
    }

    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn try_again_after(&mut self, why: Why) {
        self.next = Some(Instant::now() + self.retry.pause(why));
    }

    fn close(&mut self) {
        self.next = None;
        if self.wanted.take().is_none() {
            return;
        }
        if self.open.is_some() {
            // Its reader tells.
            self.let_go();
        } else {
            self.tell([Fact::PortClosed { port: self.name.clone(), trouble: None }]);
        }
    }

    fn let_go(&mut self) {
        self.shared.link.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.open = None;
    }

    fn move_lines(&mut self, line: LineMove) {
        let Some((port, _)) = &mut self.open else { return };
        let told = match port.play(steps(line, self.identity.usb.as_ref())) {
            Ok(()) => Fact::LinesMoved { port: self.name.clone(), line },
            Err(trouble) => Fact::TroubleMet { trouble },
        };
        self.tell([told]);
    }

    fn tell(&self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            // When the session is over nobody wants to know.
            let _ = self.inbox.fact(fact);
        }
    }
}
