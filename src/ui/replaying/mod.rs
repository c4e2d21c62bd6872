//! Messages of a capture sent again: chosen, aimed and worked out before anything goes out.

mod ahead;
mod draw;
mod strip;

pub use ahead::Ahead;
pub use draw::replay_dialog_ui;
pub use strip::{Strip, shown, strip_ui};

use super::listing::Item;
use super::past::Past;
use super::words::{self, say, tell};
use crate::bench::{Bench, BrokerUrl, OnDrop, ReplayTarget, Speed};
use crate::event::{DeviceId, Event, Secret, Trouble};
use crate::replay::{Choice, Filter, Manner, Plan, plan};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Chosen rows taken over at most.
const MOST_ROWS: usize = 100_000;

/// What of a capture is to be sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayOf {
    /// The capture.
    pub path: PathBuf,
    /// What it is called.
    pub name: String,
    /// The events whose rows are chosen.
    pub rows: BTreeSet<u64>,
}

impl ReplayOf {
    /// Of the capture that is looked at, with the rows that are chosen there.
    #[must_use]
    pub fn past(past: &Past) -> Self {
        let mut rows = BTreeSet::new();
        if let Some((cursor, anchor)) = past.state.message {
            let listing = &past.state.listing;
            let places = listing.place_of(cursor.min(anchor))..=listing.place_of(cursor.max(anchor));
            let listed = places.filter_map(|place| listing.item(place)).flat_map(|item| match item {
                Item::Row(row) => *row..=*row,
                Item::Burst(burst) => burst.first..=burst.last,
            });
            let seqs = listed.filter_map(|row| past.model.feed.row(row)).map(|row| row.seq);
            rows.extend(seqs.take(MOST_ROWS));
        }
        Self { path: past.path.clone(), name: past.name.clone(), rows }
    }
}

/// What was read of a capture, to be sent again.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// The capture.
    pub path: PathBuf,
    /// What a plan needs of it.
    pub events: Result<Arc<[Event]>, Trouble>,
    /// Lines of it that are no events.
    pub damaged: u64,
}

/// Which messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Which {
    #[default]
    All,
    Device(DeviceId),
    Filter,
    Rows,
}

/// The dialog as filled in so far.
#[derive(Clone, Debug, Default, PartialEq)]
struct Form {
    which: Which,
    filter: String,
    downstream: bool,
    elsewhere: bool,
    url: String,
    identity: String,
    secret: Secret,
    speed: Speed,
    rounds: String,
    on_drop: OnDrop,
}

impl Form {
    fn choice(&self, rows: &BTreeSet<u64>) -> Result<Choice, String> {
        let mut choice = Choice { downstream: self.downstream, ..Choice::default() };
        match &self.which {
            Which::All => {}
            Which::Device(device) => choice.filter.devices.push(device.clone()),
            Which::Filter => {
                let filter: Result<Filter, Trouble> = self.filter.parse();
                choice.filter = filter.map_err(|trouble| words::trouble(&trouble).joined())?;
            }
            Which::Rows => choice.events = Some(rows.clone()),
        }
        Ok(choice)
    }

    fn manner(&self) -> Result<Manner, String> {
        let url = self.url.trim();
        let target = if self.elsewhere {
            let bad = |trouble: Trouble| match &*trouble.code {
                "bad-broker-url" => say("replay.bad-url"),
                _ => words::trouble(&trouble).joined(),
            };
            BrokerUrl::parse(url).map_err(bad)?;
            ReplayTarget::Broker(url.to_owned())
        } else {
            ReplayTarget::Here
        };
        let identity = match self.identity.trim() {
            "" => None,
            text => Some(text.parse().map_err(|_| say("replay.bad-identity"))?),
        };
        let rounds = self.rounds.trim();
        let rounds = rounds.parse().ok().filter(|rounds| *rounds > 0);
        let rounds = rounds.ok_or_else(|| tell("replay.bad-rounds", &[("text", &self.rounds)]))?;
        let secret = Some(self.secret.clone()).filter(|secret| identity.is_some() && !secret.is_empty());
        Ok(Manner { target, identity, secret, speed: self.speed, rounds, on_drop: self.on_drop })
    }
}

/// The dialog, while it is open.
#[derive(Debug)]
pub struct ReplayDialog {
    of: ReplayOf,
    form: Form,
    /// The capture's messages, once they are read.
    events: Option<Result<Arc<[Event]>, Trouble>>,
    damaged: u64,
    /// The devices that speak in it.
    devices: BTreeSet<DeviceId>,
    /// What was worked out, of which form.
    planned: Option<(Form, Result<Plan, String>)>,
    /// What may go wrong and is accepted: whatever comes up later is asked about as well.
    agreed: Vec<Trouble>,
}

impl ReplayDialog {
    /// Opens it; the messages come later, through [`Self::take`].
    #[must_use]
    pub fn new(of: ReplayOf) -> Self {
        let which = if of.rows.len() > 1 { Which::Rows } else { Which::All };
        let form = Form { which, rounds: "1".into(), ..Form::default() };
        Self { of, form, events: None, damaged: 0, devices: BTreeSet::new(), planned: None, agreed: Vec::new() }
    }

    /// Takes in what was read of a capture, if it is this one.
    pub fn take(&mut self, Gathered { path, events, damaged }: Gathered) {
        if self.events.is_some() || path != self.of.path {
            return;
        }
        if let Ok(events) = &events {
            for downstream in [false, true] {
                let choice = Choice { downstream, ..Choice::default() };
                let all = plan(&self.of.name, events.iter(), &choice, &Manner::default(), None);
                self.devices.extend(all.iter().flat_map(|plan| plan.order.devices().cloned()));
            }
        }
        (self.events, self.damaged) = (Some(events), damaged);
    }

    /// Works out what would be sent, unless that is known already.
    fn work_out(&mut self, bench: &Bench) {
        let Some(Ok(events)) = &self.events else { return };
        if self.planned.as_ref().is_some_and(|(form, _)| *form == self.form) {
            return;
        }
        let both = self.form.choice(&self.of.rows).and_then(|choice| Ok((choice, self.form.manner()?)));
        let planned = both.and_then(|(choice, manner)| {
            plan(&self.of.name, events.iter(), &choice, &manner, Some(bench))
                .map_err(|trouble| words::trouble(&trouble).joined())
        });
        let planned = planned.map(|mut plan| {
            plan.note_damage(self.damaged);
            plan
        });
        self.planned = Some((self.form.clone(), planned));
        self.agreed.clear();
    }
}
