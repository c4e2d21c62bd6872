//! A bench and a simulated device on a clock that only a test turns.
#![allow(dead_code, reason = "each test binary uses its part")]

use ota_workbench::bench::{Bench, Effect};
use ota_workbench::device::{Behaviour, Brain, FetchFailure, Input, Profile, Source, Step};
use ota_workbench::diagnosis;
use ota_workbench::dialect::{self, Dialect, Heard, Offer, Outgoing};
use ota_workbench::event::{
    Client, Deadline, DeviceId, Event, Extras, Fact, KICKED, Micros, OrderedFile, UpgradeId, UpgradeOrder,
};
use ota_workbench::fault::{self, Fault};
use ota_workbench::image;
use ota_workbench::upgrade::Outcome;
use std::collections::VecDeque;

/// Nothing that goes on for longer comes to an end.
const MOST_STEPS: u32 = 200_000;
const CLIENT: &str = "simulated";
const PREFIX: &str = "http://bench:8070";

/// A bench, a device and the wire between them, on a clock that only we turn.
pub struct World {
    pub dialect: &'static dyn Dialect,
    pub device: DeviceId,
    pub bench: Bench,
    brain: Brain,
    pub now: Micros,
    seq: u64,
    serial: u64,
    pub files: Vec<Vec<u8>>,
    /// What the firmware server answers instead.
    pub status: Option<u16>,
    facts: VecDeque<Fact>,
    senses: VecDeque<Input>,
    asked_block: Option<u32>,
    requests: u64,
    /// What the device was offered, as often as it was.
    pub offers: Vec<(Micros, Offer)>,
    /// When a device that was sent away is let in again.
    returns: Option<Micros>,
    /// The upgrade whose acknowledgement is lost, and the topic of its push.
    lost_ack: Option<(UpgradeId, String)>,
}

impl World {
    pub fn new(dialect: &str, behaviour: Option<Behaviour>) -> Self {
        Self::with(dialect, behaviour, None)
    }

    /// With a device that fails every upgrade with this code.
    pub fn with(dialect: &str, behaviour: Option<Behaviour>, fail_with: Option<i64>) -> Self {
        let dialect = dialect::find(dialect).unwrap();
        let brain = Brain::new(Profile {
            version: "1.0.0".into(),
            success: dialect.rules().success,
            fail_with,
            pace: 200_000,
            greeting: Box::new(move |version| dialect.greeting(version)),
            behaviour,
        });
        let mut world = Self {
            dialect,
            device: DeviceId::new("simulated0000001", "AA:BB:CC:00:11:22"),
            bench: Bench::new(1_763_700_000_000),
            brain,
            now: Micros(0),
            seq: 0,
            serial: 0,
            files: vec![(0..300_000_u32).map(|at| (at % 251) as u8).collect()],
            status: None,
            facts: VecDeque::new(),
            senses: VecDeque::from([Input::Started]),
            asked_block: None,
            requests: 0,
            offers: Vec::new(),
            returns: None,
            lost_ack: None,
        };
        world.settle();
        world
    }

    pub fn tell(&mut self, fact: Fact) {
        self.facts.push_back(fact);
    }

    /// Pushes these files to the device.
    pub fn push(&mut self, version: &str, extras: Extras) {
        self.push_with(version, extras, &[]);
    }

    /// Pushes these files with these faults.
    pub fn push_with(&mut self, version: &str, extras: Extras, faults: &[&str]) {
        let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let upgrade = self.bench.next_upgrade();
        let mut files = self.files.iter().enumerate().map(|(at, bytes)| {
            let digest = image::digest(bytes);
            let path = format!("/{upgrade}-{at}?Expires=1");
            OrderedFile {
                name: format!("lamp-{at}.bin"),
                size: bytes.len() as u64,
                md5: digest.md5,
                sha256: digest.sha256,
                url: fault::announced_url(&faults, PREFIX, &path),
                path,
            }
        });
        let first = files.next().unwrap();
        let order = UpgradeOrder {
            upgrade,
            device: self.device.clone(),
            dialect: self.dialect.id().into(),
            module: None,
            name: first.name,
            version: fault::announced_version(&faults, version),
            size: first.size,
            md5: first.md5,
            sha256: first.sha256,
            url: if extras.stream.is_some() { String::new() } else { first.url },
            path: if extras.stream.is_some() { String::new() } else { first.path },
            timeout_secs: None,
            task: self.dialect.task(upgrade, self.bench.started_unix_millis()),
            extras: Extras { files: files.collect(), ..extras },
            faults: faults.clone(),
            replay: None,
        };
        self.tell(Fact::UpgradeRequested { order: order.into() });
        self.settle();
    }

    /// Lets everything happen that needs no time.
    pub fn settle(&mut self) {
        loop {
            if let Some(fact) = self.facts.pop_front() {
                self.seq += 1;
                let event = Event { seq: self.seq, at: self.now, fact };
                for effect in self.bench.apply(&event) {
                    self.carry_out(effect);
                }
            } else if let Some(sense) = self.senses.pop_front() {
                self.brain.handle(sense, self.now);
                while let Some(step) = self.brain.poll_step() {
                    self.take(step);
                }
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Publish(message) => {
                let Outgoing { topic, payload, qos } = message;
                self.tell(Fact::MessagePublished { topic: topic.clone().into(), payload: payload.clone().into(), qos });
                self.tell(Fact::MessageDelivered { client: CLIENT.into(), topic: topic.clone().into(), qos });
                // A push that lacks something is passed over.
                let heard = self.dialect.hear(&self.device, &topic, &payload);
                if let Some((upgrade, _)) = self.lost_ack.take_if(|(_, lost)| *lost == topic) {
                    self.tell(Fact::FaultActed { upgrade, fault: Fault::LoseAck.into(), place: None, request: None });
                    self.tell(Fact::MessageDelivered { client: CLIENT.into(), topic: topic.into(), qos });
                    if let Some(heard) = heard.clone() {
                        self.sense(heard);
                    }
                }
                if let Some(heard) = heard {
                    self.sense(heard);
                }
            }
            Effect::TellFault { upgrade, fault, place } => {
                self.tell(Fact::FaultActed { upgrade, fault: fault.into(), place, request: None });
            }
            Effect::TurnAway { millis, .. } => {
                if self.bench.device(&self.device).is_some_and(|device| device.online == Some(true)) {
                    self.tell(Fact::ClientDisconnected { client: CLIENT.into(), reason: KICKED.into() });
                    self.senses.push_back(Input::Disconnected("connection closed".into()));
                }
                self.returns = Some(self.now + Micros::from_millis(millis));
            }
            Effect::LoseAck { upgrade, topic, .. } => self.lost_ack = Some((upgrade, topic)),
            Effect::ServeBlock { device, reply, block, .. } => {
                let answer = self.dialect.block(&reply, &block, Some(&self.files[0])).unwrap();
                let (stream, file, offset) = (block.stream, block.file, block.offset);
                self.tell(Fact::BlockServed {
                    device: device.into(),
                    stream,
                    file,
                    offset,
                    length: answer.length,
                    code: answer.code,
                });
                let topic = answer.message.topic;
                self.tell(Fact::MessageDelivered { client: CLIENT.into(), topic: topic.clone().into(), qos: 0 });
                let heard = self.dialect.hear(&self.device, &topic, &answer.message.payload).unwrap();
                self.sense(heard);
            }
            Effect::Withdraw(_) | Effect::TellPassword { .. } => {}
        }
    }

    fn sense(&mut self, heard: Heard) {
        if let Heard::Offer(offer) = &heard {
            self.offers.push((self.now, offer.clone()));
        }
        self.senses.extend(match heard {
            Heard::Offer(offer) => Some(Input::Offered(offer.into())),
            Heard::Cancel => Some(Input::Cancelled),
            Heard::Block { bytes, .. } => {
                self.asked_block.take().map(|ticket| Input::Arrived { ticket, bytes: bytes.unwrap() })
            }
            Heard::Password(_) => None,
        });
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Say(said) => {
                self.serial += 1;
                if let Some(message) = self.dialect.say(&self.device, &said, self.serial) {
                    self.hear(message);
                }
            }
            Step::Connect => self.connect(),
            Step::Disconnect => {
                self.tell(Fact::ClientDisconnected { client: CLIENT.into(), reason: "connection closed".into() });
            }
            Step::Fetch { ticket, source: Source::Url(url), lane, offset, length } => {
                self.serve(ticket, &url, lane, offset, length);
            }
            Step::Fetch { ticket, source: Source::Stream(stream, file), offset, length, .. } => {
                self.asked_block = Some(ticket);
                self.serial += 1;
                let block = ota_workbench::upgrade::BlockRequest {
                    stream,
                    file,
                    token: "default".into(),
                    offset,
                    size: length,
                };
                let question = self.dialect.ask_block(&self.device, &block, self.serial).unwrap();
                self.hear(question);
            }
            Step::Log(_) | Step::Ended(_) => {}
        }
    }

    fn hear(&mut self, message: Outgoing) {
        let Outgoing { topic, payload, qos } = message;
        self.tell(Fact::MessageReceived {
            client: Some(CLIENT.into()),
            topic: topic.into(),
            payload: payload.into(),
            qos,
            retain: false,
        });
    }

    fn connect(&mut self) {
        if self.returns.is_some() {
            return;
        }
        let credentials = self.dialect.credentials(&self.device, "");
        let client = Client {
            name: CLIENT.into(),
            username: Some(credentials.username),
            address: "127.0.0.1:1".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 60,
        };
        self.tell(Fact::ClientConnected { client: client.into() });
        for filter in self.dialect.device_subscriptions(&self.device) {
            self.tell(Fact::Subscribed { client: CLIENT.into(), filter: filter.into(), qos: 1, implicit: false });
        }
        self.senses.push_back(Input::Connected);
    }

    fn serve(&mut self, ticket: u32, url: &str, lane: u8, offset: u64, length: u64) {
        self.requests += 1;
        let Some(path) = url.strip_prefix(PREFIX).map(str::to_owned) else {
            let why = FetchFailure::Unreachable("nobody is there".into());
            return self.senses.push_back(Input::FetchFailed { ticket, why });
        };
        let request = self.requests;
        let (peer, method) = (format!("127.0.0.1:{lane}"), "GET".to_owned());
        let range = Some(format!("bytes={offset}-{}", offset + length - 1));
        self.tell(Fact::RequestReceived {
            request,
            peer: peer.into(),
            method: method.into(),
            path: path.clone().into(),
            range: range.map(Into::into),
        });
        let file: usize = path.split(['-', '?']).nth(1).unwrap().parse().unwrap();
        let from = usize::try_from(offset).unwrap();
        let to = self.files[file].len().min(usize::try_from(offset + length).unwrap());
        let bytes = self.files[file].get(from..to).filter(|bytes| !bytes.is_empty()).map(<[u8]>::to_vec);
        let (status, sent) = match (self.status, &bytes) {
            (Some(status), _) => (status, 0),
            (None, Some(bytes)) => (206, bytes.len() as u64),
            (None, None) => (416, 0),
        };
        self.tell(Fact::RangeServed { request, path: path.into(), status, offset, length: sent, sent, complete: true });
        self.senses.push_back(match bytes.filter(|_| status == 206) {
            Some(bytes) => Input::Arrived { ticket, bytes },
            None => Input::FetchFailed { ticket, why: FetchFailure::Status(status) },
        });
    }

    /// Turns the clock until nothing is waited for any more, the cloud's own time-outs left out.
    pub fn run(&mut self) {
        for _ in 0..MOST_STEPS {
            let deadline = self.bench.poll_timeout().filter(|(_, _, deadline)| *deadline != Deadline::Upgrade);
            let timers = [self.brain.poll_timeout(), deadline.map(|(at, ..)| at)];
            if let Some(at) = self.returns.take_if(|at| timers.iter().flatten().all(|timer| *at <= *timer)) {
                self.now = self.now.max(at);
                self.connect();
                self.settle();
                continue;
            }
            match (self.brain.poll_timeout(), deadline) {
                (None, None) => return,
                (Some(timer), deadline) if deadline.is_none_or(|(at, ..)| timer <= at) => {
                    self.now = self.now.max(timer);
                    self.senses.push_back(Input::Timer);
                }
                (_, Some((at, upgrade, deadline))) => {
                    self.now = self.now.max(at);
                    self.tell(Fact::DeadlineReached { upgrade, deadline });
                }
                (Some(_), None) => unreachable!("the first arm takes it"),
            }
            self.settle();
        }
        panic!("no end in sight");
    }

    pub fn findings(&self) -> Vec<&'static str> {
        let upgrade = self.bench.cases().last().unwrap().order.upgrade;
        diagnosis::examine(&self.bench, upgrade).into_iter().map(|finding| finding.code).collect()
    }

    pub fn outcome(&self) -> Option<Outcome> {
        self.bench.cases().last().unwrap().upgrade.state().outcome()
    }
}
