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
use crate::console::Job;
use crate::event::{DeviceId, Event, Fact, Secret, Trouble};
use crate::replay::{Choice, Filter, Manner, Plan, devices, plan};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

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

    /// What would be sent, or why nothing can be.
    fn plan(&self, of: &ReplayOf, events: &[Event], damaged: u64, bench: &Bench) -> Result<Plan, String> {
        let (choice, manner) = (self.choice(&of.rows)?, self.manner()?);
        let planned = plan(&of.name, events, &choice, &manner, Some(bench));
        let mut planned = planned.map_err(|trouble| words::trouble(&trouble).joined())?;
        planned.note_damage(damaged);
        Ok(planned)
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

/// What was worked out of a form.
#[derive(Debug)]
struct Worked {
    form: Form,
    planned: Result<Plan, String>,
    /// The devices that speak, or are spoken to; looked for once.
    devices: BTreeSet<DeviceId>,
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
    /// What is being worked out, away from the window: a long capture takes seconds.
    under_way: Option<Arc<Mutex<Option<Worked>>>>,
    /// What may go wrong and is accepted: whatever comes up later is asked about as well.
    agreed: Vec<Trouble>,
}

impl ReplayDialog {
    /// Opens it; the messages come later, through [`Self::take`].
    #[must_use]
    pub fn new(of: ReplayOf) -> Self {
        let which = if of.rows.len() > 1 { Which::Rows } else { Which::All };
        let form = Form { which, rounds: "1".into(), ..Form::default() };
        Self {
            of,
            form,
            events: None,
            damaged: 0,
            devices: BTreeSet::new(),
            planned: None,
            under_way: None,
            agreed: Vec::new(),
        }
    }

    /// Takes in what was read of a capture, if it is this one.
    pub fn take(&mut self, Gathered { path, events, damaged }: Gathered) {
        if self.events.is_some() || path != self.of.path {
            return;
        }
        let is_message = |fact: &Fact| matches!(fact, Fact::MessageReceived { .. } | Fact::MessagePublished { .. });
        let chosen = |event: &Event| self.of.rows.contains(&event.seq) && is_message(&event.fact);
        if events.as_ref().is_ok_and(|events| !events.iter().any(chosen)) {
            // What is chosen are requests, say: they are not what is meant.
            self.form.which = Which::All;
        }
        (self.events, self.damaged) = (Some(events), damaged);
    }

    /// Whether there is something to take in, or to begin with.
    fn has_news(&self) -> bool {
        let done = |under_way: &Mutex<Option<Worked>>| under_way.lock().is_ok_and(|worked| worked.is_some());
        self.under_way.as_deref().is_none_or(done)
    }

    /// Takes in what was worked out. Gives the work that is to be done for the form as it is now, unless that is known.
    fn work_out(&mut self, bench: &Bench) -> Option<Job> {
        if let Some(under_way) = &self.under_way {
            let worked = under_way.lock().unwrap_or_else(PoisonError::into_inner).take()?;
            self.under_way = None;
            self.devices.extend(worked.devices);
            self.planned = Some((worked.form, worked.planned));
            self.agreed.clear();
        }
        let Some(Ok(events)) = &self.events else { return None };
        if self.planned.as_ref().is_some_and(|(form, _)| *form == self.form) {
            return None;
        }
        let (first, damaged) = (self.planned.is_none(), self.damaged);
        let (form, of, events, bench) = (self.form.clone(), self.of.clone(), Arc::clone(events), bench.clone());
        let done = Arc::new(Mutex::new(None));
        self.under_way = Some(Arc::clone(&done));
        let language = words::spoken();
        Some(Box::new(move || {
            // Each thread speaks for itself.
            words::speak(language);
            let devices = if first { devices(&*events) } else { BTreeSet::new() };
            let planned = form.plan(&of, &events, damaged, &bench);
            *done.lock().unwrap_or_else(PoisonError::into_inner) = Some(Worked { form, planned, devices });
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Gathered, ReplayDialog, ReplayOf, Which};
    use crate::event::{Event, Fact, Micros};
    use std::path::PathBuf;

    /// Otherwise whoever clicked a burst of requests is told that there is nothing to replay.
    #[test]
    fn chosen_rows_are_meant_where_one_of_them_is_a_message() {
        let message = Fact::MessagePublished { topic: "/a".into(), payload: [].into(), qos: 0 };
        let events = [Fact::BrokerStopped, message, Fact::BrokerStopped];
        let events = (1..).zip(events).map(|(seq, fact)| Event { seq, at: Micros(seq), fact });
        let events: Vec<_> = events.collect();
        for (rows, expected) in [([1, 2], Which::Rows), ([1, 3], Which::All)] {
            let of = ReplayOf { rows: rows.into(), ..ReplayOf::default() };
            let mut dialog = ReplayDialog::new(of);
            assert_eq!(dialog.form.which, Which::Rows, "nothing is read yet");
            dialog.take(Gathered { path: PathBuf::default(), events: Ok(events.clone().into()), damaged: 0 });
            assert_eq!(dialog.form.which, expected, "{rows:?}");
        }
    }
}
