//! The simulated device's ways of going wrong, each on virtual time against the bench's own fold: each ends in its diagnosis.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use ota_workbench::bench::{Bench, Effect};
use ota_workbench::device::{Behaviour, Brain, FetchFailure, Input, Offered, OfferedFile, Profile, Source, Step};
use ota_workbench::diagnosis;
use ota_workbench::dialect::{self, Dialect, Heard, Offer, Outgoing};
use ota_workbench::event::{Client, Deadline, DeviceId, Event, Extras, Fact, Micros, OrderedFile, UpgradeOrder};
use ota_workbench::image;
use ota_workbench::upgrade::Outcome;
use std::collections::VecDeque;

/// Nothing that goes on for longer comes to an end.
const MOST_STEPS: u32 = 200_000;
const CLIENT: &str = "simulated";

/// A bench, a device and the wire between them, on a clock that only we turn.
struct World {
    dialect: &'static dyn Dialect,
    device: DeviceId,
    bench: Bench,
    brain: Brain,
    now: Micros,
    seq: u64,
    serial: u64,
    files: Vec<Vec<u8>>,
    /// What the firmware server answers instead.
    status: Option<u16>,
    facts: VecDeque<Fact>,
    senses: VecDeque<Input>,
    asked_block: Option<u32>,
    requests: u64,
}

impl World {
    fn new(dialect: &str, behaviour: Option<Behaviour>) -> Self {
        let dialect = dialect::find(dialect).unwrap();
        let brain = Brain::new(Profile {
            version: "1.0.0".into(),
            success: dialect.rules().success,
            fail_with: None,
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
        };
        world.settle();
        world
    }

    fn tell(&mut self, fact: Fact) {
        self.facts.push_back(fact);
    }

    /// Pushes these files to the device.
    fn push(&mut self, version: &str, extras: Extras) {
        let upgrade = self.bench.next_upgrade();
        let mut files = self.files.iter().enumerate().map(|(at, bytes)| {
            let digest = image::digest(bytes);
            let path = format!("/{upgrade}-{at}?Expires=1");
            OrderedFile {
                name: format!("lamp-{at}.bin"),
                size: bytes.len() as u64,
                md5: digest.md5,
                sha256: digest.sha256,
                url: format!("http://bench{path}"),
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
            version: version.into(),
            size: first.size,
            md5: first.md5,
            sha256: first.sha256,
            url: if extras.stream.is_some() { String::new() } else { first.url },
            path: if extras.stream.is_some() { String::new() } else { first.path },
            timeout_secs: None,
            task: self.dialect.task(upgrade, self.bench.started_unix_millis()),
            extras: Extras { files: files.collect(), ..extras },
        };
        self.tell(Fact::UpgradeRequested { order: order.into() });
        self.settle();
    }

    /// Lets everything happen that needs no time.
    fn settle(&mut self) {
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
                self.tell(Fact::MessagePublished { topic: topic.clone(), payload: payload.clone().into(), qos });
                self.tell(Fact::MessageDelivered { client: CLIENT.into(), topic: topic.clone(), qos });
                let heard = self.dialect.hear(&self.device, &topic, &payload);
                self.sense(heard.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&payload))));
            }
            Effect::ServeBlock { device, reply, block, .. } => {
                let answer = self.dialect.block(&reply, &block, Some(&self.files[0])).unwrap();
                let (stream, file, offset) = (block.stream, block.file, block.offset);
                self.tell(Fact::BlockServed { device, stream, file, offset, length: answer.length, code: answer.code });
                let topic = answer.message.topic;
                self.tell(Fact::MessageDelivered { client: CLIENT.into(), topic: topic.clone(), qos: 0 });
                let heard = self.dialect.hear(&self.device, &topic, &answer.message.payload).unwrap();
                self.sense(heard);
            }
            Effect::Withdraw(_) | Effect::TellPassword { .. } => {}
        }
    }

    fn sense(&mut self, heard: Heard) {
        self.senses.extend(match heard {
            Heard::Offer(offer) => Some(Input::Offered(offered(offer))),
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
            topic,
            payload: payload.into(),
            qos,
            retain: false,
        });
    }

    fn connect(&mut self) {
        let credentials = self.dialect.credentials(&self.device, "");
        let client = Client {
            name: CLIENT.into(),
            username: Some(credentials.username),
            address: "127.0.0.1:1".into(),
            level: 4,
            clean: true,
            keep_alive_secs: 60,
        };
        self.tell(Fact::ClientConnected { client });
        for filter in self.dialect.device_subscriptions(&self.device) {
            self.tell(Fact::Subscribed { client: CLIENT.into(), filter, qos: 1, implicit: false });
        }
        self.senses.push_back(Input::Connected);
    }

    fn serve(&mut self, ticket: u32, url: &str, lane: u8, offset: u64, length: u64) {
        self.requests += 1;
        let (request, path) = (self.requests, url.strip_prefix("http://bench").unwrap().to_owned());
        let (peer, method) = (format!("127.0.0.1:{lane}"), "GET".to_owned());
        let range = Some(format!("bytes={offset}-{}", offset + length - 1));
        self.tell(Fact::RequestReceived { request, peer, method, path: path.clone(), range });
        let file: usize = path.split(['-', '?']).nth(1).unwrap().parse().unwrap();
        let (from, to) = (usize::try_from(offset).unwrap(), usize::try_from(offset + length).unwrap());
        let bytes = self.files[file].get(from..to).map(<[u8]>::to_vec);
        let (status, sent) = match (self.status, &bytes) {
            (Some(status), _) => (status, 0),
            (None, Some(bytes)) => (206, bytes.len() as u64),
            (None, None) => (416, 0),
        };
        self.tell(Fact::RangeServed { request, path, status, offset, length: sent, sent, complete: true });
        self.senses.push_back(match bytes.filter(|_| status == 206) {
            Some(bytes) => Input::Arrived { ticket, bytes },
            None => Input::FetchFailed { ticket, why: FetchFailure::Status(status) },
        });
    }

    /// Turns the clock until nothing is waited for any more, the cloud's own time-outs left out.
    fn run(&mut self) {
        for _ in 0..MOST_STEPS {
            let deadline = self.bench.poll_timeout().filter(|(_, _, deadline)| *deadline == Deadline::Silence);
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

    fn findings(&self) -> Vec<&'static str> {
        let upgrade = self.bench.cases().last().unwrap().order.upgrade;
        diagnosis::examine(&self.bench, upgrade).into_iter().map(|finding| finding.code).collect()
    }

    fn outcome(&self) -> Option<Outcome> {
        self.bench.cases().last().unwrap().upgrade.state().outcome()
    }
}

fn offered(offer: Offer) -> Offered {
    let Offer { module, version, task, files, stream } = offer;
    let files = files.into_iter().map(|file| OfferedFile {
        source: stream.map_or(Source::Url(file.url), |(stream, file)| Source::Stream(stream, file)),
        size: file.size,
        md5: file.md5,
        sha256: file.sha256,
    });
    Offered { module, version, task, files: files.collect() }
}

const DIALECTS: [&str; 5] = ["uiot", "uiot-v1", "uiot-v2", "uiot-stack", "aliyun"];

#[test]
fn a_device_of_every_dialect_is_upgraded_without_a_word_of_blame() {
    for dialect in DIALECTS {
        let mut world = World::new(dialect, None);
        world.push("2.0.0", Extras::default());
        world.run();
        assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec![]), "{dialect}");
        let device = world.bench.device(&world.device).unwrap();
        assert_eq!((device.spoken.as_deref(), device.version(None)), (Some(dialect), Some("2.0.0")));
        assert_eq!(device.defects.counts.len(), 0, "{:?}", device.defects);
    }
}

#[test]
fn whatever_alibaba_cloud_can_announce_is_downloaded_checked_and_covered() {
    let second: Vec<u8> = b"second file".repeat(900);
    for (extras, files, defects) in [
        (Extras { sha256: true, ..Extras::default() }, vec![], 0),
        (Extras { stream: Some(1_397_345), ..Extras::default() }, vec![], 1),
        (Extras { stream: Some(7), sha256: true, ..Extras::default() }, vec![], 1),
        (Extras::default(), vec![second.clone(), b"third".to_vec()], 0),
        (Extras { sha256: true, ..Extras::default() }, vec![second], 0),
    ] {
        let mut world = World::new("aliyun", None);
        world.files.extend(files);
        let total: usize = world.files.iter().map(Vec::len).sum();
        world.push("2.0.0", extras);
        world.run();
        assert_eq!((world.outcome(), world.findings()), (Some(Outcome::Succeeded), vec![]));
        let witness = &world.bench.cases()[0].witness;
        assert_eq!((witness.in_all.covered(), witness.in_all.overlap()), (total as u64, 0));
        let device = world.bench.device(&world.device).unwrap();
        assert_eq!(device.defects.counts.len(), defects, "the SDK's comma too many: {:?}", device.defects.counts);
    }
}

fn found(dialect: &str, behaviour: Behaviour) -> Vec<&'static str> {
    let mut world = World::new(dialect, Some(behaviour));
    if behaviour == Behaviour::IgnoresStatus {
        world.status = Some(403);
    }
    if behaviour == Behaviour::StaleDigest {
        world.push("1.5.0", Extras::default());
        world.run();
        assert_eq!(world.outcome(), Some(Outcome::Succeeded));
    }
    world.push("2.0.0", Extras::default());
    world.run();
    world.findings()
}

/// Who goes wrong how, and what is found.
const CASES: &[(&str, Behaviour, &[&str])] = &[
    ("uiot-v2", Behaviour::Silent, &["silent-after-push"]),
    ("aliyun", Behaviour::Silent, &["push-ignored"]),
    ("uiot-v2", Behaviour::SilentAtHundred, &["silent-at-hundred"]),
    ("uiot-v2", Behaviour::IgnoresStatus, &["error-page-taken"]),
    ("uiot-v2", Behaviour::GivesUp, &["gave-up"]),
    ("aliyun", Behaviour::GivesUp, &["gave-up"]),
    ("uiot-v2", Behaviour::RepeatsLastRange, &["repeats-the-end"]),
    ("aliyun", Behaviour::RepeatsLastRange, &["repeats-the-end"]),
    ("uiot-v2", Behaviour::NoProgress, &["success-without-progress"]),
    ("uiot-v2", Behaviour::UpgradesTwice, &["upgraded-twice"]),
    ("aliyun", Behaviour::Storm, &["retry-storm"]),
    ("aliyun", Behaviour::OverlappingRanges, &["served-overlapping"]),
    ("uiot-v1", Behaviour::OverlappingRanges, &["served-overlapping"]),
    ("aliyun", Behaviour::TwoDownloads, &["two-downloads"]),
    ("aliyun", Behaviour::NeverReports, &["version-never-reported"]),
    ("aliyun", Behaviour::StaleDigest, &["digest-not-reset", "served-intact"]),
    ("uiot-v2", Behaviour::StaleDigest, &["digest-not-reset", "served-intact"]),
];

#[test]
fn each_way_of_going_wrong_ends_in_its_diagnosis() {
    let wrong: Vec<_> = CASES
        .iter()
        .filter_map(|(dialect, behaviour, expected)| {
            let found = found(dialect, *behaviour);
            (found != *expected).then(|| format!("{dialect} {}: {found:?}", behaviour.id()))
        })
        .collect();
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_device_that_comes_back_with_another_version_has_failed() {
    for dialect in ["uiot-v2", "uiot", "aliyun"] {
        let mut world = World::new(dialect, Some(Behaviour::WrongVersion));
        world.push("2.0.0", Extras::default());
        world.run();
        assert_eq!(world.outcome(), Some(Outcome::Failed), "{dialect}");
    }
}
