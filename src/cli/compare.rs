//! `inspect A --against B`: a good run beside a bad one.

use super::{Ended, Exit, print};
use crate::io::captures::Recording;
use crate::replay::{Course, Courses, Pair, Step, compare};
use serde_json::{Value, json};
use std::path::Path;

pub fn run(a: &Path, b: &Path, as_json: bool) -> Result<Exit, Ended> {
    let comparison = compare(courses(a)?, courses(b)?);
    if as_json {
        let whole = json!({
            "kind": "comparison",
            "pairs": comparison.pairs.iter().map(pair).collect::<Vec<_>>(),
            "only_a": comparison.only_a.iter().map(course).collect::<Vec<_>>(),
            "only_b": comparison.only_b.iter().map(course).collect::<Vec<_>>(),
        });
        print::line(&whole.to_string());
    } else {
        print::line(comparison.to_string().trim_end());
    }
    Ok(Exit::Done)
}

fn courses(path: &Path) -> Result<Vec<Course>, Ended> {
    let recording = Recording::open(path).map_err(Ended::usage)?;
    let mut courses = Courses::begin(recording.header());
    for event in recording {
        courses.event(&event);
    }
    Ok(courses.end())
}

fn course(course: &Course) -> Value {
    let Course { upgrade, device, dialect, version, requested, state, .. } = course;
    json!({"upgrade": upgrade, "device": device.to_string(), "dialect": dialect, "version": version,
           "requested_us": requested.0, "state": state})
}

fn pair(pair: &Pair) -> Value {
    let phases = pair.phases().map(|(phase, a, b)| {
        let difference = a.zip(b).map(|(a, b)| i128::from(b.0) - i128::from(a.0));
        let difference = difference.and_then(|difference| i64::try_from(difference).ok());
        json!({"phase": phase.id(), "a_us": a.map(|at| at.0), "b_us": b.map(|at| at.0), "difference_us": difference})
    });
    let step =
        |step: &Option<Step>| step.as_ref().map(|step| json!({"seq": step.seq, "at_us": step.at.0, "what": step.what}));
    let parting = pair.parting.as_ref();
    let parting = parting.map(|it| json!({"lane": it.lane.id(), "a": step(&it.a), "b": step(&it.b)}));
    json!({"a": course(&pair.a), "b": course(&pair.b), "phases": phases.collect::<Vec<_>>(), "parting": parting})
}
