//! `replay`: the messages of a capture, sent again.

use super::args::{ReplayArgs, WhenDropped};
use super::{Ended, Exit, complain, in_english, interruption, print};
use crate::bench::{OnDrop, ReplayTarget, Speed, Steer};
use crate::event::{Event, Fact, Trouble};
use crate::io::broker_url::BrokerUrl;
use crate::io::captures::Recording;
use crate::io::replaying::{Replayer, ReplayerOptions, Route, started};
use crate::io::{Clock, Inbox, InboxReader, Input, keys};
use crate::replay::{self, Choice, Manner, Plan};
use crate::ui::words;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

/// The only replay of this program.
const REPLAY: u32 = 1;

pub fn run(args: &ReplayArgs) -> Result<Exit, Ended> {
    let target = BrokerUrl::parse(&args.to).map_err(Ended::usage)?.address();
    let trust = args.trust.trust();
    trust.check().map_err(Ended::usage)?;
    let (plan, damaged) = plan(args).map_err(Ended::usage)?;
    tell_plan(args, &plan, &target, damaged);
    if args.dry_run {
        return Ok(Exit::Done);
    }
    let (inbox, facts) = Inbox::new();
    let interrupted = interruption();
    let started = started(REPLAY, &plan.order, target);
    let route = Route::Broker { url: args.to.clone(), trust };
    let total = plan.order.total();
    let options = ReplayerOptions { replay: REPLAY, order: plan.order, route, judged: false, inbox };
    let mut told = Told { clock: Clock::start(), seq: 0, sent: 0, total, json: args.json };
    told.take(started);
    let replayer = Replayer::start(options).map_err(Ended::usage)?;
    if args.speed == Speed::Step {
        let (next, stopped) = (replayer.wheel(), replayer.wheel());
        if !args.json {
            print::line(&words::say("cli.replay-step"));
        }
        keys::listen(move || next.steer(Steer::Step), move || stopped.end_after_steps()).map_err(Ended::unusable)?;
    }
    loop {
        if let Some((sent, trouble)) = next(&facts, &mut told) {
            return Ok(conclude(args.json, sent, total, trouble.as_ref()));
        }
        if interrupted.swap(false, Ordering::AcqRel) {
            replayer.steer(Steer::Stop);
        }
    }
}

/// Takes in what happened next; how it ended, when it has.
fn next(facts: &InboxReader, told: &mut Told) -> Option<(u64, Option<Trouble>)> {
    let Ok(Input::Fact(fact)) = facts.recv_timeout(super::begin::LOOK) else { return None };
    let end = match &fact {
        Fact::ReplayEnded { sent, trouble, .. } => Some((*sent, trouble.clone())),
        _ => None,
    };
    told.take(fact);
    end
}

/// The replay, and how many lines of the capture are no events.
fn plan(args: &ReplayArgs) -> Result<(Plan, u64), Trouble> {
    let filter = args.only.parse()?;
    let mut recording = Recording::open(&args.capture)?;
    let events = replay::gather(recording.by_ref())?;
    let damaged = recording.damage().len() as u64;
    let name = args.capture.file_name().unwrap_or_default().to_string_lossy();
    let choice = Choice { downstream: args.downstream, filter, events: None };
    let manner = Manner {
        target: ReplayTarget::Broker(args.to.clone()),
        identity: args.device.clone(),
        secret: args.secret.clone(),
        speed: args.speed,
        rounds: args.rounds,
        on_drop: match args.on_drop {
            WhenDropped::Resume => OnDrop::Resume,
            WhenDropped::Stop => OnDrop::Stop,
        },
    };
    let mut plan = replay::plan(&name, &events, &choice, &manner, None)?;
    // What is missing of the recording is not sent either.
    plan.note_damage(damaged);
    plan.notes.extend(recording.damage().troubles());
    // Marks go from a session to its own broker: whoever hears us only hears a client.
    if !args.downstream {
        plan.notes.push(Trouble::new("replay-unmarked"));
    }
    Ok((plan, damaged))
}

/// What is going to be sent, and what of it cannot be as it was.
fn tell_plan(args: &ReplayArgs, Plan { order, notes }: &Plan, target: &str, damaged: u64) {
    let devices: Vec<_> = order.devices().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect();
    if args.json {
        let notes: Vec<_> = notes.iter().map(reason).collect();
        let length = order.length().map(|length| length.0);
        let plan = json!({"kind": "plan", "source": order.source, "target": target, "devices": devices,
            "downstream": order.downstream, "speed": order.speed.to_string(), "messages": order.messages(),
            "rounds": order.rounds, "length_us": length, "damaged": damaged, "notes": notes});
        return print::line(&plan.to_string());
    }
    let devices = devices.join(", ");
    let who = match (devices.as_str(), order.downstream) {
        ("", _) => words::say("cli.replay-as-client"),
        (devices, true) => words::tell("cli.replay-to", &[("devices", &devices)]),
        (devices, false) => words::tell("cli.replay-as", &[("devices", &devices)]),
    };
    let length = order.length().map_or_else(
        || words::say("cli.replay-no-time"),
        |length| words::tell("cli.replay-takes", &[("time", &words::duration(length))]),
    );
    let (n, rounds) = (words::count(order.messages()), words::count(order.rounds));
    print::line(&print::plain(&words::tell(
        "cli.replay-plan",
        &[
            ("source", &order.source),
            ("n", &n),
            ("who", &who),
            ("target", &target),
            ("rounds", &rounds),
            ("length", &length),
        ],
    )));
    for note in notes {
        let note = format!("{}: {}", words::say("cli.replay-note"), words::trouble(note).joined());
        print::line(&print::plain(&note));
    }
}

fn reason(trouble: &Trouble) -> Value {
    json!({"code": trouble.code, "text": in_english(|| words::trouble(trouble).joined())})
}

/// What was printed so far.
struct Told {
    clock: Clock,
    seq: u64,
    sent: u64,
    total: u64,
    json: bool,
}

impl Told {
    /// An event a line, as a capture spells it; for people, only what they have to know, and how far it is.
    fn take(&mut self, fact: Fact) {
        self.seq += 1;
        let event = Event { seq: self.seq, at: self.clock.now(), fact };
        if self.json {
            return print::event(&event);
        }
        if matches!(event.fact, Fact::MessageReplayed { .. }) {
            self.sent += 1;
            if print::is_terminal() {
                let (sent, of) = (words::count(self.sent), words::count(self.total));
                print::passing(&words::tell("cli.replay-sent", &[("sent", &sent), ("of", &of)]));
            }
        } else if let Some(text) = words::of_replay(&event.fact) {
            print::over(&format!("{:>9}  {text}", words::duration(event.at)));
        }
    }
}

fn conclude(as_json: bool, sent: u64, of: u64, trouble: Option<&Trouble>) -> Exit {
    let (outcome, exit) = match trouble {
        Some(_) => ("failed", Exit::Unusable),
        None if sent < of => ("stopped", Exit::Failed),
        None => ("done", Exit::Done),
    };
    if as_json {
        let last =
            json!({"kind": "replayed", "outcome": outcome, "sent": sent, "of": of, "reason": trouble.map(reason)});
        print::line(&last.to_string());
    }
    if let Some(trouble) = trouble {
        complain(trouble);
    }
    exit
}
