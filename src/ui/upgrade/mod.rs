//! The push and what became of it: headline, step track, both witnesses, verdict, diagnosis.

mod draw;
mod view;

pub use draw::{Fields, upgrade_ui};
pub use view::{CaseView, NextStepsView, StepMark, StepView, UpgradeView, Verdict, Witnessed, is_moving, view};
