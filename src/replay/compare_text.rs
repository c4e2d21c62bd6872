//! Two captures compared, as text.

use super::compare::{Comparison, Course, Parting, Step};
use crate::event::Micros;
use std::fmt;

impl fmt::Display for Comparison {
    /// In the words of captures, which depend on no language.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pair in &self.pairs {
            let (a, b) = (&pair.a, &pair.b);
            writeln!(f, "A upgrade {} to {} ({}): {}", a.device, a.version, a.dialect, a.state)?;
            writeln!(f, "B upgrade {} to {} ({}): {}", b.device, b.version, b.dialect, b.state)?;
            writeln!(f, "  {:<17}{:>12}{:>12}{:>12}", "", "A s", "B s", "B - A s")?;
            let time = |at: Option<Micros>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
            for (phase, a, b) in pair.phases() {
                let difference = a.zip(b).map_or_else(|| "-".to_owned(), |(a, b)| difference(a, b));
                writeln!(f, "  {:<17}{:>12}{:>12}{difference:>12}", phase.id(), time(a), time(b))?;
            }
            let Some(Parting { lane, a, b }) = &pair.parting else {
                writeln!(f, "  they tell the same")?;
                continue;
            };
            let step = |step: &Option<Step>| match step {
                Some(Step { at, seq, what }) => format!("{what} at {at} s (event {seq})"),
                None => "nothing more".to_owned(),
            };
            writeln!(f, "  they part: {}: A {}, B {}", lane.id(), step(a), step(b))?;
        }
        for (name, only) in [("A", &self.only_a), ("B", &self.only_b)] {
            for Course { device, version, dialect, state, .. } in only {
                writeln!(f, "only in {name}: upgrade {device} to {version} ({dialect}): {state}")?;
            }
        }
        if self.pairs.is_empty() && self.only_a.is_empty() && self.only_b.is_empty() {
            writeln!(f, "no upgrade in either")?;
        }
        Ok(())
    }
}

/// `+0.120`.
fn difference(a: Micros, b: Micros) -> String {
    let (sign, span) = if b >= a { ("+", b - a) } else { ("-", a - b) };
    if span < Micros::from_millis(1) { span.to_string() } else { format!("{sign}{span}") }
}
