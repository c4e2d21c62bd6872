//! `inspect A --against B`: a good run beside a bad one.

use super::{Ended, Exit, print};
use crate::event::Trouble;
use crate::io::captures::Recording;
use crate::replay::{Comparison, Course, Courses, Pair, Parting, Step, compare};
use crate::ui::compared;
use crate::ui::words::{self, say, tell};
use serde_json::{Value, json};
use std::path::Path;

pub fn run(a: &Path, b: &Path, as_json: bool) -> Result<Exit, Ended> {
    let ((of_a, troubles_a), (of_b, troubles_b)) = (courses(a)?, courses(b)?);
    let comparison = Comparison { troubles_a, troubles_b, ..compare(of_a, of_b) };
    if as_json {
        let codes = |troubles: &[Trouble]| troubles.iter().map(|trouble| json!(trouble.code)).collect::<Value>();
        let whole = json!({
            "kind": "comparison",
            "pairs": comparison.pairs.iter().map(pair).collect::<Vec<_>>(),
            "only_a": comparison.only_a.iter().map(course).collect::<Vec<_>>(),
            "only_b": comparison.only_b.iter().map(course).collect::<Vec<_>>(),
            "troubles_a": codes(&comparison.troubles_a),
            "troubles_b": codes(&comparison.troubles_b),
        });
        print::line(&whole.to_string());
    } else {
        for line in text(&comparison) {
            print::line(&line);
        }
    }
    Ok(Exit::Done)
}

/// What happened in a capture, and what is wrong with it: a run that seems to end too early may only be a file that does.
fn courses(path: &Path) -> Result<(Vec<Course>, Vec<Trouble>), Ended> {
    let mut recording = Recording::open(path).map_err(Ended::usage)?;
    let mut courses = Courses::begin(recording.header());
    for event in recording.by_ref() {
        courses.event(&event);
    }
    let troubles = recording.damage().troubles();
    for trouble in &troubles {
        print::err(&format!("{}: {}", path.display(), words::trouble(trouble).joined()));
    }
    Ok((courses.end(), troubles))
}

/// The comparison in words.
fn text(comparison: &Comparison) -> Vec<String> {
    let Comparison { pairs, only_a, only_b, .. } = comparison;
    let mut lines: Vec<_> = pairs.iter().flat_map(pair_text).collect();
    for (key, only) in [("compare.only-a", only_a), ("compare.only-b", only_b)] {
        lines.extend(only.iter().map(|course| tell(key, &[("upgrade", &compared::course(course))])));
    }
    if lines.is_empty() {
        lines.push(say("compare.none"));
    }
    lines
}

fn pair_text(pair: &Pair) -> Vec<String> {
    let Pair { a, b, parting } = pair;
    let mut lines = vec![format!("A  {}", compared::course(a)), format!("B  {}", compared::course(b))];
    // The words come last: in Chinese a letter is as wide as two.
    lines.push(format!("  {:>10}  {:>10}  {:>10}", "A", "B", say("compare.difference")));
    let time = |at: Option<_>| at.map_or_else(|| "–".to_owned(), |at| format!("{at}"));
    for (phase, a, b) in pair.phases() {
        let difference = a.zip(b).map_or_else(|| "–".to_owned(), |(a, b)| compared::difference(a, b));
        let phase = say(&format!("compare.phase-{}", phase.id()));
        lines.push(format!("  {:>10}  {:>10}  {difference:>10}  {phase}", time(a), time(b)));
    }
    match parting {
        None => lines.push(format!("  {}", say("compare.same"))),
        Some(Parting { lane, a: first, b: second }) => {
            lines.push(format!("  {}", compared::parting(*lane)));
            for (name, step, course) in [("A", first, a), ("B", second, b)] {
                let told = compared::step(step.as_ref(), &course.dialect);
                let event = step.as_ref().map(|step| format!(" ({})", compared::event(step))).unwrap_or_default();
                lines.push(format!("    {name}: {told}{event}"));
            }
        }
    }
    for (key, course) in [("compare.found-a", a), ("compare.found-b", b)] {
        let found = compared::findings(&course.findings);
        lines.extend(found.iter().map(|found| format!("  {}: {found}", say(key))));
    }
    lines
}

fn course(course: &Course) -> Value {
    let Course { upgrade, device, dialect, version, requested, state, findings, .. } = course;
    let findings: Vec<_> = findings.iter().map(|finding| finding.code).collect();
    json!({"upgrade": upgrade, "device": device.to_string(), "dialect": dialect, "version": version,
           "requested_us": requested.0, "state": state, "findings": findings})
}

fn pair(pair: &Pair) -> Value {
    let phases = pair.phases().map(|(phase, a, b)| {
        let difference = a.zip(b).map(|(a, b)| i128::from(b.0) - i128::from(a.0));
        let difference = difference.and_then(|difference| i64::try_from(difference).ok());
        json!({"phase": phase.id(), "a_us": a.map(|at| at.0), "b_us": b.map(|at| at.0), "difference_us": difference})
    });
    let step = |step: &Option<Step>| {
        step.as_ref().map(|step| json!({"seq": step.seq, "at_us": step.at.0, "what": step.what.to_string()}))
    };
    let parting = pair.parting.as_ref();
    let parting = parting.map(|it| json!({"lane": it.lane.id(), "a": step(&it.a), "b": step(&it.b)}));
    json!({"a": course(&pair.a), "b": course(&pair.b), "phases": phases.collect::<Vec<_>>(), "parting": parting})
}
