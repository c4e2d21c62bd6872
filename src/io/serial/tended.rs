//! A port that is kept open: opened, and opened again whenever it comes back, wherever it is plugged in.

use super::link::Link;
use super::retry::{Retry, Why};
use super::{Holder, RELEASE, SerialPort, available_ports, holders, named};
use crate::bench::{LinesAtOpening, PluggedPort, PortIdentity, SerialSettings, lines_after, steps};
use crate::event::{Fact, LineMove, Text, Trouble};
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
    name: Text,
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
            name: name.into(),
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
            ending: false,
        };
        named("serial", name, move || {
            tender.run();
            drop(holding);
        })?;
        Ok(Self { name: name.into(), orders, shared, done })
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

    /// Queues what is sent again and again. While something still waits to be written, this beat is left out.
    pub fn send_beat(&self, bytes: Vec<u8>) {
        if let Ok(link) = self.link() {
            link.send_beat(bytes);
        }
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
    name: Text,
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
    /// Whether the last connection is closed and has not ended yet.
    ending: bool,
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
                Ok(Order::Ended(connection, trouble)) if connection == self.connections => self.take_end(trouble),
                Ok(Order::Ended(..) | Order::Look) => {}
                Err(RecvTimeoutError::Timeout) => self.try_to_open(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        if self.open.is_some() || self.ending {
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
        if self.open.is_some() {
            self.set(settings);
            return;
        }
        self.wanted = Some(settings);
        if let Some(identity) = identity {
            (self.identity, self.others) = (identity, None);
        }
        (self.retry, self.told, self.was_open) = (Retry::new(), None, false);
        // Not before the last connection's last word: it would be taken for this one's.
        if !self.ending {
            self.try_to_open();
        }
    }

    /// Gives the open port other settings; those it refuses are not wanted any more.
    fn set(&mut self, settings: SerialSettings) {
        let Some((port, _)) = &mut self.open else { return };
        let before = self.wanted.replace(settings).unwrap_or(settings);
        let done = port.set(settings).and_then(|()| match settings.lines {
            LinesAtOpening::Set { dtr, rts } if settings.lines != before.lines => port.stand((dtr, rts), settings),
            _ => Ok(()),
        });
        let facts = match done {
            Ok(()) => port.opened(settings),
            Err(trouble) => {
                self.wanted = Some(before);
                // Some of them may have been taken.
                let _ = port.set(before);
                vec![Fact::TroubleMet { trouble }]
            }
        };
        self.tell(facts);
    }

    /// The connection is over: as it was asked to be, or by trouble.
    fn take_end(&mut self, trouble: Option<Trouble>) {
        if !std::mem::take(&mut self.ending) {
            self.lose(trouble);
        } else if self.wanted.is_some() {
            self.try_to_open();
        }
    }

    #[expect(clippy::disallowed_methods, reason = "io reads the clock")]
    fn try_to_open(&mut self) {
        self.next = None;
        let Some(settings) = self.wanted else { return };
        match self.open_port(settings) {
            Ok((mut port, plugged)) => {
                if let LinesAtOpening::Set { dtr, rts } = settings.lines {
                    // A pseudo terminal has none, and says nothing of it.
                    let _ = port.stand((dtr, rts), settings);
                }
                self.open = Some((port, Instant::now()));
                (self.told, self.was_open, self.others) = (None, true, None);
                if let Some(mine) = plugged.iter().find(|known| known.name == self.path) {
                    self.identity = mine.identity(&plugged);
                }
                self.tell(self.shared_with());
            }
            Err(trouble) => {
                self.let_go();
                self.wait_for_it(trouble);
            }
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
            self.tell([Fact::PortMoved { port: self.name.clone(), now: self.path.clone().into() }]);
        }
        let shared = Arc::clone(&self.shared);
        let ready = |link: &Arc<Link>| {
            *shared.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(link));
        };
        let opened = SerialPort::open_as(&self.name, &self.path, settings, self.inbox.clone(), ended, ready);
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
        let trouble = match (&*trouble.code, trouble.arg("detail")) {
            // It opened once, so that it is tried again.
            ("port-failed", Some(detail)) if self.was_open => {
                Trouble::new("port-not-reopened").with("port", &self.name).with("detail", detail)
            }
            _ => trouble,
        };
        let code = trouble.code.to_string();
        if code == "port-failed" {
            self.wanted = None;
        } else {
            self.try_again_after(match &*code {
                "port-not-found" => Why::Away,
                "port-held" | "port-busy" => Why::Held,
                _ => Why::Refused,
            });
        }
        // One that went and is not back yet is no news.
        let news = self.told.as_deref() != Some(&*code) && !(self.was_open && code == "port-not-found");
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
        self.told = trouble.map(|trouble| trouble.code.to_string());
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
            self.ending = true;
            self.let_go();
        } else if !self.ending {
            self.tell([Fact::PortClosed { port: self.name.clone(), trouble: None }]);
        }
    }

    fn let_go(&mut self) {
        self.shared.link.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.open = None;
    }

    fn move_lines(&mut self, line: LineMove) {
        let Some((port, _)) = &mut self.open else { return };
        let told = match port.play(&steps(line, self.identity.usb.as_ref(), port.standing)) {
            Ok(()) => {
                // A switch stays as it was put when the port comes back.
                let switched = !matches!(line, LineMove::Break | LineMove::Reset | LineMove::BootLoader);
                if let Some(wanted) = self.wanted.as_mut().filter(|_| switched) {
                    wanted.lines = wanted.lines.moved(lines_after(wanted.lines.standing(), line));
                }
                Fact::LinesMoved { port: self.name.clone(), line }
            }
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
