//! What is known of one device.

use crate::dialect::Defect;
use crate::event::{ClientName, Micros, Trouble};
use std::collections::{BTreeMap, VecDeque};

/// How many of a device's latest defects are kept; the rest is counted.
const KEPT_DEFECTS: usize = 64;
/// How much of a defect's place is kept, in bytes: a topic, a module or a task can be far longer.
const LONGEST_PLACE: usize = 200;
/// How many modules of a device are remembered.
const MAX_MODULES: usize = 64;

/// One device, put on the list by the operator or by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// The dialect the operator chose for it.
    pub chosen: Option<String>,
    /// The dialect it was heard to speak.
    pub spoken: Option<String>,
    /// The dialect to expect until it speaks: from how it signed in, or from a push.
    pub expected: Option<String>,
    /// Whether the operator put it on the list.
    pub listed: bool,
    /// Whether it is connected; `None` where that cannot be known (an external broker).
    pub online: Option<bool>,
    /// The MQTT client it connects as.
    pub client: Option<ClientName>,
    /// When it last did anything.
    pub last_seen: Option<Micros>,
    /// Whether the bench knows its secret.
    pub has_secret: bool,
    /// The event in which it was last turned away, and why; nothing once it was let in.
    pub refused: Option<(u64, Trouble)>,
    /// What was wrong with its messages.
    pub defects: Defects,
    /// How often somebody else signed in under its name while it was connected.
    pub takeovers: Takeovers,
    /// Blocks of firmware on their way to it, and the topic they go to.
    pub(super) blocks: (u32, String),
    versions: BTreeMap<Option<String>, String>,
}

impl Device {
    /// The dialect to talk to it in, as far as anybody knows.
    #[must_use]
    pub fn dialect(&self) -> Option<&str> {
        [&self.chosen, &self.spoken, &self.expected].into_iter().flatten().next().map(String::as_str)
    }

    /// The version of a module, `None` being the default one, as the device last said.
    #[must_use]
    pub fn version(&self, module: Option<&str>) -> Option<&str> {
        self.versions.get(&module.map(str::to_owned)).map(String::as_str)
    }

    /// Every module it spoke of, with its version.
    pub fn versions(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        self.versions.iter().map(|(module, version)| (module.as_deref(), version.as_str()))
    }

    /// Whether it has ever spoken of this module.
    #[must_use]
    pub fn knows_module(&self, module: Option<&str>) -> bool {
        module.is_none() || self.version(module).is_some()
    }

    pub(super) fn runs(&mut self, module: Option<&str>, version: &str) {
        if self.versions.len() < MAX_MODULES || self.knows_module(module) {
            self.versions.insert(module.map(str::to_owned), version.to_owned());
        }
    }
}

/// Connections of a device that were ended by another one of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Takeovers {
    /// The most within ten seconds.
    pub most: u64,
    /// The event of the latest.
    pub latest: Option<u64>,
    since: Micros,
    count: u64,
}

impl Takeovers {
    pub(super) fn note(&mut self, seq: u64, at: Micros) {
        if at.since(self.since) > Micros::from_secs(10) {
            (self.since, self.count) = (at, 0);
        }
        self.count += 1;
        self.latest = Some(seq);
        self.most = self.most.max(self.count);
    }
}

/// A device's defects, the latest kept, all counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defects {
    /// The latest, with the event they were found in.
    pub latest: VecDeque<(u64, Defect)>,
    /// How many there were, by code.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Defects {
    pub(super) fn note(&mut self, seq: u64, mut defect: Defect) {
        if defect.at.len() > LONGEST_PLACE {
            defect.at.truncate(defect.at.floor_char_boundary(LONGEST_PLACE));
            defect.at.push('…');
        }
        *self.counts.entry(defect.code).or_default() += 1;
        if self.latest.len() == KEPT_DEFECTS {
            self.latest.pop_front();
        }
        self.latest.push_back((seq, defect));
    }
}
