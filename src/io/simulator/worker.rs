//! The device's own thread: feeds the brain, and does what it asks.

use super::SimulatorOptions;
use super::fetch::{self, Answer, Request};
use super::link::{End, Link, LinkEvent, LinkOptions};
use crate::device::{Behaviour, Brain, Ending, FetchFailure, Input as Sense, Profile, Source, Step};
use crate::dialect::{Credentials, Dialect, Heard, Outgoing, Registration};
use crate::event::{DeviceId, Micros, Trouble};
use crate::io::broker_url::BrokerUrl;
use crate::io::tls::Trust;
use crate::upgrade::{BlockRequest, Said};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

/// What reaches the device's thread.
pub(super) enum Input {
    /// From the connection of this boot, counted from 1.
    Link(u32, LinkEvent),
    Fetched(u32, Answer),
    Typed(Vec<u8>),
    Stop,
}

/// Takes what the console prints.
pub(super) type Console = Box<dyn FnMut(&[u8]) + Send>;

/// A device at work.
pub(super) struct Worker {
    device: DeviceId,
    dialect: &'static dyn Dialect,
    credentials: Credentials,
    /// How it asks for its secret first, if it does not have it.
    registration: Option<Registration>,
    once: bool,
    broker: BrokerUrl,
    trust: Trust,
    brain: Brain,
    console: Console,
    inputs: SyncSender<Input>,
    stopping: Arc<AtomicBool>,
    fetches: SyncSender<Request>,
    link: Option<Link>,
    /// Another device with the same credentials.
    twin: Option<Link>,
    shares_identity: bool,
    /// The block asked for over MQTT: its ticket and offset.
    block: Option<(u32, u64)>,
    boots: u32,
    /// Counts what the device said.
    serial: u64,
    ending: Option<Result<Ending, Trouble>>,
    switched_on: Instant,
}

impl Worker {
    pub(super) fn new(
        options: SimulatorOptions,
        broker: BrokerUrl,
        console: Console,
        inputs: SyncSender<Input>,
        stopping: Arc<AtomicBool>,
    ) -> Result<Self, Trouble> {
        let SimulatorOptions {
            device,
            dialect,
            version,
            secret,
            sign,
            fail_with,
            product_secret,
            behaviour,
            pace,
            once,
            trust,
            ..
        } = options;
        let signed = sign.and_then(|method| dialect.signed_credentials(&device, &secret, method));
        let credentials = signed.unwrap_or_else(|| dialect.credentials(&device, secret.reveal()));
        let registration = product_secret.and_then(|secret| dialect.registration(&device, secret.reveal()));
        let success = dialect.rules().success;
        let greeting = Box::new(move |version: &str| dialect.greeting(version));
        let brain = Brain::new(Profile { version, success, fail_with, pace, greeting, behaviour });
        let answers = inputs.clone();
        let fetches = fetch::start(&device.to_string(), trust.clone(), move |ticket, answer| {
            let _ = answers.send(Input::Fetched(ticket, answer));
        })?;
        #[expect(clippy::disallowed_methods, reason = "an adapter reads the clock")]
        let switched_on = Instant::now();
        Ok(Self {
            device,
            dialect,
            credentials,
            registration,
            once,
            broker,
            trust,
            brain,
            console,
            inputs,
            stopping,
            fetches,
            link: None,
            twin: None,
            shares_identity: behaviour == Some(Behaviour::SharedIdentity),
            block: None,
            boots: 0,
            serial: 0,
            ending: None,
            switched_on,
        })
    }

    /// Lives until it is stopped, or until one upgrade has ended if that is all that was asked; tells how that ended.
    pub(super) fn run(mut self, queue: &Receiver<Input>) -> Option<Result<Ending, Trouble>> {
        self.sense(Sense::Started);
        while !self.is_over() {
            match self.next(queue) {
                Ok(input) => self.take_in(input),
                Err(RecvTimeoutError::Timeout) => self.sense(Sense::Timer),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.disconnect(End::Goodbye);
        self.ending
    }

    fn is_over(&self) -> bool {
        self.ending.is_some() || self.stopping.load(Ordering::Acquire)
    }

    /// The next input, or the time the brain waits for.
    fn next(&self, queue: &Receiver<Input>) -> Result<Input, RecvTimeoutError> {
        match self.brain.poll_timeout() {
            Some(due) => queue.recv_timeout(Duration::from_micros(due.since(self.now()).0)),
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn take_in(&mut self, input: Input) {
        match input {
            Input::Link(boot, event) if boot == self.boots && self.link.is_some() => self.take_in_link(event),
            // A word of a connection that was cut since.
            Input::Link(..) | Input::Stop => {}
            Input::Fetched(ticket, Ok(bytes)) => self.sense(Sense::Arrived { ticket, bytes }),
            Input::Fetched(ticket, Err(why)) => self.sense(Sense::FetchFailed { ticket, why }),
            Input::Typed(bytes) => self.sense(Sense::Typed(bytes)),
        }
    }

    fn take_in_link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connected => match &self.registration {
                Some(registration) => {
                    let question = registration.question.clone();
                    self.publish(question);
                }
                None => self.sense(Sense::Connected),
            },
            LinkEvent::Disconnected(reason) => self.sense(Sense::Disconnected(reason)),
            LinkEvent::Refused(trouble) if self.once => self.ending = Some(Err(trouble)),
            LinkEvent::Refused(_) => {}
            LinkEvent::Heard { topic, payload } => match self.dialect.hear(&self.device, &topic, &payload) {
                Some(Heard::Offer(offer)) => self.sense(Sense::Offered(offer.into())),
                Some(Heard::Cancel) => self.sense(Sense::Cancelled),
                Some(Heard::Block { offset, bytes }) => self.take_in_block(offset, bytes),
                Some(Heard::Password(secret)) if self.registration.take().is_some() => {
                    (self.console)(b"\r\nmqtt: registered, signing in again\r\n");
                    self.credentials = self.dialect.credentials(&self.device, &secret);
                    self.disconnect(End::Goodbye);
                    self.connect();
                }
                Some(Heard::Password(_)) | None => {}
            },
        }
    }

    fn take_in_block(&mut self, offset: u64, bytes: Option<Vec<u8>>) {
        let Some((ticket, asked)) = self.block else { return };
        if let Some(bytes) = bytes.filter(|_| asked == offset) {
            self.block = None;
            self.sense(Sense::Arrived { ticket, bytes });
        } else {
            self.block = None;
            let why = FetchFailure::Broken("the block is damaged, or was refused".to_owned());
            self.sense(Sense::FetchFailed { ticket, why });
        }
    }

    /// Tells the brain, and does all it asks for.
    fn sense(&mut self, sense: Sense) {
        self.brain.handle(sense, self.now());
        while let Some(step) = self.brain.poll_step() {
            match step {
                Step::Log(text) => (self.console)(text.as_bytes()),
                Step::Say(said) => self.say(&said),
                Step::Fetch { ticket, source: Source::Url(url), lane, offset, length } => {
                    self.fetch(Request { ticket, url, lane, offset, length });
                }
                Step::Fetch { ticket, source: Source::Stream(stream, file), offset, length, .. } => {
                    let token = "default".to_owned();
                    self.ask_block(ticket, &BlockRequest { stream, file, token, offset, size: length });
                }
                Step::Connect => self.connect(),
                Step::Disconnect => self.disconnect(End::Cut),
                Step::Ended(ending) if self.once => self.ending = Some(Ok(ending)),
                Step::Ended(_) => {}
            }
        }
    }

    fn say(&mut self, said: &Said) {
        self.serial += 1;
        if let Some(message) = self.dialect.say(&self.device, said, self.serial) {
            self.publish(message);
        }
    }

    fn ask_block(&mut self, ticket: u32, block: &BlockRequest) {
        self.serial += 1;
        self.block = Some((ticket, block.offset));
        if let Some(message) = self.dialect.ask_block(&self.device, block, self.serial) {
            self.publish(message);
        }
    }

    fn publish(&mut self, message: Outgoing) {
        if self.link.as_ref().is_some_and(|link| !link.say(message)) {
            (self.console)(b"\r\nmqtt: outbox full, message lost\r\n");
        }
    }

    fn fetch(&mut self, request: Request) {
        let ticket = request.ticket;
        if self.fetches.try_send(request).is_err() {
            let why = crate::device::FetchFailure::Unreachable("too many requests wait already".to_owned());
            // By way of the queue: the brain is in the middle of its steps.
            let _ = self.inputs.try_send(Input::Fetched(ticket, Err(why)));
        }
    }

    fn connect(&mut self) {
        self.boots += 1;
        let boot = self.boots;
        let inputs = self.inputs.clone();
        let (credentials, subscriptions) = match &self.registration {
            Some(Registration { credentials, subscription, .. }) => (credentials.clone(), vec![subscription.clone()]),
            None => (self.credentials.clone(), self.dialect.device_subscriptions(&self.device)),
        };
        self.twin = self.shares_identity.then(|| self.open(credentials.clone(), Vec::new(), |_| {})).flatten();
        self.link = self.open(credentials, subscriptions, move |event| {
            let _ = inputs.send(Input::Link(boot, event));
        });
    }

    fn open(
        &mut self,
        credentials: Credentials,
        subscriptions: Vec<String>,
        tell: impl FnMut(LinkEvent) + Send + 'static,
    ) -> Option<Link> {
        let (name, broker, trust) = (self.device.to_string(), self.broker.clone(), self.trust.clone());
        match Link::open(LinkOptions { name, broker, trust, credentials, subscriptions }, tell) {
            Ok(link) => Some(link),
            Err(trouble) => {
                let detail = trouble.arg("detail").unwrap_or(&trouble.code);
                (self.console)(format!("mqtt: {detail}\r\n").as_bytes());
                None
            }
        }
    }

    fn disconnect(&mut self, how: End) {
        for link in self.link.take().into_iter().chain(self.twin.take()) {
            link.end(how);
        }
    }

    fn now(&self) -> Micros {
        Micros(u64::try_from(self.switched_on.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}
